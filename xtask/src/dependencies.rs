//! Checks that the program has no second version of a library but those that others force on it.

use crate::run;
use anyhow::{Result, ensure};
use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

/// Libraries that come in several versions, and who asks for them. None of them is ours to choose; one that is no
/// longer needed twice has to leave this list.
const FORCED: &[(&str, &str)] = &[
    ("base64", "reqwest is ahead of alloy-transport"),
    ("block-buffer", "revm's precompiles use digest 0.11, alloy and the curves digest 0.10"),
    ("cpufeatures", "the same"),
    ("crypto-common", "the same"),
    ("darling", "at build time: serde_with is ahead of alloy-tx-macros"),
    ("darling_core", "the same"),
    ("darling_macro", "the same"),
    ("digest", "revm's precompiles use digest 0.11, alloy and the curves digest 0.10"),
    ("getrandom", "ring and rand_core 0.6 are behind, tempfile is ahead"),
    ("hashbrown", "dashmap, through alloy-provider, is behind"),
    ("rand", "alloy-signer-local and arkworks are behind secp256k1"),
    ("rand_chacha", "the same"),
    ("rand_core", "the same"),
    ("sha2", "revm's precompiles use digest 0.11, alloy and the curves digest 0.10"),
    ("syn", "at build time: derive macros old and new"),
];

/// Fails naming the first library whose second version nobody accounts for.
pub fn check() -> Result<()> {
    let output = Command::new("cargo")
        .args(["tree", "--package", "aver", "--edges", "normal", "--prefix", "none", "--locked"])
        .output()?;
    ensure!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            versions.entry(name).or_default().insert(version);
        }
    }
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        ensure!(
            FORCED.iter().any(|(forced, _)| forced == name),
            "{name} comes in {} versions ({versions:?}): choose the one that is there already, or say in \
             xtask/src/dependencies.rs who forces the other (`cargo tree -i {name}@VERSION`)",
            versions.len()
        );
    }
    for (name, why) in FORCED {
        ensure!(
            versions.get(name).is_some_and(|versions| versions.len() > 1),
            "{name} comes in one version by now: take it out of xtask/src/dependencies.rs ({why})"
        );
    }
    run::say(&format!(
        "dependencies: {} libraries, {} of them twice because others ask for it\n",
        versions.len(),
        FORCED.len()
    ));
    Ok(())
}
