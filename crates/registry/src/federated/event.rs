//! What a task said, from raw logs.

use crate::settlement::Log;
use alloy_sol_types::SolEvent;
use averment_primitives::{Address, B256, Bytes, U256, VersionId};
use thiserror::Error;

pub(crate) mod typed {
    #![allow(missing_docs, reason = "contracts/src/interfaces/IFederatedTask.sol")]
    alloy_sol_types::sol! {
        event UpdateRevealed(
            uint16 indexed round, address indexed account, bytes32 proofHash, bytes32 contentHash, bytes points, bytes32 cumulative
        );
        event Excluded(uint16 indexed round, address indexed account);
        event Aggregated(
            uint16 indexed round, address indexed aggregator, bytes32 contentHash, bytes points, address[] accounts,
            uint256[] weights, bytes matrix
        );
        event Rated(uint16 indexed round, uint256[] qualities);
        event ScoresRevealed(uint16 indexed round, address indexed validator, uint32[] scores);
        event Settled(uint16 indexed round, bytes32 indexed model, uint256[] payments);
        event Voided(uint16 indexed round);
        event Struck(uint16 indexed round, address indexed account, uint8 strikes);
        event Slashed(uint16 indexed round, address indexed account, address indexed accuser, uint256 burned);
        event Finished(bytes32 indexed version);
    }
}

/// Something that a task said. Members, phases and commits are no part of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "contracts/src/interfaces/IFederatedTask.sol has each field")]
pub enum TaskEvent {
    /// An update was revealed.
    Revealed { round: u16, account: Address, proof: B256, content: B256, points: Bytes },
    /// It does not stand any more.
    Excluded { round: u16, account: Address },
    /// A new model.
    Aggregated {
        round: u16,
        aggregator: Address,
        content: B256,
        points: Bytes,
        accounts: Vec<Address>,
        weights: Vec<U256>,
        matrix: Bytes,
    },
    /// What updates are worth, of 2^16 together.
    Rated { round: u16, qualities: Vec<U256> },
    /// A validator's scores.
    Scored { round: u16, validator: Address, scores: Vec<u32> },
    /// A round is final and paid.
    Settled { round: u16, model: B256, payments: Vec<U256> },
    /// A round came to nothing.
    Voided { round: u16 },
    /// An account got a strike.
    Struck { round: u16, account: Address, strikes: u8 },
    /// An account lost its stake.
    Slashed { round: u16, account: Address, accuser: Address, burned: U256 },
    /// The task's model is registered.
    Finished { version: VersionId },
}

/// Why a log is not the event that it is named as.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("event {event} of a task: {why}")]
pub struct TaskEventError {
    /// The event.
    pub event: &'static str,
    /// The decoder's words.
    pub why: String,
}

fn read<E: SolEvent>(event: &'static str, log: &Log) -> Result<E, TaskEventError> {
    E::decode_raw_log_validate(log.topics.iter().copied(), &log.data)
        .map_err(|error| TaskEventError { event, why: error.to_string() })
}

impl TaskEvent {
    /// What the log of a task says; none if it is no part of an audit.
    pub fn of(log: &Log) -> Result<Option<Self>, TaskEventError> {
        use typed::{
            Aggregated, Excluded, Finished, Rated, ScoresRevealed, Settled, Slashed, Struck, UpdateRevealed,
            Voided,
        };
        let Some(&topic) = log.topics.first() else { return Ok(None) };
        Ok(Some(match topic {
            UpdateRevealed::SIGNATURE_HASH => {
                let own: UpdateRevealed = read("UpdateRevealed", log)?;
                Self::Revealed {
                    round: own.round,
                    account: own.account,
                    proof: own.proofHash,
                    content: own.contentHash,
                    points: own.points,
                }
            }
            Excluded::SIGNATURE_HASH => {
                let own: Excluded = read("Excluded", log)?;
                Self::Excluded { round: own.round, account: own.account }
            }
            Aggregated::SIGNATURE_HASH => {
                let own: Aggregated = read("Aggregated", log)?;
                Self::Aggregated {
                    round: own.round,
                    aggregator: own.aggregator,
                    content: own.contentHash,
                    points: own.points,
                    accounts: own.accounts,
                    weights: own.weights,
                    matrix: own.matrix,
                }
            }
            Rated::SIGNATURE_HASH => {
                let own: Rated = read("Rated", log)?;
                Self::Rated { round: own.round, qualities: own.qualities }
            }
            ScoresRevealed::SIGNATURE_HASH => {
                let own: ScoresRevealed = read("ScoresRevealed", log)?;
                Self::Scored { round: own.round, validator: own.validator, scores: own.scores }
            }
            Settled::SIGNATURE_HASH => {
                let own: Settled = read("Settled", log)?;
                Self::Settled { round: own.round, model: own.model, payments: own.payments }
            }
            Voided::SIGNATURE_HASH => Self::Voided { round: read::<Voided>("Voided", log)?.round },
            Struck::SIGNATURE_HASH => {
                let own: Struck = read("Struck", log)?;
                Self::Struck { round: own.round, account: own.account, strikes: own.strikes }
            }
            Slashed::SIGNATURE_HASH => {
                let own: Slashed = read("Slashed", log)?;
                Self::Slashed {
                    round: own.round,
                    account: own.account,
                    accuser: own.accuser,
                    burned: own.burned,
                }
            }
            Finished::SIGNATURE_HASH => {
                Self::Finished { version: VersionId(read::<Finished>("Finished", log)?.version) }
            }
            _ => return Ok(None),
        }))
    }
}
