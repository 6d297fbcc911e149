//! The files of a model: which there are, and their digests, read by several threads.

use super::{Hash, MAX_RESOURCES, Method, ModelError, OnProgress, SignedFile, SignedPath, statement::SINGLE};
use crate::fingerprint::{
    CHUNK_BYTES, Change, ChunkBuffer, FingerprintError, Limits, Progress, Stamp, Symlinks, Walk, What,
    default_threads, failed, open, unchanged,
};
use blake2::Blake2b512;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// A file of a model.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: SignedPath,
    /// Where its bytes are; what a followed link leads to.
    file: PathBuf,
    pub(super) stamp: Stamp,
}

/// What lies in a model.
#[derive(Debug)]
pub(super) struct Model {
    /// The last part of its path.
    pub(super) name: String,
    pub(super) files: Vec<Found>,
    /// Links that were not followed, or that lead to no file.
    pub(super) links: Vec<String>,
    /// Paths that were left out and are there.
    pub(super) ignored: Vec<String>,
}

impl Model {
    /// Lists `root`, leaving out the relative paths `ignore` and what lies below them.
    pub(super) fn list(
        root: &Path,
        follow_symlinks: bool,
        ignore: BTreeSet<String>,
    ) -> Result<Self, ModelError> {
        let limits = Limits { entries: MAX_RESOURCES as u64, ..Limits::default() };
        let mut walk = Walk::skipping(root, Symlinks::Record, limits, ignore.into_iter().collect())?;
        let single = walk.is_single();
        let (mut files, mut links) = (Vec::new(), Vec::new());
        while let Some(found) = walk.next()? {
            let path = SignedPath::found(if single { SINGLE } else { &found.relative });
            match found.what {
                What::File(stamp) => files.push(Found { path, file: found.path, stamp }),
                What::EmptyFolder => {}
                What::Symlink(_) => match follow_symlinks.then(|| followed(&found.path)).flatten() {
                    Some((file, stamp)) => files.push(Found { path, file, stamp }),
                    None => links.push(found.relative),
                },
            }
        }
        let named = root.file_name().map(ToOwned::to_owned);
        let name = named.or_else(|| fs::canonicalize(root).ok()?.file_name().map(ToOwned::to_owned));
        let name = name.unwrap_or_default().to_string_lossy().into_owned();
        let mut ignored = walk.skipped().to_vec();
        ignored.sort();
        Ok(Self { name, files, links, ignored })
    }
}

/// The file that a link leads to, if it is one.
fn followed(link: &Path) -> Option<(PathBuf, Stamp)> {
    let file = fs::canonicalize(link).ok()?;
    let meta = fs::symlink_metadata(&file).ok()?;
    meta.is_file().then(|| (file, Stamp::of(&meta)))
}

/// Bytes of a file that get one digest.
struct Piece<'f> {
    file: &'f Found,
    start: u64,
    end: u64,
}

/// The digests of `files`, of which in shards none is empty. The first error in the order of `files` is the one
/// reported.
pub(super) fn digests(
    files: &[Found],
    hash: Hash,
    method: Method,
    threads: Option<NonZero<usize>>,
    on_progress: Option<OnProgress<'_>>,
) -> Result<BTreeMap<SignedPath, SignedFile>, ModelError> {
    let pieces = cut(files, method)?;
    let total_bytes = files.iter().map(|file| file.stamp.size).fold(0, u64::saturating_add);
    let progress =
        Mutex::new(Progress { total_bytes, total_files: files.len() as u64, ..Progress::default() });
    let done = |bytes: u64, ends_file: bool| {
        let Some(on_progress) = on_progress else { return };
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.bytes += bytes;
        progress.files += u64::from(ends_file);
        on_progress(*progress);
    };
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        let mut buffer = ChunkBuffer::new();
        let mut taken = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = pieces.get(number) else { break };
            let digest = digest(piece, hash, &mut buffer, &done);
            stop.fetch_or(digest.is_err(), Ordering::Relaxed);
            taken.push((number, digest));
        }
        taken
    };
    let threads = threads.unwrap_or_else(default_threads).get().min(pieces.len());
    let mut taken = thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .map_while(|_| thread::Builder::new().name("digest".into()).spawn_scoped(scope, work).ok())
            .collect();
        let mut taken = work();
        for other in others {
            taken.extend(other.join().map_err(|_| FingerprintError::Threads { source: None })?);
        }
        Ok::<_, FingerprintError>(taken)
    })?;
    taken.sort_unstable_by_key(|(number, _)| *number);
    let mut found: BTreeMap<SignedPath, SignedFile> = BTreeMap::new();
    for (piece, (_, digest)) in pieces.iter().zip(taken) {
        let size = (method != Method::Files).then_some(piece.file.stamp.size);
        let file =
            found.entry(piece.file.path.clone()).or_insert_with(|| SignedFile { size, digests: Vec::new() });
        file.digests.push(digest?);
    }
    Ok(found)
}

fn cut(files: &[Found], method: Method) -> Result<Vec<Piece<'_>>, ModelError> {
    let mut pieces = Vec::new();
    for file in files {
        let size = file.stamp.size;
        let count = match method {
            Method::Files => 1,
            Method::Shards(bytes) => size.div_ceil(bytes.get()),
        };
        if count > (MAX_RESOURCES - pieces.len()) as u64 {
            return Err(ModelError::TooMany { limit: MAX_RESOURCES });
        }
        match method {
            Method::Files => pieces.push(Piece { file, start: 0, end: size }),
            Method::Shards(bytes) => pieces.extend((0..count).map(|number| {
                let start = number * bytes.get();
                Piece { file, start, end: start.saturating_add(bytes.get()).min(size) }
            })),
        }
    }
    Ok(pieces)
}

enum Hasher {
    Sha256(Sha256),
    Blake2b(Box<Blake2b512>),
    Blake3(Box<blake3::Hasher>),
}

impl Hasher {
    fn new(hash: Hash) -> Self {
        match hash {
            Hash::Sha256 => Self::Sha256(Sha256::new()),
            Hash::Blake2b => Self::Blake2b(Box::default()),
            Hash::Blake3 => Self::Blake3(Box::default()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Blake2b(hasher) => hasher.update(bytes),
            Self::Blake3(hasher) => {
                hasher.update(bytes);
            }
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha256(hasher) => hasher.finalize().to_vec(),
            Self::Blake2b(hasher) => hasher.finalize().to_vec(),
            Self::Blake3(hasher) => hasher.finalize().as_bytes().to_vec(),
        }
    }
}

/// Reads a piece of the file that was listed, and of no other.
fn digest(
    piece: &Piece<'_>,
    hash: Hash,
    buffer: &mut ChunkBuffer,
    done: &impl Fn(u64, bool),
) -> Result<Vec<u8>, FingerprintError> {
    let (path, stamp) = (&piece.file.file, &piece.file.stamp);
    let file = open(path, stamp)?;
    let mut hasher = Hasher::new(hash);
    let mut at = piece.start;
    while at < piece.end {
        let length = (piece.end - at).min(CHUNK_BYTES as u64);
        let got = buffer.read(&file, at, length as usize).map_err(failed(path, "reading"))? as u64;
        hasher.update(buffer.bytes());
        at += got;
        if got < length {
            let change = Change::Length { expected: stamp.size, got: at };
            return Err(FingerprintError::Changed { path: path.clone(), change });
        }
        done(got, at == stamp.size);
    }
    if stamp.size == 0 {
        done(0, true);
    }
    // A file that grew has another stamp.
    unchanged(path, &file, stamp)?;
    Ok(hasher.finish())
}
