//! Any EVM chain behind one alloy provider, and what clients do there: keys, contracts, fees.
//!
//! A chain is *embedded* (in this process, with a journal on disk: [`embedded`]) or *remote* (behind a URL).
//! [`Ledger`] hides which, and says what a chain's word is worth: when its blocks are final, and whether they
//! prove anything to a third party.

pub mod claims;
pub mod contracts;
pub mod embedded;
pub mod evidence;
pub mod faucet;
pub mod federated;
pub mod fees;
mod finality;
pub mod http;
pub mod keys;
pub mod proofs;
mod provider;
pub mod registry;
mod remote;
pub mod settlement;
pub mod stewardship;

pub use finality::{FinalityError, HeaderError, Settled, VerifiedHeader};
pub use provider::{Finality, Ledger, OpenLedgerError, Remote, Source};
pub use remote::{ConnectError, Post, RemoteFault, Web, WebAnswer};
