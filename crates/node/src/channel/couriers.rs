//! One courier for each peer: sends what there is to say, takes back what the peer says, and leaves one alone for a while that
//! does not answer.

use super::{PATH, Patience, Peers, table::Table};
use crate::words;
use alloy_primitives::B256;
use averment_ledger::{ConnectError, Post};
use std::{collections::HashMap, sync::Arc, time::Instant};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};
use tracing::debug;

/// All of them. They stop when this is dropped.
#[derive(Debug)]
pub(super) struct Couriers {
    wake: watch::Sender<()>,
    _tasks: JoinSet<()>,
}

impl Couriers {
    pub(super) fn new(
        table: &Arc<Table>,
        news: &Arc<Notify>,
        own: u32,
        peers: &Peers,
        patience: Patience,
    ) -> Result<Self, ConnectError> {
        let (wake, woken) = watch::channel(());
        let mut tasks = JoinSet::new();
        for (operator, url) in peers.iter().filter(|(operator, _)| *operator != own) {
            let post = Post::new(&format!("{}{PATH}", url.trim_end_matches('/')), patience.answer)?;
            let (table, news, woken) = (table.clone(), news.clone(), woken.clone());
            let courier = Courier { operator, post, table, news, patience, told: HashMap::new() };
            tasks.spawn(courier.run(woken));
        }
        Ok(Self { wake, _tasks: tasks })
    }

    /// There is something new to say.
    pub(super) fn wake(&self) {
        self.wake.send_replace(());
    }
}

struct Courier {
    operator: u32,
    post: Post,
    table: Arc<Table>,
    news: Arc<Notify>,
    patience: Patience,
    /// Of which request which version was told when.
    told: HashMap<B256, (u64, Instant)>,
}

impl Courier {
    async fn run(mut self, mut woken: watch::Receiver<()>) {
        let mut away = self.patience.again;
        loop {
            if self.round().await {
                away = self.patience.again;
                tokio::select! {
                    changed = woken.changed() => if changed.is_err() { return },
                    () = tokio::time::sleep(self.patience.again) => {}
                }
            } else {
                tokio::time::sleep(away).await;
                away = (away * 2).min(self.patience.away);
            }
        }
    }

    /// Sends what is due; whether the peer answers at all.
    async fn round(&mut self) -> bool {
        let letters = self.table.letters(self.operator);
        self.told.retain(|request, _| letters.iter().any(|letter| letter.request == *request));
        for letter in letters {
            if let Some((version, when)) = self.told.get(&letter.request)
                && *version == letter.version
                && (self.table.is_complete(&letter.request) || when.elapsed() < self.patience.again / 2)
            {
                continue;
            }
            let (status, reply) = match self.post.send(letter.body, words::LIMIT).await {
                Ok(answered) => answered,
                Err(why) => {
                    debug!(operator = self.operator, %why, "a peer does not answer");
                    return false;
                }
            };
            if status != 200 {
                // It does not know of the committee yet, or has no time.
                debug!(operator = self.operator, status, "a peer does not hear");
                continue;
            }
            self.told.insert(letter.request, (letter.version, Instant::now()));
            match self.table.answered(letter.request, letter.to, &reply) {
                Ok(true) => self.news.notify_one(),
                Ok(false) => {}
                Err(why) => debug!(operator = self.operator, %why, "what a peer says does not check"),
            }
            tokio::task::yield_now().await;
        }
        true
    }
}
