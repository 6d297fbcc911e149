//! OpenSSF Model Signing 1.0: a signature over the digests of a model's files, in a Sigstore bundle v0.3, by a
//! P-256 key (<https://github.com/ossf/model-signing-spec>; the reference is the Python package
//! `model-signing` 1.1.1).
//!
//! ```text
//! Sigstore bundle { verificationMaterial.publicKey.hint: SHA-256 of the key's PEM
//!                   dsseEnvelope { one signature: ECDSA P-256 / SHA-256 over the pre-authentication encoding
//!                                  payload: in-toto statement, predicate https://model_signing/signature/v1.0 } }
//! predicate       { serialization: hash, whole files or shards, ignored paths, links
//!                   resources: name, algorithm and digest of every file or shard }
//! subject         { SHA-256 over the resources' digests }
//! ```
//!
//! [`export`] signs a model, [`import`] checks one against a bundle and names everything that differs.
//! What is signed are regular files. The format binds no empty folders and, in shards, no files without bytes;
//! those that are there are reported as [`Coverage::empty`], never passed over in silence. Ignored paths are
//! those the signed statement ignores, those the caller ignores, and the bundle's own file.
//!
//! Where this reader is stricter than the Python tool: paths of git are ignored only if the signed statement
//! says so; JSON that parsers disagree about is refused; every name must be a plain path below the model; the
//! shards of a file must be all of it; symbolic links to folders are never passed over.

mod bundle;
mod error;
mod files;
mod key;
mod statement;

#[cfg(test)]
mod tests;

pub use bundle::{MAX_BUNDLE_BYTES, MEDIA_TYPE};
pub use error::{BundleError, Differences, ExportError, ImportError, KeyError, ModelError, StatementError};
pub use key::PublicKey;
pub use statement::{
    DEFAULT_SHARD_BYTES, Hash, MAX_RESOURCES, Method, Serialization, SignedFile, SignedPath, Statement,
};

use crate::{atomic, fingerprint::Progress};
use averment_primitives::B256;
use files::{Found, Model};
use serde::Serialize;
use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read},
    num::NonZero,
    path::Path,
};

/// What the Python tool ignores unless it is told otherwise: what git keeps beside a model.
pub const GIT_PATHS: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

/// What is told how far the reading has come; called from several threads.
pub type OnProgress<'a> = &'a (dyn Fn(Progress) + Sync);

/// How a model is signed. The default is the Python tool's: SHA-256 of whole files, git's paths ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOptions {
    /// The hash of the files.
    pub hash: Hash,
    /// Whole files or shards.
    pub method: Method,
    /// Signs what links to files lead to, instead of refusing links.
    pub follow_symlinks: bool,
    /// Paths relative to the model that are not signed, with all that is below them.
    pub ignore: Vec<String>,
    /// Threads that read, each with a buffer of a mebibyte; by default one a processor, at most 12.
    pub threads: Option<NonZero<usize>>,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self {
            hash: Hash::default(),
            method: Method::default(),
            follow_symlinks: false,
            ignore: GIT_PATHS.map(str::to_owned).to_vec(),
            threads: None,
        }
    }
}

/// How a model is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Paths relative to the model that need not be signed, beside those that the signer ignored. None of them
    /// may be one that is signed.
    pub ignore: Vec<String>,
    /// Threads that read, each with a buffer of a mebibyte; by default one a processor, at most 12.
    pub threads: Option<NonZero<usize>>,
}

/// What a signature covers, and what lies in the model beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// The model's name in the statement; informative.
    pub name: String,
    /// The statement's subject: SHA-256 over the resources' digests.
    pub digest: B256,
    /// The SHA-256 of the signer's public key in PEM.
    pub key: B256,
    /// The hash of the files.
    pub hash: Hash,
    /// Bytes of a shard; none if whole files are signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard_bytes: Option<u64>,
    /// Number of signed files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Paths that are there and were ignored; nothing is known about what they hold.
    pub ignored: Vec<String>,
    /// Files without bytes that are there; a signature over shards does not cover them.
    pub empty: Vec<String>,
}

