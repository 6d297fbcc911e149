//! Measurements of a deployed version, by which a steward retires it: what a monitor signs, and the record that holds it.
//!
//! Twin of `Measurement` in `contracts/src/types/Stewardship.sol`. The contract writes the record's text itself and hashes it up
//! to an anchored root, so a measurement has exactly one record, to the byte (docs/formats.md, "Measurements"). Numbers are
//! below 2^53, as in every record; values are millionths.

use crate::{
    approval::{SignatureError, recover},
    canonical::MAX_SAFE_INTEGER,
    log::{Record, RecordError, RecordKind},
};
use alloy_sol_types::{Eip712Domain, SolStruct, eip712_domain, sol};
use averment_primitives::{Address, B256, Bytes, VersionId};
use serde_json::{Map, Value, json};
use thiserror::Error;

/// What a metric's value one is.
pub const MILLIONTHS: i64 = 1_000_000;
/// Longest name of a metric, in bytes.
pub const MAX_METRIC_BYTES: usize = 32;
/// Longest signature that a record of a measurement may hold, in bytes.
pub const MAX_SIGNATURE_BYTES: usize = 30_000;

/// The contract that measurements are signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StewardId {
    /// The chain's EIP-155 id.
    pub chain_id: u64,
    /// Where the contract is.
    pub address: Address,
}

/// How a version did in a window of time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Measurement {
    /// The version.
    pub version: VersionId,
    /// What was measured: 1 to 32 bytes `a-z`, `0-9`, `-`, `.`, `_`.
    pub metric: String,
    /// Its number among this monitor's measurements of this metric of this version, without gaps.
    pub number: u64,
    /// In millionths.
    pub value: i64,
    /// Of how many samples.
    pub samples: u64,
    /// First second of the window, of Unix time.
    pub from: u64,
    /// The second after its last.
    pub until: u64,
}

/// A measurement that a monitor signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedMeasurement {
    /// What was signed.
    pub measurement: Measurement,
    /// For which contract.
    pub steward: StewardId,
    /// Who is said to have signed.
    pub monitor: Address,
    /// The signature: of a key (65 bytes) or of a contract wallet.
    pub signature: Bytes,
}

