//! The terms of a task as a person writes them: lengths in the parameters' own units, amounts in tokens, times in words.

use crate::{args::request::Span, commands::Context, desk::Desk, exit};
use anyhow::Result;
use averment_ledger::federated::{TaskMoney, TaskRule, TaskSize, TaskTimes, Terms};
use averment_plan::vector::VectorLayout;
use averment_primitives::{Address, B256};
use serde::Deserialize;

/// What `aver federated create --template` prints.
pub const TEMPLATE: &str = r#"# The terms of a task of federated learning. They are in the task's contract for ever: nobody changes them.

rounds = 10                 # how many are opened at most, those that come to nothing too
bound = 1.0                 # the longest an update may be (its norm), in the parameters' own units; proved of each

[rule]
kind = "multi-krum"         # average, centered-clipping, krum, multi-krum, geometric-median, fltrust
faults = 1                  # f: how many of a round's updates may be wrong; krum, multi-krum and mixing need 2f + 1
clip = false                # shorten updates to `norm` first
mix = false                 # replace each update by the mean of its nearest first
norm = 0.0                  # 0: the median of the updates' norms
radius = 0.0                # of centered clipping; 0: the median of the distances
history = true              # compare what members' updates add up to over rounds, so that clones count as one

[members]
minimum = 3                 # updates that a round needs, and members to open one
per_round = 20              # the most participants of a round; if there are more members, a draw chooses
maximum = 20                # the most members
strikes = 3                 # as many put a member out (silence, a lost challenge)
voids = 3                   # as many rounds in a row that come to nothing end the task
# aggregator = "KEY"        # who aggregates first; without one any member does. An address or the name of a key
# gate = "0x…"              # a contract that says which accounts are whose; without one anybody joins
# root = "KEY"              # who gives FLTrust its root update

[times]                     # of each phase, a minute or longer: 90s, 10m, 6h, 2d
idle = "1d"                 # between rounds
select = "1h"               # until the draw is known
commit = "1h"               # training ends here
reveal = "1h"
check = "1h"                # proofs and updates can be challenged
answer = "1h"
aggregate = "1h"            # the named aggregator's
takeover = "1h"             # then any member's
score = "1h"                # validators
disclose = "1h"
settle = "1h"               # the model can be challenged

[money]                     # in tokens; the pool is rounds times (reward + fee + validators times their fee)
stake = "100"               # of a member; lost only on proof
bond = "10"                 # of a challenge
reward = "100"              # a round's participants together, by quality
fee = "5"                   # its aggregator

[validators]
most = 0                    # who score on private data; 0: nobody
fee = "0"
stake = "0"
"#;

