//! What members of a committee send each other, and how it is checked: `averment-operator-words/1`.
//!
//! One message is all that one member has to say about one request ([`Words`]), as JSON; it replaces what the same member said
//! before, so losing one, or getting one twice, changes nothing. Every part is signed by the member's key as it was when the
//! committee was drawn, which the chain says; who brings it does not matter. What does not check, as a whole, was not said.

use crate::{
    machine::{Certificate, Committee, ROUNDS, SignedList, Voice, Words, commits_of, leader},
    signing::{Domain, ShortSignature, commitment, list_digest},
};
use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Name and version of the message.
pub const NAME: &str = "averment-operator-words/1";
/// Longest message, in bytes: 4,096 outputs, and the signatures of sixteen members twice.
pub const LIMIT: usize = 128 << 10;
/// Most outputs that the contracts take.
const MAX_OUTPUTS: usize = 4_096;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// [`NAME`].
    pub format: String,
    /// The request.
    pub request: B256,
    /// The seat of who says it.
    pub seat: u8,
    /// What it says; nothing yet of who only asks what the others say.
    pub words: Option<Words>,
}

/// Why a message counts for nothing.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum WordsError {
    /// More than anybody has to say.
    #[error("a message of {got} bytes, at most {LIMIT} are read")]
    TooLong {
        /// Its length.
        got: usize,
    },
    /// Not a message.
    #[error("not a message of {NAME}: {why}")]
    Format {
        /// What is wrong.
        why: String,
    },
    /// There is no such seat.
    #[error("seat {got} of a committee of {members}")]
    Seat {
        /// The seat named.
        got: u8,
        /// How many there are.
        members: usize,
    },
    /// A part is not signed by whom it is said to be of.
    #[error("{what}: expected a signature of {expected}, got one of {got:?}")]
    Signature {
        /// The part.
        what: &'static str,
        /// Whose it should be.
        expected: Address,
        /// Whose it is; nobody's if it is none.
        got: Option<Address>,
    },
    /// A round that there is not, or another one leads.
    #[error("seat {seat} has no list of its own in round {round}")]
    Round {
        /// The seat.
        seat: u8,
        /// The round.
        round: u8,
    },
    /// A list of another length, without its maker, or of too few.
    #[error("a list of {got} commitments, of {seats} seats; {threshold} are needed, its maker's among them")]
    List {
        /// How many are in it.
        got: usize,
        /// How many seats it has.
        seats: usize,
        /// How many are needed.
        threshold: u8,
    },
    /// A digest that is not the list's.
    #[error("expected the digest {expected} of the list, got {got}")]
    Digest {
        /// Computed.
        expected: B256,
        /// Named.
        got: B256,
    },
    /// Somebody speaks without enough signatures of its list.
    #[error("a certificate of {got} seats in ascending order, {expected} are needed")]
    Certificate {
        /// How many are needed.
        expected: u8,
        /// How many there are.
        got: usize,
    },
    /// An answer that its commitment in the list does not open to.
    #[error("the answer of seat {seat} is not what it committed to")]
    NotOpened {
        /// The seat.
        seat: u8,
    },
    /// More outputs than the contracts take.
    #[error("{got} outputs, at most {MAX_OUTPUTS} are taken")]
    Outputs {
        /// How many.
        got: usize,
    },
}

impl Message {
    /// What a member says about a request.
    pub fn new(request: B256, seat: u8, words: Option<Words>) -> Self {
        Self { format: NAME.to_owned(), request, seat, words }
    }

