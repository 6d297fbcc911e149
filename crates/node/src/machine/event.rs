//! What the machine is told: requests, committees, and what happens to them.

use super::{Promise, SignedList, Voice, Windows, Words};
use alloy_primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};

/// Terms of a request. `body` and the other encodings are passed back to the contracts as they came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its id.
    pub id: B256,
    /// Who asks.
    pub requester: Address,
    /// The version that is to answer.
    pub version: B256,
    /// The offer it is made under.
    pub offer: B256,
    /// The identity of the commitment to its inputs.
    pub inputs: B256,
    /// How many inputs.
    pub items: u32,
    /// How an answer becomes final.
    pub mode: Mode,
    /// Last second at which it may be answered.
    pub deadline: u64,
    /// In the token's smallest units: what the answer is worth.
    pub fee: u128,
    /// In the token's smallest units: what an optimistic answerer stakes.
    pub bond: u128,
    /// Inputs that are public, in the order of the plan.
    pub public_inputs: Vec<i64>,
    /// The ABI encoding of the whole request.
    pub body: Bytes,
}

/// How an answer becomes final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// By a proof.
    Proof,
    /// By a bond and a window for challenges.
    Optimistic,
    /// By a committee.
    Quorum,
}

/// A drawn committee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committee {
    /// How many have to say the same.
    pub threshold: u8,
    /// How far answers that count as the same may differ; members of such a committee commit and reveal on the chain.
    pub tolerance: u64,
    /// When it was drawn.
    pub since: u64,
    /// Last second at which members may commit.
    pub commit_until: u64,
    /// Last second at which they may reveal.
    pub reveal_until: u64,
    /// The operators of its seats, in order.
    pub members: Vec<u32>,
    /// Their keys.
    pub signers: Vec<Address>,
    /// Its ABI encoding.
    pub body: Bytes,
}

/// What happened. From [`Event::Decided`] on it is not the contracts that say so: the operator does itself, or another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// All up to here has settled.
    Settled {
        /// The block's time, in seconds of Unix time.
        time: u64,
    },
    /// An offer was made.
    Offered {
        /// Its id.
        offer: B256,
        /// How long it gives.
        windows: Windows,
        /// Its ABI encoding.
        body: Bytes,
    },
    /// Somebody asks.
    Requested {
        /// What.
        asked: Box<Asked>,
        /// When.
        time: u64,
    },
    /// A committee was drawn.
    Drawn {
        /// For which request.
        id: B256,
        /// Who is in it.
        committee: Box<Committee>,
    },
    /// A member's commitment is on the chain.
    Committed {
        /// To the answer of which request.
        id: B256,
        /// Whose.
        operator: u32,
    },
    /// A member's answer is.
    Revealed {
        /// To which request.
        id: B256,
        /// Whose.
        operator: u32,
        /// What it says; nothing if it cannot answer.
        outputs: Vec<i64>,
    },
    /// Somebody answered with a bond.
    Answered {
        /// Which request.
        id: B256,
        /// Who.
        answerer: Address,
        /// The last second at which it may be challenged.
        until: u64,
        /// What it says.
        outputs: Vec<i64>,
    },
    /// Somebody challenged that answer.
    Challenged {
        /// To which request.
        id: B256,
        /// Who.
        challenger: Address,
        /// The last second at which it may be proved.
        until: u64,
    },
    /// The answer was not proved; another one may be given.
    Reopened {
        /// To which request.
        id: B256,
    },
    /// A committee could not agree, or had no answer: its work is done.
    Ended {
        /// Of which request.
        id: B256,
    },
    /// There is nothing more to do about a request: it is final, or refunded.
    Closed {
        /// Which.
        id: B256,
    },
    /// An operator was charged for what it did about a request.
    Charged {
        /// Which.
        id: B256,
        /// The operator.
        operator: u32,
    },
    /// What this operator says about a request.
    Decided {
        /// Which.
        id: B256,
        /// What; nothing if it cannot answer.
        outputs: Vec<i64>,
    },
    /// This operator stakes its bond on what it decided.
    Staked {
        /// On the answer to which request.
        id: B256,
    },
    /// This operator signed its commitment for the other members. It follows from the decision, and need not be kept.
    Promised {
        /// About which request.
        id: B256,
        /// The commitment.
        promise: Promise,
    },
    /// It signed a list of commitments.
    Listed {
        /// About which request.
        id: B256,
        /// The list, as the others get it.
        list: SignedList,
        /// The promises in it.
        promises: Vec<Option<Promise>>,
    },
    /// It signed its answer together with a list.
    Spoken {
        /// About which request.
        id: B256,
        /// Its voice.
        voice: Box<Voice>,
    },
    /// Another member said something, over the channel. It is asked for again after a stop, and not kept.
    Heard {
        /// About which request.
        id: B256,
        /// The member's seat.
        seat: u8,
        /// What.
        words: Box<Words>,
    },
}

impl Event {
    /// The request that it is about; none of what is about none.
    pub fn id(&self) -> Option<B256> {
        match self {
            Self::Settled { .. } | Self::Offered { .. } => None,
            Self::Requested { asked, .. } => Some(asked.id),
            Self::Drawn { id, .. }
            | Self::Committed { id, .. }
            | Self::Revealed { id, .. }
            | Self::Answered { id, .. }
            | Self::Challenged { id, .. }
            | Self::Reopened { id }
            | Self::Ended { id }
            | Self::Closed { id }
            | Self::Charged { id, .. }
            | Self::Decided { id, .. }
            | Self::Staked { id }
            | Self::Promised { id, .. }
            | Self::Listed { id, .. }
            | Self::Spoken { id, .. }
            | Self::Heard { id, .. } => Some(*id),
        }
    }

    /// Whether it is something that the operator decided or signed itself, to be kept before it has consequences.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Decided { .. } | Self::Staked { .. } | Self::Listed { .. } | Self::Spoken { .. })
    }
}
