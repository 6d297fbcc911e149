//! Checks that dependencies between the house's crates go one way, and that the pure ones stay pure.

use crate::run;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::process::Command;

/// Lower rooms first: a crate may depend only on crates of earlier rows.
const FLOORS: &[&[&str]] = &[
    &["averment-primitives"],
    &["averment-kernels", "averment-plan"],
    &["averment-registry", "averment-verifier", "averment-federated"],
    &["averment-atomic"],
    &["averment-storage", "averment-ledger", "averment-compiler", "averment-prover"],
    &["averment-trainers"],
    &["averment-node", "averment-simulate"],
    &["aver", "averment-fuzz"],
    &["xtask"],
];

/// Crates without files, clock, sockets or random numbers, and what would bring those in.
const PURE: &[&str] =
    &["averment-primitives", "averment-plan", "averment-registry", "averment-verifier", "averment-federated"];
const IMPURE: &[&str] = &[
    "tokio",
    "reqwest",
    "getrandom",
    "rand",
    "rand_core",
    "alloy",
    "revm",
    "tempfile",
    "indicatif",
    "rayon",
];
/// What a pure crate's sources may not say outside of tests.
const IMPURE_PATHS: &[&str] =
    &["std::fs", "std::net", "std::env", "std::process", "SystemTime::now", "Instant::now"];

/// Fails naming the first arrow that points the wrong way.
pub fn check() -> Result<()> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked"])
        .output()?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    for package in packages {
        let name = package["name"].as_str().context("a package without a name")?;
        let floor =
            floor_of(name).with_context(|| format!("{name} has no floor: add it to xtask/src/arrows.rs"))?;
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let target = dependency["name"].as_str().unwrap_or_default();
            if let Some(below) = floor_of(target) {
                // Tests and measurements may put neighbours together.
                let neighbours = dependency["kind"] == "dev" && below == floor;
                ensure!(
                    below < floor || neighbours,
                    "{name} may not depend on {target}: arrows go down only"
                );
            }
            let ordinary = dependency["kind"].is_null();
            ensure!(
                !(ordinary && PURE.contains(&name) && IMPURE.contains(&target)),
                "{name} is pure and may not depend on {target}"
            );
        }
        if PURE.contains(&name) {
            pure_sources(name, package["manifest_path"].as_str().unwrap_or_default())?;
        }
    }
    run::say("arrows: one way, and the pure crates are pure\n");
    Ok(())
}

fn floor_of(name: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&name))
}

fn pure_sources(name: &str, manifest: &str) -> Result<()> {
    let folder = std::path::Path::new(manifest).with_file_name("src");
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            // What is compiled for tests only may read fixtures.
            if path.file_stem().is_some_and(|name| name == "tests" || name == "testing") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path)?;
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
                for word in IMPURE_PATHS {
                    ensure!(!line.contains(word), "{name} is pure, but {} says {word}", path.display());
                }
            }
        }
    }
    Ok(())
}
