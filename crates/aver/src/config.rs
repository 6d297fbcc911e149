//! `averment.toml`, with the environment over it and flags over both, made into one validated [`Config`].

use crate::{args::Global, exit, setups};
use anyhow::{Context, Result};
use averment_ledger::embedded::Genesis;
use averment_primitives::{Address, B256};
use averment_prover::setup::Origin;
use averment_storage::atomic;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The file's name, looked for here and in the folders above.
pub const FILE_NAME: &str = "averment.toml";

/// Longest configuration read, in bytes.
const LIMIT: u64 = 1 << 20;

/// What `aver init` writes.
pub const TEMPLATE: &str = r#"# Averment's configuration. The environment (AVERMENT_…) goes over it, flags over both.
# Paths are relative to this file.

[chain]
# "embedded" is a chain inside the program: for trying things out; it proves nothing to a third party.
# Or the URL of any EVM chain's JSON-RPC.
source = "embedded"
# chain_id = 31337
# A block is final when the chain says so ("finalized"), or at a depth: finality = 12
finality = "finalized"

[folders]
chain = ".averment/chain"     # the embedded chain's journal
keys = ".averment/keys"       # encrypted keys
releases = ".averment/releases"  # what was registered: manifests, listings; openings are private
store = ".averment/store"     # artifacts by content
log = ".averment/log"         # the append-only log: public/ may be served, private/ never
setups = ".averment/setups"   # setups that were checked before; nobody else may write here

[contracts]
deployment = ".averment/deployment.json"
pool = ".averment/pool.json"  # the claims pool that `aver claims` is about
tasks = ".averment/tasks.json"  # what creates tasks of federated learning

[proof]
# The setup that commitments and proofs are made with, and which proofs are accepted with: "development", whose
# secret is public, or the .ptau file of a ceremony.
setup = "development"

[keys]
# account = "owner"           # the key that signs unless --account says otherwise
# password_file = "…"         # otherwise the terminal asks

[trust]                       # what `aver audit verify` insists on
# registry = "0x…"            # the registry's address, as its operator publishes it
# anchors = "0x…"             # the address of its Anchors contract
# router = "0x…"              # the address of the router that settles requests
# pool = "0x…"                # the address of the claims pool
# tasks = "0x…"               # the address of the factory of federated tasks
# code = ["0x…"]              # hashes of code that may stand behind the proxies of registry, router and pool
# log_keys = ["NAME+HASH+BASE64"]
# setups = ["0x…"]            # digests of ceremonies' setups that `aver verify` accepts beside proof.setup
"#;

/// Where blocks come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainSource {
    /// The chain inside this process.
    Embedded,
    /// A chain's JSON-RPC.
    Remote(String),
}

/// When a client may act on a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finality {
    /// When the chain calls it finalized.
    Finalized,
    /// When this many blocks are on top of it.
    Depth(u64),
}

/// The settled configuration.
#[derive(Debug, Clone)]
pub struct Config {
    pub chain: ChainSource,
    pub chain_id: Option<u64>,
    pub finality: Finality,
    pub chain_folder: PathBuf,
    pub keys_folder: PathBuf,
    pub releases_folder: PathBuf,
    pub store_folder: PathBuf,
    pub log_folder: PathBuf,
    pub setups_folder: PathBuf,
    /// The setup of proofs.
    pub setup: Option<Origin>,
    pub deployment_file: PathBuf,
    /// The record of the claims pool.
    pub pool_file: PathBuf,
    /// The record of the contracts of federated tasks.
    pub tasks_file: PathBuf,
    pub account: Option<String>,
    pub password_file: Option<PathBuf>,
    pub trust: Trust,
}

