// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IDescriptors, Rule} from "../../src/interfaces/IDescriptors.sol";
import {IProofVerifier} from "../../src/interfaces/IProofVerifier.sol";
import {vm} from "../Vm.sol";
import {Call, ProofVectors} from "./Vectors.sol";

/// @dev Registration: every rule of [10.2] with descriptors that break it, and the same name for the fault as Rust.
contract DescriptorsTest is ProofVectors {
    function test_descriptors_bad() public {
        bad("bad_descriptors.json", 60);
    }

    function test_descriptors_badDecisions() public {
        bad("bad_decision_descriptors.json", 20);
    }

    function test_descriptors_badSeparate() public {
        bad("bad_separate_descriptors.json", 17);
    }

    /// How many items have commitments of their own is read from how many chunks the inputs have.
    function test_descriptors_itemChunks() public {
        bytes memory descriptor = read("ok_separate_zk.json").descriptor;
        IDescriptors descriptors = newDescriptors();
        vm.assertEq(uint256(uint8(descriptor[75])), 4, "items");
        for (uint256 chunks = 0; chunks < 600; ++chunks) {
            if (chunks == 4) continue;
            // forge-lint: disable-next-line(unsafe-typecast)
            (descriptor[74], descriptor[75]) = (bytes1(uint8(chunks >> 8)), bytes1(uint8(chunks)));
            try descriptors.register(descriptor, "") {
                vm.assertTrue(false, vm.toString(chunks));
            } catch (bytes memory reason) {
                vm.assertEq(bytes32(selector(reason)), bytes32(IDescriptors.InvalidDescriptor.selector));
                Rule found = Rule(uint256(word(reason)));
                vm.assertTrue(found == Rule.Layout || found == Rule.LookupInput, vm.toString(chunks));
            }
        }
    }

    function test_descriptors_badCertificates() public {
        bad("bad_certificate_descriptors.json", 45);
    }

    function test_descriptors_badFederated() public {
        bad("bad_update_descriptors.json", 20);
        bad("bad_round_descriptors.json", 20);
    }

    function bad(string memory file, uint256 least) private {
        string memory json = vm.readFile(string.concat(FOLDER, file));
        uint256 count = vm.parseJsonUint(json, ".count");
        vm.assertTrue(count > least, "cases");
        IDescriptors descriptors = newDescriptors();
        for (uint256 i = 0; i < count; ++i) {
            string memory one = string.concat(".cases[", vm.toString(i), "]");
            string memory name = vm.parseJsonString(json, string.concat(one, ".name"));
            Rule expected = ruleOf(vm.parseJsonString(json, string.concat(one, ".error")));
            try descriptors.register(vm.parseJsonBytes(json, string.concat(one, ".descriptor")), "") {
                vm.assertTrue(false, name);
            } catch (bytes memory reason) {
                vm.assertEq(bytes32(selector(reason)), bytes32(IDescriptors.InvalidDescriptor.selector), name);
                // Of bytes that are not canonical, the contract may find first what they break.
                if (expected != Rule.Bytes) vm.assertEq(uint256(word(reason)), uint256(expected), name);
            }
        }
    }

    function test_descriptors_registeredOnce() public {
        Call memory call = read("ok_dense_zk.json");
        IProofVerifier verifier = deploy(call);
        IDescriptors descriptors = verifier.descriptors();
        address code = descriptors.codeOf(digestOf(call));
        vm.assertEq(code.code, bytes.concat(hex"00", call.descriptor, call.tables));
        register(verifier, call);
        vm.assertEq(descriptors.codeOf(digestOf(call)), code);
        vm.assertEq(descriptors.codeOf(~digestOf(call)), address(0));
    }

    /// Points of tables: as many as there are chunks, canonical, on the curve.
    function test_descriptors_badTablePoints() public {
        string memory json = vm.readFile(string.concat(FOLDER, "bad_table_points.json"));
        Call memory call = read(vm.parseJsonString(json, ".of"));
        uint256 count = vm.parseJsonUint(json, ".count");
        vm.assertTrue(count >= 10, "cases");
        IDescriptors descriptors = newDescriptors();
        for (uint256 i = 0; i < count; ++i) {
            string memory one = string.concat(".cases[", vm.toString(i), "]");
            string memory fault = vm.parseJsonString(json, string.concat(one, ".error"));
            bytes4 expected = keccak256(bytes(fault)) == keccak256("Tables")
                ? IDescriptors.TablePoints.selector
                : IDescriptors.BadTablePoint.selector;
            Call memory changed = patched(call, json, one);
            try descriptors.register(changed.descriptor, changed.tables) {
                vm.assertTrue(false, fault);
            } catch (bytes memory reason) {
                vm.assertEq(
                    bytes32(selector(reason)), bytes32(expected), vm.parseJsonString(json, string.concat(one, ".name"))
                );
            }
            vm.assertEq(descriptors.codeOf(digestOf(changed)), address(0));
        }
    }

    /// With other points a descriptor is another one: a proof for the first is none for the second, and a digest that is
    /// not registered is unknown, whatever else is.
    function test_descriptors_otherTablePoints() public {
        Call memory call = read("ok_dense_zk.json");
        Call memory other = read("ok_dense_zk.json");
        // The generator.
        other.tables = abi.encode(uint256(1), uint256(2));
        IProofVerifier verifier = deployVerifier(call.tau, call.setup, newDescriptors());
        register(verifier, other);
        vm.assertFalse(verify(verifier, other), "another table");
        vm.expectRevert(abi.encodeWithSelector(IProofVerifier.UnknownDescriptor.selector, digestOf(call)));
        this.verifyWith(verifier, call);
        register(verifier, call);
        vm.assertTrue(verify(verifier, call), "its own");
        // What is registered elsewhere is nothing here.
        verifier = deployVerifier(call.tau, call.setup, newDescriptors());
        vm.expectRevert(abi.encodeWithSelector(IProofVerifier.UnknownDescriptor.selector, digestOf(call)));
        this.verifyWith(verifier, call);
    }

    /// A table may have zeros for a whole chunk; the identity has one form.
    function test_descriptors_identity() public {
        Call memory call = read("ok_dense_zk.json");
        call.tables = new bytes(64);
        IDescriptors descriptors = newDescriptors();
        descriptors.register(call.descriptor, call.tables);
        vm.assertTrue(descriptors.codeOf(digestOf(call)) != address(0), "stored");
    }

    /// Descriptor and points together are at most what code may be, and nothing is left of what was not stored.
    function test_descriptors_gas() public {
        Call memory call = read("ok_dense_zk.json");
        IDescriptors descriptors = newDescriptors();
        vm.expectRevert();
        descriptors.register{gas: 200_000}(call.descriptor, call.tables);
        vm.assertEq(descriptors.codeOf(digestOf(call)), address(0));
    }

    function test_descriptors_unknown() public {
        Call memory call = read("ok_dense_zk.json");
        IProofVerifier verifier = deployVerifier(call.tau, call.setup, newDescriptors());
        vm.expectRevert(abi.encodeWithSelector(IProofVerifier.UnknownDescriptor.selector, digestOf(call)));
        this.verifyWith(verifier, call);
    }

    function verifyWith(IProofVerifier verifier, Call memory call) external view returns (bool) {
        return verify(verifier, call);
    }

    function test_setup_bad() public {
        Call memory call = read("ok_dense_zk.json");
        IDescriptors descriptors = newDescriptors();
        uint256[4] memory none;
        vm.expectRevert(IProofVerifier.BadSetup.selector);
        this.deployVerifier(none, call.setup, descriptors);
        call.tau[3] ^= 1;
        vm.expectRevert(IProofVerifier.BadSetup.selector);
        this.deployVerifier(call.tau, call.setup, descriptors);
        call.tau[3] ^= 1;
        vm.expectRevert(abi.encodeWithSelector(IProofVerifier.NoDescriptors.selector, address(1)));
        this.deployVerifier(call.tau, call.setup, IDescriptors(address(1)));
    }

    /// Every byte of a descriptor is checked or means something: changed, it is refused or it is another digest's.
    function testFuzz_descriptors_changed(uint256 place, uint8 change, bool certificate) public {
        Call memory call = read(certificate ? "ok_certificate_wide_zk.json" : "ok_windows_zk.json");
        bytes memory data = call.descriptor;
        place %= data.length;
        vm.assume(change != 0);
        data[place] ^= bytes1(change);
        IDescriptors descriptors = newDescriptors();
        try descriptors.register(data, call.tables) {
            // Widths, coefficients, windows: another plan.
            vm.assertTrue(place > 135, "the head follows from the rest");
        } catch (bytes memory reason) {
            vm.assertEq(bytes32(selector(reason)), bytes32(IDescriptors.InvalidDescriptor.selector));
        }
    }

    function word(bytes memory reason) private pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := mload(add(reason, 36))
        }
    }

    function ruleOf(string memory name) private pure returns (Rule) {
        string[24] memory names = [
            "Bytes",
            "Layout",
            "Size",
            "TableTag",
            "TablePlace",
            "TableValues",
            "LookupPlace",
            "LookupTable",
            "LookupInput",
            "Axis",
            "Source",
            "Product",
            "High",
            "Limbs",
            "Half",
            "Public",
            "Decision",
            "Free",
            "Wraps",
            "Ranged",
            "Padding",
            "Covered",
            "Norm",
            "Gram"
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            if (keccak256(bytes(names[i])) == keccak256(bytes(name))) return Rule(i);
        }
        revert(name);
    }
}
