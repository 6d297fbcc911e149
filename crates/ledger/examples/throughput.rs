//! Transactions a second: the embedded chain with and without state roots and with its journal, and anvil if
//! the path of its program is given. Prints one JSON object a line.
//!
//! `cargo run --release -p averment-ledger --example throughput -- [TRANSACTIONS [ANVIL]]`
//!
//! Every chain does the same, one after the other through alloy's provider: take a signed transaction that
//! writes one storage slot and logs, mine it in a block of its own, give its receipt. Signing is done before.

#![allow(clippy::print_stdout, reason = "the figures are this program's result")]

use alloy::{
    eips::eip2718::Encodable2718,
    network::{NetworkTransactionBuilder, TransactionBuilder},
    primitives::{B256, Bytes, U256, bytes},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use averment_ledger::{
    Finality, Ledger, Remote, Source,
    embedded::{Genesis, SystemClock},
    keys::development,
};
use std::{
    error::Error,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Instant,
};

/// `sstore(calldata[0], calldata[32]); log1(topic calldata[0]); stop`, and the code that deploys it.
const CODE: Bytes = bytes!("601080600a5f395ff3fe6020356000355560003560006000a100");

/// Signed transactions: a deployment, then writes to slots that are all different.
async fn transactions(count: u64) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let account = &development::accounts(31337)?[0];
    let (contract, wallet) = (account.address().create(0), account.wallet());
    let mut all = Vec::new();
    for nonce in 0..=count {
        let request = TransactionRequest::default();
        let request = match nonce {
            0 => request.with_deploy_code(CODE),
            _ => {
                let words = [B256::from(U256::from(nonce)), B256::repeat_byte(1)];
                request.with_to(contract).with_input(words.concat())
            }
        };
        let tx = request
            .with_nonce(nonce)
            .with_chain_id(31337)
            .with_gas_limit(200_000)
            .with_max_fee_per_gas(5_000_000_000)
            .with_max_priority_fee_per_gas(1_000_000_000)
            .build(&wallet)
            .await?;
        all.push(tx.encoded_2718());
    }
    Ok(all)
}

async fn measure(what: &str, ledger: &Ledger, transactions: &[Vec<u8>]) -> Result<(), Box<dyn Error>> {
    let provider = ledger.provider();
    let begun = Instant::now();
    for raw in transactions {
        let hash = *provider.send_raw_transaction(raw).await?.tx_hash();
        // Anvil answers before it mines.
        let receipt = loop {
            if let Some(receipt) = provider.get_transaction_receipt(hash).await? {
                break receipt;
            }
        };
        assert!(receipt.status(), "a transaction of the measurement failed");
    }
    let seconds = begun.elapsed().as_secs_f64();
    let count = transactions.len();
    println!(
        "{{\"chain\":\"{what}\",\"transactions\":{count},\"seconds\":{seconds:.3},\"per_second\":{:.0}}}",
        count as f64 / seconds
    );
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let count = match arguments.next() {
        Some(count) => count.to_string_lossy().parse()?,
        None => 5_000,
    };
    let transactions = transactions(count).await?;
    let genesis = Genesis::development(1_700_000_000);

    let chain = Ledger::in_memory(genesis.clone().without_state_roots())?;
    measure("embedded, no state roots, in memory", &chain, &transactions).await?;
    let chain = Ledger::in_memory(genesis.clone())?;
    measure("embedded, state roots, in memory", &chain, &transactions).await?;

    let folder = tempfile::tempdir()?;
    let path = folder.path().join("chain.journal");
    let chain = Ledger::open_embedded(&path, genesis.clone(), SystemClock)?;
    measure("embedded, state roots, journal flushed for every block", &chain, &transactions).await?;
    drop(chain);
    let begun = Instant::now();
    let chain = Ledger::open_embedded(&path, genesis, SystemClock)?;
    let seconds = begun.elapsed().as_secs_f64();
    let blocks = chain.provider().get_block_number().await?;
    println!(
        "{{\"replay\":\"opening that journal\",\"blocks\":{blocks},\"bytes\":{},\"seconds\":{seconds:.3}}}",
        std::fs::metadata(&path)?.len()
    );

    if let Some(anvil) = arguments.next() {
        let mut child = Command::new(anvil)
            .args(["--host", "127.0.0.1", "--port", "0", "--hardfork", "prague"])
            .args(["--timestamp", "1700000000"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let address = lines.find_map(|line| Some(line.ok()?.strip_prefix("Listening on ")?.to_owned()));
        // It logs every request, and waits when nobody reads.
        std::thread::spawn(move || lines.for_each(drop));
        let settings = Remote {
            finality: Finality::Depth(0),
            ..Remote::new(format!("http://{}", address.ok_or("anvil did not start")?), 31337)
        };
        let chain = Ledger::open(Source::Remote(settings)).await?;
        // It takes some fifty times as long.
        let few = transactions.get(..transactions.len().div_ceil(10)).unwrap_or_default();
        let result = measure("anvil, over HTTP", &chain, few).await;
        child.kill()?;
        child.wait()?;
        result?;
    }
    Ok(())
}
