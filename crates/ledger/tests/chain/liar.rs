//! A node that answers over HTTP for an embedded chain, except where a test makes it lie.

use alloy::primitives::hex;
use averment_ledger::{Finality, Ledger, OpenLedgerError, Remote, Source, embedded::Embedded};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

/// What the node does with one request.
pub enum Reply {
    /// Answers with this result.
    Result(Value),
    /// Answers with these bytes as the body.
    Body(&'static [u8]),
    /// Sends these bytes as they are, then nothing, the connection open.
    HalfAnAnswer(&'static [u8]),
    /// Sends bytes without end.
    Endless,
    /// Closes the connection.
    Close,
}

/// Given method, parameters and the truth, says what is answered.
pub type Lie = dyn Fn(&str, &Value, Value) -> Reply + Send + Sync;

/// Starts a node that tells the truth about `chain` as `lie` bends it; gives its URL. It lives as long as the
/// test's process.
pub fn node(chain: &Embedded, lie: impl Fn(&str, &Value, Value) -> Reply + Send + Sync + 'static) -> String {
    format!("http://{}", node_over(|stream| stream, chain, lie))
}

/// Like [`node`], over what `wrap` makes of a connection; gives its address.
pub fn node_over<S: Read + Write>(
    wrap: impl Fn(TcpStream) -> S + Clone + Send + 'static,
    chain: &Embedded,
    lie: impl Fn(&str, &Value, Value) -> Reply + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (chain, lie): (_, Arc<Lie>) = (chain.clone(), Arc::new(lie));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (chain, lie, wrap) = (chain.clone(), lie.clone(), wrap.clone());
            std::thread::spawn(move || {
                let _ = serve(wrap(stream.unwrap()), &chain, &*lie);
            });
        }
    });
    address
}

/// A ledger on such a node, which has all the time that a slow machine needs.
pub async fn ledger(url: &str, finality: Finality) -> Result<Ledger, OpenLedgerError> {
    ledger_within(url, finality, Duration::from_secs(60)).await
}

/// A ledger on such a node that waits so long for an answer.
pub async fn ledger_within(
    url: &str,
    finality: Finality,
    timeout: Duration,
) -> Result<Ledger, OpenLedgerError> {
    let poll = Duration::from_millis(2);
    Ledger::open(Source::Remote(Remote { finality, timeout, poll, ..Remote::new(url, 31337) })).await
}

/// Reads what comes next; an error when the other side has gone.
fn read_more(stream: &mut impl Read, request: &mut Vec<u8>) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer)? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        count => {
            request.extend_from_slice(&buffer[..count]);
            Ok(())
        }
    }
}

fn serve(mut stream: impl Read + Write, chain: &Embedded, lie: &Lie) -> std::io::Result<()> {
    let mut request = Vec::new();
    let (head, length) = loop {
        read_more(&mut stream, &mut request)?;
        if let Some(head) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&request[..head]).to_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
            break (head + 4, length.unwrap().parse::<usize>().unwrap());
        }
    };
    while request.len() < head + length {
        read_more(&mut stream, &mut request)?;
    }
    let request: Value = serde_json::from_slice(&request[head..]).unwrap();
    let (method, params) = (request["method"].as_str().unwrap(), request["params"].clone());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let truth = chain.client().request::<_, Value>(method.to_owned(), params.clone());
    let truth = runtime.block_on(truth).unwrap_or_default();
    let body = match lie(method, &params, truth) {
        Reply::Result(result) => {
            json!({"jsonrpc": "2.0", "id": request["id"], "result": result}).to_string().into_bytes()
        }
        Reply::Body(body) => body.to_vec(),
        Reply::HalfAnAnswer(bytes) => {
            stream.write_all(bytes)?;
            // Far longer than anybody waits.
            std::thread::sleep(Duration::from_secs(600));
            return Ok(());
        }
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[b' '; 1 << 16])?;
            }
        }
        Reply::Close => return Ok(()),
    };
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    stream.write_all(&body)?;
    stream.flush()
}

/// Another hexadecimal number of the same form.
pub fn changed(value: &mut Value) {
    let text = value.as_str().expect("a hexadecimal string");
    let mut digits = text.to_owned();
    let last = digits.pop().unwrap();
    digits.push(if last == '1' { '2' } else { '1' });
    assert!(digits.starts_with("0x") && (digits.len() % 2 == 1 || hex::decode(&digits).is_ok()));
    *value = Value::String(digits);
}
