//! What is kept of each version that was registered here: the signed manifest and the listing of its weights,
//! which may be given to anybody, and the openings of private datasets, which may not.
//!
//! ```text
//! .averment/releases/0x…/manifest.json     the DSSE envelope
//!                        artifacts.json    averment-fingerprint-listing/1
//!                        rounds.json       averment-release-rounds/1, only if federated rounds made it
//!                        openings.json     private (mode 0600), only if there are private datasets
//! ```
//!
//! The manifest is written last: a folder without one is no release.

use crate::exit;
use anyhow::{Context, Result, ensure};
use averment_ledger::registry::View;
use averment_primitives::VersionId;
use averment_registry::{
    audit::{AdoptionEvidence, VectorsEvidence},
    dsse::{self, Envelope},
    manifest::{DatasetOpening, Limits, Statement},
};
use averment_storage::{atomic, fingerprint::Listing};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

const MANIFEST: &str = "manifest.json";
const ARTIFACTS: &str = "artifacts.json";
const OPENINGS: &str = "openings.json";
const ROUNDS: &str = "rounds.json";

/// The longest listing that is read: about four million files.
const LISTING_LIMIT: u64 = 1 << 30;
const OPENINGS_LIMIT: u64 = 1 << 24;
const ROUNDS_LIMIT: u64 = 1 << 28;

/// The folder of releases.
#[derive(Debug, Clone)]
pub struct Releases(PathBuf);

/// A version's manifest, files and secrets.
#[derive(Debug)]
pub struct Release {
    /// The signed manifest.
    pub envelope: Envelope,
    /// What it says.
    pub statement: Statement,
    /// Its weight files.
    pub listing: Listing,
    /// What opens the commitments to its private datasets; empty in a copy that was given away.
    pub openings: Vec<DatasetOpening>,
    /// What proofs about the rounds that made it are about; none if no rounds made it.
    pub rounds: Option<ReleaseRounds>,
}

/// What an audit needs of the rounds that made a version, and the chain does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRounds {
    format: RoundsFormat,
    /// What the task's vectors are.
    pub vectors: Option<VectorsEvidence>,
    /// That the version's weights are the task's, shifted and rounded.
    pub adoption: Option<AdoptionEvidence>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum RoundsFormat {
    #[serde(rename = "averment-release-rounds/1")]
    V1,
}

impl ReleaseRounds {
    /// Both, as far as they are there.
    pub fn new(vectors: Option<VectorsEvidence>, adoption: Option<AdoptionEvidence>) -> Self {
        Self { format: RoundsFormat::V1, vectors, adoption }
    }
}

impl Releases {
    /// The releases in `folder`, which need not be there yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// Where a version's files are.
    pub fn folder(&self, version: VersionId) -> PathBuf {
        self.0.join(version.to_string())
    }

    /// Keeps a release.
    pub fn save(&self, version: VersionId, release: &Release) -> Result<PathBuf> {
        let folder = self.folder(version);
        atomic::create_folder(&folder)?;
        if !release.openings.is_empty() {
            let openings = serde_json::to_vec(&release.openings).context("encoding the openings")?;
            atomic::write_new_private(&folder.join(OPENINGS), &openings)?;
        }
        if let Some(rounds) = &release.rounds {
            let rounds = serde_json::to_vec(rounds).context("encoding what the rounds are about")?;
            atomic::write(&folder.join(ROUNDS), &rounds)?;
        }
        atomic::write(&folder.join(ARTIFACTS), release.listing.to_json()?.as_bytes())?;
        atomic::write(&folder.join(MANIFEST), &release.envelope.encode()?)?;
        Ok(folder)
    }

