//! The life of a model through the program: who owns it, whose word counts, where its versions stand.

mod sandbox;

use averment_primitives::B256;
use sandbox::{
    OWNER, Run, Sandbox,
    digits::{HISTORY, MODEL, VERSION, approve, length, registered, show, sign},
};
use std::sync::OnceLock;

/// [`registered`], approved by two roles.
fn approved() -> Sandbox {
    static TEMPLATE: OnceLock<Sandbox> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let sandbox = registered();
        approve(&sandbox, "medical").done();
        approve(&sandbox, "legal").done();
        sandbox
    });
    template.copy()
}

#[test]
fn a_version_lives_from_its_registration_to_its_end() {
    let sandbox = registered();
    let shown = show(&sandbox);
    assert_eq!(shown["versions"][0]["stage"], "registered");
    assert_eq!(shown["versions"][0]["calledHere"], VERSION);
    assert_eq!(shown["provesNothingToThirdParties"], true);
    let version = shown["versions"][0]["version"].as_str().unwrap().to_owned();

    // Whoever approves sees what is signed, and what it costs, before.
    let first = approve(&sandbox, "medical").done();
    let digest = "Digest    0x";
    for words in ["APPROVE: this version may be deployed", MODEL, &version, "revision 1", "Nonce", digest] {
        assert!(first.stderr.contains(words), "{words}\n{}", first.stderr);
    }
    assert!(first.stderr.contains("submit the approvals: about"), "{}", first.stderr);
    assert_eq!(first.json()["standing"]["approvals"], serde_json::json!({ "standing": 1, "needed": 2 }));

    // Others sign only, and somebody else sends both.
    let signed = sign(&sandbox, "legal", "legal.json").done();
    assert!(!signed.stderr.contains(" gas"), "{}", signed.stderr);
    let rejected = ["approve", &version, "--role", "risk", "--reject", "-o", "risk.json"];
    let rejected = sandbox.by("risk", &rejected).done();
    assert!(rejected.stderr.contains("REJECT: this version must not be deployed"), "{}", rejected.stderr);
    let before = length(&sandbox);
    let sent =
        sandbox.by(OWNER, &["approve", "submit", "legal.json", "risk.json", "legal.json"]).done().json();
    assert_eq!(sent["submitted"].as_array().unwrap().len(), 2);
    assert_eq!(sent["standing"][0]["stage"], "approved");
    // Two decisions, and that enough roles agree between them.
    assert_eq!(sent["entries"], serde_json::json!([before + 1, before + 2, before + 3]));
    let again = sandbox.by(OWNER, &["approve", "submit", "legal.json", "risk.json"]).done().json();
    assert_eq!(again["recordedAlready"].as_array().unwrap().len(), 2);
    assert_eq!(length(&sandbox), before + 3, "nothing was sent the second time");

    let deployed = sandbox.by(OWNER, &["deploy", VERSION, "--environment", "clinic-north"]).done().json();
    assert_eq!(deployed["version"], version.as_str());
    sandbox
        .by(OWNER, &["deploy", VERSION, "--environment", "clinic-north"])
        .refused(1, "it runs there already, since 20");
    sandbox.by(OWNER, &["deploy", VERSION, "--environment", "clinic-south"]).done();
    sandbox.by(OWNER, &["retire", VERSION, "--reason", "replaced by 2.0.0"]).done();
    sandbox.by(OWNER, &["retire", VERSION, "--reason", "again"]).refused(1, "it is retired already");
    sandbox
        .by("risk", &["approve", VERSION, "--role", "risk"])
        .refused(1, "is retired; nothing is decided about it any more");
    sandbox.by(OWNER, &["revoke", VERSION, "--reason", "mislabelled data"]).done();
    sandbox.by(OWNER, &["revoke", VERSION, "--reason", "again"]).refused(1, "it is revoked already");
    sandbox.by(OWNER, &["retire", VERSION, "--reason", "late"]).refused(1, "it is revoked already");
    sandbox
        .by(OWNER, &["deploy", VERSION, "--environment", "clinic-west"])
        .refused(1, "it is revoked, for good; register a new version");

    let shown = show(&sandbox);
    let version = &shown["versions"][0];
    assert_eq!(version["deployments"].as_array().unwrap().len(), 2);
    assert_eq!(version["endings"][1]["reason"], "mislabelled data");

    // The timeline ends in the head that the chain holds.
    let history = sandbox.run(&["history", HISTORY, "--json"]).done().json();
    let entries = history["entries"].as_array().unwrap();
    let kinds: Vec<&str> = entries.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    let life = ["VersionRegistered", "DecisionRecorded", "DecisionRecorded", "VersionApproved"];
    assert_eq!(kinds[5..9], life);
    assert_eq!(kinds[9..], ["DecisionRecorded", "Deployed", "Deployed", "Retired", "Revoked"]);
    assert_eq!(entries.last().unwrap()["head"], shown["history"]["head"]);
    let blocks: Vec<u64> = entries.iter().map(|entry| entry["block"].as_u64().unwrap()).collect();
    assert!(blocks.is_sorted(), "{blocks:?}");
    assert_eq!(Some(blocks[10]), deployed["block"].as_u64());

    let words = sandbox.run(&["history", HISTORY]).done().stdout;
    for part in ["medical approved handwritten-digits@1.0.0", "runs in \"clinic-north\"", "mislabelled data"]
    {
        assert!(words.contains(part), "{part}\n{words}");
    }
    assert!(words.contains("proves nothing to a third party"), "{words}");
    let words = sandbox.run(&["model", "show", HISTORY]).done().stdout;
    for part in ["Policy 1: 2 of medical, risk, legal", "revoked", "clinic-south", "holds the role"] {
        assert!(words.contains(part), "{part}\n{words}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    let sandbox = registered();
    let unknown = sandbox.by(OWNER, &["model", "show", "nothing"]);
    unknown.refused(1, "there is no model \"nothing\"");
    sandbox.run(&["model", "show", MODEL, "--json"]).refused(2, "whose model is \"handwritten-digits\"?");
    sandbox.by("medical", &["model", "show", MODEL]).refused(1, "CREATOR/NAME");
    sandbox.by(OWNER, &["model", "show", "0x1234"]).refused(2, "expected a model id");
    sandbox.by(OWNER, &["model", "show", "nobody/x"]).refused(2, "there is no key \"nobody\"");
    let none = format!("{:?}", B256::repeat_byte(7));
    sandbox.by(OWNER, &["model", "show", &none]).refused(1, "there is no model");
    for command in [
        &["approve", &none, "--role", "risk"][..],
        &["deploy", &none, "--environment", "x"],
        &["retire", &none, "--reason", "x"],
        &["revoke", &none, "--reason", "x"],
    ] {
        sandbox.by(OWNER, command).refused(1, "is not registered at");
    }
    sandbox.by(OWNER, &["retire", "0x12", "--reason", "x"]).refused(2, "expected a version id");
    sandbox.by(OWNER, &["retire", "digits@9", "--reason", "x"]).refused(2, "name the version by its id");
    sandbox.by(OWNER, &["retire", "digits", "--reason", "x"]).refused(2, "NAME@NUMBER");
}

#[test]
fn a_version_is_deployed_only_with_enough_approvals_and_by_the_owner() {
    let sandbox = registered();
    let deploy = ["deploy", VERSION, "--environment", "clinic-north"];
    let why = sandbox.by(OWNER, &deploy).refused(1, "0 of 2 approvals stand; medical, risk, legal can still");
    assert!(why.contains("aver approve 0x"), "{why}");
    approve(&sandbox, "medical").done();
    sandbox.by(OWNER, &deploy).refused(1, "1 of 2 approvals stand; risk, legal can still");
    approve(&sandbox, "risk").done();
    sandbox.by("risk", &deploy).refused(1, "only the model's owner");
    sandbox.by("risk", &["retire", VERSION, "--reason", "x"]).refused(1, "only the model's owner");
    sandbox
        .by(OWNER, &["deploy", VERSION, "--environment", ""])
        .refused(1, "the environment has 1 to 64 bytes");
    sandbox.by(OWNER, &["retire", VERSION, "--reason", &"x".repeat(281)]).refused(1, "1 to 280 bytes");
    sandbox.by(OWNER, &deploy).done();
    // A role that changes its mind takes its approval with it.
    sandbox.by("risk", &["approve", VERSION, "--role", "risk", "--reject"]).done();
    let deploy = ["deploy", VERSION, "--environment", "clinic-south"];
    sandbox.by(OWNER, &deploy).refused(1, "fewer approvals stand now than its policy needs; 1 of 2");
}

#[test]
fn a_role_is_handed_on_by_its_key_and_given_anew_by_the_owner() {
    let sandbox = registered();
    for name in ["medical-2", "medical-3"] {
        sandbox.key(name);
    }
    let rotate = ["model", "rotate-key", HISTORY, "--role", "medical", "--to", "medical-2"];
    sandbox.by("risk", &rotate).refused(1, "only the present key of medical");
    let bound = ["model", "rotate-key", HISTORY, "--role", "medical", "--to", "risk"];
    sandbox.by("medical", &bound).refused(1, "a key holds one role, once");
    let clerk = ["model", "rotate-key", HISTORY, "--role", "clerk", "--to", "medical-2"];
    sandbox.by("medical", &clerk).refused(2, "it has legal, medical, risk");
    let rotated = sandbox.by("medical", &rotate).done();
    assert!(rotated.stderr.contains("hand a role to another key"), "{}", rotated.stderr);
    approve(&sandbox, "medical").refused(1, "the key of medical that counts");
    sandbox.by("medical-2", &["approve", VERSION, "--role", "medical"]).done();

    let replace = ["model", "replace-key", HISTORY, "--role", "medical", "--to", "medical-3"];
    sandbox.by("risk", &replace).refused(1, "only the model's owner");
    sandbox.by(OWNER, &replace).done();
    sandbox.by(OWNER, &replace).refused(1, "holds or held the role medical here already");
    // It counts for versions registered later only.
    sandbox
        .by("medical-3", &["approve", VERSION, "--role", "medical"])
        .refused(1, "the key of medical that counts");
    let words = sandbox.run(&["history", HISTORY]).done().stdout;
    for part in ["(medical) handed medical on to 0x", "(medical-3) appointed as medical in place of 0x"] {
        assert!(words.contains(part), "{part}\n{words}");
    }
    let shown = show(&sandbox);
    let statuses: Vec<(&str, &str)> = shown["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (key["calledHere"].as_str().unwrap(), key["status"].as_str().unwrap()))
        .collect();
    assert_eq!(
        statuses,
        [
            ("medical", "handedOn"),
            ("medical-2", "replaced"),
            ("medical-3", "present"),
            ("risk", "present"),
            ("legal", "present"),
        ]
    );
}

#[test]
fn a_compromised_key_takes_its_decisions_with_it() {
    let sandbox = approved();
    let shown = show(&sandbox);
    let decision = &shown["versions"][0]["decisions"];
    let of = |role: &str| {
        let of = decision.as_array().unwrap().iter().find(|decision| decision["role"] == role);
        of.unwrap()["entry"].as_u64().unwrap()
    };
    let entry = of("medical").to_string();
    let declare = ["model", "compromised", HISTORY, "--key", "medical", "--from", &entry];
    sandbox.by("risk", &declare).refused(1, "the model's owner or the key itself");
    sandbox.by(OWNER, &["model", "compromised", HISTORY, "--key", OWNER]).refused(1, "never held a role");
    sandbox
        .by(OWNER, &["model", "compromised", HISTORY, "--key", "medical", "--from", "1000"])
        .refused(1, "a compromise counts from an entry from 1 to");
    let declared = sandbox.by("medical", &declare).done();
    assert!(
        declared.stderr.contains("medical's approval of handwritten-digits@1.0.0"),
        "{}",
        declared.stderr
    );
    assert!(declared.stderr.contains("1 of 2 approvals"), "{}", declared.stderr);
    assert_eq!(declared.json()["noLongerCount"][0]["entry"].to_string(), entry);
    sandbox.by(OWNER, &declare).refused(1, "a compromise counts from an entry from 1 to");

    let deploy = ["deploy", VERSION, "--environment", "clinic-north"];
    sandbox.by(OWNER, &deploy).refused(1, "fewer approvals stand now than its policy needs; 1 of 2");
    approve(&sandbox, "medical").refused(1, "is declared compromised");
    sandbox.key("medical-2");
    let rotate = ["model", "rotate-key", HISTORY, "--role", "medical", "--to", "medical-2"];
    sandbox.by("medical", &rotate).refused(1, "declared compromised");
    let words = sandbox.run(&["model", "show", HISTORY]).done().stdout;
    assert!(words.contains("COMPROMISED from entry") && words.contains("1 of 2, TOO FEW"), "{words}");
    approve(&sandbox, "risk").done();
    sandbox.by(OWNER, &deploy).done();
    let words = sandbox.run(&["history", HISTORY]).done().stdout;
    assert!(words.contains(&format!("declared compromised from entry {entry} on")), "{words}");
}

#[test]
fn a_model_changes_hands_only_when_both_agree() {
    let sandbox = registered();
    sandbox.key("next");
    let accept = ["model", "accept", HISTORY];
    sandbox.by("next", &accept).refused(1, "the owner offers it first");
    sandbox.by("risk", &["model", "transfer", HISTORY, "--to", "risk"]).refused(1, "only the model's owner");
    sandbox.by(OWNER, &["model", "transfer", MODEL, "--to", "next"]).done();
    assert_eq!(show(&sandbox)["offeredTo"], sandbox.address("next").to_string().to_lowercase());
    sandbox.by("risk", &accept).refused(1, "the model was offered to");
    sandbox.by(OWNER, &["model", "transfer", MODEL, "--take-back"]).done();
    sandbox.by("next", &accept).refused(1, "the owner offers it first");
    sandbox.by(OWNER, &["model", "transfer", MODEL, "--to", "next"]).done();
    sandbox.by("next", &accept).done();
    sandbox.by(OWNER, &["retire", VERSION, "--reason", "x"]).refused(1, "only the model's owner");
    sandbox.by("next", &["retire", VERSION, "--reason", "closed"]).done();
    let words = sandbox.run(&["history", HISTORY]).done().stdout;
    assert!(words.contains("ownership passed from 0x"), "{words}");
    sandbox.by(OWNER, &["model", "transfer", MODEL]).refused(2, "required arguments");
}

#[test]
fn a_policy_counts_for_later_versions() {
    let sandbox = registered();
    sandbox.key("privacy");
    let policy = |roles: &[&str], threshold: &str| {
        let mut arguments = vec!["model", "policy", MODEL, "--threshold", threshold];
        arguments.extend(roles.iter().flat_map(|role| ["--role", role]));
        sandbox.by(OWNER, &arguments)
    };
    policy(&["medical", "privacy"], "2").refused(2, "\"privacy\" has no key yet");
    policy(&["medical=privacy"], "1").refused(1, "aver model replace-key");
    policy(&["medical", "medical"], "1").refused(2, "named twice");
    policy(&["medical", "risk"], "3").refused(1, "the threshold must be 1 to 2");
    policy(&["medical", "privacy=risk"], "1").refused(1, "a key holds one role, once");
    policy(&["medical", "privacy=privacy"], "2").done();
    let shown = show(&sandbox);
    assert_eq!(shown["policies"][1]["roles"][1]["name"], "privacy");
    assert_eq!(shown["versions"][0]["policyRevision"], 1);
    sandbox.by("privacy", &["approve", VERSION, "--role", "privacy"]).refused(2, "under policy 1 these have");
}

#[test]
fn a_model_is_not_created_by_mistake() {
    let sandbox = Sandbox::deployed();
    sandbox.key("risk");
    let create = |roles: &[&str], threshold: &str, name: &str| {
        let mut arguments = vec!["model", "create", name, "--threshold", threshold];
        arguments.extend(roles.iter().flat_map(|role| ["--role", role]));
        sandbox.by(OWNER, &arguments)
    };
    create(&["risk"], "1", "triage").refused(2, "expected NAME=KEY");
    create(&["risk=nobody"], "1", "triage").refused(2, "there is no key \"nobody\"");
    create(&["risk=0x000000000000000000000000000000000000dEaD"], "2", "triage")
        .refused(1, "the threshold must be");
    create(&["risk=0x000000000000000000000000000000000000DEaD"], "1", "triage").refused(2, "checksum");
    create(&["risk=0x0000000000000000000000000000000000000000"], "1", "triage")
        .refused(2, "the zero address");
    create(&["risk=risk", "legal=risk"], "1", "triage").refused(2, "is the key of \"risk\" and of \"legal\"");
    create(&["risk=risk"], "1", "").refused(1, "the text has 0 bytes");
    create(&["risk=risk"], "1", &"n".repeat(65)).refused(1, "the text has 65 bytes");
    let created = create(&["risk=risk", "own=owner"], "1", "triage").done();
    assert!(created.stderr.contains("own is your own key"), "{}", created.stderr);
    assert_eq!(created.json()["entries"], serde_json::json!([1, 2, 3, 4]));
    create(&["risk=risk"], "1", "triage").refused(1, "choose another name");
}

/// A name may hold whatever a stranger put on chain; it must not take over the terminal.
#[test]
fn a_hostile_name_is_shown_as_text() {
    let sandbox = Sandbox::deployed();
    sandbox.key("risk");
    let (name, role) = ("tri\u{1b}[2Jage\u{202e}", "ri\nsk=risk");
    let shown = |run: Run| {
        let run = run.done();
        for text in [&run.stdout, &run.stderr] {
            assert!(!text.contains(['\u{1b}', '\u{202e}']) && !text.contains("ri\nsk"), "{text}");
        }
    };
    let create = ["model", "create", name, "--role", role, "--threshold", "1", "--account", OWNER, "--yes"];
    shown(sandbox.run(&create));
    let model = format!("owner/{name}");
    shown(sandbox.run(&["model", "show", &model]));
    shown(sandbox.run(&["model", "show", &model, "--json"]));
    shown(sandbox.run(&["history", &model]));
    shown(sandbox.run(&["history", &model, "--json"]));
}
