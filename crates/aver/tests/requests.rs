//! `aver offer`, `request`, `answer`, `challenge`, `balance`, `inputs`: a version is asked, answers, and is contested.

mod sandbox;

use sandbox::{OWNER, Run, Sandbox};
use serde_json::{Value, json};
use std::{fs, sync::OnceLock};

const MODEL: &str = "breast-cancer-triage";
const VERSION: &str = "breast-cancer-triage@2.0.0";
const OLD: &str = "breast-cancer-triage@1.0.0";
const PLAN: &str = "triage.plan";
const EVALUATION: &str = "breast_cancer/data/evaluation.csv";
const KEYS: [&str; 5] = ["reviewer", "insurer", "clinic", "liar", "watcher"];

/// A deployed version with its plan, keys, and commitments to two inputs.
fn project() -> Sandbox {
    static TEMPLATE: OnceLock<Sandbox> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let sandbox = Sandbox::deployed();
        sandbox.example("breast_cancer");
        for key in KEYS {
            sandbox.key(key);
        }
        let roles = ["--role", "review=reviewer", "--threshold", "1"];
        sandbox.by(OWNER, &[&["model", "create", MODEL], &roles[..]].concat()).done();
        let compile =
            ["compile", "breast_cancer/model-v2.onnx", "--calibrate", "breast_cancer/data/training.csv"];
        let more = ["--except", "row,diagnosis", "--labels", "benign,malignant", "-o", PLAN];
        sandbox.run(&[&compile[..], &more].concat()).done();
        sandbox.run(&["commit", PLAN]).done();
        sandbox.by(OWNER, &["register", "breast_cancer/model-v1.toml"]).done();
        sandbox.by(OWNER, &["register", "breast_cancer/model-v2.toml", "--plan", PLAN]).done();
        for (row, name) in [("3", "case.input"), ("4", "other.input")] {
            sandbox.run(&["commit", PLAN, "--input", EVALUATION, "--row", row, "-o", name]).done();
        }
        sandbox
    });
    template.copy()
}

/// The same with an offer, by which answers are proved within ten minutes.
fn offered() -> Sandbox {
    static TEMPLATE: OnceLock<Sandbox> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let sandbox = project();
        deploy(&sandbox);
        let made = offer(&sandbox, &["--proof-time", "10m"]).done().json();
        // Two descriptors, the certificate, the offer.
        assert_eq!(made["sent"].as_array().unwrap().len(), 4, "{made}");
        sandbox
    });
    template.copy()
}

fn deploy(sandbox: &Sandbox) {
    sandbox.by("reviewer", &["approve", VERSION, "--role", "review"]).done();
    sandbox.by(OWNER, &["deploy", VERSION, "--environment", "clinic"]).done();
}

fn offer(sandbox: &Sandbox, more: &[&str]) -> Run {
    sandbox.by(OWNER, &[&["offer", VERSION, "--plan", PLAN], more].concat())
}

/// What the insurer asks, with more options.
fn asks(sandbox: &Sandbox, more: &[&str]) -> Run {
    let request = ["request", VERSION, "--inputs", "case.input", "--value-at-risk", "100", "--fee", "2.5"];
    sandbox.by("insurer", &[&request[..], more].concat())
}

fn id(run: Run) -> String {
    run.done().json()["request"].as_str().unwrap().to_owned()
}

fn show(sandbox: &Sandbox, id: &str) -> Value {
    sandbox.run(&["request", "show", id, "--json"]).done().json()
}

fn answer(sandbox: &Sandbox, who: &str, id: &str, more: &[&str]) -> Run {
    sandbox.by(who, &[&["answer", id, "--plan", PLAN, "--inputs", "case.input"], more].concat())
}

fn challenge(sandbox: &Sandbox, who: &str, id: &str, more: &[&str]) -> Run {
    sandbox.by(who, &[&["challenge", id, "--plan", PLAN, "--inputs", "case.input"], more].concat())
}

