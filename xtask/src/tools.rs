//! What the chores need beside Rust: Node's packages and Python environments.
//!
//! Everything is pinned by a file in the repository (`package-lock.json`, `requirements.txt`)
//! and installed below folders that git ignores, again only when that file changed.

use crate::run;
use anyhow::{Context, Result, bail, ensure};
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
    node_and_python()?;
    npm(Path::new("contracts"))?;
    let python_bin = python("target/venv/test", Path::new("xtask/requirements.txt"))?;
    Ok(Tools { forge: foundry("forge")?, anvil: foundry("anvil")?, python_bin })
}

/// Fails unless Node, npm and Python start; says how to get what is missing.
pub fn node_and_python() -> Result<()> {
    need("node", "--version", "Node 20 or newer, for example `apt-get install nodejs`")?;
    need("npm", "--version", "npm, for example `apt-get install npm`")?;
    need("python3", "--version", "Python 3.10 or newer, for example `apt-get install python3 python3-venv`")
}

fn need(program: &str, flag: &str, how: &str) -> Result<()> {
    match Command::new(program).arg(flag).output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => bail!("this needs `{program}`, which does not start here; get {how}"),
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
    environment(folder, requirements, &[])
}

/// The same of the packages that the file names and no others, whatever they say they need.
pub fn python_alone(folder: &str, requirements: &Path) -> Result<PathBuf> {
    environment(folder, requirements, &["--no-deps"])
}

/// ByzFL and Flower, pinned.
pub const LEARNING: &str = "xtask/bench/federated.txt";

/// The Python that has them.
pub fn learning() -> Result<PathBuf> {
    Ok(python_alone("target/venv/federated", Path::new(LEARNING))?.join("python"))
}

fn environment(folder: &str, requirements: &Path, flags: &[&str]) -> Result<PathBuf> {
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
                .args(["install", "--quiet", "--disable-pip-version-check"])
                .args(flags)
                .arg("--requirement")
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

/// The release that the npm packages are pinned to.
const FOUNDRY: &str = "1.7.1";

/// One of Foundry's programs: as npm installed it beside the contracts on Linux with an x86-64 processor, for which
/// alone the packages are pinned; elsewhere the same release from the search path.
pub fn foundry(name: &str) -> Result<PathBuf> {
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let package = format!("contracts/node_modules/@foundry-rs/{name}-linux-amd64/bin/{name}");
        let path = root().canonicalize()?.join(package);
        ensure!(path.is_file(), "npm installed no {name} (expected {})", path.display());
        return Ok(path);
    }
    let output = Command::new(name).arg("--version").output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    match version {
        Ok(version) if version.contains(FOUNDRY) => Ok(PathBuf::from(name)),
        found => bail!(
            "Foundry's npm packages are pinned for Linux on x86-64 only; on {}/{} put {name} {FOUNDRY} on the search \
             path (`foundryup --install {FOUNDRY}`), there is {}",
            std::env::consts::OS,
            std::env::consts::ARCH,
            found.as_deref().map_or("none", |version| version.lines().next().unwrap_or("another")),
        ),
    }
}
