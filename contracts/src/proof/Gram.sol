// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {eqTable} from "./Eq.sol";
import "./Memory.sol";

// What a relation about inner products of rows adds ([10.6]). Its head is `coordinates u8 | products u16 | 0 u16 | 3 | half u32 |
// halves u32 | bits of a row's number u8`.

// The kind of such a relation.
uint256 constant GRAM = 3;

/// Minus the sum over all pairs of rows of `eq(r, i) eq(r', j)` times their inner product, of which the statement has the upper
/// triangle, row by row; r' are the coordinates behind those of r.
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
        function stated(place) -> cell {
            cell := calldataload(place)
            if slt(cell, 0) { cell := add(cell, P) }
        }
        let rows := calldataload(mload(PUBLIC))
        let source := add(mload(PUBLIC), shl(5, mload(HALVES)))
        if and(shr(176, word), 0xffffffff) {
            // Behind the first half's.
            source := add(source, shl(4, mul(rows, add(rows, 1))))
            rows := calldataload(add(mload(PUBLIC), 0x20))
        }
        for { let last := add(one, shl(5, rows)) } lt(one, last) { one := add(one, 0x20) } {
            let a := mload(one)
            let b := mload(other)
            let own := mulmod(stated(source), b, P)
            let mirrored := 0
            source := add(source, 0x20)
            other := add(other, 0x20)
            let d := other
            for { let c := add(one, 0x20) } lt(c, last) { c := add(c, 0x20) } {
                let cell := stated(source)
                own := addmod(own, mulmod(cell, mload(d), P), P)
                mirrored := addmod(mirrored, mulmod(cell, mload(c), P), P)
                source := add(source, 0x20)
                d := add(d, 0x20)
            }
            value := addmod(value, add(mulmod(a, own, P), mulmod(b, mirrored, P)), P)
        }
        value := sub(P, value)
    }
}
