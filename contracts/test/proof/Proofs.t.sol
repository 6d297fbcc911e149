// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IProofVerifier} from "../../src/interfaces/IProofVerifier.sol";
import {Vm, vm} from "../Vm.sol";
import {Call, ProofVectors} from "./Vectors.sol";

/// @dev The vectors of the Rust verifier: what it accepts the contract accepts, what it refuses the contract
/// refuses, by returning false.
contract ProofsTest is ProofVectors {
    function setUp() public {
        vm.chainId(CHAIN);
    }

    function test_proofs_good() public {
        string[8] memory names = ["dense", "argmax", "windows", "separate", "mlp", "perceptron", "lenet", "cnn"];
        for (uint256 i = 0; i < 2 * names.length; ++i) {
            string memory name = string.concat(names[i / 2], i % 2 == 0 ? "_transparent" : "_zk");
            Call memory call = read(string.concat("ok_", name, ".json"));
            IProofVerifier verifier = deploy(call);
            vm.assertTrue(verify(verifier, call), name);
        }
    }

    /// Updates and rounds of federated tasks.
    function test_federated_good() public {
        string[4] memory names =
            ["update_narrow_transparent", "update_wide_zk", "round_one_half_transparent", "round_two_halves_zk"];
        for (uint256 i = 0; i < names.length; ++i) {
            Call memory call = read(string.concat("ok_", names[i], ".json"));
            vm.assertTrue(verify(deploy(call), call), names[i]);
        }
    }

    /// Cells out of range, norms above their bound, padding; words, points and statements that are changed.
    function test_federated_badUpdates() public {
        bad("update_narrow_transparent", 20);
        bad("update_wide_zk", 20);
    }

    /// Matrices that are not the rows', models and remainders out of range, rows that are exchanged, added or left out.
    function test_federated_badRounds() public {
        bad("round_one_half_transparent", 40);
        bad("round_two_halves_zk", 40);
    }

    /// Proofs of released versions, `frozen/SUITE/RELEASE/*.json`.
    function test_proofs_frozen() public {
        Vm.DirEntry[] memory entries = vm.readDir(string.concat(FOLDER, "frozen"), 3);
        uint256 proofs;
        for (uint256 i = 0; i < entries.length; ++i) {
            if (entries[i].isDir || entries[i].depth != 3) continue;
            Call memory call = readAt(entries[i].path);
            IProofVerifier verifier = deploy(call);
            vm.assertTrue(verify(verifier, call), entries[i].path);
            ++proofs;
        }
        vm.assertTrue(proofs >= 16, "proofs");
    }

    function test_proofs_bad_transparent() public {
        bad("dense_transparent", 100);
    }

    function test_proofs_bad_zk() public {
        bad("dense_zk", 100);
    }

    /// Decisions that the margins do not bear out, and classes that are none.
    function test_decisions_bad() public {
        bad("argmax_transparent", 8);
        bad("argmax_zk", 8);
    }

    /// Lists of items with input commitments of their own that are not what was proved.
    function test_separate_bad() public {
        bad("separate_transparent", 28);
        bad("separate_zk", 28);
    }

    function bad(string memory name, uint256 least) private {
        Call memory call = read(string.concat("ok_", name, ".json"));
        IProofVerifier verifier = deploy(call);
        string memory json = vm.readFile(string.concat(FOLDER, "bad_", name, ".json"));
        uint256 count = vm.parseJsonUint(json, ".count");
        vm.assertTrue(count > least, "cases");
        for (uint256 i = 0; i < count; ++i) {
            string memory spot = string.concat(".cases[", vm.toString(i), "]");
            Call memory changed = patched(call, json, spot);
            // With other points the descriptor has another digest, by which it has to be registered.
            register(verifier, changed);
            vm.assertFalse(verify(verifier, changed), vm.parseJsonString(json, string.concat(spot, ".name")));
        }
    }
}
