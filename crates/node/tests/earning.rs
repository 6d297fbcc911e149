//! Answers of an operator's own on the embedded chain: final after their window, proved when they are challenged, within its
//! limits; proofs that are asked for; stopped at every step.

mod world;

use alloy::{
    primitives::{B256, Bytes},
    providers::Provider,
    rpc::types::Filter,
    sol_types::SolEvent,
};
use averment_ledger::contracts::{InferenceRouter, OracleStaking};
use averment_node::{
    chain::Chain,
    machine::{Earning, Settings},
    operator::{Halt, Operator, Plan, Steps, TurnError},
    proofs::{ProofError, Proofs, Proved, Wanted},
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use world::{SEATS, Says, TRUTH, World};

const PROOF: u8 = 0;
const OPTIMISTIC: u8 = 1;
const EARNS: Earning = Earning { most_bond: 10_000, least_fee: 1_000, proves: true };

/// A prover whose proofs the stand-in for a verifier believes; it says what is proved, and may have nothing to prove with.
struct Stand {
    can: bool,
    made: AtomicUsize,
}

impl Stand {
    fn new(can: bool) -> Arc<Self> {
        Arc::new(Self { can, made: AtomicUsize::new(0) })
    }
}

impl Proofs for Stand {
    fn check(&self, wanted: &Wanted) -> Result<(), ProofError> {
        let statement = &wanted.statement;
        assert_eq!((statement.request, statement.public.as_slice()), (wanted.asked.id, [TRUTH].as_slice()));
        let version = wanted.asked.version;
        if self.can { Ok(()) } else { Err(ProofError::Weights { version }) }
    }

    fn prove(&self, wanted: &Wanted) -> Result<Proved, ProofError> {
        self.check(wanted)?;
        self.made.fetch_add(1, Ordering::SeqCst);
        Ok(Proved { points: Bytes::from_static(b"points"), proof: Bytes::from_static(b"proof") })
    }
}

impl World {
    /// The `at`th operator, which says this.
    fn member(&self, at: usize, says: i64) -> Operator {
        let path = self.folder.path().join(format!("member-{at}"));
        self.operator(at, &path, Says(says)).unwrap()
    }

    async fn debts(&self, operator: u32) -> u64 {
        let call = OracleStaking::debtsOfCall { operator };
        self.read(self.contracts.staking, &call).await.to()
    }

    fn earning(&self, path: &Path, earns: Earning, proofs: &Arc<Stand>, steps: Steps) -> Operator {
        let settings = Settings { earns, ..self.settings(0) };
        let chain = Chain::new(self.by(&self.signers[0]), self.contracts);
        let plan = Plan { again_after: Duration::ZERO, journal_grows: 1_000, ..Plan::new(settings, 0) };
        let operator = Operator::open(path, plan, chain, Box::new(Says(TRUTH))).unwrap();
        operator.with_proofs(proofs.clone()).with_steps(steps)
    }

    async fn balance(&self) -> i128 {
        let call = InferenceRouter::balanceOfCall { account: self.signers[0].address() };
        self.read(self.contracts.router, &call).await.to::<u128>() as i128
    }

    async fn logs<E: SolEvent>(&self, id: B256) -> Vec<alloy::rpc::types::Log> {
        let filter = Filter::new()
            .address(self.contracts.router)
            .event_signature(E::SIGNATURE_HASH)
            .topic1(id)
            .from_block(0);
        self.ledger.provider().get_logs(&filter).await.unwrap()
    }

    /// The requester challenges the operator's answer, once it is there. Gives whether it was.
    async fn challenge(&self, id: B256) -> bool {
        let logs = self.logs::<InferenceRouter::Answered>(id).await;
        let Some(log) = logs.first() else { return false };
        let answered = InferenceRouter::Answered::decode_log_data(log.data()).unwrap();
        let logs = self.logs::<InferenceRouter::Requested>(id).await;
        let asked = InferenceRouter::Requested::decode_log_data(logs[0].data()).unwrap().request;
        let call = InferenceRouter::challengeCall {
            requester: self.requester.address(),
            asked,
            offered: self.offered.clone(),
            given: InferenceRouter::Answer {
                answerer: answered.answerer,
                challenger: Default::default(),
                outputs: answered.outputs,
            },
        };
        self.by(&self.requester).call("challenge", self.contracts.router, &call).await.unwrap();
        true
    }

    async fn finalised(&self, id: B256) -> Option<B256> {
        let logs = self.logs::<InferenceRouter::Finalised>(id).await;
        logs.first().map(|log| log.transaction_hash.unwrap())
    }
}

fn always() -> Steps {
    Arc::new(|_| true)
}

async fn turn(operator: &mut Operator) {
    operator.turn().await.unwrap();
    // A proof that was begun is done.
    tokio::time::sleep(Duration::from_millis(5)).await;
}

#[tokio::test]
async fn answers_are_given_within_limits_and_made_final_together() {
    let mut world = World::new(1, 1).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(world.ask(OPTIMISTIC).await);
    }
    let before = world.balance().await;
    let path = world.folder.path().join("earning");
    let mut operator = world.earning(&path, EARNS, &Stand::new(true), always());
    for _ in 0..4 {
        turn(&mut operator).await;
        world.pass(60).await;
    }
    // Twice 5,000 is all that it stakes at a time.
    assert_eq!(world.balance().await - before, -10_000);
    for _ in 0..80 {
        turn(&mut operator).await;
        world.pass(200).await;
    }
    assert_eq!(world.balance().await - before, 3_000);
    let mut finalised = Vec::new();
    for id in ids {
        assert!(world.is_final(id, &[TRUTH]).await);
        finalised.push(world.finalised(id).await.unwrap());
    }
    // The first two in one transaction.
    finalised.sort();
    finalised.dedup();
    assert_eq!(finalised.len(), 2);
}

