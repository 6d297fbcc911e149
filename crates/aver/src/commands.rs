//! One file a command. Each takes what was typed and the [`Context`], and says its result through the [`Ui`].

pub mod answer;
mod approve;
pub mod audit;
mod balance;
mod bench;
mod chain;
mod challenge;
mod claims;
pub mod commit;
pub mod compile;
pub mod contracts;
pub mod explain;
pub mod federated;
mod fees;
mod fingerprint;
mod formats;
mod history;
pub mod init;
mod inputs;
mod keys;
pub mod log;
mod model;
pub mod offer;
mod oracle;
pub mod prove;
mod recipients;
pub mod register;
mod request;
mod simulate;
mod stage;
mod steward;
mod verify;
mod weights;

use crate::{
    args::{Cli, Command},
    config::Config,
    demo,
    ui::Ui,
};
use anyhow::{Context as _, Result};
use averment_ledger::keys::Password;
use clap::CommandFactory;

/// What every command works with.
pub struct Context {
    /// The settled configuration.
    pub config: Config,
    /// How to speak.
    pub ui: Ui,
}

impl Context {
    /// The password of a key: from the configured file, or typed.
    pub fn password(&self, prompt: &str) -> Result<Password> {
        match &self.config.password_file {
            Some(path) => Ok(Password::from_file(path)?),
            None => Password::from_terminal(prompt).context("a password is needed"),
        }
    }
}

/// Runs what was typed.
pub fn run(cli: Cli) -> Result<()> {
    let ui = Ui { json: cli.global.json, yes: cli.global.yes };
    // Some commands work without a configuration; the others read it first.
    let context = || Ok::<_, anyhow::Error>(Context { config: Config::load(&cli.global)?, ui });
    match cli.command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "aver", &mut script);
            let script = String::from_utf8(script).context("the completion script is text")?;
            let value = serde_json::json!({ "shell": shell.to_string(), "script": script });
            ui.result(&value, script.trim_end())
        }
        Command::Init(args) => init::run(&args, &cli.global, ui),
        Command::Export(command) => formats::export(&command, &context()?),
        Command::Import(command) => formats::import(&command, ui),
        Command::Simulate(command) => simulate::run(&command, ui),
        Command::Fees(args) => fees::run(&args, ui),
        Command::Fingerprint(args) => fingerprint::run(&args, ui),
        Command::Audit(args) => audit::run(&args, &cli.global, ui),
        Command::Demo(args) => demo::run(&args, ui),
        Command::Chain(command) => chain::run(&command, &context()?),
        Command::Oracle(command) => oracle::run(&command, context()?),
        Command::Claims(command) => claims::run(&command, context()?),
        Command::Offer(args) => offer::run(&args, &context()?.with_setup(&args.setup)),
        Command::Request(args) => request::run(&args, &context()?.with_setup(&args.setup)),
        Command::Answer(args) => answer::run(&args, &context()?.with_setup(&args.compute.setup)),
        Command::Challenge(args) => challenge::run(&args, &context()?.with_setup(&args.compute.setup)),
        Command::Balance(command) => balance::run(&command, &context()?),
        Command::Inputs(command) => inputs::run(&command, &context()?),
        Command::Weights(command) => weights::run(&command, context()?),
        Command::Contracts(command) => contracts::run(&command, context()?),
        Command::Register(args) => register::run(&args, &context()?.with_setup(&args.setup)),
        Command::Log(command) => log::run(&command, &context()?),
        Command::Model(command) => model::run(&command, &context()?),
        Command::Steward(command) => steward::run(&command, &context()?),
        Command::Approve(args) => approve::run(&args, &context()?),
        Command::Deploy(args) => stage::deploy(&args, &context()?),
        Command::Retire(args) => stage::retire(&args, &context()?),
        Command::Revoke(args) => stage::revoke(&args, &context()?),
        Command::History(args) => history::run(&args, &context()?),
        Command::Keys(command) => keys::run(&command, &context()?),
        Command::Federated(command) => federated::run(&command, context()?),
        Command::Compile(args) => compile::run(&args, ui),
        Command::Commit(args) => commit::run(&args, &context()?.with_setup(&args.setup)),
        Command::Prove(args) => prove::run(&args, &context()?.with_setup(&args.setup)),
        Command::Bench(args) => bench::run(&args, &context()?.with_setup(&args.setup)),
        Command::Explain(args) => explain::run(&args, &context()?),
        Command::Verify(args) => verify::run(&args, &context()?.with_setup(&args.setup)),
    }
}
