//! `aver demo` in an empty folder, and the project that it leaves.

mod sandbox;

use sandbox::{Sandbox, serving::Serving};
use serde_json::Value;
use std::fs;

#[test]
fn the_demo_tells_its_story_and_leaves_a_project() {
    let sandbox = Sandbox::empty();
    let told = sandbox.run(&["demo", "--json"]).done().json();
    let text = |name: &str| told[name].as_str().unwrap_or_else(|| panic!("no {name} in {told}"));
    assert_eq!(told["provesNothingToThirdParties"], true);
    assert!(text("refusal").contains("artifacts of version"), "{told}");

    let verify = |file: &str| {
        let pinned = ["--registry", text("registry"), "--anchors", text("anchors"), "--json"];
        let command = ["audit", "verify", file, "--block-hash", text("blockHash")];
        sandbox.run(&[&command[..], &pinned].concat())
    };
    let verified = verify(text("audit")).done().json();
    assert_eq!(verified["version"], told["version"]);
    assert_eq!(verified["versions"].as_array().unwrap().len(), 2);
    assert_eq!(verified["records"], 2);
    verify("averment-demo/audit-tampered.json").refused(1, "artifacts");
    let page = fs::read_to_string(sandbox.path().join(text("page"))).unwrap();
    assert!(page.contains("breast-cancer-triage") && page.contains("replaced by 2.0.0"));
    assert!(page.contains("its decisions can be proved by these"), "the plan is part of the version");
    assert!(page.contains("What moved it") && page.contains("mean_texture"), "why it decided so");
    assert!(page.contains("wdbc-013"), "the decisions that were disclosed are on the page");
    assert!(!page.contains("wdbc-477"), "the others are not");

    let answer = &told["proof"]["answer"];
    assert_eq!((&answer["decision"], &answer["label"]), (&Value::from(1), &Value::from("malignant")));
    assert_eq!(answer["values"], Value::Array(Vec::new()), "the scores stay hidden");
    let costs = &told["costs"];
    let steps = costs["steps"].as_array().unwrap();
    let number = |of: &Value, name: &str| {
        let own = &of[name];
        own.as_u64().or_else(|| own.as_str()?.parse().ok()).unwrap_or_else(|| panic!("no {name} in {of}"))
    };
    assert!(steps.len() >= 40 && steps.iter().all(|step| number(step, "gas") > 21_000), "{steps:?}");
    for name in ["gas", "transactions", "ethereumWei", "opMainnetWei", "arbitrumWei"] {
        let sum: u64 = steps.iter().map(|step| number(step, name)).sum();
        assert!(sum > 0 && number(&costs["together"], name) == sum, "{name}: {costs}");
    }
    assert!(costs["assumptions"].as_array().unwrap().len() >= 3);

    // What five hospitals learned decides the claims; who poisoned it earned nothing, who cheated was slashed.
    let training = &told["training"];
    let accuracy: Vec<f64> =
        training["accuracy"].as_array().unwrap().iter().map(|own| own.as_f64().unwrap()).collect();
    assert_eq!(accuracy.len(), 5);
    assert!(accuracy[0] < 0.7 && accuracy[4] > 0.9, "{accuracy:?}");
    let earned = |who: &str| {
        let money = training["money"].as_array().unwrap().iter();
        let own = money.clone().find(|own| own["who"].as_str().unwrap().starts_with(who)).unwrap();
        let tokens = |when: &str| own[when].as_str().unwrap().parse::<i128>().unwrap() / 10_i128.pow(18);
        tokens("after") - tokens("before")
    };
    assert_eq!((earned("hospital-west"), earned("trespasser"), earned("burned")), (0, -200, 100));
    assert!(
        ["hospital-north", "hospital-south", "hospital-east"].iter().all(|who| earned(who) > 20),
        "{training}"
    );
    assert_eq!(earned("university"), 4 * 20 + 50);

    let claims = &told["claims"];
    let ends = claims["claims"].as_array().unwrap().iter();
    let ends: Vec<_> =
        ends.map(|own| [&own["case"], &own["stage"]].map(|text| text.as_str().unwrap())).collect();
    let expected = [
        ["wdbc-054", "paid"],
        ["wdbc-197", "paid"],
        // Rejected by the model, appealed, accepted by the reviewer.
        ["wdbc-263", "paid"],
        ["wdbc-179", "rejected"],
        ["wdbc-373", "paid"],
        ["wdbc-013", "paid"],
        ["wdbc-313", "rejected"],
    ];
    assert_eq!(ends, expected);
    assert_eq!(claims["paid"], 5);
    let change = |who: &str| {
        let own = claims["money"].as_array().unwrap().iter().find(|own| own["who"] == who).unwrap();
        let tokens = |when: &str| own[when].as_str().unwrap().parse::<i128>().unwrap() / 10_i128.pow(18);
        tokens("after") - tokens("before")
    };
    // Premiums of 20, payouts of 100, 1 for each answer; the bond of 300 lost by who could not prove, half of it burned.
    let expected = [
        ("insurer", 0),
        ("pool, with its fees in the router", 7 * 20 - 5 * 100 - 7),
        ("broker, who pays the premiums", -7 * 20),
        ("holders", 5 * 100),
        ("answerer", 7),
        ("watcher", 150),
        ("impostor", -300),
        ("burned", 150),
    ];
    assert_eq!(expected.map(|(who, _)| (who, change(who))), expected);

    audited_from_data_to_payout(&sandbox, &told);

    sandbox.run(&["demo", "--json"]).refused(2, "--folder");
    // What it printed last works: one can go on in its folder.
    let inside = |arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        command.current_dir(sandbox.path().join("averment-demo")).env_remove("AVERMENT_PASSWORD_FILE");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    inside(&["audit", "handwritten-digits@1.0.0", "-o", "digits.json"]);
    let history = inside(&["history", "breast-cancer-triage"]);
    assert!(history.contains("retired") || history.contains("Retired"), "{history}");
    inside(&["model", "show", "breast-cancer-triage"]);
    inside(&["log", "verify"]);
    let listed = inside(&["claims", "list"]);
    assert!(listed.contains("2 products, 7 policies, 7 claims") && listed.contains("is paid"), "{listed}");
    let task = inside(&["federated", "status", told["training"]["task"].as_str().unwrap()]);
    assert!(task.contains("over"), "{task}");
    // A member of the task is started again from its folder; it trains no more, and knows where it was.
    let (cancer, member) =
        ("averment-demo/examples/breast_cancer", "averment-demo/.averment/federated/university");
    let [plan, network] = ["task.plan", "model-v3-untrained.onnx"].map(|name| format!("{cancer}/{name}"));
    let project = ["--config", "averment-demo/averment.toml", "--password-file", "averment-demo/password"];
    let task = told["training"]["task"].as_str().unwrap();
    let command =
        ["federated", "participate", task, "--plan", &plan, "--network", &network, "--folder", member];
    let again = Serving::start(&sandbox, &[&project, &command[..], &["--account", "university"]].concat());
    assert_eq!((&again.said["trains"], &again.said["aggregates"]), (&Value::from(false), &Value::from(true)));
    again.stop();
    let outside = |path: &Value| path.as_str().unwrap().strip_prefix("averment-demo/").unwrap().to_owned();
    let (plan, proof) = (outside(&told["plan"]), outside(&told["proof"]["file"]));
    let verified = inside(&["verify", &plan, &proof, "--on-chain"]);
    assert!(verified.contains("accepted by the contract") && verified.contains("malignant"), "{verified}");
}

