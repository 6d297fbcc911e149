// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IDescriptorValidator, Rule} from "../../src/interfaces/IDescriptorValidator.sol";
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

    function test_descriptors_badCertificates() public {
        bad("bad_certificate_descriptors.json", 45);
    }

    function bad(string memory file, uint256 least) private {
        string memory json = vm.readFile(string.concat(FOLDER, file));
        uint256 count = vm.parseJsonUint(json, ".count");
        vm.assertTrue(count > least, "cases");
        IDescriptorValidator validator = newValidator();
        for (uint256 i = 0; i < count; ++i) {
            string memory one = string.concat(".cases[", vm.toString(i), "]");
            string memory name = vm.parseJsonString(json, string.concat(one, ".name"));
            Rule expected = ruleOf(vm.parseJsonString(json, string.concat(one, ".error")));
            try validator.validate(vm.parseJsonBytes(json, string.concat(one, ".descriptor"))) {
                vm.assertTrue(false, name);
            } catch (bytes memory reason) {
                vm.assertEq(bytes32(selector(reason)), bytes32(IDescriptorValidator.InvalidDescriptor.selector), name);
                // Of bytes that are not canonical, the contract may find first what they break.
                if (expected != Rule.Bytes) vm.assertEq(uint256(word(reason)), uint256(expected), name);
            }
        }
    }

    function test_descriptors_registeredOnce() public {
        Call memory call = read("ok_dense_zk.json");
        IProofVerifier verifier = deploy(call);
        bytes32 digest = keccak256(call.descriptor);
        address code = verifier.descriptorCode(digest);
        vm.assertEq(code.code, bytes.concat(hex"00", call.descriptor));
        vm.assertEq(verifier.register(call.descriptor), digest);
        vm.assertEq(verifier.descriptorCode(digest), code);
    }

    function test_descriptors_unknown() public {
        Call memory call = read("ok_dense_zk.json");
        IProofVerifier verifier = deployVerifier(call.tau, call.setup, newValidator());
        vm.expectRevert(abi.encodeWithSelector(IProofVerifier.UnknownDescriptor.selector, keccak256(call.descriptor)));
        this.verifyWith(verifier, call);
    }

    function verifyWith(IProofVerifier verifier, Call memory call) external view returns (bool) {
        return verify(verifier, call);
    }

    function test_setup_bad() public {
        Call memory call = read("ok_dense_zk.json");
        IDescriptorValidator validator = newValidator();
        uint256[4] memory none;
        vm.expectRevert(IProofVerifier.BadSetup.selector);
        this.deployVerifier(none, call.setup, validator);
        call.tau[3] ^= 1;
        vm.expectRevert(IProofVerifier.BadSetup.selector);
        this.deployVerifier(call.tau, call.setup, validator);
        call.tau[3] ^= 1;
        vm.expectRevert(abi.encodeWithSelector(IProofVerifier.NoValidator.selector, address(1)));
        this.deployVerifier(call.tau, call.setup, IDescriptorValidator(address(1)));
    }

    /// Every byte of a descriptor is checked or means something: changed, it is refused or it is another digest's.
    function testFuzz_descriptors_changed(uint256 place, uint8 change, bool certificate) public {
        Call memory call = read(certificate ? "ok_certificate_wide_zk.json" : "ok_windows_zk.json");
        bytes memory data = call.descriptor;
        place %= data.length;
        vm.assume(change != 0);
        data[place] ^= bytes1(change);
        IDescriptorValidator validator = newValidator();
        try validator.validate(data) {
            // Widths, coefficients, windows: another plan.
            vm.assertTrue(place > 135, "the head follows from the rest");
        } catch (bytes memory reason) {
            vm.assertEq(bytes32(selector(reason)), bytes32(IDescriptorValidator.InvalidDescriptor.selector));
        }
    }

    function word(bytes memory reason) private pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := mload(add(reason, 36))
        }
    }

    function ruleOf(string memory name) private pure returns (Rule) {
        string[22] memory names = [
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
            "Covered"
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            if (keccak256(bytes(names[i])) == keccak256(bytes(name))) return Rule(i);
        }
        revert(name);
    }
}
