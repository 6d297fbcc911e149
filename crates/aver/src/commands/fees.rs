//! `aver fees`: what a transaction costs on each chain, and where and how to put a record.

use crate::{args::FeesArgs, exit, table::table, ui::Ui};
use anyhow::{Context as _, Result};
use averment_ledger::fees::{
    Advice, Arbitrum, Chain, Cost, Demand, Footprint, Gwei, MAX_GAS_PRICE, MAX_TRANSACTION, NotAdmitted,
    Offer, OperatorFee, PriceBook, Reader, SignedTransaction, admits, advise, blob_base_fee, brotli_length,
    fastlz_length, floor_gas,
};
use averment_primitives::U256;
use averment_storage::atomic;
use serde_json::{Value, json};
use std::path::Path;

/// Bytes of a file with a transaction's digits, at most: `0x` and white space too.
const FILE_LIMIT: u64 = 2 * MAX_TRANSACTION as u64 + 1024;

pub fn run(args: &FeesArgs, ui: Ui) -> Result<()> {
    let book = book(args)?;
    let demand = Demand::new(args.reader.into(), args.record_bytes, args.volume, args.batches)
        .map_err(|error| exit::usage(error.to_string()))?;
    let transaction =
        args.raw_tx.as_deref().map(|file| Costs::read(file, args.gas_used, &book)).transpose()?;
    let advice = advise(&book, &demand);
    let value = json!({
        "assumptions": book.assumptions(),
        "transaction": transaction.as_ref().map(Costs::json),
        "record": record_json(args, &advice),
    });
    let transaction = transaction.map_or_else(String::new, |costs| costs.words() + "\n\n");
    let assumptions: String = book.assumptions().iter().map(|line| format!("\n- {line}")).collect();
    ui.result(
        &value,
        format!("{transaction}{}\n\nat these assumptions:{assumptions}", record_words(args, &advice)),
    )
}

/// The prices that were typed.
fn book(args: &FeesArgs) -> Result<PriceBook> {
    let mut blobs = args.blob_base_fee;
    if let Some(excess) = args.excess_blob_gas {
        blobs = blob_base_fee(excess);
        if blobs > MAX_GAS_PRICE {
            let most = Gwei(MAX_GAS_PRICE);
            let message = format!("--excess-blob-gas: blobs would cost more than {most}, got {excess}");
            return Err(exit::usage(message).into());
        }
    }
    let mut book = PriceBook::at(args.l1_base_fee, blobs);
    for chain in [&mut book.op_mainnet, &mut book.base] {
        chain.gas_price = args.op_gas_price;
        chain.operator_fee = OperatorFee {
            rule: args.operator_rule.into(),
            scalar: args.operator_scalar,
            constant: args.operator_constant,
        };
    }
    book.arbitrum = Arbitrum {
        gas_price: args.arbitrum_gas_price,
        data_price: args.arbitrum_data_price.unwrap_or(args.l1_base_fee),
    };
    book.ether = args.ether_price;
    Ok(book)
}

/// What a transaction costs on every chain.
struct Costs {
    transaction: SignedTransaction,
    footprint: Footprint,
    chains: [(Chain, Result<Cost, NotAdmitted>); 4],
    book: PriceBook,
}

impl Costs {
    fn read(file: &Path, gas: Option<u64>, book: &PriceBook) -> Result<Self> {
        let bytes = atomic::read(file, FILE_LIMIT).with_context(|| format!("reading {}", file.display()))?;
        let wrong = |why: String| exit::usage(format!("{}: {why}", file.display()));
        let text = std::str::from_utf8(&bytes).map_err(|error| wrong(format!("not UTF-8: {error}")))?;
        let transaction = SignedTransaction::from_hex(text).map_err(|error| wrong(error.to_string()))?;
        let footprint = transaction.footprint(gas).map_err(|error| wrong(error.to_string()))?;
        let on = |chain| {
            // Arbitrum has neither the cap nor the floor; OP Stack chains have the floor since Isthmus, and the cap with
            // the fork that brings Osaka's rules.
            if chain != Chain::Arbitrum {
                admits(transaction.gas_limit(), transaction.calldata())?;
            }
            Ok(book.cost(chain, &footprint))
        };
        let chains = Chain::ALL.map(|chain| (chain, on(chain)));
        Ok(Self { transaction, footprint, chains, book: book.clone() })
    }

    fn json(&self) -> Value {
        let own = &self.transaction;
        let chain = |(chain, cost): &(Chain, Result<Cost, NotAdmitted>)| match cost {
            Ok(cost) => json!({
                "chain": chain.to_string(),
                "gas": cost.gas,
                "executionWei": cost.execution.to_string(),
                "dataWei": cost.data.to_string(),
                "operatorWei": cost.operator.to_string(),
                "wei": cost.total().to_string(),
                "microUsd": self.book.priced(cost.total()).micro_usd.map(|own| own.to_string()),
            }),
            Err(refusal) => json!({ "chain": chain.to_string(), "refused": refusal.to_string() }),
        };
        json!({
            "hash": own.hash(),
            "type": own.kind(),
            "chainId": own.chain_id(),
            "from": own.sender(),
            "to": own.to(),
            "bytes": own.bytes().len(),
            "fastlzBytes": fastlz_length(own.bytes()),
            "brotliBytes": brotli_length(own.bytes()),
            "gasUsed": self.footprint.gas_used,
            "gasLimit": own.gas_limit(),
            "intrinsicGas": own.intrinsic_gas(),
            "floorGas": floor_gas(own.calldata()),
            "chains": self.chains.iter().map(chain).collect::<Vec<_>>(),
        })
    }

