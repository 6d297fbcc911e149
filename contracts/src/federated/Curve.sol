// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../interfaces/IFederatedTask.sol";
import {ADD_GAS} from "../proof/Opening.sol";

// Sums of points of BN254's G1, 64 bytes each: x and y, big-endian; zeros are the identity. The precompile refuses what is not
// canonical or not on the curve; if less gas is there than it may need, the call reverts and says so.

uint256 constant POINT = 64;
// Of the field of coordinates.
uint256 constant FIELD = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;
// log2 D: weights have as many bits below one.
uint256 constant SCALE_BITS = 16;
// Weights are at most 2^20.
uint256 constant WEIGHT_BITS = 21;

/// Point by point `left + right`, of which there are as many; of an empty `right` all are the identity.
function addAll(bytes calldata left, bytes calldata right) view returns (bytes memory sums) {
    if (right.length != 0 && right.length != left.length) {
        revert IFederatedTask.OtherLength(left.length, right.length);
    }
    sums = new bytes(left.length);
    bytes memory pair = new bytes(2 * POINT);
    for (uint256 place = 0; place < left.length; place += POINT) {
        bool done;
        // The precompile takes and gives memory.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            let operands := add(pair, 0x20)
            calldatacopy(operands, add(left.offset, place), POINT)
            if right.length { calldatacopy(add(operands, POINT), add(right.offset, place), POINT) }
            done := staticcall(ADD_GAS, 6, operands, 0x80, add(add(sums, 0x20), place), POINT)
        }
        if (!done) _failed(place / POINT);
    }
}

/// Point by point `left - right`, as many of both. Of `right` every coordinate is held against the field.
function subtractAll(bytes calldata left, bytes calldata right) view returns (bytes memory differences) {
    if (right.length != left.length) revert IFederatedTask.OtherLength(left.length, right.length);
    differences = new bytes(left.length);
    bytes memory pair = new bytes(2 * POINT);
    for (uint256 place = 0; place < left.length; place += POINT) {
        bool done;
        // As above.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            let operands := add(pair, 0x20)
            calldatacopy(operands, add(left.offset, place), POINT)
            calldatacopy(add(operands, POINT), add(right.offset, place), POINT)
            let y := mload(add(operands, 0x60))
            mstore(add(operands, 0x60), mod(sub(FIELD, y), FIELD))
            done := staticcall(ADD_GAS, 6, operands, 0x80, add(add(differences, 0x20), place), POINT)
            done := and(done, lt(y, FIELD))
        }
        if (!done) _failed(place / POINT);
    }
}

/// Whether `Σ weights_i row_i = 2^16 step + rest` in every chunk.
/// @param rows Point of chunk c of row i at `(i chunks + c) 64`, as many rows as weights.
/// @param step A point of each chunk.
/// @param rest A point of each chunk.
function checkEquation(uint256[] memory weights, bytes calldata rows, bytes memory step, bytes calldata rest) view {
    uint256 chunks = rest.length / POINT;
    // Rows in a row that weigh the same are added up first: all of them, where a rule takes an average.
    uint256[] memory firsts = new uint256[](weights.length + 1);
    uint256 groups = 0;
    uint256 last = 0;
    for (uint256 i = 0; i < weights.length; ++i) {
        if (weights[i] == 0 || weights[i] == last) continue;
        last = weights[i];
        firsts[groups++] = i;
    }
    firsts[groups] = weights.length;
    bytes memory sums = new bytes(groups * POINT);
    for (uint256 c = 0; c < chunks; ++c) {
        uint256 done;
        // The precompile takes and gives memory; of its operands one stays.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            // Scratch behind all that is allocated: the sum, then the other operand.
            let acc := mload(0x40)
            let other := add(acc, POINT)
            done := 1
            function added(at) -> fine {
                fine := staticcall(ADD_GAS, 6, at, 0x80, at, POINT)
            }
            let stride := shl(6, chunks)
            for { let g := 0 } lt(g, groups) { g := add(g, 1) } {
                mstore(acc, 0)
                mstore(add(acc, 0x20), 0)
                let i := mload(add(firsts, shl(5, add(g, 1))))
                let end := mload(add(firsts, shl(5, add(g, 2))))
                let source := add(rows.offset, add(mul(i, stride), shl(6, c)))
                for {} lt(i, end) { i := add(i, 1) } {
                    if mload(add(weights, shl(5, add(i, 1)))) {
                        calldatacopy(other, source, POINT)
                        done := and(done, added(acc))
                    }
                    source := add(source, stride)
                }
                mcopy(add(add(sums, 0x20), shl(6, g)), acc, POINT)
            }
            mstore(acc, 0)
            mstore(add(acc, 0x20), 0)
            for { let bit := WEIGHT_BITS } bit {} {
                bit := sub(bit, 1)
                if or(mload(acc), mload(add(acc, 0x20))) {
                    mcopy(other, acc, POINT)
                    done := and(done, added(acc))
                }
                for { let g := 0 } lt(g, groups) { g := add(g, 1) } {
                    let i := mload(add(firsts, shl(5, add(g, 1))))
                    if and(shr(bit, mload(add(weights, shl(5, add(i, 1))))), 1) {
                        mcopy(other, add(add(sums, 0x20), shl(6, g)), POINT)
                        done := and(done, added(acc))
                    }
                }
                if eq(bit, SCALE_BITS) {
                    mcopy(other, add(add(step, 0x20), shl(6, c)), POINT)
                    // Minus the step, which the precompile gave.
                    mstore(add(other, 0x20), mod(sub(FIELD, mload(add(other, 0x20))), FIELD))
                    done := and(done, added(acc))
                }
            }
            // Minus the rest: what is left has to be this.
            calldatacopy(other, add(rest.offset, shl(6, c)), POINT)
            let equal := and(eq(mload(acc), mload(other)), eq(mload(add(acc, 0x20)), mload(add(other, 0x20))))
            if lt(equal, done) { done := 2 }
        }
        if (done == 0) _failed(c);
        if (done == 2) revert IFederatedTask.EquationFails(c);
    }
}

/// A precompile refused: its operands are bad, unless it lacked gas. It gets at most 63/64 of what there is.
function _failed(uint256 chunk) view {
    if (gasleft() <= ADD_GAS / 63) revert IFederatedTask.NotEnoughGas();
    revert IFederatedTask.BadPoint(chunk);
}
