//! What a proof will take, said before anything is proved.
//!
//! The proof's length is exact. Time and memory are the engine's estimates. Gas is a formula over the plan's descriptor,
//! fitted by least squares to the transactions measured in `contracts/snapshots/proofs.json`; the test below holds it
//! against them, model by model.

use averment_ledger::fees::{Estimate, Footprint, PriceBook, incompressible};
use averment_prover::Engine;
use averment_verifier::{
    descriptor::{Axis, Descriptor, Term},
    proof::Proof,
    statement::Mode,
};
use serde_json::{Value, json};
use std::time::Duration;

/// What a proof takes.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// Processor time with AVX-512 IFMA, about.
    pub time: Duration,
    /// Bytes of memory at most, about.
    pub memory: u64,
    /// Bytes of the proof.
    pub bytes: usize,
    /// Gas of a transaction that verifies it, about.
    pub gas: u64,
    /// Gas of registering the descriptor, once, about.
    pub register: u64,
    /// What the transaction costs on the chains, at the usual prices.
    pub fees: Estimate,
}

/// Bytes of a point.
const POINT: usize = 64;
/// Words of a call beside points, proof and public values: what a statement says, offsets and lengths.
const CALL_WORDS: usize = 20;

impl Prediction {
    /// For proofs in one mode by the descriptor derived for it.
    pub fn new(descriptor: &Descriptor, mode: Mode) -> Self {
        let bytes = Proof::length(descriptor, mode);
        let gas = gas(descriptor, mode);
        let footprint = footprint(descriptor, bytes, gas);
        Self {
            time: Engine::time(descriptor),
            memory: Engine::memory(descriptor),
            bytes,
            gas,
            register: register_gas(descriptor),
            fees: PriceBook::default().estimate(&footprint),
        }
    }

    /// For machines.
    pub fn json(&self) -> Value {
        json!({
            "seconds": self.time.as_secs_f64(),
            "memory": self.memory,
            "bytes": self.bytes,
            "gas": self.gas,
            "registerGas": self.register,
            "wei": {
                "ethereum": self.fees.ethereum.wei.to_string(),
                "opMainnet": self.fees.op_mainnet.wei.to_string(),
                "base": self.fees.base.wei.to_string(),
                "arbitrum": self.fees.arbitrum.wei.to_string(),
            },
        })
    }
}

/// Points that are passed beside the proof; those of tables lie with the descriptor.
fn registered(descriptor: &Descriptor) -> usize {
    descriptor.layout.weights.len() + descriptor.layout.inputs.len()
}

/// Gas of a whole transaction: calldata at 16 a byte, a multiplication of a point for each chunk, what functionals read
/// along axes, the sumcheck's variables, the public values, and what does not depend on the plan.
fn gas(descriptor: &Descriptor, mode: Mode) -> u64 {
    let data = Proof::length(descriptor, mode) + POINT * registered(descriptor);
    let chunks = descriptor.layout.chunks().count();
    let (mut bits, mut windows) = (0, 0);
    for axis in terms(descriptor).flat_map(|term| &term.axes) {
        match axis {
            Axis::Window { .. } => windows += 1,
            plain => bits += usize::from(plain.bits()),
        }
    }
    let masks = if mode.masked() { 29_900 } else { 0 };
    let read = 159 * bits + 5_310 * windows + 623 * descriptor.public_count();
    let rounds = 9_560 * descriptor.variables();
    173_400 + masks + (16 * data + 6_895 * chunks + read + rounds) as u64
}

/// What relations read, their products' operands too.
fn terms(descriptor: &Descriptor) -> impl Iterator<Item = &Term> {
    let operands = descriptor.products().flat_map(|product| product.a.iter().chain(&product.b));
    descriptor.relations.iter().flat_map(|relation| &relation.terms).chain(operands)
}

/// Gas of registering a descriptor: its bytes are sent, read and stored, its terms validated.
fn register_gas(descriptor: &Descriptor) -> u64 {
    let bytes = descriptor.encode().map_or(0, |bytes| bytes.len());
    (503 * bytes + 13_000 * terms(descriptor).count()) as u64
}

/// A transaction as large and as little compressible as the one that verifies the proof.
fn footprint(descriptor: &Descriptor, bytes: usize, gas: u64) -> Footprint {
    let mut calldata = incompressible(bytes + POINT * registered(descriptor));
    calldata.resize(calldata.len() + 32 * (CALL_WORDS + descriptor.public_count()), 0);
    Footprint::of_call(calldata.into(), gas)
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_primitives::hex;
    use std::{fs, path::Path};

    /// How far a prediction may be from what was measured.
    const VERIFY: f64 = 0.03;
    const REGISTER: f64 = 0.06;

    #[test]
    fn gas_is_near_what_was_measured() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let read = |path: &str| fs::read(root.join(path)).unwrap();
        let measured: Value = serde_json::from_slice(&read("contracts/snapshots/proofs.json")).unwrap();
        let gas_of = |name: &str| measured[name].as_str().unwrap().parse::<f64>().unwrap();
        let single = ["dense", "mlp", "windows", "perceptron", "lenet", "cnn"];
        let single = single.iter().flat_map(|model| {
            [("zk", Mode::ZeroKnowledge), ("transparent", Mode::Transparent)]
                .map(|(suffix, mode)| (format!("{model}_{suffix}"), mode))
        });
        let batches = ["lenet128_joint_zk", "lenet128_each_zk"];
        let batches = batches.map(|name| (name.to_owned(), Mode::ZeroKnowledge));
        for (name, mode) in single.chain(batches) {
            let vector: Value =
                serde_json::from_slice(&read(&format!("vectors/proof/ok_{name}.json"))).unwrap();
            let bytes = hex::decode(vector["descriptor"].as_str().unwrap()).unwrap();
            let prediction = Prediction::new(&Descriptor::decode(&bytes).unwrap(), mode);
            let near = |got: u64, expected: f64, within: f64| {
                let apart = (got as f64 / expected - 1.0).abs();
                assert!(apart < within, "{name}: {got} predicted, {expected} measured: fit the formula anew");
            };
            near(prediction.gas, gas_of(&name), VERIFY);
            near(prediction.register, gas_of(&format!("{name}, register")), REGISTER);
            let proof = hex::decode(vector["proof"].as_str().unwrap()).unwrap();
            assert_eq!(prediction.bytes, proof.len(), "{name}");
        }
    }
}
