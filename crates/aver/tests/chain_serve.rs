//! `aver chain serve`: other runs of the program, with the chain behind its URL.

mod sandbox;

use sandbox::{OWNER, Sandbox, serving::Serving};

fn serve(sandbox: &Sandbox, more: &[&str]) -> Serving {
    Serving::start(sandbox, &[&["chain", "serve", "--listen", "127.0.0.1:0"], more].concat())
}

fn url(server: &Serving) -> String {
    server.said["url"].as_str().unwrap().to_owned()
}

#[test]
fn other_commands_work_on_a_served_chain_and_it_is_kept() {
    let sandbox = Sandbox::configured();
    sandbox.key(OWNER);
    let server = serve(&sandbox, &[]);
    assert_eq!((&server.said["chainId"], &server.said["blockNumber"]), (&31337.into(), &0.into()));
    let url = url(&server);
    let remote = ["--chain", &url, "--chain-id", "31337"];
    let deploy = ["contracts", "deploy", "--profile", "development"];
    sandbox.by(OWNER, &[&deploy[..], &remote].concat()).done();
    sandbox.run(&[&["contracts", "show"][..], &remote].concat()).done();
    // The journal is the server's while it runs.
    sandbox.run(&["contracts", "show", "--json"]).refused(3, "aver chain serve");
    server.stop();
    let shown = sandbox.run(&["contracts", "show", "--json"]).done().json();
    assert!(shown["checkedAtBlock"].as_u64().unwrap() > 0);
}

#[test]
fn a_chain_in_memory_leaves_nothing() {
    let sandbox = Sandbox::configured();
    serve(&sandbox, &["--in-memory"]).stop();
    assert!(!sandbox.path().join(".averment/chain/journal").exists());
}

#[test]
fn what_cannot_be_served_is_said() {
    let sandbox = Sandbox::configured();
    let refused = |more: &[&str]| sandbox.run(&[&["chain", "serve", "--json"], more].concat());
    refused(&["--listen", "0.0.0.0:8545"]).refused(2, "can be reached from other machines");
    refused(&["--listen", "localhost"]).refused(2, "invalid value");
    let remote = serve(&sandbox, &["--in-memory"]);
    let url = url(&remote);
    refused(&["--chain", &url, "--chain-id", "31337"]).refused(2, "only the embedded one can be served");
    let taken = url.strip_prefix("http://").unwrap();
    refused(&["--in-memory", "--listen", taken]).refused(3, "listening on");
}
