//! The chain as an operator meets it: settled events out of logs, actions into transactions.
//!
//! The node behind the chain is trusted to leave no event out (run your own); what it cannot do is have anything signed
//! that the operator did not decide: what members sign is computed here, never taken from the node.

mod acts;
mod events;

pub use acts::{ActError, Done};
pub use events::ReadError;

use alloy_primitives::Address;
use averment_ledger::{Ledger, contracts::Sender};
use serde::{Deserialize, Serialize};

/// Where the contracts are that an operator works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contracts {
    /// Requests and answers.
    pub router: Address,
    /// The operators' stake and their committees.
    pub staking: Address,
    /// What draws committees.
    pub randomness: Address,
}

/// A chain, the contracts on it and the account that acts.
#[derive(Debug, Clone)]
pub struct Chain {
    sender: Sender,
    contracts: Contracts,
}

impl Chain {
    /// `sender`'s account is the operator's signing key: it signs what members say, pays for gas, and challenges.
    ///
    /// Whether a transaction settled is seen by its events: it is not waited for.
    pub fn new(sender: Sender, contracts: Contracts) -> Self {
        Self { sender: sender.patience(std::time::Duration::ZERO), contracts }
    }

    /// The chain.
    pub fn ledger(&self) -> &Ledger {
        self.sender.ledger()
    }

    /// The account that acts.
    pub fn account(&self) -> Address {
        self.sender.address()
    }

    /// The contracts.
    pub fn contracts(&self) -> &Contracts {
        &self.contracts
    }
}
