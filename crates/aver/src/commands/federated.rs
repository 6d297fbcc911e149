//! `aver federated`: tasks of federated learning (docs/federated.md), from the plan that one starts from to the version that it ends
//! as.

pub mod claim;
mod create;
mod member;
mod participate;
mod plans;
mod rounds;
mod status;
mod terms;

use super::Context;
use crate::{
    args::federated::FederatedCommand,
    desk::{Desk, sent_json, sent_words},
    exit,
    workplace::now,
};
use anyhow::{Context as _, Result};
use averment_ledger::{
    Ledger, VerifiedHeader,
    contracts::{Sender, Sent, TaskContracts},
    federated::{Book, TaskClient, TaskError},
    registry::RegistryClient,
};
use averment_primitives::{Address, VersionId};
use averment_registry::history::VersionRecord;
use serde_json::Value;

pub fn run(command: &FederatedCommand, context: Context) -> Result<()> {
    let context = match command {
        FederatedCommand::Start(args) => return plans::start(args, &context),
        FederatedCommand::Finish(args) => return plans::finish(args, &context.with_setup(&args.setup)),
        FederatedCommand::Join(args) => &context.with_setup(&args.setup),
        FederatedCommand::Participate(args) => &context.with_setup(&args.setup),
        _ => &context,
    };
    context.block_on(async {
        match command {
            FederatedCommand::Start(_) | FederatedCommand::Finish(_) => Ok(()),
            FederatedCommand::Deploy { sequencer_feed } => {
                create::deploy(sequencer_feed.as_deref(), context).await
            }
            FederatedCommand::Create(args) => create::create(args, context).await,
            FederatedCommand::List => status::list(context).await,
            FederatedCommand::Status(args) => status::status(args, context).await,
            FederatedCommand::Join(args) => member::join(args, context).await,
            FederatedCommand::Participate(args) => participate::participate(args, context).await,
            FederatedCommand::Leave { task } => member::leave(task, context).await,
            FederatedCommand::Withdraw(args) => member::withdraw(args, context).await,
            FederatedCommand::Advance { task } => rounds::advance(task, context).await,
            FederatedCommand::Challenge(args) => rounds::challenge(args, context).await,
            FederatedCommand::Strike { task } => rounds::strike(task, context).await,
            FederatedCommand::Settle { task } => rounds::settle(task, context).await,
            FederatedCommand::Conclude(args) => rounds::conclude(args, context).await,
        }
    })
}

/// The contracts of tasks that are recorded for the configured chain.
fn contracts(context: &Context) -> Result<TaskContracts> {
    let file = &context.config.tasks_file;
    if !file.exists() {
        return Err(exit::usage(format!(
            "no contracts of federated tasks are recorded in {}: deploy them with `aver federated deploy`, or copy the record \
             of those you want to use there",
            file.display()
        ))
        .into());
    }
    Ok(TaskContracts::load(file)?)
}

/// A task of the recorded contracts, its code proved.
pub struct Task {
    /// Amounts, and what settles.
    pub desk: Desk,
    /// Its client.
    pub client: TaskClient,
}

impl Task {
    /// The task at an address. Refuses one that another factory created, or that runs other code than is recorded.
    pub async fn open(task: &str, context: &Context) -> Result<Self> {
        Self::on(task, &context.ledger().await?, context).await
    }

    /// The same, on a chain that is open already.
    pub async fn on(task: &str, ledger: &Ledger, context: &Context) -> Result<Self> {
        let wrong = || {
            exit::usage(format!("expected a task's address (`aver federated list` shows them), got {task:?}"))
        };
        let task = task.parse::<Address>().map_err(|_| wrong())?;
        let contracts = contracts(context)?;
        let desk = Desk::on(context, ledger).await?;
        contracts.check(desk.client.ledger()).await?;
        let client = TaskClient::open(desk.client.ledger(), task, contracts.block_number).await?;
        let code = client.code();
        for (what, expected, got) in [
            ("was created by", contracts.tasks.address, code.factory),
            ("runs", contracts.task.address, code.implementation),
        ] {
            if expected != got {
                return Err(exit::refused(format!(
                    "the task {task} {what} {got}, the contracts recorded in {} are others ({expected}): its terms may mean \
                     something else there",
                    context.config.tasks_file.display()
                ))
                .into());
            }
        }
        Ok(Self { desk, client })
    }

    /// The chain.
    pub fn ledger(&self) -> &Ledger {
        self.client.ledger()
    }

    /// Its address.
    pub fn address(&self) -> Address {
        self.client.id().task
    }

    /// What happened in it, and the block up to which.
    pub async fn book(&self) -> Result<(Book, VerifiedHeader)> {
        let block = self.ledger().newest_final().await?;
        let book = self.client.book(&block).await?;
        Ok((book, block))
    }

    /// A version that is registered with the task's registry, and what is registered.
    pub async fn version(&self, text: &str, context: &Context) -> Result<(VersionId, VersionRecord)> {
        let registry = RegistryClient::open(self.ledger(), &self.desk.deployment).await?;
        let version = context.version_id(&registry, text).await?;
        let view = registry.at_final().await?;
        let unknown =
            || exit::refused(format!("version {version} is not registered at {}", registry.id().address));
        let state = view.version(version).await?.ok_or_else(unknown)?;
        let history = view.history(state.model).await?;
        Ok((version, history.version(version).ok_or_else(unknown)?.clone()))
    }

    /// The time that phases are judged by: this machine's, or a chain's that is ahead of it.
    pub fn now(&self, block: &VerifiedHeader) -> Result<u64> {
        Ok(now()?.max(block.header.timestamp))
    }
}

impl Desk {
    /// Does `work` of a task. Where it fails for want of tokens on a development chain, whose money anybody makes, they are made
    /// first.
    pub async fn with_task_money<T>(
        &self,
        sender: &Sender,
        work: impl AsyncFn() -> Result<T, TaskError>,
    ) -> Result<T> {
        match work().await {
            Err(TaskError::Money { got, needed, .. }) if self.client.ledger().is_development() => {
                self.client
                    .mint(sender, needed.saturating_sub(got))
                    .await
                    .context("making development money")?;
                Ok(work().await?)
            }
            Err(TaskError::Money { account, got, needed, .. }) => Err(exit::outside(format!(
                "{account} has {}, {} are needed: send it some first (nothing was sent)",
                self.words(got),
                self.words(needed)
            ))
            .into()),
            other => Ok(other?),
        }
    }
}

/// The result of transactions: `value` and `words`, with what they cost.
fn done(context: &Context, sent: &[Sent], mut value: Value, words: impl AsRef<str>) -> Result<()> {
    value["sent"] = sent_json(sent);
    context.ui.result(&value, format!("{}{}", sent_words(sent), words.as_ref()))
}
