//! Three hundred insurance claims, decided by registered models in all three modes and paid by themselves, on the embedded
//! chain with the real contracts and real proofs: `cargo run --release -p aver --example claims`.
//!
//! Digits stand for photos of damage, from 0 (none) to 9 (total): LeNet-5 decides them, from 5 on a claim is paid, by one proof.
//! Rows of the breast cancer data stand for medical reports: a perceptron decides them, malignant ones are paid, by a bonded answer
//! that nobody challenges and by a committee. At the end come the tables: gas, delay, and where the money went.

mod insured;
mod scene;
mod story;

use anyhow::Result;
use std::io::Write as _;

/// How many claims are decided by a proof, a bonded answer, and a committee.
const CLAIMS: [usize; 3] = [128, 86, 86];

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let told = runtime.block_on(story::tell(CLAIMS, |line| {
        // A closed pipe is the reader's wish.
        let _ = writeln!(std::io::stdout(), "{line}");
    }))?;
    writeln!(std::io::stdout(), "\n{told}")?;
    Ok(())
}

/// What the story asserts on its way holds: each claim goes as the model decides, and no money is lost.
#[test]
fn three_hundred_claims_are_settled() {
    main().unwrap();
}
