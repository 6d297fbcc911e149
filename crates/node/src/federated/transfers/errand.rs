//! Who asks for what, signed: EIP-712, domain `Averment federated transfers`, `1`, chain, task.
//!
//! ```text
//! Authorization: Averment expires=SECONDS, r=0x…, vs=0x…
//! Errand(string method,string path,uint64 length,uint64 expires)
//! ```
//!
//! `length` is that of the whole file that is brought, and zero of what is fetched; the signature has EIP-2098's short form.

use crate::signing::ShortSignature;
use alloy::sol_types::{Eip712Domain, SolStruct, eip712_domain};
use alloy_primitives::{Address, B256};
use averment_ledger::keys::{AccountKey, SignError};
use thiserror::Error;

const SCHEME: &str = "Averment ";
/// For how many seconds a signature is good at the most, clocks that differ included.
const LIFE: u64 = 600;

mod typed {
    alloy::sol! {
        struct Errand {
            string method;
            string path;
            uint64 length;
            uint64 expires;
        }
    }
}

/// The task that requests are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The chain.
    pub chain_id: u64,
    /// The task's contract.
    pub task: Address,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errand<'a> {
    /// HTTP's method.
    pub method: &'a str,
    /// The path, from its first slash.
    pub path: &'a str,
    /// Bytes of the whole file that is brought; zero if one is fetched.
    pub length: u64,
}

/// Why nobody is believed to have asked.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ErrandError {
    /// There is no signature, or not in this form.
    #[error("expected one header Authorization: Averment expires=SECONDS, r=0x…, vs=0x…")]
    Format,
    /// It is too old, or from too far in the future.
    #[error("the signature is good until {expires}, it is {now} here, and {LIFE} seconds are the most")]
    Expired {
        /// When it ends, in seconds of Unix time.
        expires: u64,
        /// The time here.
        now: u64,
    },
    /// Not a signature that anybody made.
    #[error("that is nobody's signature of this request")]
    Signature,
}

impl Errand<'_> {
    fn digest(&self, place: &Place, expires: u64) -> B256 {
        let domain: Eip712Domain = eip712_domain! {
            name: "Averment federated transfers",
            version: "1",
            chain_id: place.chain_id,
            verifying_contract: place.task,
        };
        let Self { method, path, length } = *self;
        typed::Errand { method: method.to_owned(), path: path.to_owned(), length, expires }
            .eip712_signing_hash(&domain)
    }

    /// The header's value, good for half of the longest time from `now`, in seconds of Unix time.
    pub fn sign(&self, place: &Place, key: &AccountKey, now: u64) -> Result<String, SignError> {
        let expires = now.saturating_add(LIFE / 2);
        let ShortSignature { r, vs } = ShortSignature::new(key, &self.digest(place, expires))?;
        Ok(format!("{SCHEME}expires={expires}, r={r}, vs={vs}"))
    }

    /// Who signed it.
    pub fn signer(&self, place: &Place, header: &str, now: u64) -> Result<Address, ErrandError> {
        let rest = header.strip_prefix(SCHEME).ok_or(ErrandError::Format)?;
        let mut parts = rest.split(", ");
        let mut part = |name: &str| parts.next()?.strip_prefix(name)?.strip_prefix('=');
        let (expires, r, vs) = (part("expires"), part("r"), part("vs"));
        let (Some(expires), Some(r), Some(vs), None) = (expires, r, vs, parts.next()) else {
            return Err(ErrandError::Format);
        };
        let word = |text: &str| text.parse::<B256>().map_err(|_| ErrandError::Format);
        let expires: u64 = expires.parse().map_err(|_| ErrandError::Format)?;
        let signature = ShortSignature { r: word(r)?, vs: word(vs)? };
        if expires < now || expires > now.saturating_add(LIFE) {
            return Err(ErrandError::Expired { expires, now });
        }
        signature.signer(&self.digest(place, expires)).ok_or(ErrandError::Signature)
    }
}
