// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {TaskPhase, Terms} from "../types/Federated.sol";
import {VersionId} from "../types/Ids.sol";

/// What a task's code holds behind its terms.
struct Origin {
    address factory;
    address sponsor;
    /// Of the model's commitment: how many points, and the cells of each, 2^bits.
    uint256 chunks;
    uint256 chunkBits;
    bytes32 prefixHash;
}

/// @dev Everything that a task stores, in one ERC-7201 namespace, and what is in its code. Implementations of later tasks may
/// add members at the ends of these structs and change nothing else, so that whoever reads a task's storage finds the same.
abstract contract TaskStorage {
    enum Seat {
        None,
        Participant,
        Validator
    }

    /// One word.
    struct Standing {
        TaskPhase phase;
        /// The phase's last second.
        uint40 until;
        /// The present round's number, from 1 on; between rounds the last one's.
        uint16 round;
        /// How many members there were to draw from.
        uint16 drawn;
        /// How many updates stand.
        uint16 revealed;
        /// How many challenges are open.
        uint16 challenges;
        /// Void rounds in a row.
        uint8 voids;
        /// The named aggregator's.
        uint8 strikes;
        uint16 members;
        uint8 validators;
        /// Validators who revealed.
        uint8 disclosed;
        bool rootRevealed;
        /// Final rounds.
        uint16 finals;
    }

    /// One word.
    struct Member {
        Seat seat;
        /// Of a participant: its place in the list, from 1 on; and where it was when the round `moved` drew.
        uint16 index;
        uint16 before;
        uint16 moved;
        /// The first round that it can be in.
        uint16 since;
        /// The last round that it got a strike in.
        uint16 struck;
        uint8 strikes;
        /// Slashed or struck out: does not come back.
        bool out;
        /// What it can take.
        uint128 balance;
        /// The round in which it was put out by a strike after it committed: as long as that runs, its stake can still be slashed.
        uint16 held;
    }

    /// A hash and the round that it is of: 26 bytes, of which a collision takes 2^104 hashes.
    struct Word {
        bytes26 digest;
        uint16 round;
        /// Does not stand, and nothing is added to it.
        bool excluded;
    }

    /// Its challenger's bond is here until it is closed.
    struct Challenge {
        address challenger;
        uint40 until;
        /// Answered or lapsed.
        bool closed;
    }

    /// An answer that is being posted.
    struct Answer {
        /// Of all that was said before the first piece.
        bytes32 digest;
        /// A bit each.
        uint256 posted;
        /// Of each chunk what its pieces come to, so far.
        mapping(uint256 chunk => uint256) values;
    }

    /// @custom:storage-location erc7201:averment.storage.FederatedTask
    struct Layout {
        Standing standing;
        /// keccak256 of the points of the last final model, and of what it added to the one before.
        bytes32 model;
        bytes32 difference;
        /// Of what the present round came to, and who made it.
        bytes32 outcome;
        address aggregator;
        /// `keccak256(abi.encode(round, qualities))` of the round that was rated last.
        bytes32 qualities;
        bytes32 history;
        /// The round of randomness that draws; then what it drew with. Zero if all take part.
        bytes32 seed;
        uint128 pool;
        uint128 burned;
        VersionId finishedAs;
        mapping(address account => Member) members;
        mapping(uint16 index => address) list;
        mapping(bytes32 identity => address) identities;
        mapping(address account => Word) committed;
        mapping(address account => Word) revealed;
        /// By round, account and what is contested.
        mapping(bytes32 challenge => Challenge) challenges;
        /// By challenge and answerer.
        mapping(bytes32 answer => Answer) answers;
    }

    /// `keccak256(abi.encode(uint256(keccak256("averment.storage.FederatedTask")) - 1)) & ~bytes32(uint256(0xff))`
    bytes32 internal constant NAMESPACE = 0x3ece02069eb97b040f4927868d6f91109628f79e1f6d2139bfbe09845ac12600;
    /// Bytes of the code of a clone (ERC-1167) before its arguments.
    uint256 private constant CLONE_BYTES = 0x2d;
    uint256 private constant TERMS_BYTES = 40 * 32;
    uint256 private constant ORIGIN_BYTES = 5 * 32;

    // Where the terms that every message needs lie, in words.
    uint256 internal constant HISTORY_AT = 11;
    uint256 internal constant PER_ROUND_AT = 14;
    uint256 internal constant ROOT_AT = 37;
    uint256 internal constant CHUNKS_AT = 42;

    function _layout() internal pure returns (Layout storage $) {
        // The only way to a namespace.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            $.slot := NAMESPACE
        }
    }

    // A struct of words lies in memory as it is ABI-encoded. The code's arguments were encoded by the factory.

    function _terms() internal view returns (Terms memory terms_) {
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            extcodecopy(address(), terms_, CLONE_BYTES, TERMS_BYTES)
        }
    }

    function _origin() internal view returns (Origin memory origin_) {
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            extcodecopy(address(), origin_, add(CLONE_BYTES, TERMS_BYTES), ORIGIN_BYTES)
        }
    }

    /// One word of terms and origin: reading all of them costs as much as what most messages do.
    function _term(uint256 place) internal view returns (uint256 value) {
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            extcodecopy(address(), 0x00, add(CLONE_BYTES, shl(5, place)), 0x20)
            value := mload(0x00)
        }
    }
}
