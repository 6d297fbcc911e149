//! What the proofs of a federated task take: committing to an update, proving its norm, verifying that, and a round.
//!
//! `cargo run --release -p averment-prover --example federated_bench [round [20]]`: a two-layer network of 100,000 parameters and one
//! of a million, in chunks of several sizes; with `round` a round of so many updates, the last aggregate and as many cumulative
//! updates, of a network of 126,385 parameters. CPU seconds.

#![allow(clippy::print_stdout, reason = "it says what it measures")]

#[path = "../../plan/tests/cases/mod.rs"]
mod cases;

use alloy_primitives::{Address, B256};
use averment_plan::Plan;
use averment_primitives::Salt;
use averment_prover::{
    Engine, Setup,
    federated::{RoundVectors, Vector, aggregate, prove_round, prove_update, triangle},
    random::secret,
};
use averment_verifier::{
    Key,
    federated::{About, RoundCommitments, RoundDescriptor, TaskShape, UpdateDescriptor},
    statement::Mode,
};
use rustix::time::{ClockId, clock_gettime};
use std::{error::Error, time::Instant};

/// Widths of weights and of updates.
const BITS: (u8, u8) = (16, 12);

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    if words.next().is_some_and(|word| word == "round") {
        return round(words.next().map_or(Ok(20), |word| word.parse())?);
    }
    for (inputs, hidden, chunk_bits) in
        [(784, 126, 16), (784, 126, 17), (784, 126, 18), (976, 1012, 18), (976, 1012, 19)]
    {
        let (plan, shape) = task(inputs, hidden, chunk_bits)?;
        let setup = Setup::development(chunk_bits);
        let chunks = shape.blocks().chunks();
        println!("{} parameters, {chunks} chunks of 2^{chunk_bits}", parameters(&plan));
        let cells = cells(&shape, 1, BITS.1);
        let salt = Salt::from_random([7; 32]);
        let update =
            timed("  commit", || Vector::commit(&setup, shape.blocks(), cells.clone(), Some(&salt)))?;
        let own = timed("  derive the descriptor", || UpdateDescriptor::new(&shape, Mode::ZeroKnowledge))?;
        let engine = timed("  engine", || Engine::new(&setup, chunk_bits))?;
        let (about, bound) = (about(&plan), (1_i64 << 62) - 1);
        let mut random = secret()?;
        let proof =
            timed("  prove", || prove_update(&engine, &own, &update, &about, bound, &mut random))?.encode();
        let key = Key { setup: setup.digest(), tau: setup.tau() };
        let commitment = update.commitment()?;
        timed("  verify", || own.verify(&key, &commitment, &about, bound, &proof))?;
        println!("  proof: {} bytes", proof.len());
    }
    Ok(())
}

