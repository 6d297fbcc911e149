//! Key files on disk: made, listed, opened, and read from other wallets.

use averment_atomic::{
    Step,
    faults::{self, Plan},
};
use averment_ledger::keys::{
    AccountKey, Cost, Identity, KeyError, KeyFolder, KeyKind, KeystoreError, LogKey, ModelKey, Password,
};
use averment_primitives::B256;
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};
use zeroize::Zeroizing;

fn password(text: &str) -> Password {
    Password::new(Zeroizing::new(text.as_bytes().to_vec())).unwrap()
}

fn folder() -> (tempfile::TempDir, KeyFolder) {
    let temporary = tempfile::tempdir().unwrap();
    let folder = KeyFolder::new(temporary.path().join("keys"));
    (temporary, folder)
}

#[test]
fn keys_are_made_listed_and_opened() {
    let (_temporary, folder) = folder();
    assert!(folder.list().unwrap().keys.is_empty(), "no folder, no keys, no error");
    let owner = folder.create_account("owner", &password("one"), Cost::Light).unwrap();
    let log = folder.create_log_key("log", &password("two"), Cost::Light).unwrap();
    let signer = folder.create_model_key("signer", &password("three"), Cost::Light).unwrap();

    let listing = folder.list().unwrap();
    assert!(listing.unreadable.is_empty());
    let described: Vec<_> =
        listing.keys.iter().map(|key| (key.name.as_str(), key.kind, key.identity.unwrap())).collect();
    assert_eq!(
        described,
        [
            ("log", KeyKind::Ed25519, Identity::Log(B256::from(log.public_key()))),
            ("owner", KeyKind::Secp256k1, Identity::Account(owner.address())),
            ("signer", KeyKind::P256, Identity::Model(signer.public_key())),
        ]
    );

    let opened = folder.account("owner", &password("one")).unwrap();
    assert_eq!(opened.sign_message(b"m").unwrap(), owner.sign_message(b"m").unwrap());
    let opened = folder.log_key("log", &password("two")).unwrap();
    assert_eq!(opened.sign(b"m"), log.sign(b"m"));
    let opened = folder.model_key("signer", &password("three")).unwrap();
    assert_eq!(opened.sign(b"m"), signer.sign(b"m"));
}

#[test]
fn another_password_kind_or_name_is_refused() {
    let (_temporary, folder) = folder();
    folder.create_account("owner", &password("one"), Cost::Light).unwrap();
    folder.create_log_key("log", &password("one"), Cost::Light).unwrap();
    let keystore = |error| match error {
        KeyError::Keystore { source, .. } => source,
        other => panic!("{other}"),
    };
    let wrong: Result<AccountKey, _> = folder.account("owner", &password("two"));
    assert!(matches!(keystore(wrong.unwrap_err()), KeystoreError::WrongPassword));
    let wrong = folder.account("log", &password("one")).unwrap_err();
    assert!(matches!(keystore(wrong), KeystoreError::Kind { got: KeyKind::Ed25519, .. }));
    let wrong: Result<LogKey, _> = folder.log_key("owner", &password("one"));
    assert!(matches!(keystore(wrong.unwrap_err()), KeystoreError::Kind { got: KeyKind::Secp256k1, .. }));
    let wrong = folder.model_key("log", &password("one")).unwrap_err();
    let expected = KeyKind::P256;
    assert!(
        matches!(keystore(wrong), KeystoreError::Kind { expected: e, got: KeyKind::Ed25519 } if e == expected)
    );
    assert!(matches!(folder.account("nobody", &password("one")), Err(KeyError::Missing { .. })));
    for name in ["", ".", "..", "../owner", "a/b", "/etc/passwd", "a b", "ключ", ".hidden", &"x".repeat(65)]
    {
        assert!(matches!(folder.info(name), Err(KeyError::Name { .. })), "{name:?}");
        assert!(matches!(
            folder.create_account(name, &password("p"), Cost::Light),
            Err(KeyError::Name { .. })
        ));
    }
}

