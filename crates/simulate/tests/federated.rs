//! Attacks on federated learning: with what stands against them they bring nothing, without it they succeed.

use averment_federated::rules::Kind;
use averment_simulate::federated::{
    Attack, Comparison, Defence, Experiment, ExperimentError, Method, Outcome, Problem, SEEDS, Scheme,
    Source, Spread, Standing, Study, run, usual_training,
};
use averment_trainers::{Settings, data::split::Split};
use std::{
    num::NonZeroUsize,
    sync::atomic::{AtomicUsize, Ordering},
};

const SEED: u64 = 1;

fn experiment() -> Experiment {
    Experiment {
        participants: 20,
        attackers: 4,
        selected: 20,
        rounds: 20,
        attack: None,
        scheme: Scheme::of(Kind::MultiKrum),
        defence: Defence::ALL,
        split: Split::Dirichlet(10.0),
        training: usual_training(),
        seed: SEED,
    }
}

fn outcome(experiment: &Experiment) -> Outcome {
    let problem = Problem::read(&Source::Digits, experiment.seed).unwrap();
    let graph = problem.network(32, experiment.seed).unwrap();
    run(&problem, &graph, experiment, |_| ()).unwrap()
}

/// What tasks are without any of it: the average of whatever comes.
fn open() -> Experiment {
    let defence = Defence { bound: false, history: false, validators: 0, ..Defence::ALL };
    Experiment { scheme: Scheme::of(Kind::Average), defence, ..experiment() }
}

#[test]
fn attacks_on_the_model_harm_an_average_and_not_multi_krum() {
    assert!(outcome(&open()).final_accuracy() > 0.9, "honest ones need no rule");
    let attacks =
        [Attack::SignFlip, Attack::Scaling, Attack::Gaussian, Attack::LabelFlip, Attack::Alie, Attack::Foe];
    for attack in attacks {
        let defended = outcome(&Experiment { attack: Some(attack), ..experiment() });
        let control = outcome(&Experiment { attack: Some(attack), ..open() });
        assert!(defended.final_accuracy() > 0.9, "{attack:?}: {}", defended.final_accuracy());
        assert!(control.final_accuracy() < 0.75, "{attack:?}: {}", control.final_accuracy());
    }
}

/// Two attacks that are made to pass for an honest update: an average dilutes them, a rule that chooses one update takes theirs.
/// Mixing stands against that.
#[test]
fn what_hides_among_the_honest_takes_krum_over_and_not_krum_after_mixing() {
    let training = Settings { momentum: 0.0, ..usual_training() };
    let common = Experiment { attackers: 8, training, ..experiment() };
    let krum = Scheme::of(Kind::Krum);
    let schemes = vec![krum, Scheme { mix: true, ..krum }];
    let attacks = vec![None, Some(Attack::MinMax), Some(Attack::MinSum)];
    let study = Study { common, hidden: 32, ..study(schemes, attacks, 3, 2) };
    for found in study.run(|_| ()).unwrap() {
        let accuracy = found.final_accuracy().mean;
        let stands = found.scheme.mix || found.attack.is_none();
        let as_it_should = if stands { accuracy > 0.85 } else { accuracy < 0.75 };
        assert!(as_it_should, "{} under {}: {accuracy}", found.scheme.name(), found.attack_name());
    }
}

/// Where data differ, many copies of one honest update have a rule that chooses one take that participant's data alone.
#[test]
fn mimics_take_krum_over_and_not_krum_after_mixing() {
    let split = Split::Dirichlet(0.5);
    let defence = Defence { validators: 0, ..Defence::ALL };
    let common = Experiment { attackers: 8, split, defence, ..experiment() };
    let krum = Scheme::of(Kind::Krum);
    let schemes = vec![krum, Scheme { mix: true, ..krum }];
    let study = Study { common, hidden: 32, ..study(schemes, vec![None, Some(Attack::Mimic)], 3, 2) };
    for found in study.run(|_| ()).unwrap() {
        let accuracy = found.final_accuracy().mean;
        let as_it_should = match (found.scheme.mix, found.attack) {
            (true, _) => accuracy > 0.8,
            (false, None) => accuracy > 0.65,
            (false, Some(_)) => accuracy < 0.55,
        };
        assert!(as_it_should, "{} under {}: {accuracy}", found.scheme.name(), found.attack_name());
    }
}

