//! Members sign together, off the chain: promises, lists, voices.
//!
//! The first half of the time for commitments is divided into [`ROUNDS`] rounds, each led by another member. In each
//!
//! 1. every member *promises*: it sends its signed commitment, which says nothing of its answer;
//! 2. who leads the round signs the list of all promises it has (once it has everybody's, or a third of the round is over and
//!    they are enough), and members whose own promise is in it sign the same list;
//! 3. who holds a *certificate*, `threshold` signatures of one list, speaks: it signs its outputs with that list, and sends the
//!    certificate along. Enough such voices are an agreement, which anybody posts.
//!
//! A member signs one list in a round, and none once it has seen a certificate; it speaks once, for the list of the first
//! certificate that it saw. A voice is the first message that tells an answer. Whoever copies one needs a promise of its own in a
//! second list with a certificate; for that, members who have not yet heard of the first have to sign a later one. They hear the
//! first certificate with the voice itself, and voices are not begun in the last quarter of a round: so it takes somebody who
//! can cut honest members off from each other, and who signs two lists in one round.
//!
//! Who lies, is silent or slow costs at most the rounds that it leads. When the half is over nothing more is signed here, and
//! who is not in an agreement commits on the chain; both say the same, because both follow from one decision.

use super::Committee;
use crate::signing::ShortSignature;
use alloy_primitives::B256;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many members lead, one after the other, before commitments go to the chain.
pub const ROUNDS: u8 = 3;

/// A member's commitment, signed for the chain (`Commit`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// The commitment.
    pub digest: B256,
    /// The member's signature of it.
    pub signature: ShortSignature,
}

/// That a member takes this list for the promises of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedList {
    /// The round.
    pub round: u8,
    /// The digest of the list.
    pub commits: B256,
    /// The promises by seat: from who leads the round, for the others to check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promises: Option<Vec<Option<Promise>>>,
    /// The member's signature of request, round and digest.
    pub signature: ShortSignature,
}

/// Enough signatures of one list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The round.
    pub round: u8,
    /// The commitments by seat; zero of who is not in the list.
    pub commits: Vec<B256>,
    /// Who signed the list, ascending by seat.
    pub signatures: Vec<(u8, ShortSignature)>,
}

/// What a member says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voice {
    /// Why it may speak.
    pub certificate: Certificate,
    /// What it says; nothing if it cannot answer.
    pub outputs: Vec<i64>,
    /// What hid its commitment.
    pub salt: B256,
    /// Its signature of outputs and list, for the chain (`Agreement`).
    pub signature: ShortSignature,
}

/// Everything that one member has to say about a request. That each part is that member's was checked before
/// ([`crate::words`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Its commitment.
    pub promise: Promise,
    /// The last list that it signed.
    pub list: Option<SignedList>,
    /// Its answer, once it has spoken.
    pub voice: Option<Voice>,
}

/// Two answers of one member, both signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoAnswers {
    /// The operator.
    pub operator: u32,
    /// One voice.
    pub one: Voice,
    /// The other.
    pub other: Voice,
}

/// What is to be done next for an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Promise,
    List { round: u8, promises: Vec<Option<Promise>> },
    Speak(Certificate),
}

/// How far the members of one committee are, as far as one of them knows.
#[derive(Debug, Clone, Default)]
pub(super) struct Agreement {
    /// The first promise of each seat.
    promises: BTreeMap<u8, Promise>,
    /// The list of who leads a round, the first one.
    led: BTreeMap<u8, Vec<Option<Promise>>>,
    /// Which list a seat signed in a round, the first one.
    signed: BTreeMap<(u8, u8), (B256, ShortSignature)>,
    /// The list that was signed here last.
    own: Option<(SignedList, Vec<B256>)>,
    /// The first certificate that was seen.
    certificate: Option<Certificate>,
    /// What each seat said, the first time. The own voice is among them.
    voices: BTreeMap<u8, Voice>,
    /// Since when there is an agreement.
    since: Option<u64>,
}

/// Which commitments a list of promises is of.
pub fn commits_of(promises: &[Option<Promise>]) -> Vec<B256> {
    promises.iter().map(|promise| promise.map_or(B256::ZERO, |promise| promise.digest)).collect()
}

/// The seat that leads a round of a request.
pub fn leader(id: &B256, round: u8, members: usize) -> Option<u8> {
    let first = usize::from(id.last().copied().unwrap_or_default());
    (first + usize::from(round)).checked_rem(members).and_then(|seat| u8::try_from(seat).ok())
}

impl Committee {
    /// When members who are in no agreement begin to commit on the chain.
    pub(super) fn half(&self) -> u64 {
        self.since.saturating_add(self.commit_until.saturating_sub(self.since) / 2)
    }

    /// The round at a time, and which twelfths of it are over; none before and after.
    fn round(&self, now: u64) -> Option<(u8, u64)> {
        let each = self.half().saturating_sub(self.since) / u64::from(ROUNDS);
        let gone = now.checked_sub(self.since).filter(|_| now < self.half())?;
        let round = u8::try_from(gone.checked_div(each)?).ok()?.min(ROUNDS - 1);
        Some((round, (gone - each * u64::from(round)) * 12 / each))
    }
}

