//! The committed contract artifacts: written from the sources, and checked to be exactly what these compile to.
//!
//! The program embeds `contracts/artifacts/*.json`, so that running it needs no Node. One build with nothing
//! but the contracts in it, in a folder of its own, keeps the result independent of tests and caches. What
//! varies from build to build without meaning anything (the compiler's syntax tree numbers) is left out; keys
//! are sorted. `contracts/layouts/*.txt` says in one line a member where everything lies in storage.

use crate::{run, tools};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

/// Deployed contracts; each has an artifact.
const CONTRACTS: &[&str] = &[
    "ModelRegistry",
    "Anchors",
    "Stewardship",
    "ProofVerifier",
    "Descriptors",
    "WeightsCertificates",
    "InferenceRouter",
    "RouterOffers",
    "OracleStaking",
    "OracleOperators",
    "BlockRandomness",
    "DrandRandomness",
    "DevelopmentToken",
    "ClaimsPool",
    "RobustWeights",
    "FederatedTask",
    "FederatedRounds",
    "FederatedFaults",
    "FederatedTasks",
    "AttestedIdentities",
    "AccessManager",
    "ERC1967Proxy",
];
/// Contracts some of whose functions are in another one (`Parted`, `Parts`), or whose errors are another one's too.
const PARTED: &[(&str, &str)] = &[
    ("InferenceRouter", "RouterOffers"),
    ("OracleStaking", "OracleOperators"),
    ("FederatedTask", "FederatedRounds"),
    ("FederatedTask", "FederatedFaults"),
    ("FederatedTask", "RobustWeights"),
];
/// Contracts that store in an ERC-7201 namespace, and the contract that tells the compiler so.
const NAMESPACED: &[(&str, &str)] = &[
    ("ModelRegistry", "ModelRegistryLayout"),
    ("InferenceRouter", "InferenceRouterLayout"),
    ("OracleStaking", "OracleStakingLayout"),
    ("ClaimsPool", "ClaimsPoolLayout"),
    ("FederatedTasks", "FederatedTasksLayout"),
];
/// Namespaces that several contracts have, likewise.
const SHARED: &[(&str, &str)] = &[("Pauses", "PausesLayout"), ("FederatedTask", "FederatedTaskLayout")];
/// Contracts whose storage layout is pinned as text.
const LAYOUTS: &[&str] = &[
    "ModelRegistry",
    "Anchors",
    "Stewardship",
    "WeightsCertificates",
    "InferenceRouter",
    "OracleStaking",
    "BlockRandomness",
    "DrandRandomness",
    "ClaimsPool",
    "FederatedTasks",
];
/// EIP-170, and the room that is kept below it for repairs of what can be upgraded.
const CODE_LIMIT: usize = 24_576;
const CODE_ROOM: usize = 2_500;

/// Writes artifacts and layouts from the sources.
pub fn artifacts_write() -> Result<()> {
    for (path, text) in compiled()? {
        let folder = path.parent().context("a file without a folder")?;
        std::fs::create_dir_all(folder)?;
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        run::say(&format!("wrote {}\n", path.display()));
    }
    Ok(())
}

/// Fails naming the first committed file that is not what the sources compile to.
pub fn artifacts_check() -> Result<()> {
    for (path, expected) in compiled()? {
        let got = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        ensure!(
            got == expected,
            "{} is not what the sources compile to; run `cargo xtask contracts write` and commit the difference",
            path.display()
        );
    }
    run::say("contract artifacts and layouts: exactly what the sources compile to\n");
    Ok(())
}

/// Compiles everything; gives each committed file's path and text.
fn compiled() -> Result<BTreeMap<PathBuf, String>> {
    let build = Path::new("target/contracts");
    build_into(build)?;
    let mut files = BTreeMap::new();
    for &name in CONTRACTS {
        let output = output(build, name)?;
        let layout = layout_of(build, name, &output)?;
        check_size(name, &output)?;
        if LAYOUTS.contains(&name) {
            files.insert(format!("contracts/layouts/{name}.txt").into(), layout_text(name, &layout)?);
        }
        let mut artifact = artifact(name, &output, layout)?;
        for (_, part) in PARTED.iter().filter(|(contract, _)| *contract == name) {
            add_what_it_says(&mut artifact["abi"], &self::output(build, part)?["abi"]);
        }
        let text = serde_json::to_string_pretty(&sorted(artifact))? + "\n";
        files.insert(format!("contracts/artifacts/{name}.json").into(), text);
    }
    for (name, layout) in SHARED {
        let layout = without_tree_numbers(&output(build, layout)?["storageLayout"]);
        files.insert(format!("contracts/layouts/{name}.txt").into(), layout_text(name, &layout)?);
    }
    Ok(files)
}