/// What an account has with the router, in millionths of a token.
fn balance(sandbox: &Sandbox, who: &str) -> u128 {
    let shown = sandbox.run(&["balance", "show", who, "--json"]).done().json();
    shown["router"].as_str().unwrap().parse::<u128>().unwrap() / 10_u128.pow(12)
}

#[test]
fn a_wrong_answer_is_challenged_and_loses_its_bond_a_right_one_is_proved() {
    let sandbox = offered();
    let id = id(asks(&sandbox, &["--mode", "optimistic", "--deadline", "2d"]));
    let open = show(&sandbox, &id);
    assert_eq!((&open["phase"], &open["mode"]), (&json!("open"), &json!("optimistic")));
    assert_eq!(
        (&open["fee"], &open["bond"]),
        (&json!("2500000000000000000"), &json!("100000000000000000000"))
    );
    // There is nothing to challenge or to settle yet.
    challenge(&sandbox, "watcher", &id, &[]).refused(1, "no answer to challenge: waits for an answer");
    sandbox.by("watcher", &["request", "settle", &id]).refused(1, "nothing is due");

    // The plan says 1, malignant.
    let wrong = sandbox.by("liar", &["answer", &id, "--outputs", "0"]).done().json();
    assert_eq!((&wrong["phase"], &wrong["outputs"]), (&json!("answered"), &json!([0])));
    assert_eq!(balance(&sandbox, "liar"), 0);
    answer(&sandbox, "clinic", &id, &[]).refused(1, "answered it: `aver challenge");
    answer(&sandbox, "liar", &id, &[]).refused(1, "you answered it");
    let checked = challenge(&sandbox, "watcher", &id, &["--check"]).done().json();
    assert_eq!((&checked["right"], &checked["computed"]), (&json!(false), &json!([1])));
    let made = challenge(&sandbox, "watcher", &id, &[]).done().json();
    assert_eq!((&made["phase"], &made["staked"]), (&json!("challenged"), &json!("10000000000000000000")));
    challenge(&sandbox, "watcher", &id, &[]).refused(1, "challenged already");
    answer(&sandbox, "liar", &id, &[]).refused(1, "it cannot be proved");
    sandbox.pass(601);
    let slashed = challenge(&sandbox, "watcher", &id, &[]).done().json();
    assert_eq!(
        (&slashed["phase"], &slashed["toChallenger"]),
        (&json!("open"), &json!("60000000000000000000"))
    );
    assert_eq!(balance(&sandbox, "watcher"), 60_000_000);

    // Somebody answers rightly; whoever challenges that pays for the proof.
    let right = answer(&sandbox, "clinic", &id, &[]).done().json();
    assert_eq!(right["answers"][0]["label"], "malignant");
    challenge(&sandbox, "watcher", &id, &[]).refused(1, "the answer is right");
    sandbox.by("watcher", &["challenge", &id, "--force"]).done();
    let proved = answer(&sandbox, "clinic", &id, &[]).done().json();
    assert_eq!(proved["phase"], "final");
    assert_eq!(balance(&sandbox, "clinic"), 112_500_000);
    assert_eq!(balance(&sandbox, "watcher"), 50_000_000);
    let shown = show(&sandbox, &id);
    assert_eq!((&shown["outputs"], &shown["steps"]), (&json!([1]), &json!([])));
    let history: Vec<&str> =
        shown["history"].as_array().unwrap().iter().map(|event| event["what"].as_str().unwrap()).collect();
    let expected =
        ["requested", "answered", "challenged", "slashed", "reopened", "answered", "challenged", "finalised"];
    assert_eq!(history, expected);
    let words = sandbox.run(&["request", "show", &id]).done().stdout;
    for part in ["stands   final since", "(clinic)", "lost its bond, 50 ", "2.5 "] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let listed = sandbox.run(&["request", "list", "--by", "insurer", "--json"]).done().json();
    assert_eq!(listed["requests"][0]["phase"], "final");
    let open = sandbox.run(&["request", "list", "--open", "--json"]).done().json();
    assert_eq!(open["requests"], json!([]));
    // What was earned can be taken away.
    let more = ["balance", "withdraw", "200"];
    sandbox.by("clinic", &more).refused(1, "has 112.5 ");
    let taken = sandbox.by("clinic", &["balance", "withdraw", "all", "--to", "owner"]).done().json();
    assert_eq!((&taken["withdrawn"], &taken["router"]), (&json!("112500000000000000000"), &json!("0")));
    answer(&sandbox, "clinic", &id, &[]).refused(1, "final since");
}

