//! The log: notes and checkpoints, tiles and bundles, records, proofs.

use crate::vectors;
use averment_primitives::{
    B256, Salt, SaltedLeaf, VersionId,
    merkle::{Sha256Tree, TreeHash, root_by_definition},
};
use averment_registry::log::{
    Checkpoint, CheckpointKey, Frontier, LogInclusion, MAX_LEVEL, MAX_RECORD_BYTES, NodeSource, Note,
    NoteLimits, Opening, Record, RecordKind, Resource, TILE_WIDTH, Tile, TileReader, TiledTree, VerifierKey,
    consistency_proof, decode_bundle, encode_bundle, inclusion_proof, leaf_hash, verify_consistency,
    verify_inclusion,
};
use std::{collections::BTreeMap, convert::Infallible};

const ORIGIN: &str = "example.org/log";

fn key() -> CheckpointKey {
    CheckpointKey::from_seed(ORIGIN, &[7; 32]).expect("a name without spaces")
}

pub(crate) fn note(data: &[u8]) -> bool {
    let limits = NoteLimits::default();
    let Ok(note) = Note::decode(data, &limits) else { return false };
    assert_eq!(note.to_string().as_bytes(), data, "a note has one form");
    assert!(data.len() <= limits.bytes && (1..=limits.signatures).contains(&note.signatures().len()));
    let _ = note.open(&[key().verifier().clone()]);
    true
}

pub(crate) fn note_seeds() -> Vec<Vec<u8>> {
    let notes = vectors::json(vectors::NOTES);
    vectors::list(&notes["notes"])
        .iter()
        .map(|note| vectors::text(&note["note"]).as_bytes().to_vec())
        .collect()
}

pub(crate) fn verifier_key(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else { return false };
    let Ok(key) = text.parse::<VerifierKey>() else { return false };
    assert_eq!(key.to_string(), text, "a key has one form");
    assert!(!key.verifies("", &[0; 64]));
    true
}

pub(crate) fn verifier_key_seeds() -> Vec<Vec<u8>> {
    let notes = vectors::json(vectors::NOTES);
    let keys = vectors::list(&notes["notes"]).iter().flat_map(|note| vectors::list(&note["keys"]));
    keys.map(|key| vectors::text(key).as_bytes().to_vec()).collect()
}

pub(crate) fn checkpoint(data: &[u8]) -> bool {
    if let Ok(opened) = Checkpoint::open(data, ORIGIN, &[key().verifier().clone()]) {
        assert!(heads().contains(&opened), "a signature was forged, or made to count for another text");
    }
    let text = str::from_utf8(data).unwrap_or_default();
    let body = text.rsplit_once("\n\n").map_or(text.to_owned(), |(body, _)| format!("{body}\n"));
    let Ok(checkpoint) = Checkpoint::parse(&body) else { return false };
    assert_eq!(checkpoint.text(), body, "a checkpoint has one form");
    true
}

fn heads() -> [Checkpoint; 2] {
    let extensions = vec!["more".to_owned()];
    [
        Checkpoint::new(ORIGIN, 20_852_163, B256::repeat_byte(0x5a)),
        Checkpoint { extensions, ..Checkpoint::new(ORIGIN, 0, B256::ZERO) },
    ]
}

pub(crate) fn checkpoint_seeds() -> Vec<Vec<u8>> {
    heads().map(|head| key().sign(&head).expect("its own log's head").into_bytes()).to_vec()
}

pub(crate) fn tile_path(data: &[u8]) -> bool {
    let Ok(path) = str::from_utf8(data) else { return false };
    let Ok(resource) = path.parse::<Resource>() else { return false };
    assert_eq!(resource.to_string(), path, "a path has one form");
    let width = match resource {
        Resource::Checkpoint => 1,
        Resource::Tile(tile) => {
            assert!(tile.level <= MAX_LEVEL);
            tile.width
        }
        Resource::Entries(bundle) => bundle.width,
    };
    assert!((1..=TILE_WIDTH).contains(&width));
    true
}

pub(crate) fn tile_path_seeds() -> Vec<Vec<u8>> {
    ["checkpoint", "tile/0/x001/x234/067", "tile/1/273.p/17", "tile/entries/x001/000.p/255", "tile/63/000"]
        .map(|path| path.as_bytes().to_vec())
        .to_vec()
}

/// Tiles as a log serves them, one of them changed.
struct Served(BTreeMap<Tile, Vec<u8>>);

impl TileReader for &Served {
    type Error = Tile;
    fn read_tile(&mut self, tile: Tile) -> Result<Vec<u8>, Tile> {
        self.0.get(&tile).cloned().ok_or(tile)
    }
}

/// The leaves of a log of this size.
fn leaves(size: u64) -> Vec<SaltedLeaf> {
    (0..size).map(|index| SaltedLeaf(Sha256Tree::leaf(&index.to_le_bytes()))).collect()
}

