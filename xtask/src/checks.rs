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
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

/// The Rust verifier's sources below `crates/verifier/src` that hold checks.
const RUST: &[&str] = &[
    "commitment.rs",
    "commitment/inputs.rs",
    "descriptor/agreement.rs",
    "descriptor/codec.rs",
    "descriptor/validate.rs",
    "descriptor/validate/certificate.rs",
    "field.rs",
    "opening.rs",
    "point.rs",
    "proof.rs",
    "registered.rs",
    "verify.rs",
];
/// The contracts' below `contracts/src`.
const SOLIDITY: &[&str] =
    &["Descriptors.sol", "ProofVerifier.sol", "WeightsCertificates.sol", "descriptor", "interfaces", "proof"];

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

/// Leaves out the checks of a language, or of both; with `--only` those whose file and text contain the words.
///
/// Verdicts are written one by one; a run that was stopped goes on where it was, if nothing changed since.
pub fn checks(words: &[&str]) -> Result<()> {
    let (languages, words): (&[Language], _) = match words {
        ["rust", rest @ ..] => (&[Language::Rust], rest),
        ["solidity", rest @ ..] => (&[Language::Solidity], rest),
        rest => (&[Language::Rust, Language::Solidity], rest),
    };
    let wanted = match words {
        [] => "",
        ["--only", wanted] => wanted,
        other => {
            bail!("expected rust, solidity or nothing, then --only WORDS or nothing, got {}", other.join(" "))
        }
    };
    let mut bare = 0;
    for language in languages {
        bare += one(*language, wanted)?;
    }
    ensure!(
        bare == 0,
        "{bare} checks that no vector needs: add a bad vector, or a reason below xtask/src/checks/reasons"
    );
    Ok(())
}

/// How many checks of a language no vector needs.
fn one(language: Language, wanted: &str) -> Result<usize> {
    let root = tools::root().canonicalize()?;
    let copy = root.join("target/checks/tree");
    copy_tree(&root, &copy)?;
    let mut found = Vec::new();
    let mut state = DefaultHasher::new();
    let folder = match language {
        Language::Rust => "crates/verifier/src",
        Language::Solidity => "contracts/src",
    };
    for file in sources(&root.join(folder), language)? {
        let name = format!("{folder}/{file}");
        let text = fs::read_to_string(root.join(&name))?;
        let changed = find::instrument(language, &name, &text, &mut found);
        changed.hash(&mut state);
        fs::write(copy.join(&name), changed)?;
    }
    for file in vectors(&root)? {
        fs::read(file)?.hash(&mut state);
    }
    let accepted = root.join(format!("target/checks/{language:?}-{:016x}.txt", state.finish()));
    let known = fs::read_to_string(&accepted).unwrap_or_default();
    let known = verdicts(&known);
    let numbers: Vec<String> = found
        .iter()
        .filter(|check| shown(check).contains(wanted) && !known.contains_key(&check.number))
        .map(|check| check.number.to_string())
        .collect();
    if !numbers.is_empty() {
        let heading = format!("{} checks of {folder}, each left out", numbers.len());
        let mut judge = judge(language, &root, &copy)?;
        judge.env("AVERMENT_LEFT_OUT", numbers.join(",")).env("AVERMENT_ACCEPTED", &accepted);
        step(&heading, &mut judge)?;
    }
    report(language, &found, &verdicts(&fs::read_to_string(&accepted)?), wanted)
}

/// What judges the vectors.
fn judge(language: Language, root: &Path, copy: &Path) -> Result<Command> {
    let mut judge = Command::new("cargo");
    judge.args(["test", "--quiet", "--package"]);
    match language {
        Language::Rust => {
            let text = fs::read_to_string(root.join("crates/verifier/src/lib.rs"))?;
            fs::write(
                copy.join("crates/verifier/src/lib.rs"),
                format!("#![allow(warnings)]\n{text}{LEFT_OUT}"),
            )?;
            fs::write(copy.join("crates/verifier/tests/left_out.rs"), JUDGE)?;
            judge
                .args(["averment-verifier", "--test", "left_out"])
                .current_dir(copy)
                .env("CARGO_TARGET_DIR", root.join("target/checks/build"));
        }
        Language::Solidity => {
            let out = copy.join("out");
            contracts::compile(&copy.join("contracts"), &out)?;
            judge
                .args(["averment-prover", "--test", "vectors", "each_check_is_left_out"])
                .env("AVERMENT_CONTRACTS", out);
        }
    }
    Ok(judge)
}

/// Verdicts by their checks' numbers.
fn verdicts(lines: &str) -> BTreeMap<usize, &str> {
    lines
        .lines()
        .filter_map(|line| line.split_once(' ').and_then(|(number, name)| Some((number.parse().ok()?, name))))
        .collect()
}

/// Says of each check what it is needed for. Returns how many are needed for nothing, without a reason.
fn report(
    language: Language,
    found: &[Check],
    verdicts: &BTreeMap<usize, &str>,
    wanted: &str,
) -> Result<usize> {
    let (all, reasons) = (wanted.is_empty(), reasons::of(language));
    let (mut needed, mut selects, mut excused, mut bare) = (0, 0, 0, 0);
    let mut used = vec![false; reasons.len()];
    for check in found.iter().filter(|check| shown(check).contains(wanted)) {
        let Some(verdict) = verdicts.get(&check.number) else { continue };
        let reason = reasons.iter().position(|reason| reason.holds(check));
        match (*verdict, reason) {
            (verdict, Some(reason)) if verdict.starts_with('-') => {
                used[reason] = true;
                excused += 1;
                if !all {
                    say(&format!("   {}: {}\n", shown(check), reasons[reason].why));
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
    let stale = reasons.iter().zip(used).filter(|(_, used)| all && !used);
    let stale: Vec<String> = stale.map(|(own, _)| format!("\n   {} {}", own.file, own.text)).collect();
    ensure!(stale.is_empty(), "nothing needs these reasons any more:{}", stale.concat());
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

/// The files of vectors, in order.
fn vectors(root: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(root.join("vectors/proof"))?.map(|entry| Ok(entry?.path()));
    let mut files: Vec<PathBuf> = entries.collect::<Result<_>>()?;
    files.retain(|path| path.is_file());
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
