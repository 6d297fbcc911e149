//! What a task said, from raw logs: the one decoder of its events, for who audits and who takes part.

use crate::settlement::Log;
use alloy_primitives::IntoLogData;
use alloy_sol_types::{SolEvent, SolEventInterface};
use averment_primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub(crate) mod typed {
    #![allow(missing_docs, reason = "contracts/src/interfaces/IFederatedTask.sol")]
    alloy_sol_types::sol! {
        interface Told {
            event Joined(address indexed account, bytes32 indexed identity, uint16 index);
            event Left(address indexed account);
            event ValidatorJoined(address indexed account, bytes32 indexed identity);
            event Announced(address indexed account, bytes32 key, string endpoint);
            event Opened(uint16 indexed round, uint16 members, uint64 randomness);
            event Drawn(uint16 indexed round, bytes32 seed);
            event PhaseBegun(uint16 indexed round, uint8 indexed phase, uint40 until);
            event Committed(uint16 indexed round, address indexed account, bytes32 digest);
            event UpdateRevealed(
                uint16 indexed round, address indexed account, bytes32 proofHash, bytes32 contentHash, bytes points, bytes32 cumulative
            );
            event Challenged(uint16 indexed round, address indexed account, uint8 indexed contested, address challenger);
            event Answered(uint16 indexed round, address indexed account, uint8 indexed contested);
            event Lapsed(uint16 indexed round, address indexed account, uint8 indexed contested);
            event Excluded(uint16 indexed round, address indexed account);
            event Aggregated(
                uint16 indexed round, address indexed aggregator, bytes32 contentHash, bytes points, address[] accounts,
                uint256[] weights, bytes matrix
            );
            event Rated(uint16 indexed round, uint256[] qualities);
            event ScoresCommitted(uint16 indexed round, address indexed validator, bytes32 digest);
            event ScoresRevealed(uint16 indexed round, address indexed validator, uint32[] scores);
            event Settled(uint16 indexed round, bytes32 indexed model, uint256[] payments);
            event Voided(uint16 indexed round);
            event Struck(uint16 indexed round, address indexed account, uint8 strikes);
            event Slashed(uint16 indexed round, address indexed account, address indexed accuser, uint256 burned);
            event TaskEnded(uint256 rest);
            event Finished(bytes32 indexed version);
            event Withdrawn(address indexed account, address indexed to, uint256 amount);
        }
    }
}

use typed::Told::{self, ToldEvents};

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It was not begun.
    None,
    /// Anybody opens the next round.
    Idle,
    /// The seed that draws participants is not known yet.
    Select,
    /// Participants commit.
    Commit,
    /// Participants reveal.
    Reveal,
    /// Proofs and updates can be challenged.
    Check,
    /// Challenges can only be answered now.
    Answer,
    /// The named aggregator's time.
    Aggregate,
    /// Any member's.
    Takeover,
    /// Validators commit to scores.
    Score,
    /// Validators reveal them.
    Disclose,
    /// The model can be challenged, and nothing is left but to pay.
    Settle,
    /// The task is over.
    Ended,
}

impl Phase {
    const ALL: [Self; 13] = {
        use Phase::{
            Aggregate, Answer, Check, Commit, Disclose, Ended, Idle, None, Reveal, Score, Select, Settle,
            Takeover,
        };
        [
            None, Idle, Select, Commit, Reveal, Check, Answer, Aggregate, Takeover, Score, Disclose, Settle,
            Ended,
        ]
    };

    /// The phase that the contract has as this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// What it is about, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "not begun",
            Self::Idle => "between rounds",
            Self::Select => "waiting for the draw",
            Self::Commit => "taking commits",
            Self::Reveal => "taking reveals",
            Self::Check => "taking challenges of updates",
            Self::Answer => "taking answers to challenges",
            Self::Aggregate => "waiting for the named aggregator",
            Self::Takeover => "waiting for any member to aggregate",
            Self::Score => "taking commits to scores",
            Self::Disclose => "taking scores",
            Self::Settle => "about to pay",
            Self::Ended => "over",
        }
    }
}

/// What a challenge is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Contested {
    /// The proof about an update.
    Proof,
    /// The update's integers.
    Update,
    /// The new model's.
    Model,
    /// Those of all that an account revealed together.
    Cumulative,
}

impl Contested {
    /// As the contract has it.
    pub fn code(self) -> u8 {
        match self {
            Self::Proof => 0,
            Self::Update => 1,
            Self::Model => 2,
            Self::Cumulative => 3,
        }
    }

    /// What the contract has as this number.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Proof, Self::Update, Self::Model, Self::Cumulative].get(usize::from(code)).copied()
    }
}

/// Something that a task said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TaskEvent {
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
        /// How much of it was burned; zero in journals of before it was kept.
        #[serde(default)]
        burned: U256,
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

/// Why a log is none of a task's events.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("not an event of a task: {why}")]
pub struct TaskEventError {
    /// The decoder's words.
    pub why: String,
}

impl TaskEvent {
    /// Topics of every event of a task.
    pub const TOPICS: &'static [[u8; 32]] = ToldEvents::SELECTORS;

