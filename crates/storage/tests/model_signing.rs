//! OpenSSF Model Signing against bundles made by the Python tool (xtask/interop/oms.py), and models that are not
//! what was signed.

use averment_storage::{
    atomic::{Step, faults},
    fingerprint::{FingerprintError, SpecialKind},
    formats::oms::{
        self, BundleError, Coverage, Differences, ExportError, ExportOptions, GIT_PATHS, Hash, ImportError,
        ImportOptions, Method, ModelError, PublicKey, StatementError,
    },
};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use sha2::{Digest, Sha256};
use std::{
    convert::Infallible,
    fs,
    num::NonZero,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::Mutex,
};
use tempfile::{TempDir, tempdir};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/oms")
}

/// The keys of xtask/interop/oms.py.
fn secret(name: &str) -> SigningKey {
    SigningKey::from_slice(&Sha256::digest(format!("averment test key: {name}"))).unwrap()
}

fn public(name: &str) -> PublicKey {
    PublicKey::from_pem(&fs::read_to_string(fixtures().join(format!("{name}.pub.pem"))).unwrap()).unwrap()
}

fn sign(message: &[u8]) -> Result<Vec<u8>, Infallible> {
    let signature: Signature = secret("signer").sign(message);
    Ok(signature.to_der().as_bytes().to_vec())
}

fn import(model: &Path, bundle: &Path) -> Result<Coverage, ImportError> {
    oms::import(model, bundle, &ImportOptions::default(), &public("signer"), None)
}

fn export(model: &Path, bundle: &Path, options: &ExportOptions) -> Result<Coverage, ExportError<Infallible>> {
    oms::export(model, bundle, options, &public("signer"), None, sign)
}