#[test]
fn a_key_is_never_written_over() {
    let (_temporary, folder) = folder();
    let first = folder.create_account("owner", &password("one"), Cost::Light).unwrap();
    let again = folder.create_account("owner", &password("two"), Cost::Light);
    assert!(matches!(again, Err(KeyError::Exists { .. })));
    assert!(matches!(
        folder.create_log_key("owner", &password("two"), Cost::Light),
        Err(KeyError::Exists { .. })
    ));
    assert_eq!(folder.account("owner", &password("one")).unwrap().address(), first.address());
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_and_nothing_else_is_left_in_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let (_temporary, folder) = folder();
    folder.create_account("owner", &password("one"), Cost::Light).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.path()), 0o700);
    assert_eq!(mode(&folder.path().join("owner.json")), 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn every_step_of_writing_a_key_that_fails_leaves_none_or_a_whole_one() {
    let steps = faults::each(|plan| {
        let (_temporary, folder) = folder();
        let made = folder.create_account("owner", &password("one"), Cost::Light);
        faults::end();
        let listing = folder.list().unwrap();
        assert!(listing.unreadable.is_empty(), "{plan:?}: a part of a key file was left");
        match (made, plan) {
            (Ok(made), None) => {
                assert_eq!(folder.account("owner", &password("one")).unwrap().address(), made.address());
            }
            (Err(KeyError::Write(error)), Some(_)) => {
                assert!(error.is_disk_full(), "{plan:?}: {error}");
                let in_place = error.step == Step::SyncFolder && error.path == folder.path();
                assert_eq!(listing.keys.len(), usize::from(in_place), "{plan:?}: {error}");
            }
            (other, _) => panic!("{plan:?}: {:?}", other.map(|key| key.address())),
        }
        if let Some(Plan::Once(_)) = plan
            && listing.keys.is_empty()
        {
            // There is room again; nothing that was left stands in the way.
            folder.create_account("owner", &password("one"), Cost::Light).unwrap();
        }
    });
    assert!(steps >= 7, "{steps}");
}

const KEYS: &str = "AVERMENT_TEST_KEYS";

/// The child: makes the key `owner` and says its address, or ends with 3 when another was faster.
#[test]
#[ignore = "is the child process of the test below"]
fn makes_a_key() {
    let folder = KeyFolder::new(std::env::var_os(KEYS).expect("the parent names the folder"));
    match folder.create_account("owner", &password("one"), Cost::Light) {
        Ok(key) => fs::write(folder.path().with_extension("winner"), key.address()).unwrap(),
        Err(KeyError::Exists { .. }) => std::process::exit(3),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn processes_that_make_the_same_key_at_once_leave_one_of_them() {
    let (_temporary, folder) = folder();
    let children: Vec<_> = (0..6)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "makes_a_key", "--ignored"])
                .env(KEYS, folder.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let ends: Vec<_> = children.into_iter().map(|mut child| child.wait().unwrap().code()).collect();
    let count = |code| ends.iter().filter(|end| **end == Some(code)).count();
    assert_eq!((count(0), count(3)), (1, 5), "{ends:?}");
    let winner = fs::read(folder.path().with_extension("winner")).unwrap();
    assert_eq!(folder.account("owner", &password("one")).unwrap().address().as_slice(), winner);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_lies_about_its_key_is_refused_when_opened() {
    let (_temporary, folder) = folder();
    let owner = folder.create_account("owner", &password("one"), Cost::Light).unwrap();
    let path = folder.path().join("owner.json");
    let text = fs::read_to_string(&path).unwrap();
    let address = format!("{:x}", owner.address());
    fs::write(&path, text.replace(&address, &"11".repeat(20))).unwrap();
    assert!(folder.info("owner").is_ok(), "a listing cannot know");
    match folder.account("owner", &password("one")) {
        Err(KeyError::Keystore { source: KeystoreError::OtherKey { found, .. }, .. }) => {
            assert_eq!(found, Identity::Account(owner.address()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_that_are_no_keys_are_reported_not_hidden() {
    let (_temporary, folder) = folder();
    folder.create_account("owner", &password("one"), Cost::Light).unwrap();
    fs::write(folder.path().join("broken.json"), b"{").unwrap();
    fs::write(folder.path().join("huge.json"), vec![b' '; 70_000]).unwrap();
    fs::write(folder.path().join("readme.txt"), b"not a key").unwrap();
    let listing = folder.list().unwrap();
    assert_eq!(listing.keys.len(), 1);
    assert_eq!(listing.unreadable.len(), 2);
}

#[test]
fn a_pem_key_is_taken_over_and_lies_about_its_point_are_refused() {
    let (_temporary, folder) = folder();
    let pem = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys/openssl_pkcs8.pem");
    let key = ModelKey::from_pem_file(&pem).unwrap();
    folder.add_model_key("signer", &key, &password("one"), Cost::Light).unwrap();
    let opened = folder.model_key("signer", &password("one")).unwrap();
    assert_eq!(opened.public_key(), key.public_key());
    let again = folder.add_model_key("signer", &key, &password("one"), Cost::Light);
    assert!(matches!(again, Err(KeyError::Exists { .. })));
    let path = folder.path().join("signer.json");
    let copied = folder.import("copy", &path, &password("one"), Cost::Light).unwrap();
    assert_eq!(copied, Identity::Model(key.public_key()));

    let other = folder.create_model_key("other", &password("one"), Cost::Light).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let point = key.public_key().to_string();
    let source = |text: String| {
        fs::write(&path, text).unwrap();
        match folder.model_key("signer", &password("one")).unwrap_err() {
            KeyError::Keystore { source, .. } => source,
            other => panic!("{other}"),
        }
    };
    let lie = source(text.replace(&point, &other.public_key().to_string()));
    assert!(matches!(lie, KeystoreError::OtherKey { found: Identity::Model(_), .. }), "{lie}");
    let off_curve = source(text.replace(&point, &format!("0x{}", "ff".repeat(33))));
    assert!(matches!(off_curve, KeystoreError::NotAKey { kind: KeyKind::P256 }), "{off_curve}");
    let short = source(text.replace(&point, "0x02"));
    assert!(matches!(short, KeystoreError::Length { expected: 33, got: 1, .. }), "{short}");
    let other_kind = source(text.replace("p256", "ed25519"));
    assert!(matches!(other_kind, KeystoreError::Length { expected: 32, got: 33, .. }), "{other_kind}");
}

/// Made by Python `eth-account` 0.14.0: `Account.encrypt(key, "correct horse battery staple", kdf=…)`.
#[test]
fn opens_and_imports_key_files_of_eth_account() {
    let (_temporary, folder) = folder();
    let address = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23".parse().unwrap();
    for kdf in ["scrypt", "pbkdf2"] {
        let fixture = format!("{}/tests/keys/eth_account_{kdf}.json", env!("CARGO_MANIFEST_DIR"));
        let password = password("correct horse battery staple");
        let identity = folder.import(kdf, Path::new(&fixture), &password, Cost::Light).unwrap();
        assert_eq!(identity, Identity::Account(address));
        assert_eq!(folder.account(kdf, &password).unwrap().address(), address);
    }
}
