//! What the program finds out by itself about a release: weight files, data, scripts, the code's commit, the
//! machine. What a person has to know stands in `model.toml`; both make the manifest.

mod git;
mod weights;

use self::weights::Weights;
use crate::{ui::Ui, workplace::now};
use anyhow::{Context as _, Result};
use averment_primitives::{B256, VersionId};
use averment_registry::manifest::{Captured, Code, Environment, FileDigest, Fingerprint, Source};
use averment_storage::fingerprint::{Listing, Options};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// Where a release's parts lie.
#[derive(Debug, Clone)]
pub struct Places {
    /// The folder of `model.toml`: paths in it are relative to this.
    pub folder: PathBuf,
    /// The folder that git is asked about; none if the code is under no version control that is to be recorded.
    pub code: Option<PathBuf>,
}

impl Places {
    /// The usual ones for the `model.toml` at `file`: git is asked about its folder.
    pub fn of(file: &Path) -> Self {
        let folder = match file.parent() {
            Some(parent) if parent != Path::new("") => parent.to_path_buf(),
            _ => PathBuf::from("."),
        };
        Self { code: Some(folder.clone()), folder }
    }
}

/// Everything captured for a release.
#[derive(Debug)]
pub struct Capture {
    /// For the manifest.
    pub facts: Captured,
    /// The weight files, as the audit file lists them.
    pub listing: Listing,
    /// Where each entry of the listing lies, in its order.
    pub places: Vec<PathBuf>,
}

impl Capture {
    /// Reads everything that `source` names. `parents` are the ids of `model.parents`, in their order.
    pub fn take(source: &Source, places: &Places, parents: Vec<VersionId>, ui: Ui) -> Result<Self> {
        let Weights { listing, artifacts, places: files } =
            weights::read(&places.folder, &source.artifacts(), ui)?;
        let mut datasets = BTreeMap::new();
        for dataset in source.datasets() {
            let found = ui.fingerprint(&places.folder.join(&dataset.path), &Options::default());
            let found = found.with_context(|| format!("the dataset {:?}", dataset.name))?;
            let (root, bytes, files) = (found.root, found.bytes, found.files);
            datasets.insert(dataset.name, Fingerprint { root, bytes, files });
        }
        let scripts = digests(&places.folder, &source.entries()).context("code.entry")?;
        let git = match &places.code {
            Some(code) => git::state(code, scripts.iter().map(|script| places.folder.join(&script.name)))?,
            None => None,
        };
        let facts = Captured {
            created_at: now()?,
            program: concat!("averment ", env!("CARGO_PKG_VERSION")).to_owned(),
            artifacts,
            artifacts_fingerprint: (*listing.summary()).into(),
            code: Code { git, entries: scripts },
            environment: Environment {
                os: std::env::consts::OS.to_owned(),
                architecture: std::env::consts::ARCH.to_owned(),
                versions: BTreeMap::new(),
                lock_files: digests(&places.folder, &source.lock_files())
                    .context("environment.lock_files")?,
            },
            datasets,
            parents,
            federated: None,
        };
        Ok(Self { facts, listing, places: files })
    }
}

/// The plain SHA-256 of each file, by its name in `model.toml`.
fn digests(folder: &Path, names: &[&str]) -> Result<Vec<FileDigest>> {
    let digest = |name: &&str| {
        let path = folder.join(name);
        let mut hasher = Sha256::new();
        File::open(&path)
            .and_then(|mut file| io::copy(&mut file, &mut hasher))
            .with_context(|| format!("reading {}", path.display()))?;
        Ok(FileDigest { name: (*name).to_owned(), sha256: B256::from(<[u8; 32]>::from(hasher.finalize())) })
    };
    names.iter().map(digest).collect()
}
