// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ModelId, VersionId, RoleId} from "./Ids.sol";

/// Where a version stands. Only ever moves down this list. Deployed needs Approved before it; Retired and Revoked
/// may follow any stage above them.
enum Stage {
    None,
    Registered,
    Approved,
    Deployed,
    Retired,
    Revoked
}

/// What an approver decided. A role's last decision about a version counts.
enum Decision {
    None,
    Approve,
    Reject
}

/// What a history entry records; the payload's type follows from it (see `IModelRegistry.Recorded`).
enum HistoryKind {
    None,
    ModelCreated,
    OwnershipTransferred,
    RegistrarSet,
    PolicySet,
    RoleKeySet,
    RoleKeyRotated,
    KeyCompromised,
    VersionRegistered,
    DecisionRecorded,
    VersionApproved,
    Deployed,
    Retired,
    Revoked,
    StewardSet
}

/// Everything a version consists of; its id is a hash of this, so none of it can change.
struct VersionContent {
    /// SHA-256 of the manifest's canonical statement bytes.
    bytes32 manifestDigest;
    /// Fingerprint root of the weight files.
    bytes32 artifactsRoot;
    /// Zero until there is a proof engine's commitment; never changed afterwards.
    bytes32 weightsCommitment;
    /// Zero until there is a plan; never changed afterwards.
    bytes32 planDigest;
    /// Versions this one was made from, at most 64, strictly ascending, all registered here.
    VersionId[] parents;
}

/// Who must agree before a version may be deployed: `threshold` of these roles.
struct PolicyInput {
    string[] roles;
    address[] signers;
    uint8 threshold;
}

/// What an approver signs (EIP-712).
struct Approval {
    ModelId modelId;
    VersionId versionId;
    RoleId role;
    Decision decision;
    uint64 policyRevision;
    /// Last second at which this may be submitted.
    uint64 expiry;
    /// Greater than in the signer's recorded decision about this version, so that a signature it has since
    /// thought better of cannot be brought up again. The time of signing in milliseconds does.
    uint256 nonce;
}

/// What the present key of a role signs (EIP-712) to hand the role to another key. It needs no nonce: a key
/// holds a role once, so it can hand it on once.
struct KeyRotation {
    ModelId modelId;
    RoleId role;
    address newSigner;
    /// Last second at which this may be submitted.
    uint64 expiry;
}
