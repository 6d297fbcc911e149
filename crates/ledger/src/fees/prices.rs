//! Named prices for the three kinds of chain, and a transaction's cost at them.

use super::{Arbitrum, Ethereum, Footprint, OpStack, OperatorFee};
use averment_primitives::U256;
use std::fmt;

/// The price of one ether in US dollars, in cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usd {
    /// Cents for 10^18 wei.
    pub cents_per_ether: u64,
}

/// Every assumption behind a table of costs. Change any of them; print them with the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceBook {
    /// Ethereum.
    pub ethereum: Ethereum,
    /// A chain of the OP Stack.
    pub op_stack: OpStack,
    /// An Arbitrum chain.
    pub arbitrum: Arbitrum,
    /// The price of ether, if dollars are wanted.
    pub ether: Option<Usd>,
}

impl Default for PriceBook {
    /// Round figures for comparison, not today's: Ethereum at 2 gwei and 0.125 gwei for blobs, OP Mainnet's
    /// scalars of Fjord with 0.001 gwei for execution, Arbitrum One at its floor of 0.01 gwei and Ethereum's
    /// base fee for data. No price of ether.
    fn default() -> Self {
        Self {
            ethereum: Ethereum { gas_price: 2_000_000_000 },
            op_stack: OpStack {
                gas_price: 1_000_000,
                l1_base_fee: 2_000_000_000,
                l1_blob_base_fee: 125_000_000,
                base_fee_scalar: 5_227,
                blob_base_fee_scalar: 1_014_213,
                operator_fee: OperatorFee::default(),
            },
            arbitrum: Arbitrum { gas_price: 10_000_000, data_price: 2_000_000_000 },
            ether: None,
        }
    }
}

/// An amount of wei, and of dollars if a price is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priced {
    /// In wei.
    pub wei: U256,
    /// In millionths of a dollar.
    pub micro_usd: Option<U256>,
}

/// What one transaction, or several together, cost on the three kinds of chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Gas on Ethereum, with the calldata floor.
    pub gas: u64,
    /// On Ethereum.
    pub ethereum: Priced,
    /// On the OP Stack chain.
    pub op_stack: Priced,
    /// On Arbitrum, at most (the data is counted uncompressed).
    pub arbitrum_at_most: Priced,
}

impl PriceBook {
    /// The cost of `footprint` at these prices.
    pub fn estimate(&self, footprint: &Footprint) -> Estimate {
        Estimate {
            gas: self.ethereum.gas(footprint),
            ethereum: self.priced(self.ethereum.fee(footprint)),
            op_stack: self.priced(self.op_stack.fee(footprint)),
            arbitrum_at_most: self.priced(self.arbitrum.fee_at_most(footprint)),
        }
    }

    /// The cost of several transactions together.
    pub fn total<'a>(&self, footprints: impl IntoIterator<Item = &'a Footprint>) -> Estimate {
        let zero = self.priced(U256::ZERO);
        let start = Estimate { gas: 0, ethereum: zero, op_stack: zero, arbitrum_at_most: zero };
        footprints.into_iter().fold(start, |sum, footprint| {
            let next = self.estimate(footprint);
            let add = |a: Priced, b: Priced| self.priced(a.wei.saturating_add(b.wei));
            Estimate {
                gas: sum.gas.saturating_add(next.gas),
                ethereum: add(sum.ethereum, next.ethereum),
                op_stack: add(sum.op_stack, next.op_stack),
                arbitrum_at_most: add(sum.arbitrum_at_most, next.arbitrum_at_most),
            }
        })
    }

    /// The assumptions in words, one a line.
    pub fn assumptions(&self) -> Vec<String> {
        let mut lines = vec![
            format!("Ethereum: {} a unit of gas, with the EIP-7623 floor", Gwei(self.ethereum.gas_price)),
            format!(
                "OP Stack: {} a unit of gas; Fjord data fee at an L1 base fee of {}, a blob base fee of {}, \
                 scalars {} and {}; operator fee {}/10^6 a unit of gas + {} wei",
                Gwei(self.op_stack.gas_price),
                Gwei(self.op_stack.l1_base_fee),
                Gwei(self.op_stack.l1_blob_base_fee),
                self.op_stack.base_fee_scalar,
                self.op_stack.blob_base_fee_scalar,
                self.op_stack.operator_fee.scalar,
                self.op_stack.operator_fee.constant,
            ),
            format!(
                "Arbitrum: {} a unit of gas; data at {} for each of 16 units a byte, counted uncompressed: \
                 an upper bound",
                Gwei(self.arbitrum.gas_price),
                Gwei(self.arbitrum.data_price),
            ),
        ];
        if let Some(Usd { cents_per_ether }) = self.ether {
            lines.push(format!("1 ether = {}.{:02} USD", cents_per_ether / 100, cents_per_ether % 100));
        }
        lines
    }

    fn priced(&self, wei: U256) -> Priced {
        // wei · cents / 10^18 ether, times 10^4 millionths a cent.
        let micro_usd = self.ether.map(|ether| {
            wei.saturating_mul(U256::from(ether.cents_per_ether)) / U256::from(100_000_000_000_000u64)
        });
        Priced { wei, micro_usd }
    }
}

