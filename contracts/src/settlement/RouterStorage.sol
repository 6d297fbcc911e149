// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {IWeightsCertificates} from "../interfaces/IWeightsCertificates.sol";
import {VersionId} from "../types/Ids.sol";
import {OfferId, Phase, RequestId} from "../types/Settlement.sol";

/// @dev Everything the router stores, in one ERC-7201 namespace. An upgrade may add members at the ends of these
/// structs and change nothing else.
abstract contract RouterStorage {
    /// @custom:storage-location erc7201:averment.storage.InferenceRouter
    struct Layout {
        mapping(RequestId => Standing) requests;
        mapping(VersionId => mapping(OfferId => Terms)) offers;
        mapping(address account => uint256) balances;
        uint256 burned;
        mapping(IProofVerifier => IWeightsCertificates) certificates;
    }

    /// One word a request.
    struct Standing {
        Phase phase;
        /// The deadline of an open request; the last second of a window or of the time to prove; when it became final.
        uint40 until;
        /// Of the answer that is there, of the committee, or of the final outputs: 26 bytes of keccak256, of which a collision
        /// takes 2^104 hashes. Of an open request that waits for its draw: when it was made, and the round that draws.
        bytes26 digest;
    }

    /// What requests and draws need of an offer.
    struct Terms {
        bool open;
        uint8 modes;
        uint8 modesForPersons;
        // `Quorum`, in the same word.
        uint8 members;
        uint8 threshold;
        uint32 commitSeconds;
        uint32 revealSeconds;
        uint64 tolerance;
    }

    /// `keccak256(abi.encode(uint256(keccak256("averment.storage.InferenceRouter")) - 1)) & ~bytes32(uint256(0xff))`
    bytes32 internal constant NAMESPACE = 0xb4278eb3ac7c25d0933706b644c471991bec1e1142d1faed98491fcb19669200;

    function _layout() internal pure returns (Layout storage $) {
        // The only way to a namespace.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            $.slot := NAMESPACE
        }
    }
}
