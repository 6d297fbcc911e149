//! Where things lie in a log's folder, and who may look.

use super::error::ReadError;
use crate::atomic::{AtomicFile, Step, WriteError, create_folder, create_private_folder};
use averment_registry::log::{Resource, TILE_WIDTH, index_path};
use std::{
    fs::{self, File, Permissions},
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The folder, inside the log's, whose contents a web server may show as they are.
pub const PUBLIC: &str = "public";

const PRIVATE: &str = "private";

/// A log's folder.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn public(&self) -> PathBuf {
        self.root.join(PUBLIC)
    }

    pub(super) fn private(&self) -> PathBuf {
        self.root.join(PRIVATE)
    }

    pub(super) fn resource(&self, resource: Resource) -> PathBuf {
        self.public().join(resource.to_string())
    }

    pub(super) fn checkpoint(&self) -> PathBuf {
        self.resource(Resource::Checkpoint)
    }

    pub(super) fn records(&self) -> PathBuf {
        self.private().join("records")
    }

    /// The private file of the record with this index.
    pub(super) fn segment(&self, index: u64) -> PathBuf {
        self.records().join(index_path(index / u64::from(TILE_WIDTH)))
    }

    pub(super) fn anchor(&self, number: u64) -> PathBuf {
        self.private().join("anchors").join(format!("{}.json", index_path(number)))
    }

    pub(super) fn settings(&self) -> PathBuf {
        self.private().join("settings.json")
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.private().join("lock")
    }

    pub(super) fn erasing(&self) -> PathBuf {
        self.private().join("erasing")
    }

    /// Makes the private folder, or closes it to others if it is open to them.
    pub(super) fn secure(&self) -> Result<(), WriteError> {
        create_folder(&self.root)?;
        let private = self.private();
        create_private_folder(&private)?;
        let closed = fs::metadata(&private).and_then(|meta| match meta.permissions().mode() & 0o077 {
            0 => Ok(()),
            _ => fs::set_permissions(&private, Permissions::from_mode(0o700)),
        });
        closed.map_err(|source| WriteError { path: private, step: Step::CreateFolder, source })
    }
}

/// Replaces a private file that is not personal, such as settings.
pub(super) fn write_private(target: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let mut file = AtomicFile::create_private(target)?;
    file.write(bytes)?;
    file.commit()
}

/// All of a file of at most `limit` bytes; none if there is no such file.
pub(super) fn read_bounded(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, ReadError> {
    let io = |source| ReadError::Io { path: path.to_owned(), source };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(io)?,
    };
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLong { path: path.to_owned(), limit });
    }
    Ok(Some(bytes))
}

/// All of a file of at most `limit` bytes, which must be there.
pub(super) fn read_required(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    read_bounded(path, limit)?
        .ok_or_else(|| ReadError::Io { path: path.to_owned(), source: io::ErrorKind::NotFound.into() })
}
