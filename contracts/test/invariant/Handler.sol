// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Anchors} from "../../src/Anchors.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {ModelRegistry} from "../../src/ModelRegistry.sol";
import {LogId, ModelId, RoleId, VersionId} from "../../src/types/Ids.sol";
import {
    Approval,
    Decision,
    HistoryKind,
    KeyRotation,
    PolicyInput,
    Stage,
    VersionContent
} from "../../src/types/Registry.sol";
import {vm, Vm} from "../Vm.sol";

/// @dev Does anything that the rules allow, in any order, and keeps its own account of it: what an outsider knows
/// from the events alone, and what it did itself. Every action succeeds (`fail_on_revert`) or is a refusal that
/// the handler demands.
contract Handler {
    struct Entry {
        ModelId modelId;
        VersionId versionId;
        HistoryKind kind;
        uint64 sequence;
        address actor;
        uint64 timestamp;
        bytes payload;
        bytes32 head;
    }

    uint256 private constant KEYS = 24;
    uint256 private constant FIRST_KEY = 0xF0000;

    ModelRegistry public immutable registry;
    Anchors public immutable anchors;
    address public immutable guardian;
    address public immutable owner;
    ModelId public immutable modelId;
    LogId public immutable logId;

    RoleId[3] public roles;
    VersionId[] public versions;
    Entry[] private _entries;
    /// The furthest stage each version was ever seen in.
    mapping(VersionId => Stage) public furthest;
    mapping(uint64 epoch => bytes32) public anchoredFirst;
    uint64[] public epochs;
    /// The private key of each account that may sign.
    mapping(address => uint256) private _keyOf;
    uint256 private _nextKey;
    /// Decisions that were recorded, to be brought up again.
    Approval[] private _submitted;
    bytes[] private _signatures;
    uint256 public replays;

    constructor(ModelRegistry registry_, Anchors anchors_, address guardian_) {
        (registry, anchors, guardian, owner) = (registry_, anchors_, guardian_, address(this));
        PolicyInput memory policy;
        policy.roles = new string[](3);
        (policy.roles[0], policy.roles[1], policy.roles[2]) = ("risk", "legal", "clinical");
        policy.signers = new address[](3);
        policy.threshold = 2;
        for (uint256 i = 0; i < 3; ++i) {
            roles[i] = RoleId.wrap(keccak256(bytes(policy.roles[i])));
            policy.signers[i] = newKey();
        }
        vm.recordLogs();
        modelId = registry.createModel("model", policy);
        _takeLogs();
        logId = anchors.open(address(registry), 3600, 0);
    }

    modifier recorded(uint256 wait) {
        vm.warp(block.timestamp + wait % 2 hours);
        vm.recordLogs();
        _;
        _takeLogs();
        _seeStages();
    }

    function registerVersion(uint256 wait, uint256 seed, uint256 who) external recorded(wait) {
        if (versions.length == 12 || registry.pausedUntil() > block.timestamp) return;
        VersionContent memory content;
        content.manifestDigest = keccak256(abi.encode(seed, versions.length));
        content.artifactsRoot = keccak256(abi.encode(seed));
        if (versions.length > 0 && seed % 2 == 0) {
            content.parents = new VersionId[](1);
            content.parents[0] = versions[seed % versions.length];
        }
        // A third of the time by a key of a role, which then may not decide about it.
        if (who % 3 == 0) {
            (address key,) = registry.roleKey(modelId, roles[seed % 3]);
            if (!registry.isRegistrar(modelId, key)) registry.setRegistrar(modelId, key, true);
            vm.prank(key);
        }
        versions.push(registry.registerVersion(modelId, content));
    }

    function decide(uint256 wait, uint256 which, uint256 role, bool approve, uint256 nonce) external recorded(wait) {
        if (versions.length != 0) _decide(versions[which % versions.length], roles[role % 3], approve, nonce);
    }

    /// Every role that may approves, so that lives are long.
    function approveByAll(uint256 wait, uint256 which, uint256 nonce) external recorded(wait) {
        for (uint256 i = 0; i < 3 && versions.length != 0; ++i) {
            _decide(versions[which % versions.length], roles[i], true, nonce);
        }
    }

    /// Brings up an old decision again: it is skipped or refused, and changes nothing either way.
    function replay(uint256 wait, uint256 which) external recorded(wait) {
        if (_submitted.length == 0) return;
        (bytes32 head,) = registry.historyHead(modelId);
        try this.submitAgain(which % _submitted.length) {} catch {}
        (bytes32 after_,) = registry.historyHead(modelId);
        vm.assertEq(head, after_, "a replay counted");
        ++replays;
    }

    function submitAgain(uint256 which) external {
        _submit(which);
    }

    function deploy(uint256 wait, uint256 which, uint8 environment) external recorded(wait) {
        if (versions.length == 0) return;
        VersionId versionId = versions[which % versions.length];
        string memory name = environment % 2 == 0 ? "ward" : "lab";
        (, Stage stage,,,) = registry.version(versionId);
        bool allowed = (stage == Stage.Approved || stage == Stage.Deployed) && registry.isApproved(versionId)
            && registry.deployedSince(versionId, name) == 0;
        if (!allowed) vm.expectRevert();
        registry.deploy(versionId, name);
    }

    function retire(uint256 wait, uint256 which) external recorded(wait) {
        _end(which, Stage.Retired);
    }

    function revoke(uint256 wait, uint256 which) external recorded(wait) {
        _end(which, Stage.Revoked);
    }

    function rotate(uint256 wait, uint256 role) external recorded(wait) {
        RoleId roleId = roles[role % 3];
        (address present,) = registry.roleKey(modelId, roleId);
        if (_nextKey == KEYS || !_isSoundNow(present)) return;
        KeyRotation memory rotation =
            KeyRotation({modelId: modelId, role: roleId, newSigner: newKey(), expiry: uint64(block.timestamp)});
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keyOf[present], registry.rotationDigest(rotation));
        registry.rotateRoleKey(rotation, abi.encodePacked(r, s, v));
    }

    function replace(uint256 wait, uint256 role) external recorded(wait) {
        if (_nextKey == KEYS) return;
        registry.replaceRoleKey(modelId, roles[role % 3], newKey());
    }

    function setPolicy(uint256 wait, uint8 threshold) external recorded(wait) {
        PolicyInput memory policy;
        policy.roles = new string[](3);
        (policy.roles[0], policy.roles[1], policy.roles[2]) = ("clinical", "risk", "legal");
        policy.signers = new address[](3);
        policy.threshold = 1 + threshold % 3;
        registry.setPolicy(modelId, policy);
    }

    function compromise(uint256 wait, uint256 key, uint64 from) external recorded(wait) {
        // Rare, or nothing would ever be approved.
        if (from % 4 != 0) return;
        address signer = vm.addr(FIRST_KEY + key % _nextKey);
        (RoleId role,,, uint64 declared) = registry.keyOf(modelId, signer);
        (, uint64 entries) = registry.historyHead(modelId);
        uint64 limit = declared == 0 ? entries + 1 : declared - 1;
        if (limit == 0) return;
        registry.declareCompromised(modelId, role, signer, 1 + from % limit);
    }

    function pause(uint256 wait, uint64 duration) external recorded(wait) {
        vm.prank(guardian);
        try registry.pause(1 + duration % 1 days) {} catch {}
    }

    function anchor(uint256 wait, bytes32 root) external recorded(wait) {
        if (root == 0) return;
        (,,, uint64 openedAt,) = anchors.log(logId);
        uint64 epoch = (uint64(block.timestamp) - openedAt) / 3600;
        if (anchoredFirst[epoch] != 0) {
            vm.expectRevert();
            anchors.anchor(logId, root);
            return;
        }
        anchors.anchor(logId, root);
        anchoredFirst[epoch] = anchors.anchored(logId, epoch);
        epochs.push(epoch);
    }

    function newKey() internal returns (address account) {
        uint256 key = FIRST_KEY + _nextKey++;
        account = vm.addr(key);
        _keyOf[account] = key;
    }

    function entryCount() external view returns (uint256) {
        return _entries.length;
    }

    function entry(uint256 index) external view returns (Entry memory) {
        return _entries[index];
    }

    function versionCount() external view returns (uint256) {
        return versions.length;
    }

    function epochCount() external view returns (uint256) {
        return epochs.length;
    }

    function _decide(VersionId versionId, RoleId role, bool approve, uint256 nonce) private {
        (, Stage stage,,, uint64 revision) = registry.version(versionId);
        address signer = registry.deciderOf(versionId, role);
        if (stage > Stage.Deployed || signer == address(0)) return;
        Approval memory approval = Approval({
            modelId: modelId,
            versionId: versionId,
            role: role,
            decision: approve ? Decision.Approve : Decision.Reject,
            policyRevision: revision,
            // Far away, so that a replay cannot fail for this reason.
            expiry: uint64(block.timestamp + 365 days),
            // Rises with the decisions; its low bits are anything.
            nonce: (_submitted.length << 32) | (nonce & 0xffffffff)
        });
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keyOf[signer], registry.approvalDigest(approval));
        _submitted.push(approval);
        _signatures.push(abi.encodePacked(r, s, v));
        _submit(_submitted.length - 1);
    }

    function _submit(uint256 which) private {
        Approval[] memory approvals = new Approval[](1);
        bytes[] memory signatures = new bytes[](1);
        (approvals[0], signatures[0]) = (_submitted[which], _signatures[which]);
        registry.submitApprovals(approvals, signatures);
    }

    function _end(uint256 which, Stage stage) private {
        // Rare, so that lives are long.
        if (versions.length == 0 || which % 3 != 0) return;
        VersionId versionId = versions[which % versions.length];
        (, Stage present,,,) = registry.version(versionId);
        if (present >= stage) vm.expectRevert();
        if (stage == Stage.Retired) registry.retire(versionId, "done");
        else registry.revoke(versionId, "wrong");
    }

    function _isSoundNow(address signer) private view returns (bool) {
        (, uint64 since, address predecessor, uint64 compromised) = registry.keyOf(modelId, signer);
        if (compromised != 0) return false;
        while (predecessor != address(0)) {
            uint64 acted = since;
            (, since, predecessor, compromised) = registry.keyOf(modelId, predecessor);
            if (compromised != 0 && compromised <= acted) return false;
        }
        return true;
    }

    function _seeStages() private {
        for (uint256 i = 0; i < versions.length; ++i) {
            (, Stage stage,,,) = registry.version(versions[i]);
            vm.assertTrue(stage >= furthest[versions[i]], "a stage moved back");
            furthest[versions[i]] = stage;
        }
    }

    function _takeLogs() private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IModelRegistry.Recorded.selector) continue;
            Entry storage entry_ = _entries.push();
            entry_.modelId = ModelId.wrap(logs[i].topics[1]);
            entry_.versionId = VersionId.wrap(logs[i].topics[2]);
            entry_.kind = HistoryKind(uint256(logs[i].topics[3]));
            (entry_.sequence, entry_.actor, entry_.timestamp, entry_.payload, entry_.head) =
                abi.decode(logs[i].data, (uint64, address, uint64, bytes, bytes32));
        }
    }
}
