//! The file itself: its types, its one form, its limits.
//!
//! A file is canonical JSON (RFC 8785) without unknown fields, and what is read must encode back to the same
//! bytes; so there is exactly one file for one body of evidence. Digests, addresses and bytes are lower-case
//! hexadecimal with `0x`; numbers are integers below 2^53.

use super::{decision::DecisionEvidence, rounds::RoundsEvidence};
use crate::{
    canonical::{self, JsonError, JsonLimits},
    history::{self, Entry, Kind, Payload},
    log::{self, LogInclusion},
    state::{AccountProof, IMPLEMENTATION_SLOT, anchored_slot, history_slots, log_slots},
};
use averment_primitives::{Address, B256, Bytes, LogId, ModelId, Salt, SaltedLeaf, VersionId, fingerprint};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use thiserror::Error;

/// What is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Models whose histories are given.
    pub histories: usize,
    /// Versions in the lineage.
    pub versions: usize,
    /// Steps of a decision.
    pub steps: usize,
    /// Claims that a decision is about.
    pub claims: usize,
    /// What is read of one history.
    pub history: history::Limits,
}

impl Default for Limits {
    /// 64 MiB, 256 histories, 1,024 versions, 4,096 steps, 128 claims.
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            histories: 256,
            versions: 1024,
            steps: 4096,
            claims: 128,
            history: history::Limits::default(),
        }
    }
}

/// The name of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Format {
    /// About a version.
    #[default]
    #[serde(rename = "averment-audit/1")]
    V1,
    /// About a decision of a version.
    #[serde(rename = "averment-audit/2")]
    V2,
    /// About a version, or a decision, with rounds of federated learning that made a version of the lineage.
    #[serde(rename = "averment-audit/3")]
    V3,
    /// The same, with proofs of rounds or of an adoption, or how amounts are written.
    #[serde(rename = "averment-audit/4")]
    V4,
}

/// An audit file, decoded but not believed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Evidence {
    /// [`Self::right_format`].
    pub format: Format,
    /// The version that the file is about.
    pub subject: VersionId,
    /// EIP-155 id of the chain; a part of every id.
    pub chain_id: u64,
    /// RLP of the header of the block whose hash the reader trusts.
    pub header: Bytes,
    /// The registry (its address is the proof's): its implementation, and each history's head and length.
    pub registry: AccountProof,
    /// The code behind the registry's proxy.
    pub implementation: AccountProof,
    /// The whole histories of the version's model and of its ancestors' models, ascending by model.
    pub histories: Vec<HistoryEvidence>,
    /// The version and its ancestors, ascending by id.
    pub versions: Vec<VersionEvidence>,
    /// Logs with records about the version, ascending by anchors contract, poster and salt.
    pub logs: Vec<LogEvidence>,
    /// The decision of the version that the file is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionEvidence>,
    /// The rounds that made versions of the lineage, ascending by version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<RoundsEvidence>,
}

/// All entries of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HistoryEvidence {
    /// The model.
    pub model: ModelId,
    /// Its entries from the first on.
    pub entries: Vec<EntryEvidence>,
}

/// One `Recorded` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EntryEvidence {
    /// Its number, from 1.
    pub sequence: u64,
    /// The contract's name for what it records.
    pub kind: String,
    /// The version it is about, or zero.
    pub version: VersionId,
    /// The account that caused it.
    pub actor: Address,
    /// Its block's time, in seconds of Unix time.
    pub timestamp: u64,
    /// What it says, ABI-encoded.
    pub payload: Bytes,
    /// The chain of hashes up to it.
    pub head: B256,
}

/// What is known of a version besides its history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VersionEvidence {
    /// The version.
    pub version: VersionId,
    /// The signed manifest: a DSSE envelope, in canonical form.
    pub manifest: Value,
    /// Every file of its artifacts, in the fingerprint's order. May be left out for ancestors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<Vec<fingerprint::Entry>>,
    /// Private values behind salted commitments in the manifest, disclosed to this reader.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub openings: Vec<Opening>,
}

/// What a salted commitment commits to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Opening {
    /// The commitment, which the manifest contains.
    pub commitment: SaltedLeaf,
    /// Its salt.
    pub salt: Salt,
    /// What was committed to.
    pub data: Bytes,
}

/// Records of one log, proved by one anchored root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogEvidence {
    /// The only account that may anchor the log.
    pub poster: Address,
    /// The registry whose head each anchor records; zero for none.
    pub registry: Address,
    /// Seconds an epoch.
    pub cadence: u64,
    /// Distinguishes logs of one poster.
    pub salt: B256,
    /// The `Anchors` contract (its address is the proof's): how the log was opened, and the epoch's anchor.
    pub anchors: AccountProof,
    /// The epoch that anchored the root.
    pub epoch: u64,
    /// The registry's head as the anchor recorded it.
    pub registry_head: B256,
    /// The key of the checkpoint's signature, as signed notes write it: `name+hash+base64`.
    pub key: String,
    /// The C2SP tlog-checkpoint, a signed note: the root and how many leaves it is over.
    pub checkpoint: String,
    /// The records, ascending by index.
    pub records: Vec<RecordEvidence>,
}

/// One record of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordEvidence {
    /// Its place in the log, from 0.
    pub index: u64,
    /// What was published of it.
    pub leaf: SaltedLeaf,
    /// RFC 6962 inclusion proof, from the leaf's sibling upwards.
    pub proof: Vec<B256>,
    /// The record itself, unless it was erased or is withheld from this reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<log::Opening>,
}

