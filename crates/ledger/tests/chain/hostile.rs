//! Remote nodes that are wrong, slow, broken or lying: each gets its typed error.

use crate::{
    contract::{account, deployment, raw, sign, write},
    liar::{Reply, changed, ledger, ledger_within, node},
};
use alloy::{eips::BlockNumberOrTag, primitives::B256, providers::Provider};
use averment_ledger::{
    ConnectError, Finality, FinalityError, HeaderError, OpenLedgerError, RemoteFault,
    embedded::{Embedded, Genesis, ManualClock},
};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

const SOON: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(60);

/// A chain with a contract and two writes to it in one block; gives the second write's hash.
async fn chain() -> (Embedded, B256) {
    let clock = ManualClock::at(1_700_000_000);
    let chain = Embedded::in_memory_with(Genesis::development(1_700_000_000), clock).unwrap();
    let (sender, wallet) = account(0);
    chain.submit(&raw(&sign(deployment(), 0, &wallet).await)).unwrap();
    chain.set_automine(false).unwrap();
    let contract = sender.create(0);
    chain.submit(&raw(&sign(write(contract, 1, 1), 1, &wallet).await)).unwrap();
    let tx = chain.submit(&raw(&sign(write(contract, 2, 2), 2, &wallet).await)).unwrap();
    chain.mine().unwrap();
    (chain, tx)
}

fn connect_error(error: OpenLedgerError) -> ConnectError {
    match error {
        OpenLedgerError::Remote(error) => error,
        other => panic!("{other}"),
    }
}

