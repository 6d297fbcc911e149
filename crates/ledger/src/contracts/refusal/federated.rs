//! Why a task of federated learning refuses, and why its factory does.

use crate::{
    contracts::{FederatedTask::FederatedTaskErrors as Task, FederatedTasks::FederatedTasksErrors as Tasks},
    federated::{Contested, Phase},
};
use averment_registry::Utc;
use std::fmt;

pub(super) fn task(error: &Task, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Task::ZeroAddress(_) => f.write_str("an account is missing: the zero address was given"),
        Task::NotATask(_) => f.write_str("this is no task, or it was begun already"),
        Task::WrongPhase(e) => {
            write!(f, "the task is {}, this belongs where it is {}", phase(e.got), phase(e.expected))
        }
        Task::TooLate(e) => write!(f, "this could be done until {}", Utc(e.until.to())),
        Task::TooEarly(e) => write!(f, "this can be done after {}", Utc(e.until.to())),
        Task::WrongRound(e) => write!(f, "this is of round {}, the task is in round {}", e.got, e.expected),
        Task::NotAMember(e) => {
            write!(f, "{} is no member who may do this now; members join first", e.account)
        }
        Task::AlreadyMember(e) => write!(f, "{} is a member already", e.account),
        Task::PutOut(e) => {
            write!(f, "{} was slashed or has too many strikes: it cannot come back to this task", e.account)
        }
        Task::NotAdmitted(e) => {
            write!(
                f,
                "{} is not admitted: the task's gate does not know it, or it gives the root update",
                e.account
            )
        }
        Task::IdentityTaken(e) => write!(f, "{} takes part for the same identity already", e.account),
        Task::Full(e) => write!(f, "the task has its {} members already", e.maximum),
        Task::JoiningPaused(e) => write!(f, "nobody can join until {}", Utc(e.until)),
        Task::Bound(e) => {
            write!(f, "what {} said in round {} binds its stake until that round is over", e.account, e.round)
        }
        Task::TooFew(e) => write!(f, "at least {} are needed, there are {}", e.minimum, e.got),
        Task::NoRandomness(e) => write!(f, "the randomness of round {} is not there yet", e.round),
        Task::NotSelected(e) => write!(f, "{} was not drawn for round {}", e.account, e.round),
        Task::AlreadyCommitted(e) => write!(f, "{} has committed in round {} already", e.account, e.round),
        Task::NotCommitted(e) => {
            write!(
                f,
                "{} did not commit in round {}, or its commit does not count any more",
                e.account, e.round
            )
        }
        Task::AlreadyRevealed(e) => write!(f, "{} has revealed this in round {} already", e.account, e.round),
        Task::OtherCommitment(e) => {
            write!(f, "{} committed to {}, this has the digest {}", e.account, e.expected, e.got)
        }
        Task::InvalidSignature(e) => write!(f, "the signature is not one of {}", e.account),
        Task::SignatureTooLong(e) => write!(f, "a signature has at most {} bytes, got {}", e.max, e.got),
        Task::OtherLength(e) => write!(f, "expected a length of {}, got {}", e.expected, e.got),
        Task::BadPoint(e) => {
            write!(f, "the point of chunk {} is not on the curve, or not canonical", e.chunk)
        }
        Task::OtherReveal(e) => write!(f, "this is not what {} revealed", e.account),
        Task::NothingRevealed(e) => write!(f, "{} revealed nothing that stands in this round", e.account),
        Task::NotAscending(e) => {
            write!(f, "accounts have to ascend, each once; {} is out of its place", e.account)
        }
        Task::NotTheAggregator(e) => {
            write!(f, "{} aggregates now, not {}; others may once its time is over", e.expected, e.got)
        }
        Task::ChallengesOpen(e) => {
            write!(f, "{} challenges are open; they are answered or lapse first", e.open)
        }
        Task::OtherModel(_) => {
            f.write_str("these are not the points of the task's model, or of what it was before")
        }
        Task::EquationFails(e) => {
            write!(f, "the new model is not the weighted sum of the updates: chunk {} differs", e.chunk)
        }
        Task::NotRated(_) => {
            f.write_str("what the updates are worth was not computed, or is something else; rate them first")
        }
        Task::NotProved(_) => f.write_str("the proof does not prove the round"),
        Task::ProofHolds(_) => f.write_str("the proof proves what it should: nobody is slashed for it"),
        Task::OtherBytes(e) => {
            write!(f, "expected bytes with the hash {}, got some with {}", e.expected, e.got)
        }
        Task::NotTheOutcome(_) => f.write_str("this is not what the round came to"),
        Task::AlreadyChallenged(e) => {
            write!(f, "the {} of {} was challenged in this round already", contested(e.contested), e.account)
        }
        Task::NotChallenged(e) => {
            write!(f, "the {} of {} has no challenge that is open", contested(e.contested), e.account)
        }
        Task::NotOpened(e) => {
            write!(f, "chunk {} does not open to what was posted, or not everything was posted", e.chunk)
        }
        Task::NoEquivocation(_) => f.write_str("these are not two different commits of one account"),
        Task::NothingToStrike(e) => write!(f, "{} did its part, or got its strike", e.account),
        Task::RoundStands(_) => f.write_str("the round has what it needs to go on"),
        Task::NotTheSponsor(e) => write!(f, "only the sponsor {} may do this, not {}", e.expected, e.got),
        Task::OtherVersion(e) => {
            write!(
                f,
                "version {} is not the task's model, or does not come from its initial version",
                e.version
            )
        }
        Task::AlreadyFinished(e) => write!(f, "the task is finished already, as version {}", e.version),
        Task::TooLong(e) => write!(f, "at most {} are allowed, got {}", e.max, e.got),
        Task::Insufficient(e) => write!(f, "there are {} to withdraw, not {}", e.balance, e.amount),
        Task::NotEnoughGas(_) => f.write_str("this needs more gas than the transaction was given"),
        #[allow(unreachable_patterns, reason = "errors of the contracts that this one calls")]
        other => write!(f, "{other:?}"),
    }
}

