//! What happens: policies, claims, answers, payouts; and the tables at the end.

use crate::{
    insured::{Evidence, Insured},
    scene::{DAY, OPERATORS, Role, Scene, TOKEN},
};
use anyhow::{Context as _, Result, bail, ensure};
use averment_ledger::{
    Ledger,
    claims::{Policy, Stage},
    contracts::{ClaimsPool, OracleStaking, Sender, Sent},
    keys::AccountKey,
    settlement::{Found, Mode, Offer, Proof, members},
};
use averment_primitives::{Address, B256, U256, keccak256};
use averment_prover::registered::OpenedInputs;
use std::{collections::BTreeMap, fmt::Write as _};

/// What a photo's claim pays, and a report's.
const PAYOUTS: [u128; 2] = [50 * TOKEN, 15 * TOKEN];
/// For each claim, to whoever answers.
const FEE: u128 = TOKEN / 10;
/// Seconds in which a bonded answer may be challenged.
const WINDOW: u32 = 6 * 60 * 60;
/// How claims are decided; their products and routines are numbered from 1.
const WAYS: [(&str, Mode); 4] = [
    ("proof", Mode::Proof),
    ("optimistic", Mode::Optimistic),
    ("quorum", Mode::Quorum),
    ("optimistic, challenged", Mode::Optimistic),
];

/// Claims that are decided in one way.
struct Line {
    /// Which of [`WAYS`].
    way: usize,
    policies: Vec<Policy>,
    identities: Vec<B256>,
    evidence: Vec<Evidence>,
    filed_at: u64,
    gas: BTreeMap<&'static str, u64>,
    accepted: usize,
    paid: usize,
    delay: u64,
}

/// Plays the story on a chain with so many claims a way; `say` gets a line for each step. Returns the tables.
pub async fn tell(ledger: Ledger, counts: [usize; 4], say: impl Fn(&str)) -> Result<String> {
    let photos = Insured::photos(counts[0])?;
    let reports = Insured::reports(counts[1].max(counts[2]).max(counts[3]))?;
    let setup =
        if photos.setup().powers().len() > reports.setup().powers().len() { &photos } else { &reports };
    ensure!(photos.setup().tau() == reports.setup().tau(), "both models' proofs are made with one setup");
    let scene = Scene::set(ledger, setup.setup()).await?;
    let offers = [scene.release("damage", &photos).await?, scene.release("reports", &reports).await?];
    let operators = scene.operators().await?;
    say("Two models are registered, approved and deployed, their weights certified, their answers offered.");

    for (way, (_, mode)) in WAYS.iter().enumerate() {
        let (insured, (id, offer)) = if way == 0 { (&photos, &offers[0]) } else { (&reports, &offers[1]) };
        // Photos are damage from 0 to 9; of reports class 1 is malignant.
        let (least, most) = if way == 0 { (5, 9) } else { (1, 1) };
        let routine = ClaimsPool::Routine {
            version: offer.version,
            offer: *id,
            least,
            most,
            output: 0,
            outputs: 1,
            batch: u16::try_from(insured.batch())?,
            mode: mode.code(),
            personal: true,
            proofAbove: u128::MAX,
            fee: FEE,
            answerSeconds: DAY as u32,
            window: WINDOW,
        };
        scene.product(number(way), routine, PAYOUTS[usize::from(way != 0)]).await?;
    }
    let before = money(&scene).await?;

    scene.next_period().await?;
    let mut lines = Vec::new();
    let mut first = 0;
    for (way, count) in counts.into_iter().enumerate() {
        let insured = if way == 0 { &photos } else { &reports };
        lines.push(filed(&scene, insured, way, first, count).await?);
        say(&format!("{count} claims to be decided by {} are filed.", WAYS[way].0));
        // No report is claimed with twice.
        first += if way == 0 { 0 } else { count };
    }
    scene.next_period().await?;
    // The one whose answer waits for its window comes last, so that nobody else's delay is in it.
    for way in [0, 2, 3, 1] {
        let line = &mut lines[way];
        let (insured, (_, offer)) = if way == 0 { (&photos, &offers[0]) } else { (&reports, &offers[1]) };
        settled(&scene, insured, offer, line, &operators).await?;
        let count = line.identities.len();
        say(&format!("{}: {} of {count} claims are accepted.", WAYS[way].0, line.accepted));
    }
    appealed(&scene, &mut lines[0]).await?;
    say("A claim that the model rejected is appealed, and the reviewer accepts it.");
    for line in &mut lines {
        paid(&scene, line).await?;
    }
    let after = money(&scene).await?;
    tables(&scene, &lines, &before, &after).await
}

/// The number of a way's product and routine.
fn number(way: usize) -> u16 {
    way as u16 + 1
}

