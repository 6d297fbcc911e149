//! What an operator has seen and decided, on disk before it acts on it: `averment-operator-journal/1`, on
//! [`averment_atomic::journal`].
//!
//! ```text
//! kind = 0 who (JSON: chain, contracts, operator) | 1 block (JSON: number, hash, events) | 2 own (JSON: an event: a decision, or
//!        something that was signed for other members)
//! ```
//!
//! Reading it again gives the machine as it was. A block's events are one record, so none is half there; blocks without
//! events are written now and then only, to remember how far the chain was read and what its hash was: what lies between
//! is read from the chain again. A journal that has grown is written anew without what is about requests that are over, beside the
//! old one, and then put in its place: a crash leaves the one or the other. One process at a time has the journal open, so an operator that is started twice says so.

use crate::machine::Event;
use alloy_primitives::{Address, B256};
use averment_atomic::{
    self as atomic,
    journal::{self, JournalError, JournalStep, Opened},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Who keeps a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// The chain.
    pub chain_id: u64,
    /// The contract that requests go to.
    pub router: Address,
    /// The contract with the operators' stake.
    pub staking: Address,
    /// The operator's number.
    pub operator: u32,
}

/// A settled block, as far as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// What happened in it and in the blocks since the last one read.
    pub events: Vec<Event>,
}

/// Why a journal was not opened or written.
#[derive(Debug, Error)]
pub enum KeepError {
    /// The file failed, is damaged, or is open elsewhere.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Somebody else's.
    #[error(
        "{}: the journal is of operator {} on chain {} (router {}), not of {} on {} (router {})",
        path.display(), got.operator, got.chain_id, got.router, expected.operator, expected.chain_id, expected.router
    )]
    Other {
        /// The journal.
        path: PathBuf,
        /// Who opens it.
        expected: Box<Who>,
        /// Whose it is.
        got: Box<Who>,
    },
    /// A record that cannot be read.
    #[error("{}: record {record} is not what an operator writes: {why}", path.display())]
    Record {
        /// The journal.
        path: PathBuf,
        /// Its number.
        record: usize,
        /// What is wrong.
        why: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Who,
    Block,
    Own,
}

impl journal::Kind for Kind {
    const NAME: &'static str = "averment-operator-journal/1";

    fn code(self) -> u8 {
        match self {
            Self::Who => 0,
            Self::Block => 1,
            Self::Own => 2,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Who),
            1 => Some(Self::Block),
            2 => Some(Self::Own),
            _ => None,
        }
    }
}

/// An open journal.
pub struct Journal {
    file: journal::Journal<Kind>,
    path: PathBuf,
    who: Who,
    /// What it holds, so that it can be written anew.
    kept: Kept,
    /// Bytes that were appended since it was last written anew, or opened.
    grown: usize,
    /// How long what was then written is.
    base: usize,
}

/// What a journal held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The newest block read; none yet of a new journal.
    pub last: Option<(u64, B256)>,
    /// All events, in order.
    pub events: Vec<Event>,
}

impl Journal {
    /// Opens the journal at `path`, or begins it.
    pub fn open(path: &Path, who: &Who) -> Result<(Self, Kept), KeepError> {
        let (file, kept, grown) = Self::read(path, who)?;
        let (path, who) = (path.to_owned(), *who);
        let mut opened = Self { file, path, who, kept: kept.clone(), grown, base: 0 };
        if grown == 0 {
            opened.append(Kind::Who, 0, &who)?;
        }
        Ok((opened, kept))
    }

    /// Reads the file; gives how many bytes its records have.
    fn read(path: &Path, who: &Who) -> Result<(journal::Journal<Kind>, Kept, usize), KeepError> {
        let mut grown = 0;
        let mut kept = Kept { last: None, events: Vec::new() };
        let mut record = 0;
        let mut replay = |kind: Kind, body: &[u8]| {
            let at = record;
            record += 1;
            grown += body.len();
            let wrong = |why: String| KeepError::Record { path: path.to_owned(), record: at, why };
            let json = |error: serde_json::Error| wrong(error.to_string());
            match (kind, at) {
                (Kind::Who, 0) => {
                    let got: Who = serde_json::from_slice(body).map_err(json)?;
                    if got != *who {
                        let (expected, got) = (Box::new(*who), Box::new(got));
                        return Err(KeepError::Other { path: path.to_owned(), expected, got });
                    }
                }
                (Kind::Block, 1..) => {
                    let block: Block = serde_json::from_slice(body).map_err(json)?;
                    if kept.last.is_some_and(|(number, _)| number >= block.number) {
                        return Err(wrong(format!("block {} comes too late", block.number)));
                    }
                    kept.last = Some((block.number, block.hash));
                    kept.events.extend(block.events);
                }
                (Kind::Own, 1..) => match serde_json::from_slice::<Event>(body).map_err(json)? {
                    own if own.is_own() => {
                        kept.events.push(own);
                    }
                    other => return Err(wrong(format!("nothing that an operator does: {other:?}"))),
                },
                _ => return Err(wrong("not in this place".to_owned())),
            }
            Ok(())
        };
        let Opened { journal, .. } = journal::Journal::open(path, &mut replay, |file: File| Box::new(file))?;
        Ok((journal, kept, grown))
    }

