//! Named prices for the chains, and a transaction's cost at them.

use super::{Arbitrum, Cost, Ethereum, Footprint, Gwei, OpStack, OperatorFee, Priced, Usd, reserve_price};
use averment_primitives::U256;
use std::fmt;

/// A chain whose prices are in the [`PriceBook`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chain {
    /// Ethereum itself.
    Ethereum,
    /// OP Mainnet, of the OP Stack.
    OpMainnet,
    /// Base, of the OP Stack.
    Base,
    /// Arbitrum One.
    Arbitrum,
}

impl Chain {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ethereum, Self::OpMainnet, Self::Base, Self::Arbitrum];
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ethereum => "Ethereum",
            Self::OpMainnet => "OP Mainnet",
            Self::Base => "Base",
            Self::Arbitrum => "Arbitrum",
        })
    }
}

/// Every assumption behind a table of costs. Change any of them; print them with the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceBook {
    /// Ethereum.
    pub ethereum: Ethereum,
    /// OP Mainnet.
    pub op_mainnet: OpStack,
    /// Base.
    pub base: OpStack,
    /// Arbitrum One.
    pub arbitrum: Arbitrum,
    /// The price of ether, if dollars are wanted.
    pub ether: Option<Usd>,
}

impl Default for PriceBook {
    /// Round figures for comparison, not today's: Ethereum at 2 gwei and 0.125 gwei for blobs.
    fn default() -> Self {
        Self::at(2_000_000_000, 125_000_000)
    }
}

/// What one transaction, or several together, cost on the chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Gas on Ethereum, with the calldata floor.
    pub gas: u64,
    /// On Ethereum.
    pub ethereum: Priced,
    /// On OP Mainnet.
    pub op_mainnet: Priced,
    /// On Base.
    pub base: Priced,
    /// On Arbitrum.
    pub arbitrum: Priced,
}

impl PriceBook {
    /// At these two prices of Ethereum, in wei a unit: gas without a tip, the scalars of OP Mainnet and Base with 0.001 gwei
    /// for execution and no operator fee, Arbitrum One with 0.01 gwei for execution and Ethereum's base fee for data. No
    /// price of ether.
    pub fn at(l1_base_fee: u128, blob_base_fee: u128) -> Self {
        let op_stack = |base_fee_scalar, blob_base_fee_scalar| OpStack {
            gas_price: 1_000_000,
            l1_base_fee,
            l1_blob_base_fee: blob_base_fee,
            base_fee_scalar,
            blob_base_fee_scalar,
            operator_fee: OperatorFee::default(),
        };
        Self {
            ethereum: Ethereum { gas_price: l1_base_fee, blob_base_fee },
            op_mainnet: op_stack(5_227, 1_014_213),
            base: op_stack(2_269, 1_055_762),
            arbitrum: Arbitrum { gas_price: 10_000_000, data_price: l1_base_fee },
            ether: None,
        }
    }

    /// What `footprint` costs on one chain, by parts.
    pub fn cost(&self, chain: Chain, footprint: &Footprint) -> Cost {
        match chain {
            Chain::Ethereum => self.ethereum.cost(footprint),
            Chain::OpMainnet => self.op_mainnet.cost(footprint),
            Chain::Base => self.base.cost(footprint),
            Chain::Arbitrum => self.arbitrum.cost(footprint),
        }
    }

    /// What `footprint` costs on every chain.
    pub fn estimate(&self, footprint: &Footprint) -> Estimate {
        let on = |chain| self.priced(self.cost(chain, footprint).total());
        Estimate {
            gas: self.ethereum.gas(footprint),
            ethereum: on(Chain::Ethereum),
            op_mainnet: on(Chain::OpMainnet),
            base: on(Chain::Base),
            arbitrum: on(Chain::Arbitrum),
        }
    }

