//! What an audit file says from the log here.

use super::{fault, on_chain, reader, terms};
use crate::{commands::Context, exit};
use anyhow::Result;
use averment_ledger::registry::{RegistryClient, View};
use averment_registry::audit::{Evidence, LogEvidence, RecordEvidence};
use std::collections::BTreeSet;

/// The evidence for the records `indexes` of the log here, under the newest anchor that the view's block has. Each is
/// given with its salt and text, unless it was erased: an audit file discloses what it names.
///
/// A record that no such anchor covers is refused: `aver log anchor` comes first.
pub async fn evidence(
    context: &Context,
    registry: &RegistryClient,
    view: &View,
    indexes: &BTreeSet<u64>,
) -> Result<LogEvidence> {
    let log = reader(context)?;
    let terms = terms(&log, registry)?;
    on_chain(view, terms.id()).await?;
    let newest = log.anchor_before(view.block().header.number).map_err(fault::read)?;
    let Some((anchor, confirmation)) = newest else {
        return Err(exit::usage("the log has no anchor in a final block: run `aver log anchor`").into());
    };
    if let Some(&beyond) = indexes.iter().find(|&&index| index >= anchor.checkpoint.size) {
        return Err(exit::usage(format!(
            "record {beyond}: the newest anchor covers records before {}; run `aver log anchor`",
            anchor.checkpoint.size
        ))
        .into());
    }
    let slots = Evidence::anchors_slots(terms.id(), confirmation.epoch);
    let (anchors, _) = registry.ledger().prove(view.block(), terms.anchors, &slots).await?;
    let mut at = log.view_at(&anchor.note).map_err(fault::read)?;
    let records = indexes
        .iter()
        .map(|&index| at.prove(index).map(RecordEvidence::from).map_err(fault::read))
        .collect::<Result<_>>()?;
    Ok(LogEvidence {
        poster: terms.poster,
        registry: terms.registry,
        cadence: terms.cadence,
        salt: terms.salt,
        anchors,
        epoch: confirmation.epoch,
        registry_head: confirmation.registry_head,
        key: log.settings().key.to_string(),
        checkpoint: anchor.note,
        records,
    })
}
