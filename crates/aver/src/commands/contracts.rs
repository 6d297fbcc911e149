//! `aver contracts`: deploys the contracts, and checks a deployment against its chain.

use super::Context;
use crate::{
    args::{ContractsCommand, ProfileArg},
    config::{ChainSource, Config, Finality},
    exit,
};
use anyhow::{Context as _, Result};
use averment_ledger::{
    Ledger, Remote, Source,
    contracts::{Deployment, Governance, MIN_DELAY, Profile, Sender, Sent},
    embedded::Genesis,
    keys::KeyFolder,
};
use averment_primitives::U256;
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a new embedded chain gives the configured account: enough for anything one would try.
const DEVELOPMENT_WEI: u64 = 1_000_000_000_000_000_000;

pub fn run(command: &ContractsCommand, context: &Context) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            ContractsCommand::Deploy { profile, proposer, canceller, pauser } => {
                let profile = match (profile, proposer, canceller, pauser) {
                    (ProfileArg::Development, ..) => Profile::Development,
                    (ProfileArg::Production, Some(proposer), Some(canceller), Some(pauser)) => {
                        Profile::Production(Governance {
                            proposer: *proposer,
                            canceller: *canceller,
                            pauser: *pauser,
                            delay: MIN_DELAY,
                        })
                    }
                    _ => {
                        let message = "production needs --proposer, --canceller and --pauser";
                        return Err(exit::usage(message).into());
                    }
                };
                deploy(profile, context).await
            }
            ContractsCommand::Show => show(context).await,
        }
    })
}

async fn deploy(profile: Profile, context: &Context) -> Result<()> {
    let config = &context.config;
    if config.deployment_file.exists() {
        return Err(exit::usage(format!(
            "{} says where contracts are already: remove it to deploy others",
            config.deployment_file.display()
        ))
        .into());
    }
    let name = config.account.as_deref().ok_or_else(|| {
        exit::usage("which key deploys? Pass --account NAME, or set keys.account in averment.toml")
    })?;
    let password = context.password(&format!("Password of {name}: "))?;
    let key = KeyFolder::new(&config.keys_folder).account(name, &password)?;
    let ledger = open(config, key.address()).await?;
    let ui = context.ui;
    let sender = Sender::new(&ledger, key).confirm(move |quote| {
        ui.remark(format!("{}: about {} gas, {} wei", quote.action, quote.gas, quote.expected_fee()));
        ui.confirm("send it?").is_ok()
    });
    let (deployment, sent) = Deployment::deploy(&sender, profile).await?;
    deployment.save(&config.deployment_file)?;
    let gas: u64 = sent.iter().map(Sent::gas_used).sum();
    context.ui.result(
        &json!({ "deployment": deployment, "file": config.deployment_file, "gas": gas }),
        format!(
            "registry {}\nanchors  {}\n{gas} gas; recorded in {}",
            deployment.registry.address,
            deployment.anchors.address,
            config.deployment_file.display()
        ),
    )
}

async fn show(context: &Context) -> Result<()> {
    let deployment = Deployment::load(&context.config.deployment_file)?;
    let ledger = open(&context.config, deployment.deployer).await?;
    let block = deployment.check(&ledger).await?;
    context.ui.result(
        &json!({ "deployment": deployment, "checkedAtBlock": block.header.number }),
        format!(
            "registry {}\nanchors  {}\nchain {}: code and implementation are as recorded at block {}",
            deployment.registry.address, deployment.anchors.address, deployment.chain_id, block.header.number
        ),
    )
}

/// The configured chain. A new embedded one gives `account` some ether.
async fn open(config: &Config, account: averment_primitives::Address) -> Result<Ledger> {
    let source = match &config.chain {
        ChainSource::Embedded => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?;
            let genesis = Genesis::development(now.as_secs())
                .fund(account, U256::from(DEVELOPMENT_WEI) * U256::from(1000));
            Source::Embedded { path: config.chain_folder.join("journal"), genesis }
        }
        ChainSource::Remote(url) => {
            let id = config.chain_id.ok_or_else(|| {
                exit::usage(
                    "a remote chain needs its id: pass --chain-id, or set chain.chain_id in averment.toml",
                )
            })?;
            let mut remote = Remote::new(url, id);
            remote.finality = match config.finality {
                Finality::Finalized => averment_ledger::Finality::Tag,
                Finality::Depth(depth) => averment_ledger::Finality::Depth(depth),
            };
            Source::Remote(remote)
        }
    };
    Ok(Ledger::open(source).await?)
}
