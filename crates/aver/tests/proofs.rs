//! From an ONNX network to a verified proof, as a person types it, and what is refused on the way.

mod sandbox;
mod triage;

use averment_primitives::B256;
use averment_verifier::{commitment::WeightsCommitment, file::ProofFile, statement::Mode};
use sandbox::Sandbox;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};
use triage::*;

#[test]
fn four_commands_lead_from_a_network_to_a_verified_proof() {
    let sandbox = Sandbox::configured();
    sandbox.example("breast_cancer");
    let compiled = compile(&sandbox, &["-o", PLAN]).done().json();
    assert_eq!(compiled["report"]["agreeing"], 455);
    let committed = json(&sandbox, &["commit", PLAN]).done().json();
    assert_eq!(committed["planDigest"], compiled["planDigest"]);
    assert_eq!(committed["development"], true);
    let proved = prove(&sandbox, &["--row", "3", "-o", "case.proof"]).done().json();
    assert_eq!(proved["statement"]["weightsCommitment"], committed["weightsCommitment"]);
    assert_eq!(proved["statement"]["schemaDigest"], committed["schemaDigest"]);
    let found = verify(&sandbox, "case.proof").done().json();
    assert_eq!(found["statement"], proved["statement"]);
    assert_eq!((&found["answers"], &found["development"]), (&proved["answers"], &Value::Bool(true)));
    assert_eq!(found["answers"][0]["decision"], 1, "row 3 is a malignant case");
    assert_eq!(found["answers"][0]["values"], Value::Array(Vec::new()), "the scores stay hidden");
    assert_eq!(found["statement"]["public"], Value::from(vec![1]));

    // The report says beforehand how long the proof is.
    let file = fs::read(sandbox.path().join("case.proof")).unwrap();
    let file = ProofFile::decode(&file).unwrap();
    assert_eq!(compiled["proof"]["zeroKnowledge"]["bytes"], file.proof.len());

    // The public half is enough, wherever it lies; what is secret is in the other, which only its owner reads.
    let elsewhere = Sandbox::configured();
    let public = elsewhere.path().join("given");
    fs::create_dir(&public).unwrap();
    for name in ["plan", "schema", "certificate", "commitment"] {
        fs::copy(sandbox.path().join(PLAN).join("public").join(name), public.join(name)).unwrap();
    }
    fs::copy(sandbox.path().join("case.proof"), elsewhere.path().join("case.proof")).unwrap();
    json(&elsewhere, &["verify", "given", "case.proof"]).done();
    // Without the certificate, or with one that proves nothing, nobody knows that the weights are in range.
    let certificate = fs::read(public.join("certificate")).unwrap();
    let mut changed = certificate.clone();
    *changed.last_mut().unwrap() ^= 1;
    for other in [changed, certificate[..certificate.len() - 32].to_vec()] {
        fs::write(public.join("certificate"), other).unwrap();
        json(&elsewhere, &["verify", "given", "case.proof"]).refused(1, "certificate of the weights");
    }
    fs::remove_file(public.join("certificate")).unwrap();
    json(&elsewhere, &["verify", "given", "case.proof"]).refused(1, "no certificate of its weights");
    let private = sandbox.path().join(PLAN).join("private");
    assert_eq!(mode(&private), 0o700);
    for name in ["weights", "calibration", "salt"] {
        assert_eq!(mode(&private.join(name)), 0o600, "{name}");
    }
    let refused = json(&elsewhere, &["prove", "given", "--input", "case.proof", "-o", "x.proof"]);
    refused.refused(2, "no private half");
}

#[test]
fn a_transparent_proof_says_so_and_is_shorter() {
    let sandbox = proved();
    prove(&sandbox, &["--row", "3", "--transparent", "-o", "open.proof"]).done();
    let found = verify(&sandbox, "open.proof").done().json();
    assert_eq!(found["statement"]["mode"], "transparent");
    let length = |name: &str| fs::metadata(sandbox.path().join(name)).unwrap().len();
    assert!(length("open.proof") < length("case.proof"));
    // The mode is in the statement: a transparent proof is not taken for the other.
    change(&sandbox, "open.proof", "claimed.proof", |file| file.statement.mode = Mode::ZeroKnowledge);
    verify(&sandbox, "claimed.proof").refused(1, "proves nothing");
}

