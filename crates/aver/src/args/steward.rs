//! What `aver steward` takes.

use averment_ledger::stewardship::Bound;
use averment_registry::measurement::MILLIONTHS;
use clap::{ArgGroup, Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum StewardCommand {
    /// Appoints the steward that was deployed with the contracts, which may then retire the model's versions by rule
    #[command(
        after_help = "Examples:\n  aver steward appoint triage\n  aver steward appoint triage --dismiss"
    )]
    Appoint {
        /// The model: its id, its name if you created it, or CREATOR/NAME
        model: String,
        /// Take the appointment back
        #[arg(long)]
        dismiss: bool,
    },
    /// Announces that another version takes over, a day from now or later
    #[command(
        after_help = "Example:\n  aver steward announce triage@1.0.0 --successor triage@2.0.0 --at 1798761600 --environment clinic\n\n\
                      Deploy the successor there before its hour: until then nothing changes."
    )]
    Announce(AnnounceArgs),
    /// Takes an announcement back, as long as it cannot be carried out
    #[command(after_help = "Example:\n  aver steward cancel triage@1.0.0")]
    Cancel {
        /// The version that was to be succeeded
        version: String,
    },
    /// Retires a version whose successor's hour has come (by anybody)
    #[command(after_help = "Example:\n  aver steward succeed triage@1.0.0")]
    Succeed {
        /// The version to retire
        version: String,
    },
    /// Allows or forbids an account to measure a model, and names the log here as the one that records it
    #[command(after_help = "Examples:\n  aver steward monitor triage drift-monitor\n  \
                            aver steward monitor triage drift-monitor --forbid")]
    Monitor {
        /// The model: its id, its name if you created it, or CREATOR/NAME
        model: String,
        /// Who: an address or the name of a key
        monitor: String,
        /// Forbid instead of allow
        #[arg(long)]
        forbid: bool,
    },
    /// Names the log here as the one in which measurements of a model are recorded
    #[command(after_help = "Example:\n  aver steward log triage")]
    Log {
        /// The model: its id, its name if you created it, or CREATOR/NAME
        model: String,
    },
    /// Sets what a metric may be before versions are retired for it, or takes that away
    #[command(
        after_help = "Examples:\n  aver steward limit triage accuracy --least 0.9 --run 3 --samples 500\n  \
                            aver steward limit triage psi --most 0.25\n  aver steward limit triage psi --remove"
    )]
    Limit(LimitArgs),
    /// Signs a measurement as a monitor and records it in the log here
    #[command(
        after_help = "Example:\n  aver steward measure triage@1.0.0 accuracy 0.87 --samples 640 --from 1798675200 \
                      --until 1798761600 --account drift-monitor"
    )]
    Measure(MeasureArgs),
    /// Retires a version by the records that show that it broke a limit, which the log's newest anchor covers (by anybody)
    #[command(after_help = "Example:\n  aver steward retire 41 42 43\n\nThe chain sees these records.")]
    Retire {
        /// The records' indexes, in order
        #[arg(required = true)]
        records: Vec<u64>,
    },
    /// Shows what is announced about a version, and which one to ask now
    #[command(after_help = "Example:\n  aver steward show triage@1.0.0")]
    Show {
        /// The version
        version: String,
    },
}

#[derive(Debug, Args)]
pub struct AnnounceArgs {
    /// The version that is succeeded
    pub version: String,
    /// The version that takes over
    #[arg(long, value_name = "VERSION")]
    pub successor: String,
    /// When, in seconds of Unix time
    #[arg(long, value_name = "SECOND")]
    pub at: u64,
    /// Where both run
    #[arg(long)]
    pub environment: String,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("bound").required(true))]
pub struct LimitArgs {
    /// The model: its id, its name if you created it, or CREATOR/NAME
    pub model: String,
    /// The metric's name
    pub metric: String,
    /// The least value that is good, with at most six digits after the point
    #[arg(long, value_name = "VALUE", group = "bound", value_parser = millionths, allow_hyphen_values = true)]
    pub least: Option<i64>,
    /// The largest value that is good
    #[arg(long, value_name = "VALUE", group = "bound", value_parser = millionths, allow_hyphen_values = true)]
    pub most: Option<i64>,
    /// Take the limit away
    #[arg(long, group = "bound")]
    pub remove: bool,
    /// How many measurements in a row have to be beyond it
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub run: u8,
    /// Of how many samples a measurement has to be
    #[arg(long, default_value_t = 1)]
    pub samples: u64,
    /// Seconds after its window for which a measurement counts
    #[arg(long, value_name = "SECONDS", default_value_t = 30 * 86_400, value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub fresh: u64,
}

impl LimitArgs {
    /// The bound; none if the limit is taken away.
    pub fn bound(&self) -> Option<Bound> {
        self.least.map(Bound::Least).or(self.most.map(Bound::Most))
    }
}

#[derive(Debug, Args)]
pub struct MeasureArgs {
    /// The version that was measured
    pub version: String,
    /// The metric's name
    pub metric: String,
    /// Its value, with at most six digits after the point
    #[arg(value_parser = millionths, allow_hyphen_values = true)]
    pub value: i64,
    /// Of how many samples
    #[arg(long)]
    pub samples: u64,
    /// The first second of the window, of Unix time
    #[arg(long, value_name = "SECOND")]
    pub from: u64,
    /// The second after its last
    #[arg(long, value_name = "SECOND")]
    pub until: u64,
}

/// A decimal number as millionths; more digits are refused, not rounded.
fn millionths(text: &str) -> Result<i64, String> {
    let wrong =
        || format!("expected a number such as 0.9, with at most six digits after the point, got {text:?}");
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(part) || part.len() > 6 {
        return Err(wrong());
    }
    let part: i64 = format!("{part:0<6}").parse().map_err(|_| wrong())?;
    let whole: i64 = whole.parse().map_err(|_| wrong())?;
    let value = whole.checked_mul(MILLIONTHS).and_then(|whole| whole.checked_add(part)).ok_or_else(wrong)?;
    Ok(sign * value)
}

#[cfg(test)]
mod tests {
    use super::millionths;

    #[test]
    fn decimals_are_millionths_exactly_or_refused() {
        for (text, value) in [
            ("0.9", 900_000),
            ("1", 1_000_000),
            ("-0.000001", -1),
            ("0.25", 250_000),
            ("12.345678", 12_345_678),
        ] {
            assert_eq!(millionths(text), Ok(value), "{text}");
        }
        for text in ["", "-", ".5", "1.", "0.1234567", "1e3", "+1", "0x1", "9223372036855", "1.-5"] {
            millionths(text).unwrap_err();
        }
    }
}