    /// What a log of a task says.
    pub fn decode(topics: &[B256], data: &[u8]) -> Result<Self, TaskEventError> {
        let wrong = |why: String| TaskEventError { why };
        let told = ToldEvents::decode_raw_log(topics, data).map_err(|error| wrong(error.to_string()))?;
        // The decoder overlooks what is set where an address or a small number has zeros, and what lies behind.
        let again = told.to_log_data();
        if again.topics() != topics || again.data.as_ref() != data {
            return Err(wrong("it would be written otherwise".to_owned()));
        }
        Self::of_typed(told).map_err(wrong)
    }

    /// What the log of a task says to an audit; none if it is no part of one, as members, phases, commits and challenges are not.
    pub fn audited(log: &Log) -> Result<Option<Self>, TaskEventError> {
        use typed::Told::{
            Aggregated, Excluded, Finished, Rated, ScoresRevealed, Settled, Slashed, Struck, UpdateRevealed,
            Voided,
        };
        let Some(topic) = log.topics.first() else { return Ok(None) };
        let own = [
            UpdateRevealed::SIGNATURE_HASH,
            Excluded::SIGNATURE_HASH,
            Aggregated::SIGNATURE_HASH,
            Rated::SIGNATURE_HASH,
            ScoresRevealed::SIGNATURE_HASH,
            Settled::SIGNATURE_HASH,
            Voided::SIGNATURE_HASH,
            Struck::SIGNATURE_HASH,
            Slashed::SIGNATURE_HASH,
            Finished::SIGNATURE_HASH,
        ];
        own.contains(topic).then(|| Self::decode(&log.topics, &log.data)).transpose()
    }

    fn of_typed(told: ToldEvents) -> Result<Self, String> {
        let contested = |code: u8| Contested::from_code(code).ok_or(format!("no challenge of kind {code}"));
        Ok(match told {
            ToldEvents::Joined(Told::Joined { account, index, .. }) => Self::Joined { account, index },
            ToldEvents::ValidatorJoined(e) => Self::ValidatorJoined { account: e.account },
            ToldEvents::Left(e) => Self::Left { account: e.account },
            ToldEvents::Announced(Told::Announced { account, key, endpoint }) => {
                Self::Announced { account, key, endpoint }
            }
            ToldEvents::Opened(Told::Opened { round, members, randomness }) => {
                Self::Opened { round, members, randomness }
            }
            ToldEvents::Drawn(Told::Drawn { round, seed }) => Self::Drawn { round, seed },
            ToldEvents::PhaseBegun(Told::PhaseBegun { round, phase, until }) => {
                let phase = Phase::from_code(phase).ok_or(format!("no phase {phase}"))?;
                Self::Phase { round, phase, until: until.to::<u64>() }
            }
            ToldEvents::Committed(Told::Committed { round, account, digest }) => {
                Self::Committed { round, account, digest }
            }
            ToldEvents::UpdateRevealed(e) => Self::Revealed {
                round: e.round,
                account: e.account,
                proof: e.proofHash,
                content: e.contentHash,
                points: e.points,
                cumulative: e.cumulative,
            },
            ToldEvents::Challenged(e) => Self::Challenged {
                round: e.round,
                account: e.account,
                contested: contested(e.contested)?,
                challenger: e.challenger,
            },
            ToldEvents::Answered(e) => {
                Self::Answered { round: e.round, account: e.account, contested: contested(e.contested)? }
            }
            ToldEvents::Lapsed(e) => {
                Self::Lapsed { round: e.round, account: e.account, contested: contested(e.contested)? }
            }
            ToldEvents::Excluded(Told::Excluded { round, account }) => Self::Excluded { round, account },
            ToldEvents::Aggregated(e) => Self::Aggregated {
                round: e.round,
                aggregator: e.aggregator,
                content: e.contentHash,
                points: e.points,
                accounts: e.accounts,
                weights: e.weights,
                matrix: e.matrix,
            },
            ToldEvents::Rated(Told::Rated { round, qualities }) => Self::Rated { round, qualities },
            ToldEvents::ScoresCommitted(Told::ScoresCommitted { round, validator, digest }) => {
                Self::ScoresCommitted { round, validator, digest }
            }
            ToldEvents::ScoresRevealed(Told::ScoresRevealed { round, validator, scores }) => {
                Self::ScoresRevealed { round, validator, scores }
            }
            ToldEvents::Settled(Told::Settled { round, model, payments }) => {
                Self::Settled { round, model, payments }
            }
            ToldEvents::Voided(e) => Self::Voided { round: e.round },
            ToldEvents::Struck(Told::Struck { round, account, strikes }) => {
                Self::Struck { round, account, strikes }
            }
            ToldEvents::Slashed(e) => {
                Self::Slashed { round: e.round, account: e.account, accuser: e.accuser, burned: e.burned }
            }
            ToldEvents::TaskEnded(_) => Self::Ended,
            ToldEvents::Finished(e) => Self::Finished { version: e.version },
            ToldEvents::Withdrawn(e) => Self::Withdrawn { account: e.account, amount: e.amount },
        })
    }
}
