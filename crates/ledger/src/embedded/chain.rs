//! The chain itself: its blocks, its state and its journal, changed by one operation at a time.
//!
//! A block is run on a draft, sealed, appended to the journal and flushed, and only then applied; a failure
//! before that leaves the chain as it was.

use super::{
    block::{self, Sealed},
    clock::Clock,
    error::{BlockFault, EmbeddedError, OpenError},
    executor::{self, Environment, Run, Signed, TransactionError},
    genesis::{Genesis, LATEST_TIME},
    journal::{Journal, JournalError, Kind, Medium, Opened},
    state::{BlockHashes, Changes, Draft, State, Tries},
};
use alloy::{
    consensus::{Block, Header, Transaction, TxEnvelope},
    primitives::{Address, B256, map::HashMap},
};
use alloy_rlp::Decodable;
use std::{fs::File, path::Path, sync::Arc};

/// Most transactions that wait for a block.
const POOL_LIMIT: usize = 10_000;
/// Most snapshots kept; older ones are forgotten.
const SNAPSHOT_LIMIT: usize = 1_024;

/// Blocks by number.
#[derive(Debug, Default)]
pub(crate) struct Blocks(Vec<Sealed>);

impl BlockHashes for Blocks {
    fn hash_of(&self, number: u64) -> Option<B256> {
        self.get(number).map(|block| block.hash)
    }
}

impl Blocks {
    pub(crate) fn get(&self, number: u64) -> Option<&Sealed> {
        self.0.get(usize::try_from(number).ok()?)
    }
}

#[derive(Debug, Clone, Copy)]
struct Snapshot {
    id: u64,
    number: u64,
    hash: B256,
    time_offset: u64,
}

pub(crate) struct Chain {
    genesis: Genesis,
    blocks: Blocks,
    by_hash: HashMap<B256, u64>,
    transactions: HashMap<B256, (u64, usize)>,
    state: State,
    journal: Option<Journal>,
    clock: Box<dyn Clock>,
    /// Seconds by which blocks run ahead of the clock.
    time_offset: u64,
    next_timestamp: Option<u64>,
    pub(crate) automine: bool,
    pool: Vec<Signed>,
    snapshots: Vec<Snapshot>,
    next_snapshot: u64,
    /// How often the chain was rewound.
    fork: u64,
    /// Bytes of an unfinished write that opening dropped.
    pub(crate) dropped: u64,
}

impl Chain {
    /// A chain in memory.
    pub(crate) fn new(genesis: Genesis, clock: Box<dyn Clock>) -> Result<Self, OpenError> {
        let mut state = State::new(genesis.state_roots);
        let changes = genesis.changes()?;
        let (tries, root) = updated(state.tries.clone(), &changes);
        state.apply(changes, tries);
        let block = Sealed::genesis(&genesis, root);
        Ok(Self {
            by_hash: HashMap::from_iter([(block.hash, 0)]),
            blocks: Blocks(vec![block]),
            genesis,
            transactions: HashMap::default(),
            state,
            journal: None,
            clock,
            time_offset: 0,
            next_timestamp: None,
            automine: true,
            pool: Vec::new(),
            snapshots: Vec::new(),
            next_snapshot: 0,
            fork: 0,
            dropped: 0,
        })
    }

    /// Opens the chain at `path`, or makes one that begins with `genesis`.
    pub(crate) fn open(
        path: &Path,
        genesis: Genesis,
        clock: impl Fn() -> Box<dyn Clock>,
        medium: impl FnOnce(File) -> Box<dyn Medium>,
    ) -> Result<Self, OpenError> {
        let mut chain: Option<Self> = None;
        let opened: Result<Opened<Kind>, OpenError> = Journal::open(
            path,
            &mut |kind, body| match (&mut chain, kind) {
                (None, Kind::Genesis) => {
                    let found: Genesis = serde_json::from_slice(body).map_err(OpenError::GenesisRecord)?;
                    if found.chain_id != genesis.chain_id {
                        return Err(OpenError::ChainId {
                            path: path.to_owned(),
                            expected: genesis.chain_id,
                            got: found.chain_id,
                        });
                    }
                    chain = Some(Self::new(found, clock())?);
                    Ok(())
                }
                (Some(chain), Kind::Block) => {
                    chain.replay(body).map_err(|fault| OpenError::Block { number: chain.head() + 1, fault })
                }
                (Some(chain), Kind::Rewind) => {
                    let number = body.try_into().map(u64::from_le_bytes);
                    match number.map(|number| chain.rewind_applied(number)) {
                        Ok(true) => Ok(()),
                        _ => Err(OpenError::Rewind { head: chain.head() }),
                    }
                }
                (None, _) | (Some(_), Kind::Genesis) => Err(OpenError::MisplacedGenesis),
            },
            medium,
        );
        let Opened { mut journal, dropped } = opened.map_err(|error| match error {
            OpenError::Journal(JournalError::Locked { path }) => OpenError::Locked { path },
            error => error,
        })?;
        let mut chain = match chain {
            Some(chain) => chain,
            None => {
                let chain = Self::new(genesis, clock())?;
                let record = serde_json::to_vec(&chain.genesis).map_err(OpenError::GenesisRecord)?;
                journal.append(Kind::Genesis, &record)?;
                chain
            }
        };
        chain.dropped = dropped;
        chain.journal = Some(journal);
        Ok(chain)
    }

