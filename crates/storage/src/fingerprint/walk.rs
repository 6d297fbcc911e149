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
    ffi::OsString,
    fs::{self, FileType, Metadata},
    io,
    os::unix::{ffi::OsStringExt, fs::FileTypeExt},
    path::{Path, PathBuf},
    vec,
};

/// Something found, with its path relative to the folder.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) relative: String,
    pub(super) path: PathBuf,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    File(Stamp),
    EmptyFolder,
    /// With its target's text.
    Symlink(Vec<u8>),
}

#[derive(Debug)]
pub(super) struct Walk {
    root: PathBuf,
    limits: Limits,
    symlinks: Symlinks,
    levels: Vec<Level>,
    /// A single file is found once, without levels.
    single: Option<(String, Stamp)>,
    found: u64,
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
    pub(super) fn new(root: &Path, symlinks: Symlinks, limits: Limits) -> Result<Self, FingerprintError> {
        let meta = fs::metadata(root).map_err(failed(root, "looking at it"))?;
        let mut walk =
            Self { root: root.to_owned(), limits, symlinks, levels: Vec::new(), single: None, found: 0 };
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
    pub(super) fn next(&mut self) -> Result<Option<Found>, FingerprintError> {
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
        let names = self.names(&path)?;
        if names.is_empty() && !prefix.is_empty() {
            // It was not empty when its parent was listed.
            let change = stamp.changed_to(&Stamp::of(&listed(&path)?));
            return Err(FingerprintError::Changed { path, change });
        }
        self.levels.push(Level { path, stamp, prefix, names: names.into_iter() });
        Ok(())
    }

    fn names(&self, folder: &Path) -> Result<Vec<Name>, FingerprintError> {
        let action = failed(folder, "listing the folder");
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(&action)? {
            let entry = entry.map_err(&action)?;
            // Room for what the limit still allows, so that one huge folder does not fill the memory.
            if names.len() as u64 >= self.limits.entries.saturating_sub(self.found) {
                return Err(FingerprintError::TooMany { path: entry.path(), limit: self.limits.entries });
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

pub(super) fn vanished(path: &Path, error: io::Error) -> FingerprintError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            FingerprintError::Changed { path: path.to_owned(), change: Change::Vanished }
        }
        _ => failed(path, "looking at it")(error),
    }
}

pub(super) fn failed(path: &Path, action: &'static str) -> impl Fn(io::Error) -> FingerprintError {
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
