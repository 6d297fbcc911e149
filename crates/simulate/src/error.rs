//! Why a simulation came to nothing.

use alloy::{
    primitives::{B256, U256},
    transports::TransportError,
};
use averment_ledger::{
    contracts::{DeployError, DeploymentFault, SendError},
    embedded::{EmbeddedError, OpenError},
    keys::SignError,
};
use thiserror::Error;

/// Why a simulation came to nothing.
#[derive(Debug, Error)]
pub enum SimulationError {
    /// Fewer requests than there are cases, or more than a chain's days allow.
    #[error("expected {least} to {most} requests, got {got}")]
    Requests {
        /// The fewest.
        least: u32,
        /// The most.
        most: u32,
        /// What was said.
        got: u32,
    },
    /// The chain could not be made.
    #[error(transparent)]
    Chain(#[from] OpenError),
    /// The chain refused a transaction or a block.
    #[error("while agents {doing}: {source}")]
    Embedded {
        /// What was done.
        doing: &'static str,
        /// Why not.
        source: Box<EmbeddedError>,
    },
    /// The chain did not answer.
    #[error("while agents {doing}: {source}")]
    Asked {
        /// What was done.
        doing: &'static str,
        /// Why there is no answer.
        source: TransportError,
    },
    /// A contract refused what its rules should allow here.
    #[error("transaction {tx} failed: agents {doing}")]
    Refused {
        /// What was done.
        doing: &'static str,
        /// The transaction.
        tx: B256,
    },
    /// A contract said something else than it should.
    #[error("while agents {doing}, the contracts did not say {expected}")]
    Unsaid {
        /// What was done.
        doing: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// The contracts could not be deployed.
    #[error(transparent)]
    Deploy(#[from] Box<DeployError>),
    /// The version could not be registered, approved or deployed.
    #[error(transparent)]
    Send(#[from] Box<SendError>),
    /// The contracts are not those that were deployed.
    #[error(transparent)]
    Contracts(#[from] Box<DeploymentFault>),
    /// Signing failed.
    #[error("signing: {0}")]
    Sign(#[from] alloy::signers::Error),
    /// Signing an approval failed.
    #[error(transparent)]
    Approve(#[from] SignError),
    /// Money came from nowhere, or went there.
    #[error("{place} holds {held} and owes {owed}")]
    Money {
        /// Which contract.
        place: &'static str,
        /// What it has of the token.
        held: U256,
        /// What it owes, what was burned included.
        owed: U256,
    },
}
