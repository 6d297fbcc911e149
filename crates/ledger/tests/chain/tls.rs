//! Remote nodes by `https`: one with a certificate that is trusted is used, every other is refused.

use crate::liar::{self, Reply};
use alloy::providers::Provider;
use averment_ledger::{
    ConnectError, Finality, OpenLedgerError, RemoteFault,
    embedded::{Embedded, Genesis},
};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    io::{Read, Write},
    net::TcpListener,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

const AUTHORITIES: &str = "SSL_CERT_FILE";
const NODE: &str = "AVERMENT_TEST_NODE";
/// Milliseconds.
const TIMEOUT: &str = "AVERMENT_TEST_TIMEOUT";

fn certificate(name: &str) -> String {
    format!("{}/tests/chain/certificates/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A node that shows the certificate called `name`; gives its URL.
fn node(name: &str) -> String {
    let chain = Embedded::in_memory(Genesis::development(1_700_000_000)).unwrap();
    let chained = vec![CertificateDer::from_pem_file(certificate(name)).unwrap()];
    let key = PrivateKeyDer::from_pem_file(certificate("node.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chained, key)
        .unwrap();
    let config = Arc::new(config);
    let wrap = move |stream| StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
    format!("https://{}", liar::node_over(wrap, &chain, |_, _, truth| Reply::Result(truth)))
}

/// What a process says that connects to `url` and trusts the authorities in `file`.
fn connected(url: &str, file: &str) -> String {
    connected_within(url, file, Duration::from_secs(60))
}

/// The same of a process that waits so long for an answer.
fn connected_within(url: &str, file: &str, timeout: Duration) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tls::connects", "--ignored", "--nocapture"])
        .env(AUTHORITIES, file)
        .env_remove("SSL_CERT_DIR")
        .env(NODE, url)
        .env(TIMEOUT, timeout.as_millis().to_string())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("RESULT ")).expect("a result").to_owned()
}

/// The child: what it trusts is read from the environment, which a test cannot change for itself alone.
#[tokio::test]
#[ignore = "is the child process of the tests below"]
async fn connects() {
    let url = std::env::var(NODE).expect("the parent names the node");
    let timeout = std::env::var(TIMEOUT).expect("the parent says how long").parse().unwrap();
    let opened = liar::ledger_within(&url, Finality::Tag, Duration::from_millis(timeout)).await;
    let result = match opened {
        Ok(ledger) => format!("block {}", ledger.provider().get_block_number().await.unwrap()),
        Err(OpenLedgerError::Remote(error)) => match &error {
            ConnectError::Request { source, .. } => format!("{:?}", RemoteFault::of(source).unwrap()),
            other => format!("{other:?}"),
        },
        Err(other) => panic!("{other}"),
    };
    // Past the harness, which keeps what `println!` says.
    writeln!(std::io::stdout(), "\nRESULT {result}").unwrap();
}

#[test]
fn node_with_a_trusted_certificate_is_used() {
    assert_eq!(connected(&node("node.pem"), &certificate("authority.pem")), "block 0");
}

#[test]
fn every_other_certificate_is_refused() {
    for (shown, trusted, reason) in [
        // Signed by nobody the system knows: what somebody in between would show.
        ("node.pem", "elsewhere.pem", "UnknownIssuer"),
        ("elsewhere.pem", "authority.pem", "not valid for name"),
        ("expired.pem", "authority.pem", "expired"),
    ] {
        let said = connected(&node(shown), &certificate(trusted));
        assert!(said.starts_with("Unreachable") && said.contains(reason), "{shown}: {said}");
    }
}

#[test]
fn system_without_authorities_is_told_what_to_do() {
    let said = connected("https://127.0.0.1:1", "/nonexistent");
    assert!(said.starts_with("NoAuthorities"), "{said}");
}

#[test]
fn node_that_speaks_no_tls_is_refused() {
    let chain = Embedded::in_memory(Genesis::development(1_700_000_000)).unwrap();
    let plain = liar::node(&chain, |_, _, truth| Reply::Result(truth)).replace("http:", "https:");
    // Each waits for the other.
    let said = connected_within(&plain, &certificate("authority.pem"), Duration::from_millis(300));
    assert!(said.starts_with("Timeout"), "{said}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            // To the end: a connection that is closed with something unread takes the answer with it.
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    let said = connected(&format!("https://{address}"), &certificate("authority.pem"));
    assert!(said.starts_with("Unreachable") && said.contains("corrupt message"), "{said}");
}
