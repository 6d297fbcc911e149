//! Writing to a log: the one writer, its appending, erasing and anchoring.

use super::{
    anchors::{self, Anchor, Confirmation},
    disk::{Batch, overwrite, remove},
    error::{AnchorError, AppendError, EraseError, OpenError, ReadError, RecoverError, SettingsFault},
    layout::{Layout, read_bounded, read_required, write_private},
    reader::{Log, StoredRecord},
    segment::{self, MAX_SEGMENT_BYTES},
    settings::{LogSettings, from_json, to_json},
};
use crate::atomic::{self, Lock, Step, WriteError, point};
use averment_primitives::{Salt, SaltedLeaf};
use averment_registry::{
    log::{
        Bundle, Checkpoint, CheckpointKey, Frontier, PaddingPolicy, Record, RecordKind, Resource, TILE_WIDTH,
        pad,
    },
    version::LogTerms,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    ops::Range,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};
use zeroize::Zeroizing;

const WIDTH: u64 = TILE_WIDTH as u64;
const ERASING: &str = "averment-log-erasing/1";

/// An erasure under way: once the log has the record of it, it must be carried out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Erasing {
    format: String,
    /// Which record goes.
    erased: u64,
    /// The index that the record of the erasure gets.
    recorded: u64,
}

/// What the writer knows of the disk; nothing while that is in doubt.
#[derive(Debug)]
struct State {
    frontier: Frontier,
    /// Length of the last private file as far as its records count.
    tail: u64,
}

/// A log, open for writing by this process alone.
#[derive(Debug)]
pub struct LogWriter {
    log: Log,
    key: CheckpointKey,
    state: Option<State>,
    /// Held for as long as this lives.
    _lock: Lock,
}

impl LogWriter {
    /// Makes the log in `folder`, which is made if need be and must hold no log. Its name is the key's.
    pub fn create(folder: &Path, key: CheckpointKey, padding: PaddingPolicy) -> Result<Self, OpenError> {
        let layout = Layout::new(folder);
        layout.secure()?;
        let lock = lock(&layout)?;
        if layout.checkpoint().exists() {
            return Err(OpenError::Exists { path: folder.to_owned() });
        }
        // The checkpoint is written before the first record; without it these are of a log that lost it.
        if layout.records().exists() {
            return Err(OpenError::Headless { path: layout.checkpoint() });
        }
        let settings = LogSettings { key: key.verifier().clone(), padding, terms: None };
        write_private(&layout.settings(), &settings.encode(&layout.settings())?)?;
        let log = Log::with(layout, settings);
        let frontier = Frontier::new();
        let checkpoint = Checkpoint::new(key.origin(), 0, frontier.tree().root());
        atomic::create_folder(&log.layout().public())?;
        atomic::write(&log.layout().checkpoint(), key.sign(&checkpoint)?.as_bytes())?;
        Ok(Self { log, key, state: Some(State { frontier, tail: 0 }), _lock: lock })
    }

    /// Opens the log in `folder` and finishes what a crash interrupted.
    pub fn open(folder: &Path, key: CheckpointKey) -> Result<Self, OpenError> {
        let log = Log::open(folder)?;
        if log.settings().key != *key.verifier() {
            let (expected, got) = (log.settings().key.to_string(), key.verifier().to_string());
            return Err(OpenError::Key { expected, got });
        }
        log.layout().secure()?;
        let lock = lock(log.layout())?;
        // The settings may have been changed before the lock was ours.
        let log = Log::open(folder)?;
        for folder in [log.layout().public(), log.layout().private()] {
            atomic::sweep(&folder)?;
        }
        let mut writer = Self { log, key, state: None, _lock: lock };
        writer.recover()?;
        Ok(writer)
    }

    /// The log, to read from.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Keeps the terms under which the log is anchored.
    pub fn set_terms(&mut self, terms: LogTerms) -> Result<(), OpenError> {
        let settings = LogSettings { terms: Some(terms), ..self.log.settings().clone() };
        let path = self.log.layout().settings();
        write_private(&path, &settings.encode(&path)?)?;
        self.log = Log::with(self.log.layout().clone(), settings);
        Ok(())
    }

    /// Appends records, all or none; returns their indexes. When this returns, they survive a power cut.
    ///
    /// One call costs a fixed number of flushes beside those for its records, so many records belong in one
    /// call.
    pub fn append(&mut self, records: &[Record]) -> Result<Range<u64>, AppendError> {
        let mut random = Zeroizing::new(vec![0; records.len() * 32]);
        getrandom::fill(&mut random)?;
        let salts = random.as_chunks::<32>().0.iter().map(|bytes| Salt::from_random(*bytes));
        let salted: Vec<(Salt, &Record)> = salts.zip(records).collect();
        self.append_salted(&salted)
    }

