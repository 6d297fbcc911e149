//! `aver log`: the append-only log of runs and decisions.

pub mod anchor;
pub mod append;
pub mod evidence;
mod fault;
pub mod open;
mod prove;
mod verify;

pub use fault::read as read_fault;

use super::Context;
use crate::{args::LogCommand, exit, workplace::now};
use anyhow::{Context as _, Result};
use averment_ledger::{
    keys::{Identity, LogKey},
    registry::{LogState, RegistryClient, View},
};
use averment_primitives::LogId;
use averment_registry::{
    log::{CheckpointKey, Record},
    version::LogTerms,
};
use averment_storage::log::{Log, LogSettings, LogWriter};
use serde_json::json;

pub fn run(command: &LogCommand, context: &Context) -> Result<()> {
    match command {
        LogCommand::Open(args) => open::run(args, context),
        LogCommand::Append(args) => append::run(args, context),
        LogCommand::Prove(args) => prove::run(args, context),
        LogCommand::Verify(args) => match &args.proof {
            Some(file) => prove::verify(file, args.key.as_ref(), context),
            None => verify::run(args.offline, context),
        },
        LogCommand::Anchor { follow: true } => anchor::follow(context),
        LogCommand::Anchor { follow: false } => anchor::run(context),
        LogCommand::Erase { index } => erase(*index, context),
    }
}

/// The log here, to read.
pub fn reader(context: &Context) -> Result<Log> {
    Log::open(&context.config.log_folder).map_err(fault::read)
}

/// Appends one record to the log here; its index.
pub fn append_record(record: &Record, context: &Context) -> Result<u64> {
    let indexes = writer(context)?.append(std::slice::from_ref(record)).map_err(fault::append)?;
    Ok(indexes.start)
}

/// The log here, to write to; asks for the password of its key.
fn writer(context: &Context) -> Result<LogWriter> {
    let log = reader(context)?;
    open_writer(context, &log_key(log.settings(), context)?)
}

fn open_writer(context: &Context, key: &LogKey) -> Result<LogWriter> {
    let origin = reader(context)?.settings().origin().to_owned();
    LogWriter::open(&context.config.log_folder, signer(&origin, key)?).map_err(fault::open)
}

/// The terms under which the log is anchored, which must be those of the contracts in use.
pub fn terms(log: &Log, registry: &RegistryClient) -> Result<LogTerms> {
    let settings = log.settings();
    let terms = settings.terms.ok_or_else(|| {
        exit::usage(format!("log {0} is not open on a chain: run `aver log open {0}`", settings.origin()))
    })?;
    let (anchors, chain_id) = (registry.anchors(), registry.id().chain_id);
    if (terms.anchors, terms.chain_id) != (anchors, chain_id) {
        return Err(exit::usage(format!(
            "log {} is anchored by {} on chain {}, the contracts in use are anchors {anchors} on chain {chain_id}",
            settings.origin(),
            terms.anchors,
            terms.chain_id
        ))
        .into());
    }
    Ok(terms)
}

/// What the chain says about the log, which must be open there.
async fn on_chain(view: &View, log: LogId) -> Result<LogState> {
    let state = view.log(log).await?;
    Ok(state.ok_or_else(|| {
        exit::usage(format!(
            "the chain knows no log {log} in block {}: run `aver log open` (again), or wait until it is final",
            view.block().header.number
        ))
    })?)
}

/// The key that signs the log's checkpoints: the one in the key folder with its public key, whatever it is called.
fn log_key(settings: &LogSettings, context: &Context) -> Result<LogKey> {
    let folder = context.keys();
    let public = Identity::Log(settings.key.public_key().into());
    let found = folder.list()?.keys.into_iter().find(|key| key.identity.as_ref() == Some(&public));
    let name = found.map(|key| key.name).ok_or_else(|| {
        exit::usage(format!(
            "the key that signs log {}, {public}, is not in {}: put its file back there",
            settings.origin(),
            folder.path().display()
        ))
    })?;
    let password = context.password(&format!("Password of {name}: "))?;
    Ok(folder.log_key(&name, &password)?)
}

fn signer(origin: &str, key: &LogKey) -> Result<CheckpointKey> {
    let signs = key.clone();
    let signer = CheckpointKey::new(origin, &key.public_key(), move |text| signs.sign(text));
    Ok(signer.map_err(|error| exit::usage(error.to_string()))?)
}

fn erase(index: u64, context: &Context) -> Result<()> {
    let ui = context.ui;
    ui.confirm(&format!("Record {index} cannot be had back. Erase it?"))?;
    let mut writer = writer(context)?;
    let recorded = writer.erase(index, now()?).map_err(fault::erase)?;
    let size = writer.log().checkpoint().context("reading the log's head")?.0.size;
    ui.result(
        &json!({ "erased": index, "recorded": recorded, "size": size }),
        format!(
            "erased record {index}; record {recorded} says so. Its leaf and every proof stay valid.\nWhat backups, \
             snapshots and the disk itself still hold is beyond a program's reach."
        ),
    )
}
