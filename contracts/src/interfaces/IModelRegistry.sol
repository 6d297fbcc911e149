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
/// for versions registered after them, and the key appointed before goes on counting for the older ones. A
/// role's own key may hand the role on at any time. What an owner can do alone is only ever to withhold:
/// declare a key compromised, not deploy, retire, revoke.
///
/// Keys: a key holds one role of a model, once. It is never appointed again, to that role or another one.
interface IModelRegistry {
    /// @notice One entry of a model's history.
    /// @dev `head = keccak256(abi.encode(previousHead, sequence, kind, versionId, actor, timestamp,
    /// keccak256(payload)))`; the head before the first entry is `keccak256(abi.encode(
    /// keccak256("averment.history/1"), block.chainid, address(this), modelId))`. Sequence starts at 1.
    /// `versionId` is zero in entries about the model itself; `actor` is the account that called.
    ///
    /// payload by kind, abi.encode of:
    /// - ModelCreated: (string name, address owner)
    /// - OwnershipTransferred: (address previousOwner, address newOwner)
    /// - RegistrarSet: (address registrar, bool allowed)
    /// - PolicySet: (uint64 revision, uint8 threshold, string[] roles); then a RoleKeySet for each new role
    /// - RoleKeySet: (RoleId role, address previousSigner, address newSigner), counts for versions registered later
    /// - RoleKeyRotated: (KeyRotation rotation, address previousSigner, bytes signature)
    /// - KeyCompromised: (RoleId role, address signer, uint64 fromSequence)
    /// - VersionRegistered: (VersionContent content, uint64 policyRevision)
    /// - DecisionRecorded: (Approval approval, address signer, bytes signature)
    /// - VersionApproved: (uint64 policyRevision, uint8 approvals)
    /// - Deployed: (string environment)
    /// - Retired: (string reason)
    /// - Revoked: (string reason)
    /// - StewardSet: (address steward)
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

    /// @notice The owner offered the model to `newOwner`, or took the offer back (zero). The history records
    /// only the acceptance.
    event OwnershipOffered(ModelId indexed modelId, address indexed owner, address indexed newOwner);

    event Paused(address indexed account, uint64 until);
    event Unpaused(address indexed account);

    error UnknownModel(ModelId modelId);
    error UnknownVersion(VersionId versionId);
    error ModelExists(ModelId modelId);
    error VersionExists(VersionId versionId);
    error NotOwner(ModelId modelId, address expected, address got);
    error NotPendingOwner(ModelId modelId, address expected, address got);
    error NotOwnerOrRegistrar(ModelId modelId, address got);
    error NotOwnerOrKey(ModelId modelId, address got);
    error RegistrarUnchanged(address registrar, bool allowed);
    error NotOwnerOrSteward(ModelId modelId, address got);
    error StewardUnchanged(address steward);
    error ZeroAddress();
    /// @dev `min` to `max` bytes are allowed.
    error TextLength(uint256 min, uint256 max, uint256 got);
    error RoleCount(uint256 min, uint256 max, uint256 got);
    error SignerCount(uint256 expected, uint256 got);
    error ThresholdOutOfRange(uint8 min, uint256 max, uint8 got);
    error DuplicateRole(RoleId role);
    /// @dev `setPolicy` may not change the key of a role; `replaceRoleKey` does.
    error RoleHasKey(RoleId role, address signer, address got);
    error RoleHasNoKey(RoleId role);
    /// @dev The account holds or held `role` in this model; a key holds one role, once.
    error KeyAlreadyBound(address signer, RoleId role);
    error TooManyRotations(uint256 max);
    error NotARoleKey(RoleId role, address signer);
    error InvalidSequence(uint64 min, uint64 max, uint64 got);
    error CompromiseNotEarlier(uint64 declared, uint64 got);
    error EmptyDigest();
    error TooManyParents(uint256 max, uint256 got);
    error ParentsNotAscending(VersionId previous, VersionId got);
    error LengthMismatch(uint256 approvals, uint256 signatures);
    error WrongModel(ModelId expected, ModelId got);
    error WrongPolicyRevision(uint64 expected, uint64 got);
    error RoleNotInPolicy(RoleId role, uint64 revision);
    error NoDecision();
    /// @dev The role is, or was, held by the account that registered the version.
    error RegistrantMayNotDecide(RoleId role, address registrant);
    error KeyCompromised(address signer);
    error Expired(uint64 expiry, uint256 timestamp);
    error NonceNotGreater(uint256 recorded, uint256 got);
    error InvalidSignature(address signer);
    error SignatureTooLong(uint256 max, uint256 got);
    error WrongStage(VersionId versionId, Stage got);
    error NotEnoughApprovals(uint8 threshold, uint8 got);
    error AlreadyDeployed(VersionId versionId, uint64 since);
    error RegistryPaused(uint64 until);
    error NotPaused();
    error PauseTooSoon(uint64 availableFrom);
    error PauseDuration(uint64 min, uint64 max, uint64 got);

