//! `aver approve submit`: signed decisions of several people in one transaction, by anyone.
//!
//! Each is checked against the proved history first, in the order in which the contract will take them, so that
//! nothing is paid for a batch that would be refused.

use super::{check, standing};
use crate::{commands::Context, exit, names::Names, subject::Subject, workplace::now};
use anyhow::{Context as _, Result};
use averment_ledger::registry::{RegistryClient, SignedApproval, View};
use averment_primitives::{Address, ModelId, VersionId};
use averment_registry::{
    approval::{FILE_LIMIT, SignedDecision},
    history::History,
};
use averment_storage::atomic;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    io::ErrorKind,
    path::{Path, PathBuf},
};

pub async fn run(files: &[PathBuf], context: &Context) -> Result<()> {
    let decisions = files.iter().map(|file| Ok((file.as_path(), read(file)?))).collect::<Result<Vec<_>>>()?;
    let registry = context.registry().await?;
    let submitter = context.account_address()?;
    let mut batch = Batch {
        view: registry.at_final().await?,
        registry: registry.clone(),
        submitter,
        models: BTreeMap::new(),
    };
    let (mut ready, mut recorded, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (file, decision) in &decisions {
        match batch.judge(decision, context).await? {
            Verdict::Ready => ready.push((*file, decision)),
            Verdict::Recorded(entry) => recorded.push((*file, entry)),
            Verdict::Doubled => {
                context
                    .ui
                    .remark(format!("{}: the same decision is in another file; left out", file.display()));
            }
            Verdict::Refused(why) => refused.push((*file, why)),
        }
    }
    for (file, entry) in &recorded {
        context.ui.remark(format!("{}: recorded already, in entry {entry}; left out", file.display()));
    }
    if !refused.is_empty() {
        return Err(refuse(&refused, decisions.len()).into());
    }
    for (file, decision) in &ready {
        context.ui.remark(format!("{}: {}", file.display(), summary(decision)));
    }
    let value = json!({
        "submitted": ready.iter().map(|(file, decision)| described(file, decision)).collect::<Vec<_>>(),
        "recordedAlready": recorded.iter().map(|(file, entry)| json!({ "file": file, "entry": entry })).collect::<Vec<_>>(),
    });
    if ready.is_empty() {
        return context.ui.result(&value, "nothing to send: every decision is recorded already");
    }
    let signed: Vec<SignedApproval> = ready
        .iter()
        .map(|(_, decision)| SignedApproval {
            approval: decision.approval().clone(),
            signature: decision.signature().clone(),
        })
        .collect();
    let sender = context.sender(registry.ledger(), context.account()?).await?;
    let sent = registry.submit_approvals(&sender, &signed).await?;

    let after = registry.at_final().await?;
    let versions: BTreeSet<(ModelId, VersionId)> =
        signed.iter().map(|one| (one.approval.model, one.approval.version)).collect();
    let mut words = format!("submitted {} decisions", signed.len());
    let mut stand = Vec::new();
    for (model, version) in versions {
        let (value, next) = standing(&after.history(model).await?, version)?;
        words += &format!("\n{}: {next}", batch.name(model, version));
        stand.push(value);
    }
    let mut value = value;
    value["standing"] = Value::Array(stand);
    context.sent(&registry, &sent, value, words)
}

/// What the chain would do with a decision.
enum Verdict {
    /// Record it.
    Ready,
    /// Skip it: it stands in this entry.
    Recorded(u64),
    /// Skip it: another file has the same.
    Doubled,
    /// Refuse it, and the batch with it.
    Refused(String),
}

/// Decisions in the order in which they will be submitted.
struct Batch {
    registry: RegistryClient,
    view: View,
    submitter: Address,
    models: BTreeMap<ModelId, Judged>,
}

/// A model that decisions are about.
struct Judged {
    /// As it is.
    subject: Subject,
    /// As it will be after the decisions before.
    after: History,
}

impl Batch {
    async fn judge(&mut self, decision: &SignedDecision, context: &Context) -> Result<Verdict> {
        let (approval, here) = (decision.approval(), self.registry.id());
        let made_for = decision.registry();
        if made_for != here {
            return Ok(Verdict::Refused(format!(
                "it was signed for the registry {} on chain {}, this is {} on chain {}",
                made_for.address, made_for.chain_id, here.address, here.chain_id
            )));
        }
        let Some(state) = self.view.version(approval.version).await? else {
            return Ok(Verdict::Refused(format!("version {} is not registered here", approval.version)));
        };
        if state.model != approval.model {
            return Ok(Verdict::Refused(format!(
                "it says that the version is one of {:?} created by {}, but it belongs to model {}",
                decision.model_name(),
                decision.creator(),
                state.model
            )));
        }
        let Judged { subject, after } = match self.models.entry(approval.model) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let (history, blocks) = self.view.timeline(approval.model).await?;
                let (registry, view, names) = (self.registry.clone(), self.view.clone(), Names::of(context)?);
                let after = history.clone();
                unknown.insert(Judged { subject: Subject { registry, view, history, blocks, names }, after })
            }
        };
        // What the contract skips, before it looks at anything else.
        let last = after.version(approval.version).and_then(|record| record.last_decision(approval.role));
        let same = last.filter(|last| {
            last.signer == decision.signer()
                && last.approval.nonce == approval.nonce
                && last.approval.decision == approval.decision
        });
        if let Some(same) = same {
            let recorded = same.sequence <= subject.history.length();
            return Ok(if recorded { Verdict::Recorded(same.sequence) } else { Verdict::Doubled });
        }
        if let Err(refusal) = check::admit(after, approval, decision.signer(), self.submitter, now()?) {
            return Ok(Verdict::Refused(check::words(subject, approval, &refusal)));
        }
        match decision.recovered_signer() {
            Ok(recovered) if recovered == decision.signer() => Ok(Verdict::Ready),
            // Only the wallet knows whether it signed; the simulation of the transaction will ask it.
            _ if self.view.is_contract(decision.signer()).await? => Ok(Verdict::Ready),
            Ok(recovered) => Ok(Verdict::Refused(format!(
                "the signature is that of {}, not of {}, who is said to have signed: it is for another decision, or \
                 it was changed",
                subject.names.account(recovered),
                subject.names.account(decision.signer())
            ))),
            Err(error) => Ok(Verdict::Refused(format!("the signature is none: {error}"))),
        }
    }

    fn name(&self, model: ModelId, version: VersionId) -> String {
        match self.models.get(&model) {
            Some(Judged { subject, .. }) => subject.names.full_version(&subject.history, version),
            None => format!("version {version}"),
        }
    }
}

