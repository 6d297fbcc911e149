//! The life of a model through the program: what is done, and what is refused with which exit code and words.

mod sandbox;

use averment_primitives::{Address, B256, Bytes, U256};
use averment_registry::{
    approval::{Approval, Decision, SignedDecision, SigningContext},
    version::RegistryId,
};
use sandbox::{OWNER, Run, Sandbox};
use serde_json::Value;
use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    sync::OnceLock,
};

const MODEL: &str = "handwritten-digits";
const VERSION: &str = "handwritten-digits@1.0.0";
const ROLES: [&str; 3] = ["medical", "risk", "legal"];
const HISTORY: &str = "owner/handwritten-digits";

/// A model of [`OWNER`]'s with one registered version; two of three roles, each with a key of its name, approve.
fn registered() -> Sandbox {
    static TEMPLATE: OnceLock<Sandbox> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let sandbox = Sandbox::deployed();
        for role in ROLES {
            sandbox.key(role);
        }
        let roles = ROLES.map(|role| format!("{role}={role}"));
        let [a, b, c] = roles.each_ref().map(String::as_str);
        let create = ["model", "create", MODEL, "--role", a, "--role", b, "--role", c, "--threshold", "2"];
        sandbox.by(OWNER, &create).done();
        sandbox.example("digits");
        sandbox.by(OWNER, &["register", "digits/model.toml"]).done();
        sandbox
    });
    template.copy()
}

/// [`registered`], approved by two roles.
fn approved() -> Sandbox {
    static TEMPLATE: OnceLock<Sandbox> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let sandbox = registered();
        approve(&sandbox, "medical").done();
        approve(&sandbox, "legal").done();
        sandbox
    });
    template.copy()
}

/// The role's key approves and sends it.
fn approve(sandbox: &Sandbox, role: &str) -> Run {
    sandbox.by(role, &["approve", VERSION, "--role", role])
}

/// The role's key approves and writes that to a file.
fn sign(sandbox: &Sandbox, role: &str, file: &str) -> Run {
    sandbox.by(role, &["approve", VERSION, "--role", role, "-o", file])
}

fn show(sandbox: &Sandbox) -> Value {
    sandbox.run(&["model", "show", HISTORY, "--json"]).done().json()
}

fn length(sandbox: &Sandbox) -> u64 {
    show(sandbox)["history"]["length"].as_u64().unwrap()
}

