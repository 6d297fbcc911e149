// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../interfaces/IFederatedTask.sol";
import {ADD_GAS, MUL_GAS, PAIRING_GAS} from "../proof/Opening.sol";
import {FIELD, POINT} from "./Curve.sol";

// Integers that were posted, against commitments to them: a chunk is a polynomial, its cells the coefficients, its blind the one
// behind them (docs/protocol.md [3.5]).

// Of the field of scalars.
uint256 constant ORDER = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;

/// `Σ cell_i z^i` of cells of `width` bytes each, two's complement, big-endian.
function evaluated(bytes calldata cells, uint256 width, uint256 z) pure returns (uint256 value) {
    // A chunk has tens of thousands of cells.
    // slither-disable-next-line assembly
    assembly ("memory-safe") {
        let drop := sub(256, shl(3, width))
        let from := cells.offset
        for { let at := add(from, cells.length) } gt(at, from) {} {
            at := sub(at, width)
            let cell := sar(drop, calldataload(at))
            value := addmod(mulmod(value, z, ORDER), add(cell, mul(slt(cell, 0), ORDER)), ORDER)
        }
    }
}

/// `base^exponent` in the field.
function power(uint256 base, uint256 exponent) pure returns (uint256 result) {
    result = 1;
    for (; exponent != 0; exponent >>= 1) {
        if (exponent & 1 != 0) result = mulmod(result, base, ORDER);
        base = mulmod(base, base, ORDER);
    }
}

/// Whether chunk c of `points` is a commitment to a polynomial that is `values_c` at z, for all c:
/// `e(Σ γ^c (C_c - v_c G + z Q_c), G2) = e(Σ γ^c Q_c, τ G2)`, at a γ that depends on all of them.
/// @param tau [τ]G2, as the pairing takes it.
function isOpened(
    uint256[4] memory tau,
    bytes calldata points,
    uint256[] memory values,
    bytes calldata quotients,
    uint256 z
) view returns (bool) {
    uint256 gamma = uint256(keccak256(abi.encodePacked(points, values, quotients, z))) % ORDER;
    uint256[12] memory pairing;
    uint256 factor = 1;
    uint256 value = 0;
    for (uint256 c = 0; c < values.length; ++c) {
        _addMultiple(pairing, 0, points[c * POINT:(c + 1) * POINT], factor);
        bytes calldata quotient = quotients[c * POINT:(c + 1) * POINT];
        _addMultiple(pairing, 0, quotient, mulmod(factor, z, ORDER));
        _addMultiple(pairing, 6, quotient, factor);
        value = addmod(value, mulmod(factor, values[c], ORDER), ORDER);
        factor = mulmod(factor, gamma, ORDER);
    }
    _addMultiple(pairing, 0, abi.encode(uint256(1), uint256(2)), ORDER - value);
    // The second sum goes to the other side.
    pairing[7] = (FIELD - pairing[7]) % FIELD;
    pairing[2] = 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2;
    pairing[3] = 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed;
    pairing[4] = 0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b;
    pairing[5] = 0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa;
    for (uint256 i = 0; i < 4; ++i) {
        pairing[8 + i] = tau[i];
    }
    bool done;
    bool holds;
    // The precompile takes memory.
    // slither-disable-next-line assembly
    assembly ("memory-safe") {
        done := staticcall(PAIRING_GAS, 8, pairing, 0x180, 0x00, 0x20)
        holds := and(done, mload(0x00))
    }
    if (!done && gasleft() <= PAIRING_GAS / 63) revert IFederatedTask.NotEnoughGas();
    return holds;
}

/// Adds `factor` times a point to the one that begins at `word`.
function _addMultiple(uint256[12] memory sums, uint256 word, bytes memory point, uint256 factor) view {
    bool done;
    // As above.
    // slither-disable-next-line assembly
    assembly ("memory-safe") {
        let sum := add(sums, shl(5, word))
        let operands := mload(0x40)
        mcopy(add(operands, POINT), add(point, 0x20), POINT)
        mstore(add(operands, 0x80), factor)
        done := staticcall(MUL_GAS, 7, add(operands, POINT), 0x60, add(operands, POINT), POINT)
        mcopy(operands, sum, POINT)
        done := and(done, staticcall(ADD_GAS, 6, operands, 0x80, sum, POINT))
    }
    if (done) return;
    if (gasleft() <= MUL_GAS / 63) revert IFederatedTask.NotEnoughGas();
    revert IFederatedTask.BadPoint(0);
}
