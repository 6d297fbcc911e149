//! `aver log verify`: everything that is kept, and what the chain stores for its anchors.

use super::{fault, on_chain, reader, terms};
use crate::{commands::Context, exit, workplace::now};
use anyhow::Result;
use averment_registry::version::anchor_digest;
use averment_storage::log::{Log, LogReport};
use serde_json::{Map, Value, json};

/// What the chain says about the log's anchors.
struct OnChain {
    /// Anchors here that the chain has, all those confirmed.
    confirmed: u64,
    /// Epochs that the chain has an anchor for.
    count: u64,
    /// Epochs that are over and have none.
    missed: u64,
}

pub fn run(offline: bool, context: &Context) -> Result<()> {
    let log = reader(context)?;
    let bar = context.ui.count_bar("checking", log.checkpoint().map_err(fault::read)?.0.size);
    let report = log.verify(|checked| bar.set_position(checked));
    bar.finish_and_clear();
    let report = report.map_err(fault::verify)?;
    let chain = match log.settings().terms {
        Some(_) if !offline => Some(context.block_on(chain(&log, context))?),
        _ => None,
    };
    context.ui.result(&value(&log, &report, chain.as_ref()), words(&log, &report, chain.as_ref(), offline))
}

async fn chain(log: &Log, context: &Context) -> Result<OnChain> {
    let registry = context.registry().await?;
    let terms = terms(log, &registry)?;
    let view = registry.at_final().await?;
    let state = on_chain(&view, terms.id()).await?;
    let mut confirmed = 0;
    for anchor in log.anchors().map_err(fault::read)? {
        let Some(found) = &anchor.confirmation else { continue };
        let got = view.anchored(terms.id(), found.epoch).await?;
        let expected = anchor_digest(anchor.root(), found.registry_head);
        if got != Some(expected) {
            return Err(exit::refused(format!(
                "anchor {}: for epoch {} the chain should store {expected}, it stores {}",
                anchor.number,
                found.epoch,
                got.map_or("nothing".to_owned(), |got| got.to_string())
            ))
            .into());
        }
        confirmed += 1;
    }
    if confirmed > state.count {
        let message = format!("{confirmed} anchors are confirmed here, the chain counts {}", state.count);
        return Err(exit::refused(message).into());
    }
    let over = state.epoch_at(now()?.max(view.block().header.timestamp));
    let present = u64::from(view.anchored(terms.id(), over).await?.is_some());
    let missed = over.saturating_sub(state.count.saturating_sub(present));
    Ok(OnChain { confirmed, count: state.count, missed })
}

fn value(log: &Log, report: &LogReport, chain: Option<&OnChain>) -> Value {
    let kinds: Map<String, Value> =
        report.kinds.iter().map(|(kind, count)| (kind.to_string(), (*count).into())).collect();
    json!({
        "verified": true,
        "origin": log.settings().origin(),
        "key": log.settings().key.to_string(),
        "size": report.size,
        "root": report.root,
        "records": kinds,
        "erased": report.erased,
        "anchors": report.anchors,
        "chain": chain.map(|chain| json!({
            "confirmed": chain.confirmed, "anchoredEpochs": chain.count, "missedEpochs": chain.missed,
        })),
    })
}

fn words(log: &Log, report: &LogReport, chain: Option<&OnChain>, offline: bool) -> String {
    let mut words = format!(
        "verified: log {}, {} records, root {:?}\nevery record opens its leaf, every leaf is in the tree, the tree is \
         signed\n",
        log.settings().origin(),
        report.size,
        report.root
    );
    for (kind, count) in &report.kinds {
        words.push_str(&format!("  {count} of kind {kind}\n"));
    }
    if report.erased > 0 {
        words.push_str(&format!("  {} erased, each with a record that says so\n", report.erased));
    }
    match chain {
        Some(chain) => {
            words.push_str(&format!("{} anchors stand on the chain as they are kept here", chain.confirmed));
            if chain.count > chain.confirmed {
                words.push_str(&format!(
                    "\nnote: the chain has {} that are not known here; `aver log anchor` looks for those it prepared",
                    chain.count - chain.confirmed
                ));
            }
            if chain.missed > 0 {
                words.push_str(&format!("\nnote: {} epochs passed without an anchor", chain.missed));
            }
        }
        None if offline => words.push_str("the chain was not asked"),
        None => words.push_str("the log is not open on a chain: `aver log open` does that"),
    }
    words
}
