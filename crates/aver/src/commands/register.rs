//! `aver register`: from `model.toml` and files to a version on chain.

use super::{
    Context,
    federated::claim::{self, Claim},
};
use crate::{
    args::RegisterArgs,
    capture::{Capture, Places},
    exit,
    plans::PlanFolder,
    releases::{Release, ReleaseRounds, Releases},
    ui::{self, Ui},
};
use anyhow::{Context as _, Result};
use averment_ledger::{
    contracts::{SendError, Sender, Sent},
    keys::AccountKey,
    registry::RegistryClient,
};
use averment_primitives::{B256, ModelId, Salt, Signature, VersionId};
use averment_registry::{
    dsse::Envelope,
    manifest::{self, Draft, MANIFEST_LIMIT, Source, Statement},
    version::VersionContent,
};
use averment_storage::{
    atomic,
    content::pointer::Location,
    fingerprint::Listing,
    store::{Folder, Store},
};
use serde::Serialize;
use serde_json::json;
use std::{
    fmt::Write,
    fs::File,
    path::{Path, PathBuf},
};

pub fn run(args: &RegisterArgs, context: &Context) -> Result<()> {
    let Some(file) = &args.file else {
        let text = manifest::template();
        return context.ui.result(&json!({ "template": text }), text.trim_end());
    };
    let source = read(file)?;
    for location in source.locations() {
        let parsed: Result<Location, _> = location.parse();
        parsed.map_err(|error| exit::usage(format!("model.locations: {location:?}: {error}")))?;
    }
    let mut places = Places::of(file);
    if let Some(code) = &args.code {
        if !code.is_dir() {
            return Err(exit::usage(format!("--code: {} is no folder", code.display())).into());
        }
        places.code = Some(code.clone());
    }
    if args.dry_run {
        return dry_run(&source, &places, context);
    }
    context.block_on(register(args, &source, &places, context))
}

async fn register(args: &RegisterArgs, source: &Source, places: &Places, context: &Context) -> Result<()> {
    let registry = context.registry().await?;
    let model = context.model_id(&registry, args.model.as_deref().unwrap_or(source.name()))?;
    check_model(&registry, model, source).await?;
    let releases = context.releases();
    let view = registry.at_final().await?;
    if let Some(taken) = releases.registered(&view, source.name(), source.version()).await? {
        return Err(exit::usage(format!(
            "model.version: {} {} is registered already, as {taken}: give this version a number of its own",
            source.name(),
            source.version()
        ))
        .into());
    }
    let parents = parents(source, &releases, &registry).await?;
    let plan = args.plan.as_deref().map(PlanFolder::open).transpose()?;
    let claim = match (&args.task, &plan) {
        (Some(task), Some(plan)) => {
            let task_plan = args.task_plan.as_deref().map(PlanFolder::open).transpose()?;
            let package = args.package.as_deref();
            let origin = claim::Origin { plan, task_plan: task_plan.as_ref(), package };
            Some(claim::claim(task, &origin, registry.ledger(), context).await?)
        }
        _ => None,
    };
    let mut draft = Prepared::take(source, places, parents, claim, context.ui)?;
    if let Some(plan) = &plan {
        draft = draft.with_plan(plan)?;
    }
    if args.keep {
        draft.keep(&Folder::open(&context.config.store_folder)?)?;
    }
    context.ui.remark(draft.words());
    let sender = context.sender(registry.ledger(), context.account()?).await?;
    let registered = draft.register(model, &registry, &sender, &releases).await?;
    context.ui.result(&registered.json(), registered.words())
}

/// Reads `model.toml`.
pub fn read(file: &Path) -> Result<Source> {
    let bytes =
        atomic::read(file, MANIFEST_LIMIT as u64).with_context(|| format!("reading {}", file.display()))?;
    let wrong = |why: String| exit::usage(format!("{}: {why}", file.display()));
    let text = std::str::from_utf8(&bytes).map_err(|error| wrong(format!("not UTF-8: {error}")))?;
    Ok(Source::parse(text).map_err(|error| wrong(error.to_string()))?)
}

/// The statement as it would be signed now, with parents only if their ids can be told without the chain.
fn dry_run(source: &Source, places: &Places, context: &Context) -> Result<()> {
    let releases = context.releases();
    let mut parents = Vec::new();
    for parent in source.parents() {
        let known = match id(parent) {
            Some(id) => Some(id),
            None => releases.numbered(source.name(), parent)?.first().copied(),
        };
        parents.push(known.ok_or_else(|| exit::usage(no_parent(parent)))?);
    }
    let draft = Prepared::take(source, places, parents, None, context.ui)?;
    let words = serde_json::to_string_pretty(draft.statement.value()).context("writing the statement")?;
    context.ui.result(draft.statement.value(), words)
}

