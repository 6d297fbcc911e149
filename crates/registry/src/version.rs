//! Which registry, which model, which version: ids as the contract derives them.
//!
//! Twin of `contracts/src/types/Registry.sol` and of the derivations stated in `IModelRegistry`: an id is
//! the Keccak-256 of everything it stands for, the chain and the registry included, so that nothing said
//! about a version can be carried over to another version, model, registry or chain.

use averment_primitives::{Address, B256, LogId, ModelId, U256, VersionId, keccak256};
use serde::{Deserialize, Serialize};

/// One deployed `ModelRegistry`: the chain's id and the contract's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryId {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Address of the registry's proxy.
    pub address: Address,
}

impl RegistryId {
    /// The id of the model that `creator` created as `name`.
    ///
    /// A name is bytes here, because that is what the contract hashes; `&str` does.
    pub fn model_id(&self, creator: Address, name: impl AsRef<[u8]>) -> ModelId {
        ModelId(hash_words(&[
            keccak256("averment.model/1"),
            word(self.chain_id),
            self.address.into_word(),
            creator.into_word(),
            keccak256(name.as_ref()),
        ]))
    }

    /// The id of the version of `model` that consists of `content`.
    pub fn version_id(&self, model: ModelId, content: &VersionContent) -> VersionId {
        let parents: Vec<u8> = content.parents.iter().flat_map(|parent| parent.0.0).collect();
        VersionId(hash_words(&[
            keccak256("averment.version/1"),
            word(self.chain_id),
            self.address.into_word(),
            model.0,
            content.manifest_digest,
            content.artifacts_root,
            content.weights_commitment,
            content.plan_digest,
            keccak256(parents),
        ]))
    }

    /// The head of `model`'s history before its first entry.
    pub fn history_start(&self, model: ModelId) -> B256 {
        hash_words(&[keccak256("averment.history/1"), word(self.chain_id), self.address.into_word(), model.0])
    }
}

/// Everything a version consists of; its id is a hash of this, so none of it can change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VersionContent {
    /// SHA-256 of the manifest's canonical statement bytes (the DSSE payload).
    pub manifest_digest: B256,
    /// Fingerprint root of the weight files.
    pub artifacts_root: B256,
    /// Zero until there is a proof engine's commitment.
    pub weights_commitment: B256,
    /// Zero until there is a plan.
    pub plan_digest: B256,
    /// Versions this one was made from, strictly ascending.
    pub parents: Vec<VersionId>,
}

/// What a log is anchored under; its [`LogId`] is a hash of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogTerms {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Address of the `Anchors` contract.
    pub anchors: Address,
    /// The only account that may anchor the log.
    pub poster: Address,
    /// The registry whose head each anchor records; zero for none.
    pub registry: Address,
    /// Seconds from one anchor to the next.
    pub cadence: u64,
    /// Distinguishes logs of one poster with equal terms.
    pub salt: B256,
}

impl LogTerms {
    /// The log's id, as `Anchors.open` derives it.
    pub fn id(&self) -> LogId {
        LogId(hash_words(&[
            keccak256("averment.log/1"),
            word(self.chain_id),
            self.anchors.into_word(),
            self.poster.into_word(),
            self.registry.into_word(),
            word(self.cadence),
            self.salt,
        ]))
    }
}

/// What `Anchors` stores for an epoch: `keccak256(abi.encode(root, registryHead))`.
pub fn anchor_digest(root: B256, registry_head: B256) -> B256 {
    hash_words(&[root, registry_head])
}

/// `keccak256(abi.encode(words…))` of static values: Solidity lays them side by side.
pub(crate) fn hash_words(words: &[B256]) -> B256 {
    keccak256(words.concat())
}

/// A number as Solidity's ABI writes it.
pub(crate) fn word(number: u64) -> B256 {
    U256::from(number).into()
}
