//! `aver log anchor`: one padded anchor an epoch, as soon as it begins, whether or not anything was logged.
//!
//! Between anchors neither the log nor the chain is held, so that others can append meanwhile.

use super::{fault, log_key, on_chain, open_writer, reader, terms};
use crate::{
    commands::Context,
    exit,
    ui::{self, Ui},
    workplace::now,
};
use anyhow::{Result, ensure};
use averment_ledger::{
    contracts::{Anchors::AnchorsErrors as Anchors, Refusal, SendError, Sender, Sent},
    keys::{AccountKey, LogKey},
    registry::{RegistryClient, View},
};
use averment_primitives::LogId;
use averment_storage::log::{Anchor, Confirmation, LogWriter};
use serde_json::json;
use std::time::Duration;

/// How long to wait after a failure that may pass, in seconds.
const AGAIN: u64 = 5;

/// What anchoring needs a password for.
pub struct Keys {
    log: LogKey,
    account: AccountKey,
}

impl Keys {
    /// The log's key and the account that posts.
    pub fn open(context: &Context) -> Result<Self> {
        Ok(Self { log: log_key(reader(context)?.settings(), context)?, account: context.account()? })
    }
}

/// An anchor that stands on the chain.
pub struct Done {
    anchor: Anchor,
    confirmation: Confirmation,
    /// The transaction.
    pub sent: Sent,
    /// When the next epoch begins.
    next: u64,
}

/// How an attempt to anchor ended.
pub enum Round {
    /// The log is anchored for the present epoch.
    Anchored(Box<Done>),
    /// The epoch has its anchor already.
    Waits { epoch: u64, next: u64 },
}

pub fn run(context: &Context) -> Result<()> {
    let keys = Keys::open(context)?;
    match context.block_on(attempt(&keys, context))? {
        Round::Anchored(done) => done.report(context.ui),
        Round::Waits { epoch, next } => Err(exit::refused(format!(
            "epoch {epoch} is anchored already; the next one begins in {} s (--follow waits for it)",
            next.saturating_sub(now()?)
        ))
        .into()),
    }
}

/// Anchors for ever. A failure of the chain, the disk or a lock that somebody else holds is said and tried again.
pub fn follow(context: &Context) -> Result<()> {
    let keys = Keys::open(context)?;
    let mut agreed = Context { config: context.config.clone(), ui: context.ui };
    loop {
        let wait = match agreed.block_on(attempt(&keys, &agreed)) {
            Ok(Round::Anchored(done)) => {
                done.report(agreed.ui)?;
                // Whoever agreed to the first one agreed to what `--follow` says: one an epoch.
                agreed.ui = Ui { yes: true, ..agreed.ui };
                done.next.saturating_sub(now()?)
            }
            Ok(Round::Waits { next, .. }) => next.saturating_sub(now()?),
            Err(error) if passes(&error) => {
                agreed.ui.remark(format!("{error:#}; trying again in {AGAIN} s"));
                AGAIN
            }
            Err(error) => return Err(error),
        };
        std::thread::sleep(Duration::from_secs(wait.max(1)));
    }
}

/// Whether a failure may pass by itself. The chain's newest block can be of the epoch before; the contract then says
/// that this has its anchor.
fn passes(error: &anyhow::Error) -> bool {
    let early = |refusal: &Refusal| matches!(refusal, Refusal::Anchors(Anchors::AlreadyAnchored(_)));
    match error.downcast_ref::<SendError>() {
        Some(SendError::Refused { refusal, .. }) => early(refusal),
        Some(SendError::Reverted { refusal: Some(refusal), .. }) => early(refusal),
        _ => exit::code_of(error) == exit::OUTSIDE,
    }
}

async fn attempt(keys: &Keys, context: &Context) -> Result<Round> {
    let registry = context.registry().await?;
    let sender = context.sender(registry.ledger(), keys.account.clone()).await?;
    round(keys, &registry, &sender, context).await
}

/// Anchors the log for the present epoch, unless it has its anchor.
pub async fn round(
    keys: &Keys,
    registry: &RegistryClient,
    sender: &Sender,
    context: &Context,
) -> Result<Round> {
    let mut writer = open_writer(context, &keys.log)?;
    let terms = terms(writer.log(), registry)?;
    let view = registry.at_final().await?;
    let state = on_chain(&view, terms.id()).await?;
    settle(&mut writer, &view, terms.id()).await?;

    let epoch = state.epoch_at(now()?.max(view.block().header.timestamp));
    if view.anchored(terms.id(), epoch).await?.is_some() {
        return Ok(Round::Waits { epoch, next: state.begins(epoch + 1) });
    }
    let anchor = writer.prepare_anchor().map_err(fault::anchor)?;
    let (anchored, sent) = registry.anchor(sender, terms.id(), anchor.root()).await?;
    ensure!(anchored.root == anchor.root(), "anchored {}, expected {}", anchored.root, anchor.root());
    let confirmation = Confirmation {
        epoch: anchored.epoch,
        registry_head: anchored.registry_head,
        transaction: sent.tx,
        block_number: sent.block.header.number,
        block_hash: sent.block.hash,
    };
    writer.anchored(anchor.number, confirmation.clone()).map_err(fault::anchor)?;
    let next = state.begins(anchored.epoch + 1);
    Ok(Round::Anchored(Box::new(Done { anchor, confirmation, sent, next })))
}

/// Notes which of the anchors that were prepared are on the chain: a crash may have hidden that.
async fn settle(writer: &mut LogWriter, view: &View, log: LogId) -> Result<()> {
    let (newest, unconfirmed) = writer.log().newest_anchors().map_err(fault::read)?;
    if unconfirmed.is_empty() {
        return Ok(());
    }
    let from = newest.and_then(|anchor| anchor.confirmation).map_or(0, |found| found.block_number);
    let events = view.anchors_of(log, from).await?;
    for anchor in unconfirmed {
        if let Some(event) = events.iter().find(|event| event.anchored.root == anchor.root()) {
            let confirmation = Confirmation {
                epoch: event.anchored.epoch,
                registry_head: event.anchored.registry_head,
                transaction: event.transaction,
                block_number: event.block_number,
                block_hash: event.block_hash,
            };
            writer.anchored(anchor.number, confirmation).map_err(fault::anchor)?;
        }
    }
    Ok(())
}

impl Done {
    fn report(&self, ui: Ui) -> Result<()> {
        let Self { anchor, confirmation, sent, .. } = self;
        ui.result(
            &json!({
                "epoch": confirmation.epoch, "root": anchor.root(), "size": anchor.checkpoint.size,
                "registryHead": confirmation.registry_head, "transaction": confirmation.transaction,
                "block": { "number": confirmation.block_number, "hash": confirmation.block_hash },
                "gas": sent.gas_used(), "estimate": ui::estimate(&sent.quote),
            }),
            format!(
                "epoch {}: {} records, root {:?}, {} gas",
                confirmation.epoch,
                anchor.checkpoint.size,
                anchor.root(),
                sent.gas_used()
            ),
        )
    }
}
