//! The store in a local folder.
//!
//! ```text
//! objects/SS/SHA256-BLAKE3   the bytes; SS is the first byte of SHA256, everything in lower-case hex
//! pointers/SS/SHA256-BLAKE3  JSON: a list of pointers
//! incoming/                  what is being written
//! ```
//!
//! An object is written in `incoming`, flushed, and renamed to its name, so what stands under a name is whole
//! unless the disk itself changed it. Two processes that put the same bytes rename the same content.

use super::{BUFFER, ContentId, Hasher, Store, StoreError, next_part, read_failed};
use crate::{
    atomic::{self, AtomicFile},
    content::pointer::Pointer,
};
use averment_primitives::B256;
use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// The most bytes of one object's list of pointers.
const MAX_POINTERS_BYTES: u64 = 1 << 20;

/// A content-addressed store in a local folder.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Opens the store in `root`, which is made if missing, and removes what dead writers left in `incoming`.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let store = Self { root: root.to_owned() };
        for name in ["objects", "pointers", "incoming"] {
            atomic::create_folder(&root.join(name))?;
        }
        atomic::sweep(&store.incoming())?;
        Ok(store)
    }

    /// The object whose SHA-256 is `sha256`, if there is one.
    pub fn find(&self, sha256: &B256) -> Result<Option<ContentId>, StoreError> {
        let (shard, start) = (self.root.join("objects").join(shard(sha256)), format!("{sha256:x}-"));
        let entries = match fs::read_dir(&shard) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(read_failed(&shard)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(read_failed(&shard))?;
            let name = entry.file_name();
            let Some(blake3) = name.to_str().and_then(|name| name.strip_prefix(&start)) else { continue };
            let Ok(blake3) = blake3.parse() else { continue };
            let size = entry.metadata().map_err(read_failed(&entry.path()))?.len();
            return Ok(Some(ContentId { sha256: *sha256, blake3, size }));
        }
        Ok(None)
    }

    /// Records another place where the bytes can be had. Two processes that record at once may lose one of the
    /// two records, never more.
    pub fn add_pointer(&self, pointer: &Pointer) -> Result<(), StoreError> {
        let mut pointers = self.pointers(&pointer.content)?;
        if pointers.contains(pointer) {
            return Ok(());
        }
        pointers.push(pointer.clone());
        let path = self.path("pointers", &pointer.content);
        let json = serde_json::to_vec(&pointers).map_err(|error| read_failed(&path)(error.into()))?;
        self.place(&path, |file| Ok(file.write(&json)?))
    }

    fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    fn path(&self, what: &str, id: &ContentId) -> PathBuf {
        let name = format!("{:x}-{:x}", id.sha256, id.blake3);
        self.root.join(what).join(shard(&id.sha256)).join(name)
    }

    fn place(
        &self,
        target: &Path,
        write: impl FnOnce(&mut AtomicFile) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if let Some(shard) = target.parent() {
            atomic::create_folder(shard)?;
        }
        let name = target.file_name().unwrap_or(OsStr::new("object"));
        let mut file = AtomicFile::create_in(&self.incoming(), name, target)?;
        write(&mut file)?;
        Ok(file.commit()?)
    }
}

fn shard(sha256: &B256) -> String {
    format!("{sha256:x}").chars().take(2).collect()
}

impl Store for Folder {
    fn put(&self, source: &mut dyn Read, limit: u64) -> Result<ContentId, StoreError> {
        let incoming = self.incoming();
        let mut file = AtomicFile::create_in(&incoming, OsStr::new("object"), &incoming.join("object"))?;
        let mut hasher = Hasher::default();
        let mut source = source.take(limit.saturating_add(1));
        let mut buffer = vec![0; BUFFER];
        while let Some(part) = next_part(&mut source, &mut buffer).map_err(StoreError::Source)? {
            hasher.update(part);
            if hasher.size > limit {
                return Err(StoreError::TooLarge { limit, got: hasher.size });
            }
            file.write(part)?;
        }
        let id = hasher.finish();
        let target = self.path("objects", &id);
        if let Some(shard) = target.parent() {
            atomic::create_folder(shard)?;
        }
        file.commit_to(target)?;
        Ok(id)
    }

    fn has(&self, id: &ContentId) -> Result<bool, StoreError> {
        let path = self.path("objects", id);
        path.try_exists().map_err(read_failed(&path))
    }

    fn pointers(&self, id: &ContentId) -> Result<Vec<Pointer>, StoreError> {
        let path = self.path("pointers", id);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(read_failed(&path)(error)),
        };
        let mut json = Vec::new();
        file.take(MAX_POINTERS_BYTES).read_to_end(&mut json).map_err(read_failed(&path))?;
        serde_json::from_slice(&json).map_err(|error| read_failed(&path)(error.into()))
    }

    fn open_unchecked(&self, id: &ContentId) -> Result<Box<dyn Read + '_>, StoreError> {
        let path = self.path("objects", id);
        match File::open(&path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(StoreError::Missing { id: Box::new(*id) })
            }
            Err(error) => Err(read_failed(&path)(error)),
        }
    }
}