/// Wei a unit of gas, shown in gwei without loss.
struct Gwei(u128);

impl fmt::Display for Gwei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        let fraction = format!("{rest:09}");
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{whole} gwei"),
            digits => write!(f, "{whole}.{digits} gwei"),
        }
    }
}

impl fmt::Display for Priced {
    /// Ether with eight decimals, and dollars with four if known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = U256::from(10_000_000_000u64);
        let rounded = self.wei.saturating_add(unit / U256::from(2)) / unit;
        let (whole, rest) = rounded.div_rem(U256::from(100_000_000));
        write!(f, "{whole}.{:08} ETH", rest.to::<u64>())?;
        if let Some(micro) = self.micro_usd {
            let (dollars, rest) =
                (micro.saturating_add(U256::from(50)) / U256::from(100)).div_rem(U256::from(10_000));
            write!(f, " ({dollars}.{:04} USD)", rest.to::<u64>())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn footprint(gas_used: u64, bytes: usize) -> Footprint {
        Footprint { gas_used, transaction: vec![1; bytes].into(), calldata: vec![1; bytes].into() }
    }

    #[test]
    fn amounts_are_shown_rounded_and_assumptions_in_words() {
        let book = PriceBook { ether: Some(Usd { cents_per_ether: 300_050 }), ..PriceBook::default() };
        let shown = book.priced(U256::from(1_234_567_890_000_000u64)).to_string();
        assert_eq!(shown, "0.00123457 ETH (3.7043 USD)");
        assert_eq!(PriceBook::default().priced(U256::ZERO).to_string(), "0.00000000 ETH");
        let words = book.assumptions().join("\n");
        assert!(words.contains("2 gwei") && words.contains("0.125 gwei") && words.contains("0.001 gwei"));
        assert!(words.contains("3000.50 USD") && words.contains("5227 and 1014213"), "{words}");
    }

    #[test]
    fn a_total_is_the_sum_of_its_parts() {
        let book = PriceBook { ether: Some(Usd { cents_per_ether: 250_000 }), ..PriceBook::default() };
        let parts = [footprint(100_000, 300), footprint(21_000, 4_000)];
        let total = book.total(&parts);
        let [a, b] = [book.estimate(&parts[0]), book.estimate(&parts[1])];
        assert_eq!(total.gas, a.gas + b.gas);
        assert_eq!(b.gas, 21_000 + 40 * 4_000, "the floor applies to each transaction alone");
        assert_eq!(total.ethereum.wei, a.ethereum.wei + b.ethereum.wei);
        assert_eq!(total.op_stack.wei, a.op_stack.wei + b.op_stack.wei);
        assert_eq!(total.arbitrum_at_most.wei, a.arbitrum_at_most.wei + b.arbitrum_at_most.wei);
        assert!(total.ethereum.micro_usd.is_some());
    }
}
