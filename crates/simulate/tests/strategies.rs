//! An attack that pays is a failing test, and so is one that does not pay without the defence against it.

use averment_simulate::{Economy, MOST_REQUESTS, Report, SimulationError, simulate};

async fn run(seed: u64, economy: Economy, requests: u32) -> Report {
    simulate(seed, economy, requests, |_| ()).await.unwrap()
}

#[tokio::test]
async fn attacks_pay_only_where_the_defence_against_them_is_off() {
    let report = run(1, Economy::default(), 400).await;
    for row in &report.rows {
        assert!(row.is_expected(), "{row:?}");
    }
    assert!(report.is_sound());
    // Each defence is switched off once, and nothing else is.
    for pair in report.rows.iter().filter(|row| row.case.defence != "-").collect::<Vec<_>>().chunks(2) {
        let [with, without] = pair else { panic!("{pair:?}") };
        assert_eq!((with.case.strategy, with.case.defence), (without.case.strategy, without.case.defence));
        assert!(with.case.defended && !without.case.defended);
    }
}

#[tokio::test]
async fn a_seed_says_everything() {
    let figures = async |seed| {
        let report = run(seed, Economy::default(), 60).await;
        report.rows.iter().map(|row| row.outcome).collect::<Vec<_>>()
    };
    let first = figures(7).await;
    assert_eq!(figures(7).await, first);
    assert_ne!(figures(8).await, first);
}

/// Where answering costs more than it brings nobody is honest for long, and the report does not call that sound.
#[tokio::test]
async fn an_economy_that_does_not_hold_is_told() {
    let dear = Economy { compute: 150, ..Economy::default() };
    let report = run(1, dear, 40).await;
    let odd: Vec<_> =
        report.rows.iter().filter(|row| !row.is_expected()).map(|row| row.case.strategy).collect();
    assert!(!report.is_sound() && odd.contains(&"honest"), "{odd:?}");
}

#[tokio::test]
async fn too_few_requests_and_too_many_are_refused() {
    for got in [0, 19, MOST_REQUESTS + 1] {
        let error = simulate(1, Economy::default(), got, |_| ()).await.unwrap_err();
        assert!(matches!(error, SimulationError::Requests { got: said, .. } if said == got), "{error}");
    }
}
