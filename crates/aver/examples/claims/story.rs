//! What happens: policies, claims, answers, payouts; and the tables at the end.

use crate::{
    insured::{Evidence, Insured},
    scene::{DAY, OPERATORS, Role, Scene, TOKEN},
};
use alloy::sol_types::{SolEvent, SolValue};
use anyhow::{Context as _, Result, ensure};
use averment_ledger::{
    claims::{Batch, Policy, Stage},
    contracts::{BlockRandomness, ClaimsPool, InferenceRouter, OracleStaking, Sent},
    evidence::header_rlp,
    keys::AccountKey,
};
use averment_primitives::{Address, B256, U256, keccak256};
use averment_verifier::statement::{Mode, Statement};
use std::{collections::BTreeMap, fmt::Write as _};

/// What a photo's claim pays, and a report's.
const PAYOUTS: [u128; 2] = [50 * TOKEN, 15 * TOKEN];
/// For each claim, to whoever answers.
const FEE: u128 = TOKEN / 10;
/// Seconds in which a bonded answer may be challenged.
const WINDOW: u32 = 6 * 60 * 60;
/// The modes, as the contracts number them, and the numbers of their products and routines.
const MODES: [(&str, u8, u16); 3] = [("proof", 0, 1), ("optimistic", 1, 2), ("quorum", 2, 3)];

/// Claims of one mode.
struct Line {
    /// Which of [`MODES`].
    mode: usize,
    policies: Vec<Policy>,
    identities: Vec<B256>,
    evidence: Vec<Evidence>,
    filed_at: u64,
    gas: BTreeMap<&'static str, u64>,
    accepted: usize,
    delay: u64,
}

/// Plays the story with so many claims a mode; `say` gets a line for each step. Returns the tables.
pub async fn tell(counts: [usize; 3], say: impl Fn(&str)) -> Result<String> {
    let photos = Insured::photos(counts[0])?;
    let reports = Insured::reports(counts[1].max(counts[2]))?;
    let setup =
        if photos.setup().powers().len() > reports.setup().powers().len() { &photos } else { &reports };
    ensure!(photos.setup().tau() == reports.setup().tau(), "both models' proofs are made with one setup");
    let scene = Scene::set(setup.setup()).await?;
    let offers = [scene.release("damage", &photos).await?, scene.release("reports", &reports).await?];
    let operators = scene.operators().await?;
    say("Two models are registered, approved and deployed, their weights certified, their answers offered.");

    for (mode, (_, code, number)) in MODES.iter().enumerate() {
        let (insured, offer) = if mode == 0 { (&photos, &offers[0]) } else { (&reports, &offers[1]) };
        // Photos are damage from 0 to 9; of reports class 1 is malignant.
        let (least, most) = if mode == 0 { (5, 9) } else { (1, 1) };
        let routine = ClaimsPool::Routine {
            version: offer.version,
            offer: offer_id(&scene, offer).await?,
            least,
            most,
            output: 0,
            outputs: 1,
            batch: u16::try_from(insured.batch())?,
            mode: *code,
            personal: true,
            proofAbove: u128::MAX,
            fee: FEE,
            answerSeconds: DAY as u32,
            window: WINDOW,
        };
        scene.product(*number, routine, PAYOUTS[usize::from(mode != 0)]).await?;
    }
    let before = money(&scene).await?;

    scene.next_period().await?;
    let mut lines = Vec::new();
    for (mode, count) in counts.into_iter().enumerate() {
        let insured = if mode == 0 { &photos } else { &reports };
        // The committee's reports are others than the answerer's.
        let first = if mode == 2 { counts[1] } else { 0 };
        let line = filed(&scene, insured, mode, first, count).await?;
        say(&format!("{count} claims to be decided by {} are filed.", MODES[mode].0));
        lines.push(line);
    }
    scene.next_period().await?;
    // The one whose answer waits for its window comes last, so that nobody else's delay is in it.
    for mode in [0, 2, 1] {
        let line = &mut lines[mode];
        let (insured, offer) = if line.mode == 0 { (&photos, &offers[0]) } else { (&reports, &offers[1]) };
        settled(&scene, insured, offer, line, &operators).await?;
        let count = line.identities.len();
        say(&format!("{}: {} of {count} claims are accepted.", MODES[line.mode].0, line.accepted));
    }
    for line in &mut lines {
        paid(&scene, line).await?;
    }
    let after = money(&scene).await?;
    tables(&scene, &lines, &before, &after).await
}