    /// @notice Creates a model owned by the caller. Its id is `keccak256(abi.encode(keccak256("averment.model/1"),
    /// block.chainid, address(this), msg.sender, keccak256(bytes(name))))`. Not while paused.
    /// @param name 1 to 64 bytes, public: choose a name that says nothing about people.
    function createModel(string calldata name, PolicyInput calldata policy) external returns (ModelId);

    /// @notice Offers the model to `newOwner`, who becomes its owner by accepting. Zero takes the offer back.
    function transferOwnership(ModelId modelId, address newOwner) external;
    function acceptOwnership(ModelId modelId) external;

    /// @notice Allows or forbids an account besides the owner to register versions.
    function setRegistrar(ModelId modelId, address registrar, bool allowed) external;

    /// @notice Appoints who may retire the model's versions beside the owner, and do nothing else: a contract such as
    /// `Stewardship`, whose rules say when. Zero takes it back. It stays when the model changes hands, as registrars do.
    function setSteward(ModelId modelId, address steward) external;

    /// @notice Sets the policy for versions registered from now on. 1 to 16 roles, 1 <= threshold <= roles.
    /// Roles that already have a key keep it: pass that key, or the zero address for "as it is".
    function setPolicy(ModelId modelId, PolicyInput calldata policy) external;

    /// @notice The owner appoints a new key for a role; it counts for versions registered from now on, the key
    /// before it for those registered earlier.
    function replaceRoleKey(ModelId modelId, RoleId role, address newSigner) external;

    /// @notice The present key hands its role to another key, which counts for the versions for which the
    /// present one did. At most 16 times in a row; then the owner appoints a key.
    function rotateRoleKey(KeyRotation calldata rotation, bytes calldata signature) external;

    /// @notice Declares that a key that holds or held `role` was not its owner's alone from history entry
    /// `fromSequence` on (1 to the entry that this declaration makes). What it did from there on no longer
    /// counts: its decisions, and its handing the role on, so that the decisions of the keys that came from it
    /// do not count either. It can do no more. A later declaration can only move `fromSequence` back. By the
    /// model's owner or by the key itself.
    function declareCompromised(ModelId modelId, RoleId role, address signer, uint64 fromSequence) external;

    /// @notice Registers a version. By the model's owner or a registrar; not while paused.
    function registerVersion(ModelId modelId, VersionContent calldata versionContent) external returns (VersionId);

    /// @notice Submits signed decisions, by anyone. One that is already recorded is skipped, so that nobody
    /// can spoil a batch by sending a part of it first; any other fault refuses the whole batch. A contract
    /// wallet's signature has at most 32,768 bytes.
    ///
    /// A decision is refused if the role is or was held by the account that registered the version, also when
    /// that account has handed it on since. It may change until the version is retired: a version that was
    /// approved stays in that stage, but is deployed only while enough approvals stand.
    function submitApprovals(Approval[] calldata approvals, bytes[] calldata signatures) external;

