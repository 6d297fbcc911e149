// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {ERC1967Utils} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Utils.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {ModelRegistry} from "../../src/ModelRegistry.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {Decision, Stage} from "../../src/types/Registry.sol";
import {Fixture} from "../Fixture.sol";
import {vm} from "../Vm.sol";
import {ModelRegistryV2, NoRegistry} from "../mocks/Registries.sol";

/// @dev The upgrade as production does it: a proposer with two days' delay, a canceller, data in place.
contract UpgradeTest is Fixture {
    uint64 private constant UPGRADER = 1;
    uint64 private constant CANCELLER = 2;
    uint32 private constant DELAY = 2 days;
    bytes32 private constant IMPLEMENTATION = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    address private proposer = vm.addr(0xE001);
    address private canceller = vm.addr(0xE002);
    ModelRegistryV2 private next;

    function setUp() public override {
        super.setUp();
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = UUPSUpgradeable.upgradeToAndCall.selector;
        vm.startPrank(admin);
        manager.setTargetFunctionRole(address(registry), selectors, UPGRADER);
        manager.grantRole(UPGRADER, proposer, DELAY);
        manager.grantRole(CANCELLER, canceller, 0);
        manager.setRoleGuardian(UPGRADER, CANCELLER);
        vm.stopPrank();
        next = new ModelRegistryV2();
    }

    function upgradeCall() private view returns (bytes memory) {
        return
            abi.encodeCall(
                UUPSUpgradeable.upgradeToAndCall, (address(next), abi.encodeCall(ModelRegistryV2.migrate, ()))
            );
    }

    function schedule() private {
        bytes memory call = upgradeCall();
        vm.prank(proposer);
        manager.schedule(address(registry), call, 0);
    }

    /// Everything a reader can see of a model with a whole life behind it.
    function seen(VersionId versionId) private view returns (bytes32) {
        return keccak256(abi.encode(ofHistory(), ofKeys(), ofVersion(versionId), registry.pausedUntil()));
    }

    function ofHistory() private view returns (bytes memory) {
        (bytes32 head, uint64 entries) = registry.historyHead(modelId);
        return abi.encode(head, entries, registry.registryHead());
    }

    function ofKeys() private view returns (bytes memory) {
        (address key, uint64 since) = registry.roleKey(modelId, RISK);
        (,,, uint64 compromisedFrom) = registry.keyOf(modelId, legal);
        address heir = registry.pendingOwnerOf(modelId);
        bool allowed = registry.isRegistrar(modelId, registrar);
        return abi.encode(key, since, compromisedFrom, registry.ownerOf(modelId), heir, allowed);
    }

    function ofVersion(VersionId versionId) private view returns (bytes memory) {
        (Decision decision, address signer, uint64 sequence) = registry.decisionOf(versionId, RISK);
        uint64 since = registry.deployedSince(versionId, "ward");
        bool standing = registry.isApproved(versionId);
        return abi.encode(decision, signer, sequence, since, standing, stageOf(versionId), registry.content(versionId));
    }

    function test_upgrade_keepsEverything() public {
        VersionId versionId = deployed(1);
        rotate(RISK, RISK_KEY, newcomer);
        declare(LEGAL, legal, length() + 1);
        bytes32 before = seen(versionId);
        bytes32 digest = registry.approvalDigest(approvalOf(versionId, RISK));

        schedule();
        bytes memory call = upgradeCall();
        vm.warp(START + DELAY);
        vm.prank(proposer);
        manager.execute(address(registry), call);

        vm.assertEq(address(uint160(uint256(vm.load(address(registry), IMPLEMENTATION)))), address(next));
        vm.assertEq(ModelRegistryV2(address(registry)).migrated(), 2);
        vm.assertEq(seen(versionId), before, "nothing moved");
        vm.assertEq(registry.approvalDigest(approvalOf(versionId, RISK)), digest, "signatures stay good");
        // And life goes on from where it was.
        vm.prank(owner);
        registry.retire(versionId, "superseded");
        VersionId second = register(2);
        submit(approvalOf(second, RISK), NEW_KEY);
        submit(approvalOf(second, CLINICAL), CLINICAL_KEY);
        assertStage(second, Stage.Approved);
    }

    function test_upgrade_notBeforeItsTime() public {
        schedule();
        bytes memory call = upgradeCall();
        vm.warp(START + DELAY - 1);
        vm.expectPartialRevert(IAccessManager.AccessManagerNotReady.selector);
        vm.prank(proposer);
        manager.execute(address(registry), call);
        vm.expectPartialRevert(IAccessManager.AccessManagerNotReady.selector);
        vm.prank(proposer);
        registry.upgradeToAndCall(address(next), abi.encodeCall(ModelRegistryV2.migrate, ()));
    }

    function test_upgrade_notUnscheduled() public {
        vm.warp(START + 10 * uint256(DELAY));
        vm.expectPartialRevert(IAccessManager.AccessManagerNotScheduled.selector);
        vm.prank(proposer);
        registry.upgradeToAndCall(address(next), "");
    }

    function test_upgrade_canBeCancelled() public {
        schedule();
        bytes memory call = upgradeCall();
        vm.warp(START + 1 days);
        vm.prank(canceller);
        manager.cancel(proposer, address(registry), call);
        vm.warp(START + DELAY);
        vm.expectPartialRevert(IAccessManager.AccessManagerNotScheduled.selector);
        vm.prank(proposer);
        manager.execute(address(registry), call);
    }

    function test_upgrade_onlyToWhatWasScheduled() public {
        schedule();
        vm.warp(START + DELAY);
        address other = address(new ModelRegistry());
        vm.expectPartialRevert(IAccessManager.AccessManagerNotScheduled.selector);
        vm.prank(proposer);
        registry.upgradeToAndCall(other, "");
    }

    function test_upgrade_isNobodyElses() public {
        address[5] memory others = [owner, registrar, risk, canceller, stranger];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, others[i]));
            vm.prank(others[i]);
            registry.upgradeToAndCall(address(next), "");
        }
    }

    function test_upgrade_refusesWhatCouldNeverBeUpgradedAgain() public {
        address none = address(new NoRegistry());
        vm.startPrank(admin);
        manager.grantRole(UPGRADER, admin, 0);
        vm.expectRevert(abi.encodeWithSelector(ERC1967Utils.ERC1967InvalidImplementation.selector, none));
        registry.upgradeToAndCall(none, "");
    }

    function test_migration_runsOnce() public {
        vm.startPrank(admin);
        manager.grantRole(UPGRADER, admin, 0);
        registry.upgradeToAndCall(address(next), abi.encodeCall(ModelRegistryV2.migrate, ()));
        vm.stopPrank();
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        ModelRegistryV2(address(registry)).migrate();
    }

    function test_initialize_neverTwiceAndNeverOnTheImplementation() public {
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        registry.initialize(address(manager));
        ModelRegistry implementation = new ModelRegistry();
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        implementation.initialize(address(manager));
    }

    /// The implementation on its own can be neither taken over nor made to call code of others.
    function test_implementation_cannotBeTakenOver() public {
        ModelRegistry implementation = new ModelRegistry();
        vm.assertEq(implementation.authority(), address(0));
        vm.expectRevert(UUPSUpgradeable.UUPSUnauthorizedCallContext.selector);
        implementation.upgradeToAndCall(address(next), "");
        vm.expectRevert();
        implementation.pause(1);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        implementation.setAuthority(address(manager));
    }

    function test_initialize_refusesAnAuthorityWithoutCode() public {
        address implementation = address(new ModelRegistry());
        bytes memory call = abi.encodeCall(ModelRegistry.initialize, (stranger));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedInvalidAuthority.selector, stranger));
        new ERC1967Proxy(implementation, call);
    }
}
