//! What the compiler reads: networks, and samples in five formats.

use averment_compiler::{
    import,
    network::Network,
    onnx::TensorProto,
    samples::{Columns, Format, read},
    tensor::cell_count,
};
use prost::Message;

/// What is imported is a network: each value has lengths, each node comes after what it reads, the output is computed.
pub(crate) fn onnx(data: &[u8]) -> bool {
    let Ok(network) = import(data) else { return false };
    let Network { inputs, nodes, dims, output, .. } = &network;
    assert!(!inputs.is_empty() && inputs.iter().all(|input| input.value.0 < dims.len()));
    assert!(dims.iter().all(|dims| cell_count(dims).is_ok()));
    let mut known = vec![false; dims.len()];
    inputs.iter().for_each(|input| known[input.value.0] = true);
    for node in nodes {
        assert!(node.inputs.iter().all(|input| known[input.0]), "a node reads what is not there yet");
        known[node.output.0] = true;
    }
    assert!(known[output.0] && network.readers()[output.0] >= 1);
    true
}

pub(crate) fn onnx_seeds() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../../examples/breast_cancer/model-v1.onnx").to_vec(),
        include_bytes!("../../examples/digits/model.onnx").to_vec(),
    ]
}

/// What is read are arrays of as many numbers as their lengths say; text has finite ones only.
fn samples(format: Format, data: &[u8]) -> bool {
    let Ok(arrays) = read(format, data, &Columns::All) else { return false };
    for named in &arrays {
        let cells = &named.array.cells;
        assert_eq!(cell_count(&named.array.dims), Ok(cells.len()));
        let text = matches!(format, Format::Csv | Format::Json);
        assert!(!text || cells.iter().all(|cell| cell.is_finite()));
    }
    true
}

pub(crate) fn npy(data: &[u8]) -> bool {
    samples(Format::Npy, data)
}

pub(crate) fn npz(data: &[u8]) -> bool {
    samples(Format::Npz, data)
}

pub(crate) fn csv(data: &[u8]) -> bool {
    samples(Format::Csv, data)
}

pub(crate) fn sample_json(data: &[u8]) -> bool {
    samples(Format::Json, data)
}

pub(crate) fn tensor_pb(data: &[u8]) -> bool {
    samples(Format::Pb, data)
}

pub(crate) fn npy_seeds() -> Vec<Vec<u8>> {
    let file = |header: &str, cells: &[u8]| {
        let header = format!("{header:<117}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(cells);
        bytes
    };
    let cells: Vec<u8> =
        [1.5_f32, -2.0, 0.0, 7.25, 1e-3, -0.5].iter().flat_map(|one| one.to_le_bytes()).collect();
    vec![
        file("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", &cells),
        file("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2), }", &[0, 1, 2, 3, 4, 255]),
    ]
}

pub(crate) fn npz_seeds() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../../crates/compiler/src/samples/fixtures/savez.npz").to_vec(),
        include_bytes!("../../crates/compiler/src/samples/fixtures/savez_compressed.npz").to_vec(),
    ]
}

pub(crate) fn csv_seeds() -> Vec<Vec<u8>> {
    vec![b"radius,\"texture\"\n1.5,-2\n3e2,0\n".to_vec(), b"1,2,3\r\n4,5,6\r\n".to_vec()]
}

pub(crate) fn sample_json_seeds() -> Vec<Vec<u8>> {
    vec![b"{\"input_data\": [[1.5, -2, 3e1], [[1, 2], [3, 4]]]}".to_vec()]
}

pub(crate) fn tensor_pb_seeds() -> Vec<Vec<u8>> {
    let tensor = TensorProto {
        dims: vec![2, 2],
        data_type: 1,
        float_data: vec![1.0, -2.5, 0.0, 3.0],
        name: "x".into(),
        ..TensorProto::default()
    };
    vec![tensor.encode_to_vec()]
}
