//! Attacks on federated learning: with what stands against them they bring nothing, without it they succeed.

use averment_federated::rules::Kind;
use averment_simulate::federated::{
    Attack, Defence, Experiment, ExperimentError, Outcome, Problem, Scheme, Source, run, usual_training,
};
use averment_trainers::{Settings, data::split::Split};

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
    for attack in [Attack::SignFlip, Attack::Scaling, Attack::Gaussian, Attack::LabelFlip, Attack::Foe] {
        let defended = outcome(&Experiment { attack: Some(attack), ..experiment() });
        let control = outcome(&Experiment { attack: Some(attack), ..open() });
        assert!(defended.final_accuracy() > 0.9, "{attack:?}: {}", defended.final_accuracy());
        assert!(control.final_accuracy() < 0.75, "{attack:?}: {}", control.final_accuracy());
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
    let defence = Defence { history: false, bound: false, ..Defence::ALL };
    let control = outcome(&Experiment { scheme: Scheme::of(Kind::Krum), defence, ..hard });
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
        assert!(defended.attackers_gain <= most, "{attack:?}: {}", defended.attackers_gain);
        let defence = Defence { quality: false, validators: 0, ..Defence::ALL };
        let control = outcome(&Experiment { attack, defence, ..experiment() });
        assert!(control.attackers_gain > 3.9, "{attack:?}: {}", control.attackers_gain);
    }
}

#[test]
fn validators_see_what_the_matrix_does_not_where_data_differ_much() {
    for (attack, most) in [(Attack::LabelFlip, 0.1), (Attack::Sybil, 1.1), (Attack::Replay, 0.4)] {
        let hard = Experiment { split: Split::Dirichlet(0.3), attack: Some(attack), ..experiment() };
        let defended = outcome(&hard).attackers_gain;
        assert!(defended <= most, "{attack:?}: {defended}");
        let defence = Defence { validators: 0, ..Defence::ALL };
        let control = outcome(&Experiment { defence, ..hard }).attackers_gain;
        assert!(control > 1.2, "{attack:?}: {control}");
    }
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