    /// Removes a release that never was registered.
    pub fn forget(&self, version: VersionId) -> Result<()> {
        let folder = self.folder(version);
        for name in [MANIFEST, ARTIFACTS, OPENINGS, ROUNDS] {
            match fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("removing {name} in {}", folder.display()));
                }
                _ => {}
            }
        }
        fs::remove_dir(&folder).with_context(|| format!("removing {}", folder.display()))
    }

    /// The release of `version`; none if nothing is kept of it.
    pub fn load(&self, version: VersionId) -> Result<Option<Release>> {
        let folder = self.folder(version);
        let Some(envelope) = self.envelope(&folder)? else { return Ok(None) };
        let statement = statement(&envelope, &folder)?;
        let listing = read(&folder.join(ARTIFACTS), LISTING_LIMIT)?
            .with_context(|| format!("{} has no {ARTIFACTS}", folder.display()))?;
        let listing = Listing::from_json(&listing)
            .with_context(|| format!("reading {ARTIFACTS} in {}", folder.display()))?;
        ensure!(
            listing.summary().root == statement.artifacts_root(),
            "{}: {ARTIFACTS} has the root {:?}, the manifest says {:?}; put the right file back",
            folder.display(),
            listing.summary().root,
            statement.artifacts_root()
        );
        let openings = match read(&folder.join(OPENINGS), OPENINGS_LIMIT)? {
            Some(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("reading {OPENINGS} in {}", folder.display()))?,
            None => Vec::new(),
        };
        let rounds = match read(&folder.join(ROUNDS), ROUNDS_LIMIT)? {
            Some(bytes) => Some(
                serde_json::from_slice(&bytes)
                    .with_context(|| format!("reading {ROUNDS} in {}", folder.display()))?,
            ),
            None => None,
        };
        Ok(Some(Release { envelope, statement, listing, openings, rounds }))
    }

    /// What the manifest kept of `version` says; none if nothing is kept of it.
    pub fn statement(&self, version: VersionId) -> Result<Option<Statement>> {
        let folder = self.folder(version);
        self.envelope(&folder)?.map(|envelope| statement(&envelope, &folder)).transpose()
    }

    /// The versions kept here whose manifest names this model and number: more than one if it was registered on
    /// several chains.
    pub fn numbered(&self, model: &str, number: &str) -> Result<Vec<VersionId>> {
        let folders = match fs::read_dir(&self.0) {
            Ok(folders) => folders,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(|| format!("reading {}", self.0.display())),
        };
        let mut found = Vec::new();
        for folder in folders {
            let folder = folder.with_context(|| format!("reading {}", self.0.display()))?;
            let Some(version) = folder.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let folder = folder.path();
            if let Some(envelope) = self.envelope(&folder)? {
                let statement = statement(&envelope, &folder)?;
                if statement.name() == model && statement.version() == number {
                    found.push(version);
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Of [`Self::numbered`], the one that `view`'s registry holds; none if there is none.
    pub async fn registered(&self, view: &View, model: &str, number: &str) -> Result<Option<VersionId>> {
        let mut found = Vec::new();
        for version in self.numbered(model, number)? {
            if view.version(version).await?.is_some() {
                found.push(version);
            }
        }
        match found[..] {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            _ => {
                let ids: Vec<String> = found.iter().map(ToString::to_string).collect();
                Err(exit::usage(format!(
                    "{model}@{number} is several versions, name one by its id:\n  {}",
                    ids.join("\n  ")
                ))
                .into())
            }
        }
    }

    fn envelope(&self, folder: &Path) -> Result<Option<Envelope>> {
        let limits = dsse::Limits::default();
        let Some(bytes) = read(&folder.join(MANIFEST), limits.bytes as u64)? else { return Ok(None) };
        let envelope = Envelope::decode(&bytes, &limits);
        Ok(Some(envelope.with_context(|| format!("reading {MANIFEST} in {}", folder.display()))?))
    }
}

fn statement(envelope: &Envelope, folder: &Path) -> Result<Statement> {
    Statement::from_envelope(envelope, &Limits::default())
        .with_context(|| format!("reading {MANIFEST} in {}", folder.display()))
}

/// A file's bytes; none if there is none.
fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
    match atomic::read(path, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}