/// What a reader of audit files and proofs insists on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trust {
    /// The registry's address.
    pub registry: Option<Address>,
    /// The address of the contract that anchors logs.
    pub anchors: Option<Address>,
    /// The address of the router that settles requests.
    pub router: Option<Address>,
    /// The address of the claims pool.
    pub pool: Option<Address>,
    /// The address of the factory of federated tasks.
    pub tasks: Option<Address>,
    /// Hashes of code that may stand behind the proxies of registry, router and pool.
    pub code: Vec<B256>,
    /// Verifier keys of logs.
    pub log_keys: Vec<String>,
    /// Digests of setups that proofs are accepted with.
    pub setups: Vec<B256>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    chain: ChainSection,
    folders: FoldersSection,
    contracts: ContractsSection,
    proof: ProofSection,
    keys: KeysSection,
    trust: Trust,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ChainSection {
    source: Option<String>,
    chain_id: Option<u64>,
    finality: Option<FinalityField>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum FinalityField {
    Depth(u64),
    Name(String),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FoldersSection {
    chain: Option<PathBuf>,
    keys: Option<PathBuf>,
    releases: Option<PathBuf>,
    store: Option<PathBuf>,
    log: Option<PathBuf>,
    setups: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ContractsSection {
    deployment: Option<PathBuf>,
    pool: Option<PathBuf>,
    tasks: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ProofSection {
    setup: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct KeysSection {
    account: Option<String>,
    password_file: Option<PathBuf>,
}

impl Config {
    /// Reads the file (the one named, or the nearest), then lays the flags and the environment over it.
    pub fn load(global: &Global) -> Result<Self> {
        let here = std::env::current_dir().context("finding the current folder")?;
        let path = match &global.config {
            Some(path) => Some(path.clone()),
            None => here.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file()),
        };
        let (file, base) = match path {
            Some(path) => {
                let text = atomic::read_text(&path, LIMIT)
                    .with_context(|| format!("reading the configuration {}", path.display()))?;
                let file = toml::from_str(&text)
                    .map_err(|error| exit::usage(format!("{}: {error}", path.display())))?;
                (file, path.parent().map(Path::to_path_buf).unwrap_or_default())
            }
            None => (File::default(), here),
        };
        Self::settle(file, &base, global)
    }

    /// The defaults in `folder`, without any file: what the demo runs with.
    pub fn in_folder(folder: &Path) -> Self {
        let file = File::default();
        let below = |path: &str| folder.join(path);
        Self {
            chain: ChainSource::Embedded,
            chain_id: file.chain.chain_id,
            finality: Finality::Finalized,
            chain_folder: below(".averment/chain"),
            keys_folder: below(".averment/keys"),
            releases_folder: below(".averment/releases"),
            store_folder: below(".averment/store"),
            log_folder: below(".averment/log"),
            setups_folder: below(".averment/setups"),
            setup: None,
            deployment_file: below(".averment/deployment.json"),
            pool_file: below(".averment/pool.json"),
            tasks_file: below(".averment/tasks.json"),
            account: None,
            password_file: None,
            trust: Trust::default(),
        }
    }

    /// The id of the configured chain, for what is signed or proved without asking it.
    pub fn statement_chain(&self) -> u64 {
        match self.chain {
            ChainSource::Embedded => Genesis::development(0).chain_id,
            // Asking for the chain demands its id; a proof that names chain 0 is for none.
            ChainSource::Remote(_) => self.chain_id.unwrap_or(0),
        }
    }

    fn settle(file: File, base: &Path, global: &Global) -> Result<Self> {
        let defaults = Self::in_folder(base);
        let place = |given: Option<PathBuf>, default: PathBuf| given.map_or(default, |path| base.join(path));
        let source = global.chain.clone().or(file.chain.source).unwrap_or_else(|| "embedded".to_owned());
        let chain = match source.as_str() {
            "embedded" => ChainSource::Embedded,
            url if url.starts_with("http://") || url.starts_with("https://") => ChainSource::Remote(source),
            other => {
                return Err(exit::usage(format!(
                    "chain: expected \"embedded\" or a URL that begins with http:// or https://, got {other:?}"
                ))
                .into());
            }
        };
        let finality = match file.chain.finality {
            None => Finality::Finalized,
            Some(FinalityField::Depth(depth)) => Finality::Depth(depth),
            Some(FinalityField::Name(name)) if name == "finalized" => Finality::Finalized,
            Some(FinalityField::Name(name)) => {
                return Err(exit::usage(format!(
                    "chain.finality: expected \"finalized\" or a number of blocks, got {name:?}"
                ))
                .into());
            }
        };
        Ok(Self {
            chain,
            chain_id: global.chain_id.or(file.chain.chain_id),
            finality,
            chain_folder: place(file.folders.chain, defaults.chain_folder),
            keys_folder: place(file.folders.keys, defaults.keys_folder),
            releases_folder: place(file.folders.releases, defaults.releases_folder),
            store_folder: place(file.folders.store, defaults.store_folder),
            log_folder: place(file.folders.log, defaults.log_folder),
            setups_folder: place(file.folders.setups, defaults.setups_folder),
            setup: file.proof.setup.map(|name| match setups::origin(&name) {
                Origin::File(path) => Origin::File(base.join(path)),
                development => development,
            }),
            deployment_file: place(file.contracts.deployment, defaults.deployment_file),
            pool_file: place(file.contracts.pool, defaults.pool_file),
            tasks_file: place(file.contracts.tasks, defaults.tasks_file),
            account: global.account.clone().or(file.keys.account),
            password_file: global
                .password_file
                .clone()
                .or_else(|| file.keys.password_file.map(|path| base.join(path))),
            trust: file.trust,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_read_and_flags_go_over_it() {
        let file: File = toml::from_str(TEMPLATE).unwrap();
        let chain = Some("http://127.0.0.1:8545".to_owned());
        let global = Global { chain, ..Global::default() };
        let config = Config::settle(file, Path::new("base"), &global).unwrap();
        assert_eq!(config.chain, ChainSource::Remote("http://127.0.0.1:8545".to_owned()));
        assert_eq!(config.keys_folder, Path::new("base/.averment/keys"));
        assert_eq!(config.finality, Finality::Finalized);
        assert_eq!(config.setup, Some(Origin::Development));
    }

    #[test]
    fn a_ceremonys_file_lies_beside_the_configuration() {
        let file: File = toml::from_str("[proof]\nsetup = \"powers.ptau\"").unwrap();
        let config = Config::settle(file, Path::new("base"), &Global::default()).unwrap();
        assert_eq!(config.setup, Some(Origin::File("base/powers.ptau".into())));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(toml::from_str::<File>("[chain]\nsauce = \"embedded\"").is_err());
        for text in ["[chain]\nsource = \"ftp://x\"", "[chain]\nfinality = \"soon\""] {
            let file: File = toml::from_str(text).unwrap();
            let error = Config::settle(file, Path::new(""), &Global::default()).unwrap_err();
            assert_eq!(exit::code_of(&error), exit::USAGE, "{error}");
            assert!(error.to_string().contains("expected"), "{error}");
        }
    }
}
