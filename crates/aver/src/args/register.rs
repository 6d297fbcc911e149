//! What `aver register` takes.

use super::proofs::SetupArgs;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aver register --template > model.toml\n  \
                  aver register model.toml --dry-run\n  aver register model.toml --account owner\n  \
                  aver register model.toml --plan triage.plan --account owner\n  \
                  aver register model.toml --plan trained.plan --task 0x… --task-plan task.plan --account sponsor\n\n\
                  What a person has to know stands in model.toml. Weights, data, scripts, the code's commit and \
                  the machine are captured; both are signed by the account and bound to the version on chain.\n\
                  With --task the manifest names the rounds of federated learning that the weights come from. A plan whose points\n\
                  are not the task's needs --package besides, for a proof that they are the task's, shifted and rounded.")]
pub struct RegisterArgs {
    /// What was written by hand about this version
    #[arg(required_unless_present = "template", value_name = "MODEL.TOML")]
    pub file: Option<PathBuf>,
    /// The model: its id, its name if you created it, or CREATOR/NAME [default: the name in model.toml]
    #[arg(long)]
    pub model: Option<String>,
    /// The code's git checkout [default: where model.toml lies, if git knows it]
    #[arg(long, value_name = "FOLDER")]
    pub code: Option<PathBuf>,
    /// The committed plan by which this version's decisions can be proved
    #[arg(long, value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    /// The task of federated learning whose rounds made the weights; it must be over
    #[arg(long, value_name = "TASK", requires = "plan")]
    pub task: Option<String>,
    /// The plan that the task started from: its public half is enough. With it an audit checks the rounds' proofs
    #[arg(long, value_name = "PLAN", requires = "task")]
    pub task_plan: Option<PathBuf>,
    /// The task's last model with its salt, where the plan has another scale, width or salt
    #[arg(long, value_name = "FILE", requires = "task_plan")]
    pub package: Option<PathBuf>,
    #[command(flatten)]
    pub setup: SetupArgs,
    /// Keep a copy of the weights in the store
    #[arg(long)]
    pub keep: bool,
    /// Print the statement that would be signed; sign and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print a model.toml to begin with
    #[arg(long, conflicts_with_all = ["file", "model", "code", "plan", "task", "task_plan", "package", "keep", "dry_run"])]
    pub template: bool,
}
