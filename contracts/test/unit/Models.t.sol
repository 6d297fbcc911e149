// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {ModelId, RoleId, VersionId} from "../../src/types/Ids.sol";
import {HistoryKind, PolicyInput} from "../../src/types/Registry.sol";
import {Fixture} from "../Fixture.sol";
import {vm} from "../Vm.sol";

/// @dev createModel, ownership and registrars.
contract ModelsTest is Fixture {
    function test_createModel_givesTheStatedIdAndFirstHead() public {
        ModelId expected = ModelId.wrap(
            keccak256(
                abi.encode(
                    keccak256("averment.model/1"), block.chainid, address(registry), stranger, keccak256("digits")
                )
            )
        );
        bytes memory payload = abi.encode("digits", stranger);
        bytes32 start =
            keccak256(abi.encode(keccak256("averment.history/1"), block.chainid, address(registry), expected));
        bytes32 head =
            keccak256(abi.encode(start, 1, uint8(1), bytes32(0), stranger, uint256(START), keccak256(payload)));
        vm.expectEmit(address(registry));
        emit IModelRegistry.Recorded(
            expected, VersionId.wrap(0), HistoryKind.ModelCreated, 1, stranger, START, payload, head
        );
        vm.prank(stranger);
        ModelId got = registry.createModel("digits", oneRole("qa", risk));
        vm.assertEq(ModelId.unwrap(got), ModelId.unwrap(expected));
        vm.assertTrue(registry.modelExists(got), "exists");
        vm.assertEq(registry.ownerOf(got), stranger);
        (, uint64 entries) = registry.historyHead(got);
        vm.assertEq(entries, 3, "created, policy, key");
    }

    /// An offline verifier finds head and length in storage, without calling anything.
    function testFuzz_historyHead_isWhereTheFormatSays(uint8 more) public {
        for (uint256 i = 0; i < more % 8; ++i) {
            register(i);
        }
        bytes32 base = 0x1ccc0c991723ca59b40d0b077c85441db2111095cfac3dba61672f88f1eeae00;
        vm.assertEq(
            base,
            keccak256(abi.encode(uint256(keccak256("averment.storage.ModelRegistry")) - 1)) & ~bytes32(uint256(0xff))
        );
        bytes32 slot = keccak256(abi.encode(modelId, base));
        (bytes32 head, uint64 entries) = registry.historyHead(modelId);
        vm.assertEq(vm.load(address(registry), slot), head);
        vm.assertEq(
            uint64(uint256(vm.load(address(registry), bytes32(uint256(slot) + 1)))), entries, "length in storage"
        );
        vm.assertEq(vm.load(address(registry), bytes32(uint256(base) + 2)), registry.registryHead());
    }

    function test_createModel_refusesTheSameAgain() public {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelExists.selector, modelId));
        vm.prank(owner);
        registry.createModel("tumour", threeRoles(2));
    }

    function test_createModel_leavesTheNameToOthers() public {
        vm.prank(stranger);
        ModelId other = registry.createModel("tumour", threeRoles(2));
        vm.assertFalse(ModelId.unwrap(other) == ModelId.unwrap(modelId), "own id");
    }

    function testFuzz_createModel_boundsTheName(uint16 bytesOfName) public {
        uint256 size = bytesOfName % 200;
        bool fits = size > 0 && size <= 64;
        if (!fits) vm.expectRevert(abi.encodeWithSelector(IModelRegistry.TextLength.selector, 1, 64, size));
        registry.createModel(string(new bytes(size)), oneRole("qa", risk));
    }

    function test_transferOwnership_isDoneOnlyWhenAccepted() public {
        vm.expectEmit(address(registry));
        emit IModelRegistry.OwnershipOffered(modelId, owner, stranger);
        vm.prank(owner);
        registry.transferOwnership(modelId, stranger);
        vm.assertEq(registry.ownerOf(modelId), owner);
        vm.assertEq(registry.pendingOwnerOf(modelId), stranger);

        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotPendingOwner.selector, modelId, stranger, registrar));
        vm.prank(registrar);
        registry.acceptOwnership(modelId);

        uint64 before = length();
        vm.prank(stranger);
        registry.acceptOwnership(modelId);
        vm.assertEq(registry.ownerOf(modelId), stranger);
        vm.assertEq(registry.pendingOwnerOf(modelId), address(0));
        vm.assertEq(length(), before + 1, "one entry");

        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotOwner.selector, modelId, stranger, owner));
        vm.prank(owner);
        registry.transferOwnership(modelId, owner);
    }

    function test_transferOwnership_canBeTakenBack() public {
        vm.startPrank(owner);
        registry.transferOwnership(modelId, stranger);
        registry.transferOwnership(modelId, address(0));
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotPendingOwner.selector, modelId, address(0), stranger));
        vm.prank(stranger);
        registry.acceptOwnership(modelId);
    }

    function test_setRegistrar_allowsAndForbids() public {
        vm.assertTrue(registry.isRegistrar(modelId, registrar), "set up");
        vm.prank(owner);
        registry.setRegistrar(modelId, registrar, false);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotOwnerOrRegistrar.selector, modelId, registrar));
        vm.prank(registrar);
        registry.registerVersion(modelId, versionContent(1));
    }

    function test_setRegistrar_refusesWhatChangesNothing() public {
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.RegistrarUnchanged.selector, registrar, true));
        registry.setRegistrar(modelId, registrar, true);
        vm.expectRevert(IModelRegistry.ZeroAddress.selector);
        registry.setRegistrar(modelId, address(0), true);
    }

    function test_ownersActions_areTheOwners() public {
        bytes memory reason = abi.encodeWithSelector(IModelRegistry.NotOwner.selector, modelId, owner, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(reason);
        registry.transferOwnership(modelId, stranger);
        vm.expectRevert(reason);
        registry.setRegistrar(modelId, stranger, true);
        vm.expectRevert(reason);
        registry.setPolicy(modelId, threeRoles(1));
        vm.expectRevert(reason);
        registry.replaceRoleKey(modelId, RISK, stranger);
    }

    function testFuzz_unknownModel_isNamed(bytes32 id) public {
        vm.assume(id != ModelId.unwrap(modelId));
        ModelId unknown = ModelId.wrap(id);
        bytes memory reason = abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, unknown);
        vm.assertFalse(registry.modelExists(unknown), "unknown");
        vm.startPrank(owner);
        vm.expectRevert(reason);
        registry.acceptOwnership(unknown);
        vm.expectRevert(reason);
        registry.setPolicy(unknown, threeRoles(1));
        vm.expectRevert(reason);
        registry.registerVersion(unknown, versionContent(1));
        vm.expectRevert(reason);
        registry.declareCompromised(unknown, RISK, risk, 1);
    }

    function test_registryHead_chainsTheHeadsOfAllModels() public {
        bytes32 before = registry.registryHead();
        register(7);
        (bytes32 head,) = registry.historyHead(modelId);
        vm.assertEq(registry.registryHead(), keccak256(abi.encode(before, modelId, head)));
    }
}
