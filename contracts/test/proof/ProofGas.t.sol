// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {DescriptorValidator} from "../../src/DescriptorValidator.sol";
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
        vm.assertTrue(verify(verifier, call), name);
        vm.snapshotGasLastCall("proofs", name);
    }
}
