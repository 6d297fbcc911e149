//! Accounts, code and storage, and how blocks change them.
//!
//! A block runs on a [`Draft`] over the [`State`], which it reads and does not touch; what it changed is
//! applied only when the block is in the journal. Applying gives the inverse, which undoes the block: with
//! the inverses of the last blocks laid over the state, a draft shows any older block's state.
//!
//! Invariant: no account is empty in the sense of EIP-161, no slot holds zero, and only accounts that exist
//! have storage. Since EIP-6780 only an account created in the same transaction is destroyed, so one that the
//! state holds never vanishes together with storage.

use alloy::primitives::{Address, B256, KECCAK256_EMPTY, U256, keccak256, map::HashMap};
use alloy_trie::TrieAccount;
use revm::{
    Database, DatabaseCommit,
    bytecode::Bytecode,
    primitives::AddressMap,
    state::{Account, AccountInfo},
};
use std::{collections::BTreeMap, convert::Infallible};

use super::trie::Trie;

/// What the state trie holds of an account, but for its storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Info {
    pub(crate) balance: U256,
    pub(crate) nonce: u64,
    pub(crate) code_hash: B256,
}

impl Info {
    pub(crate) fn is_empty(&self) -> bool {
        self.balance.is_zero() && self.nonce == 0 && self.code_hash == KECCAK256_EMPTY
    }
}

impl Default for Info {
    fn default() -> Self {
        Self { balance: U256::ZERO, nonce: 0, code_hash: KECCAK256_EMPTY }
    }
}

/// An account after a change: `None` if it is gone, and the slots that changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AccountChange {
    pub(crate) info: Option<Info>,
    pub(crate) storage: BTreeMap<U256, U256>,
}

/// What some blocks changed, or what undoes them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    pub(crate) accounts: BTreeMap<Address, AccountChange>,
    /// New code by its hash. Code is never removed: what is no longer named by an account does no harm.
    pub(crate) codes: Vec<(B256, Bytecode)>,
}

impl Changes {
    /// Lays `later` over these.
    pub(crate) fn extend(&mut self, later: &Self) {
        for (address, change) in &later.accounts {
            let entry = self.accounts.entry(*address).or_default();
            entry.info = change.info;
            entry.storage.extend(&change.storage);
        }
        self.codes.extend(later.codes.iter().cloned());
    }
}

#[derive(Debug, Default)]
struct Stored {
    info: Info,
    storage: HashMap<U256, U256>,
}

/// The accounts after the latest block, and their tries where roots are computed.
#[derive(Debug, Default)]
pub(crate) struct State {
    accounts: HashMap<Address, Stored>,
    codes: HashMap<B256, Bytecode>,
    pub(crate) tries: Option<Tries>,
}

impl State {
    /// The empty state, with or without tries.
    pub(crate) fn new(state_roots: bool) -> Self {
        Self { tries: state_roots.then(Tries::default), ..Self::default() }
    }

    fn info(&self, address: &Address) -> Option<Info> {
        self.accounts.get(address).map(|stored| stored.info)
    }

    fn slot(&self, address: &Address, slot: &U256) -> U256 {
        self.accounts.get(address).and_then(|stored| stored.storage.get(slot)).copied().unwrap_or_default()
    }

    /// Applies `changes` with the tries that already hold them; gives what undoes them.
    pub(crate) fn apply(&mut self, changes: Changes, tries: Option<Tries>) -> Changes {
        let mut undo = Changes::default();
        for (address, change) in changes.accounts {
            let mut before = AccountChange { info: self.info(&address), storage: BTreeMap::new() };
            match change.info {
                None => {
                    if let Some(gone) = self.accounts.remove(&address) {
                        before.storage.extend(gone.storage);
                    }
                }
                Some(info) => {
                    let stored = self.accounts.entry(address).or_default();
                    stored.info = info;
                    for (slot, value) in change.storage {
                        let old = match value.is_zero() {
                            true => stored.storage.remove(&slot),
                            false => stored.storage.insert(slot, value),
                        };
                        before.storage.insert(slot, old.unwrap_or_default());
                    }
                }
            }
            undo.accounts.insert(address, before);
        }
        self.codes.extend(changes.codes);
        self.tries = tries;
        undo
    }
}

/// The trie of accounts and those of their storage.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tries {
    accounts: Trie,
    storages: HashMap<Address, Trie>,
}

/// An account's proof and those of some of its slots.
pub(crate) struct Proof {
    pub(crate) account: Vec<alloy::primitives::Bytes>,
    pub(crate) storage_root: B256,
    pub(crate) slots: Vec<Vec<alloy::primitives::Bytes>>,
}

