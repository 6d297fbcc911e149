//! What `aver claims` takes.

use super::{
    ModeArg,
    proofs::{InputsArgs, SetupArgs},
    request::Span,
};
use averment_primitives::B256;
use clap::{Args, Subcommand, ValueEnum};
use std::{ops::RangeInclusive, path::PathBuf};

#[derive(Debug, Subcommand)]
pub enum ClaimsCommand {
    /// Deploys a pool that insures: --account is the insurer
    Pool(PoolArgs),
    /// Adds capital, takes it, puts fees for answers aside
    Capital(CapitalArgs),
    /// Accredits who sees evidence and signs claims
    Intake(IntakeArgs),
    /// Adds a product, and how its claims are decided
    Product(ProductArgs),
    /// Authorises another version for claims that are asked about from now on
    Authorise(AuthoriseArgs),
    /// Ends a product's sale, or takes it up again
    Sale(SaleArgs),
    /// Buys a policy: --account pays, the holder is paid
    Buy(BuyArgs),
    /// Signs that a commitment commits to evidence that --account, an accredited intake, has seen
    Attest(AttestArgs),
    /// Files claims that intakes signed, at the beginning of a period
    File(FileArgs),
    /// Asks about all claims that were filed in earlier periods
    Ask(AskArgs),
    /// Moves on whatever anybody may: final answers decide claims, what nobody answered goes to the reviewer
    Settle,
    /// Pays all accepted claims to their holders
    Pay,
    /// Brings a rejected claim before the reviewer: its holder signs, --account pays
    Appeal(AppealArgs),
    /// Has an accepted claim paid to another address: --account is its holder
    Withdraw(WithdrawArgs),
    /// Accepts or denies a claim that is before the reviewer, who is --account
    Decide(DecideArgs),
    /// Ends policies that can have no claims any more, and frees the capital that was reserved for them
    Lapse,
    /// Lists products, policies and claims
    List,
    /// Shows a claim, a policy, or a request about claims
    Show(ShowArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aver claims pool --reviewer ombudsman --account insurer\n  \
                  aver claims pool --reviewer 0x… --upgrader 0x… --canceller 0x… --delay 2d --account insurer\n\n\
                  Where it is goes into contracts.pool of averment.toml. Times are fixed for ever.")]
pub struct PoolArgs {
    /// Who reviews claims: an address, or a key's name; not the insurer
    #[arg(long, value_name = "ACCOUNT")]
    pub reviewer: String,
    /// Who may pause what comes in [default: the insurer]
    #[arg(long, value_name = "ACCOUNT")]
    pub pauser: Option<String>,
    /// Who may upgrade the code, after the delay [default: the insurer]
    #[arg(long, value_name = "ACCOUNT")]
    pub upgrader: Option<String>,
    /// Who may cancel upgrades and other versions before they count [default: the insurer]
    #[arg(long, value_name = "ACCOUNT")]
    pub canceller: Option<String>,
    /// How long before an upgrade or another version counts [default: 2d; none on a development chain]
    #[arg(long, value_name = "TIME")]
    pub delay: Option<Span>,
    /// How long a period is: claims that are filed in one are asked about in a later one, all together
    #[arg(long, value_name = "TIME", default_value = "1d")]
    pub cadence: Span,
    /// How long at the beginning of a period claims are filed
    #[arg(long, value_name = "TIME", default_value = "6h")]
    pub filing: Span,
    /// How long a filed claim may wait to be asked about
    #[arg(long, value_name = "TIME", default_value = "3d")]
    pub patience: Span,
    /// How long a rejected claim may be appealed
    #[arg(long, value_name = "TIME", default_value = "14d")]
    pub appeal: Span,
    /// How long the reviewer has to decide
    #[arg(long, value_name = "TIME", default_value = "14d")]
    pub review: Span,
    /// On a rollup of the OP stack: what says whether its sequencer works
    #[arg(long, value_name = "ADDRESS")]
    pub sequencer_feed: Option<String>,
}

/// What is done with capital.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CapitalArg {
    /// Adds to what is free
    Add,
    /// Takes of what is free
    Take,
    /// Puts what is free aside for answers' fees
    Fees,
    /// Takes back what was put aside
    FeesBack,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aver claims capital add 1000 --account insurer\n  aver claims capital fees 50 --account insurer"
)]
pub struct CapitalArgs {
    /// What is done
    #[arg(value_enum)]
    pub action: CapitalArg,
    /// How many tokens
    pub amount: String,
    /// With `take`, to whom [default: --account]
    #[arg(long, value_name = "ACCOUNT")]
    pub to: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aver claims intake clinic --account insurer\n  aver claims intake 0x… --end --account insurer"
)]
pub struct IntakeArgs {
    /// An address, or a key's name
    pub intake: String,
    /// Take no more claims that it signed
    #[arg(long)]
    pub end: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aver claims product --premium 20 --payout 100 --offer 0x… --accept 1 --batch 128 --personal \
                  --fee 0.1 --account insurer\n  \
                  aver claims product --premium 5 --payout 30 --routine 1 --account insurer\n\n\
                  --offer names the version, by an offer that `aver offer` made for proofs of as many claims as --batch says, each \
                  with a commitment of its own. What is sold never changes; another way to decide is another product."
)]
pub struct ProductArgs {
    /// What a policy costs, in tokens
    #[arg(long, value_name = "TOKENS")]
    pub premium: String,
    /// What a claim pays, in tokens
    #[arg(long, value_name = "TOKENS")]
    pub payout: String,
    /// How long a policy holds
    #[arg(long, value_name = "TIME", default_value = "365d")]
    pub term: Span,
    /// How long after that what happened within may still be claimed
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub filing: Span,
    /// Decide its claims as another product's: the number of that routine
    #[arg(long, value_name = "N", required_unless_present = "offer", conflicts_with_all = ["offer", "accept"])]
    pub routine: Option<u16>,
    /// The offer by which its claims are decided
    #[arg(long, value_name = "ID", requires = "accept")]
    pub offer: Option<B256>,
    /// Which outputs accept a claim: a number, or LEAST..MOST
    #[arg(long, value_name = "RANGE", value_parser = range, allow_hyphen_values = true)]
    pub accept: Option<RangeInclusive<i64>>,
    /// How answers become final
    #[arg(long, value_enum, default_value = "proof")]
    pub mode: ModeArg,
    /// How many claims the offer's proofs are about: 1, 2, 4, … 128
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub batch: u16,
    /// How many outputs each claim has, padding included
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub outputs: u16,
    /// Which of them counts, from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub output: u16,
    /// Evidence is about persons: only modes that the offer's terms allow for it
    #[arg(long)]
    pub personal: bool,
    /// Ask for a proof where a batch's claims are worth more, in tokens
    #[arg(long, value_name = "TOKENS")]
    pub proof_above: Option<String>,
    /// What whoever answers gets for each claim, in tokens
    #[arg(long, value_name = "TOKENS", default_value = "0")]
    pub fee: String,
    /// How long a request may take to be answered
    #[arg(long, value_name = "TIME", default_value = "1d")]
    pub answer: Span,
    /// How long a bonded answer may be challenged
    #[arg(long, value_name = "TIME", default_value = "6h")]
    pub window: Span,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aver claims authorise 1 0x… --account insurer\n  aver claims authorise 1 none --account insurer\n\n\
                  Where the pool's governance has a delay the first call schedules it; call again after the delay."
)]
pub struct AuthoriseArgs {
    /// The routine's number
    pub routine: u16,
    /// The offer by which the version answers, or `none`
    #[arg(value_name = "OFFER", value_parser = offer)]
    pub offer: B256,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SaleArg {
    /// It is sold
    Open,
    /// It is sold no more
    Closed,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver claims sale 1 closed --account insurer")]
pub struct SaleArgs {
    /// The product's number
    pub product: u16,
    /// Whether it is sold
    #[arg(value_enum)]
    pub state: SaleArg,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver claims buy 1 --holder holder-1 --account broker\n\n\
                  Use an address for each policy: it needs neither tokens nor ether.")]
pub struct BuyArgs {
    /// The product's number
    pub product: u16,
    /// Who is paid: an address, or a key's name [default: --account]
    #[arg(long, value_name = "ACCOUNT")]
    pub holder: Option<String>,
    /// What makes policies of one holder differ [default: drawn]
    #[arg(long, value_name = "WORD")]
    pub salt: Option<B256>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aver claims attest 0x… --plan triage.plan --input report.csv -o report.claim --account clinic\n  \
                  aver claims attest 0x… --plan triage.plan --committed report.input -o report.claim --account clinic\n\n\
                  report.claim is for whoever files it. The commitment, report.claim.input, and its opening beside it are for \
                  whoever answers; the opening shows the evidence."
)]
pub struct AttestArgs {
    /// The policy
    pub policy: B256,
    /// The committed plan of the version that decides, or the public half of it
    #[arg(long, value_name = "PLAN")]
    pub plan: PathBuf,
    #[command(flatten)]
    pub setup: SetupArgs,
    #[command(flatten)]
    pub evidence: InputsArgs,
    /// A commitment to the evidence that `aver commit --input` made, with its opening beside it
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "input",
        conflicts_with_all = ["input", "columns", "except", "row", "batch", "clamp"]
    )]
    pub committed: Option<PathBuf>,
    /// When the damage happened, in seconds of Unix time [default: today, or when the policy began if that is later]
    #[arg(long, value_name = "SECOND")]
    pub happened: Option<u64>,
    /// How long from now on the claim may be filed
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub valid: Span,
    /// Where to write the claim
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver claims file *.claim --account broker")]
pub struct FileArgs {
    /// What `aver claims attest` wrote
    #[arg(value_name = "CLAIM", required = true)]
    pub files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aver claims ask --account broker\n  aver claims ask --routine 2 --account broker"
)]
pub struct AskArgs {
    /// Only about claims that this routine decides
    #[arg(long, value_name = "N")]
    pub routine: Option<u16>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver claims appeal 0x… --holder holder-1 --account broker")]
pub struct AppealArgs {
    /// The claim: its evidence's commitment
    pub claim: B256,
    /// The holder's key, by its name [default: --account]
    #[arg(long, value_name = "KEY")]
    pub holder: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver claims withdraw 0x… --to 0x… --account holder-1")]
pub struct WithdrawArgs {
    /// The claim: its evidence's commitment
    pub claim: B256,
    /// To whom: an address, or a key's name
    #[arg(long, value_name = "ACCOUNT")]
    pub to: String,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  aver claims decide 0x… --accept --reason 'the finding outweighs the answer' -o 7.reason --account reviewer\n\n\
                  On the chain goes a salted commitment to the reason; what opens it goes into the file, which is private."
)]
pub struct DecideArgs {
    /// The claim: its evidence's commitment
    pub claim: B256,
    /// Pay it
    #[arg(long, required_unless_present = "deny", conflicts_with = "deny")]
    pub accept: bool,
    /// Do not
    #[arg(long)]
    pub deny: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Where to keep reason and salt
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver claims show 0x…")]
pub struct ShowArgs {
    /// A claim (its evidence's commitment), a policy or a request
    pub id: B256,
}

fn range(text: &str) -> Result<RangeInclusive<i64>, String> {
    let number =
        |text: &str| text.parse::<i64>().map_err(|_| "a number or LEAST..MOST is expected".to_owned());
    let (least, most) = match text.split_once("..") {
        Some((least, most)) => (number(least)?, number(most)?),
        None => (number(text)?, number(text)?),
    };
    if least > most {
        return Err("LEAST..MOST: the first is the smaller".to_owned());
    }
    Ok(least..=most)
}

fn offer(text: &str) -> Result<B256, String> {
    match text {
        "none" => Ok(B256::ZERO),
        _ => text
            .parse()
            .map_err(|_| "an offer's id (0x and 64 hexadecimal digits) or none is expected".to_owned()),
    }
}
