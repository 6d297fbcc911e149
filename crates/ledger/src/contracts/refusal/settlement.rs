//! What the router and operators' stake refuse, in words.

use super::super::{
    InferenceRouter::InferenceRouterErrors as Router, OracleStaking::OracleStakingErrors as Staking,
};
use averment_registry::{
    Utc,
    settlement::{Mode, Phase},
};
use std::fmt;

pub(super) fn router(error: &Router, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Router::Insufficient(e) => {
            write!(f, "{} has {} in the router, {} are needed: deposit first", e.account, e.balance, e.needed)
        }
        Router::InexactTransfer(e) => {
            write!(f, "the token moved {} instead of {}: it cannot be used here", e.got, e.expected)
        }
        Router::SafeERC20FailedOperation(e) => {
            write!(f, "the token {} refused the transfer: allow the contract to take it first", e.token)
        }
        Router::UnknownVerifier(e) => write!(f, "the router does not believe the verifier {}", e.verifier),
        Router::NotModelOwner(e) => {
            write!(f, "only the model's owner {} may offer version {}, not {}", e.expected, e.version, e.got)
        }
        Router::NotDeployed(e) => write!(f, "version {} is {}", e.version, super::stage(e.got)),
        Router::VersionRevoked(e) => {
            write!(f, "version {} was revoked: what is open is refunded", e.version)
        }
        Router::OtherContent(e) => {
            write!(f, "weights or plan of the offer are not those of version {}", e.version)
        }
        Router::NotCertified(e) => {
            write!(f, "the weights {} are not certified for the descriptor {}", e.weights, e.descriptor)
        }
        Router::NoMode(_) => f.write_str("the offer allows no mode"),
        Router::ItemsOutOfRange(e) => write!(f, "a request has {} to {} inputs, got {}", e.min, e.max, e.got),
        Router::SecondsOutOfRange(e) => {
            write!(f, "allowed are {} to {} seconds, got {}", e.min, e.max, e.got)
        }
        Router::OfferNotOpen(e) => write!(f, "the offer {} is not there, or was withdrawn", e.id),
        Router::OfferExists(e) => write!(f, "the offer {} is open already", e.id),
        Router::RequestExists(e) => write!(f, "the request {} was made already: use another salt", e.id),
        Router::ModeNotAllowed(e) => write!(
            f,
            "the offer's terms do not allow the mode {}{}",
            mode(e.mode),
            if e.personal { " for inputs about persons" } else { "" }
        ),
        Router::DeadlineOutOfRange(e) => {
            write!(f, "the deadline must be {} to {}, got {}", e.min, e.max, Utc(e.got.to()))
        }
        Router::WindowOutOfRange(e) => {
            write!(f, "the window must be {} to {} seconds, got {}", e.min, e.max, e.got)
        }
        Router::BondBelowValueAtRisk(e) => {
            write!(f, "{} are at risk: the answer's bond must be as much, got {}", e.valueAtRisk, e.bond)
        }
        Router::TooMuchAtRisk(e) => write!(
            f,
            "a committee of this offer may decide about {} at most, {} are at risk: ask for a proof",
            e.max, e.got
        ),
        Router::BadQuorum(e) => write!(
            f,
            "of at most {} members more than half have to say the same, got {} of {}",
            e.max, e.threshold, e.members
        ),
        Router::TooMuchCallbackGas(e) => write!(f, "a callback has at most {} gas, got {}", e.max, e.got),
        Router::TooManyValues(e) => write!(f, "there are at most {} values, got {}", e.max, e.got),
        Router::WrongPhase(e) => write!(f, "the request {} {}", e.id, phase(e.got)),
        Router::WrongMode(e) => {
            write!(f, "this is for the mode {}, the request asks for {}", mode(e.expected), mode(e.got))
        }
        Router::TooLate(e) => write!(f, "the time for it ended {}", Utc(e.until.to())),
        Router::TooEarly(e) => write!(f, "not before {}", Utc(e.until.to())),
        Router::OtherAnswer(e) => {
            write!(f, "this is not the answer or the committee that the request {} has", e.id)
        }
        Router::OtherOffer(e) => write!(f, "the request names the offer {}, not {}", e.expected, e.got),
        Router::NotProved(e) => write!(f, "the proof does not prove this answer to {} for its sender", e.id),
        Router::NothingToRefund(e) => {
            write!(f, "the request {} is in time and its version stands: nothing is refunded", e.id)
        }
        Router::NotEnoughGas(e) => {
            write!(
                f,
                "the callback needs {} gas, {} are left: send the transaction with more",
                e.needed, e.left
            )
        }
        Router::NoRandomness(e) => write!(f, "the randomness of block {} is not recorded yet", e.round),
        Router::AlreadyDrawn(e) => {
            write!(f, "the request {} had its committee, which did not agree: now only a proof answers", e.id)
        }
        Router::EntryPaused(e) => write!(f, "new requests and deposits are paused until {}", Utc(e.until)),
        other => write!(f, "{other:?}"),
    }
}

