//! The demo's last act: the audit file of one paid claim, from the data of the version that decided it to the payout; verified
//! offline, and a copy in which the answer is another one refused.

use super::stage::Stage;
use crate::{
    commands::audit::{decision::Wanted, make::Order, verify},
    exit,
    mathematics::Checker,
    plans::PlanFolder,
};
use anyhow::{Context as _, Result, bail, ensure};
use averment_primitives::{Address, B256, VersionId};
use averment_registry::{
    audit::{Evidence, Limits, TrustPolicy, TrustedBlockHash, Verified},
    settlement::{decode_outputs, encode_outputs},
};
use averment_storage::atomic;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// What was made, for machines and for who wants to check it.
pub struct Audited {
    /// The file.
    pub file: PathBuf,
    page: PathBuf,
    /// The hash of the block that it is proved from.
    pub block: B256,
    router: Address,
    decision: Value,
    refusal: String,
}

impl Audited {
    /// For machines.
    pub fn json(&self) -> Value {
        json!({
            "file": self.file,
            "page": self.page,
            "blockHash": self.block,
            "router": self.router,
            "decision": self.decision,
            "refusal": self.refusal,
        })
    }
}

/// Makes it of a claim of `pool` that `version` decided.
pub async fn claim(
    stage: &Stage,
    folder: &Path,
    version: VersionId,
    plan: &PlanFolder,
    (pool, evidence): (Address, B256),
) -> Result<Audited> {
    let (context, registry) = (&stage.context, &stage.registry);
    let wanted = Wanted { id: evidence, pool: Some(pool), plan: Some(plan.clone()), inputs: &[] };
    let (view, found) = wanted.gather(registry, context).await?;
    ensure!(found.version == version, "the claim was decided by {}", found.version);
    let router = found.evidence.router.address;
    let order = Order {
        version,
        releases: &[context.releases()],
        disclose: &[],
        task_plans: &[],
        records: BTreeSet::new(),
        decision: Some((view, found.evidence)),
    };
    let file = folder.join("claim.json");
    let made = order.fill(registry, &file, context).await?;
    let block = made.verified.block().hash;
    let policy = TrustPolicy {
        chain_id: Some(registry.id().chain_id),
        registry: Some(registry.id().address),
        router: Some(router),
        pool: Some(pool),
        ..TrustPolicy::default()
    };
    let check = |file: &Path| -> Result<Verified> {
        verify::file(file, TrustedBlockHash(block), &policy, &Checker::new(context))
    };
    let verified = check(&file)?;
    let decision = verified.decision().context("the file is about a decision")?;
    let ui = context.ui;
    ui.say(format!(
        "   {} verifies offline from block hash {block:?}: {} steps by receipts, the answer by its proof, the claim {} by the \
         pool's state",
        file.display(),
        decision.steps.len() - decision.told(),
        decision.pool.iter().flat_map(|pool| &pool.claims).map(|claim| claim.stage.to_string()).collect::<String>(),
    ));
    ui.say(format!("   {} is its page, a line from data to payout", made.page.display()));

    let mut forged = Evidence::decode(&std::fs::read(&file)?, &Limits::default())?;
    let own = forged.decision.as_mut().context("the file is about a decision")?;
    let mut outputs = decode_outputs(&own.outputs)?;
    *outputs.first_mut().context("there is an output")? ^= 1;
    own.outputs = encode_outputs(&outputs).into();
    let copy = file.with_file_name("claim-tampered.json");
    atomic::write(&copy, &forged.encode()?)?;
    let refusal = match check(&copy) {
        Ok(_) => bail!("a tampered audit file was accepted: this is a fault in Averment, please report it"),
        Err(refusal) => {
            ensure!(exit::code_of(&refusal) == exit::REFUSED, refusal);
            format!("{refusal:#}")
        }
    };
    ui.say(format!("   A copy with another answer is refused: {refusal}"));
    let decision = verify::decision(decision);
    Ok(Audited { file, page: made.page, block, router, decision, refusal })
}
