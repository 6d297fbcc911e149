//! The Merkle tree of RFC 6962, section 2.1, over any 32-byte hash.
//!
//! `MTH({}) = H()`, `MTH({d}) = H(0x00 || d)`, `MTH(D[n]) = H(0x01 || MTH(D[0:k]) || MTH(D[k:n]))` with `k`
//! the largest power of two below `n`. Used by fingerprints (SHA-256 and BLAKE3) and by the log (SHA-256).
//! [`Tree`] is streaming: it holds one hash per level, whatever the number of leaves.

use alloy_primitives::B256;
use sha2::{Digest, Sha256};

/// A hash function for leaves and nodes, with RFC 6962's prefixes.
pub trait TreeHash {
    /// Hash of the empty tree: the hash of the empty string.
    fn empty() -> B256;
    /// `H(0x00 || data)`.
    fn leaf(data: &[u8]) -> B256;
    /// `H(0x01 || left || right)`.
    fn node(left: &B256, right: &B256) -> B256;
}

/// SHA-256, as RFC 6962 has it.
#[derive(Debug, Clone, Copy)]
pub struct Sha256Tree;

impl TreeHash for Sha256Tree {
    fn empty() -> B256 {
        B256::from(<[u8; 32]>::from(Sha256::digest([])))
    }
    fn leaf(data: &[u8]) -> B256 {
        B256::from(<[u8; 32]>::from(Sha256::new().chain_update([0]).chain_update(data).finalize()))
    }
    fn node(left: &B256, right: &B256) -> B256 {
        let digest = Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize();
        B256::from(<[u8; 32]>::from(digest))
    }
}

/// BLAKE3 with the same prefixes.
#[derive(Debug, Clone, Copy)]
pub struct Blake3Tree;

impl TreeHash for Blake3Tree {
    fn empty() -> B256 {
        B256::from(*blake3::hash(&[]).as_bytes())
    }
    fn leaf(data: &[u8]) -> B256 {
        B256::from(*blake3::Hasher::new().update(&[0]).update(data).finalize().as_bytes())
    }
    fn node(left: &B256, right: &B256) -> B256 {
        let digest =
            blake3::Hasher::new().update(&[1]).update(left.as_slice()).update(right.as_slice()).finalize();
        B256::from(*digest.as_bytes())
    }
}

/// A tree that grows by leaf hashes and can be asked for its root at any size.
#[derive(Debug, Clone)]
pub struct Tree<H> {
    /// Roots of the complete subtrees, largest first: one per set bit of `size`.
    peaks: Vec<B256>,
    size: u64,
    hash: std::marker::PhantomData<H>,
}

impl<H: TreeHash> Default for Tree<H> {
    fn default() -> Self {
        Self { peaks: Vec::new(), size: 0, hash: std::marker::PhantomData }
    }
}

impl<H: TreeHash> Tree<H> {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on from the roots of the complete subtrees of `size` leaves, largest first; none if their number
    /// is not that of the bits set in `size`.
    pub fn from_peaks(size: u64, peaks: Vec<B256>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self {
            peaks,
            size,
            hash: std::marker::PhantomData,
        })
    }

    /// Appends a leaf given its hash ([`TreeHash::leaf`]).
    pub fn push(&mut self, leaf: B256) {
        let mut node = leaf;
        // Every trailing one of the old size is a complete subtree that the new leaf closes.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = H::node(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// `MTH` of the leaves so far.
    pub fn root(&self) -> B256 {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => H::empty(),
            Some(last) => peaks.fold(*last, |right, left| H::node(left, &right)),
        }
    }
}

/// `MTH` over leaf hashes, by the recursive definition; the reference for [`Tree`].
pub fn root_by_definition<H: TreeHash>(leaves: &[B256]) -> B256 {
    match leaves {
        [] => H::empty(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            H::node(&root_by_definition::<H>(left), &root_by_definition::<H>(right))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    #[test]
    fn streaming_equals_the_definition() {
        let leaves: Vec<B256> = (0u32..200).map(|i| Sha256Tree::leaf(&i.to_le_bytes())).collect();
        let (mut sha, mut blake) = (Tree::<Sha256Tree>::new(), Tree::<Blake3Tree>::new());
        for (n, leaf) in leaves.iter().enumerate() {
            assert_eq!(sha.root(), root_by_definition::<Sha256Tree>(&leaves[..n]));
            assert_eq!(blake.root(), root_by_definition::<Blake3Tree>(&leaves[..n]));
            sha.push(*leaf);
            blake.push(*leaf);
            let resumed = Tree::<Sha256Tree>::from_peaks(sha.size, sha.peaks.clone()).unwrap();
            assert_eq!(resumed.root(), root_by_definition::<Sha256Tree>(&leaves[..=n]));
        }
        assert!(Tree::<Sha256Tree>::from_peaks(3, vec![leaves[0]]).is_none());
    }

    /// Known roots from the Certificate Transparency reference implementation's test data.
    #[test]
    fn agrees_with_certificate_transparency() {
        let data: [&[u8]; 8] = [
            b"",
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        let mut tree = Tree::<Sha256Tree>::new();
        assert_eq!(tree.root().0, hex!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
        for leaf in data {
            tree.push(Sha256Tree::leaf(leaf));
        }
        assert_eq!(tree.root().0, hex!("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"));
    }
}
