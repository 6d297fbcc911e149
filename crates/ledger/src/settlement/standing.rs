//! Where requests stand, by storage proofs: the one word that the router keeps of each.
//!
//! The layout is pinned in `contracts/layouts/InferenceRouter.txt`; a test holds what is read here against the contract's
//! own answers.

use super::{Answer, Committee, SettlementClient, SettlementError};
use crate::VerifiedHeader;
use alloy::sol_types::SolValue;
use averment_primitives::{B256, U256, keccak256};
use std::fmt;

/// How many slots are proved at once.
const SLOTS: usize = 64;
/// Of the router's storage: `keccak256(abi.encode(uint256(keccak256("averment.storage.InferenceRouter")) - 1)) &
/// ~bytes32(uint256(0xff))`, where requests are; offers are behind it.
const NAMESPACE: B256 =
    alloy::primitives::b256!("b4278eb3ac7c25d0933706b644c471991bec1e1142d1faed98491fcb19669200");
const OFFERS: B256 =
    alloy::primitives::b256!("b4278eb3ac7c25d0933706b644c471991bec1e1142d1faed98491fcb19669201");

/// A request's phases, as the contract has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// There is no such request.
    None,
    /// Waits for an answer, or for its draw, until its deadline.
    Open,
    /// Has a bonded answer that may be challenged.
    Answered,
    /// Has an answer that has to be proved.
    Challenged,
    /// Has a committee.
    Drawn,
    /// Is final.
    Final,
    /// Is final, and its callback failed.
    Undelivered,
    /// Everybody has back what they put in.
    Refunded,
}

impl Phase {
    const ALL: [Self; 8] = [
        Self::None,
        Self::Open,
        Self::Answered,
        Self::Challenged,
        Self::Drawn,
        Self::Final,
        Self::Undelivered,
        Self::Refunded,
    ];

    /// The phase with this number.
    pub fn of(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Whether the outputs are final.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Final | Self::Undelivered)
    }

    /// The same in words, after "the request".
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "was never made",
            Self::Open => "waits for an answer",
            Self::Answered => "has an answer that may be challenged",
            Self::Challenged => "has an answer that has to be proved",
            Self::Drawn => "has a committee",
            Self::Final => "is final",
            Self::Undelivered => "is final, its callback failed",
            Self::Refunded => "was refunded",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Challenged => "challenged",
            Self::Drawn => "drawn",
            Self::Final => "final",
            Self::Undelivered => "undelivered",
            Self::Refunded => "refunded",
        })
    }
}

/// What draws a committee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// When the request was made, in seconds of Unix time.
    pub since: u64,
    /// The round of randomness that draws.
    pub round: u64,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its phase.
    pub phase: Phase,
    /// In seconds of Unix time: the deadline of an open request, the last second of a window or of the time to prove, when a
    /// final or refunded one became so.
    pub until: u64,
    /// Of the answer that is there, of the committee, or of the final outputs.
    digest: [u8; DIGEST],
}

/// How much of a hash the contract keeps.
const DIGEST: usize = 26;

impl Standing {
    /// The word that the contract keeps: phase and time at its low end.
    pub(super) fn of(word: B256) -> Result<Self, SettlementError> {
        let (digest, rest) = word.0.split_at(DIGEST);
        let mut kept = [0; DIGEST];
        kept.copy_from_slice(digest);
        let value = U256::from_be_slice(rest).to::<u64>();
        let code = (value & 0xff) as u8;
        let phase = Phase::of(code).ok_or(crate::registry::ReadError::Code { field: "phase", got: code })?;
        Ok(Self { phase, until: value >> 8, digest: kept })
    }

    /// What draws the committee of a quorum request that waits for its draw.
    pub fn draw(&self) -> Option<Draw> {
        if self.phase != Phase::Open || self.digest == [0; DIGEST] {
            return None;
        }
        let word = U256::from_be_slice(&self.digest);
        let low = |word: U256| word.as_limbs()[0];
        Some(Draw { since: low(word >> 64_usize) & 0xff_ffff_ffff, round: low(word) })
    }

