//! Why an embedded chain could not be opened or changed.

use super::{executor::TransactionError, genesis::GenesisError, journal::JournalError};
use alloy::primitives::B256;
use std::path::PathBuf;
use thiserror::Error;

/// Why an embedded chain could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process, or another handle in this one, has the chain open.
    #[error(
        "{}: the chain is open elsewhere; an embedded chain has one writer at a time (where `aver chain serve` has \
         it, reach it by the URL that says)",
        path.display()
    )]
    Locked {
        /// The journal.
        path: PathBuf,
    },
    /// The journal could not be read, or is damaged.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The parameters make no chain.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// The journal's parameters cannot be read.
    #[error("the journal's first record is not a genesis: {0}")]
    GenesisRecord(#[source] serde_json::Error),
    /// The first record is not a genesis, or a later one is.
    #[error("the journal's genesis is not its first record")]
    MisplacedGenesis,
    /// The journal is of another chain.
    #[error("{}: expected chain id {expected}, the journal's is {got}", path.display())]
    ChainId {
        /// The journal.
        path: PathBuf,
        /// The chain id asked for.
        expected: u64,
        /// The journal's.
        got: u64,
    },
    /// A block of the journal does not give what it gave when it was mined.
    #[error("block {number} of the journal does not replay: {fault}")]
    Block {
        /// The block's number.
        number: u64,
        /// What differs.
        fault: BlockFault,
    },
    /// The journal goes back to a block that there is not.
    #[error("the journal goes back to a block after its latest, {head}")]
    Rewind {
        /// The latest block.
        head: u64,
    },
}

/// What is wrong with a block of the journal.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum BlockFault {
    /// Not the RLP of a block.
    #[error("not a block: {0}")]
    Rlp(alloy_rlp::Error),
    /// Bytes after the block.
    #[error("{left} bytes are left over")]
    Trailing {
        /// How many.
        left: usize,
    },
    /// Another parent.
    #[error("expected parent {expected}, got {got}")]
    Parent {
        /// The latest block's hash.
        expected: B256,
        /// The parent it names.
        got: B256,
    },
    /// A time that is not later than its parent's.
    #[error("expected a time after the parent's, {parent}, got {got}")]
    Time {
        /// The parent's time.
        parent: u64,
        /// The block's.
        got: u64,
    },
    /// A transaction that is not valid in its place.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// Another state.
    #[error("expected state root {expected}, got {got}")]
    StateRoot {
        /// The header's.
        expected: B256,
        /// What running it again gave.
        got: B256,
    },
    /// Another header, with the same state root.
    #[error("expected block hash {expected}, got {got}")]
    Header {
        /// The journal's.
        expected: B256,
        /// What running it again gave.
        got: B256,
    },
}

/// Why an embedded chain did not do what it was asked. It is as it was before, except where said.
#[derive(Debug, Error)]
pub enum EmbeddedError {
    /// The transaction is not valid.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// The journal could not be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// There is no such block.
    #[error("there is no block {number}; the latest is {head}")]
    NoSuchBlock {
        /// The number asked for.
        number: u64,
        /// The latest block.
        head: u64,
    },
    /// More blocks to replace than there are.
    #[error("cannot replace {depth} blocks of a chain whose latest is {head}; the genesis stays")]
    ReorganisationTooDeep {
        /// Blocks to replace.
        depth: u64,
        /// The latest block.
        head: u64,
    },
    /// The transactions given for one block do not fit into it. Blocks before it were replaced.
    #[error("transaction {tx} with a gas limit of {gas} finds no room in its block")]
    BlockFull {
        /// The first without room.
        tx: B256,
        /// Its gas limit.
        gas: u64,
    },
    /// A block's time must be later than its parent's.
    #[error("expected a time after the latest block's, {latest}, got {got}")]
    TimeNotLater {
        /// The latest block's time.
        latest: u64,
        /// The time given.
        got: u64,
    },
    /// A time so far ahead that blocks after it could run out of time.
    #[error("expected a time up to {limit} seconds, got {got}")]
    TimeTooFar {
        /// The latest time that can be set.
        limit: u64,
        /// The time given.
        got: u64,
    },
    /// An earlier operation panicked halfway.
    #[error("an earlier operation failed halfway; open the chain again")]
    Poisoned,
}
