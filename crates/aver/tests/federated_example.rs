//! `examples/federated/run.sh`, as it is: a task by commands alone, with members that train, against a served chain. Then what is refused of
//! what it left behind.

mod sandbox;

use sandbox::{OWNER, Sandbox};
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command, sync::OnceLock};

/// A project in which the example ran.
fn played() -> &'static Sandbox {
    static PLAYED: OnceLock<Sandbox> = OnceLock::new();
    PLAYED.get_or_init(|| {
        let sandbox = Sandbox::configured();
        // Keys that are opened fast, and the program's tests elsewhere make those that are not.
        for key in [OWNER, "sponsor", "north", "south", "west", "late"] {
            sandbox.key(key);
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/federated/run.sh");
        let mut command = Command::new("bash");
        command.arg(script).arg(sandbox.path()).env("AVER", env!("CARGO_BIN_EXE_aver"));
        for name in ["CONFIG", "CHAIN", "CHAIN_ID", "ACCOUNT"] {
            command.env_remove(format!("AVERMENT_{name}"));
        }
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let logs = fs::read_dir(sandbox.path().join("logs")).unwrap().map(|log| {
            let log = log.unwrap().path();
            format!("{}: {}", log.display(), fs::read_to_string(&log).unwrap())
        });
        assert!(
            output.status.success(),
            "{}\n{}\n{}",
            text(&output.stdout),
            text(&output.stderr),
            logs.collect::<Vec<_>>().join("\n")
        );
        sandbox
    })
}

