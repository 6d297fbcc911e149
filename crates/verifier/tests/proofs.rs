//! The vectors of `vectors/proof`: good proofs are accepted, and every bad one is refused with its error.

mod vectors;

use averment_verifier::{VerifyError, proof::ProofError};

#[test]
fn good_proofs_are_accepted() {
    let good = vectors::good();
    assert!(good.len() >= 6);
    for case in good {
        assert_eq!(case.verdict(), Ok(()), "{}", case.name());
    }
}

/// Larger ones, which are there for what they cost.
#[test]
fn measured_proofs_are_accepted() {
    let measured = vectors::files("gas_");
    assert_eq!(measured.len(), 2);
    for name in measured {
        assert_eq!(vectors::verdict(&vectors::read(&vectors::file(&name))), Ok(()), "{name}");
    }
}

/// Proofs of released versions; `vectors/proof/frozen/README.md` says how they are added.
#[test]
fn frozen_proofs_keep_verifying() {
    let frozen = vectors::frozen();
    assert!(frozen.len() >= 16, "{}", frozen.len());
    for case in frozen {
        assert_eq!(case.verdict(), Ok(()), "{}", case.name());
    }
}

#[test]
fn bad_proofs_and_descriptors_are_refused() {
    let bad = vectors::bad();
    assert!(bad.len() > 400, "{}", bad.len());
    for (case, error) in bad {
        assert_eq!(case.verdict(), Err(error), "{}", case.name());
    }
}

#[test]
fn errors_are_named_by_their_variants() {
    assert_eq!(vectors::name(ProofError::Scalar { word: 1 }), "Scalar");
    assert_eq!(vectors::name(VerifyError::Opening), "Opening");
}
