//! `aver keys`: makes, imports and lists encrypted keys.

use super::Context;
use crate::{
    args::{KeyKind, KeysCommand},
    exit,
};
use anyhow::{Context as _, Result};
use averment_ledger::keys::{Cost, Identity, KeyFolder, KeyInfo, ModelKey, Password};
use averment_storage::atomic::AtomicFile;
use serde_json::{Value, json};
use std::{fmt::Write, path::Path};

pub fn run(command: &KeysCommand, context: &Context) -> Result<()> {
    let folder = KeyFolder::new(&context.config.keys_folder);
    match command {
        KeysCommand::New { name, kind } => new(name, *kind, &folder, context),
        KeysCommand::Import { name, file } if file.extension().is_some_and(|end| end == "pem") => {
            let key = ModelKey::from_pem_file(file)?;
            let password = new_password(name, context)?;
            folder.add_model_key(name, &key, &password, Cost::Standard)?;
            made(name, "imported", &key.public_key().to_string(), context)
        }
        KeysCommand::Import { name, file } => {
            let password = context.password(&format!("Password of {}: ", file.display()))?;
            let identity = folder.import(name, file, &password, Cost::Standard)?;
            made(name, "imported", &identity.to_string(), context)
        }
        KeysCommand::List => list(&folder, context),
        KeysCommand::Public { name, output } => public(name, output.as_deref(), &folder, context),
    }
}

fn new(name: &str, kind: KeyKind, folder: &KeyFolder, context: &Context) -> Result<()> {
    let password = new_password(name, context)?;
    let public = match kind {
        KeyKind::Account => folder.create_account(name, &password, Cost::Standard)?.address().to_string(),
        KeyKind::Log => {
            Identity::Log(folder.create_log_key(name, &password, Cost::Standard)?.public_key().into())
                .to_string()
        }
        KeyKind::ModelSigning => {
            folder.create_model_key(name, &password, Cost::Standard)?.public_key().to_string()
        }
    };
    made(name, "made", &public, context)
}

fn new_password(name: &str, context: &Context) -> Result<Password> {
    match &context.config.password_file {
        Some(path) => Ok(Password::from_file(path)?),
        None => Password::new_from_terminal(&format!("New password for {name}: "), "Once more: ")
            .context("a new key needs a password: type one, or name a file with --password-file"),
    }
}

fn made(name: &str, done: &str, public: &str, context: &Context) -> Result<()> {
    let folder = context.config.keys_folder.display();
    context.ui.result(
        &json!({ "name": name, "public": public }),
        format!("{done} {name}: {public}\nencrypted in {folder}; without its password nobody can recover it"),
    )
}

fn list(folder: &KeyFolder, context: &Context) -> Result<()> {
    let listing = folder.list()?;
    let shown = |key: &KeyInfo| key.identity.as_ref().map_or("not stated".to_owned(), Identity::to_string);
    let keys: Vec<Value> = listing
        .keys
        .iter()
        .map(|key| json!({ "name": key.name, "kind": key.kind.to_string(), "public": shown(key), "path": key.path }))
        .collect();
    let unreadable: Vec<String> = listing.unreadable.iter().map(ToString::to_string).collect();
    let mut words = String::new();
    for key in &listing.keys {
        writeln!(words, "{:<20} {:<20} {}", key.name, key.kind.to_string(), shown(key))?;
    }
    if listing.keys.is_empty() {
        writeln!(words, "no keys in {}; make one with `aver keys new NAME`", folder.path().display())?;
    }
    for problem in &unreadable {
        writeln!(words, "not a key: {problem}")?;
    }
    context.ui.result(&json!({ "keys": keys, "unreadable": unreadable }), words.trim_end())
}

/// As the key's file states it: the file is not opened, so no password is needed.
fn public(name: &str, output: Option<&Path>, folder: &KeyFolder, context: &Context) -> Result<()> {
    let info = folder.info(name)?;
    let identity = info.identity.with_context(|| format!("{} does not state it", info.path.display()))?;
    let text = match &identity {
        Identity::Model(key) => key.to_pem()?,
        other => format!("{other}\n"),
    };
    let mut value = json!({ "name": name, "kind": info.kind.to_string(), "public": identity.to_string() });
    if let Identity::Model(_) = identity {
        value["pem"] = text.clone().into();
    }
    let Some(output) = output else { return context.ui.result(&value, text.trim_end()) };
    let mut file = AtomicFile::create(output)?;
    file.write(text.as_bytes())?;
    file.commit_new().map_err(|error| match error.is_taken() {
        true => exit::usage(format!("{} is there already and was left as it is", output.display())).into(),
        false => anyhow::Error::from(error),
    })?;
    context.ui.result(&value, format!("{name}: {identity}\nwritten to {}", output.display()))
}
