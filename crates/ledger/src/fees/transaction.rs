//! A raw signed transaction: read within limits, and what it is bound to take.

use super::Footprint;
use alloy::{
    consensus::{Transaction, TxEnvelope, transaction::SignerRecoverable},
    eips::eip2718::Decodable2718,
};
use averment_primitives::{Address, B256, Bytes, hex};
use revm::{context_interface::cfg::gas::calculate_initial_tx_gas, primitives::hardfork::SpecId};
use thiserror::Error;

/// Bytes of a transaction that nodes take, at most.
pub const MAX_TRANSACTION: usize = 131_072;

/// Types of EIP-2718 that are no transaction of these chains' users or carry what is not priced here.
const BLOB: u8 = 0x03;
const LAST_TYPE: u8 = 0x04;
/// First byte of a legacy transaction, the head of a list.
const LIST: u8 = 0xc0;

/// Why bytes are no transaction that can be priced.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TransactionError {
    /// Not hexadecimal.
    #[error("expected a transaction in hexadecimal: {0}")]
    Hex(#[from] hex::FromHexError),
    /// Nothing.
    #[error("expected a signed transaction, got nothing")]
    Empty,
    /// More than nodes take.
    #[error("expected at most {MAX_TRANSACTION} bytes, as nodes take, got {got}")]
    TooLong {
        /// How many.
        got: usize,
    },
    /// It carries blobs.
    #[error(
        "a transaction that carries blobs (EIP-4844) exists on Ethereum alone, and its price is that of its blobs: see \
         the line for blobs among the ways to keep a record"
    )]
    Blobs,
    /// A type that is not known.
    #[error("expected a transaction of type 0, 1, 2 or 4 (EIP-2718), got type {got:#04x}")]
    Type {
        /// Its first byte.
        got: u8,
    },
    /// It does not decode.
    #[error("expected a signed transaction as it travels (EIP-2718): {0}")]
    Encoding(String),
    /// Bytes behind it.
    #[error("expected nothing behind the transaction, got {got} bytes more")]
    Trailing {
        /// How many.
        got: usize,
    },
    /// Its signature recovers no account.
    #[error("the transaction's signature is nobody's")]
    Signature,
    /// No chain takes it.
    #[error(
        "expected a gas limit of at least {intrinsic}, what the transaction takes before it runs, got {limit}"
    )]
    Intrinsic {
        /// The least.
        intrinsic: u64,
        /// Its gas limit.
        limit: u64,
    },
    /// It cannot use so much.
    #[error(
        "expected gas from {intrinsic}, what the transaction takes before it runs, to {limit}, its limit; got {got}"
    )]
    Gas {
        /// The least.
        intrinsic: u64,
        /// Its limit.
        limit: u64,
        /// What was said.
        got: u64,
    },
}

/// A signed transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedTransaction {
    raw: Bytes,
    envelope: TxEnvelope,
    sender: Address,
    intrinsic: u64,
}

impl SignedTransaction {
    /// Reads it from hexadecimal digits, with `0x` before them or not, and white space around them.
    pub fn from_hex(text: &str) -> Result<Self, TransactionError> {
        let digits = text.trim();
        // Before anything is allocated; two digits are a byte, and two more may be 0x.
        if digits.len() / 2 > MAX_TRANSACTION + 1 {
            return Err(TransactionError::TooLong { got: digits.len() / 2 });
        }
        Self::decode(hex::decode(digits)?.into())
    }

    /// Reads it from its bytes as they travel (EIP-2718).
    pub fn decode(raw: Bytes) -> Result<Self, TransactionError> {
        match raw.first() {
            None => return Err(TransactionError::Empty),
            _ if raw.len() > MAX_TRANSACTION => return Err(TransactionError::TooLong { got: raw.len() }),
            Some(&BLOB) => return Err(TransactionError::Blobs),
            // No transaction's type is 0 on the wire; a legacy one is a list.
            Some(&got) if got == 0 || (LAST_TYPE < got && got < LIST) => {
                return Err(TransactionError::Type { got });
            }
            Some(_) => {}
        }
        let mut rest = raw.as_ref();
        let envelope = TxEnvelope::decode_2718(&mut rest)
            .map_err(|error| TransactionError::Encoding(error.to_string()))?;
        if !rest.is_empty() {
            return Err(TransactionError::Trailing { got: rest.len() });
        }
        let sender = envelope.recover_signer().map_err(|_| TransactionError::Signature)?;
        let intrinsic = intrinsic_gas(&envelope);
        if envelope.gas_limit() < intrinsic {
            return Err(TransactionError::Intrinsic { intrinsic, limit: envelope.gas_limit() });
        }
        Ok(Self { raw, envelope, sender, intrinsic })
    }

    /// Its hash.
    pub fn hash(&self) -> B256 {
        *self.envelope.tx_hash()
    }

    /// Who signed it.
    pub fn sender(&self) -> Address {
        self.sender
    }

    /// To whom it goes; none if it creates a contract.
    pub fn to(&self) -> Option<Address> {
        self.envelope.to()
    }

    /// The chain it is for; none if it was signed for all of them (before EIP-155).
    pub fn chain_id(&self) -> Option<u64> {
        self.envelope.chain_id()
    }

    /// Its type (EIP-2718).
    pub fn kind(&self) -> u8 {
        self.envelope.tx_type().into()
    }

    /// Gas it may use at most.
    pub fn gas_limit(&self) -> u64 {
        self.envelope.gas_limit()
    }

    /// Gas it takes before it runs, without the floor of its calldata.
    pub fn intrinsic_gas(&self) -> u64 {
        self.intrinsic
    }

    /// Its bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.raw
    }

    /// Its calldata or creation code.
    pub fn calldata(&self) -> &Bytes {
        self.envelope.input()
    }

    /// What it takes if it uses `gas`, or all it may.
    pub fn footprint(&self, gas: Option<u64>) -> Result<Footprint, TransactionError> {
        let (intrinsic, limit) = (self.intrinsic, self.gas_limit());
        let gas_used = gas.unwrap_or(limit);
        if gas_used < intrinsic || limit < gas_used {
            return Err(TransactionError::Gas { intrinsic, limit, got: gas_used });
        }
        Ok(Footprint { gas_used, transaction: self.raw.clone(), calldata: self.calldata().clone() })
    }
}

/// Gas for calldata, access list, creation and authorisations, by the rules of Osaka.
fn intrinsic_gas(envelope: &TxEnvelope) -> u64 {
    let list = envelope.access_list();
    let accounts = list.map_or(0, |list| list.len());
    let slots = list.map_or(0, |list| list.storage_keys_count());
    let authorisations = envelope.authorization_list().map_or(0, <[_]>::len);
    calculate_initial_tx_gas(
        SpecId::OSAKA,
        envelope.input(),
        envelope.is_create(),
        accounts as u64,
        slots as u64,
        authorisations as u64,
        None,
    )
    .initial_total_gas()
}

#[cfg(test)]
mod tests;
