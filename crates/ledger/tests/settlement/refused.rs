//! What is refused before anything is sent, and with which words.

use crate::world::{BOND, DEADLINE, FEE, MONEY, Who, World, proof, refused};
use alloy::primitives::aliases::U40;
use averment_ledger::settlement::{Mode, OtherStatement, Request, SettlementClient, SettlementError, Step};
use averment_primitives::{Address, B256, U256};
use averment_verifier::statement::{Mode as Hides, Statement};

/// What is said of a change.
type Case<C> = (&'static str, C);
/// To a statement; some put a word into it.
type Change = fn(&mut Statement, B256);

#[tokio::test]
async fn requests_that_the_router_would_not_take() {
    let world = World::new().await;
    let good = world.asked(Mode::Optimistic, 34).await;
    let cases: [Case<fn(&mut Request)>; 9] = [
        ("not there, or was withdrawn", |asked| asked.offer = B256::repeat_byte(1)),
        ("not there, or was withdrawn", |asked| asked.version = B256::repeat_byte(1)),
        ("do not allow the mode optimistic for inputs about persons", |asked| asked.personal = true),
        ("1 to 65536 inputs", |asked| asked.items = 0),
        ("the answer's bond must be as much", |asked| asked.bond = BOND - 1),
        ("the window must be", |asked| asked.window = 1),
        ("the deadline must be", |asked| asked.deadline = U40::from(1)),
        ("at most 5000000 gas", |asked| asked.callbackGas = 5_000_001),
        ("a committee of this offer may decide about 20000 at most", |asked| {
            (asked.mode, asked.valueAtRisk) = (Mode::Quorum.code(), 20_001);
        }),
    ];
    let requester = world.by(Who::Requester);
    for (words, change) in cases {
        let mut asked = good.clone();
        change(&mut asked);
        refused(world.client.lacks_to_request(&requester, &asked).await, words);
        refused(world.client.request(&requester, &asked).await, words);
    }
    // Nothing of all that was paid for.
    let own = world.client.balance(requester.address()).await.unwrap();
    assert_eq!((own.router, own.wallet), (U256::ZERO, U256::from(MONEY)));
    assert_eq!(world.client.lacks_to_request(&requester, &good).await.unwrap(), U256::from(FEE));

    let dear = Request { fee: MONEY + 1, ..good.clone() };
    match world.client.request(&requester, &dear).await.unwrap_err() {
        SettlementError::Money { account, got, needed, .. } => {
            assert_eq!(
                (account, got, needed),
                (requester.address(), U256::from(MONEY), U256::from(MONEY + 1))
            );
        }
        other => panic!("{other}"),
    }
    world.client.request(&requester, &good).await.unwrap();
    refused(world.client.request(&requester, &good).await, "use another salt");
    world.registry.retire(&world.by(Who::Owner), world.version, "old").await.unwrap();
    let late = world.asked(Mode::Proof, 35).await;
    refused(world.client.request(&requester, &late).await, "is retired");
    world.client.withdraw_offer(&world.by(Who::Owner), &world.offer).await.unwrap();
    refused(world.client.request(&requester, &late).await, "was withdrawn");
}

#[tokio::test]
async fn steps_that_are_none_for_the_request() {
    let world = World::new().await;
    let (answerer, challenger) = (world.by(Who::Answerer), world.by(Who::Challenger));
    let open = world.request(Mode::Proof, 34).await;
    let client = &world.client;
    refused(client.answer(&answerer, &open, vec![4]).await, "the request asks for proof");
    for (result, step) in [
        (client.challenge(&challenger, &open).await, "challenge"),
        (client.settle(&challenger, &open, Step::Finalise).await, "finalise"),
        (client.settle(&challenger, &open, Step::Forfeit).await, "forfeit"),
        (client.settle(&challenger, &open, Step::Close).await, "close"),
        (client.settle(&challenger, &open, Step::Redeliver).await, "redeliver"),
        (client.settle(&challenger, &open, Step::Commit).await, "commit"),
    ] {
        let error = result.unwrap_err();
        assert!(matches!(&error, SettlementError::NotNow { step: got, .. } if *got == step), "{error}");
        assert!(error.to_string().contains("waits for an answer"), "{error}");
    }
    refused(client.settle(&challenger, &open, Step::Refund).await, "nothing is refunded");
    refused(client.draw(&challenger, &open).await, "this is for the mode quorum");
    // What the model does not say cannot be proved, and nobody else's proof either.
    refused(client.prove(&answerer, &open, vec![5], proof()).await, "does not prove this answer");

    let found = world.request(Mode::Optimistic, 34).await;
    client.answer(&answerer, &found, vec![4]).await.unwrap();
    let answered = world.again(&found).await;
    refused(client.settle(&challenger, &answered, Step::Finalise).await, "not before");
    // What was found before the answer came is not what stands there now.
    refused(client.answer(&world.by(Who::Challenger), &found, vec![4]).await, "may be challenged");
    let mut other = answered.clone();
    other.given.as_mut().unwrap().outputs = vec![5];
    refused(client.challenge(&challenger, &other).await, "this is not the answer");
    let mut other = answered.clone();
    other.offer.challengeBond = 1;
    refused(client.challenge(&challenger, &other).await, "the request names the offer");
    let poor = world.by(Who::Prover);
    let error = client.challenge(&poor, &answered).await.unwrap_err();
    assert!(matches!(error, SettlementError::Money { .. }), "{error}");
    world.pass(DEADLINE).await;
    refused(client.challenge(&challenger, &answered).await, "the time for it ended");
}

#[tokio::test]
async fn what_is_not_there() {
    let world = World::new().await;
    let id = B256::repeat_byte(9);
    let error = world.client.find(id).await.unwrap_err();
    assert!(matches!(error, SettlementError::NoRequest { id: got, chain_id: 31337 } if got == id), "{error}");
    let error = world.client.find_offer(id).await.unwrap_err();
    assert!(matches!(error, SettlementError::NoOffer { id: got, .. } if got == id), "{error}");
    let mut deployment = world.deployment.clone();
    deployment.settlement = None;
    let error = SettlementClient::new(&world.ledger, &deployment).unwrap_err();
    assert!(matches!(error, SettlementError::NotDeployed { chain_id: 31337 }), "{error}");
}

/// A proof of something else is known before it is sent: by its statement.
#[tokio::test]
async fn a_proof_of_another_request_is_refused() {
    let world = World::new().await;
    let mut found = world.request(Mode::Proof, 34).await;
    found.asked.publicInputs = vec![1, 2];
    let who = world.address(Who::Prover);
    let (requester, asked, offer) = (found.requester, &found.asked, &found.offer);
    let right = world.client.statement(requester, asked, offer, &[4], who);
    let check = |stated: &Statement| {
        world.client.outputs_of(requester, asked, offer, who, stated).map(<[i64]>::to_vec)
    };
    assert_eq!(check(&right), Ok(vec![4]));
    assert_eq!(check(&Statement { setup: B256::repeat_byte(1), ..right.clone() }), Ok(vec![4]));
    let other = B256::repeat_byte(7);
    let cases: [Case<Change>; 12] = [
        ("request", |s, other| s.request = other),
        ("chain", |s, _| s.chain_id = 1),
        ("contract", |s, _| s.contract = Address::ZERO),
        ("beneficiary", |s, _| s.beneficiary = Address::repeat_byte(7)),
        ("version", |s, other| s.version = other),
        ("commitment to weights", |s, other| s.weights = other),
        ("plan", |s, other| s.plan = other),
        ("schema", |s, other| s.schema = other),
        ("input", |s, other| s.inputs = other),
        ("number of inputs", |s, _| s.items = 2),
        ("kind of proof", |s, _| s.mode = Hides::Transparent),
        ("public input", |s, _| s.public = vec![1, 3, 4]),
    ];
    for (what, change) in cases {
        let mut stated = right.clone();
        change(&mut stated, other);
        match check(&stated) {
            Err(OtherStatement { what: got, .. }) => assert_eq!(got, what),
            Ok(_) => panic!("{what}"),
        }
    }
}
