//! A version that registers its plan, a decision of it that is proved, and the contract that verifies the proof.

mod sandbox;

use averment_primitives::B256;
use averment_verifier::file::ProofFile;
use sandbox::{OWNER, Run, Sandbox};
use serde_json::Value;
use std::{fs, sync::OnceLock};

const MODEL: &str = "breast-cancer-triage";
const FIRST: &str = "breast-cancer-triage@1.0.0";
const SECOND: &str = "breast-cancer-triage@2.0.0";
const TOML: [&str; 2] = ["breast_cancer/model-v1.toml", "breast_cancer/model-v2.toml"];
const PLAN: &str = "triage.plan";
const EVALUATION: &str = "breast_cancer/data/evaluation.csv";

/// A model with two versions, the second of which registered a plan; `case.proof` is about a decision of it.
fn proved() -> Sandbox {
    static TEMPLATE: OnceLock<Sandbox> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let sandbox = Sandbox::deployed();
        sandbox.example("breast_cancer");
        sandbox.key("reviewer");
        let roles = ["--role", "review=reviewer", "--threshold", "1"];
        sandbox.by(OWNER, &[&["model", "create", MODEL], &roles[..]].concat()).done();
        sandbox.by(OWNER, &["register", TOML[0]]).done();
        compile(&sandbox, PLAN).done();
        sandbox.by(OWNER, &["register", TOML[1], "--plan", PLAN]).refused(2, "aver commit");
        sandbox.run(&["commit", PLAN, "--json"]).done();
        sandbox.by(OWNER, &["register", TOML[1], "--plan", PLAN]).done();
        prove(&sandbox, "case.proof", &["--about", SECOND]).done();
        sandbox
    });
    template.copy()
}

fn compile(sandbox: &Sandbox, plan: &str) -> Run {
    let command =
        ["compile", "breast_cancer/model-v2.onnx", "--calibrate", "breast_cancer/data/training.csv"];
    let more = ["--except", "row,diagnosis", "--labels", "benign,malignant", "-o", plan];
    sandbox.run(&[&command[..], &more, &["--json"]].concat())
}

fn prove(sandbox: &Sandbox, proof: &str, more: &[&str]) -> Run {
    let command = ["prove", PLAN, "--input", EVALUATION, "--row", "3", "-o", proof];
    sandbox.by(OWNER, &[&command[..], more].concat())
}

fn verify(sandbox: &Sandbox, proof: &str, more: &[&str]) -> Run {
    sandbox.by(OWNER, &[&["verify", PLAN, proof, "--on-chain"], more].concat())
}

fn change(sandbox: &Sandbox, edit: impl FnOnce(&mut ProofFile)) {
    let path = sandbox.path().join("case.proof");
    let mut file = ProofFile::decode(&fs::read(&path).unwrap()).unwrap();
    edit(&mut file);
    fs::write(sandbox.path().join("changed.proof"), file.encode()).unwrap();
}

#[test]
fn the_contract_verifies_what_a_registered_version_decided() {
    let sandbox = proved();
    // There is nothing to ask the contract with while its descriptor is not registered, and nobody agrees to pay.
    let run = sandbox.run(&["verify", PLAN, "case.proof", "--on-chain", "--account", OWNER, "--json"]);
    run.refused(1, "nothing was sent");
    let first = verify(&sandbox, "case.proof", &[]).done().json();
    let on_chain = &first["onChain"];
    assert_eq!(on_chain["versionRegisteredThisPlan"], true);
    assert!(on_chain["descriptorRegistered"]["gas"].as_u64().unwrap() > 400_000, "{on_chain}");
    assert_eq!(on_chain["verified"], Value::Null, "asking costs nothing");
    assert_eq!(on_chain["weightsCertified"], false);
    assert_eq!(first["answers"][0]["label"], "malignant");
    // The second time it is there, and nobody needs a key.
    let again = sandbox.run(&["verify", PLAN, "case.proof", "--on-chain", "--json"]).done().json();
    assert_eq!(again["onChain"]["descriptorRegistered"], Value::Null);
    let sent = verify(&sandbox, "case.proof", &["--transaction"]).done().json();
    let gas = sent["onChain"]["verified"]["gas"].as_u64().unwrap();
    assert!((300_000..700_000).contains(&gas), "{gas}");

    // Another mode is another descriptor.
    prove(&sandbox, "open.proof", &["--transparent"]).done();
    let open = verify(&sandbox, "open.proof", &["--transaction"]).done().json();
    assert_eq!(open["onChain"]["versionRegisteredThisPlan"], false, "the proof names no version");
    assert_ne!(open["onChain"]["descriptorRegistered"], Value::Null);
    assert!(open["onChain"]["verified"]["gas"].as_u64().unwrap() < gas);
}

