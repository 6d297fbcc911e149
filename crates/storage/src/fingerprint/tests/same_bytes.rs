//! The engine against the definition, and the definition against values computed elsewhere.

use super::*;
use averment_primitives::merkle::{Blake3Tree, Sha256Tree, TreeHash};
use proptest::prelude::*;
use std::os::unix::fs::symlink;

/// Computed with Python's hashlib and the blake3 package from docs/formats.md; see `known_answer.py` beside.
#[test]
fn known_answers() {
    let chunk: Vec<u8> = (0..CHUNK_BYTES + 5).map(|i| (i % 251) as u8).collect();
    let folder = folder(&[("a-b", b"x"), ("a/b", &chunk), ("a0", b""), ("empty/", b"")]);
    symlink("a/b", folder.path().join("link")).unwrap();
    let options = Options { symlinks: Symlinks::Record, entries: true, ..Options::default() };
    let taken = fingerprint(folder.path(), &options).unwrap();
    let known: serde_json::Value = serde_json::from_str(include_str!("known_answer.json")).unwrap();
    let entries: Vec<Entry> = serde_json::from_value(known["entries"].clone()).unwrap();
    assert_eq!(taken.entries.unwrap(), entries);
    assert_eq!(serde_json::to_value(taken.root).unwrap(), known["root"]);
    assert_eq!(taken.bytes, known["bytes"].as_u64().unwrap());
    assert_eq!((taken.files, taken.entry_count), (3, 5));

    let empty = tempdir().unwrap();
    assert_eq!(serde_json::to_value(root_of(empty.path())).unwrap(), known["emptyFolder"]);
}

#[test]
fn a_chunk_in_its_buffer_hashes_as_a_leaf() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("bytes");
    let mut buffer = super::chunk::ChunkBuffer::new();
    for length in [1, 63, 64, 65, 1023, 1024, 1025, CHUNK_BYTES - 1, CHUNK_BYTES] {
        let bytes: Vec<u8> = (0..length).map(|i| (i * 7 % 253) as u8).collect();
        fs::write(&path, &bytes).unwrap();
        let file = fs::File::open(&path).unwrap();
        assert_eq!(buffer.read(&file, 0, CHUNK_BYTES + 1).unwrap(), length);
        let leaf = buffer.leaf();
        assert_eq!((leaf.sha256, leaf.blake3), (Sha256Tree::leaf(&bytes), Blake3Tree::leaf(&bytes)));
    }
}

/// Names that sort differently with and without `/`, in other alphabets, and in both normal forms.
fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "a", "a-", "a.b", "a0", "A", "b", "é", "e\u{301}", "中", "x y", "-", "\\", "a\nb", "~",
    ])
    .prop_map(str::to_owned)
}

fn length() -> impl Strategy<Value = usize> {
    let chunk = CHUNK_BYTES;
    prop_oneof![
        4 => 0usize..3000,
        1 => prop::sample::select(vec![chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk + 17]),
    ]
}

#[derive(Debug, Clone)]
enum Node {
    File(usize, u8),
    Link(String),
    Folder,
}

fn node() -> impl Strategy<Value = Node> {
    prop_oneof![
        6 => (length(), any::<u8>()).prop_map(|(length, seed)| Node::File(length, seed)),
        1 => name().prop_map(Node::Link),
        2 => Just(Node::Folder),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_gives_what_the_definition_gives(
        nodes in prop::collection::vec((prop::collection::vec(name(), 1..4), node()), 0..14),
        threads in 1usize..5,
    ) {
        let folder = tempdir().unwrap();
        for (path, node) in &nodes {
            let path = folder.path().join(path.join("/"));
            // Whatever does not fit to what is there already is left out.
            if fs::create_dir_all(path.parent().unwrap()).is_err() || path.symlink_metadata().is_ok() {
                continue;
            }
            match node {
                Node::File(length, seed) => {
                    let bytes: Vec<u8> = (0..*length).map(|i| (i % 249) as u8 ^ seed).collect();
                    fs::write(path, bytes).unwrap();
                }
                Node::Link(target) => symlink(target, path).unwrap(),
                Node::Folder => fs::create_dir(path).unwrap(),
            }
        }
        let options = Options {
            symlinks: Symlinks::Record,
            threads: NonZero::new(threads),
            entries: true,
            ..Options::default()
        };
        let taken = fingerprint(folder.path(), &options).unwrap();
        let (root, entries) = reference::fingerprint(folder.path()).unwrap();
        prop_assert_eq!(taken.entries.unwrap(), entries);
        prop_assert_eq!(taken.root, root);
    }
}

#[test]
fn many_small_files_behind_a_large_one_come_out_in_order() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("0-large"), vec![9; 5 * CHUNK_BYTES + 1]).unwrap();
    for number in 0..700 {
        fs::write(folder.path().join(format!("small-{number}")), number.to_string()).unwrap();
    }
    let taken = fingerprint(folder.path(), &Options { entries: true, ..Options::default() }).unwrap();
    let (root, entries) = reference::fingerprint(folder.path()).unwrap();
    assert_eq!((taken.root, taken.entries.unwrap()), (root, entries));
}

#[test]
fn a_single_file_is_a_folder_with_one_entry_under_the_name_that_was_given() {
    let folder = folder(&[("model.onnx", b"weights")]);
    let file = folder.path().join("model.onnx");
    assert_eq!(root_of(&file), root_of(folder.path()));
    assert_eq!(root_of(&file), reference::fingerprint(&file).unwrap().0);
    let elsewhere = tempdir().unwrap();
    symlink(&file, elsewhere.path().join("model.onnx")).unwrap();
    assert_eq!(root_of(&elsewhere.path().join("model.onnx")), root_of(&file));
    symlink(folder.path(), elsewhere.path().join("latest")).unwrap();
    assert_eq!(root_of(&elsewhere.path().join("latest")), root_of(&file));
}

/// Every way to make another folder out of a folder gives another root.
#[test]
fn names_sizes_bytes_and_kinds_are_bound() {
    let variants: &[&[(&str, &[u8])]] = &[
        &[],
        &[("a", b"")],
        &[("a/", b"")],
        &[("b", b"")],
        &[("A", b"")],
        &[("a", b"\0")],
        &[("a", b"b")],
        &[("a", b"bc")],
        &[("a", b"b"), ("c", b"")],
        &[("ab", b"")],
        &[("a/b", b"")],
        &[("a/b/", b"")],
        &[("é", b"")],
        &[("e\u{301}", b"")],
    ];
    let mut roots: Vec<B256> = variants.iter().map(|files| root_of(folder(files).path())).collect();
    let linked = tempdir().unwrap();
    symlink("b", linked.path().join("a")).unwrap();
    let record = Options { symlinks: Symlinks::Record, ..Options::default() };
    // A file with the link's text is not the link.
    roots.push(fingerprint(linked.path(), &record).unwrap().root);
    roots.sort();
    roots.dedup();
    assert_eq!(roots.len(), variants.len() + 1);
}

#[test]
fn progress_ends_at_the_totals() {
    let folder = folder(&[("a", &vec![1; 2 * CHUNK_BYTES + 3]), ("b", b"xyz"), ("c", b""), ("d/", b"")]);
    let mut last = Progress::default();
    fingerprint_with_progress(folder.path(), &Options::default(), |now| {
        assert!(now.bytes >= last.bytes && now.files >= last.files);
        last = now;
    })
    .unwrap();
    let bytes = 2 * CHUNK_BYTES as u64 + 6;
    assert_eq!(last, Progress { bytes, total_bytes: bytes, files: 3, total_files: 3 });
}
