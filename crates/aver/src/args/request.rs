//! What `aver offer`, `request`, `answer`, `challenge`, `balance` and `inputs` take.

use super::proofs::{BatchArgs, SetupArgs};
use averment_ledger::settlement::Mode;
use averment_primitives::B256;
use clap::{Args, Subcommand, ValueEnum};
use std::{num::NonZeroU32, path::PathBuf, str::FromStr};

/// How an answer becomes final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ModeArg {
    /// By a proof
    Proof,
    /// By a bond, and a window in which nobody challenges
    Optimistic,
    /// By members of a drawn committee who say the same
    Quorum,
}

impl From<ModeArg> for Mode {
    fn from(own: ModeArg) -> Self {
        match own {
            ModeArg::Proof => Self::Proof,
            ModeArg::Optimistic => Self::Optimistic,
            ModeArg::Quorum => Self::Quorum,
        }
    }
}

/// A time span: seconds, or a number with s, m, h or d behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub u32);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected a time such as 90s, 10m, 6h or 2d".to_owned();
        let digits = text.trim_end_matches(|end: char| end.is_ascii_alphabetic());
        let unit = match &text[digits.len()..] {
            "" | "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            _ => return Err(wrong()),
        };
        let number: u32 = digits.parse().map_err(|_| wrong())?;
        number.checked_mul(unit).map(Self).ok_or_else(wrong)
    }
}

pub(super) fn word(text: &str) -> Result<B256, String> {
    text.parse().map_err(|_| "an id is expected: 0x and 64 hexadecimal digits".to_owned())
}

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  aver offer triage@2.0.0 --plan triage.plan --account owner\n  \
                  aver offer triage@2.0.0 --plan triage.plan --modes proof --modes-for-persons proof --for-batch 128\n  \
                  aver offer show triage@2.0.0\n  aver offer withdraw 0x… --account owner\n\n\
                  What is missing on the chain is sent first, and said: the plan's descriptor, the certificate that its weights \
                  are in range. A committee of --members is drawn of the operators, of whom --threshold have to say the same; \
                  its times have to be longer than the chain takes to settle."
)]
pub struct OfferArgs {
    #[command(subcommand)]
    pub command: Option<OfferCommand>,
    /// The deployed version: its id, or NAME@NUMBER
    #[arg(required = true)]
    pub version: Option<String>,
    /// The folder of the plan that it registered
    #[arg(long, value_name = "PLAN", required = true)]
    pub plan: Option<PathBuf>,
    /// How answers may become final
    #[arg(
        long,
        value_enum,
        value_name = "MODES",
        value_delimiter = ',',
        default_value = "proof,optimistic,quorum"
    )]
    pub modes: Vec<ModeArg>,
    /// The same for inputs about persons: the others would show them to more people than who proves
    #[arg(long, value_enum, value_name = "MODES", value_delimiter = ',', default_value = "proof")]
    pub modes_for_persons: Vec<ModeArg>,
    /// How long a challenged answer may take to be proved
    #[arg(long, value_name = "TIME", default_value = "1d")]
    pub proof_time: Span,
    /// What a challenger stakes, in tokens: what a proof costs
    #[arg(long, value_name = "TOKENS", default_value = "10")]
    pub challenge_bond: String,
    /// Members of a committee
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    pub members: u8,
    /// How many of them have to say the same: more than half
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    pub threshold: u8,
    /// How long members may commit
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub commit_time: Span,
    /// How long they may reveal
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub reveal_time: Span,
    /// How far an answer may be from the median to count as the same: of models that are not exact, and have one output
    #[arg(long, value_name = "UNITS", default_value_t = 0)]
    pub tolerance: u64,
    /// Proofs hide nothing: for public weights and inputs
    #[arg(long)]
    pub transparent: bool,
    /// Requests state their inputs in public
    #[arg(long)]
    pub public_inputs: bool,
    #[command(flatten)]
    pub batch: BatchArgs,
    #[command(flatten)]
    pub setup: SetupArgs,
}

