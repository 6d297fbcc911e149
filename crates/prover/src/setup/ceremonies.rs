//! The ceremonies that production accepts without being told: their \[τ\]G2, by digest, each read from a published file
//! whose hash its ceremony published.

use alloy_primitives::{B256, b256};

/// A ceremony.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceremony {
    /// What it is known as.
    pub name: &'static str,
    /// The digest of its setup ([`averment_verifier::setup::digest`]).
    pub digest: B256,
}

/// All of them.
pub const CEREMONIES: &[Ceremony] = &[Ceremony {
    // 54 contributions and a beacon; the files powersOfTau28_hez_final_08.ptau to powersOfTau28_hez_final.ptau are
    // cut from the same powers, so that all sizes have this [τ]G2.
    name: "Perpetual Powers of Tau (Hermez)",
    digest: b256!("30d5460925b82522c8b5cac830af474508a916bfc5ad0a30b718d4ed41bd71bc"),
}];

impl Ceremony {
    /// The ceremony that a setup comes from; none if it is not known here.
    pub fn of(digest: B256) -> Option<&'static Self> {
        CEREMONIES.iter().find(|ceremony| ceremony.digest == digest)
    }
}
