//! Inputs that were committed to before they were proved: signed by whoever saw them, alone and in batches.

mod sandbox;
mod triage;

use averment_primitives::Signature;
use averment_registry::dsse::Envelope;
use averment_verifier::{commitment::Inputs, file::ProofFile};
use serde_json::Value;
use std::fs;
use triage::*;

#[test]
fn an_input_can_be_committed_to_before_anybody_asks() {
    let sandbox = proved();
    let made = json(&sandbox, &["commit", PLAN, "--input", EVALUATION, "--row", "5", "-o", "case.input"]);
    let made = made.done().json();
    assert_eq!(mode(&sandbox.path().join("case.input.opening")), 0o600);
    json(&sandbox, &["prove", PLAN, "--committed", "case.input", "-o", "later.proof"]).done();
    let found = verify(&sandbox, "later.proof").done().json();
    assert_eq!(found["inputCommitment"], made["identity"]);
    // The same row once more is another commitment: nobody can tell that it is the same.
    let again = ["commit", PLAN, "--input", EVALUATION, "--row", "5", "-o", "again.input"];
    assert_ne!(json(&sandbox, &again).done().json()["identity"], made["identity"]);
    json(&sandbox, &again).refused(2, "there already");
    fs::copy(sandbox.path().join("again.input.opening"), sandbox.path().join("case.input.opening")).unwrap();
    json(&sandbox, &["prove", PLAN, "--committed", "case.input", "-o", "x.proof"]).refused(1, "not of");
    assert!(!sandbox.path().join("x.proof").exists());
}

#[test]
fn whoever_saw_the_input_signs_its_commitment() {
    let sandbox = proved();
    for key in ["nurse", "other"] {
        sandbox.key(key);
    }
    let commit = |name: &str| {
        let command = ["commit", PLAN, "--input", EVALUATION, "--row", "5", "-o", name, "--sign"];
        sandbox.by("nurse", &command)
    };
    commit("case.input").done();
    let signed = "case.input.signed";
    json(&sandbox, &["prove", PLAN, "--committed", "case.input", "-o", "later.proof"]).done();
    let verify = |proof: &str, signed: &str, by: &[&str]| {
        json(&sandbox, &[&["verify", PLAN, proof, "--signed-input", signed], by].concat())
    };
    let found = verify("later.proof", signed, &["--signed-by", "nurse"]).done().json();
    let address = |name: &str| sandbox.address(name).to_string().to_lowercase();
    let entry = |signers: &[&str]| {
        let signers: Vec<String> = signers.iter().map(|name| address(name)).collect();
        serde_json::json!([{ "commitment": found["inputCommitment"], "signers": signers }])
    };
    assert_eq!(found["inputSignedBy"], entry(&["nurse"]));
    verify("later.proof", signed, &["--signed-by", "other"]).refused(1, "did not sign");
    verify("case.proof", signed, &[]).refused(1, "another input");
    verify("later.proof", "case.input", &[]).refused(1, "NAME.signed");
    // The same input, committed to again and signed: another commitment.
    commit("again.input").done();
    verify("later.proof", "again.input.signed", &[]).refused(1, "another input");
    let path = sandbox.path().join(signed);
    // Another signs the same commitment, in a file of their own: both are named, and both can be demanded.
    let key = sandbox.account("other");
    let mut second = Envelope::new(
        "application/vnd.averment.input-commitment",
        fs::read(sandbox.path().join("case.input")).unwrap(),
    );
    second
        .sign(key.address(), |message| Signature::from_raw_array(&key.sign_message(message).unwrap()))
        .unwrap();
    fs::write(sandbox.path().join("other.signed"), second.encode().unwrap()).unwrap();
    let both = ["--signed-input", "other.signed", "--signed-by", "nurse", "--signed-by", "other"];
    let mut signers = ["nurse", "other"];
    signers.sort_by_key(|name| address(name));
    assert_eq!(verify("later.proof", signed, &both).done().json()["inputSignedBy"], entry(&signers));
    verify("later.proof", "other.signed", &["--signed-by", "nurse"]).refused(1, "did not sign");
    // Another's signature under the nurse's name, and none at all.
    let mut envelope: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let other = sandbox.address("other").to_string().to_lowercase();
    envelope["signatures"][0]["keyid"] = format!("eip155:{other}").into();
    fs::write(&path, envelope.to_string()).unwrap();
    verify("later.proof", signed, &[]).refused(1, "another key signed it");
    envelope["signatures"][0]["keyid"] = "somebody".into();
    fs::write(&path, envelope.to_string()).unwrap();
    verify("later.proof", signed, &[]).refused(1, "no signature by an Ethereum account");
    // Nothing is left of a commitment whose signature failed.
    let failed = ["commit", PLAN, "--input", EVALUATION, "--row", "5", "-o", "x.input", "--sign"];
    sandbox.by("nobody", &failed).refused(2, "nobody");
    assert!(!sandbox.path().join("x.input").exists() && !sandbox.path().join("x.input.opening").exists());
}