/// Reads a file; one that is no signed decision is refused, not an outside failure.
fn read(file: &Path) -> Result<SignedDecision> {
    let refused = |why: String| exit::refused(format!("{}: {why}; nothing was sent", file.display()));
    let bytes = match atomic::read(file, FILE_LIMIT as u64) {
        Err(error) if error.kind() == ErrorKind::FileTooLarge => {
            return Err(refused(format!("a signed decision has at most {FILE_LIMIT} bytes")).into());
        }
        bytes => bytes.with_context(|| format!("reading {}", file.display()))?,
    };
    Ok(SignedDecision::decode(&bytes).map_err(|error| refused(error.to_string()))?)
}

fn refuse(refused: &[(&Path, String)], of: usize) -> exit::Failure {
    let mut words = format!("{} of {of} decisions would be refused; nothing was sent", refused.len());
    for (file, why) in refused {
        words += &format!("\n  {}: {why}", file.display());
    }
    exit::refused(words)
}

fn summary(decision: &SignedDecision) -> String {
    let approval = decision.approval();
    format!(
        "{:?} of {:?} decides to {} version {}, signed by {}",
        decision.role_name(),
        decision.model_name(),
        approval.decision,
        approval.version,
        decision.signer()
    )
}

fn described(file: &Path, decision: &SignedDecision) -> Value {
    let approval = decision.approval();
    json!({
        "file": file,
        "version": approval.version,
        "role": decision.role_name(),
        "decision": approval.decision.to_string(),
        "signer": decision.signer(),
    })
}
