//! Reading a log, while another process may be writing to it.

use super::{
    anchors::{self, Anchor, Confirmation},
    error::ReadError,
    layout::{Layout, read_bounded, read_required},
    segment::{self, MAX_SEGMENT_BYTES},
    settings::LogSettings,
};
use averment_primitives::{B256, SaltedLeaf};
use averment_registry::log::{
    BUNDLED_BYTES, Bundle, Checkpoint, CheckpointError, LogInclusion, NoteLimits, Opening, Record, Resource,
    ResumeError, TILE_WIDTH, Tile, TileReader, TiledTree, decode_bundle, leaf_hash,
};
use std::{ops::Range, path::Path};
use zeroize::Zeroizing;

const HASH_BYTES: usize = 32;

/// How often a private record is read again when it does not open its leaf: it may be being erased.
const READS: usize = 4;

/// A log, to read. Cheap to copy; every question is answered from what is on the disk then.
#[derive(Debug, Clone)]
pub struct Log {
    layout: Layout,
    settings: LogSettings,
}

/// What is kept of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum StoredRecord {
    /// Salt and text, which open the leaf.
    Kept {
        /// What the leaf commits to.
        opening: Opening,
        /// The same text, read.
        record: Record,
    },
    /// Nothing: it was erased.
    Erased,
}

impl StoredRecord {
    /// The record, unless it was erased.
    pub fn record(&self) -> Option<&Record> {
        match self {
            Self::Kept { record, .. } => Some(record),
            Self::Erased => None,
        }
    }
}

impl Log {
    /// The log in `folder`.
    pub fn open(folder: &Path) -> Result<Self, ReadError> {
        let layout = Layout::new(folder);
        let path = layout.settings();
        let not_a_log = |missing| ReadError::NotALog { path: folder.to_owned(), missing };
        let bytes = read_bounded(&path, 1 << 16)?.ok_or(not_a_log("private/settings.json"))?;
        let settings = LogSettings::decode(&path, &bytes)?;
        if !layout.checkpoint().exists() {
            return Err(not_a_log("public/checkpoint"));
        }
        Ok(Self { layout, settings })
    }

    pub(super) fn with(layout: Layout, settings: LogSettings) -> Self {
        Self { layout, settings }
    }

    /// What it was made with.
    pub fn settings(&self) -> &LogSettings {
        &self.settings
    }

    /// The newest head, signature checked, and the note that says it.
    pub fn checkpoint(&self) -> Result<(Checkpoint, String), ReadError> {
        let path = self.layout.checkpoint();
        let bytes = read_required(&path, NoteLimits::default().bytes as u64)?;
        let checkpoint = self.open_note(&bytes).map_err(|error| ReadError::Checkpoint { path, error })?;
        // A note is UTF-8.
        Ok((checkpoint, String::from_utf8_lossy(&bytes).into_owned()))
    }

