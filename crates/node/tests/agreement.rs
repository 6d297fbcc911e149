//! Members that sign together over HTTP: with a liar, a copier, a crash and a dead channel among them; stopped at every step.

#[path = "../../ledger/tests/chain/anvil.rs"]
mod anvil;
mod world;

use alloy::{primitives::B256, providers::Provider, rpc::types::Filter, sol_types::SolEvent};
use anvil::Anvil;
use averment_ledger::{
    Finality, Post,
    contracts::{InferenceRouter, OracleStaking},
    keys::AccountKey,
};
use averment_node::{
    chain::Chain,
    channel::{Channel, Patience, Peers},
    machine::{Action, Certificate, Machine, Promise, SignedList, TwoAnswers, Voice, Words},
    operator::{Halt, Operator, Plan, Steps, TurnError},
    signing::{Domain, ShortSignature},
    words::{LIMIT, Message},
};
use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinHandle;
use world::{GENESIS_TIME, Place, SEATS, Says, TRUTH, World};

const QUORUM: u8 = 2;

/// Addresses that are free, as far as one can tell.
fn addresses(count: usize) -> Vec<SocketAddr> {
    let held: Vec<_> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    held.iter().map(|listener| listener.local_addr().unwrap()).collect()
}

fn peers(addresses: &[SocketAddr]) -> Peers {
    Peers::new((1..).zip(addresses).map(|(operator, address)| (operator, format!("http://{address}"))))
}

/// An operator with its listener, which ends with it.
struct Talking {
    operator: Operator,
    listener: JoinHandle<()>,
}

