//! Three hundred insurance claims, decided by registered models in all three modes and paid by themselves, on the embedded
//! chain with the real contracts and real proofs: `cargo run --release -p aver --example claims`.
//!
//! Digits stand for photos of damage, from 0 (none) to 9 (total): LeNet-5 decides them, from 5 on a claim is paid, by one proof;
//! one that it rejects is appealed and accepted by the reviewer. Rows of the breast cancer data stand for medical reports: a
//! perceptron decides them, malignant ones are paid, by a bonded answer that nobody challenges, by one that is challenged and
//! then proved, and by a committee. At the end come the tables: gas, delay, and where the money went.

mod insured;
mod scene;
mod story;

#[cfg(test)]
#[path = "../../../ledger/tests/chain/anvil.rs"]
#[allow(dead_code, reason = "shared with the chain's tests")]
mod anvil;

use anyhow::Result;
use averment_ledger::{
    Ledger,
    embedded::{Genesis, ManualClock},
};
use std::io::Write as _;

/// How many claims are decided by a proof, a bonded answer, a committee, and a bonded answer that is challenged.
const CLAIMS: [usize; 4] = [128, 78, 86, 8];

fn main() -> Result<()> {
    let clock = ManualClock::at(scene::START);
    tell(async || Ok(Ledger::in_memory_with(Genesis::development(scene::START), clock)?), CLAIMS)
}

fn tell(ledger: impl AsyncFnOnce() -> Result<Ledger>, claims: [usize; 4]) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let told = runtime.block_on(async {
        let say = |line: &str| {
            // A closed pipe is the reader's wish.
            let _ = writeln!(std::io::stdout(), "{line}");
        };
        story::tell(ledger().await?, claims, say).await
    })?;
    writeln!(std::io::stdout(), "\n{told}")?;
    Ok(())
}

/// What the story asserts on its way holds: each claim goes as the model decides, and no money is lost.
#[test]
fn three_hundred_claims_are_settled() {
    main().unwrap();
}

#[test]
fn claims_are_settled_on_an_op_stack_chain_too_or_it_is_skipped_without_averment_anvil() {
    use averment_ledger::{Finality, Remote, Source};
    let rules = ["--network", "optimism", "--hardfork", "isthmus"];
    let Some(anvil) = anvil::Anvil::start_as(scene::START, &rules) else { return };
    let settings = Remote {
        finality: Finality::Depth(0),
        poll: std::time::Duration::from_millis(5),
        ..Remote::new(&anvil.url, 31_337)
    };
    tell(async || Ok(Ledger::open(Source::Remote(settings)).await?), [4, 3, 3, 2]).unwrap();
}