async fn offer_id(scene: &Scene, offer: &InferenceRouter::Offer) -> Result<B256> {
    let router = InferenceRouter::new(scene.settlement.router.address, scene.ledger().provider().clone());
    Ok(router.offerIdOf(offer.clone()).call().await?)
}

/// Policies are bought, each for an address of its own, and a claim is filed for each, all in one transaction.
async fn filed(scene: &Scene, insured: &Insured, mode: usize, first: usize, count: usize) -> Result<Line> {
    let (broker, claims) = (scene.by(Role::Broker), &scene.claims);
    let (_, _, product) = MODES[mode];
    let mut gas = BTreeMap::new();
    let (mut policies, mut filings) = (Vec::new(), Vec::new());
    let (mut identities, mut evidence) = (Vec::new(), Vec::new());
    for item in first..first + count {
        let holder = Address::from_word(keccak256(format!("holder {mode} {item}")));
        let (policy, sent) = claims.buy(&broker, product, holder, B256::ZERO).await?;
        sent.iter().for_each(|sent| add(&mut gas, "buy", sent));
        let seen = insured.evidence(item)?;
        let now = scene.now().await?;
        let intake = ClaimsPool::Intake {
            policy: policy.id,
            evidence: seen.0.identity(),
            // The day is enough, and more than it would be seen by all.
            happenedAt: alloy::primitives::aliases::U40::from(now),
            expiry: alloy::primitives::aliases::U40::from(now + DAY),
        };
        filings.push(claims.sign_intake(scene.key(Role::Intake), intake)?);
        policies.push(policy);
        identities.push(seen.0.identity());
        evidence.push(seen);
    }
    let sent = claims.file(&broker, filings).await?;
    add(&mut gas, "file", &sent);
    let filed_at = scene.now().await?;
    Ok(Line { mode, policies, identities, evidence, filed_at, gas, accepted: 0, delay: 0 })
}

/// The router is asked, answered, and the claims are decided.
async fn settled(
    scene: &Scene,
    insured: &Insured,
    offer: &InferenceRouter::Offer,
    line: &mut Line,
    operators: &[AccountKey],
) -> Result<()> {
    let broker = scene.by(Role::Broker);
    let (_, _, routine) = MODES[line.mode];
    let (batch, sent) = scene.claims.ask(&broker, routine, line.identities.clone()).await?;
    add(&mut line.gas, "ask", &sent);
    let evidence = std::mem::take(&mut line.evidence);
    let (outputs, opened) = insured.answer(evidence)?;
    match line.mode {
        0 => {
            let prover = scene.by(Role::Prover);
            let about = Statement {
                chain_id: scene.ledger().chain_id(),
                contract: scene.settlement.router.address,
                request: batch.id,
                beneficiary: prover.address(),
                version: offer.version,
                mode: Mode::ZeroKnowledge,
                ..Statement::default()
            };
            let (points, proof) = insured.prove(&opened, about)?;
            let call = InferenceRouter::proveCall {
                requester: scene.claims.address(),
                asked: batch.asked.clone(),
                offered: offer.clone(),
                contested: InferenceRouter::Answer {
                    answerer: Address::ZERO,
                    challenger: Address::ZERO,
                    outputs: Vec::new(),
                },
                outputs: outputs.clone(),
                proof: InferenceRouter::Proof { points: points.into(), proof: proof.into() },
            };
            let sent = prover.call("prove the answer", scene.settlement.router.address, &call).await?;
            add(&mut line.gas, "answer", &sent);
        }
        1 => answered(scene, &batch, &outputs, line).await?,
        _ => agreed(scene, &batch, &outputs, line, operators).await?,
    }
    let sent = scene.claims.decide(&broker, &batch, outputs.clone()).await?;
    add(&mut line.gas, "decide", &sent);
    line.delay = scene.now().await? - line.filed_at;
    for (place, evidence) in line.identities.iter().enumerate() {
        let accepted = if line.mode == 0 { outputs[place] >= 5 } else { outputs[place] == 1 };
        let expected = if accepted { Stage::Accepted } else { Stage::Rejected };
        let got = scene.claims.claim(*evidence).await?.stage;
        ensure!(got == expected, "claim {place} is {got:?}, the model's answer says {expected:?}");
        line.accepted += usize::from(accepted);
    }
    Ok(())
}