    /// Reads a message; nothing in it is checked yet.
    pub fn decode(bytes: &[u8]) -> Result<Self, WordsError> {
        if bytes.len() > LIMIT {
            return Err(WordsError::TooLong { got: bytes.len() });
        }
        let wrong = |error: serde_json::Error| WordsError::Format { why: error.to_string() };
        let message: Self = serde_json::from_slice(bytes).map_err(wrong)?;
        if message.format != NAME {
            return Err(WordsError::Format { why: format!("it is called {:?}", message.format) });
        }
        Ok(message)
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        // Maps with other keys than strings, the one thing that fails, are not in it.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// A committee and the request that it is for: what words are checked against.
#[derive(Debug, Clone, Copy)]
pub struct Check<'a> {
    /// Where signatures count.
    pub domain: Domain,
    /// The request.
    pub request: B256,
    /// Its committee.
    pub committee: &'a Committee,
}

impl Check<'_> {
    /// Checks that all that the member at `seat` says is its own, and possible.
    pub fn words(&self, seat: u8, words: &Words) -> Result<(), WordsError> {
        let promised = self.domain.commit(self.request, words.promise.digest);
        self.signed("the commitment", seat, &promised, &words.promise.signature)?;
        if let Some(list) = &words.list {
            self.list(seat, list)?;
        }
        words.voice.as_ref().map_or(Ok(()), |voice| self.voice(seat, voice))
    }

    fn list(&self, seat: u8, list: &SignedList) -> Result<(), WordsError> {
        let SignedList { round, commits, promises, signature } = list;
        let wrong = WordsError::Round { seat, round: *round };
        if *round >= ROUNDS {
            return Err(wrong);
        }
        self.signed("the list", seat, &self.domain.list(self.request, *round, *commits), signature)?;
        let Some(promises) = promises else { return Ok(()) };
        if leader(&self.request, *round, self.committee.members.len()) != Some(seat) {
            return Err(wrong);
        }
        let all = commits_of(promises);
        self.complete(&all, seat)?;
        let expected = list_digest(&all);
        if expected != *commits {
            return Err(WordsError::Digest { expected, got: *commits });
        }
        for (seat, promise) in (0..).zip(promises) {
            let Some(promise) = promise else { continue };
            let promised = self.domain.commit(self.request, promise.digest);
            self.signed("a commitment in the list", seat, &promised, &promise.signature)?;
        }
        Ok(())
    }

    fn voice(&self, seat: u8, voice: &Voice) -> Result<(), WordsError> {
        let Voice { certificate: Certificate { round, commits, signatures }, outputs, salt, signature } =
            voice;
        if outputs.len() > MAX_OUTPUTS {
            return Err(WordsError::Outputs { got: outputs.len() });
        }
        self.complete(commits, seat)?;
        let said = self.domain.agreement(self.request, outputs, commits);
        self.signed("the answer", seat, &said, signature)?;
        let opened = commitment(self.request, self.signer(seat)?, outputs, *salt);
        if commits.get(usize::from(seat)) != Some(&opened) {
            return Err(WordsError::NotOpened { seat });
        }
        let expected = self.committee.threshold;
        let ascending = signatures.is_sorted_by(|(one, _), (next, _)| one < next);
        if *round >= ROUNDS || !ascending || signatures.len() < usize::from(expected) {
            return Err(WordsError::Certificate { expected, got: signatures.len() });
        }
        let listed = self.domain.list(self.request, *round, list_digest(commits));
        signatures.iter().try_for_each(|(seat, one)| self.signed("the certificate", *seat, &listed, one))
    }

    /// A list has a commitment or none of every seat, one of its maker, and enough.
    fn complete(&self, commits: &[B256], maker: u8) -> Result<(), WordsError> {
        let (seats, threshold) = (commits.len(), self.committee.threshold);
        let got = commits.iter().filter(|commit| !commit.is_zero()).count();
        let made = commits.get(usize::from(maker)).is_some_and(|commit| !commit.is_zero());
        if seats != self.committee.members.len() || got < usize::from(threshold) || !made {
            return Err(WordsError::List { got, seats, threshold });
        }
        Ok(())
    }

    fn signed(
        &self,
        what: &'static str,
        seat: u8,
        digest: &B256,
        signature: &ShortSignature,
    ) -> Result<(), WordsError> {
        let (expected, got) = (self.signer(seat)?, signature.signer(digest));
        if got == Some(expected) { Ok(()) } else { Err(WordsError::Signature { what, expected, got }) }
    }

    fn signer(&self, seat: u8) -> Result<Address, WordsError> {
        let signers = &self.committee.signers;
        let members = signers.len();
        signers.get(usize::from(seat)).copied().ok_or(WordsError::Seat { got: seat, members })
    }
}

#[cfg(test)]
pub(crate) mod tests;
