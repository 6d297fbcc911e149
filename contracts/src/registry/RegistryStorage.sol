// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {ModelId, VersionId, RoleId} from "../types/Ids.sol";
import {Stage, Decision, VersionContent} from "../types/Registry.sol";

/// @dev Everything the registry stores, in one ERC-7201 namespace. An upgrade may add members at the ends of
/// these structs and change nothing else; `layouts/ModelRegistry.txt` pins every slot.
///
/// A verifier that has only storage proofs relies on two places: `models` is the namespace's first word and
/// `historyHead` a model's first, so the head of a history is at `keccak256(abi.encode(modelId, NAMESPACE))`
/// and its length in the low 8 bytes of the next word.
abstract contract RegistryStorage {
    /// @custom:storage-location erc7201:averment.storage.ModelRegistry
    struct Layout {
        mapping(ModelId => Model) models;
        mapping(VersionId => Version) versions;
        bytes32 registryHead;
        uint64 pausedFrom;
        uint64 pausedUntil;
    }

    struct Model {
        bytes32 historyHead;
        uint64 historyLength;
        uint64 policyRevision;
        address owner;
        address pendingOwner;
        mapping(address account => bool) registrars;
        mapping(uint64 revision => Policy) policies;
        /// For each role its appointments: from which history entry on, and the key that now holds it.
        mapping(RoleId => Checkpoints.Trace160) appointments;
        mapping(address signer => Key) keys;
        /// Who may retire versions beside the owner; zero if nobody.
        address steward;
    }

    struct Policy {
        uint8 threshold;
        RoleId[] roles;
    }

    /// An account that holds or held a role of a model.
    struct Key {
        RoleId role;
        /// The history entry that gave it the role.
        uint64 since;
        /// The history entry from which on it was not its owner's alone; zero if that was never declared.
        uint64 compromisedFrom;
        /// How often the role was handed on since the owner appointed a key for it.
        uint8 rotations;
        /// The key that handed the role to this one; zero if `rotations` is.
        address predecessor;
    }

    struct Version {
        ModelId modelId;
        address registrant;
        Stage stage;
        uint64 registeredAt;
        /// The history entry that registered it.
        uint64 sequence;
        /// The policy that applies to it.
        uint64 revision;
        VersionContent content;
        mapping(RoleId => RoleDecision) decisions;
        mapping(bytes32 environmentHash => uint64 timestamp) deployedSince;
    }

    /// A role's last decision about a version.
    struct RoleDecision {
        Decision decision;
        address signer;
        uint64 sequence;
        uint256 nonce;
    }

    /// `keccak256(abi.encode(uint256(keccak256("averment.storage.ModelRegistry")) - 1)) & ~bytes32(uint256(0xff))`
    bytes32 internal constant NAMESPACE = 0x1ccc0c991723ca59b40d0b077c85441db2111095cfac3dba61672f88f1eeae00;

    function _layout() internal pure returns (Layout storage $) {
        // The only way to a namespace.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            $.slot := NAMESPACE
        }
    }
}
