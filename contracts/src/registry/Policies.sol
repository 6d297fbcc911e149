// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {ModelId, RoleId} from "../types/Ids.sol";
import {HistoryKind, PolicyInput, KeyRotation} from "../types/Registry.sol";
import {Owners} from "./Owners.sol";
import {Signatures} from "./Signatures.sol";

/// @dev Which roles must agree, which keys hold them, and which keys may no longer be believed.
abstract contract Policies is Owners, Signatures {
    using Checkpoints for Checkpoints.Trace160;

    uint256 internal constant MAX_NAME = 64;
    uint256 private constant MAX_ROLES = 16;
    /// Bounds the walk from a key back to the one that the owner appointed.
    uint8 private constant MAX_ROTATIONS = 16;

    function setPolicy(ModelId modelId, PolicyInput calldata policy) external {
        _owned(modelId);
        _setPolicy(modelId, policy);
    }

    function replaceRoleKey(ModelId modelId, RoleId role, address newSigner) external {
        Model storage model = _owned(modelId);
        address previous = address(model.appointments[role].latest());
        if (previous == address(0)) revert RoleHasNoKey(role);
        _appoint(modelId, role, previous, newSigner);
    }

    function rotateRoleKey(KeyRotation calldata rotation, bytes calldata signature) external {
        Model storage model = _model(rotation.modelId);
        Checkpoints.Trace160 storage appointments = model.appointments[rotation.role];
        (bool exists, uint96 countsFrom, uint160 holder) = appointments.latestCheckpoint();
        if (!exists) revert RoleHasNoKey(rotation.role);
        address present = address(holder);
        _checkExpiry(rotation.expiry);
        if (!_isSound(model, present, model.historyLength + 1)) revert KeyCompromised(present);
        uint8 rotations = model.keys[present].rotations;
        if (rotations == MAX_ROTATIONS) revert TooManyRotations(MAX_ROTATIONS);
        _checkUnbound(model, rotation.newSigner);
        _checkSignature(present, rotationDigest(rotation), signature);

        uint64 sequence =
            _record(rotation.modelId, HistoryKind.RoleKeyRotated, abi.encode(rotation, present, signature));
        model.keys[rotation.newSigner] = Key({
            role: rotation.role, since: sequence, compromisedFrom: 0, rotations: rotations + 1, predecessor: present
        });
        // At the same place, so that the new key takes over this appointment. What `push` returns is the previous
        // key and the new one, both known here.
        // slither-disable-next-line unused-return
        appointments.push(countsFrom, uint160(rotation.newSigner));
    }

    function declareCompromised(ModelId modelId, RoleId role, address signer, uint64 fromSequence) external {
        Model storage model = _model(modelId);
        if (msg.sender != model.owner && msg.sender != signer) revert NotOwnerOrKey(modelId, msg.sender);
        Key storage key = model.keys[signer];
        // A zero role is no role's id; the second condition keeps it from naming accounts that hold none.
        if (!(key.role == role) || key.since == 0) revert NotARoleKey(role, signer);
        uint64 next = model.historyLength + 1;
        if (fromSequence == 0 || fromSequence > next) revert InvalidSequence(1, next, fromSequence);
        uint64 declared = key.compromisedFrom;
        if (declared != 0 && fromSequence >= declared) revert CompromiseNotEarlier(declared, fromSequence);
        key.compromisedFrom = fromSequence;
        _record(modelId, HistoryKind.KeyCompromised, abi.encode(role, signer, fromSequence));
    }

    function policyOf(ModelId modelId, uint64 revision) external view returns (RoleId[] memory roles, uint8 threshold) {
        Policy storage policy = _layout().models[modelId].policies[revision];
        return (policy.roles, policy.threshold);
    }

    function policyRevision(ModelId modelId) external view returns (uint64) {
        return _layout().models[modelId].policyRevision;
    }

    function roleKey(ModelId modelId, RoleId role) external view returns (address signer, uint64 countsFromSequence) {
        // Whether there is one shows in the key: no key is the zero address.
        // slither-disable-next-line unused-return
        (, uint96 countsFrom, uint160 holder) = _layout().models[modelId].appointments[role].latestCheckpoint();
        // A history entry's number, which was an uint64 when it was stored.
        // forge-lint: disable-next-line(unsafe-typecast)
        return (address(holder), uint64(countsFrom));
    }

    function keyOf(ModelId modelId, address signer)
        external
        view
        returns (RoleId role, uint64 since, address predecessor, uint64 compromisedFrom)
    {
        Key storage key = _layout().models[modelId].keys[signer];
        return (key.role, key.since, key.predecessor, key.compromisedFrom);
    }

    /// Sets the next policy and appoints keys for the roles that have none.
    function _setPolicy(ModelId modelId, PolicyInput calldata policy) internal {
        Model storage model = _layout().models[modelId];
        uint256 count = policy.roles.length;
        if (count == 0 || count > MAX_ROLES) revert RoleCount(1, MAX_ROLES, count);
        if (policy.signers.length != count) revert SignerCount(count, policy.signers.length);
        if (policy.threshold == 0 || policy.threshold > count) {
            revert ThresholdOutOfRange(1, count, policy.threshold);
        }
        RoleId[] memory roles = new RoleId[](count);
        for (uint256 i = 0; i < count; ++i) {
            _checkText(policy.roles[i], MAX_NAME);
            RoleId role = RoleId.wrap(keccak256(bytes(policy.roles[i])));
            for (uint256 j = 0; j < i; ++j) {
                if (roles[j] == role) revert DuplicateRole(role);
            }
            roles[i] = role;
        }
        uint64 revision = ++model.policyRevision;
        model.policies[revision] = Policy({threshold: policy.threshold, roles: roles});
        _record(modelId, HistoryKind.PolicySet, abi.encode(revision, policy.threshold, policy.roles));
        for (uint256 i = 0; i < count; ++i) {
            address holder = address(model.appointments[roles[i]].latest());
            address signer = policy.signers[i];
            if (holder == address(0)) {
                _appoint(modelId, roles[i], holder, signer);
            } else if (signer != address(0) && signer != holder) {
                revert RoleHasKey(roles[i], holder, signer);
            }
        }
    }

    /// Whether what `signer` did in history entry `sequence` may be believed: neither it nor a key that the
    /// role came from was compromised when it acted.
    function _isSound(Model storage model, address signer, uint64 sequence) internal view returns (bool) {
        while (true) {
            Key storage key = model.keys[signer];
            uint64 compromisedFrom = key.compromisedFrom;
            if (compromisedFrom != 0 && compromisedFrom <= sequence) return false;
            if (key.rotations == 0) return true;
            sequence = key.since;
            signer = key.predecessor;
        }
        return false;
    }

    function _appoint(ModelId modelId, RoleId role, address previous, address signer) private {
        Model storage model = _layout().models[modelId];
        _checkUnbound(model, signer);
        uint64 sequence = _record(modelId, HistoryKind.RoleKeySet, abi.encode(role, previous, signer));
        model.keys[signer] =
            Key({role: role, since: sequence, compromisedFrom: 0, rotations: 0, predecessor: address(0)});
        // `push` returns the previous key and the new one, both known here.
        // slither-disable-next-line unused-return
        model.appointments[role].push(sequence, uint160(signer));
    }

    /// Refuses an account that is no possible key, or that holds or held a role of this model.
    function _checkUnbound(Model storage model, address signer) private view {
        if (signer == address(0)) revert ZeroAddress();
        if (model.keys[signer].since != 0) revert KeyAlreadyBound(signer, model.keys[signer].role);
    }
}
