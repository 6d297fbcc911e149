//! Replacing a file so that a crash at any moment leaves the old file or the new one, never a mixture.
//!
//! Bytes go to a temporary file in the same folder, which is flushed, renamed over the target, and then the
//! folder is flushed. A temporary file that a crash leaves behind is named `.NAME.PID-N.averment-tmp` and is
//! held locked by its writer while that lives, so [`sweep`] can tell the dead ones.
//!
//! Every operation that changes the disk first passes a failure point ([`point`]); tests make each of them fail
//! in turn (`faults`, a feature that only tests switch on). Whoever writes files by other ways (a log that grows,
//! many files at once) uses the same points.
//!
//! Files that only grow are [`journal`]s.
//!
//! A crate of its own because two rooms that do not know each other write files: `storage` and `ledger`. Unix only.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(any(test, feature = "faults"))]
pub mod faults;
pub mod journal;

use std::{
    ffi::OsStr,
    fmt,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};
use tempfile::TempPath;
use thiserror::Error;

const SUFFIX: &str = ".averment-tmp";

/// How old a temporary file must be before [`sweep`] may take it for abandoned, whatever its lock says: its
/// writer locks it only just after creating it.
const ABANDONED_AFTER: Duration = Duration::from_secs(60);

/// One step of changing the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Creating a folder.
    CreateFolder,
    /// Creating or opening a file to write to.
    Create,
    /// Writing bytes.
    Write,
    /// Flushing a file to the disk.
    Sync,
    /// Renaming a file to its final name.
    Rename,
    /// Flushing a folder, so that a rename or a new name in it lasts.
    SyncFolder,
    /// Removing a file.
    Remove,
    /// Cutting a file short.
    Truncate,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CreateFolder => "creating the folder",
            Self::Create => "creating the file",
            Self::Write => "writing",
            Self::Sync => "flushing the file",
            Self::Rename => "renaming the new file into place",
            Self::SyncFolder => "flushing the folder",
            Self::Remove => "removing the file",
            Self::Truncate => "cutting the file short",
        })
    }
}

/// A step that failed. The target is as it was before, unless the step is [`Step::SyncFolder`]: then the new
/// file is in place, but a power cut may still bring the old one back.
#[derive(Debug, Error)]
#[error("{}: {step} failed: {source}", path.display())]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// What was being done.
    pub step: Step,
    /// What the operating system said.
    pub source: io::Error,
}

impl WriteError {
    fn at(step: Step, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { path: path.to_owned(), step, source }
    }

    /// Whether the disk (or a quota) is full.
    pub fn is_disk_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }

    /// Whether a new file was to be made where there is one already.
    pub fn is_taken(&self) -> bool {
        self.step == Step::Rename && self.source.kind() == io::ErrorKind::AlreadyExists
    }
}

/// A file being written beside its target; nothing is seen at the target before [`AtomicFile::commit`].
/// Dropped without commit, it removes what it wrote.
#[derive(Debug)]
pub struct AtomicFile {
    file: File,
    temporary: PathBuf,
    target: PathBuf,
    renamed: bool,
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.renamed {
            // Nobody is left to tell when this fails; `sweep` takes it later.
            let _ = remove_quietly(&self.temporary);
        }
    }
}

fn remove_quietly(path: &Path) -> io::Result<()> {
    point(Step::Remove)?;
    fs::remove_file(path)
}

impl AtomicFile {
    /// Starts writing what shall become `target`; the folder must exist.
    pub fn create(target: &Path) -> Result<Self, WriteError> {
        let name = target.file_name().unwrap_or(OsStr::new("file"));
        Self::create_by(&OpenOptions::new(), folder_of(target), name, target)
    }

    /// Like [`AtomicFile::create`], for a file that only its owner can read (mode 0600), from its first moment.
    pub fn create_private(target: &Path) -> Result<Self, WriteError> {
        let name = target.file_name().unwrap_or(OsStr::new("file"));
        Self::create_by(OpenOptions::new().mode(0o600), folder_of(target), name, target)
    }

