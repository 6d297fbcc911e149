//! What each step took in gas, and in ether at three chains' prices.

use anyhow::Result;
use averment_ledger::{
    contracts::Sent,
    fees::{Estimate, PriceBook},
};
use averment_primitives::U256;
use serde_json::{Value, json};
use std::fmt::Write;

/// A table of steps in the order they were taken; those with the same name next to each other are one line.
pub fn table(steps: &[(String, Sent)]) -> Result<String> {
    let prices = PriceBook::default();
    let mut table =
        format!("   {:<42} {:>9} {:>12} {:>12} {:>12}\n", "", "gas", "Ethereum", "OP Mainnet", "Arbitrum");
    for group in steps.chunk_by(|(a, _), (b, _)| a == b) {
        if let Some((step, _)) = group.first() {
            row(&mut table, step, prices.total(group.iter().map(|(_, sent)| &sent.footprint)))?;
        }
    }
    row(&mut table, "together", prices.total(steps.iter().map(|(_, sent)| &sent.footprint)))?;
    writeln!(table, "   in ether, at these assumptions:")?;
    for assumption in prices.assumptions() {
        writeln!(table, "   - {assumption}")?;
    }
    Ok(table)
}

/// The same for machines: each step as it is in the table, fees in wei.
pub fn json(all: &[(String, Sent)]) -> Value {
    let prices = PriceBook::default();
    let entry = |step: &str, sent: &[(String, Sent)]| {
        let Estimate { gas, ethereum, op_mainnet, arbitrum, .. } =
            prices.total(sent.iter().map(|(_, sent)| &sent.footprint));
        json!({
            "step": step,
            "transactions": sent.len(),
            "gas": gas,
            "ethereumWei": ethereum.wei.to_string(),
            "opMainnetWei": op_mainnet.wei.to_string(),
            "arbitrumWei": arbitrum.wei.to_string(),
        })
    };
    let groups = all.chunk_by(|(a, _), (b, _)| a == b);
    let steps: Vec<_> =
        groups.filter_map(|group| group.first().map(|(step, _)| entry(step, group))).collect();
    json!({ "steps": steps, "together": entry("together", all), "assumptions": prices.assumptions() })
}

fn row(table: &mut String, step: &str, estimate: Estimate) -> std::fmt::Result {
    writeln!(
        table,
        "   {step:<42} {:>9} {:>12} {:>12} {:>12}",
        estimate.gas,
        ether(estimate.ethereum.wei),
        ether(estimate.op_mainnet.wei),
        ether(estimate.arbitrum.wei)
    )
}

/// Ether with six places, rounded up: nobody pays less than this says.
fn ether(wei: U256) -> String {
    let micro = wei.div_ceil(U256::from(1_000_000_000_000_u64));
    let million = U256::from(1_000_000);
    format!("{}.{:06}", micro / million, (micro % million).to::<u64>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ether_is_rounded_up() {
        assert_eq!(ether(U256::ZERO), "0.000000");
        assert_eq!(ether(U256::ONE), "0.000001");
        assert_eq!(ether(U256::from(1_500_000_000_000_000_001_u64)), "1.500001");
    }
}