#[test]
fn a_batch_is_one_proof() {
    let sandbox = proved();
    let three = first_three(&sandbox);
    let batch =
        json(&sandbox, &["prove", PLAN, "--input", three, "--batch", "-o", "three.proof"]).done().json();
    let found = verify(&sandbox, "three.proof").done().json();
    assert_eq!((&found["items"], &found["answers"]), (&Value::from(3), &batch["answers"]));
    let single = verify(&sandbox, "case.proof").done().json();
    assert_eq!(found["answers"][2], single["answers"][0]);
}

#[test]
fn a_decision_is_explained_the_same_way_every_time() {
    let sandbox = proved();
    let explain = |more: &[&str]| {
        json(&sandbox, &[&["explain", PLAN, "--input", EVALUATION, "--row", "3"], more].concat())
    };
    let first = explain(&["-o", "case.explanation"]).done().json();
    assert_eq!(explain(&[]).done().json(), first);
    let file: Value =
        serde_json::from_slice(&fs::read(sandbox.path().join("case.explanation")).unwrap()).unwrap();
    assert_eq!(file, first);
    let features = first["features"].as_array().unwrap();
    assert_eq!((features.len(), &first["others"]), (30, &Value::from(0)));
    assert!(features.iter().all(|feature| feature["name"].as_str().unwrap().contains('_')), "{first}");
    let size = |place: usize| features[place]["effect"].as_i64().unwrap().abs();
    assert!((1..30).all(|place| size(place - 1) >= size(place)));
    let few = explain(&["--top", "2", "--baseline", "zero"]).done().json();
    assert_eq!((few["features"].as_array().unwrap().len(), &few["others"]), (2, &Value::from(28)));
    assert_ne!(few["baseline"], first["baseline"]);
    // By the definition: the same row with that feature at zero has a margin smaller by the effect.
    let text = fs::read_to_string(sandbox.path().join(EVALUATION)).unwrap();
    let mut lines = text.lines();
    let (header, row) = (lines.next().unwrap(), lines.nth(2).unwrap());
    let name = few["features"][0]["name"].as_str().unwrap();
    let cells: Vec<&str> = header
        .split(',')
        .zip(row.split(','))
        .map(|(column, cell)| if column == name { "0" } else { cell })
        .collect();
    fs::write(sandbox.path().join("without.csv"), format!("{header}\n{}", cells.join(","))).unwrap();
    let without = json(&sandbox, &["explain", PLAN, "--input", "without.csv", "--clamp"]).done().json();
    let same = without["target"]["output"] == few["target"]["output"];
    let score = |explanation: &Value| explanation["score"].as_i64().unwrap();
    let left = if same { score(&without) } else { -score(&without) };
    assert_eq!(score(&few) - few["features"][0]["effect"].as_i64().unwrap(), left);
    explain(&["-o", "case.explanation"]).refused(2, "there already");
    explain(&["--top", "0"]).refused(2, "top");
    let all = json(&sandbox, &["explain", PLAN, "--input", EVALUATION]).refused(2, "choose one with --row N");
    assert!(!all.contains("--batch"), "{all}");
    json(&sandbox, &["explain", PLAN]).refused(2, "Pass --input FILE or --committed FILE");
    explain(&["--patch", "2"]).refused(2, "--patch is for images");
    // An input that was committed to is named.
    let made = ["commit", PLAN, "--input", EVALUATION, "--row", "3", "-o", "case.input"];
    let made = json(&sandbox, &made).done().json();
    let named = json(&sandbox, &["explain", PLAN, "--committed", "case.input"]).done().json();
    assert_eq!((&named["input"], &named["features"]), (&made["identity"], &first["features"]));

    // It goes into the decision's record.
    fs::write(sandbox.path().join("decision.json"), "{\"case\": 3}").unwrap();
    let about = format!("{:?}", B256::repeat_byte(7));
    let append = |file: &str| {
        let command = ["log", "append", "decision.json", "--about", &about, "--explanation", file];
        json(&sandbox, &command)
    };
    append("decision.json").refused(2, "explanation");
    append("none").refused(3, "none");
    fs::write(sandbox.path().join("decision.json"), "{\"case\": 3}\n{\"case\": 4}").unwrap();
    append("case.explanation").refused(2, "one record");
}