#[test]
fn a_bonded_answer_that_nobody_challenges_is_settled() {
    let sandbox = offered();
    let id = id(asks(&sandbox, &["--mode", "optimistic", "--window", "30m"]));
    answer(&sandbox, "clinic", &id, &[]).done();
    sandbox.pass(1_801);
    let words = sandbox.run(&["request", "show", &id]).done().stdout;
    assert!(words.contains(&format!("next: aver request settle {id}")), "{words}");
    let settled = sandbox.by("watcher", &["request", "settle", &id]).done().json();
    assert_eq!((&settled["step"], &settled["phase"]), (&json!("finalise"), &json!("final")));
    assert_eq!(balance(&sandbox, "clinic"), 102_500_000);
}

#[test]
fn a_request_is_answered_by_a_proof_of_it_and_no_other() {
    let sandbox = offered();
    let request = id(asks(&sandbox, &["--mode", "proof", "--personal"]));
    let other = id(asks(&sandbox, &["--mode", "proof"]));
    // A proof that was made for the other request, and one for nobody.
    let router = json_of(&sandbox, ".averment/deployment.json")["settlement"]["router"]["address"].clone();
    let clinic = sandbox.address("clinic").to_string();
    let prove = |request: &str, beneficiary: &str, input: &str, name: &str| {
        let about = ["--about", VERSION, "--contract", router.as_str().unwrap(), "--request", request];
        let more = ["--beneficiary", beneficiary, "--committed", input, "-o", name];
        sandbox.by("clinic", &[&["prove", PLAN][..], &about, &more].concat()).done();
    };
    prove(&other, &clinic, "case.input", "other.proof");
    let liar = sandbox.address("liar").to_string();
    prove(&request, &liar, "case.input", "stolen.proof");
    prove(&request, &clinic, "other.input", "input.proof");
    let send =
        |who: &str, name: &str| sandbox.by(who, &["answer", &request, "--plan", PLAN, "--proof-file", name]);
    send("clinic", "other.proof").refused(1, "the proof is about another request");
    send("clinic", "stolen.proof").refused(1, "the proof is about another beneficiary");
    send("clinic", "input.proof").refused(1, "the proof is about another input");
    assert_eq!(show(&sandbox, &request)["phase"], "open");
    let wrong = sandbox.by("clinic", &["answer", &request, "--outputs", "1"]);
    wrong.refused(2, "this has to be proved");
    let command = ["answer", &request, "--plan", PLAN, "--inputs", "other.input"];
    sandbox.by("clinic", &command).refused(1, "the request is about the inputs");

    let proved = answer(&sandbox, "clinic", &request, &[]).done().json();
    assert_eq!((&proved["phase"], &proved["answers"][0]["label"]), (&json!("final"), &json!("malignant")));
    assert_eq!(balance(&sandbox, "clinic"), 2_500_000);
    // The proof that waited for the other request serves it.
    let command = ["answer", &other, "--plan", PLAN, "--proof-file", "other.proof"];
    assert_eq!(sandbox.by("clinic", &command).done().json()["phase"], "final");
    let requests = sandbox.run(&["request", "list"]).done().stdout;
    assert_eq!(requests.lines().count(), 3, "{requests}");
}

fn json_of(sandbox: &Sandbox, path: &str) -> Value {
    serde_json::from_slice(&fs::read(sandbox.path().join(path)).unwrap()).unwrap()
}

