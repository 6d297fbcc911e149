//! The commit that the code is at, and whether it says everything.

use anyhow::{Context, Result, ensure};
use averment_registry::manifest::Git;
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// Asks git about `folder`: none when git is not installed or does not know the folder. The state is dirty when
/// anything differs from the commit, or when one of `scripts` is not in it.
pub fn state(folder: &Path, scripts: impl IntoIterator<Item = PathBuf>) -> Result<Option<Git>> {
    let Some(head) = ask(folder, ["rev-parse", "--verify", "HEAD"])?.filter(|output| output.status.success())
    else {
        return Ok(None);
    };
    let commit = String::from_utf8_lossy(&head.stdout).trim().to_owned();
    let status = ask(folder, ["status", "--porcelain", "--untracked-files=normal"])?;
    let status = status.filter(|output| output.status.success()).with_context(|| {
        format!("git knows {} but cannot say whether it is dirty: run `git status` there", folder.display())
    })?;
    let mut dirty = !status.stdout.is_empty();
    for script in scripts {
        let script = script.canonicalize().with_context(|| format!("finding {}", script.display()))?;
        // An ignored file is in no commit, and `git status` is silent about it.
        let tracked = ask(
            folder,
            ["ls-files".as_ref(), "--error-unmatch".as_ref(), "--".as_ref(), script.as_os_str()],
        )?;
        dirty |= !tracked.is_some_and(|output| output.status.success());
    }
    ensure!(commit.is_ascii(), "git gave no commit for {}", folder.display());
    Ok(Some(Git { commit, dirty }))
}

/// Runs git in `folder`; none if there is no git.
fn ask(folder: &Path, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<Option<Output>> {
    // Without optional locks, asking for the status writes nothing into somebody's checkout.
    let output = Command::new("git")
        .arg("--no-optional-locks")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context("starting git"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_that_does_not_say_everything_is_dirty() {
        let folder = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let output = ask(folder.path(), arguments).unwrap().expect("git is needed for this test");
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        };
        let path = |name: &str| folder.path().join(name);
        assert_eq!(state(folder.path(), []).unwrap(), None);
        git(&["init", "--quiet"]);
        std::fs::write(path("train.py"), "1").unwrap();
        std::fs::write(path(".gitignore"), "secret.py\n").unwrap();
        git(&["add", "."]);
        git(&["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "m"]);
        let clean = state(folder.path(), [path("train.py")]).unwrap().unwrap();
        assert!(!clean.dirty);
        assert_eq!(clean.commit.len(), 40);
        std::fs::write(path("secret.py"), "ignored by git, yet what was run").unwrap();
        assert!(!state(folder.path(), [path("train.py")]).unwrap().unwrap().dirty);
        assert!(state(folder.path(), [path("secret.py")]).unwrap().unwrap().dirty);
        std::fs::write(path("train.py"), "2").unwrap();
        assert!(state(folder.path(), [path("train.py")]).unwrap().unwrap().dirty);
    }
}
