//! `aver demo` in an empty folder, and the project that it leaves.

mod sandbox;

use sandbox::Sandbox;
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
    let steps = told["gas"].as_array().unwrap();
    assert!(steps.len() >= 21 && steps.iter().all(|step| step[1].as_u64().unwrap() > 21_000), "{steps:?}");

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
    let outside = |path: &Value| path.as_str().unwrap().strip_prefix("averment-demo/").unwrap().to_owned();
    let (plan, proof) = (outside(&told["plan"]), outside(&told["proof"]["file"]));
    let verified = inside(&["verify", &plan, &proof, "--on-chain"]);
    assert!(verified.contains("accepted by the contract") && verified.contains("malignant"), "{verified}");
}
