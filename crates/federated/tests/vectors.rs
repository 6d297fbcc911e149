//! Writes `vectors/federated/rules.json`: matrices, rules, and what the rules make of them, for the contract's tests; holds the
//! committed file to it. `AVERMENT_WRITE_VECTORS=1` writes it anew; the diff is the review.

use averment_federated::gram::{Gram, GramError, Half, Limits, Shape};
use averment_federated::quality::qualities;
use averment_federated::rules::{Kind, Rule, RuleError};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::{Value, json};

#[path = "vectors/abi.rs"]
mod abi;
#[path = "vectors/matrices.rs"]
mod matrices;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/federated/rules.json");

/// One call of the contract and what must come of it.
struct Case {
    rule: Rule,
    shape: Shape,
    limits: Limits,
    matrix: Vec<u8>,
}

impl Case {
    fn encode(&self) -> Vec<u8> {
        let packed =
            |values: &[u32]| values.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<u8>>();
        let (weights, qualities, fault) = match Gram::decode(self.shape, self.limits, &self.matrix) {
            Err(error) => (Vec::new(), Vec::new(), abi::gram_error(&error)),
            Ok(gram) => match self.rule.weights(&gram) {
                Err(error) => (Vec::new(), Vec::new(), abi::rule_error(&error)),
                Ok(weights) => (packed(weights.all()), packed(&qualities(&gram)), Vec::new()),
            },
        };
        abi::case(self, [&self.matrix, &weights, &qualities, &fault])
    }
}

#[test]
fn vectors_are_what_is_committed() {
    let cases = matrices::cases(5);
    let encoded: Vec<Vec<u8>> = cases.iter().map(Case::encode).collect();
    let bytes = abi::array(&encoded);
    let text = json!({
        "about": "`cases` is the ABI encoding of an array of (rule, rows, matrix, weights, qualities, fault), as in contracts/test/federated.",
        "count": cases.len(),
        "cases": format!("0x{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    });
    let text = serde_json::to_string_pretty(&text).unwrap() + "\n";
    if std::env::var_os("AVERMENT_WRITE_VECTORS").is_some() {
        std::fs::write(PATH, &text).unwrap();
    }
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(PATH).unwrap()).unwrap();
    let made: Value = serde_json::from_str(&text).unwrap();
    assert!(committed == made, "{PATH} is not what the rules give: AVERMENT_WRITE_VECTORS=1 writes it anew");
}
