//! `aver export oms`, `aver import oms` and the keys they need, as a person runs them.

mod sandbox;

use averment_ledger::keys::{Cost, Password};
use sandbox::{PASSWORD, Run, Sandbox};
use serde_json::Value;
use std::{fs, path::Path};

/// A configured folder with the model `weights/` and the key `signing`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::configured();
    let password = Password::new(PASSWORD.as_bytes().to_vec().into()).unwrap();
    sandbox.keys().create_model_key("signing", &password, Cost::Light).unwrap();
    write(&sandbox, "weights/layers/a.bin", [7; 1000]);
    write(&sandbox, "weights/b.txt", "b");
    write(&sandbox, "weights/empty", "");
    write(&sandbox, "weights/.gitignore", "*.pyc\n");
    sandbox
}

fn write(sandbox: &Sandbox, path: &str, bytes: impl AsRef<[u8]>) {
    let path = sandbox.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn export(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let first = ["--json", "export", "oms", "weights", "--key", "signing", "-o", "weights.sig"];
    sandbox.run(&[&first, arguments].concat())
}

fn import(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let first =
        ["--json", "import", "oms", "weights", "--signature", "weights.sig", "--key", "signing.pub.pem"];
    sandbox.run(&[&first, arguments].concat())
}

fn public(sandbox: &Sandbox) {
    sandbox.run(&["keys", "public", "signing", "-o", "signing.pub.pem"]).done();
}

#[test]
fn a_signed_model_is_checked_with_the_public_key_alone() {
    let sandbox = sandbox();
    let signed = export(&sandbox, &[]).done().json();
    assert_eq!((&signed["files"], &signed["bytes"]), (&3.into(), &1001.into()));
    assert_eq!((&signed["hash"], &signed["bundle"]), (&"sha256".into(), &"weights.sig".into()));
    public(&sandbox);
    // Whoever checks has neither configuration nor password.
    let elsewhere = tempfile::tempdir().unwrap();
    let (model, bundle, key) =
        ["weights", "weights.sig", "signing.pub.pem"].map(|path| sandbox.path().join(path)).into();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let arguments =
        ["import", "oms", &text(&model), "--signature", &text(&bundle), "--key", &text(&key), "--json"];
    let output = sandbox
        .command(&arguments)
        .current_dir(elsewhere.path())
        .env_remove("AVERMENT_PASSWORD_FILE")
        .output()
        .unwrap();
    let checked: Value = serde_json::from_slice(&output.stdout).unwrap();
    for field in ["name", "digest", "key", "hash", "files", "bytes", "ignored", "empty"] {
        assert_eq!(checked[field], signed[field], "{field}");
    }
    assert_eq!(checked["ignored"], serde_json::json!([".gitignore"]));
    let words =
        sandbox.run(&["import", "oms", "weights", "--signature", "weights.sig", "--key", "signing.pub.pem"]);
    let words = words.done().stdout;
    assert!(words.contains("weights is what was signed: 3 files, 1001 bytes, sha256"), "{words}");
    assert!(words.contains("not covered, because ignored: \".gitignore\""), "{words}");
}

#[test]
fn every_way_of_signing_is_checked() {
    let sandbox = sandbox();
    public(&sandbox);
    for arguments in [
        &["--hash", "blake2b"][..],
        &["--hash", "blake3", "--sign-git-paths"],
        &["--shard-size", "300"],
        &["--hash", "blake2b", "--shard-size", "1000000000"],
        &["--ignore", "layers", "--ignore", "b.txt"],
    ] {
        let signed = export(&sandbox, arguments).done().json();
        let checked = import(&sandbox, &[]).done().json();
        assert_eq!(checked["digest"], signed["digest"], "{arguments:?}");
        assert_eq!(checked["files"], signed["files"], "{arguments:?}");
        let sharded = arguments.contains(&"--shard-size");
        assert_eq!(checked["empty"].as_array().unwrap().len(), usize::from(sharded), "{arguments:?}");
    }
    std::os::unix::fs::symlink("b.txt", sandbox.path().join("weights/link")).unwrap();
    export(&sandbox, &[]).refused(1, "is a symbolic link");
    assert_eq!(export(&sandbox, &["--follow-symlinks"]).done().json()["files"], 4);
    import(&sandbox, &[]).done();
}

#[test]
fn every_difference_is_named_and_refused() {
    let sandbox = sandbox();
    public(&sandbox);
    export(&sandbox, &[]).done();
    write(&sandbox, "weights/layers/a.bin", [8; 1000]);
    fs::remove_file(sandbox.path().join("weights/empty")).unwrap();
    for number in 0..12 {
        write(&sandbox, &format!("weights/extra-{number}"), "x");
    }
    let message = import(&sandbox, &[]).refused(1, "weights is not what was signed in weights.sig");
    for line in ["changed: \"layers/a.bin\"", "missing: \"empty\"", "not signed: \"extra-0\"", "extra-11"] {
        assert!(message.contains(line), "{message}");
    }
    let words =
        sandbox.run(&["import", "oms", "weights", "--signature", "weights.sig", "--key", "signing.pub.pem"]);
    assert_eq!(words.code, 1);
    assert!(words.stdout.is_empty() && words.stderr.contains("missing: \"empty\""), "{words:?}");
}

#[test]
fn broken_bundles_and_other_keys_are_refused_and_mistakes_are_usage() {
    let sandbox = sandbox();
    public(&sandbox);
    import(&sandbox, &[]).refused(3, "weights.sig");
    export(&sandbox, &[]).done();
    let bundle = fs::read(sandbox.path().join("weights.sig")).unwrap();
    write(&sandbox, "weights.sig", &bundle[..bundle.len() / 2]);
    import(&sandbox, &[]).refused(1, "not JSON");
    write(&sandbox, "weights.sig", &bundle);
    sandbox.run(&["keys", "new", "other", "--kind", "model-signing"]).done();
    sandbox.run(&["keys", "public", "other", "-o", "other.pub.pem"]).done();
    let check = |key: &str| {
        sandbox.run(&["--json", "import", "oms", "weights", "--signature", "weights.sig", "--key", key])
    };
    check("other.pub.pem").refused(1, "signed by another key");
    check("weights.sig").refused(2, "P-256 public key");
    check("none.pem").refused(3, "none.pem");
    import(&sandbox, &["--ignore", "../x"]).refused(2, "cannot be ignored");
    import(&sandbox, &["--ignore", "layers"]).refused(1, "is signed, and ignored");
    // What is no bundle is never replaced.
    export(&sandbox, &["--ignore", "/etc"]).refused(2, "cannot be ignored");
    let onto =
        |path: &str| sandbox.run(&["--json", "export", "oms", "weights", "--key", "signing", "-o", path]);
    onto("weights/b.txt").refused(2, "is there already and is no signature bundle");
    onto("none/weights.sig").refused(3, "none/weights.sig");
    assert_eq!(fs::read(sandbox.path().join("weights/b.txt")).unwrap(), b"b");
    let signer =
        |key: &str| sandbox.run(&["--json", "export", "oms", "weights", "--key", key, "-o", "x.sig"]);
    signer("nobody").refused(2, "there is no key \"nobody\"");
    signer("signing.pub.pem").refused(2, "is a public key");
    signer("none.pem").refused(3, "none.pem");
    sandbox.key("owner");
    signer("owner").refused(2, "one of the kind model signing (p256) is needed");
    assert!(!sandbox.path().join("x.sig").exists());
}

#[test]
fn keys_are_made_shown_and_taken_over_from_pem_files() {
    let sandbox = sandbox();
    let made = sandbox.run(&["--json", "keys", "new", "second", "--kind", "model-signing"]).done().json();
    let shown = sandbox.run(&["--json", "keys", "public", "second"]).done().json();
    assert_eq!(shown["public"], made["public"]);
    assert_eq!(shown["kind"], "model signing (p256)");
    let pem = sandbox.run(&["keys", "public", "second"]).done().stdout;
    assert_eq!(pem, shown["pem"].as_str().unwrap());
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{pem}");
    let file = fs::read_to_string(sandbox.path().join(".averment/keys/second.json")).unwrap();
    assert!(file.contains("\"scrypt\"") && file.contains("\"p256\""), "{file}");

    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ledger/tests/keys");
    let theirs = fs::read_to_string(fixtures.join("openssl_public.pem")).unwrap();
    for form in ["sec1", "pkcs8"] {
        let pem = fixtures.join(format!("openssl_{form}.pem"));
        let pem = pem.to_str().unwrap();
        sandbox.run(&["keys", "import", form, pem]).done();
        assert_eq!(sandbox.run(&["keys", "public", form]).done().stdout, theirs);
        // The file itself signs too.
        let name = format!("{form}.sig");
        let signed =
            sandbox.run(&["--json", "export", "oms", "weights", "--key", pem, "-o", &name]).done().json();
        let other = format!("{form}-again.sig");
        let again =
            sandbox.run(&["--json", "export", "oms", "weights", "--key", form, "-o", &other]).done().json();
        assert_eq!(signed["key"], again["key"]);
        assert_eq!(
            fs::read(sandbox.path().join(name)).unwrap(),
            fs::read(sandbox.path().join(other)).unwrap()
        );
    }
    sandbox.run(&["--json", "keys", "public", "sec1", "-o", "weights/b.txt"]).refused(2, "is there already");
    let address = sandbox.key("owner").to_string();
    assert_eq!(sandbox.run(&["keys", "public", "owner"]).done().stdout.trim_end(), address);
}
