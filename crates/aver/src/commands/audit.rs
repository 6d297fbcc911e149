//! `aver audit`: makes the file that anyone can check offline, of a version or of a decision, and checks it.

pub mod decision;
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
        Some(AuditCommand::Decision(args)) => decision::run(args, &context.with_setup(&args.setup)),
        Some(AuditCommand::Verify(args)) => verify::run(args, global, &context.with_setup(&args.setup)),
        None => make::run(args, &context),
    }
}
