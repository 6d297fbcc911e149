//! Where bytes can be had, together with what they must be. A pointer is a hint: whoever follows it checks
//! what comes against digests and size.

use super::Cid;
use crate::store::ContentId;
use cid::{Version, multibase};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use thiserror::Error;

/// The longest location, in bytes.
pub const MAX_LOCATION_BYTES: usize = 2048;

/// A place that bytes can be had from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Location {
    /// `ipfs://CID[/PATH]`.
    Ipfs {
        /// The root.
        cid: Box<Cid>,
        /// The path below it, without `/` at its ends; may be empty.
        path: String,
    },
    /// `ar://ID`: an Arweave transaction, 43 characters of base64url.
    Arweave {
        /// The transaction's id.
        id: String,
    },
    /// `s3://BUCKET/KEY`.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// The object's key.
        key: String,
    },
    /// `https://HOST…`, without user name or password.
    Https {
        /// What follows `https://`.
        rest: String,
    },
}

/// Why a text is no location.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum LocationError {
    /// Longer than [`MAX_LOCATION_BYTES`].
    #[error("a location has at most {MAX_LOCATION_BYTES} bytes, got {got}")]
    TooLong {
        /// Its bytes.
        got: usize,
    },
    /// Spaces, control characters or characters outside of ASCII.
    #[error("a location is printable ASCII without spaces; write others as %XX")]
    Characters,
    /// Another scheme.
    #[error("expected ipfs://, ar://, s3:// or https://")]
    Scheme,
    /// Not a CID.
    #[error("expected a CID behind ipfs://")]
    Cid,
    /// Not a transaction id.
    #[error("expected 43 characters of base64url behind ar://")]
    Transaction,
    /// Not a bucket and a key.
    #[error(
        "expected s3://BUCKET/KEY, with a bucket of 3 to 63 lower-case letters, digits, dots and hyphens"
    )]
    Bucket,
    /// No host, or a user name: a pointer is published, and credentials would be too.
    #[error("expected https://HOST… without user name or password")]
    Host,
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        if text.len() > MAX_LOCATION_BYTES {
            return Err(LocationError::TooLong { got: text.len() });
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(LocationError::Characters);
        }
        let (scheme, rest) = text.split_once("://").ok_or(LocationError::Scheme)?;
        match scheme {
            "ipfs" => {
                let (cid, path) = rest.split_once('/').unwrap_or((rest, ""));
                let cid = Box::new(whole_cid(cid).ok_or(LocationError::Cid)?);
                Ok(Self::Ipfs { cid, path: path.trim_matches('/').to_owned() })
            }
            "ar" => {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                if rest.len() != 43 || !rest.bytes().all(plain) {
                    return Err(LocationError::Transaction);
                }
                Ok(Self::Arweave { id: rest.to_owned() })
            }
            "s3" => {
                let (bucket, key) = rest.split_once('/').ok_or(LocationError::Bucket)?;
                let plain =
                    |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
                if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(plain) || key.is_empty() {
                    return Err(LocationError::Bucket);
                }
                Ok(Self::S3 { bucket: bucket.to_owned(), key: key.to_owned() })
            }
            "https" => {
                let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
                // A backslash is a slash to some readers, which would move the host's end.
                if authority.is_empty() || authority.starts_with(':') || authority.contains(['@', '\\']) {
                    return Err(LocationError::Host);
                }
                Ok(Self::Https { rest: rest.to_owned() })
            }
            _ => Err(LocationError::Scheme),
        }
    }
}

/// The CID that all of `text` is: the parser passes over bytes behind the digest.
fn whole_cid(text: &str) -> Option<Cid> {
    let cid: Cid = text.parse().ok()?;
    let whole = match cid.version() {
        Version::V0 => cid.to_string() == text,
        Version::V1 => multibase::decode(text).is_ok_and(|(_, bytes)| bytes == cid.to_bytes()),
    };
    whole.then_some(cid)
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipfs { cid, path } if path.is_empty() => write!(f, "ipfs://{cid}"),
            Self::Ipfs { cid, path } => write!(f, "ipfs://{cid}/{path}"),
            Self::Arweave { id } => write!(f, "ar://{id}"),
            Self::S3 { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Self::Https { rest } => write!(f, "https://{rest}"),
        }
    }
}

impl TryFrom<String> for Location {
    type Error = LocationError;
    fn try_from(text: String) -> Result<Self, LocationError> {
        text.parse()
    }
}

impl From<Location> for String {
    fn from(location: Location) -> Self {
        location.to_string()
    }
}

/// A location and what the bytes from there must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pointer {
    /// Where.
    pub location: Location,
    /// What.
    pub content: ContentId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_and_prints_itself() {
        let cid = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
        for text in [
            format!("ipfs://{cid}"),
            format!("ipfs://{cid}/a/b%20c"),
            "ipfs://QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG".to_owned(),
            format!("ar://{}", "aB-_".repeat(11).get(..43).unwrap()),
            "s3://models-eu.1/a/b.onnx".to_owned(),
            "https://example.org:8443/x?y=z@w#q".to_owned(),
        ] {
            let location: Location = text.parse().unwrap();
            assert_eq!(location.to_string(), text);
            let json = serde_json::to_string(&location).unwrap();
            assert_eq!(serde_json::from_str::<Location>(&json).unwrap(), location);
        }
    }

    #[test]
    fn each_fault_has_its_error() {
        let long = format!("https://{}", "a".repeat(MAX_LOCATION_BYTES));
        let cases = [
            (long.as_str(), LocationError::TooLong { got: MAX_LOCATION_BYTES + 8 }),
            ("https://a b", LocationError::Characters),
            ("https://ä", LocationError::Characters),
            ("https://a\n", LocationError::Characters),
            ("http://example.org", LocationError::Scheme),
            ("file:///etc/passwd", LocationError::Scheme),
            ("nothing", LocationError::Scheme),
            ("ipfs://", LocationError::Cid),
            ("ipfs://bafy", LocationError::Cid),
            // Three more bytes behind the digest, or in front of it `/ipfs/`.
            ("ipfs://bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykuaaaaa", LocationError::Cid),
            ("ipfs:///ipfs/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG", LocationError::Cid),
            ("ar://short", LocationError::Transaction),
            ("ar://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/", LocationError::Transaction),
            ("s3://bucket", LocationError::Bucket),
            ("s3://bucket/", LocationError::Bucket),
            ("s3://BUCKET/key", LocationError::Bucket),
            ("s3://b/key", LocationError::Bucket),
            ("https:///path", LocationError::Host),
            ("https://user:secret@example.org/", LocationError::Host),
            ("https://example.org\\@evil.org/", LocationError::Host),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<Location>(), Err(error), "{text}");
        }
    }
}
