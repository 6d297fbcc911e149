//! Names that other networks give to the same bytes: IPFS content ids, CAR files, and pointers.
//!
//! | module | subject |
//! |---|---|
//! | [`unixfs`] | the CID of a file or folder, under a named profile |
//! | [`car`] | CARv1 files, written and read |
//! | [`mod@pointer`] | `ipfs://`, `ar://`, `s3://`, `https://` with digests and size |

pub mod car;
pub mod pointer;
pub mod unixfs;

pub use cid::Cid;

use cid::multihash::Multihash;
use sha2::{Digest, Sha256};

/// Multicodec of bytes as they are.
const RAW: u64 = 0x55;
/// Multicodec of a DAG-PB node.
const DAG_PB: u64 = 0x70;
/// Multicodec of SHA-256.
const SHA2_256: u64 = 0x12;

/// The version 1 CID of a block under SHA-256.
fn cid_of(codec: u64, block: &[u8]) -> Cid {
    let digest = Multihash::wrap(SHA2_256, &Sha256::digest(block)).unwrap_or_default();
    Cid::new_v1(codec, digest)
}
