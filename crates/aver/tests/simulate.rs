//! `aver simulate oracle`: the table, the same for the same seed, and what it refuses.

mod sandbox;

use sandbox::Sandbox;

const USAGE: i32 = 2;

#[test]
fn every_strategy_is_in_the_table_with_its_control() {
    let sandbox = Sandbox::empty();
    let arguments = ["simulate", "oracle", "--requests", "360", "--seed", "1", "--json"];
    let value = sandbox.run(&arguments).done().json();
    assert_eq!(value["sound"], true);
    let rows = value["rows"].as_array().unwrap();
    for strategy in ["honest", "lazy", "bribed", "griefing", "blocking", "copying", "colluding"] {
        let of = |row: &&serde_json::Value| row["strategy"].as_str().unwrap().starts_with(strategy);
        let pays: Vec<bool> = rows.iter().filter(of).map(|row| row["pays"].as_bool().unwrap()).collect();
        let expected = |place: usize| strategy != "honest" && place % 2 == 1;
        assert!(pays.iter().enumerate().all(|(place, pays)| *pays == expected(place)), "{strategy} {pays:?}");
    }
}

#[test]
fn too_few_requests_are_refused() {
    Sandbox::empty()
        .run(&["simulate", "oracle", "--requests", "3", "--json"])
        .refused(USAGE, "expected 20 to 1000000 requests, got 3");
}
