//! A round of twenty who train 100,234 parameters: every transaction of it as it is, with real proofs of all updates and of the round.
//! The gas of each step is said (`--nocapture`). It is a first round's, which writes where nothing was: 17,000 more for a commit than in the
//! rounds behind it, 12,000 for a reveal, 32,000 for the aggregation than what `contracts/snapshots/federated.json` pins.

#![allow(clippy::print_stdout, reason = "it says what it measures")]

use crate::{
    real::Problem,
    world::{AGGREGATOR, Ground, SECONDS},
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use averment_compiler::task::Widths;
use averment_federated::rules::Kind;
use averment_ledger::{
    contracts::Sent,
    faucet,
    federated::{
        Aggregation, Commitment, Contested, Evidence, Outcome, Phase, Reveal, Revealed, evidence_of,
    },
    keys::{Cost, KeyFolder, Password},
};
use averment_node::federated::{
    craft::{About, Craft, Row, Work},
    points::difference,
};
use averment_trainers::{
    Evaluation, Fit, FitError, Fitted, Learner, Parameters, Participant, Progress, Settings, TensorSchema,
};
use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicUsize, Ordering},
};

const PARTICIPANTS: usize = 20;
const FAULTS: u8 = 4;

/// Each training is the next one's.
struct InTurn(Vec<Learner>, AtomicUsize);

impl Participant for InTurn {
    fn schema(&self) -> &[TensorSchema] {
        self.0[0].schema()
    }

    fn fit(
        &self,
        fit: &Fit<'_>,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Fitted, FitError> {
        self.0[self.1.fetch_add(1, Ordering::Relaxed) % self.0.len()].fit(fit, watch)
    }

    fn evaluate(&self, model: &Parameters) -> Result<Evaluation, FitError> {
        self.0[0].evaluate(model)
    }
}

fn said(step: &str, sent: &Sent, each: u64) {
    println!(
        "{step:<58} {:>9} gas{}",
        sent.gas_used(),
        match each {
            1 => String::new(),
            each => format!(", {} each", sent.gas_used() / each),
        }
    );
}

