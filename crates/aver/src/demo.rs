//! `aver demo`: the story on real data, on a fresh chain inside this process, with the code that production runs.
//!
//! Two versions of a breast-cancer model (569 records, trained by `examples/breast_cancer/train.py`) are registered,
//! approved by two of three roles and deployed; the old one retires; an audit file is written, verified
//! offline, and a tampered copy is refused. The data are inside the program, so it runs in any folder.

mod model;

use crate::{args::DemoArgs, exit, ui::Ui, workplace::now};
use anyhow::{Context as _, Result, ensure};
use averment_ledger::{
    Ledger,
    contracts::{Deployment, ModelRegistry, Profile, Sender, Sent},
    embedded::{Genesis, SystemClock},
    fees::PriceBook,
    keys::{AccountKey, development},
    registry::{Dossier, RegistryClient},
};
use averment_primitives::{B256, ModelId, RoleId, U256, VersionId};
use averment_registry::{
    approval::{Approval, Decision, SigningContext},
    audit::{self, Evidence, Limits, TrustPolicy, TrustedBlockHash, VersionEvidence, page},
    version::{RegistryId, VersionContent},
};
use averment_storage::atomic;
use model::Release;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    path::{Path, PathBuf},
};

const MODEL: &str = "breast-cancer-triage";
const ROLES: [&str; 3] = ["medical", "risk", "legal"];
const THRESHOLD: u8 = 2;
const DAY: u64 = 24 * 60 * 60;

