// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import "./Memory.sol";

// What a relation about decisions adds to its terms ([4.6]). Its head is `coordinates u8 | products u16 | terms u16 | 2 |
// first u32 | classes u32 | bits of a class u8`.

// The kind of such a relation.
uint256 constant DECISION = 2;

/// What does not depend on u: the sum over items of `eq(r, item)` times the sum of `eq(r, j)` over the classes j below
/// its own; the relation's constant is minus that. At u, for a block of scores and without its place: the sum over items
/// of `eq(r, item) eq(u, item) eq(u, class of item)`, times the sum of `eq(r, j)` over all real classes. Ends the call
/// if a stated decision is no class. One function for both and without `eqTable`, so that there is room for this code.
function decisions(uint256 word, bool atU) pure returns (uint256 value) {
    assembly {
        function table(first, point, bits, start) -> end {
            mstore(start, first)
            end := add(start, 0x20)
            for {} bits { bits := sub(bits, 1) } {
                let x := mload(point)
                point := add(point, 0x20)
                let size := sub(end, start)
                for { let past := end } lt(start, past) { start := add(start, 0x20) } {
                    let low := mload(start)
                    let high := mulmod(low, x, P)
                    mstore(end, high)
                    mstore(start, addmod(low, sub(P, high), P))
                    end := add(end, 0x20)
                }
                start := sub(start, size)
            }
        }
        let bits := byte(14, word)
        let count := sub(byte(0, word), bits)
        let classes := mload(TABLES)
        let items := table(1, R, bits, classes)
        let others := table(1, add(R, shl(5, bits)), count, items)
        let past := others
        let all := shr(224, shl(80, word))
        // Sums of what lies below, and of everything.
        let sum := 0
        for { let entry := classes } lt(entry, add(classes, shl(5, all))) { entry := add(entry, 0x20) } {
            let own := mload(entry)
            mstore(entry, sum)
            sum := addmod(sum, own, P)
        }
        if atU {
            classes := others
            others := table(sum, U, bits, classes)
            pop(table(1, add(U, shl(5, bits)), count, others))
        }
        // 32 bytes a value
        let source := add(mload(PUBLIC), shl(5, shr(224, shl(48, word))))
        for {} lt(items, past) { items := add(items, 0x20) } {
            let class := calldataload(source)
            if iszero(lt(class, all)) {
                mstore(0, 0)
                return(0, 0x20)
            }
            let own := mulmod(mload(items), mload(add(classes, shl(5, class))), P)
            if atU {
                own := mulmod(own, mload(others), P)
                others := add(others, 0x20)
            }
            value := addmod(value, own, P)
            source := add(source, 0x20)
        }
    }
}
