//! The private part: salts and records, 256 a file, in the order of the log.
//!
//! ```text
//! file   = "averment-log-segment/1\n" record*
//! record = state u8 | length u32le | salt (32) | text (length)
//! state  = 0 kept, 1 erased: salt and text are zeros
//! ```
//!
//! Files grow at the end; only an erasure changes what is there, in place. There is no checksum: a record that is
//! kept opens its published leaf, or it is damaged.

use averment_primitives::{DecodeError, Reader, Salt};
use averment_registry::log::{MAX_RECORD_BYTES, Opening, TILE_WIDTH};
use std::ops::Range;
use thiserror::Error;

pub(super) const HEADER: &str = "averment-log-segment/1\n";
const KEPT: u8 = 0;
const ERASED: u8 = 1;
const SALT_BYTES: usize = 32;
/// State and length.
const FRAME_HEAD: usize = 1 + 4;

/// The longest file there can be.
pub(super) const MAX_SEGMENT_BYTES: u64 =
    HEADER.len() as u64 + TILE_WIDTH as u64 * (FRAME_HEAD + SALT_BYTES + MAX_RECORD_BYTES) as u64;

/// Why a private file is damaged.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum SegmentError {
    /// Cut short, or a length too long.
    #[error("record {place} of the file: {error}")]
    Decode {
        /// Its place in the file, from 0.
        place: usize,
        /// What is wrong.
        error: DecodeError,
    },
    /// A state that does not exist.
    #[error("record {place} of the file: expected state 0 (kept) or 1 (erased), got {got}")]
    State {
        /// Its place in the file, from 0.
        place: usize,
        /// The byte found.
        got: u8,
    },
    /// A text that is none.
    #[error("record {place} of the file is not UTF-8")]
    Text {
        /// Its place in the file, from 0.
        place: usize,
    },
}

/// Where a record lies in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    place: usize,
    state: u8,
    /// All of it.
    pub(super) bytes: Range<usize>,
}

impl Frame {
    pub(super) fn is_erased(&self) -> bool {
        self.state == ERASED
    }

    /// What the record's leaf commits to; none if it was erased. `segment` is the file.
    pub(super) fn opening(&self, segment: &[u8]) -> Result<Option<Opening>, SegmentError> {
        let place = self.place;
        if self.is_erased() {
            return Ok(None);
        }
        let decode = |error| SegmentError::Decode { place, error };
        let mut reader = Reader::new(segment.get(self.bytes.clone()).unwrap_or_default());
        reader.bytes("head", FRAME_HEAD).map_err(decode)?;
        let salt = Salt::from_random(reader.array("salt").map_err(decode)?);
        let text = reader.bytes("text", reader.remaining()).map_err(decode)?;
        let record = str::from_utf8(text).map_err(|_| SegmentError::Text { place })?.to_owned();
        Ok(Some(Opening { salt, record }))
    }

    /// What takes this record's place when it is erased.
    pub(super) fn erased(&self) -> Vec<u8> {
        let length = self.bytes.len().saturating_sub(FRAME_HEAD + SALT_BYTES) as u32;
        let mut bytes = vec![0; self.bytes.len()];
        if let Some((state, rest)) = bytes.split_first_mut() {
            *state = ERASED;
            rest.iter_mut().zip(length.to_le_bytes()).for_each(|(to, from)| *to = from);
        }
        bytes
    }
}

/// Appends a record to what becomes a file.
pub(super) fn push(segment: &mut Vec<u8>, salt: &Salt, text: &str) {
    segment.push(KEPT);
    segment.extend_from_slice(&(text.len() as u32).to_le_bytes());
    segment.extend_from_slice(salt.expose());
    segment.extend_from_slice(text.as_bytes());
}

/// Where the first `count` records of a file lie. What follows them is not looked at.
pub(super) fn frames(segment: &[u8], count: usize) -> Result<Vec<Frame>, SegmentError> {
    let mut reader = Reader::new(segment);
    let mut frames = Vec::with_capacity(count);
    reader.format(HEADER).map_err(|error| SegmentError::Decode { place: 0, error })?;
    for place in 0..count {
        let start = segment.len() - reader.remaining();
        let mut frame = || {
            let [state] = reader.array("state")?;
            let length = reader.u32("length")?;
            if length as usize > MAX_RECORD_BYTES {
                let (limit, got) = (MAX_RECORD_BYTES as u64, length.into());
                return Err(DecodeError::TooLong { field: "length", limit, got });
            }
            reader.bytes("salt and text", SALT_BYTES + length as usize)?;
            Ok(state)
        };
        let state = frame().map_err(|error| SegmentError::Decode { place, error })?;
        if state != KEPT && state != ERASED {
            return Err(SegmentError::State { place, got: state });
        }
        frames.push(Frame { place, state, bytes: start..segment.len() - reader.remaining() });
    }
    Ok(frames)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segment(texts: &[&str]) -> Vec<u8> {
        let mut bytes = HEADER.as_bytes().to_vec();
        texts.iter().for_each(|text| push(&mut bytes, &Salt::from_random([7; 32]), text));
        bytes
    }

    #[test]
    fn records_read_back_and_erasing_one_leaves_the_others() {
        let mut bytes = segment(&["one", "", "three"]);
        let found = frames(&bytes, 3).unwrap();
        assert_eq!(found[2].bytes.end, bytes.len());
        let texts = |bytes: &[u8]| -> Vec<Option<String>> {
            let found = frames(bytes, 3).unwrap();
            found.iter().map(|frame| frame.opening(bytes).unwrap().map(|opening| opening.record)).collect()
        };
        assert_eq!(texts(&bytes), [Some("one".into()), Some("".into()), Some("three".into())]);
        bytes[found[0].bytes.clone()].copy_from_slice(&found[0].erased());
        assert_eq!(texts(&bytes), [None, Some("".into()), Some("three".into())]);
        let wiped = &bytes[found[0].bytes.clone()];
        assert_eq!(wiped, [&[1, 3, 0, 0, 0][..], &[0; 35]].concat());
        assert_eq!(frames(&bytes, 2).unwrap().len(), 2, "what lies beyond is not looked at");
    }

    #[test]
    fn damage_is_named() {
        let bytes = segment(&["one", "two"]);
        for length in 0..bytes.len() {
            assert!(matches!(frames(&bytes[..length], 2), Err(SegmentError::Decode { .. })));
        }
        assert!(matches!(frames(&bytes, 3), Err(SegmentError::Decode { place: 2, .. })));
        let mut changed = bytes.clone();
        changed[HEADER.len()] = 2;
        assert_eq!(frames(&changed, 2), Err(SegmentError::State { place: 0, got: 2 }));
        changed = bytes.clone();
        changed[HEADER.len() + 3] = 1;
        assert!(matches!(
            frames(&changed, 2),
            Err(SegmentError::Decode { place: 0, error: DecodeError::TooLong { got: 65_539, .. } })
        ));
        changed = bytes.clone();
        *changed.last_mut().unwrap() = 0xff;
        let found = frames(&changed, 2).unwrap();
        assert_eq!(found[1].opening(&changed), Err(SegmentError::Text { place: 1 }));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn any_bytes_end_in_an_answer(mut tail in prop::collection::vec(any::<u8>(), 0..400), count in 0usize..4) {
            let mut bytes = HEADER.as_bytes().to_vec();
            bytes.append(&mut tail);
            if let Ok(found) = frames(&bytes, count) {
                for frame in found {
                    let _ = frame.opening(&bytes);
                    prop_assert_eq!(frame.erased().len(), frame.bytes.len());
                }
            }
        }
    }
}
