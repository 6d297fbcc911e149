//! Where and how to keep a record: every way with its cost a year, and which is enough for whoever is to read it.
//!
//! What decides is who must be convinced. Somebody who trusts whoever keeps the records needs no chain. Whoever checks
//! later that a record was there and is unchanged needs a root of the log it is in, once in a while. Whoever must be able to
//! read records without asking anybody needs the bytes published. A contract that acts on a record needs a call.

use super::{BlobError, Chain, Footprint, MAX_BLOBS, PriceBook, Priced, blob_fee, blobs_for, floor_gas};
use alloy::primitives::keccak256;
use averment_primitives::{Bytes, U256};
use std::fmt;
use thiserror::Error;

/// Gas of a transaction that anchors a log, whatever is in it (pinned in `contracts/snapshots/actions.json`).
pub const ANCHOR_GAS: u64 = 65_767;

/// Bytes of its calldata: a selector and two words.
const ANCHOR_CALLDATA: usize = 4 + 2 * 32;

/// Bytes of records in one transaction's calldata at most: what nodes take, less an envelope.
const BATCH_BYTES: u64 = 120_000;

/// Longest record, most records a year, and most batches: one a minute, as often as a log can be anchored.
const MAX_BYTES: u32 = 100_000;
const MAX_VOLUME: u64 = 1_000_000_000_000;
const MAX_BATCHES: u32 = 525_600;

/// Who is to be convinced by the records; each needs more than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reader {
    /// Nobody who distrusts whoever keeps them.
    Ourselves,
    /// Somebody who is given records later, and checks that they were there at the time and are unchanged.
    Auditors,
    /// Anybody, without asking whoever made them.
    Everyone,
    /// A contract that acts on each of them.
    Contract,
}

/// How many records of what size, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    reader: Reader,
    bytes: u32,
    per_year: u64,
    batches: u32,
}

/// Why a demand makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DemandError {
    /// Empty, or longer than fits in a transaction.
    #[error(
        "expected records of 1 to {MAX_BYTES} bytes, got {got}: longer ones go off chain, and their digest on it"
    )]
    Bytes {
        /// What was said.
        got: u32,
    },
    /// None, or absurdly many.
    #[error("expected 1 to {MAX_VOLUME} records a year, got {got}")]
    Volume {
        /// What was said.
        got: u64,
    },
    /// Never, or more often than a log can be anchored.
    #[error("expected 1 to {MAX_BATCHES} batches a year, got {got}")]
    Batches {
        /// What was said.
        got: u32,
    },
}

impl Demand {
    /// `per_year` records of `bytes` bytes for `reader`; where they go out together, `batches` times a year.
    pub fn new(reader: Reader, bytes: u32, per_year: u64, batches: u32) -> Result<Self, DemandError> {
        if !(1..=MAX_BYTES).contains(&bytes) {
            return Err(DemandError::Bytes { got: bytes });
        }
        if !(1..=MAX_VOLUME).contains(&per_year) {
            return Err(DemandError::Volume { got: per_year });
        }
        if !(1..=MAX_BATCHES).contains(&batches) {
            return Err(DemandError::Batches { got: batches });
        }
        Ok(Self { reader, bytes, per_year, batches })
    }

    /// Bytes that go out in each batch, the largest of them.
    fn batch(&self) -> u64 {
        self.per_year.div_ceil(u64::from(self.batches)).saturating_mul(u64::from(self.bytes))
    }

    /// Batches that hold anything.
    fn filled(&self) -> u64 {
        self.per_year.min(u64::from(self.batches))
    }
}

/// A way to keep records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A database of one's own, no chain.
    Database,
    /// An append-only log of one's own whose root is anchored on a chain.
    Anchors(Chain),
    /// All bytes as calldata, batch by batch.
    Calldata(Chain),
    /// All bytes in blobs on Ethereum, batch by batch.
    Blobs,
    /// A call for each record, which puts it into an event.
    Events(Chain),
}

/// How long what was put somewhere can be had from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// As long as its owner keeps it.
    Owner,
    /// The digest for ever; the records as long as their owner keeps them.
    Digest,
    /// As long as somebody keeps the chain's history.
    History,
    /// About 18 days (4,096 epochs); its hash for ever.
    Days,
}

impl Way {
    /// Who is convinced by it.
    pub fn convinces(&self) -> Reader {
        match self {
            Self::Database => Reader::Ourselves,
            Self::Anchors(_) => Reader::Auditors,
            Self::Calldata(_) | Self::Blobs => Reader::Everyone,
            Self::Events(_) => Reader::Contract,
        }
    }

    /// How long records can be had.
    pub fn keeping(&self) -> Keeping {
        match self {
            Self::Database => Keeping::Owner,
            Self::Anchors(_) => Keeping::Digest,
            Self::Calldata(_) | Self::Events(_) => Keeping::History,
            Self::Blobs => Keeping::Days,
        }
    }

    /// What it is called by machines.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Anchors(_) => "anchoredLog",
            Self::Calldata(_) => "calldata",
            Self::Blobs => "blobs",
            Self::Events(_) => "events",
        }
    }

    /// The chain it is on.
    pub fn chain(&self) -> Option<Chain> {
        match self {
            Self::Database => None,
            Self::Blobs => Some(Chain::Ethereum),
            Self::Anchors(chain) | Self::Calldata(chain) | Self::Events(chain) => Some(*chain),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database => f.write_str("a database, no chain"),
            Self::Anchors(chain) => write!(f, "a log, its root anchored on {chain}"),
            Self::Calldata(chain) => write!(f, "calldata on {chain}, in batches"),
            Self::Blobs => f.write_str("blobs on Ethereum, in batches"),
            Self::Events(chain) => write!(f, "a call with an event for each on {chain}"),
        }
    }
}

