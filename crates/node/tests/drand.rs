//! Committees drawn by drand: operators fetch the round from relays that lie, are slow or do not have it yet, and bring it.

mod world;

use alloy::{primitives::hex, providers::Provider};
use averment_ledger::{
    RemoteFault,
    contracts::{
        DrandRandomness,
        drand::{CHAIN, FIRST, PointError, time_of},
    },
};
use averment_node::{
    chain::{Chain, NotDrandError},
    drand::{RelayFault, Relays},
    operator::{Operator, Plan},
};
use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use world::{DRAND_ROUND, Place, Says, TRUTH, World};

const QUORUM: u8 = 2;
/// The signature of round 1001, as drand publishes it.
const SIGNATURE: &str =
    "b33bf3667cbd5a82de3a24b4e0e9fe5513cc1a0e840368c6e31f5fcfa79bea03f73896b25883abf2853d10337fb8fa41";
const PATIENCE: Duration = Duration::from_millis(500);

/// What a relay answers: a status and a body; or nothing, for longer than anybody waits.
#[derive(Clone)]
enum Reply {
    Says(u16, String),
    Nothing,
}

/// A relay that answers so, one request after the other, the last for ever.
struct Relay {
    url: String,
    asked: Arc<AtomicUsize>,
}

impl Relay {
    fn new(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (mut head, mut part) = (Vec::new(), [0; 1024]);
                while !head.windows(4).any(|four| four == b"\r\n\r\n") {
                    match stream.read(&mut part) {
                        Ok(0) | Err(_) => break,
                        Ok(read) => head.extend_from_slice(&part[..read]),
                    }
                }
                let wanted = format!("GET /{}/public/{DRAND_ROUND} HTTP/1.1\r\n", hex::encode(CHAIN));
                assert!(head.starts_with(wanted.as_bytes()), "{}", String::from_utf8_lossy(&head));
                let at = count.fetch_add(1, Ordering::SeqCst);
                match &replies[at.min(replies.len() - 1)] {
                    Reply::Says(status, body) => {
                        let head = format!(
                            "HTTP/1.1 {status} Said\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                            body.len()
                        );
                        // Who asked may have gone.
                        let _ = stream.write_all(format!("{head}{body}").as_bytes());
                    }
                    Reply::Nothing => {
                        thread::spawn(move || {
                            thread::sleep(PATIENCE * 4);
                            drop(stream);
                        });
                    }
                }
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn says(body: impl Into<String>) -> Reply {
    Reply::Says(200, body.into())
}

fn published(round: u64, signature: &str) -> Reply {
    says(format!(r#"{{"round":{round},"randomness":"00","signature":"{signature}"}}"#))
}

fn relays(relays: &[&Relay]) -> Relays {
    let urls: Vec<String> = relays.iter().map(|relay| relay.url.clone()).collect();
    Relays::new(&urls, PATIENCE).unwrap()
}

#[tokio::test]
async fn what_relays_say_wrong_has_its_fault_and_the_next_is_asked() {
    let lone = |reply| async move { relays(&[&Relay::new(vec![reply])]).fetch(DRAND_ROUND).await };
    let fault = |reply| async move {
        let mut failed = lone(reply).await.unwrap_err();
        assert_eq!((failed.round, failed.faults.len()), (DRAND_ROUND, 1));
        let error = failed.faults.remove(0);
        assert_eq!(error.host, "127.0.0.1");
        error.fault
    };
    assert!(matches!(fault(Reply::Says(404, String::new())).await, RelayFault::NotThere));
    assert!(matches!(fault(Reply::Says(500, String::new())).await, RelayFault::Status { status: 500 }));
    // Nobody is sent elsewhere.
    assert!(matches!(fault(Reply::Says(302, String::new())).await, RelayFault::Status { status: 302 }));
    for garbage in ["", "\u{0}", "[]", "{}", r#"{"round":-1,"signature":""}"#] {
        assert!(matches!(fault(says(garbage)).await, RelayFault::Form { .. }), "{garbage}");
    }
    let long = format!(r#"{{"round":"{}"}}"#, "x".repeat(3_000));
    match fault(says(long)).await {
        RelayFault::Form { why } => assert!(why.len() <= 120),
        other => panic!("{other}"),
    }
    for cut in [&SIGNATURE[2..], &SIGNATURE[1..], "zz"] {
        assert!(matches!(fault(published(DRAND_ROUND, cut)).await, RelayFault::Form { .. }), "{cut}");
    }
    assert!(matches!(
        fault(published(FIRST.number, SIGNATURE)).await,
        RelayFault::OtherRound { expected: DRAND_ROUND, got: 1_000 }
    ));
    let negated = format!("3{}", &SIGNATURE[1..]);
    assert!(matches!(fault(published(DRAND_ROUND, &negated)).await, RelayFault::Point(PointError::Form)));
    assert!(matches!(
        fault(says("x".repeat(5_000))).await,
        RelayFault::Unanswered(RemoteFault::TooLong { limit: 4_096 })
    ));
    assert!(matches!(fault(Reply::Nothing).await, RelayFault::Unanswered(RemoteFault::Timeout { .. })));

    let [away, good] = [Reply::Says(404, String::new()), published(DRAND_ROUND, SIGNATURE)]
        .map(|reply| Relay::new(vec![reply]));
    let fetched = relays(&[&away, &good]).fetch(DRAND_ROUND).await.unwrap();
    assert_eq!((fetched.round, away.asked(), good.asked()), (DRAND_ROUND, 1, 1));
    let bad = relays(&[&away, &away]).fetch(DRAND_ROUND).await.unwrap_err();
    assert_eq!(bad.faults.len(), 2);
    assert!(Relays::new(&["ftp://drand.example".to_owned()], PATIENCE).is_err());
}

#[tokio::test]
async fn an_operator_fetches_the_round_that_draws_whatever_relays_say_first() {
    let mut world = World::at(Place::Drand, 3, 2).await;
    let forged = published(DRAND_ROUND, &hex::encode(FIRST.signature));
    let liar = Relay::new(vec![says("nonsense"), Reply::Nothing, forged]);
    let good =
        Relay::new(vec![Reply::Says(404, String::new()), says("{}"), published(DRAND_ROUND, SIGNATURE)]);
    let chain = Chain::new(world.by(&world.signers[0]), world.contracts);
    let chain = chain.with_drand(relays(&[&liar, &good])).await.unwrap();
    let plan = Plan { again_after: Duration::ZERO, ..Plan::new(world.settings(0), 0) };
    let path = world.folder.path().join("journal");
    let mut operator = Operator::open(&path, plan, chain, Box::new(Says(TRUTH))).unwrap();
    let value = DrandRandomness::valueOfCall { round: DRAND_ROUND };

    let id = world.ask(QUORUM).await;
    let signer = world.signers[0].address();
    let sent = || async { world.ledger.provider().get_transaction_count(signer).await.unwrap() };
    let before = sent().await;
    // Its second has not come.
    for _ in 0..3 {
        operator.turn().await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((liar.asked(), good.asked()), (0, 0));
    world.pass(time_of(DRAND_ROUND) - world.now().await).await;

    let (begun, mut meanwhile) = (Instant::now(), 0);
    while operator.machine().committee(&id).is_none() {
        assert!(begun.elapsed() < Duration::from_secs(30), "never drawn");
        operator.turn().await.unwrap();
        // While the one is silent and the other not asked again yet.
        meanwhile += usize::from((liar.asked(), good.asked()) == (2, 1));
        if world.read(world.contracts.randomness, &value).await.is_zero() {
            assert_eq!(sent().await, before, "what relays say wrong costs no transaction");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(meanwhile > 1, "a relay that is slow held the operator up");
    // Nonsense, silence and the forged round, after which the other was asked first.
    assert_eq!((liar.asked(), good.asked()), (3, 3));
    assert!(sent().await >= before + 2);
    // Nobody had it, nobody had it, the contract refused it.
    let figures = operator.metrics().text();
    assert!(figures.contains("averment_oracle_failures_total{what=\"draw\"} 3\n"), "{figures}");
}

#[tokio::test]
async fn relays_are_refused_where_blocks_draw() {
    let world = World::new(3, 2).await;
    let relay = Relay::new(vec![Reply::Nothing]);
    let chain = Chain::new(world.by(&world.signers[0]), world.contracts);
    let refused = chain.with_drand(relays(&[&relay])).await.unwrap_err();
    assert!(
        matches!(refused, NotDrandError::Other { randomness } if randomness == world.contracts.randomness)
    );
}
