//! `cargo xtask bench`: our numbers and the peers' beside them in the same run, losses too.
//!
//! Each command is run five times and the best is kept (other work on the machine only ever adds). Times are
//! user + system seconds of the process and its children as the operating system accounts them; ratios are to
//! a yardstick timed in the same run.

mod chain;
mod ezkl;
mod federated;
mod fingerprint;
mod log;
mod page;
mod plot;
mod proof;
mod scaling;

use crate::{run, tools};
use anyhow::{Context, Result, ensure};
use page::Page;
use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};
use wait4::Wait4;

/// What one run of a command cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// User plus system seconds.
    pub cpu: f64,
    /// Seconds on the clock.
    pub wall: f64,
    /// Largest resident set, MiB.
    pub peak_mib: f64,
}

/// Runs `command` `runs` times and keeps the run with the least processor time.
pub fn best_of(runs: u32, command: impl FnMut() -> Command) -> Result<Cost> {
    Ok(best_said(runs, command)?.0)
}

/// The same, with what that run printed.
pub fn best_said(runs: u32, mut command: impl FnMut() -> Command) -> Result<(Cost, String)> {
    let mut best: Option<(Cost, String)> = None;
    for _ in 0..runs {
        let mut command = command();
        command.stdout(Stdio::piped());
        let start = Instant::now();
        let mut child = command.spawn().with_context(|| format!("starting {:?}", command.get_program()))?;
        let mut said = String::new();
        child.stdout.take().context("its output")?.read_to_string(&mut said)?;
        let ended = child.wait4().context("waiting for it")?;
        let wall = start.elapsed().as_secs_f64();
        ensure!(ended.status.success(), "{command:?} ended with {}", ended.status);
        let cost = Cost {
            cpu: (ended.rusage.utime + ended.rusage.stime).as_secs_f64(),
            wall,
            peak_mib: ended.rusage.maxrss as f64 / (1024.0 * 1024.0),
        };
        if best.as_ref().is_none_or(|(best, _)| cost.cpu < best.cpu) {
            best = Some((cost, said));
        }
    }
    best.context("no run was asked for")
}

/// Runs all benches, the peer that takes long excepted, and rewrites their sections of `docs/benchmarks.md`.
pub fn all() -> Result<()> {
    build("aver", &["--bins"])?;
    build("averment-storage", &["--examples"])?;
    build("averment-ledger", &["--examples"])?;
    build_prover()?;
    let tools = tools::set_up()?;
    let mut page = Page::read()?;
    page.preface(preface()?);
    page.set(&fingerprint::table()?);
    page.set(&log::table()?);
    page.set(&chain::table(&tools.anvil)?);
    page.set(&proof::section()?);
    page.set(&scaling::section()?);
    build_federated()?;
    page.set(&federated::section()?);
    page.set(&federated::accuracy()?);
    page.write()
}

/// Measures proofs alone, and rewrites their section.
pub fn proofs() -> Result<()> {
    build("aver", &["--bins"])?;
    build_prover()?;
    publish(&proof::section()?)
}

/// Measures EZKL on the same ONNX files, and rewrites its section. Takes a quarter of an hour, and 12 GB of memory.
pub fn ezkl() -> Result<()> {
    build_prover()?;
    ezkl::measure(publish)
}

/// Measures proofs of generated models from small to large, rewrites the section, and draws the plots.
pub fn scaling() -> Result<()> {
    build_prover()?;
    publish(&scaling::section()?)
}

/// Measures federated learning alone, and rewrites its section.
pub fn federated() -> Result<()> {
    build_federated()?;
    publish(&federated::section()?)?;
    publish(&federated::accuracy()?)
}

fn build_federated() -> Result<()> {
    build("averment-federated", &["--example", "rules_bench"])?;
    build("averment-prover", &["--example", "federated_bench"])?;
    // What of it is simulated counts right answers and no seconds, and any build says the same.
    let mut command = Command::new("cargo");
    run::step("build of aver", command.args(["build", "--locked", "--package", "aver", "--bins"]))
}

fn publish(section: &str) -> Result<()> {
    run::say(section);
    let mut page = Page::read()?;
    page.preface(preface()?);
    page.set(section);
    page.write()
}

fn build(package: &str, what: &[&str]) -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(["build", "--release", "--locked", "--package", package]).args(what);
    run::step(&format!("release build of {package}"), &mut command)
}

fn build_prover() -> Result<()> {
    build("averment-prover", &["--example", "proof_bench"])
}

/// A program of a release build.
fn built(name: &str) -> PathBuf {
    target().join("release").join(name)
}

/// Where cargo builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into()).into()
}

fn preface() -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    Ok(format!("{PREFACE}Processor: {}, {cores} cores.\n\n", processor()))
}

const PREFACE: &str = "\
# Benchmarks

Written by `cargo xtask bench`; each section by its own command too, see `cargo xtask help`. Best of five; times are
user + system seconds unless they say otherwise; a ratio is to the yardstick measured in the same run. Machines differ:
compare ratios, not seconds.

";

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    text.lines()
        .find_map(|line| {
            line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// Writes `bytes` of incompressible data, the same every time, to `path` unless they are there.
fn random_file(path: &Path, bytes: u64, seed: u64) -> Result<()> {
    if path.metadata().is_ok_and(|metadata| metadata.len() == bytes) {
        return Ok(());
    }
    let mut state = seed | 1;
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    for _ in 0..bytes / 8 {
        // xorshift64: fast, and nothing here needs more than "does not compress".
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        std::io::Write::write_all(&mut file, &state.to_le_bytes())?;
    }
    std::io::Write::flush(&mut file).context("writing the bench's data")
}
