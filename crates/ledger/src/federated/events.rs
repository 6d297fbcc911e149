//! What a task says, in order.

use super::{Contested, Phase, TaskClient, TaskError};
use crate::{
    VerifiedHeader,
    contracts::FederatedTask::{self, FederatedTaskEvents as Told},
    registry::logs,
};
use alloy::{
    rpc::types::{Filter, Log},
    sol_types::SolEventInterface,
};
use averment_primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};

/// Something that a task said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// A participant joined, at this place of the list that seeds draw from.
    Joined {
        /// Who.
        account: Address,
        /// Its place, from 1 on.
        index: u16,
    },
    /// A validator joined.
    ValidatorJoined {
        /// Who.
        account: Address,
    },
    /// A participant or validator left.
    Left {
        /// Who.
        account: Address,
    },
    /// Where an account takes packages, and with which key they are sealed for it.
    Announced {
        /// Who.
        account: Address,
        /// Its key.
        key: B256,
        /// A URL, in its words.
        endpoint: String,
    },
    /// A round was opened, or waits for another draw.
    Opened {
        /// Its number.
        round: u16,
        /// How many members there are to draw from.
        members: u16,
        /// The round of randomness that draws; zero if all take part.
        randomness: u64,
    },
    /// Its participants were drawn.
    Drawn {
        /// The round.
        round: u16,
        /// By this.
        seed: B256,
    },
    /// A phase began.
    Phase {
        /// The round.
        round: u16,
        /// Which.
        phase: Phase,
        /// Its last second.
        until: u64,
    },
    /// A participant committed.
    Committed {
        /// The round.
        round: u16,
        /// Who.
        account: Address,
        /// To what.
        digest: B256,
    },
    /// A participant revealed.
    Revealed {
        /// The round.
        round: u16,
        /// Who.
        account: Address,
        /// keccak256 of the update's proof.
        proof: B256,
        /// keccak256 of its package.
        content: B256,
        /// Its points, 64 bytes each.
        points: Bytes,
        /// keccak256 of the cumulative points with these; zero in a task without.
        cumulative: B256,
    },
    /// Something was challenged.
    Challenged {
        /// The round.
        round: u16,
        /// Whose.
        account: Address,
        /// What.
        contested: Contested,
        /// By whom.
        challenger: Address,
    },
    /// A challenge was answered.
    Answered {
        /// The round.
        round: u16,
        /// Whose.
        account: Address,
        /// What.
        contested: Contested,
    },
    /// A challenge was not answered.
    Lapsed {
        /// The round.
        round: u16,
        /// Whose.
        account: Address,
        /// What.
        contested: Contested,
    },
    /// An account's update does not stand any more, or its aggregation.
    Excluded {
        /// The round.
        round: u16,
        /// Whose.
        account: Address,
    },
    /// There is a new model.
    Aggregated {
        /// The round.
        round: u16,
        /// Who made it.
        aggregator: Address,
        /// keccak256 of its package.
        content: B256,
        /// Its points.
        points: Bytes,
        /// Whose updates it is made of.
        accounts: Vec<Address>,
        /// How much each row weighs.
        weights: Vec<U256>,
        /// The triangles of the matrix, 8 bytes an entry.
        matrix: Bytes,
    },
    /// What the updates are worth was computed.
    Rated {
        /// The round.
        round: u16,
        /// How good each one's update was, of 2^16 together.
        qualities: Vec<U256>,
    },
    /// A validator committed to scores.
    ScoresCommitted {
        /// The round.
        round: u16,
        /// Who.
        validator: Address,
        /// To what.
        digest: B256,
    },
    /// A validator revealed them.
    ScoresRevealed {
        /// The round.
        round: u16,
        /// Who.
        validator: Address,
        /// Of the outcome's accounts.
        scores: Vec<u32>,
    },
    /// The round is final and paid.
    Settled {
        /// The round.
        round: u16,
        /// keccak256 of the model's points.
        model: B256,
        /// What each of the outcome's accounts was paid.
        payments: Vec<U256>,
    },
    /// The round came to nothing.
    Voided {
        /// The round.
        round: u16,
    },
    /// An account got a strike.
    Struck {
        /// The round.
        round: u16,
        /// Who.
        account: Address,
        /// How many it has.
        strikes: u8,
    },
    /// An account lost its stake.
    Slashed {
        /// The round.
        round: u16,
        /// Who.
        account: Address,
        /// Who showed it.
        accuser: Address,
    },
    /// The task is over.
    Ended,
    /// Its model is registered.
    Finished {
        /// As this version.
        version: B256,
    },
    /// An account took money out.
    Withdrawn {
        /// Who.
        account: Address,
        /// How much.
        amount: U256,
    },
}

