//! Dummies before an anchoring, so that the chain tells nothing about how much was logged.
//!
//! At least one dummy goes before every anchoring, so that the root differs from the last one's also when
//! nothing happened. Its salt is drawn until the root has no zero byte: a byte of calldata costs less gas when it
//! is zero, so roots with more or fewer of them would differ in gas (though not tell what was logged).
//! Where tiles and checkpoints are published too, they show the number of leaves, dummies included; rounding up
//! to a multiple blurs it.

use super::{frontier::leaf_hash, record::Record};
use averment_primitives::{
    B256, Salt, SaltedLeaf,
    merkle::{Sha256Tree, Tree},
};
use std::num::NonZeroU64;
use thiserror::Error;

/// A root has no zero byte with probability (255/256)^32 = 0.88, so a sound generator of random numbers never
/// needs so many draws (0.12^64 < 2^-192).
const MAX_DRAWS: u32 = 64;

/// How many dummies go before an anchoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaddingPolicy {
    /// The log's size is a multiple of this at every anchoring; 1 for just the one dummy.
    pub multiple: NonZeroU64,
}

impl Default for PaddingPolicy {
    /// One dummy.
    fn default() -> Self {
        Self { multiple: NonZeroU64::MIN }
    }
}

impl PaddingPolicy {
    /// How many dummies a log of `size` leaves needs: at least one.
    pub fn dummies(self, size: u64) -> u64 {
        let multiple = self.multiple.get();
        multiple - size % multiple
    }
}

/// Why padding failed.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum PadError<E> {
    /// No salt could be drawn.
    #[error("no random bytes could be drawn: {0}")]
    Draw(E),
    /// Every root had a zero byte.
    #[error("after {MAX_DRAWS} draws every root has a zero byte: the generator of random numbers is broken")]
    NotRandom,
}

/// Dummies for one anchoring.
#[derive(Debug, Clone)]
pub struct Padding {
    /// The salts of dummies, in the order in which they are appended, with their leaves. Each commits to
    /// [`Record::padding`].
    pub dummies: Vec<(Salt, SaltedLeaf)>,
    /// The root once they are appended; it has no zero byte.
    pub root: B256,
}

/// Dummies for the log with this tree, so many as `policy` says; `draw` gives fresh random bytes.
pub fn pad<E>(
    mut tree: Tree<Sha256Tree>,
    policy: PaddingPolicy,
    mut draw: impl FnMut() -> Result<[u8; 32], E>,
) -> Result<Padding, PadError<E>> {
    let mut dummy = || {
        let salt = Salt::from_random(draw().map_err(PadError::Draw)?);
        let leaf = Record::padding().commit(&salt);
        Ok((salt, leaf))
    };
    let mut dummies = Vec::new();
    for _ in 1..policy.dummies(tree.size()) {
        let (salt, leaf) = dummy()?;
        tree.push(leaf_hash(leaf));
        dummies.push((salt, leaf));
    }
    for _ in 0..MAX_DRAWS {
        let (salt, leaf) = dummy()?;
        let mut padded = tree.clone();
        padded.push(leaf_hash(leaf));
        let root = padded.root();
        if !root.contains(&0) {
            dummies.push((salt, leaf));
            return Ok(Padding { dummies, root });
        }
    }
    Err(PadError::NotRandom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn drawer() -> impl FnMut() -> Result<[u8; 32], Infallible> {
        let mut number = 0u64;
        move || {
            number += 1;
            Ok(*averment_primitives::keccak256(number.to_be_bytes()))
        }
    }

    fn policy(multiple: u64) -> PaddingPolicy {
        PaddingPolicy { multiple: NonZeroU64::new(multiple).unwrap() }
    }

    #[test]
    fn there_is_always_a_dummy_and_the_size_becomes_a_multiple() {
        for multiple in 1..20 {
            for size in 0..60 {
                let dummies = policy(multiple).dummies(size);
                assert!((1..=multiple).contains(&dummies));
                assert_eq!((size + dummies) % multiple, 0);
            }
        }
    }

    #[test]
    fn the_root_has_no_zero_byte_and_is_the_tree_with_the_dummies() {
        let mut draw = drawer();
        let mut tree = Tree::<Sha256Tree>::new();
        let mut rejected = 0;
        for _ in 0..300 {
            let mut draws = 0;
            let padding = pad(tree.clone(), policy(3), || {
                draws += 1;
                draw()
            })
            .unwrap();
            rejected += draws - padding.dummies.len();
            for (salt, leaf) in &padding.dummies {
                assert!(leaf.opens_to(salt, Record::padding().text().as_bytes()));
                tree.push(leaf_hash(*leaf));
            }
            assert_eq!(tree.root(), padding.root);
            assert!(!padding.root.contains(&0));
            assert_eq!(tree.size() % 3, 0);
            tree.push(leaf_hash(SaltedLeaf(padding.root)));
        }
        assert!(rejected > 0, "no root of 300 had a zero byte");
    }

    #[test]
    fn a_broken_generator_is_noticed() {
        // A salt that gives a root with a zero byte, for ever.
        let bad = (0u8..)
            .map(|byte| [byte; 32])
            .find(|salt| {
                let mut tree = Tree::<Sha256Tree>::new();
                tree.push(leaf_hash(Record::padding().commit(&Salt::from_random(*salt))));
                tree.root().contains(&0)
            })
            .unwrap();
        let stuck = pad(Tree::new(), policy(1), || Ok::<_, Infallible>(bad));
        assert!(matches!(stuck, Err(PadError::NotRandom)));
        assert!(matches!(
            pad(Tree::new(), policy(4), || Err("no entropy")),
            Err(PadError::Draw("no entropy"))
        ));
    }
}
