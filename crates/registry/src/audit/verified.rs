//! What a checked audit file says. Only [`super::verify`] makes these.

use super::{decision::VerifiedDecision, rounds::VerifiedRounds};
use crate::{
    history::{History, VersionRecord},
    log::Record,
    manifest::Statement,
    version::{LogTerms, RegistryId},
};
use averment_primitives::{Address, B256, Bytes, LogId, ModelId, SaltedLeaf, VersionId, fingerprint};
use std::collections::BTreeMap;

/// Everything the evidence proves about one version.
#[derive(Debug, Clone)]
pub struct Verified {
    pub(super) subject: VersionId,
    pub(super) registry: RegistryId,
    pub(super) block: Block,
    pub(super) implementation: (Address, B256),
    pub(super) histories: BTreeMap<ModelId, History>,
    pub(super) versions: BTreeMap<VersionId, VerifiedVersion>,
    pub(super) logs: Vec<VerifiedLog>,
    pub(super) decision: Option<VerifiedDecision>,
    pub(super) rounds: Vec<VerifiedRounds>,
    pub(super) caveats: Vec<Caveat>,
}

/// The block that everything is proved from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The trusted hash.
    pub hash: B256,
    /// Its number.
    pub number: u64,
    /// Its time, in seconds of Unix time: what is said here was so at that moment.
    pub timestamp: u64,
    /// Whether it says that it is of an embedded chain.
    pub embedded: bool,
}

/// What the reader should know before relying on the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caveat {
    /// The chain is one operator's own; the evidence proves nothing to anybody else.
    EmbeddedChain,
    /// The reader did not say which registry it expects: whether this is the one it knows is for it to compare.
    RegistryNotPinned,
    /// The reader did not say which code it trusts behind the registry's proxy.
    CodeNotPinned,
    /// The reader did not say which `Anchors` contract it trusts: when something was anchored is its word.
    AnchorsNotPinned,
    /// The reader did not say which log keys it trusts; the anchor binds the root, the key only its size.
    LogKeysNotPinned,
    /// The reader did not say which router it expects; another one says what its maker likes.
    RouterNotPinned,
    /// The reader did not say which claims pool it expects.
    PoolNotPinned,
    /// Steps of the decision are told by the file's maker, not proved: the chain's state does not remember their blocks.
    Told {
        /// How many.
        steps: usize,
        /// Of how many.
        of: usize,
    },
    /// The answer was proved on chain; the proof is in the file, but nobody checked it here.
    ProofUnchecked,
    /// The answer was proved on chain; the proof is not in the file.
    ProofMissing,
    /// The answer was proved by the development setup, whose secret is public.
    DevelopmentSetup,
    /// Disclosed inputs are in the file, but nobody checked here that they are what was committed to.
    InputsUnchecked,
    /// The reader did not say which factory of tasks it expects; another one says what its maker likes.
    TasksNotPinned,
    /// What a task said is told by the file's maker, not proved.
    RoundsTold {
        /// The version that the rounds made.
        version: VersionId,
        /// How many events.
        steps: usize,
        /// Of how many.
        of: usize,
    },
    /// Weights and qualities of rounds were not computed here.
    RoundsUnchecked {
        /// The version that the rounds made.
        version: VersionId,
    },
    /// The proofs of rounds were not checked here, or are not in the file: that each model is the sum of its updates is the contract's word.
    RoundsUnproved {
        /// The version that the rounds made.
        version: VersionId,
    },
    /// The proofs of rounds are by the development setup, whose secret is public.
    RoundsDevelopmentSetup {
        /// The version that the rounds made.
        version: VersionId,
    },
    /// That a version's weights are a task's, shifted and rounded, was not checked here.
    AdoptionUnchecked {
        /// The version.
        version: VersionId,
    },
    /// Approvals of a version of the lineage are touched by a compromised key.
    TouchedApprovals {
        /// The version.
        version: VersionId,
        /// How many of its decisions.
        decisions: usize,
    },
    /// Approvals that only the chain could check: contract wallets'.
    VouchedByChain {
        /// The version.
        version: VersionId,
        /// How many of its decisions.
        decisions: usize,
    },
    /// The version was revoked or retired, or is an ancestor that was revoked.
    Ended {
        /// The version.
        version: VersionId,
    },
}

/// Who signed a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ManifestSigner {
    /// The account that registered the version.
    Registrant(Address),
    /// The model's owner when the version was registered.
    Owner(Address),
    /// Another account, beside one of those.
    Other(Address),
}