/// Whoever asks the chain alone has to know that the weights are certified; whoever is told so here, that they are not.
#[test]
fn the_chain_remembers_certified_weights_and_it_is_said_if_it_does_not() {
    let sandbox = proved();
    verify(&sandbox, "case.proof", &[]).done();
    let command = ["verify", PLAN, "case.proof", "--on-chain"];
    let words = sandbox.run(&command).done().stdout;
    assert!(words.contains("NOT CERTIFIED on chain") && words.contains("--certify"), "{words}");
    // Nobody pays unasked.
    sandbox
        .run(&[&command[..], &["--certify", "--account", OWNER, "--json"]].concat())
        .refused(1, "nothing was sent");
    let sent = verify(&sandbox, "case.proof", &["--certify"]).done().json();
    assert_eq!(sent["onChain"]["weightsCertified"], true);
    let gas: Vec<u64> = sent["onChain"]["certified"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sent| sent["gas"].as_u64().unwrap())
        .collect();
    assert!(matches!(gas[..], [400_000..1_500_000, 400_000..800_000]), "{gas:?}");
    // From now on it is known, and there is nothing to send.
    let again = sandbox.run(&[&command[..], &["--certify", "--json"]].concat()).done().json();
    assert_eq!(again["onChain"]["weightsCertified"], true);
    assert_eq!(again["onChain"]["certified"].as_array().unwrap().len(), 0);
    let words = sandbox.run(&command).done().stdout;
    assert!(words.contains("certified: the contract") && !words.contains("NOT"), "{words}");
    // For decisions in the other mode, which have another descriptor, it has to be said once more; but the certificate is the
    // same, and its proof serves.
    prove(&sandbox, "open.proof", &["--transparent"]).done();
    let open = verify(&sandbox, "open.proof", &[]).done().json();
    assert_eq!(open["onChain"]["weightsCertified"], false);
    let open = verify(&sandbox, "open.proof", &["--certify"]).done().json();
    assert_eq!(open["onChain"]["weightsCertified"], true);
    let sent = open["onChain"]["certified"].as_array().unwrap();
    assert_eq!(sent.len(), 1);
    assert!(sent[0]["gas"].as_u64().unwrap() < 100_000, "{sent:?}");
    let open = sandbox.run(&["verify", PLAN, "open.proof", "--on-chain"]).done().stdout;
    assert!(open.contains("certified: the contract") && !open.contains("NOT"), "{open}");
}

#[test]
fn the_registered_plan_is_the_one_that_decides() {
    let sandbox = proved();
    prove(&sandbox, "x.proof", &["--about", FIRST]).refused(1, "without a plan");
    prove(&sandbox, "x.proof", &["--about", "breast-cancer-triage@9.0.0"]).refused(2, "9.0.0");
    prove(&sandbox, "x.proof", &["--about", &format!("{:?}", B256::repeat_byte(1))])
        .refused(1, "not registered");
    assert!(!sandbox.path().join("x.proof").exists());
    // The same network, committed to with another salt: another commitment than the version's.
    compile(&sandbox, "twin.plan").done();
    sandbox.run(&["commit", "twin.plan", "--json"]).done();
    let command = ["prove", "twin.plan", "--input", EVALUATION, "--row", "3", "-o", "x.proof"];
    sandbox.by(OWNER, &[&command[..], &["--about", SECOND]].concat()).refused(1, "registered plan");
    // A proof by that plan which claims the version all the same.
    sandbox.by(OWNER, &command).done();
    let version = ProofFile::decode(&fs::read(sandbox.path().join("case.proof")).unwrap()).unwrap();
    let path = sandbox.path().join("x.proof");
    let mut file = ProofFile::decode(&fs::read(&path).unwrap()).unwrap();
    file.statement.version = version.statement.version;
    fs::write(&path, file.encode()).unwrap();
    sandbox.by(OWNER, &["verify", "twin.plan", "x.proof", "--on-chain"]).refused(1, "proves nothing");
}

#[test]
fn what_the_contract_is_not_for_is_refused_before_it_is_asked() {
    let sandbox = proved();
    change(&sandbox, |file| file.statement.chain_id = 1);
    verify(&sandbox, "changed.proof", &[]).refused(1, "proves nothing");
    change(&sandbox, |file| file.statement.public[0] += 1);
    verify(&sandbox, "changed.proof", &[]).refused(1, "proves nothing");
    // A proof for another chain, honestly made.
    let command = ["prove", PLAN, "--input", EVALUATION, "--row", "3", "-o", "far.proof", "--json"];
    let chain = ["--chain", "http://127.0.0.1:1", "--chain-id", "5"];
    let far = sandbox.run(&[&command[..], &chain].concat()).done().json();
    assert_eq!(far["statement"]["chainId"], 5);
    verify(&sandbox, "far.proof", &[]).refused(1, "is for chain 5, the contracts are on chain 31337");
    // Contracts that were deployed without a verifier, as an older record says.
    let record = sandbox.path().join(".averment/deployment.json");
    let mut value: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    value.as_object_mut().unwrap().remove("proofs").unwrap();
    fs::write(&record, value.to_string()).unwrap();
    verify(&sandbox, "case.proof", &[]).refused(2, "without a proof verifier");
}

#[test]
fn production_refuses_the_development_setup_and_unknown_ceremonies() {
    let sandbox = Sandbox::configured();
    sandbox.key(OWNER);
    let address = sandbox.address(OWNER).to_string();
    let ptau = concat!(env!("CARGO_MANIFEST_DIR"), "/../prover/tests/fixtures/ptau/pot8.ptau");
    let deploy = |setup: &str| {
        let command = ["contracts", "deploy", "--profile", "production", "--proposer", &address];
        let more = ["--canceller", &address, "--pauser", &address, "--setup", setup];
        sandbox.by(OWNER, &[&command[..], &more].concat())
    };
    deploy("development").refused(1, "development setup");
    deploy(ptau).refused(1, "no ceremony");
    assert!(!sandbox.path().join(".averment/deployment.json").exists());
    // For development, any consistent file will do; the record names it.
    let development = ["contracts", "deploy", "--profile", "development", "--setup", ptau];
    let deployed = sandbox.by(OWNER, &development).done().json();
    assert_ne!(deployed["deployment"]["proofs"]["setup"], Value::Null);
    sandbox.run(&["contracts", "show", "--json"]).done();
}