#[test]
fn a_committee_is_drawn_and_gets_the_inputs_sealed() {
    let sandbox = offered();
    for signer in ["oracle-1", "oracle-2", "oracle-3", "oracle-4", "oracle-5"] {
        sandbox.key(signer);
        sandbox.by(OWNER, &["oracle", "join", "--signer", signer]).done();
    }
    let request = id(asks(&sandbox, &["--mode", "quorum"]));
    answer(&sandbox, "clinic", &request, &[]).refused(1, "a committee answers it, which is not drawn yet");
    let seal = |more: &[&str]| {
        let seal = ["inputs", "seal", "case.input", "--inbox", "inbox", "--json"];
        sandbox.run(&[&seal[..], more].concat())
    };
    seal(&["--request", &request]).refused(1, "has no committee");
    sandbox.by("watcher", &["request", "settle", &request]).refused(1, "try again later");
    for _ in 0..3 {
        sandbox.pass(12);
    }
    let drawn = sandbox.by("watcher", &["request", "settle", &request]).done().json();
    assert_eq!((&drawn["step"], &drawn["phase"]), (&json!("draw"), &json!("drawn")));
    assert_eq!(drawn["committee"]["members"].as_array().unwrap().len(), 5);

    seal(&[]).refused(2, "to whom?");
    let other = ["inputs", "seal", "other.input", "--inbox", "inbox", "--request", &request, "--json"];
    sandbox.run(&other).refused(1, "the request is about the inputs");
    let sealed = seal(&["--request", &request, "--to", "oracle-1"]).done().json();
    assert_eq!(sealed["sealedTo"].as_array().unwrap().len(), 5);
    assert_eq!(sealed["files"].as_array().unwrap().len(), 6);
    let weights = ["weights", "seal", PLAN, "--request", &request, "-o", "sealed", "--json"];
    assert_eq!(sandbox.run(&weights).done().json()["sealedTo"], sealed["sealedTo"]);
    let opening = fs::read(sandbox.path().join("case.input.opening")).unwrap();
    fs::remove_file(sandbox.path().join("case.input.opening")).unwrap();
    for file in sealed["files"].as_array().unwrap() {
        let bytes = fs::read(sandbox.path().join(file.as_str().unwrap())).unwrap();
        assert!(!bytes.windows(32).any(|part| opening.windows(32).any(|own| own == part && own != [0; 32])));
    }
    let open = |who: &str| sandbox.by(who, &["inputs", "open", "case.input", "--inbox", "inbox"]);
    open("watcher").refused(3, "is the input sealed to");
    open("oracle-3").done();
    assert_eq!(fs::read(sandbox.path().join("case.input.opening")).unwrap(), opening);
    open("oracle-3").refused(2, "there already");
    // Its members were given time; a proof goes over them, from what was sealed to a member.
    answer(&sandbox, "clinic", &request, &[]).refused(1, "its committee answers");
    fs::remove_file(sandbox.path().join("case.input.opening")).unwrap();
    let inbox = ["answer", &request, "--plan", PLAN, "--inbox", "inbox", "--proof"];
    sandbox.by("clinic", &inbox).refused(1, "inbox");
    assert_eq!(sandbox.by("oracle-2", &inbox).done().json()["phase"], "final");
}

#[test]
fn what_nobody_answers_and_what_is_revoked_comes_back() {
    let sandbox = offered();
    let late = id(asks(&sandbox, &["--mode", "proof", "--deadline", "10m"]));
    let revoked = id(asks(&sandbox, &["--mode", "optimistic", "--deadline", "2d"]));
    answer(&sandbox, "clinic", &revoked, &[]).done();
    sandbox.pass(601);
    let refunded = sandbox.by("watcher", &["request", "settle", &late]).done().json();
    assert_eq!((&refunded["step"], &refunded["phase"]), (&json!("refund"), &json!("refunded")));
    assert_eq!(balance(&sandbox, "insurer"), 2_500_000);
    sandbox.by(OWNER, &["revoke", VERSION, "--reason", "trained on mislabelled data"]).done();
    asks(&sandbox, &["--mode", "proof"]).refused(1, "is revoked");
    let other = sandbox.by("liar", &["answer", &revoked, "--outputs", "0"]);
    other.refused(1, "its version was revoked");
    let settled = sandbox.by("watcher", &["request", "settle", &revoked]).done().json();
    assert_eq!((&settled["step"], &settled["versionRevoked"]), (&json!("refund"), &json!(true)));
    assert_eq!((balance(&sandbox, "insurer"), balance(&sandbox, "clinic")), (5_000_000, 100_000_000));
}