/// Signs the model at `model` (a file or folder) as `key` and writes the bundle to `output`. `sign` gets the
/// message, the DSSE pre-authentication encoding, and answers with `key`'s ECDSA-SHA-256 signature over it in
/// DER; the answer is checked. A bundle that stands at `output` is replaced, any other file is left alone.
pub fn export<E>(
    model: &Path,
    output: &Path,
    options: &ExportOptions,
    key: &PublicKey,
    progress: Option<OnProgress<'_>>,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Coverage, ExportError<E>> {
    refuse_foreign(output)?;
    let mut ignore = plain_paths(&options.ignore)?;
    ignore.extend(own_path(model, output)?);
    let serialization = Serialization {
        method: options.method,
        hash: options.hash,
        follow_symlinks: options.follow_symlinks,
        ignore: ignore.iter().cloned().collect(),
    };
    let listed = Model::list(model, options.follow_symlinks, ignore)?;
    if let Some(link) = listed.links.first() {
        let path = model.join(link);
        let error = if options.follow_symlinks {
            ModelError::LinkTarget { path }
        } else {
            ModelError::Symlink { path }
        };
        return Err(error.into());
    }
    let (files, empty): (Vec<_>, Vec<_>) =
        listed.files.into_iter().partition(|file| covers(options.method, file));
    let found = files::digests(&files, options.hash, options.method, options.threads, progress)?;
    let bytes = size_of(&files);
    if found.is_empty() {
        return Err(ModelError::NoFiles { path: model.to_owned() }.into());
    }
    let statement = Statement::of(listed.name, serialization, found)?;
    let envelope = bundle::envelope(statement.encode()?);
    let signature = sign(&envelope.message()).map_err(ExportError::Signer)?;
    if !key.verifies(&envelope.message(), &signature) {
        return Err(ExportError::Signature { key: key.hint() });
    }
    let encoded = bundle::encode(envelope, key, signature)?;
    let got = encoded.len() as u64;
    if got > MAX_BUNDLE_BYTES {
        return Err(ExportError::TooLong { limit: MAX_BUNDLE_BYTES, got });
    }
    atomic::write(output, &encoded)?;
    Ok(coverage(&statement, key, bytes, listed.ignored, &empty))
}

/// Checks the model at `model` against the bundle at `bundle`: signed by `key`, and every file as it was signed,
/// none missing, none beside them.
pub fn import(
    model: &Path,
    bundle: &Path,
    options: &ImportOptions,
    key: &PublicKey,
    progress: Option<OnProgress<'_>>,
) -> Result<Coverage, ImportError> {
    let refused = |source: BundleError| ImportError::Bundle { path: bundle.to_owned(), source };
    let statement = read(&read_bundle(bundle)?, key).map_err(refused)?;
    let mut ignore = plain_paths(&options.ignore)?;
    let callers: Vec<String> = ignore.iter().cloned().collect();
    statement::check_ignored(&statement.files, &callers).map_err(|error| refused(error.into()))?;
    ignore.extend(own_path(model, bundle)?);
    ignore.extend(statement.serialization.ignore.iter().cloned());
    let Serialization { method, hash, follow_symlinks, .. } = statement.serialization;
    let listed = Model::list(model, follow_symlinks, ignore)?;
    let mut differences = Differences { links: listed.links, ..Differences::default() };
    let mut missing: BTreeSet<&SignedPath> = statement.files.keys().collect();
    let (mut to_read, mut empty) = (Vec::new(), Vec::new());
    for file in listed.files {
        missing.remove(&file.path);
        match statement.files.get(&file.path) {
            None if covers(method, &file) => differences.unsigned.push(file.path.as_str().to_owned()),
            None => empty.push(file),
            Some(signed) if signed.size.is_some_and(|size| size != file.stamp.size) => {
                differences.changed.push(file.path.as_str().to_owned());
            }
            Some(_) => to_read.push(file),
        }
    }
    differences.missing = missing
        .into_iter()
        .map(|path| path.as_str().to_owned())
        .filter(|path| !differences.links.contains(path))
        .collect();
    let found = files::digests(&to_read, hash, method, options.threads, progress)?;
    for (path, file) in &found {
        if statement.files.get(path).is_none_or(|signed| signed.digests != file.digests) {
            differences.changed.push(path.as_str().to_owned());
        }
    }
    differences.changed.sort();
    if differences.is_empty() {
        return Ok(coverage(&statement, key, size_of(&to_read), listed.ignored, &empty));
    }
    Err(ImportError::Differs { path: model.to_owned(), differences })
}