/// A bonded answer that nobody challenges.
async fn answered(scene: &Scene, batch: &Batch, outputs: &[i64], line: &mut Line) -> Result<()> {
    let (answerer, router) = (scene.by(Role::Answerer), scene.settlement.router.address);
    let (requester, asked) = (scene.claims.address(), batch.asked.clone());
    let call = InferenceRouter::answerCall { requester, asked: asked.clone(), outputs: outputs.to_vec() };
    let sent = answerer.call("answer with a bond", router, &call).await?;
    add(&mut line.gas, "answer", &sent);
    scene.wait(u64::from(WINDOW) + 60);
    let given = InferenceRouter::Answer {
        answerer: answerer.address(),
        challenger: Address::ZERO,
        outputs: outputs.to_vec(),
    };
    let call = InferenceRouter::finaliseCall { requester, asked, given };
    let sent = answerer.call("finalise the answer", router, &call).await?;
    add(&mut line.gas, "answer", &sent);
    Ok(())
}

/// A committee that is drawn, and agrees.
async fn agreed(
    scene: &Scene,
    batch: &Batch,
    outputs: &[i64],
    line: &mut Line,
    operators: &[AccountKey],
) -> Result<()> {
    let (broker, provider) = (scene.by(Role::Broker), scene.ledger().provider().clone());
    let (router, staking) = (scene.settlement.router.address, scene.settlement.staking.address);
    let (requester, asked) = (scene.claims.address(), &batch.asked);
    let round = InferenceRouter::new(router, provider.clone()).drawOf(batch.id).call().await?.round;
    // Blocks come with transactions: these move nothing.
    while scene.ledger().newest_final().await?.header.number <= round {
        scene.approve(&broker, requester, U256::MAX).await?;
    }
    let header = header_rlp(&scene.ledger().verified_header(round).await?);
    let record = BlockRandomness::recordCall { header };
    let sent = broker.call("record randomness", scene.settlement.randomness.address, &record).await?;
    add(&mut line.gas, "answer", &sent);
    let draw = InferenceRouter::drawCall { requester, asked: asked.clone() };
    let sent = broker.call("draw the committee", router, &draw).await?;
    add(&mut line.gas, "answer", &sent);
    let drawn = sent.receipt.logs().iter().find_map(|log| OracleStaking::Drawn::decode_log(&log.inner).ok());
    let committee = drawn.context("a committee was drawn")?.data.committee;

    let stake = OracleStaking::new(staking, provider);
    let salt = |seat: usize| keccak256(format!("salt {seat}"));
    let mut commits = Vec::new();
    for (seat, member) in committee.members.iter().enumerate() {
        let own = stake.commitmentOf(batch.id, *member, outputs.to_vec(), salt(seat));
        commits.push(own.call().await?);
    }
    let all = keccak256(commits.concat());
    let digest = stake.agreementDigest(batch.id, outputs.to_vec(), all).call().await?;
    let mut voices = Vec::new();
    for (seat, member) in committee.members.iter().enumerate() {
        let signer = Address::from_word(B256::from(*member & ((U256::from(1) << 160) - U256::from(1))));
        let key = operators.iter().find(|key| key.address() == signer).context("an operator of ours")?;
        let signature = key.sign_digest(&digest)?;
        let parity = U256::from(u8::from(signature.v())) << 255;
        let vs = B256::from(signature.s() | parity);
        voices.push(OracleStaking::Voice { seat: seat as u8, salt: salt(seat), r: signature.r().into(), vs });
    }
    ensure!(voices.len() == OPERATORS, "all of them agree");
    let call = OracleStaking::agreeCall {
        requester,
        asked: OracleStaking::Request::abi_decode(&asked.abi_encode())?,
        committee,
        agreement: OracleStaking::Agreement {
            outputs: outputs.to_vec(),
            commits: vec![B256::ZERO; OPERATORS],
            voices,
        },
    };
    let sent = broker.call("post what the committee says", staking, &call).await?;
    add(&mut line.gas, "answer", &sent);
    Ok(())
}