#[test]
fn what_cannot_be_asked_is_said_before_anything_is_paid_for() {
    let sandbox = project();
    let zero = format!("0x{}", "11".repeat(32));
    asks(&sandbox, &["--mode", "proof"]).refused(1, "is registered: only a deployed one answers");
    offer(&sandbox, &[]).refused(1, "is registered: only a deployed one answers");
    sandbox.by(OWNER, &["offer", OLD, "--plan", PLAN]).refused(1, "without a plan");
    deploy(&sandbox);
    asks(&sandbox, &["--mode", "proof"]).refused(1, "nobody offers answers");
    sandbox.by("insurer", &["offer", VERSION, "--plan", PLAN]).refused(1, "only the model's owner");
    let made =
        offer(&sandbox, &["--modes", "proof,optimistic", "--modes-for-persons", "proof"]).done().json();
    let offer_id = made["offer"].as_str().unwrap();
    assert_eq!((&made["modes"], &made["quorum"]["members"]), (&json!(["proof", "optimistic"]), &json!(0)));
    offer(&sandbox, &["--modes", "proof,optimistic"]).refused(1, "is open already");

    asks(&sandbox, &["--mode", "quorum"]).refused(1, "allows the mode quorum");
    asks(&sandbox, &["--mode", "optimistic", "--personal"]).refused(1, "about persons");
    asks(&sandbox, &["--mode", "optimistic", "--bond", "99"]).refused(1, "the answer's bond must be as much");
    asks(&sandbox, &["--mode", "optimistic", "--window", "1m"]).refused(1, "the window must be");
    asks(&sandbox, &["--mode", "proof", "--deadline", "91d"]).refused(1, "the deadline must be");
    asks(&sandbox, &["--mode", "proof", "--offer", &zero]).refused(1, "there is no offer");
    asks(&sandbox, &["--mode", "sometimes"]).refused(2, "invalid value");
    let request = |version: &str, inputs: &str, fee: &str| {
        let request = ["request", version, "--inputs", inputs, "--fee", fee, "--mode", "proof"];
        sandbox.by("insurer", &[&request[..], &["--value-at-risk", "1"]].concat())
    };
    request(&zero, "case.input", "1").refused(1, "is not registered");
    request("triage@9.0.0", "case.input", "1").refused(2, "was not registered from here");
    request(VERSION, "password", "1").refused(2, "no commitment to an input");
    request(VERSION, "0x1234", "1").refused(2, "expected a file");
    request(VERSION, &zero, "1").refused(2, "--items");
    for fee in ["", ".", "1.2.3", "1e3", "1,5", "0x10", "1.0000000000000000001", "9999999999999999999999999"]
    {
        request(VERSION, "case.input", fee).refused(2, "tokens such as 12.5");
    }
    assert_eq!(balance(&sandbox, "insurer"), 0);
    // Inputs of another schema: of another model.
    sandbox.example("digits");
    let compile = ["compile", "digits/model.onnx", "--calibrate", "digits/data/training.csv"];
    sandbox.run(&[&compile[..], &["--except", "row,digit", "-o", "digits.plan"]].concat()).done();
    sandbox.run(&["commit", "digits.plan"]).done();
    let digit = ["commit", "digits.plan", "--input", "digits/data/evaluation.csv", "--row", "1"];
    sandbox.run(&[&digit[..], &["-o", "digit.input"]].concat()).done();
    request(VERSION, "digit.input", "1").refused(1, "inputs of schema");
    sandbox.run(&["request", "show", &zero, "--json"]).refused(1, "there is no request");
    sandbox.run(&["offer", "show", &zero, "--json"]).refused(1, "is no offer, and no version with one");
    let shown = sandbox.run(&["offer", "show", offer_id, "--json"]).done().json();
    assert_eq!(shown["offers"][0]["open"], true);

    // Two inputs together, of which the offer has no proofs; with the plan at hand this is seen.
    let two = ["--plan", PLAN, "--mode", "proof", "--inputs", "other.input"];
    asks(&sandbox, &two).refused(1, "no offer of version");
    asks(&sandbox, &[&two[..], &["--offer", offer_id]].concat()).refused(1, "another number of inputs");
    let batches = ["--modes", "proof", "--for-batch", "2", "--commitments", "each"];
    let second = offer(&sandbox, &batches).done().json();
    asks(&sandbox, &["--mode", "proof"]).refused(2, "several offers");
    let chosen = asks(&sandbox, &two).done().json();
    assert_eq!((&chosen["offer"], &chosen["items"]), (&second["offer"], &json!(2)));
    let command = ["answer", chosen["request"].as_str().unwrap(), "--plan", PLAN];
    let both = ["--inputs", "case.input", "--inputs", "other.input"];
    let proved = sandbox.by("clinic", &[&command[..], &both].concat()).done().json();
    assert_eq!((&proved["phase"], proved["outputs"].as_array().unwrap().len()), (&json!("final"), 2));

    let asked = id(asks(&sandbox, &["--mode", "optimistic"]));
    // An input whose values are not those that were committed to.
    fs::copy(sandbox.path().join("other.input.opening"), sandbox.path().join("case.input.opening")).unwrap();
    answer(&sandbox, "clinic", &asked, &[]).refused(1, "case.input.opening");
    sandbox.by("clinic", &["answer", &asked, "--plan", PLAN, "--inputs", "absent"]).refused(3, "absent");
    sandbox.by("clinic", &["answer", &asked]).refused(2, "which plan?");
    sandbox.by("clinic", &["answer", &asked, "--plan", PLAN]).refused(2, "which inputs?");
    assert_eq!(show(&sandbox, &asked)["phase"], "open");
    sandbox.by(OWNER, &["offer", "withdraw", offer_id]).done();
    asks(&sandbox, &["--mode", "proof", "--offer", offer_id]).refused(1, "it was withdrawn");
    let shown = sandbox.run(&["offer", "show", VERSION]).done().stdout;
    assert!(shown.contains("withdrawn"), "{shown}");
}