    pub(crate) fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// Number of the latest block.
    pub(crate) fn head(&self) -> u64 {
        self.blocks.0.len() as u64 - 1
    }

    pub(crate) fn latest(&self) -> &Sealed {
        // The genesis block is never removed.
        self.blocks.0.last().unwrap_or_else(|| unreachable!("a chain has a genesis block"))
    }

    pub(crate) fn block(&self, number: u64) -> Option<&Sealed> {
        self.blocks.get(number)
    }

    pub(crate) fn number_of(&self, hash: &B256) -> Option<u64> {
        self.by_hash.get(hash).copied()
    }

    /// Block and index of a mined transaction.
    pub(crate) fn transaction(&self, hash: &B256) -> Option<(&Sealed, usize)> {
        let (number, index) = self.transactions.get(hash)?;
        Some((self.block(*number)?, *index))
    }

    pub(crate) fn pending(&self) -> &[Signed] {
        &self.pool
    }

    /// The state after block `number`, as a draft whose changes are kept nowhere.
    pub(crate) fn view(&self, number: u64) -> Draft<'_> {
        let mut overlay = Changes::default();
        for block in self.blocks.0.iter().skip(number as usize + 1).rev() {
            overlay.extend(&block.undo);
        }
        Draft::new(&self.state, overlay, &self.blocks)
    }

    /// The tries after block `number`; `None` where no roots are computed.
    pub(crate) fn tries(&self, number: u64) -> Option<Tries> {
        let mut tries = self.state.tries.clone()?;
        for block in self.blocks.0.iter().skip(number as usize + 1).rev() {
            tries.update(&block.undo);
        }
        Some(tries)
    }

    /// The environment of the next block, mined now.
    pub(crate) fn next_environment(&self) -> Environment {
        block::next_environment(&self.genesis, self.latest(), self.next_time(), self.fork)
    }

    fn next_time(&self) -> u64 {
        let after = self.latest().header.timestamp + 1;
        let now = self.clock.now().saturating_add(self.time_offset).min(LATEST_TIME);
        self.next_timestamp.unwrap_or(now).max(after)
    }

    /// The nonce after the transactions that wait.
    pub(crate) fn pending_nonce(&self, account: &Address) -> u64 {
        let mined = self.view(self.head()).info(account).unwrap_or_default().nonce;
        mined + self.pool.iter().filter(|tx| tx.signer() == *account).count() as u64
    }

    /// Takes a transaction: mines it at once, or lets it wait where blocks are mined by hand.
    pub(crate) fn submit(&mut self, tx: Signed) -> Result<B256, EmbeddedError> {
        let hash = *tx.tx_hash();
        if self.transactions.contains_key(&hash) || self.pool.iter().any(|other| *other.tx_hash() == hash) {
            return Err(TransactionError::Known(hash).into());
        }
        if self.automine {
            let mut waiting = std::mem::take(&mut self.pool);
            waiting.push(tx);
            let result = self.mine_strictly(&waiting);
            if result.is_err() {
                waiting.pop();
                self.pool = waiting;
            }
            return result.map(|()| hash);
        }
        if self.pool.len() >= POOL_LIMIT {
            return Err(TransactionError::PoolFull { limit: POOL_LIMIT }.into());
        }
        // Run behind those that wait: what is refused here would be refused in the block.
        let environment = self.next_environment();
        let mut draft = self.view(self.head());
        let waiting = self.pool.iter().cloned().chain([tx.clone()]);
        let run = executor::run(&mut draft, &environment, self.latest().hash, waiting);
        if let Some((_, error)) = run.refused.into_iter().find(|(refused, _)| *refused == hash) {
            return Err(error.into());
        }
        self.pool.push(tx);
        Ok(hash)
    }

    /// Mines blocks until all `transactions` are in one; if one of them is refused, nothing happens.
    fn mine_strictly(&mut self, transactions: &[Signed]) -> Result<(), EmbeddedError> {
        let (sealed, mut run) = self.prepare(transactions.iter().cloned());
        if let Some((_, error)) = run.refused.pop() {
            return Err(error.into());
        }
        let left = std::mem::take(&mut run.left);
        self.commit(sealed, run)?;
        self.pool = left;
        while !self.pool.is_empty() {
            self.mine()?;
        }
        Ok(())
    }

    /// Mines one block of what waits, possibly none; gives its hash. What has become invalid is dropped.
    pub(crate) fn mine(&mut self) -> Result<B256, EmbeddedError> {
        let (sealed, mut run) = self.prepare(self.pool.iter().cloned());
        let left = std::mem::take(&mut run.left);
        let hash = self.commit(sealed, run)?;
        self.pool = left;
        Ok(hash)
    }

    fn prepare(&self, transactions: impl IntoIterator<Item = Signed>) -> (Prepared, Run) {
        let environment = self.next_environment();
        self.prepare_in(&environment, transactions)
    }

    fn prepare_in(
        &self,
        environment: &Environment,
        transactions: impl IntoIterator<Item = Signed>,
    ) -> (Prepared, Run) {
        let parent = self.latest().hash;
        let mut draft = Draft::new(&self.state, Changes::default(), &self.blocks);
        let run = executor::run(&mut draft, environment, parent, transactions);
        let changes = draft.into_changes();
        let (tries, root) = updated(self.state.tries.clone(), &changes);
        (Prepared { header: block::header(environment, parent, &run, root), changes, tries }, run)
    }

    /// Writes the block to the journal, then makes it the latest.
    fn commit(&mut self, prepared: Prepared, run: Run) -> Result<B256, EmbeddedError> {
        if let Some(journal) = &mut self.journal {
            journal.append(Kind::Block, &Sealed::encode(&prepared.header, &run.executed))?;
        }
        self.next_timestamp = None;
        Ok(self.apply(prepared, run))
    }

    fn apply(&mut self, prepared: Prepared, run: Run) -> B256 {
        let hash = prepared.header.hash_slow();
        let undo = self.state.apply(prepared.changes, prepared.tries);
        let number = prepared.header.number;
        self.by_hash.insert(hash, number);
        for (index, done) in run.executed.iter().enumerate() {
            self.transactions.insert(*done.tx.tx_hash(), (number, index));
        }
        self.blocks.0.push(Sealed { header: prepared.header, hash, executed: run.executed, undo });
        hash
    }

    /// Runs a block of the journal again and compares what comes out.
    fn replay(&mut self, body: &[u8]) -> Result<(), BlockFault> {
        let mut rest = body;
        let block = Block::<TxEnvelope>::decode(&mut rest).map_err(BlockFault::Rlp)?;
        if !rest.is_empty() {
            return Err(BlockFault::Trailing { left: rest.len() });
        }
        let Block { header: expected, body } = block;
        let mut transactions = Vec::with_capacity(body.transactions.len());
        for tx in body.transactions {
            transactions.push(executor::admit(tx, self.genesis.chain_id)?);
        }
        if expected.parent_hash != self.latest().hash {
            return Err(BlockFault::Parent { expected: self.latest().hash, got: expected.parent_hash });
        }
        let parent = self.latest().header.timestamp;
        if expected.timestamp <= parent {
            return Err(BlockFault::Time { parent, got: expected.timestamp });
        }
        // Only the time is the block's own to choose; all else follows from the chain.
        let environment =
            block::next_environment(&self.genesis, self.latest(), expected.timestamp, self.fork);
        let (prepared, mut run) = self.prepare_in(&environment, transactions);
        if let Some((_, error)) = run.refused.pop() {
            return Err(error.into());
        }
        let got: &Header = &prepared.header;
        if got.state_root != expected.state_root {
            return Err(BlockFault::StateRoot { expected: expected.state_root, got: got.state_root });
        }
        if *got != expected {
            return Err(BlockFault::Header { expected: expected.hash_slow(), got: got.hash_slow() });
        }
        self.apply(prepared, run);
        Ok(())
    }

    /// Makes block `number` the latest and forgets those after it and what waits.
    pub(crate) fn rewind(&mut self, number: u64) -> Result<(), EmbeddedError> {
        if number > self.head() {
            return Err(EmbeddedError::NoSuchBlock { number, head: self.head() });
        }
        if let Some(journal) = &mut self.journal {
            journal.append(Kind::Rewind, &number.to_le_bytes())?;
        }
        self.rewind_applied(number);
        Ok(())
    }

    /// Whether there was such a block.
    fn rewind_applied(&mut self, number: u64) -> bool {
        if number > self.head() {
            return false;
        }
        while self.head() > number {
            let Some(block) = self.blocks.0.pop() else { break };
            self.by_hash.remove(&block.hash);
            for done in &block.executed {
                self.transactions.remove(done.tx.tx_hash());
            }
            let (tries, _) = updated(self.state.tries.take(), &block.undo);
            self.state.apply(block.undo, tries);
        }
        self.fork += 1;
        self.pool.clear();
        self.next_timestamp = None;
        true
    }

    /// Remembers the present block; gives the number to come back by.
    pub(crate) fn snapshot(&mut self) -> u64 {
        let id = self.next_snapshot;
        self.next_snapshot += 1;
        if self.snapshots.len() >= SNAPSHOT_LIMIT {
            self.snapshots.remove(0);
        }
        let (number, hash) = (self.head(), self.latest().hash);
        self.snapshots.push(Snapshot { id, number, hash, time_offset: self.time_offset });
        id
    }

    /// Goes back to a snapshot, which is then used up with all later ones; `false` if there is none.
    pub(crate) fn revert(&mut self, id: u64) -> Result<bool, EmbeddedError> {
        let Some(at) = self.snapshots.iter().position(|snapshot| snapshot.id == id) else {
            return Ok(false);
        };
        let Some(snapshot) = self.snapshots.get(at).copied() else { return Ok(false) };
        let stands = self.block(snapshot.number).is_some_and(|block| block.hash == snapshot.hash);
        if stands {
            self.rewind(snapshot.number)?;
            self.time_offset = snapshot.time_offset;
        }
        self.snapshots.truncate(at);
        Ok(stands)
    }

    /// Replaces the last `depth` blocks by `blocks`, each of which must be valid in its place.
    pub(crate) fn reorganise(&mut self, depth: u64, blocks: Vec<Vec<Signed>>) -> Result<B256, EmbeddedError> {
        let Some(number) = self.head().checked_sub(depth) else {
            return Err(EmbeddedError::ReorganisationTooDeep { depth, head: self.head() });
        };
        self.rewind(number)?;
        for transactions in blocks {
            let (prepared, mut run) = self.prepare(transactions);
            if let Some((_, error)) = run.refused.pop() {
                return Err(error.into());
            }
            if let Some(tx) = run.left.first() {
                return Err(EmbeddedError::BlockFull { tx: *tx.tx_hash(), gas: tx.gas_limit() });
            }
            self.commit(prepared, run)?;
        }
        Ok(self.latest().hash)
    }

    /// Moves the time of later blocks forward; gives by how much they now run ahead of the clock.
    pub(crate) fn increase_time(&mut self, seconds: u64) -> Result<u64, EmbeddedError> {
        let offset = self.time_offset.saturating_add(seconds);
        if offset > LATEST_TIME {
            return Err(EmbeddedError::TimeTooFar { limit: LATEST_TIME, got: offset });
        }
        self.time_offset = offset;
        Ok(offset)
    }

    /// Sets the time of the next block; it must be later than the latest's.
    pub(crate) fn set_next_timestamp(&mut self, timestamp: u64) -> Result<(), EmbeddedError> {
        let latest = self.latest().header.timestamp;
        if timestamp <= latest {
            return Err(EmbeddedError::TimeNotLater { latest, got: timestamp });
        }
        if timestamp > LATEST_TIME {
            return Err(EmbeddedError::TimeTooFar { limit: LATEST_TIME, got: timestamp });
        }
        // Blocks after it go on from there.
        self.time_offset = self.time_offset.max(timestamp.saturating_sub(self.clock.now()));
        self.next_timestamp = Some(timestamp);
        Ok(())
    }
}

/// A block that ran and is not yet part of the chain.
struct Prepared {
    header: Header,
    changes: Changes,
    tries: Option<Tries>,
}

/// Brings tries up to `changes`; gives the root too, which is zero without tries.
fn updated(tries: Option<Tries>, changes: &Changes) -> (Option<Tries>, B256) {
    match tries {
        None => (None, B256::ZERO),
        Some(mut tries) => {
            let root = tries.update(changes);
            (Some(tries), root)
        }
    }
}

/// Keeps the lock of [`Arc`]'d chains short: nothing here waits.
pub(crate) type Shared = Arc<std::sync::Mutex<Chain>>;