/// What was accepted is paid, to holders who need no ether for it.
async fn paid(scene: &Scene, line: &mut Line) -> Result<()> {
    let mut accepted = Vec::new();
    for (policy, evidence) in line.policies.iter().zip(&line.identities) {
        if scene.claims.claim(*evidence).await?.stage == Stage::Accepted {
            accepted.push(ClaimsPool::Claim { policy: policy.id, evidence: *evidence });
        }
    }
    if accepted.is_empty() {
        return Ok(());
    }
    let sent = scene.claims.pay(&scene.by(Role::Broker), accepted).await?;
    add(&mut line.gas, "pay", &sent);
    Ok(())
}

fn add(gas: &mut BTreeMap<&'static str, u64>, step: &'static str, sent: &Sent) {
    *gas.entry(step).or_default() += sent.gas_used();
}

/// Who has what, in the token's smallest units.
async fn money(scene: &Scene) -> Result<Vec<(&'static str, u128)>> {
    let mut money = Vec::new();
    for (name, role) in [
        ("insurer", Role::Insurer),
        ("broker, for the claimants", Role::Broker),
        ("prover", Role::Prover),
        ("answerer", Role::Answerer),
    ] {
        money.push((name, scene.money(scene.key(role).address()).await?));
    }
    money.push(("pool, with its fees in the router", scene.money(scene.claims.address()).await?));
    money.push(("operators' stake and earnings", scene.money(scene.settlement.staking.address).await?));
    Ok(money)
}

async fn tables(
    scene: &Scene,
    lines: &[Line],
    before: &[(&'static str, u128)],
    after: &[(&'static str, u128)],
) -> Result<String> {
    let mut text = String::from(
        "| mode | claims | accepted | buy | file | ask | answer | decide | settle: ask to decide | pay, each | filed to decided |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for line in lines {
        let count = line.identities.len() as u64;
        let gas = |step| line.gas.get(step).copied().unwrap_or_default();
        let each = |step| gas(step) / count;
        let settle = (gas("ask") + gas("answer") + gas("decide")) / count;
        let pay = gas("pay") / (line.accepted.max(1) as u64);
        let hours = line.delay / 3600;
        writeln!(
            text,
            "| {} | {count} | {} | {} | {} | {} | {} | {} | {settle} | {pay} | {hours} h |",
            MODES[line.mode].0,
            line.accepted,
            each("buy"),
            each("file"),
            each("ask"),
            each("answer"),
            each("decide"),
        )?;
    }
    text += "\nGas a claim. Money, in tokens:\n\n| who | before | after | change |\n|---|---:|---:|---:|\n";
    let mut sum = 0.0;
    let tokens = |amount: u128| amount as f64 / TOKEN as f64;
    for ((name, before), (_, after)) in before.iter().zip(after) {
        let change = tokens(*after) - tokens(*before);
        sum += change;
        writeln!(text, "| {name} | {:.1} | {:.1} | {change:+.1} |", tokens(*before), tokens(*after))?;
    }
    let mut holders = 0;
    for line in lines {
        for policy in &line.policies {
            holders += scene.money(policy.holder).await?;
        }
    }
    writeln!(text, "| claimants | 0.0 | {:.1} | {:+.1} |", tokens(holders), tokens(holders))?;
    let (free, reserved) = scene.claims.capital().await?;
    writeln!(
        text,
        "\nEvery token that left somebody came to somebody: the changes add up to {:.1}. The pool has {:.1} free and {:.1} \
         reserved for policies that are in force.",
        sum + tokens(holders),
        tokens(free.to::<u128>()),
        tokens(reserved.to::<u128>()),
    )?;
    ensure!((sum + tokens(holders)).abs() < 1e-6, "money came from nowhere or went there");
    Ok(text)
}
