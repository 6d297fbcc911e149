//! What is said and heard about each committee, in places that are there before anybody sends anything.

use crate::{
    machine::{Committee, Telling, Words},
    signing::Domain,
    words::{Check, Message, WordsError},
};
use alloy_primitives::{B256, keccak256};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use thiserror::Error;

/// How many new messages of strangers are checked in a second; a check is up to some forty signatures.
const CHECKS_A_SECOND: u32 = 200;

/// Why a message was not heard.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Refused {
    /// It is none, or not of whom it says.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// About a request that has not settled here, is over, or where this operator has no seat, or of a seat that is not another's.
    #[error("no seat {seat} of another member about request {request} is known here (yet)")]
    NoSeat {
        /// The request.
        request: B256,
        /// The seat.
        seat: u8,
    },
    /// Too many new messages in this second.
    #[error("too many messages; ask again")]
    TooMany,
}

/// A message that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    /// What this operator says about the same request.
    pub(super) reply: Vec<u8>,
    /// Whether it says something new.
    pub(super) is_new: bool,
}

/// Something to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) request: B256,
    /// The seat of who gets it.
    pub(super) to: u8,
    pub(super) body: Vec<u8>,
    /// Which version of what is said about the request.
    pub(super) version: u64,
}

#[derive(Debug)]
struct Entry {
    committee: Committee,
    seat: u8,
    says: Vec<u8>,
    version: u64,
    /// Whether all the others were heard to the end.
    complete: bool,
    /// What the members at other seats said last: a digest of the message.
    last: BTreeMap<u8, B256>,
    /// What was heard and not taken.
    fresh: BTreeMap<u8, Words>,
}

#[derive(Debug)]
struct Inner {
    entries: BTreeMap<B256, Entry>,
    /// Counts what was ever said.
    version: u64,
    second: Instant,
    checks: u32,
}

/// The table; see the module.
#[derive(Debug)]
pub(super) struct Table {
    domain: Domain,
    inner: Mutex<Inner>,
}

impl Table {
    pub(super) fn new(domain: Domain) -> Self {
        let inner = Inner { entries: BTreeMap::new(), version: 0, second: Instant::now(), checks: 0 };
        Self { domain, inner: Mutex::new(inner) }
    }

    /// Nothing panics while it holds the lock, so nothing is left half done.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says this from now on. Gives whether any of it is new.
    pub(super) fn tell(&self, tells: Vec<Telling<'_>>) -> bool {
        let mut inner = self.lock();
        let mut before = std::mem::take(&mut inner.entries);
        let mut news = false;
        for Telling { id, committee, seat, words, complete } in tells {
            let says = Message::new(id, seat, words).encode();
            let entry = match before.remove(&id) {
                Some(entry) if entry.says == says => Entry { complete, ..entry },
                before => {
                    news = true;
                    inner.version += 1;
                    let (last, fresh) = before.map(|entry| (entry.last, entry.fresh)).unwrap_or_default();
                    let (version, committee) = (inner.version, committee.clone());
                    Entry { committee, seat, says, version, complete, last, fresh }
                }
            };
            inner.entries.insert(id, entry);
        }
        news
    }

    /// What was heard since the last time.
    pub(super) fn take(&self) -> Vec<(B256, u8, Words)> {
        let mut inner = self.lock();
        let mut all = Vec::new();
        for (request, entry) in &mut inner.entries {
            let fresh = std::mem::take(&mut entry.fresh);
            all.extend(fresh.into_iter().map(|(seat, words)| (*request, seat, words)));
        }
        all
    }

    /// What there is to send to an operator. What is complete here may not be so there.
    pub(super) fn letters(&self, operator: u32) -> Vec<Letter> {
        let inner = self.lock();
        let letter = |(request, entry): (&B256, &Entry)| {
            let to = entry.committee.members.iter().position(|member| *member == operator)?;
            let to = u8::try_from(to).ok().filter(|to| *to != entry.seat)?;
            let (body, version) = (entry.says.clone(), entry.version);
            Some(Letter { request: *request, to, body, version })
        };
        inner.entries.iter().filter_map(letter).collect()
    }

    /// Whether a request is there about which nothing more is to be heard.
    pub(super) fn is_complete(&self, request: &B256) -> bool {
        self.lock().entries.get(request).is_none_or(|entry| entry.complete)
    }

    /// Takes in what somebody sent, and answers with what this operator says.
    pub(super) fn asked(&self, bytes: &[u8]) -> Result<Heard, Refused> {
        let message = Message::decode(bytes)?;
        let request = message.request;
        let is_new = self.hear(bytes, message, true)?;
        let reply = self.lock().entries.get(&request).map(|entry| entry.says.clone()).unwrap_or_default();
        Ok(Heard { reply, is_new })
    }