#[derive(Debug, Subcommand)]
pub enum OfferCommand {
    /// Shows the offers of a version, or one offer
    #[command(after_help = "Example:\n  aver offer show triage@2.0.0")]
    Show {
        /// The version (its id, or NAME@NUMBER), or the offer's id
        subject: String,
    },
    /// Takes no more requests for an offer; those that are open go on
    #[command(after_help = "Example:\n  aver offer withdraw 0x… --account owner")]
    Withdraw {
        /// The offer's id
        #[arg(value_parser = word)]
        offer: B256,
    },
}

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  aver commit triage.plan --input case.csv -o case.input\n  \
                  aver request triage@2.0.0 --inputs case.input --mode optimistic --value-at-risk 100 --fee 2 --account insurer\n  \
                  aver request triage@2.0.0 --inputs case.input --mode proof --personal --value-at-risk 5000 --fee 20\n  \
                  aver request show 0x…\n  aver request settle 0x… --account anybody\n\n\
                  The fee comes of the account's balance with the router; what is missing there is deposited first. Amounts are in \
                  tokens, times such as 90s, 10m, 6h or 2d."
)]
pub struct RequestArgs {
    #[command(subcommand)]
    pub command: Option<RequestCommand>,
    /// The version that is asked: its id, or NAME@NUMBER
    #[arg(required = true)]
    pub version: Option<String>,
    /// A commitment to an input, as `aver commit --input` wrote it (once for each input of a batch), or one's identity
    #[arg(long, value_name = "FILE|ID", required = true)]
    pub inputs: Vec<String>,
    /// How many inputs these are, where only the identity is given
    #[arg(long, value_name = "NUMBER")]
    pub items: Option<NonZeroU32>,
    /// The folder of the version's plan, or the public half of it: chooses the offer whose proofs are for inputs like these
    #[arg(long, value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    #[command(flatten)]
    pub setup: SetupArgs,
    /// The offer [default: the version's only one that fits]
    #[arg(long, value_name = "ID", value_parser = word)]
    pub offer: Option<B256>,
    /// How the answer becomes final
    #[arg(long, value_enum, required = true)]
    pub mode: Option<ModeArg>,
    /// What is lost if the answer is wrong
    #[arg(long, value_name = "TOKENS", required = true)]
    pub value_at_risk: Option<String>,
    /// What the answer is worth: goes to who answers
    #[arg(long, value_name = "TOKENS", required = true)]
    pub fee: Option<String>,
    /// What an optimistic answerer stakes [default: what is at risk]
    #[arg(long, value_name = "TOKENS")]
    pub bond: Option<String>,
    /// How long it may wait for an answer
    #[arg(long, value_name = "TIME", default_value = "1d")]
    pub deadline: Span,
    /// How long an optimistic answer may be challenged
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub window: Span,
    /// An input is about a person
    #[arg(long)]
    pub personal: bool,
    /// With more than this at risk the answer is proved, whatever the mode
    #[arg(long, value_name = "TOKENS")]
    pub proof_above: Option<String>,
    /// Gas that the requester, a contract, is called back with
    #[arg(long, value_name = "GAS", default_value_t = 0)]
    pub callback_gas: u32,
    /// An input that is public, as an integer of the plan; once for each, in the plan's order
    #[arg(long = "public-input", value_name = "INTEGER", allow_negative_numbers = true)]
    pub public_inputs: Vec<i64>,
}

#[derive(Debug, Subcommand)]
pub enum RequestCommand {
    /// Shows where a request stands, until when, and who is next
    #[command(after_help = "Example:\n  aver request show 0x…")]
    Show {
        /// The request's id
        #[arg(value_parser = word)]
        id: B256,
    },
    /// Lists requests, the newest last
    #[command(after_help = "Examples:\n  aver request list\n  aver request list --by insurer --open")]
    List {
        /// Only this account's: an address, or a key's name
        #[arg(long, value_name = "ACCOUNT")]
        by: Option<String>,
        /// Only those that are not over
        #[arg(long)]
        open: bool,
    },
    /// Takes the step that is due and anybody may take: draws, closes, makes final, forfeits, refunds, delivers again
    #[command(after_help = "Example:\n  aver request settle 0x… --account anybody")]
    Settle {
        /// The request's id
        #[arg(value_parser = word)]
        id: B256,
    },
}

