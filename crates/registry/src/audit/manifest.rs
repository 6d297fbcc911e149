//! A version's manifest: the one registered, signed by who answers for it, and about what is registered.
//!
//! The chain binds the manifest by its digest and the artifacts by their root, each apart. Whoever registers could
//! pair the manifest of one model with the weights of another; here they are held against each other. What cannot
//! be checked without the files is each one's plain SHA-256 in the subjects, which is there for other tools.

use super::{
    evidence::VersionEvidence,
    link::{BrokenLink, Disagreement},
    verified::ManifestSigner,
};
use crate::{
    canonical,
    dsse::{self, Envelope, IN_TOTO},
    history::{History, VersionRecord},
    manifest::{self, Fingerprint, Statement},
};
use averment_primitives::{
    B256, VersionId,
    fingerprint::{Entry, Kind, Summary},
};
use sha2::{Digest, Sha256};

/// The statement whose digest is registered, and who signed it.
pub(super) fn verify(
    given: &VersionEvidence,
    version: VersionId,
    history: &History,
    record: &VersionRecord,
) -> Result<(Statement, Vec<ManifestSigner>), BrokenLink> {
    let form = || BrokenLink::EnvelopeForm { version };
    let bytes = canonical::to_bytes(&given.manifest).map_err(|_| form())?;
    let envelope = Envelope::decode(&bytes, &dsse::Limits::default())
        .map_err(|error| BrokenLink::Envelope { version, error })?;
    if envelope.encode().map_err(|error| BrokenLink::Envelope { version, error })? != bytes {
        return Err(form());
    }
    let got = B256::from(<[u8; 32]>::from(Sha256::digest(envelope.payload())));
    let expected = record.content.manifest_digest;
    if got != expected {
        return Err(BrokenLink::ManifestDigest { version, expected, got });
    }
    if envelope.payload_type() != IN_TOTO {
        let got = envelope.payload_type().to_owned();
        return Err(BrokenLink::PayloadType { version, expected: IN_TOTO, got });
    }
    let statement = Statement::from_envelope(&envelope, &manifest::Limits::default())
        .map_err(|error| BrokenLink::Statement { version, why: error.to_string() })?;
    let signers = signers(&envelope, version, history, record)?;
    agrees_with_chain(&statement, history, record)
        .map_err(|fault| BrokenLink::ManifestDisagrees { version, fault: Box::new(fault) })?;
    Ok((statement, signers))
}

/// Who signed, whoever answers for the version first: at least one must.
fn signers(
    envelope: &Envelope,
    version: VersionId,
    history: &History,
    record: &VersionRecord,
) -> Result<Vec<ManifestSigner>, BrokenLink> {
    let found = envelope.signers().map_err(|error| BrokenLink::ManifestSignature { version, error })?;
    if let Some(keyid) = found.unchecked.first() {
        return Err(BrokenLink::UncheckedSignature { version, keyid: keyid.clone() });
    }
    let (registrant, owner) = (record.registrant, history.owner_at(record.sequence));
    let (answering, others): (Vec<_>, Vec<_>) = found
        .accounts
        .into_iter()
        .map(|account| match account {
            account if account == registrant => ManifestSigner::Registrant(account),
            account if account == owner => ManifestSigner::Owner(account),
            account => ManifestSigner::Other(account),
        })
        .partition(|signer| !matches!(signer, ManifestSigner::Other(_)));
    if answering.is_empty() {
        return Err(BrokenLink::ManifestSigner { version, registrant, owner });
    }
    Ok(answering.into_iter().chain(others).collect())
}

/// Whether the manifest is about the model, the artifacts and the parents that are registered.
fn agrees_with_chain(
    statement: &Statement,
    history: &History,
    record: &VersionRecord,
) -> Result<(), Disagreement> {
    if statement.name().as_bytes() != history.name().bytes().as_ref() {
        let (expected, got) = (history.name().to_string(), statement.name().to_owned());
        return Err(Disagreement::Model { expected, got });
    }
    let (expected, got) = (record.content.artifacts_root, statement.artifacts_root());
    if expected != got {
        return Err(Disagreement::Artifacts { expected, got });
    }
    let (expected, got) = (&record.content.parents, statement.parents());
    if expected.as_slice() != got {
        return Err(Disagreement::Parents { expected: expected.clone(), got: got.to_vec() });
    }
    Ok(())
}

/// Whether the manifest's subjects are the files of the listing whose root is registered.
pub(super) fn agrees_with_listing(
    statement: &Statement,
    entries: &[Entry],
    summary: &Summary,
) -> Result<(), Disagreement> {
    let (expected, got) = (Fingerprint::from(*summary), statement.captured().artifacts);
    if expected != got {
        return Err(Disagreement::Totals { expected, got });
    }
    // Both ascend by name.
    let mut files = entries.iter().filter(|entry| entry.kind == Kind::File);
    let mut subjects = statement.subjects().iter();
    loop {
        match (files.next(), subjects.next()) {
            (None, None) => return Ok(()),
            (Some(file), Some(subject)) if file.path == subject.name => {
                let (expected, got) = (file.blake3, subject.blake3_tree);
                if expected != got {
                    return Err(Disagreement::File { name: file.path.clone(), expected, got });
                }
            }
            (expected, got) => {
                let (expected, got) = (expected.map(|f| f.path.clone()), got.map(|s| s.name.clone()));
                return Err(Disagreement::Files { expected, got });
            }
        }
    }
}
