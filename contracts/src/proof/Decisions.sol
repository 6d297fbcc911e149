// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {eqTable} from "./Eq.sol";
import "./Memory.sol";
import {blockAt} from "./Terms.sol";

// What a relation about decisions adds to its terms ([4.6]). Its head is `coordinates u8 | products u16 | terms u16 | 2 |
// first u32 | classes u32 | bits of a class u8`.

// The kind of such a relation.
uint256 constant DECISION = 2;

/// Minus, for each item, `eq(r, item)` times the sum of `eq(r, j)` over the classes j below its own. Ends the call if a
/// stated decision is no class.
function decisions(uint256 word) pure returns (uint256 value) {
    uint256 table;
    uint256 bits;
    uint256 all;
    assembly {
        table := mload(TABLES)
        bits := byte(14, word)
        all := byte(0, word)
    }
    uint256 items = eqTable(R, bits, table, 1);
    uint256 end = eqTable(R + (bits << 5), all - bits, items, 1);
    assembly {
        let classes := and(shr(144, word), 0xffffffff)
        // Sums of what lies below.
        let sum := 0
        for { let entry := table } lt(entry, items) { entry := add(entry, 0x20) } {
            let own := mload(entry)
            mstore(entry, sum)
            sum := addmod(sum, own, P)
        }
        let source := add(mload(PUBLIC), shl(5, and(shr(176, word), 0xffffffff)))
        for {} lt(items, end) { items := add(items, 0x20) } {
            let class := calldataload(source)
            if iszero(lt(class, classes)) {
                mstore(0, 0)
                return(0, 0x20)
            }
            value := addmod(value, mulmod(mload(items), mload(add(table, shl(5, class))), P), P)
            source := add(source, 0x20)
        }
        value := sub(P, value)
    }
}

/// The functional of the chosen scores at u: for a block of scores at `cell`, the sum over items of
/// `eq(r, item) eq(u, item) eq(u, class of item)`, times the sum of `eq(r, j)` over all real classes.
function chosenAt(uint256 word, uint256 cell) pure returns (uint256 value) {
    uint256 classes;
    uint256 bits;
    uint256 all;
    assembly {
        classes := mload(TABLES)
        bits := shl(5, byte(14, word))
        all := byte(0, word)
    }
    uint256 own = eqTable(R, bits >> 5, classes, 1);
    uint256 left = eqTable(U, bits >> 5, own, 1);
    uint256 right = eqTable(R + bits, all - (bits >> 5), left, 1);
    eqTable(U + bits, all - (bits >> 5), right, 1);
    uint256 place = blockAt(all, cell);
    assembly {
        let sum := 0
        for { let end := add(classes, shl(5, and(shr(144, word), 0xffffffff))) } lt(classes, end) {
            classes := add(classes, 0x20)
        } { sum := addmod(sum, mload(classes), P) }
        let source := add(mload(PUBLIC), shl(5, and(shr(176, word), 0xffffffff)))
        for { let end := right } lt(left, end) { left := add(left, 0x20) } {
            let item := mulmod(mload(left), mload(right), P)
            value := addmod(value, mulmod(item, mload(add(own, shl(5, calldataload(source)))), P), P)
            right := add(right, 0x20)
            source := add(source, 0x20)
        }
        value := mulmod(mulmod(value, sum, P), place, P)
    }
}
