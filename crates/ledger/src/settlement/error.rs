//! Why something about requests was not read or done.

use crate::{
    HeaderError,
    contracts::SendError,
    evidence::EvidenceError,
    registry::{LogsFault, ReadError},
};
use averment_primitives::{Address, B256, U256};
use thiserror::Error;

/// Why something about requests was not read or done.
#[derive(Debug, Error)]
pub enum SettlementError {
    /// The contracts were deployed without what settles.
    #[error("the contracts on chain {chain_id} settle no requests: deploy them again")]
    NotDeployed {
        /// The chain.
        chain_id: u64,
    },
    /// No such request was made.
    #[error(
        "there is no request {id} on chain {chain_id}; check the id and the chain (its block may not be final yet)"
    )]
    NoRequest {
        /// The id.
        id: B256,
        /// The chain.
        chain_id: u64,
    },
    /// No such offer was made.
    #[error(
        "there is no offer {id} on chain {chain_id}; check the id and the chain (its block may not be final yet)"
    )]
    NoOffer {
        /// The id.
        id: B256,
        /// The chain.
        chain_id: u64,
    },
    /// The chain's state says that there is something which no event of the node's tells.
    #[error(
        "the contract holds the digest of {what} of request {id}, and no event that the node gives has it: the node leaves \
         events out, or lies. Ask another"
    )]
    Missing {
        /// The request.
        id: B256,
        /// What is missing.
        what: &'static str,
    },
    /// An event that is not what it says.
    #[error("block {block}: {why}; the node lies, or the contracts are newer than this program")]
    Event {
        /// The block that the node names.
        block: u64,
        /// What is wrong.
        why: String,
    },
    /// The account has less of the token than is needed.
    #[error(
        "{account} has {got} of the token {token} (in its smallest units), {needed} are needed (nothing was sent)"
    )]
    Money {
        /// The account.
        account: Address,
        /// The token.
        token: Address,
        /// What it has.
        got: U256,
        /// What is needed.
        needed: U256,
    },
    /// The randomness that draws a committee is not there yet.
    #[error("request {id} is drawn by block {round}, the newest final block is {newest}: try again later")]
    NotDrawable {
        /// The request.
        id: B256,
        /// The block that draws.
        round: u64,
        /// The newest final block.
        newest: u64,
    },
    /// The round of drand that draws a committee was not brought yet.
    #[error(
        "request {id} is drawn by round {round} of drand, which nobody has brought yet (`aver oracle round` does)"
    )]
    NoRound {
        /// The request.
        id: B256,
        /// The round.
        round: u64,
    },
    /// The step is none for where the request stands.
    #[error("request {id} {stands}: {step} is not for it")]
    NotNow {
        /// The request.
        id: B256,
        /// Where it stands.
        stands: &'static str,
        /// The step.
        step: &'static str,
    },
    /// A proof that is about something else.
    #[error(transparent)]
    Statement(#[from] OtherStatement),
    /// Reading failed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A transaction was refused or not sent.
    #[error(transparent)]
    Send(#[from] Box<SendError>),
    /// The node gave no events.
    #[error(transparent)]
    Logs(#[from] LogsFault),
    /// The chain's state could not be proved.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

impl From<SendError> for SettlementError {
    fn from(error: SendError) -> Self {
        Self::Send(Box::new(error))
    }
}

impl From<HeaderError> for SettlementError {
    fn from(error: HeaderError) -> Self {
        Self::Read(error.into())
    }
}

/// A proof whose statement is not a request's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the proof is about another {what} than request {id}: expected {expected}, got {got}")]
pub struct OtherStatement {
    /// The request.
    pub id: B256,
    /// What differs.
    pub what: &'static str,
    /// The request's.
    pub expected: String,
    /// The proof's.
    pub got: String,
}
