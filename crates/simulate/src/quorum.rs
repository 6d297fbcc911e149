//! Quorum requests: a committee drawn by stake, commitments, signatures posted together, and proofs afterwards.

use crate::{
    Economy, SimulationError, model,
    optimistic::Outcome,
    world::{COMMITTEE_SECONDS, MEMBERS, THRESHOLD, World, account, events},
};
use alloy::{
    primitives::{Address, B256, Signature, U256, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::SolValue,
};
use averment_ledger::contracts::{
    BlockRandomness,
    InferenceRouter::{self, Answer, Offer, Request, drawCall, proveCall, requestCall},
    OracleStaking::{self, Agreement, Commitment, Committee, Proof, Reveal, Saying, Signed, Voice},
};
use rand_chacha::{ChaCha8Rng, rand_core::RngCore};

/// Accounts of this mode, beside operators' keys.
pub const ACCOUNTS: [&str; 5] = [REQUESTER, HONEST, ATTACKER, PROVER, CLERK];
const REQUESTER: &str = "requester";
/// Who owns the honest operators' stake, and the attacker's.
const HONEST: &str = "honest operators";
const ATTACKER: &str = "attacker";
const PROVER: &str = "prover";
/// Does what is nobody's interest in particular.
const CLERK: &str = "clerk";

/// Operators, and seats of each: 60 of 64 places.
const OPERATORS: u32 = 10;
const SEATS: u16 = 6;
/// Requests whose committees are drawn at a time: there are seats for all of them.
const BATCH: u32 = 5;
/// Seconds for which a request waits.
const DEADLINE: u64 = 86_400;

/// How the attacker's operators answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answering {
    /// As the model does.
    Honest,
    /// Without running it: what others answer, if they can know it in time, else a guess.
    Copying,
    /// Wrong where enough of them sit in a committee, as the model does elsewhere.
    Colluding,
    /// Nothing, so that others work for nothing.
    Silent,
}

/// What differs from case to case.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// How the attacker's operators answer.
    pub answering: Answering,
    /// How many of the ten operators are the attacker's.
    pub operators: u32,
    /// Of a thousand wrong answers, how many somebody proves to be wrong.
    pub proved: u32,
    /// Whether members hide their answers until all have committed.
    pub hidden: bool,
    /// What the requester says is at risk.
    pub stated: u128,
    /// What is at risk.
    pub at_risk: u128,
    /// A seat's bond.
    pub seat_bond: u128,
}

/// The operators of a world.
struct Operators {
    keys: Vec<PrivateKeySigner>,
    /// The first so many are the attacker's.
    hostile: u32,
}

/// Runs `requests` requests in a world that has begun.
pub async fn run(
    world: &mut World,
    economy: &Economy,
    setting: &Setting,
    requests: u32,
    random: &mut ChaCha8Rng,
) -> Result<Outcome, SimulationError> {
    let attacker = account(ATTACKER);
    let operators = Operators::join(world, setting.operators).await?;
    let offered = world.offer(economy.proof).await?;
    let before = operators.wealth(world, attacker.address()).await?;
    let joined = world.gas_of(attacker.address());
    let mut tally = Tally::default();
    let mut left = requests;
    while left > 0 {
        let count = left.min(BATCH);
        left -= count;
        batch(world, economy, setting, &offered, &operators, count, random, &mut tally).await?;
    }
    let after = operators.wealth(world, attacker.address()).await?;
    let stolen = i128::from(tally.wrong) * setting.at_risk as i128;
    let (wrong, gas) = (tally.wrong, world.gas_of(attacker.address()) - joined);
    let [fee, compute] = [economy.fee as i128, economy.compute as i128];
    if setting.answering == Answering::Silent {
        // What others lose is what it wants.
        let (gained, lost) = (tally.denied * fee, after as i128 - before as i128);
        return Ok(Outcome { gained, profit: gained + lost, honest: 0, wrong, gas });
    }
    Ok(Outcome {
        gained: tally.earned + stolen,
        profit: after as i128 - before as i128 + stolen - tally.computed * compute,
        honest: tally.seated * (fee - compute),
        wrong,
        gas,
    })
}

