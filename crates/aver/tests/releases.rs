//! `aver register` and `aver audit`, as a person types them: from `model.toml` to a file that verifies offline.

mod sandbox;

use sandbox::{OWNER, Sandbox};
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

const MODEL: &str = "breast-cancer-triage";

/// A project with the model on its chain and the example's files in it.
fn project() -> Sandbox {
    let sandbox = Sandbox::deployed();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/breast_cancer");
    let target = sandbox.path().join("model");
    fs::create_dir_all(target.join("data")).unwrap();
    for name in [
        "model-v1.toml",
        "model-v1.onnx",
        "model-v2.toml",
        "model-v2.onnx",
        "train.py",
        "requirements.txt",
        "data/training.csv",
        "data/evaluation.csv",
    ] {
        fs::copy(examples.join(name), target.join(name)).unwrap();
    }
    for key in ["medical", "risk"] {
        sandbox.key(key);
    }
    let roles = ["--role", "medical=medical", "--role", "risk=risk", "--threshold", "2"];
    sandbox.by(OWNER, &[&["model", "create", MODEL], &roles[..]].concat()).done();
    sandbox
}

fn edit(sandbox: &Sandbox, file: &str, from: &str, to: &str) {
    let path = sandbox.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from:?}");
    fs::write(path, text.replace(from, to)).unwrap();
}

