use super::*;
use alloy::primitives::hex;
use serde_json::{Value, json};

fn password(text: &str) -> Password {
    Password::new(Zeroizing::new(text.as_bytes().to_vec())).unwrap()
}

/// The PBKDF2 test vector of the Web3 Secret Storage definition.
fn vector_pbkdf2() -> Value {
    json!({
        "crypto": {
            "cipher": "aes-128-ctr",
            "cipherparams": { "iv": "6087dab2f9fdbbfaddc31a909735c1e6" },
            "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
            "kdf": "pbkdf2",
            "kdfparams": {
                "c": 262144, "dklen": 32, "prf": "hmac-sha256",
                "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"
            },
            "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"
        },
        "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
        "version": 3
    })
}

/// The definition's scrypt test vector. Its N is above what RFC 7914 allows for its r.
fn vector_scrypt() -> Value {
    let mut vector = vector_pbkdf2();
    vector["crypto"]["cipherparams"]["iv"] = json!("83dbcc02d8ccb40e466191a123791e0e");
    vector["crypto"]["ciphertext"] =
        json!("d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c");
    vector["crypto"]["mac"] = json!("2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097");
    vector["crypto"]["kdf"] = json!("scrypt");
    vector["crypto"]["kdfparams"] = json!({
        "dklen": 32, "n": 262144, "r": 1, "p": 8,
        "salt": "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"
    });
    vector
}

/// A scrypt file whose parameters are allowed; its password is unknown.
fn scrypt_form() -> Value {
    let mut vector = vector_scrypt();
    vector["crypto"]["kdfparams"]["r"] = json!(8);
    vector["crypto"]["kdfparams"]["p"] = json!(1);
    vector
}

fn parse(value: &Value) -> Result<Keystore, KeystoreError> {
    Keystore::parse(value.to_string().as_bytes())
}

#[test]
fn opens_the_vector_of_the_standard() {
    let secret = hex!("7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d");
    let keystore = parse(&vector_pbkdf2()).unwrap();
    assert_eq!((keystore.kind, keystore.claim), (KeyKind::Secp256k1, None));
    assert_eq!(*keystore.open(&password("testpassword")).unwrap(), secret);
}

#[test]
fn refuses_scrypt_where_it_is_not_defined() {
    let error = parse(&vector_scrypt()).unwrap_err();
    assert!(matches!(error, KeystoreError::Parameter { got: 262_144, .. }), "{error}");
    assert!(error.to_string().contains("RFC 7914"));
}

#[test]
fn rejects_a_wrong_password_and_every_changed_field() {
    let sealed = Keystore::seal(&[3; 32], Identity::Log(B256::ZERO), &password("a"), Cost::Light).unwrap();
    assert!(matches!(
        Keystore::parse(&sealed).unwrap().open(&password("b")),
        Err(KeystoreError::WrongPassword)
    ));
    for field in ["/crypto/ciphertext", "/crypto/mac", "/crypto/kdfparams/salt"] {
        let mut value: Value = serde_json::from_slice(&sealed).unwrap();
        let text = value.pointer_mut(field).unwrap();
        let flipped = if text.as_str().unwrap().starts_with('0') { "1" } else { "0" };
        *text = json!(format!("{flipped}{}", &text.as_str().unwrap()[1..]));
        assert!(
            matches!(parse(&value).unwrap().open(&password("a")), Err(KeystoreError::WrongPassword)),
            "{field}"
        );
    }
}

#[test]
fn a_sealed_secret_opens_again_and_has_fresh_salts() {
    let identity = Identity::Account(Address::repeat_byte(9));
    let [first, second] =
        [(); 2].map(|()| Keystore::seal(&[7; 32], identity, &password("p"), Cost::Light).unwrap());
    assert_ne!(first, second);
    let keystore = Keystore::parse(&first).unwrap();
    assert_eq!((keystore.kind, keystore.claim), (KeyKind::Secp256k1, Some(identity)));
    assert_eq!(*keystore.open(&password("p")).unwrap(), [7; 32]);

    let identity = Identity::Log(B256::repeat_byte(4));
    let sealed = Keystore::seal(&[8; 32], identity, &password("p"), Cost::Light).unwrap();
    let keystore = Keystore::parse(&sealed).unwrap();
    assert_eq!((keystore.kind, keystore.claim), (KeyKind::Ed25519, Some(identity)));
    let text = String::from_utf8(sealed).unwrap();
    assert!(!text.contains(&hex::encode([8; 32])));
}

