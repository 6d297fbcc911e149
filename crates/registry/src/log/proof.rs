//! Inclusion and consistency proofs (RFC 6962, section 2.1; checked as in RFC 9162, section 2.1.3.2 and
//! 2.1.4.2).
//!
//! A proof is made from the hashes of complete subtrees, whoever has them ([`NodeSource`]); checking needs
//! nothing but the proof. Every proof has exactly one length, given by the two numbers it is about.

use averment_primitives::{
    B256,
    merkle::{Sha256Tree, TreeHash},
};
use std::ops::Range;
use thiserror::Error;

/// Has the hashes of complete subtrees.
pub trait NodeSource {
    /// Why a hash could not be given.
    type Error;

    /// `MTH(D[index * 2^level : (index + 1) * 2^level])`.
    fn node(&mut self, level: u8, index: u64) -> Result<B256, Self::Error>;
}

/// Why a proof cannot be made.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ProveError<E> {
    /// There is no such leaf in a tree of this size.
    #[error("there is no leaf {index} in a tree of {size} leaves")]
    Beyond {
        /// The leaf's index.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// A tree is consistent only with bigger ones.
    #[error("a tree of {newer} leaves does not contain one of {older}")]
    Sizes {
        /// The smaller tree's size.
        older: u64,
        /// The bigger tree's size.
        newer: u64,
    },
    /// A hash could not be had.
    #[error("{0}")]
    Source(E),
}

/// Why a proof does not hold.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum ProofError {
    /// There is no such leaf in a tree of this size.
    #[error("there is no leaf {index} in a tree of {size} leaves")]
    Beyond {
        /// The leaf's index.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// Consistency goes from a tree with leaves to one at least as big.
    #[error("a tree of {older} leaves cannot be proved to be the beginning of one of {newer}")]
    Sizes {
        /// The smaller tree's size.
        older: u64,
        /// The bigger tree's size.
        newer: u64,
    },
    /// Too few or too many hashes.
    #[error("the proof must have {expected} hashes, it has {got}")]
    Length {
        /// The length that the tree's shape demands.
        expected: usize,
        /// The length found.
        got: usize,
    },
    /// The proof is of another older tree.
    #[error("the proof begins at a tree with root {got}, expected {expected}")]
    OlderRoot {
        /// The older tree's root.
        expected: B256,
        /// What the proof gives.
        got: B256,
    },
    /// The proof leads elsewhere.
    #[error("the proof leads to root {got}, expected {expected}")]
    Root {
        /// The tree's root.
        expected: B256,
        /// What the proof gives.
        got: B256,
    },
}

/// The hash of the leaves from `start` to `end`, where `start` is a multiple of the largest power of two below
/// their number, as in any tree.
fn range<S: NodeSource>(nodes: &mut S, start: u64, end: u64) -> Result<B256, S::Error> {
    // The complete subtrees are the bits of the length, the largest leftmost.
    let (mut left, mut at, mut hash) = (end.saturating_sub(start), end, None);
    while left != 0 {
        let level = left.trailing_zeros();
        at -= 1 << level;
        left &= left - 1;
        let node = nodes.node(level as u8, at >> level)?;
        hash = Some(match hash {
            None => node,
            Some(right) => Sha256Tree::node(&node, &right),
        });
    }
    Ok(hash.unwrap_or_else(Sha256Tree::empty))
}

/// The root of the first `size` leaves.
pub fn root<S: NodeSource>(nodes: &mut S, size: u64) -> Result<B256, S::Error> {
    range(nodes, 0, size)
}

/// The largest power of two below `length`, which is at least 2.
fn split(length: u64) -> u64 {
    1 << (63 - (length - 1).leading_zeros())
}

/// Goes down to the half of a tree that is wanted, and gives the root of the other.
fn descend<S: NodeSource>(
    nodes: &mut S,
    tree: &mut Range<u64>,
    first: impl FnOnce(u64) -> bool,
) -> Result<B256, S::Error> {
    let middle = tree.start + split(tree.end - tree.start);
    let other = if first(middle) {
        let other = middle..tree.end;
        tree.end = middle;
        other
    } else {
        let other = tree.start..middle;
        tree.start = middle;
        other
    };
    range(nodes, other.start, other.end)
}

/// `PATH(index, D[size])`: from the leaf's sibling up to the root's child.
pub fn inclusion_proof<S: NodeSource>(
    nodes: &mut S,
    index: u64,
    size: u64,
) -> Result<Vec<B256>, ProveError<S::Error>> {
    if index >= size {
        return Err(ProveError::Beyond { index, size });
    }
    let mut tree = 0..size;
    let mut proof = Vec::new();
    while tree.end - tree.start > 1 {
        let sibling = descend(nodes, &mut tree, |middle| index < middle);
        proof.push(sibling.map_err(ProveError::Source)?);
    }
    proof.reverse();
    Ok(proof)
}

