//! Where requests stand, by storage proofs: the one word that the router keeps of each.
//!
//! Where it lies is `averment_registry::state`'s to know; a test holds what is read here against the contract's own answers.

use super::{Answer, Committee, Phase, SettlementClient, SettlementError};
use crate::{VerifiedHeader, registry::ReadError};
use alloy::sol_types::SolValue;
use averment_primitives::{B256, U256, keccak256};
use averment_registry::state::settlement::{OfferTerms, Standing as Word, offer_slot, request_slot};

/// How many slots are proved at once.
const SLOTS: usize = 64;

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
    /// The word that the contract keeps.
    pub(super) fn of(word: B256) -> Result<Self, SettlementError> {
        let Word { phase, until, digest } = Word::of(word);
        let phase = phase.ok_or(ReadError::Code { field: "phase", got: word[31] })?;
        Ok(Self { phase, until, digest })
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
        let slots: Vec<B256> = ids.iter().map(|id| request_slot(*id)).collect();
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
        let word = self.words(block, &[request_slot(id)]).await?;
        Standing::of(word.first().copied().unwrap_or_default())
    }

    /// Whether offers, each of a version, take requests.
    pub(super) async fn open(
        &self,
        block: &VerifiedHeader,
        offers: &[(B256, B256)],
    ) -> Result<Vec<bool>, SettlementError> {
        let slot = |(version, offer): &(B256, B256)| offer_slot(*version, *offer);
        let slots: Vec<B256> = offers.iter().map(slot).collect();
        let words = self.words(block, &slots).await?;
        Ok(words.into_iter().map(|word| OfferTerms::of(word).open).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

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
