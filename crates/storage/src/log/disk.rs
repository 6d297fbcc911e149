//! Writing many files that become visible together: all are flushed before [`Batch::finish`] returns, and nobody
//! looks at them before something else, the checkpoint, names them.

use crate::atomic::{
    Step, WriteError, create_folder, create_private_folder, point, sync, sync_folder, write_all,
};
use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions},
    io::{self, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Files that are written and not yet flushed; more would be too many open files for some systems.
const UNFLUSHED: usize = 128;

/// Threads that flush.
const FLUSHERS: usize = 8;

/// Files on their way to the disk.
#[derive(Default)]
pub(super) struct Batch {
    unflushed: Vec<(PathBuf, File)>,
    folders: BTreeSet<PathBuf>,
}

impl Batch {
    /// Writes a public file, over whatever a crash may have left in its place.
    pub(super) fn write(&mut self, path: PathBuf, bytes: &[u8]) -> Result<(), WriteError> {
        let folder = self.folder(&path, create_folder)?;
        let at = |step| move |(path, source)| WriteError { path, step, source };
        let mut file = point(Step::Create)
            .and_then(|()| File::create(&path))
            .map_err(|source| at(Step::Create)((path.clone(), source)))?;
        write_all(&mut file, bytes).map_err(|source| at(Step::Write)((path.clone(), source)))?;
        self.folders.insert(folder);
        self.keep(path, file)
    }

    /// Writes a private file from `offset` on, dropping whatever a crash may have left there.
    pub(super) fn append_private(
        &mut self,
        path: PathBuf,
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), WriteError> {
        let folder = self.folder(&path, create_private_folder)?;
        let is_new = offset == 0;
        let failed = |step| {
            let path = path.clone();
            move |source| WriteError { path, step, source }
        };
        let mut file = point(Step::Create)
            .and_then(|()| {
                OpenOptions::new().write(true).create(is_new).truncate(false).mode(0o600).open(&path)
            })
            .map_err(failed(Step::Create))?;
        point(Step::Truncate)
            .and_then(|()| file.set_len(offset))
            .and_then(|()| file.seek(SeekFrom::Start(offset)))
            .map_err(failed(Step::Truncate))?;
        write_all(&mut file, bytes).map_err(failed(Step::Write))?;
        if is_new {
            self.folders.insert(folder);
        }
        self.keep(path, file)
    }

    /// Flushes everything, the files' names included.
    pub(super) fn finish(mut self) -> Result<(), WriteError> {
        self.flush()?;
        self.folders.iter().try_for_each(|folder| sync_folder(folder))
    }

    fn folder(
        &self,
        path: &Path,
        create: impl FnOnce(&Path) -> Result<(), WriteError>,
    ) -> Result<PathBuf, WriteError> {
        let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        if !self.folders.contains(&folder) {
            create(&folder)?;
        }
        Ok(folder)
    }

    fn keep(&mut self, path: PathBuf, file: File) -> Result<(), WriteError> {
        self.unflushed.push((path, file));
        if self.unflushed.len() >= UNFLUSHED { self.flush() } else { Ok(()) }
    }

    /// Flushes many files at once, because a file system commits them together: a flush is mostly waiting.
    fn flush(&mut self) -> Result<(), WriteError> {
        let files = std::mem::take(&mut self.unflushed);
        let failed = |path: &Path, source| WriteError { path: path.to_owned(), step: Step::Sync, source };
        for (path, _) in &files {
            point(Step::Sync).map_err(|source| failed(path, source))?;
        }
        let share = files.len().div_ceil(FLUSHERS).max(1);
        std::thread::scope(|scope| {
            let flushers: Vec<_> = files
                .chunks(share)
                .map(|files| {
                    scope.spawn(move || {
                        files.iter().try_for_each(|(path, file)| {
                            file.sync_all().map_err(|source| failed(path, source))
                        })
                    })
                })
                .collect();
            flushers.into_iter().zip(files.chunks(share)).try_for_each(|(flusher, files)| {
                // A thread that only flushes does not panic; if it did, nothing is known to be flushed.
                flusher.join().unwrap_or_else(|_| {
                    let path = files.first().map_or(Path::new("."), |(path, _)| path);
                    Err(failed(path, io::Error::other("the thread that flushes panicked")))
                })
            })
        })
    }
}

/// Overwrites a part of a file and flushes it.
pub(super) fn overwrite(path: &Path, offset: u64, bytes: &[u8]) -> Result<(), WriteError> {
    let failed = |step| move |source| WriteError { path: path.to_owned(), step, source };
    let mut file = point(Step::Create)
        .and_then(|()| OpenOptions::new().write(true).open(path))
        .map_err(failed(Step::Create))?;
    file.seek(SeekFrom::Start(offset)).map_err(failed(Step::Write))?;
    write_all(&mut file, bytes).map_err(failed(Step::Write))?;
    sync(&file).map_err(failed(Step::Sync))
}

/// Removes a file, if it is there, and flushes its folder.
pub(super) fn remove(path: &Path) -> Result<(), WriteError> {
    match point(Step::Remove).and_then(|()| std::fs::remove_file(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(WriteError { path: path.to_owned(), step: Step::Remove, source }),
        Ok(()) => {}
    }
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}
