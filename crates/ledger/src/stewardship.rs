//! A typed client of `Stewardship`: an owner's who says when versions are retired, a monitor's, and everybody's who sees to it.
//!
//! What is read is the state of the newest final block. Rules of the contract are in `IStewardship`.

use crate::{
    Ledger,
    contracts::{SendError, Sender, Sent, Stewardship},
    keys::{AccountKey, SignError},
    registry::{ReadError, ask},
};
use alloy::sol_types::SolCall;
use averment_primitives::{Address, B256, LogId, ModelId, VersionId};
use averment_registry::{
    log::{LogInclusion, Record},
    measurement::{Measurement, MeasurementError, SignedMeasurement, StewardId},
};
use thiserror::Error;

/// The steward of a chain, whichever models have appointed it.
#[derive(Debug, Clone)]
pub struct Steward {
    ledger: Ledger,
    address: Address,
}

/// That a version takes over from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// The version that takes over.
    pub successor: VersionId,
    /// From which second of Unix time.
    pub hour: u64,
    /// Where both run.
    pub environment: String,
}

/// What a metric may be before a version is retired for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is still good.
    pub bound: Bound,
    /// How many measurements in a row have to be beyond the bound, 1 to 16.
    pub run: u8,
    /// Of how many samples a measurement has to be, at least.
    pub samples: u64,
    /// Seconds after its window for which a measurement counts, at most a year.
    pub fresh: u64,
}

/// The last good value, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// A version is good that has at least this, as of an accuracy.
    Least(i64),
    /// A version is good that has at most this, as of a drift.
    Most(i64),
}

/// A root that a log anchored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnchoredRoot {
    /// The log.
    pub log: LogId,
    /// The epoch.
    pub epoch: u64,
    /// The root.
    pub root: B256,
    /// The registry's head that was recorded with it.
    pub registry_head: B256,
    /// Leaves of the tree.
    pub size: u64,
}

/// Why measurements are not presented.
#[derive(Debug, Error)]
pub enum PresentError {
    /// A record that is withheld or erased shows nothing.
    #[error("the record {index} was withheld or erased: the chain has to see it")]
    Withheld {
        /// Its index.
        index: u64,
    },
    /// A record of something else.
    #[error("record {index}: {source}")]
    Record {
        /// Its index.
        index: u64,
        /// Why.
        source: MeasurementError,
    },
    /// Measurements of several monitors, or for another contract.
    #[error(
        "record {index} was signed by {monitor} for {steward:?}; all must be one monitor's, for this steward"
    )]
    Foreign {
        /// Its index.
        index: u64,
        /// Who signed it.
        monitor: Address,
        /// For which contract.
        steward: StewardId,
    },
    /// The transaction did not go through.
    #[error(transparent)]
    Send(#[from] Box<SendError>),
}

impl From<SendError> for PresentError {
    fn from(error: SendError) -> Self {
        Self::Send(Box::new(error))
    }
}

impl Steward {
    /// The steward at `address`.
    pub fn new(ledger: &Ledger, address: Address) -> Self {
        Self { ledger: ledger.clone(), address }
    }

    /// The contract, as measurements name it.
    pub fn id(&self) -> StewardId {
        StewardId { chain_id: self.ledger.chain_id(), address: self.address }
    }

    /// Signs what a monitor measured.
    pub fn sign(&self, key: &AccountKey, measurement: Measurement) -> Result<SignedMeasurement, SignError> {
        let signature = key.sign_digest(&measurement.digest(self.id()))?.as_bytes().into();
        Ok(SignedMeasurement { measurement, steward: self.id(), monitor: key.address(), signature })
    }

    /// Announces that another version takes over from `version`. By the model's owner, a day before at least.
    pub async fn announce(
        &self,
        sender: &Sender,
        version: VersionId,
        succession: &Succession,
    ) -> Result<Sent, SendError> {
        let call = Stewardship::announceCall {
            version: version.0,
            successor: succession.successor.0,
            hour: succession.hour,
            environment: succession.environment.clone(),
        };
        self.send(sender, "announce the succession", &call).await
    }

    /// Takes an announcement back. By the model's owner.
    pub async fn cancel(&self, sender: &Sender, version: VersionId) -> Result<Sent, SendError> {
        self.send(sender, "cancel the succession", &Stewardship::cancelCall { version: version.0 }).await
    }

    /// Retires a version whose successor's hour has come. By anybody.
    pub async fn succeed(&self, sender: &Sender, version: VersionId) -> Result<Sent, SendError> {
        self.send(sender, "carry out the succession", &Stewardship::succeedCall { version: version.0 }).await
    }

    /// Names the log in which measurements of a model are recorded. By its owner.
    pub async fn set_log(&self, sender: &Sender, model: ModelId, log: LogId) -> Result<Sent, SendError> {
        self.send(sender, "name the log", &Stewardship::setLogCall { modelId: model.0, log: log.0 }).await
    }

    /// Allows or forbids an account to measure a model. By its owner.
    pub async fn set_monitor(
        &self,
        sender: &Sender,
        model: ModelId,
        monitor: Address,
        allowed: bool,
    ) -> Result<Sent, SendError> {
        let call = Stewardship::setMonitorCall { modelId: model.0, monitor, allowed };
        self.send(sender, "set the monitor", &call).await
    }