impl Event {
    /// What a log of a task says.
    ///
    /// # Errors
    /// Says in words why it is none of a task's events.
    pub fn decode(topics: &[B256], data: &[u8]) -> Result<Self, String> {
        event(Told::decode_raw_log(topics, data).map_err(|error| error.to_string())?)
    }
}

/// An event with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// The block's number.
    pub block: u64,
    /// What.
    pub event: Event,
}

impl TaskClient {
    /// What the task said in blocks `from` to `to`.
    pub async fn events(&self, from: u64, to: u64) -> Result<Vec<Happened>, TaskError> {
        let mut happened = Vec::new();
        let filter = Filter::new().address(self.id().task);
        logs(self.ledger(), &filter, from, to, |log| {
            happened.push(self.decoded(&log, from..=to)?);
            Ok::<(), TaskError>(())
        })
        .await?;
        Ok(happened)
    }

    /// What it said up to `block`.
    pub async fn history(&self, block: &VerifiedHeader) -> Result<Vec<Happened>, TaskError> {
        self.events(self.from_block(), block.header.number).await
    }

    fn decoded(&self, log: &Log, blocks: std::ops::RangeInclusive<u64>) -> Result<Happened, TaskError> {
        let block = log.block_number.unwrap_or_default();
        let wrong = |why: String| TaskError::Event { block, why };
        if log.address() != self.id().task || log.removed || !blocks.contains(&block) {
            return Err(wrong(format!("an event of {} that was not asked for", log.address())));
        }
        let event = Event::decode(log.topics(), &log.data().data).map_err(wrong)?;
        Ok(Happened { block, event })
    }
}

fn event(told: Told) -> Result<Event, String> {
    let contested = |code: u8| Contested::from_code(code).ok_or(format!("challenge of kind {code}"));
    Ok(match told {
        Told::Joined(FederatedTask::Joined { account, index, .. }) => Event::Joined { account, index },
        Told::ValidatorJoined(e) => Event::ValidatorJoined { account: e.account },
        Told::Left(e) => Event::Left { account: e.account },
        Told::Announced(FederatedTask::Announced { account, key, endpoint }) => {
            Event::Announced { account, key, endpoint }
        }
        Told::Opened(FederatedTask::Opened { round, members, randomness }) => {
            Event::Opened { round, members, randomness }
        }
        Told::Drawn(FederatedTask::Drawn { round, seed }) => Event::Drawn { round, seed },
        Told::PhaseBegun(FederatedTask::PhaseBegun { round, phase, until }) => {
            let phase = Phase::from_code(phase).ok_or(format!("phase {phase}"))?;
            Event::Phase { round, phase, until: until.to() }
        }
        Told::Committed(FederatedTask::Committed { round, account, digest }) => {
            Event::Committed { round, account, digest }
        }
        Told::UpdateRevealed(e) => Event::Revealed {
            round: e.round,
            account: e.account,
            proof: e.proofHash,
            content: e.contentHash,
            points: e.points,
            cumulative: e.cumulative,
        },
        Told::Challenged(e) => Event::Challenged {
            round: e.round,
            account: e.account,
            contested: contested(e.contested)?,
            challenger: e.challenger,
        },
        Told::Answered(e) => {
            Event::Answered { round: e.round, account: e.account, contested: contested(e.contested)? }
        }
        Told::Lapsed(e) => {
            Event::Lapsed { round: e.round, account: e.account, contested: contested(e.contested)? }
        }
        Told::Excluded(FederatedTask::Excluded { round, account }) => Event::Excluded { round, account },
        Told::Aggregated(e) => Event::Aggregated {
            round: e.round,
            aggregator: e.aggregator,
            content: e.contentHash,
            points: e.points,
            accounts: e.accounts,
            weights: e.weights,
            matrix: e.matrix,
        },
        Told::Rated(FederatedTask::Rated { round, qualities }) => Event::Rated { round, qualities },
        Told::ScoresCommitted(FederatedTask::ScoresCommitted { round, validator, digest }) => {
            Event::ScoresCommitted { round, validator, digest }
        }
        Told::ScoresRevealed(FederatedTask::ScoresRevealed { round, validator, scores }) => {
            Event::ScoresRevealed { round, validator, scores }
        }
        Told::Settled(FederatedTask::Settled { round, model, payments }) => {
            Event::Settled { round, model, payments }
        }
        Told::Voided(e) => Event::Voided { round: e.round },
        Told::Struck(FederatedTask::Struck { round, account, strikes }) => {
            Event::Struck { round, account, strikes }
        }
        Told::Slashed(e) => Event::Slashed { round: e.round, account: e.account, accuser: e.accuser },
        Told::TaskEnded(_) => Event::Ended,
        Told::Finished(e) => Event::Finished { version: e.version },
        Told::Withdrawn(e) => Event::Withdrawn { account: e.account, amount: e.amount },
    })
}
