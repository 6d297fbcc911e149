use super::*;
use proptest::prelude::*;

fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00".as_slice(), &length, header.as_bytes(), data].concat()
}

fn one(format: Format, bytes: &[u8]) -> Result<Tensor, ReadError> {
    read(format, bytes, &Columns::All).map(|arrays| arrays.into_iter().next().unwrap().array)
}

fn floats(cells: &[f32]) -> Vec<u8> {
    cells.iter().flat_map(|cell| cell.to_le_bytes()).collect()
}

#[test]
fn npy_files_are_read() {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }   \n";
    let array = one(Format::Npy, &npy(header, &floats(&[1.0, 2.0, 3.5, -4.0]))).unwrap();
    assert_eq!(array, Tensor { dims: vec![2, 2], cells: vec![1.0, 2.0, 3.5, -4.0] });
    let bytes = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", &[0, 7, 255]);
    assert_eq!(one(Format::Npy, &bytes).unwrap().cells, [0.0, 7.0, 255.0]);
}

#[test]
fn npy_files_that_are_none_are_refused() {
    let refused = |header: &str, data: &[u8]| one(Format::Npy, &npy(header, data)).unwrap_err().to_string();
    let cells = floats(&[0.0; 4]);
    assert!(
        refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", &cells)
            .contains("6 cells of 4 bytes")
    );
    assert!(refused("{'descr': '>f4', 'fortran_order': False, 'shape': (4,), }", &cells).contains(">f4"));
    assert!(refused("{'descr': '|O', 'fortran_order': False, 'shape': (4,), }", &cells).contains("|O"));
    assert!(
        refused("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", &cells).contains("Fortran")
    );
    assert!(refused("{'descr': '<f4', 'fortran_order': False}", &cells).contains("not understood"));
    assert!(
        refused("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (4,)}", &cells)
            .contains("not understood")
    );
    assert!(
        refused("{'descr': '<f4', 'fortran_order': False, 'shape': (-4,)}", &cells)
            .contains("not understood")
    );
    // Cells that would not fit memory, or wrap when they are counted.
    for shape in ["(4611686018427387904, 4)", "(100000000,)", "(1, 1, 1, 1, 1, 1, 1, 1, 4)"] {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        assert!(refused(&header, &cells).contains("at most"), "{shape}");
    }
    let whole = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }", &cells);
    for length in 0..whole.len() {
        assert!(one(Format::Npy, &whole[..length]).is_err(), "cut at {length}");
    }
}

#[test]
fn npz_files_are_read_stored_and_deflated() {
    for bytes in
        [include_bytes!("fixtures/savez.npz").as_slice(), include_bytes!("fixtures/savez_compressed.npz")]
    {
        let arrays = read(Format::Npz, bytes, &Columns::All).unwrap();
        assert_eq!(arrays[0].name.as_deref(), Some("a"));
        assert_eq!(arrays[0].array, Tensor { dims: vec![2, 3], cells: vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5] });
        assert_eq!(arrays[1].name.as_deref(), Some("b"));
        assert_eq!(arrays[1].array, Tensor { dims: vec![3], cells: vec![1.0, -2.0, 3.0] });
        for length in 0..bytes.len() {
            assert!(read(Format::Npz, &bytes[..length], &Columns::All).is_err(), "cut at {length}");
        }
    }
}

#[test]
fn a_damaged_npz_file_is_refused() {
    let bytes = include_bytes!("fixtures/savez.npz");
    let place = bytes.windows(4).position(|word| word == 0.5f32.to_le_bytes()).unwrap();
    let mut damaged = bytes.to_vec();
    damaged[place] ^= 1;
    assert!(read(Format::Npz, &damaged, &Columns::All).unwrap_err().to_string().contains("damaged"));
}