/// Bytes: size (u16), which tile (u8), then what is put over its end, from some byte on (u16). Whatever the checked
/// tree says of a subtree is true.
pub(crate) fn tiles(data: &[u8]) -> bool {
    let Some((&[size_low, size_high, which, from_low, from_high], over)) = data.split_first_chunk() else {
        return false;
    };
    let size = u64::from(u16::from_le_bytes([size_low, size_high])) % 700;
    let leaves = leaves(size);
    let (mut frontier, mut served) = (Frontier::new(), BTreeMap::new());
    let mut serve = |resource, bytes| {
        if let Resource::Tile(tile) = resource {
            served.insert(tile, bytes);
        }
    };
    for leaf in &leaves {
        frontier.push(*leaf, &mut serve);
    }
    for (resource, bytes) in frontier.partial() {
        serve(resource, bytes);
    }
    let root = frontier.tree().root();
    let mut served = Served(served);
    let count = served.0.len().max(1);
    if let Some(tile) = served.0.values_mut().nth(usize::from(which) % count) {
        tile.truncate(usize::from(u16::from_le_bytes([from_low, from_high])).min(tile.len()));
        tile.extend_from_slice(over);
    }
    let Ok(mut tree) = TiledTree::open(&served, size, root) else { return false };
    let mut all = true;
    for (index, leaf) in (0..).zip(&leaves) {
        match tree.node(0, index) {
            Ok(node) => assert_eq!(node, leaf_hash(*leaf), "a tree says what is not so"),
            Err(_) => all = false,
        }
    }
    if all {
        assert_eq!(
            Frontier::resume(tree, leaves[(size - size % 256) as usize..].to_vec()).map(|f| f.size()),
            Ok(size)
        );
    }
    all
}

pub(crate) fn tiles_seeds() -> Vec<Vec<u8>> {
    // Nothing is put over the end of a whole tile.
    [0, 1, 255, 256, 257, 699].map(|size: u16| [&size.to_le_bytes()[..], &[0, 255, 255]].concat()).to_vec()
}

/// A width (u8), then a bundle.
pub(crate) fn entry_bundle(data: &[u8]) -> bool {
    let Some((&width, bundle)) = data.split_first() else { return false };
    let width = u16::from(width) + 1;
    let Ok(entries) = decode_bundle(bundle, width) else { return false };
    assert_eq!(entries.len(), usize::from(width));
    assert_eq!(encode_bundle(&entries), bundle, "a bundle has one form");
    true
}

pub(crate) fn entry_bundle_seeds() -> Vec<Vec<u8>> {
    [1, 5].map(|width: u8| [&[width - 1][..], &encode_bundle(&leaves(width.into()))].concat()).to_vec()
}

pub(crate) fn record(data: &[u8]) -> bool {
    let Ok(record) = Record::decode(data) else { return false };
    assert_eq!(record.text().as_bytes(), data, "a record has one form");
    assert!(data.len() <= MAX_RECORD_BYTES);
    assert_eq!(record.erased().is_some(), record.kind() == RecordKind::Erasure);
    assert_eq!(record.at().is_none(), record.kind() == RecordKind::Padding);
    assert!(record.kind() != RecordKind::Decision || record.version().is_some());
    let salt = Salt::from_random([1; 32]);
    assert!(record.commit(&salt).opens_to(&salt, data));
    true
}

