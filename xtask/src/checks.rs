//! `cargo xtask checks`: is every check of the verifiers load-bearing?
//!
//! Each check that `find` sees in the sources of the Rust verifier and of the contracts is left out, one at a time, in a
//! copy; of the vectors in `vectors/proof` the good ones must then still be accepted, and a bad one as well. A check
//! without which every bad vector is refused all the same is reported, unless `reasons` says why no vector can show it.

mod find;
mod reasons;

use crate::{
    contracts,
    run::{say, step},
    tools,
};
use anyhow::{Context, Result, bail, ensure};
use find::{Check, Language};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The Rust verifier's sources below `crates/verifier/src` that hold checks.
const RUST: &[&str] = &[
    "commitment.rs",
    "descriptor/codec.rs",
    "descriptor/validate.rs",
    "field.rs",
    "opening.rs",
    "point.rs",
    "proof.rs",
    "registered.rs",
    "verify.rs",
];
/// The contracts' below `contracts/src`.
const SOLIDITY: &[&str] = &["Descriptors.sol", "ProofVerifier.sol", "descriptor", "interfaces", "proof"];

/// What is put at the end of the verifier's copy.
const LEFT_OUT: &str = "
/// The check that is left out.
static LEFT_OUT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// Leaves out a check; 0 for none.
pub fn leave_out(number: usize) {
    LEFT_OUT.store(number, std::sync::atomic::Ordering::Relaxed);
}

pub(crate) fn left_out(number: usize) -> bool {
    LEFT_OUT.load(std::sync::atomic::Ordering::Relaxed) == number
}
";
/// The program in the copy that judges vectors with each check left out.
const JUDGE: &str = include_str!("checks/judge.rs");

/// Leaves out the checks of `language`, or of both, whose file and text contain `wanted`.
pub fn checks(words: &[&str]) -> Result<()> {
    let (languages, wanted): (&[Language], &str) = match words {
        [] => (&[Language::Rust, Language::Solidity], ""),
        ["rust"] => (&[Language::Rust], ""),
        ["solidity"] => (&[Language::Solidity], ""),
        ["--only", wanted] => (&[Language::Rust, Language::Solidity], wanted),
        other => bail!("expected nothing, rust, solidity or --only WORDS, got {}", other.join(" ")),
    };
    let mut bare = 0;
    for language in languages {
        bare += one(*language, wanted)?;
    }
    ensure!(
        bare == 0,
        "{bare} checks that no vector needs: add a bad vector, or a reason to xtask/src/checks/reasons.rs"
    );
    Ok(())
}

/// How many checks of a language no vector needs.
fn one(language: Language, wanted: &str) -> Result<usize> {
    let root = tools::root().canonicalize()?;
    let copy = root.join("target/checks/tree");
    copy_tree(&root, &copy)?;
    let mut found = Vec::new();
    let folder = match language {
        Language::Rust => "crates/verifier/src",
        Language::Solidity => "contracts/src",
    };
    for file in sources(&root.join(folder), language)? {
        let name = format!("{folder}/{file}");
        let text = fs::read_to_string(root.join(&name))?;
        let changed = find::instrument(language, &name, &text, &mut found);
        fs::write(copy.join(&name), changed)?;
    }
    let numbers: Vec<String> = found
        .iter()
        .filter(|check| shown(check).contains(wanted))
        .map(|check| check.number.to_string())
        .collect();
    let calls = copy.join("calls.json");
    let accepted = copy.join(format!("accepted-{language:?}.txt"));
    let lib = copy.join("crates/verifier/src/lib.rs");
    if language == Language::Rust {
        let text = fs::read_to_string(root.join("crates/verifier/src/lib.rs"))?;
        fs::write(&lib, format!("#![allow(warnings)]\n{text}{LEFT_OUT}"))?;
        fs::write(copy.join("crates/verifier/tests/left_out.rs"), JUDGE)?;
    }
    let mut judge = Command::new("cargo");
    match language {
        Language::Rust => judge
            .args(["test", "--quiet", "--package", "averment-verifier", "--test", "left_out"])
            .current_dir(&copy)
            .env("CARGO_TARGET_DIR", root.join("target/checks/build")),
        Language::Solidity => {
            let out = copy.join("out");
            contracts::compile(&copy.join("contracts"), &out)?;
            step(
                "the vectors' calls",
                Command::new("cargo")
                    .args(["test", "--quiet", "--package", "averment-verifier", "--test", "proofs"])
                    .env("AVERMENT_WRITE_CALLS", &calls),
            )?;
            judge
                .args(["run", "--quiet", "--package", "averment-ledger", "--example", "left_out", "--"])
                .args([out, calls])
        }
    };
    judge.env("AVERMENT_LEFT_OUT", numbers.join(",")).env("AVERMENT_ACCEPTED", &accepted);
    step(&format!("{} checks of {folder}, each left out", numbers.len()), &mut judge)?;
    report(&found, &fs::read_to_string(&accepted)?, wanted.is_empty())
}

