// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IProofVerifier, Statement} from "../../src/interfaces/IProofVerifier.sol";
import {Difference, IWeightsCertificates} from "../../src/interfaces/IWeightsCertificates.sol";
import {WeightsCertificates} from "../../src/WeightsCertificates.sol";
import {vm} from "../Vm.sol";
import {Call, ProofVectors} from "./Vectors.sol";

/// @dev Weights certificates: what the Rust verifier accepts is remembered, and nothing else.
contract CertificatesTest is ProofVectors {
    string[4] private NAMES = ["narrow_transparent", "narrow_zk", "wide_transparent", "wide_zk"];

    function setUp() public {
        vm.chainId(CHAIN);
    }

    function load(string memory name)
        private
        returns (Call memory call, bytes memory decision, WeightsCertificates certificates)
    {
        string memory file = string.concat("ok_certificate_", name, ".json");
        call = read(file);
        decision = vm.parseJsonBytes(vm.readFile(string.concat(FOLDER, file)), ".decision");
        IProofVerifier verifier = deploy(call);
        verifier.register(decision);
        certificates = new WeightsCertificates(verifier);
    }

    function certify(WeightsCertificates certificates, bytes memory decision, Call memory call) private {
        Statement memory statement = abi.decode(call.statement, (Statement));
        certificates.certify(keccak256(decision), keccak256(call.descriptor), statement, call.points, call.proof);
    }

    /// Of the tables' points, which are the last.
    function tablesOf(Call memory call) private pure returns (bytes32) {
        uint256 chunks = uint8(call.descriptor[71]);
        bytes memory points = call.points;
        bytes memory tables = new bytes(64 * chunks);
        for (uint256 i = 0; i < tables.length; ++i) {
            tables[i] = points[points.length - tables.length + i];
        }
        return keccak256(tables);
    }

    function test_certificates_good() public {
        for (uint256 i = 0; i < NAMES.length; ++i) {
            (Call memory call, bytes memory decision, WeightsCertificates certificates) = load(NAMES[i]);
            (bytes32 a, bytes32 b) = (keccak256(decision), keccak256(call.descriptor));
            bytes32 weights = abi.decode(call.statement, (Statement)).weights;
            bytes32 tables = tablesOf(call);
            vm.assertFalse(certificates.isCertified(a, b, weights, tables), "before");
            vm.expectEmit(address(certificates));
            emit IWeightsCertificates.WeightsCertified(a, weights, b, tables);
            certify(certificates, decision, call);
            vm.assertTrue(certificates.isCertified(a, b, weights, tables), NAMES[i]);
            // And nothing else.
            vm.assertFalse(certificates.isCertified(b, b, weights, tables), "another plan");
            vm.assertFalse(certificates.isCertified(a, a, weights, tables), "another certificate");
            vm.assertFalse(certificates.isCertified(a, b, tables, tables), "other weights");
            vm.assertFalse(certificates.isCertified(a, b, weights, weights), "other tables");
            // Again, nothing changes.
            certify(certificates, decision, call);
            vm.assertTrue(certificates.isCertified(a, b, weights, tables), NAMES[i]);
        }
    }

    function test_certificates_bad_narrow() public {
        bad("narrow_transparent");
    }

    function test_certificates_bad_wide() public {
        bad("wide_zk");
    }

    function bad(string memory name) private {
        (Call memory call, bytes memory decision, WeightsCertificates certificates) = load(name);
        string memory json = vm.readFile(string.concat(FOLDER, "bad_certificate_", name, ".json"));
        uint256 count = vm.parseJsonUint(json, ".count");
        vm.assertTrue(count > 100, "cases");
        for (uint256 i = 0; i < count; ++i) {
            string memory spot = string.concat(".cases[", vm.toString(i), "]");
            bytes memory own = decision;
            if (vm.keyExistsJson(json, string.concat(spot, ".decision"))) {
                own = vm.parseJsonBytes(json, string.concat(spot, ".decision"));
                certificates.verifier().register(own);
            }
            refused(
                certificates, own, patched(call, json, spot), vm.parseJsonString(json, string.concat(spot, ".error"))
            );
        }
    }

    function refused(WeightsCertificates certificates, bytes memory decision, Call memory call, string memory fault)
        private
    {
        bytes memory expected = abi.encodeWithSelector(IWeightsCertificates.NotProved.selector);
        string[5] memory names = ["Kinds", "ChunkBits", "Blocks", "Width", "Functions"];
        for (uint256 i = 0; i < names.length; ++i) {
            if (keccak256(bytes(names[i])) != keccak256(bytes(fault))) continue;
            expected = abi.encodeWithSelector(IWeightsCertificates.OtherPlan.selector, Difference(i));
        }
        try this.certifyWith(certificates, decision, call) {
            vm.assertTrue(false, fault);
        } catch (bytes memory reason) {
            vm.assertEq(keccak256(reason), keccak256(expected), fault);
        }
        bytes32 weights = abi.decode(call.statement, (Statement)).weights;
        bool known = certificates.isCertified(keccak256(decision), keccak256(call.descriptor), weights, tablesOf(call));
        vm.assertFalse(known, fault);
    }

    function certifyWith(WeightsCertificates certificates, bytes memory decision, Call memory call) external {
        certify(certificates, decision, call);
    }

    /// A decision's proof certifies nothing, though the verifier accepts it.
    function test_certificates_ofDecisions() public {
        Call memory call = read("ok_dense_zk.json");
        IProofVerifier verifier = deploy(call);
        WeightsCertificates certificates = new WeightsCertificates(verifier);
        vm.assertTrue(verify(verifier, call), "the decision");
        vm.expectRevert(abi.encodeWithSelector(IWeightsCertificates.OtherPlan.selector, Difference.Kinds));
        this.certifyWith(certificates, call.descriptor, call);
    }

    function test_certificates_unregistered() public {
        (Call memory call, bytes memory decision, WeightsCertificates certificates) = load("narrow_zk");
        bytes memory other = bytes.concat(decision, hex"00");
        vm.expectRevert(abi.encodeWithSelector(IProofVerifier.UnknownDescriptor.selector, keccak256(other)));
        this.certifyWith(certificates, other, call);
        call.descriptor = bytes.concat(call.descriptor, hex"00");
        vm.expectRevert(abi.encodeWithSelector(IProofVerifier.UnknownDescriptor.selector, keccak256(call.descriptor)));
        this.certifyWith(certificates, decision, call);
    }

    function test_certificates_otherChain() public {
        (Call memory call, bytes memory decision, WeightsCertificates certificates) = load("narrow_zk");
        vm.chainId(1);
        vm.expectRevert(IWeightsCertificates.NotProved.selector);
        this.certifyWith(certificates, decision, call);
    }

    function test_certificates_verifierMissing() public {
        vm.expectRevert(abi.encodeWithSelector(IWeightsCertificates.NoVerifier.selector, address(1)));
        new WeightsCertificates(IProofVerifier(address(1)));
    }

    /// @dev Gas of the whole transaction.
    /// forge-config: default.isolate = true
    function test_gas_certificates() public {
        (Call memory call, bytes memory decision, WeightsCertificates certificates) = load("narrow_zk");
        certify(certificates, decision, call);
        vm.snapshotGasLastCall("proofs", "certificate_narrow_zk, certify");
        (call, decision, certificates) = load("wide_zk");
        certify(certificates, decision, call);
        vm.snapshotGasLastCall("proofs", "certificate_wide_zk, certify");
    }
}
