//! `aver chain serve`: other runs of the program, with the chain behind its URL.

mod sandbox;

use sandbox::{OWNER, Sandbox};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Stdio},
};

/// A serving program, killed when dropped.
struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    said: Value,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(sandbox: &Sandbox, more: &[&str]) -> Self {
        let arguments = [&["chain", "serve", "--listen", "127.0.0.1:0", "--json"], more].concat();
        let mut child = sandbox.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        while !text.ends_with("}\n") {
            assert_ne!(stdout.read_line(&mut text).unwrap(), 0, "it ended: {text}");
        }
        let said = serde_json::from_str(&text).unwrap();
        Self { child, stdout, said }
    }

    fn url(&self) -> &str {
        self.said["url"].as_str().unwrap()
    }

    /// Asks it to stop as a service manager does; it must end well.
    #[cfg(unix)]
    fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

#[cfg(unix)]
#[test]
fn other_commands_work_on_a_served_chain_and_it_is_kept() {
    let sandbox = Sandbox::configured();
    sandbox.key(OWNER);
    let server = Server::start(&sandbox, &[]);
    assert_eq!((&server.said["chainId"], &server.said["blockNumber"]), (&31337.into(), &0.into()));
    let url = server.url().to_owned();
    let remote = ["--chain", &url, "--chain-id", "31337"];
    let deploy = ["contracts", "deploy", "--profile", "development"];
    sandbox.by(OWNER, &[&deploy[..], &remote].concat()).done();
    sandbox.run(&[&["contracts", "show"][..], &remote].concat()).done();
    // The journal is the server's while it runs.
    sandbox.run(&["contracts", "show", "--json"]).refused(3, "aver chain serve");
    server.stop();
    let shown = sandbox.run(&["contracts", "show", "--json"]).done();
    assert!(serde_json::from_str::<Value>(&shown.stdout).unwrap()["checkedAtBlock"].as_u64().unwrap() > 0);
}

#[cfg(unix)]
#[test]
fn a_chain_in_memory_leaves_nothing() {
    let sandbox = Sandbox::configured();
    Server::start(&sandbox, &["--in-memory"]).stop();
    assert!(!sandbox.path().join(".averment/chain/journal").exists());
}

#[test]
fn what_cannot_be_served_is_said() {
    let sandbox = Sandbox::configured();
    let serve = |more: &[&str]| sandbox.run(&[&["chain", "serve", "--json"], more].concat());
    serve(&["--listen", "0.0.0.0:8545"]).refused(2, "can be reached from other machines");
    serve(&["--listen", "localhost"]).refused(2, "invalid value");
    let remote = Server::start(&sandbox, &["--in-memory"]);
    serve(&["--chain", remote.url(), "--chain-id", "31337"])
        .refused(2, "only the embedded one can be served");
    let taken = remote.url().strip_prefix("http://").unwrap();
    serve(&["--in-memory", "--listen", taken]).refused(3, "listening on");
}