/// Long cumulative updates would move the mean of all so far that honest ones deviated from it alike, and counted as one.
#[test]
fn scaled_updates_gain_no_weight_by_histories() {
    for rule in [Kind::Average, Kind::GeometricMedian] {
        let weights = |attack| {
            let defence = Defence { validators: 0, ..Defence::ALL };
            let found = outcome(&Experiment {
                attack: Some(attack),
                scheme: Scheme::of(rule),
                defence,
                rounds: 10,
                ..experiment()
            });
            found.rounds.iter().filter_map(|round| round.attackers_weight).collect::<Vec<f64>>()
        };
        let scaled = weights(Attack::Scaling);
        assert!(scaled.len() == 10 && scaled.iter().all(|weight| *weight < 0.201), "{rule:?}: {scaled:?}");
        // Control: whose cumulative updates are alike count as one.
        let sybil = weights(Attack::Sybil);
        assert!(sybil[9] < 0.1, "{rule:?}: {sybil:?}");
    }
}

#[test]
fn a_backdoor_opens_in_an_average_and_not_in_multi_krum() {
    let attack = Some(Attack::Backdoor);
    let (defended, control) =
        (outcome(&Experiment { attack, ..experiment() }), outcome(&Experiment { attack, ..open() }));
    assert!(defended.backdoor < 0.1 && defended.final_accuracy() > 0.9, "{defended:?}");
    assert!(control.backdoor > 0.9 && control.final_accuracy() > 0.7, "{control:?}");
}

#[test]
fn what_is_no_number_dies_at_decoding() {
    let attack = Some(Attack::NaN);
    let defended = outcome(&Experiment { attack, ..experiment() });
    assert!(defended.final_accuracy() > 0.9);
    assert!(defended.rounds.iter().all(|round| round.refused == 4));
    let defence = Defence { decoding: false, ..Defence::ALL };
    let control = outcome(&Experiment { attack, defence, ..experiment() });
    assert_eq!(control.final_accuracy(), 0.0);
}

#[test]
fn a_slow_drift_takes_krum_over_and_not_multi_krum() {
    let hard = Experiment { split: Split::Dirichlet(0.3), attack: Some(Attack::Slow), ..experiment() };
    let defended = outcome(&hard);
    assert!(defended.final_accuracy() > 0.8, "{}", defended.final_accuracy());
    // Nothing but the rule is another one.
    let control = outcome(&Experiment { scheme: Scheme::of(Kind::Krum), ..hard });
    assert!(control.final_accuracy() < 0.5, "{}", control.final_accuracy());
}

#[test]
fn work_that_is_not_ones_own_earns_nothing() {
    for (attack, most) in [
        // All four together, in one honest participant's pay: one who is four may have 1.1, four replays 0.1 each.
        (Attack::Sybil, 1.1),
        (Attack::Replay, 0.4),
        (Attack::FreeRider, 0.1),
        (Attack::Mimic, 1.1),
        (Attack::Copycat, 1.1),
    ] {
        let attack = Some(attack);
        let defended = outcome(&Experiment { attack, ..experiment() });
        assert!(defended.pays.attackers() <= most, "{attack:?}: {}", defended.pays.attackers());
        let defence = Defence { quality: false, validators: 0, ..Defence::ALL };
        let control = outcome(&Experiment { attack, defence, ..experiment() });
        assert!(control.pays.attackers() > 3.9, "{attack:?}: {}", control.pays.attackers());
    }
}

#[test]
fn validators_see_what_the_matrix_does_not_where_data_differ_much() {
    for (attack, most, without) in
        [(Attack::LabelFlip, 0.1, 0.5), (Attack::Sybil, 1.1, 1.2), (Attack::Replay, 0.4, 1.2)]
    {
        let hard = Experiment { split: Split::Dirichlet(0.3), attack: Some(attack), ..experiment() };
        let defended = outcome(&hard).pays.attackers();
        assert!(defended <= most, "{attack:?}: {defended}");
        let defence = Defence { validators: 0, ..Defence::ALL };
        let control = outcome(&Experiment { defence, ..hard }).pays.attackers();
        assert!(control > without, "{attack:?}: {control}");
    }
}

