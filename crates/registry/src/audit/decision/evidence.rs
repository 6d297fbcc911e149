//! What an audit file holds about a decision.

use super::super::evidence::{EvidenceError, Limits};
use crate::{
    settlement::{Filing, Log},
    state::{
        AccountProof, IMPLEMENTATION_SLOT,
        settlement::{
            BLOCK_HASHES, block_hash_slot, claim_slots, offer_slot, product_slots, request_slot, routine_slot,
        },
    },
};
use averment_primitives::{Address, B256, Bytes, VersionId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A decision, decoded but not believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecisionEvidence {
    /// The router (its address is the proof's): its implementation, the request's word and the offer's.
    pub router: AccountProof,
    /// The code behind the router's proxy.
    pub implementation: AccountProof,
    /// What was offered, as Solidity encodes it.
    pub offer: Bytes,
    /// What was asked for.
    pub request: RequestEvidence,
    /// The final outputs, as Solidity encodes them.
    pub outputs: Bytes,
    /// What happened on the way.
    pub steps: StepsEvidence,
    /// The proof of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofEvidence>,
    /// Private inputs, disclosed to this reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<InputsEvidence>,
    /// What followed from it, if the requester is a claims pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolEvidence>,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestEvidence {
    /// Its id.
    pub id: B256,
    /// Who asked.
    pub requester: Address,
    /// What for, as Solidity encodes it: the data of the router's event `Requested`.
    pub asked: Bytes,
}

/// What happened, as contracts said it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StepsEvidence {
    /// The contract that keeps the hashes of blocks, with the slots of [`Self::blocks`]; none if these are only the trusted block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_hashes: Option<AccountProof>,
    /// Blocks with steps that are proved, ascending.
    pub blocks: Vec<BlockEvidence>,
    /// Steps of blocks that are too old for that, by a node's word, ascending by block and index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<ToldEvidence>,
}

/// Receipts of one block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BlockEvidence {
    /// RLP of its header.
    pub header: Bytes,
    /// Its receipts with steps, ascending by index.
    pub receipts: Vec<ReceiptEvidence>,
}

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReceiptEvidence {
    /// Its transaction's place in the block, from 0.
    pub index: u64,
    /// Trie nodes from the header's root of receipts; the last one holds the receipt.
    pub proof: Vec<Bytes>,
}

/// A step that nothing proves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToldEvidence {
    /// Its block's number.
    pub block: u64,
    /// Its block's time, in seconds of Unix time.
    pub timestamp: u64,
    /// The log's place in the block, from 0.
    pub index: u64,
    /// The log.
    pub log: Log,
}

/// A proof of the answer, with what it is checked against. All of it is bound by what the version and the request name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProofEvidence {
    /// What the version computes: `averment-plan/1`.
    pub plan: Bytes,
    /// What its inputs mean: `averment-input-schema/1`.
    pub schema: Bytes,
    /// The commitment to its weights: `averment-commitment/1`.
    pub weights: Bytes,
    /// That the weights are in range: `averment-weights-certificate/1`.
    pub certificate: Bytes,
    /// The commitment to the request's inputs: `averment-input-commitment/1` or `averment-input-commitments/1`.
    pub inputs: Bytes,
    /// The proof, as the router was given it.
    pub proof: Bytes,
}

/// What opens commitments to the request's inputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InputsEvidence {
    /// What the inputs mean: `averment-input-schema/1`.
    pub schema: Bytes,
    /// The identities of all commitments to the request's inputs, in order.
    pub identities: Vec<B256>,
    /// What opens some of them, ascending by item.
    pub openings: Vec<InputOpeningEvidence>,
}

/// What opens one commitment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InputOpeningEvidence {
    /// Its place among the request's commitments, from 0.
    pub item: u16,
    /// The commitment: `averment-input-commitment/1`.
    pub commitment: Bytes,
    /// `averment-input-opening/1`.
    pub opening: Bytes,
}

/// What a claims pool did with the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PoolEvidence {
    /// The pool (its address is the requester's): see [`Self::slots`].
    pub account: AccountProof,
    /// The code behind the pool's proxy.
    pub implementation: AccountProof,
    /// The routine that decides the claims.
    pub routine: u16,
    /// The identities of the commitments to the evidence, in the order of the request's inputs.
    pub evidence: Vec<B256>,
    /// The claims that the file is about, ascending by place.
    pub claims: Vec<ClaimEvidence>,
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimEvidence {
    /// Its place in the batch, from 0.
    pub place: u16,
    /// The policy that it was made under.
    pub policy: B256,
    /// The policy's product.
    pub product: u16,
    /// What the intake signed; left out where the file's maker does not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filing: Option<Filing>,
}

impl DecisionEvidence {
    /// The router's slots that are proved, in this order.
    pub fn router_slots(version: VersionId, offer: B256, request: B256) -> [B256; 3] {
        [IMPLEMENTATION_SLOT, request_slot(request), offer_slot(version.0, offer)]
    }

    /// Refuses more of something than a reader takes.
    pub(in super::super) fn within(&self, limits: &Limits) -> Result<(), EvidenceError> {
        let steps = self.steps.blocks.iter().map(|block| block.receipts.len()).sum::<usize>();
        let (claims, evidence) =
            self.pool.as_ref().map_or((0, 0), |pool| (pool.claims.len(), pool.evidence.len()));
        for (what, limit, got) in [
            ("blocks and receipts with steps", limits.steps, steps.saturating_add(self.steps.blocks.len())),
            ("steps that are told", limits.steps, self.steps.told.len()),
            ("claims", limits.claims, claims.max(evidence)),
            (
                "inputs that are disclosed",
                limits.claims,
                self.inputs.as_ref().map_or(0, |inputs| inputs.identities.len().max(inputs.openings.len())),
            ),
        ] {
            if got > limit {
                return Err(EvidenceError::TooMany { what, limit, got });
            }
        }
        Ok(())
    }
}

impl StepsEvidence {
    /// The slots of the contract that keeps hashes of blocks, for blocks with these numbers.
    pub fn slots(numbers: impl IntoIterator<Item = u64>) -> Vec<B256> {
        numbers.into_iter().map(block_hash_slot).collect()
    }

    /// Whether the state of block `trusted` has the hash of block `number`.
    pub fn remembers(trusted: u64, number: u64) -> bool {
        trusted.checked_sub(number).is_some_and(|back| (1..=BLOCK_HASHES.1).contains(&back))
    }
}

impl PoolEvidence {
    /// The pool's slots that are proved, in this order: implementation, routine, each product's two, each claim's two.
    pub fn slots(
        routine: u16,
        products: &BTreeSet<u16>,
        claims: impl IntoIterator<Item = (B256, B256)>,
    ) -> Vec<B256> {
        [IMPLEMENTATION_SLOT, routine_slot(routine)]
            .into_iter()
            .chain(products.iter().flat_map(|product| product_slots(*product)))
            .chain(claims.into_iter().flat_map(|(evidence, policy)| claim_slots(evidence, policy)))
            .collect()
    }

    /// The products of [`Self::claims`].
    pub fn products(&self) -> BTreeSet<u16> {
        self.claims.iter().map(|claim| claim.product).collect()
    }
}
