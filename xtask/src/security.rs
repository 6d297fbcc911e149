//! Checks that what `SECURITY.md` says is tested is tested: every test that it names is in the file that it names.

use crate::run;
use anyhow::{Context, Result, bail, ensure};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

const DOCUMENT: &str = "SECURITY.md";

/// The tables whose every row must name a test, or say why it has none.
const TABLES: [&str; 2] = ["## Attacks", "## Bad input"];

/// What a row without a test must say.
const NONE: [&str; 2] = ["none yet", "no decoder yet"];

/// Fails naming every test that is not where the document says.
pub fn check() -> Result<()> {
    let text = fs::read_to_string(DOCUMENT).context(DOCUMENT)?;
    let mut sources = BTreeMap::new();
    let mut faults = Vec::new();
    let mut named = 0;
    for table in TABLES {
        let section = text.split(table).nth(1).with_context(|| format!("{DOCUMENT} has no {table:?}"))?;
        let section = section.split("\n## ").next().unwrap_or(section);
        for line in section.lines().filter(|line| !line.trim().is_empty()) {
            match references(line) {
                Ok(references) => {
                    let row = line.starts_with('|') && !line.starts_with("|---") && !is_heading(line);
                    if row && references.is_empty() && !NONE.iter().any(|words| line.contains(words)) {
                        faults.push(format!("no test is named: {line}"));
                    }
                    for (test, path) in references {
                        named += 1;
                        if !source(&mut sources, path)?.iter().any(|name| fits(name, test)) {
                            faults.push(format!("there is no test {test} in {path}"));
                        }
                    }
                }
                Err(fault) => faults.push(format!("{fault}: {line}")),
            }
        }
    }
    ensure!(faults.is_empty(), "{DOCUMENT}: {}", faults.join("\n  "));
    run::say(&format!("security: the {named} tests that {DOCUMENT} names are there\n"));
    Ok(())
}

fn is_heading(line: &str) -> bool {
    line.starts_with("| attack |") || line.starts_with("| input |")
}

/// The tests that a line names, each with the file it should be in: `name`, `name` in `path`.
fn references(line: &str) -> Result<Vec<(&str, &str)>> {
    let mut found = Vec::new();
    let mut waiting = Vec::new();
    let mut before = "";
    for (place, span) in line.split('`').enumerate() {
        if place % 2 == 0 {
            before = span;
        } else if is_test(span) {
            waiting.push(span);
        } else if before.ends_with(" in ") && span.contains('/') {
            found.extend(waiting.drain(..).map(|test| (test, span)));
        }
    }
    if let Some(test) = waiting.first() {
        bail!("{test} is named without `in` and its file");
    }
    Ok(found)
}

/// Whether a name is a test's: words joined by underscores, perhaps with a star for the rest.
fn is_test(span: &str) -> bool {
    span.contains('_') && span.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '*'))
}

fn fits(name: &str, test: &str) -> bool {
    test.strip_suffix('*').map_or(name == test, |start| name.starts_with(start))
}

/// The names of the tests in a file: functions marked as tests in Rust, named as tests in Solidity.
fn source<'a>(read: &'a mut BTreeMap<PathBuf, Vec<String>>, path: &str) -> Result<&'a Vec<String>> {
    let path = Path::new(path);
    if !read.contains_key(path) {
        let text =
            fs::read_to_string(path).with_context(|| format!("{DOCUMENT} names {}", path.display()))?;
        read.insert(path.to_owned(), tests(&text));
    }
    read.get(path).context("it was just read")
}

fn tests(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut marked = false;
    for line in text.lines().map(str::trim) {
        if line == "#[test]" || line == "#[tokio::test]" {
            marked = true;
        } else if line.starts_with("#[ignore") {
            marked = false;
        } else if let Some(name) = name_after(line, "fn ").filter(|_| marked) {
            names.push(name);
            marked = false;
        } else if let Some(name) = line.strip_prefix("function ").and_then(|rest| name_after(rest, "")) {
            names.extend(["test", "invariant"].iter().any(|start| name.starts_with(start)).then_some(name));
        }
    }
    names
}

/// The identifier behind `mark`, which stands at the line's start or after `async` or `pub`.
fn name_after(line: &str, mark: &str) -> Option<String> {
    let rest = line.trim_start_matches("pub ").trim_start_matches("async ").strip_prefix(mark)?;
    let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_read_from_both_languages_and_ignored_ones_do_not_count() {
        let rust = "#[test]\nfn one() {}\n#[tokio::test]\n#[should_panic]\nasync fn two() {}\nfn helper() {}\n\
                    #[test]\n#[ignore = \"child\"]\nfn three() {}\n";
        assert_eq!(tests(rust), ["one", "two"]);
        let solidity =
            "    function test_a() public {\n    function helper() internal {\n function invariant_b() {";
        assert_eq!(tests(solidity), ["test_a", "invariant_b"]);
    }

    #[test]
    fn names_go_with_the_file_behind_them() {
        let line = "| `model.toml` | `a_b`, `c_*` in `x/y.rs`; `d_e` in `z/w.rs` (`https`) |";
        assert_eq!(references(line).unwrap(), [("a_b", "x/y.rs"), ("c_*", "x/y.rs"), ("d_e", "z/w.rs")]);
        assert!(references("| `a_b` in no file |").is_err());
        assert!(references("| `x/y.rs` |").unwrap().is_empty());
        assert!(
            fits("test_replay_x", "test_replay_*")
                && !fits("test_reply", "test_replay_*")
                && !fits("ab", "a")
        );
    }
}
