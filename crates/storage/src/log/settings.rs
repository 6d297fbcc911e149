//! `averment-log/1`: the settings of a log.

use super::error::{ReadError, SettingsFault};
use averment_registry::{
    canonical::{self, JsonLimits},
    log::{PaddingPolicy, VerifierKey},
    version::LogTerms,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{num::NonZeroU64, path::Path};

const FORMAT: &str = "averment-log/1";

/// What a log was made with.
#[derive(Debug, Clone, PartialEq)]
pub struct LogSettings {
    /// Checks its checkpoints; the key's name is the log's origin.
    pub key: VerifierKey,
    /// How much padding goes before an anchoring.
    pub padding: PaddingPolicy,
    /// Under which terms it is anchored, once it was opened on a chain.
    pub terms: Option<LogTerms>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: String,
    key: String,
    padding: NonZeroU64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    terms: Option<LogTerms>,
}

impl LogSettings {
    /// The log's name.
    pub fn origin(&self) -> &str {
        self.key.name()
    }

    pub(super) fn encode(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let written = Written {
            format: FORMAT.into(),
            key: self.key.to_string(),
            padding: self.padding.multiple,
            terms: self.terms,
        };
        to_json(path, FORMAT, &written)
    }

    pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<Self, ReadError> {
        let written: Written = from_json(path, FORMAT, bytes)?;
        let key =
            written.key.parse().map_err(|error: averment_registry::log::KeyError| ReadError::Settings {
                path: path.to_owned(),
                fault: SettingsFault::Field { field: "key", reason: error.to_string() },
            })?;
        Ok(Self { key, padding: PaddingPolicy { multiple: written.padding }, terms: written.terms })
    }
}

/// Canonical JSON of a value.
pub(super) fn to_json(
    path: &Path,
    format: &'static str,
    value: &impl Serialize,
) -> Result<Vec<u8>, ReadError> {
    let fault = |fault| ReadError::Settings { path: path.to_owned(), fault };
    let value = serde_json::to_value(value).map_err(|error| fault(SettingsFault::Shape { format, error }))?;
    canonical::to_bytes(&value).map_err(|error| fault(error.into()))
}

/// A value from canonical JSON whose field `format` is `format`.
pub(super) fn from_json<T: DeserializeOwned>(
    path: &Path,
    format: &'static str,
    bytes: &[u8],
) -> Result<T, ReadError> {
    let fault = |fault| ReadError::Settings { path: path.to_owned(), fault };
    let value =
        canonical::parse_canonical(bytes, &JsonLimits::default()).map_err(|error| fault(error.into()))?;
    match value.get("format").and_then(|format| format.as_str()) {
        Some(found) if found == format => {}
        other => {
            let reason = format!(
                "expected {format:?}, got {:?}; a newer release of averment may read it",
                other.unwrap_or("nothing").chars().take(64).collect::<String>()
            );
            return Err(fault(SettingsFault::Field { field: "format", reason }));
        }
    }
    serde_json::from_value(value).map_err(|error| fault(SettingsFault::Shape { format, error }))
}
