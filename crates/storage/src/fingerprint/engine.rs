//! Reads files with several threads and hands their roots on in the order of the walk.
//!
//! The calling thread walks, cuts files into tasks of one chunk and folds the results; the others read and hash,
//! each in one buffer. A window of at most [`WINDOW`] tasks is open at a time, so memory does not grow with
//! files or their number. The first error in the order of the walk is the one reported, whatever the threads'
//! timing.

use super::{
    chunk::{ChunkBuffer, roots_of},
    error::{Change, FingerprintError},
    stamp::Stamp,
    walk::{Found, Walk, What, failed, vanished},
};
use averment_primitives::fingerprint::{CHUNK_BYTES, Kind, Roots, Trees};
use std::{
    collections::VecDeque,
    fs::{File, OpenOptions},
    num::NonZero,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::SystemTime,
};

/// Tasks not folded yet. Enough to keep the threads busy with small files behind a large one; each may hold
/// a file open.
const WINDOW: usize = 256;

/// An entry with its roots.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) relative: String,
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    pub(super) size: u64,
    pub(super) roots: Roots,
    /// For a file: what `stat` said, and the time just before that.
    pub(super) stamp: Option<(Stamp, SystemTime)>,
    /// Whether the file was read now, not known before.
    pub(super) read: bool,
}

/// What the engine works for.
pub(super) trait Sink {
    /// The roots of a file that need not be read.
    fn known(&mut self, relative: &str, stamp: &Stamp) -> Option<Roots>;
    /// So many bytes more were read, in no particular order.
    fn read(&mut self, bytes: u64);
    /// The next entry in the order of paths.
    fn entry(&mut self, finished: Finished) -> Result<(), FingerprintError>;
}

/// Runs the whole walk through `sink`.
pub(super) fn run(walk: Walk, threads: NonZero<usize>, sink: &mut impl Sink) -> Result<(), FingerprintError> {
    let stop = AtomicBool::new(false);
    let (tasks, taken) = mpsc::channel();
    let (done, results) = mpsc::channel();
    let taken = Mutex::new(taken);
    thread::scope(|scope| {
        for number in 0..threads.get() {
            let (taken, done, stop) = (&taken, done.clone(), &stop);
            let started = thread::Builder::new()
                .name("fingerprint".to_owned())
                .stack_size(256 * 1024)
                .spawn_scoped(scope, move || work(taken, &done, stop));
            match started {
                Ok(_) => {}
                // Fewer will do.
                Err(_) if number > 0 => break,
                Err(source) => return Err(FingerprintError::Threads { source: Some(source) }),
            }
        }
        drop(done);
        let mut pipeline =
            Pipeline { walk: Some(walk), large: None, tasks, results, slots: VecDeque::new(), folded: 0 };
        let outcome = pipeline.fold(sink);
        stop.store(true, Ordering::Relaxed);
        outcome
    })
}

/// One chunk to read, or a file of at most one chunk.
struct Task {
    number: u64,
    path: Arc<Path>,
    stamp: Stamp,
    source: Source,
}

enum Source {
    /// To be opened, and looked at again after reading.
    Small,
    /// A part of an open file that others look after.
    Part { file: Arc<File>, offset: u64, length: usize, last: bool },
}

/// A leaf, or none for an empty file.
type Leaf = Result<Option<Roots>, FingerprintError>;

struct Done {
    number: u64,
    leaf: Leaf,
}

fn work(tasks: &Mutex<Receiver<Task>>, done: &Sender<Done>, stop: &AtomicBool) {
    let mut buffer = ChunkBuffer::new();
    loop {
        let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = task else { return };
        if stop.load(Ordering::Relaxed) {
            return;
        }
        if done.send(Done { number: task.number, leaf: read(&task, &mut buffer) }).is_err() {
            return;
        }
    }
}

fn read(task: &Task, buffer: &mut ChunkBuffer) -> Leaf {
    let path = &*task.path;
    match &task.source {
        Source::Part { file, offset, length, last } => {
            let got =
                buffer.read(file, *offset, length + usize::from(*last)).map_err(failed(path, "reading"))?;
            if got != *length {
                let (expected, got) = (task.stamp.size, offset + got as u64);
                let change = Change::Length { expected, got };
                return Err(FingerprintError::Changed { path: path.to_owned(), change });
            }
            Ok(Some(buffer.leaf()))
        }
        Source::Small => {
            let file = open(path, &task.stamp)?;
            let got = buffer
                .read(&file, 0, (task.stamp.size as usize).min(CHUNK_BYTES) + 1)
                .map_err(failed(path, "reading"))?;
            if got as u64 != task.stamp.size {
                let change = Change::Length { expected: task.stamp.size, got: got as u64 };
                return Err(FingerprintError::Changed { path: path.to_owned(), change });
            }
            unchanged(path, &file, &task.stamp)?;
            Ok((got > 0).then(|| buffer.leaf()))
        }
    }
}

/// Opens the file that was listed, and no other: not through a link put in its place, not waiting for a pipe's
/// writer.
pub(crate) fn open(path: &Path, stamp: &Stamp) -> Result<File, FingerprintError> {
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
    let file = opened.map_err(|error| match error.raw_os_error() {
        Some(libc::ELOOP) => FingerprintError::Changed { path: path.to_owned(), change: Change::Replaced },
        Some(libc::ENOENT | libc::ENOTDIR) => vanished(path, error),
        _ => failed(path, "opening it")(error),
    })?;
    unchanged(path, &file, stamp)?;
    Ok(file)
}

