//! The embedded chain for other processes on this machine: JSON-RPC 2.0 over HTTP, on the same dispatch that
//! alloy's providers in this process reach.
//!
//! One address, `POST /`, with a body of the type `application/json`: a browser asks before it sends that
//! anywhere, and is not told that it may. What is asked for is limited ([`ServeLimits`]); a request that has
//! begun is answered before the server stops. Whoever can reach the address can do what the chain lets its
//! own process do, taking it back to a snapshot and moving its time included.

use super::{Embedded, rpc};
use crate::http::{Answer, BindError, HttpLimits, HttpServer, answer, words};
use hyper::{
    Method, Request, StatusCode,
    body::Bytes,
    header::{ALLOW, CONTENT_TYPE, HeaderValue},
};
pub use rpc::RpcLimits;
use std::{net::SocketAddr, sync::Arc};
use tokio::sync::Semaphore;

const JSON: &str = "application/json";

/// What clients may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServeLimits {
    /// Of HTTP.
    pub http: HttpLimits,
    /// Of what the bodies say.
    pub rpc: RpcLimits,
    /// Most requests in work at a time. The chain answers one after the other; more wait, and those that run
    /// out of time while they wait are never begun.
    pub working: usize,
}

impl Default for ServeLimits {
    /// [`HttpLimits`] but 32 MiB a body, [`RpcLimits`], 16 requests in work.
    fn default() -> Self {
        let http = HttpLimits { body: 32 << 20, ..HttpLimits::default() };
        Self { http, rpc: RpcLimits::default(), working: 16 }
    }
}

/// A server of an embedded chain that listens but does not answer yet.
#[derive(Debug)]
pub struct ChainServer {
    chain: Embedded,
    http: HttpServer,
    limits: ServeLimits,
}

impl ChainServer {
    /// Listens on `address`, a loopback address; port 0 takes any that is free.
    pub async fn bind(chain: Embedded, address: SocketAddr, limits: ServeLimits) -> Result<Self, BindError> {
        Ok(Self { chain, http: HttpServer::bind(address, limits.http).await?, limits })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.http.address()
    }

    /// The URL that clients take.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Answers until `stop` is done.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { chain, http, limits } = self;
        let places = Arc::new(Semaphore::new(limits.working));
        let handler = move |request| answered(chain.clone(), request, limits.rpc, places.clone());
        http.run(handler, stop).await;
    }
}

async fn answered(
    chain: Embedded,
    request: Request<Bytes>,
    limits: RpcLimits,
    places: Arc<Semaphore>,
) -> Answer {
    if request.method() != Method::POST {
        let text = "this is the JSON-RPC of an embedded chain: POST a request here";
        let mut refused = words(StatusCode::METHOD_NOT_ALLOWED, text);
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return refused;
    }
    if request.uri().path() != "/" {
        return words(StatusCode::NOT_FOUND, "requests go to /");
    }
    if !is_json(&request) {
        return words(StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected a body of the type application/json");
    }
    let body = request.into_body();
    // Nobody closes the semaphore.
    let place = places.acquire_owned().await.ok();
    // The place is given back when the work ends, not when the client stops waiting for it.
    let work = tokio::task::spawn_blocking(move || {
        let answer = rpc::answer_text(&chain.chain, &body, limits);
        drop(place);
        answer
    });
    match work.await {
        Ok(Some(body)) => answer(StatusCode::OK, JSON, body),
        Ok(None) => answer(StatusCode::NO_CONTENT, JSON, Bytes::new()),
        Err(_) => words(StatusCode::INTERNAL_SERVER_ERROR, "answering failed"),
    }
}

/// Parameters such as a character set may follow the type.
fn is_json(request: &Request<Bytes>) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(JSON))
}
