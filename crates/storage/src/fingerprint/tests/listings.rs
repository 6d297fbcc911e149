//! Listings, and checking files against them.

use super::*;

fn listing(path: &Path) -> Listing {
    let options = Options { entries: true, ..Options::default() };
    Listing::new(fingerprint(path, &options).unwrap().entries.unwrap()).unwrap()
}

#[test]
fn a_listing_comes_back_from_json_and_proves_its_root() {
    let folder = folder(&[("a", b"1"), ("b/c", b"22"), ("d/", b"")]);
    let listing = listing(folder.path());
    let json = listing.to_json().unwrap();
    let back = Listing::from_json(json.as_bytes()).unwrap();
    assert_eq!(back, listing);
    assert_eq!(back.summary().root, root_of(folder.path()));
    // Any change of a value is refused.
    for (from, to) in [
        (r#""bytes":3"#, r#""bytes":4"#),
        (r#""files":2"#, r#""files":3"#),
        (r#""size":1"#, r#""size":2"#),
        (r#""path":"a""#, r#""path":"aa""#),
        (r#""kind":"emptyFolder""#, r#""kind":"file""#),
        (r#""root":"0x"#, r#""root":"0x00"#),
        ("listing/1", "listing/2"),
        (r#""files""#, r#""flies""#),
    ] {
        let changed = json.replacen(from, to, 1);
        assert_ne!(changed, json, "{from}");
        assert!(Listing::from_json(changed.as_bytes()).is_err(), "{from}");
    }
    let hashes: Vec<usize> = json.match_indices("0x").map(|(at, _)| at).collect();
    assert_eq!(hashes.len(), 1 + 2 * 3);
    for at in hashes {
        let mut changed = json.clone().into_bytes();
        changed[at + 9] = if changed[at + 9] == b'7' { b'8' } else { b'7' };
        assert!(matches!(
            Listing::from_json(&changed),
            Err(ListingError::Disagrees { field: "root", .. } | ListingError::Entry(_))
        ));
    }
}

fn file(path: &str) -> Entry {
    Entry { kind: Kind::File, path: path.to_owned(), size: 1, sha256: B256::ZERO, blake3: B256::ZERO }
}

#[test]
fn entries_that_no_folder_has_are_refused() {
    let fault = |paths: &[&str]| Listing::new(paths.iter().map(|path| file(path)).collect()).unwrap_err();
    for path in ["", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\0b"] {
        assert_eq!(fault(&[path]), EntryFault::Path { path: path.to_owned() });
    }
    let long = "a".repeat(MAX_PATH_BYTES + 1);
    assert_eq!(fault(&[&long]), EntryFault::Path { path: long.clone() });
    assert!(matches!(fault(&["b", "a"]), EntryFault::Order { .. }));
    assert!(matches!(fault(&["a", "a"]), EntryFault::Order { .. }));
    for paths in [&["a", "a/b"][..], &["a", "a.txt", "a/b"], &["a", "a-", "a-b", "a.txt", "a/b/c"]] {
        assert!(matches!(fault(paths), EntryFault::Below { above, .. } if above == "a"));
    }
    Listing::new(["a-", "a.txt", "a/b", "ab", "b"].iter().map(|path| file(path)).collect()).unwrap();
    let folder = Entry { kind: Kind::EmptyFolder, ..file("a") };
    assert!(matches!(Listing::new(vec![folder]), Err(EntryFault::FolderNotEmpty { .. })));
    let whole = Entry { size: u64::MAX, ..file("a") };
    assert_eq!(Listing::new(vec![whole, file("b")]), Err(EntryFault::TooLarge));
}

#[test]
fn a_mismatch_says_which_files_differ() {
    let before = folder(&[("changed", b"1"), ("grown", b"1"), ("kind", b""), ("lost", b"1"), ("same", b"1")]);
    let after =
        folder(&[("added", b""), ("changed", b"2"), ("grown", b"11"), ("kind/", b""), ("same", b"1")]);
    let listing = listing(before.path());
    let options = Options::default();
    verify(before.path(), Expected::Listing(&listing), &options).unwrap();
    verify(before.path(), Expected::Root(listing.summary().root), &options).unwrap();
    let Err(VerifyError::Mismatch { differences, .. }) =
        verify(after.path(), Expected::Listing(&listing), &options)
    else {
        panic!("expected a mismatch")
    };
    let shown: Vec<String> = differences.iter().map(Difference::to_string).collect();
    assert_eq!(
        shown,
        [
            "\"added\" is not in the listing",
            "\"changed\": other bytes of the same length",
            "\"grown\": expected 1 bytes, got 2",
            "\"kind\": expected File, got EmptyFolder",
            "\"lost\" is missing",
        ]
    );
    let error = verify(after.path(), Expected::Root(listing.summary().root), &options).unwrap_err();
    assert!(matches!(error, VerifyError::Mismatch { differences, got, .. }
        if differences.is_empty() && got == root_of(after.path())));
}
