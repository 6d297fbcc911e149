//! `aver export` and `aver import`: signatures of other tools' formats, made and checked.

use super::Context;
use crate::{
    args::{ExportCommand, ExportOmsArgs, ImportCommand, ImportOmsArgs},
    exit,
    ui::Ui,
};
use anyhow::{Context as _, Result};
use averment_ledger::keys::{KeyKind, ModelKey};
use averment_storage::{
    atomic,
    formats::oms::{
        self, Coverage, Differences, ExportOptions, GIT_PATHS, ImportError, ImportOptions, Method, PublicKey,
    },
};
use std::{convert::Infallible, fmt::Write, path::Path};

/// The PEM of a public key has about 180 bytes.
const KEY_BYTES: u64 = 64 * 1024;

pub fn export(command: &ExportCommand, context: &Context) -> Result<()> {
    let ExportCommand::Oms(args) = command;
    let key = signing_key(&args.key, context)?;
    let public = PublicKey::from_pem(&key.public_key().to_pem()?)?;
    let signed = context.ui.reading(&args.path, |progress| {
        let sign = |message: &[u8]| Ok::<_, Infallible>(key.sign(message));
        oms::export(&args.path, &args.output, &export_options(args), &public, Some(progress), sign)
    })?;
    let words = format!("signed {}\nbundle  {}", words(&signed)?, args.output.display());
    let mut value = serde_json::to_value(&signed)?;
    value["bundle"] = args.output.display().to_string().into();
    context.ui.result(&value, words)
}

fn export_options(args: &ExportOmsArgs) -> ExportOptions {
    let git = GIT_PATHS.iter().filter(|_| !args.sign_git_paths).map(|path| (*path).to_owned());
    ExportOptions {
        hash: args.hash.into(),
        method: args.shard_size.map_or(Method::Files, Method::Shards),
        follow_symlinks: args.follow_symlinks,
        ignore: git.chain(args.ignore.iter().cloned()).collect(),
        threads: None,
    }
}

/// A key of the key folder by its name, or a PEM file that another tool made.
fn signing_key(key: &Path, context: &Context) -> Result<ModelKey> {
    let text = key.to_string_lossy();
    if text.contains('/') || text.ends_with(".pem") {
        return Ok(ModelKey::from_pem_file(key)?);
    }
    let folder = context.keys();
    // Before anybody types a password.
    let kind = folder.info(&text)?.kind;
    if kind != KeyKind::P256 {
        return Err(exit::usage(format!(
            "{text} is a key of the kind {kind}, one of the kind {} is needed: \
             make it with `aver keys new NAME --kind model-signing`",
            KeyKind::P256
        ))
        .into());
    }
    let password = context.password(&format!("Password of {text}: "))?;
    Ok(folder.model_key(&text, &password)?)
}

pub fn import(command: &ImportCommand, ui: Ui) -> Result<()> {
    let ImportCommand::Oms(args) = command;
    let pem = atomic::read_text(&args.key, KEY_BYTES)
        .with_context(|| format!("reading the public key {}", args.key.display()))?;
    let key = PublicKey::from_pem(&pem).with_context(|| args.key.display().to_string())?;
    let options = ImportOptions { ignore: args.ignore.clone(), threads: None };
    let checked = ui.reading(&args.path, |progress| {
        oms::import(&args.path, &args.signature, &options, &key, Some(progress))
    });
    match checked {
        Ok(found) => {
            ui.result(&found, format!("{} is what was signed: {}", args.path.display(), words(&found)?))
        }
        Err(ImportError::Differs { differences, .. }) => Err(differs(args, &differences)?.into()),
        Err(error) => Err(error.into()),
    }
}

/// Every difference by its name, however many there are.
fn differs(args: &ImportOmsArgs, differences: &Differences) -> Result<exit::Failure> {
    let mut words = format!("{} is not what was signed in {}", args.path.display(), args.signature.display());
    for (what, paths) in [
        ("changed", &differences.changed),
        ("missing", &differences.missing),
        ("not signed", &differences.unsigned),
        ("symbolic link", &differences.links),
    ] {
        for path in paths {
            write!(words, "\n  {what}: {path:?}")?;
        }
    }
    Ok(exit::refused(words))
}

fn words(coverage: &Coverage) -> Result<String> {
    let Coverage { name, digest, key, hash, shard_bytes, files, bytes, ignored, empty } = coverage;
    let mut words = format!("{files} files, {bytes} bytes");
    if let Some(shard) = shard_bytes {
        write!(words, " in pieces of {shard} bytes")?;
    }
    write!(words, ", {hash}\nname    {name:?}\ndigest  {digest:x}\nkey     {key:x} (SHA-256 of its PEM)")?;
    for path in ignored {
        write!(words, "\nnot covered, because ignored: {path:?}")?;
    }
    for path in empty {
        write!(words, "\nnot covered, because without bytes: {path:?}")?;
    }
    Ok(words)
}