/// Says of each check what it is needed for. Returns how many are needed for nothing, without a reason.
fn report(found: &[Check], accepted: &str, all: bool) -> Result<usize> {
    let verdicts: BTreeMap<usize, &str> = accepted
        .lines()
        .filter_map(|line| line.split_once(' ').and_then(|(number, name)| Some((number.parse().ok()?, name))))
        .collect();
    let (mut needed, mut selects, mut excused, mut bare) = (0, 0, 0, 0);
    let mut used = vec![false; reasons::REASONS.len()];
    for check in found {
        let Some(verdict) = verdicts.get(&check.number) else { continue };
        let reason = reasons::REASONS.iter().position(|reason| reason.holds(check));
        match (*verdict, reason) {
            (verdict, Some(reason)) if verdict.starts_with('-') => {
                used[reason] = true;
                excused += 1;
                if !all {
                    say(&format!("   {}: {}\n", shown(check), reasons::REASONS[reason].why));
                }
            }
            (verdict, None) if verdict.starts_with('-') => {
                bare += 1;
                say(&format!("   no vector needs {}{}\n", shown(check), &verdict[1..]));
            }
            // Without it good vectors are refused: it chooses, and checks nothing.
            (name, _) if name.starts_with('!') => selects += 1,
            (name, _) => {
                needed += 1;
                if !all {
                    say(&format!("   {}: {name}\n", shown(check)));
                }
            }
        }
    }
    say(&format!(
        "   {needed} checks are needed by vectors, {excused} have reasons, {bare} have neither; {selects} conditions choose \
         and check nothing\n"
    ));
    for (reason, used) in reasons::REASONS.iter().zip(used) {
        let own = found.iter().any(|check| check.file.ends_with(reason.file));
        ensure!(used || !all || !own, "nothing needs this reason any more: {} {}", reason.file, reason.text);
    }
    Ok(bare)
}

fn shown(check: &Check) -> String {
    format!("{}:{} {}", check.file, check.line, check.text)
}

/// The sources with checks, in order, below `folder`.
fn sources(folder: &Path, language: Language) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let (list, extension) = match language {
        Language::Rust => (RUST, "rs"),
        Language::Solidity => (SOLIDITY, "sol"),
    };
    for name in list {
        let path = folder.join(name);
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                let entry = entry?.file_name();
                let entry = entry.to_str().context("sources have plain names")?;
                files.extend(entry.ends_with(extension).then(|| format!("{name}/{entry}")));
            }
        } else {
            files.push((*name).to_owned());
        }
    }
    files.sort();
    Ok(files)
}

/// Copies what git tracks, and files that are new, to `copy`; what did not change keeps its time, for the build's sake.
fn copy_tree(root: &Path, copy: &Path) -> Result<()> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .args(["Cargo.toml", "Cargo.lock", "crates", "xtask", "fuzz", "vectors/proof", "contracts"])
        .current_dir(root)
        .output()?;
    ensure!(listed.status.success(), "git: {}", String::from_utf8_lossy(&listed.stderr));
    for name in String::from_utf8(listed.stdout)?.lines() {
        let (from, to) = (root.join(name), copy.join(name));
        let Ok(bytes) = fs::read(&from) else { continue };
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        let folder: PathBuf = to.parent().context("a file lies in a folder")?.to_owned();
        fs::create_dir_all(&folder)?;
        fs::copy(&from, &to).with_context(|| name.to_owned())?;
    }
    Ok(())
}