    /// Like [`AtomicFile::create`], with the temporary file in `folder`, on the same file system.
    pub fn create_in(folder: &Path, name: &OsStr, target: &Path) -> Result<Self, WriteError> {
        Self::create_by(&OpenOptions::new(), folder, name, target)
    }

    fn create_by(
        options: &OpenOptions,
        folder: &Path,
        name: &OsStr,
        target: &Path,
    ) -> Result<Self, WriteError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let mut hidden = OsStr::new(".").to_owned();
            hidden.push(name);
            hidden.push(format!(".{}-{}{SUFFIX}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
            let path = folder.join(hidden);
            let opened =
                point(Step::Create).and_then(|()| options.clone().write(true).create_new(true).open(&path));
            match opened {
                Ok(file) => {
                    // Only tells sweepers that the writer lives; a file system without locks has none to tell.
                    let _ = file.try_lock();
                    return Ok(Self { file, temporary: path, target: target.to_owned(), renamed: false });
                }
                // Left by a dead process with our id.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => {
                    return Err(WriteError { path: target.to_owned(), step: Step::Create, source });
                }
            }
        }
    }

    /// Appends `bytes`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        write_all(&mut self.file, bytes).map_err(WriteError::at(Step::Write, &self.target))
    }

    /// Like [`AtomicFile::commit`], to a target that was not known before the bytes were.
    pub fn commit_to(mut self, target: PathBuf) -> Result<(), WriteError> {
        self.target = target;
        self.commit()
    }

    /// Flushes, renames over the target and flushes the folder. When this returns `Ok`, the new file
    /// survives a power cut.
    pub fn commit(self) -> Result<(), WriteError> {
        self.commit_by(|temporary, target| fs::rename(temporary, target))
    }

    /// Like [`AtomicFile::commit`], but leaves a target that is there already as it is: then the step is
    /// [`Step::Rename`], its cause [`io::ErrorKind::AlreadyExists`].
    pub fn commit_new(self) -> Result<(), WriteError> {
        self.commit_by(|temporary, target| {
            // It renames where the system can without replacing, and links where it cannot.
            let path = TempPath::try_from_path(temporary)?;
            path.persist_noclobber(target).map_err(|refused| refused.error)
        })
    }

    fn commit_by(mut self, place: impl FnOnce(&Path, &Path) -> io::Result<()>) -> Result<(), WriteError> {
        let target = &self.target;
        sync(&self.file).map_err(WriteError::at(Step::Sync, target))?;
        point(Step::Rename)
            .and_then(|()| place(&self.temporary, target))
            .map_err(WriteError::at(Step::Rename, target))?;
        self.renamed = true;
        sync_folder(folder_of(&self.target))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write_all(&mut self.file, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Replaces `target` by a file holding `bytes`; see the module's head.
pub fn write(target: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let mut file = AtomicFile::create(target)?;
    file.write(bytes)?;
    file.commit()
}

/// Makes a new file at `target` that holds `bytes` and that only its owner can read; one that is there already is
/// left as it is ([`WriteError::is_taken`]). See the module's head.
pub fn write_new_private(target: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let mut file = AtomicFile::create_private(target)?;
    file.write(bytes)?;
    file.commit_new()
}

/// Reads a file of at most `limit` bytes; a longer one is [`io::ErrorKind::FileTooLarge`].
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    // Room for all of it at once: of a secret, no copy is left behind by growing.
    let expected = file.metadata()?.len().min(limit).saturating_add(1);
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or_default());
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let message = format!("at most {limit} bytes expected, the file has more");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Like [`read`], for text; what is not UTF-8 is [`io::ErrorKind::InvalidData`].
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read(path, limit)?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
}

/// Creates `folder` and its missing parents, each flushed into its parent.
pub fn create_folder(folder: &Path) -> Result<(), WriteError> {
    create_folder_by(&DirBuilder::new(), folder)
}

/// Like [`create_folder`], but only the owner may enter what it creates (mode 0700).
pub fn create_private_folder(folder: &Path) -> Result<(), WriteError> {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    create_folder_by(&builder, folder)
}

