//! The in-toto statement that is signed: which files with which digests, and how they were taken.
//!
//! Its one subject has the SHA-256 over the resources' digests in their order, which for what is written here
//! is that of the paths' parts. Names of files are bound by the signature over the whole statement, not by the
//! subject's digest.

use super::{
    bundle::shortened,
    error::{ModelError, StatementError},
};
use averment_primitives::{B256, hex};
use averment_registry::canonical::{self, JsonError, JsonLimits};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    num::NonZero,
};

const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE: &str = "https://model_signing/signature/v1.0";

/// The most files or shards of one statement.
pub const MAX_RESOURCES: usize = 1_000_000;

/// The size of a shard unless another is asked for: 10^9 bytes.
pub const DEFAULT_SHARD_BYTES: NonZero<u64> = NonZero::new(1_000_000_000).unwrap();

/// The hash of the files' digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Hash {
    /// SHA-256: the only one that every verifier reads without being told.
    #[default]
    Sha256,
    /// BLAKE2b with 64 bytes.
    Blake2b,
    /// BLAKE3 with 32 bytes.
    Blake3,
}

impl Hash {
    /// As it stands in a statement.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Blake2b => "blake2b",
            Self::Blake3 => "blake3",
        }
    }

    /// Length of a digest in bytes.
    pub fn bytes(self) -> usize {
        match self {
            Self::Sha256 | Self::Blake3 => 32,
            Self::Blake2b => 64,
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Sha256, Self::Blake2b, Self::Blake3].into_iter().find(|hash| hash.name() == name)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What has a digest of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// Each file.
    #[default]
    Files,
    /// Each piece of a file of so many bytes, the last one shorter. Files without bytes have none: they are not
    /// signed.
    Shards(NonZero<u64>),
}

/// How the digests of a statement were taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serialization {
    /// What has a digest of its own.
    pub method: Method,
    /// The hash.
    pub hash: Hash,
    /// Whether links to files were followed.
    pub follow_symlinks: bool,
    /// Paths that are not signed, with all that is below them.
    pub ignore: Vec<String>,
}

impl Serialization {
    /// What stands beside each digest.
    fn algorithm(&self) -> String {
        match self.method {
            Method::Files => self.hash.name().to_owned(),
            Method::Shards(bytes) => format!("{}-sharded-{bytes}", self.hash.name()),
        }
    }
}

/// A file of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedFile {
    /// Its size in bytes, where shards tell it.
    pub size: Option<u64>,
    /// The digest of the file, or those of its shards in order.
    pub digests: Vec<Vec<u8>>,
}

/// What a bundle's signature is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The model's name; informative.
    pub name: String,
    /// SHA-256 over the resources' digests.
    pub digest: B256,
    /// How the digests were taken.
    pub serialization: Serialization,
    /// The files by their paths, in the order of the paths' parts.
    pub files: BTreeMap<SignedPath, SignedFile>,
}

/// The path of a signed file: `/`-separated and relative to the model, or `.` for a model of one file. Ordered
/// by its parts, so that `a/z` is before `a-b`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SignedPath(String);

/// The name of a model's only file, when the model is that file.
pub(super) const SINGLE: &str = ".";

impl SignedPath {
    /// The path of a file that was found in a model.
    pub(super) fn found(path: &str) -> Self {
        Self(path.to_owned())
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Ord for SignedPath {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.split('/').cmp(other.0.split('/'))
    }
}

impl PartialOrd for SignedPath {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Whether `path` is relative, in plain form, and leads nowhere but down.
pub(super) fn is_plain(path: &str) -> bool {
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    path.len() <= crate::fingerprint::MAX_PATH_BYTES && !path.contains('\0') && path.split('/').all(plain)
}

impl Statement {
    /// The statement about files that were just read.
    pub(super) fn of(
        name: String,
        serialization: Serialization,
        files: BTreeMap<SignedPath, SignedFile>,
    ) -> Result<Self, ModelError> {
        if let Method::Shards(_) = serialization.method
            && let Some(path) = files.keys().find(|path| path.as_str().contains(':'))
        {
            return Err(ModelError::Colon { path: path.as_str().to_owned() });
        }
        let mut digest = Sha256::new();
        files.values().flat_map(|file| &file.digests).for_each(|piece| digest.update(piece));
        let digest = B256::from(<[u8; 32]>::from(digest.finalize()));
        Ok(Self { name, digest, serialization, files })
    }