fn register(sandbox: &Sandbox, file: &str) -> Value {
    sandbox.by(OWNER, &["register", file]).done().json()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// Verifies an audit file as somebody who has nothing but the file and a block hash.
fn verify(sandbox: &Sandbox, file: &str, made: &Value, more: &[&str]) -> sandbox::Run {
    let hash = text(&made["block"], "hash");
    sandbox.run(&[&["audit", "verify", file, "--block-hash", hash, "--json"], more].concat())
}

#[test]
fn two_versions_are_registered_from_their_manifests_and_audited_offline() {
    let sandbox = project();
    let first = register(&sandbox, "model/model-v1.toml");
    let listing = sandbox.run(&["fingerprint", "model/model-v1.onnx", "--json"]).done().json();
    assert_eq!(first["artifactsRoot"], listing["root"]);
    sandbox.by(OWNER, &["register", "model/model-v1.toml"]).refused(2, "a number of its own");
    // The parent is named by its number in model.toml.
    let second = register(&sandbox, "model/model-v2.toml");
    assert_eq!(second["parents"][0], first["version"]);

    let made = sandbox.by(OWNER, &["audit", &format!("{MODEL}@2.0.0"), "-o", "audit.json"]).done().json();
    assert_eq!(made["version"], second["version"]);
    let page = fs::read_to_string(sandbox.path().join("audit.html")).unwrap();
    assert!(page.contains(MODEL) && page.contains("proves nothing to a third party"));
    assert!(!page.contains("<script"), "the page holds no program");

    let elsewhere = Sandbox::empty();
    fs::copy(sandbox.path().join("audit.json"), elsewhere.path().join("audit.json")).unwrap();
    let pinned = ["--registry", text(&made, "registry"), "--anchors", text(&made, "anchors")];
    let verified = verify(&elsewhere, "audit.json", &made, &pinned).done().json();
    assert_eq!(verified["version"], second["version"]);
    assert_eq!(verified["versions"].as_array().unwrap().len(), 2);
    let own = [&pinned[..], &["--page", "mine.html"]].concat();
    assert_eq!(verify(&elsewhere, "audit.json", &made, &own).done().json()["page"], "mine.html");
    let mine = fs::read_to_string(elsewhere.path().join("mine.html")).unwrap();
    assert!(mine == page, "whoever insists on the same draws the same page");

    let strict = verify(&elsewhere, "audit.json", &made, &["--refuse-embedded"]);
    strict.refused(1, "embedded");
    let other = ["--registry", "0x00000000000000000000000000000000000000aa"];
    verify(&elsewhere, "audit.json", &made, &other).refused(1, "registry");
    elsewhere
        .run(&["audit", "verify", "audit.json", "--block-hash", text(&first, "artifactsRoot"), "--json"])
        .refused(1, "block");
    edit(&elsewhere, "audit.json", "\"size\":16959", "\"size\":16958");
    verify(&elsewhere, "audit.json", &made, &[]).refused(1, "artifacts");
    fs::write(elsewhere.path().join("audit.json"), "{}").unwrap();
    verify(&elsewhere, "audit.json", &made, &[]).refused(1, "averment-audit/1");
    verify(&elsewhere, "missing.json", &made, &[]).refused(3, "missing.json");
}

#[test]
fn what_a_reader_insists_on_can_stand_in_the_configuration() {
    let sandbox = project();
    register(&sandbox, "model/model-v1.toml");
    let made = sandbox.by(OWNER, &["audit", &format!("{MODEL}@1.0.0"), "-o", "audit.json"]).done().json();
    let caveats = |run: sandbox::Run| run.done().json()["caveats"].to_string();
    assert!(caveats(verify(&sandbox, "audit.json", &made, &[])).contains("--registry"));
    edit(
        &sandbox,
        "averment.toml",
        "# registry = \"0x…\"",
        &format!("registry = \"{}\"", text(&made, "registry")),
    );
    assert!(!caveats(verify(&sandbox, "audit.json", &made, &[])).contains("--registry"));
    let other = "0x00000000000000000000000000000000000000aa";
    edit(&sandbox, "averment.toml", text(&made, "registry"), other);
    verify(&sandbox, "audit.json", &made, &[]).refused(1, "registry");
    // A flag goes over the file.
    verify(&sandbox, "audit.json", &made, &["--registry", text(&made, "registry")]).done();
}

#[test]
fn a_private_dataset_is_committed_to_and_disclosed_only_on_request() {
    let sandbox = project();
    let training = sandbox.path().join("model/data/training.csv");
    let found = sandbox.run(&["fingerprint", training.to_str().unwrap(), "--json"]).done().json();
    let root = text(&found, "root").to_owned();
    edit(
        &sandbox,
        "model/model-v1.toml",
        "use = \"training\"\nvisibility = \"public\"",
        "use = \"training\"\nvisibility = \"private\"",
    );
    let registered = register(&sandbox, "model/model-v1.toml");
    let folder = sandbox.path().join(text(&registered, "folder"));
    let mode = fs::metadata(folder.join("openings.json")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);

    let bare = root.trim_start_matches("0x");
    let version = format!("{MODEL}@1.0.0");
    let audit = |output: &str, more: &[&str]| {
        sandbox.by(OWNER, &[&["audit", &version, "-o", output], more].concat()).done();
        let file = fs::read_to_string(sandbox.path().join(output)).unwrap();
        let page = fs::read_to_string(sandbox.path().join(output).with_extension("html")).unwrap();
        (file, page)
    };
    let manifest = fs::read_to_string(folder.join("manifest.json")).unwrap();
    let (file, page) = audit("closed.json", &[]);
    for public in [&manifest, &file, &page] {
        assert!(!public.contains(bare), "the private dataset's root is public");
    }
    let (_, page) = audit("open.json", &["--disclose", "wdbc training rows"]);
    assert!(page.contains(bare), "the disclosed root is on the page");
    let unknown = ["audit", &version, "-o", "x.json", "--disclose", "wdbc evaluation rows"];
    sandbox.by(OWNER, &unknown).refused(2, "wdbc training rows");
    assert!(!sandbox.path().join("x.json").exists());
}

#[test]
fn everything_wrong_with_a_manifest_is_named_before_anything_is_sent() {
    let sandbox = project();
    edit(&sandbox, "model/model-v1.toml", "purpose = ", "porpoise = ");
    edit(&sandbox, "model/model-v1.toml", "visibility = \"public\"", "visibility = \"secret\"");
    let message =
        sandbox.by(OWNER, &["register", "model/model-v1.toml"]).refused(2, "model.purpose: missing");
    assert!(message.contains("datasets[0].visibility") && message.contains("line "), "{message}");

    for (text, words) in
        [("", "[model]"), ("a = [", "line 1"), ("format = \"averment-manifest/9\"", "averment-manifest/1")]
    {
        fs::write(sandbox.path().join("bad.toml"), text).unwrap();
        sandbox.by(OWNER, &["register", "bad.toml"]).refused(2, words);
    }
    fs::write(sandbox.path().join("bad.toml"), [0xff, 0xfe]).unwrap();
    sandbox.by(OWNER, &["register", "bad.toml"]).refused(2, "UTF-8");
    sandbox.by(OWNER, &["register", "none.toml"]).refused(3, "none.toml");
    assert!(
        !sandbox.path().join(".averment/releases").exists(),
        "nothing is kept of what was not registered"
    );
}

#[test]
fn what_cannot_be_registered_leaves_nothing_behind() {
    let sandbox = project();
    // Its parent is not registered yet.
    sandbox.by(OWNER, &["register", "model/model-v2.toml"]).refused(2, "1.0.0");
    sandbox.key("stranger");
    let model = format!("{OWNER}/{MODEL}");
    let stranger = ["register", "model/model-v1.toml", "--model", &model];
    sandbox.by("stranger", &stranger).refused(1, "nothing was sent");
    let kept = sandbox.path().join(".averment/releases");
    assert_eq!(fs::read_dir(kept).map_or(0, |folder| folder.count()), 0);
    sandbox.by("stranger", &["register", "model/model-v1.toml"]).refused(1, "aver model create");
    // Without --yes there is nobody to ask.
    let run = sandbox.run(&["register", "model/model-v1.toml", "--account", OWNER, "--json"]);
    run.refused(1, "nothing was sent");
    fs::remove_file(sandbox.path().join("model/data/training.csv")).unwrap();
    sandbox.by(OWNER, &["register", "model/model-v1.toml"]).refused(3, "wdbc training rows");
}

#[test]
fn a_dry_run_shows_the_statement_and_sends_nothing() {
    let sandbox = project();
    let statement = sandbox.run(&["register", "model/model-v1.toml", "--dry-run", "--json"]).done().json();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["subject"][0]["name"], "model-v1.onnx");
    assert_eq!(statement["predicate"]["captured"]["code"]["entries"][0]["name"], "train.py");
    assert!(!sandbox.path().join(".averment/releases").exists());
    let template = sandbox.run(&["register", "--template"]).done().stdout;
    assert!(template.contains("[model]"), "{template}");
}