#[derive(Default)]
struct Tally {
    /// Seats that the attacker had in committees.
    seated: i128,
    /// How often it ran the model.
    computed: i128,
    /// Its parts of fees.
    earned: i128,
    /// Seats of others that answered and were not paid.
    denied: i128,
    /// Final answers that are wrong.
    wrong: u32,
}

impl Operators {
    /// All operators take their seats; the attacker's come first.
    async fn join(world: &mut World, hostile: u32) -> Result<Self, SimulationError> {
        let mut keys = Vec::new();
        for number in 0..OPERATORS {
            let key = account(&format!("operator {number}"));
            let owner = account(if number < hostile { ATTACKER } else { HONEST });
            let first = number as u16 * SEATS;
            let call = OracleStaking::joinCall {
                signer: key.address(),
                encryptionKey: keccak256(key.address()),
                places: (first..first + SEATS).collect(),
            };
            let staking = world.contracts.staking.address;
            world.send(&owner, staking, &call, "join").await?;
            keys.push(key);
        }
        world.pass(60);
        Ok(Self { keys, hostile })
    }

    fn is_hostile(&self, operator: u32) -> bool {
        operator <= self.hostile
    }

    /// The key of an operator, whose numbers begin with 1.
    fn key(&self, operator: u32) -> Result<&PrivateKeySigner, SimulationError> {
        let place = (operator as usize).checked_sub(1);
        place
            .and_then(|place| self.keys.get(place))
            .ok_or(SimulationError::Unsaid { doing: "draw a committee", expected: "operators that joined" })
    }

    /// All that the attacker has, in its purse and at stake.
    async fn wealth(&self, world: &World, attacker: Address) -> Result<u128, SimulationError> {
        let bond = world.of_stake(&OracleStaking::seatBondCall {}).await?;
        let mut sum = world.purse(attacker).await?;
        for operator in 1..=self.hostile {
            let own = world.of_stake(&OracleStaking::operatorOfCall { operator }).await?;
            sum += u128::from(own.seats) * bond + own.unbonding + own.earned;
        }
        Ok(sum)
    }
}

/// A member of a committee, as the contract packs it.
#[derive(Clone, Copy)]
struct Member {
    operator: u32,
    place: u16,
    signer: Address,
}

impl Member {
    fn unpack(word: U256) -> Self {
        let bits = |shift: usize, mask: u64| (word >> shift).wrapping_to::<u64>() & mask;
        Self {
            operator: bits(176, 0xffff_ffff) as u32,
            place: bits(160, 0xffff) as u16,
            signer: Address::from_word(word.into()),
        }
    }
}

/// A request with its committee, and what its members say.
struct Case {
    id: B256,
    asked: Request,
    committee: Committee,
    members: Vec<Member>,
    truth: i64,
    said: Vec<i64>,
}

#[expect(clippy::too_many_arguments, reason = "one step of a run")]
async fn batch(
    world: &mut World,
    economy: &Economy,
    setting: &Setting,
    offered: &Offer,
    operators: &Operators,
    count: u32,
    random: &mut ChaCha8Rng,
    tally: &mut Tally,
) -> Result<(), SimulationError> {
    let cases = drawn(world, economy, setting, offered, operators, count, random).await?;
    if setting.answering == Answering::Silent {
        return on_chain(world, operators, offered, &cases, tally).await;
    }
    for case in cases {
        for (member, said) in case.members.iter().zip(&case.said) {
            let free = match setting.answering {
                Answering::Copying => true,
                Answering::Honest | Answering::Colluding | Answering::Silent => false,
            };
            if operators.is_hostile(member.operator) {
                tally.seated += 1;
                tally.computed += i128::from(!free);
                let paid = case.said.iter().filter(|other| *other == said).count();
                if paid >= usize::from(THRESHOLD) {
                    let fee = economy.fee * u128::from(MEMBERS);
                    tally.earned += (fee / paid as u128) as i128;
                }
            }
        }
        let signed = agree(world, operators, &case).await?;
        tally.wrong += u32::from(case.agreed() != Some(case.truth));
        if random.next_u32() % 1_000 < setting.proved {
            contradict(world, operators, offered, &case, signed).await?;
        }
    }
    Ok(())
}

