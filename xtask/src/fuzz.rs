//! `cargo xtask fuzz`: every target of `fuzz/` under cargo-fuzz, one after another. Not a part of CI, which runs the
//! same targets on their seeds and changed ones; this looks for what nobody thought of.

use crate::run::{say, step};
use anyhow::{Context, Result, bail, ensure};
use std::{fs, path::Path, process::Command};

/// Where every decoder must have a target.
const CRATES: [&str; 8] = [
    "crates/primitives/src",
    "crates/registry/src",
    "crates/storage/src",
    "crates/plan/src",
    "crates/verifier/src",
    "crates/compiler/src",
    "crates/prover/src",
    "crates/federated/src",
];

/// Methods that read what a stranger wrote.
const DECODERS: [&str; 6] = ["decode", "parse", "from_json", "from_pem", "decode_bundle", "parse_canonical"];

/// Decoders without a target of their own, and the target that reaches them.
const REACHED: [(&str, &str); 1] = [("RecordKind::from_str", "record")];

/// Seconds a target runs unless told otherwise.
const SECONDS: u64 = 60;

/// Runs the targets named, or all, for `words[0]` seconds each.
pub fn fuzz(words: &[&str]) -> Result<()> {
    let (seconds, wanted) = match words.split_first() {
        None => (SECONDS, words),
        Some((first, rest)) => match first.parse() {
            Ok(seconds) => (seconds, rest),
            Err(_) => (SECONDS, words),
        },
    };
    let tool = Command::new("cargo").args(["+nightly", "fuzz", "--version"]).output();
    if !tool.is_ok_and(|output| output.status.success()) {
        bail!(
            "cargo-fuzz or the nightly toolchain is missing: `rustup toolchain install nightly --profile minimal`, \
             then `cargo install cargo-fuzz --locked`"
        );
    }
    // Seeds and what grows from them; below it what was found.
    let corpus = "target/fuzz/corpus";
    let listed = Command::new("cargo")
        .args(["run", "--quiet", "--locked", "--package", "averment-fuzz", "--bin", "seeds", "--", corpus])
        .output()?;
    ensure!(listed.status.success(), "writing seeds: {}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).context("targets have plain names")?;
    let names: Vec<&str> = names.lines().collect();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(name)) {
        bail!("there is no fuzz target {unknown}; there are {}", names.join(", "));
    }
    for name in names.iter().filter(|name| wanted.is_empty() || wanted.contains(name)) {
        step(
            &format!("fuzzing {name}"),
            Command::new("cargo")
                .args(["+nightly", "fuzz", "run", "--features", "libfuzzer", "decoders"])
                .arg(format!("{corpus}/{name}"))
                .args(["--", &format!("-max_total_time={seconds}"), "-timeout=10", "-print_final_stats=1"])
                .arg(format!("-artifact_prefix=target/fuzz/found-{name}-"))
                .env("AVERMENT_FUZZ", name),
        )?;
    }
    say("fuzz: nothing found\n");
    Ok(())
}

/// Fails naming every public decoder that no target calls.
pub fn check() -> Result<()> {
    let targets = sources(Path::new("fuzz/src"))?.into_iter().map(|(_, text)| text).collect::<String>();
    let mut missing = Vec::new();
    let mut found = 0;
    for folder in CRATES {
        for (file, text) in sources(Path::new(folder))? {
            for decoder in decoders(&file, &text) {
                found += 1;
                let called = match decoder.strip_suffix("::from_str") {
                    Some(kind) => targets.contains(&format!("parse::<{kind}>")),
                    None => targets.contains(&format!("{decoder}(")),
                };
                let reached = REACHED.iter().find(|(name, _)| *name == decoder);
                let reached =
                    reached.is_some_and(|(_, target)| targets.contains(&format!("name: \"{target}\"")));
                if !called && !reached {
                    missing.push(format!("{decoder} in {file}"));
                }
            }
        }
    }
    ensure!(missing.is_empty(), "no fuzz target calls {}: add one to fuzz/src", missing.join(", "));
    say(&format!("fuzz: each of {found} decoders has a target\n"));
    Ok(())
}

/// Every Rust file below a folder that is not for tests, its text up to its tests.
fn sources(folder: &Path) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        if matches!(name, "tests" | "testing") {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            found.push((path.display().to_string(), code.to_owned()));
        }
    }
    Ok(found)
}

/// The public decoders of a file: `Type::method`, `module::function`, `Type::from_str`.
fn decoders(file: &str, text: &str) -> Vec<String> {
    let module = Path::new(file).file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let mut owner = None;
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("impl") {
            let kind = rest.rsplit(" for ").next().unwrap_or(rest);
            let kind: String = kind
                .trim_start_matches(['<', ' '])
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric())
                .collect();
            if rest.contains("FromStr for ") && !kind.is_empty() {
                found.push(format!("{kind}::from_str"));
            }
            owner = Some(kind);
        } else if line.starts_with('}') {
            owner = None;
        }
        let Some(rest) = line.trim_start().strip_prefix("pub fn ") else { continue };
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if DECODERS.contains(&name.as_str()) {
            found.push(match &owner {
                Some(owner) => format!("{owner}::{name}"),
                None if name.contains('_') && name != "parse_canonical" => name,
                None => format!("{module}::{name}"),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_decoders_are_found_with_their_types() {
        let text = "impl Note {\n    pub fn decode(bytes: &[u8]) -> Self {}\n    fn parse() {}\n}\n\
                    impl<T> FromStr for Tile {\n}\npub fn parse(text: &str) {}\npub fn decode_bundle() {}\n";
        assert_eq!(
            decoders("crates/x/src/canonical.rs", text),
            ["Note::decode", "Tile::from_str", "canonical::parse", "decode_bundle"]
        );
    }
}