fn create_folder_by(builder: &DirBuilder, folder: &Path) -> Result<(), WriteError> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder_of(folder);
    if parent != folder {
        create_folder_by(builder, parent)?;
    }
    let made = point(Step::CreateFolder).and_then(|()| builder.create(folder));
    match made {
        // Another process may have been faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
        other => other.map_err(WriteError::at(Step::CreateFolder, folder))?,
    }
    sync_folder(parent)
}

/// Flushes the names in `folder`.
pub fn sync_folder(folder: &Path) -> Result<(), WriteError> {
    point(Step::SyncFolder)
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(WriteError::at(Step::SyncFolder, folder))
}

/// Removes temporary files in `folder` whose writers are dead; returns how many. Safe while others write.
pub fn sweep(folder: &Path) -> Result<usize, WriteError> {
    let at = || WriteError::at(Step::Remove, folder);
    let mut swept = 0;
    for entry in fs::read_dir(folder).map_err(at())? {
        let entry = entry.map_err(at())?;
        if !entry.file_name().as_encoded_bytes().ends_with(SUFFIX.as_bytes()) {
            continue;
        }
        // Anything that goes wrong with one of them (it may vanish under us) leaves it for another time.
        let Ok(file) = File::open(entry.path()) else { continue };
        let old = file
            .metadata()
            .and_then(|meta| meta.modified())
            .is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > ABANDONED_AFTER));
        if old && file.try_lock().is_ok() && remove_quietly(&entry.path()).is_ok() {
            swept += 1;
        }
    }
    Ok(swept)
}

/// A lock on a file, held by one process at a time until this is dropped.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Locks `file`, or says at once that somebody else has.
    pub fn take(file: &File) -> Result<Self, TryLockError> {
        let file = file.try_clone().map_err(TryLockError::Error)?;
        file.try_lock()?;
        Ok(Self(file))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that another thread is starting has a copy of it until it
        // runs its own program, and would hold the lock for so long. If this fails, closing still does it then.
        let _ = self.0.unlock();
    }
}

/// Writes all of `bytes` through the failure point for writing.
pub fn write_all(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    if let Err(error) = point(Step::Write) {
        // A disk that fills up takes a part first.
        file.write_all(bytes.get(..bytes.len() / 2).unwrap_or_default())?;
        return Err(error);
    }
    file.write_all(bytes)
}

