// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {ModelId, RoleId, VersionId} from "../../src/types/Ids.sol";
import {Approval, Decision, KeyRotation, Stage, VersionContent} from "../../src/types/Registry.sol";
import {Fixture} from "../Fixture.sol";
import {vm} from "../Vm.sol";

/// @dev Registration, decisions, deployment, retirement and revocation.
contract VersionsTest is Fixture {
    function sortedParents(VersionId a, VersionId b) internal pure returns (VersionId[] memory parents) {
        parents = new VersionId[](2);
        bool ascending = VersionId.unwrap(a) < VersionId.unwrap(b);
        (parents[0], parents[1]) = ascending ? (a, b) : (b, a);
    }

    function registerContent(VersionContent memory content) internal returns (VersionId) {
        vm.prank(owner);
        return registry.registerVersion(modelId, content);
    }

    function testFuzz_registerVersion_keepsAllItConsistsOf(
        bytes32 manifest,
        bytes32 artifacts,
        bytes32 weights,
        bytes32 plan
    ) public {
        vm.assume(manifest != 0 && artifacts != 0);
        VersionContent memory content = VersionContent({
            manifestDigest: manifest,
            artifactsRoot: artifacts,
            weightsCommitment: weights,
            planDigest: plan,
            parents: sortedParents(register(1), register(2))
        });
        VersionId got = registerContent(content);
        vm.assertEq(
            VersionId.unwrap(got),
            keccak256(
                abi.encode(
                    keccak256("averment.version/1"),
                    block.chainid,
                    address(registry),
                    modelId,
                    manifest,
                    artifacts,
                    weights,
                    plan,
                    keccak256(abi.encodePacked(content.parents))
                )
            )
        );
        vm.assertEq(abi.encode(registry.content(got)), abi.encode(content));
        (ModelId model, Stage stage, address registrant, uint64 registeredAt, uint64 revision) = registry.version(got);
        vm.assertEq(ModelId.unwrap(model), ModelId.unwrap(modelId));
        vm.assertEq(uint256(stage), uint256(Stage.Registered));
        vm.assertEq(registrant, owner);
        vm.assertEq(registeredAt, START);
        vm.assertEq(revision, 1);
    }

    function test_registerVersion_refusals() public {
        VersionId first = register(1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.VersionExists.selector, first));
        registerContent(versionContent(1));

        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotOwnerOrRegistrar.selector, modelId, stranger));
        vm.prank(stranger);
        registry.registerVersion(modelId, versionContent(2));

        VersionContent memory content = versionContent(2);
        content.manifestDigest = 0;
        vm.expectRevert(IModelRegistry.EmptyDigest.selector);
        registerContent(content);
        content = versionContent(2);
        content.artifactsRoot = 0;
        vm.expectRevert(IModelRegistry.EmptyDigest.selector);
        registerContent(content);

        content = versionContent(2);
        content.parents = sortedParents(first, first);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ParentsNotAscending.selector, first, first));
        registerContent(content);
        VersionId second = register(2);
        content = versionContent(3);
        content.parents = sortedParents(first, second);
        (content.parents[0], content.parents[1]) = (content.parents[1], content.parents[0]);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ParentsNotAscending.selector, content.parents[0], content.parents[1])
        );
        registerContent(content);

        content.parents = new VersionId[](1);
        content.parents[0] = VersionId.wrap(keccak256("nobody's"));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownVersion.selector, content.parents[0]));
        registerContent(content);

        content.parents = new VersionId[](65);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.TooManyParents.selector, 64, 65));
        registerContent(content);
    }

    function test_registerVersion_takesParentsOfOtherModels() public {
        vm.prank(stranger);
        ModelId other = registry.createModel("base", oneRole("qa", newcomer));
        vm.prank(stranger);
        VersionId base = registry.registerVersion(other, versionContent(1));
        VersionContent memory content = versionContent(2);
        content.parents = new VersionId[](1);
        content.parents[0] = base;
        registerContent(content);
    }

    function test_submitApprovals_thresholdMakesItApproved() public {
        VersionId versionId = register(1);
        submit(approvalOf(versionId, RISK), RISK_KEY);
        assertStage(versionId, Stage.Registered);
        vm.assertFalse(registry.isApproved(versionId), "one of two");
        uint64 before = length();
        submit(approvalOf(versionId, CLINICAL), CLINICAL_KEY);
        assertStage(versionId, Stage.Approved);
        vm.assertEq(length(), before + 2, "decision and approval");
        // The third is recorded, and does not approve again.
        submit(approvalOf(versionId, LEGAL), LEGAL_KEY);
        vm.assertEq(length(), before + 3, "decision");
    }

    function test_submitApprovals_lastDecisionCounts() public {
        VersionId versionId = approved(1);
        Approval memory change = approvalOf(versionId, RISK);
        change.decision = Decision.Reject;
        change.nonce = 2;
        submit(change, RISK_KEY);
        assertStage(versionId, Stage.Approved);
        vm.assertFalse(registry.isApproved(versionId), "withdrawn");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotEnoughApprovals.selector, 2, 1));
        vm.prank(owner);
        registry.deploy(versionId, "ward");
        change.decision = Decision.Approve;
        change.nonce = 3;
        submit(change, RISK_KEY);
        vm.assertTrue(registry.isApproved(versionId), "again");
    }

    function testFuzz_submitApprovals_noncesRise(uint256 first, uint256 second) public {
        VersionId versionId = register(1);
        Approval memory approval = approvalOf(versionId, RISK);
        approval.nonce = first;
        submit(approval, RISK_KEY);
        approval.decision = Decision.Reject;
        approval.nonce = second;
        if (second <= first) {
            refuse(approval, RISK_KEY, abi.encodeWithSelector(IModelRegistry.NonceNotGreater.selector, first, second));
        } else {
            submit(approval, RISK_KEY);
        }
    }

    /// The digests as EIP-712 has them, from the types' text on.
    function testFuzz_digests_areEip712s(
        bytes32[3] calldata ids,
        uint8 decision,
        uint64[2] calldata numbers,
        uint256 nonce,
        KeyRotation memory rotation
    ) public view {
        Approval memory approval = Approval({
            modelId: ModelId.wrap(ids[0]),
            versionId: VersionId.wrap(ids[1]),
            role: RoleId.wrap(ids[2]),
            decision: Decision(decision % 3),
            policyRevision: numbers[0],
            expiry: numbers[1],
            nonce: nonce
        });
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Averment ModelRegistry"),
                keccak256("1"),
                block.chainid,
                address(registry)
            )
        );
        bytes32 approvalType = keccak256(
            "Approval(bytes32 modelId,bytes32 versionId,bytes32 role,uint8 decision,uint64 policyRevision,uint64 expiry,uint256 nonce)"
        );
        bytes32 rotationType = keccak256("KeyRotation(bytes32 modelId,bytes32 role,address newSigner,uint64 expiry)");
        vm.assertEq(
            registry.approvalDigest(approval),
            keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(approvalType, approval))))
        );
        vm.assertEq(
            registry.rotationDigest(rotation),
            keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(rotationType, rotation))))
        );
    }

    /// What wallets ask for the domain (ERC-5267) is what is signed.
    function test_eip712Domain_isTheOneSigned() public view {
        (, string memory name, string memory version, uint256 chainId, address place,,) = registry.eip712Domain();
        vm.assertEq(abi.encode(name, version), abi.encode("Averment ModelRegistry", "1"));
        vm.assertEq(chainId, block.chainid);
        vm.assertEq(place, address(registry));
    }

    function test_submitApprovals_refusals() public {
        VersionId versionId = register(1);
        Approval memory approval = approvalOf(versionId, RISK);

        approval.modelId = ModelId.wrap(keccak256("other"));
        refuse(
            approval, RISK_KEY, abi.encodeWithSelector(IModelRegistry.WrongModel.selector, modelId, approval.modelId)
        );
        approval = approvalOf(versionId, RISK);
        approval.versionId = VersionId.wrap(keccak256("other"));
        refuse(approval, RISK_KEY, abi.encodeWithSelector(IModelRegistry.UnknownVersion.selector, approval.versionId));
        approval = approvalOf(versionId, RISK);
        approval.role = RoleId.wrap(keccak256("none"));
        refuse(approval, RISK_KEY, abi.encodeWithSelector(IModelRegistry.RoleNotInPolicy.selector, approval.role, 1));
        approval = approvalOf(versionId, RISK);
        approval.decision = Decision.None;
        refuse(approval, RISK_KEY, onlySelector(IModelRegistry.NoDecision.selector));
        approval = approvalOf(versionId, RISK);
        approval.expiry = START - 1;
        refuse(approval, RISK_KEY, abi.encodeWithSelector(IModelRegistry.Expired.selector, START - 1, START));
        approval.expiry = START;
        submit(approval, RISK_KEY);

        (Approval[] memory approvals,) = batch(approval, "");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.LengthMismatch.selector, 1, 0));
        registry.submitApprovals(approvals, new bytes[](0));
    }

    function test_submitApprovals_goOnWhileDeployedAndEndWithRetirement() public {
        VersionId versionId = deployed(1);
        submit(approvalOf(versionId, CLINICAL), CLINICAL_KEY);
        vm.prank(owner);
        registry.retire(versionId, "superseded");
        Approval memory approval = approvalOf(versionId, RISK);
        approval.nonce = 2;
        refuse(approval, RISK_KEY, abi.encodeWithSelector(IModelRegistry.WrongStage.selector, versionId, Stage.Retired));
        vm.assertTrue(registry.isApproved(versionId), "whatever the stage");
    }

    function test_deploy_onceAnEnvironment() public {
        VersionId versionId = deployed(1);
        assertStage(versionId, Stage.Deployed);
        vm.assertEq(registry.deployedSince(versionId, "ward"), START, "since");
        vm.assertEq(registry.deployedSince(versionId, "lab"), 0, "not there");
        vm.warp(START + 5);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.AlreadyDeployed.selector, versionId, START));
        vm.prank(owner);
        registry.deploy(versionId, "ward");
        vm.prank(owner);
        registry.deploy(versionId, "lab");
        vm.assertEq(registry.deployedSince(versionId, "lab"), START + 5, "since");
    }

    function test_deploy_refusals() public {
        VersionId versionId = register(1);
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongStage.selector, versionId, Stage.Registered));
        registry.deploy(versionId, "ward");
        vm.stopPrank();
        versionId = approved(2);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotOwner.selector, modelId, owner, registrar));
        vm.prank(registrar);
        registry.deploy(versionId, "ward");
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.TextLength.selector, 1, 64, 0));
        registry.deploy(versionId, "");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.TextLength.selector, 1, 64, 65));
        registry.deploy(versionId, string(new bytes(65)));
        VersionId unknown = VersionId.wrap(keccak256("unknown"));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownVersion.selector, unknown));
        registry.deploy(unknown, "ward");
    }

    function testFuzz_end_fromAnyEarlierStageOnly(uint8 start, bool revoke) public {
        VersionId versionId = start % 3 == 0 ? register(1) : start % 3 == 1 ? approved(1) : deployed(1);
        vm.startPrank(owner);
        if (revoke) registry.revoke(versionId, "biased");
        else registry.retire(versionId, "superseded");
        Stage stage = revoke ? Stage.Revoked : Stage.Retired;
        assertStage(versionId, stage);
        bytes memory reason = abi.encodeWithSelector(IModelRegistry.WrongStage.selector, versionId, stage);
        vm.expectRevert(reason);
        registry.retire(versionId, "again");
        vm.expectRevert(reason);
        registry.deploy(versionId, "lab");
        if (revoke) vm.expectRevert(reason);
        registry.revoke(versionId, "found out later");
        assertStage(versionId, Stage.Revoked);
    }

    function test_end_isTheOwnersAndSaysWhy() public {
        VersionId versionId = register(1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotOwnerOrSteward.selector, modelId, registrar));
        vm.prank(registrar);
        registry.retire(versionId, "mine");
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.TextLength.selector, 1, 280, 0));
        registry.retire(versionId, "");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.TextLength.selector, 1, 280, 281));
        registry.revoke(versionId, string(new bytes(281)));
    }

    /// Whatever life a version has: a steward retires it, and can do nothing else to it.
    function testFuzz_steward_retiresAndNothingElse(uint8 start) public {
        VersionId versionId = start % 3 == 0 ? register(1) : start % 3 == 1 ? approved(1) : deployed(1);
        vm.prank(owner);
        registry.setSteward(modelId, stranger);
        vm.assertEq(registry.stewardOf(modelId), stranger);
        bytes memory reason = abi.encodeWithSelector(IModelRegistry.NotOwner.selector, modelId, owner, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(reason);
        registry.revoke(versionId, "no");
        vm.expectRevert(reason);
        registry.deploy(versionId, "lab");
        vm.expectRevert(reason);
        registry.setSteward(modelId, owner);
        vm.expectRevert(reason);
        registry.setRegistrar(modelId, stranger, true);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotOwnerOrRegistrar.selector, modelId, stranger));
        registry.registerVersion(modelId, versionContent(9));
        registry.retire(versionId, "by rule");
        vm.stopPrank();
        assertStage(versionId, Stage.Retired);
    }

    function test_steward_isOneModelsUntilItIsTakenBack() public {
        (VersionId versionId, VersionId other) = (deployed(1), deployed(2));
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.StewardUnchanged.selector, address(0)));
        registry.setSteward(modelId, address(0));
        registry.setSteward(modelId, stranger);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.StewardUnchanged.selector, stranger));
        registry.setSteward(modelId, stranger);
        registry.retire(other, "the owner still may");
        ModelId another = registry.createModel("another", threeRoles(2));
        VersionId foreign = registry.registerVersion(another, versionContent(3));
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotOwnerOrSteward.selector, another, stranger));
        vm.prank(stranger);
        registry.retire(foreign, "of another model");
        vm.prank(owner);
        registry.setSteward(modelId, address(0));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotOwnerOrSteward.selector, modelId, stranger));
        vm.prank(stranger);
        registry.retire(versionId, "too late");
    }

    function test_views_refuseAnUnknownVersion() public {
        VersionId unknown = VersionId.wrap(keccak256("unknown"));
        bytes memory reason = abi.encodeWithSelector(IModelRegistry.UnknownVersion.selector, unknown);
        vm.expectRevert(reason);
        registry.isApproved(unknown);
        vm.expectRevert(reason);
        registry.deciderOf(unknown, RISK);
    }
}