#[test]
fn a_version_lives_from_its_registration_to_its_end() {
    let sandbox = registered();
    let shown = show(&sandbox);
    assert_eq!(shown["versions"][0]["stage"], "registered");
    assert_eq!(shown["versions"][0]["calledHere"], VERSION);
    assert_eq!(shown["provesNothingToThirdParties"], true);
    let version = shown["versions"][0]["version"].as_str().unwrap().to_owned();

    // Whoever approves sees what is signed, and what it costs, before.
    let first = approve(&sandbox, "medical").done();
    let digest = "Digest    0x";
    for words in ["APPROVE: this version may be deployed", MODEL, &version, "revision 1", "Nonce", digest] {
        assert!(first.stderr.contains(words), "{words}\n{}", first.stderr);
    }
    assert!(first.stderr.contains("submit the approvals: about"), "{}", first.stderr);
    assert_eq!(first.json()["standing"]["approvals"], serde_json::json!({ "standing": 1, "needed": 2 }));

    // Others sign only, and somebody else sends both.
    let signed = sign(&sandbox, "legal", "legal.json").done();
    assert!(!signed.stderr.contains(" gas"), "{}", signed.stderr);
    let rejected = ["approve", &version, "--role", "risk", "--reject", "-o", "risk.json"];
    let rejected = sandbox.by("risk", &rejected).done();
    assert!(rejected.stderr.contains("REJECT: this version must not be deployed"), "{}", rejected.stderr);
    let before = length(&sandbox);
    let sent =
        sandbox.by(OWNER, &["approve", "submit", "legal.json", "risk.json", "legal.json"]).done().json();
    assert_eq!(sent["submitted"].as_array().unwrap().len(), 2);
    assert_eq!(sent["standing"][0]["stage"], "approved");
    // Two decisions, and that enough roles agree between them.
    assert_eq!(sent["entries"], serde_json::json!([before + 1, before + 2, before + 3]));
    let again = sandbox.by(OWNER, &["approve", "submit", "legal.json", "risk.json"]).done().json();
    assert_eq!(again["recordedAlready"].as_array().unwrap().len(), 2);
    assert_eq!(length(&sandbox), before + 3, "nothing was sent the second time");

    let deployed = sandbox.by(OWNER, &["deploy", VERSION, "--environment", "clinic-north"]).done().json();
    assert_eq!(deployed["version"], version.as_str());
    sandbox
        .by(OWNER, &["deploy", VERSION, "--environment", "clinic-north"])
        .refused(1, "it runs there already, since 20");
    sandbox.by(OWNER, &["deploy", VERSION, "--environment", "clinic-south"]).done();
    sandbox.by(OWNER, &["retire", VERSION, "--reason", "replaced by 2.0.0"]).done();
    sandbox.by(OWNER, &["retire", VERSION, "--reason", "again"]).refused(1, "it is retired already");
    sandbox
        .by("risk", &["approve", VERSION, "--role", "risk"])
        .refused(1, "is retired; nothing is decided about it any more");
    sandbox.by(OWNER, &["revoke", VERSION, "--reason", "mislabelled data"]).done();
    sandbox.by(OWNER, &["revoke", VERSION, "--reason", "again"]).refused(1, "it is revoked already");
    sandbox.by(OWNER, &["retire", VERSION, "--reason", "late"]).refused(1, "it is revoked already");
    sandbox
        .by(OWNER, &["deploy", VERSION, "--environment", "clinic-west"])
        .refused(1, "it is revoked, for good; register a new version");

    let shown = show(&sandbox);
    let version = &shown["versions"][0];
    assert_eq!(version["deployments"].as_array().unwrap().len(), 2);
    assert_eq!(version["endings"][1]["reason"], "mislabelled data");

    // The timeline ends in the head that the chain holds.
    let history = sandbox.run(&["history", HISTORY, "--json"]).done().json();
    let entries = history["entries"].as_array().unwrap();
    let kinds: Vec<&str> = entries.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    let life = ["VersionRegistered", "DecisionRecorded", "DecisionRecorded", "VersionApproved"];
    assert_eq!(kinds[5..9], life);
    assert_eq!(kinds[9..], ["DecisionRecorded", "Deployed", "Deployed", "Retired", "Revoked"]);
    assert_eq!(entries.last().unwrap()["head"], shown["history"]["head"]);
    let blocks: Vec<u64> = entries.iter().map(|entry| entry["block"].as_u64().unwrap()).collect();
    assert!(blocks.is_sorted(), "{blocks:?}");
    assert_eq!(Some(blocks[10]), deployed["block"].as_u64());

    let words = sandbox.run(&["history", HISTORY]).done().stdout;
    for part in ["medical approved handwritten-digits@1.0.0", "runs in \"clinic-north\"", "mislabelled data"]
    {
        assert!(words.contains(part), "{part}\n{words}");
    }
    assert!(words.contains("proves nothing to a third party"), "{words}");
    let words = sandbox.run(&["model", "show", HISTORY]).done().stdout;
    for part in ["Policy 1: 2 of medical, risk, legal", "revoked", "clinic-south", "holds the role"] {
        assert!(words.contains(part), "{part}\n{words}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    let sandbox = registered();
    let unknown = sandbox.by(OWNER, &["model", "show", "nothing"]);
    unknown.refused(1, "there is no model \"nothing\"");
    sandbox.run(&["model", "show", MODEL, "--json"]).refused(2, "whose model is \"handwritten-digits\"?");
    sandbox.by("medical", &["model", "show", MODEL]).refused(1, "CREATOR/NAME");
    sandbox.by(OWNER, &["model", "show", "0x1234"]).refused(2, "expected a model id");
    sandbox.by(OWNER, &["model", "show", "nobody/x"]).refused(2, "there is no key \"nobody\"");
    let none = format!("{:?}", B256::repeat_byte(7));
    sandbox.by(OWNER, &["model", "show", &none]).refused(1, "there is no model");
    for command in [
        &["approve", &none, "--role", "risk"][..],
        &["deploy", &none, "--environment", "x"],
        &["retire", &none, "--reason", "x"],
        &["revoke", &none, "--reason", "x"],
    ] {
        sandbox.by(OWNER, command).refused(1, "is not registered at");
    }
    sandbox.by(OWNER, &["retire", "0x12", "--reason", "x"]).refused(2, "expected a version id");
    sandbox.by(OWNER, &["retire", "digits@9", "--reason", "x"]).refused(2, "name the version by its id");
    sandbox.by(OWNER, &["retire", "digits", "--reason", "x"]).refused(2, "NAME@NUMBER");
}

#[test]
fn a_version_is_deployed_only_with_enough_approvals_and_by_the_owner() {
    let sandbox = registered();
    let deploy = ["deploy", VERSION, "--environment", "clinic-north"];
    let why = sandbox.by(OWNER, &deploy).refused(1, "0 of 2 approvals stand; medical, risk, legal can still");
    assert!(why.contains("aver approve 0x"), "{why}");
    approve(&sandbox, "medical").done();
    sandbox.by(OWNER, &deploy).refused(1, "1 of 2 approvals stand; risk, legal can still");
    approve(&sandbox, "risk").done();
    sandbox.by("risk", &deploy).refused(1, "only the model's owner");
    sandbox.by("risk", &["retire", VERSION, "--reason", "x"]).refused(1, "only the model's owner");
    sandbox
        .by(OWNER, &["deploy", VERSION, "--environment", ""])
        .refused(1, "the environment has 1 to 64 bytes");
    sandbox.by(OWNER, &["retire", VERSION, "--reason", &"x".repeat(281)]).refused(1, "1 to 280 bytes");
    sandbox.by(OWNER, &deploy).done();
    // A role that changes its mind takes its approval with it.
    sandbox.by("risk", &["approve", VERSION, "--role", "risk", "--reject"]).done();
    let deploy = ["deploy", VERSION, "--environment", "clinic-south"];
    sandbox.by(OWNER, &deploy).refused(1, "fewer approvals stand now than its policy needs; 1 of 2");
}

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
        ("approval/1", "approval/9", 2, "a newer release of averment may read it"),
        ("{", "{\"also\":1,", 2, "unknown field"),
        ("}", "", 2, "decision.json: "),
    ] {
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
        sandbox.by(OWNER, &["approve", "submit", "decision.json"]).refused(code, words);
    }
    fs::write(&file, vec![b'x'; 1 << 20]).unwrap();
    sandbox.by(OWNER, &["approve", "submit", "decision.json"]).refused(3, "reading decision.json");
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

#[test]
fn a_role_is_handed_on_by_its_key_and_given_anew_by_the_owner() {
    let sandbox = registered();
    for name in ["medical-2", "medical-3"] {
        sandbox.key(name);
    }
    let rotate = ["model", "rotate-key", HISTORY, "--role", "medical", "--to", "medical-2"];
    sandbox.by("risk", &rotate).refused(1, "only the present key of medical");
    let bound = ["model", "rotate-key", HISTORY, "--role", "medical", "--to", "risk"];
    sandbox.by("medical", &bound).refused(1, "a key holds one role, once");
    let clerk = ["model", "rotate-key", HISTORY, "--role", "clerk", "--to", "medical-2"];
    sandbox.by("medical", &clerk).refused(2, "it has legal, medical, risk");
    let rotated = sandbox.by("medical", &rotate).done();
    assert!(rotated.stderr.contains("hand a role to another key"), "{}", rotated.stderr);
    approve(&sandbox, "medical").refused(1, "the key of medical that counts");
    sandbox.by("medical-2", &["approve", VERSION, "--role", "medical"]).done();

    let replace = ["model", "replace-key", HISTORY, "--role", "medical", "--to", "medical-3"];
    sandbox.by("risk", &replace).refused(1, "only the model's owner");
    sandbox.by(OWNER, &replace).done();
    sandbox.by(OWNER, &replace).refused(1, "holds or held the role medical here already");
    // It counts for versions registered later only.
    sandbox
        .by("medical-3", &["approve", VERSION, "--role", "medical"])
        .refused(1, "the key of medical that counts");
    let shown = show(&sandbox);
    let statuses: Vec<(&str, &str)> = shown["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (key["calledHere"].as_str().unwrap(), key["status"].as_str().unwrap()))
        .collect();
    assert_eq!(
        statuses,
        [
            ("medical", "handedOn"),
            ("medical-2", "replaced"),
            ("medical-3", "present"),
            ("risk", "present"),
            ("legal", "present"),
        ]
    );
}

#[test]
fn a_compromised_key_takes_its_decisions_with_it() {
    let sandbox = approved();
    let shown = show(&sandbox);
    let decision = &shown["versions"][0]["decisions"];
    let of = |role: &str| {
        let of = decision.as_array().unwrap().iter().find(|decision| decision["role"] == role);
        of.unwrap()["entry"].as_u64().unwrap()
    };
    let entry = of("medical").to_string();
    let declare = ["model", "compromised", HISTORY, "--key", "medical", "--from", &entry];
    sandbox.by("risk", &declare).refused(1, "the model's owner or the key itself");
    sandbox.by(OWNER, &["model", "compromised", HISTORY, "--key", OWNER]).refused(1, "never held a role");
    sandbox
        .by(OWNER, &["model", "compromised", HISTORY, "--key", "medical", "--from", "1000"])
        .refused(1, "a compromise counts from an entry from 1 to");
    let declared = sandbox.by("medical", &declare).done();
    assert!(
        declared.stderr.contains("medical's approval of handwritten-digits@1.0.0"),
        "{}",
        declared.stderr
    );
    assert!(declared.stderr.contains("1 of 2 approvals"), "{}", declared.stderr);
    assert_eq!(declared.json()["noLongerCount"][0]["entry"].to_string(), entry);
    sandbox.by(OWNER, &declare).refused(1, "a compromise counts from an entry from 1 to");

    let deploy = ["deploy", VERSION, "--environment", "clinic-north"];
    sandbox.by(OWNER, &deploy).refused(1, "fewer approvals stand now than its policy needs; 1 of 2");
    approve(&sandbox, "medical").refused(1, "is declared compromised");
    sandbox.key("medical-2");
    let rotate = ["model", "rotate-key", HISTORY, "--role", "medical", "--to", "medical-2"];
    sandbox.by("medical", &rotate).refused(1, "declared compromised");
    let words = sandbox.run(&["model", "show", HISTORY]).done().stdout;
    assert!(words.contains("COMPROMISED from entry") && words.contains("1 of 2, TOO FEW"), "{words}");
    approve(&sandbox, "risk").done();
    sandbox.by(OWNER, &deploy).done();
}

#[test]
fn a_model_changes_hands_only_when_both_agree() {
    let sandbox = registered();
    sandbox.key("next");
    let accept = ["model", "accept", HISTORY];
    sandbox.by("next", &accept).refused(1, "the owner offers it first");
    sandbox.by("risk", &["model", "transfer", HISTORY, "--to", "risk"]).refused(1, "only the model's owner");
    sandbox.by(OWNER, &["model", "transfer", MODEL, "--to", "next"]).done();
    assert_eq!(show(&sandbox)["offeredTo"], sandbox.address("next").to_string().to_lowercase());
    sandbox.by("risk", &accept).refused(1, "the model was offered to");
    sandbox.by(OWNER, &["model", "transfer", MODEL, "--take-back"]).done();
    sandbox.by("next", &accept).refused(1, "the owner offers it first");
    sandbox.by(OWNER, &["model", "transfer", MODEL, "--to", "next"]).done();
    sandbox.by("next", &accept).done();
    sandbox.by(OWNER, &["retire", VERSION, "--reason", "x"]).refused(1, "only the model's owner");
    sandbox.by("next", &["retire", VERSION, "--reason", "closed"]).done();
    sandbox.by(OWNER, &["model", "transfer", MODEL]).refused(2, "required arguments");
}

#[test]
fn a_policy_counts_for_later_versions() {
    let sandbox = registered();
    sandbox.key("privacy");
    let policy = |roles: &[&str], threshold: &str| {
        let mut arguments = vec!["model", "policy", MODEL, "--threshold", threshold];
        arguments.extend(roles.iter().flat_map(|role| ["--role", role]));
        sandbox.by(OWNER, &arguments)
    };
    policy(&["medical", "privacy"], "2").refused(2, "\"privacy\" has no key yet");
    policy(&["medical=privacy"], "1").refused(1, "aver model replace-key");
    policy(&["medical", "medical"], "1").refused(2, "named twice");
    policy(&["medical", "risk"], "3").refused(1, "the threshold must be 1 to 2");
    policy(&["medical", "privacy=risk"], "1").refused(1, "a key holds one role, once");
    policy(&["medical", "privacy=privacy"], "2").done();
    let shown = show(&sandbox);
    assert_eq!(shown["policies"][1]["roles"][1]["name"], "privacy");
    assert_eq!(shown["versions"][0]["policyRevision"], 1);
    sandbox.by("privacy", &["approve", VERSION, "--role", "privacy"]).refused(2, "under policy 1 these have");
}

#[test]
fn a_model_is_not_created_by_mistake() {
    let sandbox = Sandbox::deployed();
    sandbox.key("risk");
    let create = |roles: &[&str], threshold: &str, name: &str| {
        let mut arguments = vec!["model", "create", name, "--threshold", threshold];
        arguments.extend(roles.iter().flat_map(|role| ["--role", role]));
        sandbox.by(OWNER, &arguments)
    };
    create(&["risk"], "1", "triage").refused(2, "expected NAME=KEY");
    create(&["risk=nobody"], "1", "triage").refused(2, "there is no key \"nobody\"");
    create(&["risk=0x000000000000000000000000000000000000dEaD"], "2", "triage")
        .refused(1, "the threshold must be");
    create(&["risk=0x000000000000000000000000000000000000DEaD"], "1", "triage").refused(2, "checksum");
    create(&["risk=0x0000000000000000000000000000000000000000"], "1", "triage")
        .refused(2, "the zero address");
    create(&["risk=risk", "legal=risk"], "1", "triage").refused(2, "is the key of \"risk\" and of \"legal\"");
    create(&["risk=risk"], "1", "").refused(1, "the text has 0 bytes");
    create(&["risk=risk"], "1", &"n".repeat(65)).refused(1, "the text has 65 bytes");
    let created = create(&["risk=risk", "own=owner"], "1", "triage").done();
    assert!(created.stderr.contains("own is your own key"), "{}", created.stderr);
    assert_eq!(created.json()["entries"], serde_json::json!([1, 2, 3, 4]));
    create(&["risk=risk"], "1", "triage").refused(1, "choose another name");
}

/// A node that says of every question that it is chain 1.
fn node_of_chain_one() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = vec![0; 4096];
            let mut length = 0;
            while !request[..length].ends_with(b"}") {
                length += stream.read(&mut request[length..]).unwrap();
            }
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let (_, body) = request.split_once("\r\n\r\n").unwrap();
            let id = &serde_json::from_str::<Value>(body).unwrap()["id"];
            let body = serde_json::json!({ "jsonrpc": "2.0", "id": id, "result": "0x1" }).to_string();
            let head =
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length:";
            write!(stream, "{head} {}\r\n\r\n{body}", body.len()).unwrap();
        }
    });
    address
}

