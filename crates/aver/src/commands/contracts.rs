//! `aver contracts`: deploys the contracts, and checks a deployment against its chain.

use super::Context;
use crate::{
    args::{ContractsCommand, ProfileArg},
    exit, setups, ui,
};
use anyhow::Result;
use averment_ledger::contracts::{
    Deployment, Draws, Governance, MIN_DELAY, Profile, ProofContracts, Sent, SettlementTerms, is_arbitrum,
};
use serde_json::json;

/// The least size of chunks, as a power of two.
pub const FEWEST_BITS: u8 = 4;

pub fn run(command: &ContractsCommand, mut context: Context) -> Result<()> {
    if let ContractsCommand::Deploy { setup, .. } = command {
        context = context.with_setup(setup);
    }
    let context = &context;
    context.block_on(async {
        match command {
            ContractsCommand::Deploy {
                profile,
                proposer,
                canceller,
                pauser,
                token,
                seat_bond,
                sequencer_feed,
                ..
            } => {
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
                let terms = match (profile, token, seat_bond, sequencer_feed) {
                    (Profile::Development, None, ..) => Some(SettlementTerms::DEVELOPMENT),
                    (_, Some(token), Some(bond), None) => Some(SettlementTerms::layer1(*token, *bond)),
                    (_, Some(token), Some(bond), Some(feed)) => {
                        Some(SettlementTerms::op_stack(*token, *bond, *feed))
                    }
                    _ => None,
                };
                deploy(profile, terms, context).await
            }
            ContractsCommand::Show => show(context).await,
        }
    })
}

async fn deploy(profile: Profile, mut terms: Option<SettlementTerms>, context: &Context) -> Result<()> {
    let config = &context.config;
    if config.deployment_file.exists() {
        return Err(exit::usage(format!(
            "{} says where contracts are already: remove it to deploy others",
            config.deployment_file.display()
        ))
        .into());
    }
    // The contract needs [τ]G2 alone; the fewest powers that a setup has come with it.
    let setup = context.named_setup(FEWEST_BITS)?;
    if let Profile::Production(_) = profile {
        let production = setup.production(&config.trust.setups);
        production.map_err(|error| exit::refused(format!("{error}; nothing was deployed")))?;
    }
    let key = context.account()?;
    let ledger = context.ledger().await?;
    let sender = context.sender(&ledger, key).await?;
    // Blocks of Arbitrum have no randomness.
    if let Some(terms) = terms.as_mut().filter(|_| is_arbitrum(ledger.chain_id())) {
        terms.draws = Draws::DRAND;
    }
    // First what can stay behind unused: nobody knows of it.
    let (proofs, mut sent) = ProofContracts::deploy(&sender, &setup.key()).await?;
    let (mut deployment, more) =
        Deployment::deploy_all(&sender, profile, Some(proofs), terms.as_ref()).await?;
    sent.extend(more);
    sent.push(deployment.add_steward(&sender).await?);
    deployment.save(&config.deployment_file)?;
    let estimates: Vec<_> = sent.iter().map(|sent| ui::estimate(&sent.quote)).collect();
    let gas: u64 = sent.iter().map(Sent::gas_used).sum();
    context.ui.result(
        &json!({ "deployment": deployment, "file": config.deployment_file, "gas": gas, "estimates": estimates }),
        format!(
            "registry {}\nanchors  {}\nproofs   {} (setup {})\n{}{gas} gas; recorded in {}",
            deployment.registry.address,
            deployment.anchors.address,
            proofs.verifier.address,
            setups::words(proofs.setup),
            settlement(&deployment),
            config.deployment_file.display()
        ),
    )
}

/// What settles requests, in lines.
fn settlement(deployment: &Deployment) -> String {
    deployment.settlement.map_or_else(String::new, |contracts| {
        let (router, staking, token) = (contracts.router.address, contracts.staking.address, contracts.token);
        format!("router   {router}\nstaking  {staking}\ntoken    {token}\n")
    })
}

async fn show(context: &Context) -> Result<()> {
    let deployment = context.deployment()?;
    let ledger = context.ledger().await?;
    let block = deployment.check(&ledger).await?;
    let proofs = deployment.proofs.map_or_else(String::new, |proofs| {
        format!("proofs   {} (setup {})\n", proofs.verifier.address, setups::words(proofs.setup))
    });
    context.ui.result(
        &json!({ "deployment": deployment, "checkedAtBlock": block.header.number }),
        format!(
            "registry {}\nanchors  {}\n{proofs}{}chain {}: code and implementations are as recorded at block {}",
            deployment.registry.address,
            deployment.anchors.address,
            settlement(&deployment),
            deployment.chain_id,
            block.header.number
        ),
    )
}
