//! Decisions about a version through the program: which are recorded, and which are refused before anything is
//! signed or paid for, with which exit code and words.

mod sandbox;

use averment_primitives::{Address, B256, Bytes, U256};
use averment_registry::{
    approval::{Approval, Decision, SignedDecision, SigningContext},
    version::RegistryId,
};
use sandbox::{
    OWNER, Run, Sandbox,
    digits::{HISTORY, MODEL, VERSION, approve, length, registered, show, sign},
};
use serde_json::Value;
use std::fs;

#[test]
fn only_the_roles_own_key_decides_and_once() {
    let sandbox = registered();
    sandbox.key("stranger");
    sandbox.by("risk", &["approve", VERSION, "--role", "medical"]).refused(
        1,
        &format!(
            "the key of medical that counts for this version is {} (medical)",
            sandbox.address("medical")
        ),
    );
    sandbox.by("stranger", &["approve", VERSION, "--role", "legal"]).refused(1, "nothing was signed");
    sandbox
        .by("medical", &["approve", VERSION, "--role", "clerk"])
        .refused(2, "under policy 1 these have: medical, risk, legal");
    sandbox.by("medical", &["approve", VERSION]).refused(2, "--role");
    sandbox
        .by("medical", &["approve", VERSION, "--role", "medical", "--valid-days", "0"])
        .refused(2, "1..=365");
    approve(&sandbox, "medical").done();
    approve(&sandbox, "medical").refused(1, "medical has approved this version already, in entry 7");
    assert_eq!(length(&sandbox), 7);
}

#[test]
fn who_registers_a_version_cannot_approve_it() {
    let sandbox = registered();
    sandbox.by(OWNER, &["model", "registrar", MODEL, "medical"]).done();
    sandbox.by(OWNER, &["model", "registrar", MODEL, "medical"]).refused(1, "a registrar already");
    sandbox.by("risk", &["model", "registrar", HISTORY, "risk"]).refused(1, "only the model's owner");
    let toml = fs::read_to_string(sandbox.path().join("digits/model.toml")).unwrap();
    let second = toml.replace("version = \"1.0.0\"", "version = \"2.0.0\"");
    fs::write(sandbox.path().join("digits/second.toml"), second).unwrap();
    let register = ["register", "digits/second.toml", "--model", HISTORY];
    sandbox.by("risk", &register).refused(1, "only the model's owner and its registrars");
    sandbox.by("medical", &register).done();
    let second = "handwritten-digits@2.0.0";
    sandbox
        .by("medical", &["approve", second, "--role", "medical"])
        .refused(1, "who registers a version cannot decide");
    // Handing the role on does not help.
    sandbox.key("medical-2");
    sandbox.by("medical", &["model", "rotate-key", HISTORY, "--role", "medical", "--to", "medical-2"]).done();
    sandbox
        .by("medical-2", &["approve", second, "--role", "medical"])
        .refused(1, "who registers a version cannot decide");
    sandbox.by("risk", &["approve", second, "--role", "risk"]).done();
    sandbox.by(OWNER, &["model", "registrar", MODEL, "medical", "--forbid"]).done();
    assert_eq!(show(&sandbox)["registrars"], serde_json::json!([]));
}

/// A signed decision of the role, with changes that only somebody without this program would make.
fn forged(
    sandbox: &Sandbox,
    role: &str,
    change: impl FnOnce(&mut Approval, &mut RegistryId, &mut Address),
) -> SignedDecision {
    let shown = show(sandbox);
    let parse = |value: &Value| value.as_str().unwrap().to_owned();
    let mut registry = RegistryId {
        chain_id: shown["chainId"].as_u64().unwrap(),
        address: parse(&shown["registry"]).parse().unwrap(),
    };
    let creator = sandbox.address(OWNER);
    let mut approval = Approval {
        model: parse(&shown["model"]).parse().unwrap(),
        version: parse(&shown["versions"][0]["version"]).parse().unwrap(),
        role: averment_primitives::RoleId::of(role),
        decision: Decision::Approve,
        policy_revision: 1,
        expiry: 4_000_000_000,
        nonce: U256::from(1),
    };
    let key = sandbox.account(role);
    let mut signer = key.address();
    change(&mut approval, &mut registry, &mut signer);
    approval.model = registry.model_id(creator, MODEL);
    let signature = key.sign_digest(&approval.digest(registry)).unwrap();
    let names = SigningContext { registry, creator, model_name: MODEL, role_name: role };
    SignedDecision::new(approval, &names, signer, Bytes::from(signature.as_bytes())).unwrap()
}

fn submit(sandbox: &Sandbox, decision: &SignedDecision) -> Run {
    fs::write(sandbox.path().join("decision.json"), decision.encode().unwrap()).unwrap();
    sandbox.by(OWNER, &["approve", "submit", "decision.json"])
}