/// `PROOF(older, D[newer])`: that the tree of `newer` leaves begins with that of `older` leaves. Every tree
/// begins with the empty one, which needs (and has) no hashes to show it.
pub fn consistency_proof<S: NodeSource>(
    nodes: &mut S,
    older: u64,
    newer: u64,
) -> Result<Vec<B256>, ProveError<S::Error>> {
    if older > newer {
        return Err(ProveError::Sizes { older, newer });
    }
    if older == 0 {
        return Ok(Vec::new());
    }
    let mut tree = 0..newer;
    let mut proof = Vec::new();
    while tree.end != older {
        let sibling = descend(nodes, &mut tree, |middle| older <= middle);
        proof.push(sibling.map_err(ProveError::Source)?);
    }
    // The older tree's root is known to whoever checks, unless it is only a part that ends here.
    if tree.start != 0 {
        proof.push(range(nodes, tree.start, tree.end).map_err(ProveError::Source)?);
    }
    proof.reverse();
    Ok(proof)
}

/// How many hashes an inclusion proof has: below the place where the paths of leaf and last leaf part, one a
/// level; above it, one for each level on which the path comes from the right.
fn path_length(index: u64, last: u64) -> (u32, u32) {
    let inner = u64::BITS - (index ^ last).leading_zeros();
    (inner, index.checked_shr(inner).unwrap_or(0).count_ones())
}

/// The root that an inclusion proof leads to.
pub fn root_of_inclusion(leaf: B256, index: u64, size: u64, proof: &[B256]) -> Result<B256, ProofError> {
    if index >= size {
        return Err(ProofError::Beyond { index, size });
    }
    let (inner, border) = path_length(index, size - 1);
    let (expected, got) = ((inner + border) as usize, proof.len());
    if expected != got {
        return Err(ProofError::Length { expected, got });
    }
    let (below, above) = proof.split_at_checked(inner as usize).unwrap_or_default();
    let node = climb(leaf, index, below);
    Ok(above.iter().fold(node, |node, left| Sha256Tree::node(left, &node)))
}

/// Up from `node` at `place` in its level, with a sibling on every level.
fn climb(node: B256, place: u64, siblings: &[B256]) -> B256 {
    siblings.iter().enumerate().fold(node, |node, (level, sibling)| {
        if place >> level & 1 == 0 {
            Sha256Tree::node(&node, sibling)
        } else {
            Sha256Tree::node(sibling, &node)
        }
    })
}

/// Checks that the leaf with this hash is the one at `index` of the tree of `size` leaves with this root.
pub fn verify_inclusion(
    leaf: B256,
    index: u64,
    size: u64,
    proof: &[B256],
    root: B256,
) -> Result<(), ProofError> {
    match root_of_inclusion(leaf, index, size, proof)? {
        got if got == root => Ok(()),
        got => Err(ProofError::Root { expected: root, got }),
    }
}

/// Checks that the tree of `newer` leaves begins with the tree of `older` leaves, given the roots of both.
/// From the empty tree nothing is to be proved: `older` must be at least 1.
pub fn verify_consistency(
    older: u64,
    older_root: B256,
    newer: u64,
    newer_root: B256,
    proof: &[B256],
) -> Result<(), ProofError> {
    if older == 0 || older > newer {
        return Err(ProofError::Sizes { older, newer });
    }
    let got = proof.len();
    if older == newer {
        return if got != 0 {
            Err(ProofError::Length { expected: 0, got })
        } else if older_root != newer_root {
            Err(ProofError::Root { expected: newer_root, got: older_root })
        } else {
            Ok(())
        };
    }
    // The proof climbs from the largest complete subtree that ends the older tree; if that is all of the
    // older tree, its root is known already.
    let level = older.trailing_zeros();
    let place = (older - 1) >> level;
    let (inner, border) = path_length(place, (newer - 1) >> level);
    let whole = place == 0;
    let expected = (inner + border) as usize + usize::from(!whole);
    if expected != got {
        return Err(ProofError::Length { expected, got });
    }
    let (seed, path) = match proof.split_first() {
        Some((first, rest)) if !whole => (*first, rest),
        _ => (older_root, proof),
    };
    let (below, above) = path.split_at_checked(inner as usize).unwrap_or_default();

    // Of the siblings on the way, the older tree has those to the left.
    let older_part = below
        .iter()
        .enumerate()
        .filter(|(level, _)| place >> level & 1 == 1)
        .fold(seed, |node, (_, left)| Sha256Tree::node(left, &node));
    let older_got = above.iter().fold(older_part, |node, left| Sha256Tree::node(left, &node));
    if older_got != older_root {
        return Err(ProofError::OlderRoot { expected: older_root, got: older_got });
    }
    let newer_part = climb(seed, place, below);
    let newer_got = above.iter().fold(newer_part, |node, left| Sha256Tree::node(left, &node));
    if newer_got != newer_root {
        return Err(ProofError::Root { expected: newer_root, got: newer_got });
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests;
