// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IDescriptors} from "../../src/interfaces/IDescriptors.sol";
import {IProofVerifier, Statement} from "../../src/interfaces/IProofVerifier.sol";
import {Difference, IWeightsCertificates} from "../../src/interfaces/IWeightsCertificates.sol";
import {WeightsCertificates} from "../../src/WeightsCertificates.sol";
import {vm} from "../Vm.sol";
import {Call, ProofVectors} from "./Vectors.sol";

/// @dev Weights certificates: what the Rust verifier accepts is remembered, and nothing else.
contract CertificatesTest is ProofVectors {
    string[6] private NAMES =
        ["narrow_transparent", "narrow_zk", "wide_transparent", "wide_zk", "perceptron_zk", "lenet_zk"];

    function setUp() public {
        vm.chainId(CHAIN);
    }

    function load(string memory name)
        private
        returns (Call memory call, bytes memory plan, bytes32 decision, WeightsCertificates certificates)
    {
        string memory file = string.concat("ok_certificate_", name, ".json");
        call = read(file);
        IProofVerifier verifier = deploy(call);
        plan = vm.parseJsonBytes(vm.readFile(string.concat(FOLDER, file)), ".decision");
        decision = verifier.descriptors().register(plan, call.tables);
        certificates = new WeightsCertificates(verifier);
    }

    function certify(WeightsCertificates certificates, bytes32 decision, Call memory call) private {
        Statement memory statement = abi.decode(call.statement, (Statement));
        certificates.certify(decision, digestOf(call), statement, call.points, call.proof);
    }

    function test_certificates_good() public {
        for (uint256 i = 0; i < NAMES.length; ++i) {
            (Call memory call,, bytes32 decision, WeightsCertificates certificates) = load(NAMES[i]);
            bytes32 own = digestOf(call);
            bytes32 weights = abi.decode(call.statement, (Statement)).weights;
            vm.assertFalse(certificates.isCertified(decision, own, weights), "before");
            vm.expectEmit(address(certificates));
            emit IWeightsCertificates.DecisionCovered(decision, own);
            vm.expectEmit(address(certificates));
            emit IWeightsCertificates.WeightsCertified(own, weights);
            certify(certificates, decision, call);
            vm.assertTrue(certificates.isCertified(decision, own, weights), NAMES[i]);
            // And nothing else.
            vm.assertFalse(certificates.isCertified(own, own, weights), "another plan");
            vm.assertFalse(certificates.isCertified(decision, decision, weights), "another certificate");
            vm.assertFalse(certificates.isCertified(decision, own, own), "other weights");
            vm.assertFalse(certificates.isCovered(own, own) || certificates.isCovered(own, decision), "covered");
            vm.assertFalse(certificates.isProved(own, own) || certificates.isProved(decision, weights), "proved");
            // Again, nothing changes.
            certify(certificates, decision, call);
            certificates.cover(decision, own);
            vm.assertTrue(certificates.isCertified(decision, own, weights), NAMES[i]);
        }
    }

    /// A proof serves every descriptor of decisions that its certificate covers, whichever of both is remembered first.
    function test_certificates_coverOtherModes() public {
        bool[2] memory orders = [true, false];
        for (uint256 i = 0; i < orders.length; ++i) {
            (Call memory call,, bytes32 decision, WeightsCertificates certificates) = load("narrow_transparent");
            bytes32 other = decisionOf(certificates, "narrow_zk");
            vm.assertTrue(other != decision, "another mode");
            bytes32 own = digestOf(call);
            bytes32 weights = abi.decode(call.statement, (Statement)).weights;
            if (orders[i]) {
                certificates.cover(other, own);
                vm.assertTrue(certificates.isCovered(other, own), "covered");
                vm.assertFalse(certificates.isCertified(other, own, weights), "nothing is proved");
            }
            certify(certificates, decision, call);
            vm.assertTrue(certificates.isProved(own, weights), "proved");
            if (!orders[i]) {
                vm.assertFalse(certificates.isCertified(other, own, weights), "not covered");
                vm.expectEmit(address(certificates));
                emit IWeightsCertificates.DecisionCovered(other, own);
                certificates.cover(other, own);
            }
            vm.assertTrue(certificates.isCertified(other, own, weights), "without another proof");
        }
    }

    /// What is proved under one certificate is not said under another, though this covers the decision.
    function test_certificates_coverProvesNothing() public {
        (Call memory call,, bytes32 decision, WeightsCertificates certificates) = load("narrow_transparent");
        certify(certificates, decision, call);
        bytes32 weights = abi.decode(call.statement, (Statement)).weights;
        Call memory other = read("ok_certificate_narrow_zk.json");
        bytes32 masked = certificates.verifier().descriptors().register(other.descriptor, other.tables);
        vm.assertTrue(masked != digestOf(call), "another certificate");
        certificates.cover(decision, masked);
        vm.assertFalse(certificates.isCertified(decision, masked, weights), "another certificate's proof");
        vm.assertFalse(certificates.isProved(masked, weights), "not proved");
    }

    /// A certificate of other weights or tables is refused for a decision, proved or not.
    function test_certificates_coverOtherPlans() public {
        (Call memory call,, bytes32 decision, WeightsCertificates certificates) = load("narrow_transparent");
        certify(certificates, decision, call);
        string[3] memory names = ["wide_transparent", "perceptron_zk", "lenet_zk"];
        Difference[3] memory differences = [Difference.Width, Difference.ChunkBits, Difference.ChunkBits];
        for (uint256 i = 0; i < names.length; ++i) {
            bytes32 other = decisionOf(certificates, names[i]);
            vm.expectRevert(abi.encodeWithSelector(IWeightsCertificates.OtherPlan.selector, differences[i]));
            certificates.cover(other, digestOf(call));
            vm.assertFalse(certificates.isCovered(other, digestOf(call)), names[i]);
        }
        vm.expectRevert(abi.encodeWithSelector(IWeightsCertificates.OtherPlan.selector, Difference.Kinds));
        certificates.cover(decision, decision);
        vm.expectRevert(abi.encodeWithSelector(IWeightsCertificates.OtherPlan.selector, Difference.Kinds));
        certificates.cover(digestOf(call), digestOf(call));
    }

    /// Registers the descriptor of decisions that a vector's certificate is for.
    function decisionOf(WeightsCertificates certificates, string memory name) private returns (bytes32) {
        string memory file = string.concat("ok_certificate_", name, ".json");
        bytes memory plan = vm.parseJsonBytes(vm.readFile(string.concat(FOLDER, file)), ".decision");
        return certificates.verifier().descriptors().register(plan, read(file).tables);
    }

    function test_certificates_bad_narrow() public {
        bad("narrow_transparent");
    }

    function test_certificates_bad_wide() public {
        bad("wide_zk");
    }

    function bad(string memory name) private {
        (Call memory call, bytes memory plan,, WeightsCertificates certificates) = load(name);
        IDescriptors descriptors = certificates.verifier().descriptors();
        string memory json = vm.readFile(string.concat(FOLDER, "bad_certificate_", name, ".json"));
        uint256 count = vm.parseJsonUint(json, ".count");
        vm.assertTrue(count > 100, "cases");
        for (uint256 i = 0; i < count; ++i) {
            string memory spot = string.concat(".cases[", vm.toString(i), "]");
            Call memory changed = patched(call, json, spot);
            descriptors.register(changed.descriptor, changed.tables);
            bytes32 own = descriptors.register(
                either(json, string.concat(spot, ".decision"), plan),
                either(json, string.concat(spot, ".decisionTables"), changed.tables)
            );
            refused(certificates, own, changed, vm.parseJsonString(json, string.concat(spot, ".error")));
        }
    }

    /// What a case has, or else.
    function either(string memory json, string memory key, bytes memory otherwise) private view returns (bytes memory) {
        return vm.keyExistsJson(json, key) ? vm.parseJsonBytes(json, key) : otherwise;
    }

    function refused(WeightsCertificates certificates, bytes32 decision, Call memory call, string memory fault)
        private
    {
        bytes memory expected = abi.encodeWithSelector(IWeightsCertificates.NotProved.selector);
        string[6] memory names = ["Kinds", "ChunkBits", "Blocks", "Width", "Functions", "TablePoints"];
        for (uint256 i = 0; i < names.length; ++i) {
            if (keccak256(bytes(names[i])) != keccak256(bytes(fault))) continue;
            expected = abi.encodeWithSelector(IWeightsCertificates.OtherPlan.selector, Difference(i));
        }
        try this.certifyWith(certificates, decision, call) {
            vm.assertTrue(false, fault);
        } catch (bytes memory reason) {
            vm.assertEq(keccak256(reason), keccak256(expected), fault);
        }
        bytes32 own = digestOf(call);
        bytes32 weights = abi.decode(call.statement, (Statement)).weights;
        vm.assertFalse(certificates.isCertified(decision, own, weights), fault);
        vm.assertFalse(certificates.isProved(own, weights) || certificates.isCovered(decision, own), fault);
    }

    function certifyWith(WeightsCertificates certificates, bytes32 decision, Call memory call) external {
        certify(certificates, decision, call);
    }

    /// A decision's proof certifies nothing, though the verifier accepts it.
    function test_certificates_ofDecisions() public {
        Call memory call = read("ok_dense_zk.json");
        IProofVerifier verifier = deploy(call);
        WeightsCertificates certificates = new WeightsCertificates(verifier);
        vm.assertTrue(verify(verifier, call), "the decision");
        vm.expectRevert(abi.encodeWithSelector(IWeightsCertificates.OtherPlan.selector, Difference.Kinds));
        this.certifyWith(certificates, digestOf(call), call);
        vm.assertFalse(certificates.isProved(digestOf(call), abi.decode(call.statement, (Statement)).weights), "proved");
    }

    function test_certificates_unregistered() public {
        (Call memory call,, bytes32 decision, WeightsCertificates certificates) = load("narrow_zk");
        bytes32 other = ~decision;
        vm.expectRevert(abi.encodeWithSelector(IProofVerifier.UnknownDescriptor.selector, other));
        this.certifyWith(certificates, other, call);
        vm.expectRevert(abi.encodeWithSelector(IProofVerifier.UnknownDescriptor.selector, other));
        certificates.cover(decision, other);
        vm.expectRevert(abi.encodeWithSelector(IProofVerifier.UnknownDescriptor.selector, other));
        certificates.cover(other, digestOf(call));
        call.descriptor = bytes.concat(call.descriptor, hex"00");
        vm.expectRevert(abi.encodeWithSelector(IProofVerifier.UnknownDescriptor.selector, digestOf(call)));
        this.certifyWith(certificates, decision, call);
    }

    function test_certificates_otherChain() public {
        (Call memory call,, bytes32 decision, WeightsCertificates certificates) = load("narrow_zk");
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
        string[4] memory names = ["narrow_zk", "wide_zk", "perceptron_zk", "lenet_zk"];
        for (uint256 i = 0; i < names.length; ++i) {
            (Call memory call,, bytes32 decision, WeightsCertificates certificates) = load(names[i]);
            certify(certificates, decision, call);
            vm.snapshotGasLastCall("proofs", string.concat("certificate_", names[i], ", certify"));
            certificates = new WeightsCertificates(certificates.verifier());
            certificates.cover(decision, digestOf(call));
            vm.snapshotGasLastCall("proofs", string.concat("certificate_", names[i], ", cover"));
            IDescriptors descriptors = newDescriptors();
            descriptors.register(call.descriptor, call.tables);
            vm.snapshotGasLastCall("proofs", string.concat("certificate_", names[i], ", register"));
        }
    }
}
