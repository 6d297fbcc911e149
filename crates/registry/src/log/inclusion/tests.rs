use super::*;
use crate::log::{CheckpointKey, NoteError, RecordKind, inclusion_proof, proof::tests::Leaves};
use proptest::prelude::*;
use serde_json::Map;

const ORIGIN: &str = "example.org/decisions";

fn key() -> CheckpointKey {
    CheckpointKey::from_seed(ORIGIN, &[5; 32]).unwrap()
}

fn keys() -> [VerifierKey; 1] {
    [key().verifier().clone()]
}

fn record() -> Record {
    let fields = Map::from_iter([("loss".to_owned(), 0.25.into())]);
    Record::new(RecordKind::Run, 1_700_000_000, None, fields).unwrap()
}

/// Record 4 of a log of 7.
fn proof() -> LogInclusion {
    let salt = Salt::from_random([9; 32]);
    let leaf = record().commit(&salt);
    let mut leaves = Leaves::numbered(7);
    leaves.0[4] = leaf_hash(leaf);
    let checkpoint = key().sign(&Checkpoint::new(ORIGIN, 7, leaves.root(7))).unwrap();
    let opening = Some(Opening { salt, record: record().text().to_owned() });
    LogInclusion { index: 4, leaf, opening, proof: inclusion_proof(&mut leaves, 4, 7).unwrap(), checkpoint }
}

#[test]
fn a_proof_holds_and_says_what_was_logged() {
    let verified = proof().verify(ORIGIN, &keys()).unwrap();
    assert_eq!((verified.index, verified.checkpoint.size), (4, 7));
    assert_eq!(verified.record, Some(record()));
    let withheld = LogInclusion { opening: None, ..proof() };
    assert_eq!(withheld.verify(ORIGIN, &keys()).unwrap().record, None);
    assert!(!format!("{:?}", proof()).contains("loss"), "an opening is not printed");
}

#[test]
fn the_broken_link_is_named() {
    let broken = |change: &dyn Fn(&mut LogInclusion)| {
        let mut proof = proof();
        change(&mut proof);
        proof.verify(ORIGIN, &keys()).unwrap_err()
    };
    let note = |error| InclusionError::Checkpoint(CheckpointError::Note(error));
    assert!(matches!(
        broken(&|proof| proof.checkpoint = proof.checkpoint.replace("\n7\n", "\n8\n")),
        InclusionError::Checkpoint(CheckpointError::Note(NoteError::Signature { .. }))
    ));
    assert_eq!(broken(&|proof| proof.checkpoint.clear()), note(NoteError::NoSignatures));
    assert!(matches!(
        proof().verify("example.org/other", &keys()),
        Err(InclusionError::Checkpoint(CheckpointError::Origin { .. }))
    ));
    assert!(matches!(
        proof().verify(ORIGIN, &[]),
        Err(InclusionError::Checkpoint(CheckpointError::Note(NoteError::Unsigned { .. })))
    ));
    assert_eq!(
        broken(&|proof| proof.index = 7),
        InclusionError::Proof(ProofError::Beyond { index: 7, size: 7 })
    );
    assert!(matches!(broken(&|proof| proof.index = 5), InclusionError::Proof(ProofError::Root { .. })));
    assert!(matches!(
        broken(&|proof| proof.proof.truncate(1)),
        InclusionError::Proof(ProofError::Length { .. })
    ));
    assert!(matches!(
        broken(&|proof| proof.proof[1].0[3] ^= 1),
        InclusionError::Proof(ProofError::Root { .. })
    ));
    assert!(matches!(
        broken(&|proof| proof.leaf.0.0[0] ^= 1),
        InclusionError::Proof(ProofError::Root { .. })
    ));
    let opening = |change: fn(&mut Opening)| broken(&|proof| change(proof.opening.as_mut().unwrap()));
    assert!(matches!(opening(|opening| opening.record.push(' ')), InclusionError::Opening { .. }));
    assert!(matches!(
        opening(|opening| opening.salt = Salt::from_random([8; 32])),
        InclusionError::Opening { .. }
    ));
}

/// A leaf that commits to something else than a record.
#[test]
fn what_is_no_record_is_refused_although_it_is_in_the_log() {
    let salt = Salt::from_random([9; 32]);
    let record = "{}".to_owned();
    let leaf = SaltedLeaf::commit(&salt, record.as_bytes());
    let checkpoint = key().sign(&Checkpoint::new(ORIGIN, 1, leaf_hash(leaf))).unwrap();
    let proof =
        LogInclusion { index: 0, leaf, opening: Some(Opening { salt, record }), proof: vec![], checkpoint };
    assert!(matches!(proof.verify(ORIGIN, &keys()), Err(InclusionError::Record(_))));
}

#[test]
fn a_file_reads_back_and_no_change_of_it_holds() {
    for proof in [proof(), LogInclusion { opening: None, ..proof() }] {
        let text = proof.encode();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra "));
        assert_eq!(LogInclusion::decode(text.as_bytes()).unwrap(), proof);
        let bytes = text.into_bytes();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let holds = |bytes: &[u8]| {
                LogInclusion::decode(bytes).is_ok_and(|proof| proof.verify(ORIGIN, &keys()).is_ok())
            };
            assert!(!holds(&changed), "byte {place} changed");
            assert!(!holds(&bytes[..place]), "cut at byte {place}");
        }
    }
}

#[test]
fn what_is_no_file_is_refused_by_name() {
    let text = proof().encode();
    let decode = |text: String| LogInclusion::decode(text.as_bytes()).unwrap_err();
    let form = |part: &str, error: TlogProofError| match error {
        TlogProofError::Form(reason) => assert!(reason.contains(part), "{reason}"),
        other => panic!("{other}"),
    };
    assert!(matches!(
        decode(text.replace("@v1", "@v2")),
        TlogProofError::Decode(DecodeError::UnknownFormat { .. })
    ));
    form("empty line", decode(text.replace("\n\n", "\n")));
    form("second line", decode(text.replace("extra ", "index ")));
    form("third line", decode(text.replace("index 4", "index 04")));
    form("third line", decode(text.replace("index 4", "index -4")));
    form("32 bytes", decode(text.replace("index 4\n", "index 4\nAAAA\n")));
    let long = format!("index 4\n{}", format!("{}\n", STANDARD.encode([0; 32])).repeat(65));
    assert!(matches!(
        decode(text.replace("index 4\n", &long)),
        TlogProofError::Decode(DecodeError::TooLong { field: "proof", .. })
    ));
    let short = format!("{FIRST_LINE}\nextra {}\nindex 0\n\n", STANDARD.encode([0; 40]));
    assert!(matches!(decode(short), TlogProofError::Decode(DecodeError::Truncated { field: "salt", .. })));
    assert!(matches!(
        decode("x".repeat(1 << 20)),
        TlogProofError::Decode(DecodeError::TooLong { field: "bytes", .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_proof_reads_back(index: u64, leaf: [u8; 32], proof in prop::collection::vec(any::<[u8; 32]>(), 0..5),
                            opening in prop::option::of((any::<[u8; 32]>(), ".{0,40}")), checkpoint in ".{0,40}") {
        let opening = opening.map(|(salt, record)| Opening { salt: Salt::from_random(salt), record });
        let proof = proof.into_iter().map(B256::from).collect();
        let proof = LogInclusion { index, leaf: SaltedLeaf(leaf.into()), opening, proof, checkpoint };
        prop_assert_eq!(LogInclusion::decode(proof.encode().as_bytes()), Ok(proof));
    }
}
