//! What is configured or typed wrong: which exit code, which words, and one JSON object also then.

mod sandbox;

use sandbox::{
    OWNER, Sandbox,
    digits::{HISTORY, VERSION, length, registered, show},
};
use serde_json::Value;
use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
};

#[test]
fn another_process_on_the_same_chain_is_told_so() {
    let sandbox = registered();
    let held = sandbox.ledger();
    sandbox.run(&["model", "show", HISTORY, "--json"]).refused(3, "the chain is open elsewhere");
    drop(held);
    show(&sandbox);
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
