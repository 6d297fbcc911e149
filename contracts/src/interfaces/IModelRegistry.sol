// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ModelId, VersionId, RoleId} from "../types/Ids.sol";
import {Stage, Decision, HistoryKind, VersionContent, PolicyInput, Approval, KeyRotation} from "../types/Registry.sol";

/// @title The registry of models, their versions and everything that was decided about them.
/// @notice Nothing here is overwritten or deleted: every change is one entry in its model's hash-chained
/// history, whose head is in storage, so that the list of events, one storage proof and a block header
/// are enough to check the whole history offline.
///
/// Trust: a model's owner sets its policy and appoints role keys, but nothing the owner does alone changes
/// who can approve a version that is already registered: a new policy and a newly appointed key count only
/// for versions registered after them. A role's own key may hand the role on at any time.
interface IModelRegistry {
    /// @notice One entry of a model's history.
    /// @dev `head = keccak256(abi.encode(previousHead, sequence, kind, versionId, actor, timestamp,
    /// keccak256(payload)))`; the head before the first entry is `keccak256(abi.encode(
    /// keccak256("averment.history/1"), block.chainid, address(this), modelId))`. Sequence starts at 1.
    ///
    /// payload by kind, abi.encode of:
    /// - ModelCreated: (string name, address owner)
    /// - OwnershipTransferred: (address previousOwner, address newOwner)
    /// - RegistrarSet: (address registrar, bool allowed)
    /// - PolicySet: (uint64 revision, uint8 threshold, string[] roles)
    /// - RoleKeySet: (RoleId role, address previousSigner, address newSigner), counts for versions registered later
    /// - RoleKeyRotated: (KeyRotation rotation, address previousSigner, bytes signature)
    /// - KeyCompromised: (RoleId role, address signer, uint64 fromSequence)
    /// - VersionRegistered: (VersionContent content, uint64 policyRevision)
    /// - DecisionRecorded: (Approval approval, address signer, bytes signature)
    /// - VersionApproved: (uint64 policyRevision, uint8 approvals)
    /// - Deployed: (string environment)
    /// - Retired: (string reason)
    /// - Revoked: (string reason)
    event Recorded(
        ModelId indexed modelId,
        VersionId indexed versionId,
        HistoryKind indexed kind,
        uint64 sequence,
        address actor,
        uint64 timestamp,
        bytes payload,
        bytes32 head
    );

    /// @notice Creates a model owned by the caller. Its id is `keccak256(abi.encode(keccak256("averment.model/1"),
    /// block.chainid, address(this), msg.sender, keccak256(bytes(name))))`.
    /// @param name 1 to 64 bytes, public: choose a name that says nothing about people.
    function createModel(string calldata name, PolicyInput calldata policy) external returns (ModelId);

    function transferOwnership(ModelId modelId, address newOwner) external;
    function acceptOwnership(ModelId modelId) external;

    /// @notice Allows or forbids an account besides the owner to register versions.
    function setRegistrar(ModelId modelId, address registrar, bool allowed) external;

    /// @notice Sets the policy for versions registered from now on. 1 to 16 roles, 1 <= threshold <= roles.
    /// Roles that already have a key keep it: pass that key, or the zero address for "as it is".
    function setPolicy(ModelId modelId, PolicyInput calldata policy) external;

    /// @notice The owner appoints a new key for a role; it counts for versions registered from now on.
    function replaceRoleKey(ModelId modelId, RoleId role, address newSigner) external;

    /// @notice The present key hands its role to another key, which counts wherever the present one did.
    function rotateRoleKey(KeyRotation calldata rotation, bytes calldata signature) external;

    /// @notice Declares that a key that holds or held `role` was not its owner's alone from history entry
    /// `fromSequence` on. Decisions it made from there on no longer count, and it can make no more. A later
    /// declaration can only move `fromSequence` back. By the model's owner or by the key itself.
    function declareCompromised(ModelId modelId, RoleId role, address signer, uint64 fromSequence) external;

    /// @notice Registers a version. By the model's owner or a registrar; not while paused.
    function registerVersion(ModelId modelId, VersionContent calldata content) external returns (VersionId);

    /// @notice Submits signed decisions, by anyone. One that is already recorded is skipped, so that nobody
    /// can spoil a batch by sending a part of it first; any other fault refuses the whole batch.
    function submitApprovals(Approval[] calldata approvals, bytes[] calldata signatures) external;

    /// @notice States that an approved version runs in `environment` (1 to 64 bytes) from this block on.
    /// By the owner. Approvals are counted again, without those of keys since declared compromised.
    function deploy(VersionId versionId, string calldata environment) external;

    /// @notice Ends a version's ordinary life. By the owner, with a reason of 1 to 280 bytes.
    function retire(VersionId versionId, string calldata reason) external;

    /// @notice Withdraws a version for cause. By the owner, with a reason of 1 to 280 bytes.
    function revoke(VersionId versionId, string calldata reason) external;

    /// @notice Stops new models and versions for at most seven days; ends by itself, and cannot be renewed
    /// until as much time has passed again. Approvals, deployment, retirement and revocation go on.
    function pause(uint64 duration) external;
    function unpause() external;
    function pausedUntil() external view returns (uint64);

    /// @notice `keccak256(abi.encode(keccak256("averment.version/1"), block.chainid, address(this), modelId,
    /// manifestDigest, artifactsRoot, weightsCommitment, planDigest, keccak256(abi.encodePacked(parents))))`.
    function versionIdOf(ModelId modelId, VersionContent calldata content) external view returns (VersionId);
    /// @notice The EIP-712 digest an approver signs. Domain: name "Averment ModelRegistry", version "1".
    function approvalDigest(Approval calldata approval) external view returns (bytes32);
    function rotationDigest(KeyRotation calldata rotation) external view returns (bytes32);

    function modelExists(ModelId modelId) external view returns (bool);
    function ownerOf(ModelId modelId) external view returns (address);
    function pendingOwnerOf(ModelId modelId) external view returns (address);
    function isRegistrar(ModelId modelId, address account) external view returns (bool);
    function policyOf(ModelId modelId, uint64 revision) external view returns (RoleId[] memory roles, uint8 threshold);
    function policyRevision(ModelId modelId) external view returns (uint64);
    function roleKey(ModelId modelId, RoleId role) external view returns (address signer, uint64 countsFromSequence);
    function historyHead(ModelId modelId) external view returns (bytes32 head, uint64 length);
    /// @notice A hash chain over all models' heads, one step an entry: `keccak256(abi.encode(previous, modelId, head))`.
    function registryHead() external view returns (bytes32);
    function version(VersionId versionId)
        external
        view
        returns (ModelId modelId, Stage stage, address registrant, uint64 registeredAt, uint64 revision);
    function content(VersionId versionId) external view returns (VersionContent memory);
    function deployedSince(VersionId versionId, string calldata environment) external view returns (uint64 timestamp);
    function decisionOf(VersionId versionId, RoleId role)
        external
        view
        returns (Decision decision, address signer, uint64 sequence);
    /// @notice Whether enough uncompromised approvals stand now, whatever the stage.
    function isApproved(VersionId versionId) external view returns (bool);
}
