//! NumPy's `.npy` format, versions 1 to 3.

use super::ReadError;
use crate::tensor::{Tensor, cell_count};

fn malformed(reason: impl Into<String>) -> ReadError {
    ReadError::Malformed { what: "a .npy file", reason: reason.into() }
}

pub(super) fn read(bytes: &[u8]) -> Result<Tensor, ReadError> {
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or_else(|| malformed("it does not begin as one"))?;
    let cut = || malformed("it is cut off");
    let (length, start) = match rest {
        [1, _, a, b, ..] => (usize::from(u16::from_le_bytes([*a, *b])), 4),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 6),
        [version, ..] => return Err(malformed(format!("version {version} is not read, 1 to 3 are"))),
        [] => return Err(cut()),
    };
    let (header, data) = rest.get(start..).and_then(|rest| rest.split_at_checked(length)).ok_or_else(cut)?;
    let header = std::str::from_utf8(header).map_err(|_| malformed("its header is no text"))?;
    let (kind, dims) = parse(header)?;
    let count = cell_count(&dims)?;
    let cells: Vec<f64> = match kind.as_str() {
        "<f4" => words(data, |word| f32::from_le_bytes(word).into()),
        "<f8" => words(data, f64::from_le_bytes),
        "<i8" => words(data, |word| i64::from_le_bytes(word) as f64),
        "<i4" => words(data, |word| i32::from_le_bytes(word).into()),
        "<i2" => words(data, |word| i16::from_le_bytes(word).into()),
        "<u2" => words(data, |word| u16::from_le_bytes(word).into()),
        "<u4" => words(data, |word| u32::from_le_bytes(word).into()),
        "|i1" => words(data, |word| i8::from_le_bytes(word).into()),
        "|u1" | "|b1" => words(data, |[byte]: [u8; 1]| byte.into()),
        other => {
            let reason = format!(
                "cells of type {other} are not read; little-endian floats of 4 or 8 bytes and integers are"
            );
            return Err(malformed(reason));
        }
    };
    let width: usize = kind.get(2..).and_then(|digits| digits.parse().ok()).unwrap_or(1);
    if data.len() != count * width {
        return Err(malformed(format!(
            "{count} cells of {width} bytes are expected, there are {} bytes",
            data.len()
        )));
    }
    Ok(Tensor { dims, cells })
}

fn words<const N: usize>(data: &[u8], read: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    data.chunks_exact(N).filter_map(|word| word.try_into().ok()).map(read).collect()
}

/// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`: the fields, each once, in any order.
fn parse(header: &str) -> Result<(String, Vec<usize>), ReadError> {
    let bad = || {
        malformed(format!("its header {:?} is not understood", header.chars().take(100).collect::<String>()))
    };
    let mut rest =
        header.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).ok_or_else(bad)?.trim();
    let (mut kind, mut order, mut shape) = (None, None, None);
    while !rest.is_empty() {
        let (name, after) = rest.strip_prefix('\'').and_then(|rest| rest.split_once('\'')).ok_or_else(bad)?;
        let value = after.trim_start().strip_prefix(':').ok_or_else(bad)?.trim_start();
        let end = if let Some(text) = value.strip_prefix('\'') {
            text.find('\'').ok_or_else(bad)? + 2
        } else if value.starts_with('(') {
            value.find(')').ok_or_else(bad)? + 1
        } else {
            value.find(',').unwrap_or(value.len())
        };
        let (value, after) = value.split_at(end);
        let value = value.trim();
        let before = match name {
            "descr" => kind
                .replace(
                    value.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')).ok_or_else(bad)?.to_owned(),
                )
                .is_some(),
            "fortran_order" => order.replace(value == "True").is_some() || !matches!(value, "True" | "False"),
            "shape" => {
                let inside = value.strip_prefix('(').and_then(|v| v.strip_suffix(')')).ok_or_else(bad)?;
                let parts = inside.split(',').map(str::trim).filter(|part| !part.is_empty());
                let dims: Result<Vec<usize>, _> = parts.map(str::parse).collect();
                shape.replace(dims.map_err(|_| bad())?).is_some()
            }
            _ => true,
        };
        if before {
            return Err(bad());
        }
        rest = after.trim_start().strip_prefix(',').unwrap_or(after.trim_start()).trim_start();
    }
    let dims = shape.ok_or_else(bad)?;
    if order.ok_or_else(bad)? && dims.len() > 1 {
        return Err(malformed("it is in Fortran order; save it with numpy.ascontiguousarray"));
    }
    Ok((kind.ok_or_else(bad)?, dims))
}