/// How a version stands with the policy that applies to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApprovalState {
    /// Approvals the policy needs.
    pub needed: u64,
    /// Approvals that stand at the block.
    pub standing: u64,
    /// Decisions that a compromised key touches.
    pub touched: u64,
}

/// One version of the lineage.
#[derive(Debug, Clone)]
pub struct VerifiedVersion {
    /// Its id.
    pub id: VersionId,
    /// Its model.
    pub model: ModelId,
    /// The longest way to it from the subject, in parents: 0 is the subject.
    pub depth: usize,
    /// What its model's history records of it.
    pub record: VersionRecord,
    /// How it stands with its policy.
    pub approvals: ApprovalState,
    /// The signed in-toto statement; it is about this model, these parents and artifacts.
    pub statement: Statement,
    /// Who signed it, at least one, the registrant or owner first.
    pub signers: Vec<ManifestSigner>,
    /// Its artifacts and what they add up to; none if the file leaves them out.
    pub artifacts: Option<(Vec<fingerprint::Entry>, fingerprint::Summary)>,
    /// Salted commitments of its manifest that are opened.
    pub openings: Vec<VerifiedOpening>,
}

/// A salted commitment, opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedOpening {
    /// The commitment in the manifest.
    pub commitment: SaltedLeaf,
    /// What it commits to.
    pub data: Bytes,
}

/// A log with records about the lineage.
#[derive(Debug, Clone)]
pub struct VerifiedLog {
    /// Its id.
    pub id: LogId,
    /// What it was opened with.
    pub terms: LogTerms,
    /// When epoch 0 began, in seconds of Unix time.
    pub opened_at: u64,
    /// The log's name in its checkpoint.
    pub origin: String,
    /// The key that signed the checkpoint.
    pub key: String,
    /// Whether the reader named that key beforehand.
    pub key_pinned: bool,
    /// How many leaves the root is over.
    pub size: u64,
    /// The anchored root.
    pub root: B256,
    /// The epoch that anchored it.
    pub epoch: u64,
    /// When that epoch began.
    pub epoch_begins: u64,
    /// The last second at which the root can have been anchored: the epoch's end or the block's time.
    pub anchored_before: u64,
    /// The registry's head as the anchor recorded it.
    pub registry_head: B256,
    /// The records, ascending.
    pub records: Vec<VerifiedRecord>,
}

/// One record of a log.
#[derive(Debug, Clone)]
pub struct VerifiedRecord {
    /// Its place.
    pub index: u64,
    /// What was published.
    pub leaf: SaltedLeaf,
    /// What it says; none if erased or withheld.
    pub record: Option<Record>,
}

impl Verified {
    /// The version that the evidence is about.
    pub fn subject(&self) -> VersionId {
        self.subject
    }

    /// The registry and chain.
    pub fn registry(&self) -> RegistryId {
        self.registry
    }

    /// The block that everything is proved from.
    pub fn block(&self) -> Block {
        self.block
    }

    /// The contract behind the registry's proxy, and the hash of its code.
    pub fn implementation(&self) -> (Address, B256) {
        self.implementation
    }

    /// The subject's and its ancestors' models' histories.
    pub fn histories(&self) -> impl Iterator<Item = &History> {
        self.histories.values()
    }

    /// The history of one of those models.
    pub fn history(&self, model: ModelId) -> Option<&History> {
        self.histories.get(&model)
    }

    /// The subject and its ancestors.
    pub fn versions(&self) -> impl Iterator<Item = &VerifiedVersion> {
        self.versions.values()
    }

    /// One version of the lineage.
    pub fn version(&self, id: VersionId) -> Option<&VerifiedVersion> {
        self.versions.get(&id)
    }

    /// Logs with records about the lineage.
    pub fn logs(&self) -> &[VerifiedLog] {
        &self.logs
    }

    /// The decision that the file is about; none if it is about the version alone.
    pub fn decision(&self) -> Option<&VerifiedDecision> {
        self.decision.as_ref()
    }

    /// The rounds of federated learning that made versions of the lineage.
    pub fn rounds(&self) -> &[VerifiedRounds] {
        &self.rounds
    }

    /// Those that made one version.
    pub fn rounds_of(&self, version: VersionId) -> Option<&VerifiedRounds> {
        self.rounds.iter().find(|rounds| rounds.version == version)
    }

    /// What the reader should know before relying on this; empty if there is nothing.
    pub fn caveats(&self) -> &[Caveat] {
        &self.caveats
    }
}
