//! The side that takes packages and gives models.

use super::{ContentHash, Errand, Place, Shelf, ShelfError};
use alloy_primitives::{Address, B256, hex};
use averment_ledger::http::{
    BindError, HttpLimits, HttpServer, PieceError, Pieces, Streamed, file, streamed,
};
use hyper::{
    HeaderMap, Method, Request, StatusCode,
    body::Bytes,
    header::{
        ACCEPT_RANGES, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, HeaderName,
        HeaderValue, RANGE, TRANSFER_ENCODING,
    },
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    io::{Seek, SeekFrom},
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use thiserror::Error;

/// Where in a file the bytes of a request begin; in an answer, how many there are.
pub(super) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
/// How many bytes the whole file has.
pub(super) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const OCTETS: &str = "application/octet-stream";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
/// Requests of one account at a time.
const AT_ONCE: usize = 2;
/// Connections at a time.
const CONNECTIONS: usize = 256;
/// For how long nothing may come.
const QUIET: Duration = Duration::from_secs(20);
/// How long one request may take; what is not done by then is taken up by the next.
const LIFE: Duration = Duration::from_secs(600);

/// Why somebody is not served.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// A file that is ready for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Its hash, and so its name.
    pub hash: ContentHash,
    /// Its length in bytes.
    pub length: u64,
}

/// Who decides whom there is what for.
pub trait Desk: Send + Sync + 'static {
    /// Whether an account may bring a package now; why not, in words for it.
    fn admits(&self, who: Address) -> Result<(), Refused>;

    /// A file has come whole.
    fn brought(&self, who: Address, hash: ContentHash);

    /// The model of a round, sealed to an account and on the outbox's shelf; none if there is none here.
    fn model(&self, round: u16, who: Address) -> Result<Option<Notice>, Refused>;
}

struct Shared {
    place: Place,
    desk: Arc<dyn Desk>,
    inbox: Shelf,
    outbox: Shelf,
    busy: Mutex<HashMap<Address, usize>>,
}

/// Takes packages and gives models; listens, but does not answer yet.
pub struct TransferServer {
    server: HttpServer,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for TransferServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TransferServer").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl TransferServer {
    /// Limits that fit files of `file` bytes.
    pub fn limits(file: u64) -> HttpLimits {
        HttpLimits {
            body: usize::try_from(file).unwrap_or(usize::MAX),
            connections: CONNECTIONS,
            head_time: QUIET,
            time: LIFE,
            ..HttpLimits::default()
        }
    }

    /// Listens on `address`, whoever can reach it. What comes is put on `inbox`, what is given lies on `outbox`.
    pub async fn bind(
        address: SocketAddr,
        limits: HttpLimits,
        place: Place,
        desk: Arc<dyn Desk>,
        inbox: Shelf,
        outbox: Shelf,
    ) -> Result<Self, BindError> {
        let server = HttpServer::bind_for_everybody(address, limits).await?;
        let busy = Mutex::default();
        Ok(Self { server, shared: Arc::new(Shared { place, desk, inbox, outbox, busy }) })
    }

    /// Where.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Answers until `stop` is done.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { server, shared } = self;
        let handler = move |request: Request<Pieces>| {
            let shared = shared.clone();
            async move { shared.answered(request).await.unwrap_or_else(|no| *no.0) }
        };
        server.run_streaming(handler, stop).await;
    }
}

/// An answer that is a refusal.
struct No(Box<Streamed>);

fn no(status: StatusCode, text: impl std::fmt::Display) -> No {
    No(Box::new(streamed(status, TEXT, format!("{text}\n"))))
}

impl From<ShelfError> for No {
    fn from(error: ShelfError) -> Self {
        let status = match &error {
            ShelfError::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            ShelfError::Busy(_) | ShelfError::Offset { .. } => StatusCode::CONFLICT,
            ShelfError::Beyond { .. } => StatusCode::BAD_REQUEST,
            ShelfError::OtherHash { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            ShelfError::Write(_) | ShelfError::Read { .. } => {
                let status = match error.is_disk_full() {
                    true => StatusCode::INSUFFICIENT_STORAGE,
                    false => StatusCode::INTERNAL_SERVER_ERROR,
                };
                // Where files lie here is nobody's business.
                tracing::warn!(%error, "a transfer failed here");
                return no(status, "it could not be kept here; try again later");
            }
        };
        let mut refused = no(status, &error);
        if let ShelfError::Offset { expected, .. } = error {
            refused.0.headers_mut().insert(UPLOAD_OFFSET, HeaderValue::from(expected));
        }
        refused
    }
}

/// One of the requests that an account has under way.
struct Turn<'a> {
    busy: &'a Mutex<HashMap<Address, usize>>,
    who: Address,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = busy.get_mut(&self.who) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                busy.remove(&self.who);
            }
        }
    }
}