/// Compiles the contracts of a copy of `contracts/` alone into `out`.
pub fn compile(contracts: &Path, out: &Path) -> Result<()> {
    tools::npm(Path::new("contracts"))?;
    let modules = contracts.join("node_modules");
    if !modules.exists() {
        let own = tools::root().canonicalize()?.join("contracts/node_modules");
        std::os::unix::fs::symlink(own, &modules)?;
    }
    run::step(
        "compile the contracts with checks that can be left out",
        Command::new(tools::foundry("forge")?)
            .args([
                "build",
                "src/ProofVerifier.sol",
                "src/Descriptors.sol",
                "src/WeightsCertificates.sol",
                "--skip",
                "test",
                "--quiet",
                "--out",
            ])
            .arg(out)
            .current_dir(contracts),
    )
}

fn build_into(build: &Path) -> Result<()> {
    tools::npm(Path::new("contracts"))?;
    let root = tools::root().canonicalize()?.join(build);
    run::step(
        "compile the contracts alone",
        Command::new(tools::foundry("forge")?)
            .args(["build", "src", "layouts", "--force", "--skip", "test", "--quiet", "--out"])
            .arg(root.join("out"))
            .arg("--cache-path")
            .arg(root.join("cache"))
            .current_dir("contracts"),
    )
}

/// What forge wrote about one contract.
fn output(build: &Path, name: &str) -> Result<Value> {
    let path = build.join(format!("out/{name}.sol/{name}.json"));
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}

fn layout_of(build: &Path, name: &str, own: &Value) -> Result<Value> {
    let output = match NAMESPACED.iter().find(|(contract, _)| *contract == name) {
        Some((_, layout)) => &output(build, layout)?,
        None => own,
    };
    Ok(without_tree_numbers(&output["storageLayout"]))
}

fn artifact(name: &str, output: &Value, layout: Value) -> Result<Value> {
    let settings = &output["metadata"]["settings"];
    let code = |field: &str| {
        let links = &output[field]["linkReferences"];
        ensure!(links.as_object().is_some_and(Map::is_empty), "{name} needs libraries linked: {links}");
        output[field]["object"].as_str().map(str::to_owned).with_context(|| format!("{name} has no {field}"))
    };
    Ok(json!({
        "contractName": name,
        "compiler": {
            "name": "solc",
            "version": output["metadata"]["compiler"]["version"],
            "settings": {
                "evmVersion": settings["evmVersion"],
                "metadata": settings["metadata"],
                "optimizer": settings["optimizer"],
                "viaIR": settings.get("viaIR").unwrap_or(&Value::Bool(false)),
            },
        },
        "abi": output["abi"],
        "bytecode": code("bytecode")?,
        "deployedBytecode": code("deployedBytecode")?,
        "storageLayout": layout,
    }))
}

/// Adds to a contract's interface what its part says: events, errors, and the names of the parameters that it is given.
fn add_what_it_says(own: &mut Value, part: &Value) {
    let Some(own) = own.as_array_mut() else { return };
    for item in part.as_array().into_iter().flatten() {
        if item["type"] == "function" {
            if let Some(same) = own.iter_mut().find(|one| is_same_function(one, item)) {
                *same = item.clone();
            }
        } else if (item["type"] == "event" || item["type"] == "error") && !own.contains(item) {
            own.push(item.clone());
        }
    }
}

/// Whether these have the same selector: name and types, whatever the parameters are called.
fn is_same_function(one: &Value, other: &Value) -> bool {
    let types = |of: &Value| -> Vec<Value> {
        of["inputs"].as_array().into_iter().flatten().map(|input| input["type"].clone()).collect()
    };
    one["type"] == "function" && one["name"] == other["name"] && types(one) == types(other)
}

fn check_size(name: &str, output: &Value) -> Result<()> {
    let code = output["deployedBytecode"]["object"].as_str().unwrap_or_default();
    let size = code.trim_start_matches("0x").len() / 2;
    let upgraded = NAMESPACED.iter().any(|(contract, _)| *contract == name);
    let limit = if upgraded { CODE_LIMIT - CODE_ROOM } else { CODE_LIMIT };
    ensure!(size > 0 && size <= limit, "{name}: expected 1 to {limit} bytes of code, got {size}");
    run::say(&format!("   {name}: {size} bytes of code, {} below the limit\n", CODE_LIMIT - size));
    Ok(())
}

