//! What the tests need beside Rust: Node's packages for the contracts, a Python environment for slither.
//!
//! Everything is pinned by a file in the repository (`contracts/package-lock.json`, `xtask/requirements.txt`)
//! and installed below folders that git ignores, again only when that file changed.

use crate::run;
use anyhow::{Context, Result, bail};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Programs the tests call, installed and known to start.
pub struct Tools {
    /// Foundry's `forge`.
    pub forge: PathBuf,
    /// Foundry's `anvil`.
    pub anvil: PathBuf,
    /// The virtual environment's `bin` folder.
    pub python_bin: PathBuf,
}

/// Installs what is missing. Says which program is not there and how to get it.
pub fn set_up() -> Result<Tools> {
    need("node", "--version", "Node 20 or newer, for example `apt-get install nodejs`")?;
    need("npm", "--version", "npm, for example `apt-get install npm`")?;
    need("python3", "--version", "Python 3.10 or newer, for example `apt-get install python3 python3-venv`")?;
    npm(Path::new("contracts"))?;
    let python_bin = python("target/venv/test", Path::new("xtask/requirements.txt"))?;
    Ok(Tools { forge: foundry("forge")?, anvil: foundry("anvil")?, python_bin })
}

fn need(program: &str, flag: &str, how: &str) -> Result<()> {
    match Command::new(program).arg(flag).output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => bail!("the tests need `{program}`, which does not start here; get {how}"),
    }
}

/// Installs the packages of `folder`'s lock file, if it changed since they were.
pub fn npm(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    up_to_date(&lock, &folder.join("node_modules/.averment-lock"), || {
        run::step(
            &format!("npm ci in {}", folder.display()),
            Command::new("npm")
                .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
                .current_dir(folder),
        )
    })
}

/// Makes a virtual environment from a pinned requirements file; gives its `bin` folder.
pub fn python(folder: &str, requirements: &Path) -> Result<PathBuf> {
    let folder = root().canonicalize()?.join(folder);
    let bin = folder.join("bin");
    up_to_date(requirements, &folder.join(".averment-lock"), || {
        run::step(
            "Python environment",
            Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder),
        )?;
        run::step(
            &format!("pip install -r {}", requirements.display()),
            Command::new(bin.join("pip"))
                .args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
                .arg(requirements),
        )
    })?;
    Ok(bin)
}

/// Runs `install` unless `stamp` holds a copy of `lock`.
fn up_to_date(lock: &Path, stamp: &Path, install: impl FnOnce() -> Result<()>) -> Result<()> {
    let wanted = std::fs::read(lock).with_context(|| format!("reading {}", lock.display()))?;
    if std::fs::read(stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    install()?;
    std::fs::write(stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
}

/// One of Foundry's programs, as npm installed it beside the contracts.
pub fn foundry(name: &str) -> Result<PathBuf> {
    let folder = root().canonicalize()?.join("contracts/node_modules/@foundry-rs");
    let (os, arch) = (
        if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS },
        if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
    );
    let path = folder.join(format!("{name}-{os}-{arch}/bin/{name}"));
    if !path.is_file() {
        bail!("npm installed no {name} for {os}/{arch} (expected {})", path.display());
    }
    Ok(path)
}
