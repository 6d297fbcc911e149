//! Who takes over where updates are compared with all that their senders sent before: it was not brought that, and is brought what
//! opens the sum. Everything as it is: proofs, the real verifier, packages over HTTP.

use crate::{
    finals,
    real::Problem,
    until,
    world::{AGGREGATOR, Ground, Member, World},
};
use alloy_primitives::Address;
use averment_compiler::task::Widths;
use averment_ledger::federated::{Contested, Event as Told, Phase, Terms};
use averment_node::federated::craft::{Craft, CraftError, NewModel, TaskCraft, Update, Work};
use averment_trainers::Settings;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

const PARTICIPANTS: usize = 4;

fn settings() -> Settings {
    Settings { rate: 0.3, momentum: 0.0, epochs: 1, batch: 32, ..Settings::default() }
}

/// Brings something else than what its updates add up to, and does not take over, as long as it is told to.
struct Withholding(TaskCraft, Arc<AtomicBool>);

impl Craft for Withholding {
    as_the_inner!(
        prefix,
        model_points,
        check_room,
        train,
        check_update,
        gathered,
        check_opening,
        integers,
        score
    );

    fn sum(&self, packages: &[Vec<u8>]) -> Result<Vec<u8>, CraftError> {
        match self.1.load(Ordering::Relaxed) {
            // An opening, of one update too many.
            true => self.0.sum(&[packages, &packages[..1]].concat()),
            false => self.0.sum(packages),
        }
    }

    fn aggregate(&self, work: &Work) -> Result<NewModel, CraftError> {
        match self.1.load(Ordering::Relaxed) {
            true => Err(CraftError::new("adding up updates", "it does not want to")),
            false => self.0.aggregate(work),
        }
    }
}

/// A task of three rounds that compares cumulative updates, with its members; of the first `withholds` is said whether.
async fn begun(withholds: &Arc<AtomicBool>) -> (Problem, World, Terms, Vec<Member>) {
    let problem = Problem::of(&[], PARTICIPANTS, Widths::default(), None);
    let bound = problem.bound(settings(), 4);
    let ground = Ground::new(Some(&problem.setup.key())).await;
    let (terms, _) = problem
        .on(&ground, |terms| {
            (terms.bound, terms.rule.history) = (bound, true);
            (terms.size.rounds, terms.size.minimum) = (3, 3);
            (terms.size.perRound, terms.size.maximum) = (4, 6);
        })
        .await;
    let (prefix, points) = (problem.prefix(), problem.points());
    let world = ground.create(terms.clone(), prefix, points, 1..=PARTICIPANTS).await;
    let mut members = Vec::new();
    for at in 1..=PARTICIPANTS {
        let craft = problem.craft(&terms, Some(Box::new(problem.learner(at - 1, settings()))));
        let craft: Arc<dyn Craft> = match at {
            1 => Arc::new(Withholding(craft, withholds.clone())),
            _ => Arc::new(craft),
        };
        members.push(world.start_with(at, craft, &problem.initial, &problem.points()).await);
    }
    members.push(named(&problem, &world, &terms).await);
    (problem, world, terms, members)
}

/// The named aggregator.
async fn named(problem: &Problem, world: &World, terms: &Terms) -> Member {
    world
        .start_with(AGGREGATOR, Arc::new(problem.craft(terms, None)), &problem.initial, &problem.points())
        .await
}

/// The first round is the named aggregator's; then it dies, and nobody has what it has.
async fn the_named_one_dies(world: &World, members: &mut Vec<Member>) {
    until(world, members, async |world| finals(world).await == 1).await;
    drop(members.pop());
    let mut forgotten = 0;
    for at in 1..=PARTICIPANTS {
        for entry in std::fs::read_dir(world.path(at).join("opened")).unwrap() {
            let path = entry.unwrap().path();
            assert!(path.file_name().unwrap().to_str().unwrap().starts_with("1-"));
            std::fs::remove_file(path).unwrap();
            forgotten += 1;
        }
    }
    assert!(forgotten > 0);
}

