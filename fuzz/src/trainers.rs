//! What trainers read: IDX files and tables with classes.

use averment_trainers::data::{idx, table};

/// What is read has as many cells as its axes say; written unpacked it is the same.
pub(crate) fn idx(data: &[u8]) -> bool {
    let Ok(read) = idx::decode(data) else { return false };
    assert_eq!(read.dims.iter().product::<usize>(), read.cells.len());
    let mut plain = vec![0, 0, 8, read.dims.len() as u8];
    read.dims.iter().for_each(|&dim| plain.extend_from_slice(&(dim as u32).to_be_bytes()));
    plain.extend_from_slice(&read.cells);
    assert_eq!(idx::decode(&plain).as_ref(), Ok(&read));
    // What is not packed has one form.
    assert!(data.starts_with(&[0x1f, 0x8b]) || data == plain);
    true
}

pub(crate) fn idx_seeds() -> Vec<Vec<u8>> {
    let labels = include_bytes!("../../examples/mnist/data/t10k-labels-idx1-ubyte.gz").to_vec();
    let image = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3][..], &[7; 12]].concat();
    vec![labels, image, vec![0, 0, 8, 1, 0, 0, 0, 0]]
}

/// What is read has finite numbers and classes that have names.
pub(crate) fn table(data: &[u8]) -> bool {
    let Ok(read) = table::read(data, "class", &["row"]) else { return false };
    assert_eq!(read.data.features(), read.columns.len());
    assert_eq!(read.data.classes(), read.classes.len());
    assert!(read.data.inputs().iter().all(|input| input.is_finite()));
    assert!(read.data.labels().iter().all(|&label| (label as usize) < read.classes.len()));
    true
}

pub(crate) fn table_seeds() -> Vec<Vec<u8>> {
    vec![b"row,class,a,b\n0,x,1,2\n1,y,-3.5,1e3\n".to_vec(), b"row,a,class\n0,1,10\n1,2,9\n".to_vec()]
}
