//! Differential fuzzing of the rules: of drawn matrices the deployed `RobustWeights` makes what `averment_federated` makes, bit for bit, and
//! refuses what it refuses with the same words. `AVERMENT_SEEDS=FROM..TO` draws others than usually; a seed is 490 matrices.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol,
    sol_types::{SolCall, SolValue},
};
use averment_federated::gram::{Gram, GramError, Half, Limits, Shape};
use averment_federated::quality::qualities;
use averment_federated::rules::{Kind, Rule, RuleError};
use averment_ledger::{
    Ledger,
    embedded::{Genesis, GenesisAccount},
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::ops::Range;

#[path = "../../federated/tests/vectors/abi.rs"]
#[allow(dead_code, reason = "the vectors are written with it, too")]
mod abi;
#[path = "../../federated/tests/vectors/matrices.rs"]
mod matrices;

const ARTIFACT: &str = include_str!("../../../contracts/artifacts/RobustWeights.json");
const PLACE: Address = Address::repeat_byte(0xaa);
const SEEDS: &str = "AVERMENT_SEEDS";

sol! {
    /// As `contracts/src/interfaces/IRobustWeights.sol`.
    struct TheRule {
        uint8 kind;
        uint8 faults;
        bool clip;
        bool mix;
        uint64 norm;
        uint64 radius;
    }

    struct TheRows {
        uint16 updates;
        bool previous;
        bool root;
        bool history;
        uint64 square;
        uint64 historySquare;
    }

    function weigh(TheRule rule, TheRows rows, bytes matrix) returns (uint256[] weights);
    function judge(TheRows rows, bytes matrix) returns (uint256[] qualities);
}

/// What is asked.
struct Case {
    rule: Rule,
    shape: Shape,
    limits: Limits,
    matrix: Vec<u8>,
}

/// Weights and qualities, or what is said against it.
type Answer = Result<(Vec<u32>, Vec<u32>), Vec<u8>>;

impl Case {
    fn expected(&self) -> Answer {
        let gram =
            Gram::decode(self.shape, self.limits, &self.matrix).map_err(|fault| abi::gram_error(&fault))?;
        let weights = self.rule.weights(&gram).map_err(|fault| abi::rule_error(&fault))?;
        Ok((weights.all().to_vec(), qualities(&gram)))
    }

    async fn said(&self, chain: &impl Provider) -> Answer {
        let Self { rule, shape, limits, .. } = self;
        let rule = TheRule {
            kind: rule.kind as u8,
            faults: rule.faults,
            clip: rule.clip,
            mix: rule.mix,
            norm: rule.norm,
            radius: rule.radius,
        };
        let rows = TheRows {
            updates: u16::try_from(shape.updates).unwrap(),
            previous: shape.previous,
            root: shape.root,
            history: shape.history,
            square: limits.update,
            historySquare: limits.history,
        };
        let matrix = Bytes::from(self.matrix.clone());
        let weights =
            numbers(ask(chain, weighCall { rule, rows: rows.clone(), matrix: matrix.clone() }).await?);
        Ok((weights, numbers(ask(chain, judgeCall { rows, matrix }).await?)))
    }
}

/// What the call returns, or the data that it reverts with.
async fn ask(chain: &impl Provider, call: impl SolCall) -> Result<Bytes, Vec<u8>> {
    let request = TransactionRequest::default().with_to(PLACE).with_input(call.abi_encode());
    let answer = chain.call(request).await;
    answer.map_err(|error| {
        error.as_error_resp().and_then(|told| told.as_revert_data()).expect("a revert").to_vec()
    })
}

fn numbers(returned: Bytes) -> Vec<u32> {
    let values = <Vec<U256>>::abi_decode(&returned).unwrap();
    values.into_iter().map(|value| u32::try_from(value).unwrap()).collect()
}

async fn deployed() -> Ledger {
    let artifact: serde_json::Value = serde_json::from_str(ARTIFACT).unwrap();
    let code: Bytes = artifact["bytecode"].as_str().unwrap().parse().unwrap();
    let genesis = || Genesis::development(1_700_000_000);
    let creating = TransactionRequest::default().with_deploy_code(code);
    let code = Ledger::in_memory(genesis()).unwrap().provider().call(creating).await.unwrap();
    let mut genesis = genesis();
    genesis.gas_limit = 1 << 30;
    genesis.accounts.insert(PLACE, GenesisAccount { code, ..GenesisAccount::default() });
    Ledger::in_memory(genesis).unwrap()
}

fn seeds() -> Range<u64> {
    let Ok(wanted) = std::env::var(SEEDS) else { return 100..101 };
    let (from, to) = wanted.split_once("..").expect("FROM..TO");
    from.parse().unwrap()..to.parse().unwrap()
}

#[tokio::test]
async fn the_contract_weighs_and_judges_as_rust_does() {
    let ledger = deployed().await;
    for seed in seeds() {
        let mut refused = 0;
        for (number, case) in matrices::cases(seed).iter().enumerate() {
            let expected = case.expected();
            refused += usize::from(expected.is_err());
            assert_eq!(case.said(ledger.provider()).await, expected, "case {number} of seed {seed}");
        }
        assert!((1..250).contains(&refused), "{refused} refused");
    }
}
