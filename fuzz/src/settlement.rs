//! Requests, offers, and what contracts said.

use crate::vectors;
use averment_primitives::{Bytes, keccak256};
use averment_registry::{
    settlement::{Event, Offer, Request, decode_outputs, encode_outputs},
    state::{Header, receipt_logs},
};
use serde_json::Value;

fn decision() -> Value {
    vectors::json(&vectors::DECISION)["decision"].clone()
}

/// A request, an offer or outputs as Solidity encodes them: one form each.
pub(crate) fn asked(data: &[u8]) -> bool {
    let request = Request::decode(data).map(|request| assert_eq!(request.encode(), data)).is_ok();
    let offer = Offer::decode(data).map(|offer| assert_eq!(offer.encode(), data)).is_ok();
    let outputs = decode_outputs(data).map(|outputs| assert_eq!(encode_outputs(&outputs), data)).is_ok();
    request || offer || outputs
}

pub(crate) fn asked_seeds() -> Vec<Vec<u8>> {
    let decision = decision();
    vec![
        vectors::bytes(&decision["request"]["asked"]),
        vectors::bytes(&decision["offer"]),
        vectors::bytes(&decision["outputs"]),
    ]
}

/// A receipt's place (u8), then nodes, each after its length (u16). The first node's hash is the root that is trusted.
pub(crate) fn receipt(data: &[u8]) -> bool {
    let Some((&index, mut rest)) = data.split_first() else { return false };
    let mut nodes = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let (node, next) = after.split_at(usize::from(u16::from_le_bytes(*length)).min(after.len()));
        nodes.push(Bytes::copy_from_slice(node));
        rest = next;
    }
    let Some(root) = nodes.first().map(keccak256) else { return false };
    let Ok(logs) = receipt_logs(root, index.into(), &nodes) else { return false };
    for log in &logs {
        assert!(log.topics.len() <= 4);
        // Whatever a contract says is read or refused.
        let request = log.topics.get(1).copied().unwrap_or_default();
        let _ = (Event::of_router(request, log), Event::of_staking(request, log), Event::of_pool(log));
    }
    assert!(receipt_logs(keccak256(root), index.into(), &nodes).is_err());
    true
}

pub(crate) fn receipt_seeds() -> Vec<Vec<u8>> {
    let decision = decision();
    let blocks = vectors::list(&decision["steps"]["blocks"]);
    let seed = |block: &Value| {
        Header::decode(&vectors::bytes(&block["header"])).expect("a header");
        let receipt = &vectors::list(&block["receipts"])[0];
        let mut seed = vec![receipt["index"].as_u64().expect("a number") as u8];
        for node in vectors::list(&receipt["proof"]).iter().map(vectors::bytes) {
            seed.extend_from_slice(&(node.len() as u16).to_le_bytes());
            seed.extend_from_slice(&node);
        }
        seed
    };
    blocks.iter().map(seed).collect()
}
