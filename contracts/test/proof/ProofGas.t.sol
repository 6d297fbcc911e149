// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IProofVerifier, Statement} from "../../src/interfaces/IProofVerifier.sol";
import {vm} from "../Vm.sol";
import {Call, ProofVectors} from "./Vectors.sol";

/// @dev What verifying costs as a transaction of its own: base fee, calldata, cold storage. Phases are told apart by
/// proofs that are bad from a place on: what is spent until that is found. Written to `snapshots/proofs.json`.
/// forge-config: default.isolate = true
contract ProofGasTest is ProofVectors {
    function setUp() public {
        vm.chainId(CHAIN);
    }

    function test_gas_dense() public {
        cost("dense_transparent");
        cost("dense_zk");
    }

    function test_gas_windows() public {
        cost("windows_transparent");
        cost("windows_zk");
    }

    function test_gas_mlp() public {
        network("mlp");
    }

    function test_gas_perceptron() public {
        network("perceptron");
    }

    function test_gas_lenet() public {
        network("lenet");
    }

    function test_gas_cnn() public {
        network("cnn");
    }

    /// 128 images in one proof: 10,000 gas an image with a joint input commitment, 16,000 if each has its own.
    function test_gas_batches() public {
        cost("lenet128_joint_zk");
        phases("lenet128_joint_zk");
        cost("lenet128_each_zk");
        phases("lenet128_each_zk");
    }

    /// Rounds of 20 updates, one reference and 20 cumulative updates, of one chunk a row and of two: 43 and 86 points.
    function test_gas_rounds() public {
        cost("round_20_one_chunk_zk", "gas_");
        phases("round_20_one_chunk_zk", "gas_");
        cost("round_20_two_chunks_zk", "gas_");
        cost("update_wide_zk");
    }

    function network(string memory name) private {
        cost(string.concat(name, "_transparent"));
        cost(string.concat(name, "_zk"));
        phases(string.concat(name, "_zk"));
    }

    function cost(string memory name) private {
        cost(name, "ok_");
    }

    function cost(string memory name, string memory prefix) private {
        Call memory call = read(string.concat(prefix, name, ".json"));
        IProofVerifier verifier = deployVerifier(call.tau, call.setup, newDescriptors());
        verifier.descriptors().register(call.descriptor, call.tables);
        vm.snapshotGasLastCall("proofs", string.concat(name, ", register"));
        vm.assertTrue(sent(verifier, call), name);
        vm.snapshotGasLastCall("proofs", name);
    }

    /// A proof whose word at a place is not canonical is refused where that word is read: what was spent until then.
    function phases(string memory name) private {
        phases(name, "ok_");
    }

    function phases(string memory name, string memory prefix) private {
        Call memory call = read(string.concat(prefix, name, ".json"));
        IProofVerifier verifier = deploy(call);
        // [9.2] backwards: the opening's 22 words, v, R, v_R, two words for each round of the batch evaluation.
        uint256 v = call.proof.length / 32 - 22 - 4;
        uint256 rounds = 2 * (head(call, 36) + head(call, 37));
        // Forwards: the first message's chunks, M' and two sums, the second message's chunks.
        uint256 total = 2 * head(call, 79) + 4 + 2 * head(call, 83);
        until(verifier, call, name, "1, messages", total);
        until(verifier, call, name, "2, main sumcheck and its end", v - rounds - 1);
        until(verifier, call, name, "3, batch evaluation's rounds", v - 1);
        until(verifier, call, name, "4, functionals", v);
        until(verifier, call, name, "5, opening in the field", v + 4 + 15);
    }

    /// A byte of the descriptor.
    function head(Call memory call, uint256 place) private pure returns (uint256) {
        return uint8(call.descriptor[place]);
    }

    /// The verdict, asked for by a transaction: a static call would be measured without base fee and calldata.
    function sent(IProofVerifier verifier, Call memory call) private returns (bool) {
        Statement memory statement = abi.decode(call.statement, (Statement));
        bytes memory data = abi.encodeCall(IProofVerifier.verify, (digestOf(call), statement, call.points, call.proof));
        (bool success, bytes memory answer) = address(verifier).call(data);
        vm.assertTrue(success, "reverted");
        return abi.decode(answer, (bool));
    }

    function until(IProofVerifier verifier, Call memory call, string memory name, string memory phase, uint256 place)
        private
    {
        bytes memory proof = bytes.concat(call.proof);
        assembly ("memory-safe") {
            mstore(add(add(proof, 0x20), mul(place, 0x20)), not(0))
        }
        Call memory bad = Call(call.tau, call.setup, call.descriptor, call.tables, call.statement, call.points, proof);
        // A static call is measured without base fee and calldata, whose floor price would hide early phases.
        vm.assertFalse(verify(verifier, bad), phase);
        vm.snapshotGasLastCall("proofs", string.concat(name, ", until ", phase));
    }
}
