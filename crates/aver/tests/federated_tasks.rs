//! A task on the chain, through the program: created, joined, opened, left, and ended without a round; and what is refused on the way.

mod sandbox;
mod triage;

use averment_ledger::{
    contracts::Sender,
    federated::{Commitment, Reveal, TaskClient},
};
use averment_primitives::{B256, Bytes, keccak256};
use sandbox::{OWNER, Run, Sandbox};
use serde_json::Value;
use std::{fs, sync::OnceLock};
use triage::*;

const TASK_PLAN: &str = "task.plan";
const NAME: &str = "breast-cancer-triage";
const VERSION: &str = "breast-cancer-triage@1.0.0";

/// The initial version is registered with the plan that a task starts from, and terms are written.
fn ready() -> Sandbox {
    static TEMPLATE: OnceLock<Sandbox> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let sandbox = Sandbox::deployed();
        sandbox.example("breast_cancer");
        for key in ["a", "b", "c"] {
            sandbox.key(key);
        }
        let samples = ["--calibrate", TRAINING, "--except", "row,diagnosis"];
        json(&sandbox, &[&["federated", "start", MODEL, "-o", TASK_PLAN], &samples[..]].concat()).done();
        json(&sandbox, &["commit", TASK_PLAN]).done();
        let policy = ["--role", "medical=a", "--threshold", "1"];
        sandbox.by(OWNER, &[&["model", "create", NAME][..], &policy].concat()).done();
        sandbox.by(OWNER, &["register", "breast_cancer/model-v1.toml", "--plan", TASK_PLAN]).done();
        let terms = sandbox.run(&["federated", "create", "--template"]).done().stdout;
        fs::write(sandbox.path().join("terms.toml"), terms).unwrap();
        sandbox
    });
    template.copy()
}

fn create(sandbox: &Sandbox) -> Run {
    let command = ["federated", "create", VERSION, "--plan", TASK_PLAN, "--terms", "terms.toml"];
    sandbox.by(OWNER, &command)
}