/// A round of so many updates of a little more than 2^17 cells, most of them parameters.
fn round(count: u64) -> Result<(), Box<dyn Error>> {
    let (plan, shape) = task(1000, 125, 18)?;
    let setup = Setup::development(18);
    println!(
        "{} parameters, {} chunks of 2^18, {count} + 1 and {count} rows",
        parameters(&plan),
        shape.blocks().chunks()
    );
    let salt = Salt::from_random([7; 32]);
    let commit =
        |seed: u64, bits: u8| Vector::commit(&setup, shape.blocks(), cells(&shape, seed, bits), Some(&salt));
    let updates = (0..count).map(|seed| commit(seed, BITS.1)).collect::<Result<Vec<_>, _>>()?;
    let (older, root) = (commit(1000, BITS.0 - 2)?, commit(1001, BITS.1)?);
    let share = 65_536 / u32::try_from(count)?;
    let weighted: Vec<(u32, &Vector)> = updates.iter().map(|own| (share, own)).collect();
    let (model, remainder) = timed("  aggregate", || aggregate(&setup, &older, &weighted, Some(&salt)))?;
    let sums = updates.iter().map(|own| Vector::combine(&[(2, own)])).collect::<Result<Vec<_>, _>>()?;
    let rows = [[updates.clone(), vec![root]].concat(), sums];
    let half_bits = u8::try_from((count + 1).next_power_of_two().trailing_zeros())?;
    let own = timed("  derive the descriptor", || {
        RoundDescriptor::new(&shape, Mode::ZeroKnowledge, half_bits, 2, 20)
    })?;
    let triangles = timed("  inner products", || {
        rows.iter()
            .map(|rows| triangle(&rows.iter().collect::<Vec<_>>(), &own.exponents))
            .collect::<Option<Vec<_>>>()
    });
    let triangles = triangles.ok_or("a matrix of more than 64 bits")?;
    let engine = timed("  engine", || Engine::new(&setup, 18))?;
    let halves = rows.iter().map(|rows| rows.iter().collect()).collect();
    let vectors = RoundVectors { model: &model, remainder: &remainder, halves };
    let about = about(&plan);
    let mut random = secret()?;
    let proof =
        timed("  prove", || prove_round(&engine, &own, &vectors, &about, &triangles, &mut random))?.encode();
    let (model, remainder) = (model.commitment()?, remainder.commitment()?);
    let lists: Vec<Vec<_>> =
        rows.iter().map(|rows| rows.iter().filter_map(|row| row.commitment().ok()).collect()).collect();
    let halves = lists.iter().map(|list| list.iter().collect()).collect();
    let commitments = RoundCommitments { model: &model, remainder: &remainder, halves };
    let key = Key { setup: setup.digest(), tau: setup.tau() };
    timed("  verify", || own.verify(&key, &commitments, &about, &triangles, &proof))?;
    println!("  proof: {} bytes; predicted memory {} MB", proof.len(), Engine::memory(&own.descriptor) >> 20);
    Ok(())
}

fn about(plan: &Plan) -> About {
    let (task, party) = (Address::repeat_byte(1), Address::repeat_byte(2));
    let word = B256::repeat_byte(3);
    About { chain_id: 31_337, task, round: word, party, version: word, plan: plan.digest(), terms: word }
}

/// A network of two dense layers, ten outputs.
fn task(inputs: u32, hidden: u32, chunk_bits: u8) -> Result<(Plan, TaskShape), Box<dyn Error>> {
    let (mut draft, _) = cases::perceptron();
    draft.inputs[0].shape = cases::shape(&[inputs]);
    let shapes: [&[u32]; 4] = [&[hidden, inputs], &[hidden], &[10, hidden], &[10]];
    for (weight, dims) in draft.weights.iter_mut().zip(shapes) {
        (weight.shape, weight.bits) = (cases::shape(dims), BITS.0);
    }
    draft.steps[0] = cases::step(&[hidden], cases::dense(0, inputs, 0, 1), 2, 0);
    draft.steps[1] = cases::step(&[10], cases::dense(1, hidden, 2, 3), 3, 1);
    draft.output.labels.clear();
    let plan = Plan::new(draft)?;
    let shape = TaskShape::new(&plan, chunk_bits, vec![BITS.1; 4], vec![2, 0, 2, 0])?;
    Ok((plan, shape))
}

fn parameters(plan: &Plan) -> usize {
    plan.weights().iter().map(|weight| weight.shape.real_cells().count()).sum()
}

/// Real cells of so many bits.
fn cells(shape: &TaskShape, seed: u64, bits: u8) -> Vec<Vec<i32>> {
    let mut numbers = cases::Numbers(seed);
    let half = 1_i64 << (bits - 1);
    let block = |shape: &averment_plan::Shape| {
        let mut cells = vec![0; 1 << shape.bits()];
        shape.real_cells().for_each(|cell| cells[cell] = numbers.within(-half, half - 1) as i32);
        cells
    };
    shape.shapes().iter().map(block).collect()
}

/// Says how long something takes, all threads together, and on the clock.
fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let cpu = || {
        let now = clock_gettime(ClockId::ProcessCPUTime);
        now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
    };
    let (start, clock) = (cpu(), Instant::now());
    let done = run();
    println!("{what}: {:.3} s of CPU, {:.3} s", cpu() - start, clock.elapsed().as_secs_f64());
    done
}