#[test]
fn what_is_configured_wrong_is_said() {
    let sandbox = registered();
    let show = ["model", "show", HISTORY, "--json"];
    let with = |more: &[&str]| sandbox.run(&[&show[..], more].concat());
    with(&["--chain-id", "1"]).refused(2, "expected chain 1");
    with(&["--chain-id", "31337"]).done();
    with(&["--chain", "http://127.0.0.1:1", "--chain-id", "1"])
        .refused(3, "asking 127.0.0.1 for its chain id failed");
    let node = format!("http://{}", node_of_chain_one());
    with(&["--chain", &node, "--chain-id", "31337"]).refused(2, "expected chain 31337, 127.0.0.1 is chain 1");
    with(&["--chain", "http://127.0.0.1:1"]).refused(2, "a remote chain needs its id");
    with(&["--chain", "ftp://x"]).refused(2, "http://");
    with(&["--config", "absent.toml"]).refused(3, "absent.toml");

    let retire = ["retire", VERSION, "--reason", "x"];
    sandbox.by("nobody", &retire).refused(2, "there is no key \"nobody\"");
    sandbox.by("../owner", &retire).refused(2, "is no name for a key");
    sandbox.run(&[&retire[..], &["--json", "--yes"]].concat()).refused(2, "which key signs?");
    // Nobody is there to agree.
    let declined = sandbox.run(&[&retire[..], &["--json", "--account", OWNER]].concat());
    declined.refused(1, "nothing was sent");
    assert!(declined.stderr.contains("pass --yes to agree"), "{}", declined.stderr);
    let unsigned = ["approve", VERSION, "--role", "risk", "--account", "risk", "--json"];
    sandbox.run(&unsigned).refused(2, "pass --yes to agree");
    fs::write(sandbox.password_file(), "wrong\n").unwrap();
    sandbox.by(OWNER, &retire).refused(3, "wrong password");
    fs::remove_file(sandbox.password_file()).unwrap();
    sandbox.by(OWNER, &retire).refused(3, "password file");
    assert_eq!(length(&sandbox), 6);
}