    pub(super) fn is_of_answer(&self, answer: &Answer) -> bool {
        self.is_of(&answer.abi_encode())
    }

    pub(super) fn is_of_committee(&self, committee: &Committee) -> bool {
        self.is_of(&committee.abi_encode())
    }

    pub(super) fn is_of_outputs(&self, outputs: &Vec<i64>) -> bool {
        self.is_of(&outputs.abi_encode())
    }

    fn is_of(&self, encoded: &[u8]) -> bool {
        keccak256(encoded)[..DIGEST] == self.digest
    }
}

impl SettlementClient {
    /// Where requests stand in a final block, each by a proof of the contract's storage.
    pub async fn standings(
        &self,
        block: &VerifiedHeader,
        ids: &[B256],
    ) -> Result<Vec<Standing>, SettlementError> {
        let slots: Vec<B256> = ids.iter().map(|id| mapped(*id, NAMESPACE)).collect();
        self.words(block, &slots).await?.into_iter().map(Standing::of).collect()
    }

    /// Where a request stands in the newest final block.
    pub async fn standing(&self, id: B256) -> Result<Standing, SettlementError> {
        let block = self.ledger.newest_final().await?;
        self.standing_in(&block, id).await
    }

    pub(super) async fn standing_in(
        &self,
        block: &VerifiedHeader,
        id: B256,
    ) -> Result<Standing, SettlementError> {
        let word = self.words(block, &[mapped(id, NAMESPACE)]).await?;
        Standing::of(word.first().copied().unwrap_or_default())
    }

    /// Whether offers, each of a version, take requests.
    pub(super) async fn open(
        &self,
        block: &VerifiedHeader,
        offers: &[(B256, B256)],
    ) -> Result<Vec<bool>, SettlementError> {
        let slot = |(version, offer): &(B256, B256)| mapped(*offer, mapped(*version, OFFERS));
        let slots: Vec<B256> = offers.iter().map(slot).collect();
        let words = self.words(block, &slots).await?;
        // The lowest byte.
        Ok(words.into_iter().map(|word| word[31] == 1).collect())
    }

    /// The router's storage.
    async fn words(&self, block: &VerifiedHeader, slots: &[B256]) -> Result<Vec<B256>, SettlementError> {
        let mut words = Vec::with_capacity(slots.len());
        for some in slots.chunks(SLOTS) {
            words.extend(self.ledger.prove(block, self.router(), some).await?.1.slots);
        }
        Ok(words)
    }
}

/// The slot of a key of a mapping.
fn mapped(key: B256, mapping: B256) -> B256 {
    keccak256([key, mapping].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_are_behind_requests() {
        let next = U256::from_be_bytes(NAMESPACE.0) + U256::from(1);
        assert_eq!(OFFERS, B256::from(next));
    }

    #[test]
    fn a_word_is_phase_time_and_digest() {
        let mut word = [0; 32];
        (word[31], word[30], word[29]) = (4, 0xcd, 0xab);
        word[..26].fill(7);
        let standing = Standing::of(word.into()).unwrap();
        assert_eq!((standing.phase, standing.until), (Phase::Drawn, 0xabcd));
        assert_eq!(standing.draw(), None);
        word[31] = 8;
        let error = Standing::of(word.into()).unwrap_err().to_string();
        assert!(error.contains("phase 8"), "{error}");
    }

    #[test]
    fn what_draws_is_where_an_answer_would_be() {
        let digest = U256::from(1_700_000_000_u64) << 64_usize | U256::from(77_u64);
        let word = digest << 48_usize | U256::from(5_u64) << 8_usize | U256::from(1_u64);
        let standing = Standing::of(word.into()).unwrap();
        assert_eq!(standing.draw(), Some(Draw { since: 1_700_000_000, round: 77 }));
        assert_eq!(standing.until, 5);
    }
}
