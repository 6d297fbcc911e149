//! The demo's chain, its people, and what they send.

use crate::{
    args::{AppendArgs, Global, OpenArgs, RecordKindArg},
    capture::Places,
    commands::{
        Context, contracts,
        federated::claim::Claim,
        init,
        log::{
            self,
            anchor::{Keys, Round},
        },
        register::{self, Prepared},
    },
    config::{self, Config},
    plans::PlanFolder,
    ui::Ui,
    workplace::now,
};
use anyhow::{Context as _, Result, bail};
use averment_ledger::{
    Ledger,
    contracts::{Deployment, Profile, ProofContracts, Sender, Sent, SettlementTerms},
    keys::{AccountKey, Cost, Password},
    registry::{PolicyTerms, RegistryClient, SignedApproval},
};
use averment_primitives::{ModelId, RoleId, U256, VersionId};
use averment_registry::approval::{Approval, Decision, SigningContext};
use serde_json::{Map, Value};
use std::{fmt::Write, num::NonZeroU64, ops::Range, path::Path};

/// The roles that approve, each the name of its key too.
pub const ROLES: [&str; 3] = ["medical", "risk", "legal"];
/// How many of them must agree.
pub const THRESHOLD: u8 = 2;
/// The key that owns the models.
const OWNER: &str = "owner";
/// The key that signs the log's checkpoints.
const LOG_KEY: &str = "log";
/// Keys of a chain that is thrown away need no secret.
const PASSWORD: &str = "averment demo";
const DAY: u64 = 24 * 60 * 60;

/// Everything the story is played on.
pub struct Stage {
    pub context: Context,
    pub registry: RegistryClient,
    pub deployment: Deployment,
    pub owner: Sender,
    approvers: Vec<AccountKey>,
    password: Password,
    /// What was sent, under the name of its step.
    pub sent: Vec<(String, Sent)>,
    shown_in_words: bool,
}

impl Stage {
    /// A project in `folder` as `aver init`, `aver keys new` and `aver contracts deploy` make one.
    pub async fn set(folder: &Path, ui: Ui) -> Result<Self> {
        let context = project(folder, ui)?;
        let (keys, password) = (context.keys(), Password::from_file(&folder.join("password"))?);
        let account = |name: &str| keys.create_account(name, &password, Cost::Light);
        let owner = account(OWNER)?;
        keys.create_log_key(LOG_KEY, &password, Cost::Light)?;
        let approvers = ROLES.iter().map(|role| account(role)).collect::<Result<_, _>>()?;
        let ledger = context.ledger().await?;
        let owner = paid(&context, &ledger, owner).await?;
        let setup = context.named_setup(contracts::FEWEST_BITS)?;
        let (proofs, mut transactions) = ProofContracts::deploy(&owner, &setup.key()).await?;
        let terms = SettlementTerms::DEVELOPMENT;
        let (deployment, more) =
            Deployment::deploy_all(&owner, Profile::Development, Some(proofs), Some(&terms)).await?;
        transactions.extend(more);
        deployment.save(&context.config.deployment_file)?;
        let registry = RegistryClient::open(&ledger, &deployment).await?;
        let sent = transactions.into_iter().map(|sent| ("deploy the contracts".to_owned(), sent)).collect();
        Ok(Self { context, registry, deployment, owner, approvers, password, sent, shown_in_words: false })
    }

    /// Another key of the project's.
    pub fn account(&self, name: &str) -> Result<AccountKey> {
        Ok(self.context.keys().create_account(name, &self.password, Cost::Light)?)
    }

    /// Somebody else who sends, with ether.
    pub async fn sender(&self, name: &str) -> Result<Sender> {
        paid(&self.context, self.registry.ledger(), self.account(name)?).await
    }

    /// The chain's time, in seconds of Unix time.
    pub async fn now(&self) -> Result<u64> {
        Ok(self.registry.ledger().newest_final().await?.header.timestamp)
    }

