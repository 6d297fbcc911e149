//! Where a password comes from: a file or the terminal; never an argument or an environment variable,
//! which other processes can read.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};
use thiserror::Error;
use zeroize::Zeroizing;

/// Longest password, in bytes.
const LIMIT: usize = 1024;

/// Why there is no password.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// The file could not be read.
    #[error("password file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The terminal could not be read.
    #[error("no password could be read from the terminal ({0}); name a password file instead")]
    Terminal(io::Error),
    /// Nothing, or only a line end.
    #[error("the password is empty")]
    Empty,
    /// More than 1024 bytes: probably the wrong file.
    #[error("a password has at most {LIMIT} bytes; is this the right file?")]
    TooLong,
    /// The two entries of a new password differ.
    #[error("the two passwords differ; nothing was written")]
    Differ,
}

/// A password; wiped when dropped, never printed. Its bytes are taken as they are, without normalisation, as
/// other wallets do.
pub struct Password(Zeroizing<Vec<u8>>);

impl Password {
    /// A password from memory.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Result<Self, PasswordError> {
        match bytes.len() {
            0 => Err(PasswordError::Empty),
            length if length > LIMIT => Err(PasswordError::TooLong),
            _ => Ok(Self(bytes)),
        }
    }

    /// The content of `path` without one line end at its end.
    pub fn from_file(path: &Path) -> Result<Self, PasswordError> {
        let failed = |source| PasswordError::File { path: path.to_owned(), source };
        // Room for everything at once: a vector that grows would leave copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * LIMIT));
        let limit = LIMIT as u64 + 3;
        File::open(path).map_err(failed)?.take(limit).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        Self::new(bytes)
    }

    /// Asks on the terminal, without echo.
    pub fn from_terminal(prompt: &str) -> Result<Self, PasswordError> {
        let text = rpassword::prompt_password(prompt).map_err(PasswordError::Terminal)?;
        Self::new(Zeroizing::new(text.into_bytes()))
    }

    /// Asks twice for a new password.
    pub fn new_from_terminal(prompt: &str, again: &str) -> Result<Self, PasswordError> {
        let first = Self::from_terminal(prompt)?;
        if *first.0 == *Self::from_terminal(again)?.0 { Ok(first) } else { Err(PasswordError::Differ) }
    }

    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &[u8]) -> Result<Password, PasswordError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        Password::from_file(file.path())
    }

    #[test]
    fn one_line_end_is_dropped_and_nothing_else() {
        for (content, expected) in [
            (&b"secret"[..], &b"secret"[..]),
            (b"secret\n", b"secret"),
            (b"secret\r\n", b"secret"),
            (b" two words \n\n", b" two words \n"),
            (b"\xff\xfe\n", b"\xff\xfe"),
        ] {
            assert_eq!(file(content).unwrap().expose(), expected);
        }
    }

    #[test]
    fn rejects_empty_long_and_missing() {
        assert!(matches!(file(b""), Err(PasswordError::Empty)));
        assert!(matches!(file(b"\r\n"), Err(PasswordError::Empty)));
        assert!(file(&[b'a'; LIMIT]).is_ok());
        assert!(matches!(file(&[b'a'; LIMIT + 1]), Err(PasswordError::TooLong)));
        assert!(matches!(file(&[b'a'; 100_000]), Err(PasswordError::TooLong)));
        let missing = Password::from_file(Path::new("/nonexistent/password")).unwrap_err();
        assert!(missing.to_string().contains("/nonexistent/password"), "{missing}");
    }

    #[test]
    fn a_password_does_not_print_itself() {
        assert_eq!(format!("{:?}", file(b"secret").unwrap()), "Password(…)");
    }
}
