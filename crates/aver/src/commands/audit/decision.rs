//! `aver audit decision REQUEST|CLAIM`: the audit file of a decision, from its data to the payout.

use super::make::{Order, releases};
use crate::{
    args::DecisionArgs,
    commands::{Context, commit::opening_path, prove::committed_input},
    exit, mathematics,
    plans::PlanFolder,
};
use anyhow::{Context as _, Result};
use averment_ledger::{
    contracts::PoolContracts,
    registry::{Decision, DecisionError, Proved, RegistryClient, Subject, View},
};
use averment_plan::Schema;
use averment_primitives::{Address, B256};
use averment_registry::{
    audit::{DecisionEvidence, InputOpeningEvidence, InputsEvidence, ProofEvidence},
    settlement::{Offer, Request, decode_outputs},
};
use serde_json::json;
use std::path::PathBuf;

pub fn run(args: &DecisionArgs, context: &Context) -> Result<()> {
    context.block_on(async {
        let registry = context.registry().await?;
        let releases = releases(&args.with, context);
        let wanted = Wanted {
            id: args.id,
            pool: args.pool,
            plan: args.plan.as_ref().map(|path| PlanFolder::open(path)).transpose()?,
            inputs: &args.disclose_inputs,
        };
        let (view, decision) = wanted.gather(&registry, context).await?;
        let order = Order {
            version: decision.version,
            releases: &releases,
            disclose: &args.with.disclose,
            task_plans: &args.with.task_plans,
            records: args.with.records.iter().copied().collect(),
            decision: Some((view, decision.evidence)),
        };
        let made = order.fill(&registry, &args.output, context).await?;
        let block = made.verified.block();
        let settled = made.verified.decision().context("the file is about a decision")?;
        let value = json!({
            "file": args.output,
            "page": made.page,
            "version": decision.version,
            "block": { "hash": block.hash, "number": block.number, "timestamp": block.timestamp },
            "chainId": registry.id().chain_id,
            "registry": registry.id().address,
            "decision": super::verify::decision(settled),
            "embedded": block.embedded,
        });
        let pool = settled.pool.as_ref().map(|pool| format!(" --pool {}", pool.contract.address));
        let (told, steps) = (settled.told(), settled.steps.len());
        let mut words = format!(
            "wrote {} and its page {}\n{} of {steps} steps are proved by receipts{}\nit is proved from block {} of chain \
             {}, whose hash the reader must have from elsewhere:\n  aver audit verify {} --block-hash {:?} --registry {} \
             --router {}{}",
            args.output.display(),
            made.page.display(),
            steps - told,
            if told == 0 { "" } else { "; the others are older than what the chain's state remembers, and marked so" },
            block.number,
            registry.id().chain_id,
            args.output.display(),
            block.hash,
            registry.id().address,
            settled.contract.address,
            pool.unwrap_or_default(),
        );
        if decision.proved.is_some() && args.plan.is_none() {
            words += "\nThe answer was proved; --plan PLAN puts the proof into the file.";
        }
        if block.embedded {
            words += "\nThis chain is one operator's word: the file proves nothing to a third party.";
        }
        context.ui.result(&value, words)
    })
}

/// Which decision, and what goes into its file beside what the chain holds.
pub struct Wanted<'a> {
    /// A request, or a claim.
    pub id: B256,
    /// The pool of a claim; none for the recorded one.
    pub pool: Option<Address>,
    /// The version's plan, for a proof.
    pub plan: Option<PlanFolder>,
    /// Commitments to inputs that the reader may see, with their openings beside them.
    pub inputs: &'a [PathBuf],
}

