// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Anchors} from "../src/Anchors.sol";
import {LogId, RoleId, VersionId} from "../src/types/Ids.sol";
import {Approval, KeyRotation, PolicyInput, VersionContent} from "../src/types/Registry.sol";
import {Fixture} from "./Fixture.sol";
import {vm} from "./Vm.sol";

/// @dev What every action costs as a transaction of its own: base fee, calldata, cold storage, refunds. Written to
/// `snapshots/actions.json` and checked there.
/// forge-config: default.isolate = true
contract GasTest is Fixture {
    function cost(string memory action) private {
        vm.snapshotGasLastCall("actions", action);
    }

    function test_gas_models() public {
        vm.prank(owner);
        registry.createModel("three roles", threeRolesOf(0x1000));
        cost("createModel, 3 roles");
        vm.prank(owner);
        registry.setRegistrar(modelId, stranger, true);
        cost("setRegistrar");
        vm.prank(owner);
        registry.transferOwnership(modelId, stranger);
        cost("transferOwnership");
        vm.prank(stranger);
        registry.acceptOwnership(modelId);
        cost("acceptOwnership");
        vm.prank(stranger);
        registry.setPolicy(modelId, threeRoles(3));
        cost("setPolicy, 3 roles that have keys");
        vm.prank(stranger);
        registry.replaceRoleKey(modelId, RISK, newcomer);
        cost("replaceRoleKey");
        KeyRotation memory rotation = rotationTo(LEGAL, vm.addr(0x2000));
        bytes memory signature = signed(LEGAL_KEY, registry.rotationDigest(rotation));
        registry.rotateRoleKey(rotation, signature);
        cost("rotateRoleKey");
        vm.prank(stranger);
        registry.declareCompromised(modelId, LEGAL, legal, 1);
        cost("declareCompromised");
    }

    function test_gas_versions() public {
        vm.prank(registrar);
        VersionId first = registry.registerVersion(modelId, versionContent(1));
        cost("registerVersion, no parent");
        VersionContent memory child = versionContent(2);
        child.parents = new VersionId[](1);
        child.parents[0] = first;
        vm.prank(registrar);
        registry.registerVersion(modelId, child);
        cost("registerVersion, 1 parent");

        submit(approvalOf(first, RISK), RISK_KEY);
        cost("submitApprovals, 1 that is not enough");
        submit(approvalOf(first, LEGAL), LEGAL_KEY);
        cost("submitApprovals, 1 that approves");
        vm.prank(owner);
        registry.deploy(first, "ward");
        cost("deploy");
        vm.prank(owner);
        registry.retire(first, "superseded");
        cost("retire");
        vm.prank(owner);
        registry.revoke(first, "biased");
        cost("revoke");
    }

    function test_gas_batch() public {
        VersionId versionId = register(1);
        Approval[] memory approvals = new Approval[](3);
        bytes[] memory signatures = new bytes[](3);
        RoleId[3] memory roles = [RISK, LEGAL, CLINICAL];
        for (uint256 i = 0; i < 3; ++i) {
            approvals[i] = approvalOf(versionId, roles[i]);
            signatures[i] = signed(RISK_KEY + i, registry.approvalDigest(approvals[i]));
        }
        registry.submitApprovals(approvals, signatures);
        cost("submitApprovals, 3 of which 2 approve");
        registry.submitApprovals(approvals, signatures);
        cost("submitApprovals, the same 3 again");
    }

    function test_gas_anchors() public {
        Anchors anchors = new Anchors();
        LogId logId = anchors.open(address(registry), 3600, 0);
        cost("open");
        anchors.anchor(logId, bytes32(uint256(type(uint256).max)));
        cost("anchor");
    }

    function threeRolesOf(uint256 key) private view returns (PolicyInput memory policy) {
        policy = threeRoles(2);
        for (uint256 i = 0; i < 3; ++i) {
            policy.signers[i] = vm.addr(key + i);
        }
    }
}
