//! What an audit file says of the rounds of federated learning that made a version, gathered. Nothing that a node tells is believed
//! without the proof that a reader will check, but for events that are older than what the chain's state remembers.

use super::{
    View, ask,
    decision::{DecisionError, Logs, raw},
};
use crate::{
    contracts::{FederatedTask, FederatedTasks},
    federated::{Terms, created_topic},
};
use alloy::{
    providers::Provider,
    rpc::types::Filter,
    sol_types::{SolCall, SolValue},
};
use averment_primitives::{Address, B256, Bytes, VersionId, keccak256};
use averment_registry::{
    audit::{RoundProofEvidence, RoundsEvidence},
    federated::{TaskCode, TaskEvent},
};

impl View {
    /// The rounds that made a version, as of the view's block; none if its manifest claims no task and the factory names none for it.
    /// `difference` is what leads from the second points to the first, chunk by chunk. Rounds' proofs are there if the node has all the
    /// transactions that posted them and nothing but the task was called in them; what vectors are, adoptions and the token are not.
    pub async fn rounds(
        &self,
        factory: Option<Address>,
        version: VersionId,
        claimed: Option<Address>,
        difference: impl Fn(&[u8], &[u8]) -> Option<Vec<u8>>,
    ) -> Result<Option<RoundsEvidence>, DecisionError> {
        let ledger = &self.client.ledger;
        let task = match (claimed, factory) {
            (Some(task), _) => task,
            (None, Some(factory)) => {
                let call = FederatedTasks::provenanceOfCall { version: version.0 };
                ask(ledger, &self.block, "provenanceOf", factory, call).await?
            }
            (None, None) => return Ok(None),
        };
        if task.is_zero() {
            return Ok(None);
        }
        let code = ledger.provider().get_code_at(task).hash(self.block.hash).await;
        let code = code.map_err(|source| DecisionError::Code { task, source })?;
        let known = TaskCode::decode(&code)?;
        let factory = known.factory;
        let slots = RoundsEvidence::factory_slots(task, version);
        let (factory_proof, implementation) = self.proxy(factory, &slots).await?;
        let (task_proof, _) = ledger.prove(&self.block, task, &RoundsEvidence::task_slots()).await?;
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
        let mut posted: Vec<Option<RoundProofEvidence>> = Vec::new();
        for (place, log) in self.found(&Filter::new().address(task)).await? {
            let Some(event) = TaskEvent::audited(&raw(&log))? else { continue };
            match event {
                TaskEvent::Aggregated { points, accounts, .. } => {
                    let history = if known.terms.rule.history { accounts.len() } else { 0 };
                    let call = self.call(log.transaction_hash).await?;
                    let own = call.filter(|(to, _)| *to == task);
                    made = Some((own.and_then(|(_, input)| proof_in(&input, points.len(), history)), points));
                }
                TaskEvent::Settled { .. } => {
                    let id = task.into_word();
                    let (proof, after) =
                        made.take().ok_or(DecisionError::Missing { event: "Aggregated", id })?;
                    posted.push(proof);
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
            vectors: None,
            proofs: posted.into_iter().collect::<Option<_>>().unwrap_or_default(),
            adoption: None,
            token: None,
        }))
    }
}

/// What the call that posted a model says beside events: the remainder, as long as the model, the cumulative points of so many updates,
/// and the proof.
fn proof_in(input: &[u8], length: usize, history: usize) -> Option<RoundProofEvidence> {
    let posted = FederatedTask::aggregateCall::abi_decode(input).ok()?.aggregation;
    let remainder = posted.points.get(length..length.checked_mul(2)?)?;
    let cumulatives = posted.points.get(posted.points.len().checked_sub(length.checked_mul(history)?)?..)?;
    Some(RoundProofEvidence {
        remainder: Bytes::copy_from_slice(remainder),
        cumulatives: Bytes::copy_from_slice(cumulatives),
        proof: posted.proof,
    })
}