    /// Forgets a record: logs its erasure at second `at` of Unix time, then overwrites its salt and text. Returns
    /// the index of the erasure's record. Proofs of every other record, and of this one's leaf, stay valid.
    pub fn erase(&mut self, index: u64, at: u64) -> Result<u64, EraseError> {
        let size = self.state()?.frontier.size();
        let kind = match self.log.view()?.record(index)?.1 {
            StoredRecord::Erased => return Err(EraseError::Already { index }),
            StoredRecord::Kept { record, .. } => record.kind(),
        };
        if matches!(kind, RecordKind::Erasure | RecordKind::Padding) {
            return Err(EraseError::Kind { index, kind });
        }
        let record = Record::erasure(at, index)?;
        let path = self.log.layout().erasing();
        let erasing = Erasing { format: ERASING.into(), erased: index, recorded: size };
        let noted = to_json(&path, ERASING, &erasing)?;
        let logged = write_private(&path, &noted)
            .map_err(AppendError::from)
            .and_then(|()| self.append(std::slice::from_ref(&record)));
        if let Err(error) = logged {
            self.state = None;
            return Err(error.into());
        }
        if let Err(error) = self.carry_out(&erasing) {
            self.state = None;
            return Err(EraseError::Unfinished(error));
        }
        Ok(size)
    }

    /// The anchor to send next: the log is padded, unless the last anchor is unconfirmed and nothing was logged since.
    pub fn prepare_anchor(&mut self) -> Result<Anchor, AnchorError> {
        let size = self.state()?.frontier.size();
        let number = anchors::count(self.log.layout())?;
        if let Some(last) = number.checked_sub(1) {
            let last = anchors::read(&self.log, last)?;
            if last.confirmation.is_none() && last.checkpoint.size == size {
                return Ok(last);
            }
        }
        let tree = self.state()?.frontier.tree();
        let padding = pad(tree, self.log.settings().padding, || {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map(|()| bytes)
        })?;
        let record = Record::padding();
        let salted: Vec<_> = padding.dummies.into_iter().map(|(salt, _)| (salt, &record)).collect();
        self.append_salted(&salted)?;
        let (checkpoint, note) = self.log.checkpoint()?;
        let anchor = Anchor { number, checkpoint, note, confirmation: None };
        anchor.write(self.log.layout())?;
        Ok(anchor)
    }

    /// Notes that an anchor is on the chain, in a block that is final. Noting the same again is no error.
    pub fn anchored(&mut self, number: u64, confirmation: Confirmation) -> Result<(), AnchorError> {
        let count = anchors::count(self.log.layout())?;
        if number >= count {
            return Err(AnchorError::Unknown { number, count });
        }
        let mut anchor = anchors::read(&self.log, number)?;
        match &anchor.confirmation {
            Some(known) if *known == confirmation => return Ok(()),
            Some(known) => return Err(AnchorError::Confirmed { number, epoch: known.epoch }),
            None => {}
        }
        anchor.confirmation = Some(confirmation);
        anchor.write(self.log.layout())
    }

    fn append_salted(&mut self, salted: &[(Salt, &Record)]) -> Result<Range<u64>, AppendError> {
        let state = self.state()?;
        let first = state.frontier.size();
        if salted.is_empty() {
            return Ok(first..first);
        }
        let (mut frontier, old_tail) = (state.frontier.clone(), state.tail);
        let old_partial: BTreeSet<Resource> =
            frontier.partial().into_iter().map(|(resource, _)| resource).collect();
        let mut public = Vec::new();
        for (salt, record) in salted {
            frontier.push(record.commit(salt), &mut |resource, bytes| public.push((resource, bytes)));
        }
        let full = public.len();
        public.extend(frontier.partial().into_iter().filter(|(resource, _)| !old_partial.contains(resource)));

        // Until the new checkpoint is in place nobody looks at any of this; after an error the state is read
        // from the disk again.
        self.state = None;
        let mut batch = Batch::default();
        let tail = self.write_private_part(&mut batch, first, old_tail, salted)?;
        for (resource, bytes) in &public {
            batch.write(self.log.layout().resource(*resource), bytes)?;
        }
        batch.finish()?;
        let checkpoint = Checkpoint::new(self.key.origin(), frontier.size(), frontier.tree().root());
        atomic::write(&self.log.layout().checkpoint(), self.key.sign(&checkpoint)?.as_bytes())?;

        let last = frontier.size();
        self.state = Some(State { frontier, tail });
        for (resource, _) in public.iter().take(full) {
            self.remove_partial(*resource);
        }
        Ok(first..last)
    }

