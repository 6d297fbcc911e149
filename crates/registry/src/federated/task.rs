//! A task's code and storage. The code is a minimal proxy (ERC-1167) with the task's terms and origin behind it, so that its hash, which
//! an account proof shows, binds both.

use crate::state::mapping;
use alloy_primitives::b256;
use alloy_sol_types::{SolType, SolValue, sol_data};
use averment_primitives::{Address, B256, U256, VersionId, keccak256};
use thiserror::Error;

/// Slot of a task's storage struct, by ERC-7201: `averment.storage.FederatedTask`.
pub const TASK_SLOT: B256 = b256!("3ece02069eb97b040f4927868d6f91109628f79e1f6d2139bfbe09845ac12600");
/// Slot of the factory's, by ERC-7201: `averment.storage.FederatedTasks`.
pub const FACTORY_SLOT: B256 = b256!("e998feda7244665fa285fa92ac558670e34838779314021f4b1b87da2f05a800");

const HEAD: [u8; 10] = [0x36, 0x3d, 0x3d, 0x37, 0x3d, 0x3d, 0x3d, 0x36, 0x3d, 0x73];
const TAIL: [u8; 15] =
    [0x5a, 0xf4, 0x3d, 0x82, 0x80, 0x3e, 0x90, 0x3d, 0x91, 0x60, 0x2b, 0x57, 0xfd, 0x5b, 0xf3];

/// Where a task keeps where it stands, its model, the chain over its rounds, and the version that it ended as.
pub fn task_slots() -> [B256; 4] {
    [0, 1, 6, 9].map(|words| forward(TASK_SLOT, words))
}

/// Where the factory keeps that it created a task, and whose final model a version is.
pub fn factory_slots(task: Address, version: VersionId) -> [B256; 2] {
    [mapping(FACTORY_SLOT, task.into_word()), mapping(forward(FACTORY_SLOT, 1), version.0)]
}

fn forward(slot: B256, words: u64) -> B256 {
    U256::from_be_bytes(slot.0).wrapping_add(U256::from(words)).into()
}

/// Where a task stands, as far as an audit needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskStanding {
    /// Whether it is over.
    pub ended: bool,
    /// The last round's number.
    pub round: u16,
    /// How many rounds are final.
    pub finals: u16,
}

impl TaskStanding {
    /// The number of the phase in which a task is over.
    const ENDED: u8 = 12;

    /// What a word says.
    pub fn of(word: B256) -> Self {
        // From the low end: phase 1, until 5, round 2, …, finals 2 bytes at 21.
        let at = |offset: usize| word.0.iter().rev().nth(offset).copied().unwrap_or_default();
        let two = |offset: usize| u16::from_le_bytes([at(offset), at(offset.saturating_add(1))]);
        Self { ended: at(0) == Self::ENDED, round: two(6), finals: two(21) }
    }
}

/// The rule of a task, as `IRobustWeights` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskRule {
    /// Its number.
    pub kind: u8,
    /// How many updates may be wrong.
    pub faults: u8,
    /// Whether norms are clipped first.
    pub clip: bool,
    /// Whether updates are mixed first.
    pub mix: bool,
    /// To which norm; zero for the median.
    pub norm: u64,
    /// Of centered clipping; zero for the median.
    pub radius: u64,
    /// Whether cumulative updates are compared.
    pub history: bool,
}

impl TaskRule {
    /// Its name.
    pub fn name(&self) -> &'static str {
        ["average", "centered clipping", "Krum", "Multi-Krum", "geometric median", "FLTrust"]
            .get(usize::from(self.kind))
            .copied()
            .unwrap_or("unknown")
    }
}

/// The terms that an audit looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskTerms {
    /// The version that the task starts from.
    pub version: VersionId,
    /// Its plan.
    pub plan: B256,
    /// The most that an update's norm may be, in units of the finest block.
    pub bound: u32,
    /// The rule.
    pub rule: TaskRule,
    /// How many rounds are opened at most.
    pub rounds: u16,
    /// What a member stakes, in the token's smallest units.
    pub stake: u128,
    /// What a round's participants earn together.
    pub reward: u128,
    /// What its aggregator earns.
    pub fee: u128,
    /// Who gives a root update; zero if nobody.
    pub root: Address,
}

/// What a task is, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskCode {
    /// The contract whose code it runs.
    pub implementation: Address,
    /// Its terms.
    pub terms: TaskTerms,
    /// What created it.
    pub factory: Address,
    /// Whose it is.
    pub sponsor: Address,
    /// keccak256 of the model's commitment before its points.
    pub prefix_hash: B256,
}

/// Why code is no task's.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("this is not the code of a task: {why}")]
pub struct TaskCodeError {
    /// What is wrong.
    pub why: String,
}

pub(crate) mod typed {
    #![allow(
        missing_docs,
        reason = "contracts/src/types/Federated.sol; structs of static members lie as one"
    )]
    alloy_sol_types::sol! {
        struct Rule { uint8 kind; uint8 faults; bool clip; bool mix; uint64 norm; uint64 radius; bool history; }
        struct Size { uint16 minimum; uint16 maximum; uint16 perRound; uint16 rounds; uint8 maximumVoid; uint8 strikes; }
        struct Times { uint32[11] phases; }
        struct Money { uint128 stake; uint128 bond; uint128 reward; uint128 fee; uint128 validatorFee; uint128 validatorStake; }
        struct Terms {
            bytes32 version; bytes32 plan; bytes32 updateKind; bytes32 roundKind; uint32 bound; Rule rule; Size size; Times times;
            Money money; uint8 validators; address aggregator; address root; address gate; uint8 privacy;
        }
        struct Origin { address factory; address sponsor; uint256 chunks; uint256 chunkBits; bytes32 prefixHash; }
        struct Code { Terms terms; Origin origin; }
    }
}

