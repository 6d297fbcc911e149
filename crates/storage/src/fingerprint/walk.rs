//! Lists a folder's entries in the order of the format, holding one level's names at a time.
//!
//! Within a folder, names are sorted with `/` behind those of folders that are not empty: that is where
//! the paths below them belong in the order of whole paths (`a-b`, then `a/b`, then `a0`).

use super::{
    Limits, Symlinks,
    error::{Change, FingerprintError, SpecialKind},
    stamp::Stamp,
};
use averment_primitives::fingerprint::MAX_PATH_BYTES;
use std::{
    collections::HashSet,
    ffi::OsString,
    fs::{self, FileType, Metadata},
    io,
    os::unix::{ffi::OsStringExt, fs::FileTypeExt},
    path::{Path, PathBuf},
    vec,
};

/// Something found, with its path relative to the folder.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) relative: String,
    pub(crate) path: PathBuf,
    pub(crate) what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    File(Stamp),
    EmptyFolder,
    /// With its target's text.
    Symlink(Vec<u8>),
}

#[derive(Debug)]
pub(crate) struct Walk {
    root: PathBuf,
    limits: Limits,
    symlinks: Symlinks,
    levels: Vec<Level>,
    /// A single file is found once, without levels.
    single: Option<(String, Stamp)>,
    found: u64,
    /// Paths that are not entered, and those of them that were there.
    skip: HashSet<String>,
    skipped: Vec<String>,
}

#[derive(Debug)]
struct Level {
    path: PathBuf,
    /// As it was before its names were read.
    stamp: Stamp,
    /// The relative path with `/` at its end; empty at the root.
    prefix: String,
    names: vec::IntoIter<Name>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Leaf,
    EmptyFolder,
    Folder,
}

#[derive(Debug)]
struct Name {
    /// With `/` at its end for a folder that is not empty.
    text: String,
    sort: Sort,
}

impl Walk {
    /// Starts at `root`, which is followed if it is a link itself: whoever names it has chosen it.
    pub(crate) fn new(root: &Path, symlinks: Symlinks, limits: Limits) -> Result<Self, FingerprintError> {
        Self::skipping(root, symlinks, limits, HashSet::new())
    }

    /// Like [`Walk::new`], and leaves out the relative paths `skip` and what lies below them, unseen. For other
    /// formats' rules only: a fingerprint skips nothing.
    pub(crate) fn skipping(
        root: &Path,
        symlinks: Symlinks,
        limits: Limits,
        skip: HashSet<String>,
    ) -> Result<Self, FingerprintError> {
        let meta = fs::metadata(root).map_err(failed(root, "looking at it"))?;
        let mut walk = Self {
            root: root.to_owned(),
            limits,
            symlinks,
            levels: Vec::new(),
            single: None,
            found: 0,
            skip,
            skipped: Vec::new(),
        };
        if meta.is_dir() {
            walk.enter(root.to_owned(), String::new())?;
        } else if meta.is_file() {
            // The bytes are those that a link leads to, the name is the one that was given.
            walk.root = fs::canonicalize(root).map_err(failed(root, "looking at it"))?;
            let name = root.file_name().or(walk.root.file_name()).unwrap_or_default().to_owned();
            let name =
                name.into_string().map_err(|_| FingerprintError::NameNotUtf8 { path: root.to_owned() })?;
            walk.single = Some((name, Stamp::of(&meta)));
        } else {
            return Err(special(root, meta.file_type()));
        }
        Ok(walk)
    }

