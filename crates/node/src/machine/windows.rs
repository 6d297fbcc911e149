//! Whether there is time: an offer whose windows are shorter than the chain takes to settle cannot be served from settled blocks.

use super::{Asked, Mode, Settings};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How long an offer gives, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// A committee for commitments.
    pub commit: u64,
    /// A committee for reveals.
    pub reveal: u64,
    /// A challenged answerer for its proof.
    pub proof: u64,
}

/// A window that is too short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooShort {
    /// Which.
    pub window: &'static str,
    /// How long it has to be at least, in seconds.
    pub needed: u64,
    /// How long it is.
    pub got: u64,
}

impl fmt::Display for TooShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { window, needed, got } = self;
        write!(
            f,
            "the offer gives {got} seconds for {window}; on this chain, which takes a while to settle, {needed} are needed"
        )
    }
}

impl Windows {
    /// What is too short to serve a request. What happens in one of these windows is seen when it has settled, and what is sent
    /// then has to be on the chain before the window ends.
    pub(super) fn too_short(&self, asked: &Asked, settings: &Settings) -> Option<TooShort> {
        let needed = settings.settling.saturating_add(settings.margin);
        // The other members are given half of the time.
        let commit = if settings.agrees { needed.saturating_mul(2) } else { needed };
        let windows = match asked.mode {
            Mode::Quorum => [("commitments", commit, self.commit), ("reveals", needed, self.reveal)],
            Mode::Optimistic => [("the proof of a challenged answer", needed, self.proof); 2],
            Mode::Proof => return None,
        };
        let short = windows.into_iter().find(|(_, needed, got)| got < needed);
        short.map(|(window, needed, got)| TooShort { window, needed, got })
    }
}
