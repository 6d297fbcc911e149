//! `aver`, the program: reads the command line, settles the configuration, runs one command.

mod args;
mod capture;
mod commands;
mod config;
mod demo;
mod exit;
mod releases;
mod ui;
mod workplace;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
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
