//! Private datasets: what is committed to, and the opening that stays with the owner.
//!
//! The commitment is a salted leaf over the canonical JSON of
//! `{"format":"averment-dataset/1","name":…,"root":…,"bytes":…,"files":…}`. Whoever is shown the opening and
//! the data can check both; nobody else learns anything, and erasing the opening erases the link.

use super::captured::Fingerprint;
use crate::canonical::{self, JsonError, JsonLimits};
use averment_primitives::{B256, Salt, SaltedLeaf};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fmt;

const FORMAT: &str = "averment-dataset/1";

/// The secret that opens a private dataset's commitment. Keep it with the data, never with the manifest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetOpening {
    /// The dataset's name, as the manifest has it.
    pub name: String,
    /// The commitment that the manifest publishes.
    pub commitment: SaltedLeaf,
    /// The salt.
    pub salt: Salt,
    /// What was committed to.
    pub fingerprint: Fingerprint,
}

impl DatasetOpening {
    /// Commits to a dataset under a fresh salt.
    pub(super) fn commit(name: &str, fingerprint: Fingerprint, salt: Salt) -> Result<Self, JsonError> {
        let data = committed_bytes(name, &fingerprint)?;
        Ok(Self { name: name.to_owned(), commitment: SaltedLeaf::commit(&salt, &data), salt, fingerprint })
    }

    /// The bytes that were committed to, for an audit file that discloses them.
    pub fn data(&self) -> Result<Vec<u8>, JsonError> {
        committed_bytes(&self.name, &self.fingerprint)
    }

    /// Whether this opens its own commitment; compare the commitment with the manifest's besides.
    pub fn opens(&self) -> bool {
        self.data().is_ok_and(|data| self.commitment.opens_to(&self.salt, &data))
    }

    /// Reads an opening that was stored as JSON.
    pub fn decode(bytes: &[u8]) -> Result<Self, JsonError> {
        let value = canonical::parse(bytes, &JsonLimits { bytes: 1 << 16, depth: 4 })?;
        serde_json::from_value(value).map_err(|error| JsonError::Syntax {
            message: error.to_string(),
            line: error.line(),
            column: error.column(),
        })
    }
}

impl fmt::Debug for DatasetOpening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The fingerprint is as secret as the salt: with it, whoever has a copy of the data recognises them.
        f.debug_struct("DatasetOpening")
            .field("name", &self.name)
            .field("commitment", &self.commitment)
            .finish_non_exhaustive()
    }
}

fn committed_bytes(name: &str, fingerprint: &Fingerprint) -> Result<Vec<u8>, JsonError> {
    let root: &B256 = &fingerprint.root;
    canonical::to_bytes(&json!({
        "format": FORMAT, "name": name, "root": root,
        "bytes": fingerprint.bytes, "files": fingerprint.files,
    }))
}
