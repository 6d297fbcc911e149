//! IDX files, the format of MNIST: a magic number with the cells' type and the number of axes, the axes' lengths, the cells;
//! as they are, or one gzip member. Cells of unsigned bytes only.

use super::{DataError, Dataset};
use miniz_oxide::inflate::{
    TINFLStatus,
    core::{DecompressorOxide, decompress, inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF},
};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// The largest file in bytes, and the most that one may hold unpacked.
pub const BYTES: usize = 1 << 26;
/// The most axes.
pub const AXES: usize = 4;
/// The most classes.
pub const CLASSES: usize = 256;

/// A file's axes and cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idx {
    /// Lengths of the axes; examples are the first.
    pub dims: Vec<usize>,
    /// Cells, row-major.
    pub cells: Vec<u8>,
}

/// Why bytes are no IDX file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdxError {
    /// Too long, packed or unpacked.
    #[error("an IDX file has at most {BYTES} bytes, this one has more")]
    TooLong,
    /// A damaged gzip member, or more than one.
    #[error("not one whole gzip member: {what}")]
    Gzip {
        /// What is wrong.
        what: &'static str,
    },
    /// Another magic number.
    #[error(
        "an IDX file of unsigned bytes begins with 0, 0, 8 and the number of axes (1 to {AXES}), got {got:02x?}"
    )]
    Magic {
        /// Its first bytes.
        got: Vec<u8>,
    },
    /// Another length than the axes say.
    #[error("the axes {dims:?} take {expected} bytes, there are {got}")]
    Length {
        /// The lengths of the axes, as far as they are there.
        dims: Vec<u32>,
        /// By the axes; none if they take more than a file may have.
        expected: Limited,
        /// There.
        got: usize,
    },
}

/// A number of bytes, or more than a file may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limited(Option<usize>);

impl std::fmt::Display for Limited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(bytes) => write!(f, "{bytes}"),
            None => write!(f, "more than {BYTES}"),
        }
    }
}

/// Why a folder is no dataset.
#[derive(Debug, Error)]
pub enum FolderError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// No such files, or several.
    #[error("{folder}: expected one file whose name ends with {expected} (or with .gz after it), got {got}")]
    Files {
        /// Where.
        folder: PathBuf,
        /// How the name ends.
        expected: &'static str,
        /// How many there are.
        got: usize,
    },
    /// Not an IDX file.
    #[error("{path}: {source}")]
    Idx {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: IdxError,
    },
    /// Labels with other axes than one.
    #[error("{path}: labels have one axis, got the axes {dims:?}")]
    Labels {
        /// Which file.
        path: PathBuf,
        /// What it has.
        dims: Vec<usize>,
    },
    /// Images and labels do not fit.
    #[error("{folder}: {source}")]
    Data {
        /// Where.
        folder: PathBuf,
        /// What is wrong.
        source: DataError,
    },
}

/// Reads a file's bytes, unpacked or a gzip member.
pub fn decode(bytes: &[u8]) -> Result<Idx, IdxError> {
    if bytes.len() > BYTES {
        return Err(IdxError::TooLong);
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return plain(&gunzip(bytes)?);
    }
    plain(bytes)
}

fn plain(bytes: &[u8]) -> Result<Idx, IdxError> {
    let magic = || IdxError::Magic { got: bytes.iter().take(4).copied().collect() };
    let (head, rest) = bytes.split_at_checked(4).ok_or_else(magic)?;
    let axes = match head {
        [0, 0, 8, axes] if (1..=AXES).contains(&usize::from(*axes)) => usize::from(*axes),
        _ => return Err(magic()),
    };
    let lengths = rest.get(..4 * axes).unwrap_or(rest);
    let dims: Vec<u32> = lengths
        .chunks_exact(4)
        .map(|word| word.iter().fold(0, |all, byte| all << 8 | u32::from(*byte)))
        .collect();
    let cells = dims.iter().try_fold(1usize, |cells, &dim| cells.checked_mul(usize::try_from(dim).ok()?));
    let expected = cells.and_then(|cells| cells.checked_add(4 + 4 * axes)).filter(|bytes| *bytes <= BYTES);
    if dims.len() != axes || expected != Some(bytes.len()) {
        return Err(IdxError::Length { dims, expected: Limited(expected), got: bytes.len() });
    }
    let dims = dims.into_iter().map(|dim| dim as usize).collect();
    Ok(Idx { dims, cells: rest.get(4 * axes..).unwrap_or_default().to_vec() })
}

