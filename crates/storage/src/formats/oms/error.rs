//! Why a model was not signed, or a signature not accepted.

use super::Hash;
use crate::{atomic::WriteError, fingerprint::FingerprintError};
use averment_primitives::B256;
use averment_registry::{canonical::JsonError, dsse::EnvelopeError};
use p256::pkcs8::spki;
use std::{fmt, io, path::PathBuf};
use thiserror::Error;

/// Why some text is not a public key that this module verifies with.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The private half was given where the public one belongs.
    #[error(
        "this is a private key, a public one is needed: `openssl pkey -in KEY.pem -pubout -out KEY.pub.pem`"
    )]
    Private,
    /// Not PEM, or the key of another algorithm or curve.
    #[error("expected the PEM of a P-256 public key (-----BEGIN PUBLIC KEY-----): {0}")]
    Form(spki::Error),
}

/// Why a bundle is not a key's signature over a model.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum BundleError {
    /// The bundle is not strict JSON.
    #[error("the bundle: {0}")]
    Json(JsonError),
    /// A field is missing or has another type.
    #[error("the bundle's {field}: expected {expected}")]
    Field {
        /// Where.
        field: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
    /// Another version of the bundle, or something else.
    #[error("expected a Sigstore bundle {expected:?}, got {got:?}")]
    MediaType {
        /// The one that is read.
        expected: &'static str,
        /// What it says, shortened.
        got: String,
    },
    /// Signed with a certificate, not with a key.
    #[error(
        "signed with a certificate (verificationMaterial.{got}); only signatures by a key are read: \
         verify it with `model_signing verify certificate`"
    )]
    Certificate {
        /// The field that is there.
        got: &'static str,
    },
    /// The envelope is malformed.
    #[error(transparent)]
    Envelope(EnvelopeError),
    /// The payload is no in-toto statement.
    #[error("expected a payload of type {expected:?}, got {got:?}")]
    PayloadType {
        /// The type that is read.
        expected: &'static str,
        /// What the envelope says, shortened.
        got: String,
    },
    /// A bundle holds exactly one signature.
    #[error("expected one signature, got {got}")]
    Signatures {
        /// How many there are.
        got: usize,
    },
    /// The bundle names another key.
    #[error("signed by another key: the one given is {expected:x}, the bundle names {got}")]
    OtherKey {
        /// The hint of the key that was given.
        expected: B256,
        /// What the bundle says, shortened.
        got: String,
    },
    /// The signature does not verify.
    #[error(
        "the signature is not that of {key:x} over this payload: one of them was changed, or another key signed"
    )]
    Signature {
        /// The hint of the key that was given.
        key: B256,
    },
    /// Signed, but not a statement that says what is expected.
    #[error("the signed statement: {0}")]
    Statement(#[from] StatementError),
}

/// Why a signed statement does not describe a model.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum StatementError {
    /// Not strict JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A field is missing or has another type.
    #[error("{field}: expected {expected}")]
    Field {
        /// Where.
        field: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// A field has a value that is not read.
    #[error("{field}: expected {expected:?}, got {got:?}")]
    Value {
        /// Where.
        field: &'static str,
        /// What is read.
        expected: &'static str,
        /// What is there, shortened.
        got: String,
    },
    /// A statement is about one model.
    #[error("expected one subject, got {got}")]
    Subjects {
        /// How many there are.
        got: usize,
    },
    /// More files or shards than are read.
    #[error("at most {limit} resources are read, it has {got}")]
    TooMany {
        /// The limit.
        limit: usize,
        /// How many there are.
        got: usize,
    },
    /// A signature over no files says nothing.
    #[error("it covers no files")]
    NoResources,
    /// A name that could lead out of the model, or that is not in plain form.
    #[error(
        "{name:?} is not the plain relative path of a file in the model{}",
        if *sharded { " with :START:END behind it" } else { "" }
    )]
    Name {
        /// The name, shortened.
        name: String,
        /// Whether names carry a shard's range.
        sharded: bool,
    },
    /// One name twice.
    #[error("{name:?} is listed twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// The shards of a file are not the file cut at every shard size from its beginning.
    #[error("{path:?}: its shards are not the pieces of {shard_bytes} bytes that a file is cut into")]
    Shards {
        /// The file.
        path: String,
        /// The statement's shard size in bytes.
        shard_bytes: u64,
    },
    /// A path that is signed and ignored.
    #[error("{path:?} is signed, and ignored by {ignored:?}")]
    Ignored {
        /// The signed path.
        path: String,
        /// The rule.
        ignored: String,
    },
    /// The digest of a resource has another length than its hash.
    #[error("{name:?}: expected the {expected} bytes of {hash} in lower-case hexadecimal")]
    Digest {
        /// The resource.
        name: String,
        /// The hash.
        hash: Hash,
        /// Its length in bytes.
        expected: usize,
    },
    /// A resource with another hash than the statement says all have.
    #[error("{name:?}: expected the algorithm {expected:?}, got {got:?}")]
    Algorithm {
        /// The resource.
        name: String,
        /// The one that the statement says.
        expected: String,
        /// The one that stands there, shortened.
        got: String,
    },
    /// The subject's digest is not that over the resources.
    #[error("its subject's digest is {claimed:x}, the resources give {found:x}")]
    Subject {
        /// What it says.
        claimed: B256,
        /// SHA-256 over the resources' digests.
        found: B256,
    },
}

