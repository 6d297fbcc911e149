//! Versions retired by rule, through the program: measured, recorded, anchored and presented; announced and succeeded.

mod sandbox;

use sandbox::{
    OWNER, Run, Sandbox,
    digits::{HISTORY, MODEL, VERSION, approve, registered, show},
};
use std::fs;

const DAY: u64 = 86_400;
const MONITOR: &str = "drift-monitor";

/// The digits' version runs in "clinic", and its model has appointed the steward.
fn appointed() -> Sandbox {
    let sandbox = registered();
    approve(&sandbox, "medical").done();
    approve(&sandbox, "legal").done();
    sandbox.by(OWNER, &["deploy", VERSION, "--environment", "clinic"]).done();
    sandbox.by("risk", &["steward", "appoint", HISTORY]).refused(1, "only the model's owner");
    sandbox.by(OWNER, &["steward", "appoint", MODEL]).done();
    sandbox
}

fn now(sandbox: &Sandbox) -> u64 {
    sandbox.ledger().embedded().unwrap().latest().unwrap().1.timestamp
}

/// What the monitor measured in the `day`th day from `begin`.
fn measure(sandbox: &Sandbox, begin: u64, day: u64, value: &str) -> Run {
    let (from, until) = ((begin + day * DAY).to_string(), (begin + (day + 1) * DAY).to_string());
    let window = ["--samples", "640", "--from", &from, "--until", &until];
    let command = ["steward", "measure", VERSION, "accuracy", value];
    sandbox.by(MONITOR, &[&command[..], &window].concat())
}

#[test]
fn a_version_is_retired_for_what_its_monitor_recorded() {
    let sandbox = appointed();
    sandbox.key(MONITOR);
    sandbox.log_key("log");
    sandbox.by(OWNER, &["steward", "log", MODEL]).refused(2, "aver log open");
    sandbox.by(OWNER, &["log", "open", "clinic.example/monitoring"]).done();
    sandbox.by(OWNER, &["steward", "log", MODEL]).done();
    sandbox.by(OWNER, &["steward", "monitor", MODEL, MONITOR]).done();
    let limit = ["steward", "limit", MODEL, "accuracy", "--least", "0.9", "--run", "2", "--samples", "500"];
    sandbox.by(OWNER, &limit).done();
    let begin = now(&sandbox);
    sandbox.pass(4 * DAY);

    measure(&sandbox, begin, 0, "0.8712345").refused(2, "six digits");
    for (day, value) in [(0, "0.95"), (1, "0.87"), (2, "0.853")] {
        let recorded = measure(&sandbox, begin, day, value).done().json();
        assert_eq!((recorded["index"].as_u64(), recorded["number"].as_u64()), (Some(day), Some(day)));
    }
    sandbox.by("risk", &["steward", "retire", "1", "2"]).refused(2, "aver log anchor");
    sandbox.by(OWNER, &["log", "anchor"]).done();
    sandbox.by("risk", &["steward", "retire", "0", "1"]).refused(1, "keeps the bound");
    sandbox.by("risk", &["steward", "retire", "2"]).refused(1, "2 measurements in a row");
    sandbox.by("risk", &["steward", "retire", "3"]).refused(2, "holds no measurement");
    sandbox.by("risk", &["steward", "retire", "1", "2"]).done();
    assert_eq!(show(&sandbox)["versions"][0]["stage"], "retired");
    let told = sandbox.run(&["history", HISTORY]).done().stdout;
    assert!(told.contains("may retire versions, as steward"), "{told}");
    assert!(told.contains("by policy: accuracy 853000, at least 900000; log 0x"), "{told}");
}

#[test]
fn a_version_takes_over_at_its_hour() {
    let sandbox = appointed();
    let file = sandbox.path().join("digits/model.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("\"1.0.0\""));
    fs::write(&file, text.replace("\"1.0.0\"", "\"2.0.0\"")).unwrap();
    sandbox.by(OWNER, &["register", "digits/model.toml"]).done();
    let next = format!("{MODEL}@2.0.0");
    let hour = (now(&sandbox) + 2 * DAY).to_string();
    let announce =
        ["steward", "announce", VERSION, "--successor", &next, "--at", &hour, "--environment", "clinic"];
    sandbox.by(OWNER, &announce).refused(1, "is not approved");
    for role in ["medical", "legal"] {
        sandbox.by(role, &["approve", &next, "--role", role]).done();
    }
    sandbox.by("risk", &announce).refused(1, "only the model's owner");
    sandbox.by(OWNER, &announce).done();
    sandbox.by(OWNER, &["steward", "cancel", VERSION]).done();
    sandbox.by(OWNER, &announce).done();
    sandbox.by(OWNER, &["deploy", &next, "--environment", "clinic"]).done();
    sandbox.by("risk", &["steward", "succeed", VERSION]).refused(1, "hour");
    let shown = sandbox.run(&["steward", "show", VERSION, "--json"]).done().json();
    assert_eq!(shown["current"], shown["version"]);
    sandbox.pass(2 * DAY);
    let shown = sandbox.run(&["steward", "show", VERSION, "--json"]).done().json();
    assert_eq!(shown["current"], shown["succession"]["successor"]);
    sandbox.by("risk", &["steward", "succeed", VERSION]).done();
    let stages: Vec<_> =
        show(&sandbox)["versions"].as_array().unwrap().iter().map(|v| v["stage"].clone()).collect();
    assert!(stages.contains(&"retired".into()) && stages.contains(&"deployed".into()), "{stages:?}");
}
