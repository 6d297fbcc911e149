//! What `aver model` takes.

use clap::{ArgGroup, Subcommand};

#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Creates a model with its approval policy
    #[command(after_help = "Example:\n  aver model create triage --threshold 2 \\\n    \
                      --role risk=risk-officer --role medical=dr-lee --role legal=0x…\n\n\
                      Who registers a version cannot approve it: give the roles' keys to others.")]
    Create {
        /// Its public name, 1 to 64 bytes: nothing about people
        name: String,
        /// A role and its key, an address or the name of a key; once for each role
        #[arg(long = "role", value_name = "NAME=KEY", required = true)]
        roles: Vec<String>,
        /// How many of the roles must agree
        #[arg(long, value_name = "M")]
        threshold: u8,
    },
    /// Sets the policy for versions registered from now on
    #[command(
        after_help = "Example:\n  aver model policy triage --role risk --role medical --role privacy=0x… --threshold 3"
    )]
    Policy {
        /// The model: its id, its name if you created it, or CREATOR/NAME
        model: String,
        /// A role: NAME=KEY for a new one, NAME for one that has a key; once for each role
        #[arg(long = "role", value_name = "NAME[=KEY]", required = true)]
        roles: Vec<String>,
        /// How many of the roles must agree
        #[arg(long, value_name = "M")]
        threshold: u8,
    },
    /// Hands a role from its present key (--account) to another, which then counts wherever the present one does
    #[command(
        after_help = "Example:\n  aver model rotate-key owner/triage --role medical --to dr-lee-2 --account dr-lee"
    )]
    RotateKey {
        /// The model: its id, its name if you created it, or CREATOR/NAME
        model: String,
        /// The role's name
        #[arg(long)]
        role: String,
        /// The new key: an address or the name of a key
        #[arg(long = "to", value_name = "KEY")]
        to: String,
    },
    /// Appoints a role's key anew, for versions registered from now on (by the owner)
    #[command(
        after_help = "Example:\n  aver model replace-key triage --role medical --to dr-park --account owner"
    )]
    ReplaceKey {
        /// The model: its id, its name if you created it, or CREATOR/NAME
        model: String,
        /// The role's name
        #[arg(long)]
        role: String,
        /// The new key: an address or the name of a key
        #[arg(long = "to", value_name = "KEY")]
        to: String,
    },
    /// Declares a key compromised: what it did from an entry of the history on no longer counts
    #[command(
        after_help = "Example:\n  aver model compromised triage --key dr-lee --from 12 --account owner\n\n\
                      By the model's owner or by the key itself. It cannot be taken back."
    )]
    Compromised {
        /// The model: its id, its name if you created it, or CREATOR/NAME
        model: String,
        /// The key: an address or the name of a key
        #[arg(long)]
        key: String,
        /// The first history entry that is in doubt [default: from now on]
        #[arg(long, value_name = "ENTRY")]
        from: Option<u64>,
    },
    /// Allows or forbids another account to register versions
    #[command(
        after_help = "Examples:\n  aver model registrar triage pipeline\n  aver model registrar triage pipeline --forbid"
    )]
    Registrar {
        /// The model: its id, its name if you created it, or CREATOR/NAME
        model: String,
        /// Who: an address or the name of a key
        registrar: String,
        /// Forbid instead of allow
        #[arg(long)]
        forbid: bool,
    },
    /// Offers the model to another owner, who accepts with `aver model accept`
    #[command(
        group = ArgGroup::new("offer").required(true),
        after_help = "Examples:\n  aver model transfer triage --to 0x…\n  aver model transfer triage --take-back"
    )]
    Transfer {
        /// The model: its id, its name if you created it, or CREATOR/NAME
        model: String,
        /// The next owner: an address or the name of a key
        #[arg(long = "to", value_name = "KEY", group = "offer")]
        to: Option<String>,
        /// Take back what was offered and not accepted
        #[arg(long, group = "offer")]
        take_back: bool,
    },
    /// Accepts a model that was offered
    #[command(after_help = "Example:\n  aver model accept owner/triage --account next-owner")]
    Accept {
        /// The model: its id, or CREATOR/NAME
        model: String,
    },
    /// Shows a model's policy, keys and versions
    #[command(after_help = "Example:\n  aver model show triage")]
    Show {
        /// The model: its id, its name if you created it, or CREATOR/NAME
        model: String,
    },
}
