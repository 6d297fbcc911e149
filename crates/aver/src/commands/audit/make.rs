//! `aver audit VERSION`: gathers a version's lineage, histories and proofs into one file, and draws its page.

use super::verify;
use crate::{
    args::{AuditArgs, WithArgs},
    commands::{Context, log},
    desk::Desk,
    exit,
    mathematics::Checker,
    plans::PlanFolder,
    releases::{ReleaseRounds, Releases},
};
use anyhow::{Context as _, Result, ensure};
use averment_ledger::{
    contracts::TaskContracts,
    registry::{Dossier, RegistryClient, View},
};
use averment_node::federated::points;
use averment_primitives::{Address, ModelId, VersionId};
use averment_registry::{
    audit::{
        DecisionEvidence, Opening, RoundsEvidence, TrustPolicy, TrustedBlockHash, VectorsEvidence, Verified,
        VersionEvidence, page,
    },
    federated::TaskCode,
    manifest::{DatasetOpening, FederatedRounds},
};
use averment_storage::atomic;
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// The most versions that a lineage may have; what verifying takes by default.
const LINEAGE_LIMIT: usize = 1024;

pub fn run(args: &AuditArgs, context: &Context) -> Result<()> {
    let (Some(version), Some(output)) = (&args.version, &args.output) else {
        return Err(exit::usage("expected a version, and a file to write with -o").into());
    };
    context.block_on(async {
        let registry = context.registry().await?;
        let version = context.version_id(&registry, version).await?;
        let releases = releases(&args.with, context);
        let records = args.with.records.iter().copied().collect();
        let disclose = &args.with.disclose;
        let task_plans = &args.with.task_plans;
        let order = Order { version, releases: &releases, disclose, task_plans, records, decision: None };
        let made = order.fill(&registry, output, context).await?;
        let block = made.verified.block();
        let value = json!({
            "version": version,
            "file": output,
            "page": made.page,
            "block": { "hash": block.hash, "number": block.number, "timestamp": block.timestamp },
            "chainId": registry.id().chain_id,
            "registry": registry.id().address,
            "anchors": registry.anchors(),
            "embedded": block.embedded,
        });
        let words = format!(
            "wrote {} and its page {}\nit is proved from block {} of chain {}, whose hash the reader must have from \
             elsewhere:\n  aver audit verify {} --block-hash {:?} --registry {}{}",
            output.display(),
            made.page.display(),
            block.number,
            registry.id().chain_id,
            output.display(),
            block.hash,
            registry.id().address,
            if block.embedded {
                "\nThis chain is one operator's word: the file proves nothing to a third party."
            } else {
                ""
            }
        );
        context.ui.result(&value, words)
    })
}

/// Where manifests are looked for.
pub fn releases(with: &WithArgs, context: &Context) -> Vec<Releases> {
    std::iter::once(context.releases()).chain(with.releases.iter().map(Releases::new)).collect()
}

/// What an audit file is to hold.
pub struct Order<'a> {
    /// The version that it is about.
    pub version: VersionId,
    /// Where manifests are looked for.
    pub releases: &'a [Releases],
    /// Names of the version's private datasets that the reader may see.
    pub disclose: &'a [String],
    /// Plans that tasks of the lineage started from.
    pub task_plans: &'a [PathBuf],
    /// Indexes of the records in the log here that the reader may see.
    pub records: BTreeSet<u64>,
    /// The decision that it is about, as of the block that is given with it; none if it is about the version alone.
    pub decision: Option<(View, DecisionEvidence)>,
}

/// An audit file that was written and verified.
pub struct Made {
    /// What it proves.
    pub verified: Verified,
    /// Where its page is.
    pub page: PathBuf,
}

