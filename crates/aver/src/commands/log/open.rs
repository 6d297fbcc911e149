//! `aver log open`: the log's folder, then its place on the chain.
//!
//! The terms, of which the log's id is a hash, are written down before the transaction is sent. So whenever this is
//! interrupted, the same command goes on where it was.

use super::{fault, open_writer, signer};
use crate::{args::OpenArgs, commands::Context, exit, ui};
use anyhow::{Context as _, Result};
use averment_ledger::{
    contracts::{Sender, Sent},
    registry::RegistryClient,
};
use averment_primitives::B256;
use averment_registry::{log::PaddingPolicy, version::LogTerms};
use averment_storage::log::{Log, LogSettings, LogWriter, ReadError};
use serde_json::json;

pub fn run(args: &OpenArgs, context: &Context) -> Result<()> {
    context.block_on(async {
        let registry = context.registry().await?;
        let sender = context.sender(registry.ledger(), context.account()?).await?;
        open(args, &registry, &sender, context).await?.report(context)
    })
}

/// A log that is open on the chain.
pub struct Opened {
    settings: LogSettings,
    terms: LogTerms,
    opened_at: u64,
    /// The transaction.
    pub sent: Sent,
}

/// Opens the log here, which is made if there is none.
pub async fn open(
    args: &OpenArgs,
    registry: &RegistryClient,
    sender: &Sender,
    context: &Context,
) -> Result<Opened> {
    let mut writer = folder(args, context)?;
    let view = registry.at_final().await?;
    if let Some(terms) = writer.log().settings().terms {
        let origin = writer.log().settings().origin();
        if view.log(terms.id()).await?.is_some() {
            return Err(exit::usage(format!("log {origin} is open already, under id {}", terms.id())).into());
        }
        if writer.log().newest_anchors().map_err(fault::read)?.0.is_some() {
            return Err(exit::usage(format!(
                "log {origin} was anchored by {} on chain {} before; its anchors would mean nothing on another one: \
                 begin a new log in another folder (folders.log in averment.toml)",
                terms.anchors, terms.chain_id
            ))
            .into());
        }
    }
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).context("the operating system gives no randomness")?;
    let terms = LogTerms {
        chain_id: registry.id().chain_id,
        anchors: registry.anchors(),
        poster: sender.address(),
        registry: registry.id().address,
        cadence: args.cadence,
        salt: B256::from(salt),
    };
    writer.set_terms(terms).map_err(fault::open)?;
    let (opened, opened_at, sent) = registry.open_log(sender, terms.cadence, terms.salt).await?;
    anyhow::ensure!(opened == terms, "the contract opened log {}, expected {}", opened.id(), terms.id());
    Ok(Opened { settings: writer.log().settings().clone(), terms, opened_at, sent })
}

impl Opened {
    fn report(&self, context: &Context) -> Result<()> {
        let Self { settings, terms, opened_at, sent } = self;
        context.ui.result(
            &json!({
                "log": terms.id(), "origin": settings.origin(), "key": settings.key.to_string(),
                "folder": context.config.log_folder, "cadence": terms.cadence, "openedAt": opened_at,
                "poster": terms.poster, "transaction": sent.tx, "gas": sent.gas_used(),
                "estimate": ui::estimate(&sent.quote),
            }),
            format!(
                "log {} is open, id {}\nits verifier key, to be published:\n{}\nkept in {}: public/ may be served, \
                 private/ never\nnext: `aver log append`, and `aver log anchor --follow` for an anchor every {} s",
                settings.origin(),
                terms.id(),
                settings.key,
                context.config.log_folder.display(),
                terms.cadence
            ),
        )
    }
}

/// The log of this name here, made if there is none.
fn folder(args: &OpenArgs, context: &Context) -> Result<LogWriter> {
    let folder = &context.config.log_folder;
    let password = || context.password(&format!("Password of {}: ", args.key));
    match Log::open(folder) {
        Ok(log) => {
            let settings = log.settings();
            if settings.origin() != args.origin || settings.padding.multiple != args.padding {
                return Err(exit::usage(format!(
                    "{} holds log {} with padding {} already; name another folder in averment.toml (folders.log) for \
                     {}",
                    folder.display(),
                    settings.origin(),
                    settings.padding.multiple,
                    args.origin
                ))
                .into());
            }
            open_writer(context, &super::log_key(settings, context)?)
        }
        Err(ReadError::NotALog { .. }) => {
            let key = context.keys().log_key(&args.key, &password()?).with_context(|| {
                format!("no key to sign the log; make one with `aver keys new {} --kind log`", args.key)
            })?;
            let padding = PaddingPolicy { multiple: args.padding };
            LogWriter::create(folder, signer(&args.origin, &key)?, padding).map_err(fault::open)
        }
        Err(error) => Err(fault::read(error)),
    }
}