/// Why the files of a model cannot be signed or compared.
#[derive(Debug, Error)]
pub enum ModelError {
    /// A file could not be read, or changed while it was read.
    #[error(transparent)]
    Files(#[from] FingerprintError),
    /// A symbolic link, and links are not to be followed.
    #[error("{} is a symbolic link; remove it, or sign what it leads to (--follow-symlinks)", path.display())]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// A followed link that leads to no file.
    #[error("{} is a symbolic link that leads to no file; remove it, or ignore it", path.display())]
    LinkTarget {
        /// The link.
        path: PathBuf,
    },
    /// A path to ignore that is not one in the model.
    #[error("{path:?} cannot be ignored: give a path relative to the model, without `.` or `..` parts")]
    Ignore {
        /// What was given.
        path: String,
    },
    /// Names of shards are separated by colons; the format cannot tell them from a file's own.
    #[error(
        "{path:?} has a colon in its name, which the names of shards cannot hold; sign whole files instead"
    )]
    Colon {
        /// The file, relative to the model.
        path: String,
    },
    /// Nothing to sign.
    #[error("{} has no files to sign", path.display())]
    NoFiles {
        /// The model.
        path: PathBuf,
    },
    /// The bundle and the model are the same file.
    #[error("{} is the model itself; name another file for the bundle", path.display())]
    BundleIsModel {
        /// The file.
        path: PathBuf,
    },
    /// More files or shards than a statement holds.
    #[error("at most {limit} files or shards can be signed at once; use larger shards")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

/// Why a model was not signed. Nothing was written.
#[derive(Debug, Error)]
pub enum ExportError<E> {
    /// The files.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The statement cannot be written as JSON, such as a shard size above 2^53 - 1.
    #[error("the statement: {0}")]
    Json(#[from] JsonError),
    /// The signer refused or failed.
    #[error("the signer: {0}")]
    Signer(E),
    /// It answered with something that is not the key's signature.
    #[error("what the signer gave back is not a signature of the key {key:x}")]
    Signature {
        /// The hint of the key.
        key: B256,
    },
    /// Where the bundle should go stands something that is no bundle.
    #[error("{} is there already and is no signature bundle; it was left as it is, name another file", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Too many or too long names: nobody would read the bundle.
    #[error(
        "the bundle would have {got} bytes, at most {limit} are read; use larger shards, or sign parts of the model"
    )]
    TooLong {
        /// The limit in bytes.
        limit: u64,
        /// The bundle's length in bytes.
        got: u64,
    },
    /// The bundle could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Why a model is not what was signed.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The bundle's file could not be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The bundle's file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The bundle's file is too long.
    #[error("{} has more than the {limit} bytes that are read of a bundle", path.display())]
    TooLong {
        /// The bundle's file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// The bundle is refused.
    #[error("{}: {source}", path.display())]
    Bundle {
        /// The bundle's file.
        path: PathBuf,
        /// Why.
        source: BundleError,
    },
    /// The files could not be read.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The files are not those that were signed.
    #[error("{} is not what was signed: {differences}", path.display())]
    Differs {
        /// The model.
        path: PathBuf,
        /// All that differs.
        differences: Differences,
    },
}

/// What of a model is not as it was signed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Differences {
    /// Signed, and not there.
    pub missing: Vec<String>,
    /// There with other bytes.
    pub changed: Vec<String>,
    /// There, and not signed.
    pub unsigned: Vec<String>,
    /// Symbolic links that were not to be followed, or that lead to no file.
    pub links: Vec<String>,
}

impl Differences {
    /// Whether all is as it was signed.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty()
            && self.changed.is_empty()
            && self.unsigned.is_empty()
            && self.links.is_empty()
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Paths named in one message; the fields hold all.
        const SHOWN: usize = 10;
        let mut separator = "";
        for (what, paths) in [
            ("changed", &self.changed),
            ("missing", &self.missing),
            ("not signed", &self.unsigned),
            ("symbolic links", &self.links),
        ] {
            if paths.is_empty() {
                continue;
            }
            let shown: Vec<String> = paths.iter().take(SHOWN).map(|path| format!("{path:?}")).collect();
            write!(f, "{separator}{} {what}: {}", paths.len(), shown.join(", "))?;
            if paths.len() > SHOWN {
                write!(f, " and {} more", paths.len() - SHOWN)?;
            }
            separator = "; ";
        }
        Ok(())
    }
}
