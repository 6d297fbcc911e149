// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {VersionId} from "../types/Ids.sol";

/// @dev Everything that the factory stores, in one ERC-7201 namespace. An upgrade may add members at the end and change nothing
/// else.
abstract contract TasksStorage {
    /// @custom:storage-location erc7201:averment.storage.FederatedTasks
    struct Layout {
        mapping(address task => bool) isTask;
        /// Which task's final model a version is.
        mapping(VersionId => address task) provenance;
    }

    /// `keccak256(abi.encode(uint256(keccak256("averment.storage.FederatedTasks")) - 1)) & ~bytes32(uint256(0xff))`
    bytes32 internal constant NAMESPACE = 0xe998feda7244665fa285fa92ac558670e34838779314021f4b1b87da2f05a800;

    function _layout() internal pure returns (Layout storage $) {
        // The only way to a namespace.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            $.slot := NAMESPACE
        }
    }
}
