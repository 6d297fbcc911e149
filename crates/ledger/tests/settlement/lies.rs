//! A node that lies about a request, its answer or its events is found out.

use crate::{
    liar::{self, Reply},
    world::{Who, World},
};
use alloy::sol_types::SolEvent;
use averment_ledger::{
    Finality,
    contracts::InferenceRouter,
    settlement::{Mode, SettlementClient, SettlementError},
};
use averment_primitives::B256;
use serde_json::Value;

/// What [`SettlementClient::find`] says through a node that changes the logs it gives.
async fn found(
    world: &World,
    id: B256,
    lie: impl Fn(&mut Vec<Value>) + Send + Sync + 'static,
) -> Result<averment_ledger::settlement::Found, SettlementError> {
    let url = liar::node(world.ledger.embedded().unwrap(), move |method, _, mut truth| {
        if method == "eth_getLogs" {
            lie(truth.as_array_mut().unwrap());
        }
        Reply::Result(truth)
    });
    let ledger = liar::ledger(&url, Finality::Depth(0)).await.unwrap();
    SettlementClient::new(&ledger, &world.deployment).unwrap().find(id).await
}

/// The log of an event, if it is there.
fn of<E: SolEvent>(logs: &mut [Value]) -> Option<&mut Value> {
    let signature = E::SIGNATURE_HASH.to_string();
    logs.iter_mut().find(|log| log["topics"][0] == signature)
}

/// Changes the last digit of a word of an event's data.
fn change<E: SolEvent>(logs: &mut [Value], word: usize) {
    let Some(log) = of::<E>(logs) else { return };
    let mut data = log["data"].as_str().unwrap().to_owned();
    let at = 2 + 64 * (word + 1) - 1;
    let digit = if &data[at..=at] == "1" { "2" } else { "1" };
    data.replace_range(at..=at, digit);
    log["data"] = data.into();
}

#[tokio::test]
async fn what_a_node_says_of_a_request_has_to_fit_the_chain() {
    let world = World::new().await;
    let request = world.request(Mode::Optimistic, 34).await;
    world.client.answer(&world.by(Who::Answerer), &request, vec![4]).await.unwrap();
    let id = request.id;
    let truth = found(&world, id, |_| ()).await.unwrap();
    assert_eq!(truth.contested().outputs, [4]);

    // Another request under this id: its fee, say, or its salt.
    for word in [5, 6, 11] {
        let error = found(&world, id, move |logs| change::<InferenceRouter::Requested>(logs, word)).await;
        let error = error.unwrap_err();
        assert!(matches!(&error, SettlementError::Event { why, .. } if why.contains("hashes to")), "{error}");
    }
    // Another offer under the id that the request names.
    let error = found(&world, id, |logs| change::<InferenceRouter::Offered>(logs, 4)).await.unwrap_err();
    assert!(matches!(&error, SettlementError::Event { why, .. } if why.contains("hashes to")), "{error}");
    // Another answer than the one that stands there.
    let error = found(&world, id, |logs| change::<InferenceRouter::Answered>(logs, 3)).await.unwrap_err();
    assert!(matches!(error, SettlementError::Missing { what: "the answer", .. }), "{error}");
    // Nothing at all, or not everything.
    let error = found(&world, id, Vec::clear).await.unwrap_err();
    assert!(matches!(error, SettlementError::Missing { what: "the request", .. }), "{error}");
    let error = found(&world, id, |logs| {
        logs.retain(|log| log["topics"][0] != InferenceRouter::Answered::SIGNATURE_HASH.to_string());
    });
    let error = error.await.unwrap_err();
    assert!(matches!(error, SettlementError::Missing { what: "the answer", .. }), "{error}");
    // Events in another order, or of something else.
    let error = found(&world, id, |logs| logs.reverse()).await.unwrap_err();
    assert!(matches!(&error, SettlementError::Event { why, .. } if why.contains("order")), "{error}");
    let error = found(&world, id, |logs| {
        let Some(log) = of::<InferenceRouter::Answered>(logs) else { return };
        log["topics"][1] = B256::repeat_byte(3).to_string().into();
    });
    let error = error.await.unwrap_err();
    assert!(matches!(&error, SettlementError::Event { why, .. } if why.contains("not asked for")), "{error}");
}

/// Where a request stands is proved against the block's header.
#[tokio::test]
async fn a_node_cannot_say_that_a_request_stands_elsewhere() {
    let world = World::new().await;
    let request = world.request(Mode::Optimistic, 34).await;
    let url = liar::node(world.ledger.embedded().unwrap(), |method, _, mut truth| {
        if method == "eth_getProof" {
            let proof = &mut truth["storageProof"][0]["proof"];
            let last = proof.as_array_mut().unwrap().last_mut().unwrap();
            liar::changed(last);
        }
        Reply::Result(truth)
    });
    let ledger = liar::ledger(&url, Finality::Depth(0)).await.unwrap();
    let client = SettlementClient::new(&ledger, &world.deployment).unwrap();
    let error = client.find(request.id).await.unwrap_err();
    assert!(matches!(error, SettlementError::Evidence(_)), "{error}");
}
