//! What a descriptor is registered as, and the digest D that names it: on the chain, in the transcript and here ([10.3]).
//!
//! The points of function tables follow from the plan and the setup as the descriptor follows from the plan, and a proof is
//! about them as much as about the relations. So both are registered together, and D is the hash of both: a digest that is
//! right for a plan leaves no choice of points.

use super::ValidDescriptor;
use crate::point::{self, G1Affine};
use alloy_primitives::{B256, Keccak256, hex};

/// Creation code that stores what follows its first eleven bytes. The twelfth is the first of what is stored, and stops
/// whoever calls it.
const CREATION: [u8; 12] = hex!("600b5981380380925939f300");

impl ValidDescriptor {
    /// D: keccak256 of the code that creates the contract whose code is the descriptor and the points of its function
    /// tables, one a chunk. The registry creates it with CREATE2, so D determines its address.
    pub fn digest(&self, tables: &[G1Affine]) -> B256 {
        let mut hasher = Keccak256::new();
        hasher.update(CREATION);
        hasher.update(self.bytes());
        hasher.update(point::to_bytes(tables));
        hasher.finalize()
    }
}