    /// Lets `seconds` pass on the chain, which is ahead of the system's clock from then on.
    pub async fn wait(&self, seconds: u64) -> Result<()> {
        let chain = self.registry.ledger().embedded().context("the demo's chain is in this process")?;
        chain.set_next_timestamp(self.now().await? + seconds)?;
        chain.mine()?;
        Ok(())
    }

    /// Lets time pass until the next period of `cadence` seconds begins.
    pub async fn next_period(&self, cadence: u32) -> Result<()> {
        let cadence = u64::from(cadence);
        self.wait(cadence - self.now().await? % cadence).await
    }

    /// Says a step and what it took, and keeps it for the table of costs.
    pub fn note(&mut self, step: impl Into<String>, sent: Sent) {
        self.note_all(&step.into(), vec![sent]);
    }

    /// The same of a step that took several transactions.
    pub fn note_all(&mut self, step: &str, sent: Vec<Sent>) {
        let gas: u64 = sent.iter().map(Sent::gas_used).sum();
        self.context.ui.say(format!("   {step:<42} {gas:>9} gas"));
        self.sent.extend(sent.into_iter().map(|sent| (step.to_owned(), sent)));
    }

    /// Creates a model whose versions need [`THRESHOLD`] of [`ROLES`].
    pub async fn create_model(&mut self, name: &str) -> Result<ModelId> {
        let signers = self.approvers.iter().map(AccountKey::address);
        let roles = ROLES.iter().map(|role| (*role).to_owned()).zip(signers).collect();
        let policy = PolicyTerms { roles, threshold: THRESHOLD };
        let (model, sent) = self.registry.create_model(&self.owner, name, &policy).await?;
        self.note(format!("create {name}"), sent);
        Ok(model)
    }

    /// Registers what `manifest` describes, with the plan that its decisions are proved by.
    pub async fn register(&mut self, manifest: &Path, plan: Option<&PlanFolder>) -> Result<VersionId> {
        self.register_claiming(manifest, plan, None).await
    }

    /// The same; the manifest claims these rounds of federated learning.
    async fn register_claiming(
        &mut self,
        manifest: &Path,
        plan: Option<&PlanFolder>,
        claim: Option<Claim>,
    ) -> Result<VersionId> {
        let source = register::read(manifest)?;
        // The examples were unpacked a moment ago: whatever git says about the folder is not about them.
        let places = Places { code: None, ..Places::of(manifest) };
        let releases = self.context.releases();
        let parents = register::parents(&source, &releases, &self.registry).await?;
        let mut prepared = Prepared::take(&source, &places, parents, claim, self.context.ui)?;
        if let Some(plan) = plan {
            prepared = prepared.with_plan(plan)?;
        }
        let model = self.registry.id().model_id(self.owner.address(), source.name());
        let registered = prepared.register(model, &self.registry, &self.owner, &releases).await?;
        self.note(format!("register {} {}", source.name(), source.version()), registered.sent);
        Ok(registered.version)
    }

    /// Registers what `manifest` describes, has the roles `approving` approve it, and deploys it.
    pub async fn release(
        &mut self,
        manifest: &Path,
        plan: Option<&PlanFolder>,
        claim: Option<Claim>,
        approving: [usize; 2],
        environment: &str,
    ) -> Result<VersionId> {
        let version = self.register_claiming(manifest, plan, claim).await?;
        let source = register::read(manifest)?;
        let named = format!("{} {}", source.name(), source.version());
        let model = self.registry.id().model_id(self.owner.address(), source.name());
        let signed = approving
            .into_iter()
            .map(|role| self.approve(model, source.name(), version, role))
            .collect::<Result<Vec<_>>>()?;
        let sent = self.registry.submit_approvals(&self.owner, &signed).await?;
        self.note(format!("{} approvals of {named}", signed.len()), sent);
        let sent = self.registry.deploy(&self.owner, version, environment).await?;
        self.note(format!("deploy {named}"), sent);
        Ok(version)
    }

