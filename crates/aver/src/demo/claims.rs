//! The demo's end: insurance that the registered version decides, and that pays by itself.
//!
//! Rows of the breast cancer data are medical reports: a policy pays if the model finds a report malignant. Four claims are
//! decided by one proof; one that the model rejects is appealed and decided by the reviewer, to whom the holder shows the
//! pathologist's finding. Three are answered with a bond, at first by somebody who says that nobody is ill: challenged, it
//! cannot prove that, loses its bond, and another answers. What is waited for passes at once: the chain's clock is moved.

pub(super) mod money;
mod people;

use self::{
    money::{Balances, Purses},
    people::People,
};
use super::stage::Stage;
use crate::{
    args::{ComputeArgs, proofs::InputsArgs},
    commands::{answer::with_proof, commit, offer::publish},
    computing::Computed,
    desk::Desk,
    plans::PlanFolder,
};
use alloy::primitives::aliases::U40;
use anyhow::{Context as _, Result, bail, ensure};
use averment_ledger::{
    claims::{Batch, ClaimsClient, Policy, Stage as ClaimStage},
    contracts::{ClaimsPool, DevelopmentToken, PoolContracts, PoolGovernance, PoolTerms},
    settlement::{Found, Mode, Modes, Offer, SettlementClient},
};
use averment_primitives::{Address, B256, SaltedLeaf, U256, VersionId};
use averment_storage::atomic;
use averment_verifier::{
    commitment::InputCommitment,
    descriptor::{Commitments, Options},
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A token in its smallest units.
const TOKEN: u128 = 1_000_000_000_000_000_000;
const HOUR: u32 = 60 * 60;
const DAY: u32 = 24 * HOUR;
/// Seconds in which a bonded answer may be challenged, and then has to be proved: the fewest that the router takes.
const WINDOW: u32 = 10 * 60;
/// What a policy costs and pays.
const PREMIUM: u128 = 20 * TOKEN;
const PAYOUT: u128 = 100 * TOKEN;
/// For each claim, to whoever answers.
const FEE: u128 = TOKEN;
/// Claims that a proof is about, as a power of two.
const BATCH_BITS: u8 = 2;
/// The reports behind the claims of each product, by the numbers of the demo's cases.
const REPORTS: [&[&str]; 2] =
    [&["wdbc-054", "wdbc-197", "wdbc-263", "wdbc-179"], &["wdbc-373", "wdbc-013", "wdbc-313"]];
/// The one that the model rejects and a pathologist finds malignant.
const APPEALED: &str = "wdbc-263";
/// How the answers about the two products' claims become final.
const MODES: [Mode; 2] = [Mode::Proof, Mode::Optimistic];

/// A claim, and what only its holder and the intake have.
struct Filed {
    case: String,
    claim: ClaimsPool::Claim,
    /// The commitment's file, with its opening beside it.
    file: PathBuf,
}

/// What came of it, for machines.
pub struct Settled {
    pool: Address,
    paid: usize,
    claims: Vec<Value>,
    /// The claims that one proof decided, and where they stand.
    by_proof: Vec<(B256, ClaimStage)>,
    purses: Purses,
}

impl Settled {
    /// The pool, and a claim that was paid by a proof alone.
    pub fn paid_by_proof(&self) -> Result<(Address, B256)> {
        let paid = self.by_proof.iter().find(|(_, stage)| *stage == ClaimStage::Paid);
        Ok((self.pool, paid.context("a claim was paid")?.0))
    }

    /// For machines.
    pub fn json(&self) -> Value {
        json!({ "pool": self.pool, "paid": self.paid, "claims": self.claims, "money": self.purses.json() })
    }
}

/// Plays it with `version`, whose plan is in `plan` and whose decisions are in `decisions`.
pub async fn play(
    stage: &mut Stage,
    plan: &PlanFolder,
    version: VersionId,
    decisions: &Path,
) -> Result<Settled> {
    let desk = Desk::on(&stage.context, stage.registry.ledger()).await?;
    let people = People::enter(stage, &desk.client).await?;
    let folder = decisions.with_file_name("claims");
    let reports = REPORTS.iter().copied().flatten().copied();
    let evidence: Vec<_> =
        reports.map(|case| evidence(case, decisions, &folder, plan, stage)).collect::<Result<_>>()?;
    let offered = offer(stage, plan, version, &desk).await?;
    let claims = pool(stage, &people, version, offered, &desk.client).await?;
    let before = Balances::of(&people, &claims, &desk.client).await?;
    let scene = Scene { people, claims, desk };
    let (first, second) = evidence.split_at(REPORTS[0].len());
    let (proved, bonded) = scene.file(stage, [first, second]).await?;
    scene.decided_by_proof(stage, plan, &proved).await?;
    scene.appealed(stage, &proved).await?;
    scene.decided_by_bond(stage, plan, &bonded).await?;
    let mut stages = Vec::new();
    for own in proved.iter().chain(&bonded) {
        let identity = own.claim.evidence;
        stages.push((own.case.clone(), identity, scene.claims.claim(identity).await?.stage));
    }
    let after = Balances::of(&scene.people, &scene.claims, &scene.desk.client).await?;
    let purses = before.until(after)?;
    let paid = stages.iter().filter(|(_, _, stage)| *stage == ClaimStage::Paid).count();
    let ui = stage.context.ui;
    ui.say(format!("   {paid} of {} claims are paid; nobody asked a person but the reviewer", stages.len()));
    ui.say(purses.table());
    Ok(Settled {
        pool: scene.claims.address(),
        paid,
        claims: stages
            .iter()
            .map(|(case, evidence, stage)| json!({ "case": case, "evidence": evidence, "stage": stage.name() }))
            .collect(),
        by_proof: stages.iter().take(proved.len()).map(|(_, evidence, stage)| (*evidence, *stage)).collect(),
        purses,
    })
}

/// A report, and the intake's commitment to it, each in a file.
fn evidence(
    case: &str,
    decisions: &Path,
    folder: &Path,
    plan: &PlanFolder,
    stage: &Stage,
) -> Result<(String, PathBuf, InputCommitment)> {
    let text = std::fs::read(decisions).with_context(|| format!("reading {}", decisions.display()))?;
    let text: Value = serde_json::from_slice(&text)?;
    let cases = text["decisions"].as_array().context("the example has decisions")?;
    let own = cases.iter().find(|own| own["case"] == case).context("the example has this case")?;
    atomic::create_folder(folder)?;
    let report = folder.join(format!("{case}.json"));
    atomic::write(&report, serde_json::to_string(&json!({ "input_data": [own["input"]] }))?.as_bytes())?;
    let (commitment, opening) = commit::to_input(plan, &report, &InputsArgs::default(), &stage.context)?;
    let path = report.with_extension("input");
    opening.write(&commit::opening_path(&path))?;
    atomic::write(&path, &commitment.encode())?;
    Ok((case.to_owned(), path, commitment))
}

/// The owner offers the version's answers about batches of claims. Returns the offer's id.
async fn offer(stage: &mut Stage, plan: &PlanFolder, version: VersionId, desk: &Desk) -> Result<B256> {
    let options = Options { batch_bits: BATCH_BITS, commitments: Commitments::Each, ..Options::default() };
    let modes = Modes::from_iter(MODES).0;
    let terms = Offer {
        version: version.0,
        modes,
        modesForPersons: modes,
        proofSeconds: WINDOW,
        challengeBond: 10 * TOKEN,
        ..Offer::default()
    };
    let (offered, sent) = publish(plan, options, terms, desk, &stage.owner, &stage.context).await?;
    stage.note_all("certify its weights for four claims at once", sent);
    let (id, sent) = desk.client.offer(&stage.owner, &offered).await?;
    stage.note("offer the version's answers", sent);
    Ok(id)
}

/// The insurer's pool, with capital, two products and an intake. Its record is kept for `aver claims`.
async fn pool(
    stage: &mut Stage,
    people: &People,
    version: VersionId,
    offer: B256,
    settlement: &SettlementClient,
) -> Result<ClaimsClient> {
    let (owner, contracts) = (stage.owner.address(), settlement.contracts());
    let terms = PoolTerms {
        router: contracts.router.address,
        token: contracts.token,
        cadence: HOUR,
        filing: HOUR / 4,
        patience: DAY,
        appeal: 14 * DAY,
        review: 14 * DAY,
        uptime: Address::ZERO,
        grace: 0,
    };
    let governance = PoolGovernance {
        insurer: people.insurer.address(),
        reviewer: people.reviewer.address(),
        pauser: owner,
        upgrader: owner,
        canceller: owner,
        delay: 0,
    };
    let (record, sent) = PoolContracts::deploy(&people.insurer, &terms, &governance).await?;
    record.save(&stage.context.config.pool_file)?;
    stage.note_all("deploy the insurer's pool", sent);
    let claims = ClaimsClient::open(stage.registry.ledger(), &record).await?;
    let insurer = &people.insurer;
    // Whoever buys often lets the pool take more than one premium.
    let approve = DevelopmentToken::approveCall { spender: claims.address(), value: U256::MAX };
    people.broker.call("let the pool take tokens", contracts.token, &approve).await?;
    stage.note_all("capital", claims.add_capital(insurer, 1_000 * TOKEN).await?);
    stage.note("fees for answers", claims.fund_router(insurer, 50 * TOKEN).await?);
    stage.note("accredit the clinic", claims.set_intake(insurer, people.intake.address(), true).await?);
    let mut sent = Vec::new();
    for mode in MODES {
        let terms = ClaimsPool::Routine {
            version: version.0,
            offer,
            // The class "malignant".
            least: 1,
            most: 1,
            output: 0,
            outputs: 1,
            batch: 1 << BATCH_BITS,
            mode: mode.code(),
            personal: true,
            proofAbove: u128::MAX,
            fee: FEE,
            answerSeconds: DAY,
            window: WINDOW,
        };
        sent.push(claims.add_routine(insurer, terms).await?.1);
    }
    stage.note_all("two ways to decide claims", sent);
    let mut sent = Vec::new();
    for routine in 1..=MODES.len() as u16 {
        let terms = ClaimsPool::Product {
            premium: PREMIUM,
            payout: PAYOUT,
            term: 365 * DAY,
            filing: 30 * DAY,
            routine,
        };
        sent.push(claims.add_product(insurer, terms).await?.1);
    }
    stage.note_all("a product for each", sent);
    Ok(claims)
}

/// What is there when the policies are sold.
struct Scene {
    people: People,
    claims: ClaimsClient,
    desk: Desk,
}

impl Scene {
    /// Policies are sold, each for an address of its own; the intake signs what it has seen, and all claims are filed in one
    /// transaction.
    async fn file(
        &self,
        stage: &mut Stage,
        evidence: [&[(String, PathBuf, InputCommitment)]; 2],
    ) -> Result<(Vec<Filed>, Vec<Filed>)> {
        let (claims, broker) = (&self.claims, &self.people.broker);
        let (mut filed, mut sales) = (Vec::new(), Vec::new());
        for (own, product) in evidence.into_iter().zip(1..) {
            for (case, file, commitment) in own {
                let holder = self.people.holder(case)?;
                let (Policy { id, .. }, sent) = claims.buy(broker, product, holder, B256::ZERO).await?;
                sales.extend(sent);
                let claim = ClaimsPool::Claim { policy: id, evidence: commitment.identity() };
                filed.push(Filed { case: case.clone(), claim, file: file.clone() });
            }
        }
        stage.note_all(&format!("sell {} policies", filed.len()), sales);
        stage.next_period(HOUR).await?;
        let now = stage.now().await?;
        let mut filings = Vec::new();
        for own in &filed {
            let intake = ClaimsPool::Intake {
                policy: own.claim.policy,
                evidence: own.claim.evidence,
                happenedAt: U40::from(now),
                expiry: U40::from(now + u64::from(DAY)),
            };
            filings.push(claims.sign_intake(&self.people.intake, intake)?);
        }
        let sent = claims.file(broker, filings).await?;
        let say = format!(
            "   The clinic signs {} commitments to reports; which report, nobody else sees",
            filed.len()
        );
        stage.context.ui.say(say);
        stage.note(format!("file {} claims", filed.len()), sent);
        stage.next_period(HOUR).await?;
        let bonded = filed.split_off(evidence[0].len());
        Ok((filed, bonded))
    }

    /// One proof answers for all of them.
    async fn decided_by_proof(&self, stage: &mut Stage, plan: &PlanFolder, filed: &[Filed]) -> Result<()> {
        let batch = self.ask(stage, 1, filed).await?;
        let answerer = &self.people.answerer;
        let (found, computed) = self.computed(stage, plan, &batch, filed).await?;
        let sent = with_proof(&found, &computed, &self.desk, answerer, &stage.context).await?;
        stage.note(format!("one proof for {} claims", filed.len()), sent);
        self.decide_and_pay(stage, &batch, filed, computed.outputs).await
    }

    /// The holder brings what the model rejected before the reviewer, who decides.
    async fn appealed(&self, stage: &mut Stage, filed: &[Filed]) -> Result<()> {
        let own = filed.iter().find(|own| own.case == APPEALED).context("it was filed")?;
        let (claims, people) = (&self.claims, &self.people);
        let at = claims.claim(own.claim.evidence).await?.stage;
        if at == ClaimStage::Paid {
            // Two who train alike differ in a last bit; this one is near the edge.
            stage.context.ui.say(format!("   The model finds {APPEALED} itself: nobody has to appeal"));
            return Ok(());
        }
        ensure!(at == ClaimStage::Rejected, "the claim of {APPEALED} is {at:?}");
        stage.context.ui.say(format!(
            "   The holder of {APPEALED} appeals: the pathologist found it malignant, the model did not"
        ));
        let sent = claims.appeal(&people.broker, people.key(APPEALED)?, own.claim.clone()).await?;
        stage.note("appeal", sent);
        let words = b"the pathologist's finding outweighs the model's answer";
        let reason = SaltedLeaf::commit(&commit::fresh_salt()?, words).0;
        let sent = claims.review(&people.reviewer, own.claim.clone(), true, reason).await?;
        stage.note("the reviewer accepts it", sent);
        let sent = claims.pay(&people.broker, vec![own.claim.clone()]).await?;
        stage.note("pay it", sent);
        Ok(())
    }

    /// A wrong answer loses its bond, the next one stands.
    async fn decided_by_bond(&self, stage: &mut Stage, plan: &PlanFolder, filed: &[Filed]) -> Result<()> {
        let batch = self.ask(stage, 2, filed).await?;
        let (settlement, people) = (&self.desk.client, &self.people);
        let outputs = self.computed(stage, plan, &batch, filed).await?.1.outputs;
        let wrong = vec![0; outputs.len()];
        ensure!(wrong != outputs, "the impostor's answer is wrong");
        stage
            .context
            .ui
            .say("   An impostor answers, with a bond, that nobody is ill. A watcher challenges it");
        let sent = settlement.answer(&people.impostor, &settlement.find(batch.id).await?, wrong).await?;
        stage.note_all("a wrong answer", sent);
        let sent = settlement.challenge(&people.watcher, &settlement.find(batch.id).await?).await?;
        stage.note_all("challenge it", sent);
        stage.wait(u64::from(WINDOW) + 60).await?;
        let sent = settlement.forfeit(&people.watcher, &settlement.find(batch.id).await?).await?;
        stage.note("not proved in time: its bond is lost", sent);
        let found = settlement.find(batch.id).await?;
        let sent = settlement.answer(&people.answerer, &found, outputs.clone()).await?;
        stage.note_all("a right answer", sent);
        stage.wait(u64::from(WINDOW) + 60).await?;
        let sent = settlement.finalise(&people.answerer, &settlement.find(batch.id).await?).await?;
        stage.note("nobody challenges it: it is final", sent);
        self.decide_and_pay(stage, &batch, filed, outputs).await
    }

    async fn ask(&self, stage: &mut Stage, routine: u16, filed: &[Filed]) -> Result<Batch> {
        let evidence = filed.iter().map(|own| own.claim.evidence).collect();
        let (batch, sent) = self.claims.ask(&self.people.broker, routine, evidence).await?;
        stage.note(format!("ask about {} claims", filed.len()), sent);
        Ok(batch)
    }

    /// What the version says about claims, as whoever answers the request about them computes it.
    async fn computed(
        &self,
        stage: &Stage,
        plan: &PlanFolder,
        batch: &Batch,
        filed: &[Filed],
    ) -> Result<(Found, Computed)> {
        let found = self.desk.client.find(batch.id).await?;
        let given = ComputeArgs {
            plan: Some(plan.path().to_path_buf()),
            inputs: filed.iter().map(|own| own.file.clone()).collect(),
            ..ComputeArgs::default()
        };
        let computed = Computed::of(&found, &given, &stage.context)?;
        Ok((found, computed))
    }

    /// The pool acts on the final answer; what it accepts is paid.
    async fn decide_and_pay(
        &self,
        stage: &mut Stage,
        batch: &Batch,
        filed: &[Filed],
        outputs: Vec<i64>,
    ) -> Result<()> {
        let sent = self.claims.decide(&self.people.broker, batch, outputs).await?;
        stage.note(format!("decide {} claims", filed.len()), sent);
        let mut accepted = Vec::new();
        for own in filed {
            match self.claims.claim(own.claim.evidence).await?.stage {
                ClaimStage::Accepted => accepted.push(own.claim.clone()),
                ClaimStage::Rejected => {}
                other => bail!("the claim of {} is {other:?} after its decision", own.case),
            }
        }
        let count = accepted.len();
        let sent = self.claims.pay(&self.people.broker, accepted).await?;
        stage.note(format!("pay the {count} that were accepted"), sent);
        Ok(())
    }
}
