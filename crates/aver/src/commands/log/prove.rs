//! `aver log prove` and `aver log verify FILE`: the proof of one record, made here and checked anywhere.
//!
//! The file is a C2SP tlog-proof (docs/formats.md, "Log"). It leads to the first anchored checkpoint that covers the
//! record, or to the newest one while there is none.

use super::{fault, reader};
use crate::{args::ProveArgs, commands::Context, exit};
use anyhow::{Context as _, Result};
use averment_primitives::B256;
use averment_registry::{
    history::Text,
    log::{LogInclusion, VerifierKey},
    version::anchor_digest,
};
use averment_storage::{
    atomic::{self, AtomicFile},
    log::{Confirmation, Log, ReadError},
};
use serde_json::{Value, json};
use std::path::Path;

pub fn run(args: &ProveArgs, context: &Context) -> Result<()> {
    let log = reader(context)?;
    let anchor = log.anchor_of(args.index).map_err(fault::read)?;
    let mut view = match &anchor {
        Some(anchor) => log.view_at(&anchor.note),
        None => log.view(),
    }
    .map_err(fault::read)?;
    let mut proof = view.prove(args.index).map_err(fault::read)?;
    if args.withhold {
        proof.opening = None;
    }
    let text = proof.encode();
    if let Some(file) = &args.output {
        // It holds the record.
        let mut written = AtomicFile::create_private(file)?;
        written.write(text.as_bytes())?;
        written.commit()?;
    }
    let anchor = anchor.and_then(|anchor| anchor.confirmation);
    let value = json!({
        "index": args.index,
        "file": args.output,
        "proof": args.output.is_none().then_some(&text),
        "leaf": proof.leaf.0,
        "record": proof.opening.is_some(),
        "size": view.size(),
        "root": view.checkpoint().root,
        "key": log.settings().key.to_string(),
        "anchor": anchor.as_ref().map(|found| stored(view.checkpoint().root, found)),
    });
    let words = match &args.output {
        None => text.trim_end().to_owned(),
        Some(file) => format!(
            "wrote {}: {} {} is in the log of {} records{}\ncheck it anywhere:\n  aver log verify {} --key {}",
            file.display(),
            if proof.opening.is_some() { "record" } else { "only the leaf of record" },
            args.index,
            view.size(),
            anchor.map_or_else(
                || ", whose head is not anchored yet".to_owned(),
                |found| format!(", whose root stands on chain for epoch {}", found.epoch)
            ),
            file.display(),
            log.settings().key
        ),
    };
    context.ui.result(&value, words)
}

/// Where a root stands, and what `Anchors.anchored` answers there.
fn stored(root: B256, found: &Confirmation) -> Value {
    json!({
        "epoch": found.epoch,
        "registryHead": found.registry_head,
        "stored": anchor_digest(root, found.registry_head),
        "transaction": found.transaction,
        "block": { "number": found.block_number, "hash": found.block_hash },
    })
}

pub fn verify(file: &Path, key: Option<&VerifierKey>, context: &Context) -> Result<()> {
    let bytes = atomic::read(file, LogInclusion::MAX_BYTES as u64)
        .with_context(|| format!("reading {}", file.display()))?;
    let keys = match key {
        Some(key) => vec![key.clone()],
        None => trusted(context)?,
    };
    let refused = |why: String| exit::refused(format!("{} is refused: {why}", file.display()));
    let proof = LogInclusion::decode(&bytes).map_err(|error| refused(error.to_string()))?;
    // Whose log it claims to be decides by which keys it is judged; all of them are trusted.
    let claimed = proof.checkpoint.lines().next().unwrap_or_default();
    let named = keys.iter().find(|key| key.name() == claimed).or(keys.first()).ok_or_else(|| {
        exit::usage(
            "whose log is it? Pass its verifier key with --key, or set trust.log_keys in averment.toml",
        )
    })?;
    let verified = proof.verify(named.name(), &keys).map_err(|error| refused(error.to_string()))?;
    let record = verified.record.as_ref();
    let value = json!({
        "verified": true,
        "origin": verified.checkpoint.origin,
        "size": verified.checkpoint.size,
        "root": verified.checkpoint.root,
        "index": verified.index,
        "leaf": verified.leaf.0,
        "record": record.map(|record| record.content()),
    });
    let words = format!(
        "verified: record {} is in log {} of {} records, root {:?}\n{}",
        verified.index,
        verified.checkpoint.origin,
        verified.checkpoint.size,
        verified.checkpoint.root,
        // Whoever made the record may be hostile; the terminal gets text.
        Text::from(record.map_or("what it says is withheld or erased", |record| record.text()))
    );
    context.ui.result(&value, words)
}

/// The keys of logs that are trusted here: those in averment.toml, and the own log's.
fn trusted(context: &Context) -> Result<Vec<VerifierKey>> {
    let named = context.config.trust.log_keys.iter().map(|key| {
        key.parse().map_err(|error| exit::usage(format!("trust.log_keys in averment.toml: {error}")).into())
    });
    let mut keys = named.collect::<Result<Vec<VerifierKey>>>()?;
    match Log::open(&context.config.log_folder) {
        Ok(log) => keys.push(log.settings().key.clone()),
        Err(ReadError::NotALog { .. }) => {}
        Err(error) => return Err(fault::read(error)),
    }
    Ok(keys)
}