impl Drop for Talking {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

fn domain(world: &World) -> Domain {
    Domain { chain_id: world.ledger.chain_id(), staking: world.contracts.staking }
}

async fn talking(world: &World, at: usize, journal: &Path, says: i64, addresses: &[SocketAddr]) -> Talking {
    stopping(world, at, journal, says, addresses, Arc::new(|_| true)).await
}

/// The same, stopped by `steps`.
async fn stopping(
    world: &World,
    at: usize,
    journal: &Path,
    says: i64,
    addresses: &[SocketAddr],
    steps: Steps,
) -> Talking {
    let settings = averment_node::machine::Settings { agrees: true, ..world.settings(at) };
    let chain = Chain::new(world.by(&world.signers[at]), world.contracts);
    let plan = Plan { again_after: Duration::ZERO, journal_grows: 1_000, ..Plan::new(settings, 0) };
    let patience = Patience {
        answer: Duration::from_millis(500),
        again: Duration::from_millis(20),
        away: Duration::from_millis(40),
    };
    let channel = Channel::new(domain(world), at as u32 + 1, &peers(addresses), patience).unwrap();
    // The one before it may still be on its way out.
    let listener = loop {
        match channel.listen(addresses[at]).await {
            Ok(listener) => break listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    let listener = tokio::spawn(listener.run(std::future::pending()));
    let operator = Operator::open(journal, plan, chain, Box::new(Says(says))).unwrap();
    Talking { operator: operator.with_channel(channel).with_steps(steps), listener }
}

/// A turn, and then as much talk as there is.
async fn talk(operators: &mut [Talking]) {
    for one in operators.iter_mut() {
        one.operator.turn().await.unwrap();
    }
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(15)).await;
        for one in operators.iter_mut() {
            one.operator.talk().await.unwrap();
        }
    }
}

/// A member that copies: it promises what the first member promised, and later says what others say.
struct Copier {
    key: AccountKey,
    seat: u8,
    id: B256,
    domain: Domain,
    others: Vec<Post>,
    copied: Option<B256>,
    voice: Option<Voice>,
    /// What it copied that others took, and how often they took what it said.
    state: Arc<Mutex<(Option<B256>, usize)>>,
}

impl Copier {
    async fn run(mut self) {
        loop {
            self.turn().await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn turn(&mut self) {
        let domain = self.domain;
        let promise = self.copied.map(|digest| Promise {
            digest,
            signature: ShortSignature::new(&self.key, &domain.commit(self.id, digest)).unwrap(),
        });
        let words =
            promise.map(|promise| Words { promise, list: None::<SignedList>, voice: self.voice.clone() });
        for other in &self.others {
            let message = Message::new(self.id, self.seat, words.clone()).encode();
            let Ok((status, reply)) = other.send(message, LIMIT).await else { continue };
            if let (200, Some(said)) = (status, &words) {
                let mut state = self.state.lock().unwrap();
                state.0 = self.copied;
                state.1 += usize::from(said.voice.is_some());
            }
            let Ok(reply) = Message::decode(&reply) else { continue };
            let Some(words) = reply.words else { continue };
            self.copied.get_or_insert(words.promise.digest);
            if let Some(voice) = words.voice {
                let said = domain.agreement(self.id, &voice.outputs, &voice.certificate.commits);
                let signature = ShortSignature::new(&self.key, &said).unwrap();
                self.voice.get_or_insert(Voice { signature, ..voice });
            }
        }
    }
}

impl World {
    async fn committee(&self, id: B256) -> OracleStaking::Committee {
        let logs = self.logs::<OracleStaking::Drawn>(id).await;
        OracleStaking::Drawn::decode_log_data(&logs[0]).unwrap().committee
    }

    async fn logs<E: SolEvent>(&self, id: B256) -> Vec<alloy::primitives::LogData> {
        let addresses = vec![self.contracts.staking, self.contracts.router];
        let filter =
            Filter::new().address(addresses).event_signature(E::SIGNATURE_HASH).topic1(id).from_block(0);
        let logs = self.ledger.provider().get_logs(&filter).await.unwrap();
        logs.into_iter().map(|log| log.inner.data).collect()
    }
}

#[tokio::test]
async fn members_agree_with_a_liar_a_copier_a_crash_and_a_dead_channel_among_them() {
    seven(World::new(7, 4).await).await;
}

#[tokio::test]
async fn members_agree_on_anvil_or_are_skipped_without_averment_anvil() {
    let Some(anvil) = Anvil::start(GENESIS_TIME) else { return };
    seven(World::at(Place::Url(anvil.url.clone(), Finality::Depth(0)), 7, 4).await).await;
}

async fn seven(mut world: World) {
    let id = world.ask(QUORUM).await;
    let addresses = addresses(7);
    let journal = |name: &str| world.folder.path().join(name);
    // Of those who say the truth the third crashes when it has signed a list; the fifth lies; nobody hears the seventh.
    let mut operators = Vec::new();
    for (at, says) in [(0, TRUTH), (1, TRUTH), (3, TRUTH), (4, TRUTH + 1)] {
        operators.push(talking(&world, at, &journal(&at.to_string()), says, &addresses).await);
    }
    let kept = Arc::new(AtomicUsize::new(0));
    let counter = kept.clone();
    let steps = move |name: &'static str| {
        // The decision is the first; the list is on disk, but nobody knows.
        !(name == "take in what we say" && counter.fetch_add(1, Ordering::SeqCst) == 1)
    };
    let mut crashing = Some(stopping(&world, 2, &journal("2"), TRUTH, &addresses, Arc::new(steps)).await);
    // It listens, but knows of nobody, and where the others look for it there is nothing.
    let mut deaf = {
        let settings = averment_node::machine::Settings { agrees: true, ..world.settings(6) };
        let chain = Chain::new(world.by(&world.signers[6]), world.contracts);
        let plan = Plan { again_after: Duration::ZERO, journal_grows: 1_000, ..Plan::new(settings, 0) };
        let nobody = Channel::new(domain(&world), 7, &Peers::default(), Patience::default()).unwrap();
        Operator::open(&journal("6"), plan, chain, Box::new(Says(TRUTH))).unwrap().with_channel(nobody)
    };
    let mut copier = None;
    let mut crashes = 0;
    for _ in 0..60 {
        talk(&mut operators).await;
        if let Some(mut one) = crashing.take() {
            let mut crashed = matches!(one.operator.turn().await, Err(TurnError::Halt(Halt::Stopped(_))));
            for _ in 0..6 {
                tokio::time::sleep(Duration::from_millis(15)).await;
                crashed |= !crashed && one.operator.talk().await.is_err();
            }
            if crashed {
                crashes += 1;
                drop(one);
                operators.push(talking(&world, 2, &journal("2"), TRUTH, &addresses).await);
            } else {
                crashing = Some(one);
            }
        }
        deaf.turn().await.unwrap();
        if copier.is_none() && !world.logs::<OracleStaking::Drawn>(id).await.is_empty() {
            let members = world.committee(id).await.members;
            let seat =
                members.iter().position(|member| (*member >> 176_usize).to::<u64>() == 6).unwrap() as u8;
            let others = [0, 1, 2, 3, 4].map(|at: usize| {
                Post::new(&format!("http://{}/words", addresses[at]), Duration::from_millis(500)).unwrap()
            });
            let (key, domain) = (world.signers[5].clone(), domain(&world));
            let others = others.into();
            let state = Arc::new(Mutex::new((None, 0)));
            let one =
                Copier { key, seat, id, domain, others, copied: None, voice: None, state: state.clone() };
            copier = Some((tokio::spawn(one.run()), state));
        }
        if world.is_final(id, &[TRUTH]).await {
            break;
        }
        world.pass(4).await;
    }
    assert!(world.is_final(id, &[TRUTH]).await);
    // Two transactions: the draw and the agreement. Nobody had to commit or reveal on the chain.
    assert_eq!(world.logs::<OracleStaking::Committed>(id).await.len(), 0);
    assert_eq!(world.logs::<InferenceRouter::Finalised>(id).await.len(), 1);
    assert_eq!(crashes, 1);
    let (task, state) = copier.unwrap();
    task.abort();
    let (listed, spoke) = *state.lock().unwrap();
    assert!(listed.is_some(), "nobody took the copied promise");
    assert_eq!(spoke, 0, "somebody took a copied voice");
    // The fee is shared by those who said the truth and were heard; nobody lost anything.
    let mut earned = Vec::new();
    for operator in 1..=7 {
        earned.push(world.earned(operator).await);
        assert_eq!(world.seats(operator).await, SEATS);
    }
    assert_eq!(earned.iter().sum::<u128>(), 1_000, "{earned:?}");
    assert_eq!(earned[4..], [0, 0, 0], "{earned:?}");
    assert_eq!(earned[..4], [250; 4], "{earned:?}");
    talk(&mut operators).await;
    for one in &operators {
        assert_eq!((one.operator.machine().open(), one.operator.machine().missed()), (0, 0));
    }
}

/// Stops one of two members at its `at`th step, as a crash would, starts it again, and lets both finish. Gives how many steps it
/// took until it was stopped or done.
async fn stopped_at(world: &mut World, at: usize) -> usize {
    let id = world.ask(QUORUM).await;
    let addresses = addresses(2);
    let path = |name: &str| world.folder.path().join(format!("{name}-{at}"));
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = taken.clone();
    let steps = Arc::new(move |_: &'static str| counter.fetch_add(1, Ordering::SeqCst) != at);
    let mut other = [talking(world, 1, &path("other"), TRUTH, &addresses).await];
    let before = [world.earned(1).await, world.earned(2).await];
    let mut stopped = stopping(world, 0, &path("stopped"), TRUTH, &addresses, steps).await;
    'all: for _ in 0..60 {
        for talk in 0..5 {
            let worked = match talk {
                0 => stopped.operator.turn().await.map(drop),
                _ => stopped.operator.talk().await.map_err(TurnError::from),
            };
            match worked {
                Ok(()) => {}
                Err(TurnError::Halt(Halt::Stopped(_))) => {
                    drop(stopped);
                    stopped = talking(world, 0, &path("stopped"), TRUTH, &addresses).await;
                }
                Err(other) => panic!("step {at}: {other}"),
            }
            match talk {
                0 => other[0].operator.turn().await.map(drop).unwrap(),
                _ => other[0].operator.talk().await.unwrap(),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            if world.is_final(id, &[TRUTH]).await {
                break 'all;
            }
        }
        world.pass(4).await;
    }
    assert!(world.is_final(id, &[TRUTH]).await, "step {at}");
    assert_eq!(world.logs::<OracleStaking::Committed>(id).await.len(), 0, "step {at}");
    // Both are paid once, and nothing was lost.
    for (operator, before) in [1, 2].into_iter().zip(before) {
        assert_eq!(world.earned(operator).await - before, 500, "step {at}");
        assert_eq!(world.seats(operator).await, SEATS, "step {at}");
    }
    assert_eq!(stopped.operator.machine().missed(), 0, "step {at}");
    taken.load(Ordering::SeqCst)
}

#[tokio::test]
async fn a_member_that_is_stopped_at_any_step_still_agrees_and_says_nothing_twice() {
    let mut world = World::new(2, 2).await;
    let steps = stopped_at(&mut world, usize::MAX).await;
    assert!(steps >= 10, "{steps}");
    for at in 0..steps {
        let snapshot = world.chain().snapshot().unwrap();
        stopped_at(&mut world, at).await;
        assert!(world.chain().revert(snapshot).unwrap());
    }
}

/// Whoever heard two signed answers of one member shows them to the contract, and the member owes a bond.
#[tokio::test]
async fn two_signed_answers_cost_a_bond() {
    let world = World::new(2, 2).await;
    let [honest, liar] = [0, 1].map(|at: usize| Chain::new(world.by(&world.signers[at]), world.contracts));
    let id = B256::repeat_byte(7);
    let certificate = Certificate { round: 0, commits: vec![id; 2], signatures: Vec::new() };
    let [one, other] = [TRUTH, TRUTH + 1].map(|said| liar.voice(id, &[said], &certificate).unwrap());
    let two = |one: &Voice, other: &Voice| {
        let answers = TwoAnswers { operator: 2, one: one.clone(), other: other.clone() };
        Action::Accuse { id, answers: Box::new(answers) }
    };
    let machine = Machine::new(world.settings(0));
    let refused = honest.act(&machine, &two(&one, &one)).await.unwrap_err();
    assert!(refused.is_refusal(), "{refused}");
    honest.act(&machine, &two(&one, &other)).await.unwrap();
    let call = OracleStaking::debtsOfCall { operator: 2 };
    assert_eq!(world.read(world.contracts.staking, &call).await.to::<u64>(), 1);
}

/// With too few to agree, everybody commits on the chain in time; what was signed before says the same.
#[tokio::test]
async fn without_enough_voices_the_chain_decides() {
    let mut world = World::new(3, 2).await;
    let id = world.ask(QUORUM).await;
    let addresses = addresses(3);
    let mut operators = Vec::new();
    for (at, says) in [(0, TRUTH), (2, TRUTH + 1)] {
        let path = world.folder.path().join(at.to_string());
        operators.push(talking(&world, at, &path, says, &addresses).await);
    }
    // This one works on the chain alone.
    let mut alone = world.operator(1, &world.folder.path().join("alone"), Says(TRUTH)).unwrap();
    for _ in 0..60 {
        talk(&mut operators).await;
        alone.turn().await.unwrap();
        if world.is_final(id, &[TRUTH]).await {
            break;
        }
        world.pass(8).await;
    }
    assert!(world.is_final(id, &[TRUTH]).await);
    assert_eq!(world.logs::<OracleStaking::Committed>(id).await.len(), 3);
    for (operator, share) in [(1, 500), (2, 500), (3, 0)] {
        assert_eq!((world.earned(operator).await, world.seats(operator).await), (share, SEATS));
    }
}

/// Requests a second of one of five members that agree, and gas and transactions of a request after its draw.
/// `cargo test --release -p averment-node --test agreement -- --ignored --nocapture`
#[tokio::test]
#[ignore = "a measurement"]
#[allow(clippy::print_stdout, reason = "the figure is the result")]
async fn agreements_a_second() {
    const COUNT: usize = 10;
    let mut world = World::new(5, 3).await;
    let addresses = addresses(5);
    let mut operators = Vec::new();
    for at in 0..5 {
        let path = world.folder.path().join(at.to_string());
        operators.push(talking(&world, at, &path, TRUTH, &addresses).await);
    }
    let (mut spent, mut blocks) = (Duration::ZERO, 0);
    for _ in 0..COUNT {
        let id = world.ask(QUORUM).await;
        let (mut passed, first) = (0, world.ledger.provider().get_block_number().await.unwrap());
        while !world.is_final(id, &[TRUTH]).await {
            let begun = cpu();
            talk(&mut operators).await;
            spent += cpu() - begun;
            world.pass(12).await;
            passed += 1;
        }
        blocks += world.ledger.provider().get_block_number().await.unwrap() - first - passed;
    }
    let each = spent.as_secs_f64() / (COUNT * operators.len()) as f64;
    println!("{:.0} requests a second and member", 1.0 / each);
    println!(
        "{:.1} transactions a request, with the block that draws and the draw",
        blocks as f64 / COUNT as f64
    );
}

/// Processor time of this process.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let ticks = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2);
    Duration::from_millis(ticks.map(|ticks| ticks.parse::<u64>().unwrap() * 10).sum())
}
