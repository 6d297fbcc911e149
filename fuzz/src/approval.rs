//! Signed decisions on their way to whoever submits them.

use crate::history::genuine;
use averment_registry::{
    approval::{FILE_LIMIT, SignedDecision, SigningContext},
    history::{History, Limits, Payload},
};

pub(crate) fn approval_file(data: &[u8]) -> bool {
    let Ok(decision) = SignedDecision::decode(data) else { return false };
    assert!(data.len() <= FILE_LIMIT && decision.signature().len() <= 32_768);
    let bytes = decision.encode().expect("what was read can be written");
    assert_eq!(SignedDecision::decode(&bytes).ok().as_ref(), Some(&decision));
    // The names shown are those signed for.
    let context = SigningContext {
        registry: decision.registry(),
        creator: decision.creator(),
        model_name: decision.model_name(),
        role_name: decision.role_name(),
    };
    let words = decision.approval().in_words(&context).expect("the names behind the ids");
    assert!(
        !words.contains(|c: char| c.is_control() && c != '\n'),
        "a name speaks to the terminal: {words:?}"
    );
    if decision.recovered_signer() == Ok(decision.signer()) {
        let seeds = approval_file_seeds();
        let genuine: Vec<_> = seeds.iter().filter_map(|seed| SignedDecision::decode(seed).ok()).collect();
        let known = genuine.iter().any(|seed| seed.signer() == decision.signer());
        let signed = genuine.iter().any(|seed| seed.approval() == decision.approval());
        assert!(signed || !known, "a signature was made to count for another decision");
    }
    if let Ok(signer) = decision.recovered_signer() {
        let digest = decision.approval().digest(decision.registry());
        let recovered = averment_registry::approval::recover(digest, decision.signature());
        assert_eq!(recovered, Ok(signer));
    }
    true
}

/// The decisions that the contract's own history records.
pub(crate) fn approval_file_seeds() -> Vec<Vec<u8>> {
    let (registry, entries) = genuine();
    let model = entries.first().expect("entries").model;
    let history = History::replay(registry, model, entries, &Limits::default());
    let history = history.expect("the contract's own").expect("not empty");
    let name = std::str::from_utf8(history.name().bytes()).expect("a name that can be shown");
    let decisions = history.entries().iter().filter_map(|entry| match &entry.payload {
        Payload::DecisionRecorded { approval, signer, signature } => Some((approval, signer, signature)),
        _ => None,
    });
    let files = decisions.map(|(approval, signer, signature)| {
        let role = history.policies().iter().find_map(|policy| policy.role_name(approval.role));
        let role = std::str::from_utf8(role.expect("a role of the model").bytes()).expect("UTF-8");
        let context =
            SigningContext { registry, creator: history.creator(), model_name: name, role_name: role };
        let decision = SignedDecision::new(approval.clone(), &context, *signer, signature.clone());
        decision.expect("the names behind the ids").encode()
    });
    // What no file can hold: an expiry that JSON readers do not agree on.
    files.filter_map(Result::ok).collect()
}