/// Why something is no measurement.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum MeasurementError {
    /// A name that records would have to escape.
    #[error("a metric's name is 1 to {MAX_METRIC_BYTES} bytes of a-z, 0-9, '-', '.' and '_', got {got:?}")]
    Metric {
        /// The start of what was given.
        got: String,
    },
    /// A number that JSON readers would round.
    #[error("{field} of a measurement must be below 2^53, got {got}")]
    TooLarge {
        /// Which number.
        field: &'static str,
        /// What was given.
        got: i128,
    },
    /// A window without a second in it.
    #[error("the window of a measurement ends after it begins, got {from} to {until}")]
    Window {
        /// Its first second.
        from: u64,
        /// The second after its last.
        until: u64,
    },
    /// More bytes than a record takes.
    #[error("the signature of a measurement has at most {MAX_SIGNATURE_BYTES} bytes, got {got}")]
    SignatureLength {
        /// Bytes found.
        got: usize,
    },
    /// The record is none.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A record of something else.
    #[error("the record holds no measurement: {0}")]
    NoMeasurement(&'static str),
    /// The signature is not one of a key.
    #[error("the measurement's signature: {0}")]
    Signature(#[from] SignatureError),
}

mod typed {
    #![allow(missing_docs, reason = "described on the public twin")]
    use super::sol;
    sol! {
        struct Measurement {
            bytes32 version;
            string metric;
            uint64 number;
            int64 value;
            uint64 samples;
            uint64 from;
            uint64 until;
        }
    }
}

/// The EIP-712 domain of a steward: name `Averment Stewardship`, version `1`, chain and contract.
pub fn domain(steward: StewardId) -> Eip712Domain {
    eip712_domain! {
        name: "Averment Stewardship",
        version: "1",
        chain_id: steward.chain_id,
        verifying_contract: steward.address,
    }
}

/// Whether a steward takes `name` as a metric's.
pub fn is_metric_name(name: &str) -> bool {
    let good = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_');
    (1..=MAX_METRIC_BYTES).contains(&name.len()) && name.bytes().all(good)
}

impl Measurement {
    /// Refuses what no record could hold, or no contract takes.
    pub fn check(&self) -> Result<(), MeasurementError> {
        if !is_metric_name(&self.metric) {
            return Err(MeasurementError::Metric { got: self.metric.chars().take(64).collect() });
        }
        let numbers = [("number", self.number), ("samples", self.samples), ("until", self.until)];
        for (field, got) in numbers
            .map(|(field, number)| (field, i128::from(number)))
            .into_iter()
            .chain([("value", i128::from(self.value))])
        {
            if got.unsigned_abs() > u128::from(MAX_SAFE_INTEGER) {
                return Err(MeasurementError::TooLarge { field, got });
            }
        }
        let (from, until) = (self.from, self.until);
        if from < until { Ok(()) } else { Err(MeasurementError::Window { from, until }) }
    }

    /// The digest that a monitor signs.
    pub fn digest(&self, steward: StewardId) -> B256 {
        typed::Measurement {
            version: self.version.0,
            metric: self.metric.clone(),
            number: self.number,
            value: self.value,
            samples: self.samples,
            from: self.from,
            until: self.until,
        }
        .eip712_signing_hash(&domain(steward))
    }
}

impl SignedMeasurement {
    /// The account whose key made the signature; a contract wallet's cannot be told offline.
    pub fn recover(&self) -> Result<Address, SignatureError> {
        recover(self.measurement.digest(self.steward), &self.signature)
    }

    /// The one record of this measurement.
    pub fn record(&self) -> Result<Record, MeasurementError> {
        let said = &self.measurement;
        said.check()?;
        let got = self.signature.len();
        if got > MAX_SIGNATURE_BYTES {
            return Err(MeasurementError::SignatureLength { got });
        }
        let fields = json!({
            "chain": self.steward.chain_id,
            "from": said.from,
            "metric": said.metric,
            "monitor": hex(&self.monitor),
            "number": said.number,
            "samples": said.samples,
            "signature": hex(&self.signature),
            "steward": hex(&self.steward.address),
            "until": said.until,
            "value": said.value,
        });
        let fields = Map::from_iter([("measurement".to_owned(), fields)]);
        Ok(Record::new(RecordKind::Event, said.until, Some(said.version), fields)?)
    }

    /// Reads the measurement that a record holds; nothing about the signature is checked.
    pub fn of_record(record: &Record) -> Result<Self, MeasurementError> {
        let none = MeasurementError::NoMeasurement;
        let version = record.version().ok_or(none("it names no version"))?;
        let said = record.content().get("measurement").ok_or(none("it has no such field"))?;
        let number = |name| said.get(name).and_then(Value::as_u64).ok_or(none("a number is missing"));
        let text = |name| said.get(name).and_then(Value::as_str).ok_or(none("a text is missing"));
        let address = |name| text(name)?.parse().map_err(|_| none("an address is none"));
        let measurement = Measurement {
            version,
            metric: text("metric")?.to_owned(),
            number: number("number")?,
            value: said.get("value").and_then(Value::as_i64).ok_or(none("a number is missing"))?,
            samples: number("samples")?,
            from: number("from")?,
            until: number("until")?,
        };
        let signed = Self {
            measurement,
            steward: StewardId { chain_id: number("chain")?, address: address("steward")? },
            monitor: address("monitor")?,
            signature: text("signature")?.parse().map_err(|_| none("its signature is not hexadecimal"))?,
        };
        // The contract writes one form, and takes no other.
        if signed.record()? != *record { Err(none("it says more, or says it otherwise")) } else { Ok(signed) }
    }
}

/// Lower case, with 0x, as the contract writes it.
fn hex(bytes: &impl AsRef<[u8]>) -> String {
    Bytes::copy_from_slice(bytes.as_ref()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{REGISTRY, account};
    use averment_primitives::keccak256;

    fn steward() -> StewardId {
        StewardId { chain_id: REGISTRY.chain_id, address: Address::repeat_byte(0xAB) }
    }

    fn measurement() -> Measurement {
        Measurement {
            version: VersionId(B256::repeat_byte(7)),
            metric: "accuracy".into(),
            number: 4,
            value: -850_000,
            samples: 500,
            from: 1_800_000_000,
            until: 1_800_086_400,
        }
    }

    fn signed(measurement: Measurement) -> SignedMeasurement {
        let monitor = account(50);
        let signature = monitor.sign(measurement.digest(steward()));
        SignedMeasurement { measurement, steward: steward(), monitor: monitor.address, signature }
    }

    /// The digest by EIP-712's definition, spelt out.
    #[test]
    fn the_digest_is_eip_712s() {
        let said = measurement();
        let kind = "Measurement(bytes32 version,string metric,uint64 number,int64 value,uint64 samples,uint64 from,uint64 until)";
        let word = |number: u64| B256::left_padding_from(&number.to_be_bytes());
        // Two's complement over a whole word.
        let value = B256::from(averment_primitives::U256::from(850_000).wrapping_neg());
        let body = [
            keccak256(kind),
            said.version.0,
            keccak256("accuracy"),
            word(4),
            value,
            word(500),
            word(said.from),
            word(said.until),
        ];
        let struct_hash = crate::version::hash_words(&body);
        let separator = domain(steward()).separator();
        let expected = keccak256([&[0x19, 0x01][..], &separator.0, &struct_hash.0].concat());
        assert_eq!(said.digest(steward()), expected);
        assert_eq!(signed(said).recover(), Ok(account(50).address));
    }

    #[test]
    fn a_measurement_has_one_record_and_reads_back() {
        let signed = signed(measurement());
        let record = signed.record().unwrap();
        let (monitor, signature) = (hex(&signed.monitor), &signed.signature);
        let expected = format!(
            r#"{{"at":1800086400,"format":"averment-record/1","kind":"event","measurement":{{"chain":{},"from":1800000000,"metric":"accuracy","monitor":"{monitor}","number":4,"samples":500,"signature":"{signature}","steward":"0xabababababababababababababababababababab","until":1800086400,"value":-850000}},"version":"0x0707070707070707070707070707070707070707070707070707070707070707"}}"#,
            REGISTRY.chain_id
        );
        assert_eq!(record.text(), expected);
        assert_eq!(SignedMeasurement::of_record(&record), Ok(signed));
    }

    #[test]
    fn records_that_the_contract_would_not_write_are_none() {
        let text = signed(measurement()).record().unwrap().text().to_owned();
        for (from, to) in [
            ("event", "run"),
            ("\"at\":1800086400", "\"at\":1800086401"),
            ("0xabab", "0xABab"),
            ("\"number\":4", "\"number\":\"4\""),
            ("\"number\":4", "\"note\":\"x\",\"number\":4"),
            ("accuracy", "Accuracy"),
            ("\"signature\":\"0x", "\"signature\":\""),
            ("\"from\":1800000000", "\"from\":1800086400"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            let read = Record::decode(changed.as_bytes()).map_err(MeasurementError::from);
            read.and_then(|record| SignedMeasurement::of_record(&record)).unwrap_err();
        }
        let other = Record::new(RecordKind::Event, 1, None, Map::new()).unwrap();
        let error = SignedMeasurement::of_record(&other).unwrap_err();
        assert!(matches!(error, MeasurementError::NoMeasurement(_)));
    }

    #[test]
    fn what_no_record_holds_is_refused() {
        let refused = |change: fn(&mut Measurement)| {
            let mut said = measurement();
            change(&mut said);
            said.check().unwrap_err()
        };
        for name in ["", "Accuracy", "a b", "a\"", "abcdefghijklmnopqrstuvwxyz0123456"] {
            let mut said = measurement();
            said.metric = name.into();
            assert!(matches!(said.check(), Err(MeasurementError::Metric { .. })), "{name}");
        }
        let large = |field: &'static str, error| {
            assert!(matches!(error, MeasurementError::TooLarge { field: got, .. } if got == field));
        };
        large("number", refused(|said| said.number = 1 << 53));
        large("samples", refused(|said| said.samples = u64::MAX));
        large("until", refused(|said| said.until = 1 << 53));
        large("value", refused(|said| said.value = -(1 << 53)));
        large("value", refused(|said| said.value = i64::MIN));
        assert!(matches!(refused(|said| said.until = said.from), MeasurementError::Window { .. }));
        let mut long = signed(measurement());
        long.signature = vec![0; MAX_SIGNATURE_BYTES + 1].into();
        assert!(matches!(long.record(), Err(MeasurementError::SignatureLength { .. })));
        long.signature = vec![0; MAX_SIGNATURE_BYTES].into();
        long.record().unwrap();
    }
}
