// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Anchors} from "../../src/Anchors.sol";
import {IAnchors} from "../../src/interfaces/IAnchors.sol";
import {LogId} from "../../src/types/Ids.sol";
import {Fixture} from "../Fixture.sol";
import {vm} from "../Vm.sol";
import {
    FailingRegistry,
    FloodingRegistry,
    HungryRegistry,
    LoopingRegistry,
    NoRegistry,
    ShortRegistry,
    WritingRegistry
} from "../mocks/Registries.sol";

/// @dev Opening and anchoring, with registries that answer, fail and attack.
contract AnchorsTest is Fixture {
    bytes32 private constant ROOT = keccak256("root");
    bytes32 private constant SALT = keccak256("salt");
    Anchors private anchors;
    address private poster = vm.addr(0xD001);

    function setUp() public override {
        super.setUp();
        anchors = new Anchors();
    }

    function open(address register_) private returns (LogId) {
        vm.prank(poster);
        return anchors.open(register_, 3600, SALT);
    }

    function anchor(LogId logId, bytes32 root) private {
        vm.prank(poster);
        anchors.anchor(logId, root);
    }

    function stored(bytes32 root, bytes32 head) private pure returns (bytes32) {
        return keccak256(abi.encode(root, head));
    }

    function test_open_givesTheStatedId() public {
        LogId expected = LogId.wrap(
            keccak256(
                abi.encode(
                    keccak256("averment.log/1"),
                    block.chainid,
                    address(anchors),
                    poster,
                    address(registry),
                    uint64(3600),
                    SALT
                )
            )
        );
        vm.expectEmit(address(anchors));
        emit IAnchors.LogOpened(expected, poster, address(registry), 3600, START);
        LogId got = open(address(registry));
        vm.assertEq(LogId.unwrap(got), LogId.unwrap(expected));
        (address who, address where, uint64 cadence, uint64 openedAt, uint64 count) = anchors.log(got);
        vm.assertEq(who, poster);
        vm.assertEq(where, address(registry));
        vm.assertEq(cadence, 3600);
        vm.assertEq(openedAt, START);
        vm.assertEq(count, 0);
    }

    function testFuzz_open_boundsTheCadence(uint64 cadence) public {
        if (cadence < 60 || cadence > 31_536_000) {
            vm.expectRevert(abi.encodeWithSelector(IAnchors.CadenceOutOfRange.selector, 60, 31_536_000, cadence));
        }
        anchors.open(address(0), cadence, 0);
    }

    function test_open_refusesTwiceAndRegistriesWithoutCode() public {
        LogId logId = open(address(registry));
        vm.expectRevert(abi.encodeWithSelector(IAnchors.LogExists.selector, logId));
        open(address(registry));
        vm.expectRevert(abi.encodeWithSelector(IAnchors.NotAContract.selector, stranger));
        open(stranger);
    }

    function test_anchor_recordsRootAndRegistryHead() public {
        LogId logId = open(address(registry));
        bytes32 head = registry.registryHead();
        vm.expectEmit(address(anchors));
        emit IAnchors.Anchored(logId, 0, ROOT, head);
        anchor(logId, ROOT);
        vm.assertEq(anchors.anchored(logId, 0), stored(ROOT, head));
        register(1);
        vm.warp(START + 2 * 3600);
        anchor(logId, ROOT);
        vm.assertEq(anchors.anchored(logId, 1), 0, "missed");
        vm.assertEq(anchors.anchored(logId, 2), stored(ROOT, registry.registryHead()));
        vm.assertFalse(head == registry.registryHead(), "it moved");
        (,,,, uint64 count) = anchors.log(logId);
        vm.assertEq(count, 2);
    }

    function testFuzz_anchor_onceAnEpochAndNeverOverwritten(uint32 first, uint32 second) public {
        LogId logId = open(address(registry));
        vm.warp(START + first);
        anchor(logId, ROOT);
        bytes32 before = anchors.anchored(logId, first / 3600);
        vm.warp(uint256(START) + first + second);
        uint64 epoch = (uint64(first) + second) / 3600;
        if (epoch == first / 3600) {
            vm.expectRevert(abi.encodeWithSelector(IAnchors.AlreadyAnchored.selector, logId, epoch));
        }
        anchor(logId, keccak256("other"));
        vm.assertEq(anchors.anchored(logId, first / 3600), before);
    }

    function test_anchor_refusals() public {
        LogId logId = open(address(registry));
        LogId unknown = LogId.wrap(keccak256("unknown"));
        vm.expectRevert(abi.encodeWithSelector(IAnchors.UnknownLog.selector, unknown));
        anchor(unknown, ROOT);
        vm.expectRevert(IAnchors.EmptyRoot.selector);
        anchor(logId, 0);
        vm.expectRevert(abi.encodeWithSelector(IAnchors.NotPoster.selector, logId, poster, stranger));
        vm.prank(stranger);
        anchors.anchor(logId, ROOT);
    }

    function test_anchor_withoutRegistry() public {
        LogId logId = open(address(0));
        anchor(logId, ROOT);
        vm.assertEq(anchors.anchored(logId, 0), stored(ROOT, 0));
    }

    /// Whatever the registry does, the root is anchored, for bounded gas, and no head is made up.
    function test_anchor_isNotBlockedByItsRegistry() public {
        address[5] memory registries = [
            address(new FailingRegistry()),
            address(new ShortRegistry()),
            address(new LoopingRegistry()),
            address(new WritingRegistry()),
            address(manager)
        ];
        for (uint256 i = 0; i < registries.length; ++i) {
            LogId logId = open(registries[i]);
            uint256 before = gasleft();
            anchor(logId, ROOT);
            vm.assertLt(before - gasleft(), 150_000, "gas");
            vm.assertEq(anchors.anchored(logId, 0), stored(ROOT, 0));
        }
        vm.assertEq(WritingRegistry(registries[3]).calls(), 0, "static");
        // An answer of any length is read as far as its first word.
        LogId flood = open(address(new FloodingRegistry()));
        anchor(flood, ROOT);
        vm.assertEq(anchors.anchored(flood, 0), stored(ROOT, 0));
    }

    /// The poster cannot choose a gas limit at which the registry runs out and the anchor goes through: for every
    /// limit the head is right or the whole transaction fails.
    function testFuzz_anchor_headCannotBeStarved(uint256 limit) public {
        HungryRegistry hungry = new HungryRegistry(45_000);
        LogId logId = open(address(hungry));
        limit = 21_000 + limit % 200_000;
        vm.prank(poster);
        (bool success,) = address(anchors).call{gas: limit}(abi.encodeCall(IAnchors.anchor, (logId, ROOT)));
        if (success) vm.assertEq(anchors.anchored(logId, 0), stored(ROOT, bytes32(uint256(0xfeed))));
        else vm.assertEq(anchors.anchored(logId, 0), 0, "all or nothing");
        if (limit > 150_000) vm.assertTrue(success, "enough");
    }

    function test_anchor_saysHowMuchGasIsMissing() public {
        LogId logId = open(address(new NoRegistry()));
        vm.prank(poster);
        (bool success, bytes memory why) =
            address(anchors).call{gas: 50_000}(abi.encodeCall(IAnchors.anchor, (logId, ROOT)));
        vm.assertFalse(success, "starved");
        // Selector, gas expected, gas got.
        vm.assertEq(why.length, 4 + 32 + 32, "reason");
        vm.assertEq(uint256(uint8(why[0])), uint256(uint8(IAnchors.NotEnoughGas.selector[0])), "reason");
    }

    /// Nothing about a log shows in the gas of anchoring it: not its root, not how busy the registry was.
    /// forge-config: default.isolate = true
    function testFuzz_anchor_costsTheSameAlways(bytes32 root, uint8 busy) public {
        root = withoutZeroBytes(root);
        LogId logId = open(address(registry));
        uint256[3] memory costs;
        for (uint256 i = 0; i < 3; ++i) {
            vm.warp(START + (i + 1) * 3600);
            for (uint256 j = 0; i == 2 && j < busy % 4; ++j) {
                register(j);
            }
            anchor(logId, i == 1 ? withoutZeroBytes(ROOT) : root);
            costs[i] = vm.lastCallGas().gasTotalUsed;
        }
        vm.assertLt(21_000, costs[0], "whole transactions");
        vm.assertEq(costs[0], costs[1], "another root");
        vm.assertEq(costs[1], costs[2], "a registry that moved");
    }

    /// As the log draws them, because a zero byte of calldata is cheaper.
    function withoutZeroBytes(bytes32 root) private pure returns (bytes32) {
        for (uint256 i = 0; i < 32; ++i) {
            if (root[i] == 0) root |= bytes32(uint256(1) << (8 * (31 - i)));
        }
        return root;
    }
}
