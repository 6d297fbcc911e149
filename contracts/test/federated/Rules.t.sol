// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IRobustWeights, Kind, Rows, Rule} from "../../src/interfaces/IRobustWeights.sol";
import {vm} from "../Vm.sol";

/// @dev What Rust made of a matrix: weights and qualities, four bytes each, or the error.
struct Case {
    Rule rule;
    Rows rows;
    bytes matrix;
    bytes weights;
    bytes qualities;
    bytes fault;
}

/// @dev Holds `RobustWeights` to what `crates/federated` computes, bit for bit, and pins what it costs.
contract RulesTest {
    IRobustWeights private robust;

    function setUp() public {
        bytes memory code = vm.getCode("RobustWeights.sol:RobustWeights");
        address place;
        assembly ("memory-safe") { place := create(0, add(code, 0x20), mload(code)) }
        robust = IRobustWeights(place);
    }

    /// Weights, and errors with what they say, of every matrix and rule in the vectors.
    function test_rules_areThoseOfRust() public view {
        string memory json = vm.readFile("../vectors/federated/rules.json");
        Case[] memory cases = abi.decode(vm.parseJsonBytes(json, ".cases"), (Case[]));
        vm.assertEq(cases.length, vm.parseJsonUint(json, ".count"));
        uint256 refused = 0;
        for (uint256 i = 0; i < cases.length; ++i) {
            Case memory one = cases[i];
            string memory name = string.concat("case ", vm.toString(i));
            try robust.weigh(one.rule, one.rows, one.matrix) returns (uint256[] memory weights) {
                vm.assertEq(one.fault.length, 0, name);
                vm.assertEq(keccak256(packed(weights)), keccak256(one.weights), name);
                vm.assertEq(keccak256(packed(robust.judge(one.rows, one.matrix))), keccak256(one.qualities), name);
            } catch (bytes memory fault) {
                vm.assertEq(keccak256(fault), keccak256(one.fault), name);
                ++refused;
            }
        }
        vm.assertTrue(refused > 0 && refused < cases.length / 2, "some are refused");
    }

    /// Few distances that are narrow are selected in lanes of a word: the same weights as by what Rust's vectors pin, also where all are
    /// alike.
    function test_NarrowDistancesAreSelectedAlike() public view {
        for (uint16 updates = 3; updates <= 13; ++updates) {
            for (uint8 faults = 0; faults <= 5 && 2 * faults < updates; ++faults) {
                for (uint256 cells = 0; cells <= 8; cells += 2) {
                    bytes memory matrix = matrixOf(updates, cells);
                    Rule memory rule = Rule(Kind.MultiKrum, faults, false, false, 0, 0);
                    if (cells == 4) rule.kind = Kind.Krum;
                    if (cells == 6) (rule.clip, rule.mix) = (true, true);
                    uint256[] memory narrow = robust.weigh(rule, Rows(updates, false, false, false, 1 << 60, 0), matrix);
                    uint256[] memory wide = robust.weigh(rule, Rows(updates, false, false, false, 1 << 62, 0), matrix);
                    vm.assertEq(keccak256(packed(narrow)), keccak256(packed(wide)), "the same");
                }
            }
        }
    }

    function packed(uint256[] memory weights) private pure returns (bytes memory data) {
        data = new bytes(4 * weights.length);
        for (uint256 i = 0; i < data.length; ++i) {
            data[i] = bytes1(uint8(weights[i / 4] >> (24 - 8 * (i % 4))));
        }
    }

    /// What each rule costs, as the call that a task makes.
    function test_gas_rules() public {
        costs(20, 4);
        costs(100, 20);
    }

    function costs(uint16 updates, uint8 faults) private {
        bytes memory matrix = matrixOf(updates + 2, 24);
        bytes memory both = bytes.concat(matrix, matrixOf(updates, 24));
        Rows memory rows = Rows(updates, true, true, false, 1 << 40, 0);
        string memory size = string.concat(", ", vm.toString(uint256(updates)), " updates");
        string[6] memory names = ["average", "centered clipping", "Krum", "Multi-Krum", "geometric median", "FLTrust"];
        for (uint256 kind = 0; kind < 6; ++kind) {
            Rule memory rule = Rule(Kind(kind), faults, false, false, 0, 0);
            robust.weigh(rule, rows, matrix);
            vm.snapshotGasLastCall("rules", string.concat(names[kind], size));
        }
        robust.weigh(Rule(Kind.Average, faults, true, false, 0, 0), rows, matrix);
        vm.snapshotGasLastCall("rules", string.concat("average of clipped", size));
        robust.weigh(Rule(Kind.Average, faults, false, true, 0, 0), rows, matrix);
        vm.snapshotGasLastCall("rules", string.concat("average of mixed", size));
        Rows memory halves = Rows(updates, true, true, true, 1 << 40, 1 << 40);
        robust.weigh(Rule(Kind.MultiKrum, faults, false, false, 0, 0), halves, both);
        vm.snapshotGasLastCall("rules", string.concat("Multi-Krum with histories", size));
        robust.judge(halves, both);
        vm.snapshotGasLastCall("rules", string.concat("qualities with histories", size));
        robust.weigh(Rule(Kind.GeometricMedian, faults, true, true, 0, 0), rows, matrix);
        vm.snapshotGasLastCall("rules", string.concat("geometric median of clipped and mixed", size));
    }

    /// The triangle of rows of small numbers that a hash chain gives.
    function matrixOf(uint256 count, uint256 cells) private pure returns (bytes memory data) {
        int256[] memory values = new int256[](count * cells);
        bytes32 seed = "rows";
        for (uint256 i = 0; i < values.length; ++i) {
            seed = keccak256(abi.encode(seed));
            values[i] = int256(uint256(seed) >> 240) - 32_768;
        }
        data = new bytes(4 * count * (count + 1));
        uint256 to;
        assembly ("memory-safe") { to := add(data, 0x20) }
        for (uint256 i = 0; i < count; ++i) {
            for (uint256 j = i; j < count; ++j) {
                int256 sum = 0;
                for (uint256 k = 0; k < cells; ++k) {
                    sum += values[i * cells + k] * values[j * cells + k];
                }
                assembly ("memory-safe") {
                    mstore(to, or(shl(192, sum), shr(64, shl(64, mload(to)))))
                    to := add(to, 8)
                }
            }
        }
    }
}
