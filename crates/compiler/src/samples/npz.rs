//! NumPy's `.npz` format: a zip file of `.npy` files, stored or deflated.

use super::{Named, ReadError, npy, read::FILE_BYTES};

/// The most arrays of one file.
const ENTRIES: u16 = 256;

fn malformed(reason: impl Into<String>) -> ReadError {
    ReadError::Malformed { what: "a .npz file", reason: reason.into() }
}

/// A little-endian number of `N` bytes at a place.
fn at<const N: usize>(bytes: &[u8], place: usize) -> Result<[u8; N], ReadError> {
    place
        .checked_add(N)
        .and_then(|end| bytes.get(place..end))
        .and_then(|part| part.try_into().ok())
        .ok_or_else(|| malformed("it is cut off"))
}

fn u16_at(bytes: &[u8], place: usize) -> Result<u16, ReadError> {
    at(bytes, place).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], place: usize) -> Result<usize, ReadError> {
    at(bytes, place).map(|word| u32::from_le_bytes(word) as usize)
}

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Named>, ReadError> {
    // The directory's end is the last thing in the file, before a comment of at most 65,535 bytes.
    let from = bytes.len().saturating_sub(22 + 0xffff);
    let tail = bytes.get(from..).unwrap_or_default();
    let end = tail.windows(4).rposition(|word| word == b"PK\x05\x06");
    let end = from + end.ok_or_else(|| malformed("it has no zip directory"))?;
    if end + 22 + usize::from(u16_at(bytes, end + 20)?) != bytes.len() {
        return Err(malformed("it is cut off"));
    }
    let entries = u16_at(bytes, end + 10)?;
    if entries > ENTRIES {
        return Err(malformed(format!("it has more than {ENTRIES} arrays")));
    }
    let mut place = u32_at(bytes, end + 16)?;
    let (mut arrays, mut total) = (Vec::new(), 0usize);
    for _ in 0..entries {
        if at(bytes, place)? != *b"PK\x01\x02" {
            return Err(malformed("its directory is not understood"));
        }
        let (flags, method) = (u16_at(bytes, place + 8)?, u16_at(bytes, place + 10)?);
        let sum = u32_at(bytes, place + 16)?;
        let (packed, length) = (u32_at(bytes, place + 20)?, u32_at(bytes, place + 24)?);
        let skip = [28, 30, 32].map(|field| u16_at(bytes, place + field).map(usize::from));
        let [name_length, extra, comment] = [skip[0].clone()?, skip[1].clone()?, skip[2].clone()?];
        let local = u32_at(bytes, place + 42)?;
        let name =
            bytes.get(place + 46..place + 46 + name_length).ok_or_else(|| malformed("it is cut off"))?;
        let name = std::str::from_utf8(name).map_err(|_| malformed("a name is not UTF-8"))?;
        place += 46 + name_length + extra + comment;
        if flags & 1 != 0 || [packed, length, local].contains(&(u32::MAX as usize)) {
            return Err(malformed(format!("{name:?} is encrypted or longer than 4 GB")));
        }
        total = total.saturating_add(length);
        if total > FILE_BYTES {
            return Err(ReadError::TooLong { limit: FILE_BYTES, got: total });
        }
        if at(bytes, local)? != *b"PK\x03\x04" {
            return Err(malformed(format!("{name:?} is not where the directory says")));
        }
        let start =
            local + 30 + usize::from(u16_at(bytes, local + 26)?) + usize::from(u16_at(bytes, local + 28)?);
        let data = start
            .checked_add(packed)
            .and_then(|end| bytes.get(start..end))
            .ok_or_else(|| malformed("it is cut off"))?;
        let inflated;
        let content = match method {
            0 => data,
            8 => {
                inflated = miniz_oxide::inflate::decompress_to_vec_with_limit(data, length)
                    .map_err(|error| malformed(format!("{name:?} does not unpack: {error}")))?;
                &inflated
            }
            other => {
                return Err(malformed(format!(
                    "{name:?} is packed by method {other}; stored and deflated are read"
                )));
            }
        };
        if content.len() != length || checksum(content) as usize != sum {
            return Err(malformed(format!("{name:?} is damaged: length or checksum differ")));
        }
        let array = npy::read(content)?;
        let name = Some(name.strip_suffix(".npy").unwrap_or(name).into());
        arrays.push(Named { name, array, columns: Vec::new() });
    }
    Ok(arrays)
}

/// CRC-32 as zip files have it.
fn checksum(bytes: &[u8]) -> u32 {
    let mut table = [0u32; 256];
    for (byte, place) in (0u32..).zip(&mut table) {
        *place = (0..8).fold(byte, |rest, _| if rest & 1 == 1 { rest >> 1 ^ 0xedb8_8320 } else { rest >> 1 });
    }
    !bytes.iter().fold(!0, |sum: u32, &byte| sum >> 8 ^ table[usize::from(sum as u8 ^ byte)])
}
