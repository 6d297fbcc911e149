//! The demo's chain, its people, and what they send.

use crate::{
    args::Global,
    capture::Places,
    commands::{
        Context, init,
        register::{self, Prepared},
    },
    config::{self, Config},
    ui::Ui,
    workplace::now,
};
use anyhow::{Context as _, Result};
use averment_ledger::{
    Ledger,
    contracts::{Deployment, Profile, Sender, Sent},
    keys::{AccountKey, Cost, Password},
    registry::{PolicyTerms, RegistryClient, SignedApproval},
};
use averment_primitives::{ModelId, RoleId, U256, VersionId};
use averment_registry::approval::{Approval, Decision, SigningContext};
use std::path::Path;

/// The roles that approve, each the name of its key too.
pub const ROLES: [&str; 3] = ["medical", "risk", "legal"];
/// How many of them must agree.
pub const THRESHOLD: u8 = 2;
/// The key that owns the models.
const OWNER: &str = "owner";
/// Keys of a chain that is thrown away need no secret.
const PASSWORD: &str = "averment demo";
const DAY: u64 = 24 * 60 * 60;

/// Everything the story is played on.
pub struct Stage {
    pub context: Context,
    pub registry: RegistryClient,
    pub owner: Sender,
    approvers: Vec<AccountKey>,
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
        let approvers = ROLES.iter().map(|role| account(role)).collect::<Result<_, _>>()?;
        let ledger = context.ledger().await?;
        let owner = paid(&context, &ledger, owner).await?;
        let (deployment, transactions) = Deployment::deploy(&owner, Profile::Development).await?;
        deployment.save(&context.config.deployment_file)?;
        let registry = RegistryClient::open(&ledger, &deployment).await?;
        let sent = transactions.into_iter().map(|sent| ("deploy the contracts".to_owned(), sent)).collect();
        Ok(Self { context, registry, owner, approvers, sent, shown_in_words: false })
    }

    /// Says a step and what it took, and keeps it for the table of costs.
    pub fn note(&mut self, step: impl Into<String>, sent: Sent) {
        let step = step.into();
        self.context.ui.say(format!("   {step:<42} {:>9} gas", sent.gas_used()));
        self.sent.push((step, sent));
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

    /// Registers what `manifest` describes, has the roles `approving` approve it, and deploys it.
    pub async fn release(
        &mut self,
        manifest: &Path,
        approving: [usize; 2],
        environment: &str,
    ) -> Result<VersionId> {
        let source = register::read(manifest)?;
        // The examples were unpacked a moment ago: whatever git says about the folder is not about them.
        let places = Places { code: None, ..Places::of(manifest) };
        let releases = self.context.releases();
        let parents = register::parents(&source, &releases, &self.registry).await?;
        let prepared = Prepared::take(&source, &places, parents, self.context.ui)?;
        let model = self.registry.id().model_id(self.owner.address(), source.name());
        let registered = prepared.register(model, &self.registry, &self.owner, &releases).await?;
        let (version, named) = (registered.version, format!("{} {}", source.name(), source.version()));
        self.note(format!("register {named}"), registered.sent);
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

/// A sender with ether. It does not ask: the demo says what each step took, and the ether is worth nothing.
async fn paid(context: &Context, ledger: &Ledger, key: AccountKey) -> Result<Sender> {
    // Asking for the usual sender pays the account.
    context.sender(ledger, key.clone()).await?;
    Ok(Sender::new(ledger, key))
}
