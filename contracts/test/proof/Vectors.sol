// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IDescriptors} from "../../src/interfaces/IDescriptors.sol";
import {IProofVerifier, Statement} from "../../src/interfaces/IProofVerifier.sol";
import {vm} from "../Vm.sol";

/// @dev Everything of a vector in `vectors/proof`.
struct Call {
    uint256[4] tau;
    bytes32 setup;
    bytes descriptor;
    bytes tables;
    bytes statement;
    bytes points;
    bytes proof;
}

/// @dev Reads vectors and calls a verifier with them.
abstract contract ProofVectors {
    string internal constant FOLDER = "../vectors/proof/";
    uint256 internal constant CHAIN = 31_337;

    function read(string memory name) internal view returns (Call memory call) {
        return readAt(string.concat(FOLDER, name));
    }

    function readAt(string memory path) internal view returns (Call memory call) {
        string memory json = vm.readFile(path);
        bytes32[] memory tau = vm.parseJsonBytes32Array(json, ".tau");
        for (uint256 i = 0; i < 4; ++i) {
            call.tau[i] = uint256(tau[i]);
        }
        call.setup = vm.parseJsonBytes32(json, ".setup");
        call.descriptor = vm.parseJsonBytes(json, ".descriptor");
        call.tables = vm.parseJsonBytes(json, ".tables");
        call.statement = vm.parseJsonBytes(json, ".statement");
        call.points = vm.parseJsonBytes(json, ".points");
        call.proof = vm.parseJsonBytes(json, ".proof");
    }

    function deploy(Call memory call) internal returns (IProofVerifier verifier) {
        verifier = deployVerifier(call.tau, call.setup, newDescriptors());
        register(verifier, call);
    }

    function register(IProofVerifier verifier, Call memory call) internal {
        vm.assertEq(verifier.descriptors().register(call.descriptor, call.tables), digestOf(call), "D");
    }

    /// D, [10.3].
    function digestOf(Call memory call) internal pure returns (bytes32) {
        return digestOf(call.descriptor, call.tables);
    }

    function digestOf(bytes memory descriptor, bytes memory tables) internal pure returns (bytes32) {
        return keccak256(bytes.concat(hex"600b5981380380925939f300", descriptor, tables));
    }

    function newDescriptors() internal returns (IDescriptors) {
        return IDescriptors(created(vm.getCode("Descriptors.sol:Descriptors")));
    }

    function deployVerifier(uint256[4] memory tau, bytes32 setup, IDescriptors descriptors)
        public
        returns (IProofVerifier)
    {
        // The code that is deployed in earnest, compiled for itself: whatever imports a contract is compiled with it.
        bytes memory code = vm.getCode("ProofVerifier.sol:ProofVerifier");
        return IProofVerifier(created(bytes.concat(code, abi.encode(tau, setup, descriptors))));
    }

    /// What creation code creates; reverts as it does.
    function created(bytes memory code) private returns (address place) {
        assembly ("memory-safe") {
            place := create(0, add(code, 0x20), mload(code))
            if iszero(place) {
                returndatacopy(mload(0x40), 0, returndatasize())
                revert(mload(0x40), returndatasize())
            }
        }
    }

    function verify(IProofVerifier verifier, Call memory call) internal view returns (bool) {
        Statement memory statement = abi.decode(call.statement, (Statement));
        return verifier.verify(digestOf(call), statement, call.points, call.proof);
    }

    /// A case of a file of changes: the call with its patches.
    function patched(Call memory call, string memory json, string memory spot) internal view returns (Call memory) {
        Call memory changed = Call(
            call.tau,
            call.setup,
            bytes.concat(call.descriptor),
            bytes.concat(call.tables),
            bytes.concat(call.statement),
            bytes.concat(call.points),
            bytes.concat(call.proof)
        );
        uint256 patches = vm.parseJsonUint(json, string.concat(spot, ".count"));
        for (uint256 i = 0; i < patches; ++i) {
            string memory patch = string.concat(spot, ".patches[", vm.toString(i), "]");
            bytes32 part = keccak256(bytes(vm.parseJsonString(json, string.concat(patch, ".part"))));
            if (part == keccak256("descriptor")) changed.descriptor = apply_(changed.descriptor, json, patch);
            else if (part == keccak256("statement")) changed.statement = apply_(changed.statement, json, patch);
            else if (part == keccak256("tables")) changed.tables = apply_(changed.tables, json, patch);
            else if (part == keccak256("points")) changed.points = apply_(changed.points, json, patch);
            else if (part == keccak256("proof")) changed.proof = apply_(changed.proof, json, patch);
            else revert("part");
        }
        return changed;
    }

    function apply_(bytes memory part, string memory json, string memory patch) private view returns (bytes memory) {
        if (vm.keyExistsJson(json, string.concat(patch, ".length"))) {
            part = resized(part, vm.parseJsonUint(json, string.concat(patch, ".length")));
        }
        if (vm.keyExistsJson(json, string.concat(patch, ".at"))) {
            uint256 spot = vm.parseJsonUint(json, string.concat(patch, ".at"));
            bytes memory new_ = vm.parseJsonBytes(json, string.concat(patch, ".bytes"));
            for (uint256 i = 0; i < new_.length; ++i) {
                part[spot + i] = new_[i];
            }
        }
        return part;
    }

    function resized(bytes memory part, uint256 length) private pure returns (bytes memory result) {
        result = new bytes(length);
        for (uint256 i = 0; i < length && i < part.length; ++i) {
            result[i] = part[i];
        }
    }

    /// An error's first four bytes.
    function selector(bytes memory reason) internal pure returns (bytes4 first) {
        assembly ("memory-safe") {
            first := mload(add(reason, 0x20))
        }
    }
}