impl Agreement {
    /// Takes in what the member at `seat` says. Gives two answers, if it has signed two.
    pub(super) fn hear(&mut self, committee: &Committee, seat: u8, words: Words) -> Option<TwoAnswers> {
        let Words { promise, list, voice } = words;
        self.promises.entry(seat).or_insert(promise);
        if let Some(SignedList { round, commits, promises, signature }) = list {
            self.signed.entry((round, seat)).or_insert((commits, signature));
            if let Some(promises) = promises {
                self.led.entry(round).or_insert(promises);
            }
        }
        let voice = voice?;
        self.certificate.get_or_insert_with(|| voice.certificate.clone());
        match self.voices.get(&seat) {
            None => {
                self.voices.insert(seat, voice);
                None
            }
            Some(before) if before.outputs == voice.outputs => None,
            Some(before) => {
                let operator = *committee.members.get(usize::from(seat))?;
                Some(TwoAnswers { operator, one: before.clone(), other: voice })
            }
        }
    }

    /// Takes in what was signed here.
    pub(super) fn promised(&mut self, seat: u8, promise: Promise) {
        self.promises.insert(seat, promise);
    }

    pub(super) fn listed(&mut self, seat: u8, list: SignedList, promises: Vec<Option<Promise>>) {
        self.signed.entry((list.round, seat)).or_insert((list.commits, list.signature));
        self.own = Some((list, commits_of(&promises)));
    }

    pub(super) fn spoken(&mut self, seat: u8, voice: Voice) {
        self.certificate = Some(voice.certificate.clone());
        self.voices.entry(seat).or_insert(voice);
    }

    pub(super) fn voices(&self) -> &BTreeMap<u8, Voice> {
        &self.voices
    }

    /// What the others are told.
    pub(super) fn words(&self, seat: u8) -> Option<Words> {
        let list = self.own.as_ref().map(|(list, _)| list.clone());
        Some(Words { promise: *self.promises.get(&seat)?, list, voice: self.voices.get(&seat).cloned() })
    }

    /// Whether everybody has been heard to the end.
    pub(super) fn is_complete(&self, committee: &Committee) -> bool {
        self.voices.len() == committee.members.len()
    }

    /// What is to be signed next, before the half is over.
    pub(super) fn next(&self, id: &B256, committee: &Committee, seat: u8, now: u64) -> Option<Step> {
        let (round, twelfths) = committee.round(now)?;
        let Some(own) = self.promises.get(&seat) else { return Some(Step::Promise) };
        if self.voices.contains_key(&seat) {
            return None;
        }
        let enough = usize::from(committee.threshold);
        let certificate = match &self.certificate {
            Some(certificate) => Some(certificate.clone()),
            None if twelfths < 9 => self.certified(round, enough),
            None => None,
        };
        if let Some(certificate) = certificate {
            let ours = certificate.commits.get(usize::from(seat)) == Some(&own.digest);
            return ours.then_some(Step::Speak(certificate));
        }
        if self.own.as_ref().is_some_and(|(list, _)| list.round >= round) {
            return None;
        }
        if leader(id, round, committee.members.len()) == Some(seat) {
            let all = self.promises.len() == committee.members.len();
            let ready = all || (twelfths >= 4 && self.promises.len() >= enough);
            let seats = 0..committee.members.len() as u8;
            let promises = seats.map(|seat| self.promises.get(&seat).copied()).collect();
            return ready.then_some(Step::List { round, promises });
        }
        let promises = self.led.get(&round)?;
        let ours = promises.get(usize::from(seat)).copied().flatten().is_some_and(|p| p.digest == own.digest);
        ours.then(|| Step::List { round, promises: promises.clone() })
    }

    /// The certificate of the list that was signed here in this round, if enough have signed it.
    fn certified(&self, round: u8, enough: usize) -> Option<Certificate> {
        let (list, commits) = self.own.as_ref().filter(|(list, _)| list.round == round)?;
        let signatures: Vec<_> = self
            .signed
            .range((round, 0)..=(round, u8::MAX))
            .filter(|(_, (digest, _))| *digest == list.commits)
            .map(|((_, seat), (_, signature))| (*seat, *signature))
            .collect();
        (signatures.len() >= enough).then(|| Certificate { round, commits: commits.clone(), signatures })
    }

    /// Notes when enough voices are there.
    pub(super) fn settle(&mut self, committee: &Committee, now: u64) {
        if self.since.is_none() && self.agreed(committee).is_some() {
            self.since = Some(now);
        }
    }

    /// What enough members say with one list, and their voices by seat; and since when, and whether all in the list have spoken.
    pub(super) fn agreed(&self, committee: &Committee) -> Option<Agreed<'_>> {
        let same = |one: &Voice, other: &Voice| {
            one.certificate.commits == other.certificate.commits && one.outputs == other.outputs
        };
        let with = |voice: &Voice| -> Vec<(u8, &Voice)> {
            let all = self.voices.iter().filter(|(_, other)| same(voice, other));
            all.map(|(seat, other)| (*seat, other)).collect()
        };
        // More than half have to say the same, so there is one at most.
        let enough = |voices: &Vec<_>| voices.len() >= usize::from(committee.threshold);
        let voices = self.voices.values().map(with).find(enough)?;
        let (_, first) = voices.first()?;
        let commits = &first.certificate.commits;
        let listed = commits.iter().filter(|commit| !commit.is_zero()).count();
        Some(Agreed {
            outputs: &first.outputs,
            commits,
            all: voices.len() == listed,
            voices,
            since: self.since,
        })
    }
}

/// Enough voices.
pub(super) struct Agreed<'a> {
    pub(super) outputs: &'a [i64],
    pub(super) commits: &'a [B256],
    pub(super) voices: Vec<(u8, &'a Voice)>,
    pub(super) all: bool,
    pub(super) since: Option<u64>,
}

#[cfg(test)]
mod tests;
