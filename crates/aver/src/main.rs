//! `aver`, the program: reads the command line, settles the configuration, runs one command.

mod args;
mod capture;
mod commands;
mod computing;
mod config;
mod demo;
mod desk;
mod exit;
mod inputs;
mod mathematics;
mod names;
mod occlusion;
mod outputs;
mod plans;
mod predict;
mod proofs;
mod releases;
mod setups;
mod signals;
mod subject;
mod table;
mod tokens;
mod ui;
mod workplace;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_parsed(&error),
    };
    let json = cli.global.json;
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = exit::code_of(&error);
            ui::error(json, &error, code);
            ExitCode::from(code)
        }
    }
}

/// Help and version are printed as they are; what is wrong with the command line is an error like any other.
fn not_parsed(error: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|argument| argument == "--json");
    if !error.use_stderr() || !json {
        error.exit();
    }
    let words = error.render().to_string();
    let words = words.trim_end();
    ui::error(true, &exit::usage(words.strip_prefix("error: ").unwrap_or(words)).into(), exit::USAGE);
    ExitCode::from(exit::USAGE)
}