/// Whose work it was, and when, is what validators see, who remember it.
#[test]
fn what_was_sent_before_earns_a_tenth_at_most_in_rounds_in_which_it_is_sent() {
    for alpha in [10.0, 0.3] {
        let common = Experiment { split: Split::Dirichlet(alpha), ..experiment() };
        for attack in Attack::ALL.into_iter().filter(|attack| attack.is_replay()) {
            let attacked = Experiment { attack: Some(attack), ..common };
            let defended = outcome(&attacked);
            assert!(defended.pays.attacking() <= 0.1, "{attack:?}, {alpha}: {}", defended.pays.attacking());
            let defence = Defence { quality: false, validators: 0, ..Defence::ALL };
            let control = outcome(&Experiment { defence, ..attacked }).pays.attacking();
            assert!(control > 0.99, "{attack:?}, {alpha}: {control}");
        }
    }
}

#[test]
fn who_reveals_nothing_readable_is_out_after_its_strikes_and_nobody_honest_is() {
    let defence = Defence { strikes: 3, ..Defence::ALL };
    let found = outcome(&Experiment { attack: Some(Attack::NaN), defence, ..experiment() });
    assert_eq!(found.out, (4, 0));
    let refused: Vec<usize> = found.rounds.iter().map(|round| round.refused).collect();
    assert!(refused[..3] == [4; 3] && refused[3..].iter().all(|refused| *refused == 0), "{refused:?}");
    // What others gain from is not harm, and honest work is none at all.
    for attack in [None, Some(Attack::Copycat)] {
        assert_eq!(outcome(&Experiment { attack, defence, ..experiment() }).out, (0, 0), "{attack:?}");
    }
    // Control: without strikes all stay.
    let stay = outcome(&Experiment { attack: Some(Attack::NaN), ..experiment() });
    assert!(stay.out == (0, 0) && stay.rounds[19].refused == 4);
}

#[test]
fn everything_follows_from_the_seed() {
    let experiment = Experiment { attack: Some(Attack::Alie), rounds: 4, ..experiment() };
    let once = outcome(&experiment);
    assert_eq!(once, outcome(&experiment));
    assert_ne!(once, outcome(&Experiment { seed: 2, ..experiment }));
}

#[test]
fn ten_thousand_participants_of_whom_a_hundred_train() {
    // Who is selected once in a hundred rounds has no momentum to go on with.
    let training = Settings { momentum: 0.0, ..usual_training() };
    let crowd = Experiment {
        participants: 10_000,
        attackers: 1_000,
        selected: 100,
        rounds: 10,
        training,
        ..experiment()
    };
    let attack = Some(Attack::SignFlip);
    let (calm, defended) = (outcome(&crowd), outcome(&Experiment { attack, ..crowd }));
    let Experiment { scheme, defence, .. } = open();
    let control = outcome(&Experiment { attack, scheme, defence, ..crowd });
    let [calm, defended, control] = [calm, defended, control].map(|outcome| outcome.final_accuracy());
    assert!(calm > 0.7 && defended > calm - 0.1 && control < 0.3, "{calm} {defended} {control}");
}

fn study(schemes: Vec<Scheme>, attacks: Vec<Option<Attack>>, seeds: usize, threads: usize) -> Study {
    let common = Experiment { rounds: 3, ..experiment() };
    let threads = NonZeroUsize::new(threads).unwrap();
    Study { source: Source::Digits, hidden: 16, schemes, attacks, seeds, common, threads }
}