/// Unpacks one gzip member (RFC 1952), checksum and length checked, nothing behind it.
fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, IdxError> {
    let bad = |what| IdxError::Gzip { what };
    let [_, _, method, flags, _, _, _, _, _, _, rest @ ..] = bytes else {
        return Err(bad("the head is cut off"));
    };
    if *method != 8 || flags & !0b1000 != 0 {
        return Err(bad("only deflate is read, and no field of the head but the file's name"));
    }
    let mut rest = rest;
    if flags & 0b1000 != 0 {
        let end = rest.iter().position(|byte| *byte == 0).ok_or(bad("the file's name does not end"))?;
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    let (body, tail) = rest.split_last_chunk::<8>().ok_or(bad("the end is cut off"))?;
    let [a, b, c, d, lengths @ ..] = tail;
    let (sum, length) = (u32::from_le_bytes([*a, *b, *c, *d]), u32::from_le_bytes(*lengths));
    let length = usize::try_from(length).ok().filter(|length| *length <= BYTES).ok_or(IdxError::TooLong)?;
    // Deflate packs at most 1,032 to 1, so no more is set aside than could come.
    if length / 1_032 > body.len() {
        return Err(bad("it is shorter than the length that it says could be packed into"));
    }
    let mut cells = vec![0; length];
    let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    match decompress(&mut DecompressorOxide::new(), body, &mut cells, 0, flags) {
        (TINFLStatus::Done, read, written) if read == body.len() && written == length => {}
        (TINFLStatus::Done, _, written) if written < length => return Err(bad("it holds less than it says")),
        (TINFLStatus::Done, ..) => return Err(bad("something stands between its end and the checksum")),
        (TINFLStatus::HasMoreOutput, ..) => return Err(bad("it holds more than it says")),
        _ => return Err(bad("its deflate stream is damaged")),
    }
    if crc32(&cells) != sum {
        return Err(bad("the checksum is another"));
    }
    Ok(cells)
}

/// The checksum of gzip: the reflected polynomial 0xedb88320.
fn crc32(bytes: &[u8]) -> u32 {
    let mut table = [0u32; 256];
    for (entry, byte) in table.iter_mut().zip(0u32..) {
        *entry = (0..8).fold(byte, |rest, _| if rest & 1 == 1 { rest >> 1 ^ 0xedb8_8320 } else { rest >> 1 });
    }
    !bytes.iter().fold(!0, |sum, byte| sum >> 8 ^ table[usize::from(sum as u8 ^ byte)])
}

/// Reads a folder with one file of images (`…images-idx3-ubyte`) and one of labels (`…labels-idx1-ubyte`). Pixels are divided
/// by `unit`; an image is one channel.
pub fn folder(folder: &Path, unit: f32) -> Result<Dataset, FolderError> {
    let (images_path, images) = only(folder, "images-idx3-ubyte")?;
    let (path, labels) = only(folder, "labels-idx1-ubyte")?;
    if labels.dims.len() != 1 {
        return Err(FolderError::Labels { path, dims: labels.dims });
    }
    // As many as the labels are, checked by the dataset: the first axis of the images is not taken on trust.
    let data = match images.dims.split_first() {
        Some((&count, dims)) if count == labels.cells.len() => {
            let inputs = images.cells.iter().map(|&cell| f32::from(cell) / unit).collect();
            let classes = labels.cells.iter().max().map_or(1, |largest| usize::from(*largest) + 1);
            let labels = labels.cells.iter().map(|&label| u32::from(label)).collect();
            Dataset::new([&[1], dims].concat(), inputs, labels, classes)
        }
        _ => {
            let got = images.dims.first().copied().unwrap_or(0);
            let (examples, path) = (labels.cells.len(), images_path);
            let source = DataError::Cells { expected: examples, examples, got };
            return Err(FolderError::Data { folder: path, source });
        }
    };
    data.map_err(|source| FolderError::Data { folder: folder.into(), source })
}

/// The only file whose name ends so.
fn only(folder: &Path, end: &'static str) -> Result<(PathBuf, Idx), FolderError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| FolderError::Read { path, source }
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.strip_suffix(".gz").unwrap_or(&name).ends_with(end) {
            found.push(path);
        }
    }
    let [path] = found.as_slice() else {
        return Err(FolderError::Files { folder: folder.into(), expected: end, got: found.len() });
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed(path))?;
    file.take(BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed(path))?;
    let idx = decode(&bytes).map_err(|source| FolderError::Idx { path: path.clone(), source })?;
    Ok((path.clone(), idx))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(cells: &[u8], name: Option<&str>) -> Vec<u8> {
        let mut bytes = vec![0x1f, 0x8b, 8, if name.is_some() { 8 } else { 0 }, 0, 0, 0, 0, 0, 3];
        if let Some(name) = name {
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(0);
        }
        bytes.extend_from_slice(&miniz_oxide::deflate::compress_to_vec(cells, 6));
        bytes.extend_from_slice(&crc32(cells).to_le_bytes());
        bytes.extend_from_slice(&(cells.len() as u32).to_le_bytes());
        bytes
    }

    const LABELS: [u8; 11] = [0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 9];

    #[test]
    fn packed_and_unpacked_are_the_same() {
        let expected = Idx { dims: vec![3], cells: vec![7, 0, 9] };
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        for bytes in [LABELS.to_vec(), gzip(&LABELS, None), gzip(&LABELS, Some("labels"))] {
            assert_eq!(decode(&bytes), Ok(expected.clone()));
        }
    }

    #[test]
    fn a_byte_too_many_or_too_few_is_refused() {
        for cut in 0..LABELS.len() {
            assert!(decode(&LABELS[..cut]).is_err(), "{cut} bytes");
        }
        assert!(decode(&[&LABELS[..], &[0]].concat()).is_err());
        let packed = gzip(&LABELS, Some("labels"));
        for cut in 0..packed.len() {
            assert!(decode(&packed[..cut]).is_err(), "{cut} packed bytes");
        }
        for at in (0..packed.len()).filter(|at| !(4..17).contains(at)) {
            let mut changed = packed.clone();
            changed[at] ^= 1;
            assert!(decode(&changed).is_err(), "byte {at}");
        }
        // Two members, and something between the stream and its checksum.
        assert!(decode(&[packed.clone(), packed.clone()].concat()).is_err());
        let (body, tail) = packed.split_at(packed.len() - 8);
        assert!(decode(&[body, &[0], tail].concat()).is_err());
    }

    #[test]
    fn bombs_are_not_unpacked() {
        // Says it is larger than a file may be; says it is larger than it could be; is larger than it says.
        let zeros = vec![0; 1 << 20];
        for says in [u32::MAX, 1 << 25, 1 << 10] {
            let mut bytes = gzip(&zeros, None);
            let at = bytes.len() - 4;
            bytes[at..].copy_from_slice(&says.to_le_bytes());
            assert!(matches!(decode(&bytes), Err(IdxError::TooLong | IdxError::Gzip { .. })), "{says}");
        }
        let axes = [0, 0, 8, 4].into_iter().chain([0xff; 16]).collect::<Vec<u8>>();
        assert!(matches!(decode(&axes), Err(IdxError::Length { expected: Limited(None), .. })));
    }
}
