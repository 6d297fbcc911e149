//! What a member of a task saw and decided, on disk before it acts on it: `averment-federated-journal/1`, on
//! [`averment_atomic::journal`].
//!
//! ```text
//! kind = 0 who (JSON: chain_id, task, account) | 1 block (JSON: number, hash, events) | 2 own (JSON: an event: an update that
//!        was made, scores that were decided)
//! ```
//!
//! Reading it again gives the machine as it was. One process at a time has it open. A task ends, and with it its journal's growth.

use super::machine::Event;
use alloy_primitives::{Address, B256};
use averment_atomic::journal::{self, JournalError, Opened};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Who keeps a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// The chain.
    pub chain_id: u64,
    /// The task.
    pub task: Address,
    /// The member.
    pub account: Address,
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
        "{}: the journal is of {} in task {} on chain {}, not of {} in {} on {}",
        path.display(), got.account, got.task, got.chain_id, expected.account, expected.task, expected.chain_id
    )]
    Other {
        /// The journal.
        path: PathBuf,
        /// Who opens it.
        expected: Box<Who>,
        /// Whose it is.
        got: Box<Who>,
    },
    /// A record that cannot be read, or makes no sense.
    #[error("{}: record {record} is not what a member of a task writes: {why}", path.display())]
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
    const NAME: &'static str = "averment-federated-journal/1";

    fn code(self) -> u8 {
        match self {
            Self::Who => 0,
            Self::Block => 1,
            Self::Own => 2,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        [Self::Who, Self::Block, Self::Own].get(usize::from(code)).copied()
    }
}

/// An open journal.
pub struct Journal {
    file: journal::Journal<Kind>,
    path: PathBuf,
}

/// What a journal held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// The newest block read; none yet of a new journal.
    pub last: Option<(u64, B256)>,
    /// All events, in order.
    pub events: Vec<Event>,
}

impl Journal {
    /// Opens the journal at `path`, or begins it.
    pub fn open(path: &Path, who: &Who) -> Result<(Self, Kept), KeepError> {
        let mut kept = Kept::default();
        let mut record = 0;
        let mut replay = |kind: Kind, body: &[u8]| {
            let at = record;
            record += 1;
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
                    own if own.is_own() => kept.events.push(own),
                    other => return Err(wrong(format!("nothing that a member decides: {other:?}"))),
                },
                _ => return Err(wrong("not in this place".to_owned())),
            }
            Ok(())
        };
        let Opened { journal, .. } = journal::Journal::open(path, &mut replay, |file: File| Box::new(file))?;
        let mut opened = Self { file: journal, path: path.to_owned() };
        if record == 0 {
            opened.append(Kind::Who, who)?;
        }
        Ok((opened, kept))
    }

    /// Keeps what a settled block held.
    pub fn block(&mut self, block: &Block) -> Result<(), KeepError> {
        self.append(Kind::Block, block)
    }

    /// Keeps what the member decided.
    pub fn own(&mut self, event: &Event) -> Result<(), KeepError> {
        self.append(Kind::Own, event)
    }

    fn append(&mut self, kind: Kind, value: &impl Serialize) -> Result<(), KeepError> {
        let wrong = |error: serde_json::Error| KeepError::Record {
            path: self.path.clone(),
            record: 0,
            why: error.to_string(),
        };
        let body = serde_json::to_vec(value).map_err(wrong)?;
        Ok(self.file.append(kind, &body)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_ledger::federated::{Commitment, Event as Told};
    use std::fs;

    #[test]
    fn what_was_kept_is_there_again_wherever_the_file_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let [task, account] = [1, 2].map(Address::repeat_byte);
        let who = Who { chain_id: 31337, task, account };
        let word = B256::repeat_byte(3);
        let events = vec![Event::Told(Told::Joined { account, index: 1 }), Event::Settled { time: 9 }];
        let what = Commitment { points: word, proof: word, content: word, salt: word };
        let own = Event::Made { round: 1, what };
        let (mut journal, kept) = Journal::open(&path, &who).unwrap();
        assert_eq!(kept, Kept::default());
        journal.block(&Block { number: 5, hash: word, events: events.clone() }).unwrap();
        journal.own(&own).unwrap();
        assert!(matches!(
            Journal::open(&path, &who).map(drop),
            Err(KeepError::Journal(JournalError::Locked { .. }))
        ));
        drop(journal);
        let (_, whole) = Journal::open(&path, &who).unwrap();
        assert_eq!((whole.last, &whole.events), (Some((5, word)), &[events, vec![own]].concat()));
        let bytes = fs::read(&path).unwrap();
        for cut in 0..bytes.len() {
            fs::write(&path, &bytes[..cut]).unwrap();
            let (_, kept) = Journal::open(&path, &who).unwrap();
            assert_eq!(whole.events[..kept.events.len()], kept.events[..]);
        }
        fs::write(&path, &bytes).unwrap();
        let other = Journal::open(&path, &Who { task: account, ..who }).map(drop).unwrap_err();
        assert!(matches!(other, KeepError::Other { .. }), "{other}");
    }
}
