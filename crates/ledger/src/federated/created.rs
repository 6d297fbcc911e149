//! What a factory says of the tasks that it created.

use super::{TaskClient, TaskError, Terms, steps::created_topic};
use crate::{Ledger, registry::logs};
use alloy::{rpc::types::Filter, sol_types::SolValue};
use averment_primitives::{Address, B256, Bytes, keccak256};

/// A task, as its factory announced it.
#[derive(Debug, Clone, PartialEq)]
pub struct Beginning {
    /// Where it is.
    pub task: Address,
    /// Whose it is.
    pub sponsor: Address,
    /// The version that it starts from.
    pub version: B256,
    /// Its terms.
    pub terms: Terms,
    /// The bytes of the commitment to the initial model before its points.
    pub prefix: Bytes,
    /// The initial model's points, 64 bytes each.
    pub points: Bytes,
    /// The block that created it.
    pub block: u64,
}

/// The tasks of a factory, the oldest first, by the node's word.
pub async fn tasks(
    ledger: &Ledger,
    factory: Address,
    from: u64,
    task: Option<Address>,
) -> Result<Vec<Beginning>, TaskError> {
    let to = ledger.newest_final().await?.header.number;
    let mut filter = Filter::new().address(factory).event_signature(created_topic());
    if let Some(task) = task {
        filter = filter.topic1(task.into_word());
    }
    let mut found = Vec::new();
    logs(ledger, &filter, from, to, |log| {
        let block = log.block_number.unwrap_or_default();
        let wrong = |why: &str| TaskError::Event { block, why: format!("a task that was created: {why}") };
        let [_, created, sponsor, version] = log.topics() else { return Err(wrong("not three topics")) };
        let (created, asked) = (Address::from_word(*created), created_topic());
        if log.address() != factory || log.topics().first() != Some(&asked) || log.removed {
            return Err(wrong("an event that was not asked for"));
        }
        if task.is_some_and(|task| task != created) {
            return Err(wrong("another task"));
        }
        let data = <(Terms, Bytes, Bytes)>::abi_decode_params_validate(&log.data().data);
        let (terms, prefix, points) = data.map_err(|error| wrong(&error.to_string()))?;
        let (sponsor, version) = (Address::from_word(*sponsor), *version);
        found.push(Beginning { task: created, sponsor, version, terms, prefix, points, block });
        Ok(())
    })
    .await?;
    Ok(found)
}

impl TaskClient {
    /// How the task began: the commitment to its initial model. Its terms and the commitment's prefix are held against the task's
    /// code; its points are the node's word, and those of the registered version if the commitment's identity is.
    pub async fn beginning(&self) -> Result<Beginning, TaskError> {
        let (task, code) = (self.id().task, self.code());
        let found =
            tasks(self.ledger(), code.factory, self.from_block(), Some(task)).await?.into_iter().next();
        let wrong = |block, why: &str| TaskError::Event { block, why: why.to_owned() };
        let found = found.ok_or_else(|| wrong(self.from_block(), "the factory says nothing of the task"))?;
        if found.terms != code.terms || keccak256(&found.prefix) != code.prefix_hash {
            return Err(wrong(found.block, "the factory says of the task what its code does not"));
        }
        Ok(found)
    }
}