/// Reads a bundle that `key` must have signed, without looking at any model. [`import`] does both.
pub fn read(bundle: &[u8], key: &PublicKey) -> Result<Statement, BundleError> {
    Ok(Statement::decode(&bundle::decode(bundle, key)?)?)
}

/// Whether the format gives such a file a digest.
fn covers(method: Method, file: &Found) -> bool {
    method == Method::Files || file.stamp.size > 0
}

fn size_of(files: &[Found]) -> u64 {
    files.iter().map(|file| file.stamp.size).fold(0, u64::saturating_add)
}

fn coverage(
    statement: &Statement,
    key: &PublicKey,
    bytes: u64,
    ignored: Vec<String>,
    empty: &[Found],
) -> Coverage {
    Coverage {
        name: statement.name.clone(),
        digest: statement.digest,
        key: key.hint(),
        hash: statement.serialization.hash,
        shard_bytes: match statement.serialization.method {
            Method::Files => None,
            Method::Shards(bytes) => Some(bytes.get()),
        },
        files: statement.files.len() as u64,
        bytes,
        ignored,
        empty: empty.iter().map(|file| file.path.as_str().to_owned()).collect(),
    }
}

fn plain_paths(paths: &[String]) -> Result<BTreeSet<String>, ModelError> {
    let plain = |path: &String| {
        let path = path.strip_suffix('/').unwrap_or(path);
        if statement::is_plain(path) {
            Ok(path.to_owned())
        } else {
            Err(ModelError::Ignore { path: path.to_owned() })
        }
    };
    paths.iter().map(plain).collect()
}

/// The bundle's path in the model, if it lies there: a signature cannot cover itself.
fn own_path(model: &Path, bundle: &Path) -> Result<Option<String>, ModelError> {
    // What cannot be resolved cannot be inside; whoever uses it says what is wrong with it.
    let Ok(root) = fs::canonicalize(model) else { return Ok(None) };
    let folder = match bundle.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let Ok(folder) = fs::canonicalize(folder) else { return Ok(None) };
    let path = folder.join(bundle.file_name().unwrap_or(OsStr::new("/")));
    if path == root {
        return Err(ModelError::BundleIsModel { path: model.to_owned() });
    }
    Ok(path.strip_prefix(&root).ok().and_then(Path::to_str).map(str::to_owned))
}

/// An older bundle may be replaced, nothing else: `-o` is easily given the wrong file's name.
fn refuse_foreign<E>(output: &Path) -> Result<(), ExportError<E>> {
    let foreign = || ExportError::Exists { path: output.to_owned() };
    match fs::symlink_metadata(output) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Ok(meta) if meta.is_file() => {}
        _ => return Err(foreign()),
    }
    let bytes = read_bundle(output).map_err(|_| foreign())?;
    if bundle::is_bundle(&bytes) { Ok(()) } else { Err(foreign()) }
}

fn read_bundle(path: &Path) -> Result<Vec<u8>, ImportError> {
    let failed = |source| ImportError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_BUNDLE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_BUNDLE_BYTES {
        return Err(ImportError::TooLong { path: path.to_owned(), limit: MAX_BUNDLE_BYTES });
    }
    Ok(bytes)
}