fn fault(error: &OpenLedgerError) -> &RemoteFault {
    match error {
        OpenLedgerError::Remote(ConnectError::Request { source, .. }) => RemoteFault::of(source).unwrap(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn honest_node_is_believed() {
    let (chain, tx) = chain().await;
    let url = node(&chain, |_, _, truth| Reply::Result(truth));
    let ledger = ledger(&url, Finality::Tag).await.unwrap();
    let settled = ledger.wait_final(tx, PATIENCE).await.unwrap();
    assert_eq!(settled.block.header.number, 2);
    assert!(ledger.embedded().is_none());
}

#[tokio::test]
async fn another_chain_is_refused() {
    let (chain, _) = chain().await;
    let url = node(&chain, |_, _, _| Reply::Result(json!("0x1")));
    let error = connect_error(ledger(&url, Finality::Tag).await.unwrap_err());
    assert!(matches!(error, ConnectError::ChainId { expected: 31337, got: 1, .. }), "{error}");
}

#[tokio::test]
async fn addresses_that_are_none_are_refused() {
    for url in ["", "not a url", "ftp://127.0.0.1/", "/a/path"] {
        let error = connect_error(ledger(url, Finality::Tag).await.unwrap_err());
        assert!(matches!(error, ConnectError::Url { .. }), "{url}: {error}");
    }
    let error = connect_error(ledger("wss://127.0.0.1/secret-path", Finality::Tag).await.unwrap_err());
    assert!(
        matches!(error, ConnectError::Url { .. }) && !format!("{error:?}").contains("secret-path"),
        "{error}"
    );
}

#[tokio::test]
async fn silence_ends_in_a_timeout() {
    let (chain, _) = chain().await;
    for half in [
        b"".as_slice(),
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"jsonrpc\":\"2.0\"",
    ] {
        let url = node(&chain, move |_, _, _| Reply::HalfAnAnswer(half));
        // Ten minutes later the node closes the connection, which is another fault.
        let error = ledger_within(&url, Finality::Tag, SOON).await.unwrap_err();
        assert!(matches!(fault(&error), RemoteFault::Timeout { .. }), "{error}");
    }
}

#[tokio::test]
async fn node_that_is_not_there_is_unreachable() {
    // A port that the system gives to nobody who asks for any.
    let error = ledger("http://127.0.0.1:1/secret-path", Finality::Tag).await.unwrap_err();
    assert!(matches!(fault(&error), RemoteFault::Unreachable(_)), "{error}");
    assert!(!error.to_string().contains("secret-path"), "{error}");
    let (chain, _) = chain().await;
    let url = node(&chain, |_, _, _| Reply::Close);
    let error = ledger(&url, Finality::Tag).await.unwrap_err();
    assert!(matches!(fault(&error), RemoteFault::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn answers_that_are_no_json_rpc_are_malformed() {
    const DEEP: &[u8] = &[b'['; 100_000];
    let (chain, _) = chain().await;
    for body in [
        b"".as_slice(),
        b"{\"jsonrpc\":\"2.0\",\"id\":0,\"resu",
        b"<html><body>Sign in to the hotel's network</body></html>",
        b"\xff\xfe\x00",
        b"42",
        b"{}",
        b"{\"jsonrpc\":\"2.0\",\"id\":0}",
        DEEP,
    ] {
        let url = node(&chain, move |_, _, _| Reply::Body(body));
        let error = ledger(&url, Finality::Tag).await.unwrap_err();
        assert!(matches!(fault(&error), RemoteFault::Malformed { .. }), "{error}");
    }
    // Well-formed, and still no number.
    for result in [json!("0xzz"), json!(null), json!({"chain": 1}), json!("0x1ffffffffffffffff")] {
        let url = node(&chain, move |_, _, _| Reply::Result(result.clone()));
        let error = connect_error(ledger(&url, Finality::Tag).await.unwrap_err());
        assert!(matches!(error, ConnectError::Request { .. }), "{error}");
    }
}

#[tokio::test]
async fn http_errors_and_redirects_are_not_followed() {
    let (chain, _) = chain().await;
    for (status, answer) in [
        (500, b"HTTP/1.1 500 Oh\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsorry".as_slice()),
        (302, b"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
    ] {
        let url = node(&chain, move |_, _, _| Reply::HalfAnAnswer(answer));
        let error = ledger(&url, Finality::Tag).await.unwrap_err();
        assert!(
            matches!(fault(&error), RemoteFault::Status { status: got, .. } if *got == status),
            "{error}"
        );
    }
}

#[tokio::test]
async fn endless_answer_is_cut_off() {
    let (chain, _) = chain().await;
    let url = node(&chain, |_, _, _| Reply::Endless);
    let settings = averment_ledger::Remote {
        timeout: Duration::from_secs(60),
        ..averment_ledger::Remote::new(&url, 31337)
    };
    let error = averment_ledger::Ledger::open(averment_ledger::Source::Remote(settings)).await.unwrap_err();
    assert!(matches!(fault(&error), RemoteFault::TooLong { .. }), "{error}");
}

#[tokio::test]
async fn header_that_does_not_hash_to_its_hash_is_refused() {
    let (chain, _) = chain().await;
    // Every field of the header, and the hash beside it.
    let truth: Value = chain.client().request("eth_getBlockByNumber", json!(["0x2", false])).await.unwrap();
    let fields: Vec<String> = truth
        .as_object()
        .unwrap()
        .keys()
        .filter(|field| {
            !["transactions", "uncles", "withdrawals", "size", "totalDifficulty"].contains(&field.as_str())
        })
        .cloned()
        .collect();
    assert!(fields.len() >= 21, "{fields:?}");
    for field in fields {
        let lie = field.clone();
        let url = node(&chain, move |method, _, mut truth| {
            if method == "eth_getBlockByNumber" {
                changed(&mut truth[&lie]);
            }
            Reply::Result(truth)
        });
        let ledger = ledger(&url, Finality::Tag).await.unwrap();
        let error = ledger.verified_header(2).await.unwrap_err();
        assert!(
            matches!(error, HeaderError::Hash { expected, got, .. } if expected != got),
            "{field}: {error}"
        );
    }
}

#[tokio::test]
async fn block_other_than_the_one_asked_for_is_refused() {
    let (chain, _) = chain().await;
    let other: Value = chain.client().request("eth_getBlockByNumber", json!(["0x1", false])).await.unwrap();
    let url = node(&chain, move |method, _, truth| match method {
        "eth_getBlockByNumber" | "eth_getBlockByHash" => Reply::Result(other.clone()),
        _ => Reply::Result(truth),
    });
    let ledger = ledger(&url, Finality::Tag).await.unwrap();
    let error = ledger.verified_header(2).await.unwrap_err();
    assert!(matches!(error, HeaderError::Number { expected: 2, got: 1 }), "{error}");
    let wanted = chain.block_hash(2).unwrap().unwrap();
    let error = ledger.verified_header(wanted).await.unwrap_err();
    assert!(matches!(error, HeaderError::Hash { expected, .. } if expected == wanted), "{error}");

    let url = node(&chain, |method, _, truth| match method {
        "eth_getBlockByNumber" => Reply::Result(Value::Null),
        _ => Reply::Result(truth),
    });
    let ledger = crate::liar::ledger(&url, Finality::Tag).await.unwrap();
    assert!(matches!(ledger.verified_header(2).await, Err(HeaderError::Missing { .. })));
}

#[tokio::test]
async fn receipt_that_its_block_does_not_hold_is_refused() {
    let (chain, tx) = chain().await;
    type Bend = fn(&mut Value);
    let lies: [(&str, Bend); 9] = [
        ("status", |receipt| receipt["status"] = json!("0x0")),
        ("gas", |receipt| changed(&mut receipt["gasUsed"])),
        ("price", |receipt| changed(&mut receipt["effectiveGasPrice"])),
        ("sender", |receipt| changed(&mut receipt["from"])),
        ("to", |receipt| changed(&mut receipt["to"])),
        ("contract", |receipt| receipt["contractAddress"] = receipt["from"].clone()),
        ("index", |receipt| receipt["transactionIndex"] = json!("0x0")),
        ("topic", |receipt| changed(&mut receipt["logs"][0]["topics"][0])),
        ("logs", |receipt| receipt["logs"] = json!([])),
    ];
    for (what, bend) in lies {
        let url = node(&chain, move |method, _, mut truth| {
            if method == "eth_getTransactionReceipt" {
                bend(&mut truth);
            }
            Reply::Result(truth)
        });
        let ledger = ledger(&url, Finality::Tag).await.unwrap();
        let error = ledger.wait_final(tx, SOON).await.unwrap_err();
        assert!(matches!(error, FinalityError::ReceiptDiffers { .. }), "{what}: {error}");
    }
    // The same lie in both answers, and lies about the other receipts and transactions of the block.
    type Answer = fn(&str, &Value, Value) -> Value;
    let lies: [(&str, Answer); 3] = [
        ("both", |method, _, mut truth| {
            match method {
                "eth_getTransactionReceipt" => truth["status"] = json!("0x0"),
                "eth_getBlockReceipts" => truth[1]["status"] = json!("0x0"),
                _ => {}
            }
            truth
        }),
        ("missing", |method, _, truth| match method {
            "eth_getBlockReceipts" => json!([truth[1]]),
            _ => truth,
        }),
        ("none", |method, _, truth| if method == "eth_getBlockReceipts" { Value::Null } else { truth }),
    ];
    for (what, lie) in lies {
        let url = node(&chain, move |method, params, truth| Reply::Result(lie(method, params, truth)));
        let ledger = ledger(&url, Finality::Tag).await.unwrap();
        let error = ledger.wait_final(tx, SOON).await.unwrap_err();
        assert!(matches!(error, FinalityError::WrongReceipts { .. }), "{what}: {error}");
    }
    let url = node(&chain, |method, params, mut truth| {
        if method == "eth_getBlockByHash" && params[1] == true {
            let first = truth["transactions"][0].clone();
            truth["transactions"] = json!([first]);
        }
        Reply::Result(truth)
    });
    let error = ledger(&url, Finality::Tag).await.unwrap().wait_final(tx, SOON).await.unwrap_err();
    assert!(matches!(error, FinalityError::WrongTransactions { .. }), "{error}");
    // The receipt of another transaction.
    let first: Value = chain.client().request("eth_getBlockReceipts", json!(["0x2"])).await.unwrap();
    let url = node(&chain, move |method, _, truth| match method {
        "eth_getTransactionReceipt" => Reply::Result(first[0].clone()),
        _ => Reply::Result(truth),
    });
    let error = ledger(&url, Finality::Tag).await.unwrap().wait_final(tx, SOON).await.unwrap_err();
    assert!(matches!(error, FinalityError::OtherReceipt { expected, .. } if expected == tx), "{error}");
}

#[tokio::test]
async fn unknown_transaction_and_unfinal_block_are_told_apart() {
    let (chain, tx) = chain().await;
    let url = node(&chain, |_, _, truth| Reply::Result(truth));
    let deep = ledger(&url, Finality::Depth(3)).await.unwrap();
    let nobody = B256::repeat_byte(3);
    let error = deep.wait_final(nobody, SOON).await.unwrap_err();
    assert!(matches!(error, FinalityError::NotIncluded { tx, .. } if tx == nobody), "{error}");
    let error = deep.wait_final(tx, SOON).await.unwrap_err();
    assert!(matches!(error, FinalityError::NotFinal { block: 2, .. }), "{error}");
    chain.mine().unwrap();
    chain.mine().unwrap();
    assert!(deep.wait_final(tx, SOON).await.is_err(), "two blocks are not three");
    chain.mine().unwrap();
    assert_eq!(deep.wait_final(tx, PATIENCE).await.unwrap().block.header.number, 2);
    assert_eq!(deep.newest_final().await.unwrap().header.number, 2);

    // A node that calls nothing finalized yet, and one that is two blocks behind.
    let first: Value = chain.client().request("eth_getBlockByNumber", json!(["0x1", false])).await.unwrap();
    for finalized in [Value::Null, first] {
        let url = node(&chain, move |_, params, truth| match &params[0] {
            tag if tag == "finalized" => Reply::Result(finalized.clone()),
            _ => Reply::Result(truth),
        });
        let ledger = ledger(&url, Finality::Tag).await.unwrap();
        let error = ledger.wait_final(tx, SOON).await.unwrap_err();
        assert!(matches!(error, FinalityError::NotFinal { block: 2, .. }), "{error}");
    }
}

#[tokio::test]
async fn reorganisation_is_noticed_while_waiting() {
    let (chain, tx) = chain().await;
    let looks = Arc::new(AtomicUsize::new(0));
    let url = node(&chain, {
        let looks = looks.clone();
        move |method, _, truth| {
            looks.fetch_add(usize::from(method == "eth_getTransactionReceipt"), Ordering::SeqCst);
            Reply::Result(truth)
        }
    });
    let ledger = ledger(&url, Finality::Depth(2)).await.unwrap();
    let block: Value =
        ledger.provider().raw_request("eth_getBlockByNumber".into(), ("0x2", true)).await.unwrap();
    assert_eq!(block["hash"], json!(chain.block_hash(2).unwrap().unwrap()));
    // Begins to wait for the transaction.
    let waits = |patience| {
        let ledger = ledger.clone();
        tokio::spawn(async move { ledger.wait_final(tx, patience).await })
    };
    // Until the node has been asked once more, and has said what was true then.
    let looked = async |before: usize| {
        while looks.load(Ordering::SeqCst) == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let (sender, wallet) = account(0);
    let contract = sender.create(0);
    let again = [
        raw(&sign(write(contract, 1, 1), 1, &wallet).await),
        raw(&sign(write(contract, 2, 2), 2, &wallet).await),
    ];

    // Replaced by a block without it, which then grows old.
    let mut patience = SOON;
    let (old, error) = loop {
        let old = chain.block_hash(2).unwrap().unwrap();
        let before = looks.load(Ordering::SeqCst);
        let waiting = waits(patience);
        looked(before).await;
        chain.reorganise(1, &[vec![], vec![], vec![], vec![]]).unwrap();
        let error = waiting.await.unwrap().unwrap_err();
        chain.reorganise(4, &[again.to_vec()]).unwrap();
        match error {
            // On a machine so slow that the time was over after one look.
            FinalityError::NotFinal { .. } if patience < PATIENCE => patience *= 10,
            error => break (old, error),
        }
    };
    assert!(matches!(error, FinalityError::Reorganised { block, .. } if block == old), "{error}");

    // Taken up again in a later block: it settles there, and says where it had been.
    let first = chain.block_hash(2).unwrap().unwrap();
    let before = looks.load(Ordering::SeqCst);
    let waiting = waits(PATIENCE);
    looked(before).await;
    chain.reorganise(1, &[vec![], again.to_vec(), vec![], vec![]]).unwrap();
    let settled = waiting.await.unwrap().unwrap();
    assert_eq!((settled.block.header.number, settled.left), (3, vec![first]));
}

/// A node that shows one history to one question and another to the next gets no receipt believed.
#[tokio::test]
async fn receipt_from_an_abandoned_block_never_settles() {
    let (chain, tx) = chain().await;
    let abandoned: Value = chain.client().request("eth_getTransactionReceipt", json!([tx])).await.unwrap();
    chain.reorganise(1, &[vec![], vec![], vec![]]).unwrap();
    let asked = Arc::new(AtomicBool::new(false));
    let seen = asked.clone();
    let url = node(&chain, move |method, _, truth| match method {
        "eth_getTransactionReceipt" => {
            seen.store(true, Ordering::SeqCst);
            Reply::Result(abandoned.clone())
        }
        _ => Reply::Result(truth),
    });
    let ledger = ledger(&url, Finality::Depth(1)).await.unwrap();
    let error = ledger.wait_final(tx, SOON).await.unwrap_err();
    assert!(matches!(error, FinalityError::NotFinal { .. }), "{error}");
    assert!(asked.load(Ordering::SeqCst));
    assert_eq!(ledger.verified_header(BlockNumberOrTag::Latest).await.unwrap().header.number, 4);
}
