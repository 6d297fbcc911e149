//! What an audit file says of the rounds of federated learning that made a version, gathered. Nothing that a node tells is believed
//! without the proof that a reader will check, but for events that are older than what the chain's state remembers.

use super::{
    View, ask,
    decision::{DecisionError, Logs, raw},
};
use crate::{
    contracts::FederatedTasks,
    federated::{Terms, created_topic},
};
use alloy::{providers::Provider, rpc::types::Filter, sol_types::SolValue};
use averment_primitives::{Address, B256, Bytes, VersionId, keccak256};
use averment_registry::{
    audit::RoundsEvidence,
    federated::{TaskCode, TaskEvent},
};

impl View {
    /// The rounds that made a version, as of the view's block; none if the factory names no task for it. `difference` is what leads from
    /// the second points to the first, chunk by chunk.
    pub async fn rounds(
        &self,
        factory: Address,
        version: VersionId,
        difference: impl Fn(&[u8], &[u8]) -> Option<Vec<u8>>,
    ) -> Result<Option<RoundsEvidence>, DecisionError> {
        let ledger = &self.client.ledger;
        let call = FederatedTasks::provenanceOfCall { version: version.0 };
        let task = ask(ledger, &self.block, "provenanceOf", factory, call).await?;
        if task.is_zero() {
            return Ok(None);
        }
        let slots = RoundsEvidence::factory_slots(task, version);
        let (factory_proof, implementation) = self.proxy(factory, &slots).await?;
        let (task_proof, _) = ledger.prove(&self.block, task, &RoundsEvidence::task_slots()).await?;
        let code = ledger.provider().get_code_at(task).hash(self.block.hash).await;
        let code = code.map_err(|source| DecisionError::Code { task, source })?;
        let known = TaskCode::decode(&code)?;
        let (runs, _) = ledger.prove(&self.block, known.implementation, &[]).await?;

        let created =
            Filter::new().address(factory).event_signature(created_topic()).topic1(task.into_word());
        let created = self.found(&created).await?;
        let missing = || DecisionError::Missing { event: "TaskCreated", id: task.into_word() };
        let begun = created.values().next().ok_or_else(missing)?;
        let begun = <(Terms, Bytes, Bytes)>::abi_decode_params_validate(&begun.data().data);
        let (_, prefix, points) = begun.map_err(|_| missing())?;

        let mut steps = Logs::new();
        let mut differences: Vec<B256> = Vec::new();
        let (mut before, mut made) = (points.clone(), None);
        for (place, log) in self.found(&Filter::new().address(task)).await? {
            let Some(event) = TaskEvent::of(&raw(&log))? else { continue };
            match event {
                TaskEvent::Aggregated { points, .. } => made = Some(points),
                TaskEvent::Settled { .. } => {
                    let id = task.into_word();
                    let after = made.take().ok_or(DecisionError::Missing { event: "Aggregated", id })?;
                    let between = difference(&after, &before).ok_or(DecisionError::Points { task })?;
                    differences.push(keccak256(between));
                    before = after;
                }
                _ => {}
            }
            steps.insert(place, log);
        }
        let steps = self.steps(&steps).await?;
        Ok(Some(RoundsEvidence {
            version,
            factory: factory_proof,
            implementation,
            task: task_proof,
            runs,
            code,
            prefix,
            points,
            differences,
            steps,
        }))
    }
}
