//! What a claims pool refuses, in words.

use super::super::ClaimsPool::ClaimsPoolErrors as Pool;
use crate::claims::Stage;
use averment_registry::Utc;
use std::fmt;

pub(super) fn pool(error: &Pool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Pool::BadTimes(_) => f.write_str(
            "no time of a pool is zero, filing takes at most a period, and a claim has at least two to be asked about",
        ),
        Pool::UnknownProduct(e) => write!(f, "the pool has no product {}", e.product),
        Pool::NotSold(e) => write!(f, "product {} is not sold: there is none, or its sale ended", e.product),
        Pool::BadProduct(_) => f.write_str("a product has a term and pays something"),
        Pool::UnknownRoutine(e) => write!(f, "the pool has no routine {}", e.routine),
        Pool::BadRoutine(_) => f.write_str(
            "a routine asks about 1, 2, 4, … or 128 claims with at most 4096 outputs together, one of which counts, within \
             a range that holds something, and gives time to answer",
        ),
        Pool::NoVersion(e) => {
            write!(f, "no version is authorised for routine {}: the insurer authorises one", e.routine)
        }
        Pool::PolicyExists(e) => {
            write!(f, "policy {} was sold already: take another salt or another address", e.policy)
        }
        Pool::WrongState(e) => write!(f, "policy {} {}, expected that it {}", e.policy, policy(e.got), policy(e.expected)),
        Pool::NotCovered(e) => {
            write!(f, "the pool has {} free, {} are needed: the insurer adds capital", e.free, e.needed)
        }
        Pool::NotOver(e) => write!(f, "policy {} may still have claims until {}", e.policy, Utc(e.until.to())),
        Pool::NotInForce(e) => write!(
            f,
            "policy {} holds from {} to {}: what happened {} is not insured by it, or has not happened yet",
            e.policy,
            Utc(e.from.to()),
            Utc(e.until.to()),
            Utc(e.happenedAt.to())
        ),
        Pool::Stale(e) => {
            write!(f, "claims of policy {} with this signature were taken until {}", e.policy, Utc(e.until.to()))
        }
        Pool::FilingClosed(e) => {
            write!(f, "claims are filed at the beginning of a period: from {} on", Utc(e.until.saturating_to()))
        }
        Pool::EvidenceUsed(e) => write!(f, "a claim with the evidence {} was filed already", e.evidence),
        Pool::NotAccredited(e) => write!(f, "{} is no accredited intake", e.intake),
        Pool::SignatureTooLong(e) => write!(f, "a signature has at most {} bytes, got {}", e.max, e.got),
        Pool::WrongStage(e) => {
            write!(f, "the claim {} {}, expected that it {}", e.evidence, stage(e.got), stage(e.expected))
        }
        Pool::OtherPolicy(e) => write!(f, "the claim {} is another policy's than {}", e.evidence, e.got),
        Pool::NotHolder(e) => {
            write!(f, "policy {} is held by {}, not by {}", e.policy, e.expected, e.got)
        }
        Pool::BatchSize(e) => write!(
            f,
            "a batch takes all claims that wait, up to what the routine's proofs take: {} now, got {}",
            e.expected, e.got
        ),
        Pool::FiledJustNow(e) => {
            write!(f, "the claim {} was filed in this period: it is asked about in the next", e.evidence)
        }
        Pool::OtherRoutine(e) => {
            write!(f, "the claim {} is decided by routine {}, not by {}", e.evidence, e.got, e.expected)
        }
        Pool::OtherClaims(e) => write!(
            f,
            "the request is about the claims {}, these are {}: all of them, in the order in which they were asked about",
            e.expected, e.got
        ),
        Pool::NotFinal(e) => write!(f, "these are no final outputs of request {}", e.request),
        Pool::NotUnanswered(e) => write!(f, "request {} is not refunded, and may still be answered", e.request),
        Pool::TooEarly(e) => write!(f, "the claim {} has until {}", e.evidence, Utc(e.until.to())),
        Pool::TooLate(e) => write!(f, "the claim {} had until {}", e.evidence, Utc(e.until.to())),
        Pool::EntryPaused(e) => {
            write!(f, "capital, sales and requests of the pool are paused until {}", Utc(e.until))
        }
        other => write!(f, "{other:?}"),
    }
}

/// The words for a `PolicyState`.
fn policy(code: u8) -> &'static str {
    match code {
        0 => "was never sold",
        1 => "has no open claim",
        2 => "has a claim that is open or waits to be paid",
        3 => "is over",
        _ => "is in a state unknown to this release",
    }
}

/// The words for a `ClaimStage`.
fn stage(code: u8) -> &'static str {
    Stage::from_code(code).map_or("is in a stage unknown to this release", Stage::words)
}

#[cfg(test)]
mod tests {
    use super::super::Refusal;
    use crate::contracts::ClaimsPool;
    use alloy::sol_types::SolError;
    use averment_primitives::{Address, B256};

    #[test]
    fn errors_of_a_pool_become_words() {
        let data = ClaimsPool::WrongStage { evidence: B256::ZERO, expected: 3, got: 5 };
        let refusal = Refusal::decode(&data.abi_encode());
        assert!(matches!(refusal, Refusal::Pool(_)));
        assert!(
            refusal.to_string().contains("was rejected") && refusal.to_string().contains("is accepted"),
            "{refusal}"
        );
        let data = ClaimsPool::NotAccredited { intake: Address::ZERO };
        assert!(Refusal::decode(&data.abi_encode()).to_string().contains("no accredited intake"));
        let data = ClaimsPool::WrongState { policy: B256::ZERO, expected: 1, got: 9 };
        assert!(Refusal::decode(&data.abi_encode()).to_string().contains("unknown to this release"));
    }
}
