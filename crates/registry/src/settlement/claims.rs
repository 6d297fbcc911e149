//! Claims: their stages, what an intake signs, and how a batch names its evidence.

use super::abi::typed;
use crate::approval::{SignatureError, recover};
use alloy_primitives::aliases::U40;
use alloy_sol_types::{SolStruct, eip712_domain};
use averment_primitives::{Address, B256, Bytes, keccak256};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a claim stands, as the contract has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClaimStage {
    /// There is no such claim.
    None,
    /// Waits for its batch.
    Filed,
    /// Part of a request.
    Asked,
    /// Waits to be paid.
    Accepted,
    /// Is paid.
    Paid,
    /// By the model's answer; may be appealed.
    Rejected,
    /// Before a reviewer.
    InReview,
    /// For good.
    Denied,
}

impl ClaimStage {
    /// The stage with the contract's number `code`.
    pub fn from_code(code: u8) -> Option<Self> {
        use ClaimStage::{Accepted, Asked, Denied, Filed, InReview, None as Nothing, Paid, Rejected};
        [Nothing, Filed, Asked, Accepted, Paid, Rejected, InReview, Denied].get(usize::from(code)).copied()
    }

    /// Its name, for machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Filed => "filed",
            Self::Asked => "asked",
            Self::Accepted => "accepted",
            Self::Paid => "paid",
            Self::Rejected => "rejected",
            Self::InReview => "inReview",
            Self::Denied => "denied",
        }
    }

    /// What it means, after "the claim".
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "was never filed",
            Self::Filed => "waits to be asked about",
            Self::Asked => "waits for its answer",
            Self::Accepted => "is accepted and waits to be paid",
            Self::Paid => "is paid",
            Self::Rejected => "was rejected by the model's answer",
            Self::InReview => "is before the reviewer",
            Self::Denied => "was denied",
        }
    }
}

impl fmt::Display for ClaimStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "not filed",
            Self::Filed => "filed",
            Self::Asked => "asked about",
            Self::Accepted => "accepted",
            Self::Paid => "paid",
            Self::Rejected => "rejected",
            Self::InReview => "in review",
            Self::Denied => "denied",
        })
    }
}

/// What an accredited intake says about evidence (EIP-712).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intake {
    /// The policy that the claim is made under.
    pub policy: B256,
    /// The identity of the commitment to the evidence.
    pub evidence: B256,
    /// When the damage happened, in seconds of Unix time.
    pub happened_at: u64,
    /// The last second at which the claim may be filed.
    pub expiry: u64,
}

/// An intake's signature about a claim, without what the claim says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Filing {
    /// When the damage happened, in seconds of Unix time.
    pub happened_at: u64,
    /// The last second at which the claim may be filed.
    pub expiry: u64,
    /// The intake.
    pub signer: Address,
    /// Its signature of the EIP-712 digest, in 65 bytes.
    pub signature: Bytes,
}

impl Intake {
    /// What an intake signs for the pool at `pool`.
    pub fn digest(&self, chain_id: u64, pool: Address) -> B256 {
        let domain = eip712_domain! {
            name: "Averment ClaimsPool",
            version: "1",
            chain_id: chain_id,
            verifying_contract: pool,
        };
        let intake = typed::Intake {
            policy: self.policy,
            evidence: self.evidence,
            happenedAt: U40::saturating_from(self.happened_at),
            expiry: U40::saturating_from(self.expiry),
        };
        intake.eip712_signing_hash(&domain)
    }

    /// Whose key made `signature` of this.
    pub fn signer(&self, chain_id: u64, pool: Address, signature: &[u8]) -> Result<Address, SignatureError> {
        recover(self.digest(chain_id, pool), signature)
    }
}

/// What names a batch's evidence in a request; `batch` is how many claims the routine's proofs take. Of a routine whose batches
/// are of one it is the evidence's own identity.
pub fn batch_inputs(batch: u16, evidence: &[B256]) -> B256 {
    if let (1, [only]) = (batch, evidence) {
        return *only;
    }
    let count = u32::try_from(evidence.len()).unwrap_or(u32::MAX);
    let mut bytes = b"averment-input-batch/1\n".to_vec();
    bytes.extend_from_slice(&count.to_be_bytes());
    evidence.iter().for_each(|identity| bytes.extend_from_slice(identity.as_slice()));
    keccak256(bytes)
}
