//! What the program finds out by itself about a training run: the code's commit, whether the tree was dirty,
//! the lock files that pin its environment, and the machine.

use crate::exit;
use anyhow::{Context, Result};
use averment_primitives::B256;
use sha2::{Digest, Sha256};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Files that pin what a run was made with, looked for beside the code.
const LOCK_FILES: &[&str] = &[
    "requirements.txt",
    "requirements.lock",
    "poetry.lock",
    "uv.lock",
    "Pipfile.lock",
    "pdm.lock",
    "pixi.lock",
    "environment.yml",
    "conda-lock.yml",
    "Cargo.lock",
    "package-lock.json",
    "renv.lock",
    "Manifest.toml",
    "flake.lock",
];

/// The state of a git checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitState {
    /// The commit checked out, hexadecimal.
    pub commit: String,
    /// Whether tracked files differ from the commit, or untracked ones lie about.
    pub dirty: bool,
    /// Where `origin` points, without user name and password.
    pub remote: Option<String>,
}

/// A lock file and its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockFile {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub sha256: B256,
}

/// Asks git about `folder`. `None` when git does not know the folder; an error when git fails otherwise.
pub fn git(folder: &Path) -> Result<Option<GitState>> {
    let ask = |args: &[&str]| -> Result<Option<String>> {
        // Without optional locks, asking for the status writes nothing into somebody's checkout.
        let output = Command::new("git")
            .arg("--no-optional-locks")
            .arg("-C")
            .arg(folder)
            .args(args)
            .stdin(std::process::Stdio::null())
            .output();
        let output = match output {
            Ok(output) => output,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context("starting git"),
        };
        Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned()))
    };
    let Some(commit) = ask(&["rev-parse", "--verify", "HEAD"])? else { return Ok(None) };
    let status = ask(&["status", "--porcelain", "--untracked-files=normal"])?.with_context(|| {
        format!("git knows {} but cannot say whether it is dirty: run `git status` there", folder.display())
    })?;
    let remote = ask(&["remote", "get-url", "origin"])?.map(|url| without_credentials(&url));
    Ok(Some(GitState { commit, dirty: !status.is_empty(), remote }))
}

/// Drops `user:password@` from a URL; scp-like addresses carry a user only and stay.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}/{path}")
}

/// The lock files in `folder`, with their digests.
pub fn lock_files(folder: &Path) -> Result<Vec<LockFile>> {
    let mut found = Vec::new();
    for name in LOCK_FILES {
        let path = folder.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => {
                let sha256 = B256::from(<[u8; 32]>::from(Sha256::digest(bytes)));
                found.push(LockFile { name: (*name).to_owned(), sha256 });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }
    Ok(found)
}

/// The folder of the code: the one named, or where the manifest lies.
pub fn code_folder(named: Option<&Path>, manifest: &Path) -> Result<PathBuf> {
    match named {
        Some(folder) if folder.is_dir() => Ok(folder.to_path_buf()),
        Some(other) => {
            Err(exit::usage(format!("--code: expected a folder, {} is none", other.display())).into())
        }
        None => Ok(match manifest.parent() {
            Some(parent) if parent != Path::new("") => parent.to_path_buf(),
            _ => PathBuf::from("."),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_do_not_reach_the_manifest() {
        assert_eq!(
            without_credentials("https://me:secret@example.org/a/b.git"),
            "https://example.org/a/b.git"
        );
        assert_eq!(without_credentials("git@example.org:a/b.git"), "git@example.org:a/b.git");
    }

    #[test]
    fn a_dirty_tree_is_told_from_a_clean_one() {
        let folder = tempfile::tempdir().unwrap();
        let git_do = |args: &[&str]| {
            let status = Command::new("git").arg("-C").arg(folder.path()).args(args).output().unwrap().status;
            assert!(status.success(), "{args:?}");
        };
        assert_eq!(git(folder.path()).unwrap(), None);
        git_do(&["init", "--quiet"]);
        std::fs::write(folder.path().join("a"), "1").unwrap();
        git_do(&["add", "a"]);
        git_do(&["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "m"]);
        let clean = git(folder.path()).unwrap().unwrap();
        assert!(!clean.dirty);
        assert_eq!(clean.commit.len(), 40);
        std::fs::write(folder.path().join("b"), "untracked").unwrap();
        assert!(git(folder.path()).unwrap().unwrap().dirty);
    }
}