#[test]
fn csv_files_are_read_with_and_without_a_header() {
    let plain = one(Format::Csv, b"1,2.5\r\n-3e2, 4\n\n").unwrap();
    assert_eq!(plain, Tensor { dims: vec![2, 2], cells: vec![1.0, 2.5, -300.0, 4.0] });
    let text = b"\xef\xbb\xbfid,\"a\",b,label\n7,1,2,yes\n8,3,4,no\n";
    let named =
        |columns: &Columns| read(Format::Csv, text, columns).map(|arrays| arrays[0].array.cells.clone());
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    assert_eq!(named(&Columns::Only(names(&["b", "a"]))).unwrap(), [2.0, 1.0, 4.0, 3.0]);
    assert_eq!(named(&Columns::Except(names(&["id", "label"]))).unwrap(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(named(&Columns::Like(names(&["b", "a"]))).unwrap(), [2.0, 1.0, 4.0, 3.0]);
    assert!(matches!(named(&Columns::Like(names(&["c"]))), Err(ReadError::Column { .. })));
    let like = read(Format::Csv, b"1,2\n", &Columns::Like(names(&["b"]))).unwrap();
    assert_eq!(like[0].array.cells, [1.0, 2.0], "without a header there is nothing to choose by");
    let chosen = read(Format::Csv, text, &Columns::Except(names(&["id", "label"]))).unwrap();
    assert_eq!(chosen[0].columns, ["a", "b"]);
    assert!(matches!(named(&Columns::All), Err(ReadError::Cell { line: 2, column: 4, .. })));
    assert!(matches!(named(&Columns::Only(names(&["c"]))), Err(ReadError::Column { .. })));
}

#[test]
fn csv_files_that_are_none_are_refused() {
    assert!(matches!(one(Format::Csv, b"1,2\n3\n"), Err(ReadError::Cell { line: 2, column: 1, .. })));
    assert!(matches!(one(Format::Csv, b"1,2\n3,inf\n"), Err(ReadError::Cell { line: 2, column: 2, .. })));
    assert!(matches!(one(Format::Csv, b"1,2\n3,nan\n"), Err(ReadError::Cell { line: 2, column: 2, .. })));
    assert!(matches!(one(Format::Csv, b""), Err(ReadError::Malformed { .. })));
    assert!(matches!(one(Format::Csv, b"\xff\xfe1"), Err(ReadError::Malformed { .. })));
    let columns = Columns::Except(vec!["a".into()]);
    assert!(matches!(read(Format::Csv, b"1,2\n", &columns), Err(ReadError::Malformed { .. })));
}

#[test]
fn json_is_read_flat_and_nested() {
    for text in [r#"{"input_data": [[1, 2, 3.5, 4]]}"#, r#"{"input_data": [[[1, 2], [3.5, 4]]], "other": 1}"#]
    {
        assert_eq!(one(Format::Json, text.as_bytes()).unwrap().cells, [1.0, 2.0, 3.5, 4.0]);
    }
    let two = read(Format::Json, br#"{"input_data": [[1], [2, 3]]}"#, &Columns::All).unwrap();
    assert_eq!((two[0].array.len(), two[1].array.len()), (1, 2));
    for text in [
        "[]",
        "{}",
        r#"{"input_data": 3}"#,
        r#"{"input_data": [["1"]]}"#,
        r#"{"input_data": [[null]]}"#,
        r#"{"input_data": [[true]]}"#,
        r#"{"input_data": [[{}]]}"#,
        r#"{"input_data": [[1e999]]}"#,
        "{\"input_data\": [[1]]",
        &format!("{{\"input_data\": {}{}}}", "[".repeat(500), "]".repeat(500)),
    ] {
        assert!(matches!(one(Format::Json, text.as_bytes()), Err(ReadError::Malformed { .. })), "{text}");
    }
}

#[test]
fn onnx_tensors_are_read() {
    use crate::onnx::TensorProto;
    use prost::Message;
    let proto = TensorProto {
        dims: vec![2],
        data_type: 1,
        float_data: vec![1.5, -2.0],
        name: "x".into(),
        ..Default::default()
    };
    let arrays = read(Format::Pb, &proto.encode_to_vec(), &Columns::All).unwrap();
    assert_eq!(arrays[0].name.as_deref(), Some("x"));
    assert_eq!(arrays[0].array.cells, [1.5, -2.0]);
    assert!(matches!(one(Format::Pb, b"\xff\xff\xff"), Err(ReadError::Malformed { .. })));
}

#[test]
fn formats_are_told_by_the_files_ending() {
    assert_eq!(Format::of("a/b.c.NPY"), Ok(Format::Npy));
    assert_eq!(Format::of("x.pb"), Ok(Format::Pb));
    for name in ["npy", "x.txt", ""] {
        assert_eq!(Format::of(name), Err(ReadError::Format { name: name.into() }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bytes_make_a_reader_panic(mut bytes: Vec<u8>, place: prop::sample::Index, value: u8) {
        for format in [Format::Npy, Format::Npz, Format::Csv, Format::Json, Format::Pb] {
            let _ = read(format, &bytes, &Columns::All);
        }
        bytes = include_bytes!("fixtures/savez_compressed.npz").to_vec();
        let place = place.index(bytes.len());
        bytes[place] = value;
        let _ = read(Format::Npz, &bytes, &Columns::All);
    }
}
