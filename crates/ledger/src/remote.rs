//! A chain behind a URL: JSON-RPC over HTTP or HTTPS in which every answer has a limit of time and size.
//!
//! By `https` the node must show a certificate that the operating system trusts; `SSL_CERT_FILE` names a file of
//! other authorities, for a node with a certificate of your own. By `http` nothing is hidden or protected on the way:
//! for a node on this machine.
//!
//! Nothing a node says is believed further than it can be checked: its chain id here, headers, receipts and
//! finality in [`crate::finality`].

use crate::provider::Remote;
use alloy::{
    primitives::U64,
    rpc::{
        client::RpcClient,
        json_rpc::{RequestPacket, ResponsePacket, RpcError},
    },
    transports::{
        TransportError, TransportErrorKind, TransportFut,
        http::reqwest::{Client, ClientBuilder, Method, RequestBuilder, Response, Url, header::CONTENT_TYPE},
    },
};
use hyper::body::Bytes;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use thiserror::Error;

/// Longest answer read, in bytes.
const ANSWER_LIMIT: usize = 64 << 20;

/// Why a node gave no answer that can be used. Found in alloy's errors by [`RemoteFault::of`].
#[derive(Debug, Error)]
pub enum RemoteFault {
    /// No whole answer in time.
    #[error("no answer within {after:?}; the node is slow or gone (the timeout is configurable)")]
    Timeout {
        /// The limit.
        after: Duration,
    },
    /// No connection, or one that broke.
    #[error("the node cannot be reached: {0}")]
    Unreachable(String),
    /// An answer other than HTTP's 200.
    #[error("the node answered with HTTP status {status}: {body}")]
    Status {
        /// The status.
        status: u16,
        /// The start of the answer.
        body: String,
    },
    /// An answer longer than any that is asked for.
    #[error("the node's answer is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// An answer that is not JSON-RPC.
    #[error("the node's answer is not JSON-RPC: {why}")]
    Malformed {
        /// The parser's words.
        why: String,
    },
}

impl RemoteFault {
    /// The fault behind a provider's error, if the transport is to blame.
    pub fn of(error: &TransportError) -> Option<&Self> {
        match error {
            RpcError::Transport(TransportErrorKind::Custom(source)) => source.downcast_ref(),
            _ => None,
        }
    }
}

/// Why a remote chain was not taken.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// Not a URL that can be used.
    #[error("{url:?} is not an address of a node: {why}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The operating system has no list of authorities that certificates could be checked against.
    #[error(
        "no certificate of {url} can be checked: {why}; install the system's list of authorities (the package is \
         often called ca-certificates) or name a file of them in SSL_CERT_FILE"
    )]
    NoAuthorities {
        /// The node's address.
        url: String,
        /// What the system said.
        why: String,
    },
    /// Another chain answers there.
    #[error("expected chain {expected}, {url} is chain {got}; check the URL and the configuration")]
    ChainId {
        /// The node's address.
        url: String,
        /// The chain id asked for.
        expected: u64,
        /// The node's.
        got: u64,
    },
    /// The node gave no chain id.
    #[error("asking {url} for its chain id failed: {source}")]
    Request {
        /// The node's address.
        url: String,
        /// Why.
        source: TransportError,
    },
}

/// Connects to a node and checks its chain id.
pub(crate) async fn connect(settings: &Remote) -> Result<RpcClient, ConnectError> {
    let transport = Post::new(&settings.url, settings.timeout)?;
    let shown = transport.host().to_owned();
    let client = RpcClient::new(transport, true).with_poll_interval(settings.poll);
    match client.request_noparams::<U64>("eth_chainId").await {
        Ok(got) if got.to::<u64>() == settings.expected_chain_id => Ok(client),
        Ok(got) => {
            Err(ConnectError::ChainId { url: shown, expected: settings.expected_chain_id, got: got.to() })
        }
        Err(source) => Err(ConnectError::Request { url: shown, source }),
    }
}

/// How certificates are checked; nobody is trusted where none is needed.
fn tls(secured: bool) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let builder = match secured {
        true => builder.dangerous().with_custom_certificate_verifier(Arc::new(Verifier::new(provider)?)),
        false => builder.with_root_certificates(RootCertStore::empty()),
    };
    Ok(builder.with_no_client_auth())
}

/// A client of the host of `url`, by HTTP or HTTPS, that follows nobody elsewhere.
fn client(
    url: &str,
    timeouts: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<(Client, Url), ConnectError> {
    let invalid = |url: &str, why: String| ConnectError::Url { url: url.to_owned(), why };
    let parsed = Url::parse(url).map_err(|error| invalid(url, error.to_string()))?;
    let shown = parsed.host_str().unwrap_or_default().to_owned();
    let secured = match parsed.scheme() {
        "http" => false,
        "https" => true,
        other => return Err(invalid(&shown, format!("expected http or https, got {other}"))),
    };
    let tls = tls(secured)
        .map_err(|error| ConnectError::NoAuthorities { url: shown.clone(), why: error.to_string() })?;
    let builder = Client::builder()
        .tls_backend_preconfigured(tls)
        // Who sends us elsewhere is not who was configured.
        .redirect(alloy::transports::http::reqwest::redirect::Policy::none());
    let client = timeouts(builder).build().map_err(|error| invalid(&shown, error.to_string()))?;
    Ok((client, parsed))
}

/// What is at `path` below an address.
fn below(url: &Url, path: &str) -> Url {
    let mut url = url.clone();
    // Addresses of HTTP have paths always.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path.split('/'));
    }
    url
}

