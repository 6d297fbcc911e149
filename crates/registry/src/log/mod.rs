//! The append-only log: its records, its tree and its signed heads (docs/formats.md, "Log").
//!
//! What is said is a [`Record`]; what is published of it is a salted leaf; what is signed and anchored is the
//! root over the leaves. The published forms are those of others, so that their tools read them: RFC 6962
//! trees and proofs, C2SP tlog-tiles, tlog-checkpoint, signed-note and tlog-proof.
//!
//! | module | subject |
//! |---|---|
//! | `record` | `averment-record/1` |
//! | `tile`, `bundle` | paths and bytes of what a log serves |
//! | `proof` | inclusion and consistency, made and checked |
//! | `tree` | a tree read from tiles that nobody vouches for |
//! | `frontier` | a tree that grows |
//! | `note`, `checkpoint` | signed heads |
//! | `inclusion` | one record's proof, as a file |
//! | `padding` | dummies before an anchoring |

mod bundle;
mod checkpoint;
mod frontier;
mod inclusion;
mod note;
mod padding;
mod proof;
mod record;
mod tile;
mod tree;

pub use bundle::{BUNDLED_BYTES, BundleError, decode_bundle, encode_bundle};
pub use checkpoint::{Checkpoint, CheckpointError, CheckpointKey, SignError};
pub use frontier::{Frontier, ResumeError, leaf_hash};
pub use inclusion::{InclusionError, LogInclusion, Opening, TlogProofError, VerifiedInclusion};
pub use note::{KeyError, KeyId, Note, NoteError, NoteLimits, NoteSignature, VerifierKey};
pub use padding::{PadError, Padding, PaddingPolicy, pad};
pub use proof::{
    NodeSource, ProofError, ProveError, consistency_proof, inclusion_proof, root, root_of_inclusion,
    verify_consistency, verify_inclusion,
};
pub use record::{MAX_RECORD_BYTES, Record, RecordError, RecordKind};
pub use tile::{Bundle, MAX_LEVEL, PathError, Resource, TILE_WIDTH, Tile, index_path};
pub use tree::{TileReader, TiledTree, TreeError};
