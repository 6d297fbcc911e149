//! The Merkle Patricia trie of the Yellow Paper, appendix D, for keys of 32 bytes, kept in memory.
//!
//! Nodes are shared and never changed: an update copies the path to the leaf and shares the rest, so that a
//! copy of a trie costs nothing and an update that is not kept leaves no trace. Each node remembers its
//! reference (its RLP, or the hash of it), so a root costs only the nodes that are new.
//!
//! Invariants: no branch has fewer than two children, no extension leads to anything but a branch, no path of
//! an extension is empty. Keys all have one length, so branches hold no values.

use alloy::primitives::{B256, Bytes};
use alloy_rlp::Encodable;
use alloy_trie::{
    EMPTY_ROOT_HASH, Nibbles, TrieMask,
    nodes::{BranchNode, ExtensionNodeRef, LeafNodeRef, RlpNode},
};
use std::sync::{Arc, OnceLock};

/// A trie; see the module's head.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trie(Option<Arc<Node>>);

#[derive(Debug)]
struct Node {
    kind: Kind,
    reference: OnceLock<RlpNode>,
}

#[derive(Debug)]
enum Kind {
    Leaf { path: Nibbles, value: Vec<u8> },
    Extension { path: Nibbles, child: Arc<Node> },
    Branch { children: [Option<Arc<Node>>; 16] },
}

impl Trie {
    /// The root: [`EMPTY_ROOT_HASH`] of an empty trie.
    pub(crate) fn root(&self) -> B256 {
        self.0.as_ref().map_or(EMPTY_ROOT_HASH, |node| alloy::primitives::keccak256(node.rlp()))
    }

    /// Sets the value under `key`; an empty value removes the key.
    pub(crate) fn set(&mut self, key: B256, value: Vec<u8>) {
        let path = Nibbles::unpack(key);
        self.0 = match (self.0.take(), value.is_empty()) {
            (None, true) => None,
            (None, false) => Some(Node::leaf(path, value)),
            (Some(root), true) => root.removed(&path),
            (Some(root), false) => Some(root.inserted(&path, value)),
        };
    }

    /// The nodes from the root towards `key`, as RLP: a proof of its value, or that it has none.
    pub(crate) fn prove(&self, key: B256) -> Vec<Bytes> {
        let path = Nibbles::unpack(key);
        let (mut at, mut proof, mut next) = (0, Vec::new(), self.0.as_deref());
        while let Some(node) = next {
            let rlp = node.rlp();
            // A node shorter than a hash stands inside its parent.
            if proof.is_empty() || rlp.len() >= 32 {
                proof.push(rlp.into());
            }
            next = match &node.kind {
                Kind::Leaf { .. } => None,
                Kind::Extension { path: part, child } => {
                    let follows = path.slice(at..).starts_with(part);
                    at += part.len();
                    follows.then_some(child)
                }
                Kind::Branch { children } => {
                    let child = path.get(at).and_then(|nibble| children.get(usize::from(nibble)));
                    at += 1;
                    child.and_then(Option::as_deref)
                }
            };
        }
        proof
    }
}

impl Node {
    fn new(kind: Kind) -> Arc<Self> {
        Arc::new(Self { kind, reference: OnceLock::new() })
    }

    fn leaf(path: Nibbles, value: Vec<u8>) -> Arc<Self> {
        Self::new(Kind::Leaf { path, value })
    }

    /// `child` under `path`, joined with the child's own path where the form demands it.
    fn extended(path: Nibbles, child: Arc<Self>) -> Arc<Self> {
        match &child.kind {
            _ if path.is_empty() => child,
            Kind::Leaf { path: rest, value } => Self::leaf(path.join(rest), value.clone()),
            Kind::Extension { path: rest, child } => {
                Self::new(Kind::Extension { path: path.join(rest), child: child.clone() })
            }
            Kind::Branch { .. } => Self::new(Kind::Extension { path, child }),
        }
    }

    fn rlp(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match &self.kind {
            Kind::Leaf { path, value } => LeafNodeRef::new(path, value).encode(&mut out),
            Kind::Extension { path, child } => {
                ExtensionNodeRef::new(path, child.reference().as_slice()).encode(&mut out);
            }
            Kind::Branch { children } => {
                let mut mask = 0u16;
                let mut stack = Vec::with_capacity(16);
                for (nibble, child) in children.iter().enumerate() {
                    if let Some(child) = child {
                        mask |= 1 << nibble;
                        stack.push(child.reference().clone());
                    }
                }
                BranchNode::new(stack, TrieMask::new(mask)).as_ref().encode(&mut out);
            }
        }
        out
    }

    fn reference(&self) -> &RlpNode {
        self.reference.get_or_init(|| RlpNode::from_rlp(&self.rlp()))
    }

