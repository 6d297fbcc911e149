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

/// What an account on the embedded chain has at least: enough for anything one would try.
const DEVELOPMENT_WEI: u64 = 10_000_000_000_000_000_000;

#[allow(dead_code, reason = "the commands on models, on their way, need all of it")]
impl Context {
    /// Runs a command's asynchronous part.
    pub fn block_on<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
    }

    /// The configured chain; the embedded one begins here if there is none yet.
    pub async fn ledger(&self) -> Result<Ledger> {
        let source = match &self.config.chain {
            ChainSource::Embedded => {
                let path = self.config.chain_folder.join("journal");
                Source::Embedded { path, genesis: Genesis::development(now()?) }
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
            exit::usage("which key signs? Pass --account NAME, or set keys.account in averment.toml")
        })?;
        Ok(name)
    }

    /// The key that signs, opened with its password.
    pub fn account(&self) -> Result<AccountKey> {
        let name = self.account_name()?;
        let password = self.password(&format!("Password of {name}: "))?;
        Ok(self.keys().account(name, &password)?)
    }

    /// The account that sends: it shows every price and asks before anything is signed. On an embedded chain
    /// it has ether enough.
    pub async fn sender(&self, ledger: &Ledger, key: AccountKey) -> Result<Sender> {
        if ledger.embedded().is_some() {
            faucet::top_up(ledger, key.address(), U256::from(DEVELOPMENT_WEI)).await?;
        }
        let ui = self.ui;
        Ok(Sender::new(ledger, key).confirm(move |quote| {
            ui.quote(quote);
            ui.agrees("send it?")
        }))
    }

    /// An address, written out or as the name of a key in the key folder.
    pub fn address(&self, text: &str) -> Result<Address> {
        if let Ok(address) = text.parse() {
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
        if text.starts_with("0x")
            && let Ok(id) = text.parse()
        {
            return Ok(id);
        }
        let (creator, name) = match text.split_once('/') {
            Some((creator, name)) => (self.address(creator)?, name),
            None => (self.address(self.account_name()?)?, text),
        };
        Ok(registry.id().model_id(creator, name))
    }

    /// A version: its id, or NAME@NUMBER of one that was registered from here.
    pub async fn version_id(&self, registry: &RegistryClient, text: &str) -> Result<VersionId> {
        if text.starts_with("0x")
            && let Ok(id) = text.parse()
        {
            return Ok(id);
        }
        let Some((name, number)) = text.rsplit_once('@') else {
            return Err(
                exit::usage(format!("expected a version id (0x…) or NAME@NUMBER, got {text:?}")).into()
            );
        };
        let view = registry.at_final().await?;
        let mut registered = Vec::new();
        for version in self.releases().numbered(name, number)? {
            if view.version(version).await?.is_some() {
                registered.push(version);
            }
        }
        match registered[..] {
            [one] => Ok(one),
            [] => Err(exit::usage(format!(
                "{text} was not registered from here on this chain: name the version by its id"
            ))
            .into()),
            _ => {
                Err(exit::usage(format!("{text} is several versions, name one by its id: {registered:?}"))
                    .into())
            }
        }
    }
}

/// Seconds since 1970.
pub fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?.as_secs())
}
