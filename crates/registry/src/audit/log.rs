//! Records of a log: from the anchored root down to what a leaf commits to.

use super::{
    evidence::{Evidence, LogEvidence, RecordEvidence},
    link::BrokenLink,
    verified::{Block, VerifiedLog, VerifiedRecord},
    verify::TrustPolicy,
};
use crate::{
    log::{self, Checkpoint, CheckpointError, Note, NoteLimits, Record, VerifierKey, leaf_hash},
    state::log_terms,
    version::{LogTerms, RegistryId, anchor_digest},
};
use averment_primitives::{B256, LogId, VersionId};
use std::collections::BTreeSet;

/// Checks one log's records against the state of `block`.
pub(super) fn verify(
    evidence: &LogEvidence,
    registry: RegistryId,
    block: &Block,
    state_root: B256,
    lineage: &BTreeSet<VersionId>,
    policy: &TrustPolicy,
) -> Result<VerifiedLog, BrokenLink> {
    let terms = LogTerms {
        chain_id: registry.chain_id,
        anchors: evidence.anchors.address,
        poster: evidence.poster,
        registry: evidence.registry,
        cadence: evidence.cadence,
        salt: evidence.salt,
    };
    let log = terms.id();
    if !terms.registry.is_zero() && terms.registry != registry.address {
        return Err(BrokenLink::LogRegistry { log, expected: registry.address, got: terms.registry });
    }
    if let Some(expected) = policy.anchors.filter(|&expected| expected != terms.anchors) {
        return Err(BrokenLink::Anchors { log, expected, got: terms.anchors });
    }
    let slots = Evidence::anchors_slots(log, evidence.epoch);
    let proven = evidence
        .anchors
        .verify(state_root, terms.anchors, &slots)
        .map_err(|error| BrokenLink::AnchorsState { log, error })?;
    let &[first, second, anchored] = proven.slots.as_slice() else {
        return Err(BrokenLink::Order { list: "anchors' slots", place: proven.slots.len() });
    };
    let (poster, cadence, for_registry, opened_at) = log_terms([first, second]);
    for (field, expected, got) in [
        ("poster", poster.to_string(), terms.poster.to_string()),
        ("cadence", cadence.to_string(), terms.cadence.to_string()),
        ("registry", for_registry.to_string(), terms.registry.to_string()),
    ] {
        if expected != got {
            return Err(BrokenLink::LogTerms { log, field, expected, got });
        }
    }
    let begins = evidence.epoch.checked_mul(terms.cadence).and_then(|after| opened_at.checked_add(after));
    let Some(epoch_begins) = begins.filter(|&begins| begins <= block.timestamp) else {
        return Err(BrokenLink::Epoch { log, epoch: evidence.epoch });
    };

    let checkpoint = open_checkpoint(log, &evidence.checkpoint, &evidence.key)?;
    if !policy.log_keys.is_empty() && !policy.log_keys.contains(&evidence.key) {
        return Err(BrokenLink::LogKey { log, key: evidence.key.clone() });
    }
    let got = anchor_digest(checkpoint.root, evidence.registry_head);
    if got != anchored {
        let (epoch, expected) = (evidence.epoch, anchored);
        return Err(BrokenLink::Anchor { log, epoch, expected, got });
    }

    if let Some(place) = evidence.records.windows(2).position(|pair| match pair {
        [a, b] => a.index >= b.index,
        _ => false,
    }) {
        return Err(BrokenLink::Order { list: "records of a log", place: place.saturating_add(1) });
    }
    let records = evidence
        .records
        .iter()
        .map(|record| verify_record(log, record, &checkpoint, lineage))
        .collect::<Result<_, _>>()?;
    Ok(VerifiedLog {
        id: log,
        terms,
        opened_at,
        origin: checkpoint.origin,
        key: evidence.key.clone(),
        key_pinned: !policy.log_keys.is_empty(),
        size: checkpoint.size,
        root: checkpoint.root,
        epoch: evidence.epoch,
        epoch_begins,
        anchored_before: epoch_begins.saturating_add(terms.cadence).min(block.timestamp),
        registry_head: evidence.registry_head,
        records,
    })
}

/// Opens the checkpoint of the log that `key` names; whatever it holds must take part in the check.
fn open_checkpoint(log: LogId, note: &str, key: &str) -> Result<Checkpoint, BrokenLink> {
    let key: VerifierKey = key.parse().map_err(|error| BrokenLink::LogKeyForm { log, error })?;
    let refused = |error| BrokenLink::Checkpoint { log, error };
    let checkpoint =
        Checkpoint::open(note.as_bytes(), key.name(), std::slice::from_ref(&key)).map_err(refused)?;
    // Signatures by keys that nobody named are ignored elsewhere; here nothing is.
    let signatures = Note::decode(note.as_bytes(), &NoteLimits::default())
        .map_err(|error| refused(CheckpointError::Note(error)))?
        .signatures()
        .len();
    if signatures != 1 {
        return Err(BrokenLink::CheckpointSignatures { log, got: signatures });
    }
    Ok(checkpoint)
}

fn verify_record(
    log: LogId,
    evidence: &RecordEvidence,
    checkpoint: &Checkpoint,
    lineage: &BTreeSet<VersionId>,
) -> Result<VerifiedRecord, BrokenLink> {
    let RecordEvidence { index, leaf, proof, opening } = evidence;
    let index = *index;
    log::verify_inclusion(leaf_hash(*leaf), index, checkpoint.size, proof, checkpoint.root)
        .map_err(|error| BrokenLink::Inclusion { log, index, error })?;
    let Some(opening) = opening else {
        return Ok(VerifiedRecord { index, leaf: *leaf, record: None });
    };
    if !leaf.opens_to(&opening.salt, opening.record.as_bytes()) {
        return Err(BrokenLink::RecordOpening { log, index });
    }
    let record = Record::decode(opening.record.as_bytes()).map_err(|error| BrokenLink::Record {
        log,
        index,
        error,
    })?;
    match record.version() {
        Some(version) if lineage.contains(&version) => {
            Ok(VerifiedRecord { index, leaf: *leaf, record: Some(record) })
        }
        version => Err(BrokenLink::RecordForeign { log, index, version }),
    }
}