#[test]
fn a_decision_that_the_contract_would_refuse_is_not_sent() {
    let sandbox = registered();
    let before = length(&sandbox);
    let nothing = |_: &mut Approval, _: &mut RegistryId, _: &mut Address| {};
    for (decision, words) in [
        (
            forged(&sandbox, "risk", |a, _, _| a.expiry = 1_700_000_000),
            "it could be submitted until 2023-11-14",
        ),
        (forged(&sandbox, "risk", |_, r, _| r.chain_id = 1), "on chain 1, this is"),
        (
            forged(&sandbox, "risk", |_, r, _| r.address = Address::repeat_byte(1)),
            "it was signed for the registry 0x01",
        ),
        (forged(&sandbox, "risk", |a, _, _| a.version.0 = B256::repeat_byte(1)), "is not registered here"),
        (forged(&sandbox, "risk", |a, _, _| a.policy_revision = 2), "it was signed for policy 2"),
        (
            forged(&sandbox, "risk", |_, _, signer| *signer = sandbox.address("legal")),
            "the key of risk that counts",
        ),
    ] {
        let why = submit(&sandbox, &decision).refused(1, words);
        assert!(why.contains("nothing was sent"), "{why}");
    }
    // A decision that was changed after it was signed.
    let good = forged(&sandbox, "risk", nothing);
    let text = String::from_utf8(good.encode().unwrap()).unwrap();
    let file = sandbox.path().join("decision.json");
    for (from, to, code, words) in [
        ("\"nonce\":\"1\"", "\"nonce\":\"2\"", 1, "the signature is that of"),
        ("\"approve\"", "\"reject\"", 1, "the signature is that of"),
        (MODEL, "harmless", 1, "it says that the version is one of \"harmless\""),
        ("approval/1", "approval/9", 1, "a newer release of averment may read it"),
        ("{", "{\"also\":1,", 1, "unknown field"),
        ("}", "", 1, "decision.json: "),
    ] {
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
        sandbox.by(OWNER, &["approve", "submit", "decision.json"]).refused(code, words);
    }
    fs::write(&file, vec![b'x'; 1 << 20]).unwrap();
    sandbox.by(OWNER, &["approve", "submit", "decision.json"]).refused(1, "at most 131072 bytes");
    sandbox.by(OWNER, &["approve", "submit", "absent.json"]).refused(3, "reading absent.json");
    assert_eq!(length(&sandbox), before);

    // One bad decision stops the batch before it costs anything, and every bad one is named.
    sign(&sandbox, "medical", "medical.json").done();
    sign(&sandbox, "medical", "medical.json").refused(2, "is there already");
    fs::write(&file, text.replacen("\"approve\"", "\"reject\"", 1)).unwrap();
    let expired = forged(&sandbox, "legal", |a, _, _| a.expiry = 1_700_000_000);
    fs::write(sandbox.path().join("legal.json"), expired.encode().unwrap()).unwrap();
    let batch = ["approve", "submit", "medical.json", "decision.json", "legal.json"];
    let why = sandbox.by(OWNER, &batch).refused(1, "2 of 3 decisions would be refused; nothing was sent");
    assert!(why.contains("decision.json: the signature") && why.contains("legal.json: it could"), "{why}");
    assert_eq!(length(&sandbox), before);
    submit(&sandbox, &good).done();
}

/// Only the wallet itself can say whether it signed, so only the chain can refuse: when it simulates.
#[test]
fn a_contract_wallets_decision_is_left_to_the_chain() {
    let sandbox = registered();
    let wallet = show(&sandbox)["registry"].as_str().unwrap().to_owned();
    let role = format!("wallet={wallet}");
    let policy = ["model", "policy", MODEL, "--role", &role, "--threshold", "1"];
    sandbox.by(OWNER, &policy).done();
    let toml = fs::read_to_string(sandbox.path().join("digits/model.toml")).unwrap();
    fs::write(sandbox.path().join("digits/second.toml"), toml.replace("\"1.0.0\"", "\"2.0.0\"")).unwrap();
    sandbox.by(OWNER, &["register", "digits/second.toml"]).done();
    let second = show(&sandbox)["versions"][1]["version"].as_str().unwrap().parse().unwrap();
    sandbox.key("wallet");
    let decision = forged(&sandbox, "wallet", |approval, _, signer| {
        (approval.version, approval.policy_revision) = (second, 2);
        *signer = wallet.parse().unwrap();
    });
    submit(&sandbox, &decision).refused(1, "cannot submit the approvals: the signature is not that of");
}

#[test]
fn an_old_decision_cannot_be_brought_up_again() {
    let sandbox = registered();
    sign(&sandbox, "medical", "approval.json").done();
    sandbox.by(OWNER, &["approve", "submit", "approval.json"]).done();
    sandbox.by("medical", &["approve", VERSION, "--role", "medical", "--reject"]).done();
    sandbox
        .by(OWNER, &["approve", "submit", "approval.json"])
        .refused(1, "an old decision cannot be brought up again");
    // Nor can two decisions of one key be sent in the wrong order.
    for (file, nonce) in [("later.json", 20), ("earlier.json", 10)] {
        let decision = forged(&sandbox, "risk", |approval, _, _| approval.nonce = U256::from(nonce));
        fs::write(sandbox.path().join(file), decision.encode().unwrap()).unwrap();
    }
    sandbox
        .by(OWNER, &["approve", "submit", "later.json", "earlier.json"])
        .refused(1, "earlier.json: risk has decided with nonce 20 since, 10 is not greater");
    sandbox.by(OWNER, &["approve", "submit", "earlier.json", "later.json"]).done();
}
