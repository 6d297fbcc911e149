//! The server under clients that are slow, loud, foreign or gone.

use super::*;
use std::time::Instant;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};

const LOCAL: &str = "127.0.0.1:0";
const GET: &str = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

/// A server that says the length of the body after `delay`.
async fn start(limits: HttpLimits, delay: Duration) -> Running {
    let server = HttpServer::bind(LOCAL.parse().unwrap(), limits).await.unwrap();
    let address = server.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let handler = move |request: Request<Bytes>| async move {
        tokio::time::sleep(delay).await;
        words(StatusCode::OK, request.body().len().to_string())
    };
    let server = tokio::spawn(server.run(handler, async {
        let _ = stopped.await;
    }));
    Running { address, stop, server }
}

/// What the server sends back until it closes the connection.
async fn said(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn addresses_that_others_reach_are_refused() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8545", "[::ffff:192.0.2.1]:1"] {
        let refused = HttpServer::bind(address.parse().unwrap(), HttpLimits::default()).await.unwrap_err();
        assert!(matches!(refused, BindError::NotLoopback { .. }), "{refused}");
    }
    let first = HttpServer::bind(LOCAL.parse().unwrap(), HttpLimits::default()).await.unwrap();
    let refused = HttpServer::bind(first.address(), HttpLimits::default()).await.unwrap_err();
    assert!(matches!(refused, BindError::Listen { .. }), "{refused}");
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_refused_before_the_handler() {
    let running = start(HttpLimits::default(), Duration::ZERO).await;
    assert!(said(running.address, GET).await.starts_with("HTTP/1.1 200"));
    let foreign = GET.replace("localhost", "attacker.example");
    assert!(said(running.address, &foreign).await.starts_with("HTTP/1.1 403"));
    let origin = GET.replace("\r\n\r\n", "\r\norigin: http://attacker.example\r\n\r\n");
    assert!(said(running.address, &origin).await.starts_with("HTTP/1.1 403"));
    let nobody = GET.replace("host: localhost\r\n", "");
    assert!(said(running.address, &nobody).await.starts_with("HTTP/1.1 403"));
    assert!(said(running.address, "nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn bodies_are_read_up_to_the_limit() {
    let limits = HttpLimits { body: 1_000, ..HttpLimits::default() };
    let running = start(limits, Duration::ZERO).await;
    let post = |length: usize, body: &str| {
        format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    };
    assert!(said(running.address, &post(1_000, &"x".repeat(1_000))).await.ends_with("1000\n"));
    assert!(said(running.address, &post(1_001, &"x".repeat(1_001))).await.starts_with("HTTP/1.1 413"));
    let chunk = format!("3e8\r\n{}\r\n", "x".repeat(1_000));
    let chunked = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n"
    );
    assert!(said(running.address, &chunked).await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn who_is_slow_is_dropped() {
    let short = Duration::from_millis(100);
    let limits = HttpLimits { head_time: short, time: short, ..HttpLimits::default() };
    let running = start(limits, Duration::from_secs(60)).await;
    let begun = Instant::now();
    // A head that never ends, a body that never comes, and an answer that takes too long.
    assert!(!said(running.address, "GET / HTTP/1.1\r\nhost: loc").await.contains("200"));
    let body = GET.replace("GET", "POST").replace("\r\n\r\n", "\r\ncontent-length: 5\r\n\r\nab");
    assert!(said(running.address, &body).await.starts_with("HTTP/1.1 503"));
    assert!(said(running.address, GET).await.starts_with("HTTP/1.1 503"));
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn more_connections_than_places_wait() {
    let limits = HttpLimits { connections: 1, ..HttpLimits::default() };
    let running = start(limits, Duration::ZERO).await;
    let idle = TcpStream::connect(running.address).await.unwrap();
    let second = tokio::spawn(said(running.address, GET));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!second.is_finished());
    drop(idle);
    assert!(second.await.unwrap().starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn stopping_finishes_what_has_begun_and_takes_nothing_new() {
    let running = start(HttpLimits::default(), Duration::from_millis(300)).await;
    let begun = tokio::spawn(said(running.address, GET));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let idle = TcpStream::connect(running.address).await.unwrap();
    running.stop.send(()).unwrap();
    running.server.await.unwrap();
    assert!(begun.await.unwrap().starts_with("HTTP/1.1 200"));
    assert!(TcpStream::connect(running.address).await.is_err());
    drop(idle);
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let limits = HttpLimits { grace: Duration::from_millis(100), ..HttpLimits::default() };
    let running = start(limits, Duration::from_secs(60)).await;
    let _begun = tokio::spawn(said(running.address, GET));
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.stop.send(()).unwrap();
    timeout(Duration::from_secs(20), running.server).await.unwrap().unwrap();
}