impl fmt::Display for Keeping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Owner => "as long as you keep it",
            Self::Digest => "digest for ever, records as long as you keep them",
            Self::History => "as long as the chain's history is kept",
            Self::Days => "about 18 days, then as long as you keep it",
        })
    }
}

/// A way with its cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// The way.
    pub way: Way,
    /// Transactions a year.
    pub transactions: u64,
    /// Fees a year.
    pub per_year: Priced,
}

/// What is advised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Every way, those that convince fewer readers first, and the cheaper first among these.
    pub offers: Vec<Offer>,
    /// The cheapest that convinces the reader and lasts.
    pub best: Offer,
    /// One that convinces the reader, is cheaper, and does not last by itself.
    pub fleeting: Option<Offer>,
}

/// Weighs all ways at the book's prices.
pub fn advise(book: &PriceBook, demand: &Demand) -> Advice {
    let offer = |way, transactions, wei| Offer { way, transactions, per_year: book.priced(wei) };
    let database = offer(Way::Database, 0, U256::ZERO);
    let mut offers = vec![database];
    let anchor = Footprint::of_call(incompressible(ANCHOR_CALLDATA).into(), ANCHOR_GAS);
    let event = event(demand.bytes as usize);
    let batch = Batch::of(demand.batch(), BATCH_BYTES);
    let [whole, rest] = [batch.each, batch.rest].map(calldata);
    for chain in Chain::ALL {
        let cost = |footprint| book.cost(chain, footprint).total();
        let anchors = u64::from(demand.batches);
        offers.push(offer(Way::Anchors(chain), anchors, times(cost(&anchor), anchors)));
        let one = times(cost(&whole), batch.full).saturating_add(if batch.rest > 0 {
            cost(&rest)
        } else {
            U256::ZERO
        });
        let sent = batch.transactions().saturating_mul(demand.filled());
        offers.push(offer(Way::Calldata(chain), sent, times(one, demand.filled())));
        offers.push(offer(Way::Events(chain), demand.per_year, times(cost(&event), demand.per_year)));
    }
    let (transactions, wei) = blobs(book, demand.batch());
    let transactions = transactions.saturating_mul(demand.filled());
    offers.push(offer(Way::Blobs, transactions, times(wei, demand.filled())));
    offers.sort_by_key(|offer| (offer.way.convinces(), offer.per_year.wei));

    let enough = || offers.iter().filter(|offer| offer.way.convinces() >= demand.reader);
    let cheapest = |lasts: bool| {
        enough()
            .filter(|offer| (offer.way.keeping() != Keeping::Days) == lasts)
            .min_by_key(|offer| offer.per_year.wei)
            .copied()
    };
    // There is always one: calls convince everybody.
    let best = cheapest(true).unwrap_or(database);
    let fleeting = cheapest(false).filter(|offer| offer.per_year.wei < best.per_year.wei);
    Advice { offers, best, fleeting }
}

fn times(wei: U256, count: u64) -> U256 {
    wei.saturating_mul(U256::from(count))
}

/// Bytes cut into equal pieces and a rest.
struct Batch {
    each: u64,
    full: u64,
    rest: u64,
}

impl Batch {
    fn of(bytes: u64, each: u64) -> Self {
        Self { each, full: bytes / each, rest: bytes % each }
    }

    fn transactions(&self) -> u64 {
        self.full + u64::from(self.rest > 0)
    }
}

/// A transaction whose calldata is records alone.
fn calldata(bytes: u64) -> Footprint {
    let data = incompressible(usize::try_from(bytes).unwrap_or(usize::MAX));
    let gas = floor_gas(&data);
    Footprint::of_call(data.into(), gas)
}

/// Transactions and their fees for records in blobs, six at most each.
fn blobs(book: &PriceBook, bytes: u64) -> (u64, U256) {
    let plain = book.cost(Chain::Ethereum, &Footprint::of_call(Bytes::new(), floor_gas(&[]))).total();
    let batch = Batch::of(blobs_for(bytes), MAX_BLOBS);
    let fee = |count| -> Result<U256, BlobError> {
        Ok(blob_fee(count, book.ethereum.blob_base_fee)?.saturating_add(plain))
    };
    let whole = times(fee(batch.each).unwrap_or_default(), batch.full);
    let rest = fee(batch.rest).unwrap_or_default(); // none, if nothing is left
    (batch.transactions(), whole.saturating_add(rest))
}

/// A call of a contract that puts its calldata into an event, which is the least such a contract can do.
fn event(bytes: usize) -> Footprint {
    let data = incompressible(bytes);
    let words = bytes.div_ceil(32) as u64;
    let memory = 3 * words + words * words / 512;
    // 13 for instructions, 3 a word to copy, 375 and 8 a byte for an event without topics.
    let execution = 13 + 3 * words + memory + 375 + 8 * bytes as u64;
    let zeros = data.iter().filter(|byte| **byte == 0).count() as u64;
    let gas = 21_000 + 16 * bytes as u64 - 12 * zeros + execution;
    let gas = gas.max(floor_gas(&data));
    Footprint::of_call(data.into(), gas)
}

/// Bytes as compressible as digests, points and proofs are: not at all. Always the same for a length.
pub fn incompressible(bytes: usize) -> Vec<u8> {
    (0_u64..).flat_map(|block| keccak256(block.to_be_bytes()).0).take(bytes).collect()
}

#[cfg(test)]
mod tests;
