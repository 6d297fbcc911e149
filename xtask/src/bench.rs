//! `cargo xtask bench`: our numbers and the peers' beside them in the same run, losses too.
//!
//! Each command is run five times and the best is kept (other work on the machine only ever adds). Times are
//! user + system seconds of the process and its children as the operating system accounts them; ratios are to
//! a yardstick timed in the same run.

mod chain;
mod fingerprint;
mod log;

use crate::{run, tools};
use anyhow::{Context, Result, ensure};
use std::{fmt::Write, path::Path, process::Command, time::Instant};
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
pub fn best_of(runs: u32, mut command: impl FnMut() -> Command) -> Result<Cost> {
    let mut best: Option<Cost> = None;
    for _ in 0..runs {
        let mut command = command();
        command.stdout(std::process::Stdio::null());
        let start = Instant::now();
        let child = command.spawn().with_context(|| format!("starting {:?}", command.get_program()))?;
        let ended = child.wait4().context("waiting for it")?;
        let wall = start.elapsed().as_secs_f64();
        ensure!(ended.status.success(), "{command:?} ended with {}", ended.status);
        let cost = Cost {
            cpu: (ended.rusage.utime + ended.rusage.stime).as_secs_f64(),
            wall,
            peak_mib: ended.rusage.maxrss as f64 / (1024.0 * 1024.0),
        };
        if best.is_none_or(|best| cost.cpu < best.cpu) {
            best = Some(cost);
        }
    }
    best.context("no run was asked for")
}

/// Runs all benches and rewrites the tables of `docs/benchmarks.md`.
pub fn all() -> Result<()> {
    run::step(
        "release build",
        Command::new("cargo").args(["build", "--release", "--locked", "--package", "aver"]),
    )?;
    run::step(
        "release build of the measurements",
        Command::new("cargo").args(["build", "--release", "--locked", "--examples"]).args([
            "--package",
            "averment-storage",
            "--package",
            "averment-ledger",
        ]),
    )?;
    let tools = tools::set_up()?;
    let mut page = String::from(PREFACE);
    writeln!(page, "Processor: {}, {} cores.\n", processor(), std::thread::available_parallelism()?)?;
    page.push_str(&fingerprint::table()?);
    page.push_str(&log::table()?);
    page.push_str(&chain::table(&tools.anvil)?);
    run::say(&page);
    std::fs::write("docs/benchmarks.md", page).context("writing docs/benchmarks.md")
}

const PREFACE: &str = "\
# Benchmarks

Written by `cargo xtask bench`. Best of five; times are user + system seconds unless they say otherwise; a ratio
is to the yardstick measured in the same run. Machines differ: compare ratios, not seconds.

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