/// The same layout without the compiler's numbers for nodes of its syntax tree, which change with unrelated
/// sources: `astId` members, and the number after the name in `t_struct(Model)17215_storage`.
fn without_tree_numbers(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(key, _)| *key != "astId")
            .map(|(key, member)| (type_name(key), without_tree_numbers(member)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(without_tree_numbers).collect(),
        Value::String(text) => type_name(text).into(),
        other => other.clone(),
    }
}

/// `text` with the digits after each closing parenthesis dropped, if it names a type.
fn type_name(text: &str) -> String {
    if !text.starts_with("t_") {
        return text.to_owned();
    }
    let mut after_parenthesis = false;
    text.chars()
        .filter(|character| {
            after_parenthesis = *character == ')' || (after_parenthesis && character.is_ascii_digit());
            *character == ')' || !after_parenthesis
        })
        .collect()
}

/// A layout as text, one member a line, structs unfolded: the form in which a review sees a change.
fn layout_text(name: &str, layout: &Value) -> Result<String> {
    let mut text = format!(
        "Storage layout of {name}. Written by `cargo xtask contracts write`; slot + offset, type [bytes], member.\n\n"
    );
    members(&layout["storage"], &mut text, true)?;
    let types = layout["types"].as_object().context("a layout without types")?;
    for (id, kind) in types.iter().filter(|(id, _)| id.starts_with("t_struct")) {
        let label = kind["label"].as_str().unwrap_or(id);
        writeln!(text, "\n{label} ({} bytes)", kind["numberOfBytes"].as_str().unwrap_or("?"))?;
        members(&kind["members"], &mut text, false)?;
    }
    // Sizes and labels stand in for the type ids, which are the compiler's own.
    for (id, kind) in types {
        let shown = format!(
            "{} [{}]",
            kind["label"].as_str().unwrap_or(id),
            kind["numberOfBytes"].as_str().unwrap_or("?")
        );
        text = text.replace(&format!("<{id}>"), &shown);
    }
    Ok(text)
}

fn members(list: &Value, text: &mut String, outermost: bool) -> Result<()> {
    for member in list.as_array().into_iter().flatten() {
        let field = |key: &str| member[key].as_str().with_context(|| format!("a member without {key}"));
        let slot = if outermost { hexadecimal(field("slot")?)? } else { field("slot")?.to_owned() };
        let (offset, kind) = (member["offset"].as_u64().unwrap_or(0), field("type")?);
        writeln!(text, "  {slot} + {offset:<2}  <{kind}>  {}", field("label")?)?;
    }
    Ok(())
}

/// A decimal number of up to 256 bits in hexadecimal, by long division; small ones as they are.
fn hexadecimal(decimal: &str) -> Result<String> {
    let mut digits: Vec<u8> = decimal.bytes().map(|byte| byte.wrapping_sub(b'0')).collect();
    if digits.is_empty() || digits.iter().any(|digit| *digit > 9) {
        bail!("not a slot number: {decimal}");
    }
    if digits.len() < 6 {
        return Ok(decimal.to_owned());
    }
    let mut hex = Vec::new();
    while digits.iter().any(|digit| *digit != 0) {
        let mut rest = 0u8;
        for digit in &mut digits {
            let value = u16::from(rest) * 10 + u16::from(*digit);
            (*digit, rest) = ((value / 16) as u8, (value % 16) as u8);
        }
        hex.push(char::from_digit(rest.into(), 16).context("a digit")?);
    }
    Ok(format!("0x{:0>64}", hex.iter().rev().collect::<String>()))
}

/// The same value with every object's keys in order, whatever features serde_json was built with.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, Value> =
                members.into_iter().map(|(key, member)| (key, sorted(member))).collect();
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_syntax_tree_are_dropped_and_nothing_else() {
        assert_eq!(type_name("t_struct(Model)17215_storage"), "t_struct(Model)_storage");
        assert_eq!(
            type_name("t_mapping(t_bytes32,t_struct(Checkpoint160)13410_storage)dyn_storage"),
            "t_mapping(t_bytes32,t_struct(Checkpoint160)_storage)dyn_storage"
        );
        assert_eq!(type_name("Layout (v)2"), "Layout (v)2");
    }

    #[test]
    fn a_slot_is_shown_in_hexadecimal() {
        assert_eq!(hexadecimal("12").unwrap(), "12");
        assert_eq!(hexadecimal("1000000").unwrap(), format!("0x{:064x}", 1_000_000));
        assert_eq!(
            hexadecimal("13025283509811156876316614025822391432131119655264618253386035921542542437888")
                .unwrap(),
            "0x1ccc0c991723ca59b40d0b077c85441db2111095cfac3dba61672f88f1eeae00"
        );
        assert!(hexadecimal("0x12").is_err());
    }
}
