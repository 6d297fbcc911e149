//! `aver oracle`: an operator joins, works until it is asked to stop, and leaves.

mod sandbox;

use sandbox::{OWNER, Sandbox, serving::Serving};
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    thread::sleep,
    time::{Duration, Instant},
};

const MODEL: &str = "breast-cancer-triage";
const VERSION: &str = "breast-cancer-triage@2.0.0";
const PLAN: &str = "triage.plan";
const SIGNER: &str = "oracle-1";

/// Contracts, a version that registered its plan, and an operator's key.
fn project() -> Sandbox {
    let sandbox = Sandbox::deployed();
    sandbox.example("breast_cancer");
    sandbox.key("reviewer");
    sandbox.key(SIGNER);
    let roles = ["--role", "review=reviewer", "--threshold", "1"];
    sandbox.by(OWNER, &[&["model", "create", MODEL], &roles[..]].concat()).done();
    let compile =
        ["compile", "breast_cancer/model-v2.onnx", "--calibrate", "breast_cancer/data/training.csv"];
    sandbox.run(&[&compile[..], &["--except", "row,diagnosis", "-o", PLAN]].concat()).done();
    sandbox.run(&["commit", PLAN]).done();
    sandbox.by(OWNER, &["register", "breast_cancer/model-v1.toml"]).done();
    sandbox.by(OWNER, &["register", "breast_cancer/model-v2.toml", "--plan", PLAN]).done();
    sandbox
}

/// The first line of a page.
fn page(pages: &str, path: &str) -> (String, String) {
    let address = pages.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer.lines().next().unwrap_or_default().to_owned(), answer)
}

#[test]
fn an_operator_joins_works_and_leaves() {
    let sandbox = project();
    sandbox.run(&["oracle", "status", "--signer", SIGNER, "--json"]).refused(1, "aver oracle join");
    let joined = sandbox.by(OWNER, &["oracle", "join", "--signer", SIGNER, "--seats", "3"]).done().json();
    assert_eq!((&joined["operator"], &joined["seats"]), (&1.into(), &3.into()));
    assert_eq!(joined["signer"], serde_json::json!(sandbox.address(SIGNER)));
    sandbox.by(OWNER, &["oracle", "join", "--signer", SIGNER]).refused(1, "is or was an operator's");

    let serve = format!("{VERSION}={PLAN}");
    let run = ["oracle", "run", "--serve", &serve, "--inputs", "inbox", "--pages", "127.0.0.1:0"];
    let more = ["--account", SIGNER, "--pause", "1"];
    let operator = Serving::start(&sandbox, &[&run[..], &more].concat());
    assert_eq!((&operator.said["operator"], &operator.said["seats"]), (&1.into(), &3.into()));
    let pages = operator.said["pages"].as_str().unwrap().to_owned();
    let begun = Instant::now();
    while !page(&pages, "/health").0.contains("200") {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not get well");
        sleep(Duration::from_millis(50));
    }
    assert!(page(&pages, "/metrics").1.contains("averment_oracle_seats 0"));
    operator.stop();

    let status = sandbox.run(&["oracle", "status", "--signer", SIGNER, "--json"]).done().json();
    assert_eq!((&status["seats"], &status["earned"]), (&3.into(), &"0".into()));
    assert_eq!(status["encryptionKey"], joined["encryptionKey"]);
    let left = sandbox.by(OWNER, &["oracle", "leave", "--signer", SIGNER]).done().json();
    assert_eq!((&left["givenUp"], &left["seats"], &left["withdrawn"]), (&3.into(), &0.into(), &"0".into()));
    assert_ne!(left["unbonding"], "0");
}

#[test]
fn an_operator_answers_only_with_what_the_version_registered() {
    let sandbox = project();
    sandbox.by(OWNER, &["oracle", "join", "--signer", SIGNER]).done();
    let run = |serve: &str, account: &str| {
        let run =
            ["oracle", "run", "--serve", serve, "--inputs", "inbox", "--pages", "127.0.0.1:0", "--json"];
        sandbox.run(&[&run[..], &["--account", account]].concat())
    };
    let first = format!("breast-cancer-triage@1.0.0={PLAN}");
    run(&first, SIGNER).refused(1, "registered another plan");
    run("nonsense", SIGNER).refused(2, "VERSION=PLAN");
    let late = ["oracle", "run", "--serve", &first, "--inputs", "inbox", "--margin", "7", "--json"];
    sandbox.run(&[&late[..], &["--account", SIGNER]].concat()).refused(2, "two pauses");
    run(&format!("{VERSION}={PLAN}"), "reviewer").refused(1, "aver oracle join");
    run(&format!("{VERSION}=nowhere"), SIGNER).refused(2, "aver compile");
}

#[test]
fn an_operator_is_given_secret_weights_sealed_and_answers_with_those() {
    let sandbox = project();
    sandbox.by(OWNER, &["oracle", "join", "--signer", SIGNER]).done();
    let seal =
        |more: &[&str]| sandbox.run(&[&["weights", "seal", PLAN, "-o", "sealed", "--json"], more].concat());
    seal(&[]).refused(2, "to whom?");
    seal(&["--to", "reviewer"]).refused(1, "is no operator's key");
    let key = sandbox.by("reviewer", &["inputs", "key"]).done().json()["encryptionKey"].clone();
    let sealed = seal(&["--to", SIGNER, "--to", key.as_str().unwrap()]).done().json();
    assert_eq!(sealed["files"].as_array().unwrap().len(), 2);

    // Who answers has the public half only.
    let (given, private) = (sandbox.path().join("given"), sandbox.path().join(PLAN).join("private"));
    fs::rename(sandbox.path().join(PLAN).join("public"), &given).unwrap();
    let open = |who: &str, more: &[&str]| {
        sandbox.by(who, &[&["weights", "open", "sealed", "--public", "given", "-o", "opened"], more].concat())
    };
    open(OWNER, &[]).refused(1, "ends with our key");
    assert!(!sandbox.path().join("opened").exists());
    open(SIGNER, &[]).done();
    open(SIGNER, &[]).refused(2, "there already");
    let opened = sandbox.path().join("opened");
    for name in ["weights", "salt"] {
        let path = opened.join("private").join(name);
        assert_eq!(fs::read(&path).unwrap(), fs::read(private.join(name)).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::metadata(opened.join("private")).unwrap().permissions().mode() & 0o777, 0o700);
    for name in ["plan", "schema", "certificate", "commitment"] {
        assert_eq!(
            fs::read(opened.join("public").join(name)).unwrap(),
            fs::read(given.join(name)).unwrap(),
            "{name}"
        );
    }

    // What was handed over proves, too; which columns are features it was not told.
    let prove =
        ["prove", "opened", "--input", "breast_cancer/data/evaluation.csv", "--row", "3", "-o", "case.proof"];
    sandbox.run(&[&prove[..], &["--except", "row,diagnosis"]].concat()).done();

    let serve = format!("{VERSION}=given");
    let run = ["oracle", "run", "--serve", &serve, "--inputs", "inbox", "--pages", "127.0.0.1:0"];
    let run = [&run[..], &["--account", SIGNER, "--pause", "1", "--prove"]].concat();
    sandbox.run(&[&run[..], &["--json"]].concat()).refused(2, "has no private half");
    let run = [&run[..], &["--sealed-weights", "sealed"]].concat();
    Serving::start(&sandbox, &run).stop();
    let file = sealed["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap());
    for path in file.map(|file| sandbox.path().join(file)) {
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    sandbox.run(&[&run[..], &["--json"]].concat()).refused(1, "it does not open");
    assert!(!given.join("private").exists());
}
