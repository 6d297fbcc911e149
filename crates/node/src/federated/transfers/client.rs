//! The side that brings packages and fetches models, and tries again where it broke off.

use super::{ContentHash, Errand, Notice, Place, Shelf, ShelfError};
use alloy_primitives::{hex, keccak256};
use averment_ledger::{
    ConnectError, RemoteFault, Web,
    keys::{AccountKey, SignError},
};
use hyper::body::Bytes;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use thiserror::Error;

/// Longest answer in words.
const WORDS: usize = 4 << 10;

/// How patient a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For how long nothing may come.
    pub quiet: Duration,
    /// How long one request may take.
    pub whole: Duration,
    /// How often a transfer is taken up again that broke off.
    pub times: usize,
    /// How long to wait before that.
    pub again: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let [quiet, whole, again] = [20, 600, 1].map(Duration::from_secs);
        Self { quiet, whole, times: 5, again }
    }
}

/// Why a file was not brought or fetched.
#[derive(Debug, Error)]
pub enum TransferError {
    /// Not an address.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The request was not signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The server was not reached, or broke off, each time.
    #[error("{host}: {source}, {times} times")]
    Broken {
        /// The server.
        host: String,
        /// How often.
        times: usize,
        /// The last time.
        source: RemoteFault,
    },
    /// The server says no.
    #[error("{host} refuses ({status}): {why}")]
    Refused {
        /// The server.
        host: String,
        /// HTTP's status.
        status: u16,
        /// In its words.
        why: String,
    },
    /// The server says something that makes no sense.
    #[error("{host}: {why}")]
    Nonsense {
        /// The server.
        host: String,
        /// What is wrong.
        why: String,
    },
    /// What came was not kept, or is not what was asked for.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
}

impl TransferError {
    /// Whether the same again may help.
    fn is_passing(&self) -> bool {
        match self {
            Self::Broken { .. } => true,
            Self::Refused { status, .. } => matches!(status, 408 | 409 | 429 | 500 | 503),
            _ => false,
        }
    }
}

/// An account that brings and fetches.
#[derive(Debug, Clone)]
pub struct TransferClient {
    web: Web,
    place: Place,
    key: AccountKey,
    patience: Patience,
}

impl TransferClient {
    /// A client of the aggregator at `url`.
    pub fn new(url: &str, place: Place, key: AccountKey, patience: Patience) -> Result<Self, TransferError> {
        let web = Web::new(url, patience.quiet, patience.whole)?;
        Ok(Self { web, place, key, patience })
    }

    /// Brings a file; gives its hash once the server has all of it.
    pub async fn bring(&self, bytes: &Bytes) -> Result<ContentHash, TransferError> {
        let hash = keccak256(bytes);
        let path = format!("packages/{}", hex::encode(hash));
        self.again(async || self.bring_once(&path, bytes).await).await?;
        Ok(hash)
    }

    async fn bring_once(&self, path: &str, bytes: &Bytes) -> Result<(), TransferError> {
        let length = bytes.len();
        let total = ("upload-length", length.to_string());
        // A refusal comes before a byte is sent.
        let standing = self.ask("HEAD", path, length, vec![total.clone()], Bytes::new()).await?;
        if standing.status() == 200 {
            return Ok(());
        }
        let offset = standing.header("upload-offset").and_then(|text| text.parse::<usize>().ok());
        let offset = offset.filter(|offset| *offset <= length).ok_or_else(|| TransferError::Nonsense {
            host: self.host(),
            why: format!("expected it to say how many of {length} bytes it has"),
        })?;
        let headers = vec![
            total,
            ("upload-offset", offset.to_string()),
            ("content-length", (length - offset).to_string()),
        ];
        let answer = self.ask("PUT", path, length, headers, bytes.slice(offset..)).await?;
        match answer.status() {
            200 | 201 => Ok(()),
            status => Err(TransferError::Refused {
                host: self.host(),
                status,
                why: "it has not said that it has all".to_owned(),
            }),
        }
    }

    /// What there is of a round's model for this account.
    pub async fn model(&self, round: u16) -> Result<Notice, TransferError> {
        let path = format!("models/{round}");
        self.again(async || {
            let mut answer = self.ask("GET", &path, 0, Vec::new(), Bytes::new()).await?;
            let json = answer.rest(WORDS).await.map_err(|source| self.broken(source))?;
            serde_json::from_slice(&json)
                .map_err(|error| TransferError::Nonsense { host: self.host(), why: error.to_string() })
        })
        .await
    }

    /// Fetches a file into this account's folder of `shelf`, and checks it. What is there already is not fetched again.
    pub async fn fetch(&self, notice: &Notice, shelf: &Shelf) -> Result<(), TransferError> {
        let path = format!("files/{}", hex::encode(notice.hash));
        self.again(async || self.fetch_once(&path, notice, shelf).await).await
    }

    async fn fetch_once(&self, path: &str, notice: &Notice, shelf: &Shelf) -> Result<(), TransferError> {
        let account = self.key.address();
        if let (_, true) = shelf.standing(account, &notice.hash)? {
            return Ok(());
        }
        let mut part = shelf.part(account, notice.hash, notice.length)?;
        if part.have() < notice.length {
            let range = (part.have() > 0).then(|| ("range", format!("bytes={}-", part.have())));
            let mut answer = self.ask("GET", path, 0, range.into_iter().collect(), Bytes::new()).await?;
            let from = match answer.status() {
                206 => part.have(),
                _ => 0,
            };
            if from != part.have() {
                return Err(ShelfError::Offset { expected: part.have(), got: from }.into());
            }
            while let Some(piece) = answer.next().await.map_err(|source| self.broken(source))? {
                part.append(part.have(), &piece)?;
            }
        }
        match part.finish()? {
            true => Ok(()),
            false => Err(self.broken(RemoteFault::Unreachable("the file broke off".to_owned()))),
        }
    }

    fn host(&self) -> String {
        self.web.host().to_owned()
    }

    fn broken(&self, source: RemoteFault) -> TransferError {
        TransferError::Broken { host: self.host(), times: 1, source }
    }

    async fn again<T>(
        &self,
        mut once: impl AsyncFnMut() -> Result<T, TransferError>,
    ) -> Result<T, TransferError> {
        let mut tried = 1;
        loop {
            match once().await {
                Err(error) if error.is_passing() && tried < self.patience.times => {
                    tokio::time::sleep(self.patience.again * u32::try_from(tried).unwrap_or(1)).await;
                    tried += 1;
                }
                Err(TransferError::Broken { host, source, .. }) => {
                    return Err(TransferError::Broken { host, times: tried, source });
                }
                done => return done,
            }
        }
    }

    /// Asks, signed; gives what is no refusal.
    async fn ask(
        &self,
        method: &'static str,
        path: &str,
        length: usize,
        mut headers: Vec<(&'static str, String)>,
        body: Bytes,
    ) -> Result<averment_ledger::WebAnswer, TransferError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let below = format!("/{path}");
        let errand = Errand { method, path: &below, length: length as u64 };
        headers.push(("authorization", errand.sign(&self.place, &self.key, now)?));
        let mut answer =
            self.web.ask(method, path, &headers, body).await.map_err(|source| self.broken(source))?;
        let status = answer.status();
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let why = answer.rest(WORDS).await.unwrap_or_default();
        let why: String = String::from_utf8_lossy(&why)
            .trim()
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        Err(TransferError::Refused { host: self.host(), status, why })
    }
}
