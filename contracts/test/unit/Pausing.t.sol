// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {Stage} from "../../src/types/Registry.sol";
import {Fixture} from "../Fixture.sol";
import {vm} from "../Vm.sol";

/// @dev The pause: whose it is, what it stops, how it ends.
contract PausingTest is Fixture {
    uint64 private constant GUARDIAN = 7;
    address private guardian = vm.addr(0xB005);

    function setUp() public override {
        super.setUp();
        bytes4[] memory selectors = new bytes4[](2);
        selectors[0] = IModelRegistry.pause.selector;
        selectors[1] = IModelRegistry.unpause.selector;
        vm.startPrank(admin);
        manager.setTargetFunctionRole(address(registry), selectors, GUARDIAN);
        manager.grantRole(GUARDIAN, guardian, 0);
        vm.stopPrank();
    }

    function pause(uint64 duration) private {
        vm.prank(guardian);
        registry.pause(duration);
    }

    function test_pause_stopsEntryOnly() public {
        VersionId waiting = register(1);
        VersionId running = deployed(2);
        VersionId bad = register(3);
        vm.expectEmit(address(registry));
        emit IModelRegistry.Paused(guardian, START + 7 days);
        pause(7 days);
        bytes memory reason = abi.encodeWithSelector(IModelRegistry.RegistryPaused.selector, START + 7 days);
        vm.expectRevert(reason);
        registry.createModel("new", oneRole("qa", risk));
        vm.expectRevert(reason);
        vm.prank(owner);
        registry.registerVersion(modelId, versionContent(4));

        submit(approvalOf(waiting, RISK), RISK_KEY);
        submit(approvalOf(waiting, LEGAL), LEGAL_KEY);
        rotate(CLINICAL, CLINICAL_KEY, newcomer);
        declare(LEGAL, legal, length() + 1);
        vm.startPrank(owner);
        registry.deploy(waiting, "ward");
        registry.retire(running, "superseded");
        registry.revoke(bad, "biased");
        assertStage(waiting, Stage.Deployed);
    }

    function test_pause_endsByItself() public {
        pause(1 days);
        vm.assertEq(registry.pausedUntil(), START + 1 days);
        vm.warp(START + 1 days);
        register(1);
    }

    function testFuzz_pause_restsAsLongAsItLasted(uint64 duration, uint64 wait) public {
        duration = 1 + duration % 7 days;
        wait %= 15 days;
        pause(duration);
        vm.warp(START + wait);
        if (wait < 2 * duration) {
            vm.expectRevert(abi.encodeWithSelector(IModelRegistry.PauseTooSoon.selector, START + 2 * duration));
        }
        pause(1);
    }

    function test_unpause_endsItAndCountsWhatWasUsed() public {
        pause(7 days);
        vm.warp(START + 3 days);
        vm.expectEmit(address(registry));
        emit IModelRegistry.Unpaused(guardian);
        vm.prank(guardian);
        registry.unpause();
        register(1);
        vm.expectRevert(IModelRegistry.NotPaused.selector);
        vm.prank(guardian);
        registry.unpause();
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.PauseTooSoon.selector, START + 6 days));
        pause(1);
        vm.warp(START + 6 days);
        pause(1);
    }

    function test_pause_bounds() public {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.PauseDuration.selector, 1, 7 days, 0));
        pause(0);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.PauseDuration.selector, 1, 7 days, 7 days + 1));
        pause(7 days + 1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.PauseDuration.selector, 1, 7 days, type(uint64).max));
        pause(type(uint64).max);
    }

    function testFuzz_pause_isTheGuardians(address account) public {
        vm.assume(account != guardian && account != address(0));
        vm.startPrank(account);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, account));
        registry.pause(1);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, account));
        registry.unpause();
    }
}