    /// Takes in what the member at `seat` answered that was asked about `request`. Gives whether it is new.
    pub(super) fn answered(&self, request: B256, seat: u8, bytes: &[u8]) -> Result<bool, Refused> {
        let message = Message::decode(bytes)?;
        if (message.request, message.seat) != (request, seat) {
            return Err(Refused::NoSeat { request: message.request, seat: message.seat });
        }
        self.hear(bytes, message, false)
    }

    fn hear(&self, bytes: &[u8], message: Message, stranger: bool) -> Result<bool, Refused> {
        let Message { request, seat, words, .. } = message;
        let digest = keccak256(bytes);
        let committee = {
            let mut inner = self.lock();
            let known =
                |entry: &&Entry| entry.seat != seat && usize::from(seat) < entry.committee.members.len();
            let Some(entry) = inner.entries.get(&request).filter(known) else {
                return Err(Refused::NoSeat { request, seat });
            };
            if words.is_none() || entry.last.get(&seat) == Some(&digest) {
                return Ok(false);
            }
            let committee = entry.committee.clone();
            if stranger && !inner.may_check() {
                return Err(Refused::TooMany);
            }
            committee
        };
        let Some(words) = words else { return Ok(false) };
        // Without the lock: it takes a while.
        Check { domain: self.domain, request, committee: &committee }.words(seat, &words)?;
        if let Some(entry) = self.lock().entries.get_mut(&request) {
            entry.last.insert(seat, digest);
            entry.fresh.insert(seat, words);
        }
        Ok(true)
    }
}

impl Inner {
    fn may_check(&mut self) -> bool {
        if self.second.elapsed() >= Duration::from_secs(1) {
            (self.second, self.checks) = (Instant::now(), 0);
        }
        self.checks += 1;
        self.checks <= CHECKS_A_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::{DOMAIN, ID, committee, promise, words};

    /// The table of the second member.
    fn table() -> Table {
        let table = Table::new(DOMAIN);
        let committee = committee();
        let says = Words { promise: promise(1), list: None, voice: None };
        let tell = Telling { id: ID, committee: &committee, seat: 1, words: Some(says), complete: false };
        assert!(table.tell(vec![tell.clone()]));
        assert!(!table.tell(vec![tell]), "nothing new");
        table
    }

    fn message(seat: u8, words: Option<Words>) -> Vec<u8> {
        Message::new(ID, seat, words).encode()
    }

    #[test]
    fn what_a_member_says_is_heard_once_and_answered() {
        let table = table();
        let heard = table.asked(&message(0, Some(words()))).unwrap();
        assert!(heard.is_new);
        assert_eq!(Message::decode(&heard.reply).unwrap().seat, 1);
        assert!(!table.asked(&message(0, Some(words()))).unwrap().is_new);
        assert!(!table.asked(&message(2, None)).unwrap().is_new);
        assert_eq!(table.take(), [(ID, 0, words())]);
        assert_eq!(table.take(), []);
        // What it says later replaces what was not taken.
        let few = Words { list: None, voice: None, ..words() };
        for words in [words(), few.clone()] {
            table.asked(&message(0, Some(words))).unwrap();
        }
        assert_eq!(table.take(), [(ID, 0, few)]);
    }

    #[test]
    fn nothing_is_kept_of_strangers_and_garbage() {
        let table = table();
        let unknown = B256::repeat_byte(9);
        let elsewhere = Message::new(unknown, 0, Some(words())).encode();
        assert_eq!(table.asked(&elsewhere), Err(Refused::NoSeat { request: unknown, seat: 0 }));
        for seat in [1, 3] {
            let refused = table.asked(&message(seat, Some(words())));
            assert_eq!(refused, Err(Refused::NoSeat { request: ID, seat }));
        }
        assert!(matches!(table.asked(&message(2, Some(words()))), Err(Refused::Words(_))));
        assert!(matches!(table.asked(b"garbage"), Err(Refused::Words(_))));
        assert!(matches!(table.answered(ID, 2, &message(0, Some(words()))), Err(Refused::NoSeat { .. })));
        assert_eq!(table.take(), []);
    }

    #[test]
    fn a_flood_keeps_nobody_from_being_asked() {
        let table = table();
        {
            let mut inner = table.lock();
            (inner.second, inner.checks) = (Instant::now() + Duration::from_secs(60), CHECKS_A_SECOND);
        }
        assert_eq!(table.asked(&message(0, Some(words()))), Err(Refused::TooMany));
        // What is asked for is checked all the same.
        assert_eq!(table.answered(ID, 0, &message(0, Some(words()))), Ok(true));
        assert_eq!(table.take().len(), 1);
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let table = table();
        table.asked(&message(0, Some(words()))).unwrap();
        assert_eq!(table.letters(11).len(), 1);
        assert_eq!((table.letters(12).len(), table.letters(99).len()), (0, 0));
        assert!(!table.tell(Vec::new()));
        assert_eq!((table.take(), table.letters(11)), (Vec::new(), Vec::new()));
        assert!(table.is_complete(&ID));
    }
}
