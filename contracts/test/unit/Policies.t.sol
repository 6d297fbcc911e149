// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {ModelId, RoleId, VersionId} from "../../src/types/Ids.sol";
import {Approval, Decision, KeyRotation, PolicyInput, Stage} from "../../src/types/Registry.sol";
import {Fixture} from "../Fixture.sol";
import {vm} from "../Vm.sol";
import {Wallet} from "../mocks/Wallets.sol";

/// @dev Policies, appointments, rotations and compromised keys.
contract PoliciesTest is Fixture {
    function setPolicy(PolicyInput memory policy) internal {
        vm.prank(owner);
        registry.setPolicy(modelId, policy);
    }

    function replace(RoleId role, address signer) internal {
        vm.prank(owner);
        registry.replaceRoleKey(modelId, role, signer);
    }

    function test_setPolicy_isKept() public view {
        (RoleId[] memory roles, uint8 threshold) = registry.policyOf(modelId, 1);
        vm.assertEq(roles.length, 3, "roles");
        vm.assertEq(RoleId.unwrap(roles[1]), keccak256("legal"));
        vm.assertEq(threshold, 2, "threshold");
        vm.assertEq(registry.policyRevision(modelId), 1, "revision");
        (address signer,) = registry.roleKey(modelId, CLINICAL);
        vm.assertEq(signer, clinical);
    }

    function testFuzz_setPolicy_boundsRolesAndThreshold(uint8 roles, uint8 threshold) public {
        uint256 count = roles % 20;
        PolicyInput memory policy;
        policy.roles = new string[](count);
        policy.signers = new address[](count);
        policy.threshold = threshold;
        for (uint256 i = 0; i < count; ++i) {
            policy.roles[i] = string.concat("role", vm.toString(i));
            policy.signers[i] = vm.addr(0x10000 + i);
        }
        if (count == 0 || count > 16) {
            vm.expectRevert(abi.encodeWithSelector(IModelRegistry.RoleCount.selector, 1, 16, count));
        } else if (threshold == 0 || threshold > count) {
            vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ThresholdOutOfRange.selector, 1, count, threshold));
        }
        setPolicy(policy);
    }

    function test_setPolicy_refusesMalformedInput() public {
        PolicyInput memory policy = threeRoles(2);
        policy.signers = new address[](2);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.SignerCount.selector, 3, 2));
        setPolicy(policy);

        policy = threeRoles(2);
        policy.roles[2] = "risk";
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.DuplicateRole.selector, RISK));
        setPolicy(policy);

        policy = threeRoles(2);
        policy.roles[2] = "";
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.TextLength.selector, 1, 64, 0));
        setPolicy(policy);

        vm.expectRevert(IModelRegistry.ZeroAddress.selector);
        setPolicy(oneRole("new", address(0)));
    }

    function test_setPolicy_cannotChangeAKey() public {
        PolicyInput memory policy = threeRoles(2);
        policy.signers[0] = newcomer;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.RoleHasKey.selector, RISK, risk, newcomer));
        setPolicy(policy);
        policy.signers[0] = address(0);
        setPolicy(policy);
        (address signer,) = registry.roleKey(modelId, RISK);
        vm.assertEq(signer, risk);
    }

    function test_setPolicy_oneKeyOneRole() public {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.KeyAlreadyBound.selector, risk, RISK));
        setPolicy(oneRole("second", risk));
        PolicyInput memory policy;
        policy.roles = new string[](2);
        (policy.roles[0], policy.roles[1]) = ("x", "y");
        policy.signers = new address[](2);
        (policy.signers[0], policy.signers[1]) = (newcomer, newcomer);
        policy.threshold = 1;
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.KeyAlreadyBound.selector, newcomer, RoleId.wrap(keccak256("x")))
        );
        setPolicy(policy);
    }

    /// A version keeps the policy under which it was registered.
    function test_setPolicy_countsForLaterVersionsOnly() public {
        VersionId old = register(1);
        setPolicy(oneRole("puppet", newcomer));
        RoleId puppet = RoleId.wrap(keccak256("puppet"));
        Approval memory approval = approvalOf(old, puppet);
        refuse(approval, NEW_KEY, abi.encodeWithSelector(IModelRegistry.RoleNotInPolicy.selector, puppet, 1));
        approval = approvalOf(old, RISK);
        approval.policyRevision = 2;
        refuse(approval, RISK_KEY, abi.encodeWithSelector(IModelRegistry.WrongPolicyRevision.selector, 1, 2));
        VersionId later = register(2);
        submit(approvalOf(later, puppet), NEW_KEY);
        assertStage(later, Stage.Approved);
        assertStage(old, Stage.Registered);
    }

    function test_replaceRoleKey_oldKeyDecidesOnOldVersionsNewKeyOnNewOnes() public {
        VersionId old = register(1);
        replace(RISK, newcomer);
        VersionId later = register(2);
        vm.assertEq(registry.deciderOf(old, RISK), risk);
        vm.assertEq(registry.deciderOf(later, RISK), newcomer);
        refuse(approvalOf(old, RISK), NEW_KEY, abi.encodeWithSelector(IModelRegistry.InvalidSignature.selector, risk));
        refuse(
            approvalOf(later, RISK),
            RISK_KEY,
            abi.encodeWithSelector(IModelRegistry.InvalidSignature.selector, newcomer)
        );
        submit(approvalOf(old, RISK), RISK_KEY);
        submit(approvalOf(later, RISK), NEW_KEY);
    }

    function test_replaceRoleKey_neverTheSameKeyAgain() public {
        replace(RISK, newcomer);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.KeyAlreadyBound.selector, risk, RISK));
        replace(RISK, risk);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.KeyAlreadyBound.selector, legal, LEGAL));
        replace(RISK, legal);
        RoleId none = RoleId.wrap(keccak256("none"));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.RoleHasNoKey.selector, none));
        replace(none, stranger);
    }

    function test_rotateRoleKey_newKeyTakesOverEverythingThePresentOneCouldDo() public {
        VersionId old = register(1);
        submit(approvalOf(old, LEGAL), LEGAL_KEY);
        rotate(RISK, RISK_KEY, newcomer);
        vm.assertEq(registry.deciderOf(old, RISK), newcomer);
        refuse(
            approvalOf(old, RISK), RISK_KEY, abi.encodeWithSelector(IModelRegistry.InvalidSignature.selector, newcomer)
        );
        submit(approvalOf(old, RISK), NEW_KEY);
        assertStage(old, Stage.Approved);
        (RoleId role,, address predecessor, uint64 compromisedFrom) = registry.keyOf(modelId, newcomer);
        vm.assertEq(RoleId.unwrap(role), RoleId.unwrap(RISK));
        vm.assertEq(predecessor, risk);
        vm.assertEq(compromisedFrom, 0, "sound");
    }

    function test_rotateRoleKey_leavesEarlierAppointmentsAlone() public {
        VersionId old = register(1);
        replace(RISK, newcomer);
        VersionId later = register(2);
        rotate(RISK, NEW_KEY, stranger);
        vm.assertEq(registry.deciderOf(old, RISK), risk);
        vm.assertEq(registry.deciderOf(later, RISK), stranger);
    }

    function test_rotateRoleKey_approvalsBeforeItStand() public {
        VersionId versionId = approved(1);
        rotate(RISK, RISK_KEY, newcomer);
        vm.assertTrue(registry.isApproved(versionId), "still approved");
        vm.prank(owner);
        registry.deploy(versionId, "ward");
    }

    function test_rotateRoleKey_refusals() public {
        KeyRotation memory rotation = rotationTo(RISK, newcomer);
        bytes memory good = signed(RISK_KEY, registry.rotationDigest(rotation));

        vm.warp(LATER + 1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.Expired.selector, LATER, LATER + 1));
        registry.rotateRoleKey(rotation, good);
        vm.warp(LATER);

        bytes memory wrong = signed(LEGAL_KEY, registry.rotationDigest(rotation));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.InvalidSignature.selector, risk));
        registry.rotateRoleKey(rotation, wrong);

        KeyRotation memory elsewhere = rotationTo(LEGAL, newcomer);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.InvalidSignature.selector, legal));
        registry.rotateRoleKey(elsewhere, good);

        registry.rotateRoleKey(rotation, good);
        // Replayed: the key that signed no longer holds the role, and the new one never can again.
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.KeyAlreadyBound.selector, newcomer, RISK));
        registry.rotateRoleKey(rotation, good);

        rotation = rotationTo(RoleId.wrap(keccak256("none")), stranger);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.RoleHasNoKey.selector, rotation.role));
        registry.rotateRoleKey(rotation, good);

        rotation = rotationTo(LEGAL, address(0));
        bytes memory toNobody = signed(LEGAL_KEY, registry.rotationDigest(rotation));
        vm.expectRevert(IModelRegistry.ZeroAddress.selector);
        registry.rotateRoleKey(rotation, toNobody);
    }

    function test_rotateRoleKey_atMost16TimesAnAppointment() public {
        uint256 key = RISK_KEY;
        for (uint256 i = 1; i <= 16; ++i) {
            rotate(RISK, key, vm.addr(0xC000 + i));
            key = 0xC000 + i;
        }
        KeyRotation memory rotation = rotationTo(RISK, newcomer);
        bytes memory signature = signed(key, registry.rotationDigest(rotation));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.TooManyRotations.selector, 16));
        registry.rotateRoleKey(rotation, signature);
        // The longest chain still counts.
        VersionId versionId = register(1);
        submit(approvalOf(versionId, RISK), key);
        submit(approvalOf(versionId, LEGAL), LEGAL_KEY);
        assertStage(versionId, Stage.Approved);
        // And a compromise at its very beginning reaches its end.
        declare(RISK, risk, 1);
        vm.assertFalse(registry.isApproved(versionId), "reached");
        // A fresh appointment begins a fresh count.
        replace(RISK, newcomer);
        rotate(RISK, NEW_KEY, stranger);
    }

    function test_declareCompromised_decisionsFromThereOnNoLongerCount() public {
        VersionId versionId = register(1);
        submit(approvalOf(versionId, LEGAL), LEGAL_KEY);
        uint64 before = length();
        submit(approvalOf(versionId, RISK), RISK_KEY);
        assertStage(versionId, Stage.Approved);

        // From the entry after the approval on: it stands.
        (,, uint64 decidedIn) = registry.decisionOf(versionId, RISK);
        vm.assertEq(decidedIn, before + 1, "entry");
        declare(RISK, risk, decidedIn + 1);
        vm.assertTrue(registry.isApproved(versionId), "stands");
        // Moved back to the approval itself: it does not, and the stage does not help.
        declare(RISK, risk, decidedIn);
        vm.assertFalse(registry.isApproved(versionId), "recounted");
        assertStage(versionId, Stage.Approved);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotEnoughApprovals.selector, 2, 1));
        vm.prank(owner);
        registry.deploy(versionId, "ward");
        // The third role makes up for it.
        submit(approvalOf(versionId, CLINICAL), CLINICAL_KEY);
        vm.prank(owner);
        registry.deploy(versionId, "ward");
    }

    function test_declareCompromised_theKeyCanDoNoMore() public {
        VersionId versionId = register(1);
        declare(RISK, risk, length() + 1);
        vm.assertEq(registry.deciderOf(versionId, RISK), address(0));
        refuse(
            approvalOf(versionId, RISK), RISK_KEY, abi.encodeWithSelector(IModelRegistry.KeyCompromised.selector, risk)
        );
        KeyRotation memory rotation = rotationTo(RISK, newcomer);
        bytes memory signature = signed(RISK_KEY, registry.rotationDigest(rotation));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.KeyCompromised.selector, risk));
        registry.rotateRoleKey(rotation, signature);
    }

    /// A thief who hands the role on before it is noticed gains nothing.
    function test_declareCompromised_reachesKeysThatCameFromIt() public {
        VersionId versionId = register(1);
        submit(approvalOf(versionId, LEGAL), LEGAL_KEY);
        uint64 stolenIn = length() + 1;
        rotate(RISK, RISK_KEY, newcomer);
        rotate(RISK, NEW_KEY, stranger);
        submit(approvalOf(versionId, RISK), 0xB004);
        vm.assertTrue(registry.isApproved(versionId), "the thief's approval, for now");
        declare(RISK, risk, stolenIn);
        vm.assertFalse(registry.isApproved(versionId), "gone");
        vm.assertEq(registry.deciderOf(versionId, RISK), address(0));
        VersionId next = register(2);
        refuse(approvalOf(next, RISK), 0xB004, abi.encodeWithSelector(IModelRegistry.KeyCompromised.selector, stranger));
    }

    /// A key that was stolen after it had handed the role on: the new key is not touched.
    function test_declareCompromised_sparesKeysThatCameFromItBefore() public {
        VersionId versionId = register(1);
        submit(approvalOf(versionId, LEGAL), LEGAL_KEY);
        rotate(RISK, RISK_KEY, newcomer);
        declare(RISK, risk, length() + 1);
        submit(approvalOf(versionId, RISK), NEW_KEY);
        assertStage(versionId, Stage.Approved);
    }

    function test_declareCompromised_onlyMovesBackAndOnlyByOwnerOrKey() public {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotOwnerOrKey.selector, modelId, legal));
        vm.prank(legal);
        registry.declareCompromised(modelId, RISK, risk, 1);

        vm.prank(risk);
        registry.declareCompromised(modelId, RISK, risk, 4);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.CompromiseNotEarlier.selector, 4, 4));
        declare(RISK, risk, 4);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.CompromiseNotEarlier.selector, 4, 5));
        declare(RISK, risk, 5);
        declare(RISK, risk, 3);

        uint64 next = length() + 1;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.InvalidSequence.selector, 1, next, 0));
        declare(LEGAL, legal, 0);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.InvalidSequence.selector, 1, next, next + 1));
        declare(LEGAL, legal, next + 1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotARoleKey.selector, LEGAL, risk));
        declare(LEGAL, risk, 1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotARoleKey.selector, RoleId.wrap(0), stranger));
        declare(RoleId.wrap(0), stranger, 1);
    }

    function test_contractWallet_holdsARoleAndHandsItOn() public {
        Wallet wallet = new Wallet(newcomer);
        setPolicy(oneRole("board", address(wallet)));
        RoleId board = RoleId.wrap(keccak256("board"));
        VersionId versionId = register(1);
        refuse(
            approvalOf(versionId, board),
            RISK_KEY,
            abi.encodeWithSelector(IModelRegistry.InvalidSignature.selector, address(wallet))
        );
        submit(approvalOf(versionId, board), NEW_KEY);
        assertStage(versionId, Stage.Approved);
        rotate(board, NEW_KEY, stranger);
        (address signer,) = registry.roleKey(modelId, board);
        vm.assertEq(signer, stranger);
    }
}
