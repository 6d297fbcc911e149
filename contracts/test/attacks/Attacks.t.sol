// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {ModelRegistry} from "../../src/ModelRegistry.sol";
import {ModelId, RoleId, VersionId} from "../../src/types/Ids.sol";
import {Approval, Decision, KeyRotation, PolicyInput, Stage} from "../../src/types/Registry.sol";
import {Fixture} from "../Fixture.sol";
import {vm} from "../Vm.sol";
import {
    CredulousWallet,
    LoopingWallet,
    ReentrantWallet,
    ShortWallet,
    SilentWallet,
    Wallet,
    WrongWallet
} from "../mocks/Wallets.sol";

/// @dev One attack a test; each must fail, and for the stated reason.
contract AttacksTest is Fixture {
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function invalid(address signer) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IModelRegistry.InvalidSignature.selector, signer);
    }

    function test_replay_ofARecordedApprovalChangesNothing() public {
        VersionId versionId = approved(1);
        (bytes32 head,) = registry.historyHead(modelId);
        submit(approvalOf(versionId, RISK), RISK_KEY);
        (bytes32 after_,) = registry.historyHead(modelId);
        vm.assertEq(head, after_);
    }

    /// An approval that was signed, withheld, and brought up after the approver had thought better of it.
    function test_replay_ofAWithheldApprovalAfterARejection() public {
        VersionId versionId = register(1);
        Approval memory withheld = approvalOf(versionId, RISK);
        Approval memory rejection = approvalOf(versionId, RISK);
        (rejection.decision, rejection.nonce) = (Decision.Reject, 2);
        submit(rejection, RISK_KEY);
        refuse(withheld, RISK_KEY, abi.encodeWithSelector(IModelRegistry.NonceNotGreater.selector, 2, 1));
    }

    /// An approval that was recorded, then withdrawn, cannot be brought back either.
    function test_replay_ofAWithdrawnApproval() public {
        VersionId versionId = register(1);
        Approval memory approval = approvalOf(versionId, RISK);
        submit(approval, RISK_KEY);
        Approval memory rejection = approvalOf(versionId, RISK);
        (rejection.decision, rejection.nonce) = (Decision.Reject, 2);
        submit(rejection, RISK_KEY);
        refuse(approval, RISK_KEY, abi.encodeWithSelector(IModelRegistry.NonceNotGreater.selector, 2, 1));
    }

    function test_replay_onAnotherChain() public {
        VersionId versionId = register(1);
        Approval memory approval = approvalOf(versionId, RISK);
        bytes memory signature = signed(RISK_KEY, registry.approvalDigest(approval));
        vm.chainId(block.chainid + 1);
        refuseRaw(approval, signature, invalid(risk));
    }

    /// A registry with the very same model and version: ids and domain differ by its address.
    function test_replay_onAnotherRegistry() public {
        VersionId versionId = register(1);
        Approval memory approval = approvalOf(versionId, RISK);
        bytes memory signature = signed(RISK_KEY, registry.approvalDigest(approval));
        ModelRegistry first = registry;
        registry = deployRegistry();
        refuseRaw(approval, signature, abi.encodeWithSelector(IModelRegistry.UnknownVersion.selector, versionId));

        vm.startPrank(owner);
        modelId = registry.createModel("tumour", threeRoles(2));
        VersionId twin = registry.registerVersion(modelId, versionContent(1));
        vm.stopPrank();
        vm.assertFalse(VersionId.unwrap(twin) == VersionId.unwrap(versionId), "ids");
        (approval.modelId, approval.versionId) = (modelId, twin);
        vm.assertFalse(first.approvalDigest(approval) == registry.approvalDigest(approval), "domain");
        refuseRaw(approval, signed(RISK_KEY, first.approvalDigest(approval)), invalid(risk));
    }

    function test_replay_onAnotherVersion() public {
        VersionId versionId = register(1);
        VersionId other = register(2);
        Approval memory approval = approvalOf(versionId, RISK);
        bytes memory signature = signed(RISK_KEY, registry.approvalDigest(approval));
        approval.versionId = other;
        refuseRaw(approval, signature, invalid(risk));
    }

    /// Every field of an approval is under the signature.
    function testFuzz_tamper_withAnyFieldOfAnApproval(uint8 which, uint64 by) public {
        vm.assume(by != 0);
        VersionId versionId = register(1);
        Approval memory approval = approvalOf(versionId, RISK);
        bytes memory signature = signed(RISK_KEY, registry.approvalDigest(approval));
        bytes memory reason = invalid(risk);
        if (which % 5 == 0) {
            approval.decision = Decision.Reject;
        } else if (which % 5 == 1) {
            approval.expiry = approval.expiry + by % 1e9 + 1;
        } else if (which % 5 == 2) {
            approval.nonce += by;
        } else if (which % 5 == 3) {
            approval.role = LEGAL;
            reason = invalid(legal);
        } else {
            approval.policyRevision ^= by;
            reason = abi.encodeWithSelector(IModelRegistry.WrongPolicyRevision.selector, 1, approval.policyRevision);
        }
        refuseRaw(approval, signature, reason);
    }

    function test_signature_malleableShortLongAndEmpty() public {
        VersionId versionId = register(1);
        Approval memory approval = approvalOf(versionId, RISK);
        bytes32 digest = registry.approvalDigest(approval);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(RISK_KEY, digest);
        bytes32 high = bytes32(ORDER - uint256(s));
        refuseRaw(approval, abi.encodePacked(r, high, v == 27 ? uint8(28) : uint8(27)), invalid(risk));
        refuseRaw(approval, abi.encodePacked(r, s, v - 27), invalid(risk));
        refuseRaw(approval, abi.encodePacked(r, s), invalid(risk));
        // EIP-2098's short form is another encoding of the same signature: one form only.
        bytes32 compact = v == 28 ? s | bytes32(uint256(1) << 255) : s;
        refuseRaw(approval, abi.encodePacked(r, compact), invalid(risk));
        refuseRaw(approval, abi.encodePacked(r, s, v, uint8(0)), invalid(risk));
        refuseRaw(approval, "", invalid(risk));
        refuseRaw(approval, new bytes(65), invalid(risk));
    }

    /// Whatever a stranger sends as a signature is refused.
    function testFuzz_signature_ofAnyBytes(bytes calldata signature) public {
        VersionId versionId = register(1);
        refuseRaw(approvalOf(versionId, RISK), signature, invalid(risk));
    }

    /// Somebody takes one approval out of a batch and sends it first: the batch goes through all the same.
    function test_frontRun_ofAPartOfABatch() public {
        VersionId versionId = register(1);
        Approval[] memory approvals = new Approval[](2);
        bytes[] memory signatures = new bytes[](2);
        (approvals[0], approvals[1]) = (approvalOf(versionId, RISK), approvalOf(versionId, LEGAL));
        signatures[0] = signed(RISK_KEY, registry.approvalDigest(approvals[0]));
        signatures[1] = signed(LEGAL_KEY, registry.approvalDigest(approvals[1]));
        submitRaw(approvals[0], signatures[0]);
        registry.submitApprovals(approvals, signatures);
        assertStage(versionId, Stage.Approved);
        uint64 before = length();
        registry.submitApprovals(approvals, signatures);
        vm.assertEq(length(), before, "nothing twice");
    }

    function test_batch_isAllOrNothing() public {
        VersionId versionId = register(1);
        Approval[] memory approvals = new Approval[](2);
        bytes[] memory signatures = new bytes[](2);
        (approvals[0], approvals[1]) = (approvalOf(versionId, RISK), approvalOf(versionId, LEGAL));
        signatures[0] = signed(RISK_KEY, registry.approvalDigest(approvals[0]));
        signatures[1] = signed(RISK_KEY, registry.approvalDigest(approvals[1]));
        vm.expectRevert(invalid(legal));
        registry.submitApprovals(approvals, signatures);
        (Decision decision,,) = registry.decisionOf(versionId, RISK);
        vm.assertEq(uint256(decision), 0, "nothing");
    }

    function test_registrant_cannotApproveItsOwnVersion() public {
        vm.prank(owner);
        registry.setRegistrar(modelId, risk, true);
        vm.prank(risk);
        VersionId versionId = registry.registerVersion(modelId, versionContent(1));
        vm.assertEq(registry.deciderOf(versionId, RISK), address(0));
        refuse(
            approvalOf(versionId, RISK),
            RISK_KEY,
            abi.encodeWithSelector(IModelRegistry.RegistrantMayNotDecide.selector, RISK, risk)
        );
    }

    /// Nor by handing its role to a second key of its own, before or after it registers.
    function testFuzz_registrant_cannotHandItsRoleToAPuppet(bool rotateFirst) public {
        vm.prank(owner);
        registry.setRegistrar(modelId, risk, true);
        if (rotateFirst) rotate(RISK, RISK_KEY, newcomer);
        vm.prank(risk);
        VersionId versionId = registry.registerVersion(modelId, versionContent(1));
        if (!rotateFirst) rotate(RISK, RISK_KEY, newcomer);
        refuse(
            approvalOf(versionId, RISK),
            NEW_KEY,
            abi.encodeWithSelector(IModelRegistry.RegistrantMayNotDecide.selector, RISK, risk)
        );
    }

    /// An owner who wants a waiting version approved at once: by a softer policy, by puppets as keys, by a second role
    /// for a friendly key. None of it touches a version that is already registered.
    function test_owner_cannotApproveAWaitingVersionAlone() public {
        VersionId versionId = register(1);
        PolicyInput memory soft = oneRole("risk", address(0));
        vm.startPrank(owner);
        registry.setPolicy(modelId, soft);
        registry.replaceRoleKey(modelId, RISK, owner);
        registry.replaceRoleKey(modelId, LEGAL, newcomer);
        vm.stopPrank();
        refuse(approvalOf(versionId, RISK), 0xB002, invalid(risk));
        refuse(approvalOf(versionId, LEGAL), NEW_KEY, invalid(legal));
        submit(approvalOf(versionId, RISK), RISK_KEY);
        vm.assertFalse(registry.isApproved(versionId), "still two of three");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongStage.selector, versionId, Stage.Registered));
        vm.prank(owner);
        registry.deploy(versionId, "ward");
    }

    /// A wallet that calls back into the registry while it is asked: the call is static, nothing moves.
    function testFuzz_reentrancy_fromASignersWallet(bool believe, uint8 which) public {
        ReentrantWallet wallet = new ReentrantWallet(registry);
        vm.prank(stranger);
        ModelId own = registry.createModel("own", oneRole("board", address(wallet)));
        vm.prank(stranger);
        VersionId versionId = registry.registerVersion(own, versionContent(1));
        Approval memory approval = approvalOf(versionId, RoleId.wrap(keccak256("board")));
        (Approval[] memory approvals, bytes[] memory signatures) = batch(approval, "any");
        bytes[4] memory calls = [
            abi.encodeCall(IModelRegistry.submitApprovals, (approvals, signatures)),
            abi.encodeCall(IModelRegistry.declareCompromised, (own, approval.role, address(wallet), 1)),
            abi.encodeCall(IModelRegistry.createModel, ("inside", oneRole("qa", risk))),
            abi.encodeCall(IModelRegistry.acceptOwnership, (own))
        ];
        wallet.arm(calls[which % 4], believe);
        (bytes32 head,) = registry.historyHead(own);
        if (!believe) vm.expectRevert(invalid(address(wallet)));
        registry.submitApprovals(approvals, signatures);
        (bytes32 after_, uint64 entries) = registry.historyHead(own);
        if (!believe) vm.assertEq(after_, head);
        // Created, policy, key, version; and with its own say-so: decision, approval. Nothing from inside.
        vm.assertEq(entries, believe ? 6 : 4, "entries");
    }

    function test_wallets_thatAnswerNonsense() public {
        address[4] memory wallets =
            [address(new SilentWallet()), address(new ShortWallet()), address(new WrongWallet()), address(registry)];
        for (uint256 i = 0; i < wallets.length; ++i) {
            string memory role = string.concat("role", vm.toString(i));
            vm.prank(owner);
            registry.setPolicy(modelId, oneRole(role, wallets[i]));
            VersionId versionId = register(i);
            Approval memory approval = approvalOf(versionId, RoleId.wrap(keccak256(bytes(role))));
            refuseRaw(approval, "any", invalid(wallets[i]));
        }
    }

    /// A wallet that accepts anything cannot fill the history with entries too long to read.
    function test_wallets_cannotBloatTheHistory() public {
        CredulousWallet wallet = new CredulousWallet();
        vm.prank(owner);
        registry.setPolicy(modelId, oneRole("board", address(wallet)));
        VersionId versionId = register(1);
        Approval memory approval = approvalOf(versionId, RoleId.wrap(keccak256("board")));
        refuseRaw(
            approval,
            new bytes(32_769),
            abi.encodeWithSelector(IModelRegistry.SignatureTooLong.selector, 32_768, 32_769)
        );
        submitRaw(approval, new bytes(32_768));
        assertStage(versionId, Stage.Approved);
    }

    /// A wallet that burns all its gas costs its submitter money and its model nothing.
    function test_wallets_thatNeverAnswer() public {
        LoopingWallet wallet = new LoopingWallet();
        vm.prank(owner);
        registry.setPolicy(modelId, oneRole("board", address(wallet)));
        VersionId versionId = register(1);
        Approval memory approval = approvalOf(versionId, RoleId.wrap(keccak256("board")));
        (Approval[] memory approvals, bytes[] memory signatures) = batch(approval, "any");
        (bool success,) = address(registry).call{gas: 1_000_000}(
            abi.encodeCall(IModelRegistry.submitApprovals, (approvals, signatures))
        );
        vm.assertFalse(success, "refused");
        vm.assertFalse(registry.isApproved(versionId), "nothing");
    }

    /// An enum value that does not exist is refused by the decoder, also under a good signature of the same bytes.
    function test_decode_decisionOutOfRange() public {
        VersionId versionId = register(1);
        (Approval[] memory approvals, bytes[] memory signatures) = batch(approvalOf(versionId, RISK), new bytes(65));
        bytes memory call = abi.encodeCall(IModelRegistry.submitApprovals, (approvals, signatures));
        // selector, two offsets, the array's length, then the fourth word of its one element.
        uint256 place = 4 + 32 * (2 + 1 + 3) + 31;
        vm.assertEq(uint256(uint8(call[place])), 1, "the decision");
        call[place] = 0x03;
        (bool success,) = address(registry).call(call);
        vm.assertFalse(success, "refused");
    }

    /// No two members of any two namespaces share a slot: each base is the hash of its own name.
    function test_storage_namespacesAreApart() public view {
        bytes32[4] memory bases = [
            base("averment.storage.ModelRegistry"),
            base("openzeppelin.storage.AccessManaged"),
            base("openzeppelin.storage.Initializable"),
            base("openzeppelin.storage.EIP712")
        ];
        for (uint256 i = 0; i < bases.length; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                uint256 low = uint256(bases[i] < bases[j] ? bases[i] : bases[j]);
                uint256 high = uint256(bases[i] < bases[j] ? bases[j] : bases[i]);
                vm.assertLt(256, high - low, "apart");
            }
        }
        // And the low slots, where a careless upgrade would put state variables, are empty.
        for (uint256 i = 0; i < 64; ++i) {
            vm.assertEq(vm.load(address(registry), bytes32(i)), 0);
        }
        vm.assertEq(address(uint160(uint256(vm.load(address(registry), bases[1])))), address(manager));
    }

    function base(string memory name) private pure returns (bytes32) {
        return keccak256(abi.encode(uint256(keccak256(bytes(name))) - 1)) & ~bytes32(uint256(0xff));
    }

    /// An offer of ownership dies with the offerer's ownership: the new owner's offer is the only one.
    function test_ownership_anOldOfferDoesNotSurviveAcceptance() public {
        vm.prank(owner);
        registry.transferOwnership(modelId, stranger);
        vm.prank(stranger);
        registry.acceptOwnership(modelId);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotPendingOwner.selector, modelId, address(0), stranger));
        vm.prank(stranger);
        registry.acceptOwnership(modelId);
    }

    function test_rotation_toAKeyOfAnotherRoleIsRefused() public {
        KeyRotation memory rotation = rotationTo(RISK, legal);
        bytes memory signature = signed(RISK_KEY, registry.rotationDigest(rotation));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.KeyAlreadyBound.selector, legal, LEGAL));
        registry.rotateRoleKey(rotation, signature);
    }
}