fn decision() -> Record {
    let fields = vectors::json(r#"{"output":{"malignant":0.93},"input":"0x21"}"#);
    let version = VersionId(B256::repeat_byte(0xab));
    let fields = fields.as_object().cloned().unwrap_or_default();
    Record::new(RecordKind::Decision, 1_700_000_000, Some(version), fields).expect("a record")
}

pub(crate) fn record_seeds() -> Vec<Vec<u8>> {
    [decision(), Record::padding(), Record::erasure(7, 3).expect("a record")]
        .map(|record| record.text().as_bytes().to_vec())
        .to_vec()
}

pub(crate) fn proof_file(data: &[u8]) -> bool {
    let Ok(file) = LogInclusion::decode(data) else { return false };
    assert_eq!(file.encode().as_bytes(), data, "a proof has one form");
    if let Ok(verified) = file.verify(ORIGIN, &[key().verifier().clone()]) {
        // The key signed one head, so its leaves are all there is.
        let (_, entries) = logged();
        assert_eq!(entries.get(verified.index as usize), Some(&verified.leaf), "a leaf was forged");
        assert_eq!(verified.record.is_some(), file.opening.is_some());
    }
    true
}

/// A log with one record between leaves of nobody's.
fn logged() -> (Salt, Vec<SaltedLeaf>) {
    let (salt, mut entries) = (Salt::from_random([3; 32]), leaves(11));
    entries[6] = decision().commit(&salt);
    (salt, entries)
}

/// Hashes of complete subtrees, from the leaves.
struct Nodes(Vec<B256>);

impl NodeSource for Nodes {
    type Error = Infallible;
    fn node(&mut self, level: u8, index: u64) -> Result<B256, Infallible> {
        let (from, to) = (index << level, (index + 1) << level);
        Ok(root_by_definition::<Sha256Tree>(&self.0[from as usize..to as usize]))
    }
}

pub(crate) fn proof_file_seeds() -> Vec<Vec<u8>> {
    let (salt, entries) = logged();
    let hashes: Vec<B256> = entries.iter().map(|entry| leaf_hash(*entry)).collect();
    let root = root_by_definition::<Sha256Tree>(&hashes);
    let checkpoint = key().sign(&Checkpoint::new(ORIGIN, 11, root)).expect("its own log's head");
    let proof = inclusion_proof(&mut Nodes(hashes), 6, 11).expect("it is there");
    let opening = Some(Opening { salt, record: decision().text().to_owned() });
    let file = LogInclusion { index: 6, leaf: entries[6], opening, proof, checkpoint };
    vec![file.encode().into_bytes(), LogInclusion { opening: None, ..file }.encode().into_bytes()]
}

/// What a stranger says of a tree: two numbers, and hashes over the honest proof's from some place on.
struct Claim<'a> {
    first: u64,
    second: u64,
    keep: usize,
    hashes: &'a [u8],
}

impl<'a> Claim<'a> {
    fn of(data: &'a [u8]) -> Option<Self> {
        let (first, rest) = data.split_first_chunk()?;
        let (second, rest) = rest.split_first_chunk()?;
        let (&keep, hashes) = rest.split_first()?;
        Some(Self {
            first: u64::from_le_bytes(*first),
            second: u64::from_le_bytes(*second),
            keep: keep.into(),
            hashes,
        })
    }

    fn instead_of(&self, honest: &[B256]) -> Vec<B256> {
        let kept = honest.get(..self.keep.min(honest.len())).unwrap_or_default();
        kept.iter().copied().chain(self.hashes.chunks_exact(32).map(B256::from_slice)).collect()
    }
}

/// Trees of up to this size are made to compare with.
const SIZES: u64 = 80;

fn nodes(size: u64) -> Nodes {
    Nodes(leaves(size).iter().map(|leaf| leaf_hash(*leaf)).collect())
}

/// Of the proofs that a leaf is in a tree, only the honest one is believed.
pub(crate) fn inclusion(data: &[u8]) -> bool {
    let Some(claim) = Claim::of(data) else { return false };
    // Numbers of any size end in an error or a result.
    let strange = claim.instead_of(&[]);
    let _ = verify_inclusion(B256::ZERO, claim.first, claim.second, &strange, B256::ZERO);
    let size = claim.second % SIZES;
    let mut nodes = nodes(size);
    let root = root_by_definition::<Sha256Tree>(&nodes.0);
    let index = claim.first % SIZES;
    let Ok(honest) = inclusion_proof(&mut nodes, index, size) else { return false };
    let proof = claim.instead_of(&honest);
    let believed = verify_inclusion(nodes.0[index as usize], index, size, &proof, root).is_ok();
    assert_eq!(believed, proof == honest);
    believed
}

/// Of the proofs that a tree begins with another, only the honest one is believed.
pub(crate) fn consistency(data: &[u8]) -> bool {
    let Some(claim) = Claim::of(data) else { return false };
    let strange = claim.instead_of(&[]);
    let _ = verify_consistency(claim.first, B256::ZERO, claim.second, B256::ZERO, &strange);
    let newer = claim.second % SIZES;
    let mut nodes = nodes(newer);
    let Ok(older) = usize::try_from(claim.first % SIZES) else { return false };
    let Ok(honest) = consistency_proof(&mut nodes, older as u64, newer) else { return false };
    let older_root = root_by_definition::<Sha256Tree>(&nodes.0[..older]);
    let newer_root = root_by_definition::<Sha256Tree>(&nodes.0);
    let proof = claim.instead_of(&honest);
    let believed = verify_consistency(older as u64, older_root, newer, newer_root, &proof).is_ok();
    // From the empty tree there is nothing to prove, so nothing is believed.
    assert_eq!(believed, proof == honest && older > 0);
    believed
}

pub(crate) fn proof_seeds() -> Vec<Vec<u8>> {
    // All of the honest proof is kept.
    [(1, 2), (5, 8), (37, 79), (64, 65)]
        .map(|(first, second): (u64, u64)| [&first.to_le_bytes()[..], &second.to_le_bytes(), &[255]].concat())
        .to_vec()
}
