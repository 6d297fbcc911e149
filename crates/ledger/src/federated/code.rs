//! What a task's code says: a minimal proxy (ERC-1167) with the task's terms and origin behind it, proved against a header.

use super::Terms;
use crate::{Ledger, VerifiedHeader, evidence::EvidenceError};
use alloy::{providers::Provider, sol_types::SolType, sol_types::SolValue, transports::TransportError};
use averment_primitives::{Address, B256, U256, keccak256};
use thiserror::Error;

const HEAD: [u8; 10] = [0x36, 0x3d, 0x3d, 0x37, 0x3d, 0x3d, 0x3d, 0x36, 0x3d, 0x73];
const TAIL: [u8; 15] =
    [0x5a, 0xf4, 0x3d, 0x82, 0x80, 0x3e, 0x90, 0x3d, 0x91, 0x60, 0x2b, 0x57, 0xfd, 0x5b, 0xf3];

type Origin = (
    alloy::sol_types::sol_data::Address,
    alloy::sol_types::sol_data::Address,
    alloy::sol_types::sol_data::Uint<256>,
    alloy::sol_types::sol_data::Uint<256>,
    alloy::sol_types::sol_data::FixedBytes<32>,
);

/// What a task is, for ever.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskCode {
    /// What it runs.
    pub implementation: Address,
    /// Its terms.
    pub terms: Terms,
    /// What created it.
    pub factory: Address,
    /// Whose it is.
    pub sponsor: Address,
    /// How many points the model's commitment has.
    pub chunks: usize,
    /// Two to this power is how many cells a point stands for.
    pub chunk_bits: u8,
    /// keccak256 of the commitment's bytes before its points.
    pub prefix_hash: B256,
}

/// Why an account's code is no task's.
#[derive(Debug, Error)]
pub enum TaskCodeFault {
    /// The node gave no code.
    #[error("asking for the code of {task} failed: {source}")]
    Request {
        /// The account.
        task: Address,
        /// Why.
        source: TransportError,
    },
    /// The code is another than the one in the chain's state.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The node's code is not the account's.
    #[error("the code that the node gives for {task} has hash {got}, the chain's state says {expected}")]
    Other {
        /// The account.
        task: Address,
        /// In the state.
        expected: B256,
        /// The node's.
        got: B256,
    },
    /// Not the code of a task that this release knows.
    #[error("{task} is no task that this release knows: {why}")]
    NotATask {
        /// The account.
        task: Address,
        /// What is wrong.
        why: String,
    },
}

impl TaskCode {
    /// The code of `task` in `block`, proved against its header.
    pub async fn proved(
        ledger: &Ledger,
        block: &VerifiedHeader,
        task: Address,
    ) -> Result<Self, TaskCodeFault> {
        let code = ledger.provider().get_code_at(task).hash(block.hash).await;
        let code = code.map_err(|source| TaskCodeFault::Request { task, source })?;
        let (_, proven) = ledger.prove(block, task, &[]).await?;
        let (expected, got) = (proven.code_hash, keccak256(&code));
        if expected != got {
            return Err(TaskCodeFault::Other { task, expected, got });
        }
        Self::decode(&code).map_err(|why| TaskCodeFault::NotATask { task, why })
    }

    /// Decodes the bytes, of which nothing is proved thereby.
    ///
    /// # Errors
    /// Says in words why they are no task's.
    pub fn decode(code: &[u8]) -> Result<Self, String> {
        let no_proxy = || "its code is no minimal proxy".to_owned();
        let rest = code.strip_prefix(&HEAD).ok_or_else(no_proxy)?;
        let (implementation, rest) = rest.split_at_checked(20).ok_or_else(no_proxy)?;
        let arguments = rest.strip_prefix(&TAIL).ok_or_else(no_proxy)?;
        let length = <Terms as SolType>::ENCODED_SIZE.unwrap_or_default();
        let expected = length + 5 * 32;
        if arguments.len() != expected {
            return Err(format!("expected {expected} bytes behind the proxy, got {}", arguments.len()));
        }
        let (terms, origin) = arguments.split_at_checked(length).ok_or_else(no_proxy)?;
        let terms = <Terms as SolValue>::abi_decode_validate(terms).map_err(|error| error.to_string())?;
        let (factory, sponsor, chunks, chunk_bits, prefix_hash) =
            <Origin as SolType>::abi_decode_validate(origin).map_err(|error| error.to_string())?;
        let number = |value: U256, most: u64| {
            u64::try_from(value).ok().filter(|got| *got <= most).ok_or(format!("{value} chunks or bits"))
        };
        Ok(Self {
            implementation: Address::from_slice(implementation),
            terms,
            factory,
            sponsor,
            chunks: usize::try_from(number(chunks, 1 << 20)?).map_err(|error| error.to_string())?,
            chunk_bits: u8::try_from(number(chunk_bits, 28)?).map_err(|error| error.to_string())?,
            prefix_hash,
        })
    }

    /// The bytes that [`Self::decode`] reads.
    pub fn encode(&self) -> Vec<u8> {
        let origin = (
            self.factory,
            self.sponsor,
            U256::from(self.chunks),
            U256::from(self.chunk_bits),
            self.prefix_hash,
        );
        [&HEAD[..], self.implementation.as_slice(), &TAIL, &self.terms.abi_encode(), &origin.abi_encode()]
            .concat()
    }
}