pub(crate) fn unchanged(path: &Path, file: &File, before: &Stamp) -> Result<(), FingerprintError> {
    let meta = file.metadata().map_err(failed(path, "looking at it"))?;
    let after = Stamp::of(&meta);
    if *before == after {
        return Ok(());
    }
    // A number is given again to the next file, which may be a pipe.
    let change = if meta.is_file() { before.changed_to(&after) } else { Change::Replaced };
    Err(FingerprintError::Changed { path: path.to_owned(), change })
}

/// The calling thread's side.
struct Pipeline {
    /// None when it has ended.
    walk: Option<Walk>,
    large: Option<Large>,
    tasks: Sender<Task>,
    results: Receiver<Done>,
    /// What was started and is not folded, in order; the first has number `folded`.
    slots: VecDeque<Slot>,
    folded: u64,
}

/// A file of more than one chunk whose tasks are being made.
struct Large {
    finished: Finished,
    file: Arc<File>,
    path: Arc<Path>,
    stamp: Stamp,
    next: u64,
}

struct Slot {
    /// None while a thread is at it.
    leaf: Option<Leaf>,
    bytes: u64,
    /// In the last slot of an entry: the entry, its roots not yet filled in if it is read, and the open file.
    end: Option<(Finished, Option<Arc<File>>)>,
}

impl Pipeline {
    fn fold(&mut self, sink: &mut impl Sink) -> Result<(), FingerprintError> {
        let mut trees = Trees::default();
        loop {
            while self.slots.len() < WINDOW && self.walk.is_some() {
                if let Err(error) = self.start(sink) {
                    // It is reported when its turn comes.
                    self.slots.push_back(Slot { leaf: Some(Err(error)), bytes: 0, end: None });
                    self.walk = None;
                }
            }
            while let Some(slot) = self.slots.pop_front_if(|slot| slot.leaf.is_some()) {
                self.folded += 1;
                if let Some(leaf) = slot.leaf.transpose()?.flatten() {
                    trees.push(leaf);
                }
                let Some((mut finished, file)) = slot.end else { continue };
                if finished.read {
                    finished.roots = std::mem::take(&mut trees).roots();
                }
                if let (Some(file), Some((stamp, _))) = (file, &finished.stamp) {
                    unchanged(&finished.path, &file, stamp)?;
                }
                sink.entry(finished)?;
            }
            if self.slots.is_empty() {
                if self.walk.is_none() {
                    return Ok(());
                }
                continue;
            }
            // Nothing can be folded before another result is in.
            let Ok(first) = self.results.recv() else {
                return Err(FingerprintError::Threads { source: None });
            };
            self.place(first, sink);
            while let Ok(next) = self.results.try_recv() {
                self.place(next, sink);
            }
        }
    }

    fn place(&mut self, done: Done, sink: &mut impl Sink) {
        let index = (done.number - self.folded) as usize;
        if let Some(slot) = self.slots.get_mut(index) {
            slot.leaf = Some(done.leaf);
            sink.read(slot.bytes);
        }
    }

    fn number(&self) -> u64 {
        self.folded + self.slots.len() as u64
    }

    fn submit(&mut self, task: Task) -> Result<(), FingerprintError> {
        self.tasks.send(task).map_err(|_| FingerprintError::Threads { source: None })
    }

    /// Starts the next chunk of a large file, or the next entry.
    fn start(&mut self, sink: &mut impl Sink) -> Result<(), FingerprintError> {
        if let Some(large) = self.large.take() {
            return self.part(large);
        }
        let now = SystemTime::now();
        let Some(found) = self.walk.as_mut().map(Walk::next).transpose()?.flatten() else {
            self.walk = None;
            return Ok(());
        };
        let Found { relative, path, what } = found;
        let finished = |kind, size, roots, stamp: Option<Stamp>, read| Finished {
            relative: relative.clone(),
            path: path.clone(),
            kind,
            size,
            roots,
            stamp: stamp.map(|stamp| (stamp, now)),
            read,
        };
        let known = match what {
            What::EmptyFolder => finished(Kind::EmptyFolder, 0, Roots::default(), None, false),
            What::Symlink(target) => {
                finished(Kind::Symlink, target.len() as u64, roots_of(&target), None, false)
            }
            What::File(stamp) => {
                if let Some(roots) = sink.known(&relative, &stamp) {
                    sink.read(stamp.size);
                    finished(Kind::File, stamp.size, roots, Some(stamp), false)
                } else {
                    let finished = finished(Kind::File, stamp.size, Roots::default(), Some(stamp), true);
                    let path: Arc<Path> = path.into();
                    if stamp.size > CHUNK_BYTES as u64 {
                        let file = Arc::new(open(&path, &stamp)?);
                        return self.part(Large { finished, file, path, stamp, next: 0 });
                    }
                    self.submit(Task { number: self.number(), path, stamp, source: Source::Small })?;
                    self.slots.push_back(Slot { leaf: None, bytes: stamp.size, end: Some((finished, None)) });
                    return Ok(());
                }
            }
        };
        self.slots.push_back(Slot { leaf: Some(Ok(None)), bytes: 0, end: Some((known, None)) });
        Ok(())
    }

    fn part(&mut self, mut large: Large) -> Result<(), FingerprintError> {
        let left = large.stamp.size - large.next;
        let length = left.min(CHUNK_BYTES as u64);
        let (offset, last) = (large.next, length == left);
        let source = Source::Part { file: large.file.clone(), offset, length: length as usize, last };
        self.submit(Task { number: self.number(), path: large.path.clone(), stamp: large.stamp, source })?;
        let mut slot = Slot { leaf: None, bytes: length, end: None };
        if last {
            slot.end = Some((large.finished, Some(large.file)));
        } else {
            large.next += length;
            self.large = Some(large);
        }
        self.slots.push_back(slot);
        Ok(())
    }
}