/// Refuses early what the contract would refuse after everything was read.
async fn check_model(registry: &RegistryClient, model: ModelId, source: &Source) -> Result<()> {
    let view = registry.at_final().await?;
    if !view.model_exists(model).await? {
        return Err(exit::refused(format!(
            "there is no model {model} ({:?} by this account): create it with `aver model create {}`, or name it \
             with --model",
            source.name(),
            source.name()
        ))
        .into());
    }
    let history = view.history(model).await?;
    if history.name().bytes().as_ref() != source.name().as_bytes() {
        return Err(exit::usage(format!(
            "model.toml is about {:?}, the model on chain is called {}",
            source.name(),
            history.name()
        ))
        .into());
    }
    Ok(())
}

/// The ids of the parents that `source` names by number or id. They must be registered.
pub async fn parents(
    source: &Source,
    releases: &Releases,
    registry: &RegistryClient,
) -> Result<Vec<VersionId>> {
    let view = registry.at_final().await?;
    let mut parents = Vec::new();
    for parent in source.parents() {
        let version = match id(parent) {
            Some(id) if view.version(id).await?.is_some() => Some(id),
            Some(_) => None,
            None => releases.registered(&view, source.name(), parent).await?,
        };
        parents.push(version.ok_or_else(|| exit::usage(no_parent(parent)))?);
    }
    Ok(parents)
}

/// The id that `parent` is, if it is no number.
fn id(parent: &str) -> Option<VersionId> {
    parent.parse().ok().filter(|_| parent.starts_with("0x"))
}

fn no_parent(parent: &str) -> String {
    format!(
        "model.parents: {parent:?} is neither a version id on this chain nor the number of a version that was \
         registered from here; write its id (0x…)"
    )
}

/// A release that is drafted and not signed.
pub struct Prepared {
    statement: Statement,
    listing: Listing,
    /// Where each entry of the listing lies.
    files: Vec<PathBuf>,
    openings: Vec<manifest::DatasetOpening>,
    rounds: Option<ReleaseRounds>,
    provable: Provable,
}

/// What a version's decisions are proved by; zeros if they cannot be.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Provable {
    weights_commitment: B256,
    plan_digest: B256,
}

/// A release that is registered.
pub struct Registered {
    /// Its id.
    pub version: VersionId,
    /// Where its manifest is kept.
    pub folder: PathBuf,
    /// The transaction.
    pub sent: Sent,
    model: ModelId,
    statement: Statement,
    listing: Listing,
    provable: Provable,
}

impl Prepared {
    /// Captures what `source` names and drafts the statement, which claims these rounds.
    pub fn take(
        source: &Source,
        places: &Places,
        parents: Vec<VersionId>,
        claim: Option<Claim>,
        ui: Ui,
    ) -> Result<Self> {
        let Capture { mut facts, listing, places: files } = Capture::take(source, places, parents, ui)?;
        let (federated, rounds) = claim.map(|claim| (claim.record, claim.kept)).unzip();
        facts.federated = federated;
        let mut failed = None;
        let drafted = source.draft(facts, &mut || {
            let mut salt = [0; 32];
            failed = failed.or(getrandom::fill(&mut salt).err());
            Salt::from_random(salt)
        });
        if let Some(error) = failed {
            return Err(error).context("the operating system gives no randomness");
        }
        let Draft { statement, openings } = drafted.map_err(|error| exit::usage(error.to_string()))?;
        Ok(Self { statement, listing, files, openings, rounds, provable: Provable::default() })
    }

    /// Puts every weight file into the store.
    fn keep(&self, store: &Folder) -> Result<()> {
        for (entry, path) in self.listing.entries().iter().zip(&self.files) {
            if path.is_file() {
                let mut file = File::open(path).with_context(|| format!("reading {}", path.display()))?;
                store.put(&mut file, entry.size)?;
            }
        }
        Ok(())
    }

    /// The same, with the plan that decisions are proved by.
    pub fn with_plan(self, plan: &PlanFolder) -> Result<Self> {
        let (weights_commitment, plan_digest) = (plan.commitment()?.identity(), plan.plan()?.digest());
        Ok(Self { provable: Provable { weights_commitment, plan_digest }, ..self })
    }

