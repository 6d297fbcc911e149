// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IProofVerifier} from "../../src/interfaces/IProofVerifier.sol";
import {vm} from "../Vm.sol";
import {Call, ProofVectors} from "./Vectors.sol";

/// @dev Whatever bytes come, `verify` answers false: it accepts nothing that was changed, and does not revert.
contract ProofAttacksTest is ProofVectors {
    /// Vectors of both modes, and their verifiers.
    Call[2] private calls;
    IProofVerifier[2] private verifiers;

    function setUp() public {
        vm.chainId(CHAIN);
        (calls[0], calls[1]) = (read("ok_dense_transparent.json"), read("ok_dense_zk.json"));
        (verifiers[0], verifiers[1]) = (deploy(calls[0]), deploy(calls[1]));
    }

    function refused(uint256 mode, Call memory call) private view {
        vm.assertFalse(verify(verifiers[mode], call), "accepted");
    }

    function testFuzz_proof_byteChanged(uint256 place, uint8 change, bool masked) public view {
        vm.assume(change != 0);
        uint256 mode = masked ? 1 : 0;
        Call memory call = calls[mode];
        call.proof[place % call.proof.length] ^= bytes1(change);
        refused(mode, call);
    }

    function testFuzz_proof_wordReplaced(uint256 place, uint256 word, bool masked) public view {
        uint256 mode = masked ? 1 : 0;
        Call memory call = calls[mode];
        bytes memory proof = call.proof;
        place = (place % (proof.length / 32)) * 32 + 32;
        uint256 before;
        assembly ("memory-safe") {
            before := mload(add(proof, place))
            mstore(add(proof, place), word)
        }
        vm.assume(before != word);
        refused(mode, call);
    }

    function testFuzz_proof_wordsSwapped(uint256 a, uint256 b, bool masked) public view {
        uint256 mode = masked ? 1 : 0;
        Call memory call = calls[mode];
        bytes memory proof = call.proof;
        (a, b) = ((a % (proof.length / 32)) * 32 + 32, (b % (proof.length / 32)) * 32 + 32);
        bool equal;
        assembly ("memory-safe") {
            let first := mload(add(proof, a))
            let second := mload(add(proof, b))
            mstore(add(proof, a), second)
            mstore(add(proof, b), first)
            equal := eq(first, second)
        }
        vm.assume(!equal);
        refused(mode, call);
    }

    function testFuzz_proof_anything(bytes memory proof, bool masked) public view {
        uint256 mode = masked ? 1 : 0;
        Call memory call = calls[mode];
        call.proof = proof;
        refused(mode, call);
    }

    function testFuzz_points_byteChanged(uint256 place, uint8 change, bool masked) public view {
        vm.assume(change != 0);
        uint256 mode = masked ? 1 : 0;
        Call memory call = calls[mode];
        call.points[place % call.points.length] ^= bytes1(change);
        refused(mode, call);
    }

    function test_proof_otherChain() public {
        vm.chainId(1);
        refused(0, calls[0]);
        refused(1, calls[1]);
    }

    function test_proof_otherSetup() public {
        for (uint256 mode = 0; mode < 2; ++mode) {
            Call memory call = calls[mode];
            call.setup = bytes32(uint256(1));
            vm.assertFalse(verify(deploy(call), call), "another setup's name");
            call.setup = calls[mode].setup;
            // The generator: tau is 1.
            call.tau = [
                0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2,
                0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed,
                0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b,
                0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa
            ];
            vm.assertFalse(verify(deploy(call), call), "another tau");
        }
    }

    /// With too little gas a good proof is never called bad: the call reverts.
    function testFuzz_gas_isNoVerdict(uint256 gasLimit, bool masked) public view {
        uint256 mode = masked ? 1 : 0;
        Call memory call = calls[mode];
        gasLimit = 30_000 + gasLimit % 900_000;
        try this.verifyWith{gas: gasLimit}(verifiers[mode], call) returns (bool ok) {
            vm.assertTrue(ok, "a verdict without gas");
        } catch (bytes memory reason) {
            bool known = reason.length == 0 || selector(reason) == IProofVerifier.NotEnoughGas.selector;
            vm.assertTrue(known, "another error");
        }
    }

    function verifyWith(IProofVerifier verifier, Call memory call) external view returns (bool) {
        return verify(verifier, call);
    }
}
