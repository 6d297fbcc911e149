// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {Anchors} from "../../src/Anchors.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IStewardship} from "../../src/interfaces/IStewardship.sol";
import {Stewardship} from "../../src/Stewardship.sol";
import {ModelId, VersionId} from "../../src/types/Ids.sol";
import {HistoryKind, Stage} from "../../src/types/Registry.sol";
import {Succession} from "../../src/types/Stewardship.sol";
import {Fixture} from "../Fixture.sol";
import {vm, Vm} from "../Vm.sol";

/// @dev Versions that take over from others at a stated time: what can be announced, and what comes of it.
contract SuccessionsTest is Fixture {
    Stewardship private steward;
    VersionId private first;
    VersionId private second;
    uint64 private hour;

    function setUp() public override {
        super.setUp();
        steward = new Stewardship(registry, new Anchors());
        vm.prank(owner);
        registry.setSteward(modelId, address(steward));
        (first, second) = (deployed(1), approved(2));
        hour = uint64(block.timestamp) + 2 days;
    }

    function test_a_successor_takes_over_at_its_hour_and_not_before() public {
        vm.expectEmit(address(steward));
        emit IStewardship.SuccessionAnnounced(modelId, first, second, hour, "ward");
        announce(first, second);
        vm.snapshotGasLastCall("stewardship", "announce");
        Succession memory announced = steward.successionOf(first);
        vm.assertEq(VersionId.unwrap(announced.successor), VersionId.unwrap(second));
        vm.assertEq(announced.hour, hour, "its hour");
        deploy(second, "ward");
        vm.warp(hour - 1);
        assertCurrent(first, first);
        vm.expectRevert(abi.encodeWithSelector(IStewardship.TooEarly.selector, first, hour));
        steward.succeed(first);
        vm.warp(hour);
        // Whoever asks is given the new one even before somebody retires the old one.
        assertCurrent(first, second);
        assertStage(first, Stage.Deployed);
        vm.recordLogs();
        vm.prank(stranger);
        steward.succeed(first);
        vm.snapshotGasLastCall("stewardship", "succeed");
        assertStage(first, Stage.Retired);
        assertStage(second, Stage.Deployed);
        assertCurrent(first, second);
        assertCurrent(second, second);
        // The history says who did it and why.
        Vm.Log memory log = vm.getRecordedLogs()[1];
        vm.assertEq(uint256(log.topics[3]), uint256(HistoryKind.Retired), "kind");
        (, address actor,, bytes memory payload,) = abi.decode(log.data, (uint64, address, uint64, bytes, bytes32));
        vm.assertEq(actor, address(steward));
        string memory id = Strings.toHexString(uint256(VersionId.unwrap(second)), 32);
        vm.assertEq(abi.decode(payload, (string)), string.concat("succeeded by ", id), "reason");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongStage.selector, first, Stage.Retired));
        steward.succeed(first);
    }

    function test_without_its_successor_deployed_a_version_stays() public {
        announce(first, second);
        vm.warp(hour);
        assertCurrent(first, first);
        bytes memory reason = abi.encodeWithSelector(IStewardship.NotDeployed.selector, second, "ward");
        vm.expectRevert(reason);
        steward.succeed(first);
        // Elsewhere does not do.
        deploy(second, "lab");
        assertCurrent(first, first);
        vm.expectRevert(reason);
        steward.succeed(first);
        deploy(second, "ward");
        assertCurrent(first, second);
        steward.succeed(first);
    }

    /// Not even when it is deployed, if one who approved it is not believed any more.
    function test_a_successor_whose_approvals_fell_or_that_ended_does_not_take_over() public {
        announce(first, second);
        deploy(second, "ward");
        vm.warp(hour);
        uint256 before = vm.snapshotState();
        declare(RISK, risk, 1);
        assertCurrent(first, first);
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NotDeployed.selector, second, "ward"));
        steward.succeed(first);
        vm.assertTrue(vm.revertToState(before), "reverted");
        vm.prank(owner);
        registry.revoke(second, "biased");
        assertCurrent(first, first);
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NotDeployed.selector, second, "ward"));
        steward.succeed(first);
        // So the owner can announce another.
        cancel(first);
        VersionId third = approved(3);
        hour = uint64(block.timestamp) + 1 days;
        announce(first, third);
    }

    function test_an_announcement_is_taken_back_before_its_hour_only() public {
        announce(first, second);
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NotOwner.selector, modelId, owner, stranger));
        vm.prank(stranger);
        steward.cancel(first);
        vm.warp(hour - 1);
        vm.expectEmit(address(steward));
        emit IStewardship.SuccessionCancelled(first, second);
        cancel(first);
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NoSuccession.selector, first));
        steward.succeed(first);
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NoSuccession.selector, first));
        vm.prank(owner);
        steward.cancel(first);
        hour = uint64(block.timestamp) + 1 days;
        announce(first, second);
        deploy(second, "ward");
        vm.warp(hour);
        bytes memory reason = abi.encodeWithSelector(IStewardship.HourHasCome.selector, first, hour);
        vm.expectRevert(reason);
        vm.prank(owner);
        steward.cancel(first);
        steward.succeed(first);
        vm.expectRevert(reason);
        vm.prank(owner);
        steward.cancel(first);
    }

    function test_a_line_of_successors_is_followed_to_its_end() public {
        VersionId third = approved(3);
        announce(first, second);
        // Its own successor comes sooner than it does itself: the first goes over to that.
        deploy(second, "ward");
        uint64 late = hour;
        hour = late - 1 hours;
        announce(second, third);
        deploy(third, "ward");
        vm.warp(hour);
        assertCurrent(first, first);
        assertCurrent(second, third);
        steward.succeed(second);
        vm.warp(late);
        assertCurrent(first, third);
        vm.expectEmit(address(steward));
        emit IStewardship.Succeeded(first, third);
        steward.succeed(first);
        assertStage(first, Stage.Retired);
    }

    function test_no_line_of_successors_comes_back_to_its_beginning() public {
        announce(first, second);
        deploy(second, "ward");
        VersionId third = deployed(3);
        refuse(first, first, abi.encodeWithSelector(IStewardship.SuccessionExists.selector, first, second));
        refuse(second, second, abi.encodeWithSelector(IStewardship.SuccessionExists.selector, second, second));
        refuse(second, first, abi.encodeWithSelector(IStewardship.SuccessionExists.selector, first, second));
        announce(second, third);
        refuse(third, first, abi.encodeWithSelector(IStewardship.SuccessionExists.selector, first, second));
        refuse(first, third, abi.encodeWithSelector(IStewardship.SuccessionExists.selector, first, second));
    }

    function test_what_cannot_be_announced() public {
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NotOwner.selector, modelId, owner, stranger));
        vm.prank(stranger);
        steward.announce(first, second, hour, "ward");
        VersionId unknown = VersionId.wrap(keccak256("unknown"));
        ModelId none = ModelId.wrap(0);
        refuse(unknown, second, abi.encodeWithSelector(IStewardship.NotOwner.selector, none, address(0), owner));
        refuse(first, unknown, abi.encodeWithSelector(IStewardship.OtherModel.selector, modelId, none));
        VersionId fresh = register(9);
        refuse(first, fresh, abi.encodeWithSelector(IStewardship.NotApproved.selector, fresh));
        refuse(second, first, abi.encodeWithSelector(IStewardship.NotDeployed.selector, second, "ward"));
        for (uint256 i = 0; i < 2; ++i) {
            hour = uint64(block.timestamp + (i == 0 ? 1 days - 1 : 365 days + 1));
            bytes4 selector = IStewardship.NoticeOutOfRange.selector;
            refuse(
                first,
                second,
                abi.encodeWithSelector(selector, block.timestamp + 1 days, block.timestamp + 365 days, hour)
            );
        }
        hour = uint64(block.timestamp) + 1 days;
        uint256 before = vm.snapshotState();
        vm.prank(owner);
        registry.revoke(second, "biased");
        refuse(first, second, abi.encodeWithSelector(IStewardship.NotApproved.selector, second));
        vm.assertTrue(vm.revertToState(before), "reverted");
        declare(RISK, risk, 1);
        refuse(first, second, abi.encodeWithSelector(IStewardship.NotApproved.selector, second));
        vm.startPrank(owner);
        registry.setSteward(modelId, stranger);
        vm.stopPrank();
        refuse(first, second, abi.encodeWithSelector(IStewardship.NotSteward.selector, modelId, stranger));
    }

    function test_versions_of_other_models_do_not_take_over() public {
        vm.startPrank(stranger);
        ModelId other = registry.createModel("another", threeRoles(2));
        VersionId foreign = registry.registerVersion(other, versionContent(1));
        vm.stopPrank();
        refuse(first, foreign, abi.encodeWithSelector(IStewardship.OtherModel.selector, modelId, other));
    }

    /// A steward that the owner dismissed can do nothing any more; the announcement alone retires nobody.
    function test_a_steward_that_was_dismissed_retires_nothing() public {
        announce(first, second);
        deploy(second, "ward");
        vm.prank(owner);
        registry.setSteward(modelId, address(0));
        vm.warp(hour);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotOwnerOrSteward.selector, modelId, address(steward)));
        steward.succeed(first);
    }

    /// Announcements are the present owner's.
    function test_a_model_takes_its_rules_along() public {
        announce(first, second);
        vm.prank(owner);
        registry.transferOwnership(modelId, stranger);
        vm.prank(stranger);
        registry.acceptOwnership(modelId);
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NotOwner.selector, modelId, stranger, owner));
        vm.prank(owner);
        steward.cancel(first);
        vm.prank(stranger);
        steward.cancel(first);
    }

    function test_it_is_made_for_contracts_that_are_there() public {
        Anchors anchors = new Anchors();
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NotAContract.selector, stranger));
        new Stewardship(IModelRegistry(stranger), anchors);
        vm.expectRevert(abi.encodeWithSelector(IStewardship.NotAContract.selector, stranger));
        new Stewardship(registry, Anchors(stranger));
    }

    function announce(VersionId version, VersionId successor) private {
        vm.prank(owner);
        steward.announce(version, successor, hour, "ward");
    }

    function refuse(VersionId version, VersionId successor, bytes memory reason) private {
        vm.expectRevert(reason);
        announce(version, successor);
    }

    function cancel(VersionId version) private {
        vm.prank(owner);
        steward.cancel(version);
    }

    function deploy(VersionId version, string memory environment) private {
        vm.prank(owner);
        registry.deploy(version, environment);
    }

    function assertCurrent(VersionId of_, VersionId expected) private view {
        vm.assertEq(VersionId.unwrap(steward.currentOf(of_)), VersionId.unwrap(expected), "current");
    }
}