impl Order<'_> {
    /// Writes the file to `output` and its page beside it, once both are verified as a reader would.
    pub async fn fill(mut self, registry: &RegistryClient, output: &Path, context: &Context) -> Result<Made> {
        let page = output.with_extension("html");
        ensure!(page != output, exit::usage("the file cannot end in .html: that is its page's name"));
        let (view, decision) = match self.decision.take() {
            Some((view, decision)) => (view, Some(decision)),
            None => (registry.at_final().await?, None),
        };
        let lineage = lineage(&view, self.version).await?;
        let (versions, mut claims) = self.versions(lineage.keys().copied())?;
        let models = lineage.into_values().collect();
        let mut logs = Vec::new();
        if !self.records.is_empty() {
            logs.push(log::evidence::evidence(context, registry, &view, &self.records).await?);
        }
        let factory = factory(context)?;
        let task_plans = self.task_plans.iter().map(|path| PlanFolder::open(path));
        let task_plans = task_plans.collect::<Result<Vec<_>>>()?;
        let mut rounds = Vec::new();
        for version in versions.keys() {
            let (claim, kept) = claims.remove(version).unwrap_or_default();
            let difference = |to: &[u8], from: &[u8]| points::difference(to, from).ok();
            let claimed = claim.map(|claim| claim.task);
            let Some(mut own) = view.rounds(factory, *version, claimed, difference).await? else { continue };
            let (vectors, adoption) = kept.map(|kept| (kept.vectors, kept.adoption)).unwrap_or_default();
            own.vectors = match vectors {
                Some(vectors) => Some(vectors),
                None => vectors_of(&own, &task_plans)?,
            };
            if own.vectors.is_none() {
                // Without, nobody could check them.
                own.proofs.clear();
            }
            own.adoption = adoption;
            own.token = Desk::on(context, registry.ledger()).await.ok().map(|desk| desk.told());
            rounds.push(own);
        }
        let dossier = Dossier { subject: self.version, models, versions, logs, decision, rounds };
        let evidence = view.evidence(dossier).await?;
        let policy = TrustPolicy {
            chain_id: Some(registry.id().chain_id),
            registry: Some(registry.id().address),
            anchors: Some(registry.anchors()),
            // The one of the deployment that is recorded here.
            tasks: factory,
            router: evidence.decision.as_ref().map(|decision| decision.router.address),
            ..TrustPolicy::default()
        };
        let bytes = evidence.encode()?;
        let block = TrustedBlockHash(view.block().hash);
        let verified = verify::bytes(&bytes, block, &policy, &Checker::new(context)).map_err(|link| {
            exit::refused(format!("this would not verify, so nothing was written: {link}"))
        })?;
        atomic::write(output, &bytes)?;
        atomic::write(&page, page::render(&verified).as_bytes())?;
        Ok(Made { verified, page })
    }

    /// The manifest and files of each version; everything that is missing is named at once.
    fn versions(
        &self,
        lineage: impl Iterator<Item = VersionId>,
    ) -> Result<(BTreeMap<VersionId, VersionEvidence>, Claims)> {
        let (mut versions, mut missing) = (BTreeMap::new(), Vec::new());
        let mut claims = Claims::new();
        for version in lineage {
            let mut found = None;
            for releases in self.releases {
                found = found.or(releases.load(version)?);
            }
            let Some(release) = found else {
                missing.push(version.to_string());
                continue;
            };
            let openings =
                if version == self.version { self.disclosed(&release.openings)? } else { Vec::new() };
            let manifest =
                serde_json::from_slice(&release.envelope.encode()?).context("encoding a manifest")?;
            let artifacts = Some(release.listing.entries().to_vec());
            claims.insert(version, (release.statement.captured().federated.clone(), release.rounds));
            versions.insert(version, VersionEvidence { version, manifest, artifacts, openings });
        }
        if missing.is_empty() {
            return Ok((versions, claims));
        }
        Err(exit::usage(format!(
            "the manifests of these versions are not here:\n  {}\nask whoever registered them for their folders \
             (manifest.json and artifacts.json) and name the folder that holds them with --releases",
            missing.join("\n  ")
        ))
        .into())
    }

    /// The openings of the datasets that the reader may see.
    fn disclosed(&self, openings: &[DatasetOpening]) -> Result<Vec<Opening>> {
        let mut disclosed = Vec::new();
        for name in self.disclose {
            let opening = openings.iter().find(|opening| opening.name == *name).ok_or_else(|| {
                let names: Vec<&str> = openings.iter().map(|opening| opening.name.as_str()).collect();
                exit::usage(format!(
                    "--disclose {name:?}: no opening of such a dataset is here; there are {names:?}"
                ))
            })?;
            disclosed.push(Opening {
                commitment: opening.commitment,
                salt: opening.salt.clone(),
                data: opening.data()?.into(),
            });
        }
        Ok(disclosed)
    }
}

/// Of each version the rounds that its manifest claims, and what is kept of them.
type Claims = BTreeMap<VersionId, (Option<FederatedRounds>, Option<ReleaseRounds>)>;

/// What the vectors of a task are, if one of these plans is the one that it started from.
fn vectors_of(rounds: &RoundsEvidence, plans: &[PlanFolder]) -> Result<Option<VectorsEvidence>> {
    let code = TaskCode::decode(&rounds.code)?;
    for folder in plans {
        let plan = folder.plan()?;
        if plan.digest() == code.terms.plan {
            let layout = folder.layout()?;
            return Ok(Some(VectorsEvidence { plan: plan.encode().into(), layout: layout.encode().into() }));
        }
    }
    Ok(None)
}

/// What creates tasks of federated learning, if that is recorded here for the configured chain.
fn factory(context: &Context) -> Result<Option<Address>> {
    let file = &context.config.tasks_file;
    Ok(if file.exists() { Some(TaskContracts::load(file)?.tasks.address) } else { None })
}

/// The version and all its ancestors, each with its model.
async fn lineage(view: &View, version: VersionId) -> Result<BTreeMap<VersionId, ModelId>> {
    let (mut found, mut open) = (BTreeMap::new(), BTreeSet::from([version]));
    while let Some(next) = open.pop_first() {
        let state = view.version(next).await?.ok_or_else(|| {
            exit::refused(format!(
                "there is no version {next} on chain {} in registry {}",
                view.registry_id().chain_id,
                view.registry_id().address
            ))
        })?;
        found.insert(next, state.model);
        if found.len() > LINEAGE_LIMIT {
            return Err(exit::refused(format!("more than {LINEAGE_LIMIT} versions in the lineage")).into());
        }
        let parents = view.content(next).await?.parents;
        open.extend(parents.into_iter().filter(|parent| !found.contains_key(parent)));
    }
    Ok(found)
}
