//! What commands on a chain work with: the configured chain, the contracts recorded for it, the account that signs.

use crate::{
    commands::Context,
    config::{ChainSource, Finality},
    exit,
    releases::Releases,
};
use anyhow::{Context as _, Result};
use averment_ledger::{
    Ledger, Remote, Source,
    contracts::{Deployment, Sender},
    embedded::Genesis,
    faucet,
    keys::{AccountKey, Identity, KeyFolder},
    registry::RegistryClient,
};
use averment_primitives::{Address, ModelId, U256, VersionId};
use std::time::{SystemTime, UNIX_EPOCH};

/// What an account on a development chain has at least: enough for anything one would try.
const DEVELOPMENT_WEI: u64 = 10_000_000_000_000_000_000;

impl Context {
    /// Runs a command's asynchronous part.
    pub fn block_on<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        block_on(work)
    }

    /// The configured chain; the embedded one begins here if there is none yet.
    pub async fn ledger(&self) -> Result<Ledger> {
        let source = match &self.config.chain {
            ChainSource::Embedded => {
                let path = self.config.chain_folder.join("journal");
                let genesis = Genesis::development(now()?);
                if let Some(id) = self.config.chain_id.filter(|id| *id != genesis.chain_id) {
                    return Err(exit::usage(format!(
                        "expected chain {id} (--chain-id, or chain.chain_id in averment.toml), but the chain is the \
                         embedded one, whose id is {}: name a chain's URL with --chain, or leave the id out",
                        genesis.chain_id
                    ))
                    .into());
                }
                Source::Embedded { path, genesis }
            }
            ChainSource::Remote(url) => {
                let id = self.config.chain_id.ok_or_else(|| {
                    exit::usage(
                        "a remote chain needs its id: pass --chain-id, or set chain.chain_id in averment.toml",
                    )
                })?;
                let mut remote = Remote::new(url, id);
                remote.finality = match self.config.finality {
                    Finality::Finalized => averment_ledger::Finality::Tag,
                    Finality::Depth(depth) => averment_ledger::Finality::Depth(depth),
                };
                Source::Remote(remote)
            }
        };
        Ok(Ledger::open(source).await?)
    }

    /// The contracts recorded for the configured chain.
    pub fn deployment(&self) -> Result<Deployment> {
        let file = &self.config.deployment_file;
        if !file.exists() {
            return Err(exit::usage(format!(
                "no contracts are recorded in {}: deploy them with `aver contracts deploy`, or copy the record \
                 of those you want to use there",
                file.display()
            ))
            .into());
        }
        Ok(Deployment::load(file)?)
    }

    /// A client of the recorded contracts, once they are checked against the chain.
    pub async fn registry(&self) -> Result<RegistryClient> {
        let deployment = self.deployment()?;
        Ok(RegistryClient::open(&self.ledger().await?, &deployment).await?)
    }

    /// The folder with the encrypted keys.
    pub fn keys(&self) -> KeyFolder {
        KeyFolder::new(&self.config.keys_folder)
    }

    /// What was registered from here.
    pub fn releases(&self) -> Releases {
        Releases::new(&self.config.releases_folder)
    }

    /// The name of the key that signs.
    pub fn account_name(&self) -> Result<&str> {
        let name = self.config.account.as_deref().ok_or_else(|| {
            exit::usage(
                "which key signs? Pass --account NAME (`aver keys list` shows those there are), or set keys.account in \
                 averment.toml",
            )
        })?;
        Ok(name)
    }

    /// The key that signs, opened with its password.
    pub fn account(&self) -> Result<AccountKey> {
        let name = self.account_name()?;
        let password = self.password(&format!("Password of {name}: "))?;
        Ok(self.keys().account(name, &password)?)
    }

    /// The account that sends: it shows every price and asks before anything is signed. On a development chain
    /// it has ether enough.
    pub async fn sender(&self, ledger: &Ledger, key: AccountKey) -> Result<Sender> {
        if ledger.is_development() {
            faucet::top_up(ledger, key.address(), U256::from(DEVELOPMENT_WEI)).await?;
        }
        let ui = self.ui;
        Ok(Sender::new(ledger, key).confirm(move |quote| {
            ui.quote(quote);
            ui.agrees("Send it?")
        }))
    }

    /// An address, written out or as the name of a key in the key folder.
    pub fn address(&self, text: &str) -> Result<Address> {
        if let Ok(address) = text.parse::<Address>() {
            check_typed(text, address)?;
            return Ok(address);
        }
        let info = self.keys().info(text).with_context(|| {
            format!("expected an address (0x and 40 hexadecimal digits) or the name of a key, got {text:?}")
        })?;
        match info.identity {
            Some(Identity::Account(address)) => Ok(address),
            _ => Err(exit::usage(format!("{text} is no account's key: it has no address")).into()),
        }
    }

    /// A model: its id, the name it was created with by the account that signs, or CREATOR/NAME.
    pub fn model_id(&self, registry: &RegistryClient, text: &str) -> Result<ModelId> {
        if let Some((creator, name)) = text.split_once('/') {
            return Ok(registry.id().model_id(self.address(creator)?, name));
        }
        if text.starts_with("0x") {
            let wrong =
                || exit::usage(format!("expected a model id (0x and 64 hexadecimal digits), got {text:?}"));
            return Ok(text.parse().map_err(|_| wrong())?);
        }
        let Some(account) = &self.config.account else {
            return Err(exit::usage(format!(
                "whose model is {text:?}? Write CREATOR/{text} (CREATOR an address or the name of a key), its id, or \
                 pass --account"
            ))
            .into());
        };
        Ok(registry.id().model_id(self.address(account)?, text))
    }

    /// A version: its id, or NAME@NUMBER of one that was registered from here.
    pub async fn version_id(&self, registry: &RegistryClient, text: &str) -> Result<VersionId> {
        if text.starts_with("0x") && !text.contains('@') {
            let wrong =
                || exit::usage(format!("expected a version id (0x and 64 hexadecimal digits), got {text:?}"));
            return Ok(text.parse().map_err(|_| wrong())?);
        }
        let Some((name, number)) = text.rsplit_once('@') else {
            return Err(
                exit::usage(format!("expected a version id (0x…) or NAME@NUMBER, got {text:?}")).into()
            );
        };
        let view = registry.at_final().await?;
        self.releases().registered(&view, name, number).await?.ok_or_else(|| {
            exit::usage(format!(
                "{text} was not registered from here on this chain: name the version by its id"
            ))
            .into()
        })
    }
}

/// Runs what is asynchronous in this thread.
pub fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// Refuses an address that can only be a mistake: zero, or with upper and lower case digits that are not its
/// checksum (EIP-55).
fn check_typed(text: &str, address: Address) -> Result<()> {
    let digits = text.trim_start_matches("0x");
    let mixed = digits.contains(|c: char| c.is_ascii_uppercase())
        && digits.contains(|c: char| c.is_ascii_lowercase());
    if mixed && !address.to_string().ends_with(digits) {
        return Err(exit::usage(format!(
            "{text} does not have the checksum of an address: it was mistyped, or copied in part"
        ))
        .into());
    }
    if address.is_zero() {
        return Err(exit::usage("the zero address is nobody's").into());
    }
    Ok(())
}

/// Seconds since 1970.
pub fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?.as_secs())
}