#[tokio::test]
async fn nothing_is_answered_that_pays_too_little_or_cannot_be_proved() {
    let mut world = World::new(1, 1).await;
    let id = world.ask(OPTIMISTIC).await;
    let poor = Earning { most_bond: 4_999, ..EARNS };
    let dear = Earning { least_fee: 1_001, ..EARNS };
    for (name, earns, can) in [("poor", poor, true), ("dear", dear, true), ("unproved", EARNS, false)] {
        let mut operator = world.earning(&world.folder.path().join(name), earns, &Stand::new(can), always());
        for _ in 0..3 {
            turn(&mut operator).await;
            world.pass(10).await;
        }
        assert!(world.logs::<InferenceRouter::Answered>(id).await.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn what_is_asked_for_by_proof_is_proved() {
    let mut world = World::new(1, 1).await;
    let id = world.ask(PROOF).await;
    let before = world.balance().await;
    let proofs = Stand::new(true);
    let path = world.folder.path().join("proving");
    let idle = Earning { proves: false, ..EARNS };
    let mut operator = world.earning(&world.folder.path().join("idle"), idle, &proofs, always());
    turn(&mut operator).await;
    turn(&mut operator).await;
    assert!(!world.is_final(id, &[TRUTH]).await);
    let mut operator = world.earning(&path, EARNS, &proofs, always());
    for _ in 0..3 {
        turn(&mut operator).await;
    }
    assert!(world.is_final(id, &[TRUTH]).await);
    assert_eq!((world.balance().await - before, proofs.made.load(Ordering::SeqCst)), (1_000, 1));
}

/// Stops the operator at its `at`th step, has its answer challenged while it is down, and starts it again. Gives how many steps it
/// took until it was stopped or done.
async fn stopped_at(world: &mut World, at: usize) -> usize {
    let id = world.ask(OPTIMISTIC).await;
    let path = world.folder.path().join(format!("stopped-{at}"));
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = taken.clone();
    let steps = Arc::new(move |_: &'static str| counter.fetch_add(1, Ordering::SeqCst) != at);
    let before = world.balance().await;
    let proofs = Stand::new(true);
    let mut operator = world.earning(&path, EARNS, &proofs, steps);
    let mut challenged = false;
    for _ in 0..20 {
        let worked = operator.turn().await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        challenged = challenged || world.challenge(id).await;
        match worked {
            Ok(_) => {}
            Err(TurnError::Halt(Halt::Stopped(_))) => {
                drop(operator);
                operator = world.earning(&path, EARNS, &proofs, always());
            }
            Err(other) => panic!("step {at}: {other}"),
        }
        if world.is_final(id, &[TRUTH]).await {
            break;
        }
        world.pass(20).await;
    }
    assert!(challenged && world.is_final(id, &[TRUTH]).await, "step {at}");
    // The fee, and what the challenger staked; the bond is back, and was staked once.
    assert_eq!(world.balance().await - before, 2_000, "step {at}");
    assert_eq!(world.logs::<InferenceRouter::Answered>(id).await.len(), 1, "step {at}");
    taken.load(Ordering::SeqCst)
}

#[tokio::test]
async fn a_challenge_is_met_wherever_the_operator_is_stopped() {
    let mut world = World::new(1, 1).await;
    let steps = stopped_at(&mut world, usize::MAX).await;
    assert!(steps >= 8, "{steps}");
    for at in 0..steps {
        let snapshot = world.chain().snapshot().unwrap();
        stopped_at(&mut world, at).await;
        assert!(world.chain().revert(snapshot).unwrap());
    }
}

#[tokio::test]
async fn a_lost_journal_is_made_good_when_a_challenge_comes() {
    let mut world = World::new(1, 1).await;
    let id = world.ask(OPTIMISTIC).await;
    let before = world.balance().await;
    let proofs = Stand::new(true);
    let mut operator = world.earning(&world.folder.path().join("one"), EARNS, &proofs, always());
    while !world.challenge(id).await {
        turn(&mut operator).await;
        world.pass(10).await;
    }
    drop(operator);
    let mut operator = world.earning(&world.folder.path().join("two"), EARNS, &proofs, always());
    for _ in 0..4 {
        turn(&mut operator).await;
    }
    assert_eq!(world.balance().await - before, 2_000);
}

/// A committee of three, two of whom lie; the first tells the truth and can prove it.
async fn bribed(overrules: bool) {
    let mut world = World::new(3, 2).await;
    let id = world.ask(2).await;
    let proofs = Stand::new(true);
    let mut honest = world.earning(&world.folder.path().join("honest"), EARNS, &proofs, always());
    let mut liars = [world.member(1, TRUTH + 1), world.member(2, TRUTH + 1)];
    let before = world.balance().await;
    for _ in 0..60 {
        if !overrules && proofs.made.load(Ordering::SeqCst) > 0 {
            // It is too late by then: the liars close first.
            turn(&mut liars[0]).await;
        }
        turn(&mut honest).await;
        for liar in &mut liars {
            turn(liar).await;
        }
        if overrules {
            turn(&mut honest).await;
        }
        let over = world.is_final(id, &[TRUTH]).await || world.debts(2).await > 0;
        if over {
            break;
        }
        world.pass(10).await;
    }
    if overrules {
        assert!(world.is_final(id, &[TRUTH]).await);
        assert_eq!(world.balance().await - before, 1_000);
        // The liars' seats of this committee are gone with their bonds.
        let left = [world.seats(1).await, world.seats(2).await, world.seats(3).await];
        assert_eq!(left, [SEATS, SEATS - 1, SEATS - 1]);
    } else {
        assert!(world.is_final(id, &[TRUTH + 1]).await);
        assert_eq!((world.debts(1).await, world.debts(2).await, world.debts(3).await), (0, 1, 1));
        turn(&mut honest).await;
        assert!(honest.machine().wanted().is_empty());
    }
}

#[tokio::test]
async fn a_committee_that_lies_is_overruled_before_it_is_final() {
    bribed(true).await;
}

#[tokio::test]
async fn a_committee_that_lied_is_contradicted_when_it_is_final() {
    bribed(false).await;
}