impl Shared {
    async fn answered(&self, request: Request<Pieces>) -> Result<Streamed, No> {
        let (head, body) = request.into_parts();
        let path = head.uri.path().to_owned();
        let headers = &head.headers;
        if headers.contains_key(CONTENT_ENCODING) {
            return Err(no(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "nothing that is compressed or encoded is taken",
            ));
        }
        let mut parts = path.trim_start_matches('/').splitn(2, '/');
        let (kind, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let length = match (&head.method, kind) {
            (&Method::PUT | &Method::HEAD, "packages") => required(headers, &UPLOAD_LENGTH)?,
            (&Method::GET, "models" | "files") => 0,
            (_, "packages" | "models" | "files") => {
                return Err(no(StatusCode::METHOD_NOT_ALLOWED, "packages: HEAD, PUT; models, files: GET"));
            }
            _ => {
                return Err(no(
                    StatusCode::NOT_FOUND,
                    "there are /packages/HASH, /models/ROUND and /files/HASH",
                ));
            }
        };
        let errand = Errand { method: head.method.as_str(), path: &path, length };
        let who = self.who(headers, &errand)?;
        match kind {
            "models" => {
                let round =
                    name.parse().map_err(|_| no(StatusCode::NOT_FOUND, "expected the number of a round"))?;
                self.model(who, round)
            }
            "files" => {
                let _turn = self.turn(who)?;
                self.give(who, hash(name)?, headers)
            }
            _ => {
                let hash = hash(name)?;
                self.admits(who)?;
                if length > self.inbox.limits().file {
                    return Err(ShelfError::TooLong { limit: self.inbox.limits().file, got: length }.into());
                }
                if head.method == Method::HEAD {
                    return self.standing(who, &hash);
                }
                let _turn = self.turn(who)?;
                self.take(who, hash, length, headers, body).await
            }
        }
    }

    fn admits(&self, who: Address) -> Result<(), No> {
        self.desk.admits(who).map_err(|refused| no(StatusCode::FORBIDDEN, refused))
    }

    /// Who asks, by the signature.
    fn who(&self, headers: &HeaderMap, errand: &Errand<'_>) -> Result<Address, No> {
        let mut signed = headers.get_all(AUTHORIZATION).iter();
        let header = match (signed.next(), signed.next()) {
            (Some(header), None) => header.to_str().unwrap_or_default(),
            _ => "",
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        errand.signer(&self.place, header, now).map_err(|error| {
            let mut refused = no(StatusCode::UNAUTHORIZED, error);
            let scheme = HeaderValue::from_static("Averment");
            refused.0.headers_mut().insert(hyper::header::WWW_AUTHENTICATE, scheme);
            refused
        })
    }

    fn turn(&self, who: Address) -> Result<Turn<'_>, No> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let count = busy.entry(who).or_default();
        if *count >= AT_ONCE {
            return Err(no(StatusCode::TOO_MANY_REQUESTS, format!("at most {AT_ONCE} requests at a time")));
        }
        *count += 1;
        Ok(Turn { busy: &self.busy, who })
    }

    fn standing(&self, who: Address, hash: &ContentHash) -> Result<Streamed, No> {
        let (have, whole) = self.inbox.standing(who, hash)?;
        let status = if whole { StatusCode::OK } else { StatusCode::NO_CONTENT };
        Ok(at(streamed(status, OCTETS, Bytes::new()), have))
    }

    async fn take(
        &self,
        who: Address,
        hash: ContentHash,
        length: u64,
        headers: &HeaderMap,
        mut body: Pieces,
    ) -> Result<Streamed, No> {
        if headers.contains_key(TRANSFER_ENCODING) {
            return Err(no(
                StatusCode::LENGTH_REQUIRED,
                "expected Content-Length, not pieces of unknown length",
            ));
        }
        let (mut offset, coming) = (required(headers, &UPLOAD_OFFSET)?, required(headers, &CONTENT_LENGTH)?);
        if length.checked_sub(offset).is_none_or(|rest| rest < coming) {
            return Err(ShelfError::Beyond { length }.into());
        }
        let (have, whole) = self.inbox.standing(who, &hash)?;
        if whole {
            return Ok(at(streamed(StatusCode::OK, OCTETS, Bytes::new()), have));
        }
        let mut part = self.inbox.part(who, hash, length)?;
        if offset != part.have() {
            return Err(ShelfError::Offset { expected: part.have(), got: offset }.into());
        }
        loop {
            match body.next().await {
                Ok(None) => break,
                Ok(Some(piece)) => {
                    part.append(offset, &piece)?;
                    offset += piece.len() as u64;
                }
                Err(error) => {
                    let status = match error {
                        PieceError::Slow(_) => StatusCode::REQUEST_TIMEOUT,
                        PieceError::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
                        PieceError::Broken => StatusCode::BAD_REQUEST,
                    };
                    return Err(No(Box::new(at(*no(status, error).0, offset))));
                }
            }
        }
        if part.finish()? {
            self.desk.brought(who, hash);
            return Ok(at(streamed(StatusCode::CREATED, OCTETS, Bytes::new()), offset));
        }
        Ok(at(streamed(StatusCode::ACCEPTED, OCTETS, Bytes::new()), offset))
    }

    fn model(&self, who: Address, round: u16) -> Result<Streamed, No> {
        let notice = self.desk.model(round, who).map_err(|refused| no(StatusCode::FORBIDDEN, refused))?;
        let notice =
            notice.ok_or_else(|| no(StatusCode::NOT_FOUND, "there is no model of this round here"))?;
        let json =
            serde_json::to_vec(&notice).map_err(|error| no(StatusCode::INTERNAL_SERVER_ERROR, error))?;
        Ok(streamed(StatusCode::OK, JSON, json))
    }

    /// Gives what lies in the account's own folder, and so was sealed to it.
    fn give(&self, who: Address, hash: ContentHash, headers: &HeaderMap) -> Result<Streamed, No> {
        let Some((mut open, length)) = self.outbox.read(who, &hash)? else {
            return Err(no(StatusCode::NOT_FOUND, "there is no such file for you"));
        };
        let from = match headers.get(RANGE) {
            None => 0,
            Some(range) => {
                let from =
                    range.to_str().ok().and_then(|text| text.strip_prefix("bytes=")?.strip_suffix('-'));
                from.and_then(|from| from.parse().ok())
                    .ok_or_else(|| no(StatusCode::BAD_REQUEST, "expected Range: bytes=FIRST-"))?
            }
        };
        if from > length || (from == length && length > 0) {
            let mut refused = no(StatusCode::RANGE_NOT_SATISFIABLE, format!("the file has {length} bytes"));
            let range = HeaderValue::from_str(&format!("bytes */{length}"));
            refused.0.headers_mut().extend(range.ok().map(|range| (CONTENT_RANGE, range)));
            return Err(refused);
        }
        if let Err(source) = open.seek(SeekFrom::Start(from)) {
            return Err(ShelfError::Read { path: hex::encode(hash).into(), source }.into());
        }
        let status = if from == 0 { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
        let mut answer = file(status, OCTETS, open, length - from);
        let headers = answer.headers_mut();
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if from > 0 {
            let range = HeaderValue::from_str(&format!("bytes {from}-{}/{length}", length - 1));
            headers.extend(range.ok().map(|range| (CONTENT_RANGE, range)));
        }
        Ok(answer)
    }
}

fn at(mut answer: Streamed, have: u64) -> Streamed {
    answer.headers_mut().insert(UPLOAD_OFFSET, HeaderValue::from(have));
    answer
}

/// A number in a header that has to be there once.
fn required(headers: &HeaderMap, name: &HeaderName) -> Result<u64, No> {
    let mut values = headers.get_all(name).iter();
    let value = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    };
    let number = value.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    number.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let status = match *name == CONTENT_LENGTH {
            true => StatusCode::LENGTH_REQUIRED,
            false => StatusCode::BAD_REQUEST,
        };
        no(status, format!("expected one header {name} with a number"))
    })
}

fn hash(name: &str) -> Result<ContentHash, No> {
    let plain = name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let parsed = plain.then(|| name.parse::<B256>().ok()).flatten();
    parsed.ok_or_else(|| no(StatusCode::NOT_FOUND, "expected a hash of 64 digits 0-9, a-f"))
}