    /// The next entry, or none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Found>, FingerprintError> {
        if let Some((relative, stamp)) = self.single.take() {
            let path = self.root.clone();
            return Ok(Some(Found { relative, path, what: What::File(stamp) }));
        }
        while let Some(level) = self.levels.last_mut() {
            let Some(name) = level.names.next() else {
                self.leave()?;
                continue;
            };
            let path = level.path.join(name.text.trim_end_matches('/'));
            let relative = format!("{}{}", level.prefix, name.text);
            if relative.len() > MAX_PATH_BYTES {
                let (limit, got) = (MAX_PATH_BYTES, relative.len());
                return Err(FingerprintError::PathTooLong { path, limit, got });
            }
            if name.sort == Sort::Folder {
                self.enter(path, relative)?;
                continue;
            }
            self.found += 1;
            if self.found > self.limits.entries {
                return Err(FingerprintError::TooMany { path, limit: self.limits.entries });
            }
            let what = match name.sort {
                Sort::EmptyFolder => What::EmptyFolder,
                _ => self.leaf(&path)?,
            };
            return Ok(Some(Found { relative, path, what }));
        }
        Ok(None)
    }

    fn leaf(&self, path: &Path) -> Result<What, FingerprintError> {
        let meta = listed(path)?;
        if meta.is_file() {
            return Ok(What::File(Stamp::of(&meta)));
        }
        if meta.is_dir() {
            return Err(FingerprintError::Changed { path: path.to_owned(), change: Change::Replaced });
        }
        if !meta.is_symlink() {
            return Err(special(path, meta.file_type()));
        }
        match self.symlinks {
            Symlinks::Refuse => Err(FingerprintError::Symlink { path: path.to_owned() }),
            Symlinks::Record => {
                let target = fs::read_link(path).map_err(failed(path, "reading the link"))?;
                Ok(What::Symlink(target.into_os_string().into_vec()))
            }
        }
    }

    fn enter(&mut self, path: PathBuf, prefix: String) -> Result<(), FingerprintError> {
        if self.levels.len() > self.limits.depth {
            return Err(FingerprintError::TooDeep { path, limit: self.limits.depth });
        }
        let meta = if prefix.is_empty() {
            fs::metadata(&path).map_err(failed(&path, "looking at it"))?
        } else {
            listed(&path)?
        };
        if !meta.is_dir() {
            return Err(FingerprintError::Changed { path, change: Change::Replaced });
        }
        let stamp = Stamp::of(&meta);
        let before = self.skipped.len();
        let names = self.names(&path, &prefix)?;
        if names.is_empty() && self.skipped.len() == before && !prefix.is_empty() {
            // It was not empty when its parent was listed.
            let change = stamp.changed_to(&Stamp::of(&listed(&path)?));
            return Err(FingerprintError::Changed { path, change });
        }
        self.levels.push(Level { path, stamp, prefix, names: names.into_iter() });
        Ok(())
    }

    /// Whether the path that was named is a file, which is the only entry then.
    pub(crate) fn is_single(&self) -> bool {
        self.single.is_some()
    }

    /// The paths that were left out so far.
    pub(crate) fn skipped(&self) -> &[String] {
        &self.skipped
    }

    fn names(&mut self, folder: &Path, prefix: &str) -> Result<Vec<Name>, FingerprintError> {
        let action = failed(folder, "listing the folder");
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(&action)? {
            let entry = entry.map_err(&action)?;
            // Room for what the limit still allows, so that one huge folder does not fill the memory.
            if names.len() as u64 >= self.limits.entries.saturating_sub(self.found) {
                return Err(FingerprintError::TooMany { path: entry.path(), limit: self.limits.entries });
            }
            if !self.skip.is_empty()
                && let Some(text) = entry.file_name().to_str()
                && let relative = format!("{prefix}{text}")
                && self.skip.contains(&relative)
            {
                self.skipped.push(relative);
                continue;
            }
            names.push(name(folder, entry.file_name(), entry.file_type().map_err(&action)?)?);
        }
        names.sort_unstable_by(|a, b| a.text.as_bytes().cmp(b.text.as_bytes()));
        Ok(names)
    }

    /// Leaves the innermost folder, which must be as it was when it was listed.
    fn leave(&mut self) -> Result<(), FingerprintError> {
        let Some(Level { path, stamp: before, .. }) = self.levels.pop() else { return Ok(()) };
        let meta = fs::metadata(&path).map_err(|error| vanished(&path, error))?;
        let after = Stamp::of(&meta);
        if before == after {
            return Ok(());
        }
        Err(FingerprintError::Changed { path, change: before.changed_to(&after) })
    }
}

/// A name as it is sorted. Whether a folder is empty decides its place, so it is looked into now.
fn name(folder: &Path, name: OsString, file_type: FileType) -> Result<Name, FingerprintError> {
    let path = folder.join(&name);
    let Ok(mut text) = name.into_string() else {
        return Err(FingerprintError::NameNotUtf8 { path });
    };
    if !file_type.is_dir() {
        return Ok(Name { text, sort: Sort::Leaf });
    }
    let first = fs::read_dir(&path).and_then(|mut entries| entries.next().transpose());
    match first.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => vanished(&path, error),
        _ => failed(&path, "listing the folder")(error),
    })? {
        None => Ok(Name { text, sort: Sort::EmptyFolder }),
        Some(_) => {
            text.push('/');
            Ok(Name { text, sort: Sort::Folder })
        }
    }
}

/// What stands at `path`, which was listed a moment ago.
fn listed(path: &Path) -> Result<Metadata, FingerprintError> {
    fs::symlink_metadata(path).map_err(|error| vanished(path, error))
}

pub(crate) fn vanished(path: &Path, error: io::Error) -> FingerprintError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            FingerprintError::Changed { path: path.to_owned(), change: Change::Vanished }
        }
        _ => failed(path, "looking at it")(error),
    }
}

pub(crate) fn failed(path: &Path, action: &'static str) -> impl Fn(io::Error) -> FingerprintError {
    move |source| FingerprintError::Io { path: path.to_owned(), action, source }
}

fn special(path: &Path, file_type: FileType) -> FingerprintError {
    let kind = if file_type.is_fifo() {
        SpecialKind::Fifo
    } else if file_type.is_socket() {
        SpecialKind::Socket
    } else {
        SpecialKind::Device
    };
    FingerprintError::Special { path: path.to_owned(), kind }
}
