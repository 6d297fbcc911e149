//! Fingerprints against `openssl dgst -sha256` (the yardstick) and `model_signing`.

use super::{best_of, random_file};
use crate::tools;
use anyhow::{Context, Result};
use std::{fmt::Write, path::Path, process::Command};

const FILES: u64 = 4;
const FILE_BYTES: u64 = 512 << 20;
const TREE_FILES: usize = 100_000;

/// The table of section "Fingerprint".
pub fn table() -> Result<String> {
    let data = Path::new("target/bench/fingerprint");
    std::fs::create_dir_all(data)?;
    for index in 0..FILES {
        random_file(&data.join(format!("part-{index}.bin")), FILE_BYTES, index + 1)?;
    }
    let mut page = String::from("## Fingerprint\n\n2 GiB in 4 files, in the page cache.\n\n");
    page.push_str(
        "| what | CPU s | wall s | peak MiB | speed per core, openssl = 1 |\n|---|---|---|---|---|\n",
    );
    let openssl = best_of(5, || {
        let mut command = Command::new("openssl");
        command.args(["dgst", "-sha256"]);
        command.args((0..FILES).map(|index| data.join(format!("part-{index}.bin"))));
        command
    })?;
    let ours = best_of(5, || {
        let mut command = Command::new(super::built("aver"));
        command.args(["--json", "fingerprint"]).arg(data);
        command
    })?;
    let mut rows = vec![
        ("openssl dgst -sha256 (one hash)", openssl),
        ("aver fingerprint (SHA-256 and BLAKE3, Merkle trees)", ours),
    ];
    let bin = tools::python("target/venv/interop", Path::new("xtask/interop/requirements.txt"))?;
    let peer = best_of(5, || {
        let mut command = Command::new(bin.join("python"));
        command.args([
            "-c",
            "import sys; from model_signing import hashing; hashing.Config().hash(sys.argv[1])",
        ]);
        command.arg(data);
        command
    })
    .context("model_signing")?;
    rows.push(("model_signing hash (SHA-256)", peer));
    for (name, cost) in rows {
        writeln!(
            page,
            "| {name} | {:.2} | {:.2} | {:.0} | {:.2} |",
            cost.cpu,
            cost.wall,
            cost.peak_mib,
            openssl.cpu / cost.cpu
        )?;
    }
    page.push_str(&unchanged_tree()?);
    Ok(page)
}

fn unchanged_tree() -> Result<String> {
    let tree = Path::new("target/bench/tree");
    for folder in 0..TREE_FILES / 1000 {
        let folder_path = tree.join(format!("{folder:03}"));
        if folder_path.is_dir() {
            continue;
        }
        std::fs::create_dir_all(&folder_path)?;
        for file in 0..1000 {
            std::fs::write(folder_path.join(format!("{file:03}.bin")), format!("{folder}/{file}"))?;
        }
    }
    let cache = Path::new("target/bench/tree.cache");
    let again = || {
        let mut command = Command::new(super::built("aver"));
        command.args(["--json", "fingerprint"]).arg(tree).arg("--cache").arg(cache);
        command
    };
    // A file younger than the clock's grain is not trusted: let the tree age before the cache is made.
    std::thread::sleep(std::time::Duration::from_secs(3));
    std::fs::remove_file(cache).ok();
    let first = best_of(1, again)?;
    let unchanged = best_of(5, again)?;
    Ok(format!(
        "\n100,000 small files: first {:.2} s on the clock, unchanged again {:.2} s ({:.0} MiB).\n\n",
        first.wall, unchanged.wall, unchanged.peak_mib
    ))
}
