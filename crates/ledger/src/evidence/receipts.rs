//! Receipts with their proofs. Nodes give a block's receipts, not their trie: it is built here, and believed only if its root is
//! the header's.

use crate::{Ledger, VerifiedHeader};
use alloy::{eips::BlockId, eips::Encodable2718, providers::Provider};
use alloy_trie::{HashBuilder, Nibbles, proof::ProofRetainer};
use averment_primitives::{B256, Bytes};
use std::collections::{BTreeMap, BTreeSet};

/// Proofs of receipts of one block: nodes from the header's root of receipts, by the transaction's place.
pub(crate) type ReceiptProofs = BTreeMap<u64, Vec<Bytes>>;

impl Ledger {
    /// Proofs of the receipts at `places` of `block`. None if the node does not give receipts that add up to the header's root:
    /// it does not know the method, keeps none so old, or the chain has kinds of receipts that this program cannot write.
    pub(crate) async fn prove_receipts(
        &self,
        block: &VerifiedHeader,
        places: &BTreeSet<u64>,
    ) -> Option<ReceiptProofs> {
        let answer = self.provider().get_block_receipts(BlockId::from(block.hash)).await;
        let receipts = answer.ok().flatten()?;
        let leaves: BTreeMap<Vec<u8>, Vec<u8>> = receipts
            .into_iter()
            .zip(0_u64..)
            .map(|(receipt, place)| {
                let receipt = receipt.into_primitives_receipt().inner;
                (alloy_rlp::encode(place), receipt.encoded_2718())
            })
            .collect();
        let mut proofs = ReceiptProofs::new();
        for place in places {
            let (root, proof) = prove(&leaves, &alloy_rlp::encode(place));
            if root != block.header.receipts_root {
                return None;
            }
            proofs.insert(*place, proof);
        }
        Some(proofs)
    }
}

/// The root of the trie with these leaves, and the nodes on the way to `key`.
fn prove(leaves: &BTreeMap<Vec<u8>, Vec<u8>>, key: &[u8]) -> (B256, Vec<Bytes>) {
    let retainer: ProofRetainer = ProofRetainer::new(vec![Nibbles::unpack(key)]);
    let mut builder = HashBuilder::default().with_proof_retainer(retainer);
    for (key, value) in leaves {
        builder.add_leaf(Nibbles::unpack(key), value);
    }
    let root = builder.root();
    // No node of such a trie is so short that it would stand inside its parent: a receipt has more than 256 bytes.
    let nodes = builder.take_proof_nodes().into_nodes_sorted();
    (root, nodes.into_iter().map(|(_, node)| node).collect())
}
