// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

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
    }
}

/// How many chunks a role has: 0 weights, 1 tables, 2 inputs, 3 and 4 the two messages.
function chunksOf(uint256 role) pure returns (uint256 count) {
    assembly {
        count := and(shr(240, mload(add(add(DESCRIPTOR, 66), shl(2, role)))), 0xffff)
    }
}

/// How many public values relations speak of.
function publicCount() pure returns (uint256 count) {
    assembly {
        count := shr(224, mload(add(DESCRIPTOR, 60)))
    }
}

/// Whether there is room for masks.
function hasMasks() pure returns (bool masked) {
    assembly {
        masked := iszero(eq(byte(9, mload(add(DESCRIPTOR, 32))), 255))
    }
}
