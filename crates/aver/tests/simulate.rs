//! `aver simulate`: the tables, the same for the same seed, and what is refused.

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

#[test]
fn federated_attacks_are_in_a_table_and_on_a_page() {
    let sandbox = Sandbox::empty();
    let command = "simulate federated --dataset digits --participants 20 --attackers 4 --attack sign-flip --rule multi-krum \
                   --rounds 20 --seed 1 --json";
    let value = sandbox.run(&command.split_whitespace().collect::<Vec<_>>()).done().json();
    assert!(value["final_accuracy"].as_f64().unwrap() > 0.9, "{value}");
    assert_eq!(value["runs"][0]["accuracy"].as_array().unwrap().len(), 20);
    let page = sandbox.path().join("page.html");
    let page_name = page.to_str().unwrap();
    let command = [
        "simulate",
        "federated",
        "--attack",
        "all",
        "--rule",
        "krum,trimmed-mean",
        "--rounds",
        "2",
        "--seeds",
        "2",
        "--page",
        page_name,
        "--json",
    ];
    let value = sandbox.run(&command).done().json();
    assert_eq!(value["runs"].as_array().unwrap().len(), 42);
    assert_eq!(value["runs"][41]["seeds"].as_array().unwrap().len(), 2);
    let worst: Vec<f64> =
        [0, 1].map(|rule| value["rules"][rule]["worst_accuracy"].as_f64().unwrap()).to_vec();
    assert_eq!(value["final_accuracy"].as_f64().unwrap(), worst[0].min(worst[1]));
    assert_eq!(value["rules"][1]["standing"], "unverifiable");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<svg") && page.contains("min-sum") && !page.contains("<script"), "{page}");
    assert!(page.contains("trimmed-mean !"), "{page}");
}

#[test]
fn pay_is_told_with_validators_and_by_the_matrix_alone() {
    let sandbox = Sandbox::empty();
    let words = |more: &'static str| {
        let command = "simulate federated --attack every-other --rounds 8 --pay".split_whitespace();
        command.chain(more.split_whitespace()).collect::<Vec<_>>()
    };
    let run = |more| sandbox.run(&words(more)).done().json()["runs"][0].clone();
    let (defended, open) = (run("--json"), run("--json --without validators --without quality"));
    assert!(defended["pay"]["attacking"]["mean"].as_f64().unwrap() <= 0.1, "{defended}");
    assert!(defended["pay_by_matrix"]["attacking"]["mean"].as_f64().unwrap() > 0.1, "{defended}");
    let members = defended["seeds"][0]["pay"]["members"].as_array().unwrap();
    assert_eq!(members.iter().filter(|member| member["attacker"] == true).count(), 4);
    // An equal split pays a replay as it pays work.
    assert_eq!(open["pay"]["attacking"]["mean"], 1.0);
    assert_eq!(open["pay"], open["pay_by_matrix"]);
    let said = sandbox.run(&words("")).done();
    assert!(said.stdout.contains("HONEST EACH") && said.stdout.contains("MEMBER"), "{}", said.stdout);
}

#[test]
fn unknown_attacks_and_majorities_are_refused() {
    let sandbox = Sandbox::empty();
    sandbox
        .run(&["simulate", "federated", "--attack", "prayer", "--json"])
        .refused(USAGE, "--attack: expected none, all, model, or of sign-flip,");
    sandbox
        .run(&["simulate", "federated", "--attackers", "10", "--json"])
        .refused(USAGE, "expected 0 to 9 attackers, got 10");
    sandbox
        .run(&["simulate", "federated", "--rule", "median", "--json"])
        .refused(USAGE, "--rule: expected all, verified, or of average,");
    sandbox
        .run(&["simulate", "federated", "--seeds", "0", "--json"])
        .refused(USAGE, "expected 1 to 1000 seeds, got 0");
}
