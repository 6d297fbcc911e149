use super::*;
use crate::log::CheckpointKey;
use proptest::prelude::*;
use serde_json::Value;

fn key(text: &Value) -> VerifierKey {
    text.as_str().unwrap().parse().unwrap()
}

fn open(vector: &Value) -> Result<String, NoteError> {
    let keys: Vec<VerifierKey> = vector["keys"].as_array().unwrap().iter().map(key).collect();
    let note = vector["note"].as_str().unwrap();
    Note::decode(note.as_bytes(), &NoteLimits::default())?.open(&keys).map(str::to_owned)
}

#[test]
fn others_notes_are_judged_alike() {
    let ok: Value = serde_json::from_str(include_str!("../../../../../vectors/log/ok_notes.json")).unwrap();
    for vector in ok["notes"].as_array().unwrap() {
        assert_eq!(open(vector).as_deref(), Ok(vector["text"].as_str().unwrap()), "{}", vector["name"]);
        let note = vector["note"].as_str().unwrap();
        let again = Note::decode(note.as_bytes(), &NoteLimits::default()).unwrap().to_string();
        assert_eq!(again, note);
    }
    for text in ok["keys"].as_array().unwrap() {
        assert_eq!(key(text).to_string(), text.as_str().unwrap());
    }
    let bad: Value = serde_json::from_str(include_str!("../../../../../vectors/log/bad_notes.json")).unwrap();
    for vector in bad["notes"].as_array().unwrap() {
        let error = match open(vector).unwrap_err() {
            NoteError::Limit(_) => "Limit",
            NoteError::Character { .. } => "Character",
            NoteError::NoSignatures => "NoSignatures",
            NoteError::Line { .. } => "Line",
            NoteError::Unsigned { .. } => "Unsigned",
            NoteError::Signature { .. } => "Signature",
        };
        assert_eq!(error, vector["error"].as_str().unwrap(), "{}", vector["name"]);
    }
    for vector in bad["keys"].as_array().unwrap() {
        let error = match vector["key"].as_str().unwrap().parse::<VerifierKey>().unwrap_err() {
            KeyError::Form { .. } => "Form",
            KeyError::Name { .. } => "Name",
            KeyError::Type { .. } => "Type",
            KeyError::Point => "Point",
            KeyError::Id { .. } => "Id",
        };
        assert_eq!(error, vector["error"].as_str().unwrap(), "{}", vector["key"]);
    }
}

/// As the Go implementation's test: every part of a key and every key with one byte raised is none.
#[test]
fn a_mangled_key_is_refused() {
    let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    for start in 0..text.len() {
        for end in start..=text.len() {
            if (start, end) != (0, text.len()) {
                assert!(text[start..end].parse::<VerifierKey>().is_err(), "{}", &text[start..end]);
            }
        }
        let mut bytes = text.as_bytes().to_vec();
        bytes[start] += 1;
        assert!(String::from_utf8(bytes).unwrap().parse::<VerifierKey>().is_err());
    }
}

#[test]
fn limits_hold() {
    let signer = CheckpointKey::from_seed("a", &[1; 32]).unwrap();
    let note = signer.sign(&crate::log::Checkpoint::new("a", 0, Default::default())).unwrap();
    let decode = |bytes, signatures| Note::decode(note.as_bytes(), &NoteLimits { bytes, signatures });
    assert!(decode(note.len(), 1).is_ok());
    assert!(matches!(decode(note.len() - 1, 1), Err(NoteError::Limit(_))));
    assert!(matches!(decode(note.len(), 0), Err(NoteError::Limit(_))));
    // What everybody must accept: 16 signatures of 5,000 bytes by others.
    let other = format!("{LINE_START}b {}\n", STANDARD.encode([3; 5000]));
    let many = format!("{note}{}", other.repeat(16));
    let many = Note::decode(many.as_bytes(), &NoteLimits::default()).unwrap();
    many.open(&[signer.verifier().clone()]).unwrap();
    assert_eq!(many.signatures().len(), 17);
}

#[test]
fn the_text_ends_at_the_last_empty_line() {
    let note = Note::decode("a\n\nb\n\n\u{2014} c AAAAAAA=\n".as_bytes(), &NoteLimits::default()).unwrap();
    assert_eq!((note.text.as_str(), note.signatures.len()), ("a\n\nb\n", 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_read_is_written_the_same(note in "([a-z\n]{0,9}\n){0,3}\n(\u{2014} [a-z+ ]{1,4} [A-Za-z0-9+/=]{0,12}\n?){0,3}") {
        if let Ok(read) = Note::decode(note.as_bytes(), &NoteLimits::default()) {
            prop_assert_eq!(read.to_string(), note);
            prop_assert!(read.open(&[]).is_err());
        }
    }
}