#[test]
fn another_process_on_the_same_chain_is_told_so() {
    let sandbox = registered();
    let held = sandbox.ledger();
    sandbox.run(&["model", "show", HISTORY, "--json"]).refused(3, "the chain is open elsewhere");
    drop(held);
    show(&sandbox);
}

#[test]
fn without_a_configuration_it_says_what_to_do() {
    let sandbox = Sandbox::empty();
    for command in [
        &["contracts", "show"][..],
        &["model", "show", HISTORY],
        &["history", HISTORY],
        &["deploy", "0x12", "--environment", "x"],
    ] {
        sandbox.by(OWNER, command).refused(2, "aver contracts deploy");
        assert!(!sandbox.path().join(".averment").exists(), "nothing was left behind");
    }
}

#[test]
fn what_is_typed_wrong_is_one_json_object_too() {
    let sandbox = Sandbox::configured();
    sandbox.run(&["--json", "contracts", "destroy"]).refused(2, "unrecognized subcommand 'destroy'");
    sandbox.run(&["--json", "init"]).refused(2, "is there already");
    let words = sandbox.run(&["contracts", "destroy"]);
    assert_eq!((words.code, words.stdout.as_str()), (2, ""));
    assert!(words.stderr.contains("unrecognized subcommand"), "{words:?}");
    let script = sandbox.run(&["completions", "bash", "--json"]).done().json();
    assert!(script["script"].as_str().unwrap().contains("_aver"));
    let help = sandbox.run(&["--json", "--help"]).done();
    assert!(help.stdout.contains("Exit codes"), "{help:?}");
    for command in [&["model", "create"][..], &["approve"], &["approve", "submit"], &["deploy"], &["history"]]
    {
        let help = sandbox.run(&[command, &["--help"]].concat()).done();
        assert!(help.stdout.contains("Example"), "{help:?}");
    }
}

#[test]
fn deployed_contracts_are_checked() {
    let sandbox = Sandbox::deployed();
    let shown = sandbox.run(&["contracts", "show", "--json"]).done().json();
    assert_eq!(shown["deployment"]["format"], "averment-deployment/1");
}
