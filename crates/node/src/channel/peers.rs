//! Who the other operators are and where they listen: a file `peers.toml`, which may be the same for all of them.
//!
//! ```toml
//! [peers]
//! 1 = "https://oracle-1.example/averment"
//! 2 = "http://10.0.0.2:9465"
//! ```
//!
//! Keys are operators' numbers in the staking contract. A file that names the wrong place costs a voice and no more: what comes
//! back is checked against keys from the chain.

use averment_atomic as atomic;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Longest file, in bytes.
const LIMIT: u64 = 1 << 20;

/// Why a list of peers was not read.
#[derive(Debug, Error)]
pub enum PeersError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Not such a list.
    #[error("{}: expected [peers] with lines such as 1 = \"https://host:9465\": {why}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    peers: BTreeMap<String, String>,
}

/// Operators by number, with the URLs where they listen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peers(BTreeMap<u32, String>);

impl Peers {
    /// These.
    pub fn new(peers: impl IntoIterator<Item = (u32, String)>) -> Self {
        Self(peers.into_iter().collect())
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, PeersError> {
        let wrong = |why: String| PeersError::Format { path: path.to_owned(), why };
        let bytes =
            atomic::read(path, LIMIT).map_err(|source| PeersError::Read { path: path.to_owned(), source })?;
        let text = String::from_utf8(bytes).map_err(|error| wrong(error.to_string()))?;
        let file: File = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let number = |(number, url): (String, String)| match number.parse() {
            Ok(number @ 1..) => Ok((number, url)),
            _ => Err(wrong(format!("{number:?} is no operator's number"))),
        };
        Ok(Self(file.peers.into_iter().map(number).collect::<Result<_, _>>()?))
    }

    /// Each with its URL.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &str)> {
        self.0.iter().map(|(number, url)| (*number, url.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_names_operators_by_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peers.toml");
        fs::write(&path, "[peers]\n12 = \"http://10.0.0.2:9465\"\n1 = \"https://one.example/a\"\n").unwrap();
        let expected = [(1, "https://one.example/a".to_owned()), (12, "http://10.0.0.2:9465".to_owned())];
        assert_eq!(Peers::read(&path).unwrap(), Peers::new(expected));
        for wrong in
            ["", "[peers]\n0 = \"http://a\"", "[peers]\nx = \"http://a\"", "[peers]\n1 = 2", "[others]\n"]
        {
            fs::write(&path, wrong).unwrap();
            assert!(matches!(Peers::read(&path), Err(PeersError::Format { .. })), "{wrong}");
        }
        let nowhere = Peers::read(&folder.path().join("none"));
        assert!(matches!(nowhere, Err(PeersError::Read { .. })));
    }
}
