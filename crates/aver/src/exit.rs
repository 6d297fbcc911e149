//! Exit codes: 0 done, 1 refused, 2 wrong usage, 3 something outside failed.

use averment_ledger::{
    ConnectError, OpenLedgerError,
    claims::ClaimsError,
    contracts::{DeployError, DeploymentFault, SendError},
    federated::TaskError,
    http::BindError,
    keys::{KeyError, PemError},
    registry::{AnchorsFault, DossierError, HistoryFault, ReadError},
    settlement::SettlementError,
    stewardship::PresentError,
};
use averment_node::stake::StakeError;
use averment_storage::formats::oms;
use std::{convert::Infallible, fmt};

/// An error whose kind decides the exit code. Anything else ends with [`OUTSIDE`].
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

/// Evidence does not verify, or the chain would refuse.
pub const REFUSED: u8 = 1;
/// The command line or the configuration is wrong.
pub const USAGE: u8 = 2;
/// A file, the chain or a password failed.
pub const OUTSIDE: u8 = 3;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// An error about what was typed or configured.
pub fn usage(message: impl Into<String>) -> Failure {
    Failure { code: USAGE, message: message.into() }
}

/// An error that says no: evidence is broken, or a rule forbids it.
pub fn refused(message: impl Into<String>) -> Failure {
    Failure { code: REFUSED, message: message.into() }
}

/// An error about what lies outside: a file, the chain, money.
pub fn outside(message: impl Into<String>) -> Failure {
    Failure { code: OUTSIDE, message: message.into() }
}

/// The exit code for an error: that of the first cause whose kind decides it.
pub fn code_of(error: &anyhow::Error) -> u8 {
    error.chain().find_map(kind).unwrap_or(OUTSIDE)
}

fn kind(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    if let Some(failure) = cause.downcast_ref::<Failure>() {
        return Some(failure.code);
    }
    chain(cause).or_else(|| key(cause)).or_else(|| model_signing(cause))
}