/// Whom a policy is bought for: an address of its own.
fn holder(scene: &Scene, way: usize, item: usize) -> Address {
    match scene.holders.get(item) {
        Some(key) if way == 0 => key.address(),
        _ => Address::from_word(keccak256(format!("holder {way} {item}"))),
    }
}

/// Policies are bought, each for an address of its own, and a claim is filed for each, all in one transaction.
async fn filed(scene: &Scene, insured: &Insured, way: usize, first: usize, count: usize) -> Result<Line> {
    let (broker, claims) = (scene.by(Role::Broker), &scene.claims);
    let mut gas = BTreeMap::new();
    let (mut policies, mut filings) = (Vec::new(), Vec::new());
    let (mut identities, mut evidence) = (Vec::new(), Vec::new());
    for item in first..first + count {
        let holder = holder(scene, way, item - first);
        let (policy, sent) = claims.buy(&broker, number(way), holder, B256::ZERO).await?;
        add(&mut gas, "buy", &sent);
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
    add(&mut gas, "file", &[sent]);
    let filed_at = scene.now().await?;
    Ok(Line { way, policies, identities, evidence, filed_at, gas, accepted: 0, paid: 0, delay: 0 })
}

/// The router is asked, answered, and the claims are decided.
async fn settled(
    scene: &Scene,
    insured: &Insured,
    offer: &Offer,
    line: &mut Line,
    operators: &[AccountKey],
) -> Result<()> {
    let (broker, settlement) = (scene.by(Role::Broker), &scene.settlement);
    let (batch, sent) = scene.claims.ask(&broker, number(line.way), line.identities.clone()).await?;
    add(&mut line.gas, "ask", &[sent]);
    let (outputs, opened) = insured.answer(std::mem::take(&mut line.evidence))?;
    let found = settlement.find(batch.id).await?;
    let answerer = scene.by(Role::Answerer);
    let sent = match line.way {
        0 => vec![proved(scene, insured, &found, &opened, &outputs, &scene.by(Role::Prover)).await?],
        // A bonded answer that nobody challenges.
        1 => {
            let mut sent = settlement.answer(&answerer, &found, outputs.clone()).await?;
            scene.wait(u64::from(WINDOW) + 60).await?;
            sent.push(settlement.finalise(&answerer, &settlement.find(batch.id).await?).await?);
            sent
        }
        2 => agreed(scene, &found, &outputs, operators).await?,
        // One that somebody challenges although it is right: the answerer proves it, and earns the challenger's stake.
        _ => {
            let mut sent = settlement.answer(&answerer, &found, outputs.clone()).await?;
            let watcher = scene.by(Role::Owner);
            sent.extend(settlement.challenge(&watcher, &settlement.find(batch.id).await?).await?);
            let found = settlement.find(batch.id).await?;
            sent.push(proved(scene, insured, &found, &opened, &outputs, &answerer).await?);
            sent
        }
    };
    ensure!(found.offer == *offer, "the request names the routine's offer");
    add(&mut line.gas, "answer", &sent);
    let sent = scene.claims.decide(&broker, &batch, outputs.clone()).await?;
    add(&mut line.gas, "decide", &[sent]);
    line.delay = scene.now().await? - line.filed_at;
    for (place, evidence) in line.identities.iter().enumerate() {
        let accepted = if line.way == 0 { outputs[place] >= 5 } else { outputs[place] == 1 };
        let expected = if accepted { Stage::Accepted } else { Stage::Rejected };
        let got = scene.claims.claim(*evidence).await?.stage;
        ensure!(got == expected, "claim {place} is {got:?}, the model's answer says {expected:?}");
        line.accepted += usize::from(accepted);
    }
    Ok(())
}

/// A proof of the answer to a request, for who sends it.
async fn proved(
    scene: &Scene,
    insured: &Insured,
    found: &Found,
    opened: &OpenedInputs,
    outputs: &[i64],
    prover: &Sender,
) -> Result<Sent> {
    let settlement = &scene.settlement;
    let about = settlement.statement(found.requester, &found.asked, &found.offer, outputs, prover.address());
    let (points, proof) = insured.prove(opened, about)?;
    let proof = Proof { points: points.into(), proof: proof.into() };
    Ok(settlement.prove(prover, found, outputs.to_vec(), proof).await?)
}

/// A committee that is drawn, and agrees.
async fn agreed(
    scene: &Scene,
    found: &Found,
    outputs: &[i64],
    operators: &[AccountKey],
) -> Result<Vec<Sent>> {
    let (broker, provider) = (scene.by(Role::Broker), scene.ledger().provider().clone());
    let staking = scene.settlement.contracts().staking.address;
    let round = found.standing.draw().context("a committee is to be drawn")?.round;
    // Blocks come with transactions: these move nothing.
    while scene.ledger().newest_final().await?.header.number <= round {
        scene.approve(&broker, scene.claims.address(), U256::MAX).await?;
    }
    let mut sent = scene.settlement.draw(&broker, found).await?;
    let found = scene.settlement.find(found.id).await?;
    let committee = found.committee.clone().context("a committee was drawn")?;

    let stake = OracleStaking::new(staking, provider);
    let salt = |seat: usize| keccak256(format!("salt {seat}"));
    let mut commits = Vec::new();
    for (seat, member) in committee.members.iter().enumerate() {
        let own = stake.commitmentOf(found.id, *member, outputs.to_vec(), salt(seat));
        commits.push(own.call().await?);
    }
    let all = keccak256(commits.concat());
    let digest = stake.agreementDigest(found.id, outputs.to_vec(), all).call().await?;
    let mut voices = Vec::new();
    for (seat, (_, signer)) in members(&committee).enumerate() {
        let key = operators.iter().find(|key| key.address() == signer).context("an operator of ours")?;
        let signature = key.sign_digest(&digest)?;
        let parity = U256::from(u8::from(signature.v())) << 255;
        let vs = B256::from(signature.s() | parity);
        voices.push(OracleStaking::Voice { seat: seat as u8, salt: salt(seat), r: signature.r().into(), vs });
    }
    ensure!(voices.len() == OPERATORS, "all of them agree");
    let call = OracleStaking::agreeCall {
        requester: found.requester,
        asked: found.asked.clone().into(),
        committee,
        agreement: OracleStaking::Agreement {
            outputs: outputs.to_vec(),
            commits: vec![B256::ZERO; OPERATORS],
            voices,
        },
    };
    sent.push(broker.call("post what the committee says", staking, &call).await?);
    Ok(sent)
}

/// The first holder whose claim the model rejected appeals, and the reviewer accepts it.
async fn appealed(scene: &Scene, line: &mut Line) -> Result<()> {
    for ((policy, evidence), key) in line.policies.iter().zip(&line.identities).zip(&scene.holders) {
        if scene.claims.claim(*evidence).await?.stage != Stage::Rejected {
            continue;
        }
        let claim = ClaimsPool::Claim { policy: policy.id, evidence: *evidence };
        scene.claims.appeal(&scene.by(Role::Broker), key, claim.clone()).await?;
        ensure!(scene.claims.claim(*evidence).await?.stage == Stage::InReview, "it is before the reviewer");
        scene.claims.review(&scene.by(Role::Reviewer), claim, true, keccak256("salted reasons")).await?;
        ensure!(scene.claims.claim(*evidence).await?.stage == Stage::Accepted, "the reviewer accepted it");
        return Ok(());
    }
    bail!("the model rejects none of the first claims")
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
    line.paid = accepted.len();
    let sent = scene.claims.pay(&scene.by(Role::Broker), accepted).await?;
    add(&mut line.gas, "pay", &[sent]);
    Ok(())
}

fn add(gas: &mut BTreeMap<&'static str, u64>, step: &'static str, sent: &[Sent]) {
    *gas.entry(step).or_default() += sent.iter().map(Sent::gas_used).sum::<u64>();
}

/// Who has what, in the token's smallest units.
async fn money(scene: &Scene) -> Result<Vec<(&'static str, u128)>> {
    let mut money = Vec::new();
    for (name, role) in [
        ("insurer", Role::Insurer),
        ("broker, for the claimants", Role::Broker),
        ("prover", Role::Prover),
        ("answerer", Role::Answerer),
        ("who challenged a right answer", Role::Owner),
    ] {
        money.push((name, scene.money(scene.key(role).address()).await?));
    }
    money.push(("pool, with its fees in the router", scene.money(scene.claims.address()).await?));
    money.push((
        "operators' stake and earnings",
        scene.money(scene.settlement.contracts().staking.address).await?,
    ));
    Ok(money)
}

async fn tables(
    scene: &Scene,
    lines: &[Line],
    before: &[(&'static str, u128)],
    after: &[(&'static str, u128)],
) -> Result<String> {
    let mut text = String::from(
        "| decided by | claims | accepted | buy | file | ask | answer | decide | settle: ask to decide | pay, each | filed to decided |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for line in lines {
        let count = line.identities.len() as u64;
        let gas = |step| line.gas.get(step).copied().unwrap_or_default();
        let each = |step| gas(step) / count;
        let settle = (gas("ask") + gas("answer") + gas("decide")) / count;
        let pay = gas("pay") / (line.paid.max(1) as u64);
        let hours = line.delay / 3600;
        writeln!(
            text,
            "| {} | {count} | {} | {} | {} | {} | {} | {} | {settle} | {pay} | {hours} h |",
            WAYS[line.way].0,
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
