//! How members of a committee hear from each other: HTTP between operators, one small message at a time ([`crate::words`]).
//!
//! Who has something to say posts it to the others' `/words`, and is answered with what they say. So it is enough if one of two
//! can reach the other, whoever was away asks again for all it missed, and a flood of posts keeps nobody from asking. Everything
//! is held in one table with a place for each member of each committee that this operator has a seat in: a message about anything
//! else is answered with an error and forgotten, and what a member says replaces what it said before. Sending goes on beside
//! the operator's work, for each peer by itself: one that is slow, gone or lies costs nothing but its own voice.

mod couriers;
mod peers;
mod table;

pub use peers::{Peers, PeersError};
pub use table::Refused;

use crate::{
    machine::{Telling, Words},
    signing::Domain,
    words,
};
use alloy_primitives::B256;
use averment_ledger::{
    ConnectError,
    http::{Answer, BindError, HttpLimits, HttpServer, answer, words as in_words},
};
use couriers::Couriers;
use hyper::{Method, Request, StatusCode, body::Bytes};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use table::Table;
use tokio::sync::Notify;

/// Where messages go.
const PATH: &str = "/words";
const JSON: &str = "application/json";
/// Connections at a time: those of sixteen members, and some more.
const CONNECTIONS: usize = 64;

/// How patient a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Within which time a peer has to answer.
    pub answer: Duration,
    /// How long until a peer is asked again that has not said everything.
    pub again: Duration,
    /// The longest that a peer is left alone that did not answer: each time twice as long.
    pub away: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let [answer, again, away] = [5, 2, 30].map(Duration::from_secs);
        Self { answer, again, away }
    }
}

/// The channel of one operator.
#[derive(Debug)]
pub struct Channel {
    table: Arc<Table>,
    news: Arc<Notify>,
    couriers: Couriers,
}

impl Channel {
    /// A channel to `peers`, but for `own`, the operator itself. It begins to send once there is something to say; call it
    /// within a runtime.
    pub fn new(domain: Domain, own: u32, peers: &Peers, patience: Patience) -> Result<Self, ConnectError> {
        let (table, news) = (Arc::new(Table::new(domain)), Arc::new(Notify::new()));
        let couriers = Couriers::new(&table, &news, own, peers, patience)?;
        Ok(Self { table, news, couriers })
    }

    /// Says this from now on, and nothing about anything else.
    pub fn tell(&self, tells: Vec<Telling<'_>>) {
        if self.table.tell(tells) {
            self.couriers.wake();
        }
    }

    /// What was heard since it was last asked: request, seat, words that were checked.
    pub fn heard(&self) -> Vec<(B256, u8, Words)> {
        self.table.take()
    }

    /// Waits until something is heard.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Listens on `address` for what the others say. Anybody may be let reach it: a message is a member's by its signatures.
    pub async fn listen(&self, address: SocketAddr) -> Result<Listener, BindError> {
        let limits = HttpLimits { body: words::LIMIT, connections: CONNECTIONS, ..HttpLimits::default() };
        let server = HttpServer::bind_for_everybody(address, limits).await?;
        Ok(Listener { server, table: self.table.clone(), news: self.news.clone() })
    }
}

/// Listens, but does not answer yet.
#[derive(Debug)]
pub struct Listener {
    server: HttpServer,
    table: Arc<Table>,
    news: Arc<Notify>,
}

impl Listener {
    /// Where.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Answers until `stop` is done.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { server, table, news } = self;
        let handler = move |request: Request<Bytes>| {
            let answer = heard(&request, &table, &news);
            async move { answer }
        };
        server.run(handler, stop).await;
    }
}

fn heard(request: &Request<Bytes>, table: &Table, news: &Notify) -> Answer {
    if request.uri().path() != PATH {
        return in_words(StatusCode::NOT_FOUND, "there is /words");
    }
    if request.method() != Method::POST {
        return in_words(StatusCode::METHOD_NOT_ALLOWED, "words are posted");
    }
    match table.asked(request.body()) {
        Ok(heard) => {
            if heard.is_new {
                news.notify_one();
            }
            answer(StatusCode::OK, JSON, heard.reply)
        }
        Err(refused) => {
            let status = match refused {
                Refused::Words(_) => StatusCode::BAD_REQUEST,
                Refused::NoSeat { .. } => StatusCode::NOT_FOUND,
                Refused::TooMany => StatusCode::TOO_MANY_REQUESTS,
            };
            in_words(status, refused.to_string())
        }
    }
}
