//! One file a command. Each takes what was typed and the [`Context`], and says its result through the [`Ui`].

mod init;

use crate::{
    args::{Cli, Command},
    config::Config,
    ui::Ui,
};
use anyhow::Result;
use clap::CommandFactory;

/// What every command works with.
pub struct Context {
    /// The settled configuration.
    pub config: Config,
    /// How to speak.
    pub ui: Ui,
}

/// Runs what was typed.
pub fn run(cli: Cli) -> Result<()> {
    let ui = Ui { json: cli.global.json, yes: cli.global.yes };
    match cli.command {
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "aver", &mut std::io::stdout());
            Ok(())
        }
        Command::Init(args) => init::run(&args, &cli.global, ui),
        _ => anyhow::bail!("not in this build"),
    }
}