impl Tries {
    /// Brings the tries to what `changes` make of them; gives the state root.
    pub(crate) fn update(&mut self, changes: &Changes) -> B256 {
        for (address, change) in &changes.accounts {
            let leaf = match &change.info {
                None => {
                    self.storages.remove(address);
                    Vec::new()
                }
                Some(info) => {
                    let root = if change.storage.is_empty() {
                        self.storage_root(address)
                    } else {
                        let trie = self.storages.entry(*address).or_default();
                        for (slot, value) in &change.storage {
                            let value = if value.is_zero() { Vec::new() } else { alloy_rlp::encode(value) };
                            trie.set(keccak256(slot.to_be_bytes::<32>()), value);
                        }
                        trie.root()
                    };
                    alloy_rlp::encode(TrieAccount::new(info.nonce, info.balance, root, info.code_hash))
                }
            };
            self.accounts.set(keccak256(address), leaf);
        }
        self.accounts.root()
    }

    fn storage_root(&self, address: &Address) -> B256 {
        self.storages.get(address).map_or(alloy_trie::EMPTY_ROOT_HASH, Trie::root)
    }

    pub(crate) fn prove(&self, address: &Address, slots: &[B256]) -> Proof {
        let storage = self.storages.get(address);
        let prove = |slot: &B256| storage.map(|trie| trie.prove(keccak256(slot))).unwrap_or_default();
        Proof {
            account: self.accounts.prove(keccak256(address)),
            storage_root: self.storage_root(address),
            slots: slots.iter().map(prove).collect(),
        }
    }
}

/// The state with changes laid over it, as the virtual machine sees it.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    state: &'a State,
    changes: Changes,
    new_codes: HashMap<B256, Bytecode>,
    /// Hashes of blocks by number, the genesis block's first.
    hashes: &'a dyn BlockHashes,
}

/// The hashes that `BLOCKHASH` reads.
pub(crate) trait BlockHashes: std::fmt::Debug {
    fn hash_of(&self, number: u64) -> Option<B256>;
}

impl<'a> Draft<'a> {
    /// The state with `overlay` laid over it.
    pub(crate) fn new(state: &'a State, overlay: Changes, hashes: &'a dyn BlockHashes) -> Self {
        Self { state, changes: overlay, new_codes: HashMap::default(), hashes }
    }

    /// What changed, the overlay included.
    pub(crate) fn into_changes(self) -> Changes {
        self.changes
    }

    pub(crate) fn info(&self, address: &Address) -> Option<Info> {
        match self.changes.accounts.get(address) {
            Some(change) => change.info,
            None => self.state.info(address),
        }
    }

    pub(crate) fn slot(&self, address: &Address, slot: &U256) -> U256 {
        match self.changes.accounts.get(address) {
            Some(AccountChange { info: None, .. }) => U256::ZERO,
            Some(change) => {
                change.storage.get(slot).copied().unwrap_or_else(|| self.state.slot(address, slot))
            }
            None => self.state.slot(address, slot),
        }
    }

    pub(crate) fn code(&self, hash: &B256) -> Bytecode {
        self.new_codes.get(hash).or_else(|| self.state.codes.get(hash)).cloned().unwrap_or_default()
    }
}

impl Database for Draft<'_> {
    type Error = Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.info(&address).map(|info| AccountInfo {
            balance: info.balance,
            nonce: info.nonce,
            code_hash: info.code_hash,
            code: None,
            ..AccountInfo::default()
        }))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, Infallible> {
        Ok(self.code(&code_hash))
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Infallible> {
        Ok(self.slot(&address, &slot))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Infallible> {
        Ok(self.hashes.hash_of(number).unwrap_or_default())
    }
}

impl DatabaseCommit for Draft<'_> {
    fn commit(&mut self, touched: AddressMap<Account>) {
        for (address, account) in touched {
            if !account.is_touched() {
                continue;
            }
            let info = Info {
                balance: account.info.balance,
                nonce: account.info.nonce,
                code_hash: account.info.code_hash,
            };
            let gone = account.is_selfdestructed() || info.is_empty();
            let info = (!gone).then_some(info);
            let slots: Vec<_> =
                account.changed_storage_slots().map(|(slot, value)| (*slot, value.present_value())).collect();
            if info == self.info(&address) && slots.is_empty() {
                continue;
            }
            if let (Some(info), Some(code)) = (info, &account.info.code)
                && info.code_hash != KECCAK256_EMPTY
                && !self.state.codes.contains_key(&info.code_hash)
                && self.new_codes.insert(info.code_hash, code.clone()).is_none()
            {
                self.changes.codes.push((info.code_hash, code.clone()));
            }
            let change = self.changes.accounts.entry(address).or_default();
            change.info = info;
            if gone {
                change.storage.clear();
            } else {
                change.storage.extend(slots);
            }
        }
    }
}