impl Wanted<'_> {
    /// Everything about the decision, as of the newest final block.
    pub async fn gather(&self, registry: &RegistryClient, context: &Context) -> Result<(View, Decision)> {
        let deployment = context.deployment()?;
        let settlement = deployment
            .settlement
            .ok_or_else(|| exit::usage("the contracts here settle no requests: deploy them with a setup"))?;
        let view = registry.at_final().await?;
        let router = settlement.router.address;
        let found = match view.settled(router, Subject::Request(self.id)).await {
            Err(DecisionError::Unknown { .. }) => {
                let evidence = self.id;
                match self.pool(context)? {
                    Some(pool) => view.settled(router, Subject::Claim { pool, evidence }).await,
                    None => Err(DecisionError::Unknown { what: "request", id: evidence }),
                }
            }
            found => found,
        };
        let mut decision = found.map_err(refused)?;
        if let (Some(proved), Some(folder)) = (&decision.proved, &self.plan) {
            decision.evidence.proof = Some(proof(proved, &decision.evidence, folder)?);
        }
        if !self.inputs.is_empty() {
            decision.evidence.inputs = Some(self.disclosed(&decision.evidence)?);
        }
        Ok((view, decision))
    }

    fn pool(&self, context: &Context) -> Result<Option<Address>> {
        let file = &context.config.pool_file;
        Ok(match self.pool {
            None if file.is_file() => Some(PoolContracts::load(file)?.pool.address),
            named => named,
        })
    }

    /// The openings that the reader may see: of a pool's claims wherever they are in the batch, of other requests all of them.
    fn disclosed(&self, decision: &DecisionEvidence) -> Result<InputsEvidence> {
        let folder = self.plan.as_ref();
        let folder =
            folder.ok_or_else(|| exit::usage("--disclose-inputs needs the schema: pass --plan PLAN"))?;
        let schema: Schema = folder.schema()?;
        let opened = self.inputs.iter().map(|path| committed_input(path, &schema));
        let opened = opened.collect::<Result<Vec<_>>>()?;
        let identities = match &decision.pool {
            Some(pool) => pool.evidence.clone(),
            None => opened.iter().map(|(commitment, _)| commitment.identity()).collect(),
        };
        let mut openings = Vec::new();
        for ((commitment, opening), path) in opened.iter().zip(self.inputs) {
            let item = identities.iter().position(|identity| *identity == commitment.identity());
            let item = item.ok_or_else(|| {
                exit::usage(format!("{}: this decision is about other inputs", opening_path(path).display()))
            })?;
            openings.push(InputOpeningEvidence {
                item: u16::try_from(item).context("a request has at most 65,536 inputs")?,
                commitment: commitment.encode().into(),
                opening: opening.encode().to_vec().into(),
            });
        }
        openings.sort_by_key(|opening| opening.item);
        Ok(InputsEvidence { schema: schema.encode().into(), identities, openings })
    }
}

/// The proof that the router was given, with what it is checked against.
fn proof(proved: &Proved, decision: &DecisionEvidence, folder: &PlanFolder) -> Result<ProofEvidence> {
    let (plan, schema, weights) = (folder.plan()?, folder.schema()?, folder.commitment()?);
    let (request, offer) = (Request::decode(&decision.request.asked)?, Offer::decode(&decision.offer)?);
    let shown = folder.path().display();
    if (plan.digest(), weights.identity()) != (offer.plan, offer.weights) {
        let message = format!("{shown} is not the plan of the version that decided, {:?}", offer.plan);
        return Err(exit::usage(message).into());
    }
    let outputs = decode_outputs(&decision.outputs)?;
    let inputs =
        mathematics::inputs_of(&proved.points, (&plan, &schema, &weights), (&request, &offer), &outputs);
    let inputs =
        inputs.context("the points that the router was given are no commitments to the request's inputs")?;
    Ok(ProofEvidence {
        plan: plan.encode().into(),
        schema: schema.encode().into(),
        weights: weights.encode().into(),
        certificate: folder.certificate()?.encode().into(),
        inputs: inputs.encode().into(),
        proof: proved.proof.clone(),
    })
}

/// What is not there is the typist's matter, not the world's.
fn refused(error: DecisionError) -> anyhow::Error {
    match error {
        DecisionError::Unknown { .. } | DecisionError::NotFinal { .. } => {
            exit::refused(error.to_string()).into()
        }
        other => other.into(),
    }
}
