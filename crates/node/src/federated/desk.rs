//! Whom a member serves: what the task's book says, kept where the transfers' server looks.

use super::{
    store::Store,
    transfers::{ContentHash, Desk, Notice, Refused},
};
use crate::seal::{About, seal};
use alloy_primitives::{Address, B256, keccak256};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock},
};
use tokio::sync::Notify;

/// As what the model of a round is sealed: its package's hash, which is on the chain; zero for the initial one, of which only the points
/// are.
pub fn model_name(round: u16, hash: impl FnOnce() -> B256) -> B256 {
    if round == 0 { B256::ZERO } else { hash() }
}

/// What the book says of who may do what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// Who may bring packages now.
    pub bringers: BTreeSet<Address>,
    /// Members who announced a key, and so may fetch models.
    pub readers: BTreeMap<Address, B256>,
    /// What the chain has as hashes of models' packages, by round.
    pub contents: BTreeMap<u16, B256>,
}

#[derive(Debug, Default)]
struct Shared {
    rights: Rights,
    /// What was sealed for whom already.
    sealed: HashMap<(u16, Address), Notice>,
}

/// The desk of a member; copies are the same.
#[derive(Debug, Clone)]
pub struct MemberDesk {
    store: Store,
    shared: Arc<RwLock<Shared>>,
    news: Arc<Notify>,
}

impl MemberDesk {
    /// Of a member's store, with rights for nobody yet.
    pub fn new(store: &Store) -> Self {
        let (shared, news) = Default::default();
        Self { store: store.clone(), shared, news }
    }

    /// From now on these.
    pub fn set(&self, rights: Rights) {
        let mut shared = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        if shared.rights != rights {
            // Of a new key the old file is no use.
            let Shared { rights: old, sealed } = &mut *shared;
            sealed.retain(|(_, who), _| rights.readers.get(who) == old.readers.get(who));
            shared.rights = rights;
        }
    }

    /// Waits until something was brought.
    pub async fn news(&self) {
        self.news.notified().await;
    }
}

impl Desk for MemberDesk {
    fn admits(&self, who: Address) -> Result<(), Refused> {
        let shared = self.shared.read().unwrap_or_else(PoisonError::into_inner);
        match shared.rights.bringers.contains(&who) {
            true => Ok(()),
            false => Err(Refused(format!(
                "{who} has revealed no update in the present round, or it does not stand"
            ))),
        }
    }

    fn brought(&self, _: Address, _: ContentHash) {
        self.news.notify_one();
    }

    fn model(&self, round: u16, who: Address) -> Result<Option<Notice>, Refused> {
        let mut shared = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        let key = shared.rights.readers.get(&who).copied();
        let key =
            key.ok_or_else(|| Refused(format!("{who} is no member of the task that announced a key")))?;
        let failed = |why: String| {
            tracing::warn!(round, %who, why, "a model was not given");
            Refused("the model cannot be given now; try again later".to_owned())
        };
        if let Some(notice) = shared.sealed.get(&(round, who)) {
            // Only the newest few of an account's files stay.
            if self.store.outbox.standing(who, &notice.hash).is_ok_and(|(_, whole)| whole) {
                return Ok(Some(*notice));
            }
        }
        let package = self.store.model(round).map_err(|error| failed(error.to_string()))?;
        let Some(package) = package else { return Ok(None) };
        // By the hash that the chain has: one that was given there alone is kept as what opens it.
        let content = shared.rights.contents.get(&round).copied();
        let name = model_name(round, || content.unwrap_or_else(|| keccak256(&package)));
        let sealed = seal(&key, About::Model(name), &package);
        let sealed = sealed.map_err(|error| failed(error.to_string()))?;
        let hash = self.store.outbox.put(who, &sealed).map_err(|error| failed(error.to_string()))?;
        let notice = Notice { hash, length: sealed.len() as u64 };
        shared.sealed.insert((round, who), notice);
        Ok(Some(notice))
    }
}
