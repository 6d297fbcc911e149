//! Optimistic requests: one bonded answer, a window, watchers who challenge, and proofs.

use crate::{
    Economy, SimulationError, model,
    world::{PROOF_SECONDS, World, account},
};
use alloy::signers::local::PrivateKeySigner;
use averment_ledger::contracts::InferenceRouter::{
    Answer, Offer, Proof, Request, answerCall, challengeCall, finaliseCall, forfeitCall, proveCall,
    requestCall,
};
use rand_chacha::{ChaCha8Rng, rand_core::RngCore};

/// Accounts of this mode.
pub const ACCOUNTS: [&str; 4] = [REQUESTER, ANSWERER, WATCHER, GRIEFER];
const REQUESTER: &str = "requester";
const ANSWERER: &str = "answerer";
const WATCHER: &str = "watcher";
const GRIEFER: &str = "griefer";

/// Seconds in which an answer may be challenged.
const WINDOW: u64 = 3_600;
/// Requests at a time.
const BATCH: u32 = 50;

/// How an answerer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answering {
    /// As the model does.
    Honest,
    /// Without running it.
    Lazy,
    /// Wrong, for whoever gains by it what is at risk.
    Bribed,
    /// Wrong, and challenges itself before anybody else can: nobody else's answer comes in time.
    Blocking,
}

/// What differs from case to case.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Who answers.
    pub answering: Answering,
    /// Of a thousand answers, how many an honest watcher looks at.
    pub watched: u32,
    /// Whether somebody challenges what is right.
    pub griefing: bool,
    /// What a challenge costs.
    pub challenge_bond: u128,
    /// What the requester says is at risk.
    pub stated: u128,
}

/// What came of it for the attacker; amounts of the token, off-chain expenses included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Fees, what was stolen, and for a griefer its victim's damage.
    pub gained: i128,
    /// What remains of it.
    pub profit: i128,
    /// What the same would have been worth to somebody honest.
    pub honest: i128,
    /// Final answers that are wrong.
    pub wrong: u32,
    /// Gas that its own transactions used. The mode does not price it.
    pub gas: u64,
}

/// An answer on its way.
struct Case {
    asked: Request,
    given: Answer,
    truth: i64,
}

/// Runs `requests` requests.
pub async fn run(
    world: &mut World,
    economy: &Economy,
    setting: &Setting,
    requests: u32,
    random: &mut ChaCha8Rng,
) -> Result<Outcome, SimulationError> {
    let [_, answerer, _, griefer] = ACCOUNTS.map(account);
    let offered = world.offer(setting.challenge_bond).await?;
    let before = [world.balance(answerer.address()).await?, world.balance(griefer.address()).await?];
    let mut tally = Tally::default();
    let mut left = requests;
    while left > 0 {
        let count = left.min(BATCH);
        left -= count;
        batch(world, economy, setting, &offered, count, random, &mut tally).await?;
    }
    let after = [world.balance(answerer.address()).await?, world.balance(griefer.address()).await?];
    let [answered, griefed] = [0, 1].map(|who| after[who] as i128 - before[who] as i128);
    let expenses = tally.computed * economy.compute as i128 + tally.proved * economy.proof as i128;
    let honest = i128::from(requests) * (economy.fee as i128 - economy.compute as i128);
    let gas = world.gas_of(if setting.griefing { griefer.address() } else { answerer.address() });
    let wrong = tally.wrong;
    if setting.griefing {
        // Who griefs wants others to lose: what they lose against a quiet day is its gain.
        let damage = (honest - (answered - expenses)).max(0);
        return Ok(Outcome { gained: damage, profit: damage + griefed, honest: 0, wrong, gas });
    }
    if setting.answering == Answering::Blocking {
        // What somebody honest would have earned is what it wants others to lose.
        return Ok(Outcome { gained: honest, profit: honest + answered, honest: 0, wrong, gas });
    }
    let stolen = match setting.answering {
        Answering::Bribed => i128::from(tally.wrong) * economy.at_risk as i128,
        Answering::Honest | Answering::Lazy | Answering::Blocking => 0,
    };
    let gained = i128::from(tally.paid) * economy.fee as i128 + stolen;
    Ok(Outcome { gained, profit: answered - expenses + stolen, honest, wrong, gas })
}

#[derive(Default)]
struct Tally {
    computed: i128,
    proved: i128,
    paid: u32,
    wrong: u32,
}