    /// Sets the limit of a metric for all versions of a model, or takes it away. By its owner.
    pub async fn set_limit(
        &self,
        sender: &Sender,
        model: ModelId,
        metric: &str,
        limit: Option<&Limit>,
    ) -> Result<Sent, SendError> {
        let none = Stewardship::Limit { bound: 0, least: false, run: 0, samples: 0, fresh: 0, since: 0 };
        let limit = limit.copied().map_or(none, Limit::to_abi);
        let call = Stewardship::setLimitCall { modelId: model.0, metric: metric.to_owned(), limit };
        self.send(sender, "set the limit", &call).await
    }

    /// Retires a version that broke a limit, by the records that show it, in order, as an anchored log proves them. By anybody.
    pub async fn retire(
        &self,
        sender: &Sender,
        anchor: &AnchoredRoot,
        proofs: &[LogInclusion],
    ) -> Result<Sent, PresentError> {
        let mut monitor = None;
        let mut records = Vec::new();
        for proof in proofs {
            let index = proof.index;
            let opening = proof.opening.as_ref().ok_or(PresentError::Withheld { index })?;
            let fault = |source| PresentError::Record { index, source };
            let record = Record::decode(opening.record.as_bytes()).map_err(|error| fault(error.into()))?;
            let signed = SignedMeasurement::of_record(&record).map_err(fault)?;
            if *monitor.get_or_insert(signed.monitor) != signed.monitor || signed.steward != self.id() {
                return Err(PresentError::Foreign {
                    index,
                    monitor: signed.monitor,
                    steward: signed.steward,
                });
            }
            records.push(Stewardship::Recorded {
                measurement: to_abi(&signed.measurement),
                signature: signed.signature,
                salt: opening.salt.clone().into(),
                index,
                path: proof.proof.clone(),
            });
        }
        let anchor = Stewardship::AnchoredRoot {
            log: anchor.log.0,
            epoch: anchor.epoch,
            root: anchor.root,
            registryHead: anchor.registry_head,
            size: anchor.size,
        };
        let call = Stewardship::retireCall { monitor: monitor.unwrap_or_default(), anchor, records };
        Ok(self.send(sender, "retire the version", &call).await?)
    }

    /// What is announced about a version.
    pub async fn succession_of(&self, version: VersionId) -> Result<Option<Succession>, ReadError> {
        let call = Stewardship::successionOfCall { version: version.0 };
        let found = self.read("successionOf", call).await?;
        let succession = Succession {
            successor: VersionId(found.successor),
            hour: found.hour,
            environment: found.environment,
        };
        Ok((!succession.successor.0.is_zero()).then_some(succession))
    }

    /// Which version to ask by who knew `version`: itself, unless its successor's hour has come.
    pub async fn current_of(&self, version: VersionId) -> Result<VersionId, ReadError> {
        self.read("currentOf", Stewardship::currentOfCall { version: version.0 }).await.map(VersionId)
    }

    /// The log in which measurements of a model are recorded, if one is named.
    pub async fn log_of(&self, model: ModelId) -> Result<Option<LogId>, ReadError> {
        let log = self.read("logOf", Stewardship::logOfCall { modelId: model.0 }).await?;
        Ok((!log.is_zero()).then_some(LogId(log)))
    }

    /// Whether an account may measure a model.
    pub async fn is_monitor(&self, model: ModelId, account: Address) -> Result<bool, ReadError> {
        self.read("isMonitor", Stewardship::isMonitorCall { modelId: model.0, account }).await
    }

    /// The limit of a metric, if it has one, and since when, in seconds of Unix time: older windows do not count.
    pub async fn limit_of(&self, model: ModelId, metric: &str) -> Result<Option<(Limit, u64)>, ReadError> {
        let call = Stewardship::limitOfCall { modelId: model.0, metric: metric.to_owned() };
        let found = self.read("limitOf", call).await?;
        let bound = if found.least { Bound::Least(found.bound) } else { Bound::Most(found.bound) };
        let limit = Limit { bound, run: found.run, samples: found.samples, fresh: found.fresh };
        Ok((found.run != 0).then_some((limit, found.since)))
    }

    async fn send<C: SolCall>(
        &self,
        sender: &Sender,
        action: &'static str,
        call: &C,
    ) -> Result<Sent, SendError> {
        sender.call_on(self.ledger.chain_id(), action, self.address, call).await
    }

    async fn read<C: SolCall>(&self, function: &'static str, call: C) -> Result<C::Return, ReadError> {
        let block = self.ledger.newest_final().await?;
        ask(&self.ledger, &block, function, self.address, call).await
    }
}

impl Bound {
    /// Whether a value is beyond it.
    pub fn is_broken_by(self, value: i64) -> bool {
        match self {
            Self::Least(bound) => value < bound,
            Self::Most(bound) => value > bound,
        }
    }
}

impl Limit {
    fn to_abi(self) -> Stewardship::Limit {
        let (bound, least) = match self.bound {
            Bound::Least(bound) => (bound, true),
            Bound::Most(bound) => (bound, false),
        };
        let (run, samples, fresh) = (self.run, self.samples, self.fresh);
        Stewardship::Limit { bound, least, run, samples, fresh, since: 0 }
    }
}

fn to_abi(measurement: &Measurement) -> Stewardship::Measurement {
    Stewardship::Measurement {
        version: measurement.version.0,
        metric: measurement.metric.clone(),
        number: measurement.number,
        value: measurement.value,
        samples: measurement.samples,
        from: measurement.from,
        until: measurement.until,
    }
}
