//! A fingerprint's entries written down (`averment-fingerprint-listing/1`, docs/formats.md), and checking files
//! against a fingerprint.

use super::{Entry, EntryFault, Fingerprint, FingerprintError, Folder, Options, Summary, fingerprint};
use averment_primitives::B256;
use serde::{Deserialize, Serialize};
use std::{cmp::Ordering, fmt, path::Path};
use thiserror::Error;

const FORMAT: &str = "averment-fingerprint-listing/1";

/// All entries of a fingerprint, known to make up its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    summary: Summary,
    entries: Vec<Entry>,
}

/// The listing's JSON, field by field.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    format: String,
    root: B256,
    bytes: u64,
    files: u64,
    entries: Vec<Entry>,
}

/// Why bytes are not a listing.
#[derive(Debug, Error)]
pub enum ListingError {
    /// Not JSON, or not of this shape.
    #[error("not a listing: {0}")]
    Json(#[from] serde_json::Error),
    /// Another format or version.
    #[error("expected a listing in format {FORMAT:?}, got {got:?}")]
    Format {
        /// The format found.
        got: String,
    },
    /// Entries that no folder has.
    #[error("the listing is not well formed: {0}")]
    Entry(#[from] EntryFault),
    /// The entries do not make up what the listing says of them.
    #[error("the listing's entries make up {field} {expected}, but it says {got}")]
    Disagrees {
        /// `root`, `bytes` or `files`.
        field: &'static str,
        /// By the entries.
        expected: String,
        /// By the listing.
        got: String,
    },
}

impl Listing {
    /// A listing of `entries`, in order.
    pub fn new(entries: Vec<Entry>) -> Result<Self, EntryFault> {
        let mut folder = Folder::new();
        for entry in &entries {
            folder.push(entry)?;
        }
        Ok(Self { summary: folder.summary(), entries })
    }

    /// Reads a listing and computes its root anew from its entries.
    pub fn from_json(json: &[u8]) -> Result<Self, ListingError> {
        let document: Document = serde_json::from_slice(json)?;
        if document.format != FORMAT {
            return Err(ListingError::Format { got: document.format.chars().take(64).collect() });
        }
        let listing = Self::new(document.entries)?;
        let summary = &listing.summary;
        agree("bytes", summary.bytes, document.bytes)?;
        agree("files", summary.files, document.files)?;
        agree("root", summary.root, document.root)?;
        Ok(listing)
    }

    /// The listing as JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Document {
            format: FORMAT.to_owned(),
            root: self.summary.root,
            bytes: self.summary.bytes,
            files: self.summary.files,
            entries: self.entries.clone(),
        })
    }

    /// Root and totals.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The entries in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What is different in `other`, in the order of paths.
    pub fn differences(&self, other: &[Entry]) -> Vec<Difference> {
        let mut found = Vec::new();
        let (mut ours, mut theirs) = (self.entries.iter().peekable(), other.iter().peekable());
        loop {
            let order = match (ours.peek(), theirs.peek()) {
                (None, None) => return found,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(a), Some(b)) => a.path.as_bytes().cmp(b.path.as_bytes()),
            };
            let expected = if order.is_le() { ours.next() } else { None };
            let got = if order.is_ge() { theirs.next() } else { None };
            match (expected, got) {
                (Some(expected), None) => found.push(Difference::Missing { path: expected.path.clone() }),
                (None, Some(got)) => found.push(Difference::Unexpected { path: got.path.clone() }),
                (Some(expected), Some(got)) if expected != got => {
                    found.push(Difference::Changed { expected: expected.clone(), got: got.clone() });
                }
                _ => {}
            }
        }
    }
}

fn agree<T: PartialEq + fmt::Display>(field: &'static str, expected: T, got: T) -> Result<(), ListingError> {
    if expected == got {
        return Ok(());
    }
    Err(ListingError::Disagrees { field, expected: expected.to_string(), got: got.to_string() })
}

/// How files differ from a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// In the listing, not on the disk.
    Missing {
        /// Its path.
        path: String,
    },
    /// On the disk, not in the listing.
    Unexpected {
        /// Its path.
        path: String,
    },
    /// Of another kind, size or content.
    Changed {
        /// In the listing.
        expected: Entry,
        /// On the disk.
        got: Entry,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { path } => write!(f, "{path:?} is missing"),
            Self::Unexpected { path } => write!(f, "{path:?} is not in the listing"),
            Self::Changed { expected, got } if expected.kind != got.kind => {
                write!(f, "{:?}: expected {:?}, got {:?}", got.path, expected.kind, got.kind)
            }
            Self::Changed { expected, got } if expected.size != got.size => {
                write!(f, "{:?}: expected {} bytes, got {}", got.path, expected.size, got.size)
            }
            Self::Changed { got, .. } => write!(f, "{:?}: other bytes of the same length", got.path),
        }
    }
}

/// What files are checked against.
#[derive(Debug, Clone, Copy)]
pub enum Expected<'a> {
    /// Only the fingerprint.
    Root(B256),
    /// The fingerprint with its entries, so that a difference can be named.
    Listing(&'a Listing),
}

impl Expected<'_> {
    fn root(&self) -> B256 {
        match self {
            Self::Root(root) => *root,
            Self::Listing(listing) => listing.summary.root,
        }
    }
}

/// Why files were not what was expected.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// Their fingerprint could not be taken.
    #[error(transparent)]
    Fingerprint(#[from] FingerprintError),
    /// Their fingerprint is another.
    #[error("expected fingerprint {expected:?}, got {got:?}{}", first(differences))]
    Mismatch {
        /// The fingerprint expected.
        expected: B256,
        /// The fingerprint of the files.
        got: B256,
        /// What differs, if a listing was there to tell.
        differences: Vec<Difference>,
    },
}

fn first(differences: &[Difference]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = differences.iter().take(SHOWN).map(Difference::to_string).collect();
    match differences.len() {
        0 => String::new(),
        count if count <= SHOWN => format!(": {}", shown.join("; ")),
        count => format!(": {}; and {} more", shown.join("; "), count - SHOWN),
    }
}

/// Checks that the file or folder at `path` has the expected fingerprint.
pub fn verify(path: &Path, expected: Expected<'_>, options: &Options) -> Result<Fingerprint, VerifyError> {
    let entries = options.entries || matches!(expected, Expected::Listing(_));
    let got = fingerprint(path, &Options { entries, ..options.clone() })?;
    if got.root == expected.root() {
        return Ok(got);
    }
    let differences = match (expected, &got.entries) {
        (Expected::Listing(listing), Some(entries)) => listing.differences(entries),
        _ => Vec::new(),
    };
    Err(VerifyError::Mismatch { expected: expected.root(), got: got.root, differences })
}
