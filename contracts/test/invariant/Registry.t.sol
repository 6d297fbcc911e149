// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Anchors} from "../../src/Anchors.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {ModelId, RoleId, VersionId} from "../../src/types/Ids.sol";
import {Approval, Decision, HistoryKind, KeyRotation, Stage, VersionContent} from "../../src/types/Registry.sol";
import {Fixture} from "../Fixture.sol";
import {vm} from "../Vm.sol";
import {Handler} from "./Handler.sol";

/// @dev What holds whatever anybody does. The events are replayed by a second set of rules, written from the
/// interface and not from the implementation, and must come out where the storage is.
contract RegistryInvariants is Fixture {
    struct KeyFacts {
        bytes32 role;
        uint64 since;
        address predecessor;
        uint64 compromisedFrom;
    }

    struct Appointment {
        uint64 from;
        address signer;
    }

    struct DecisionFacts {
        bool approve;
        address signer;
        uint64 sequence;
        uint256 nonce;
    }

    Handler internal handler;

    // The replay's memory; rebuilt in each check.
    mapping(uint256 run => mapping(address => KeyFacts)) private _keys;
    mapping(uint256 run => mapping(bytes32 role => Appointment[])) private _appointments;
    mapping(uint256 run => mapping(bytes32 version => mapping(bytes32 role => DecisionFacts))) private _decisions;
    mapping(uint256 run => mapping(bytes32 version => address)) private _registrants;
    mapping(uint256 run => mapping(bytes32 version => uint64)) private _registeredIn;
    mapping(uint256 run => mapping(bytes32 version => uint64)) private _revisions;
    mapping(uint256 run => mapping(uint64 revision => uint8)) private _thresholds;
    mapping(uint256 run => mapping(uint64 revision => bytes32[])) private _roles;
    uint256 private _run;

    function setUp() public override {
        super.setUp();
        address guardian = vm.addr(0xB005);
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = IModelRegistry.pause.selector;
        vm.startPrank(admin);
        manager.setTargetFunctionRole(address(registry), selectors, 7);
        manager.grantRole(7, guardian, 0);
        vm.stopPrank();
        handler = new Handler(registry, new Anchors(), guardian);
    }

    /// Forge calls these contracts only.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// Nor does it call the handler's own door for replays.
    function excludeSelectors() public view returns (FuzzSelector[] memory selectors) {
        selectors = new FuzzSelector[](1);
        selectors[0].addr = address(handler);
        selectors[0].selectors = new bytes4[](1);
        selectors[0].selectors[0] = Handler.submitAgain.selector;
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// From the events alone: heads, sequence, soundness of every approval and every deployment.
    function invariant_historyReplays() public {
        ++_run;
        ModelId model = handler.modelId();
        bytes32 head = keccak256(abi.encode(keccak256("averment.history/1"), block.chainid, address(registry), model));
        uint256 count = handler.entryCount();
        for (uint256 i = 0; i < count; ++i) {
            Handler.Entry memory entry = handler.entry(i);
            vm.assertEq(entry.sequence, i + 1, "a gap");
            head = keccak256(
                abi.encode(
                    head,
                    entry.sequence,
                    entry.kind,
                    entry.versionId,
                    entry.actor,
                    entry.timestamp,
                    keccak256(entry.payload)
                )
            );
            vm.assertEq(head, entry.head, "head in the event");
            _apply(entry);
        }
        (bytes32 stored, uint64 entries) = registry.historyHead(model);
        vm.assertEq(stored, head, "head in storage");
        vm.assertEq(entries, count, "length in storage");
    }

    /// What the contract says of every version is what the replay says.
    function invariant_approvalIsWhatTheEventsSay() public {
        invariant_historyReplays();
        for (uint256 i = 0; i < handler.versionCount(); ++i) {
            VersionId versionId = handler.versions(i);
            bytes32 id = VersionId.unwrap(versionId);
            bool expected = _approvals(id) >= _thresholds[_run][_revisions[_run][id]];
            vm.assertEq(registry.isApproved(versionId), expected);
        }
    }

    function invariant_anchorsAreNeverOverwritten() public view {
        uint256 count = handler.epochCount();
        for (uint256 i = 0; i < count; ++i) {
            uint64 epoch = handler.epochs(i);
            vm.assertEq(handler.anchors().anchored(handler.logId(), epoch), handler.anchoredFirst(epoch));
        }
        (,,,, uint64 counted) = handler.anchors().log(handler.logId());
        vm.assertEq(counted, count, "count");
    }

    /// A pause ends within seven days whatever its guardian does.
    function invariant_pauseEnds() public view {
        vm.assertTrue(registry.pausedUntil() <= block.timestamp + 7 days, "a long pause");
    }

    function _apply(Handler.Entry memory entry) private {
        bytes32 id = VersionId.unwrap(entry.versionId);
        if (entry.kind == HistoryKind.PolicySet) {
            (uint64 revision, uint8 threshold, string[] memory names) =
                abi.decode(entry.payload, (uint64, uint8, string[]));
            _thresholds[_run][revision] = threshold;
            for (uint256 i = 0; i < names.length; ++i) {
                _roles[_run][revision].push(keccak256(bytes(names[i])));
            }
        } else if (entry.kind == HistoryKind.RoleKeySet) {
            (bytes32 role,, address signer) = abi.decode(entry.payload, (bytes32, address, address));
            _bind(signer, role, entry.sequence, address(0));
            _appointments[_run][role].push(Appointment(entry.sequence, signer));
        } else if (entry.kind == HistoryKind.RoleKeyRotated) {
            (KeyRotation memory rotation, address previous,) = abi.decode(entry.payload, (KeyRotation, address, bytes));
            bytes32 role = RoleId.unwrap(rotation.role);
            Appointment[] storage list = _appointments[_run][role];
            vm.assertTrue(list[list.length - 1].signer == previous, "rotated by another key");
            vm.assertTrue(_sound(previous, entry.sequence), "rotated by a compromised key");
            _bind(rotation.newSigner, role, entry.sequence, previous);
            list[list.length - 1].signer = rotation.newSigner;
        } else if (entry.kind == HistoryKind.KeyCompromised) {
            (, address signer, uint64 from) = abi.decode(entry.payload, (bytes32, address, uint64));
            uint64 before = _keys[_run][signer].compromisedFrom;
            vm.assertTrue(before == 0 || from < before, "a compromise moved forward");
            _keys[_run][signer].compromisedFrom = from;
        } else if (entry.kind == HistoryKind.VersionRegistered) {
            (, uint64 revision) = abi.decode(entry.payload, (VersionContent, uint64));
            _registrants[_run][id] = entry.actor;
            _registeredIn[_run][id] = entry.sequence;
            _revisions[_run][id] = revision;
        } else if (entry.kind == HistoryKind.DecisionRecorded) {
            (Approval memory approval, address signer,) = abi.decode(entry.payload, (Approval, address, bytes));
            _decide(id, approval, signer, entry);
        } else if (entry.kind == HistoryKind.VersionApproved) {
            (, uint8 approvals) = abi.decode(entry.payload, (uint64, uint8));
            vm.assertEq(approvals, _approvals(id), "counted");
            vm.assertTrue(approvals >= _thresholds[_run][_revisions[_run][id]], "approved too early");
        } else if (entry.kind == HistoryKind.Deployed) {
            vm.assertTrue(_approvals(id) >= _thresholds[_run][_revisions[_run][id]], "deployed without approval");
        }
    }

    function _bind(address signer, bytes32 role, uint64 since, address predecessor) private {
        vm.assertEq(_keys[_run][signer].since, 0, "a key came back");
        _keys[_run][signer] = KeyFacts(role, since, predecessor, 0);
    }

    function _decide(bytes32 id, Approval memory approval, address signer, Handler.Entry memory entry) private {
        bytes32 role = RoleId.unwrap(approval.role);
        vm.assertFalse(signer == _registrants[_run][id], "the registrant decided");
        vm.assertFalse(_keys[_run][_registrants[_run][id]].role == role, "the registrant's role decided");
        vm.assertTrue(entry.timestamp <= approval.expiry, "expired");
        vm.assertTrue(_sound(signer, entry.sequence), "a compromised key decided");
        // The key of the last appointment before the registration.
        address expected;
        Appointment[] storage list = _appointments[_run][role];
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i].from < _registeredIn[_run][id]) expected = list[i].signer;
        }
        vm.assertEq(signer, expected);
        DecisionFacts storage last = _decisions[_run][id][role];
        vm.assertTrue(last.signer != signer || approval.nonce > last.nonce, "a nonce came back");
        _decisions[_run][id][role] =
            DecisionFacts(approval.decision == Decision.Approve, signer, entry.sequence, approval.nonce);
    }

    function _approvals(bytes32 id) private view returns (uint256 count) {
        bytes32[] storage roles = _roles[_run][_revisions[_run][id]];
        for (uint256 i = 0; i < roles.length; ++i) {
            DecisionFacts storage last = _decisions[_run][id][roles[i]];
            if (last.approve && _sound(last.signer, last.sequence)) ++count;
        }
    }

    function _sound(address signer, uint64 sequence) private view returns (bool) {
        KeyFacts storage facts = _keys[_run][signer];
        if (facts.compromisedFrom != 0 && facts.compromisedFrom <= sequence) return false;
        return facts.predecessor == address(0) || _sound(facts.predecessor, facts.since);
    }
}
