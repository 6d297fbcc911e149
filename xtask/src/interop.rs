//! `cargo xtask interop`: our files under other people's tools, and theirs under ours.
//!
//! The peers are pinned in `xtask/interop` (`package-lock.json`, `requirements.txt` with hashes) and installed below
//! folders that git ignores. Each check makes anew what was committed as a fixture, compares, and lets each side read
//! what the other wrote. It prints one line with the peer's name and version; all run, whatever fails.

mod served;

use crate::{run, tools};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Instant,
};

const SCRIPTS: &str = "xtask/interop";
const IPFS_FIXTURES: &str = "crates/storage/tests/fixtures/ipfs";
const OMS_FIXTURES: &str = "crates/storage/tests/fixtures/oms";
const PTAU_FIXTURES: &str = "crates/prover/tests/fixtures/ptau";
/// Of these, what the tool does not make: what is said of all, and a ceremony's file, known by its published digest, whose
/// every contribution the tool would check for minutes.
const PTAU_GIVEN: [&str; 2] = ["powersOfTau28_hez_final_08.ptau", "README.md"];
/// The ledger's tests hold this file to the byte to what the embedded chain writes.
const JOURNAL: &str = "crates/ledger/tests/chain/fixtures/prague.journal";

/// What the compiler's conformance test reads.
const CONFORMANCE: &str = "crates/compiler/tests/conformance.json";

/// What the examples were trained with; the digits need nothing else.
const EXAMPLES_LOCK: &str = "examples/breast_cancer/requirements.txt";

/// What the tests of the rules read.
const BYZFL: &str = "crates/federated/tests/byzfl.json";
/// The rows that ByzFL is asked about beside those: seed, updates, cells, faults, cases.
const ROWS: [[&str; 5]; 3] =
    [["21", "20", "64", "4", "4"], ["22", "7", "3", "2", "20"], ["23", "16", "500", "5", "2"]];

/// How the bundles of `oms.py` are asked of us: name, model, flags.
const BUNDLES: &[(&str, &str, &[&str])] = &[
    ("files-sha256", "model", &[]),
    ("files-blake2", "model", &["--hash", "blake2b"]),
    ("files-blake3", "model", &["--hash", "blake3"]),
    ("shards-sha256", "model", &["--shard-size", "300"]),
    ("shards-sha256-default", "model", &["--shard-size", "1000000000"]),
    ("shards-blake2", "model", &["--hash", "blake2b", "--shard-size", "300"]),
    ("ignored", "model", &["--ignore", "notes", "--ignore", "a-b"]),
    ("everything", "model", &["--sign-git-paths"]),
    ("single-file", "model/weights.bin", &[]),
    ("single-file-shards", "model/weights.bin", &["--shard-size", "300"]),
    ("links", "linked", &["--follow-symlinks"]),
];

/// Runs the checks with these peers, all if none is named; fails if one does.
pub fn with(wanted: &[&str]) -> Result<()> {
    let checks: [(&str, Check); 11] = [
        ("ipfs-unixfs-importer", addresses),
        ("@ipld/car", car),
        ("model-signing", model_signing),
        ("eth-account", key_files),
        ("py-evm", journal),
        ("web3", served::web3),
        ("cast", served::cast),
        ("scikit-learn", examples),
        ("onnxruntime", conformance),
        ("snarkjs", powers_of_tau),
        ("byzfl", rules),
    ];
    if let Some(unknown) = wanted.iter().find(|name| !checks.iter().any(|(peer, _)| peer == *name)) {
        bail!("there is no check with {unknown}, but with {}", checks.map(|(peer, _)| peer).join(", "));
    }
    let peers = Peers::set_up()?;
    let mut failed = Vec::new();
    run::say("\n");
    for (peer, check) in checks.into_iter().filter(|(peer, _)| wanted.is_empty() || wanted.contains(peer)) {
        let start = Instant::now();
        let version = peers.version(peer)?;
        let line = match check(&peers) {
            Ok(done) => format!("ok      {peer} {version}: {done}"),
            Err(error) => {
                failed.push(peer);
                format!("FAILED  {peer} {version}: {error:#}")
            }
        };
        run::say(&format!("{line} ({:.0} s)\n", start.elapsed().as_secs_f64()));
    }
    ensure!(failed.is_empty(), "{} and we differ", failed.join(", "));
    Ok(())
}

