//! The life of a model through the program: what is done, and what is refused with which exit code and words.

mod sandbox;

use sandbox::{OWNER, Sandbox};

#[test]
fn without_a_configuration_it_says_what_to_do() {
    let sandbox = Sandbox::empty();
    sandbox.by(OWNER, &["contracts", "show"]).refused(2, "aver contracts deploy");
}

#[test]
fn what_is_typed_wrong_is_one_json_object_too() {
    let sandbox = Sandbox::configured();
    sandbox.run(&["--json", "contracts", "destroy"]).refused(2, "unrecognized subcommand 'destroy'");
    sandbox.run(&["--json", "init"]).refused(2, "is there already");
    let words = sandbox.run(&["contracts", "destroy"]);
    assert_eq!((words.code, words.stdout.as_str()), (2, ""));
    assert!(words.stderr.contains("unrecognized subcommand"), "{words:?}");
    let help = sandbox.run(&["--json", "--help"]).done();
    assert!(help.stdout.contains("Exit codes"), "{help:?}");
}

#[test]
fn deployed_contracts_are_checked() {
    let sandbox = Sandbox::deployed();
    let shown = sandbox.run(&["contracts", "show", "--json"]).done().json();
    assert_eq!(shown["deployment"]["format"], "averment-deployment/1");
}
