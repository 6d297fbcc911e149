//! The journal of an embedded chain: every block is in it whole, and flushed, before anyone sees its receipts.
//! `averment-journal/1`, described in `docs/formats.md`, on [`averment_atomic::journal`]:
//!
//! ```text
//! kind   = 0 genesis (JSON) | 1 block (RLP) | 2 rewind (u64le: number of the block that becomes the last)
//! ```

pub use averment_atomic::journal::{JournalError, JournalStep};
pub(crate) use averment_atomic::journal::{Medium, Opened};

/// A journal of blocks.
pub(crate) type Journal = averment_atomic::journal::Journal<Kind>;

/// A record's meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Genesis,
    Block,
    Rewind,
}

impl averment_atomic::journal::Kind for Kind {
    const NAME: &'static str = "averment-journal/1";

    fn code(self) -> u8 {
        match self {
            Self::Genesis => 0,
            Self::Block => 1,
            Self::Rewind => 2,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Genesis),
            1 => Some(Self::Block),
            2 => Some(Self::Rewind),
            _ => None,
        }
    }
}
