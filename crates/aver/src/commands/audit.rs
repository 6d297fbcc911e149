//! `aver audit`: makes the file that anyone can check offline, and checks it.

pub mod make;
pub mod verify;

use crate::{
    args::{AuditArgs, AuditCommand, Global},
    commands::Context,
    config::Config,
    ui::Ui,
};
use anyhow::Result;

pub fn run(args: &AuditArgs, global: &Global, ui: Ui) -> Result<()> {
    let context = Context { config: Config::load(global)?, ui };
    match &args.command {
        Some(AuditCommand::Verify(args)) => verify::run(args, global, &context),
        None => make::run(args, &context),
    }
}