/// Changes what the terms say.
fn say(sandbox: &Sandbox, from: &str, to: &str) {
    let path = sandbox.path().join("terms.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(path, text.replace(from, to)).unwrap();
}

fn status(sandbox: &Sandbox, task: &str, of: &str) -> Value {
    json(sandbox, &["federated", "status", task, "--of", of]).done().json()
}

fn next(status: &Value) -> String {
    let steps = status["next"].as_array().unwrap();
    steps.iter().map(|step| step.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_task_is_created_joined_and_ends_without_a_round() {
    let sandbox = ready();
    create(&sandbox).refused(2, "aver federated deploy");
    sandbox.by(OWNER, &["federated", "deploy"]).done();
    sandbox.by(OWNER, &["federated", "deploy"]).refused(2, "remove it");
    // Terms that cannot be.
    say(&sandbox, "bound = 1.0", "bound = 1e9");
    create(&sandbox).refused(2, "bound: expected 0 to");
    say(&sandbox, "bound = 1e9", "bound = 1.0");
    say(&sandbox, "rounds = 10", "rounds = 60000");
    create(&sandbox).refused(1, "have room");
    say(&sandbox, "rounds = 60000", "rounds = 2");
    say(&sandbox, "idle = \"1d\"", "idle = \"1s\"");
    create(&sandbox).refused(2, "one minute to 30 days");
    say(&sandbox, "idle = \"1s\"", "idle = \"1d\"");
    let created = create(&sandbox).done().json();
    let task = created["task"].as_str().unwrap().to_owned();
    assert_eq!(created["pool"], "210000000000000000000");
    let listed = json(&sandbox, &["federated", "list"]).done().json();
    assert_eq!(listed["tasks"][0]["task"], created["task"]);

    // Who joins has the public half, and the first model if the sponsor gave it.
    let public = format!("{TASK_PLAN}/public");
    let model = format!("{TASK_PLAN}/private/model-0");
    let join = |who: &str, more: &[&str]| {
        sandbox.by(who, &[&["federated", "join", &task, "--plan", &public], more].concat())
    };
    let joined = join("a", &["--model", &model]).done().json();
    assert_eq!((&joined["since"], &joined["roomChecked"]), (&1.into(), &true.into()));
    join("a", &[]).refused(1, "is a member of");
    fs::write(sandbox.path().join("noise"), [0; 99]).unwrap();
    join("b", &["--model", "noise"]).refused(2, "averment-vector/1");
    compile(&sandbox, &["-o", PLAN]).done();
    sandbox.by("b", &["federated", "join", &task, "--plan", PLAN]).refused(2, "federated start");
    assert_eq!(join("b", &[]).done().json()["roomChecked"], false);

    // Two of three are there.
    let at = status(&sandbox, &task, "a");
    assert_eq!((&at["phase"], &at["finals"], &at["round"]), (&"idle".into(), &0.into(), &0.into()));
    assert_eq!(at["members"].as_array().unwrap().len(), 2);
    assert!(next(&at).contains("leave") && !next(&at).contains("advance"), "{at}");
    assert!(next(&status(&sandbox, &task, "c")).contains("join"));
    sandbox.by("a", &["federated", "advance", &task]).refused(1, "needs 3 members, 2 have joined");
    join("c", &[]).done();
    assert!(next(&status(&sandbox, &task, "c")).contains("advance"));
    let opened = sandbox.by("a", &["federated", "advance", &task]).done().json();
    assert_eq!((&opened["round"], &opened["phase"]), (&1.into(), &"commit".into()));
    sandbox.by("a", &["federated", "advance", &task]).refused(1, "taking commits");
    sandbox.by("a", &["federated", "strike", &task]).refused(1, "nobody is to be struck");
    sandbox.by("a", &["federated", "settle", &task]).refused(1, "no new model");
    sandbox.by("a", &["federated", "challenge", &task, "proof", "b"]).refused(1, "");
    assert!(next(&status(&sandbox, &task, "a")).contains("train and commit"));

    // Nobody commits: the round comes to nothing, and everybody is struck.
    sandbox.pass(3700);
    sandbox.by("b", &["federated", "advance", &task]).done();
    sandbox.pass(3700);
    let struck = sandbox.by("b", &["federated", "strike", &task]).done().json();
    assert_eq!(struck["struck"].as_array().unwrap().len(), 3);
    sandbox.by("b", &["federated", "advance", &task]).done();
    let at = status(&sandbox, &task, "a");
    assert_eq!((&at["phase"], &at["round"], &at["finals"]), (&"idle".into(), &1.into(), &0.into()));
    assert!(at["members"].as_array().unwrap().iter().all(|member| member["strikes"] == 1), "{at}");

    // Out with the stake.
    sandbox.by("a", &["federated", "withdraw", &task, "all"]).refused(1, "can take 0");
    let left = sandbox.by("a", &["federated", "leave", &task]).done().json();
    assert_eq!(left["balance"], "100000000000000000000");
    sandbox.by("a", &["federated", "withdraw", &task, "all", "--to", "b"]).done();
    let words = sandbox.run(&["federated", "status", &task, "--of", "a"]).done().stdout;
    assert!(words.contains("0 final of 2") && words.contains("left"), "{words}");
    sandbox.run(&["federated", "status", "0x12", "--json"]).refused(2, "aver federated list");
}

/// What somebody says it learned: points of nothing that anybody has.
fn said(client: &TaskClient) -> (Commitment, Bytes) {
    let mut generator = [0; 64];
    (generator[31], generator[63]) = (1, 2);
    let points = generator.repeat(client.code().chunks);
    let [proof, content, salt] = ["proof", "content", "salt"].map(keccak256);
    (Commitment { points: keccak256(&points), proof, content, salt }, points.into())
}

/// Has members commit, or reveal, in the first round.
fn say_it(sandbox: &Sandbox, task: &str, members: &[&str], reveals: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let ledger = sandbox.ledger();
        let client = TaskClient::open(&ledger, task.parse().unwrap(), 0).await.unwrap();
        let (what, points) = said(&client);
        for member in members {
            let sender = Sender::new(&ledger, sandbox.account(member));
            let account = sender.address();
            if !reveals {
                client.commit(&sender, client.id().commit(1, account, &what)).await.unwrap();
                continue;
            }
            let reveal = Reveal {
                account,
                salt: what.salt,
                proofHash: what.proof,
                contentHash: what.content,
                points: points.clone(),
                last: B256::ZERO,
                cumulative: Bytes::new(),
            };
            client.reveal(&sender, vec![reveal]).await.unwrap();
        }
    });
}

#[test]
fn an_update_that_nobody_gives_falls_and_who_is_silent_is_struck() {
    let sandbox = ready();
    sandbox.key("d");
    sandbox.by(OWNER, &["federated", "deploy"]).done();
    let created = create(&sandbox).done().json();
    let task = created["task"].as_str().unwrap().to_owned();
    let public = format!("{TASK_PLAN}/public");
    for member in ["a", "b", "c", "d"] {
        sandbox.by(member, &["federated", "join", &task, "--plan", &public]).done();
    }
    let by = |who: &str, command: &str, more: &[&str]| {
        sandbox.by(who, &[&["federated", command, &task], more].concat())
    };
    by("a", "challenge", &["--lapse"]).refused(1, "no round runs");
    by("a", "advance", &[]).done();
    say_it(&sandbox, &task, &["a", "b", "c"], false);
    by("a", "challenge", &["update", "b"]).refused(1, "");
    sandbox.pass(3_700);
    say_it(&sandbox, &task, &["a", "b", "c"], true);
    sandbox.pass(3_700);
    by("a", "advance", &[]).done();
    // One was silent, and is struck once.
    let struck = by("a", "strike", &[]).done().json();
    assert_eq!(struck["struck"], serde_json::json!([sandbox.address("d")]));
    by("a", "strike", &[]).refused(1, "nobody is to be struck");

    by("a", "challenge", &["update"]).refused(2, "whose?");
    by("a", "challenge", &["model", "b"]).refused(2, "name nobody");
    by("a", "challenge", &["model"]).refused(1, "");
    by("a", "challenge", &["update", "d"]).refused(1, "");
    let challenged = by("a", "challenge", &["update", "b"]).done().json();
    assert_eq!(
        (&challenged["account"], &challenged["contested"]),
        (&serde_json::json!(sandbox.address("b")), &serde_json::json!("update"))
    );
    assert_eq!(status(&sandbox, &task, "b")["challenges"], 1);
    by("c", "challenge", &["update", "b"]).refused(1, "");
    by("c", "challenge", &["--lapse"]).refused(1, "over for none of them");
    // Nobody has the integers of it.
    sandbox.pass(2 * 3_700);
    let _ = by("c", "advance", &[]);
    sandbox.pass(3_700);
    let lapsed = by("c", "challenge", &["--lapse"]).done().json();
    assert_eq!(lapsed["lapsed"][0]["account"], challenged["account"]);
    assert_eq!(lapsed["lapsed"].as_array().unwrap().len(), 1);
    by("c", "challenge", &["--lapse"]).refused(1, "0 challenges are open");
    // Too few stand now: the round comes to nothing, and the bond is whose it was.
    by("c", "advance", &[]).done();
    let at = status(&sandbox, &task, "a");
    assert_eq!((&at["phase"], &at["finals"]), (&"idle".into(), &0.into()));
    let strikes = |whose: &str| {
        let address = serde_json::json!(sandbox.address(whose));
        let members = at["members"].as_array().unwrap();
        members.iter().find(|member| member["account"] == address).unwrap()["strikes"].clone()
    };
    assert_eq!(["a", "b", "c", "d"].map(strikes), [0, 1, 0, 1].map(Value::from));
    let taken = by("a", "withdraw", &["all"]).done().json();
    assert_eq!(taken["withdrawn"], challenged["bond"]);
}