    pub(super) fn open_note(&self, note: &[u8]) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::open(note, self.settings.origin(), std::slice::from_ref(&self.settings.key))
    }

    /// The log as its newest checkpoint has it.
    pub fn view(&self) -> Result<LogView, ReadError> {
        let (checkpoint, note) = self.checkpoint()?;
        self.view_of(checkpoint, note)
    }

    /// The log as an older checkpoint of it has it, such as one that was anchored.
    pub fn view_at(&self, note: &str) -> Result<LogView, ReadError> {
        let checkpoint = self
            .open_note(note.as_bytes())
            .map_err(|error| ReadError::Checkpoint { path: self.layout.checkpoint(), error })?;
        self.view_of(checkpoint, note.to_owned())
    }

    fn view_of(&self, checkpoint: Checkpoint, note: String) -> Result<LogView, ReadError> {
        let tree = TiledTree::open(self.clone(), checkpoint.size, checkpoint.root)?;
        Ok(LogView { log: self.clone(), tree, checkpoint, note })
    }

    /// The proof that the record with this index is in the log, with the record unless it was erased.
    pub fn prove(&self, index: u64) -> Result<LogInclusion, ReadError> {
        self.view()?.prove(index)
    }

    /// That the log of `newer` records begins with that of `older` records.
    pub fn prove_consistency(&self, older: u64, newer: u64) -> Result<Vec<B256>, ReadError> {
        let mut view = self.view()?;
        let size = view.size();
        if newer > size {
            return Err(ReadError::Sizes { older: newer, newer: size });
        }
        Ok(view.tree.consistency(older, newer)?)
    }

    /// The records that `wanted` picks, oldest first, each with its index. Reads the whole private part.
    pub fn find(&self, mut wanted: impl FnMut(&Record) -> bool) -> Result<Vec<(u64, Record)>, ReadError> {
        let mut view = self.view()?;
        let mut found = Vec::new();
        for segment in 0..view.size().div_ceil(TILE_WIDTH.into()) {
            for (index, _, stored) in view.segment(segment)? {
                if let StoredRecord::Kept { record, .. } = stored
                    && wanted(&record)
                {
                    found.push((index, record));
                }
            }
        }
        Ok(found)
    }

    /// All anchors, oldest first.
    pub fn anchors(&self) -> Result<Vec<Anchor>, ReadError> {
        (0..anchors::count(&self.layout)?).map(|number| anchors::read(self, number)).collect()
    }

    /// The newest confirmed anchor, and those prepared after it, oldest first, of which it is not known here whether
    /// they are on the chain.
    pub fn newest_anchors(&self) -> Result<(Option<Anchor>, Vec<Anchor>), ReadError> {
        anchors::newest(self)
    }

    /// The first confirmed anchor that covers the record with this index; none while there is none.
    pub fn anchor_of(&self, index: u64) -> Result<Option<Anchor>, ReadError> {
        anchors::covering(self, index)
    }

    /// The newest anchor that is confirmed in block `number` or before, and where it stands.
    pub fn anchor_before(&self, number: u64) -> Result<Option<(Anchor, Confirmation)>, ReadError> {
        for place in (0..anchors::count(&self.layout)?).rev() {
            let anchor = anchors::read(self, place)?;
            if let Some(found) = anchor.confirmation.clone().filter(|found| found.block_number <= number) {
                return Ok(Some((anchor, found)));
            }
        }
        Ok(None)
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The entries of a bundle, its size checked but not yet whether the tree has them.
    pub(super) fn bundle(&self, bundle: Bundle) -> Result<Vec<SaltedLeaf>, ReadError> {
        let bytes = self.resource(bundle.into(), bundle.width, BUNDLED_BYTES)?;
        decode_bundle(&bytes, bundle.width)
            .map_err(|error| ReadError::Bundle { path: self.layout.resource(bundle.into()), error })
    }

    /// A tile or bundle of `width` parts of `part` bytes. A partial one that is gone, because it became full
    /// meanwhile, is the beginning of the full one.
    fn resource(&self, resource: Resource, width: u16, part: usize) -> Result<Vec<u8>, ReadError> {
        let path = self.layout.resource(resource);
        if let Some(bytes) = read_bounded(&path, u64::from(TILE_WIDTH) * part as u64)? {
            return Ok(bytes);
        }
        let full: Resource = match resource {
            Resource::Tile(tile) => Tile { width: TILE_WIDTH, ..tile }.into(),
            Resource::Entries(bundle) => Bundle { width: TILE_WIDTH, ..bundle }.into(),
            Resource::Checkpoint => Resource::Checkpoint,
        };
        let mut bytes = read_required(&self.layout.resource(full), u64::from(TILE_WIDTH) * part as u64)
            .map_err(|error| match error {
                ReadError::Io { source, .. } => ReadError::Io { path, source },
                other => other,
            })?;
        bytes.truncate(usize::from(width) * part);
        Ok(bytes)
    }

    /// What is kept of the records at `places` of the private file that begins with record `first`, each checked
    /// against its leaf; `leaves` are those of the whole file.
    fn openings(
        &self,
        first: u64,
        places: Range<usize>,
        leaves: &[SaltedLeaf],
    ) -> Result<Vec<Option<Opening>>, ReadError> {
        let path = self.layout.segment(first);
        let mut reads = 0;
        loop {
            reads += 1;
            let bytes = Zeroizing::new(read_required(&path, MAX_SEGMENT_BYTES)?);
            let frames = segment::frames(&bytes, places.end);
            let openings = frames.and_then(|frames| {
                let wanted = frames.get(places.clone()).unwrap_or_default();
                wanted.iter().map(|frame| frame.opening(&bytes)).collect::<Result<Vec<_>, _>>()
            });
            let openings = openings.map_err(|error| ReadError::Segment { path: path.clone(), error })?;
            let wanted = leaves.get(places.clone()).unwrap_or_default();
            let wrong = wanted.iter().zip(&openings).enumerate().find(|(_, (leaf, opening))| {
                opening
                    .as_ref()
                    .is_some_and(|opening| !leaf.opens_to(&opening.salt, opening.record.as_bytes()))
            });
            match wrong {
                None => return Ok(openings),
                Some((place, (leaf, _))) if reads == READS => {
                    let index = first + (places.start + place) as u64;
                    return Err(ReadError::Unopened { index, leaf: leaf.0 });
                }
                Some(_) => std::thread::yield_now(),
            }
        }
    }
}

