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

/// Minus the sum over all pairs of rows of what both weigh (`Axis::Mixed`, [10.6]) times their inner product, of which the statement has
/// the upper triangle, row by row. Ends the call with false if one of them is no number of 64 bits.
function gram(uint256 word) pure returns (uint256 value) {
    uint256 half = (word >> 176) & 0xffffffff;
    // The second half's come right behind the first's, for whose rows they are the same.
    if (half == 0) rowWeights((word >> 136) & 0xff);
    assembly {
        let p := mload(ORDER)
        let row := mload(TABLES)
        let rows := calldataload(mload(PUBLIC))
        let source := add(mload(PUBLIC), shl(5, mload(HALVES)))
        if half {
            // Behind the first half's.
            source := add(source, shl(4, mul(rows, add(rows, 1))))
            rows := calldataload(add(mload(PUBLIC), 0x20))
        }
        let last := add(row, shl(5, rows))
        let all := 0
        let bad := 0
        for {} lt(row, last) {} {
            let weight := mload(row)
            all := addmod(all, weight, p)
            let cell := add(calldataload(source), BIAS)
            bad := or(bad, cell)
            // Its square, and all others twice.
            let square := mulmod(cell, weight, p)
            let pairs := 0
            source := add(source, 0x20)
            row := add(row, 0x20)
            // Four by four, whose sum with one more is below 2^256, and first what is left over.
            let c := row
            for { let past := add(c, and(sub(last, c), 0x60)) } lt(c, past) { c := add(c, 0x20) } {
                cell := add(calldataload(source), BIAS)
                bad := or(bad, cell)
                pairs := add(pairs, mulmod(cell, mload(c), p))
                source := add(source, 0x20)
            }
            for {} lt(c, last) { c := add(c, 0x80) } {
                cell := add(calldataload(source), BIAS)
                bad := or(bad, cell)
                pairs := add(mod(pairs, p), mulmod(cell, mload(c), p))
                cell := add(calldataload(add(source, 0x20)), BIAS)
                bad := or(bad, cell)
                pairs := add(pairs, mulmod(cell, mload(add(c, 0x20)), p))
                cell := add(calldataload(add(source, 0x40)), BIAS)
                bad := or(bad, cell)
                pairs := add(pairs, mulmod(cell, mload(add(c, 0x40)), p))
                cell := add(calldataload(add(source, 0x60)), BIAS)
                bad := or(bad, cell)
                pairs := add(pairs, mulmod(cell, mload(add(c, 0x60)), p))
                source := add(source, 0x80)
            }
            value := addmod(value, mulmod(weight, addmod(square, addmod(pairs, pairs, p), p), p), p)
        }
        // What all were raised by, each as often as it was added.
        value := addmod(mulmod(BIAS, mulmod(all, all, p), p), sub(p, value), p)
        // A word that is no number of 64 bits.
        if shr(64, bad) {
            mstore(0, 0)
            return(0, 0x20)
        }
    }
}

/// What each of `2^bits` rows weighs, to where tables go: `eq` of the first coordinates of r with its number, and of as many behind them
/// times the one behind both.
function rowWeights(uint256 bits) pure {
    uint256 one;
    uint256 start;
    assembly {
        one := mload(TABLES)
        start := mload(add(R, shl(6, bits)))
    }
    uint256 other = eqTable(R, bits, one, 1);
    unchecked {
        eqTable(R + 32 * bits, bits, other, start);
    }
    assembly {
        let size := sub(other, one)
        for {} lt(one, other) { one := add(one, 0x20) } {
            mstore(one, addmod(mload(one), mload(add(one, size)), P))
        }
    }
}
