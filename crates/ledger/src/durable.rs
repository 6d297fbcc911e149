//! Small files written whole or not at all: a temporary file beside the target (readable by its owner only),
//! flushed, renamed, and the folder flushed, so that a crash leaves the old state or the new one.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

/// Writes `bytes` to a new file at `path`, durably; one that is there is left as it is and the error is
/// [`io::ErrorKind::AlreadyExists`]. The folder must exist.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new().prefix(".averment-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    // Without this the rename itself may be lost with the power.
    File::open(folder)?.sync_all()
}

/// Reads a file of at most `limit` bytes; a longer one is [`io::ErrorKind::FileTooLarge`].
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    use io::Read;
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("at most {limit} bytes expected, the file has more"),
        ));
    }
    Ok(bytes)
}

/// Makes a folder that only its owner may enter, with its parents.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
