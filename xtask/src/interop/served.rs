//! The embedded chain behind `aver chain serve`, under web3.py and cast.

use super::{Peers, said};
use crate::tools;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// A served chain in memory; stopped when dropped.
struct Served {
    server: Child,
    url: String,
}

impl Served {
    fn start(peers: &Peers) -> Result<Self> {
        let serve = ["chain", "serve", "--in-memory", "--listen", "127.0.0.1:0"];
        let mut server = peers.aver().args(serve).stdout(Stdio::piped()).spawn().context("starting aver")?;
        let output = server.stdout.take().context("its output")?;
        let mut served = Self { server, url: String::new() };
        let mut text = String::new();
        for line in BufReader::new(output).lines() {
            text.push_str(&line?);
            if let Ok(said) = serde_json::from_str::<Value>(&text) {
                served.url = said["url"].as_str().context("a URL")?.to_owned();
                return Ok(served);
            }
        }
        bail!("aver chain serve ended: {text}")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The served chain under web3.py: everything that a client does which signs for itself.
pub fn web3(peers: &Peers) -> Result<String> {
    let served = Served::start(peers)?;
    let blocks = said(peers.script("web3_client.py").arg(&served.url))?;
    Ok(format!("sends, reads, calls, proves and asks in batches over {blocks} blocks of the served chain"))
}

/// The first account of the mnemonic that anvil and hardhat begin with, and its key.
const FROM: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const TO: &str = "0x7777777777777777777777777777777777777777";
/// Where that account's second transaction puts a contract, and its code: it writes the second word of calldata to the
/// slot that the first names and logs the first as a topic.
const CONTRACT: &str = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512";
const CODE: &str = "0x6020356000355560003560006000a100";
const SEVEN: &str = "0x0000000000000000000000000000000000000000000000000000000000000007";

/// The served chain under cast: its commands that ask a chain, and a raw request for each method that none of them uses.
pub fn cast(peers: &Peers) -> Result<String> {
    let (served, program) = (Served::start(peers)?, tools::foundry("cast")?);
    let cast = |line: &str| -> Result<String> {
        let mut command = Command::new(&program);
        // What follows the first word may be anything, so the options come before.
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        command
            .arg(first)
            .args(["--rpc-url", &served.url])
            .args(rest.split_whitespace())
            .env("NO_COLOR", "1");
        said(&mut command).with_context(|| format!("cast {line}"))
    };
    let key = format!("--private-key {KEY}");
    let data = format!("{SEVEN}{}", &SEVEN.replace('7', "9")[2..]);
    let deployment = format!("0x601080600a5f395ff3fe{}", &CODE[2..]);
    let sent = |line: &str| -> Result<String> {
        let receipt: Value = serde_json::from_str(&cast(&format!("send {key} --json {line}"))?)?;
        ensure!(receipt["status"] == "0x1", "cast send {line}: {receipt}");
        Ok(receipt["transactionHash"].as_str().context("a hash")?.to_owned())
    };
    sent(&format!("{TO} --value 5"))?;
    sent(&format!("--create {deployment}"))?;
    let hash = sent(&format!("{CONTRACT} {data}"))?;
    let signed = cast(&format!("mktx {TO} --value 1 {key}"))?;
    let block = cast("rpc eth_getBlockByNumber latest false")?;
    let block: Value = serde_json::from_str(&block)?;
    let block = block["hash"].as_str().context("a block's hash")?;
    // Each with a word that the answer must hold.
    let questions = [
        ("chain-id".to_owned(), "31337"),
        ("client".to_owned(), "averment-embedded/"),
        ("block-number".to_owned(), "3"),
        (format!("balance {TO}"), "5"),
        (format!("balance {TO} --block 0"), "0"),
        (format!("nonce {FROM}"), "3"),
        (format!("code {CONTRACT}"), CODE),
        (format!("codesize {CONTRACT}"), "16"),
        (format!("codehash {CONTRACT}"), "0x"),
        (format!("storage-root {CONTRACT}"), "0x"),
        (format!("storage {CONTRACT} 7"), "9"),
        (format!("proof {CONTRACT} 7"), "storageProof"),
        (format!("call {CONTRACT} --data {data}"), "0x"),
        (format!("estimate {TO} --value 1 --from {FROM}"), "21000"),
        (format!("logs --from-block 0 --address {CONTRACT} {SEVEN}"), &hash),
        (format!("tx {hash}"), &hash),
        (format!("receipt {hash}"), &hash),
        ("block latest".to_owned(), block),
        (format!("block {block} --full"), &hash),
        ("block finalized".to_owned(), block),
        ("base-fee".to_owned(), ""),
        ("age".to_owned(), "20"),
        ("gas-price".to_owned(), ""),
        (format!("publish {signed} --async"), "0x"),
        ("rpc eth_maxPriorityFeePerGas".to_owned(), "0x"),
        ("rpc eth_feeHistory 0x2 latest [10]".to_owned(), "baseFeePerGas"),
        ("rpc eth_syncing".to_owned(), "false"),
        ("rpc eth_accounts".to_owned(), "[]"),
        ("rpc net_version".to_owned(), "31337"),
        ("rpc net_listening".to_owned(), "true"),
        ("rpc net_peerCount".to_owned(), "0x0"),
        ("rpc eth_getBlockReceipts 0x3".to_owned(), &hash),
        ("rpc eth_getBlockTransactionCountByNumber 0x3".to_owned(), "0x1"),
        (format!("rpc eth_getBlockTransactionCountByHash {block}"), "0x1"),
        ("rpc eth_getTransactionByBlockNumberAndIndex 0x3 0x0".to_owned(), &hash),
        (format!("rpc eth_getTransactionByBlockHashAndIndex {block} 0x0"), &hash),
        ("rpc evm_snapshot".to_owned(), "0x0"),
        ("rpc evm_increaseTime 60".to_owned(), ""),
        ("rpc evm_mine".to_owned(), "0x0"),
        ("rpc evm_revert 0x0".to_owned(), "true"),
    ];
    for (line, expected) in &questions {
        let got = cast(line)?;
        ensure!(got.contains(expected), "cast {line}: expected {expected} in {got}");
    }
    Ok(format!(
        "signs and sends three transactions to the served chain and asks it {} things",
        questions.len()
    ))
}