impl TileReader for Log {
    type Error = Box<ReadError>;

    fn read_tile(&mut self, tile: Tile) -> Result<Vec<u8>, Box<ReadError>> {
        self.resource(tile.into(), tile.width, HASH_BYTES).map_err(Box::new)
    }
}

/// The log at one size: everything it says is checked against that checkpoint. Keeps checked tiles, so many
/// proofs from one view cost less than each from its own.
#[derive(Debug)]
pub struct LogView {
    log: Log,
    tree: TiledTree<Log>,
    checkpoint: Checkpoint,
    note: String,
}

impl LogView {
    /// Number of records.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The head.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The signed note that says it.
    pub fn note(&self) -> &str {
        &self.note
    }

    pub(super) fn into_tree(self) -> TiledTree<Log> {
        self.tree
    }

    /// The root after the first `size` records.
    pub fn root_at(&mut self, size: u64) -> Result<B256, ReadError> {
        if size > self.size() {
            return Err(ReadError::Sizes { older: size, newer: self.size() });
        }
        Ok(self.tree.root_at(size)?)
    }

    /// The proof that the record with this index is in the log, with the record unless it was erased.
    pub fn prove(&mut self, index: u64) -> Result<LogInclusion, ReadError> {
        let (leaf, stored) = self.record(index)?;
        let proof = self.tree.inclusion(index, self.checkpoint.size)?;
        let opening = match stored {
            StoredRecord::Kept { opening, .. } => Some(opening),
            StoredRecord::Erased => None,
        };
        Ok(LogInclusion { index, leaf, opening, proof, checkpoint: self.note.clone() })
    }

    /// The record with this index, and what was published of it.
    pub fn record(&mut self, index: u64) -> Result<(SaltedLeaf, StoredRecord), ReadError> {
        let size = self.size();
        if index >= size {
            return Err(ReadError::Beyond { index, size });
        }
        let width = u64::from(TILE_WIDTH);
        let (segment, place) = (index / width, (index % width) as usize);
        let beyond = ReadError::Beyond { index, size };
        let Some(bundle) = Bundle::within(segment, size) else { return Err(beyond) };
        let leaves = self.log.bundle(bundle)?;
        let Some(&leaf) = leaves.get(place) else { return Err(beyond) };
        check_entry(index, leaf, self.tree.leaf_hash(index)?)?;
        let opening = self.log.openings(segment * width, place..place + 1, &leaves)?.pop().flatten();
        Ok((leaf, stored(index, opening)?))
    }

    /// The records of a private file with their indexes and leaves, each checked up to the root.
    pub(super) fn segment(
        &mut self,
        segment: u64,
    ) -> Result<Vec<(u64, SaltedLeaf, StoredRecord)>, ReadError> {
        let Some(bundle) = Bundle::within(segment, self.size()) else { return Ok(Vec::new()) };
        let first = segment * u64::from(TILE_WIDTH);
        let leaves = self.log.bundle(bundle)?;
        let hashes = self.tree.tile(Tile { level: 0, index: segment, width: bundle.width })?;
        for (index, (leaf, expected)) in (first..).zip(leaves.iter().zip(hashes)) {
            check_entry(index, *leaf, expected)?;
        }
        let openings = self.log.openings(first, 0..leaves.len(), &leaves)?;
        (first..)
            .zip(leaves.into_iter().zip(openings))
            .map(|(index, (leaf, opening))| Ok((index, leaf, stored(index, opening)?)))
            .collect()
    }
}

/// An entry of a bundle must be the leaf that the tree has.
fn check_entry(index: u64, entry: SaltedLeaf, expected: B256) -> Result<(), ResumeError> {
    match leaf_hash(entry) {
        got if got == expected => Ok(()),
        got => Err(ResumeError::Entry { index, expected, got }),
    }
}

fn stored(index: u64, opening: Option<Opening>) -> Result<StoredRecord, ReadError> {
    let Some(opening) = opening else { return Ok(StoredRecord::Erased) };
    let record =
        Record::decode(opening.record.as_bytes()).map_err(|error| ReadError::Record { index, error })?;
    Ok(StoredRecord::Kept { opening, record })
}
