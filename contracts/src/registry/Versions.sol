// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {ModelId, VersionId, RoleId} from "../types/Ids.sol";
import {Stage, Decision, HistoryKind, VersionContent, Approval} from "../types/Registry.sol";
import {Pausing} from "./Pausing.sol";
import {Policies} from "./Policies.sol";

/// @dev The life of a version: registered, decided about, deployed, retired or revoked.
abstract contract Versions is Policies, Pausing {
    using Checkpoints for Checkpoints.Trace160;

    uint256 private constant MAX_PARENTS = 64;
    uint256 private constant MAX_REASON = 280;

    function registerVersion(ModelId modelId, VersionContent calldata versionContent)
        external
        whenNotPaused
        returns (VersionId versionId)
    {
        Model storage model = _model(modelId);
        if (msg.sender != model.owner && !model.registrars[msg.sender]) {
            revert NotOwnerOrRegistrar(modelId, msg.sender);
        }
        if (versionContent.manifestDigest == 0 || versionContent.artifactsRoot == 0) revert EmptyDigest();
        _checkParents(versionContent.parents);
        versionId = versionIdOf(modelId, versionContent);
        Version storage registered = _layout().versions[versionId];
        if (registered.stage != Stage.None) revert VersionExists(versionId);

        uint64 revision = model.policyRevision;
        registered.modelId = modelId;
        registered.registrant = msg.sender;
        registered.stage = Stage.Registered;
        registered.registeredAt = uint64(block.timestamp);
        registered.sequence = model.historyLength + 1;
        registered.revision = revision;
        registered.content = versionContent;
        _record(modelId, versionId, HistoryKind.VersionRegistered, abi.encode(versionContent, revision));
    }

    function submitApprovals(Approval[] calldata approvals, bytes[] calldata signatures) external {
        if (approvals.length != signatures.length) revert LengthMismatch(approvals.length, signatures.length);
        for (uint256 i = 0; i < approvals.length; ++i) {
            _submit(approvals[i], signatures[i]);
        }
    }

    function deploy(VersionId versionId, string calldata environment) external {
        (Version storage subject, Model storage model) = _ownedVersion(versionId);
        if (subject.stage != Stage.Approved && subject.stage != Stage.Deployed) {
            revert WrongStage(versionId, subject.stage);
        }
        _checkText(environment, MAX_NAME);
        bytes32 environmentHash = keccak256(bytes(environment));
        uint64 since = subject.deployedSince[environmentHash];
        if (since != 0) revert AlreadyDeployed(versionId, since);
        (uint8 approvals, uint8 threshold) = _countApprovals(model, subject);
        if (approvals < threshold) revert NotEnoughApprovals(threshold, approvals);

        subject.stage = Stage.Deployed;
        subject.deployedSince[environmentHash] = uint64(block.timestamp);
        _record(subject.modelId, versionId, HistoryKind.Deployed, abi.encode(environment));
    }

    function retire(VersionId versionId, string calldata reason) external {
        Version storage subject = _version(versionId);
        Model storage model = _layout().models[subject.modelId];
        if (msg.sender != model.owner && msg.sender != model.steward) {
            revert NotOwnerOrSteward(subject.modelId, msg.sender);
        }
        _end(subject, versionId, Stage.Retired, HistoryKind.Retired, reason);
    }

    function revoke(VersionId versionId, string calldata reason) external {
        (Version storage subject,) = _ownedVersion(versionId);
        _end(subject, versionId, Stage.Revoked, HistoryKind.Revoked, reason);
    }

    function version(VersionId versionId)
        external
        view
        returns (ModelId modelId, Stage stage, address registrant, uint64 registeredAt, uint64 revision)
    {
        Version storage subject = _layout().versions[versionId];
        return (subject.modelId, subject.stage, subject.registrant, subject.registeredAt, subject.revision);
    }

    function stageOf(VersionId versionId) external view returns (Stage) {
        return _layout().versions[versionId].stage;
    }

    function content(VersionId versionId) external view returns (VersionContent memory) {
        return _layout().versions[versionId].content;
    }

    function deployedSince(VersionId versionId, string calldata environment) external view returns (uint64 timestamp) {
        return _layout().versions[versionId].deployedSince[keccak256(bytes(environment))];
    }

    function decisionOf(VersionId versionId, RoleId role)
        external
        view
        returns (Decision decision, address signer, uint64 sequence)
    {
        RoleDecision storage last = _layout().versions[versionId].decisions[role];
        return (last.decision, last.signer, last.sequence);
    }

    function deciderOf(VersionId versionId, RoleId role) external view returns (address) {
        Version storage subject = _version(versionId);
        Model storage model = _layout().models[subject.modelId];
        if (!_isInPolicy(model.policies[subject.revision], role)) return address(0);
        if (model.keys[subject.registrant].role == role) return address(0);
        address signer = _keyFor(model, subject, role);
        return _isSound(model, signer, model.historyLength + 1) ? signer : address(0);
    }

    function isApproved(VersionId versionId) external view returns (bool) {
        Version storage subject = _version(versionId);
        (uint8 approvals, uint8 threshold) = _countApprovals(_layout().models[subject.modelId], subject);
        return approvals >= threshold;
    }

    function versionIdOf(ModelId modelId, VersionContent calldata versionContent) public view returns (VersionId) {
        return VersionId.wrap(
            keccak256(
                abi.encode(
                    keccak256("averment.version/1"),
                    block.chainid,
                    address(this),
                    modelId,
                    versionContent.manifestDigest,
                    versionContent.artifactsRoot,
                    versionContent.weightsCommitment,
                    versionContent.planDigest,
                    keccak256(abi.encodePacked(versionContent.parents))
                )
            )
        );
    }

    /// Records one decision, unless it is recorded already.
    function _submit(Approval calldata approval, bytes calldata signature) private {
        Version storage subject = _version(approval.versionId);
        if (approval.modelId != subject.modelId) revert WrongModel(subject.modelId, approval.modelId);
        Model storage model = _layout().models[subject.modelId];
        address signer = _keyFor(model, subject, approval.role);
        RoleDecision storage last = subject.decisions[approval.role];
        bool sameSigner = last.signer == signer && last.sequence != 0;
        if (sameSigner && last.nonce == approval.nonce && last.decision == approval.decision) return;

        _checkApproval(model, subject, approval, signer);
        if (sameSigner && approval.nonce <= last.nonce) revert NonceNotGreater(last.nonce, approval.nonce);
        _checkSignature(signer, approvalDigest(approval), signature);

        subject.decisions[approval.role] = RoleDecision({
            decision: approval.decision, signer: signer, sequence: model.historyLength + 1, nonce: approval.nonce
        });
        _record(
            subject.modelId, approval.versionId, HistoryKind.DecisionRecorded, abi.encode(approval, signer, signature)
        );
        if (subject.stage == Stage.Registered && approval.decision == Decision.Approve) {
            _approveIfEnough(model, subject, approval.versionId);
        }
    }

    function _approveIfEnough(Model storage model, Version storage subject, VersionId versionId) private {
        (uint8 approvals, uint8 threshold) = _countApprovals(model, subject);
        if (approvals < threshold) return;
        subject.stage = Stage.Approved;
        _record(subject.modelId, versionId, HistoryKind.VersionApproved, abi.encode(subject.revision, approvals));
    }

    function _end(Version storage subject, VersionId versionId, Stage stage, HistoryKind kind, string calldata reason)
        private
    {
        if (subject.stage >= stage) revert WrongStage(versionId, subject.stage);
        _checkText(reason, MAX_REASON);
        subject.stage = stage;
        _record(subject.modelId, versionId, kind, abi.encode(reason));
    }

    /// Everything about a decision except its signature and nonce.
    function _checkApproval(Model storage model, Version storage subject, Approval calldata approval, address signer)
        private
        view
    {
        if (subject.stage > Stage.Deployed) revert WrongStage(approval.versionId, subject.stage);
        uint64 revision = subject.revision;
        if (approval.policyRevision != revision) revert WrongPolicyRevision(revision, approval.policyRevision);
        if (!_isInPolicy(model.policies[revision], approval.role)) revert RoleNotInPolicy(approval.role, revision);
        if (approval.decision == Decision.None) revert NoDecision();
        // By role, not by key: else the registrant could hand the role to another key of its own.
        if (model.keys[subject.registrant].role == approval.role) {
            revert RegistrantMayNotDecide(approval.role, subject.registrant);
        }
        _checkExpiry(approval.expiry);
        if (!_isSound(model, signer, model.historyLength + 1)) revert KeyCompromised(signer);
    }

    function _checkParents(VersionId[] calldata parents) private view {
        if (parents.length > MAX_PARENTS) revert TooManyParents(MAX_PARENTS, parents.length);
        for (uint256 i = 0; i < parents.length; ++i) {
            if (i > 0 && parents[i - 1] >= parents[i]) revert ParentsNotAscending(parents[i - 1], parents[i]);
            _version(parents[i]);
        }
    }

    /// How many roles' last decision is an approval that may be believed, and how many must be.
    function _countApprovals(Model storage model, Version storage subject)
        private
        view
        returns (uint8 approvals, uint8 threshold)
    {
        Policy storage policy = model.policies[subject.revision];
        threshold = policy.threshold;
        uint256 count = policy.roles.length;
        for (uint256 i = 0; i < count; ++i) {
            RoleDecision storage last = subject.decisions[policy.roles[i]];
            if (last.decision == Decision.Approve && _isSound(model, last.signer, last.sequence)) ++approvals;
        }
    }

    /// The key of the appointment that was in force when the version was registered; zero if there was none.
    function _keyFor(Model storage model, Version storage subject, RoleId role) private view returns (address) {
        return address(model.appointments[role].upperLookupRecent(subject.sequence));
    }

    function _isInPolicy(Policy storage policy, RoleId role) private view returns (bool) {
        uint256 count = policy.roles.length;
        for (uint256 i = 0; i < count; ++i) {
            if (policy.roles[i] == role) return true;
        }
        return false;
    }

    /// A version that exists.
    function _version(VersionId versionId) private view returns (Version storage subject) {
        subject = _layout().versions[versionId];
        if (subject.stage == Stage.None) revert UnknownVersion(versionId);
    }

    /// A version of a model that the caller owns.
    function _ownedVersion(VersionId versionId) private view returns (Version storage subject, Model storage model) {
        subject = _version(versionId);
        model = _owned(subject.modelId);
    }
}