#[test]
fn a_plan_is_measured() {
    let sandbox = proved();
    let bench = |more: &[&str]| {
        let command = ["bench", PLAN, "--input", EVALUATION, "--row", "3", "--runs", "2"];
        json(&sandbox, &[&command, more].concat())
    };
    let found = bench(&[]).done().json();
    assert_eq!(found["bytes"], found["predicted"]["bytes"]);
    let seconds = |value: &Value| value.as_f64().unwrap();
    let stages = found["stages"].as_array().unwrap();
    assert_eq!(stages.len(), 12, "{stages:?}");
    let sum: f64 = stages.iter().map(|stage| seconds(&stage[1])).sum();
    assert!((sum - seconds(&found["seconds"])).abs() < 1e-6);
    assert_eq!(bench(&["--transparent"]).done().json()["mode"], "transparent");
    bench(&["--runs", "0"]).refused(2, "runs");
    json(&sandbox, &["bench", PLAN]).refused(2, "--input");
    assert_eq!(
        fs::read_dir(sandbox.path())
            .unwrap()
            .filter(|entry| { entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "proof") })
            .count(),
        1,
        "nothing is left behind"
    );
}

#[test]
fn every_part_of_a_statement_is_proved() {
    let sandbox = proved();
    type Edit = fn(&mut ProofFile);
    let changes: [(&str, Edit); 13] = [
        ("decision", |file| file.statement.public[0] = 0),
        ("a class that there is not", |file| file.statement.public[0] = 2),
        ("output dropped", |file| file.statement.public.clear()),
        ("chain", |file| file.statement.chain_id = 1),
        ("contract", |file| file.statement.contract.0[19] ^= 1),
        ("request", |file| file.statement.request = B256::repeat_byte(1)),
        ("beneficiary", |file| file.statement.beneficiary.0[0] ^= 1),
        ("version", |file| file.statement.version = B256::repeat_byte(1)),
        ("weights", |file| file.statement.weights = B256::repeat_byte(1)),
        ("plan", |file| file.statement.plan = B256::repeat_byte(1)),
        ("schema", |file| file.statement.schema = B256::repeat_byte(1)),
        ("seed", |file| file.statement.seed = B256::repeat_byte(1)),
        ("terms", |file| file.statement.terms = B256::repeat_byte(1)),
    ];
    for (what, edit) in changes {
        change(&sandbox, "case.proof", "changed.proof", edit);
        let message = verify(&sandbox, "changed.proof").refused(1, "proves nothing");
        assert!(!message.contains("development"), "{what}: {message}");
    }
    change(&sandbox, "case.proof", "changed.proof", |file| file.statement.setup = B256::repeat_byte(1));
    verify(&sandbox, "changed.proof").refused(1, "nothing here says to accept");
    // Another input's commitment, honestly made.
    prove(&sandbox, &["--row", "4", "-o", "other.proof"]).done();
    let other = ProofFile::decode(&fs::read(sandbox.path().join("other.proof")).unwrap()).unwrap();
    change(&sandbox, "case.proof", "changed.proof", |file| file.input = other.input);
    verify(&sandbox, "changed.proof").refused(1, "proves nothing");
    change(&sandbox, "case.proof", "changed.proof", |file| file.proof = other.proof);
    verify(&sandbox, "changed.proof").refused(1, "proves nothing");
}

#[test]
fn all_scores_are_made_known_where_that_is_asked() {
    let sandbox = proved();
    compile(&sandbox, &["--reveal", "values", "-o", "scores.plan"]).done();
    json(&sandbox, &["commit", "scores.plan"]).done();
    let row = ["--input", EVALUATION, "--row", "3"];
    json(&sandbox, &[&["prove", "scores.plan", "-o", "scores.proof"][..], &row].concat()).done();
    let verify = |proof: &str| json(&sandbox, &["verify", "scores.plan", proof]);
    let answer = verify("scores.proof").done().json()["answers"][0].clone();
    let score = |class: usize| answer["values"][class].as_f64().unwrap();
    assert!(score(1) > score(0) && answer["decision"] == 1, "{answer}");
    for cell in 0..2 {
        change(&sandbox, "scores.proof", "changed.proof", |file| file.statement.public[cell] += 1);
        verify("changed.proof").refused(1, "proves nothing");
    }
    // One plan says one thing: the proof of a decision is not one of scores.
    json(&sandbox, &["verify", "scores.plan", "case.proof"]).refused(1, "the proof is for plan");
}