/// What a command of the example answered.
fn log(name: &str) -> Value {
    let path = played().path().join("logs").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn verify(file: &str) -> sandbox::Run {
    let made = log("audit-version");
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    // Both files are of the newest block when they were made: nothing was mined between them.
    let block = made["block"]["hash"].as_str().unwrap();
    let pinned = ["--block-hash", block, "--registry", &text("registry"), "--json"];
    played().run(&[&["audit", "verify", file][..], &pinned].concat())
}

/// An audit file with something else in it.
fn changed(file: &str, change: impl FnOnce(&mut Value)) -> String {
    let path = played().path().join(file);
    let mut value: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    change(&mut value);
    let name = format!("changed-{}.json", value["rounds"].to_string().len() + value.to_string().len());
    fs::write(played().path().join(&name), value.to_string()).unwrap();
    name
}

#[test]
fn the_example_plays_a_task_whose_version_names_its_rounds() {
    let (settled, concluded, adopted) = (log("settle"), log("conclude"), log("adopt"));
    assert_eq!(settled["round"], 2);
    assert_eq!(settled["payments"].as_array().unwrap().len(), 3);
    assert_eq!((&concluded["rounds"], &concluded["adoption"]), (&json!(2), &Value::Null));
    assert_eq!((&adopted["adoption"]["up"], &adopted["adoption"]["down"]), (&json!(0), &json!(4)));
    assert_eq!(adopted["sent"], json!([]));
    assert_ne!(adopted["points"], concluded["points"]);
    // Both challenges were answered, or the rounds would have two updates.
    assert_eq!(
        [log("challenge"), log("challenge-update")].map(|one| one["contested"].clone()),
        ["proof", "update"]
    );
    let metrics = fs::read_to_string(played().path().join("logs/metrics")).unwrap();
    assert!(metrics.contains("averment_member_round 2"), "{metrics}");

    for (file, adoption) in [("version.json", false), ("small.json", true)] {
        let found = verify(file).done().json();
        let [rounds] = found["rounds"].as_array().unwrap().as_slice() else { panic!("{found}") };
        assert_eq!((&rounds["claimed"], &rounds["concluded"]), (&json!(true), &json!(!adoption)));
        assert_eq!(rounds["adoption"].is_object(), adoption);
        let each = rounds["rounds"].as_array().unwrap();
        assert!(each.len() == 2 && each.iter().all(|round| round["proof"] == "DevelopmentSetup"), "{rounds}");
        // The bond of a challenge that was answered is whose the proof was; it is no pay.
        assert_eq!(rounds["token"]["decimals"], 18);
        let page = fs::read_to_string(played().path().join(file).with_extension("html")).unwrap();
        assert!(
            page.contains("Each round's proof was checked here")
                && page.contains("18 digits behind the point")
        );
    }
}

#[test]
fn what_does_not_come_from_the_rounds_may_not_claim_them() {
    let sandbox = played();
    let task = log("conclude")["task"].as_str().unwrap().to_owned();
    let claim = |plan: &str, more: &[&str]| {
        let command = ["register", "small.toml", "--plan", plan, "--task", &task];
        let path = sandbox.path().join("small.toml");
        let text = fs::read_to_string(&path).unwrap().replace("version = \"2.1.0\"", "version = \"2.2.0\"");
        fs::write(path, text).unwrap();
        sandbox.by("sponsor", &[&command[..], more].concat())
    };
    let package = |round: &str| format!("member-north/models/{round}");
    claim("small.plan", &[]).refused(1, "only if its points are the task's");
    claim("task.plan", &["--task-plan", "task.plan"]).refused(1, "only if its points are the task's");
    let other = ["--task-plan", "task.plan", "--package", &package("1")];
    claim("small.plan", &other).refused(1, "times a power of two");
    let wrong = ["--task-plan", "trained.plan", "--package", &package("2")];
    claim("small.plan", &wrong).refused(2, "is not a plan that a task starts from");
    // Another task's file, or another's version.
    let last = log("conclude")["version"].as_str().unwrap().to_owned();
    let conclude = |version: &str, plan: &str| {
        sandbox.by("sponsor", &["federated", "conclude", &task, version, "--plan", plan])
    };
    conclude(&last, "small.plan").refused(1, "");
    conclude("breast-cancer-triage@1.0.0", "task.plan").refused(1, "only if its points are the task's");
}

#[test]
fn changed_proofs_of_rounds_and_adoptions_are_refused() {
    let flip = |value: &mut Value, at: usize| {
        let text = value.as_str().unwrap();
        let digit = if &text[at..=at] == "0" { "1" } else { "0" };
        *value = Value::from(format!("{}{digit}{}", &text[..at], &text[at + 1..]));
    };
    let swap = |value: &mut Value| {
        let [first, second] = [0, 1].map(|at| value["rounds"][0]["proofs"][at]["remainder"].clone());
        value["rounds"][0]["proofs"][0]["remainder"] = second;
        value["rounds"][0]["proofs"][1]["remainder"] = first;
    };
    verify(&changed("version.json", swap)).refused(1, "not the weighted sum of the updates'");
    let proof = |value: &mut Value| flip(&mut value["rounds"][0]["proofs"][1]["proof"], 2000);
    verify(&changed("version.json", proof)).refused(1, "its proof");
    let sums = |value: &mut Value| flip(&mut value["rounds"][0]["proofs"][1]["cumulatives"], 40);
    verify(&changed("version.json", sums)).refused(1, "cumulative points");
    let plan = |value: &mut Value| {
        value["rounds"][0]["vectors"]["plan"] = value["rounds"][0]["vectors"]["layout"].clone();
    };
    verify(&changed("version.json", plan)).refused(1, "round 1");
    let adoption = |value: &mut Value| flip(&mut value["rounds"][0]["adoption"]["file"], 900);
    verify(&changed("small.json", adoption)).refused(1, "the manifest names an adoption with hash");
    let none = |value: &mut Value| {
        value["rounds"][0].as_object_mut().unwrap().remove("adoption");
    };
    verify(&changed("small.json", none)).refused(1, "which is not in the file");
    let weights = |value: &mut Value| flip(&mut value["rounds"][0]["adoption"]["certificate"], 900);
    verify(&changed("small.json", weights)).refused(1, "certificate of the weights");
    // A claim without its rounds; the rounds without their proofs are told to be so.
    let gone = |value: &mut Value| {
        value.as_object_mut().unwrap().remove("rounds");
        value["format"] = "averment-audit/1".into();
    };
    verify(&changed("version.json", gone)).refused(1, "claims rounds of the task");
    let bare = |value: &mut Value| {
        for name in ["proofs", "vectors", "token"] {
            value["rounds"][0].as_object_mut().unwrap().remove(name);
        }
        value["format"] = "averment-audit/3".into();
    };
    let found = verify(&changed("version.json", bare)).done().json();
    assert_eq!(found["rounds"][0]["rounds"][0]["proof"], "Unchecked");
    assert!(found["caveats"].to_string().contains("were not checked here"), "{found}");
}
