// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Anchors} from "../../src/Anchors.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IStewardship} from "../../src/interfaces/IStewardship.sol";
import {Stewardship} from "../../src/Stewardship.sol";
import {LogProofs} from "../../src/stewardship/LogProofs.sol";
import {LogId, VersionId} from "../../src/types/Ids.sol";
import {HistoryKind, Stage} from "../../src/types/Registry.sol";
import {AnchoredRoot, Limit, Measurement, Recorded} from "../../src/types/Stewardship.sol";
import {Fixture} from "../Fixture.sol";
import {Wallet} from "../mocks/Wallets.sol";
import {vm, Vm} from "../Vm.sol";

/// @dev Retirement for what a log shows: a limit, a monitor, a log with the monitor's records among others.
contract MeasurementsTest is Fixture {
    uint256 private constant MONITOR_KEY = 0xA011;
    uint256 private constant OTHER_KEY = 0xA012;
    int64 private constant BOUND = 900_000;
    uint64 private constant SAMPLES = 500;
    uint64 private constant FRESH = 14 days;
    uint8 private constant RUN = 3;

    address private monitor = vm.addr(MONITOR_KEY);
    Anchors private anchors;
    Stewardship private steward;
    LogId private log;
    VersionId private version;
    bytes32[] private leaves;
    uint64 private begin;

    function setUp() public override {
        super.setUp();
        anchors = new Anchors();
        steward = new Stewardship(registry, anchors);
        log = anchors.open(address(registry), 3600, 0);
        version = deployed(1);
        vm.startPrank(owner);
        registry.setSteward(modelId, address(steward));
        steward.setLog(modelId, log);
        steward.setMonitor(modelId, monitor, true);
        steward.setLimit(modelId, "accuracy", limitOf(BOUND, true));
        steward.setLimit(modelId, "psi", limitOf(250_000, false));
        vm.stopPrank();
        begin = uint64(block.timestamp);
        vm.warp(begin + 10 days);
        for (uint256 i = 0; i < 5; ++i) {
            leaves.push(keccak256(abi.encode("another record", i)));
        }
    }

    function test_three_bad_measurements_in_a_row_retire_a_version() public {
        Recorded[] memory records = run("accuracy", 7, 850_000);
        AnchoredRoot memory anchor = anchored(records);
        bytes32 leaf = LogProofs.leafOf(records[2].salt, bytes(recordOf(records[2])));
        vm.recordLogs();
        vm.prank(stranger);
        steward.retire(monitor, anchor, records);
        vm.snapshotGasLastCall("stewardship", "retire for three measurements");
        assertStage(version, Stage.Retired);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs[0].topics[0], IStewardship.RetiredByPolicy.selector);
        vm.assertEq(logs[0].data, abi.encode("accuracy", log, anchor.epoch, leaf));
        vm.assertEq(uint256(logs[1].topics[3]), uint256(HistoryKind.Retired), "kind");
        (, address actor,, bytes memory payload,) = abi.decode(logs[1].data, (uint64, address, uint64, bytes, bytes32));
        vm.assertEq(actor, address(steward));
        string memory reason = string.concat(
            "by policy: accuracy 850000, at least 900000; log ",
            vm.toString(LogId.unwrap(log)),
            ", epoch 240, record ",
            vm.toString(leaf)
        );
        vm.assertEq(abi.decode(payload, (string)), reason, "reason");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongStage.selector, version, Stage.Retired));
        steward.retire(monitor, anchor, records);
    }

    function test_a_drift_that_is_too_large_does_too() public {
        Recorded[] memory records = run("psi", 0, 250_001);
        steward.retire(monitor, anchored(records), records);
        assertStage(version, Stage.Retired);
    }

    /// The longest names and numbers that can be fit into a reason.
    function test_every_reason_fits() public {
        string memory longest = "abcdefghijklmnopqrstuvwxyz-._012";
        int64 lowest = -int64(2 ** 53 - 1);
        vm.prank(owner);
        steward.setLimit(modelId, longest, limitOf(type(int64).min + 1, false));
        begin = uint64(block.timestamp);
        vm.warp(begin + 10 days);
        Recorded[] memory records = run(longest, 2 ** 53 - 4, lowest);
        steward.retire(monitor, anchored(records), records);
        assertStage(version, Stage.Retired);
    }

    function test_what_is_at_the_bound_is_within() public {
        Recorded[] memory records = run("accuracy", 0, 850_000);
        records[1] = recorded(measurement("accuracy", 1, BOUND), MONITOR_KEY);
        refuse(records, abi.encodeWithSelector(IStewardship.WithinLimit.selector, BOUND, BOUND));
        records = run("psi", 0, 250_000);
        refuse(records, abi.encodeWithSelector(IStewardship.WithinLimit.selector, 250_000, 250_000));
    }

    /// A good measurement in between has a number, which is missed.
    function test_a_good_measurement_cannot_be_left_out() public {
        Recorded[] memory records = run("accuracy", 0, 850_000);
        records[2] = recorded(measurement("accuracy", 3, 850_000), MONITOR_KEY);
        refuse(records, abi.encodeWithSelector(IStewardship.NotTheNext.selector, 2, 3));
    }

    function test_one_measurement_does_not_count_as_two() public {
        Recorded[] memory records = run("accuracy", 0, 850_000);
        records[1] = records[0];
        refuse(records, abi.encodeWithSelector(IStewardship.NotTheNext.selector, 1, 0));
        // Nor does one window, under two numbers.
        Measurement memory again = measurement("accuracy", 1, 850_000);
        (again.from, again.until) = (begin, begin + 1 days);
        records[1] = recorded(again, MONITOR_KEY);
        refuse(records, abi.encodeWithSelector(IStewardship.BadWindow.selector, begin, begin + 1 days));
        // Nor a run that is short, or long.
        records = run("accuracy", 0, 850_000);
        Recorded[] memory few = new Recorded[](1);
        few[0] = records[0];
        refuse(few, abi.encodeWithSelector(IStewardship.WrongCount.selector, RUN, 1));
        refuse(new Recorded[](0), abi.encodeWithSelector(IStewardship.WrongCount.selector, 1, 0));
    }

    function test_only_monitors_measure() public {
        Recorded[] memory records = run("accuracy", 0, 850_000);
        records[1] = recorded(measurement("accuracy", 1, 850_000), OTHER_KEY);
        refuse(records, abi.encodeWithSelector(IStewardship.NotSignedBy.selector, monitor));
        AnchoredRoot memory anchor = anchored(records);
        address other = vm.addr(OTHER_KEY);
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NotAMonitor.selector, modelId, other));
        steward.retire(other, anchor, records);
        vm.prank(owner);
        steward.setMonitor(modelId, monitor, false);
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NotAMonitor.selector, modelId, monitor));
        steward.retire(monitor, anchor, records);
    }

    /// ERC-1271: a monitor may be a wallet.
    function test_a_wallet_may_be_a_monitor() public {
        monitor = address(new Wallet(vm.addr(MONITOR_KEY)));
        vm.prank(owner);
        steward.setMonitor(modelId, monitor, true);
        Recorded[] memory records = run("accuracy", 0, 850_000);
        steward.retire(monitor, anchored(records), records);
        assertStage(version, Stage.Retired);
    }

    function test_a_measurement_is_of_one_version_metric_steward_and_chain() public {
        Recorded[] memory records = run("accuracy", 0, 850_000);
        VersionId other = deployed(2);
        for (uint256 i = 0; i < RUN; ++i) {
            records[i].measurement.version = other;
        }
        refuse(records, abi.encodeWithSelector(IStewardship.NotSignedBy.selector, monitor));
        records = run("accuracy", 0, 850_000);
        Measurement memory foreign = measurement("accuracy", 1, 850_000);
        foreign.version = other;
        records[1] = recorded(foreign, MONITOR_KEY);
        refuse(records, abi.encodeWithSelector(IStewardship.OtherVersion.selector, version, other));
        records = run("accuracy", 0, 850_000);
        records[1] = recorded(measurement("psi", 1, 850_000), MONITOR_KEY);
        refuse(records, abi.encodeWithSelector(IStewardship.OtherMetric.selector, "accuracy", "psi"));

        records = run("accuracy", 0, 850_000);
        AnchoredRoot memory anchor = anchored(records);
        Stewardship another = new Stewardship(registry, anchors);
        vm.startPrank(owner);
        another.setLog(modelId, log);
        another.setMonitor(modelId, monitor, true);
        vm.warp(begin);
        another.setLimit(modelId, "accuracy", limitOf(BOUND, true));
        vm.stopPrank();
        vm.warp(begin + 10 days);
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NotSignedBy.selector, monitor));
        another.retire(monitor, anchor, records);
        vm.chainId(block.chainid + 1);
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NotSignedBy.selector, monitor));
        steward.retire(monitor, anchor, records);
    }

    /// Every field is signed: the contract checks that before it writes the record.
    function testFuzz_no_field_can_be_changed(uint8 which, uint8 field) public {
        Recorded[] memory records = run("accuracy", 4, 850_000);
        AnchoredRoot memory anchor = anchored(records);
        Measurement memory changed = records[which % RUN].measurement;
        if (field % 5 == 0) changed.value -= 1;
        if (field % 5 == 1) changed.samples += 1;
        if (field % 5 == 2) changed.from += 1;
        if (field % 5 == 3) changed.until -= 1;
        if (field % 5 == 4) {
            for (uint256 i = 0; i < RUN; ++i) {
                records[i].measurement.number += 1;
            }
        }
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NotSignedBy.selector, monitor));
        steward.retire(monitor, anchor, records);
    }

    function test_what_is_not_in_the_log_does_not_count() public {
        Recorded[] memory records = run("accuracy", 0, 850_000);
        AnchoredRoot memory anchor = anchored(records);
        bytes4 selector = IStewardship.NotInLog.selector;
        // Another salt, another place, a larger tree, a path that is cut or grown.
        records[0].salt = keccak256("another");
        vm.expectPartialRevert(selector);
        steward.retire(monitor, anchor, records);
        records = run("accuracy", 0, 850_000);
        anchor = anchored(records);
        records[0].index += 1;
        vm.expectPartialRevert(selector);
        steward.retire(monitor, anchor, records);
        records[0].index = anchor.size;
        vm.expectPartialRevert(selector);
        steward.retire(monitor, anchor, records);
        records[0].index = anchor.size - RUN;
        anchor.size = 1;
        vm.expectPartialRevert(selector);
        steward.retire(monitor, anchor, records);
        anchor = anchored(records);
        bytes32[] memory path = records[2].path;
        records[2].path = new bytes32[](path.length + 1);
        for (uint256 i = 0; i < path.length; ++i) {
            records[2].path[i] = path[i];
        }
        vm.expectPartialRevert(selector);
        steward.retire(monitor, anchor, records);
        records[2].path = new bytes32[](0);
        vm.expectPartialRevert(selector);
        steward.retire(monitor, anchor, records);
    }

    function test_what_was_not_anchored_does_not_count() public {
        Recorded[] memory records = run("accuracy", 0, 850_000);
        AnchoredRoot memory anchor = anchored(records);
        anchor.epoch += 1;
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NotAnchored.selector, log, anchor.epoch));
        steward.retire(monitor, anchor, records);
        anchor.epoch -= 1;
        anchor.registryHead = keccak256("another");
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NotAnchored.selector, log, anchor.epoch));
        steward.retire(monitor, anchor, records);
        // Somebody else's log.
        LogId other = anchors.open(address(0), 3600, keccak256("another"));
        anchors.anchor(other, anchor.root);
        (anchor.log, anchor.registryHead) = (other, 0);
        vm.expectRevert(abi.encodeWithSelector(IStewardship.OtherLog.selector, log, other));
        steward.retire(monitor, anchor, records);
    }

    function test_samples_windows_and_ages_count() public {
        Recorded[] memory records = run("accuracy", 0, 850_000);
        Measurement memory changed = measurement("accuracy", 2, 850_000);
        changed.samples = SAMPLES - 1;
        records[2] = recorded(changed, MONITOR_KEY);
        refuse(records, abi.encodeWithSelector(IStewardship.TooFewSamples.selector, SAMPLES, SAMPLES - 1));

        changed = measurement("accuracy", 2, 850_000);
        changed.until = uint64(block.timestamp) + 1 hours + 1;
        records[2] = recorded(changed, MONITOR_KEY);
        refuse(records, abi.encodeWithSelector(IStewardship.BadWindow.selector, changed.from, changed.until));
        changed.until = changed.from;
        records[2] = recorded(changed, MONITOR_KEY);
        refuse(records, abi.encodeWithSelector(IStewardship.BadWindow.selector, changed.from, changed.until));

        // A window from before there was the limit.
        records = run("accuracy", 0, 850_000);
        changed = measurement("accuracy", 0, 850_000);
        changed.from -= 1;
        records[0] = recorded(changed, MONITOR_KEY);
        refuse(records, abi.encodeWithSelector(IStewardship.TooOld.selector, begin, begin - 1));
        records = run("accuracy", 0, 850_000);
        vm.warp(begin + 1 days + FRESH - 1 hours);
        AnchoredRoot memory anchor = anchored(records);
        uint256 before = vm.snapshotState();
        steward.retire(monitor, anchor, records);
        vm.assertTrue(vm.revertToState(before), "in time");
        vm.warp(begin + 1 days + FRESH + 1);
        vm.expectRevert(abi.encodeWithSelector(IStewardship.TooOld.selector, begin + 1 days + 1, begin + 1 days));
        steward.retire(monitor, anchor, records);
    }

    /// Numbers that JSON readers would round.
    function testFuzz_numbers_that_no_record_holds_are_refused(uint8 field) public {
        Recorded[] memory records = run("accuracy", 2 ** 53 - 3, 850_000);
        Measurement memory changed = records[2].measurement;
        if (field % 4 == 0) changed.value = -int64(2 ** 53);
        if (field % 4 == 1) changed.samples = 2 ** 53;
        if (field % 4 == 2) changed.until = 2 ** 53;
        if (field % 4 == 3) records = run("accuracy", 2 ** 53 - 2, 850_000);
        if (field % 4 != 3) records[2] = recorded(changed, MONITOR_KEY);
        refuse(records, abi.encodeWithSelector(IStewardship.NumberTooLarge.selector));
    }

    function test_a_metric_without_a_limit_retires_nothing() public {
        Recorded[] memory records = run("recall", 0, 0);
        refuse(records, abi.encodeWithSelector(IStewardship.NoLimit.selector, modelId, "recall"));
        records = run("accuracy", 0, 850_000);
        AnchoredRoot memory anchor = anchored(records);
        Limit memory gone;
        vm.prank(owner);
        steward.setLimit(modelId, "accuracy", gone);
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NoLimit.selector, modelId, "accuracy"));
        steward.retire(monitor, anchor, records);
        // Of a version that is not registered there is no model.
        records[0].measurement.version = VersionId.wrap(keccak256("unknown"));
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NoLimit.selector, bytes32(0), "accuracy"));
        steward.retire(monitor, anchor, records);
    }

    function test_rules_are_the_owners() public {
        bytes memory reason = abi.encodeWithSelector(IStewardship.NotOwner.selector, modelId, owner, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(reason);
        steward.setLog(modelId, log);
        vm.expectRevert(reason);
        steward.setMonitor(modelId, stranger, true);
        vm.expectRevert(reason);
        steward.setLimit(modelId, "accuracy", limitOf(1, true));
        vm.stopPrank();
        vm.startPrank(owner);
        vm.expectRevert(IStewardship.ZeroAddress.selector);
        steward.setMonitor(modelId, address(0), true);
        LogId unknown = LogId.wrap(keccak256("unknown"));
        vm.expectRevert(abi.encodeWithSelector(IStewardship.UnknownLog.selector, unknown));
        steward.setLog(modelId, unknown);
        Limit memory limit = limitOf(1, true);
        limit.run = 17;
        vm.expectRevert(IStewardship.BadLimit.selector);
        steward.setLimit(modelId, "accuracy", limit);
        (limit.run, limit.fresh) = (1, 0);
        vm.expectRevert(IStewardship.BadLimit.selector);
        steward.setLimit(modelId, "accuracy", limit);
        limit.fresh = 365 days + 1;
        vm.expectRevert(IStewardship.BadLimit.selector);
        steward.setLimit(modelId, "accuracy", limit);
        string[5] memory names = ["", "Accuracy", "a b", "a\"", "abcdefghijklmnopqrstuvwxyz0123456"];
        for (uint256 i = 0; i < names.length; ++i) {
            vm.expectRevert(IStewardship.BadMetricName.selector);
            steward.setLimit(modelId, names[i], limitOf(1, true));
        }
        Limit memory set = steward.limitOf(modelId, "accuracy");
        vm.assertEq(set.since, begin, "since it was set");
        vm.assertEq(set.bound, BOUND, "bound");
    }

    /// Whatever a tree's size, its leaves are in it, and in no other place.
    function testFuzz_inclusion_is_rfc9162s(uint8 sizes, uint8 places, uint8 wrong) public {
        delete leaves;
        uint64 size = uint64(sizes) % 40 + 1;
        uint64 index = uint64(places) % size;
        for (uint256 i = 0; i < size; ++i) {
            leaves.push(keccak256(abi.encode(i)));
        }
        bytes32 root = rootOf(0, size);
        bytes32[] memory path = pathOf(index, 0, size);
        vm.assertTrue(this.isIn(leaves[index], index, size, path, root), "is in");
        vm.assertFalse(this.isIn(keccak256("another"), index, size, path, root), "another leaf");
        vm.assertFalse(this.isIn(leaves[index], size, size, path, root), "beyond");
        if (path.length == 0) return;
        path[wrong % path.length] = ~path[wrong % path.length];
        vm.assertFalse(this.isIn(leaves[index], index, size, path, root), "another path");
    }

    function isIn(bytes32 leaf, uint64 index, uint64 size, bytes32[] calldata path, bytes32 root)
        external
        pure
        returns (bool)
    {
        return LogProofs.isIn(leaf, index, size, path, root);
    }

    function limitOf(int64 bound, bool least) private pure returns (Limit memory) {
        return Limit({bound: bound, least: least, run: RUN, samples: SAMPLES, fresh: FRESH, since: 0});
    }

    /// The measurement with a number, of a day of its own.
    function measurement(string memory metric, uint64 number, int64 value) private view returns (Measurement memory) {
        uint64 from = begin + uint64(number % 8) * 1 days;
        return Measurement({
            version: version,
            metric: metric,
            number: number,
            value: value,
            samples: SAMPLES,
            from: from,
            until: from + 1 days
        });
    }

    function recorded(Measurement memory said, uint256 key) private view returns (Recorded memory record) {
        record.measurement = said;
        record.signature = signed(key, steward.measurementDigest(said));
        record.salt = keccak256(abi.encode("salt", said.number));
    }

    /// As many measurements in a row as a limit asks for; their days are the first three.
    function run(string memory metric, uint64 number, int64 value) private view returns (Recorded[] memory records) {
        records = new Recorded[](RUN);
        for (uint64 i = 0; i < RUN; ++i) {
            Measurement memory said = measurement(metric, i, value);
            said.number = number + i;
            records[i] = recorded(said, MONITOR_KEY);
        }
    }

    function recordOf(Recorded memory record) private view returns (string memory) {
        return steward.recordOf(monitor, record.measurement, record.signature);
    }

    /// Appends the records to the log, anchors it, and proves them.
    function anchored(Recorded[] memory records) private returns (AnchoredRoot memory anchor) {
        uint256 first = leaves.length;
        for (uint256 i = 0; i < records.length; ++i) {
            leaves.push(LogProofs.leafOf(records[i].salt, bytes(recordOf(records[i]))));
        }
        // One epoch each.
        vm.warp(block.timestamp + (first == 5 ? 0 : 1 hours));
        anchor = AnchoredRoot({
            log: log,
            epoch: uint64((block.timestamp - START) / 3600),
            root: rootOf(0, leaves.length),
            registryHead: registry.registryHead(),
            size: uint64(leaves.length)
        });
        anchors.anchor(log, anchor.root);
        for (uint256 i = 0; i < records.length; ++i) {
            // A test's log is short.
            // forge-lint: disable-next-line(unsafe-typecast)
            records[i].index = uint64(first + i);
            records[i].path = pathOf(first + i, 0, leaves.length);
        }
    }

    function refuse(Recorded[] memory records, bytes memory reason) private {
        AnchoredRoot memory anchor = anchored(records);
        vm.expectRevert(reason);
        steward.retire(monitor, anchor, records);
    }

    /// By the definition of RFC 6962, section 2.1.
    function rootOf(uint256 from, uint256 until) private view returns (bytes32) {
        if (until - from == 1) return sha256(abi.encodePacked(bytes1(0), leaves[from]));
        uint256 middle = from + split(until - from);
        return sha256(abi.encodePacked(bytes1(0x01), rootOf(from, middle), rootOf(middle, until)));
    }

    function pathOf(uint256 index, uint256 from, uint256 until) private view returns (bytes32[] memory path) {
        if (until - from == 1) return path;
        uint256 middle = from + split(until - from);
        bool left = index < middle;
        bytes32[] memory below = left ? pathOf(index, from, middle) : pathOf(index, middle, until);
        path = new bytes32[](below.length + 1);
        for (uint256 i = 0; i < below.length; ++i) {
            path[i] = below[i];
        }
        path[below.length] = left ? rootOf(middle, until) : rootOf(from, middle);
    }

    function split(uint256 count) private pure returns (uint256 power) {
        power = 1;
        while (power * 2 < count) power *= 2;
    }
}
