//! One fingerprint from beginning to end: the walk and its engine, folded into the roots, beside the cache.

use super::{
    Cache, CacheError, CacheUse, Entry, EntryFault, Fingerprint, FingerprintError, Folder, MAX_PATH_BYTES,
    Options, Progress, Roots, Stamp,
    cache::{self, NewCache, OldCache, Opened},
    engine::{self, Finished, Sink},
    walk::{Walk, What, failed},
};
use std::{ffi::OsStr, fs, path::Path};

type OnProgress<'a> = &'a mut (dyn FnMut(Progress) + 'a);

pub(super) fn take<'a>(
    path: &'a Path,
    options: &'a Options,
    on_progress: Option<OnProgress<'a>>,
) -> Result<Fingerprint, FingerprintError> {
    let mut session = Session {
        folder: Folder::new(),
        entries: options.entries.then(Vec::new),
        cache: options.cache.as_ref().map(|cache| CacheSession::open(cache, path)).transpose()?,
        progress: Progress::default(),
        on_progress,
    };
    let walk = || Walk::new(path, options.symlinks, options.limits);
    if session.on_progress.is_some() {
        let mut walk = walk()?;
        while let Some(found) = walk.next()? {
            if let What::File(stamp) = found.what {
                session.progress.total_files += 1;
                session.progress.total_bytes = session.progress.total_bytes.saturating_add(stamp.size);
            }
        }
    }
    engine::run(walk()?, options.threads(), &mut session)?;
    Ok(session.finish())
}

struct Session<'a> {
    folder: Folder,
    entries: Option<Vec<Entry>>,
    cache: Option<CacheSession<'a>>,
    progress: Progress,
    on_progress: Option<OnProgress<'a>>,
}

impl Session<'_> {
    fn report(&mut self) {
        if let Some(on_progress) = &mut self.on_progress {
            on_progress(self.progress);
        }
    }

    fn finish(self) -> Fingerprint {
        let summary = self.folder.summary();
        Fingerprint {
            root: summary.root,
            sha256_root: summary.sha256_root,
            blake3_root: summary.blake3_root,
            bytes: summary.bytes,
            files: summary.files,
            entry_count: summary.entries,
            entries: self.entries,
            cache: self.cache.map(CacheSession::finish),
        }
    }
}

impl Sink for Session<'_> {
    fn known(&mut self, relative: &str, stamp: &Stamp) -> Option<Roots> {
        self.cache.as_mut()?.old.as_mut()?.find(relative, stamp)
    }

    fn read(&mut self, bytes: u64) {
        self.progress.bytes += bytes;
        self.report();
    }

    fn entry(&mut self, finished: Finished) -> Result<(), FingerprintError> {
        if let Some((stamp, _)) = &finished.stamp {
            self.progress.files += 1;
            if let Some(cache) = &mut self.cache {
                cache.enter(&finished, stamp);
            }
            self.report();
        }
        let entry = Entry {
            kind: finished.kind,
            path: finished.relative,
            size: finished.size,
            sha256: finished.roots.sha256,
            blake3: finished.roots.blake3,
        };
        self.folder.push(&entry).map_err(|fault| match fault {
            EntryFault::TooLarge => FingerprintError::TooLarge { path: finished.path.clone() },
            EntryFault::Path { path } => FingerprintError::PathTooLong {
                path: finished.path.clone(),
                limit: MAX_PATH_BYTES,
                got: path.len(),
            },
            // The walk gives entries in order, so the folder was another when it was listed.
            EntryFault::Order { .. } | EntryFault::Below { .. } | EntryFault::FolderNotEmpty { .. } => {
                FingerprintError::Changed { path: finished.path.clone(), change: super::Change::Replaced }
            }
        })?;
        if let Some(entries) = &mut self.entries {
            entries.push(entry);
        }
        Ok(())
    }
}

struct CacheSession<'a> {
    settings: &'a Cache,
    old: Option<OldCache>,
    damaged: bool,
    /// The error that ended writing, if one did.
    new: Result<NewCache, CacheError>,
    known: u64,
    read: u64,
}

impl<'a> CacheSession<'a> {
    fn open(settings: &'a Cache, fingerprinted: &Path) -> Result<Self, FingerprintError> {
        refuse_inside(&settings.path, fingerprinted)?;
        let (old, damaged) = match cache::open(&settings.path)? {
            Opened::Usable(old) => (Some(old), false),
            Opened::Missing => (None, false),
            Opened::Damaged => (None, true),
        };
        let old = old.filter(|_| !settings.trust_nothing);
        let new = NewCache::create(&settings.path).map_err(CacheError::Write);
        Ok(Self { settings, old, damaged, new, known: 0, read: 0 })
    }

    fn enter(&mut self, finished: &Finished, stamp: &Stamp) {
        if finished.read {
            self.read += 1;
        } else {
            self.known += 1;
        }
        let settled = finished.stamp.is_some_and(|(_, now)| stamp.settled(now, self.settings.margin));
        if settled
            && let Ok(new) = &mut self.new
            && let Err(error) = new.push(&finished.relative, stamp, &finished.roots)
        {
            self.new = Err(CacheError::Write(error));
        }
    }

    fn finish(self) -> CacheUse {
        let saved = self.new.and_then(|new| new.commit().map_err(CacheError::Write));
        CacheUse { known: self.known, read: self.read, damaged: self.damaged, saved }
    }
}

/// The cache changes with each fingerprint, so it cannot be a part of one; and the fingerprinted file itself must
/// not be overwritten.
fn refuse_inside(cache: &Path, fingerprinted: &Path) -> Result<(), FingerprintError> {
    let root = fs::canonicalize(fingerprinted).map_err(failed(fingerprinted, "looking at it"))?;
    let folder = match cache.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // A folder that does not exist cannot be inside; creating the cache will say so.
    let Ok(folder) = fs::canonicalize(folder) else { return Ok(()) };
    if folder.join(cache.file_name().unwrap_or(OsStr::new("/"))).starts_with(&root) {
        return Err(CacheError::Inside { path: cache.to_owned() }.into());
    }
    Ok(())
}