    /// The payload's bytes.
    pub(super) fn encode(&self) -> Result<Vec<u8>, JsonError> {
        let Serialization { method, hash, follow_symlinks, ignore } = &self.serialization;
        let algorithm = self.serialization.algorithm();
        let mut serialization = Map::new();
        serialization.insert("hash_type".into(), hash.name().into());
        serialization.insert("allow_symlinks".into(), (*follow_symlinks).into());
        if !ignore.is_empty() {
            serialization.insert("ignore_paths".into(), ignore.clone().into());
        }
        match method {
            Method::Files => serialization.insert("method".into(), "files".into()),
            Method::Shards(bytes) => {
                serialization.insert("shard_size".into(), bytes.get().into());
                serialization.insert("method".into(), "shards".into())
            }
        };
        let resource = |name: String, digest: &[u8]| {
            let digest = hex::encode(digest);
            json!({ "name": name, "algorithm": algorithm, "digest": digest })
        };
        let mut resources = Vec::new();
        for (path, file) in &self.files {
            match method {
                Method::Files => {
                    resources.extend(file.digests.iter().map(|digest| resource(path.0.clone(), digest)));
                }
                Method::Shards(bytes) => {
                    let mut start = 0;
                    for digest in &file.digests {
                        let end = (start + bytes.get()).min(file.size.unwrap_or(u64::MAX));
                        resources.push(resource(format!("{}:{start}:{end}", path.0), digest));
                        start = end;
                    }
                }
            }
        }
        canonical::to_bytes(&json!({
            "_type": STATEMENT_TYPE,
            "subject": [{ "name": self.name, "digest": { "sha256": format!("{:x}", self.digest) } }],
            "predicateType": PREDICATE_TYPE,
            "predicate": { "serialization": serialization, "resources": resources },
        }))
    }