/// A copy of the fixtures' model in a folder of its own, to be changed.
fn model() -> TempDir {
    let folder = tempdir().unwrap();
    copy(&fixtures().join("model"), &folder.path().join("model"));
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn shards(bytes: u64) -> Method {
    Method::Shards(NonZero::new(bytes).unwrap())
}

fn options(hash: Hash, method: Method) -> ExportOptions {
    ExportOptions { hash, method, ..ExportOptions::default() }
}

/// The tool's bundles: name, model, and how the same is asked of us.
fn cases() -> Vec<(&'static str, &'static str, ExportOptions)> {
    let plus = |ignore: &[&str]| {
        let ignore = GIT_PATHS.iter().chain(ignore).map(|path| (*path).to_owned()).collect();
        ExportOptions { ignore, ..ExportOptions::default() }
    };
    vec![
        ("files-sha256", "model", options(Hash::Sha256, Method::Files)),
        ("files-blake2", "model", options(Hash::Blake2b, Method::Files)),
        ("files-blake3", "model", options(Hash::Blake3, Method::Files)),
        ("shards-sha256", "model", options(Hash::Sha256, shards(300))),
        ("shards-sha256-default", "model", options(Hash::Sha256, Method::Shards(oms::DEFAULT_SHARD_BYTES))),
        ("shards-blake2", "model", options(Hash::Blake2b, shards(300))),
        ("ignored", "model", plus(&["notes", "a-b"])),
        ("everything", "model", ExportOptions { ignore: vec![], ..ExportOptions::default() }),
        ("single-file", "model/weights.bin", ExportOptions::default()),
        ("single-file-shards", "model/weights.bin", options(Hash::Sha256, shards(300))),
        ("links", "linked", ExportOptions { follow_symlinks: true, ..ExportOptions::default() }),
    ]
}

#[test]
fn the_tools_bundles_verify_and_ours_say_the_same() {
    for (name, model, options) in cases() {
        let (folder, bundle) = (fixtures().join(model), fixtures().join(format!("{name}.sig")));
        let theirs = import(&folder, &bundle).unwrap_or_else(|error| panic!("{name}: {error}"));
        let out = tempdir().unwrap();
        let ours = out.path().join("model.sig");
        assert_eq!(export(&folder, &ours, &options).unwrap(), theirs, "{name}");
        assert_eq!(import(&folder, &ours).unwrap(), theirs, "{name}");
        let key = public("signer");
        let statement = |path: &Path| oms::read(&fs::read(path).unwrap(), &key).unwrap();
        assert_eq!(statement(&ours), statement(&bundle), "{name}");
    }
}

#[test]
fn a_report_says_what_is_covered_and_what_is_not() {
    let bundle = |name: &str| fixtures().join(format!("{name}.sig"));
    let folder = fixtures().join("model");
    let files = import(&folder, &bundle("files-sha256")).unwrap();
    assert_eq!((files.name.as_str(), files.files, files.shard_bytes), ("model", 6, None));
    assert_eq!((files.ignored, files.empty), (vec![".gitignore".to_owned()], vec![]));
    assert_eq!(files.key, public("signer").hint());
    let sharded = import(&folder, &bundle("shards-blake2")).unwrap();
    assert_eq!((sharded.files, sharded.shard_bytes, sharded.hash), (5, Some(300), Hash::Blake2b));
    assert_eq!((sharded.empty, sharded.bytes), (vec!["empty".to_owned()], files.bytes));
    let ignored = import(&folder, &bundle("ignored")).unwrap();
    assert_eq!(ignored.ignored, [".gitignore", "a-b", "notes"]);
}

#[test]
fn another_key_and_no_key_are_refused() {
    let folder = fixtures().join("model");
    match import(&folder, &fixtures().join("other-key.sig")).unwrap_err() {
        ImportError::Bundle { source: BundleError::OtherKey { expected, got }, .. } => {
            assert_eq!(expected, public("signer").hint());
            assert_eq!(got, format!("{:x}", public("stranger").hint()));
        }
        other => panic!("{other}"),
    }
    let missing = import(&folder, &fixtures().join("none.sig")).unwrap_err();
    assert!(matches!(missing, ImportError::Read { .. }), "{missing}");
    let pem = |text: &str| PublicKey::from_pem(text).unwrap_err();
    assert!(matches!(pem("-----BEGIN EC PRIVATE KEY-----"), oms::KeyError::Private));
    let half = fs::read_to_string(fixtures().join("signer.pub.pem")).unwrap().replacen("MFk", "MFj", 1);
    for text in ["", "no key", &half] {
        assert!(matches!(pem(text), oms::KeyError::Form(_)), "{text:?}");
    }
}

#[test]
fn every_difference_is_named_at_once() {
    for bundle in ["files-sha256", "files-blake2", "files-blake3", "shards-sha256", "shards-blake2"] {
        let bundle = fixtures().join(format!("{bundle}.sig"));
        let folder = model();
        let root = folder.path().join("model");
        fs::write(root.join("weights.bin"), [7; 1000]).unwrap();
        fs::remove_file(root.join("a/z")).unwrap();
        fs::remove_file(root.join("notes/draft.txt")).unwrap();
        fs::write(root.join("extra.bin"), "x").unwrap();
        fs::write(root.join("a/y"), "y").unwrap();
        fs::remove_file(root.join("a-b")).unwrap();
        symlink("weights.bin", root.join("a-b")).unwrap();
        symlink("nowhere", root.join("dangling")).unwrap();
        let strings = |list: &[&str]| list.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        let expected = Differences {
            missing: strings(&["a/z", "notes/draft.txt"]),
            changed: strings(&["weights.bin"]),
            unsigned: strings(&["a/y", "extra.bin"]),
            links: strings(&["a-b", "dangling"]),
        };
        match import(&root, &bundle).unwrap_err() {
            ImportError::Differs { differences, .. } => {
                assert_eq!(differences, expected, "{}", bundle.display());
                let words = differences.to_string();
                for part in [
                    "1 changed: \"weights.bin\"",
                    "2 missing: \"a/z\"",
                    "2 not signed: \"a/y\"",
                    "2 symbolic",
                ] {
                    assert!(words.contains(part), "{words}");
                }
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn the_smallest_change_of_a_file_is_seen() {
    type Change = fn(&Path);
    let changes: [Change; 4] = [
        |file| fs::write(file, &fs::read(file).unwrap()[1..]).unwrap(),
        |file| fs::write(file, [fs::read(file).unwrap(), vec![0]].concat()).unwrap(),
        |file| fs::write(file, "").unwrap(),
        |file| {
            let mut bytes = fs::read(file).unwrap();
            bytes[999] ^= 1;
            fs::write(file, bytes).unwrap();
        },
    ];
    for bundle in ["files-sha256", "files-blake3", "shards-sha256", "shards-sha256-default", "shards-blake2"]
    {
        for (number, change) in changes.iter().enumerate() {
            let folder = model();
            let root = folder.path().join("model");
            change(&root.join("weights.bin"));
            match import(&root, &fixtures().join(format!("{bundle}.sig"))).unwrap_err() {
                ImportError::Differs { differences, .. } => {
                    let changed = vec!["weights.bin".to_owned()];
                    assert_eq!(
                        differences,
                        Differences { changed, ..Differences::default() },
                        "{bundle} {number}"
                    );
                }
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn git_paths_that_the_signer_did_not_ignore_are_not_ignored() {
    let folder = model();
    let root = folder.path().join("model");
    fs::create_dir(root.join(".git")).unwrap();
    fs::write(root.join(".git/config"), "").unwrap();
    match import(&root, &fixtures().join("everything.sig")).unwrap_err() {
        ImportError::Differs { differences, .. } => assert_eq!(differences.unsigned, [".git/config"]),
        other => panic!("{other}"),
    }
    let ignore = ImportOptions { ignore: vec![".git/".into()], ..ImportOptions::default() };
    let import = |options: &ImportOptions| {
        oms::import(&root, &fixtures().join("everything.sig"), options, &public("signer"), None)
    };
    assert_eq!(import(&ignore).unwrap().ignored, [".git"]);
    // Nobody can ignore what is signed.
    for path in ["weights.bin", "notes"] {
        let ignore = ImportOptions { ignore: vec![path.into()], ..ImportOptions::default() };
        match import(&ignore).unwrap_err() {
            ImportError::Bundle {
                source: BundleError::Statement(StatementError::Ignored { ignored, .. }),
                ..
            } => {
                assert_eq!(ignored, path);
            }
            other => panic!("{other}"),
        }
    }
    for path in ["../x", "/etc", "", ".", "a//b", "a/./b"] {
        let ignore = ImportOptions { ignore: vec![path.into()], ..ImportOptions::default() };
        let error = import(&ignore).unwrap_err();
        assert!(matches!(error, ImportError::Model(ModelError::Ignore { .. })), "{path:?}: {error}");
    }
}

#[test]
fn a_bundle_may_lie_in_its_model() {
    let folder = model();
    let root = folder.path().join("model");
    let bundle = root.join("notes/model.sig");
    let first = export(&root, &bundle, &ExportOptions::default()).unwrap();
    assert!(first.ignored == [".gitignore"], "it was not there yet");
    assert_eq!(import(&root, &bundle).unwrap().ignored, [".gitignore", "notes/model.sig"]);
    // Signed again, the old bundle is replaced.
    fs::write(root.join("a/z"), "other").unwrap();
    assert!(import(&root, &bundle).is_err());
    export(&root, &bundle, &ExportOptions::default()).unwrap();
    import(&root, &bundle).unwrap();
    // Moved elsewhere, it covers the model as it covered it before.
    let moved = folder.path().join("moved.sig");
    fs::rename(&bundle, &moved).unwrap();
    import(&root, &moved).unwrap();
}

#[test]
fn links_are_signed_only_if_they_are_to_be_followed() {
    let folder = model();
    let root = folder.path().join("model");
    symlink("weights.bin", root.join("link")).unwrap();
    let bundle = folder.path().join("model.sig");
    let error = export(&root, &bundle, &ExportOptions::default()).unwrap_err();
    assert!(
        matches!(&error, ExportError::Model(ModelError::Symlink { path }) if path.ends_with("link")),
        "{error}"
    );
    assert!(!bundle.exists());
    let follow = ExportOptions { follow_symlinks: true, ..ExportOptions::default() };
    assert_eq!(export(&root, &bundle, &follow).unwrap().files, 7);
    import(&root, &bundle).unwrap();
    fs::write(root.join("weights.bin"), "other").unwrap();
    match import(&root, &bundle).unwrap_err() {
        ImportError::Differs { differences, .. } => assert_eq!(differences.changed, ["link", "weights.bin"]),
        other => panic!("{other}"),
    }
    for target in ["nowhere", "a"] {
        fs::remove_file(root.join("link")).unwrap();
        symlink(target, root.join("link")).unwrap();
        let error = export(&root, &bundle, &follow).unwrap_err();
        assert!(matches!(error, ExportError::Model(ModelError::LinkTarget { .. })), "{error}");
        match import(&root, &bundle).unwrap_err() {
            ImportError::Differs { differences, .. } => assert_eq!(differences.links, ["link"]),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn what_cannot_be_signed_is_named() {
    let folder = model();
    let root = folder.path().join("model");
    let bundle = folder.path().join("model.sig");
    let refused = |options: &ExportOptions| match export(&root, &bundle, options).unwrap_err() {
        ExportError::Model(error) => error,
        other => panic!("{other}"),
    };
    let all = ["a", "a-b", "empty", "notes", "ünïcode", "weights.bin", ".gitignore"];
    let nothing = ExportOptions { ignore: all.map(str::to_owned).to_vec(), ..ExportOptions::default() };
    assert!(matches!(refused(&nothing), ModelError::NoFiles { .. }));
    let outside = ExportOptions { ignore: vec!["../model.sig".into()], ..ExportOptions::default() };
    assert!(matches!(refused(&outside), ModelError::Ignore { path } if path == "../model.sig"));
    fs::write(root.join("a:0:1"), "x").unwrap();
    export(&root, &bundle, &ExportOptions::default()).unwrap();
    import(&root, &bundle).unwrap();
    let sharded = options(Hash::Sha256, shards(300));
    assert!(matches!(refused(&sharded), ModelError::Colon { path } if path == "a:0:1"));
    fs::remove_file(root.join("a:0:1")).unwrap();
    fs::File::create(root.join("huge")).unwrap().set_len(1 << 40).unwrap();
    let one = options(Hash::Sha256, shards(1));
    assert!(matches!(refused(&one), ModelError::TooMany { limit: oms::MAX_RESOURCES }));
    fs::remove_file(root.join("huge")).unwrap();
    // Below the number of shards, above what is read of a bundle.
    fs::write(root.join("n".repeat(200)), [0; 200_000]).unwrap();
    let limit = oms::MAX_BUNDLE_BYTES;
    let long = export(&root, &folder.path().join("long.sig"), &one).unwrap_err();
    assert!(matches!(long, ExportError::TooLong { limit: l, got } if l == limit && got > limit), "{long}");
    assert!(!folder.path().join("long.sig").exists());
    fs::remove_file(root.join("n".repeat(200))).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    assert!(matches!(
        refused(&ExportOptions::default()),
        ModelError::Files(FingerprintError::Special { kind: SpecialKind::Socket, .. })
    ));
    let gone = export(&folder.path().join("none"), &bundle, &ExportOptions::default()).unwrap_err();
    assert!(matches!(gone, ExportError::Model(ModelError::Files(FingerprintError::Io { .. }))), "{gone}");
    let weights = root.join("weights.bin");
    let error = import(&weights, &weights).unwrap_err();
    assert!(matches!(error, ImportError::Bundle { source: BundleError::Json(_), .. }), "{error}");
}

#[test]
fn a_bundle_replaces_nothing_but_a_bundle() {
    let folder = model();
    let root = folder.path().join("model");
    for file in ["model/weights.bin", "notes.json", "keys"] {
        let path = folder.path().join(file);
        match file {
            "keys" => fs::create_dir(&path).unwrap(),
            "notes.json" => fs::write(&path, "{\"mediaType\": \"text/plain\"}").unwrap(),
            _ => {}
        }
        let before = fs::read(&path).ok();
        let error = export(&root, &path, &ExportOptions::default()).unwrap_err();
        assert!(matches!(&error, ExportError::Exists { path: named } if *named == path), "{error}");
        assert_eq!(fs::read(&path).ok(), before);
    }
    let link = folder.path().join("link.sig");
    symlink("model/weights.bin", &link).unwrap();
    assert!(matches!(export(&root, &link, &ExportOptions::default()), Err(ExportError::Exists { .. })));
}

#[test]
fn a_signer_that_fails_or_signs_something_else_leaves_nothing() {
    let folder = model();
    let root = folder.path().join("model");
    let bundle = folder.path().join("model.sig");
    type Sign<'a> = &'a dyn Fn(&[u8]) -> Result<Vec<u8>, &'static str>;
    let export = |sign: Sign<'_>| {
        oms::export(&root, &bundle, &ExportOptions::default(), &public("signer"), None, sign).unwrap_err()
    };
    assert!(matches!(export(&|_| Err("no card")), ExportError::Signer("no card")));
    assert!(matches!(export(&|_| Ok(vec![0; 70])), ExportError::Signature { .. }));
    assert!(matches!(export(&|_| Ok(sign(b"else").unwrap())), ExportError::Signature { .. }));
    let stranger = |message: &[u8]| {
        let signature: Signature = secret("stranger").sign(message);
        Ok(signature.to_der().as_bytes().to_vec())
    };
    assert!(matches!(export(&stranger), ExportError::Signature { key } if key == public("signer").hint()));
    assert!(!bundle.exists());
}

#[test]
fn a_failing_disk_leaves_the_old_bundle_or_the_new_one() {
    let folder = model();
    let (root, bundle) = (folder.path().join("model"), folder.path().join("model.sig"));
    export(&root, &bundle, &ExportOptions::default()).unwrap();
    let old = fs::read(&bundle).unwrap();
    fs::write(root.join("a/z"), "other").unwrap();
    let steps = faults::each(|plan| {
        faults::unharmed(|| fs::write(&bundle, &old).unwrap());
        let result = export(&root, &bundle, &ExportOptions::default());
        faults::end();
        let now = fs::read(&bundle).unwrap();
        match result {
            Ok(_) => assert!(now != old),
            Err(ExportError::Write(error)) => {
                assert!(plan.is_some() && (now == old || error.step == Step::SyncFolder), "{error}");
            }
            Err(other) => panic!("{other}"),
        }
        assert!(oms::read(&now, &public("signer")).is_ok());
    });
    assert!(steps >= 5, "created, written, flushed, renamed, its folder flushed: {steps}");
}

#[test]
fn large_files_take_the_same_digests_whatever_the_threads() {
    let folder = tempdir().unwrap();
    let root = folder.path().join("model");
    fs::create_dir(&root).unwrap();
    for size in [0_usize, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (3 << 20) + 17] {
        fs::write(root.join(size.to_string()), (0..size).map(|i| (i % 251) as u8).collect::<Vec<_>>())
            .unwrap();
    }
    for (hash, method) in [
        (Hash::Sha256, Method::Files),
        (Hash::Blake3, Method::Files),
        (Hash::Blake2b, shards(700_001)),
        (Hash::Sha256, shards(1 << 20)),
    ] {
        let digest = |threads: usize| {
            let options = ExportOptions { threads: NonZero::new(threads), ..options(hash, method) };
            let steps = Mutex::new(Vec::new());
            let progress = |progress| steps.lock().unwrap().push(progress);
            let bundle = folder.path().join("model.sig");
            let key = public("signer");
            let found = oms::export(&root, &bundle, &options, &key, Some(&progress), sign).unwrap();
            let last = *steps.lock().unwrap().last().unwrap();
            assert_eq!((last.bytes, last.total_bytes), (found.bytes, found.bytes));
            assert_eq!((last.files, last.total_files), (found.files, found.files));
            found.digest
        };
        assert_eq!(digest(1), digest(5));
    }
    // Known from `sha256sum` of the one-byte file.
    let bundle = folder.path().join("one.sig");
    export(&root.join("1"), &bundle, &ExportOptions::default()).unwrap();
    let statement = oms::read(&fs::read(&bundle).unwrap(), &public("signer")).unwrap();
    let file = statement.files.values().next().unwrap();
    assert_eq!(file.digests, [Sha256::digest([0]).to_vec()]);
}