/// Nobody is out, and only the named aggregator has strikes.
async fn nobody_is_blamed(world: &World, strikes: u8) {
    let book = world.book().await;
    assert_eq!(book.aggregator_strikes, strikes);
    for at in 1..=PARTICIPANTS {
        let member = &book.members[&world.address(at)];
        assert_eq!((member.strikes, member.out), (0, false), "{at}");
    }
    let history = world.history().await;
    assert!(!history.iter().any(|event| matches!(event, Told::Slashed { .. } | Told::Excluded { .. })));
}

#[tokio::test]
async fn successors_are_brought_what_earlier_updates_add_up_to() {
    let (problem, world, _, mut members) = begun(&Arc::default()).await;
    the_named_one_dies(&world, &mut members).await;
    until(&world, &mut members, async |world| finals(world).await == 3).await;
    let book = world.book().await;
    let successors: Vec<_> = book.models[1..].iter().map(|made| made.aggregator).collect();
    assert!(successors.iter().all(|one| (1..=PARTICIPANTS).any(|at| world.address(at) == *one)));
    for made in &book.models {
        assert_eq!(made.accounts.len(), PARTICIPANTS);
    }
    // They had not been brought the updates of the first round, and were brought what opens the sum.
    for (made, round) in book.models[1..].iter().zip(2_u16..) {
        let place = (1..=PARTICIPANTS).find(|at| world.address(*at) == made.aggregator).unwrap();
        let store = members[place - 1].service().store().clone();
        for account in made.accounts.iter().filter(|account| **account != made.aggregator) {
            let whole = (1..round).all(|earlier| store.opened(earlier, *account).unwrap().is_some());
            let opened = store.opened(round, *account).unwrap().unwrap();
            assert!(!whole && !opened.before.is_empty());
        }
    }
    nobody_is_blamed(&world, 2).await;
    let judge = problem.craft(world.client.terms(), Some(Box::new(problem.learner(0, settings()))));
    let last = members[0].service().store().model(3).unwrap().unwrap();
    let [before, after] =
        [&problem.initial, &last].map(|package| judge.evaluate(package).unwrap().accuracy());
    assert!(after > before + 0.2, "{before} {after}");
}

/// Whose cumulative updates were challenged, and whether that was answered. Who lost what it was brought asks for others', too.
async fn asked_for_sums(world: &World) -> BTreeMap<Address, bool> {
    let history = world.history().await.into_iter();
    let ends = history.filter_map(|event| match event {
        Told::Answered { account, contested: Contested::Cumulative, .. } => Some((account, true)),
        Told::Lapsed { account, contested: Contested::Cumulative, .. } => Some((account, false)),
        _ => None,
    });
    ends.collect()
}

#[tokio::test]
async fn who_keeps_its_sum_back_falls_out_and_the_round_is_the_others() {
    let withholds = Arc::new(AtomicBool::new(true));
    let (problem, world, terms, mut members) = begun(&withholds).await;
    the_named_one_dies(&world, &mut members).await;
    until(&world, &mut members, async |world| finals(world).await == 2).await;
    let (whose, book) = (world.address(1), world.book().await);
    let unanswered: Vec<_> =
        asked_for_sums(&world).await.into_iter().filter(|(_, answered)| !answered).collect();
    assert_eq!(unanswered, [(whose, false)]);
    let made = &book.models[1];
    assert_eq!((made.round, made.accounts.len()), (2, PARTICIPANTS - 1));
    assert!(!made.accounts.contains(&whose));
    for at in 1..=PARTICIPANTS {
        let member = &book.members[&world.address(at)];
        assert_eq!((member.strikes, member.out), (u8::from(at == 1), false), "{at}");
    }
    // Who was away is back; of who was excluded nothing is added up any more, so nothing is missing.
    withholds.store(false, Ordering::Relaxed);
    members.push(named(&problem, &world, &terms).await);
    until(&world, &mut members, async |world| finals(world).await == 3).await;
    let made = &world.book().await.models[2];
    assert_eq!((made.aggregator, made.accounts.len()), (world.address(AGGREGATOR), PARTICIPANTS));
}