    fn words(&self) -> String {
        let own = &self.transaction;
        let chain = match own.chain_id() {
            Some(id) => format!("for chain {id}"),
            None => "for any chain".to_owned(),
        };
        let to = own.to().map_or_else(|| "creates a contract".to_owned(), |to| format!("to {to}"));
        let rows: Vec<[String; 6]> = self
            .chains
            .iter()
            .map(|(chain, cost)| match cost {
                Ok(cost) => [
                    chain.to_string(),
                    cost.gas.to_string(),
                    gwei(cost.execution),
                    gwei(cost.data),
                    gwei(cost.operator),
                    self.book.priced(cost.total()).to_string(),
                ],
                Err(refusal) => {
                    let [gas, execution, data, operator] = std::array::from_fn(|_| "-".to_owned());
                    [chain.to_string(), gas, execution, data, operator, format!("refused: {refusal}")]
                }
            })
            .collect();
        let used = if self.footprint.gas_used == own.gas_limit() { ", its limit" } else { "" };
        format!(
            "transaction {}, type {}, {chain}\n  from {}, {to}\n  {} bytes, {} by FastLZ, {} by Brotli level 1; {} gas before it \
             runs, {} as its calldata's floor\n  if it uses {} gas{used}:\n\n{}",
            own.hash(),
            own.kind(),
            own.sender(),
            own.bytes().len(),
            fastlz_length(own.bytes()),
            brotli_length(own.bytes()),
            own.intrinsic_gas(),
            floor_gas(own.calldata()),
            self.footprint.gas_used,
            table(["CHAIN", "GAS", "EXECUTION", "DATA", "OPERATOR", "TOGETHER"], &rows),
        )
    }
}

/// An amount in gwei, exactly.
fn gwei(wei: U256) -> String {
    Gwei(wei.saturating_to()).to_string()
}

fn record_json(args: &FeesArgs, advice: &Advice) -> Value {
    let offer = |offer: &Offer| {
        json!({
            "way": offer.way.name(),
            "chain": offer.way.chain().map(|chain| chain.to_string()),
            "keeping": offer.way.keeping().to_string(),
            "enough": offer.way.convinces() >= Reader::from(args.reader),
            "transactionsPerYear": offer.transactions,
            "weiPerYear": offer.per_year.wei.to_string(),
            "microUsdPerYear": offer.per_year.micro_usd.map(|own| own.to_string()),
        })
    };
    json!({
        "bytes": args.record_bytes,
        "perYear": args.volume,
        "batchesPerYear": args.batches,
        "recommended": offer(&advice.best),
        "because": reason(args, advice),
        "cheaperButFleeting": advice.fleeting.as_ref().map(offer),
        "ways": advice.offers.iter().map(offer).collect::<Vec<_>>(),
    })
}

/// The ways in a table, with what is advised under it.
fn record_words(args: &FeesArgs, advice: &Advice) -> String {
    let rows: Vec<[String; 5]> = advice
        .offers
        .iter()
        .map(|offer| {
            [
                offer.way.to_string(),
                if offer.way.convinces() >= args.reader.into() { "yes" } else { "no" }.to_owned(),
                offer.transactions.to_string(),
                offer.per_year.to_string(),
                offer.way.keeping().to_string(),
            ]
        })
        .collect();
    format!(
        "{} records of {} bytes a year, {}:\n\n{}\n\nadvice: {}\n{}",
        args.volume,
        args.record_bytes,
        audience(args),
        table(["WAY", "ENOUGH", "TRANSACTIONS A YEAR", "FEES A YEAR", "CAN BE HAD"], &rows),
        advice.best.way,
        reason(args, advice).join("\n"),
    )
}

fn audience(args: &FeesArgs) -> &'static str {
    match Reader::from(args.reader) {
        Reader::Ourselves => "for nobody who distrusts you",
        Reader::Auditors => "for auditors",
        Reader::Everyone => "for everyone",
        Reader::Contract => "for a contract that acts on each",
    }
}

/// Why it is advised, and what speaks against it.
fn reason(args: &FeesArgs, advice: &Advice) -> Vec<String> {
    let mut lines = match Reader::from(args.reader) {
        Reader::Ourselves => vec![
            "A plain database would do: nobody who distrusts you reads these records, and a chain would only cost more."
                .to_owned(),
        ],
        Reader::Auditors => vec![
            "Records stay with you, in a log (`aver log`); a chain holds one root for all of them, so that the cost does not \
             depend on how many there are, and nothing about a person goes on it."
                .to_owned(),
            "Should your auditors take one operator's word, a plain database would do.".to_owned(),
        ],
        Reader::Everyone => vec![
            "The bytes themselves are published: nothing about a person, which could never be erased again.".to_owned(),
            "If it is enough that a record can be checked when you hand it out, anchor a log instead (--for auditors)."
                .to_owned(),
        ],
        Reader::Contract => vec![
            "A contract sees what it is called with; what it does with that costs gas of its own on top.".to_owned(),
            "It is the contract's chain that counts: the cheapest is of use only if the money is there.".to_owned(),
        ],
    };
    if let Some(fleeting) = &advice.fleeting {
        lines.push(format!(
            "Cheaper, {} a year, if somebody archives them: {}. They are gone from the network after about 18 days; that \
             they were there stays provable.",
            fleeting.per_year, fleeting.way
        ));
    }
    if advice.best.way.chain().is_some_and(|chain| chain != Chain::Ethereum) {
        lines.push(
            "A rollup is as safe as its bridge, its sequencer and whoever may upgrade it; where that is not enough, take \
             Ethereum's line."
                .to_owned(),
        );
    }
    lines
}
