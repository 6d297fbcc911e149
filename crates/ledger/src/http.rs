//! A small HTTP/1.1 server: what `aver chain serve` and an operator's pages stand on, for this machine alone, and what other
//! operators send their messages to.
//!
//! For this machine alone ([`HttpServer::bind`]) it listens on loopback addresses and nowhere else. A page in a browser on the same machine can reach those
//! too, so a request must name this machine in `Host` (a foreign name that resolves to 127.0.0.1 is refused)
//! and, if it says who sent it, in `Origin`. Bodies, connections and time are limited. When it is told to stop
//! it takes no new connection, finishes the requests it has begun, and drops what is left after a while.

mod guard;
mod streaming;
#[cfg(test)]
mod tests;

pub use streaming::{PieceError, Pieces, Streamed, file, streamed};

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulConnection, GracefulShutdown},
};
use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use thiserror::Error;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};

/// How long to wait before accepting again when the system has no more sockets.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(200);

/// What one client may ask of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// Longest body of a request, in bytes.
    pub body: usize,
    /// Most connections at a time; more wait to be accepted.
    pub connections: usize,
    /// Longest time a client may take for the head of a request, which is also how long an idle connection is
    /// kept.
    pub head_time: Duration,
    /// Longest time for the body and the answer together.
    pub time: Duration,
    /// How long requests that have begun may go on once the server is told to stop.
    pub grace: Duration,
}

impl Default for HttpLimits {
    /// 1 MiB, 256 connections, 30 seconds for each of the times but the last, which is 5.
    fn default() -> Self {
        Self {
            body: 1 << 20,
            connections: 256,
            head_time: Duration::from_secs(30),
            time: Duration::from_secs(30),
            grace: Duration::from_secs(5),
        }
    }
}

/// Why a server did not begin.
#[derive(Debug, Error)]
pub enum BindError {
    /// Other machines could reach that address.
    #[error(
        "{address} can be reached from other machines; name a loopback address, such as 127.0.0.1:{}",
        address.port()
    )]
    NotLoopback {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The operating system refused.
    #[error("listening on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
}

/// A server that listens but does not answer yet.
#[derive(Debug)]
pub struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
    limits: HttpLimits,
    audience: Audience,
}

/// Whom a server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience {
    /// Programs on this machine.
    Here,
    /// Everybody; what they send proves itself.
    Everybody,
}

impl HttpServer {
    /// Listens on `address`, which must be a loopback address; port 0 takes any that is free.
    pub async fn bind(address: SocketAddr, limits: HttpLimits) -> Result<Self, BindError> {
        if !is_loopback(address.ip()) {
            return Err(BindError::NotLoopback { address });
        }
        Self::listen(address, limits, Audience::Here).await
    }

    /// Listens on `address`, whoever can reach it: for messages that prove who they are from. Nothing about a request is
    /// checked but its limits.
    pub async fn bind_for_everybody(address: SocketAddr, limits: HttpLimits) -> Result<Self, BindError> {
        Self::listen(address, limits, Audience::Everybody).await
    }

    async fn listen(address: SocketAddr, limits: HttpLimits, audience: Audience) -> Result<Self, BindError> {
        let failed = |source| BindError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, limits, audience })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests by `handler` until `stop` is done. What the handler gets is guarded (see the module) and
    /// has its whole body.
    pub async fn run<H, A>(self, handler: H, stop: impl Future<Output = ()>)
    where
        H: Fn(Request<Bytes>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Answer> + Send + 'static,
    {
        let Self { listener, limits, audience, .. } = self;
        let serve = move |stream: TcpStream| {
            let handler = handler.clone();
            let service = service_fn(move |request| answered(request, handler.clone(), limits, audience));
            builder(limits).serve_connection(TokioIo::new(stream), service)
        };
        accept(listener, limits, None, serve, stop).await;
    }

    /// The same with bodies that come and go in pieces: nothing is held in memory but a piece at a time. A connection carries
    /// one request, and lives for `limits.time` at the most, whoever is slow; each piece of a body has to come within
    /// `limits.head_time`.
    pub async fn run_streaming<H, A>(self, handler: H, stop: impl Future<Output = ()>)
    where
        H: Fn(Request<Pieces>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Streamed> + Send + 'static,
    {
        let Self { listener, limits, audience, .. } = self;
        let serve = move |stream: TcpStream| {
            let handler = handler.clone();
            let service =
                service_fn(move |request| streaming::answered(request, handler.clone(), limits, audience));
            builder(limits).keep_alive(false).serve_connection(TokioIo::new(stream), service)
        };
        accept(listener, limits, Some(limits.time), serve, stop).await;
    }
}

fn builder(limits: HttpLimits) -> hyper::server::conn::http1::Builder {
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head_time);
    builder
}

/// Takes connections until `stop` is done, each for `life` at the most.
async fn accept<C: GracefulConnection + Send + 'static>(
    listener: TcpListener,
    limits: HttpLimits,
    life: Option<Duration>,
    serve: impl Fn(TcpStream) -> C,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let open = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            // Nobody closes the semaphore.
            let place = places.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut stop => break,
            accepted = accepted => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(OUT_OF_SOCKETS).await;
            continue;
        };
        let connection = open.watch(serve(stream));
        tokio::spawn(async move {
            // A client that breaks off is its own affair.
            match life {
                Some(life) => {
                    let _ = timeout(life, connection).await;
                }
                None => {
                    let _ = connection.await;
                }
            }
            drop(place);
        });
    }
    drop(listener);
    // What has not ended by then is dropped with the runtime.
    let _ = timeout(limits.grace, open.shutdown()).await;
}

/// What a handler answers with.
pub type Answer = Response<Full<Bytes>>;

/// An answer of this kind, with this body.
pub fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// An answer in words.
pub fn words(status: StatusCode, text: impl Into<String>) -> Answer {
    answer(status, "text/plain; charset=utf-8", text.into() + "\n")
}

async fn answered<H, A>(
    request: Request<Incoming>,
    handler: H,
    limits: HttpLimits,
    audience: Audience,
) -> Result<Answer, Infallible>
where
    H: Fn(Request<Bytes>) -> A,
    A: Future<Output = Answer>,
{
    if audience == Audience::Here
        && let Err(foreign) = guard::check(&request)
    {
        return Ok(words(StatusCode::FORBIDDEN, foreign.to_string()));
    }
    let work = async {
        let (head, body) = request.into_parts();
        match Limited::new(body, limits.body).collect().await {
            Ok(body) => handler(Request::from_parts(head, body.to_bytes())).await,
            Err(error) if error.is::<LengthLimitError>() => {
                words(StatusCode::PAYLOAD_TOO_LARGE, format!("at most {} bytes are read", limits.body))
            }
            Err(_) => words(StatusCode::BAD_REQUEST, "the body broke off"),
        }
    };
    Ok(timeout(limits.time, work).await.unwrap_or_else(|_| {
        words(StatusCode::SERVICE_UNAVAILABLE, format!("no answer within {:?}", limits.time))
    }))
}

/// Whether only this machine has the address; also where IPv6 wraps an IPv4 one.
fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}
