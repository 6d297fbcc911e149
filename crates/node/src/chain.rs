//! The chain as an operator meets it: settled events out of logs, actions into transactions.
//!
//! The node behind the chain is trusted to leave no event out (run your own); what it cannot do is have anything signed
//! that the operator did not decide: what members sign is computed here, never taken from the node.

mod acts;
mod events;

pub use acts::{ActError, Done};
pub use events::ReadError;

use crate::drand::Relays;
use alloy_primitives::Address;
use averment_ledger::{
    Ledger,
    contracts::{DrandRandomness, Sender, drand},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

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
    /// Who is asked for rounds of drand, where they draw.
    relays: Option<Relays>,
}

/// Why rounds of drand are not fetched.
#[derive(Debug, Error)]
pub enum NotDrandError {
    /// Committees are drawn by something else.
    #[error(
        "{randomness} does not draw by the rounds of drand's network quicknet: there are none to be fetched"
    )]
    Other {
        /// What draws.
        randomness: Address,
    },
    /// The node did not answer.
    #[error(transparent)]
    Ask(#[from] Box<ActError>),
}

impl Chain {
    /// `sender`'s account is the operator's signing key: it signs what members say, pays for gas, and challenges.
    ///
    /// Whether a transaction settled is seen by its events: it is not waited for.
    pub fn new(sender: Sender, contracts: Contracts) -> Self {
        Self { sender: sender.patience(std::time::Duration::ZERO), contracts, relays: None }
    }

    /// Lets it fetch the rounds of drand that draw committees, after seeing that the contract that draws has that network's key.
    pub async fn with_drand(mut self, relays: Relays) -> Result<Self, NotDrandError> {
        let randomness = self.contracts.randomness;
        let call = DrandRandomness::publicKeyCall {};
        let key = match self.ask("randomness", randomness, &call).await {
            Ok(key) => key,
            // A contract without a key refuses to say it.
            Err(ActError::Ask { source, .. }) if source.as_error_resp().is_some() => Default::default(),
            Err(ActError::Answer { .. }) => Default::default(),
            Err(error) => return Err(Box::new(error).into()),
        };
        if key.as_ref() != drand::PUBLIC_KEY.as_slice() {
            return Err(NotDrandError::Other { randomness });
        }
        self.relays = Some(relays);
        Ok(self)
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
