//! Which link of the evidence is broken, what it should hold and what it holds.

use super::{decision::DecisionFault, rounds::RoundsFault};
use crate::{
    dsse::{EnvelopeError, SignatureError},
    history::{EntryError, HistoryError, LineageError},
    log::{self, CheckpointError, KeyError, RecordError},
    manifest::Fingerprint,
    state::{HeaderError, ProofError},
};
use averment_primitives::{Address, B256, LogId, ModelId, SaltedLeaf, VersionId, fingerprint};
use thiserror::Error;

/// The first link that does not hold. Nothing of the file is to be believed.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is named in the message beside it")]
pub enum BrokenLink {
    /// The header is none.
    #[error("block header: {0}")]
    Header(#[from] HeaderError),
    /// The header is another block's than the one trusted.
    #[error("block header: the trusted block hash is {expected}, this header's is {got}")]
    BlockHash { expected: B256, got: B256 },
    /// Another chain than the reader asked for.
    #[error("chain: expected chain {expected}, the evidence is of chain {got}")]
    Chain { expected: u64, got: u64 },
    /// An embedded chain, where the reader asked for one that others run too.
    #[error("chain: the block is of an embedded chain, which proves nothing to a third party")]
    Embedded,
    /// Another registry than the reader asked for.
    #[error("registry: expected {expected}, the evidence is of {got}")]
    Registry { expected: Address, got: Address },
    /// The registry's state is not proved.
    #[error("registry state: {0}")]
    RegistryState(ProofError),
    /// The registry is no ERC-1967 proxy.
    #[error("registry implementation: {0} is not a proxy with an implementation")]
    NoImplementation(Address),
    /// The implementation's account is not proved.
    #[error("registry implementation: {0}")]
    Implementation(ProofError),
    /// The registry runs other code than the reader trusts.
    #[error("registry implementation: its code has hash {got}, which is not among those trusted")]
    Code { got: B256 },
    /// Lists that have one order are not in it.
    #[error("{list}: entries ascend and none occurs twice; this does not hold at place {place}")]
    Order { list: &'static str, place: usize },
    /// An entry that is no history entry.
    #[error("history of model {model}, entry {sequence}: {error}")]
    Entry { model: ModelId, sequence: u64, error: EntryError },
    /// An entry of a kind that does not exist.
    #[error("history of model {model}, entry {sequence}: no kind {got:?}")]
    Kind { model: ModelId, sequence: u64, got: String },
    /// An entry that the contract could not have made, or a gap.
    #[error("{0}")]
    History(#[from] HistoryError),
    /// A history without entries.
    #[error("history of model {0}: it has no entries")]
    EmptyHistory(ModelId),
    /// The history is not the one whose head the registry stores.
    #[error(
        "history of model {model}: the registry's storage has head {expected}, the entries give {got}: entries are \
         missing at the end or belong to another history"
    )]
    HistoryHead { model: ModelId, expected: B256, got: B256 },
    /// The history is longer or shorter than the registry says.
    #[error("history of model {model}: the registry's storage counts {expected} entries, {got} are here")]
    HistoryLength { model: ModelId, expected: u64, got: u64 },
    /// An entry from after the block.
    #[error("history of model {model}: entry {sequence} is of second {got}, the block of {block}")]
    Future { model: ModelId, sequence: u64, block: u64, got: u64 },
    /// The lineage is not whole.
    #[error("lineage: {0}")]
    Lineage(#[from] LineageError),
    /// A version of the lineage has no evidence.
    #[error("version {0}: it is in the lineage, but its manifest is not here")]
    VersionMissing(VersionId),
    /// Evidence for a version that is not in the lineage.
    #[error("version {0}: its evidence is here, but it is not in the lineage")]
    VersionSurplus(VersionId),
    /// The manifest is no envelope.
    #[error("manifest of version {version}: {error}")]
    Envelope { version: VersionId, error: EnvelopeError },
    /// The envelope has other fields, or is written otherwise, than it must be.
    #[error("manifest of version {version}: the envelope is not in its one form")]
    EnvelopeForm { version: VersionId },
    /// The payload is no in-toto statement.
    #[error("manifest of version {version}: expected payload type {expected:?}, got {got:?}")]
    PayloadType { version: VersionId, expected: &'static str, got: String },
    /// The payload is not the one registered.
    #[error("manifest of version {version}: the chain has digest {expected}, the payload's is {got}")]
    ManifestDigest { version: VersionId, expected: B256, got: B256 },
    /// The payload is not canonical JSON of a statement.
    #[error("manifest of version {version}: the payload is no statement: {why}")]
    Statement { version: VersionId, why: String },
    /// The manifest is about something else than what is registered.
    #[error("manifest of version {version}: {fault}")]
    ManifestDisagrees { version: VersionId, fault: Box<Disagreement> },
    /// A signature does not hold.
    #[error("manifest of version {version}: {error}")]
    ManifestSignature { version: VersionId, error: SignatureError },
    /// A signature that nobody here can check.
    #[error(
        "manifest of version {version}: the signature of {keyid:?} cannot be checked and does not belong here"
    )]
    UncheckedSignature { version: VersionId, keyid: String },
    /// Signed by others than those who answer for the version.
    #[error(
        "manifest of version {version}: signed by neither its registrant {registrant} nor the model's owner {owner}"
    )]
    ManifestSigner { version: VersionId, registrant: Address, owner: Address },
    /// The subject's artifacts are not listed.
    #[error("artifacts of version {0}: the listing is missing")]
    ListingMissing(VersionId),
    /// A listing that no folder has.
    #[error("artifacts of version {version}: {error}")]
    Listing { version: VersionId, error: fingerprint::EntryFault },
    /// The listing is not of the artifacts registered.
    #[error("artifacts of version {version}: the chain has root {expected}, the listing gives {got}")]
    Artifacts { version: VersionId, expected: B256, got: B256 },
    /// An opening of a commitment that is not in the manifest.
    #[error("opening for version {version}: its manifest does not contain commitment {commitment}", commitment = .commitment.0)]
    OpeningForeign { version: VersionId, commitment: SaltedLeaf },
    /// An opening that does not open.
    #[error("opening for version {version}: salt and data do not open commitment {commitment}", commitment = .commitment.0)]
    Opening { version: VersionId, commitment: SaltedLeaf },
    /// The version is in use, but too few approvals stand.
    #[error(
        "approvals of version {version}: {needed} are needed, {standing} stand ({touched} are touched by a compromised key)"
    )]
    Approvals { version: VersionId, needed: u64, standing: u64, touched: u64 },
    /// Another anchors contract than the reader asked for.
    #[error("log {log}: expected the anchors of {expected}, these are of {got}")]
    Anchors { log: LogId, expected: Address, got: Address },
    /// The anchors contract's state is not proved.
    #[error("log {log}: anchors: {error}")]
    AnchorsState { log: LogId, error: ProofError },
    /// The log records another registry's head.
    #[error("log {log}: it was opened for registry {got}, expected {expected} or none")]
    LogRegistry { log: LogId, expected: Address, got: Address },
    /// The log was never opened with these terms.
    #[error("log {log}: {field} is {expected} on chain, the evidence says {got}")]
    LogTerms { log: LogId, field: &'static str, expected: String, got: String },
    /// Something else was anchored.
    #[error("log {log}: the chain has {expected} for epoch {epoch}, root and registry head give {got}")]
    Anchor { log: LogId, epoch: u64, expected: B256, got: B256 },
    /// The epoch had not begun when the block was made.
    #[error("log {log}: epoch {epoch} begins after the block")]
    Epoch { log: LogId, epoch: u64 },
    /// A log's key that is none.
    #[error("log {log}: key: {error}")]
    LogKeyForm { log: LogId, error: KeyError },
    /// The checkpoint is none of the key's log, or not signed by the key.
    #[error("log {log}: {error}")]
    Checkpoint { log: LogId, error: CheckpointError },
    /// Signatures that nobody here can check.
    #[error("log {log}: the checkpoint has {got} signatures, expected that of the log's key and no other")]
    CheckpointSignatures { log: LogId, got: usize },
    /// A key that the reader does not trust for logs.
    #[error("log {log}: key {key:?} is not among those trusted")]
    LogKey { log: LogId, key: String },
    /// A record that is not in the log.
    #[error("log {log}, record {index}: {error}")]
    Inclusion { log: LogId, index: u64, error: log::ProofError },
    /// A record that is not the one committed to.
    #[error("log {log}, record {index}: salt and record do not open the leaf")]
    RecordOpening { log: LogId, index: u64 },
    /// What was logged is no record.
    #[error("log {log}, record {index}: {error}")]
    Record { log: LogId, index: u64, error: RecordError },
    /// The decision does not hold.
    #[error("decision: {0}")]
    Decision(#[from] Box<DecisionFault>),
    /// The rounds that made a version do not hold.
    #[error("rounds of version {version}: {fault}")]
    Rounds { version: VersionId, fault: Box<RoundsFault> },
    /// Rounds of a version that is not in the lineage.
    #[error("rounds of version {0}, which the file is not about")]
    RoundsSurplus(VersionId),
    /// A manifest that claims rounds of a task, which the file does not have.
    #[error("version {version}: its manifest claims rounds of the task {task}, which are not in the file")]
    RoundsMissing { version: VersionId, task: Address },
    /// A record about something else.
    #[error(
        "log {log}, record {index}: it is about {about}, expected a version of this lineage",
        about = version.map_or("no version".to_owned(), |version| version.to_string())
    )]
    RecordForeign { log: LogId, index: u64, version: Option<VersionId> },
}

/// Where a manifest and what is registered with it part.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is named in the message beside it")]
pub enum Disagreement {
    /// Another model's manifest.
    #[error("it is about the model {got:?}, registered is {expected:?}")]
    Model { expected: String, got: String },
    /// Other artifacts' manifest.
    #[error("it is about artifacts with root {got}, registered is {expected}")]
    Artifacts { expected: B256, got: B256 },
    /// Made from other versions than those registered as parents.
    #[error("it names the parents {got:?}, registered are {expected:?}")]
    Parents { expected: Vec<VersionId>, got: Vec<VersionId> },
    /// Other totals than the listing's.
    #[error("it says {} bytes in {} files, the listing has {} in {}", got.bytes, got.files, expected.bytes, expected.files)]
    Totals { expected: Fingerprint, got: Fingerprint },
    /// Its subjects are other files than the listing's.
    #[error("its next subject is {got:?}, the listing's next file is {expected:?}")]
    Files { expected: Option<String>, got: Option<String> },
    /// A subject with other bytes than the listed file.
    #[error("its subject {name:?} has the BLAKE3 root {got}, the listed file has {expected}")]
    File { name: String, expected: B256, got: B256 },
}