#[test]
fn an_input_may_be_stated() {
    let sandbox = proved();
    let row = ["--row", "3", "--public-inputs"];
    prove(&sandbox, &[&row[..], &["-o", "open.proof"]].concat()).done();
    let found = verify(&sandbox, "open.proof").done().json();
    assert_eq!(found["answers"], verify(&sandbox, "case.proof").done().json()["answers"]);
    assert_eq!(verify(&sandbox, "case.proof").done().json()["publicInputs"], Value::Array(Vec::new()));
    // What it says is the row, to the precision of the plan's inputs.
    let given = &found["publicInputs"][0]["items"][0];
    let text = fs::read_to_string(sandbox.path().join(EVALUATION)).unwrap();
    let row: Vec<f64> =
        text.lines().nth(3).unwrap().split(',').skip(2).map(|cell| cell.parse().unwrap()).collect();
    assert_eq!(given.as_array().unwrap().len(), 30);
    for (given, cell) in given.as_array().unwrap().iter().zip(&row) {
        assert!((given.as_f64().unwrap() - cell).abs() <= cell.abs() / 64.0 + 0.01, "{given}, not {cell}");
    }
    let words = sandbox.run(&["verify", PLAN, "open.proof"]).done().stdout;
    assert!(
        words.contains("given ") && words.contains("hides the weights and everything between"),
        "{words}"
    );
    // Each value counts, also a padding cell's, and so does how many there are.
    for place in [0, 29, 31] {
        change(&sandbox, "open.proof", "changed.proof", |file| file.statement.public[place] += 1);
        verify(&sandbox, "changed.proof").refused(1, "proves nothing");
    }
    change(&sandbox, "open.proof", "changed.proof", |file| file.statement.public.truncate(32));
    verify(&sandbox, "changed.proof").refused(1, "proves nothing");
    change(&sandbox, "open.proof", "changed.proof", |file| drop(file.statement.public.drain(..32)));
    verify(&sandbox, "changed.proof").refused(1, "proves nothing");
    // A batch of three is stated too.
    let three = first_three(&sandbox);
    let batch = ["prove", PLAN, "--input", three, "--batch", "--public-inputs", "-o", "three.proof"];
    json(&sandbox, &batch).done();
    let found = verify(&sandbox, "three.proof").done().json();
    let items = found["publicInputs"][0]["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[2]), (3, given));
}

#[test]
fn a_proof_is_for_one_chain() {
    let sandbox = proved();
    let on = |chain: &str| json(&sandbox, &["verify", PLAN, "case.proof", "--chain-id", chain]);
    on("31337").done();
    on("1").refused(1, "for chain 31337, not for chain 1");
}

#[test]
fn another_plan_and_other_weights_are_named() {
    let sandbox = proved();
    json(
        &sandbox,
        &[
            "compile",
            "breast_cancer/model-v1.onnx",
            "--calibrate",
            TRAINING,
            "--columns",
            "mean_radius,mean_texture,mean_perimeter,mean_area,mean_smoothness,mean_compactness,mean_concavity,\
             mean_concave_points,mean_symmetry,mean_fractal_dimension",
            "-o",
            "first.plan",
        ],
    )
    .done();
    json(&sandbox, &["verify", "first.plan", "case.proof"]).refused(2, "aver commit first.plan");
    json(&sandbox, &["commit", "first.plan"]).done();
    json(&sandbox, &["verify", "first.plan", "case.proof"]).refused(1, "the proof is for plan");
    // The same plan, committed to with another salt.
    compile(&sandbox, &["-o", "twin.plan"]).done();
    json(&sandbox, &["commit", "twin.plan"]).done();
    json(&sandbox, &["verify", "twin.plan", "case.proof"]).refused(1, "the proof is for weights");
    // With the first one's salt it is the same commitment.
    compile(&sandbox, &["-o", "same.plan"]).done();
    json(&sandbox, &["commit", "same.plan", "--salt-of", PLAN]).done();
    json(&sandbox, &["verify", "same.plan", "case.proof"]).done();
    // Somebody else's points under this commitment's name.
    let path = |plan: &str| sandbox.path().join(plan).join("public/commitment");
    let twin = WeightsCommitment::decode(&fs::read(path("twin.plan")).unwrap()).unwrap();
    fs::copy(path("twin.plan"), path(PLAN)).unwrap();
    change(&sandbox, "case.proof", "changed.proof", |file| file.statement.weights = twin.identity());
    verify(&sandbox, "changed.proof").refused(1, "proves nothing");
    // Proving with a salt that is not the commitment's is noticed before anything is written.
    prove(&sandbox, &["--row", "3", "-o", "x.proof"]).refused(1, "not of");
}

#[test]
fn files_that_are_no_proofs_are_refused_by_what_is_wrong_with_them() {
    let sandbox = proved();
    let bytes = fs::read(sandbox.path().join("case.proof")).unwrap();
    let put = |bytes: &[u8]| fs::write(sandbox.path().join("bad.proof"), bytes).unwrap();
    for length in [0, 10, 22, 300, bytes.len() - 1] {
        put(&bytes[..length]);
        verify(&sandbox, "bad.proof").refused(1, "bad.proof");
    }
    put(&[bytes.clone(), vec![0]].concat());
    verify(&sandbox, "bad.proof").refused(1, "left over");
    put(&vec![0xff; 1 << 16]);
    verify(&sandbox, "bad.proof").refused(1, "averment-proof-file/1");
    verify(&sandbox, "none.proof").refused(3, "none.proof");
    // Every word of the proof counts.
    let file = ProofFile::decode(&bytes).unwrap();
    let begin = bytes.len() - file.proof.len();
    for word in (0..file.proof.len() / 32).step_by(9) {
        let mut changed = bytes.clone();
        changed[begin + 32 * word + 31] ^= 1;
        put(&changed);
        verify(&sandbox, "bad.proof").refused(1, "proves nothing");
    }
}

#[test]
fn the_development_setup_is_accepted_only_by_its_name() {
    let sandbox = proved();
    let outside = Sandbox::empty();
    let plan: PathBuf = sandbox.path().join(PLAN);
    let (plan, proof) = (plan.to_str().unwrap().to_owned(), sandbox.path().join("case.proof"));
    let verify = |more: &[&str]| {
        let command = ["verify", &plan, proof.to_str().unwrap()];
        json(&outside, &[&command, more].concat())
    };
    verify(&[]).refused(1, "pass --setup development");
    verify(&["--setup", "development"]).done();
    let ptau = Path::new(env!("CARGO_MANIFEST_DIR")).join("../prover/tests/fixtures/ptau/pot8.ptau");
    verify(&["--setup", ptau.to_str().unwrap()]).refused(1, "pass --setup development");
    // Committing without a setup says what there is to choose from.
    json(&outside, &["commit", &plan]).refused(2, "committed already");
    let (model, training) = (sandbox.path().join(MODEL), sandbox.path().join(TRAINING));
    let compile = ["compile", model.to_str().unwrap(), "--calibrate", training.to_str().unwrap()];
    let more = ["--except", "row,diagnosis", "-o", "own.plan"];
    json(&outside, &[&compile[..], &more].concat()).done();
    json(&outside, &["commit", "own.plan"]).refused(2, "--setup FILE.ptau");
    json(&outside, &["commit", "own.plan", "--setup", ptau.to_str().unwrap()]).refused(3, "pot8.ptau");
    json(&outside, &["commit", "own.plan", "--setup", "none.ptau"]).refused(3, "none.ptau");
}

#[test]
fn wrong_inputs_are_explained() {
    let sandbox = proved();
    let put = |name: &str, text: &str| fs::write(sandbox.path().join(name), text).unwrap();
    prove(&sandbox, &["-o", "x.proof"]).refused(2, "--row N");
    prove(&sandbox, &["--row", "115", "-o", "x.proof"]).refused(2, "it holds 114");
    prove(&sandbox, &["--row", "0", "-o", "x.proof"]).refused(2, "the first row is 1");
    prove(&sandbox, &["--request", "12", "-o", "x.proof"]).refused(2, "64 hexadecimal digits");
    prove(&sandbox, &["--beneficiary", "bob", "-o", "x.proof"]).refused(2, "40 hexadecimal digits");
    json(&sandbox, &["prove", PLAN, "-o", "x.proof"]).refused(2, "Pass --input FILE or --committed FILE");
    // What is said of a file's inputs has no meaning for a commitment, nor has a batch for one.
    for more in [&["--row", "3"][..], &["--batch"], &["--clamp"]] {
        let command = ["prove", PLAN, "--committed", "case.input", "-o", "x.proof"];
        json(&sandbox, &[&command, more].concat()).refused(2, "cannot be used with");
    }
    for about_weights in [["--for-batch", "4"], ["--commitments", "each"]] {
        let batch = ["commit", PLAN, "--input", EVALUATION, "--batch", "-o", "x.input"];
        json(&sandbox, &[&batch[..], &about_weights].concat()).refused(2, "cannot be used with");
    }
    put("short.csv", "mean_radius,mean_texture\n1,2\n");
    let with = |file: &str, more: &[&str]| {
        json(&sandbox, &[&["prove", PLAN, "--input", file, "-o", "x.proof"], more].concat())
    };
    with("short.csv", &[]).refused(2, "no column \"mean_perimeter\"");
    let cells = |value: &str| vec![value; 30].join(",");
    put("plain.csv", &cells("1e9"));
    with("plain.csv", &[]).refused(2, "--clamp");
    put("few.json", "{\"input_data\": [[1, 2, 3]]}");
    with("few.json", &[]).refused(2, "30 cells");
    put("x.txt", "1");
    with("x.txt", &[]).refused(2, ".csv");
    with("none.csv", &[]).refused(3, "none.csv");
    assert!(!sandbox.path().join("x.proof").exists());
    with("plain.csv", &["--clamp"]).done();
    verify(&sandbox, "x.proof").done();
    with("plain.csv", &["--clamp"]).refused(2, "there already");
}

#[test]
fn what_cannot_be_compiled_leaves_nothing_behind() {
    let sandbox = proved();
    compile(&sandbox, &["-o", PLAN]).refused(2, "there already");
    json(&sandbox, &["compile", MODEL, "--calibrate", TRAINING, "-o", "x.plan"]).refused(2, "--except");
    json(&sandbox, &["compile", TRAINING, "--calibrate", TRAINING, "-o", "x.plan"])
        .refused(2, "not an ONNX model");
    json(&sandbox, &["compile", "none.onnx", "--calibrate", TRAINING, "-o", "x.plan"])
        .refused(3, "none.onnx");
    assert!(!sandbox.path().join("x.plan").exists());
    json(&sandbox, &["commit", PLAN]).refused(2, "committed already");
    json(&sandbox, &["commit", MODEL]).refused(2, "aver compile");
    json(&sandbox, &["commit", "none.plan"]).refused(2, "there is no none.plan");
    json(&sandbox, &["verify", "breast_cancer", "case.proof"]).refused(2, "no plan's folder");
    // A compilation that was cut off before the plan was written is begun anew.
    fs::remove_file(sandbox.path().join(PLAN).join("public/plan")).unwrap();
    fs::remove_file(sandbox.path().join(PLAN).join("public/commitment")).unwrap();
    compile(&sandbox, &["-o", PLAN]).done();
    json(&sandbox, &["commit", PLAN]).done();
}

#[test]
fn weights_without_their_certificate_prove_nothing() {
    let sandbox = proved();
    let path = |plan: &str| sandbox.path().join(plan).join("public/certificate");
    let whole = fs::read(path(PLAN)).unwrap();
    fs::remove_file(path(PLAN)).unwrap();
    verify(&sandbox, "case.proof").refused(1, "no certificate of its weights");
    for length in [0, 31, whole.len() - 32] {
        fs::write(path(PLAN), &whole[..length]).unwrap();
        verify(&sandbox, "case.proof").refused(1, "certificate");
    }
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(path(PLAN), changed).unwrap();
    verify(&sandbox, "case.proof").refused(1, "certificate");
    // That of the same weights under another salt.
    compile(&sandbox, &["-o", "twin.plan"]).done();
    json(&sandbox, &["commit", "twin.plan"]).done();
    fs::copy(path("twin.plan"), path(PLAN)).unwrap();
    verify(&sandbox, "case.proof").refused(1, "certificate");
    fs::write(path(PLAN), whole).unwrap();
    verify(&sandbox, "case.proof").done();
}

#[test]
fn damaged_plans_are_named() {
    let sandbox = proved();
    for (name, code) in [
        ("public/plan", 1),
        ("public/commitment", 1),
        ("public/schema", 1),
        ("private/weights", 1),
        ("private/salt", 1),
    ] {
        let path = sandbox.path().join(PLAN).join(name);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let short = name.rsplit('/').next().unwrap();
        prove(&sandbox, &["--row", "3", "-o", "x.proof"]).refused(code, short);
        fs::write(&path, whole).unwrap();
    }
    let path = sandbox.path().join(PLAN).join("private/calibration");
    fs::write(path, "{}").unwrap();
    prove(&sandbox, &["--row", "3", "-o", "x.proof"]).refused(1, "calibration");
}