#[tokio::test]
async fn twenty_train_a_hundred_thousand_parameters_with_every_proof() {
    let settings = Settings { rate: 0.2, momentum: 0.0, epochs: 2, batch: 16, ..Settings::default() };
    let problem = Problem::of(&[512, 128], PARTICIPANTS, Widths::default(), Some(17));
    assert_eq!(problem.start.layout.coordinates(), 100_234);
    assert_eq!(problem.points().len(), 64, "one chunk");
    let bound = problem.bound(settings, 4);
    let mut ground = Ground::new(Some(&problem.setup.key())).await;
    // Ten accounts are there; of these the first seven join, and thirteen more.
    let mut joining: Vec<usize> = (0..AGGREGATOR).chain([7]).collect();
    let file = ground.folder.path().join("password");
    std::fs::write(&file, "of keys that nobody keeps").unwrap();
    let (keys, password) =
        (KeyFolder::new(ground.folder.path().join("keys")), Password::from_file(&file).unwrap());
    while joining.len() < PARTICIPANTS {
        joining.push(ground.accounts.len());
        let key = keys.create_account(&format!("member-{}", joining.len()), &password, Cost::Light).unwrap();
        faucet::top_up(&ground.ledger, key.address(), U256::from(10).pow(U256::from(20))).await.unwrap();
        ground.accounts.push(key);
        ground.give_money(ground.accounts.len() - 1).await;
    }
    let (terms, _) = problem
        .on(&ground, |terms| {
            terms.bound = bound;
            terms.rule.kind = Kind::MultiKrum as u8;
            (terms.rule.faults, terms.rule.history) = (FAULTS, true);
            (terms.size.rounds, terms.size.minimum, terms.size.maximumVoid) = (1, 9, 1);
            (terms.size.perRound, terms.size.maximum) = (PARTICIPANTS as u16, 30);
        })
        .await;
    let (prefix, points) = (problem.prefix(), problem.points());
    let world = ground.create(terms.clone(), prefix.clone(), points.clone(), joining.clone()).await;
    let (client, id) = (&world.client, world.client.id());

    let learners = (0..PARTICIPANTS).map(|part| problem.learner(part, settings)).collect();
    let craft = problem.craft(&terms, Some(Box::new(InTurn(learners, AtomicUsize::new(0)))));
    craft.check_room(&problem.initial, &terms).unwrap();
    let about = |at: usize| About { id, terms: terms.clone(), round: 1, party: world.address(at) };
    let mut updates = Vec::new();
    for &at in &joining {
        let update = craft.train(&about(at), &problem.initial).unwrap();
        craft.check_update(&about(at), &update).unwrap();
        // A proof is for one account.
        assert!(craft.check_update(&about(AGGREGATOR), &update).is_err());
        updates.push((at, update));
    }
    updates.sort_by_key(|(at, _)| world.address(*at));

    // Half of them send their own transactions, for the others somebody carries what they signed.
    let sender = |at: usize| world.sender(at);
    said("open", &client.open_round(&sender(0)).await.unwrap(), 1);
    let salt = |at: usize| keccak256([at as u8]);
    let what: Vec<(usize, Commitment)> = updates
        .iter()
        .map(|(at, own)| {
            let [points, proof, content] = [&own.points, &own.proof, &own.package].map(keccak256);
            (*at, Commitment { points, proof, content, salt: salt(*at) })
        })
        .collect();
    let digest = |at: usize, what: &Commitment| id.commit(1, world.address(at), what);
    let (own, carried) = what.split_at(PARTICIPANTS / 2);
    let mut last = None;
    for (at, what) in own {
        last = Some(client.commit(&sender(*at), digest(*at, what)).await.unwrap());
    }
    said("commit, in a transaction of one's own", &last.take().unwrap(), 1);
    let signed = carried
        .iter()
        .map(|(at, what)| id.sign_commit(&world.ground.accounts[*at], 1, digest(*at, what)).unwrap())
        .collect();
    said("ten commits, carried", &client.commit_signed(&sender(0), signed).await.unwrap(), 10);
    world.ground.pass(u64::from(SECONDS) + 1).await;

    let reveals: Vec<(usize, Reveal)> = updates
        .iter()
        .zip(&what)
        .map(|((at, own), (_, what))| {
            let reveal = Reveal {
                account: world.address(*at),
                salt: what.salt,
                proofHash: what.proof,
                contentHash: what.content,
                points: own.points.clone().into(),
                last: B256::ZERO,
                cumulative: Bytes::new(),
            };
            (*at, reveal)
        })
        .collect();
    let (first, rest) = reveals.split_at(PARTICIPANTS / 2);
    for (at, reveal) in first {
        last = Some(client.reveal(&sender(*at), vec![reveal.clone()]).await.unwrap());
    }
    said("reveal, in a transaction of one's own", &last.take().unwrap(), 1);
    let rest = rest.iter().map(|(_, reveal)| reveal.clone()).collect();
    said("ten reveals, carried", &client.reveal(&sender(0), rest).await.unwrap(), 10);
    world.ground.pass(u64::from(SECONDS) + 1).await;

    // A challenged proof is verified where it is shown; an accusation of one that holds is refused.
    let (at, update) = &updates[0];
    let [proof, content] = [&update.proof, &update.package].map(keccak256);
    let revealed = Revealed {
        points: update.points.clone().into(),
        cumulative: keccak256(&update.points),
        proofHash: proof,
        contentHash: content,
    };
    let evidence = Evidence {
        account: world.address(*at),
        revealed,
        prefix: prefix.clone().into(),
        proof: update.proof.clone().into(),
    };
    assert!(client.accuse(&sender(0), evidence.clone()).await.is_err());
    let challenged = client.challenge(&sender(0), world.address(*at), Contested::Proof).await.unwrap();
    said("challenge a proof", challenged.last().unwrap(), 1);
    said("answer with the proof", &client.answer_proof(&sender(*at), evidence).await.unwrap(), 1);
    world.ground.pass(u64::from(SECONDS) + 1).await;

    let row = |(at, update): &(usize, _)| Row {
        account: world.address(*at),
        update: Clone::clone(update),
        before: Vec::new(),
        sum: None,
    };
    let work = Work {
        about: about(AGGREGATOR),
        model: problem.initial.clone(),
        older: None,
        rows: updates.iter().map(row).collect(),
        root: None,
        last: Vec::new(),
    };
    let made = craft.aggregate(&work).unwrap();
    let accounts: Vec<Address> = work.rows.iter().map(|row| row.account).collect();
    let aggregation = Aggregation {
        accounts: accounts.clone(),
        evidence: what.iter().map(|(_, what)| evidence_of(what.proof, what.content)).collect(),
        points: made.points.clone(),
        model: made.model.clone(),
        rootCumulative: made.root_cumulative.clone(),
        matrix: made.matrix.clone(),
        weights: made.weights,
        inputs: made.inputs,
        proof: made.proof.clone(),
        contentHash: keccak256(&made.package),
    };
    // Another matrix is not proved.
    let mut wrong = made.matrix.to_vec();
    wrong[7] ^= 1;
    let lie = Aggregation { matrix: wrong.into(), ..aggregation.clone() };
    assert!(client.aggregate(&sender(AGGREGATOR), lie).await.is_err());
    println!("the round's proof: {} bytes", made.proof.len());
    said("aggregate", &client.aggregate(&sender(AGGREGATOR), aggregation).await.unwrap(), 1);

    let model = made.points[..64].to_vec();
    let outcome = Outcome {
        model: keccak256(&model),
        difference: keccak256(difference(&model, &points).unwrap()),
        matrix: keccak256(&made.matrix),
        accounts: accounts.clone(),
    };
    said("rate", &client.rate(&sender(0), outcome.clone(), made.matrix.clone()).await.unwrap(), 1);
    let book = world.book().await;
    let round = book.round.as_ref().unwrap();
    let weights: U256 = round.aggregated.as_ref().unwrap().weights.iter().sum();
    assert_eq!(weights, U256::from(1 << 16));
    let qualities = round.qualities.clone().unwrap();
    world.ground.pass(u64::from(SECONDS) + 1).await;
    said("settle", &client.settle(&sender(0), outcome, qualities, Vec::new()).await.unwrap(), 1);
    let book = world.book().await;
    assert_eq!((book.models.len(), book.phase), (1, Phase::Ended));
    assert_eq!(book.models[0].points, model);
    assert_eq!(craft.model_points(&made.package).unwrap(), model);
    let mut paid = U256::ZERO;
    for at in &joining {
        paid += client.balance(world.address(*at)).await.unwrap();
    }
    // The reward of one round and no more; the sponsor, who is one of them, has back what is left of the pool.
    assert!(paid > U256::from(4_000), "{paid}");
    let [before, after] =
        [&problem.initial, &made.package].map(|package| craft.evaluate(package).unwrap().accuracy());
    assert!(after > before + 0.2, "{before} {after}");
}
