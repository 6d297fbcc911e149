//! Records of a log: from the anchored root down to what a leaf commits to.

use super::{
    evidence::{Evidence, LogEvidence, RecordEvidence},
    link::{BrokenLink, Checkpoint},
    verified::{Block, VerifiedLog, VerifiedRecord},
    verify::TrustPolicy,
};
use crate::{
    canonical::{self, JsonLimits},
    state::log_terms,
    version::{LogTerms, RegistryId, anchor_digest},
};
use averment_primitives::{
    B256, LogId, VersionId,
    merkle::{Sha256Tree, TreeHash},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};
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

    let checkpoint = open_checkpoint(&evidence.checkpoint, &evidence.key)
        .map_err(|fault| BrokenLink::Checkpoint { log, fault })?;
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

fn verify_record(
    log: LogId,
    record: &RecordEvidence,
    checkpoint: &OpenCheckpoint,
    lineage: &BTreeSet<VersionId>,
) -> Result<VerifiedRecord, BrokenLink> {
    let (index, size) = (record.index, checkpoint.size);
    let leaf = Sha256Tree::leaf(record.leaf.0.as_slice());
    let got = root_of_inclusion(leaf, index, size, &record.proof).ok_or(BrokenLink::InclusionShape {
        log,
        index,
        size,
    })?;
    if got != checkpoint.root {
        return Err(BrokenLink::Inclusion { log, index, expected: checkpoint.root, got });
    }
    let Some(opening) = &record.opening else {
        return Ok(VerifiedRecord { index, leaf: record.leaf, content: None });
    };
    if !record.leaf.opens_to(&opening.salt, opening.record.as_bytes()) {
        return Err(BrokenLink::RecordOpening { log, index });
    }
    let refuse = |why: String| BrokenLink::Record { log, index, why };
    let content = canonical::parse_canonical(opening.record.as_bytes(), &JsonLimits::default())
        .map_err(|error| refuse(error.to_string()))?;
    let about = content.get("version").and_then(|id| id.as_str()).map(str::parse::<VersionId>);
    match about {
        Some(Ok(version)) if lineage.contains(&version) => {}
        Some(Ok(version)) => {
            return Err(refuse(format!("it is about version {version}, not of this lineage")));
        }
        _ => return Err(refuse("it names no version".into())),
    }
    Ok(VerifiedRecord { index, leaf: record.leaf, content: Some(content) })
}

/// What a checkpoint says, its signature checked.
struct OpenCheckpoint {
    origin: String,
    size: u64,
    root: B256,
}

/// Opens a C2SP tlog-checkpoint with exactly one signature, by `key`.
fn open_checkpoint(note: &str, key: &str) -> Result<OpenCheckpoint, Checkpoint> {
    let (name, id, public) = verifier_key(key).ok_or(Checkpoint::Key)?;
    let (text, signatures) =
        note.rsplit_once("\n\n").ok_or(Checkpoint::Form("no empty line before the signature"))?;
    // The text that is signed ends with its own newline.
    let signed = [text.as_bytes(), b"\n"].concat();

    let signer = || Checkpoint::Signer { expected: name.to_owned() };
    let line =
        signatures.strip_suffix('\n').ok_or(Checkpoint::Form("the note does not end its last line"))?;
    let (by, encoded) =
        line.strip_prefix("\u{2014} ").and_then(|line| line.split_once(' ')).ok_or_else(signer)?;
    let decoded = STANDARD.decode(encoded).map_err(|_| signer())?;
    let (found_id, signature) = decoded.split_at_checked(4).ok_or_else(signer)?;
    if by != name || found_id != id {
        return Err(signer());
    }
    let bad = || Checkpoint::Signature(name.to_owned());
    let signature = Signature::from_slice(signature).map_err(|_| bad())?;
    public.verify_strict(&signed, &signature).map_err(|_| bad())?;

    let mut lines = text.split('\n');
    let (Some(origin), Some(size), Some(root), None) =
        (lines.next(), lines.next(), lines.next(), lines.next())
    else {
        return Err(Checkpoint::Form("three lines: origin, size, root"));
    };
    if origin.is_empty() {
        return Err(Checkpoint::Form("the origin is empty"));
    }
    let parsed: u64 = size.parse().map_err(|_| Checkpoint::Form("the size is no number"))?;
    if parsed.to_string() != size {
        return Err(Checkpoint::Form("the size is not in plain form"));
    }
    let root = STANDARD.decode(root).ok().and_then(|root| B256::try_from(root.as_slice()).ok());
    let root = root.ok_or(Checkpoint::Form("the root is not base64 of 32 bytes"))?;
    Ok(OpenCheckpoint { origin: origin.to_owned(), size: parsed, root })
}

/// Name, key id and Ed25519 key of a C2SP signed-note verifier key, `name+hash+base64(0x01 | key)`.
fn verifier_key(text: &str) -> Option<(&str, [u8; 4], VerifyingKey)> {
    let (name, rest) = text.split_once('+')?;
    let (stated, encoded) = rest.split_once('+')?;
    let material = STANDARD.decode(encoded).ok()?;
    let (&algorithm, bytes) = material.split_first()?;
    if algorithm != 1 || name.is_empty() || name.contains(char::is_whitespace) {
        return None;
    }
    let hash = Sha256::new().chain_update(name).chain_update(b"\n").chain_update(&material).finalize();
    let id: [u8; 4] = hash.get(..4)?.try_into().ok()?;
    if stated != format!("{:08x}", u32::from_be_bytes(id)) {
        return None;
    }
    Some((name, id, VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?))
}

/// The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2); none if its shape is wrong.
fn root_of_inclusion(leaf: B256, index: u64, size: u64, proof: &[B256]) -> Option<B256> {
    if index >= size {
        return None;
    }
    let (mut place, mut last, mut node) = (index, size.checked_sub(1)?, leaf);
    for sibling in proof {
        if last == 0 {
            return None;
        }
        if place & 1 == 1 || place == last {
            node = Sha256Tree::node(sibling, &node);
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            node = Sha256Tree::node(&node, sibling);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    (last == 0).then_some(node)
}
