//! What a command is about: a model as of one final block, its whole history replayed and proved; and what is said
//! of a transaction that changed it.

use crate::{commands::Context, exit, names::Names, ui, workplace::now};
use anyhow::Result;
use averment_ledger::{
    contracts::{Sender, Sent},
    keys::Identity,
    registry::{HistoryFault, RegistryClient, View},
};
use averment_primitives::{Address, ModelId, VersionId};
use averment_registry::history::{Entry, History, HistoryError, Limits, Payload, VersionRecord};
use serde_json::{Value, json};

/// Said wherever somebody could take a chain's word for more than it is.
const ONE_OPERATOR: &str = "This chain is one operator's word: it proves nothing to a third party.";

/// A model as of one final block.
#[derive(Debug)]
pub struct Subject {
    pub registry: RegistryClient,
    pub view: View,
    pub history: History,
    /// The block of each of the history's entries, as the node says.
    pub blocks: Vec<Option<u64>>,
    pub names: Names,
}

impl Context {
    /// The model that `text` names.
    pub async fn model(&self, text: &str) -> Result<Subject> {
        let registry = self.registry().await?;
        let model = self.model_id(&registry, text)?;
        let view = registry.at_final().await?;
        let (history, blocks) = match view.timeline(model).await {
            Err(HistoryFault::UnknownModel { model, block }) => {
                return Err(exit::refused(format!(
                    "there is no model {text:?} ({model}) in block {block} of chain {}, the newest final one: create it \
                     with `aver model create`, or name one that somebody else created CREATOR/NAME or by its id",
                    registry.id().chain_id
                ))
                .into());
            }
            timeline => timeline?,
        };
        Ok(Subject { names: Names::of(self)?, registry, view, history, blocks })
    }

    /// The version that `text` names, and its model.
    pub async fn version(&self, text: &str) -> Result<(Subject, VersionId)> {
        let registry = self.registry().await?;
        let version = self.version_id(&registry, text).await?;
        let view = registry.at_final().await?;
        let Some(state) = view.version(version).await? else {
            return Err(exit::refused(format!(
                "version {version} is not registered at {} on chain {} as of block {}, the newest final one: check \
                 the id, the chain and the contracts, or wait until its registration is final",
                registry.id().address,
                registry.id().chain_id,
                view.block().header.number
            ))
            .into());
        };
        let (history, blocks) = view.timeline(state.model).await?;
        Ok((Subject { names: Names::of(self)?, registry, view, history, blocks }, version))
    }

    /// The address of the account that signs, known without its password.
    pub fn account_address(&self) -> Result<Address> {
        let info = self.keys().info(self.account_name()?)?;
        match info.identity {
            Some(Identity::Account(address)) => Ok(address),
            // A file of another wallet that does not say it, or a log's key, which then says so.
            _ => Ok(self.account()?.address()),
        }
    }

    /// The account that signs, ready to send to the subject's chain.
    pub async fn sender_for(&self, subject: &Subject) -> Result<Sender> {
        self.sender(subject.registry.ledger(), self.account()?).await
    }

    /// The result of a transaction: `value` and `words` with what it cost and where it is recorded.
    pub fn sent(
        &self,
        registry: &RegistryClient,
        sent: &Sent,
        mut value: Value,
        words: impl AsRef<str>,
    ) -> Result<()> {
        let entries: Vec<u64> = recorded(registry, sent).iter().map(|entry| entry.sequence).collect();
        let block = sent.block.header.number;
        value["transaction"] = json!(sent.tx);
        value["block"] = json!(block);
        value["gas"] = json!(sent.gas_used());
        value["estimate"] = ui::estimate(&sent.quote);
        value["entries"] = json!(entries);
        value["provesNothingToThirdParties"] = json!(registry.ledger().proves_nothing_to_third_parties());
        let place = match entries[..] {
            [] => String::new(),
            [one] => format!("entry {one} of the model's history, "),
            [first, .., last] => format!("entries {first} to {last} of the model's history, "),
        };
        let words = format!(
            "{}\n{place}block {block}, {} gas, transaction {}",
            words.as_ref(),
            sent.gas_used(),
            sent.tx
        );
        self.ui.result(&value, words)
    }
}

/// The history entries that a transaction made.
fn recorded(registry: &RegistryClient, sent: &Sent) -> Vec<Entry> {
    let logs = sent.receipt.logs().iter().filter(|log| log.address() == registry.id().address);
    logs.filter_map(|log| Entry::decode(log.topics(), &log.data().data, &Limits::default()).ok()).collect()
}

impl Subject {
    /// The model.
    pub fn model(&self) -> ModelId {
        self.history.model()
    }

    /// What the history says of a version that is in it.
    pub fn record(&self, version: VersionId) -> Result<&VersionRecord> {
        let missing = || exit::refused(format!("model {} has no version {version}", self.model()));
        Ok(self.history.version(version).ok_or_else(missing)?)
    }

    /// How many approvals of a version stand, and how many its policy needs.
    pub fn standing(&self, version: &VersionRecord) -> (usize, usize) {
        let needed =
            self.history.policy_of(version.policy_revision).map_or(0, |policy| policy.threshold.into());
        (self.history.standing_approvals(version).count(), needed)
    }

    /// The history as it would be if `actor` did this now; or why the contract would refuse it.
    pub fn preview(
        &self,
        actor: Address,
        version: VersionId,
        payload: Payload,
    ) -> Result<std::result::Result<History, HistoryError>> {
        let mut history = self.history.clone();
        Ok(history.preview(actor, now()?, version, payload).map(|()| history))
    }

    /// Where the history was read, for the head of a page.
    pub fn place(&self) -> Value {
        let block = self.view.block();
        json!({
            "chainId": self.registry.id().chain_id,
            "registry": self.registry.id().address,
            "block": {
                "number": block.header.number,
                "hash": block.hash,
                "timestamp": block.header.timestamp,
            },
            "provesNothingToThirdParties": self.registry.ledger().proves_nothing_to_third_parties(),
        })
    }

    /// What a reader must know of the chain: nothing, unless it is embedded or a development chain.
    pub fn caveat(&self) -> Option<&'static str> {
        self.registry.ledger().proves_nothing_to_third_parties().then_some(ONE_OPERATOR)
    }
}