    /// Appends the decisions in `file` to a log, the first with more fields, and anchors it. Returns their indexes.
    pub async fn log_decisions(
        &mut self,
        file: &Path,
        first: Map<String, Value>,
        version: VersionId,
    ) -> Result<Range<u64>> {
        let lines = file.with_extension("jsonl");
        std::fs::write(&lines, decision_lines(file, first)?)
            .with_context(|| format!("writing {}", lines.display()))?;
        let open = OpenArgs {
            origin: "clinic.example/decisions".to_owned(),
            cadence: 3600,
            key: LOG_KEY.to_owned(),
            padding: NonZeroU64::MIN.saturating_add(15),
        };
        let opened = log::open::open(&open, &self.registry, &self.owner, &self.context).await?;
        self.note("open the log", opened.sent);
        let append = AppendArgs {
            file: lines,
            kind: RecordKindArg::Decision,
            version: Some(version),
            explanation: None,
        };
        let (indexes, _) = log::append::append(&append, &self.context)?;
        let keys = Keys::open(&self.context)?;
        match log::anchor::round(&keys, &self.registry, &self.owner, &self.context).await? {
            Round::Anchored(done) => self.note("anchor the log", done.sent),
            Round::Waits { .. } => bail!("a log that was just opened is anchored already"),
        }
        Ok(indexes)
    }

    /// A role's signed approval. The first one is shown in the words that every approver reads before signing.
    fn approve(
        &mut self,
        model: ModelId,
        name: &str,
        version: VersionId,
        role: usize,
    ) -> Result<SignedApproval> {
        let (role, key) = ROLES.iter().zip(&self.approvers).nth(role).context("the policy has this role")?;
        let approval = Approval {
            model,
            version,
            role: RoleId::of(role),
            decision: Decision::Approve,
            policy_revision: 1,
            expiry: now()? + 7 * DAY,
            nonce: U256::from(now()? * 1000),
        };
        let ui = self.context.ui;
        if self.shown_in_words {
            ui.say(format!("   {role} signs likewise"));
        } else {
            let context = SigningContext {
                registry: self.registry.id(),
                creator: self.owner.address(),
                model_name: name,
                role_name: role,
            };
            ui.say(format!("   {role} is shown, and signs:"));
            approval.in_words(&context)?.lines().for_each(|line| ui.say(format!("   | {line}")));
            self.shown_in_words = true;
        }
        Ok(self.registry.sign_approval(key, approval)?)
    }
}

/// The folder as `aver init` makes it, so that it can be used afterwards.
fn project(folder: &Path, ui: Ui) -> Result<Context> {
    let settings = config::TEMPLATE
        .replace("# account = \"owner\"  ", &format!("account = \"{OWNER}\"    "))
        .replace("# password_file = \"…\"    ", "password_file = \"password\"");
    let file = init::project(folder, &settings)?;
    std::fs::write(folder.join("password"), PASSWORD).context("writing the password of the demo's keys")?;
    let config = Config::load(&Global { config: Some(file), ..Global::default() })?;
    Ok(Context { config, ui })
}

/// What the model said about each case, a line each. What came out later is not part of the decision.
fn decision_lines(file: &Path, first: Map<String, Value>) -> Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let mut example: Value = serde_json::from_str(&text)?;
    let decisions = example["decisions"].as_array_mut().context("the example has decisions")?;
    let mut lines = String::new();
    let mut more = Some(first);
    for decision in decisions {
        let fields = decision.as_object_mut().context("a decision is an object")?;
        fields.remove("diagnosis");
        fields.extend(more.take().into_iter().flatten());
        writeln!(lines, "{decision}")?;
    }
    Ok(lines)
}

/// A sender with ether. It does not ask: the demo says what each step took, and the ether is worth nothing.
async fn paid(context: &Context, ledger: &Ledger, key: AccountKey) -> Result<Sender> {
    // Asking for the usual sender pays the account.
    context.sender(ledger, key.clone()).await?;
    Ok(Sender::new(ledger, key))
}