/// The audit file of a claim that one proof decided, and files that are made of the project that is left: of a claim by a bonded
/// answer after a challenge, and of a whole request with an input that is disclosed.
fn audited_from_data_to_payout(sandbox: &Sandbox, told: &Value) {
    let audit = &told["claimAudit"];
    let text = |name: &str| audit[name].as_str().unwrap_or_else(|| panic!("no {name} in {audit}"));
    assert!(text("refusal").contains("final outputs with digest"), "{audit}");
    let (pool, setup) = (told["claims"]["pool"].as_str().unwrap(), "development");
    let pins = ["--registry", told["registry"].as_str().unwrap(), "--router", text("router"), "--pool", pool];
    let verify = |file: &str, block: &str, more: &[&str]| {
        sandbox.run(&[&["audit", "verify", file, "--block-hash", block, "--json"], &pins[..], more].concat())
    };
    let verified = verify(text("file"), text("blockHash"), &["--setup", setup]).done().json();
    let decision = &verified["decision"];
    assert_eq!(
        (&decision["mode"], &decision["told"]),
        (&Value::from("proof"), &Value::from(0)),
        "{verified}"
    );
    assert_eq!(decision["proof"], "DevelopmentSetup", "checked, and said to be worth nothing");
    assert_eq!(decision["claims"][0]["stage"], "paid");
    assert_eq!(decision["paid"], "100000000000000000000");
    // Nobody who did not accept its setup takes the proof for checked.
    let verified = verify(text("file"), text("blockHash"), &[]).done().json();
    assert_eq!(verified["decision"]["proof"], "Unchecked");
    assert!(verified["caveats"].to_string().contains("pass --setup development"), "{verified}");
    verify("averment-demo/claim-tampered.json", text("blockHash"), &[]).refused(1, "decision: ");
    let page = fs::read_to_string(sandbox.path().join(text("page"))).unwrap();
    for part in [
        "From data to payout",
        "1 of 1 claim paid",
        "Proved by",
        "was filed, signed by the intake",
        "receipt",
    ] {
        assert!(page.contains(part), "{part}");
    }

    let claims = told["claims"]["claims"].as_array().unwrap();
    let evidence = |case: &str| {
        let own = claims.iter().find(|own| own["case"] == case).unwrap_or_else(|| panic!("no {case}"));
        own["evidence"].as_str().unwrap()
    };
    let make = |id: &str, file: &str, more: &[&str]| {
        let arguments = [&["audit", "decision", id, "-o", file, "--json"], more].concat();
        let mut command = sandbox.command(&arguments);
        command.current_dir(sandbox.path().join("averment-demo")).env_remove("AVERMENT_PASSWORD_FILE");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let bonded = make(evidence("wdbc-373"), "bonded.json", &[]);
    assert_eq!(bonded["decision"]["mode"], "optimistic");
    let block = bonded["block"]["hash"].as_str().unwrap();
    let verified = verify("averment-demo/bonded.json", block, &[]).done().json();
    assert!(verified["decision"]["answer"].as_str().unwrap().contains("not challenged in its window"));
    let page = fs::read_to_string(sandbox.path().join("averment-demo/bonded.html")).unwrap();
    assert!(page.contains("Challenged by") && page.contains("was slashed"), "the impostor is on the page");

    // The whole request, with one report disclosed: it is on the page, and nowhere else.
    let request = audit["decision"]["request"].as_str().unwrap();
    let plan = told["training"]["plan"].as_str().unwrap().strip_prefix("averment-demo/").unwrap();
    let input = "examples/breast_cancer/claims/wdbc-263.input";
    let more = ["--plan", plan, "--disclose-inputs", input, "--setup", setup];
    let whole = make(request, "request.json", &more);
    assert_eq!(whole["decision"]["claims"].as_array().unwrap().len(), 4, "{whole}");
    let block = whole["block"]["hash"].as_str().unwrap();
    verify("averment-demo/request.json", block, &["--setup", setup]).done();
    // A word of the proof, or a value of the input, that is another one.
    let text = fs::read_to_string(sandbox.path().join("averment-demo/request.json")).unwrap();
    let whole: Value = serde_json::from_str(&text).unwrap();
    for (pointer, back, says) in [
        ("/decision/proof/proof", 1, "the proof of the answer"),
        ("/decision/proof/weights", 1, "the proof of the answer"),
        // The low digit of the last value, four bytes from the low end on.
        ("/decision/inputs/openings/0/opening", 7, "values and salt do not open its commitment"),
    ] {
        let bytes = whole.pointer(pointer).unwrap().as_str().unwrap();
        let (before, after) = bytes.split_at(bytes.len() - back);
        let other = if after.starts_with('0') { "1" } else { "0" };
        let other = [before, other, &after[1..]].concat();
        fs::write(sandbox.path().join("forged.json"), text.replacen(bytes, &other, 1)).unwrap();
        verify("forged.json", block, &["--setup", setup]).refused(1, says);
    }
    let page = fs::read_to_string(sandbox.path().join("averment-demo/request.html")).unwrap();
    assert!(page.contains("disclosed") && page.contains("after a review"), "appealed, and accepted");
}
