//! Operators at work on the embedded chain: with a liar, a copier and a crash among them; stopped at every step; on a chain
//! that goes back on its word.

#[path = "../../ledger/tests/chain/anvil.rs"]
mod anvil;
mod perceptron;
mod world;

use alloy::{
    primitives::{B256, hex},
    providers::Provider,
    rpc::types::Filter,
    sol_types::SolEvent,
};
use anvil::Anvil;

use averment_ledger::{
    Finality,
    contracts::{InferenceRouter, OracleStaking},
    embedded::{ChainServer, Embedded, Genesis, ServeLimits},
};
use averment_node::{
    answers::Versions,
    inputs::InputFolder,
    operator::{Halt, Operator, TurnError},
    seal::{About, file_name, seal},
    secrets,
};
use perceptron::{Bench, rows};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use world::{GENESIS_TIME, Place, SEATS, Says, TRUTH, World};

const QUORUM: u8 = 2;
const OPTIMISTIC: u8 = 1;

impl World {
    fn journal(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The committee that was drawn for a request.
    async fn drawn(&self, id: B256) -> OracleStaking::Committee {
        let filter = Filter::new()
            .address(self.contracts.staking)
            .event_signature(OracleStaking::Drawn::SIGNATURE_HASH)
            .topic1(id)
            .from_block(0);
        let logs = self.ledger.provider().get_logs(&filter).await.unwrap();
        OracleStaking::Drawn::decode_log_data(logs[0].data()).unwrap().committee
    }

    /// The copier's commitment: what the first member committed to, signed by its own key.
    async fn copy(&self, at: usize, id: B256) -> bool {
        let filter = Filter::new()
            .address(self.contracts.staking)
            .event_signature(OracleStaking::Committed::SIGNATURE_HASH)
            .topic1(id)
            .from_block(0);
        let logs = self.ledger.provider().get_logs(&filter).await.unwrap();
        let Some(log) = logs.first() else { return false };
        let digest = OracleStaking::Committed::decode_log_data(log.data()).unwrap().digest;
        let staking = self.contracts.staking;
        let hash: B256 = self.read(staking, &OracleStaking::commitDigestCall { id, digest }).await;
        let signature = self.signers[at].sign_digest(&hash).unwrap();
        let committee = self.drawn(id).await;
        let operator = at as u64 + 1;
        let seat = committee.members.iter().position(|member| (*member >> 176_usize).to::<u64>() == operator);
        let parity = alloy::primitives::U256::from(signature.v()) << 255_usize;
        let commitment = OracleStaking::Commitment {
            seat: seat.unwrap() as u8,
            digest,
            r: signature.r().into(),
            vs: (signature.s() | parity).into(),
        };
        let call = OracleStaking::commitCall { id, committee, commitments: vec![commitment] };
        self.by(&self.signers[at]).call("copy", staking, &call).await.is_ok()
    }
}

async fn turn(operator: &mut Operator) {
    operator.turn().await.unwrap();
}

#[tokio::test]
async fn five_operators_settle_with_a_liar_a_copier_and_a_crash_among_them() {
    five_operators(World::new(5, 3).await).await;
}

#[tokio::test]
async fn five_operators_settle_on_a_chain_that_is_served_over_http() {
    let chain = Embedded::in_memory(Genesis::development(GENESIS_TIME)).unwrap();
    let local = "127.0.0.1:0".parse().unwrap();
    let server = ChainServer::bind(chain, local, ServeLimits::default()).await.unwrap();
    let url = server.url();
    let server = tokio::spawn(server.run(std::future::pending()));
    five_operators(World::at(Place::Url(url, Finality::Tag), 5, 3).await).await;
    server.abort();
}

#[tokio::test]
async fn five_operators_settle_on_anvil_or_are_skipped_without_averment_anvil() {
    let Some(anvil) = Anvil::start(GENESIS_TIME) else { return };
    five_operators(World::at(Place::Url(anvil.url.clone(), Finality::Depth(0)), 5, 3).await).await;
}

async fn five_operators(mut world: World) {
    let id = world.ask(QUORUM).await;
    let mut honest: Vec<Operator> =
        (0..3).map(|at| world.operator(at, &world.journal(&at.to_string()), Says(TRUTH)).unwrap()).collect();
    let mut liar = world.operator(3, &world.journal("liar"), Says(TRUTH + 1)).unwrap();
    let (crashing, mut copied, mut crashed) = (2, false, None);
    for _ in 0..60 {
        for operator in honest.iter_mut().chain([&mut liar]) {
            turn(operator).await;
        }
        if !copied {
            copied = world.copy(4, id).await;
            if copied {
                // Committed, and gone until commitments are over.
                crashed = Some(honest.remove(crashing));
            }
        }
        if world.is_final(id, &[TRUTH]).await {
            break;
        }
        world.pass(20).await;
        if let Some(operator) = crashed.take() {
            if copied && operator.machine().time() > 0 && world.is_past_commitments(id).await {
                drop(operator);
                honest.push(world.operator(crashing, &world.journal("2"), Says(TRUTH)).unwrap());
            } else {
                crashed = Some(operator);
            }
        }
    }
    assert!(copied && world.is_final(id, &[TRUTH]).await);
    // The fee is shared by the three who said the truth, the one that crashed among them.
    let mut earned = Vec::new();
    for operator in 1..=5 {
        earned.push(world.earned(operator).await);
    }
    assert_eq!(earned[..3].iter().sum::<u128>(), 1_000);
    assert!(earned[..3].iter().all(|share| (333..=334).contains(share)), "{earned:?}");
    assert_eq!(earned[3..], [0, 0]);
    // Who copied could not reveal, and lost this seat with a part of the bond; who lied keeps it until somebody proves it.
    assert_eq!((world.seats(4).await, world.seats(5).await), (SEATS, SEATS - 1));
    for operator in &mut honest {
        turn(operator).await;
        assert_eq!((operator.machine().open(), operator.machine().missed()), (0, 0));
    }
}

impl World {
    async fn is_past_commitments(&self, id: B256) -> bool {
        let until = self.drawn(id).await.commitUntil.to::<u64>();
        self.now().await > until
    }
}

/// Stops an operator at its `at`th step, as a crash would, starts it again, and lets it finish. Gives how many steps it took
/// until it was stopped or done.
async fn stopped_at(world: &mut World, at: usize) -> usize {
    let id = world.ask(QUORUM).await;
    let path = world.journal(&format!("stopped-{at}"));
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = taken.clone();
    let steps = Arc::new(move |_: &'static str| counter.fetch_add(1, Ordering::SeqCst) != at);
    let before = world.earned(1).await;
    let mut operator = world.operator(0, &path, Says(TRUTH)).unwrap().with_steps(steps);
    for _ in 0..40 {
        match operator.turn().await {
            Ok(_) => {}
            Err(TurnError::Halt(Halt::Stopped(_))) => {
                drop(operator);
                operator = world.operator(0, &path, Says(TRUTH)).unwrap();
            }
            Err(other) => panic!("step {at}: {other}"),
        }
        if world.is_final(id, &[TRUTH]).await {
            break;
        }
        world.pass(20).await;
    }
    assert!(world.is_final(id, &[TRUTH]).await, "step {at}");
    // Paid once, and nothing was lost: neither by silence nor by saying two things.
    assert_eq!(world.earned(1).await - before, 1_000, "step {at}");
    assert_eq!(world.seats(1).await, SEATS, "step {at}");
    assert_eq!(operator.machine().missed(), 0, "step {at}");
    taken.load(Ordering::SeqCst)
}

#[tokio::test]
async fn an_operator_that_is_stopped_at_any_step_misses_nothing_and_says_nothing_twice() {
    let mut world = World::new(1, 1).await;
    let steps = stopped_at(&mut world, usize::MAX).await;
    assert!(steps >= 12, "{steps}");
    let mut reached = 0;
    for at in 0..steps {
        let snapshot = world.chain().snapshot().unwrap();
        reached = reached.max(stopped_at(&mut world, at).await);
        assert!(world.chain().revert(snapshot).unwrap());
    }
    assert!(reached >= steps, "{reached} of {steps}");
}

#[tokio::test]
async fn a_wrong_answer_is_challenged_and_forfeited_and_a_right_one_left_alone() {
    let mut world = World::new(1, 1).await;
    for (answer, challenged) in [(TRUTH, false), (TRUTH + 1, true)] {
        let id = world.ask(OPTIMISTIC).await;
        let call = world.answer(id, answer).await;
        world.by(&world.requester).call("answer", world.contracts.router, &call).await.unwrap();
        let before = world.balance(0).await;
        let path = world.journal(&format!("watching-{answer}"));
        let mut operator = world.operator(0, &path, Says(TRUTH)).unwrap();
        for _ in 0..10 {
            turn(&mut operator).await;
            world.pass(120).await;
        }
        let gained = world.balance(0).await as i128 - before as i128;
        // Half of the bond of 5,000.
        assert_eq!(gained, if challenged { 2_500 } else { 0 }, "{answer}");
    }
}

impl World {
    async fn answer(&self, id: B256, output: i64) -> InferenceRouter::answerCall {
        let filter = Filter::new()
            .address(self.contracts.router)
            .event_signature(InferenceRouter::Requested::SIGNATURE_HASH)
            .topic1(id)
            .from_block(0);
        let logs = self.ledger.provider().get_logs(&filter).await.unwrap();
        let asked = InferenceRouter::Requested::decode_log_data(logs[0].data()).unwrap().request;
        InferenceRouter::answerCall { requester: self.requester.address(), asked, outputs: vec![output] }
    }

    async fn balance(&self, at: usize) -> u128 {
        let call = InferenceRouter::balanceOfCall { account: self.signers[at].address() };
        self.read(self.contracts.router, &call).await.to()
    }
}

#[tokio::test]
async fn a_chain_that_goes_back_on_a_settled_block_stops_the_operator() {
    let mut world = World::new(1, 1).await;
    let path = world.journal("reorganised");
    world.pass(1).await;
    let mut operator = world.operator(0, &path, Says(TRUTH)).unwrap();
    turn(&mut operator).await;
    world.chain().reorganise(1, &[vec![], vec![]]).unwrap();
    let halted = operator.turn().await.unwrap_err();
    assert!(matches!(halted, TurnError::Halt(Halt::Reorganised { .. })), "{halted}");
    // Also after a new start, and nothing is signed for what is asked since.
    drop(operator);
    let id = world.ask(QUORUM).await;
    let mut operator = world.operator(0, &path, Says(TRUTH)).unwrap();
    assert!(matches!(operator.turn().await, Err(TurnError::Halt(Halt::Reorganised { .. }))));
    assert_eq!(operator.machine().asked(&id), None);
}

#[tokio::test]
async fn nothing_is_done_while_the_chain_is_shorter_than_it_was() {
    let mut world = World::new(1, 1).await;
    let path = world.journal("shorter");
    let mut operator = world.operator(0, &path, Says(TRUTH)).unwrap();
    world.ask(QUORUM).await;
    let snapshot = world.chain().snapshot().unwrap();
    world.pass(20).await;
    turn(&mut operator).await;
    assert_eq!(operator.machine().wanted().len(), 1);
    assert!(world.chain().revert(snapshot).unwrap());
    let turned = operator.turn().await.unwrap();
    assert_eq!((turned.wanted, turned.done), (0, 0));
    // Another block in the place of the one that was read.
    world.pass(30).await;
    let halted = operator.turn().await.unwrap_err();
    assert!(matches!(halted, TurnError::Halt(Halt::Reorganised { .. })), "{halted}");
}

#[tokio::test]
async fn a_committee_computes_a_registered_plan_on_inputs_that_are_sealed_to_its_members() {
    let mut world = World::new(3, 2).await;
    let bench = Bench::of(world.version);
    let row = rows().swap_remove(3);
    let committed = bench.committed(std::slice::from_ref(&row));
    let (commitment, opening) = &committed[0];
    let identity = commitment.identity();
    bench.write(&hex::encode(identity), &commitment.encode());
    // The third member gets nothing, and says so.
    let keys = [0, 1, 2].map(|at| secrets::member_key(&world.signers[at]).unwrap());
    for key in &keys[..2] {
        let sealed = seal(&key.public(), About::Input(identity), &opening.encode()).unwrap();
        bench.write(&file_name(&identity, &key.public()), &sealed);
    }
    let trace = bench.model.run(&[&bench.quantised(&row)], 1).unwrap();
    let truth = i64::from(trace.decisions[0]);
    let id = world.ask_about(identity, QUORUM).await;
    let mut operators = Vec::new();
    for (at, key) in keys.into_iter().enumerate() {
        let served = Bench::of(world.version).served;
        let answers = Versions::new([served], InputFolder::new(bench.folder.path(), key));
        operators.push(world.operator(at, &world.journal(&at.to_string()), answers).unwrap());
    }
    for _ in 0..100 {
        for operator in &mut operators {
            turn(operator).await;
        }
        if world.is_final(id, &[truth]).await {
            break;
        }
        // Less than the margin in which a member without input says so.
        world.pass(4).await;
    }
    assert!(world.is_final(id, &[truth]).await);
    for (operator, share) in [(1, 500), (2, 500), (3, 0)] {
        assert_eq!((world.earned(operator).await, world.seats(operator).await), (share, SEATS));
    }
}

/// Requests a second, from the draw to the fee: what the operator itself takes, with everything that it sends and keeps, on the
/// embedded chain and one thread. `cargo test --release -p averment-node --test committee -- --ignored --nocapture`
#[tokio::test]
#[ignore = "a measurement"]
#[allow(clippy::print_stdout, reason = "the figure is the result")]
async fn requests_a_second() {
    const COUNT: usize = 40;
    let mut world = World::new(1, 1).await;
    let path = world.journal("measured");
    let mut operator = world.operator(0, &path, Says(TRUTH)).unwrap();
    let mut spent = std::time::Duration::ZERO;
    for _ in 0..COUNT {
        let id = world.ask(QUORUM).await;
        while !world.is_final(id, &[TRUTH]).await {
            let begun = std::time::Instant::now();
            turn(&mut operator).await;
            spent += begun.elapsed();
            world.pass(40).await;
        }
    }
    println!("{:.0} requests a second", COUNT as f64 / spent.as_secs_f64());
}