#[test]
fn a_study_is_its_simulations_however_many_threads_there_are() {
    let schemes = vec![Scheme::of(Kind::MultiKrum), Scheme::of(Comparison::Bucketing)];
    let attacks = vec![None, Some(Attack::Foe)];
    let watched = AtomicUsize::new(0);
    let watch = |_: &_| {
        watched.fetch_add(1, Ordering::Relaxed);
    };
    let alone = study(schemes.clone(), attacks.clone(), 2, 1);
    let found = alone.run(watch).unwrap();
    assert_eq!(watched.into_inner(), alone.rounds());
    assert_eq!(found, study(schemes.clone(), attacks.clone(), 2, 3).run(|_| ()).unwrap());
    let order: Vec<_> = found.iter().map(|found| (found.scheme, found.attack)).collect();
    let expected = schemes.iter().flat_map(|&scheme| attacks.iter().map(move |&attack| (scheme, attack)));
    assert_eq!(order, expected.collect::<Vec<_>>());
    // One of them by itself.
    let experiment = Experiment { scheme: schemes[1], attack: attacks[1], seed: SEED + 1, ..alone.common };
    let problem = Problem::read(&Source::Digits, experiment.seed).unwrap();
    let graph = problem.network(16, experiment.seed).unwrap();
    assert_eq!(found[3].outcomes[1], run(&problem, &graph, &experiment, |_| ()).unwrap());
    let accuracies = found[3].outcomes.iter().map(Outcome::final_accuracy);
    assert_eq!(found[3].final_accuracy(), Spread::of(accuracies));
    assert_eq!(found[3].accuracy().last(), Some(&found[3].final_accuracy()));
}

#[test]
fn what_seeds_say_is_summed_up() {
    let spread = Spread::of([1.0, 2.0, 6.0].into_iter());
    assert_eq!((spread.mean, spread.least, spread.most), (3.0, 1.0, 6.0));
    assert!((spread.deviation - 7f64.sqrt()).abs() < 1e-12, "{spread:?}");
    assert_eq!(Spread::of([0.5].into_iter()), Spread { mean: 0.5, least: 0.5, most: 0.5, deviation: 0.0 });
}

#[test]
fn rules_for_comparison_stand_where_an_average_falls() {
    let standings = Method::all().map(Method::standing);
    let unverifiable = standings.filter(|standing| *standing == Standing::Unverifiable);
    assert_eq!(unverifiable.count(), 2);
    let schemes: Vec<Scheme> = Comparison::ALL.into_iter().map(Scheme::of).collect();
    let common = Experiment { rounds: 10, ..open() };
    let study = Study { common, ..study(schemes, vec![Some(Attack::SignFlip)], 1, 2) };
    for found in study.run(|_| ()).unwrap() {
        let accuracy = found.final_accuracy().mean;
        assert!(accuracy > 0.8, "{}: {accuracy}", found.scheme.name());
        assert!(found.outcomes[0].rounds.iter().all(|round| round.attackers_weight.is_none()));
    }
}

#[test]
fn too_many_sets_and_seeds_are_refused() {
    let sets = Study {
        common: Experiment { participants: 100, attackers: 20, selected: 100, ..experiment() },
        ..study(vec![Scheme::of(Comparison::MinimumDiameter)], vec![None], 1, 2)
    };
    assert!(matches!(sets.run(|_| ()), Err(ExperimentError::Sets { updates: 100, faults: 20 })));
    for seeds in [0, SEEDS + 1] {
        let wrong = study(vec![Scheme::of(Kind::Krum)], vec![None], seeds, 1);
        assert!(matches!(wrong.run(|_| ()), Err(ExperimentError::Count { what: "seeds", .. })), "{seeds}");
    }
}

#[test]
fn nonsense_is_refused() {
    let problem = Problem::read(&Source::BreastCancer, SEED).unwrap();
    let graph = problem.network(0, SEED).unwrap();
    for wrong in [
        Experiment { participants: 0, ..experiment() },
        Experiment { attackers: 10, ..experiment() },
        Experiment { rounds: 0, ..experiment() },
        Experiment { selected: 129, ..experiment() },
    ] {
        assert!(
            matches!(run(&problem, &graph, &wrong, |_| ()), Err(ExperimentError::Count { .. })),
            "{wrong:?}"
        );
    }
    let honest = run(&problem, &graph, &Experiment { rounds: 5, ..experiment() }, |_| ()).unwrap();
    assert!(honest.final_accuracy() > 0.9, "{}", honest.final_accuracy());
}