#[test]
fn weights_are_kept_in_the_store_when_that_is_wanted() {
    let sandbox = project();
    sandbox.by(OWNER, &["register", "model/model-v1.toml", "--keep"]).done();
    let weights = fs::read(sandbox.path().join("model/model-v1.onnx")).unwrap();
    let mut kept = Vec::new();
    for shard in fs::read_dir(sandbox.path().join(".averment/store/objects")).unwrap() {
        for object in fs::read_dir(shard.unwrap().path()).unwrap() {
            kept.push(fs::read(object.unwrap().path()).unwrap());
        }
    }
    assert_eq!(kept, [weights]);
}

#[test]
fn an_ancestor_that_others_registered_is_asked_for_by_its_id() {
    let sandbox = project();
    let first = register(&sandbox, "model/model-v1.toml");
    register(&sandbox, "model/model-v2.toml");
    let releases = sandbox.path().join(".averment/releases");
    let theirs = sandbox.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    fs::rename(releases.join(text(&first, "version")), theirs.join(text(&first, "version"))).unwrap();
    let version = format!("{MODEL}@2.0.0");
    let message = sandbox.by(OWNER, &["audit", &version, "-o", "audit.json"]).refused(2, "--releases");
    assert!(message.contains(text(&first, "version")), "{message}");
    sandbox.by(OWNER, &["audit", &version, "-o", "audit.json", "--releases", "theirs"]).done();
    // What was kept is checked again: a manifest that was changed gives no audit file.
    let manifest = theirs.join(text(&first, "version")).join("artifacts.json");
    let changed = fs::read_to_string(&manifest).unwrap().replace("model-v1.onnx", "model-v3.onnx");
    fs::write(&manifest, changed).unwrap();
    sandbox
        .by(OWNER, &["audit", &version, "-o", "other.json", "--releases", "theirs"])
        .refused(3, "artifacts.json");
    assert!(!sandbox.path().join("other.json").exists());
    sandbox.by(OWNER, &["audit", "nobody@1.0.0", "-o", "x.json"]).refused(2, "nobody@1.0.0");
    sandbox.by(OWNER, &["audit", &format!("0x{}", "1".repeat(64)), "-o", "x.json"]).refused(1, "no version");
}