#[tokio::test]
async fn a_sum_that_is_given_on_the_chain_alone_is_as_good() {
    let withholds = Arc::new(AtomicBool::new(true));
    let (_, world, _, mut members) = begun(&withholds).await;
    the_named_one_dies(&world, &mut members).await;
    let whose = world.address(1);
    until(&world, &mut members, async |world| {
        let book = world.book().await;
        (book.number(), book.phase) == (2, Phase::Check)
    })
    .await;
    for member in &mut members {
        member.turn().await;
    }
    // It was brought, wrong; what is asked for now is as it should be.
    withholds.store(false, Ordering::Relaxed);
    until(&world, &mut members, async |world| finals(world).await == 2).await;
    let asked = asked_for_sums(&world).await;
    assert!(asked[&whose] && asked.values().all(|answered| *answered), "{asked:?}");
    let book = world.book().await;
    assert_eq!((book.models[1].round, book.models[1].accounts.len()), (2, PARTICIPANTS));
    nobody_is_blamed(&world, 1).await;
}

/// A member brings nothing, an aggregator gives nothing: both are asked for it on the chain, give it there, and everybody goes on.
#[tokio::test]
async fn an_update_and_a_model_that_are_given_on_the_chain_alone_are_as_good() {
    let (problem, world, _, mut members) = begun(&Arc::default()).await;
    let whose = world.address(2);
    let store = members[1].service().store().clone();
    let mut kept: Option<Update> = None;
    let (mut restored, mut silent) = (false, false);
    for _ in 0..400 {
        for member in &mut members {
            // The last one sleeps while the model can be read from the chain.
            if silent && member.at == PARTICIPANTS {
                continue;
            }
            member.turn().await;
            if let (None, Some(update)) = (&kept, store.update(1).unwrap()) {
                store.keep_update(1, &Update { package: b"nothing".to_vec(), ..update.clone() }).unwrap();
                kept = Some(update);
            }
        }
        let book = world.book().await;
        let round = book.round.as_ref().filter(|round| round.number == 1);
        let asked = round.is_some_and(|round| round.challenges.contains_key(&(whose, Contested::Update)));
        if let (true, false, Some(update)) = (asked, restored, &kept) {
            store.keep_update(1, update).unwrap();
            restored = true;
        }
        if round.is_some_and(|round| round.aggregated.is_some()) && !silent {
            // It answers on the chain still, but nobody reaches it.
            members[PARTICIPANTS].serving.abort();
            silent = true;
        }
        if finals(&world).await == 1 && members[0].service().store().models().unwrap().contains(&1) {
            break;
        }
        world.ground.pass(5).await;
    }
    let answered: Vec<_> = world
        .history()
        .await
        .into_iter()
        .filter_map(|event| match event {
            Told::Answered { account, contested, .. } => Some((account, contested)),
            _ => None,
        })
        .collect();
    for contested in [Contested::Update, Contested::Proof] {
        assert!(answered.contains(&(whose, contested)), "{contested:?} of {answered:?}");
    }
    assert!(answered.iter().any(|(_, contested)| *contested == Contested::Model), "{answered:?}");
    let book = world.book().await;
    let made = &book.models[0];
    assert_eq!((made.aggregator, made.accounts.len()), (world.address(AGGREGATOR), PARTICIPANTS));
    // It has it from the others, who have no package of it either.
    let late = &mut members[PARTICIPANTS - 1];
    assert!(!late.service().store().models().unwrap().contains(&1));
    late.turn().await;
    let craft = problem.craft(world.client.terms(), Some(Box::new(problem.learner(0, settings()))));
    for member in &mut members[..PARTICIPANTS] {
        let model = member.service().store().model(1).unwrap().expect("the model");
        assert_eq!(craft.model_points(&model).unwrap(), made.points.as_ref());
        assert!(craft.evaluate(&model).unwrap().accuracy() > 0.0);
    }
}