async fn batch(
    world: &mut World,
    economy: &Economy,
    setting: &Setting,
    offered: &Offer,
    count: u32,
    random: &mut ChaCha8Rng,
    tally: &mut Tally,
) -> Result<(), SimulationError> {
    let [requester, answerer, watcher, griefer] = ACCOUNTS.map(account);
    let deadline = world.now()? + WINDOW;
    let mut cases = Vec::new();
    for _ in 0..count {
        let (salt, inputs) = (world.salt(), world.salt());
        let truth = model::answer(inputs);
        let output = match setting.answering {
            Answering::Honest => truth,
            Answering::Lazy => model::guess(random.next_u64()),
            Answering::Bribed | Answering::Blocking => model::wrong(truth),
        };
        // Who lies well knows the truth.
        tally.computed += i128::from(setting.answering != Answering::Lazy);
        let asked = Request {
            version: world.version.0,
            offer: world.offer_id(offered),
            inputs,
            items: 1,
            seed: Default::default(),
            salt,
            mode: 1,
            personal: false,
            proofAbove: u128::MAX,
            valueAtRisk: setting.stated,
            fee: economy.fee,
            bond: setting.stated,
            deadline: alloy::primitives::Uint::from(deadline),
            window: WINDOW as u32,
            callbackGas: 0,
            publicInputs: Vec::new(),
        };
        let given =
            Answer { answerer: answerer.address(), challenger: Default::default(), outputs: vec![output] };
        cases.push(Case { asked, given, truth });
    }
    let from = requester.address();
    let calls: Vec<_> = cases.iter().map(|case| requestCall { asked: case.asked.clone() }).collect();
    world.all(&requester, &calls, "ask").await?;
    let calls: Vec<_> = cases
        .iter()
        .map(|case| answerCall {
            requester: from,
            asked: case.asked.clone(),
            outputs: case.given.outputs.clone(),
        })
        .collect();
    world.all(&answerer, &calls, "answer").await?;

    for who in [Challenger::Itself(&answerer), Challenger::Watcher(&watcher), Challenger::Griefer(&griefer)] {
        challenge(world, setting, offered, from, who, &mut cases, random).await?;
    }
    prove(world, offered, from, &answerer, &mut cases, tally).await?;

    // Every window has passed, and every time in which something could be proved.
    world.pass(WINDOW + PROOF_SECONDS + 60);
    let quiet = |case: &&Case| case.given.challenger.is_zero();
    let calls: Vec<_> = cases
        .iter()
        .filter(quiet)
        .map(|case| finaliseCall { requester: from, asked: case.asked.clone(), given: case.given.clone() })
        .collect();
    tally.paid += calls.len() as u32;
    tally.wrong += cases.iter().filter(quiet).filter(|case| !case.is_right()).count() as u32;
    world.all(&answerer, &calls, "finish").await?;
    let calls: Vec<_> = cases
        .iter()
        .filter(|case| !quiet(case))
        .map(|case| forfeitCall {
            requester: from,
            asked: case.asked.clone(),
            offered: offered.clone(),
            given: case.given.clone(),
        })
        .collect();
    let accuser = if setting.answering == Answering::Blocking { &answerer } else { &watcher };
    world.all(accuser, &calls, "forfeit what nobody proved").await?;
    Ok(())
}

impl Case {
    fn is_right(&self) -> bool {
        self.given.outputs == [self.truth]
    }
}

/// Who challenges.
#[derive(Clone, Copy)]
enum Challenger<'a> {
    /// The answerer, what it said itself.
    Itself(&'a PrivateKeySigner),
    /// Somebody honest, what is wrong.
    Watcher(&'a PrivateKeySigner),
    /// What is right.
    Griefer(&'a PrivateKeySigner),
}

/// Somebody challenges what is not challenged yet.
async fn challenge(
    world: &mut World,
    setting: &Setting,
    offered: &Offer,
    from: alloy::primitives::Address,
    who: Challenger<'_>,
    cases: &mut [Case],
    random: &mut ChaCha8Rng,
) -> Result<(), SimulationError> {
    let mut calls = Vec::new();
    let (Challenger::Itself(account) | Challenger::Watcher(account) | Challenger::Griefer(account)) = who;
    for case in cases {
        let wanted = match who {
            Challenger::Itself(_) => setting.answering == Answering::Blocking,
            Challenger::Watcher(_) => random.next_u32() % 1_000 < setting.watched && !case.is_right(),
            Challenger::Griefer(_) => setting.griefing && case.is_right(),
        };
        if wanted && case.given.challenger.is_zero() {
            calls.push(challengeCall {
                requester: from,
                asked: case.asked.clone(),
                offered: offered.clone(),
                given: case.given.clone(),
            });
            case.given.challenger = account.address();
        }
    }
    world.all(account, &calls, "challenge").await?;
    Ok(())
}

/// The answerer proves what was challenged and is right; nothing else can be proved.
async fn prove(
    world: &mut World,
    offered: &Offer,
    from: alloy::primitives::Address,
    answerer: &PrivateKeySigner,
    cases: &mut Vec<Case>,
    tally: &mut Tally,
) -> Result<(), SimulationError> {
    let (provable, rest): (Vec<Case>, Vec<Case>) = std::mem::take(cases)
        .into_iter()
        .partition(|case| !case.given.challenger.is_zero() && case.is_right());
    *cases = rest;
    let calls: Vec<_> = provable
        .iter()
        .map(|case| proveCall {
            requester: from,
            asked: case.asked.clone(),
            offered: offered.clone(),
            contested: case.given.clone(),
            outputs: case.given.outputs.clone(),
            proof: Proof { points: Default::default(), proof: Default::default() },
        })
        .collect();
    tally.proved += calls.len() as i128;
    tally.paid += calls.len() as u32;
    world.all(answerer, &calls, "prove").await?;
    Ok(())
}
