//! A chain inside this process: Ethereum's virtual machine, state roots, proofs and a journal on disk.
//!
//! It serves development, demonstrations, simulation and tests. Whoever holds the journal can write another
//! history, so it is one operator's word and proves nothing to a third party; every block says so in its
//! extra data. Rules are those of the Prague fork; each transaction gets a block of its own unless mining is
//! done by hand. What is not there: blob transactions, filters and subscriptions, tracing, a peer-to-peer
//! network. This process reaches it through alloy's transport trait ([`Embedded::client`]), others on the same
//! machine over HTTP where it is served ([`ChainServer`]).

mod block;
mod chain;
mod clock;
mod error;
mod executor;
mod genesis;
mod journal;
mod rpc;
mod serve;
mod state;
#[cfg(test)]
mod tests;
mod transport;
mod trie;

pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{BlockFault, EmbeddedError, OpenError};
pub use executor::TransactionError;
pub use genesis::{DEVELOPMENT_ACCOUNTS, Genesis, GenesisAccount, GenesisError};
pub use journal::{JournalError, JournalStep};
pub use serve::{ChainServer, RpcLimits, ServeLimits};

use alloy::{consensus::Header, primitives::B256, rpc::client::RpcClient};
use chain::{Chain, Shared};
use std::{path::Path, sync::Arc, time::Duration};

/// How often alloy asks for news: the chain has them as soon as a transaction is sent.
const POLL: Duration = Duration::from_millis(1);

/// A handle to an embedded chain; copies are the same chain. The journal stays locked until the last is gone.
#[derive(Clone)]
pub struct Embedded {
    chain: Shared,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Embedded(…)")
    }
}

impl Embedded {
    /// A chain that lives in memory only.
    pub fn in_memory(genesis: Genesis) -> Result<Self, OpenError> {
        Self::in_memory_with(genesis, SystemClock)
    }

    /// [`Embedded::in_memory`] with a clock of your own.
    pub fn in_memory_with(genesis: Genesis, clock: impl Clock) -> Result<Self, OpenError> {
        Ok(Self::from(Chain::new(genesis, Box::new(clock))?))
    }

    /// Opens the chain whose journal is at `path`, running its blocks again and comparing every state root;
    /// makes one that begins with `genesis` if there is none. Of a chain that is there, only the chain id is
    /// compared with `genesis`.
    pub fn open(path: &Path, genesis: Genesis) -> Result<Self, OpenError> {
        Self::open_with(path, genesis, SystemClock)
    }

    /// [`Embedded::open`] with a clock of your own.
    pub fn open_with(path: &Path, genesis: Genesis, clock: impl Clock + Clone) -> Result<Self, OpenError> {
        let chain = Chain::open(path, genesis, || Box::new(clock.clone()), |file| Box::new(file))?;
        Ok(Self::from(chain))
    }

    fn lock(&self) -> Result<std::sync::MutexGuard<'_, Chain>, EmbeddedError> {
        self.chain.lock().map_err(|_| EmbeddedError::Poisoned)
    }

    /// A client for alloy's providers, which reaches this chain without a socket.
    pub fn client(&self) -> RpcClient {
        RpcClient::new(transport::Transport::new(self.chain.clone()), true).with_poll_interval(POLL)
    }

    /// What the chain began with.
    pub fn genesis(&self) -> Result<Genesis, EmbeddedError> {
        Ok(self.lock()?.genesis().clone())
    }

    /// The latest block's header, and its hash.
    pub fn latest(&self) -> Result<(B256, Header), EmbeddedError> {
        let chain = self.lock()?;
        Ok((chain.latest().hash, chain.latest().header.clone()))
    }

    /// The hash of block `number`, if there is one.
    pub fn block_hash(&self, number: u64) -> Result<Option<B256>, EmbeddedError> {
        Ok(self.lock()?.block(number).map(|block| block.hash))
    }

    /// Bytes of an unfinished last write that opening dropped: no receipt of it was ever given.
    pub fn dropped_on_opening(&self) -> Result<u64, EmbeddedError> {
        Ok(self.lock()?.dropped)
    }

    /// Whether each transaction is mined at once (the default) or waits for [`Embedded::mine`].
    pub fn set_automine(&self, automine: bool) -> Result<(), EmbeddedError> {
        self.lock()?.automine = automine;
        Ok(())
    }

    /// Takes a signed transaction (EIP-2718 bytes); gives its hash.
    pub fn submit(&self, raw: &[u8]) -> Result<B256, EmbeddedError> {
        let mut chain = self.lock()?;
        let tx = executor::decode(raw, chain.genesis().chain_id)?;
        chain.submit(tx)
    }

    /// Mines one block of what waits, also when nothing does; gives its hash.
    pub fn mine(&self) -> Result<B256, EmbeddedError> {
        self.lock()?.mine()
    }

    /// Remembers the present block; gives the number to come back by.
    pub fn snapshot(&self) -> Result<u64, EmbeddedError> {
        Ok(self.lock()?.snapshot())
    }

    /// Goes back to a snapshot, which is then used up with all later ones; `false` if there is none.
    pub fn revert(&self, snapshot: u64) -> Result<bool, EmbeddedError> {
        self.lock()?.revert(snapshot)
    }

    /// Lets later blocks be `seconds` later than the clock says; adds up.
    pub fn increase_time(&self, seconds: u64) -> Result<(), EmbeddedError> {
        self.lock()?.increase_time(seconds).map(drop)
    }

    /// Sets the time of the next block, in seconds of Unix time; later ones go on from there.
    pub fn set_next_timestamp(&self, timestamp: u64) -> Result<(), EmbeddedError> {
        self.lock()?.set_next_timestamp(timestamp)
    }

    /// Replaces the last `depth` blocks by others: one for each element of `blocks`, of these signed
    /// transactions. No replacement has the hash of what it replaces. On an error after the blocks were taken
    /// away, those that were put in their place so far stay.
    pub fn reorganise(&self, depth: u64, blocks: &[Vec<Vec<u8>>]) -> Result<B256, EmbeddedError> {
        let mut chain = self.lock()?;
        let chain_id = chain.genesis().chain_id;
        let decode = |raws: &Vec<Vec<u8>>| raws.iter().map(|raw| executor::decode(raw, chain_id)).collect();
        let blocks = blocks.iter().map(decode).collect::<Result<_, _>>()?;
        chain.reorganise(depth, blocks)
    }
}

impl From<Chain> for Embedded {
    fn from(chain: Chain) -> Self {
        Self { chain: Arc::new(chain.into()) }
    }
}
