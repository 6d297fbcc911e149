// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {eqTable} from "./Eq.sol";
import "./Memory.sol";

// What a relation about inner products of rows adds ([10.6]). Its head is `coordinates u8 | products u16 | 0 u16 | 3 | half u32 |
// halves u32 | bits of a row's number u8`.

// The kind of such a relation.
uint256 constant GRAM = 3;
// Makes numbers of 64 bits of signed ones.
uint256 constant BIAS = 1 << 63;

/// Minus the sum over all pairs of rows of `eq(r, i) eq(r', j)` times their inner product, of which the statement has the upper
/// triangle, row by row; r' are the coordinates behind those of r. Ends the call with false if one of them is no number of 64 bits.
function gram(uint256 word) pure returns (uint256 value) {
    uint256 bits = (word >> 136) & 0xff;
    uint256 one;
    assembly {
        one := mload(TABLES)
    }
    uint256 other = eqTable(R, bits, one, 1);
    unchecked {
        eqTable(R + 32 * bits, bits, other, 1);
    }
    assembly {
        let rows := calldataload(mload(PUBLIC))
        let source := add(mload(PUBLIC), shl(5, mload(HALVES)))
        if and(shr(176, word), 0xffffffff) {
            // Behind the first half's.
            source := add(source, shl(4, mul(rows, add(rows, 1))))
            rows := calldataload(add(mload(PUBLIC), 0x20))
        }
        // From what a row weighs on one side to what it weighs on the other.
        let behind := sub(other, one)
        let ones := 0
        let others := 0
        let bad := 0
        for { let last := add(one, shl(5, rows)) } lt(one, last) { one := add(one, 0x20) } {
            let cell := add(calldataload(source), BIAS)
            bad := or(bad, cell)
            let own := mulmod(cell, mload(add(one, behind)), P)
            let mirrored := 0
            source := add(source, 0x20)
            let c := add(one, 0x20)
            for {} lt(c, last) { c := add(c, 0x20) } {
                cell := add(calldataload(source), BIAS)
                bad := or(bad, cell)
                mirrored := addmod(mirrored, mulmod(cell, mload(c), P), P)
                own := addmod(own, mulmod(cell, mload(add(c, behind)), P), P)
                source := add(source, 0x20)
            }
            let a := mload(one)
            ones := addmod(ones, a, P)
            value := addmod(value, mulmod(a, own, P), P)
            a := mload(add(one, behind))
            others := addmod(others, a, P)
            value := addmod(value, mulmod(a, mirrored, P), P)
        }
        // What all were raised by, each as often as it was added.
        value := addmod(mulmod(BIAS, mulmod(ones, others, P), P), sub(P, value), P)
        // A word that is no number of 64 bits.
        if shr(64, bad) {
            mstore(0, 0)
            return(0, 0x20)
        }
    }
}
