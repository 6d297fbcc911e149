//! The embedded chain over HTTP: alloy's own client against it, what is no JSON-RPC, and the journal behind it.

use crate::{contract::account, suite::suite};
use alloy::{
    network::TransactionBuilder,
    primitives::{Address, U256},
    providers::Provider,
    rpc::{client::BatchRequest, types::TransactionRequest},
};
use averment_ledger::{
    Finality, Ledger, Remote, Source,
    embedded::{ChainServer, Embedded, Genesis, ServeLimits},
};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};

const GENESIS_TIME: u64 = 1_700_000_000;

struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Served {
    async fn start(chain: Embedded) -> Self {
        let local = "127.0.0.1:0".parse().unwrap();
        let server = ChainServer::bind(chain, local, ServeLimits::default()).await.unwrap();
        let address = server.address();
        assert_eq!(server.url(), format!("http://{address}"));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self { address, stop, server }
    }

    async fn ledger(&self, finality: Finality) -> Ledger {
        let poll = Duration::from_millis(5);
        let settings = Remote { finality, poll, ..Remote::new(format!("http://{}", self.address), 31337) };
        Ledger::open(Source::Remote(settings)).await.unwrap()
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.server.await.unwrap();
    }
}

fn fresh() -> Embedded {
    Embedded::in_memory(Genesis::development(GENESIS_TIME)).unwrap()
}

#[tokio::test]
async fn served_chain_passes_the_suite() {
    let served = Served::start(fresh()).await;
    suite(&served.ledger(Finality::Tag).await).await;
    served.stop().await;
}

#[tokio::test]
async fn alloy_asks_in_batches_and_for_what_only_clients_ask() {
    let served = Served::start(fresh()).await;
    let ledger = served.ledger(Finality::Tag).await;
    let (sender, wallet) = account(0);
    let payment = TransactionRequest::default().with_to(Address::repeat_byte(7)).with_value(U256::from(5));
    let sent = ledger.signing(wallet).send_transaction(payment).await.unwrap().get_receipt().await.unwrap();

    let mut batch = BatchRequest::new(ledger.client());
    let head = batch.add_call::<_, U256>("eth_blockNumber", &()).unwrap();
    let wrong = batch.add_call::<_, U256>("eth_nonsense", &()).unwrap();
    let balance = batch.add_call::<_, U256>("eth_getBalance", &(Address::repeat_byte(7), "latest")).unwrap();
    batch.send().await.unwrap();
    assert_eq!((head.await.unwrap(), balance.await.unwrap()), (U256::from(1), U256::from(5)));
    assert_eq!(wrong.await.unwrap_err().as_error_resp().unwrap().code, -32601);

    let provider = ledger.provider();
    assert_eq!(provider.get_net_version().await.unwrap(), 31337);
    assert!(provider.get_client_version().await.unwrap().starts_with("averment-embedded/"));
    assert!(matches!(provider.syncing().await.unwrap(), alloy::rpc::types::SyncStatus::None));
    let hash = sent.block_hash.unwrap();
    for (method, block) in
        [("Number", serde_json::json!("0x1")), ("Hash", serde_json::json!(hash)), ("Number", "latest".into())]
    {
        let name = format!("eth_getBlockTransactionCountBy{method}");
        let count: Option<U256> = provider.raw_request(name.into(), (block.clone(),)).await.unwrap();
        assert_eq!(count, Some(U256::from(1)));
        for (index, found) in [("0x0", true), ("0x1", false)] {
            let name = format!("eth_getTransactionByBlock{method}AndIndex");
            let tx: Option<alloy::rpc::types::Transaction> =
                provider.raw_request(name.into(), (block.clone(), index)).await.unwrap();
            assert_eq!(tx.map(|tx| (*tx.inner.tx_hash(), tx.inner.signer())), {
                found.then_some((sent.transaction_hash, sender))
            });
        }
    }
    let none: Option<U256> =
        provider.raw_request("eth_getBlockTransactionCountByNumber".into(), ("0x63",)).await.unwrap();
    assert_eq!(none, None);
    served.stop().await;
}

#[tokio::test]
async fn what_was_sent_over_http_is_there_when_the_journal_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let open = || Embedded::open(&path, Genesis::development(GENESIS_TIME)).unwrap();
    let served = Served::start(open()).await;
    let ledger = served.ledger(Finality::Tag).await;
    let payment = TransactionRequest::default().with_to(Address::repeat_byte(7)).with_value(U256::from(5));
    ledger.signing(account(0).1).send_transaction(payment).await.unwrap().get_receipt().await.unwrap();
    served.stop().await;

    let served = Served::start(open()).await;
    let ledger = served.ledger(Finality::Tag).await;
    assert_eq!(ledger.provider().get_balance(Address::repeat_byte(7)).await.unwrap(), U256::from(5));
    served.stop().await;
}

#[tokio::test]
async fn what_is_no_request_of_a_client_on_this_machine_is_refused() {
    let served = Served::start(fresh()).await;
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;
    let request = |line: &str, kind: &str, body: &str| {
        let length = body.len();
        format!(
            "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {kind}\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
    };
    let json = "application/json";
    for (text, status) in [
        (request("POST /", json, body), 200),
        (request("POST /", "Application/JSON; charset=utf-8", body), 200),
        (request("POST /", json, "{"), 200),
        (request("POST /", json, r#"{"jsonrpc":"2.0","method":"eth_chainId"}"#), 204),
        (request("POST /other", json, body), 404),
        (request("GET /", json, body), 405),
        // A browser asks first before it sends JSON elsewhere, and hears no.
        (request("OPTIONS /", json, ""), 405),
        // What a browser sends anywhere without asking.
        (request("POST /", "text/plain", body), 415),
        (request("POST /", "application/x-www-form-urlencoded", body), 415),
        (request("POST /", json, body).replace("localhost", "rebound.example"), 403),
        (request("POST /", json, body).replace("connection", "origin: null\r\nconnection"), 403),
    ] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{text}\n{answer}");
        assert!(!answer.to_lowercase().contains("access-control"), "{answer}");
    }
    served.stop().await;
}