/// Why bytes are not an audit file.
#[derive(Debug, Error)]
pub enum EvidenceError {
    /// Not canonical JSON, or too much of it.
    #[error("the audit file: {0}")]
    Json(#[from] JsonError),
    /// Another format or version.
    #[error(
        "expected the format averment-audit/1 to averment-audit/4, got {got:?}; a newer release of averment may read it"
    )]
    Format {
        /// The start of what was found.
        got: String,
    },
    /// JSON of another shape.
    #[error("the audit file does not have the shape of its format: {0}")]
    Shape(serde_json::Error),
    /// A decision in a file about a version, none in one about a decision, rounds in one without or none in one with, their proofs
    /// likewise.
    #[error(
        "averment-audit/4 has rounds with proofs, averment-audit/3 rounds; of those without, averment-audit/2 is about a decision, averment-audit/1 is not: this file has \
         it otherwise"
    )]
    Decision,
    /// A value that is not written in its one form, such as upper-case hexadecimal.
    #[error("the audit file is not in its one form: byte {offset} would be written otherwise")]
    NotCanonical {
        /// The first byte that differs.
        offset: usize,
    },
    /// More of something than the reader takes.
    #[error("the audit file: at most {limit} {what}, got {got}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// How many there are.
        got: usize,
    },
}

impl Evidence {
    /// Reads a file within `limits`. Nothing is checked but its form; see [`super::verify`].
    pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Self, EvidenceError> {
        let value = canonical::parse_canonical(bytes, &JsonLimits { bytes: limits.bytes, depth: 32 })?;
        let format = value.get("format").unwrap_or(&Value::Null);
        if serde_json::from_value::<Format>(format.clone()).is_err() {
            let got = format.as_str().unwrap_or("nothing").chars().take(64).collect();
            return Err(EvidenceError::Format { got });
        }
        let evidence: Self = serde_json::from_value(value).map_err(EvidenceError::Shape)?;
        let again = evidence.encode()?;
        if again != bytes {
            let offset = again.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            return Err(EvidenceError::NotCanonical { offset });
        }
        for (what, limit, got) in [
            ("histories", limits.histories, evidence.histories.len()),
            ("versions", limits.versions, evidence.versions.len()),
            ("versions with rounds", limits.versions, evidence.rounds.len()),
        ] {
            if got > limit {
                return Err(EvidenceError::TooMany { what, limit, got });
            }
        }
        if evidence.format != Self::right_format(evidence.decision.is_some(), &evidence.rounds) {
            return Err(EvidenceError::Decision);
        }
        if let Some(decision) = &evidence.decision {
            decision.within(limits)?;
        }
        for rounds in &evidence.rounds {
            rounds.within(limits)?;
        }
        Ok(evidence)
    }

    /// The format of a file with or without a decision, and with these rounds.
    pub fn right_format(decision: bool, rounds: &[RoundsEvidence]) -> Format {
        match (decision, rounds) {
            (_, rounds) if rounds.iter().any(RoundsEvidence::has_proofs) => Format::V4,
            (true, []) => Format::V2,
            (false, []) => Format::V1,
            _ => Format::V3,
        }
    }

    /// The registry's slots that an audit file proves, in its order, given the models whose histories it holds.
    pub fn registry_slots(models: impl IntoIterator<Item = ModelId>) -> Vec<B256> {
        let models: BTreeSet<ModelId> = models.into_iter().collect();
        [IMPLEMENTATION_SLOT].into_iter().chain(models.into_iter().flat_map(history_slots)).collect()
    }

    /// The slots of `Anchors` that an audit file proves for an epoch of a log, in its order.
    pub fn anchors_slots(log: LogId, epoch: u64) -> [B256; 3] {
        let [first, second] = log_slots(log);
        [first, second, anchored_slot(log, epoch)]
    }

    /// The file's bytes.
    pub fn encode(&self) -> Result<Vec<u8>, EvidenceError> {
        let value = serde_json::to_value(self).map_err(EvidenceError::Shape)?;
        Ok(canonical::to_bytes(&value)?)
    }
}

impl From<LogInclusion> for RecordEvidence {
    /// Leaves out the checkpoint, which all records of a log share.
    fn from(LogInclusion { index, leaf, opening, proof, checkpoint: _ }: LogInclusion) -> Self {
        Self { index, leaf, proof, opening }
    }
}

impl From<&Entry> for EntryEvidence {
    fn from(entry: &Entry) -> Self {
        Self {
            sequence: entry.sequence,
            kind: entry.payload.kind().name().to_owned(),
            version: entry.version,
            actor: entry.actor,
            timestamp: entry.timestamp,
            payload: entry.payload.encode().into(),
            head: entry.head,
        }
    }
}

impl EntryEvidence {
    /// The event, as far as it is one.
    pub(super) fn decode(
        &self,
        model: ModelId,
        limits: &history::Limits,
    ) -> Result<Entry, Option<history::EntryError>> {
        let kind = Kind::from_name(&self.kind).ok_or(None)?;
        let payload = Payload::decode(kind, &self.payload, limits).map_err(Some)?;
        Ok(Entry {
            model,
            version: self.version,
            sequence: self.sequence,
            actor: self.actor,
            timestamp: self.timestamp,
            payload,
            head: self.head,
        })
    }
}