#[test]
fn money_is_deposited_and_withdrawn_in_tokens() {
    let sandbox = offered();
    let deposited = sandbox.by("insurer", &["balance", "deposit", "250.25"]).done().json();
    assert_eq!(deposited["router"], "250250000000000000000");
    let taken = sandbox.by("insurer", &["balance", "withdraw", "0.25", "--to", "clinic"]).done().json();
    assert_eq!((&taken["router"], &taken["wallet"]), (&json!("250000000000000000000"), &json!("0")));
    sandbox.by("insurer", &["balance", "deposit", "0"]).refused(2, "nothing to deposit");
    sandbox.by("insurer", &["balance", "withdraw", "251"]).refused(1, "cannot be withdrawn");
    sandbox.by("insurer", &["balance", "withdraw", "1", "--to", "nobody"]).refused(2, "nobody");
    let words = sandbox.run(&["balance", "show", "insurer"]).done().stdout;
    assert!(words.contains("router   250 "), "{words}");
    // A request takes of what is there.
    id(asks(&sandbox, &["--mode", "proof"]));
    assert_eq!(balance(&sandbox, "insurer"), 247_500_000);
    // Nobody pays unasked.
    let command = ["balance", "deposit", "1", "--account", "insurer", "--json"];
    sandbox.run(&command).refused(1, "nothing was sent");
    let key = sandbox.by("watcher", &["inputs", "key"]).done().json();
    assert_eq!(key["encryptionKey"].as_str().unwrap().len(), 66);
}
