//! One look-up in a Merkle Patricia trie of which only the nodes on the way are known.
//!
//! `alloy-trie` decodes the nodes; walking them is done here because its own walk asserts that paths fit
//! into 64 nibbles (a panic on hostile nodes) and answers only yes or no. Its verifier is the reference in the
//! tests.

use alloy_rlp::{Decodable, EMPTY_STRING_CODE};
use alloy_trie::{
    EMPTY_ROOT_HASH, Nibbles,
    nodes::{RlpNode, TrieNode},
};
use averment_primitives::{B256, Bytes};
use thiserror::Error;

/// Longest node of states: a branch with 16 hashes has 532 bytes, an account's leaf far less.
pub(super) const NODE_BYTES: usize = 1024;

/// Why nodes do not lead from a root to a key.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum TrieError {
    /// The nodes end before the key does.
    #[error("{got} nodes do not reach the key: a node is missing")]
    Missing {
        /// Nodes given.
        got: usize,
    },
    /// Nodes after the last one needed.
    #[error("{needed} nodes reach the key, {got} were given")]
    Surplus {
        /// Nodes used.
        needed: usize,
        /// Nodes given.
        got: usize,
    },
    /// A node that its parent does not name.
    #[error("node {depth}: its parent names {expected}, this is {got}")]
    Node {
        /// Place in the list, from 0.
        depth: usize,
        /// The reference in the parent, or the root.
        expected: Bytes,
        /// The reference of the node given.
        got: Bytes,
    },
    /// Not a trie node, or one that no trie has here.
    #[error("node {depth}: {why}")]
    Malformed {
        /// Place in the list, from 0.
        depth: usize,
        /// What is wrong.
        why: String,
    },
}

/// The value stored under `key` (of states a hash) in the trie with `root`, of nodes of at most `longest` bytes; none if the
/// nodes prove absence.
pub(super) fn look_up(
    root: B256,
    key: &Nibbles,
    proof: &[Bytes],
    longest: usize,
) -> Result<Option<Vec<u8>>, TrieError> {
    if root == EMPTY_ROOT_HASH {
        // An empty trie is proved by its root alone; some nodes send the empty node as well.
        let surplus = proof.iter().filter(|node| node.as_ref() != [EMPTY_STRING_CODE]).count();
        return match (surplus, proof.len()) {
            (0, 0 | 1) => Ok(None),
            (_, got) => Err(TrieError::Surplus { needed: 0, got }),
        };
    }
    let mut expected = RlpNode::word_rlp(&root);
    let mut walked = 0_usize;
    for (depth, bytes) in proof.iter().enumerate() {
        let got = RlpNode::from_rlp(bytes);
        if got != expected {
            let (expected, got) = (expected.as_slice(), got.as_slice());
            let (expected, got) = (Bytes::copy_from_slice(expected), Bytes::copy_from_slice(got));
            return Err(TrieError::Node { depth, expected, got });
        }
        if bytes.len() > longest {
            return Err(TrieError::Malformed { depth, why: "longer than any node".to_owned() });
        }
        match step(depth, bytes, key, &mut walked)? {
            Step::Go(next) => expected = next,
            Step::Found(value) => return ended(depth, proof, Some(value)),
            Step::Absent => return ended(depth, proof, None),
        }
    }
    Err(TrieError::Missing { got: proof.len() })
}

fn ended(depth: usize, proof: &[Bytes], value: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, TrieError> {
    let needed = depth.saturating_add(1);
    if needed == proof.len() { Ok(value) } else { Err(TrieError::Surplus { needed, got: proof.len() }) }
}

enum Step {
    /// On to the node of this reference.
    Go(RlpNode),
    Found(Vec<u8>),
    Absent,
}

/// Follows `key` through one node and the nodes embedded in it. Each step walks at least one nibble, so this
/// ends within 64.
fn step(depth: usize, bytes: &[u8], key: &Nibbles, walked: &mut usize) -> Result<Step, TrieError> {
    let malformed = |why: &str| TrieError::Malformed { depth, why: why.to_owned() };
    let mut embedded: RlpNode;
    let mut bytes = bytes;
    loop {
        let mut rest = bytes;
        let node = TrieNode::decode(&mut rest).map_err(|error| malformed(&error.to_string()))?;
        if !rest.is_empty() {
            return Err(malformed("bytes after the node"));
        }
        let next = match node {
            TrieNode::EmptyRoot => return Err(malformed("an empty node inside a trie")),
            TrieNode::Leaf(leaf) => {
                let matches =
                    leaf.key.len() == key.len().saturating_sub(*walked) && follows(key, *walked, &leaf.key);
                return Ok(if matches { Step::Found(leaf.value) } else { Step::Absent });
            }
            TrieNode::Extension(extension) => {
                if extension.key.is_empty() {
                    return Err(malformed("an extension of no length"));
                }
                if !follows(key, *walked, &extension.key) {
                    return Ok(Step::Absent);
                }
                *walked = walked.saturating_add(extension.key.len());
                extension.child
            }
            TrieNode::Branch(branch) => {
                let nibble = key.get(*walked).ok_or_else(|| malformed("a branch below a whole key"))?;
                *walked = walked.saturating_add(1);
                if !branch.state_mask.is_bit_set(nibble) {
                    return Ok(Step::Absent);
                }
                let before = (0..nibble).filter(|&lower| branch.state_mask.is_bit_set(lower)).count();
                branch.stack.get(before).ok_or_else(|| malformed("a branch without its child"))?.clone()
            }
        };
        if next.is_hash() {
            return Ok(Step::Go(next));
        }
        embedded = next;
        bytes = embedded.as_slice();
    }
}

/// Whether `part` is what stands in `key` from nibble `from` on.
fn follows(key: &Nibbles, from: usize, part: &Nibbles) -> bool {
    (0..part.len()).all(|i| key.get(from.saturating_add(i)) == part.get(i))
}

#[cfg(test)]
mod tests;
