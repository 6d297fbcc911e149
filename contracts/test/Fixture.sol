// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

import {IModelRegistry} from "../src/interfaces/IModelRegistry.sol";
import {ModelRegistry} from "../src/ModelRegistry.sol";
import {ModelId, VersionId, RoleId} from "../src/types/Ids.sol";
import {Stage, Decision, VersionContent, PolicyInput, Approval, KeyRotation} from "../src/types/Registry.sol";
import {vm} from "./Vm.sol";

/// @dev A registry behind its proxy with one model: three roles, two of which must approve.
abstract contract Fixture {
    uint256 internal constant RISK_KEY = 0xA001;
    uint256 internal constant LEGAL_KEY = 0xA002;
    uint256 internal constant CLINICAL_KEY = 0xA003;
    uint256 internal constant NEW_KEY = 0xA004;
    uint64 internal constant START = 1_800_000_000;
    uint64 internal constant LATER = START + 30 days;

    RoleId internal constant RISK = RoleId.wrap(keccak256("risk"));
    RoleId internal constant LEGAL = RoleId.wrap(keccak256("legal"));
    RoleId internal constant CLINICAL = RoleId.wrap(keccak256("clinical"));

    address internal admin = vm.addr(0xB001);
    address internal owner = vm.addr(0xB002);
    address internal registrar = vm.addr(0xB003);
    address internal stranger = vm.addr(0xB004);
    address internal risk = vm.addr(RISK_KEY);
    address internal legal = vm.addr(LEGAL_KEY);
    address internal clinical = vm.addr(CLINICAL_KEY);
    address internal newcomer = vm.addr(NEW_KEY);

    AccessManager internal manager;
    ModelRegistry internal registry;
    ModelId internal modelId;

    function setUp() public virtual {
        vm.warp(START);
        manager = new AccessManager(admin);
        registry = deployRegistry();
        vm.startPrank(owner);
        modelId = registry.createModel("tumour", threeRoles(2));
        registry.setRegistrar(modelId, registrar, true);
        vm.stopPrank();
    }

    function deployRegistry() internal returns (ModelRegistry) {
        bytes memory call = abi.encodeCall(ModelRegistry.initialize, (address(manager)));
        return ModelRegistry(address(new ERC1967Proxy(address(new ModelRegistry()), call)));
    }

    function threeRoles(uint8 threshold) internal view returns (PolicyInput memory policy) {
        policy.roles = new string[](3);
        (policy.roles[0], policy.roles[1], policy.roles[2]) = ("risk", "legal", "clinical");
        policy.signers = new address[](3);
        (policy.signers[0], policy.signers[1], policy.signers[2]) = (risk, legal, clinical);
        policy.threshold = threshold;
    }

    function oneRole(string memory role, address signer) internal pure returns (PolicyInput memory policy) {
        policy.roles = new string[](1);
        policy.roles[0] = role;
        policy.signers = new address[](1);
        policy.signers[0] = signer;
        policy.threshold = 1;
    }

    function versionContent(uint256 seed) internal pure returns (VersionContent memory content) {
        content.manifestDigest = keccak256(abi.encode("manifest", seed));
        content.artifactsRoot = keccak256(abi.encode("artifacts", seed));
    }

    /// Registered by the registrar.
    function register(uint256 seed) internal returns (VersionId versionId) {
        vm.prank(registrar);
        return registry.registerVersion(modelId, versionContent(seed));
    }

    /// An approval for the present policy that expires in `LATER`, with nonce 1.
    function approvalOf(VersionId versionId, RoleId role) internal view returns (Approval memory) {
        (ModelId model,,,, uint64 revision) = registry.version(versionId);
        return Approval({
            modelId: model,
            versionId: versionId,
            role: role,
            decision: Decision.Approve,
            policyRevision: revision,
            expiry: LATER,
            nonce: 1
        });
    }

    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// Signs and submits, by a stranger.
    function submit(Approval memory approval, uint256 key) internal {
        submitRaw(approval, signed(key, registry.approvalDigest(approval)));
    }

    function submitRaw(Approval memory approval, bytes memory signature) internal {
        (Approval[] memory approvals, bytes[] memory signatures) = batch(approval, signature);
        vm.prank(stranger);
        registry.submitApprovals(approvals, signatures);
    }

    /// Expects the submission to be refused with `reason`.
    function refuse(Approval memory approval, uint256 key, bytes memory reason) internal {
        refuseRaw(approval, signed(key, registry.approvalDigest(approval)), reason);
    }

    function refuseRaw(Approval memory approval, bytes memory signature, bytes memory reason) internal {
        (Approval[] memory approvals, bytes[] memory signatures) = batch(approval, signature);
        vm.expectRevert(reason);
        registry.submitApprovals(approvals, signatures);
    }

    function batch(Approval memory approval, bytes memory signature)
        internal
        pure
        returns (Approval[] memory approvals, bytes[] memory signatures)
    {
        approvals = new Approval[](1);
        approvals[0] = approval;
        signatures = new bytes[](1);
        signatures[0] = signature;
    }

    /// A version that two roles approved.
    function approved(uint256 seed) internal returns (VersionId versionId) {
        versionId = register(seed);
        submit(approvalOf(versionId, RISK), RISK_KEY);
        submit(approvalOf(versionId, LEGAL), LEGAL_KEY);
    }

    /// A version that two roles approved and that runs in "ward".
    function deployed(uint256 seed) internal returns (VersionId versionId) {
        versionId = approved(seed);
        vm.prank(owner);
        registry.deploy(versionId, "ward");
    }

    function rotationTo(RoleId role, address newSigner) internal view returns (KeyRotation memory) {
        return KeyRotation({modelId: modelId, role: role, newSigner: newSigner, expiry: LATER});
    }

    function rotate(RoleId role, uint256 key, address newSigner) internal {
        KeyRotation memory rotation = rotationTo(role, newSigner);
        bytes memory signature = signed(key, registry.rotationDigest(rotation));
        vm.prank(stranger);
        registry.rotateRoleKey(rotation, signature);
    }

    function declare(RoleId role, address signer, uint64 fromSequence) internal {
        vm.prank(owner);
        registry.declareCompromised(modelId, role, signer, fromSequence);
    }

    function stageOf(VersionId versionId) internal view returns (Stage stage) {
        (, stage,,,) = registry.version(versionId);
    }

    function length() internal view returns (uint64 entries) {
        (, entries) = registry.historyHead(modelId);
    }

    function assertStage(VersionId versionId, Stage expected) internal view {
        vm.assertEq(uint256(stageOf(versionId)), uint256(expected), "stage");
    }

    function onlySelector(bytes4 selector) internal pure returns (bytes memory) {
        return abi.encodePacked(selector);
    }
}
