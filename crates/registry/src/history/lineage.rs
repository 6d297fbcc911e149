//! Which versions a version was made from, across models.

use super::{record::VersionRecord, replay::History};
use averment_primitives::{ModelId, VersionId};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// A version and all its ancestors, each with the history that records it.
#[derive(Debug, Clone)]
pub struct Lineage<'a> {
    subject: VersionId,
    versions: BTreeMap<VersionId, (&'a History, &'a VersionRecord)>,
}

/// Why a lineage is not whole.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum LineageError {
    /// None of the histories records the version.
    #[error("no history given records version {0}")]
    Missing(VersionId),
    /// A parent's history is not among those given.
    #[error("version {child} has parent {parent}, which no history given records")]
    MissingParent {
        /// The version that names the parent.
        child: VersionId,
        /// The parent.
        parent: VersionId,
    },
    /// A parent that was registered after its child: the contract refuses that.
    #[error("version {child} has parent {parent}, which was registered later")]
    ParentLater {
        /// The version that names the parent.
        child: VersionId,
        /// The parent.
        parent: VersionId,
    },
    /// A history from which nothing is needed.
    #[error("model {0} is neither the version's nor an ancestor's")]
    Foreign(ModelId),
    /// More ancestors than the reader takes.
    #[error("more than {limit} versions in the lineage")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

impl<'a> Lineage<'a> {
    /// Follows parents from `subject` through `histories`; every ancestor must be found.
    ///
    /// A version's id is a hash over its parents' ids, so there are no cycles.
    pub fn trace(
        subject: VersionId,
        histories: impl IntoIterator<Item = &'a History>,
        limit: usize,
    ) -> Result<Self, LineageError> {
        let histories: Vec<&History> = histories.into_iter().collect();
        let find = |version| {
            histories.iter().find_map(|&history| history.version(version).map(|record| (history, record)))
        };
        let mut versions = BTreeMap::new();
        let mut open = vec![(subject, find(subject).ok_or(LineageError::Missing(subject))?)];
        while let Some((child, (history, record))) = open.pop() {
            if versions.insert(child, (history, record)).is_some() {
                continue;
            }
            if versions.len() > limit {
                return Err(LineageError::TooMany { limit });
            }
            for &parent in &record.content.parents {
                let found = find(parent).ok_or(LineageError::MissingParent { child, parent })?;
                let (parent_history, parent_record) = found;
                let later = if parent_history.model() == history.model() {
                    parent_record.sequence >= record.sequence
                } else {
                    parent_record.registered_at > record.registered_at
                };
                if later {
                    return Err(LineageError::ParentLater { child, parent });
                }
                open.push((parent, found));
            }
        }
        let needed: BTreeSet<ModelId> = versions.values().map(|(history, _)| history.model()).collect();
        match histories.iter().find(|history| !needed.contains(&history.model())) {
            Some(foreign) => Err(LineageError::Foreign(foreign.model())),
            None => Ok(Self { subject, versions }),
        }
    }

    /// The version whose lineage this is.
    pub fn subject(&self) -> VersionId {
        self.subject
    }

    /// The subject and all ancestors, by id.
    pub fn versions(&self) -> impl Iterator<Item = (VersionId, &'a History, &'a VersionRecord)> + '_ {
        self.versions.iter().map(|(&id, &(history, record))| (id, history, record))
    }

    /// The record of a version of the lineage.
    pub fn get(&self, version: VersionId) -> Option<(&'a History, &'a VersionRecord)> {
        self.versions.get(&version).copied()
    }

    /// The longest way from the subject down to each version: the subject has 0, its parents at least 1.
    pub fn depths(&self) -> BTreeMap<VersionId, usize> {
        let mut depths = BTreeMap::from([(self.subject, 0_usize)]);
        // Each round settles at least one more generation; parents' ids are hashed into their children's.
        for _ in 0..self.versions.len() {
            let mut changed = false;
            for (id, (_, record)) in &self.versions {
                let Some(&depth) = depths.get(id) else { continue };
                for parent in &record.content.parents {
                    let known = depths.entry(*parent).or_insert(0);
                    if *known <= depth {
                        *known = depth.saturating_add(1);
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
        depths
    }
}