type Check = fn(&Peers) -> Result<String>;

/// The peers' tools, our programs, and a folder to work in.
struct Peers {
    python: PathBuf,
    aver: PathBuf,
    car: PathBuf,
    float_run: PathBuf,
    folder: PathBuf,
}

impl Peers {
    fn set_up() -> Result<Self> {
        tools::node_and_python()?;
        tools::npm(Path::new(SCRIPTS))?;
        tools::npm(Path::new("contracts"))?;
        let python_bin = tools::python("target/venv/interop", &Path::new(SCRIPTS).join("requirements.txt"))?;
        let build = ["build", "--locked", "--bins", "--example", "car", "--example", "float_run"];
        let packages =
            ["aver", "averment-storage", "averment-compiler"].map(|name| format!("--package={name}"));
        run::step("our programs", Command::new("cargo").args(build).args(packages))?;
        let built = std::env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into());
        let built = fs::canonicalize(PathBuf::from(built).join("debug")).context("what cargo built")?;
        let folder = tools::root().canonicalize()?.join("target/interop");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("emptying {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        fs::write(folder.join("password"), "correct horse battery staple\n")?;
        fs::write(folder.join("averment.toml"), "[folders]\nkeys = \"keys\"\n")?;
        let program = |name: &str| built.join("examples").join(name);
        let (aver, car, float_run) = (built.join("aver"), program("car"), program("float_run"));
        Ok(Self { python: python_bin.join("python"), aver, car, float_run, folder })
    }

    /// Of an npm or a Python package, as pinned.
    fn version(&self, package: &str) -> Result<String> {
        let manifest: Value = serde_json::from_slice(&fs::read(Path::new(SCRIPTS).join("package.json"))?)?;
        if let Some(version) = manifest["dependencies"][package].as_str() {
            return Ok(version.to_owned());
        }
        for lock in [EXAMPLES_LOCK, tools::LEARNING] {
            let pinned = fs::read_to_string(lock)?;
            let version = |line: &str| Some(line.strip_prefix(package)?.strip_prefix("==")?.to_owned());
            if let Some(version) = pinned.lines().find_map(version) {
                return Ok(version);
            }
        }
        if package == "cast" {
            let said = said(Command::new(tools::foundry("cast")?).arg("--version"))?;
            return Ok(said.split_whitespace().nth(2).unwrap_or("of no version").to_owned());
        }
        let ask = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))";
        said(Command::new(&self.python).args(["-c", ask, package]))
    }

    /// A fresh folder for one check.
    fn subfolder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        fs::create_dir(&folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(folder)
    }

    fn script(&self, name: &str) -> Command {
        let path = Path::new(SCRIPTS).join(name);
        let mut command =
            if name.ends_with(".mjs") { Command::new("node") } else { Command::new(&self.python) };
        command.arg(path);
        command
    }

    /// The program, with the key folder and the password of the working folder.
    fn aver(&self) -> Command {
        let mut command = Command::new(&self.aver);
        for name in ["CONFIG", "CHAIN", "CHAIN_ID", "ACCOUNT"] {
            command.env_remove(format!("AVERMENT_{name}"));
        }
        command.arg("--json").arg("--config").arg(self.folder.join("averment.toml"));
        command.arg("--password-file").arg(self.folder.join("password"));
        command
    }
}

/// The examples, trained again: models, metrics, decisions and what the manifests say of them.
fn examples(_: &Peers) -> Result<String> {
    let bin = tools::python("target/venv/examples", Path::new(EXAMPLES_LOCK))?;
    for example in ["breast_cancer", "digits", "mnist", "colour_digits"] {
        let script = Path::new("examples").join(example).join("train.py");
        said(Command::new(bin.join("python")).arg(script).arg("--check"))?;
    }
    Ok("trains the examples again to the byte".to_owned())
}

