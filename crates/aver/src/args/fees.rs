//! What `aver fees` takes.

use averment_ledger::fees::{OperatorRule, Reader, Usd, gas_price, usd};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const AFTER_HELP: &str = "\
Examples:
  aver fees --raw-tx signed.hex
  aver fees --raw-tx signed.hex --gas-used 65767 --l1-base-fee 2gwei --blob-base-fee 0.125gwei --json
  aver fees --for everyone --record-bytes 500 --volume 1000000 --ether-price 3000

A transaction is priced at the gas that it may use at most, or at --gas-used. Nothing is sent and no chain is asked: the
prices are those you give, or the round figures that the output names.";

/// Who is to be convinced by a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReaderArg {
    /// Nobody who distrusts you
    Ourselves,
    /// Somebody who later checks that a record was there and is unchanged
    Auditors,
    /// Anybody, without asking you
    Everyone,
    /// A contract that acts on each record
    Contract,
}

impl From<ReaderArg> for Reader {
    fn from(reader: ReaderArg) -> Self {
        match reader {
            ReaderArg::Ourselves => Self::Ourselves,
            ReaderArg::Auditors => Self::Auditors,
            ReaderArg::Everyone => Self::Everyone,
            ReaderArg::Contract => Self::Contract,
        }
    }
}

/// How an operator's fee is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OperatorArg {
    /// gas · scalar / 1,000,000 + constant
    Isthmus,
    /// gas · scalar · 100 + constant
    Jovian,
}

impl From<OperatorArg> for OperatorRule {
    fn from(rule: OperatorArg) -> Self {
        match rule {
            OperatorArg::Isthmus => Self::Isthmus,
            OperatorArg::Jovian => Self::Jovian,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct FeesArgs {
    /// A signed transaction as it travels (EIP-2718), in hexadecimal
    #[arg(long, value_name = "FILE")]
    pub raw_tx: Option<PathBuf>,
    /// Gas that the transaction uses [default: its limit]
    #[arg(long, value_name = "GAS", requires = "raw_tx")]
    pub gas_used: Option<u64>,
    /// Ethereum's base fee of gas
    #[arg(long, value_name = "PRICE", default_value = "2gwei", value_parser = gas_price, allow_hyphen_values = true)]
    pub l1_base_fee: u128,
    /// Ethereum's base fee of blob gas
    #[arg(long, value_name = "PRICE", default_value = "0.125gwei", value_parser = gas_price, allow_hyphen_values = true)]
    pub blob_base_fee: u128,
    /// Ethereum's excess blob gas, as a block's header says it: the base fee of blob gas follows from it
    #[arg(long, value_name = "GAS", conflicts_with = "blob_base_fee")]
    pub excess_blob_gas: Option<u64>,
    /// Price of gas on OP Mainnet and Base
    #[arg(long, value_name = "PRICE", default_value = "0.001gwei", value_parser = gas_price, allow_hyphen_values = true)]
    pub op_gas_price: u128,
    /// Scalar of the operator's fee on OP Mainnet and Base
    #[arg(long, value_name = "SCALAR", default_value_t = 0)]
    pub operator_scalar: u32,
    /// Constant of the operator's fee on OP Mainnet and Base, in wei
    #[arg(long, value_name = "WEI", default_value_t = 0)]
    pub operator_constant: u64,
    /// Which fork's rule the operator's fee follows
    #[arg(long, value_name = "FORK", value_enum, default_value_t = OperatorArg::Jovian)]
    pub operator_rule: OperatorArg,
    /// Price of gas on Arbitrum
    #[arg(long, value_name = "PRICE", default_value = "0.01gwei", value_parser = gas_price, allow_hyphen_values = true)]
    pub arbitrum_gas_price: u128,
    /// Arbitrum's price of data (getL1BaseFeeEstimate) [default: --l1-base-fee]
    #[arg(long, value_name = "PRICE", value_parser = gas_price, allow_hyphen_values = true)]
    pub arbitrum_data_price: Option<u128>,
    /// Dollars for an ether
    #[arg(long, value_name = "USD", value_parser = usd, allow_hyphen_values = true)]
    pub ether_price: Option<Usd>,
    /// Who is to be convinced by a record
    #[arg(long = "for", value_name = "READER", value_enum, default_value_t = ReaderArg::Auditors)]
    pub reader: ReaderArg,
    /// Records a year
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    pub volume: u64,
    /// Bytes of a record
    #[arg(long, value_name = "BYTES", default_value_t = 200)]
    pub record_bytes: u32,
    /// Times a year that records go out together
    #[arg(long, value_name = "COUNT", default_value_t = 365)]
    pub batches: u32,
}