/// Flushes a file's bytes and length through the failure point for flushing.
pub fn sync(file: &File) -> io::Result<()> {
    point(Step::Sync)?;
    file.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

/// The place where tests let a step fail; does nothing outside tests.
#[cfg(not(any(test, feature = "faults")))]
#[inline]
pub fn point(_step: Step) -> io::Result<()> {
    Ok(())
}

#[cfg(any(test, feature = "faults"))]
pub use faults::point;

#[cfg(test)]
mod tests {
    use super::{faults::Plan, *};
    use tempfile::tempdir;

    #[test]
    fn every_step_that_fails_leaves_the_old_file_or_the_new_one() {
        let steps = faults::each(|plan| {
            let folder = tempdir().unwrap();
            let target = folder.path().join("state");
            fs::write(&target, "old").unwrap();
            let result = write(&target, b"new bytes");
            faults::end();
            let content = fs::read_to_string(&target).unwrap();
            match (&result, plan) {
                (Ok(()), None) => assert_eq!(content, "new bytes"),
                (Err(error), Some(_)) if error.step == Step::SyncFolder => assert_eq!(content, "new bytes"),
                (Err(error), Some(_)) => {
                    assert_eq!(content, "old", "{error}");
                    assert!(error.is_disk_full());
                }
                (Ok(()), Some(plan)) => panic!("{plan:?} was swallowed"),
                (Err(error), None) => panic!("{error}"),
            }
            let left = fs::read_dir(folder.path()).unwrap().count();
            match plan {
                Some(Plan::From(_)) => assert!(left <= 2),
                _ => assert_eq!(left, 1, "a temporary file was left behind"),
            }
        });
        assert_eq!(steps, 5);
    }

    #[test]
    fn every_step_of_making_a_new_file_leaves_none_or_a_whole_one() {
        let steps = faults::each(|plan| {
            let folder = tempdir().unwrap();
            let target = folder.path().join("key");
            let result = write_new_private(&target, b"secret");
            faults::end();
            match (&result, plan) {
                (Ok(()), None) => assert_eq!(fs::read(&target).unwrap(), b"secret"),
                (Err(error), Some(_)) if error.step == Step::SyncFolder => {
                    assert_eq!(fs::read(&target).unwrap(), b"secret");
                }
                (Err(error), Some(_)) => {
                    assert!(!target.exists(), "{error}");
                    assert!(error.is_disk_full() && !error.is_taken());
                }
                other => panic!("{other:?}"),
            }
            let left = fs::read_dir(folder.path()).unwrap().count();
            if !matches!(plan, Some(Plan::From(_))) {
                assert_eq!(left, usize::from(target.exists()), "a temporary file was left behind");
            }
        });
        assert_eq!(steps, 5);
    }

    #[test]
    fn a_new_file_is_its_owners_and_never_replaces_one() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempdir().unwrap();
        let private = folder.path().join("a/b");
        create_private_folder(&private).unwrap();
        let target = private.join("key");
        write_new_private(&target, b"first").unwrap();
        let error = write_new_private(&target, b"second").unwrap_err();
        assert!(error.is_taken(), "{error}");
        assert_eq!(read(&target, 5).unwrap(), b"first");
        assert_eq!(read(&target, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read_text(&target, 5).unwrap(), "first");
        fs::write(&target, [0xff]).unwrap();
        assert_eq!(read_text(&target, 5).unwrap_err().kind(), io::ErrorKind::InvalidData);
        // A file that has no end.
        assert_eq!(read(Path::new("/dev/zero"), 1000).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        // Closed before there is anything in it to read.
        assert_eq!(mode(&AtomicFile::create_private(&target).unwrap().temporary), 0o600);
        assert_eq!((mode(&target), mode(&private), mode(&folder.path().join("a"))), (0o600, 0o700, 0o700));
        assert_eq!(fs::read_dir(&private).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_committed_is_never_seen() {
        let folder = tempdir().unwrap();
        let target = folder.path().join("state");
        let mut file = AtomicFile::create(&target).unwrap();
        file.write(b"half").unwrap();
        assert!(!target.exists());
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn sweeping_takes_the_dead_and_leaves_the_living_and_strangers() {
        let folder = tempdir().unwrap();
        let long_ago = SystemTime::now() - 2 * ABANDONED_AFTER;
        let alive = AtomicFile::create(&folder.path().join("alive")).unwrap();
        alive.file.set_modified(long_ago).unwrap();
        let dead = folder.path().join(format!(".dead.1-0{SUFFIX}"));
        File::create(&dead).unwrap().set_modified(long_ago).unwrap();
        let young = folder.path().join(format!(".young.1-0{SUFFIX}"));
        File::create(&young).unwrap();
        let stranger = folder.path().join("stranger");
        File::create(&stranger).unwrap().set_modified(long_ago).unwrap();
        assert_eq!(sweep(folder.path()).unwrap(), 1);
        assert!(!dead.exists() && young.exists() && stranger.exists() && alive.temporary.exists());
        alive.commit().unwrap();
    }

    #[test]
    fn missing_parents_are_created_and_an_error_names_the_path() {
        let folder = tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        create_folder(&deep).unwrap();
        create_folder(&deep).unwrap();
        assert!(deep.is_dir());
        let error = write(&folder.path().join("missing/state"), b"").unwrap_err();
        assert_eq!(error.step, Step::Create);
        assert!(error.to_string().contains("missing/state"), "{error}");
    }

    /// A copy of an open file is what a process being started has for a moment.
    #[test]
    fn a_lock_is_free_once_dropped_whoever_has_a_copy_of_the_file() {
        let folder = tempdir().unwrap();
        let open = || File::create(folder.path().join("lock")).unwrap();
        let file = open();
        let copy = file.try_clone().unwrap();
        let lock = Lock::take(&file).unwrap();
        assert!(matches!(Lock::take(&open()), Err(TryLockError::WouldBlock)));
        drop((lock, file));
        Lock::take(&open()).unwrap();
        drop(copy);
    }
}