#[test]
fn refuses_costs_that_would_take_the_machine() {
    let with = |changes: &[(&str, u64)]| {
        let mut vector = scrypt_form();
        for (name, value) in changes {
            vector["crypto"]["kdfparams"][*name] = json!(value);
        }
        parse(&vector).unwrap_err()
    };
    let memory = "scrypt memory (128·N·r bytes)";
    for changes in [
        &[("n", 1 << 24), ("r", 8)][..],
        &[("n", 1 << 40), ("r", 3)],
        &[("n", 1 << 63), ("r", u64::MAX), ("p", u64::MAX)],
        &[("n", 1 << 24)],
        &[("r", u64::MAX)],
    ] {
        let error = with(changes);
        assert!(
            matches!(error, KeystoreError::TooCostly { field, limit: MEMORY_LIMIT, .. } if field == memory),
            "{changes:?}: {error}"
        );
    }
    for changes in [&[("n", 1 << 20), ("r", 8), ("p", 3)][..], &[("p", u64::MAX)], &[("p", 1 << 33)]] {
        assert!(matches!(with(changes), KeystoreError::TooCostly { limit: WORK_LIMIT, .. }), "{changes:?}");
    }
    for (name, value) in [("n", 0), ("n", 1), ("n", 3), ("n", u64::MAX), ("r", 0), ("p", 0)] {
        assert!(
            matches!(with(&[(name, value)]), KeystoreError::Parameter { got, .. } if got == value),
            "{name} {value}"
        );
    }
    let mut vector = vector_pbkdf2();
    vector["crypto"]["kdfparams"]["c"] = json!(4_000_000_000u64);
    assert!(matches!(parse(&vector), Err(KeystoreError::TooCostly { limit: ROUNDS_LIMIT, .. })));
    vector["crypto"]["kdfparams"]["c"] = json!(0);
    assert!(matches!(parse(&vector), Err(KeystoreError::Parameter { got: 0, .. })));
}

#[test]
fn refuses_lengths_that_would_break_the_ciphers() {
    for (pointer, value, field, got) in [
        ("/crypto/cipherparams/iv", json!("00"), "crypto.cipherparams.iv", 1),
        ("/crypto/ciphertext", json!(""), "crypto.ciphertext", 0),
        ("/crypto/ciphertext", json!("00".repeat(33)), "crypto.ciphertext", 33),
        ("/crypto/mac", json!("00".repeat(31)), "crypto.mac", 31),
        ("/crypto/kdfparams/dklen", json!(16), "crypto.kdfparams.dklen", 16),
        ("/crypto/kdfparams/dklen", json!(u32::MAX), "crypto.kdfparams.dklen", u32::MAX as usize),
    ] {
        let mut vector = scrypt_form();
        *vector.pointer_mut(pointer).unwrap() = value;
        let error = parse(&vector).unwrap_err();
        assert!(
            matches!(error, KeystoreError::Length { field: f, got: g, .. } if f == field && g == got),
            "{error}"
        );
    }
    let mut vector = scrypt_form();
    vector["crypto"]["kdfparams"]["salt"] = json!("00".repeat(257));
    assert!(matches!(parse(&vector), Err(KeystoreError::TooCostly { got: 257, .. })));
}

#[test]
fn refuses_other_versions_algorithms_and_forms() {
    let vector = vector_pbkdf2();
    let changed = |pointer: &str, value: Value| {
        let mut vector = vector.clone();
        *vector.pointer_mut(pointer).unwrap() = value;
        parse(&vector).unwrap_err()
    };
    assert!(matches!(changed("/version", json!(1)), KeystoreError::Version { got } if got == "1"));
    assert!(matches!(changed("/version", json!("3")), KeystoreError::Version { .. }));
    assert!(matches!(
        changed("/crypto/cipher", json!("aes-128-cbc")),
        KeystoreError::Algorithm { field: "crypto.cipher", .. }
    ));
    let hostile = changed("/crypto/kdfparams/prf", json!(format!("\u{1b}[2J{}", "x".repeat(9_000))));
    assert!(hostile.to_string().len() < 200 && !hostile.to_string().contains('\u{1b}'), "{hostile}");
    for (pointer, value) in [
        ("/crypto/kdf", json!("argon2id")),
        ("/crypto/mac", json!("zz")),
        ("/crypto/mac", json!(7)),
        ("/crypto/kdfparams/c", json!(-1)),
        ("/crypto", json!(null)),
    ] {
        assert!(matches!(changed(pointer, value), KeystoreError::Form(_)), "{pointer}");
    }
    for bytes in [&b""[..], b"{}", b"[]", b"{\"version\":3}", b"\xff\xfe", b"{\"version\":3,"] {
        assert!(matches!(Keystore::parse(bytes), Err(KeystoreError::Form(_))));
    }
}

#[test]
fn a_truncated_file_is_refused_at_every_length() {
    let sealed = Keystore::seal(&[3; 32], Identity::Log(B256::ZERO), &password("a"), Cost::Light).unwrap();
    // The last byte is the line end.
    for length in 0..sealed.len() - 1 {
        assert!(Keystore::parse(&sealed[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn ids_are_random_uuids() {
    assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    assert_eq!(uuid([0; 16]), "00000000-0000-4000-8000-000000000000");
}
