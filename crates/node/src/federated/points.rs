//! Sums of commitments' points, chunk by chunk, as the task's contract forms them.

use averment_verifier::point::{self, G1Affine, G1Projective};
use thiserror::Error;

/// Bytes of a point.
pub const POINT: usize = 64;

/// Why points were not added.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum PointsError {
    /// Not as many points as the others, or bytes that are left over.
    #[error("expected {expected} bytes of points, got {got}")]
    Length {
        /// As many as the first has.
        expected: usize,
        /// As many as came.
        got: usize,
    },
    /// Not a canonical point of the curve.
    #[error("the point of chunk {0} is not on the curve, or not canonical")]
    Point(usize),
}

fn read(bytes: &[u8]) -> Result<Vec<G1Affine>, PointsError> {
    let length = bytes.len() / POINT * POINT;
    if length != bytes.len() {
        return Err(PointsError::Length { expected: length, got: bytes.len() });
    }
    let point = |(chunk, bytes): (usize, &[u8])| {
        let (x, y) = bytes.split_at_checked(POINT / 2).ok_or(PointsError::Point(chunk))?;
        let words = [x, y].map(alloy_primitives::B256::from_slice);
        point::from_words(&words).ok_or(PointsError::Point(chunk))
    };
    bytes.chunks(POINT).enumerate().map(point).collect()
}

/// The sums of rows of points, chunk by chunk; nothing of no rows.
pub fn sum<'a>(rows: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, PointsError> {
    let mut rows = rows.into_iter();
    let Some(first) = rows.next() else { return Ok(Vec::new()) };
    let mut sums: Vec<G1Projective> = read(first)?.into_iter().map(G1Projective::from).collect();
    for row in rows {
        if row.len() != first.len() {
            return Err(PointsError::Length { expected: first.len(), got: row.len() });
        }
        for (sum, point) in sums.iter_mut().zip(read(row)?) {
            *sum += point;
        }
    }
    Ok(written(sums))
}

/// What leads from `from` to `to`, chunk by chunk.
pub fn difference(to: &[u8], from: &[u8]) -> Result<Vec<u8>, PointsError> {
    if to.len() != from.len() {
        return Err(PointsError::Length { expected: to.len(), got: from.len() });
    }
    let pairs = read(to)?.into_iter().zip(read(from)?);
    Ok(written(pairs.map(|(to, from)| G1Projective::from(to) - from).collect()))
}

fn written(points: Vec<G1Projective>) -> Vec<u8> {
    let points: Vec<G1Affine> = points.into_iter().map(G1Affine::from).collect();
    point::to_bytes(&points)
}