impl Case {
    /// What enough members say.
    fn agreed(&self) -> Option<i64> {
        let enough =
            |said: &&i64| self.said.iter().filter(|other| other == said).count() >= usize::from(THRESHOLD);
        self.said.iter().find(enough).copied()
    }
}

/// Requests, drawn, with what the members of their committees say.
async fn drawn(
    world: &mut World,
    economy: &Economy,
    setting: &Setting,
    offered: &Offer,
    operators: &Operators,
    count: u32,
    random: &mut ChaCha8Rng,
) -> Result<Vec<Case>, SimulationError> {
    const DOING: &str = "draw committees";
    let [requester, clerk] = [REQUESTER, CLERK].map(account);
    let deadline = world.now()? + DEADLINE;
    let mut asked = Vec::new();
    for _ in 0..count {
        asked.push(Request {
            version: world.version.0,
            offer: world.offer_id(offered),
            inputs: world.salt(),
            items: 1,
            seed: B256::ZERO,
            salt: world.salt(),
            mode: 2,
            personal: false,
            proofAbove: u128::MAX,
            valueAtRisk: setting.stated,
            fee: economy.fee * u128::from(MEMBERS),
            bond: 0,
            deadline: alloy::primitives::Uint::from(deadline),
            window: 0,
            callbackGas: 0,
            publicInputs: Vec::new(),
        });
    }
    let calls: Vec<_> = asked.iter().map(|asked| requestCall { asked: asked.clone() }).collect();
    let receipt = world.all(&requester, &calls, "ask").await?;
    let made = receipt.map_or_else(Vec::new, |receipt| events::<InferenceRouter::Requested>(&receipt));

    // The block after the next draws; anybody brings its header.
    world.mine()?;
    let (header, _) = world.mine()?;
    let randomness = world.contracts.randomness.address;
    world.send(&clerk, randomness, &BlockRandomness::recordCall { header }, DOING).await?;
    let from = requester.address();
    let calls: Vec<_> =
        asked.iter().map(|asked| drawCall { requester: from, asked: asked.clone() }).collect();
    let receipt = world.all(&clerk, &calls, DOING).await?;
    let committees = receipt.map_or_else(Vec::new, |receipt| events::<OracleStaking::Drawn>(&receipt));
    if made.len() != asked.len() || committees.len() != asked.len() {
        return Err(SimulationError::Unsaid { doing: DOING, expected: "a committee for each request" });
    }

    let cases = asked.into_iter().zip(made).zip(committees).map(|((asked, made), drawn)| {
        let members: Vec<Member> = drawn.committee.members.iter().copied().map(Member::unpack).collect();
        let hostile = members.iter().filter(|member| operators.is_hostile(member.operator)).count();
        let truth = model::answer(asked.inputs);
        // As few lie as are needed: each of them stakes a bond.
        let mut liars = if hostile < usize::from(THRESHOLD) { 0 } else { THRESHOLD };
        let said = members.iter().map(|member| match setting.answering {
            _ if !operators.is_hostile(member.operator) => truth,
            Answering::Copying if !setting.hidden => truth,
            Answering::Copying => model::guess(random.next_u64()),
            Answering::Colluding if liars > 0 => {
                liars -= 1;
                model::wrong(truth)
            }
            Answering::Honest | Answering::Colluding | Answering::Silent => truth,
        });
        let said = said.collect();
        Case { id: made.id, asked, committee: drawn.committee, members, truth, said }
    });
    Ok(cases.collect())
}