/// Longest terms that are read, in bytes.
pub const LIMIT: u64 = 1 << 16;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermsFile {
    rounds: u16,
    bound: f64,
    rule: RuleSection,
    members: MembersSection,
    times: TimesSection,
    money: MoneySection,
    #[serde(default)]
    validators: ValidatorsSection,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleSection {
    kind: RuleKind,
    #[serde(default)]
    faults: u8,
    #[serde(default)]
    clip: bool,
    #[serde(default)]
    mix: bool,
    #[serde(default)]
    norm: f64,
    #[serde(default)]
    radius: f64,
    history: bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RuleKind {
    Average,
    CenteredClipping,
    Krum,
    MultiKrum,
    GeometricMedian,
    #[serde(rename = "fltrust")]
    FlTrust,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MembersSection {
    minimum: u16,
    per_round: u16,
    maximum: u16,
    strikes: u8,
    voids: u8,
    aggregator: Option<String>,
    gate: Option<String>,
    root: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimesSection {
    idle: String,
    select: String,
    commit: String,
    reveal: String,
    check: String,
    answer: String,
    aggregate: String,
    takeover: String,
    score: String,
    disclose: String,
    settle: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MoneySection {
    stake: String,
    bond: String,
    reward: String,
    fee: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ValidatorsSection {
    most: u8,
    fee: String,
    stake: String,
}

impl Default for ValidatorsSection {
    fn default() -> Self {
        Self { most: 0, fee: "0".to_owned(), stake: "0".to_owned() }
    }
}

impl TermsFile {
    /// Reads the file's text; `shown` is its name.
    pub fn parse(shown: &str, text: &str) -> Result<Self> {
        Ok(toml::from_str(text).map_err(|error| exit::usage(format!("{shown}: {error}")))?)
    }

    /// The terms of a task that starts from a version with this plan, but for the digests of descriptors, which follow from these.
    pub fn terms(
        &self,
        version: B256,
        layout: &VectorLayout,
        desk: &Desk,
        context: &Context,
    ) -> Result<Terms> {
        let unit = 2_f64.powi(layout.finest());
        let length = |name: &str, value: f64, most: f64| -> Result<u64> {
            let units = (value * unit).floor();
            if !(value.is_finite() && value >= 0.0 && units <= most) {
                return Err(exit::usage(format!(
                    "{name}: expected 0 to {} in the parameters' units, got {value}",
                    most / unit
                ))
                .into());
            }
            // In range, as was just seen.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
            Ok(units as u64)
        };
        // `(rounds · bound)^2 < 2^62`.
        let most = f64::from((1_u32 << 31) - 1) / f64::from(self.rounds.max(1));
        let bound = length("bound", self.bound, most.floor())?;
        if bound == 0 {
            return Err(exit::usage(format!(
                "bound: {} is below the parameters' unit, {}",
                self.bound,
                1.0 / unit
            ))
            .into());
        }
        let widest = f64::from(u32::MAX);
        let RuleSection { kind, faults, clip, mix, norm, radius, history } = self.rule;
        let rule = TaskRule {
            kind: kind as u8,
            faults,
            clip,
            mix,
            norm: length("rule.norm", norm, widest)?,
            radius: length("rule.radius", radius, widest)?,
            history,
        };
        let own = &self.members;
        let size = TaskSize {
            minimum: own.minimum,
            maximum: own.maximum,
            perRound: own.per_round,
            rounds: self.rounds,
            maximumVoid: own.voids.min(u8::try_from(self.rounds).unwrap_or(u8::MAX)),
            strikes: own.strikes,
        };
        let time = |name: &str, text: &str| -> Result<u32> {
            let wrong = |why: String| exit::usage(format!("times.{name}: {why}, got {text:?}"));
            let span: Span = text.parse().map_err(wrong)?;
            match span.0 {
                60..=2_592_000 => Ok(span.0),
                _ => Err(wrong("expected one minute to 30 days".to_owned()).into()),
            }
        };
        let times = &self.times;
        let times = TaskTimes {
            idle: time("idle", &times.idle)?,
            select: time("select", &times.select)?,
            commit: time("commit", &times.commit)?,
            reveal: time("reveal", &times.reveal)?,
            check: time("check", &times.check)?,
            answer: time("answer", &times.answer)?,
            aggregate: time("aggregate", &times.aggregate)?,
            takeover: time("takeover", &times.takeover)?,
            score: time("score", &times.score)?,
            disclose: time("disclose", &times.disclose)?,
            settle: time("settle", &times.settle)?,
        };
        let money = TaskMoney {
            stake: desk.amount("money.stake", &self.money.stake)?,
            bond: desk.amount("money.bond", &self.money.bond)?,
            reward: desk.amount("money.reward", &self.money.reward)?,
            fee: desk.amount("money.fee", &self.money.fee)?,
            validatorFee: desk.amount("validators.fee", &self.validators.fee)?,
            validatorStake: desk.amount("validators.stake", &self.validators.stake)?,
        };
        let named = |account: &Option<String>| match account {
            Some(account) => context.address(account),
            None => Ok(Address::ZERO),
        };
        Ok(Terms {
            version,
            plan: layout.plan(),
            updateKind: B256::ZERO,
            roundKind: B256::ZERO,
            bound: u32::try_from(bound).unwrap_or(u32::MAX),
            rule,
            size,
            times,
            money,
            validators: self.validators.most,
            aggregator: named(&own.aggregator)?,
            root: named(&own.root)?,
            gate: named(&own.gate)?,
            privacy: 0,
        })
    }
}

/// A rule's name, as the file has it.
pub fn rule_name(kind: u8) -> &'static str {
    ["average", "centered-clipping", "krum", "multi-krum", "geometric-median", "fltrust"]
        .get(usize::from(kind))
        .copied()
        .unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_read_and_what_is_not_known_is_refused() {
        let file = TermsFile::parse("terms.toml", TEMPLATE).unwrap();
        assert_eq!((file.rounds, rule_name(file.rule.kind as u8)), (10, "multi-krum"));
        let error = TermsFile::parse("terms.toml", &TEMPLATE.replace("faults", "fault")).unwrap_err();
        assert_eq!(exit::code_of(&error), exit::USAGE);
        assert!(error.to_string().contains("unknown field `fault`"), "{error}");
        let all = [
            RuleKind::Average,
            RuleKind::CenteredClipping,
            RuleKind::Krum,
            RuleKind::MultiKrum,
            RuleKind::GeometricMedian,
            RuleKind::FlTrust,
        ];
        for (number, kind) in all.into_iter().enumerate() {
            assert_eq!(kind as usize, averment_federated::rules::Kind::ALL[number] as usize);
        }
    }
}