pub(super) fn staking(error: &Staking, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Staking::UnknownOperator(e) => write!(f, "there is no operator {}", e.operator),
        Staking::NotOwner(e) => {
            write!(f, "only the owner {} of operator {} may do this, not {}", e.expected, e.operator, e.got)
        }
        Staking::SeatsOutOfRange(e) => {
            write!(f, "an operator has {} to {} seats, this makes {}", e.min, e.max, e.got)
        }
        Staking::PlaceTaken(e) => {
            write!(f, "another seat is at place {} already: take an empty one", e.place)
        }
        Staking::NoSuchPlace(e) => {
            write!(f, "there are {} places; place {} comes when all are taken", e.places, e.got)
        }
        Staking::NotFree(e) => write!(
            f,
            "the seat at place {} is in a committee, or not operator {}'s but {}'s",
            e.place, e.expected, e.got
        ),
        Staking::SignerTaken(e) => write!(f, "the key {} is or was an operator's: use a fresh one", e.signer),
        Staking::SignerIsOwner(e) => {
            write!(f, "{} would both sign and be paid: use another key for signing", e.signer)
        }
        Staking::InDebt(e) => {
            write!(f, "operator {} owes {} bonds, which are collected first", e.operator, e.debts)
        }
        Staking::NothingToWithdraw(e) => write!(f, "there is nothing to withdraw for {}", e.account),
        Staking::Unbonding(e) => write!(f, "the bonds can be withdrawn from {}", Utc(e.until.to())),
        Staking::AlreadyPunished(e) => {
            write!(f, "operator {} paid already for what it did about {}", e.operator, e.id)
        }
        Staking::OtherCommittee(e) => write!(f, "this is not the committee of request {}", e.id),
        Staking::CommitsTooLate(e) => write!(f, "commitments were due by {}", Utc(e.until.to())),
        Staking::RevealsTooEarly(e) => write!(f, "members commit until {}, then reveal", Utc(e.until.to())),
        Staking::RevealsTooLate(e) => write!(f, "the committee's time ended {}", Utc(e.until.to())),
        Staking::ClosedTooEarly(e) => write!(f, "members may reveal until {}", Utc(e.until.to())),
        Staking::BadSeat(e) => write!(f, "the committee has no seat {}, or it is not in order", e.seat),
        Staking::BadSignature(e) => write!(f, "this is no signature of the member at seat {}", e.seat),
        Staking::AlreadyCommitted(e) => write!(f, "the member at seat {} committed already", e.seat),
        Staking::NotCommitted(e) => {
            write!(f, "the member at seat {} has not committed, or has revealed already", e.seat)
        }
        Staking::OtherCommitment(e) => {
            write!(f, "the member at seat {} committed to something else", e.seat)
        }
        Staking::OtherReveal(e) => write!(f, "the member at seat {} revealed something else", e.seat),
        Staking::TooFewVoices(e) => write!(f, "{} members have to say the same, got {}", e.expected, e.got),
        Staking::EntryPaused(e) => write!(f, "joining and new seats are paused until {}", Utc(e.until)),
        other => write!(f, "{other:?}"),
    }
}

/// The words for a `Mode`.
fn mode(code: u8) -> String {
    Mode::from_code(code).map_or_else(|| "unknown to this release".to_owned(), |mode| mode.to_string())
}

/// The words for a `Phase`.
fn phase(code: u8) -> &'static str {
    Phase::from_code(code).map_or("is in a phase unknown to this release", Phase::words)
}

#[cfg(test)]
mod tests {
    use super::super::Refusal;
    use crate::contracts::{InferenceRouter, OracleStaking};
    use alloy::sol_types::SolError;
    use averment_primitives::{Address, B256, U256};

    #[test]
    fn errors_of_settlement_become_words() {
        let data = InferenceRouter::Insufficient {
            account: Address::ZERO,
            balance: U256::from(1),
            needed: U256::from(2),
        };
        let refusal = Refusal::decode(&data.abi_encode());
        assert!(matches!(refusal, Refusal::Router(_)));
        assert!(refusal.to_string().contains("deposit first"), "{refusal}");
        let data = InferenceRouter::WrongPhase { id: B256::ZERO, got: 3 };
        assert!(Refusal::decode(&data.abi_encode()).to_string().contains("has to be proved"));
        let data = OracleStaking::InDebt { operator: 3, debts: U256::from(2) };
        let refusal = Refusal::decode(&data.abi_encode());
        assert!(matches!(refusal, Refusal::Staking(_)));
        assert!(refusal.to_string().contains("operator 3 owes 2 bonds"), "{refusal}");
    }
}
