//! Rounds of drand, from relays that publish them (`--drand`), for chains whose committees they draw.
//!
//! A relay speaks drand's HTTP API, version 1 (<https://docs.drand.love/developer/http-api>): `GET
//! /CHAIN/public/ROUND`, with the hash of the network and the number of the round, gives JSON, of which `round` and
//! `signature` (48 bytes in hexadecimal) are read. Nothing that a relay says is believed: the round has to be the one that was
//! asked for, its signature a point, and whether it signs the round the contract says before a transaction is paid for. What is
//! wrong with a relay is a [`RelayFault`], costs the attempt, and the next is asked; when all have failed, they are asked
//! again later.
//!
//! Relays are asked on a task of their own: one that is slow holds nothing else up.

use averment_ledger::{
    ConnectError, Post, RemoteFault,
    contracts::drand::{CHAIN, PointError, Round},
};
use averment_primitives::hex;
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use thiserror::Error;

/// How long a relay may take to answer.
pub const TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes of an answer; one has some 200.
const ANSWER_LIMIT: usize = 4 << 10;
/// Most characters of a parser's words that are kept.
const WORDS_LIMIT: usize = 120;
/// Rounds that are asked for at a time, at the most.
const SEARCHES: usize = 32;

/// Who is asked for rounds; copies share what was found.
#[derive(Debug, Clone)]
pub struct Relays {
    relays: Arc<[Post]>,
    searches: Arc<Mutex<HashMap<u64, Search>>>,
}

/// A round as a relay gave it. Whether it was signed is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its number.
    pub round: u64,
    /// Its signature, as `DrandRandomness` takes it.
    pub coordinates: [u8; 128],
    /// Who gave it.
    pub host: String,
    /// The place of who gave it among the relays.
    relay: usize,
}

/// What is wrong with a relay's answer.
#[derive(Debug, Error)]
pub enum RelayFault {
    /// There is none, or not in time, or it is too long.
    #[error(transparent)]
    Unanswered(#[from] RemoteFault),
    /// It does not have the round, or not yet.
    #[error("it does not have the round, or not yet")]
    NotThere,
    /// It refuses.
    #[error("it answers with HTTP status {status}")]
    Status {
        /// With what.
        status: u16,
    },
    /// Not what drand's API says.
    #[error("its answer is not JSON with a round and a signature of 48 bytes: {why}")]
    Form {
        /// The parser's words, cut short.
        why: String,
    },
    /// Another round than was asked for.
    #[error("expected round {expected}, got {got}")]
    OtherRound {
        /// What was asked for.
        expected: u64,
        /// What came.
        got: u64,
    },
    /// No signature whatever the key.
    #[error("the signature: {0}")]
    Point(#[from] PointError),
    /// The contract does not take it: not drand's signature of this round.
    #[error("the contract does not take its round: {why}")]
    Refused {
        /// The contract's words.
        why: String,
    },
}

/// What is wrong with a relay.
#[derive(Debug, Error)]
#[error("{host}: {fault}")]
pub struct RelayError {
    /// The relay's host.
    pub host: String,
    /// What is wrong.
    pub fault: RelayFault,
}

/// Why a round is not there.
#[derive(Debug, Error)]
#[error("no relay gave round {round} of drand ({})", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct NoRound {
    /// The round.
    pub round: u64,
    /// What was wrong, in the order in which relays were asked.
    pub faults: Vec<RelayError>,
}

/// How far a round is.
#[derive(Debug, Default)]
struct Search {
    /// The relay that is asked first: the one after whom the contract refused.
    first: usize,
    progress: Progress,
}

#[derive(Debug, Default)]
enum Progress {
    #[default]
    Idle,
    UnderWay,
    Found(Fetched),
    Failed(NoRound),
}

/// What is read of a relay's answer.
#[derive(Deserialize)]
struct Published {
    round: u64,
    signature: String,
}

impl Relays {
    /// Relays at these addresses, asked in this order, each with so much time to answer. Nothing is asked yet.
    pub fn new(urls: &[String], timeout: Duration) -> Result<Self, ConnectError> {
        let relays = urls.iter().map(|url| Post::new(url, timeout)).collect::<Result<_, _>>()?;
        Ok(Self { relays, searches: Arc::default() })
    }

    /// Asks one relay after the other for a round, until one gives a round of the right form.
    pub async fn fetch(&self, round: u64) -> Result<Fetched, NoRound> {
        self.fetch_from(round, 0).await
    }

    async fn fetch_from(&self, round: u64, first: usize) -> Result<Fetched, NoRound> {
        let mut faults = Vec::new();
        let count = self.relays.len();
        for (relay, post) in self.relays.iter().enumerate().cycle().skip(first).take(count) {
            let host = post.host().to_owned();
            match asked(post, round).await {
                Ok(coordinates) => return Ok(Fetched { round, coordinates, host, relay }),
                Err(fault) => faults.push(RelayError { host, fault }),
            }
        }
        Err(NoRound { round, faults })
    }

    /// The round, if it was fetched; otherwise has it fetched, unless it is on its way. A failure is told once, and then the
    /// relays are asked again.
    pub(crate) fn take(&self, round: u64) -> Result<Option<Fetched>, NoRound> {
        let mut searches = self.searches();
        if searches.len() >= SEARCHES && !searches.contains_key(&round) {
            searches.retain(|_, search| matches!(search.progress, Progress::UnderWay));
            if searches.len() >= SEARCHES {
                return Ok(None);
            }
        }
        let search = searches.entry(round).or_default();
        match std::mem::take(&mut search.progress) {
            Progress::Idle => {}
            Progress::UnderWay => {
                search.progress = Progress::UnderWay;
                return Ok(None);
            }
            Progress::Found(fetched) => {
                search.progress = Progress::Found(fetched.clone());
                return Ok(Some(fetched));
            }
            Progress::Failed(why) => return Err(why),
        }
        search.progress = Progress::UnderWay;
        let (relays, first) = (self.clone(), search.first);
        tokio::spawn(async move {
            let progress = match relays.fetch_from(round, first).await {
                Ok(fetched) => Progress::Found(fetched),
                Err(why) => Progress::Failed(why),
            };
            relays.searches().insert(round, Search { first, progress });
        });
        Ok(None)
    }

    /// The contract has the round.
    pub(crate) fn forget(&self, round: u64) {
        self.searches().remove(&round);
    }

    /// The contract refused what a relay gave: the one after it is asked first.
    pub(crate) fn distrust(&self, Fetched { round, relay, .. }: &Fetched) {
        let first = (relay + 1) % self.relays.len().max(1);
        self.searches().insert(*round, Search { first, progress: Progress::Idle });
    }

    fn searches(&self) -> MutexGuard<'_, HashMap<u64, Search>> {
        self.searches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks one relay; gives the coordinates of its signature.
async fn asked(relay: &Post, number: u64) -> Result<[u8; 128], RelayFault> {
    let path = format!("{}/public/{number}", hex::encode(CHAIN));
    let (status, body) = relay.get(&path, ANSWER_LIMIT).await?;
    match status {
        200 => {}
        404 => return Err(RelayFault::NotThere),
        status => return Err(RelayFault::Status { status }),
    }
    let form = |why: String| RelayFault::Form { why: why.chars().take(WORDS_LIMIT).collect() };
    let Published { round: got, signature } =
        serde_json::from_slice(&body).map_err(|error| form(error.to_string()))?;
    if got != number {
        return Err(RelayFault::OtherRound { expected: number, got });
    }
    let signature = hex::decode_to_array(&signature).map_err(|error| form(error.to_string()))?;
    Ok(Round { number, signature }.coordinates()?)
}