impl TaskCode {
    /// Reads a task's code.
    pub fn decode(code: &[u8]) -> Result<Self, TaskCodeError> {
        let wrong = |why: &str| TaskCodeError { why: why.to_owned() };
        let no_proxy = || wrong("it is no minimal proxy");
        let rest = code.strip_prefix(&HEAD).ok_or_else(no_proxy)?;
        let (implementation, rest) = rest.split_at_checked(20).ok_or_else(no_proxy)?;
        let arguments = rest.strip_prefix(&TAIL).ok_or_else(no_proxy)?;
        let expected = <typed::Code as SolType>::ENCODED_SIZE.unwrap_or_default();
        if arguments.len() != expected {
            return Err(TaskCodeError {
                why: format!("expected {expected} bytes behind the proxy, got {}", arguments.len()),
            });
        }
        let typed::Code { terms, origin } = <typed::Code as SolType>::abi_decode_validate(arguments)
            .map_err(|error| TaskCodeError { why: error.to_string() })?;
        let rule = terms.rule;
        Ok(Self {
            implementation: Address::from_slice(implementation),
            terms: TaskTerms {
                version: VersionId(terms.version),
                plan: terms.plan,
                bound: terms.bound,
                rule: TaskRule {
                    kind: rule.kind,
                    faults: rule.faults,
                    clip: rule.clip,
                    mix: rule.mix,
                    norm: rule.norm,
                    radius: rule.radius,
                    history: rule.history,
                },
                rounds: terms.size.rounds,
                stake: terms.money.stake,
                reward: terms.money.reward,
                fee: terms.money.fee,
                root: terms.root,
            },
            factory: origin.factory,
            sponsor: origin.sponsor,
            prefix_hash: origin.prefixHash,
        })
    }
}

/// What the contract keeps of a round's outcome, `_digestOf` in `contracts/src/federated/Words.sol`: hashes of the model's points, of what
/// it adds, and of the matrix, and whose updates it is made of.
pub fn outcome_digest(model: B256, difference: B256, matrix: B256, accounts: &[Address]) -> B256 {
    type Rest = (sol_data::FixedBytes<32>, sol_data::Array<sol_data::Address>);
    let rest = keccak256(Rest::abi_encode_params(&(matrix, accounts.to_vec())));
    keccak256((model, difference, rest).abi_encode())
}

/// The chain over final rounds with one more.
pub fn history_after(before: B256, round: u16, outcome: B256) -> B256 {
    keccak256((before, U256::from(round), outcome).abi_encode())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &str = include_str!("../../../../contracts/layouts/FederatedTask.txt");
    const FACTORY: &str = include_str!("../../../../contracts/layouts/FederatedTasks.txt");

    fn line<'a>(layout: &'a str, holder: &str, name: &str) -> &'a str {
        let from = layout.find(&format!("struct {holder} (")).expect(holder);
        let own = layout[from..].split("\n\n").next().unwrap();
        own.lines().find(|line| line.ends_with(&format!("  {name}"))).expect(name).trim_start()
    }

    #[test]
    fn slots_are_where_the_layouts_say() {
        for (slot, name, layout) in [
            (TASK_SLOT, "averment.storage.FederatedTask", TASK),
            (FACTORY_SLOT, "averment.storage.FederatedTasks", FACTORY),
        ] {
            let inner = U256::from_be_bytes(keccak256(name).0) - U256::ONE;
            let mut expected = keccak256(inner.to_be_bytes::<32>());
            expected.0[31] = 0;
            assert_eq!(slot, expected);
            assert!(layout.contains(&format!("{slot:?} + 0")), "{name}");
        }
        for (layout, holder, name, at) in [
            (TASK, "TaskStorage.Layout", "standing", "0 + 0 "),
            (TASK, "TaskStorage.Layout", "model", "1 + 0 "),
            (TASK, "TaskStorage.Layout", "history", "6 + 0 "),
            (TASK, "TaskStorage.Layout", "finishedAs", "9 + 0 "),
            (TASK, "TaskStorage.Standing", "phase", "0 + 0 "),
            (TASK, "TaskStorage.Standing", "round", "0 + 6 "),
            (TASK, "TaskStorage.Standing", "finals", "0 + 21 "),
            (FACTORY, "TasksStorage.Layout", "isTask", "0 + 0 "),
            (FACTORY, "TasksStorage.Layout", "provenance", "1 + 0 "),
        ] {
            assert!(line(layout, holder, name).starts_with(at), "{holder}.{name}");
        }
        let phases = include_str!("../../../../contracts/src/types/Federated.sol");
        let own = phases.split("enum TaskPhase {").nth(1).unwrap().split('}').next().unwrap();
        let names: Vec<&str> =
            own.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).collect();
        assert_eq!(names.get(usize::from(TaskStanding::ENDED)), Some(&"Ended"));
    }

    #[test]
    fn other_code_is_no_tasks() {
        for code in [&[][..], &HEAD[..], &[&HEAD[..], &[1; 20], &TAIL, &[0; 31]].concat()] {
            assert!(TaskCode::decode(code).is_err());
        }
    }
}