    /// Reads a payload whose signature was checked.
    pub(super) fn decode(payload: &[u8]) -> Result<Self, StatementError> {
        let statement = canonical::parse(payload, &JsonLimits { bytes: payload.len(), depth: 16 })?;
        exactly(&statement, "_type", STATEMENT_TYPE)?;
        exactly(&statement, "predicateType", PREDICATE_TYPE)?;
        let subject = match array(&statement, "subject", "subject")?.as_slice() {
            [subject] => subject,
            subjects => return Err(StatementError::Subjects { got: subjects.len() }),
        };
        let name = string(subject, "name", "subject[0].name")?.to_owned();
        let claimed = subject.get("digest").and_then(|digest| digest.get("sha256")).and_then(Value::as_str);
        let claimed = claimed
            .and_then(lower_hex)
            .and_then(|bytes| B256::try_from(bytes.as_slice()).ok())
            .ok_or(StatementError::Field {
                field: "subject[0].digest.sha256".into(),
                expected: "64 lower-case hexadecimal digits",
            })?;
        let predicate = statement.get("predicate").unwrap_or(&Value::Null);
        let serialization = decode_serialization(predicate.get("serialization").unwrap_or(&Value::Null))?;
        let resources = array(predicate, "resources", "predicate.resources")?;
        let (files, found) = decode_resources(resources, &serialization)?;
        if claimed != found {
            return Err(StatementError::Subject { claimed, found });
        }
        check_ignored(&files, &serialization.ignore)?;
        Ok(Self { name, digest: claimed, serialization, files })
    }
}

fn decode_serialization(value: &Value) -> Result<Serialization, StatementError> {
    let field = |name: &str| format!("predicate.serialization.{name}");
    let hash_type = string(value, "hash_type", &field("hash_type"))?;
    let hash = Hash::named(hash_type).ok_or(StatementError::Value {
        field: "predicate.serialization.hash_type",
        expected: "sha256, blake2b or blake3",
        got: shortened(hash_type),
    })?;
    let method = match string(value, "method", &field("method"))? {
        "files" => Method::Files,
        "shards" => {
            let size = value.get("shard_size").unwrap_or(&Value::Null);
            // The Python tool writes whole numbers as `2.0`.
            let whole = |number: f64| {
                let in_range = (1.0..=canonical::MAX_SAFE_INTEGER as f64).contains(&number);
                (in_range && number.fract() == 0.0).then_some(number as u64)
            };
            let bytes = size.as_u64().or_else(|| size.as_f64().and_then(whole)).and_then(NonZero::new);
            Method::Shards(bytes.ok_or_else(|| StatementError::Field {
                field: field("shard_size"),
                expected: "a whole number from 1 to 2^53 - 1",
            })?)
        }
        other => {
            return Err(StatementError::Value {
                field: "predicate.serialization.method",
                expected: "files or shards",
                got: shortened(other),
            });
        }
    };
    let follow_symlinks = value
        .get("allow_symlinks")
        .and_then(Value::as_bool)
        .ok_or_else(|| StatementError::Field { field: field("allow_symlinks"), expected: "true or false" })?;
    let mut ignore = Vec::new();
    if value.get("ignore_paths").is_some() {
        for path in array(value, "ignore_paths", &field("ignore_paths"))? {
            // Anything else would name what is not in the model, or all of it.
            let plain = path.as_str().filter(|path| is_plain(path)).ok_or_else(|| StatementError::Field {
                field: field("ignore_paths"),
                expected: "plain paths relative to the model",
            })?;
            ignore.push(plain.to_owned());
        }
    }
    ignore.sort();
    Ok(Serialization { method, hash, follow_symlinks, ignore })
}

type Resources = (BTreeMap<SignedPath, SignedFile>, B256);

/// The files, and the SHA-256 over all digests in the order in which they stand.
fn decode_resources(resources: &[Value], serialization: &Serialization) -> Result<Resources, StatementError> {
    if resources.is_empty() {
        return Err(StatementError::NoResources);
    }
    if resources.len() > MAX_RESOURCES {
        return Err(StatementError::TooMany { limit: MAX_RESOURCES, got: resources.len() });
    }
    let algorithm = serialization.algorithm();
    let mut over_all = Sha256::new();
    // By path, then by where each piece begins: its end and digest.
    let mut pieces: BTreeMap<SignedPath, BTreeMap<u64, (u64, Vec<u8>)>> = BTreeMap::new();
    for (index, resource) in resources.iter().enumerate() {
        let field = |name: &str| format!("predicate.resources[{index}].{name}");
        let name = string(resource, "name", &field("name"))?;
        let got = string(resource, "algorithm", &field("algorithm"))?;
        if got != algorithm {
            let (name, got) = (shortened(name), shortened(got));
            return Err(StatementError::Algorithm { name, expected: algorithm, got });
        }
        let expected = serialization.hash.bytes();
        let digest = lower_hex(string(resource, "digest", &field("digest"))?)
            .filter(|digest| digest.len() == expected)
            .ok_or_else(|| StatementError::Digest {
                name: shortened(name),
                hash: serialization.hash,
                expected,
            })?;
        over_all.update(&digest);
        let (path, start, end) = decode_name(name, serialization.method)?;
        if pieces.entry(path).or_default().insert(start, (end, digest)).is_some() {
            return Err(StatementError::Twice { name: shortened(name) });
        }
    }
    let single = pieces.len() == 1;
    let mut files = BTreeMap::new();
    for (path, pieces) in pieces {
        if path.0 == SINGLE && !single {
            let sharded = serialization.method != Method::Files;
            return Err(StatementError::Name { name: SINGLE.into(), sharded });
        }
        let file = join_pieces(&path, pieces, serialization.method)?;
        files.insert(path, file);
    }
    Ok((files, B256::from(<[u8; 32]>::from(over_all.finalize()))))
}

/// Path, start and end; of a whole file, both are 0.
fn decode_name(name: &str, method: Method) -> Result<(SignedPath, u64, u64), StatementError> {
    let sharded = method != Method::Files;
    let refused = || StatementError::Name { name: shortened(name), sharded };
    let (path, start, end) = match method {
        Method::Files => (name, 0, 0),
        Method::Shards(_) => {
            let mut parts = name.split(':');
            let (Some(path), Some(start), Some(end), None) =
                (parts.next(), parts.next(), parts.next(), parts.next())
            else {
                return Err(refused());
            };
            (path, decimal(start).ok_or_else(refused)?, decimal(end).ok_or_else(refused)?)
        }
    };
    if path == SINGLE || is_plain(path) {
        Ok((SignedPath(path.to_owned()), start, end))
    } else {
        Err(refused())
    }
}

fn join_pieces(
    path: &SignedPath,
    pieces: BTreeMap<u64, (u64, Vec<u8>)>,
    method: Method,
) -> Result<SignedFile, StatementError> {
    let Method::Shards(bytes) = method else {
        let digests = pieces.into_values().map(|(_, digest)| digest).collect();
        return Ok(SignedFile { size: None, digests });
    };
    let last = pieces.len() - 1;
    let mut digests = Vec::with_capacity(pieces.len());
    let mut at = 0_u64;
    for (index, (start, (end, digest))) in pieces.into_iter().enumerate() {
        let full = start.checked_add(bytes.get());
        let fits =
            if index < last { Some(end) == full } else { end > start && full.is_none_or(|full| end <= full) };
        if start != at || !fits {
            return Err(StatementError::Shards { path: shortened(&path.0), shard_bytes: bytes.get() });
        }
        digests.push(digest);
        at = end;
    }
    Ok(SignedFile { size: Some(at), digests })
}

/// A path that is both signed and ignored would be looked for and never found.
pub(super) fn check_ignored(
    files: &BTreeMap<SignedPath, SignedFile>,
    ignore: &[String],
) -> Result<(), StatementError> {
    let ignore: HashSet<&str> = ignore.iter().map(String::as_str).collect();
    for path in files.keys().map(SignedPath::as_str) {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        if let Some(rule) = ends.filter_map(|end| path.get(..end)).find(|above| ignore.contains(above)) {
            return Err(StatementError::Ignored { path: shortened(path), ignored: shortened(rule) });
        }
    }
    Ok(())
}

fn exactly(value: &Value, field: &'static str, expected: &'static str) -> Result<(), StatementError> {
    let got = string(value, field, field)?;
    if got == expected { Ok(()) } else { Err(StatementError::Value { field, expected, got: shortened(got) }) }
}

fn string<'v>(value: &'v Value, name: &str, field: &str) -> Result<&'v str, StatementError> {
    let found = value.get(name).and_then(Value::as_str);
    found.ok_or_else(|| StatementError::Field { field: field.to_owned(), expected: "a string" })
}

fn array<'v>(value: &'v Value, name: &str, field: &str) -> Result<&'v Vec<Value>, StatementError> {
    let found = value.get(name).and_then(Value::as_array);
    found.ok_or_else(|| StatementError::Field { field: field.to_owned(), expected: "a list" })
}

/// One way to write each number.
fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

fn lower_hex(text: &str) -> Option<Vec<u8>> {
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if plain { hex::decode(text).ok() } else { None }
}
