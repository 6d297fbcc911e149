//! Committees that say something wrong: overruled by a proof while they are at work, contradicted by one when they are done.
//!
//! Only who proves can do either, so nothing here is wanted of an operator that does not.

use super::{Asked, Committee, Voice};
use alloy_primitives::B256;
use std::collections::BTreeMap;

/// What an operator said about a request: with its signature if it was told over the channel, else revealed on the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The operator.
    pub operator: u32,
    /// What it said.
    pub outputs: Vec<i64>,
    /// Its voice, if it was heard over the channel.
    pub voice: Option<Voice>,
}

/// What was said wrong about a request, and what is right.
#[derive(Debug, Clone)]
pub(super) struct Contradiction {
    pub(super) asked: Asked,
    pub(super) outputs: Vec<i64>,
    pub(super) said: Vec<Said>,
}

/// A committee that this operator is not in, and what it reveals.
#[derive(Debug, Clone)]
pub(super) struct Others {
    pub(super) committee: Committee,
    pub(super) heard: BTreeMap<u32, Vec<i64>>,
}

/// What enough members reveal to make it final; nothing if they cannot answer, or need not say exactly the same.
pub(super) fn verdict<'a>(committee: &Committee, heard: &'a BTreeMap<u32, Vec<i64>>) -> Option<&'a [i64]> {
    let count = |said: &Vec<i64>| heard.values().filter(|other| *other == said).count();
    let enough = |said: &&Vec<i64>| !said.is_empty() && count(said) >= usize::from(committee.threshold);
    let found = heard.values().find(enough).filter(|_| committee.tolerance == 0)?;
    Some(found)
}

/// Everybody's reveal, in the order of seats.
pub(super) fn by_seat(committee: &Committee, heard: &BTreeMap<u32, Vec<i64>>) -> Vec<Vec<i64>> {
    committee.members.iter().map(|member| heard.get(member).cloned().unwrap_or_default()).collect()
}

/// Who said something else than `right`. Who could not answer did not.
pub(super) fn contradicted(
    committee: &Committee,
    heard: &BTreeMap<u32, Vec<i64>>,
    voices: &BTreeMap<u8, Voice>,
    right: &[i64],
) -> Vec<Said> {
    if right.is_empty() || committee.tolerance != 0 {
        return Vec::new();
    }
    let mut said: BTreeMap<u32, Said> = BTreeMap::new();
    for (seat, voice) in voices {
        let Some(operator) = committee.members.get(usize::from(*seat)) else { continue };
        let (operator, outputs, voice) = (*operator, voice.outputs.clone(), Some(voice.clone()));
        said.insert(operator, Said { operator, outputs, voice });
    }
    for (operator, outputs) in heard {
        let revealed = Said { operator: *operator, outputs: outputs.clone(), voice: None };
        said.insert(*operator, revealed);
    }
    said.into_values().filter(|one| !one.outputs.is_empty() && one.outputs != right).collect()
}

/// Contradictions of requests that are over, with the time when they were seen.
pub(super) type Contradictions = BTreeMap<B256, (u64, Contradiction)>;