    /// What is about to be signed, for people.
    fn words(&self) -> String {
        let captured = self.statement.captured();
        let code = match &captured.code.git {
            None => "under no version control".to_owned(),
            Some(git) if git.dirty => format!("commit {} with changes that are not in it", git.commit),
            Some(git) => format!("commit {}", git.commit),
        };
        let mut words = format!(
            "{} {}\n  weights  {} in {} bytes, {:?}\n  code     {code}\n",
            self.statement.name(),
            self.statement.version(),
            match captured.artifacts.files {
                1 => "1 file".to_owned(),
                files => format!("{files} files"),
            },
            captured.artifacts.bytes,
            self.statement.artifacts_root(),
        );
        if !self.provable.plan_digest.is_zero() {
            let Provable { weights_commitment, plan_digest } = self.provable;
            // Writing into a string cannot fail.
            let _ = writeln!(words, "  plan     {plan_digest:?}, weights {weights_commitment:?}");
        }
        if let Some(rounds) = &captured.federated {
            let of = match rounds.rounds.len() {
                1 => "1 round".to_owned(),
                many => format!("{many} rounds"),
            };
            let _ = writeln!(words, "  rounds   {of} of task {}", rounds.task);
            if let Some(adoption) = &rounds.adoption {
                let (up, down) = (adoption.up, adoption.down);
                let _ =
                    writeln!(words, "  adopted  shifted by {up} bits up and {down} down, rounded; proved");
            }
        }
        for parent in self.statement.parents() {
            let _ = writeln!(words, "  parent   {parent}");
        }
        for dataset in self.statement.datasets() {
            let binding = match dataset.binding {
                manifest::DatasetBinding::Fingerprint(found) => format!("public, {:?}", found.root),
                manifest::DatasetBinding::Commitment(_) => "private, only a salted commitment".to_owned(),
            };
            let _ = writeln!(words, "  data     {}: {binding}", dataset.name);
        }
        words.trim_end().to_owned()
    }

    /// Signs the manifest with the sender's key, keeps the release, and registers it.
    ///
    /// The release is kept before the transaction is sent, so that no version can be on chain whose manifest was
    /// lost; one that certainly was not sent is forgotten again.
    pub async fn register(
        self,
        model: ModelId,
        registry: &RegistryClient,
        sender: &Sender,
        releases: &Releases,
    ) -> Result<Registered> {
        let content = VersionContent {
            manifest_digest: self.statement.digest(),
            artifacts_root: self.statement.artifacts_root(),
            weights_commitment: self.provable.weights_commitment,
            plan_digest: self.provable.plan_digest,
            parents: self.statement.parents().to_vec(),
        };
        let version = registry.id().version_id(model, &content);
        let envelope = sign(self.statement.to_envelope(), sender.key())?;
        let Self { statement, listing, openings, rounds, provable, .. } = self;
        let release = Release { envelope, statement, listing, openings, rounds };
        let folder = releases.save(version, &release)?;
        let sent = match registry.register_version(sender, model, &content).await {
            Ok((_, sent)) => sent,
            Err(error) => {
                if matches!(
                    error,
                    SendError::Refused { .. } | SendError::Declined { .. } | SendError::Funds { .. }
                ) {
                    releases.forget(version)?;
                }
                return Err(error.into());
            }
        };
        let Release { statement, listing, .. } = release;
        Ok(Registered { version, folder, sent, model, statement, listing, provable })
    }
}

/// Adds the signature of `key`'s account.
pub fn sign(mut envelope: Envelope, key: &AccountKey) -> Result<Envelope> {
    envelope.sign(key.address(), |message| -> Result<Signature> {
        Ok(Signature::from_raw_array(&key.sign_message(message)?)?)
    })?;
    Ok(envelope)
}

impl Registered {
    fn json(&self) -> serde_json::Value {
        let summary = self.listing.summary();
        json!({
            "version": self.version,
            "model": self.model,
            "name": self.statement.name(),
            "number": self.statement.version(),
            "manifestDigest": self.statement.digest(),
            "artifactsRoot": summary.root,
            "weightsCommitment": self.provable.weights_commitment,
            "planDigest": self.provable.plan_digest,
            "bytes": summary.bytes,
            "files": summary.files,
            "parents": self.statement.parents(),
            "federated": self.statement.captured().federated,
            "folder": self.folder,
            "transaction": self.sent.tx,
            "gas": self.sent.gas_used(),
            "estimate": ui::estimate(&self.sent.quote),
        })
    }

    fn words(&self) -> String {
        format!(
            "registered {} {} as\n{}\nIts manifest is kept in {}: give that to whoever is to check the version, \
             without openings.json.\nnext: its approvers run `aver approve {} --role ROLE --account KEY`",
            self.statement.name(),
            self.statement.version(),
            self.version,
            self.folder.display(),
            self.version
        )
    }
}
