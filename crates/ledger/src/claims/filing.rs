//! A claim on its way from the intake that signed it to whoever files it: `averment-claim-filing/1`.

use super::ClaimsClient;
use crate::contracts::ClaimsPool;
use alloy::primitives::aliases::U40;
use averment_primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Longest file that is read, in bytes: a hash-based signature in hexadecimal digits, and room.
pub const FILING_BYTES: u64 = 128 * 1024;

/// What an intake signed, for one pool. It says nothing of the evidence but what its commitment is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FilingFile {
    format: Format,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The pool.
    pub pool: Address,
    /// The policy that the claim is of.
    pub policy: B256,
    /// The identity of the commitment to the evidence.
    pub evidence: B256,
    /// When the damage happened, in seconds of Unix time.
    pub happened_at: u64,
    /// Last second at which a claim with it may be filed.
    pub expiry: u64,
    /// Who signed.
    pub intake: Address,
    /// EIP-712.
    pub signature: Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "averment-claim-filing/1")]
    V1,
}

/// Why a filing is not taken.
#[derive(Debug, Error)]
pub enum FilingError {
    /// Not this format.
    #[error("not an averment-claim-filing/1 file: {0}")]
    Form(#[from] serde_json::Error),
    /// Signed for another chain.
    #[error("it was signed for chain {got}, this is chain {expected}")]
    Chain {
        /// The pool's.
        expected: u64,
        /// The file's.
        got: u64,
    },
    /// Signed for another pool.
    #[error("it was signed for the pool {got}, this is {expected}")]
    Pool {
        /// This pool.
        expected: Address,
        /// The file's.
        got: Address,
    },
    /// A second that no contract can hold.
    #[error("{field} {got} is no second of Unix time that a claim can have")]
    Time {
        /// Which.
        field: &'static str,
        /// What the file says.
        got: u64,
    },
}

impl FilingFile {
    /// A filing for the pool of `client`.
    pub fn new(client: &ClaimsClient, filing: &ClaimsPool::Filing) -> Self {
        let ClaimsPool::Filing { intake, signer, signature } = filing;
        Self {
            format: Format::V1,
            chain_id: client.contracts().chain_id,
            pool: client.address(),
            policy: intake.policy,
            evidence: intake.evidence,
            happened_at: intake.happenedAt.to(),
            expiry: intake.expiry.to(),
            intake: *signer,
            signature: signature.clone(),
        }
    }

    /// The file's bytes.
    pub fn encode(&self) -> Result<Vec<u8>, FilingError> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads a file. Whether the signature is the intake's, the contract says.
    pub fn decode(bytes: &[u8]) -> Result<Self, FilingError> {
        Ok(serde_json::from_slice(bytes)?)
    }

    /// As the pool of `client` takes it; refuses what was signed for another.
    pub fn filing(&self, client: &ClaimsClient) -> Result<ClaimsPool::Filing, FilingError> {
        let (expected, got) = (client.contracts().chain_id, self.chain_id);
        if expected != got {
            return Err(FilingError::Chain { expected, got });
        }
        let (expected, got) = (client.address(), self.pool);
        if expected != got {
            return Err(FilingError::Pool { expected, got });
        }
        let second = |field, got: u64| U40::try_from(got).map_err(|_| FilingError::Time { field, got });
        let intake = ClaimsPool::Intake {
            policy: self.policy,
            evidence: self.evidence,
            happenedAt: second("happenedAt", self.happened_at)?,
            expiry: second("expiry", self.expiry)?,
        };
        Ok(ClaimsPool::Filing { intake, signer: self.intake, signature: self.signature.clone() })
    }
}