    /// Keeps what a settled block held.
    pub fn block(&mut self, block: &Block) -> Result<(), KeepError> {
        self.append(Kind::Block, 0, block)?;
        self.kept.last = Some((block.number, block.hash));
        self.kept.events.extend(block.events.iter().cloned());
        Ok(())
    }

    /// Keeps what the operator decided or signed.
    pub fn own(&mut self, event: &Event) -> Result<(), KeepError> {
        self.append(Kind::Own, 0, event)?;
        self.kept.events.push(event.clone());
        Ok(())
    }

    /// Whether it has grown so much that it should be written anew: by `least` bytes, and to twice its length.
    pub fn has_grown(&self, least: usize) -> bool {
        self.grown >= least && self.grown >= self.base
    }

    /// Writes the journal anew, without what is about requests that are over. On an error it is as it was; but for
    /// [`KeepError::Journal`] when it was put in its place and cannot be opened: then nothing may be signed.
    pub fn write_anew(&mut self) -> Result<(), KeepError> {
        self.kept.events = still_needed(std::mem::take(&mut self.kept.events));
        let anew = self.path.with_extension("anew");
        let failed = |step| {
            let path = self.path.clone();
            move |source| JournalError::Io { path, step, source }
        };
        match fs::remove_file(&anew) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed(JournalStep::Truncate)(error).into());
            }
            _ => {}
        }
        let (file, _, _) = Self::read(&anew, &self.who)?;
        let (path, who, kept) = (anew.clone(), self.who, self.kept.clone());
        let mut written = Self { file, path, who, kept, grown: 0, base: 0 };
        written.append(Kind::Who, 0, &who)?;
        if let Some((number, hash)) = self.kept.last {
            let block = Block { number, hash, events: self.kept.events.clone() };
            written.append(Kind::Block, 0, &block)?;
        }
        let base = written.grown;
        drop(written);
        fs::rename(&anew, &self.path).map_err(failed(JournalStep::Write))?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        atomic::sync_folder(folder.unwrap_or(Path::new(".")))
            .map_err(|error| failed(JournalStep::Flush)(error.source))?;
        let (file, kept, _) = Self::read(&self.path, &self.who)?;
        (self.file, self.kept, self.grown, self.base) = (file, kept, 0, base);
        Ok(())
    }

    fn append(&mut self, kind: Kind, record: usize, value: &impl Serialize) -> Result<(), KeepError> {
        let body = serde_json::to_vec(value).map_err(|error| KeepError::Record {
            path: self.path.clone(),
            record,
            why: error.to_string(),
        })?;
        self.file.append(kind, &body)?;
        self.grown += body.len();
        Ok(())
    }
}