    fn inserted(&self, path: &Nibbles, value: Vec<u8>) -> Arc<Self> {
        match &self.kind {
            Kind::Branch { children } => {
                let (nibble, rest) = split(path);
                let mut children = children.clone();
                if let Some(slot) = children.get_mut(usize::from(nibble)) {
                    *slot = Some(match slot.take() {
                        Some(child) => child.inserted(&rest, value),
                        None => Self::leaf(rest, value),
                    });
                }
                Self::new(Kind::Branch { children })
            }
            Kind::Leaf { path: own, .. } if own == path => Self::leaf(*path, value),
            Kind::Leaf { path: own, value: old } => {
                let common = own.common_prefix_length(path);
                let (own_nibble, own_rest) = split(&own.slice(common..));
                let (nibble, rest) = split(&path.slice(common..));
                let leaves =
                    [(own_nibble, Self::leaf(own_rest, old.clone())), (nibble, Self::leaf(rest, value))];
                Self::extended(path.slice(..common), Self::branch(leaves))
            }
            Kind::Extension { path: own, child } => {
                let common = own.common_prefix_length(path);
                if common == own.len() {
                    return Self::extended(*own, child.inserted(&path.slice(common..), value));
                }
                let (own_nibble, own_rest) = split(&own.slice(common..));
                let (nibble, rest) = split(&path.slice(common..));
                let children = [
                    (own_nibble, Self::extended(own_rest, child.clone())),
                    (nibble, Self::leaf(rest, value)),
                ];
                Self::extended(path.slice(..common), Self::branch(children))
            }
        }
    }

    fn branch(pair: [(u8, Arc<Self>); 2]) -> Arc<Self> {
        let mut children: [Option<Arc<Self>>; 16] = Default::default();
        for (nibble, child) in pair {
            if let Some(slot) = children.get_mut(usize::from(nibble)) {
                *slot = Some(child);
            }
        }
        Self::new(Kind::Branch { children })
    }

    /// This node without the leaf at `path`; itself where there is none.
    fn removed(self: Arc<Self>, path: &Nibbles) -> Option<Arc<Self>> {
        match &self.kind {
            Kind::Leaf { path: own, .. } => (own != path).then_some(self),
            Kind::Extension { path: own, child } => {
                if !path.starts_with(own) {
                    return Some(self);
                }
                let rest = child.clone().removed(&path.slice(own.len()..))?;
                Some(if Arc::ptr_eq(&rest, child) { self } else { Self::extended(*own, rest) })
            }
            Kind::Branch { children } => {
                let (nibble, rest) = split(path);
                let Some(child) = children.get(usize::from(nibble)).and_then(Clone::clone) else {
                    return Some(self);
                };
                let left = child.clone().removed(&rest);
                if left.as_ref().is_some_and(|left| Arc::ptr_eq(left, &child)) {
                    return Some(self);
                }
                let mut children = children.clone();
                if let Some(slot) = children.get_mut(usize::from(nibble)) {
                    *slot = left;
                }
                let mut present = (0u8..).zip(&children).filter_map(|(n, child)| Some((n, child.clone()?)));
                match (present.next(), present.next()) {
                    (Some((nibble, only)), None) => {
                        Some(Self::extended(Nibbles::from_nibbles([nibble]), only))
                    }
                    (None, _) => None,
                    _ => {
                        drop(present);
                        Some(Self::new(Kind::Branch { children }))
                    }
                }
            }
        }
    }
}

/// The first nibble and the rest. Keys have one length and no key is a prefix of another, so a path that
/// reaches a branch or parts from another has a nibble left.
fn split(path: &Nibbles) -> (u8, Nibbles) {
    (path.first().unwrap_or_default(), path.slice(1.min(path.len())..))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::keccak256;
    use alloy_trie::{HashBuilder, proof::verify_proof};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn reference_root(map: &BTreeMap<B256, Vec<u8>>) -> B256 {
        let mut builder = HashBuilder::default();
        for (key, value) in map {
            builder.add_leaf(Nibbles::unpack(key), value);
        }
        builder.root()
    }

    /// Keys that share long prefixes, so that extensions split and join.
    fn key() -> impl Strategy<Value = B256> {
        (0u8..4, 0usize..4, 0u8..4).prop_map(|(byte, at, last)| {
            let mut key = B256::ZERO;
            key[[0, 1, 15, 31][at]] = byte << 4 | last;
            key
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn agrees_with_alloy_after_every_update(
            updates in prop::collection::vec((key(), prop::collection::vec(1u8.., 0..40)), 1..60)
        ) {
            let (mut trie, mut map) = (Trie::default(), BTreeMap::new());
            for (key, value) in updates {
                let before = (trie.clone(), trie.root());
                trie.set(key, value.clone());
                if value.is_empty() { map.remove(&key) } else { map.insert(key, value) };
                prop_assert_eq!(trie.root(), reference_root(&map));
                prop_assert_eq!(before.0.root(), before.1, "an update changed an older copy");
                for at in map.keys().copied().chain([key, keccak256(key)]) {
                    verify_proof(trie.root(), Nibbles::unpack(at), map.get(&at).cloned(), &trie.prove(at)).unwrap();
                }
            }
            for key in map.keys().copied().collect::<Vec<_>>() {
                trie.set(key, Vec::new());
            }
            prop_assert_eq!(trie.root(), EMPTY_ROOT_HASH);
        }
    }
}