/// Members exchange commitments and signatures, and somebody posts those of the ones who agree. What each has signed.
async fn agree(
    world: &mut World,
    operators: &Operators,
    case: &Case,
) -> Result<Vec<Signed>, SimulationError> {
    let [requester, clerk] = [REQUESTER, CLERK].map(account);
    let salts: Vec<B256> = case.members.iter().map(|_| world.salt()).collect();
    let commits: Vec<B256> = case
        .members
        .iter()
        .zip(&case.said)
        .zip(&salts)
        .map(|((member, said), salt)| commitment(case.id, member, &[*said], *salt))
        .collect();
    let all = keccak256(commits.concat());
    let mut signed = Vec::new();
    for (member, said) in case.members.iter().zip(&case.said) {
        let outputs = vec![*said];
        let call = OracleStaking::agreementDigestCall { id: case.id, outputs: outputs.clone(), commits: all };
        let digest = world.of_stake(&call).await?;
        let (r, vs) = compact(&operators.key(member.operator)?.sign_hash_sync(&digest)?);
        signed.push(Signed { outputs, commits: all, r, vs });
    }
    let Some(outputs) = case.agreed() else {
        return Err(SimulationError::Unsaid { doing: "agree", expected: "the same, enough of them" });
    };
    let voices = (0_u8..).zip(&signed).zip(&salts).filter(|((_, signed), _)| signed.outputs == [outputs]);
    let agreement = Agreement {
        outputs: vec![outputs],
        commits: commits.clone(),
        voices: voices
            .map(|((seat, signed), salt)| Voice { seat, salt: *salt, r: signed.r, vs: signed.vs })
            .collect(),
    };
    let call = OracleStaking::agreeCall {
        requester: requester.address(),
        asked: same(&case.asked)?,
        committee: case.committee.clone(),
        agreement,
    };
    let staking = world.contracts.staking.address;
    world.send(&clerk, staking, &call, "agree").await?;
    Ok(signed)
}

/// Members hear nothing from those who are silent: they commit and reveal on the chain, and somebody closes. What too few
/// answered is proved.
async fn on_chain(
    world: &mut World,
    operators: &Operators,
    offered: &Offer,
    cases: &[Case],
    tally: &mut Tally,
) -> Result<(), SimulationError> {
    let [requester, attacker, prover, clerk] = [REQUESTER, ATTACKER, PROVER, CLERK].map(account);
    let staking = world.contracts.staking.address;
    let speaks = |member: &Member| !operators.is_hostile(member.operator);
    let mut reveals = Vec::new();
    for case in cases {
        let (mut commitments, mut opened) = (Vec::new(), Vec::new());
        for (seat, member) in (0_u8..).zip(&case.members).filter(|(_, member)| speaks(member)) {
            let (salt, outputs) = (world.salt(), vec![case.truth]);
            let digest = commitment(case.id, member, &outputs, salt);
            let typed = world.of_stake(&OracleStaking::commitDigestCall { id: case.id, digest }).await?;
            let (r, vs) = compact(&operators.key(member.operator)?.sign_hash_sync(&typed)?);
            commitments.push(Commitment { seat, digest, r, vs });
            opened.push(Reveal { seat, salt, outputs });
        }
        let committee = case.committee.clone();
        let call = OracleStaking::commitCall { id: case.id, committee, commitments };
        world.send(&clerk, staking, &call, "commit").await?;
        reveals.push(opened);
    }
    world.pass(COMMITTEE_SECONDS);
    for (case, reveals) in cases.iter().zip(reveals) {
        let call = OracleStaking::revealCall { id: case.id, committee: case.committee.clone(), reveals };
        world.send(&clerk, staking, &call, "reveal").await?;
    }
    world.pass(COMMITTEE_SECONDS);
    for case in cases {
        let heard =
            case.members.iter().map(|member| if speaks(member) { vec![case.truth] } else { Vec::new() });
        let call = OracleStaking::closeCall {
            requester: requester.address(),
            asked: same(&case.asked)?,
            committee: case.committee.clone(),
            heard: heard.collect(),
        };
        world.send(&clerk, staking, &call, "close a committee").await?;
        let speaking = case.members.iter().filter(|member| speaks(member)).count();
        if speaking < usize::from(THRESHOLD) {
            tally.denied += speaking as i128;
            let call = proveCall {
                requester: requester.address(),
                asked: case.asked.clone(),
                offered: offered.clone(),
                contested: Answer { answerer: Address::ZERO, challenger: Address::ZERO, outputs: Vec::new() },
                outputs: vec![case.truth],
                proof: InferenceRouter::Proof { points: Default::default(), proof: Default::default() },
            };
            world.all(&prover, &[call], "prove").await?;
        }
        for silent in case.members.iter().filter(|member| !speaks(member)) {
            let again = OracleStaking::addSeatsCall { operator: silent.operator, places: vec![silent.place] };
            world.send(&attacker, staking, &again, "take seats again").await?;
        }
    }
    world.pass(60);
    Ok(())
}

