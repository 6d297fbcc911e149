//! Chain state proved from a block hash: header, accounts, storage, and where our contracts keep what.
//!
//! A block hash commits to a header, the header to the state root, the state root to every account, an
//! account to its storage; and the header to its transactions' receipts. Whoever trusts one block hash can check any of it offline.
//!
//! Invariants: nothing is believed that is not hashed into what was believed before; a proof that is longer,
//! shorter or other than the trie's own is refused.

mod account;
mod header;
mod receipt;
pub mod settlement;
mod slots;
mod trie;

pub use account::{AccountProof, ProofError, ProvenAccount, StorageProof};
pub use header::{EMBEDDED_MARK, Header, HeaderError};
pub use receipt::{ReceiptError, receipt_logs};
pub(crate) use slots::mapping;
pub use slots::{
    IMPLEMENTATION_SLOT, REGISTRY_SLOT, anchored_slot, history_length, history_slots, log_slots, log_terms,
};
pub use trie::TrieError;
