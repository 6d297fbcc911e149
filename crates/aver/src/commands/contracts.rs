//! `aver contracts`: deploys the contracts, and checks a deployment against its chain.

use super::Context;
use crate::{
    args::{ContractsCommand, ProfileArg},
    exit,
};
use anyhow::Result;
use averment_ledger::contracts::{Deployment, Governance, MIN_DELAY, Profile, Sent};
use serde_json::json;

pub fn run(command: &ContractsCommand, context: &Context) -> Result<()> {
    context.block_on(async {
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
    let key = context.account()?;
    let ledger = context.ledger().await?;
    let sender = context.sender(&ledger, key).await?;
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
    let deployment = context.deployment()?;
    let ledger = context.ledger().await?;
    let block = deployment.check(&ledger).await?;
    context.ui.result(
        &json!({ "deployment": deployment, "checkedAtBlock": block.header.number }),
        format!(
            "registry {}\nanchors  {}\nchain {}: code and implementation are as recorded at block {}",
            deployment.registry.address, deployment.anchors.address, deployment.chain_id, block.header.number
        ),
    )
}
