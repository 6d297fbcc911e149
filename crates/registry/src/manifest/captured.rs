//! What the program measures and a person does not have to write: files, code, environment, data.

use super::issue::{Fault, Issue};
use crate::federated::history_after;
use averment_primitives::{Address, B256, SaltedLeaf, VersionId, fingerprint};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The root of an `averment-fingerprint/1` with its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The root over names, sizes and bytes.
    pub root: B256,
    /// Bytes in all files together.
    pub bytes: u64,
    /// Number of files.
    pub files: u64,
}

impl From<fingerprint::Summary> for Fingerprint {
    fn from(summary: fingerprint::Summary) -> Self {
        Self { root: summary.root, bytes: summary.bytes, files: summary.files }
    }
}

/// A weight file: a subject of the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Path within the artifacts, '/'-separated; for a single file its name.
    pub name: String,
    /// Plain SHA-256 of the file, which every other tool can check.
    pub sha256: B256,
    /// BLAKE3 root of the file's chunks, as the fingerprint's listing has it.
    pub blake3_tree: B256,
}

/// A file by its plain SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// The path as `model.toml` has it.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: B256,
}

/// The state of the code that trained the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The commit, if the code is under version control.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub git: Option<Git>,
    /// The scripts of `code.entry`, as they were on the disk.
    pub entries: Vec<FileDigest>,
}

/// A commit and what differs from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Git {
    /// The commit's full id, hexadecimal.
    pub commit: String,
    /// Whether files differed from the commit; then the commit alone does not say what was run.
    pub dirty: bool,
}

/// What the manifest was drafted in, and the software that was pinned for training.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Operating system.
    pub os: String,
    /// Processor architecture.
    pub architecture: String,
    /// Versions of programs that were looked at, by name, such as `python`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub versions: BTreeMap<String, String>,
    /// The files of `environment.lock_files`.
    pub lock_files: Vec<FileDigest>,
}

/// The rounds of federated learning (docs/federated.md) that the weights come from, as the task's contract has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FederatedRounds {
    /// EIP-155 id of the task's chain.
    pub chain_id: u64,
    /// The task's contract.
    pub task: Address,
    /// The version that it started from, a parent.
    pub initial: VersionId,
    /// Its final rounds, ascending.
    pub rounds: Vec<FinalRound>,
    /// keccak256 of the points of its last final model.
    pub points: B256,
    /// How the version's weights follow from the task's; none if their points are the task's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub adoption: Option<AdoptionRecord>,
}

/// A final round of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinalRound {
    /// Its number.
    pub round: u16,
    /// What the contract kept of it: hashes of model, of what it added and of the matrix, and whose updates it is of.
    pub outcome: B256,
}

/// An `averment-adoption/1`: that the version's weights are the task's, times `2^(up-down)` and rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptionRecord {
    /// Bits up.
    pub up: u8,
    /// Bits down.
    pub down: u8,
    /// keccak256 of the file.
    pub digest: B256,
}

impl FederatedRounds {
    /// The most rounds that a manifest names.
    pub const LIMIT: usize = 4096;

    /// The chain over the rounds, as the task stores it.
    pub fn history(&self) -> B256 {
        self.rounds.iter().fold(B256::ZERO, |head, own| history_after(head, own.round, own.outcome))
    }

    /// What is not as a statement needs it, in words.
    pub(super) fn fault(&self, parents: &[VersionId]) -> Option<String> {
        let Self { rounds, initial, .. } = self;
        if rounds.is_empty() || rounds.len() > Self::LIMIT {
            return Some(format!("expected 1 to {} rounds, got {}", Self::LIMIT, rounds.len()));
        }
        if !rounds.is_sorted_by(|a, b| a.round < b.round) {
            return Some("the rounds' numbers do not ascend".to_owned());
        }
        if !parents.contains(initial) {
            return Some(format!("the task started from {initial}, which is no parent"));
        }
        None
    }
}

/// Everything captured for a draft, in the clear: private data's fingerprints do not leave
/// [`Source::draft`](super::Source::draft) but as commitments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// When the manifest is drafted, in seconds since 1970.
    pub created_at: u64,
    /// The program that captured, with its version, such as `averment 0.1.0`.
    pub program: String,
    /// Every weight file.
    pub artifacts: Vec<Artifact>,
    /// The fingerprint of all weight files together: what the chain stores as `artifactsRoot`.
    pub artifacts_fingerprint: Fingerprint,
    /// The code.
    pub code: Code,
    /// The environment.
    pub environment: Environment,
    /// The datasets' fingerprints by their names in `model.toml`.
    pub datasets: BTreeMap<String, Fingerprint>,
    /// The ids of the parents, in the order of `model.parents`.
    pub parents: Vec<VersionId>,
    /// The rounds of federated learning that the weights come from.
    pub federated: Option<FederatedRounds>,
}

/// What binds the manifest to a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatasetBinding {
    /// A public dataset's fingerprint.
    Fingerprint(Fingerprint),
    /// A salted commitment to a private dataset's fingerprint.
    Commitment(SaltedLeaf),
}

/// A dataset in a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetRecord {
    /// Its name, as declared.
    pub name: String,
    /// What binds the manifest to its content.
    pub binding: DatasetBinding,
}

/// The captured part of a statement, as published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturedRecord {
    /// When the manifest was drafted, in seconds since 1970, by its maker's clock.
    pub created_at: u64,
    /// The program that captured.
    pub program: String,
    /// The fingerprint of the weight files: `artifactsRoot` on chain.
    pub artifacts: Fingerprint,
    /// The code.
    pub code: Code,
    /// The environment.
    pub environment: Environment,
    /// The parents' version ids, ascending, as `parents` on chain.
    pub parents: Vec<VersionId>,
    /// The rounds of federated learning that the weights come from, if it claims any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub federated: Option<FederatedRounds>,
}

impl Captured {
    /// What is not as a statement needs it.
    pub(super) fn issues(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        if self.artifacts.is_empty() {
            issues.push(Issue::new("model.artifacts", Fault::NotCaptured { what: "any weight file" }));
        }
        let mut names: Vec<&str> = self.artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
        names.sort_unstable();
        for pair in names.windows(2) {
            if let [first, second] = pair
                && first == second
            {
                issues.push(Issue::new("model.artifacts", Fault::Duplicate { got: (*first).to_owned() }));
            }
        }
        for name in names.into_iter().filter(|name| !is_plain_path(name)) {
            issues.push(Issue::new("model.artifacts", Fault::NotRelative { got: name.to_owned() }));
        }
        let mut parents = self.parents.clone();
        parents.sort();
        for pair in parents.windows(2) {
            if let [first, second] = pair
                && first == second
            {
                issues.push(Issue::new("model.parents", Fault::Duplicate { got: first.to_string() }));
            }
        }
        if let Some(git) = &self.code.git
            && !is_commit(&git.commit)
        {
            issues.push(Issue::new(
                "code",
                Fault::Unknown {
                    expected: "a commit of 40 or 64 hexadecimal digits".into(),
                    got: git.commit.clone(),
                },
            ));
        }
        issues
    }
}

/// Whether a name is a relative path of ordinary parts.
pub(super) fn is_plain_path(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && !path.chars().any(|c| c.is_control() || c == '\\')
}

pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
