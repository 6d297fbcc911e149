//! What the machine wants.

use super::{Certificate, Contested, Promise, Said, TwoAnswers};
use crate::signing::ShortSignature;
use alloy_primitives::{Address, B256};

/// Something that is to be done. Doing it twice does no harm: the contracts take it once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Have the committee drawn.
    Draw {
        /// For which request.
        id: B256,
    },
    /// Get the input and compute the answer: [`Event::Decided`](super::Event::Decided) follows.
    Compute {
        /// To which request.
        id: B256,
    },
    /// Say that there is no answer: [`Event::Decided`](super::Event::Decided) without outputs follows.
    GiveUp {
        /// To which request.
        id: B256,
    },
    /// Note that an answer is going to be given with a bond: [`Event::Staked`](super::Event::Staked) follows.
    Stake {
        /// To which request.
        id: B256,
    },
    /// Sign the commitment for the other members: [`Event::Promised`](super::Event::Promised) follows.
    Promise {
        /// About which request.
        id: B256,
        /// What was decided.
        outputs: Vec<i64>,
    },
    /// Sign a list of commitments: [`Event::Listed`](super::Event::Listed) follows.
    List {
        /// About which request.
        id: B256,
        /// The round.
        round: u8,
        /// The promises by seat.
        promises: Vec<Option<Promise>>,
        /// Whether this operator leads the round, so that the others need the promises from it.
        leads: bool,
    },
    /// Sign the answer together with the list of this certificate: [`Event::Spoken`](super::Event::Spoken) follows.
    Speak {
        /// About which request.
        id: B256,
        /// What was decided.
        outputs: Vec<i64>,
        /// Why it may speak.
        certificate: Certificate,
    },
    /// Post what enough members say.
    Agree {
        /// About which request.
        id: B256,
        /// What they say.
        outputs: Vec<i64>,
        /// The commitments of all.
        commits: Vec<B256>,
        /// Who says so, ascending by seat.
        voices: Vec<Agreeing>,
    },
    /// Show that somebody signed two answers.
    Accuse {
        /// To which request.
        id: B256,
        /// Both of them.
        answers: Box<TwoAnswers>,
    },
    /// Answer with a bond.
    Answer {
        /// Which request.
        id: B256,
        /// What was decided.
        outputs: Vec<i64>,
    },
    /// Make an own answer final.
    Finalise {
        /// To which request.
        id: B256,
        /// What it says.
        outputs: Vec<i64>,
    },
    /// Prove what was decided.
    Prove {
        /// About which request.
        id: B256,
        /// What was decided.
        outputs: Vec<i64>,
        /// The answer that is there.
        contested: Option<Contested>,
    },
    /// Prove what was decided, over a committee that says something else.
    Overrule {
        /// About which request.
        id: B256,
        /// What was decided.
        outputs: Vec<i64>,
        /// What each member revealed; nothing of who has not.
        heard: Vec<Vec<i64>>,
    },
    /// Prove, when a request is over, that operators said something else than what is right.
    Contradict {
        /// About which request.
        id: B256,
        /// What was decided.
        outputs: Vec<i64>,
        /// What they said.
        said: Vec<Said>,
    },
    /// Commit to what was decided.
    Commit {
        /// About which request.
        id: B256,
        /// The seat of the committee.
        seat: u8,
        /// What was decided.
        outputs: Vec<i64>,
    },
    /// Show what was committed to.
    Reveal {
        /// About which request.
        id: B256,
        /// The seat of the committee.
        seat: u8,
        /// What was decided.
        outputs: Vec<i64>,
    },
    /// End a committee's work.
    Close {
        /// About which request.
        id: B256,
        /// What each member revealed; nothing of who has not.
        heard: Vec<Vec<i64>>,
    },
    /// Challenge an answer that is wrong.
    Challenge {
        /// To which request.
        id: B256,
        /// Whose.
        answerer: Address,
        /// What it says.
        outputs: Vec<i64>,
    },
    /// Have an answer slashed that was challenged by this operator and not proved.
    Forfeit {
        /// To which request.
        id: B256,
        /// Whose.
        answerer: Address,
        /// What it says.
        outputs: Vec<i64>,
    },
}

/// A member of an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreeing {
    /// Its seat.
    pub seat: u8,
    /// What hid its commitment.
    pub salt: B256,
    /// Its signature of outputs and list.
    pub signature: ShortSignature,
}

impl Action {
    /// The request that it is about.
    pub fn id(&self) -> B256 {
        match self {
            Self::Draw { id }
            | Self::Compute { id }
            | Self::GiveUp { id }
            | Self::Stake { id }
            | Self::Answer { id, .. }
            | Self::Finalise { id, .. }
            | Self::Prove { id, .. }
            | Self::Overrule { id, .. }
            | Self::Contradict { id, .. }
            | Self::Promise { id, .. }
            | Self::List { id, .. }
            | Self::Speak { id, .. }
            | Self::Agree { id, .. }
            | Self::Accuse { id, .. }
            | Self::Commit { id, .. }
            | Self::Reveal { id, .. }
            | Self::Close { id, .. }
            | Self::Challenge { id, .. }
            | Self::Forfeit { id, .. } => *id,
        }
    }

    /// Whether it takes a transaction.
    pub fn is_sent(&self) -> bool {
        !matches!(
            self,
            Self::Compute { .. }
                | Self::GiveUp { .. }
                | Self::Stake { .. }
                | Self::Promise { .. }
                | Self::List { .. }
                | Self::Speak { .. }
        )
    }

    /// Its name, for logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Draw { .. } => "draw",
            Self::Compute { .. } => "compute",
            Self::GiveUp { .. } => "give-up",
            Self::Stake { .. } => "stake",
            Self::Answer { .. } => "answer",
            Self::Finalise { .. } => "finalise",
            Self::Prove { .. } => "prove",
            Self::Overrule { .. } => "overrule",
            Self::Contradict { .. } => "contradict",
            Self::Promise { .. } => "promise",
            Self::List { .. } => "list",
            Self::Speak { .. } => "speak",
            Self::Agree { .. } => "agree",
            Self::Accuse { .. } => "accuse",
            Self::Commit { .. } => "commit",
            Self::Reveal { .. } => "reveal",
            Self::Close { .. } => "close",
            Self::Challenge { .. } => "challenge",
            Self::Forfeit { .. } => "forfeit",
        }
    }
}