    /// Writes salts and records; returns where the last private file ends.
    fn write_private_part(
        &self,
        batch: &mut Batch,
        first: u64,
        tail: u64,
        salted: &[(Salt, &Record)],
    ) -> Result<u64, WriteError> {
        let (mut index, mut rest, mut end) = (first, salted, tail);
        while !rest.is_empty() {
            let room = (WIDTH - index % WIDTH) as usize;
            let (now, later) = rest.split_at(room.min(rest.len()));
            let offset = if index % WIDTH == 0 { 0 } else { end };
            let mut bytes = Zeroizing::new(Vec::new());
            if offset == 0 {
                bytes.extend_from_slice(segment::HEADER.as_bytes());
            }
            now.iter().for_each(|(salt, record)| segment::push(&mut bytes, salt, record.text()));
            batch.append_private(self.log.layout().segment(index), offset, &bytes)?;
            end = offset + bytes.len() as u64;
            index += now.len() as u64;
            rest = later;
        }
        Ok(end)
    }

    /// Removes the partial forms of a tile that is full now, as the specification allows. Failing to is harmless.
    fn remove_partial(&self, full: Resource) {
        let mut partial = self.log.layout().resource(full).into_os_string();
        partial.push(".p");
        let _ = point(Step::Remove).and_then(|()| fs::remove_dir_all(partial));
    }

    /// What is on the disk, read again if an operation failed.
    fn state(&mut self) -> Result<&State, RecoverError> {
        if self.state.is_none() {
            self.recover()?;
        }
        // `recover` has left a state.
        let missing = || ReadError::NotALog { path: self.log.layout().root().to_owned(), missing: "state" };
        Ok(self.state.as_ref().ok_or_else(missing)?)
    }

    /// Reads what the checkpoint counts, and carries out an erasure that is logged.
    fn recover(&mut self) -> Result<(), RecoverError> {
        let log = &self.log;
        let view = log.view()?;
        let size = view.size();
        let layout = log.layout();
        let count = anchors::count(layout)?;
        if let Some(last) = count.checked_sub(1) {
            let anchored = anchors::read(log, last)?.checkpoint.size;
            if anchored > size {
                return Err(RecoverError::RolledBack { size, anchor: last, anchored });
            }
        }
        // The checkpoint may be in place without having been flushed; what is built on it must not outlive it.
        atomic::sync_folder(&layout.public())?;
        let entries = match Bundle::within(size / WIDTH, size) {
            Some(bundle) => log.bundle(bundle)?,
            None => Vec::new(),
        };
        let tail = tail(layout, size, &entries)?;
        let frontier = Frontier::resume(view.into_tree(), entries).map_err(ReadError::from)?;
        self.state = Some(State { frontier, tail });
        let path = layout.erasing();
        if let Some(bytes) = read_bounded(&path, 1 << 12)? {
            let erasing: Erasing = from_json(&path, ERASING, &bytes)?;
            let finished =
                if size > erasing.recorded { self.carry_out(&erasing) } else { Ok(remove(&path)?) };
            if finished.is_err() {
                self.state = None;
            }
            finished?;
        }
        Ok(())
    }

    /// Overwrites a record whose erasure is logged. May be done again.
    fn carry_out(&self, erasing: &Erasing) -> Result<(), RecoverError> {
        let layout = self.log.layout();
        let mut view = self.log.view()?;
        let recorded = view.record(erasing.recorded)?.1;
        if recorded.record().and_then(Record::erased) != Some(erasing.erased) {
            let reason =
                format!("record {} does not say that {} was erased", erasing.recorded, erasing.erased);
            let fault = SettingsFault::Field { field: "recorded", reason };
            return Err(ReadError::Settings { path: layout.erasing(), fault }.into());
        }
        let path = layout.segment(erasing.erased);
        let bytes = Zeroizing::new(read_required(&path, MAX_SEGMENT_BYTES)?);
        let place = (erasing.erased % WIDTH) as usize;
        let frames = segment::frames(&bytes, place + 1)
            .map_err(|error| ReadError::Segment { path: path.clone(), error })?;
        if let Some(frame) = frames.last() {
            // Also when it says that it was erased: the zeros may not have got as far as that byte.
            overwrite(&path, frame.bytes.start as u64, &frame.erased())?;
        }
        Ok(remove(&layout.erasing())?)
    }
}

/// Where the last private file ends that the checkpoint counts; its last records must be there.
fn tail(layout: &Layout, size: u64, entries: &[SaltedLeaf]) -> Result<u64, ReadError> {
    if entries.is_empty() {
        return Ok(0);
    }
    let path = layout.segment(size - 1);
    let bytes = Zeroizing::new(read_required(&path, MAX_SEGMENT_BYTES)?);
    let frames =
        segment::frames(&bytes, entries.len()).map_err(|error| ReadError::Segment { path, error })?;
    Ok(frames.last().map_or(0, |frame| frame.bytes.end as u64))
}

fn lock(layout: &Layout) -> Result<Lock, OpenError> {
    let path = layout.lock();
    let write = |source| WriteError { path: path.clone(), step: Step::Create, source };
    let file = point(Step::Create)
        .and_then(|()| OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path))
        .map_err(write)?;
    Lock::take(&file).map_err(|error| match error {
        fs::TryLockError::WouldBlock => OpenError::Locked { path: path.clone() },
        fs::TryLockError::Error(source) => write(source).into(),
    })
}