/// What three people committed to is proved together, whoever runs the model.
#[test]
fn inputs_that_were_committed_to_one_by_one_are_one_proof() {
    let sandbox = proved();
    let mut identities = Vec::new();
    for (row, name) in [("5", "a.input"), ("6", "b.input"), ("7", "c.input")] {
        let made = json(&sandbox, &["commit", PLAN, "--input", EVALUATION, "--row", row, "-o", name]);
        identities.push(made.done().json()["identity"].clone());
    }
    let committed = |names: &[&str], output: &str| {
        let names = names.iter().flat_map(|name| ["--committed", name]);
        let args: Vec<&str> = ["prove", PLAN].into_iter().chain(names).chain(["-o", output]).collect();
        json(&sandbox, &args)
    };
    let made = committed(&["a.input", "b.input", "c.input"], "three.proof").done().json();
    let found = verify(&sandbox, "three.proof").done().json();
    assert_eq!((&found["items"], &found["answers"]), (&Value::from(3), &made["answers"]));
    let file = ProofFile::decode(&fs::read(sandbox.path().join("three.proof")).unwrap()).unwrap();
    let named: Vec<Value> =
        file.input.commitments().iter().map(|own| serde_json::json!(own.identity())).collect();
    assert_eq!(named, identities);
    // Other items in the file are another statement.
    change(&sandbox, "three.proof", "swapped.proof", |file| {
        let mut items = file.input.commitments().to_vec();
        items.swap(0, 2);
        file.input = Inputs::new(items).unwrap();
    });
    verify(&sandbox, "swapped.proof").refused(1, "proves nothing");
    // An opening that is another's, and a commitment that is there twice.
    fs::copy(sandbox.path().join("a.input.opening"), sandbox.path().join("b.input.opening")).unwrap();
    committed(&["a.input", "b.input"], "x.proof").refused(1, "not of");
    committed(&["a.input", "c.input", "a.input"], "twice.proof").done();
    let twice = verify(&sandbox, "twice.proof").done().json();
    assert_eq!(twice["answers"][0], twice["answers"][2]);

    // The rows of a file, committed to one by one for this proof.
    let three = first_three(&sandbox);
    let each = ["prove", PLAN, "--input", three, "--batch", "--commitments", "each", "-o", "each.proof"];
    json(&sandbox, &each).done();
    assert_eq!(verify(&sandbox, "each.proof").done().json()["items"], 3);
    json(&sandbox, &["prove", PLAN, "--input", three, "--commitments", "each", "-o", "y.proof"])
        .refused(2, "--batch");
}

/// Of a batch every input's commitment has to be signed, and by everybody who is demanded.
#[test]
fn no_input_of_a_batch_goes_unsigned() {
    let sandbox = proved();
    for key in ["nurse", "doctor"] {
        sandbox.key(key);
    }
    for (row, name, by) in [("5", "a.input", "nurse"), ("6", "b.input", "nurse"), ("7", "c.input", "doctor")]
    {
        let command = ["commit", PLAN, "--input", EVALUATION, "--row", row, "-o", name, "--sign"];
        sandbox.by(by, &command).done();
    }
    let prove = |names: &[&str], output: &str| {
        let names = names.iter().flat_map(|name| ["--committed", name]);
        let args: Vec<&str> = ["prove", PLAN].into_iter().chain(names).chain(["-o", output]).collect();
        json(&sandbox, &args).done();
    };
    prove(&["a.input", "c.input", "a.input"], "mixed.proof");
    prove(&["b.input", "a.input"], "nurse.proof");
    let verify = |proof: &str, signed: &[&str], by: &[&str]| {
        let signed = signed.iter().flat_map(|name| ["--signed-input", name]);
        let by = by.iter().flat_map(|name| ["--signed-by", name]);
        json(&sandbox, &["verify", PLAN, proof].into_iter().chain(signed).chain(by).collect::<Vec<_>>())
    };
    let (a, b, c) = ("a.input.signed", "b.input.signed", "c.input.signed");
    let found = verify("mixed.proof", &[a, c], &[]).done().json();
    let address = |name: &str| sandbox.address(name).to_string().to_lowercase();
    let signers: Vec<Value> =
        found["inputSignedBy"].as_array().unwrap().iter().map(|own| own["signers"].clone()).collect();
    assert_eq!(signers, ["nurse", "doctor", "nurse"].map(|name| serde_json::json!([address(name)])));
    let file = ProofFile::decode(&fs::read(sandbox.path().join("mixed.proof")).unwrap()).unwrap();
    for (own, said) in file.input.commitments().iter().zip(found["inputSignedBy"].as_array().unwrap()) {
        assert_eq!(said["commitment"], serde_json::json!(own.identity()));
    }
    verify("mixed.proof", &[c], &[]).refused(1, "input 1 of 3");
    verify("mixed.proof", &[a], &[]).refused(1, "input 2 of 3");
    verify("mixed.proof", &[a, b, c], &[]).refused(1, "b.input.signed: it is about another input");
    verify("mixed.proof", &[a, c], &["nurse"]).refused(1, "did not sign the commitment to input 2 of 3");
    verify("nurse.proof", &[a, b], &["nurse"]).done();
    verify("nurse.proof", &[a, b], &["nurse", "doctor"]).refused(1, "did not sign the commitment to input 1");
    let words = |proof: &str| {
        let command = ["verify", PLAN, proof, "--signed-input", a, "--signed-input"];
        sandbox.run(&[&command[..], &[if proof == "mixed.proof" { c } else { b }]].concat()).done().stdout
    };
    let said = words("mixed.proof");
    assert!(said.contains("signed   the commitments to 2 of 3 inputs (--json says which), by"), "{said}");
    assert!(words("nurse.proof").contains("signed   the commitments to all 2 inputs, by"));
}
