// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {DescriptorValidator} from "../../src/DescriptorValidator.sol";
import {IProofVerifier, Statement} from "../../src/interfaces/IProofVerifier.sol";
import {ProofVerifier} from "../../src/ProofVerifier.sol";
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
        cost("mlp_transparent");
        cost("mlp_zk");
    }

    function cost(string memory name) private {
        Call memory call = read(string.concat("ok_", name, ".json"));
        ProofVerifier verifier = new ProofVerifier(call.tau, call.setup, new DescriptorValidator());
        verifier.register(call.descriptor);
        vm.snapshotGasLastCall("proofs", string.concat(name, ", register"));
        vm.assertTrue(sent(verifier, call), name);
        vm.snapshotGasLastCall("proofs", name);
    }

    /// A proof whose word at a place is not canonical is refused where that word is read: what was spent until then.
    function test_gas_phases() public {
        Call memory call = read("ok_mlp_zk.json");
        ProofVerifier verifier = deploy(call);
        // From the end: the opening's 22 words and v, R, v_R; 17 rounds of the batch evaluation; 13 operands.
        uint256 end = call.proof.length / 32;
        until(verifier, call, "1, messages", firstTotal());
        until(verifier, call, "2, main sumcheck and its end", end - 22 - 4 - 34 - 1);
        until(verifier, call, "3, batch evaluation's rounds", end - 22 - 4 - 1);
        until(verifier, call, "4, functionals", end - 22 - 4);
        until(verifier, call, "5, opening in the field", end - 22 + 15);
    }

    /// The verdict, asked for by a transaction: a static call would be measured without base fee and calldata.
    function sent(ProofVerifier verifier, Call memory call) private returns (bool) {
        Statement memory statement = abi.decode(call.statement, (Statement));
        bytes memory data =
            abi.encodeCall(IProofVerifier.verify, (keccak256(call.descriptor), statement, call.points, call.proof));
        (bool success, bytes memory answer) = address(verifier).call(data);
        vm.assertTrue(success, "reverted");
        return abi.decode(answer, (bool));
    }

    /// Two chunks and the masks' message, then two chunks.
    function firstTotal() private pure returns (uint256) {
        return 2 * 2 + 4 + 2 * 2;
    }

    function until(ProofVerifier verifier, Call memory call, string memory phase, uint256 place) private {
        bytes memory proof = bytes.concat(call.proof);
        assembly ("memory-safe") {
            mstore(add(add(proof, 0x20), mul(place, 0x20)), not(0))
        }
        Call memory bad = Call(call.tau, call.setup, call.descriptor, call.statement, call.points, proof);
        // A static call is measured without base fee and calldata, whose floor price would hide early phases.
        vm.assertFalse(verify(verifier, bad), phase);
        vm.snapshotGasLastCall("proofs", string.concat("mlp_zk, until ", phase));
    }
}
