//! Who takes over where updates are compared with all that their senders sent before: it was not brought that, and is brought what
//! opens the sum. Everything as it is: proofs, the real verifier, packages over HTTP.

use crate::{
    finals,
    real::Problem,
    until,
    world::{AGGREGATOR, Ground, Member, World},
};
use averment_compiler::task::Widths;
use averment_ledger::federated::{Event as Told, Terms};
use averment_node::federated::craft::{Craft, CraftError, NewModel, TaskCraft, Work};
use averment_trainers::Settings;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

const PARTICIPANTS: usize = 4;

fn settings() -> Settings {
    Settings { rate: 0.3, momentum: 0.0, epochs: 1, batch: 32, ..Settings::default() }
}

/// Brings something else than what its updates add up to, and does not take over, as long as it is told to.
struct Withholding(TaskCraft, Arc<AtomicBool>);

impl Craft for Withholding {
    as_the_inner!(prefix, model_points, check_room, train, check_update, check_sum, integers, score);

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

/// Nobody but the named aggregator has what was brought in the first round.
fn forget_the_first_round(world: &World) {
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
    until(&world, &mut members, async |world| finals(world).await == 1).await;
    // It dies, and nobody has what it has.
    drop(members.pop());
    forget_the_first_round(&world);
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

#[tokio::test]
async fn a_round_whose_successor_lacks_a_members_sum_is_void_and_the_next_one_is_not() {
    let withholds = Arc::new(AtomicBool::new(true));
    let (problem, world, terms, mut members) = begun(&withholds).await;
    until(&world, &mut members, async |world| finals(world).await == 1).await;
    drop(members.pop());
    forget_the_first_round(&world);
    until(&world, &mut members, async |world| world.book().await.voids == 1).await;
    // The others' sums were brought, this one's were not kept; nobody is to blame for it by what the chain knows.
    let whose = world.address(1);
    for member in &mut members[1..] {
        let opened = member.service().store().opened(2, whose).unwrap();
        assert!(opened.is_none_or(|opened| opened.before.is_empty()));
    }
    nobody_is_blamed(&world, 1).await;
    // Who was away is back, and is brought the sum with the second round's update, of which it knows nothing.
    withholds.store(false, Ordering::Relaxed);
    members.push(named(&problem, &world, &terms).await);
    until(&world, &mut members, async |world| finals(world).await == 2).await;
    let book = world.book().await;
    let made = &book.models[1];
    assert_eq!((made.round, made.aggregator), (3, world.address(AGGREGATOR)));
    assert_eq!(made.accounts.len(), PARTICIPANTS);
    nobody_is_blamed(&world, 1).await;
}