/// An address that files are sent to and fetched from, by HTTP or HTTPS, in pieces: what takes long is no fault as long as
/// something comes.
#[derive(Clone)]
pub struct Web {
    client: Client,
    url: Url,
    quiet: Duration,
}

/// Secrets are often part of a path: only the host is shown.
impl std::fmt::Debug for Web {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Web").field("host", &self.host()).finish_non_exhaustive()
    }
}

/// An answer whose body is still to come.
#[derive(Debug)]
pub struct WebAnswer {
    response: Response,
    quiet: Duration,
}

impl Web {
    /// The address `url`, which has to take the connection and send each piece of an answer within `quiet`, and the whole within
    /// `whole`. Nothing is sent yet.
    pub fn new(url: &str, quiet: Duration, whole: Duration) -> Result<Self, ConnectError> {
        let (client, url) = client(url, |builder| {
            // A server that has closed a kept connection would cost a body that was on its way.
            builder.connect_timeout(quiet).read_timeout(quiet).timeout(whole).pool_max_idle_per_host(0)
        })?;
        Ok(Self { client, url, quiet })
    }

    /// The host of the address.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Asks for what is at `path` below the address, by a method of HTTP (`GET`, `HEAD`, `PUT`), with these headers and this body.
    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&'static str, String)],
        body: Bytes,
    ) -> Result<WebAnswer, RemoteFault> {
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|error| RemoteFault::Malformed { why: error.to_string() })?;
        let mut request = self.client.request(method, below(&self.url, path));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        if !body.is_empty() {
            request = request.body(body);
        }
        let quiet = self.quiet;
        let response = request.send().await.map_err(|error| fault(error, quiet))?;
        Ok(WebAnswer { response, quiet })
    }
}

impl WebAnswer {
    /// The status.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// A header, if it is there and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// The next piece of the body; none at its end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, RemoteFault> {
        self.response.chunk().await.map_err(|error| fault(error, self.quiet))
    }

    /// The rest of the body, which may have `limit` bytes at the most.
    pub async fn rest(&mut self, limit: usize) -> Result<Vec<u8>, RemoteFault> {
        let mut answer = Vec::new();
        while let Some(part) = self.next().await? {
            if answer.len() + part.len() > limit {
                return Err(RemoteFault::TooLong { limit });
            }
            answer.extend_from_slice(&part);
        }
        Ok(answer)
    }
}

fn fault(error: alloy::transports::http::reqwest::Error, after: Duration) -> RemoteFault {
    if error.is_timeout() {
        RemoteFault::Timeout { after }
    } else {
        RemoteFault::Unreachable(cause(&error.without_url()))
    }
}

/// An address that JSON is posted to, by HTTP or HTTPS as nodes are, within limits of time and size.
#[derive(Clone)]
pub struct Post {
    client: Client,
    url: Url,
    timeout: Duration,
}

/// Secrets are often part of a path: only the host is shown.
impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").field("host", &self.host()).finish_non_exhaustive()
    }
}

impl Post {
    /// The address `url`, which has to answer within `timeout`. Nothing is sent yet.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, ConnectError> {
        let (client, url) = client(url, |builder| builder.timeout(timeout))?;
        Ok(Self { client, url, timeout })
    }

    /// The host of the address.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Posts a JSON body; gives the status and the answer's body, of which at most `limit` bytes are read.
    pub async fn send(&self, body: Vec<u8>, limit: usize) -> Result<(u16, Vec<u8>), RemoteFault> {
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        self.answered(request, limit).await
    }

    /// Gets what is at `path` below the address; gives the status and the answer's body, of which at most `limit` bytes are
    /// read.
    pub async fn get(&self, path: &str, limit: usize) -> Result<(u16, Vec<u8>), RemoteFault> {
        self.answered(self.client.get(below(&self.url, path)), limit).await
    }

    async fn answered(&self, request: RequestBuilder, limit: usize) -> Result<(u16, Vec<u8>), RemoteFault> {
        let failed = |error| fault(error, self.timeout);
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let mut answer = Vec::new();
        while let Some(part) = response.chunk().await.map_err(failed)? {
            if answer.len() + part.len() > limit {
                return Err(RemoteFault::TooLong { limit });
            }
            answer.extend_from_slice(&part);
        }
        Ok((status, answer))
    }

    async fn exchange(self, packet: RequestPacket) -> Result<ResponsePacket, RemoteFault> {
        let malformed = |error: serde_json::Error| RemoteFault::Malformed { why: error.to_string() };
        let body = serde_json::to_vec(&packet).map_err(malformed)?;
        let (status, answer) = self.send(body, ANSWER_LIMIT).await?;
        let parsed = serde_json::from_slice(&answer);
        if !(200..300).contains(&status) && parsed.is_err() {
            let start = String::from_utf8_lossy(answer.get(..256).unwrap_or(&answer));
            let body = start.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            return Err(RemoteFault::Status { status, body });
        }
        parsed.map_err(malformed)
    }
}

/// The innermost reason: the outer ones only say that a request failed.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

impl tower::Service<RequestPacket> for Post {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { this.exchange(packet).await.map_err(TransportErrorKind::custom) })
    }
}