/// What a machine needs of these events: all about requests that are open, the offers, and how late it is.
fn still_needed(events: Vec<Event>) -> Vec<Event> {
    let over: BTreeSet<B256> = events
        .iter()
        .filter_map(|event| match event {
            Event::Closed { id } => Some(*id),
            _ => None,
        })
        .collect();
    let latest = events.iter().rev().find(|event| matches!(event, Event::Settled { .. })).cloned();
    let needed = |event: &Event| match event.id() {
        Some(id) => !over.contains(&id) && !matches!(event, Event::Charged { .. }),
        None => matches!(event, Event::Offered { .. }),
    };
    events.into_iter().filter(needed).chain(latest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who() -> Who {
        let [router, staking] = [1, 2].map(Address::repeat_byte);
        Who { chain_id: 31337, router, staking, operator: 3 }
    }

    fn block(number: u64, events: Vec<Event>) -> Block {
        Block { number, hash: B256::repeat_byte(number as u8), events }
    }

    #[test]
    fn what_was_kept_is_there_again_wherever_the_file_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let id = B256::repeat_byte(7);
        let (mut journal, kept) = Journal::open(&path, &who()).unwrap();
        assert_eq!((kept.last, kept.events.len()), (None, 0));
        journal.block(&block(5, vec![Event::Settled { time: 9 }, Event::Ended { id }])).unwrap();
        let decided = Event::Decided { id, outputs: vec![-4, 2] };
        journal.own(&decided).unwrap();
        journal.block(&block(9, vec![])).unwrap();
        let another = Journal::open(&path, &who()).map(drop).unwrap_err();
        assert!(matches!(another, KeepError::Journal(JournalError::Locked { .. })), "{another}");
        drop(journal);
        let (_, whole) = Journal::open(&path, &who()).unwrap();
        assert_eq!(whole.last, Some((9, B256::repeat_byte(9))));
        assert_eq!(whole.events, [Event::Settled { time: 9 }, Event::Ended { id }, decided]);

        let bytes = fs::read(&path).unwrap();
        for cut in 0..bytes.len() {
            fs::write(&path, &bytes[..cut]).unwrap();
            let (_, kept) = Journal::open(&path, &who()).unwrap();
            assert_eq!(whole.events[..kept.events.len()], kept.events[..]);
        }
    }

    /// A journal with a request that is over and one that is open.
    fn filled(path: &Path) -> (Journal, B256) {
        let [over, open] = [7, 8].map(B256::repeat_byte);
        let (mut journal, _) = Journal::open(path, &who()).unwrap();
        journal.block(&block(5, vec![Event::Reopened { id: over }, Event::Settled { time: 9 }])).unwrap();
        journal.own(&Event::Decided { id: over, outputs: vec![1] }).unwrap();
        journal.own(&Event::Decided { id: open, outputs: vec![2] }).unwrap();
        journal.block(&block(6, vec![Event::Closed { id: over }, Event::Settled { time: 11 }])).unwrap();
        (journal, open)
    }

    #[test]
    fn written_anew_it_holds_what_is_open_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, open) = filled(&path);
        assert!(journal.has_grown(100) && !journal.has_grown(100_000));
        let before = fs::metadata(&path).unwrap().len();
        // What a crash left of another time is no hindrance.
        fs::write(path.with_extension("anew"), b"averment-op").unwrap();
        journal.write_anew().unwrap();
        assert!(!journal.has_grown(1) && fs::metadata(&path).unwrap().len() < before);
        journal.own(&Event::Staked { id: open }).unwrap();
        let another = Journal::open(&path, &who()).map(drop).unwrap_err();
        assert!(matches!(another, KeepError::Journal(JournalError::Locked { .. })), "{another}");
        drop(journal);
        let (_, kept) = Journal::open(&path, &who()).unwrap();
        assert_eq!(kept.last, Some((6, B256::repeat_byte(6))));
        let decided = Event::Decided { id: open, outputs: vec![2] };
        assert_eq!(kept.events, [decided, Event::Settled { time: 11 }, Event::Staked { id: open }]);
        assert!(!path.with_extension("anew").exists());
    }

    #[test]
    fn a_crash_while_it_is_written_anew_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, _) = filled(&path);
        let old = fs::read(&path).unwrap();
        journal.write_anew().unwrap();
        drop(journal);
        let anew = fs::read(&path).unwrap();
        for cut in 0..anew.len() {
            fs::write(&path, &old).unwrap();
            fs::write(path.with_extension("anew"), &anew[..cut]).unwrap();
            let (mut journal, kept) = Journal::open(&path, &who()).unwrap();
            assert_eq!(kept.events.len(), 6);
            journal.write_anew().unwrap();
            drop(journal);
            assert_eq!(fs::read(&path).unwrap(), anew);
        }
    }

    #[test]
    fn somebody_elses_and_nonsense_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, _) = Journal::open(&path, &who()).unwrap();
        journal.block(&block(5, vec![])).unwrap();
        journal.block(&block(5, vec![])).unwrap();
        drop(journal);
        let other = Journal::open(&path, &Who { operator: 4, ..who() }).map(drop).unwrap_err();
        assert!(matches!(other, KeepError::Other { .. }), "{other}");
        let late = Journal::open(&path, &who()).map(drop).unwrap_err();
        assert!(matches!(late, KeepError::Record { record: 2, .. }), "{late}");
    }
}