/// What an answer is computed from.
#[derive(Debug, Default, Args)]
pub struct ComputeArgs {
    /// The folder of the version's plan
    #[arg(long, value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    /// A commitment to an input with its opening beside it; once for each input of a batch
    #[arg(long, value_name = "FILE", conflicts_with = "inbox")]
    pub inputs: Vec<PathBuf>,
    /// The folder where those who ask put their inputs, sealed to --account or in the clear
    #[arg(long, value_name = "FOLDER")]
    pub inbox: Option<PathBuf>,
    #[command(flatten)]
    pub setup: SetupArgs,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aver answer 0x… --plan triage.plan --inputs case.input --account clinic\n  \
                  aver answer 0x… --plan triage.plan --inbox inbox --account clinic\n  \
                  aver answer 0x… --plan triage.plan --inputs case.input --proof --account clinic\n\n\
                  It computes what the plan says, on inputs that are checked against their commitment, and answers with the bond \
                  that the request asks for; where that has to be a proof, or your own answer was challenged, it proves."
)]
pub struct AnswerArgs {
    /// The request's id
    #[arg(value_parser = word)]
    pub id: B256,
    #[command(flatten)]
    pub compute: ComputeArgs,
    /// Answer this, computed elsewhere: the plan's integers, separated by commas
    #[arg(long, value_name = "INTEGERS", value_delimiter = ',', allow_negative_numbers = true,
        conflicts_with_all = ["plan", "inputs", "inbox", "proof"])]
    pub outputs: Vec<i64>,
    /// Prove the answer, where a bond or a committee would do, or over what another says
    #[arg(long)]
    pub proof: bool,
    /// Send this proof, which `aver prove --request` made for --account
    #[arg(long, value_name = "PROOF", conflicts_with_all = ["inputs", "inbox", "outputs"])]
    pub proof_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aver challenge 0x… --plan triage.plan --inputs case.input --account watcher\n  \
                  aver challenge 0x… --plan triage.plan --inbox inbox --check\n  aver challenge 0x… --force --account watcher\n\n\
                  It computes first and does not challenge what is right. The answerer then has to prove its answer in time; if it \
                  does not, the same command has its bond slashed, half of it for you."
)]
pub struct ChallengeArgs {
    /// The request's id
    #[arg(value_parser = word)]
    pub id: B256,
    #[command(flatten)]
    pub compute: ComputeArgs,
    /// Only say whether the answer is right
    #[arg(long, conflicts_with = "force")]
    pub check: bool,
    /// Challenge without computing
    #[arg(long, conflicts_with_all = ["plan", "inputs", "inbox"])]
    pub force: bool,
}

#[derive(Debug, Subcommand)]
pub enum BalanceCommand {
    /// Shows what an account has with the router, and of the token
    #[command(after_help = "Example:\n  aver balance show --account insurer\n  aver balance show 0x…")]
    Show {
        /// The account: an address, or a key's name [default: --account]
        account: Option<String>,
    },
    /// Deposits tokens with the router: what fees and bonds are paid from
    #[command(after_help = "Example:\n  aver balance deposit 250 --account insurer")]
    Deposit {
        /// How many tokens
        amount: String,
    },
    /// Withdraws tokens from the router
    #[command(after_help = "Examples:\n  aver balance withdraw 12.5 --account insurer\n  \
                            aver balance withdraw all --to 0x… --account insurer")]
    Withdraw {
        /// How many tokens, or `all`
        amount: String,
        /// To whom: an address, or a key's name [default: --account]
        #[arg(long, value_name = "ACCOUNT")]
        to: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum InputsCommand {
    /// Puts commitments into a folder for those who answer, with openings sealed to them
    #[command(after_help = "Examples:\n  aver inputs seal case.input --request 0x… --inbox inbox\n  \
                            aver inputs seal case.input --to watcher --to 0x… --inbox inbox\n  \
                            aver inputs seal case.input --in-the-clear --inbox inbox\n\n\
                            With --request they are sealed to the members of the committee that was drawn for it; --to takes a key \
                            as `aver inputs key` shows it, or an operator's signing key.")]
    Seal(SealArgs),
    /// Opens what was sealed to --account: writes the opening beside the commitment
    #[command(after_help = "Example:\n  aver inputs open case.input --inbox inbox --account oracle-1")]
    Open {
        /// The commitment
        commitment: PathBuf,
        /// The folder
        #[arg(long, value_name = "FOLDER")]
        inbox: PathBuf,
    },
    /// Shows the key that inputs and weights for --account are sealed to
    #[command(after_help = "Example:\n  aver inputs key --account watcher")]
    Key,
}

#[derive(Debug, Args)]
pub struct SealArgs {
    /// A commitment with its opening beside it, as `aver commit --input` wrote them; all inputs of a batch
    #[arg(required = true)]
    pub commitments: Vec<PathBuf>,
    /// The folder, shared with those who answer
    #[arg(long, value_name = "FOLDER")]
    pub inbox: PathBuf,
    /// Seal to the members of this request's committee
    #[arg(long, value_name = "ID", value_parser = word)]
    pub request: Option<B256>,
    /// Seal to this key, or to this operator's: 32 bytes, a signing key's address or its name; once for each
    #[arg(long, value_name = "KEY")]
    pub to: Vec<String>,
    /// Write the openings as they are: for inputs that everybody may see
    #[arg(long)]
    pub in_the_clear: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_seconds_minutes_hours_or_days() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("10m", 600), ("6h", 21_600), ("2d", 172_800)] {
            assert_eq!(text.parse(), Ok(Span(seconds)), "{text}");
        }
        for text in ["", "m", "1w", "1.5h", "-1s", "50000d", "1 h", "é"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
