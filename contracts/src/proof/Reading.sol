// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ROUND} from "../descriptor/Bytes.sol";
import "./Memory.sol";

// The descriptor's bytes, `averment-descriptor/1` (docs/protocol.md [10.3]).

/// Copies the descriptor and the tables' points that are stored as `code` (behind one byte that keeps it from being run)
/// to memory and sets out what of them is needed again and again. Returns where memory is free; 0 if there is no code.
function load(address code) view returns (uint256 free) {
    assembly {
        let size := extcodesize(code)
        extcodecopy(code, DESCRIPTOR, 1, size)
        free := mul(and(add(add(DESCRIPTOR, size), 31), not(31)), gt(size, 0))
        let head := mload(add(DESCRIPTOR, 32))
        mstore(CHUNK_BITS, byte(4, head))
        mstore(COUNT_BITS, byte(5, head))
        mstore(SLOT_BITS, byte(6, head))
        // One for each of the four bytes that is not 255, which stands behind all others.
        let absent := and(shr(135, head), 0x01010101)
        mstore(SLOTS, sub(4, byte(28, mul(absent, 0x01010101))))
        mstore(TABLE_BITS, byte(7, head))
        mstore(VARIABLES, byte(10, head))
        mstore(POINT_LENGTH, byte(11, head))
        let products := and(shr(32, head), 0xffff)
        mstore(PRODUCTS, products)
        let place := add(add(DESCRIPTOR, 136), mul(19, and(shr(80, head), 0xffff)))
        mstore(LOOKUPS, place)
        place := add(place, mul(14, and(shr(64, head), 0xffff)))
        mstore(HEADS, place)
        place := add(place, mul(15, and(shr(48, head), 0xffff)))
        mstore(SUMS, place)
        place := add(place, mul(7, products))
        mstore(DEGREES, place)
        mstore(TERMS, add(place, byte(10, head)))
        // An input's lookups are of all items, its size is that of its block: of all items too, or of one.
        let inputs := and(shr(96, head), 0xffff)
        if eq(mload(DESCRIPTOR), ROUND) {
            // Two vectors, the second without anything behind it.
            let both := and(shr(240, mload(add(DESCRIPTOR, 66))), 0xffff)
            let stride := 1
            for {} lt(shl(1, stride), both) {} { stride := shl(1, stride) }
            mstore(HALVES, shr(224, mload(add(DESCRIPTOR, 60))))
            mstore(EACH, sub(both, stride))
            mstore(STRIDE, stride)
            inputs := 0
        }
        if inputs {
            let lookup := mload(sub(mload(HEADS), mul(14, inputs)))
            let sizes := sub(add(DESCRIPTOR, shr(224, head)), add(and(shr(112, head), 0xffff), inputs))
            mstore(ITEM_BITS, sub(byte(5, lookup), byte(0, mload(sizes))))
        }
    }
}

/// How many chunks a role has: 0 weights, 1 tables, 2 inputs, 3 and 4 the two messages.
function chunksOf(uint256 role) pure returns (uint256 count) {
    assembly {
        count := and(shr(240, mload(add(add(DESCRIPTOR, 66), shl(2, role)))), 0xffff)
    }
}

/// How many points of weights and inputs there are: one a chunk, but none of items that only fill a batch of separate commitments,
/// nor of missing rows.
function pointCount(uint256 items) pure returns (uint256 count) {
    uint256 bits;
    uint256 each;
    assembly {
        bits := mload(ITEM_BITS)
        each := mload(EACH)
    }
    unchecked {
        // All are below 2^32.
        if (each != 0) return each * (2 + items);
        count = chunksOf(2);
        if (bits != 0) count = (count >> bits) * items;
        return count + chunksOf(0);
    }
}

/// How many public values relations speak of.
function publicCount() pure returns (uint256 count) {
    assembly {
        count := shr(224, mload(add(DESCRIPTOR, 60)))
    }
}

/// How many public values a statement about so many items has, the first of which lie at `source` in calldata, `got` of them. Of a
/// round they begin with how many rows each half has; another number than `got` if these do not fit.
function statedCount(uint256 source, uint256 got, uint256 items) pure returns (uint256 count) {
    count = publicCount();
    assembly {
        let halves := mload(HALVES)
        if halves {
            let most := div(and(shr(240, mload(add(DESCRIPTOR, 74))), 0xffff), mul(halves, mload(STRIDE)))
            if iszero(lt(got, halves)) {
                for { let end := add(source, shl(5, halves)) } lt(source, end) { source := add(source, 0x20) } {
                    let rows := calldataload(source)
                    // None, or too many: then it is none of the items.
                    if iszero(lt(sub(rows, 1), most)) { items := not(0) }
                    items := sub(items, rows)
                    count := add(count, shr(1, mul(rows, add(rows, 1))))
                }
            }
            if items { count := not(got) }
        }
    }
}

/// Whether there is room for masks.
function hasMasks() pure returns (bool masked) {
    assembly {
        masked := iszero(eq(byte(9, mload(add(DESCRIPTOR, 32))), 255))
    }
}