/// Somebody proves who was wrong; who was takes the seats that it lost again.
async fn contradict(
    world: &mut World,
    operators: &Operators,
    offered: &Offer,
    case: &Case,
    signed: Vec<Signed>,
) -> Result<(), SimulationError> {
    const DOING: &str = "contradict";
    let [requester, attacker, prover, clerk] = [REQUESTER, ATTACKER, PROVER, CLERK].map(account);
    let staking = world.contracts.staking.address;
    let liars = || case.members.iter().zip(&signed).filter(|(_, signed)| signed.outputs != [case.truth]);
    let sayings: Vec<Saying> = liars()
        .map(|(member, signed)| Saying { operator: member.operator, signed: signed.clone() })
        .collect();
    if sayings.is_empty() {
        return Ok(());
    }
    let call = OracleStaking::contradictCall {
        requester: requester.address(),
        asked: same(&case.asked)?,
        offered: same(offered)?,
        outputs: vec![case.truth],
        proof: Proof { points: Default::default(), proof: Default::default() },
        sayings,
    };
    world.send(&prover, staking, &call, DOING).await?;
    let seats: Vec<(u32, u16)> = liars().map(|(member, _)| (member.operator, member.place)).collect();
    for (operator, place) in seats {
        let collect = OracleStaking::collectDebtCall { operator, place };
        world.send(&clerk, staking, &collect, DOING).await?;
        if operators.is_hostile(operator) {
            let again = OracleStaking::addSeatsCall { operator, places: vec![place] };
            world.send(&attacker, staking, &again, DOING).await?;
        }
    }
    world.pass(60);
    Ok(())
}

/// What a member commits to.
fn commitment(id: B256, member: &Member, outputs: &[i64], salt: B256) -> B256 {
    let outputs = keccak256((outputs.to_vec(),).abi_encode_params());
    keccak256((id, member.signer, outputs, salt).abi_encode_params())
}

/// A signature in the form of EIP-2098.
fn compact(signature: &Signature) -> (B256, B256) {
    let parity = U256::from(signature.v()) << 255;
    (B256::from(signature.r()), B256::from(signature.s() | parity))
}

/// One contract's struct as another one's, of the same shape.
fn same<A: SolValue, B: SolValue + From<<B::SolType as alloy::sol_types::SolType>::RustType>>(
    value: &A,
) -> Result<B, SimulationError> {
    let unsaid = |_| SimulationError::Unsaid { doing: "speak", expected: "the same words in both contracts" };
    B::abi_decode(&value.abi_encode()).map_err(unsaid)
}