    /// The cost of several transactions together.
    pub fn total<'a>(&self, footprints: impl IntoIterator<Item = &'a Footprint>) -> Estimate {
        let zero = self.priced(U256::ZERO);
        let start = Estimate { gas: 0, ethereum: zero, op_mainnet: zero, base: zero, arbitrum: zero };
        footprints.into_iter().fold(start, |sum, footprint| {
            let next = self.estimate(footprint);
            let add = |a: Priced, b: Priced| self.priced(a.wei.saturating_add(b.wei));
            Estimate {
                gas: sum.gas.saturating_add(next.gas),
                ethereum: add(sum.ethereum, next.ethereum),
                op_mainnet: add(sum.op_mainnet, next.op_mainnet),
                base: add(sum.base, next.base),
                arbitrum: add(sum.arbitrum, next.arbitrum),
            }
        })
    }

    /// The assumptions in words, one a line.
    pub fn assumptions(&self) -> Vec<String> {
        let op_stack = |chain: Chain, own: &OpStack| {
            format!(
                "{chain}: {} a unit of gas; Fjord data fee at an L1 base fee of {}, a blob base fee of {}, \
                 scalars {} and {}; operator fee of scalar {} and constant {} wei ({:?})",
                Gwei(own.gas_price),
                Gwei(own.l1_base_fee),
                Gwei(own.l1_blob_base_fee),
                own.base_fee_scalar,
                own.blob_base_fee_scalar,
                own.operator_fee.scalar,
                own.operator_fee.constant,
                own.operator_fee.rule,
            )
        };
        let mut lines = vec![
            format!(
                "Ethereum: {} a unit of gas, with the EIP-7623 floor; blobs at {}",
                Gwei(self.ethereum.gas_price),
                Gwei(self.ethereum.blob_base_fee)
            ),
            op_stack(Chain::OpMainnet, &self.op_mainnet),
            op_stack(Chain::Base, &self.base),
            format!(
                "Arbitrum: {} a unit of gas; data at {} for each of 16 units a byte after Brotli level 1",
                Gwei(self.arbitrum.gas_price),
                Gwei(self.arbitrum.data_price),
            ),
        ];
        let reserve = reserve_price(self.ethereum.gas_price);
        if self.ethereum.blob_base_fee < reserve {
            lines.push(format!(
                "blobs at {} are below EIP-7918's reserve price, which is {} at this price of gas: they will not stay so cheap",
                Gwei(self.ethereum.blob_base_fee),
                Gwei(reserve)
            ));
        }
        if let Some(Usd { cents_per_ether }) = self.ether {
            lines.push(format!("1 ether = {}.{:02} USD", cents_per_ether / 100, cents_per_ether % 100));
        }
        lines
    }

    /// `wei`, in dollars too if the book has the price of ether.
    pub fn priced(&self, wei: U256) -> Priced {
        Priced::new(wei, self.ether)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn footprint(gas_used: u64, bytes: usize) -> Footprint {
        Footprint { gas_used, transaction: vec![1; bytes].into(), calldata: vec![1; bytes].into() }
    }

    #[test]
    fn assumptions_are_said_in_words() {
        let book = PriceBook { ether: Some(Usd { cents_per_ether: 300_050 }), ..PriceBook::default() };
        let words = book.assumptions().join("\n");
        assert!(words.contains("2 gwei") && words.contains("0.125 gwei") && words.contains("0.001 gwei"));
        assert!(words.contains("3000.50 USD") && words.contains("5227 and 1014213"), "{words}");
        assert!(!words.contains("reserve"), "0.125 gwei is the reserve price at 2 gwei: {words}");
        let words = PriceBook::at(2_000_000_000, 124_999_999).assumptions().join("\n");
        assert!(words.contains("reserve price, which is 0.125 gwei"), "{words}");
    }

    #[test]
    fn a_total_is_the_sum_of_its_parts() {
        let book = PriceBook { ether: Some(Usd { cents_per_ether: 250_000 }), ..PriceBook::default() };
        let parts = [footprint(100_000, 300), footprint(21_000, 4_000)];
        let total = book.total(&parts);
        let [a, b] = [book.estimate(&parts[0]), book.estimate(&parts[1])];
        assert_eq!(total.gas, a.gas + b.gas);
        assert_eq!(b.gas, 21_000 + 40 * 4_000, "the floor applies to each transaction alone");
        let on = |sum: &Estimate| [sum.ethereum, sum.op_mainnet, sum.base, sum.arbitrum].map(|own| own.wei);
        assert_eq!(on(&total), std::array::from_fn(|chain| on(&a)[chain] + on(&b)[chain]));
        assert!(total.ethereum.micro_usd.is_some());
    }

    #[test]
    fn an_estimate_is_what_each_chain_charges() {
        let (book, footprint) = (PriceBook::default(), footprint(50_000, 200));
        let estimate = book.estimate(&footprint);
        let priced = [estimate.ethereum, estimate.op_mainnet, estimate.base, estimate.arbitrum];
        assert_eq!(priced.map(|own| own.wei), Chain::ALL.map(|chain| book.cost(chain, &footprint).total()));
    }
}