/// What the compiler is held to: the operators' conformance tests and small networks, computed again; and the float runs
/// of the examples' models.
fn conformance(peers: &Peers) -> Result<String> {
    let bin = tools::python("target/venv/examples", Path::new(EXAMPLES_LOCK))?;
    let folder = peers.subfolder("onnx")?;
    let made = folder.join("conformance.json");
    let script = |name: &str| {
        let mut command = Command::new(bin.join("python"));
        command.arg(Path::new(SCRIPTS).join(name));
        command
    };
    said(script("onnx_cases.py").arg(&made))?;
    ensure!(fs::read(CONFORMANCE)? == fs::read(&made)?, "{} differs from {CONFORMANCE}", made.display());
    let models = said(script("onnx_models.py").arg(&peers.float_run).arg(&folder))?;
    Ok(format!("computes the committed cases again, and {models} of our float run"))
}

/// IPFS ids by the JavaScript importer: the committed ones again.
fn addresses(peers: &Peers) -> Result<String> {
    let made = peers.subfolder("ipfs")?;
    said(peers.script("ipfs.mjs").arg("fixtures").arg(&made))?;
    let mut names = Vec::new();
    for name in ["importer.json", "blocks.car"] {
        let (old, new) = (Path::new(IPFS_FIXTURES).join(name), made.join(name));
        ensure!(fs::read(&old)? == fs::read(&new)?, "{} differs from {}", new.display(), old.display());
        names.push(name);
    }
    Ok(format!("makes the committed {} again", names.join(" and ")))
}

/// A CAR of ours, read back with every block checked and the root that we named.
fn car(peers: &Peers) -> Result<String> {
    let folder = peers.subfolder("car")?;
    let tree = folder.join("tree");
    fs::create_dir_all(tree.join("a/b"))?;
    for (name, length) in [("large", (3 << 20) + 1_usize), ("empty", 0), ("a/b/chunk", 1 << 20)] {
        fs::write(tree.join(name), (0..length).map(|at| (at % 251) as u8).collect::<Vec<_>>())?;
    }
    let mut blocks = 0;
    for profile in ["unixfs-v1-2025", "kubo-cid-v1"] {
        let file = folder.join(format!("{profile}.car"));
        let root = said(Command::new(&peers.car).arg(&tree).arg(profile).arg(&file))?;
        let read: Value = serde_json::from_str(&said(peers.script("ipfs.mjs").arg("check").arg(&file))?)?;
        let roots = &read["roots"];
        ensure!(
            *roots == serde_json::json!([root]),
            "{profile}: we say the root is {root}, it reads {roots}"
        );
        blocks += read["blocks"].as_u64().context("a number of blocks")?;
    }
    Ok(format!("reads two CAR files of ours, {blocks} blocks"))
}

/// Bundles: the tool's under us, ours under the tool, and both say the same.
fn model_signing(peers: &Peers) -> Result<String> {
    let folder = peers.subfolder("oms")?;
    let (made, ours) = (folder.join("made"), folder.join("ours"));
    fs::create_dir(&ours)?;
    said(peers.script("oms.py").arg("fixtures").arg(&made))?;
    let key = folder.join("signer.pem");
    said(peers.script("oms.py").args(["key", "signer"]).arg(&key))?;
    let import = |model: &str, bundle: &str, key: &str| {
        let mut command = peers.aver();
        command.args(["import", "oms"]).arg(made.join(model));
        command.arg("--signature").arg(made.join(format!("{bundle}.sig")));
        command.arg("--key").arg(made.join(format!("{key}.pub.pem")));
        command
    };
    for (name, model, flags) in BUNDLES {
        said(&mut import(model, name, "signer"))?;
        let bundle = ours.join(format!("{name}.sig"));
        let mut command = peers.aver();
        command.args(["export", "oms"]).arg(Path::new(OMS_FIXTURES).join(model));
        said(command.arg("--key").arg(&key).arg("-o").arg(bundle).args(*flags))?;
    }
    said(&mut import("model", "other-key", "stranger"))?;
    let refused = import("model", "other-key", "signer").output()?;
    ensure!(refused.status.code() == Some(1), "we took a stranger's signature: {refused:?}");
    said(peers.script("oms.py").arg("check").arg(&made).arg(OMS_FIXTURES).arg(&ours))
}

