//! What a steward refuses, in words.

use super::super::Stewardship::StewardshipErrors as Steward;
use averment_registry::Utc;
use std::fmt;

pub(super) fn steward(error: &Steward, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Steward::NotSteward(e) => write!(
            f,
            "the steward of model {} is {}: its owner appoints this one first",
            e.modelId, e.steward
        ),
        Steward::OtherModel(e) => {
            write!(f, "a version of model {} does not take over from one of model {}", e.got, e.expected)
        }
        Steward::NotDeployed(e) => {
            write!(f, "version {} is not deployed in {:?}, or its approvals fell", e.version, e.environment)
        }
        Steward::NotApproved(e) => write!(f, "version {} is not approved, or its life has ended", e.version),
        Steward::NoticeOutOfRange(e) => write!(
            f,
            "a succession is announced for {} to {}, got {}",
            Utc(e.min.saturating_to()),
            Utc(e.max.saturating_to()),
            Utc(e.got)
        ),
        Steward::SuccessionExists(e) => write!(
            f,
            "version {} is to be succeeded by {} already: cancel that, or name the last of the line",
            e.version, e.successor
        ),
        Steward::NoSuccession(e) => write!(f, "no successor of version {} is announced", e.version),
        Steward::TooEarly(e) => write!(f, "the hour of version {}'s successor is {}", e.version, Utc(e.hour)),
        Steward::HourHasCome(e) => {
            write!(f, "version {} was succeeded at {}: this cannot be taken back", e.version, Utc(e.hour))
        }
        Steward::BadMetricName(_) => {
            f.write_str("a metric's name is 1 to 32 bytes of a-z, 0-9, '-', '.' and '_'")
        }
        Steward::BadLimit(_) => {
            f.write_str("a limit asks for 1 to 16 measurements, which count for a second to a year")
        }
        Steward::NoLimit(e) => write!(f, "model {} has no limit of {:?}", e.modelId, e.metric),
        Steward::NotAMonitor(e) => write!(f, "{} is no monitor of model {}", e.got, e.modelId),
        Steward::OtherLog(e) => {
            write!(f, "measurements of this model are recorded in log {}, not in {}", e.expected, e.got)
        }
        Steward::NotAnchored(e) => write!(f, "log {} did not anchor this root in epoch {}", e.log, e.epoch),
        Steward::WrongCount(e) => {
            write!(f, "the limit asks for {} measurements in a row, got {}", e.expected, e.got)
        }
        Steward::NotTheNext(e) => {
            write!(f, "measurements are presented in a row: number {} expected, got {}", e.expected, e.got)
        }
        Steward::BadWindow(e) => write!(
            f,
            "the window {} to {} is empty, overlaps the one before, or has not ended",
            Utc(e.from),
            Utc(e.until)
        ),
        Steward::TooOld(e) => {
            write!(f, "only windows from {} on count, this is of {}", Utc(e.earliest), Utc(e.got))
        }
        Steward::TooFewSamples(e) => {
            write!(f, "the limit asks for {} samples, the measurement has {}", e.expected, e.got)
        }
        Steward::WithinLimit(e) => write!(f, "the value {} keeps the bound {} (millionths)", e.got, e.bound),
        Steward::NotSignedBy(e) => {
            write!(f, "the measurement is not signed by {} for this steward", e.monitor)
        }
        Steward::NotInLog(e) => write!(f, "the record with leaf {} is not in the anchored log", e.leaf),
        other => write!(f, "{other:?}"),
    }
}
