//! Keys on disk, encrypted, and what they sign.
//!
//! Every key is a file in the standard Ethereum V3 form ("Web3 Secret Storage"), so that other wallets read
//! ours and we read theirs. Three kinds share the form: secp256k1 accounts, which sign transactions, EIP-712
//! digests and EIP-191 messages ([`AccountKey`]), Ed25519 log keys, which sign checkpoints ([`LogKey`]), and P-256
//! keys, which sign models for other tools ([`ModelKey`]). The file of one that is no account says so in an
//! `averment` field, which other wallets ignore.
//!
//! Why our own reader: the published one (`eth-keystore` 0.5) takes lengths and costs from the file without a
//! check, so that a hostile file panics it or eats all memory; it writes in place with everybody's permissions
//! and does not wipe what it decrypts.
//!
//! Invariants: a secret is never printed, logged or put into an error; it is wiped when dropped; no function
//! takes a raw secret from a command line; a key file is written whole, for its owner only, and never over
//! another one; the accounts everybody knows are handed out on development chains only.

mod account;
pub mod development;
mod folder;
mod keystore;
mod log_key;
mod model_key;
mod password;

pub use account::{AccountKey, SignError};
pub use folder::{KeyError, KeyFolder, KeyInfo, Listing};
pub use keystore::{Cost, Identity, KeyKind, KeystoreError};
pub use log_key::LogKey;
pub use model_key::{ModelKey, ModelPublicKey, PemError};
pub use password::{Password, PasswordError};