/// Key files: ours opened by the library, the library's by us.
fn key_files(peers: &Peers) -> Result<String> {
    let password = peers.folder.join("password");
    let public = |command: &mut Command| -> Result<String> {
        let made: Value = serde_json::from_str(&said(command)?)?;
        Ok(made["public"].as_str().context("an address")?.to_owned())
    };
    let ours = public(peers.aver().args(["keys", "new", "ours"]))?;
    let opened = said(peers.script("keystore.py").arg(peers.folder.join("keys/ours.json")).arg(&password))?;
    ensure!(opened == ours, "we made the key of {ours}, it opens as {opened}");
    for kdf in ["scrypt", "pbkdf2"] {
        let file = peers.folder.join(format!("{kdf}.json"));
        let theirs = said(peers.script("keystore.py").arg("--make").arg(&file).arg(&password).arg(kdf))?;
        let opened = public(peers.aver().args(["keys", "import", kdf]).arg(&file))?;
        ensure!(opened == theirs, "it made the key of {theirs} ({kdf}), we open {opened}");
    }
    Ok("opens our key file, we open its scrypt and pbkdf2 files".to_owned())
}

/// Blocks of the embedded chain, run again by another Ethereum client.
fn journal(peers: &Peers) -> Result<String> {
    said(peers.script("journal.py").arg(JOURNAL))
}

/// Powers-of-Tau files: the committed ones again, and sound by the tool's own verifier but for the one that nobody
/// contributed to. The prover's tests read them.
fn powers_of_tau(peers: &Peers) -> Result<String> {
    let made = peers.subfolder("ptau")?;
    said(peers.script("ptau.mjs").arg("fixtures").arg(&made))?;
    let mut files = 0;
    for entry in fs::read_dir(PTAU_FIXTURES)? {
        let old = entry?.path();
        let name = old.file_name().and_then(|name| name.to_str()).context("a file's name")?;
        if PTAU_GIVEN.contains(&name) {
            continue;
        }
        let new = made.join(name);
        let bytes = fs::read(&new).with_context(|| format!("it made no {name}"))?;
        ensure!(fs::read(&old)? == bytes, "{} differs from {}", new.display(), old.display());
        if name.ends_with(".ptau") && name != "pot4-fresh.ptau" {
            said(peers.script("ptau.mjs").arg("check").arg(&new))?;
        }
        files += 1;
    }
    ensure!(fs::read_dir(&made)?.count() == files, "it makes other files than those committed");
    Ok(format!("makes the committed {files} files again and finds them sound"))
}

/// Rules of federated learning: the committed rows' aggregates again, and of other rows what our rules make of them.
fn rules(peers: &Peers) -> Result<String> {
    let python = tools::learning()?;
    let folder = peers.subfolder("byzfl")?;
    let cases = |name: &str, of: &[&str]| -> Result<PathBuf> {
        let made = folder.join(name);
        said(Command::new(&python).arg(Path::new(SCRIPTS).join("byzfl_cases.py")).arg(&made).args(of))?;
        Ok(made)
    };
    let again = cases("again.json", &[])?;
    ensure!(fs::read(BYZFL)? == fs::read(&again)?, "{} differs from {BYZFL}", again.display());
    for (number, rows) in ROWS.iter().enumerate() {
        let others = cases(&format!("others-{number}.json"), rows)?;
        let test = ["test", "--locked", "--quiet", "--package", "averment-federated", "--test", "byzfl"];
        said(Command::new("cargo").args(test).env("AVERMENT_BYZFL", &others))?;
    }
    let made: Value = serde_json::from_slice(&fs::read(&again)?)?;
    let count = |what: &str| made["cases"][0][what].as_object().map_or(0, |named| named.len());
    Ok(format!(
        "makes the committed cases again; on other rows its {} rules and {} steps before them agree with ours to 1e-6",
        count("rules"),
        count("steps")
    ))
}

/// What a command prints, without the line's end; an error holds what it complains about.
fn said(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("could not start {command:?}"))?;
    let Output { status, stdout, stderr } = output;
    if !status.success() {
        let text = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()).join("\n");
        // Of Python's traces, the last line says what is wrong.
        let text =
            if text.contains("Traceback") { text.lines().last().unwrap_or_default() } else { text.trim() };
        bail!("{text} ({status} of {command:?})");
    }
    Ok(String::from_utf8(stdout).context("it prints something else than text")?.trim_end().to_owned())
}
