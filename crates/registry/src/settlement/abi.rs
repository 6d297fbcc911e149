//! The contracts' types as Solidity encodes them.

use alloy_sol_types::{SolType, sol};
use thiserror::Error;

/// Why bytes are not what a contract encodes.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum AbiError {
    /// Not the encoding of such a value.
    #[error("{what}: {why}")]
    Malformed {
        /// What was read.
        what: &'static str,
        /// The decoder's words.
        why: String,
    },
    /// Another encoding of the value than the one that Solidity writes.
    #[error("{what}: not in the one form that Solidity writes")]
    NotCanonical {
        /// What was read.
        what: &'static str,
    },
    /// A number that the contract has no name for.
    #[error("{what}: there is no {what} {got}")]
    Unknown {
        /// What it is a number of.
        what: &'static str,
        /// The number.
        got: u8,
    },
}

/// Decodes `abi.encode(value)` and refuses any other form of the same value.
pub(super) fn exactly<T: SolType>(what: &'static str, bytes: &[u8]) -> Result<T::RustType, AbiError> {
    let value = T::abi_decode_validate(bytes)
        .map_err(|error| AbiError::Malformed { what, why: error.to_string() })?;
    if T::abi_encode(&value) != bytes {
        return Err(AbiError::NotCanonical { what });
    }
    Ok(value)
}

pub(crate) mod typed {
    #![allow(missing_docs, reason = "described on the public twins and in the Solidity interfaces")]
    use super::sol;
    sol! {
        struct Quorum {
            uint8 members;
            uint8 threshold;
            uint32 commitSeconds;
            uint32 revealSeconds;
            uint64 tolerance;
        }
        struct Offer {
            bytes32 version;
            bytes32 weights;
            bytes32 plan;
            bytes32 schema;
            bytes32 terms;
            address verifier;
            bytes32 descriptor;
            bytes32 certificate;
            bool zeroKnowledge;
            uint8 modes;
            uint8 modesForPersons;
            uint32 proofSeconds;
            uint128 challengeBond;
            Quorum quorum;
        }
        struct Request {
            bytes32 version;
            bytes32 offer;
            bytes32 inputs;
            uint32 items;
            bytes32 seed;
            bytes32 salt;
            uint8 mode;
            bool personal;
            uint128 proofAbove;
            uint128 valueAtRisk;
            uint128 fee;
            uint128 bond;
            uint40 deadline;
            uint32 window;
            uint32 callbackGas;
            int64[] publicInputs;
        }
        struct Committee {
            uint8 threshold;
            uint40 commitUntil;
            uint40 revealUntil;
            uint64 tolerance;
            uint256[] members;
        }
        struct Intake {
            bytes32 policy;
            bytes32 evidence;
            uint40 happenedAt;
            uint40 expiry;
        }

        event Requested(bytes32 indexed id, address indexed requester, Request request);
        event Answered(bytes32 indexed id, address indexed answerer, uint40 until, int64[] outputs);
        event Challenged(bytes32 indexed id, address indexed challenger, uint40 until);
        event Finalised(bytes32 indexed id, address indexed paid, address proved, int64[] outputs);
        event Delivered(bytes32 indexed id, bool taken);
        event Slashed(bytes32 indexed id, address indexed answerer, address indexed challenger, uint128 burned);
        event Reopened(bytes32 indexed id);

        event Drawn(bytes32 indexed id, bytes32 seed, Committee committee);
        event Committed(bytes32 indexed id, uint32 indexed operator, bytes32 digest);
        event Revealed(bytes32 indexed id, uint32 indexed operator, int64[] outputs);
        event Ended(bytes32 indexed id, uint8 outcome, uint32[] agreeing);

        event PolicySold(bytes32 indexed policy, address indexed holder, uint16 indexed product);
        event Filed(bytes32 indexed policy, bytes32 indexed evidence, address indexed intake);
        event Asked(bytes32 indexed request, uint16 indexed routine, bytes32[] evidence);
        event Decided(bytes32 indexed evidence, uint8 stage, int64 output);
        event Appealed(bytes32 indexed evidence);
        event Unanswered(bytes32 indexed evidence);
        event Reviewed(bytes32 indexed evidence, address indexed reviewer, uint8 stage, bytes32 reason);
        event Unreviewed(bytes32 indexed evidence);
        event Unappealed(bytes32 indexed evidence);
        event Paid(bytes32 indexed policy, bytes32 indexed evidence, address indexed to, uint128 amount);
    }
}