/// Runs the demo in a new folder.
pub fn run(args: &DemoArgs, ui: Ui) -> Result<()> {
    let folder = args.folder.clone().unwrap_or_else(|| PathBuf::from("averment-demo"));
    if folder.exists() {
        return Err(exit::usage(format!(
            "{} is there already: remove it, or choose another with --folder",
            folder.display()
        ))
        .into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(story(&folder, ui))
}

async fn story(folder: &Path, ui: Ui) -> Result<()> {
    ui.say("Averment's demo: a chain inside this program, real models, the code that production runs.\n");
    let mut stage = Stage::open(folder, ui).await?;

    ui.say(format!("1. A model whose versions need {THRESHOLD} of {}", ROLES.join(", ")));
    let model = stage.create_model().await?;

    ui.say("\n2. Two versions, each with its manifest and weights");
    let (first, first_evidence) = stage.release(model, Release::first(), Vec::new(), &[0, 1]).await?;
    let (second, second_evidence) = stage.release(model, Release::second(), vec![first], &[0, 2]).await?;
    let retire = ModelRegistry::retireCall { versionId: first.0, reason: "replaced by 2.0.0".to_owned() };
    stage.send("retire version 1.0.0", &retire).await?;

    ui.say("\n3. The audit file");
    let view = RegistryClient::open(&stage.ledger, &stage.deployment).await?.at_final().await?;
    let block = view.block();
    let dossier = Dossier {
        subject: second,
        models: BTreeSet::from([model]),
        versions: BTreeMap::from([(first, first_evidence), (second, second_evidence)]),
        logs: Vec::new(),
    };
    let evidence = view.evidence(dossier).await?;
    let file = folder.join("audit.json");
    atomic::write(&file, &evidence.encode()?)?;
    let policy = TrustPolicy {
        chain_id: Some(stage.registry.chain_id),
        registry: Some(stage.registry.address),
        ..TrustPolicy::default()
    };
    let verified = check(&file, block.hash, &policy)?;
    let html = folder.join("audit.html");
    atomic::write(&html, page::render(&verified).as_bytes())?;
    let size = std::fs::metadata(&file)?.len();
    ui.say(format!("   {} ({size} bytes) verifies offline from block hash {}", file.display(), block.hash));
    ui.say(format!("   {} is its page: open it in a browser", html.display()));

    ui.say("\n4. A copy in which the weights' size is one byte off");
    let tampered = folder.join("audit-tampered.json");
    atomic::write(&tampered, &tamper(&evidence)?.encode()?)?;
    let refusal = match check(&tampered, block.hash, &policy) {
        Ok(_) => {
            anyhow::bail!("a tampered audit file was accepted: this is a fault in Averment, please report it")
        }
        Err(refusal) => format!("{refusal:#}"),
    };
    ui.say(format!("   refused: {refusal}"));

    let table = stage.costs()?;
    let value = serde_json::json!({
        "folder": folder,
        "audit": file,
        "page": html,
        "blockHash": block.hash,
        "registry": stage.registry.address,
        "version": second,
        "refusal": refusal,
        "gas": stage.sent.iter().map(|(step, sent)| (step.clone(), sent.gas_used())).collect::<Vec<_>>(),
        "provesNothingToThirdParties": stage.ledger.proves_nothing_to_third_parties(),
    });
    let next = format!(
        "\nThis chain is one operator's word: it proves nothing to a third party.\n\n\
         Try it yourself:\n  \
         aver audit verify {} --block-hash {} --registry {}\n  \
         aver fingerprint YOUR-WEIGHTS/ --list\n  \
         aver init && aver keys new owner",
        file.display(),
        block.hash,
        stage.registry.address
    );
    ui.result(&value, format!("\n5. What it cost\n{table}{next}"))
}

/// The chain, the people and what they sent.
struct Stage {
    ledger: Ledger,
    owner: Sender,
    approvers: Vec<AccountKey>,
    registry: RegistryId,
    deployment: Deployment,
    sent: Vec<(String, Sent)>,
    ui: Ui,
}

impl Stage {
    /// A fresh chain in `folder` with the contracts deployed.
    async fn open(folder: &Path, ui: Ui) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let ledger =
            Ledger::open_embedded(&folder.join("chain.journal"), Genesis::development(now()?), SystemClock)?;
        let mut keys = development::accounts(ledger.chain_id())?.into_iter();
        let owner = keys.next().context("a development chain has accounts")?;
        let approvers = keys.take(ROLES.len()).collect();
        let owner = Sender::new(&ledger, owner);
        let (deployment, transactions) = Deployment::deploy(&owner, Profile::Development).await?;
        deployment.save(&folder.join("deployment.json"))?;
        let sent = transactions.into_iter().map(|sent| ("deploy the contracts".to_owned(), sent)).collect();
        Ok(Self { ledger, owner, approvers, registry: deployment.registry_id(), deployment, sent, ui })
    }

    async fn send<C: alloy::sol_types::SolCall>(&mut self, step: &str, call: &C) -> Result<()> {
        let sent = self.owner.call(step, self.registry.address, call).await?;
        self.ui.say(format!("   {step:<34} {:>9} gas", sent.gas_used()));
        self.sent.push((step.to_owned(), sent));
        Ok(())
    }

    async fn create_model(&mut self) -> Result<ModelId> {
        let policy = ModelRegistry::PolicyInput {
            roles: ROLES.map(str::to_owned).to_vec(),
            signers: self.approvers.iter().map(AccountKey::address).collect(),
            threshold: THRESHOLD,
        };
        self.send("create the model", &ModelRegistry::createModelCall { name: MODEL.to_owned(), policy })
            .await?;
        Ok(self.registry.model_id(self.owner.address(), MODEL))
    }

    /// Registers a release, has the roles `approving` approve it, and deploys it.
    async fn release(
        &mut self,
        model: ModelId,
        release: Release,
        parents: Vec<VersionId>,
        approving: &[usize],
    ) -> Result<(VersionId, VersionEvidence)> {
        let (manifest, manifest_digest) = release.manifest(self.owner.key())?;
        let (artifacts, artifacts_root) = release.artifacts()?;
        let content = VersionContent {
            manifest_digest,
            artifacts_root,
            weights_commitment: B256::ZERO,
            plan_digest: B256::ZERO,
            parents,
        };
        let version = self.registry.version_id(model, &content);
        let call = ModelRegistry::registerVersionCall {
            modelId: model.0,
            versionContent: ModelRegistry::VersionContent {
                manifestDigest: content.manifest_digest,
                artifactsRoot: content.artifacts_root,
                weightsCommitment: content.weights_commitment,
                planDigest: content.plan_digest,
                parents: content.parents.iter().map(|parent| parent.0).collect(),
            },
        };
        self.send(&format!("register version {}", release.version), &call).await?;
        let call = self.approvals(model, version, approving)?;
        self.send(&format!("{} approvals of {}", approving.len(), release.version), &call).await?;
        let call = ModelRegistry::deployCall { versionId: version.0, environment: "clinic-north".to_owned() };
        self.send(&format!("deploy {}", release.version), &call).await?;
        Ok((version, VersionEvidence { version, manifest, artifacts: Some(artifacts), openings: Vec::new() }))
    }

    /// The roles' signed approvals, after each was shown in words what it signs.
    fn approvals(
        &self,
        model: ModelId,
        version: VersionId,
        approving: &[usize],
    ) -> Result<ModelRegistry::submitApprovalsCall> {
        let (mut approvals, mut signatures) = (Vec::new(), Vec::new());
        for (role, key) in ROLES
            .iter()
            .zip(&self.approvers)
            .enumerate()
            .filter_map(|(index, pair)| approving.contains(&index).then_some(pair))
        {
            let approval = Approval {
                model,
                version,
                role: RoleId::of(role),
                decision: Decision::Approve,
                policy_revision: 1,
                expiry: now()? + 7 * DAY,
                nonce: U256::from(now()? * 1000),
            };
            let context = SigningContext {
                registry: self.registry,
                creator: self.owner.address(),
                model_name: MODEL,
                role_name: role,
            };
            let words = approval.in_words(&context)?;
            // Every approver sees all of it; once is enough for whoever watches.
            if self.sent.iter().any(|(step, _)| step.ends_with("approvals of 1.0.0"))
                || !signatures.is_empty()
            {
                self.ui.say(format!("   {role} signs likewise"));
            } else {
                self.ui.say(format!("   {role} is shown, and signs:"));
                words.lines().for_each(|line| self.ui.say(format!("   | {line}")));
            }
            signatures.push(key.sign_digest(&approval.digest(self.registry))?.as_bytes().to_vec().into());
            approvals.push(ModelRegistry::Approval {
                modelId: model.0,
                versionId: version.0,
                role: approval.role.0,
                decision: approval.decision.code(),
                policyRevision: approval.policy_revision,
                expiry: approval.expiry,
                nonce: approval.nonce,
            });
        }
        Ok(ModelRegistry::submitApprovalsCall { approvals, signatures })
    }

    /// Gas, and the cost in ether on three chains, a step.
    fn costs(&self) -> Result<String> {
        let prices = PriceBook::default();
        let mut table =
            format!("   {:<34} {:>9} {:>12} {:>12} {:>12}\n", "", "gas", "Ethereum", "OP Stack", "Arbitrum");
        let mut row = |step: &str, estimate: averment_ledger::fees::Estimate| {
            writeln!(
                table,
                "   {step:<34} {:>9} {:>12} {:>12} {:>12}",
                estimate.gas,
                ether(estimate.ethereum.wei),
                ether(estimate.op_stack.wei),
                ether(estimate.arbitrum_at_most.wei)
            )
        };
        let mut rest = self.sent.as_slice();
        while let Some((step, _)) = rest.first() {
            let count = rest.iter().take_while(|(other, _)| other == step).count();
            let (these, later) = rest.split_at(count);
            row(step, prices.total(these.iter().map(|(_, sent)| &sent.footprint)))?;
            rest = later;
        }
        row("together", prices.total(self.sent.iter().map(|(_, sent)| &sent.footprint)))?;
        writeln!(table, "   in ether, at these assumptions:")?;
        for assumption in prices.assumptions() {
            writeln!(table, "   - {assumption}")?;
        }
        Ok(table)
    }
}

/// Ether with six places, rounded up: nobody pays less than this says.
fn ether(wei: U256) -> String {
    let micro = wei.div_ceil(U256::from(1_000_000_000_000_u64));
    let million = U256::from(1_000_000);
    format!("{}.{:06}", micro / million, (micro % million).to::<u64>())
}

fn check(file: &Path, block: B256, policy: &TrustPolicy) -> Result<audit::Verified> {
    let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let evidence = Evidence::decode(&bytes, &Limits::default())?;
    Ok(audit::verify(&evidence, TrustedBlockHash(block), policy)?)
}

/// A copy of `evidence` whose last version's weights are a byte longer.
fn tamper(evidence: &Evidence) -> Result<Evidence> {
    let mut copy = evidence.clone();
    let version = copy.versions.iter_mut().find(|version| version.version == evidence.subject);
    let entry = version.and_then(|version| version.artifacts.as_mut()?.first_mut());
    entry.context("the subject has artifacts")?.size += 1;
    ensure!(copy != *evidence, "nothing was changed");
    Ok(copy)
}