    /// @notice States that an approved version runs in `environment` (1 to 64 bytes) from this block on; once
    /// an environment. By the owner. Approvals are counted again, without those of keys since declared
    /// compromised.
    function deploy(VersionId versionId, string calldata environment) external;

    /// @notice Ends a version's ordinary life. By the owner or the steward, with a reason of 1 to 280 bytes.
    function retire(VersionId versionId, string calldata reason) external;

    /// @notice Withdraws a version for cause, also one that is retired. By the owner, with a reason of 1 to
    /// 280 bytes.
    function revoke(VersionId versionId, string calldata reason) external;

    /// @notice Stops new models and versions for at most seven days; ends by itself, and cannot be renewed
    /// until as much time has passed again. Approvals, deployment, retirement and revocation go on.
    function pause(uint64 duration) external;
    function unpause() external;
    /// @notice The registry is paused before this second.
    function pausedUntil() external view returns (uint64);

    /// @notice `keccak256(abi.encode(keccak256("averment.version/1"), block.chainid, address(this), modelId,
    /// manifestDigest, artifactsRoot, weightsCommitment, planDigest, keccak256(abi.encodePacked(parents))))`.
    function versionIdOf(ModelId modelId, VersionContent calldata versionContent) external view returns (VersionId);
    /// @notice The EIP-712 digest an approver signs. Domain: name "Averment ModelRegistry", version "1". Ids
    /// are typed `bytes32`, the decision `uint8`.
    function approvalDigest(Approval calldata approval) external view returns (bytes32);
    function rotationDigest(KeyRotation calldata rotation) external view returns (bytes32);

    function modelExists(ModelId modelId) external view returns (bool);
    function ownerOf(ModelId modelId) external view returns (address);
    function pendingOwnerOf(ModelId modelId) external view returns (address);
    /// @notice Who may retire versions beside the owner; zero if nobody.
    function stewardOf(ModelId modelId) external view returns (address);
    function isRegistrar(ModelId modelId, address account) external view returns (bool);
    function policyOf(ModelId modelId, uint64 revision) external view returns (RoleId[] memory roles, uint8 threshold);
    function policyRevision(ModelId modelId) external view returns (uint64);
    /// @notice The present key of a role and the entry that appointed it (or the key that handed it on to it):
    /// it counts for versions registered later.
    function roleKey(ModelId modelId, RoleId role) external view returns (address signer, uint64 countsFromSequence);
    /// @notice What an account is in a model: the role it holds or held (zero: none), the entry since when,
    /// the key that handed the role to it (zero: the owner appointed it), and the entry from which on it was
    /// declared compromised (zero: it was not).
    function keyOf(ModelId modelId, address signer)
        external
        view
        returns (RoleId role, uint64 since, address predecessor, uint64 compromisedFrom);
    /// @notice The key whose decision for `role` counts about a version; zero if there is none.
    function deciderOf(VersionId versionId, RoleId role) external view returns (address);
    function historyHead(ModelId modelId) external view returns (bytes32 head, uint64 length);
    /// @notice A hash chain over all models' heads, one step an entry: `keccak256(abi.encode(previous, modelId, head))`.
    function registryHead() external view returns (bytes32);
    function version(VersionId versionId)
        external
        view
        returns (ModelId modelId, Stage stage, address registrant, uint64 registeredAt, uint64 revision);
    /// @notice Where a version stands; `None` if it is not registered.
    function stageOf(VersionId versionId) external view returns (Stage);
    function content(VersionId versionId) external view returns (VersionContent memory);
    /// @notice When the version was deployed in `environment`; zero if it was not.
    function deployedSince(VersionId versionId, string calldata environment) external view returns (uint64 timestamp);
    /// @notice A role's last decision, who signed it and the entry that records it. It is shown also when its
    /// key was declared compromised since.
    function decisionOf(VersionId versionId, RoleId role)
        external
        view
        returns (Decision decision, address signer, uint64 sequence);
    /// @notice Whether enough uncompromised approvals stand now, whatever the stage.
    function isApproved(VersionId versionId) external view returns (bool);
}
