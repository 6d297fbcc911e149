//! Content ids and CAR files against files made by the JavaScript tools (xtask/interop/ipfs.mjs).

use averment_storage::content::{
    Cid,
    car::{self, CarError, CarReader, Limits},
    unixfs::{self, ImportError, Profile, cid_of_path, import},
};
use serde::Deserialize;
use std::{collections::HashMap, fs, path::Path};
use tempfile::tempdir;

#[derive(Deserialize)]
struct Fixture {
    tool: String,
    files: Vec<Known>,
    folder: Vec<Item>,
    folders: Vec<Known>,
}

#[derive(Deserialize)]
struct Known {
    profile: String,
    #[serde(default)]
    length: usize,
    cid: String,
}

#[derive(Deserialize)]
struct Item {
    path: String,
    length: Option<usize>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("fixtures/ipfs/importer.json")).unwrap()
}

fn profile(name: &str) -> Profile {
    Profile::named(name).unwrap_or_else(|| {
        assert_eq!(name, "test-16-3");
        Profile { name: "test-16-3", chunk_bytes: 16, links: 3 }
    })
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| ((i + 7 * (i >> 8)) % 251) as u8).collect()
}

fn make_folder(root: &Path, items: &[Item]) {
    for item in items {
        let path = root.join(&item.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match item.length {
            Some(length) => fs::write(path, pattern(length)).unwrap(),
            None => fs::create_dir(path).unwrap(),
        }
    }
}

#[test]
fn cids_are_those_of_the_javascript_importer() {
    let known = fixture();
    assert!(known.tool.starts_with("ipfs-unixfs-importer 17."));
    let place = tempdir().unwrap();
    let file = place.path().join("file");
    for case in known.files {
        fs::write(&file, pattern(case.length)).unwrap();
        let cid = cid_of_path(&file, profile(&case.profile)).unwrap();
        assert_eq!(cid.to_string(), case.cid, "{} bytes, {}", case.length, case.profile);
    }
    let folder = place.path().join("folder");
    make_folder(&folder, &known.folder);
    for case in known.folders {
        let cid = cid_of_path(&folder, profile(&case.profile)).unwrap();
        assert_eq!(cid.to_string(), case.cid, "folder, {}", case.profile);
    }
}

/// The blocks of an import, by CID.
type Blocks = HashMap<Cid, Vec<u8>>;

fn read_all(bytes: &[u8], limits: Limits) -> Result<(Vec<Cid>, Blocks), CarError> {
    let mut reader = CarReader::new(bytes, limits)?;
    let mut blocks = Blocks::new();
    while let Some((cid, block)) = reader.next_block()? {
        blocks.insert(cid, block);
    }
    Ok((reader.roots().to_vec(), blocks))
}

#[test]
fn a_car_of_the_javascript_tool_is_read_and_written_to_the_same_bytes() {
    let bytes = include_bytes!("fixtures/ipfs/blocks.car");
    let mut reader = CarReader::new(&bytes[..], Limits::default()).unwrap();
    let mut written = Vec::new();
    car::write_header(&mut written, reader.roots()).unwrap();
    let mut contents = Vec::new();
    while let Some((cid, block)) = reader.next_block().unwrap() {
        car::write_block(&mut written, &cid, &block).unwrap();
        contents.push(block);
    }
    assert_eq!(contents, [pattern(0), pattern(1), pattern(300)]);
    assert_eq!(written, bytes);
}

#[test]
fn an_exported_folder_is_read_back_whole() {
    let place = tempdir().unwrap();
    make_folder(&place.path().join("folder"), &fixture().folder);
    let (folder, target) = (place.path().join("folder"), place.path().join("folder.car"));
    let profile = profile("test-16-3");
    let root = car::export(&folder, profile, &target).unwrap();
    let mut expected = Blocks::new();
    import(&folder, profile, &mut |cid, block| {
        expected.insert(*cid, block.to_vec());
        Ok(())
    })
    .unwrap();
    let (roots, blocks) = read_all(&fs::read(&target).unwrap(), Limits::default()).unwrap();
    assert_eq!(roots, [root]);
    assert!(expected.contains_key(&root));
    assert_eq!(blocks, expected);
}

#[test]
fn a_hostile_car_gets_its_error() {
    let good = include_bytes!("fixtures/ipfs/blocks.car");
    let refused = |bytes: &[u8], limits| read_all(bytes, limits).unwrap_err();
    let limits = Limits::default();
    assert!(matches!(refused(b"", limits), CarError::Truncated { part: "the header" }));
    // Cut anywhere but between parts.
    let (mut whole, mut cut) = (0, 0);
    for end in 1..good.len() {
        match read_all(&good[..end], limits) {
            Ok(_) => whole += 1,
            Err(CarError::Truncated { .. }) => cut += 1,
            Err(other) => panic!("cut at {end}: {other}"),
        }
    }
    assert_eq!((whole, cut), (3, good.len() - 4));
    // A flipped bit is refused, unless it only names another root or reads the same bytes by another codec.
    let contents = |blocks: Blocks| {
        let mut contents: Vec<_> = blocks.into_values().collect();
        contents.sort();
        contents
    };
    let known = contents(read_all(good, limits).unwrap().1);
    let mut accepted = 0;
    for at in 0..good.len() {
        let mut bytes = good.to_vec();
        bytes[at] ^= 1 << (at % 8);
        if let Ok((_, blocks)) = read_all(&bytes, limits) {
            assert_eq!(contents(blocks), known, "byte {at}");
            accepted += 1;
        }
    }
    // The 36 bytes of each root, and the codec of each block.
    assert!(accepted <= 2 * 36 + 3, "{accepted}");
    assert!(matches!(refused(&[0xff; 12], limits), CarError::Varint { .. }));
    assert!(matches!(refused(&[0x80, 0x00], limits), CarError::Varint { .. }));
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    assert!(matches!(refused(&huge, limits), CarError::TooLarge { part: "the header", .. }));
    assert!(matches!(refused(b"\x03abc", limits), CarError::Header));
    let few = |roots, blocks, block_bytes| Limits { roots, blocks, block_bytes };
    assert!(matches!(refused(good, few(1, 9, 999)), CarError::TooLarge { part: "the number of roots", .. }));
    assert!(matches!(refused(good, few(2, 2, 999)), CarError::TooLarge { part: "the number of blocks", .. }));
    assert!(matches!(refused(good, few(2, 9, 300)), CarError::TooLarge { part: "a block", .. }));

    let root: Cid = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku".parse().unwrap();
    let with_block = |part: &[u8]| {
        let mut bytes = Vec::new();
        car::write_header(&mut bytes, &[root]).unwrap();
        bytes.push(part.len() as u8);
        [bytes, part.to_vec()].concat()
    };
    // A root whose digest ends before the bytes set aside for it do: what follows it would belong to nothing.
    let mut longer = with_block(b"");
    assert_eq!(longer[14..18], [0x01, 0x55, 0x12, 0x20]);
    longer[17] = 0x1f;
    assert!(matches!(refused(&longer, limits), CarError::Header));
    let wrong = [&root.to_bytes()[..], b"not empty"].concat();
    assert!(matches!(refused(&with_block(&wrong), limits), CarError::WrongBytes { .. }));
    assert!(matches!(refused(&with_block(b""), limits), CarError::Cid { index: 0 }));
    assert!(matches!(refused(&with_block(b"\x01\x55"), limits), CarError::Cid { index: 0 }));
    // An identity hash, and a digest cut to four bytes.
    assert!(matches!(
        refused(&with_block(b"\x01\x55\x00\x01xx"), limits),
        CarError::UnknownHash { code: 0, .. }
    ));
    let short = [&[1, 0x55, 0x12, 4][..], &root.hash().digest()[..4]].concat();
    assert!(matches!(refused(&with_block(&short), limits), CarError::WrongBytes { .. }));
}

#[test]
fn what_unixfs_here_cannot_say_is_refused() {
    let place = tempdir().unwrap();
    let import = |path: &Path| cid_of_path(path, Profile::UNIXFS_V1_2025).unwrap_err();
    std::os::unix::fs::symlink("x", place.path().join("link")).unwrap();
    assert!(matches!(import(place.path()), ImportError::Unsupported { path } if path.ends_with("link")));
    assert!(matches!(import(&place.path().join("gone")), ImportError::Read { .. }));
    assert!(matches!(import(Path::new("/dev/null")), ImportError::Unsupported { .. }));

    // 36 bytes of CID and 220 of name: 1024 of them are just not sharded.
    let folder = tempdir().unwrap();
    for number in 0..1024 {
        fs::write(folder.path().join(format!("{number:0220}")), b"").unwrap();
    }
    cid_of_path(folder.path(), Profile::UNIXFS_V1_2025).unwrap();
    fs::write(folder.path().join("x"), b"").unwrap();
    assert!(
        matches!(import(folder.path()), ImportError::FolderTooLarge { got, .. } if got == unixfs::SHARD_BYTES + 37)
    );
}