pub(super) fn tasks(error: &Tasks, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Tasks::NotUsable(e) => {
            write!(f, "version {} cannot be trained on: it is {}", e.version, super::stage(e.stage))
        }
        Tasks::OtherPlan(e) => write!(f, "the version's plan is {}, not {}", e.expected, e.got),
        Tasks::OtherWeights(e) => {
            write!(f, "the version's weights are {}, prefix and points come to {}", e.expected, e.got)
        }
        Tasks::BadPrefix(_) => f.write_str("the prefix is none of a commitment to weights with this setup"),
        Tasks::UnknownKind(e) => {
            write!(
                f,
                "descriptor {} is not registered with the proof verifier; register it first",
                e.descriptor
            )
        }
        Tasks::OtherKind(e) => {
            write!(
                f,
                "descriptor {} is not of this task's updates or rounds: of {} it has {}, expected {}",
                e.descriptor, e.what, e.got, e.expected
            )
        }
        Tasks::OutOfRange(e) => {
            write!(
                f,
                "the term {:?} has to be {} to {}, got {}",
                super::printable(&e.what),
                e.min,
                e.max,
                e.got
            )
        }
        Tasks::RootNeeded(e) if e.needed => f.write_str("the rule needs a root update: name who gives it"),
        Tasks::RootNeeded(_) => f.write_str("the rule takes no root update: name nobody who gives one"),
        Tasks::UnknownPrivacy(e) => write!(f, "there is no privacy mode {}", e.mode),
        Tasks::NotATask(e) => write!(f, "{} is no task of this factory", e.account),
        Tasks::AlreadyProvenance(e) => {
            write!(f, "version {} is the model of the task {} already", e.version, e.task)
        }
        other => write!(f, "{other:?}"),
    }
}

fn phase(code: u8) -> &'static str {
    Phase::from_code(code).map_or("in a phase unknown to this release", Phase::words)
}

fn contested(code: u8) -> &'static str {
    match Contested::from_code(code) {
        Some(Contested::Proof) => "proof",
        Some(Contested::Update) => "update",
        Some(Contested::Model) => "model",
        Some(Contested::Cumulative) => "cumulative update",
        None => "matter unknown to this release",
    }
}