/// What the chain, its contracts or whoever speaks for them said.
fn chain(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    let send = |error: &SendError| match error {
        SendError::Refused { .. } | SendError::Declined { .. } | SendError::Reverted { .. } => Some(REFUSED),
        SendError::OtherChain { .. } => Some(USAGE),
        _ => None,
    };
    let fault = |error: &DeploymentFault| match error {
        DeploymentFault::ChainId { .. } | DeploymentFault::OtherChain { .. } => Some(USAGE),
        DeploymentFault::Code { .. } | DeploymentFault::Implementation { .. } => Some(REFUSED),
        _ => None,
    };
    let history = |error: &HistoryFault| match error {
        HistoryFault::Logs { .. } | HistoryFault::Evidence(_) => None,
        _ => Some(REFUSED),
    };
    if let Some(error) = cause.downcast_ref::<SendError>() {
        return send(error);
    }
    if let Some(StakeError::Send(error)) = cause.downcast_ref::<StakeError>() {
        return send(error);
    }
    if let Some(error) = cause.downcast_ref::<ClaimsError>() {
        return match error {
            ClaimsError::Send(error) => send(error),
            ClaimsError::NotYet { .. } => Some(REFUSED),
            _ => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<PresentError>() {
        return match error {
            PresentError::Send(error) => send(error),
            PresentError::Withheld { .. } | PresentError::Record { .. } | PresentError::Foreign { .. } => {
                Some(REFUSED)
            }
        };
    }
    if let Some(error) = cause.downcast_ref::<SettlementError>() {
        return match error {
            SettlementError::Send(error) => send(error),
            SettlementError::NotDeployed { .. } => Some(USAGE),
            SettlementError::NoRequest { .. }
            | SettlementError::NoOffer { .. }
            | SettlementError::Missing { .. }
            | SettlementError::Event { .. }
            | SettlementError::NotDrawable { .. }
            | SettlementError::NoRound { .. }
            | SettlementError::NotNow { .. }
            | SettlementError::Statement(_)
            | SettlementError::Read(ReadError::Refused(_)) => Some(REFUSED),
            _ => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<TaskError>() {
        return match error {
            TaskError::Send(error) => send(error),
            TaskError::Code(_) | TaskError::Event { .. } | TaskError::Read(ReadError::Refused(_)) => {
                Some(REFUSED)
            }
            _ => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<DeploymentFault>() {
        return fault(error);
    }
    if let Some(error) = cause.downcast_ref::<HistoryFault>() {
        return history(error);
    }
    if let Some(error) = cause.downcast_ref::<DeployError>() {
        return match error {
            DeployError::Send(error) => send(error),
            DeployError::Check(error) => fault(error),
            DeployError::Governance(_) | DeployError::NoRandomness { .. } => Some(USAGE),
            _ => None,
        };
    }
    if let Some(DossierError::History(error)) = cause.downcast_ref::<DossierError>() {
        return history(error);
    }
    if let Some(error) = cause.downcast_ref::<OpenLedgerError>() {
        return match error {
            OpenLedgerError::Remote(ConnectError::ChainId { .. } | ConnectError::Url { .. }) => Some(USAGE),
            _ => None,
        };
    }
    if let Some(AnchorsFault::Event { .. } | AnchorsFault::Stored { .. }) =
        cause.downcast_ref::<AnchorsFault>()
    {
        return Some(REFUSED);
    }
    if let Some(BindError::NotLoopback { .. }) = cause.downcast_ref::<BindError>() {
        return Some(USAGE);
    }
    match cause.downcast_ref::<ReadError>() {
        Some(ReadError::Refused(_)) => Some(REFUSED),
        _ => None,
    }
}

fn key(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    match cause.downcast_ref::<KeyError>() {
        Some(KeyError::Name { .. } | KeyError::Missing { .. } | KeyError::Exists { .. }) => Some(USAGE),
        _ => None,
    }
}

fn model_signing(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    let model = |error: &oms::ModelError| match error {
        oms::ModelError::Ignore { .. }
        | oms::ModelError::BundleIsModel { .. }
        | oms::ModelError::Colon { .. }
        | oms::ModelError::TooMany { .. } => Some(USAGE),
        oms::ModelError::Symlink { .. }
        | oms::ModelError::LinkTarget { .. }
        | oms::ModelError::NoFiles { .. } => Some(REFUSED),
        oms::ModelError::Files(_) => None,
    };
    if let Some(error) = cause.downcast_ref::<oms::ImportError>() {
        return match error {
            oms::ImportError::Bundle { .. }
            | oms::ImportError::TooLong { .. }
            | oms::ImportError::Differs { .. } => Some(REFUSED),
            oms::ImportError::Model(error) => model(error),
            oms::ImportError::Read { .. } => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<oms::ExportError<Infallible>>() {
        return match error {
            oms::ExportError::Exists { .. }
            | oms::ExportError::Json(_)
            | oms::ExportError::TooLong { .. } => Some(USAGE),
            oms::ExportError::Model(error) => model(error),
            _ => None,
        };
    }
    if cause.is::<oms::KeyError>() {
        return Some(USAGE);
    }
    match cause.downcast_ref::<PemError>() {
        None | Some(PemError::Io { .. }) => None,
        Some(_) => Some(USAGE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    fn missing() -> KeyError {
        KeyError::Missing { name: "x".to_owned(), folder: "keys".into() }
    }

    #[test]
    fn a_context_does_not_hide_what_kind_of_error_it_is() {
        for (error, code) in [
            (anyhow::Error::from(usage("no")), USAGE),
            (Err::<(), _>(usage("no")).context("while reading").unwrap_err(), USAGE),
            (Err::<(), _>(refused("no")).context("a").context("b").unwrap_err(), REFUSED),
            (Err::<(), _>(missing()).context("expected a key").unwrap_err(), USAGE),
            (anyhow::anyhow!("the disk burns"), OUTSIDE),
        ] {
            assert_eq!(code_of(&error), code, "{error:#}");
        }
    }
}
