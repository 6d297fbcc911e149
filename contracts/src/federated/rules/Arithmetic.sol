// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

// What rules reckon with ([F2.6]): words in memory from a place on, square roots, shares, the largest of a list.

// One, where a number is in parts of it: 16 bits.
uint256 constant ONE = 1 << 16;

/// Memory for so many words; not zeroed.
function allocate(uint256 words) pure returns (uint256 place) {
    assembly ("memory-safe") {
        place := mload(0x40)
        mstore(0x40, add(place, shl(5, words)))
    }
}

/// The word with this index from `place` on.
function word(uint256 place, uint256 index) pure returns (uint256 value) {
    assembly ("memory-safe") { value := mload(add(place, shl(5, index))) }
}

/// The same as a signed number.
function signedWord(uint256 place, uint256 index) pure returns (int256 value) {
    assembly ("memory-safe") { value := mload(add(place, shl(5, index))) }
}

/// Sets the word with this index from `place` on.
function setWord(uint256 place, uint256 index, uint256 value) pure {
    assembly ("memory-safe") { mstore(add(place, shl(5, index)), value) }
}

/// A signed value, or 0 if that is larger.
function positive(int256 value) pure returns (uint256 part) {
    assembly ("memory-safe") { part := mul(value, sgt(value, 0)) }
}

/// The square root rounded down, of a value below 2^128.
function squareRoot(uint256 value) pure returns (uint256 root) {
    assembly ("memory-safe") {
        // A power of two above the root and at most twice as large, or 1.
        let rest := value
        root := 1
        if shr(64, rest) {
            rest := shr(64, rest)
            root := shl(32, root)
        }
        if shr(32, rest) {
            rest := shr(32, rest)
            root := shl(16, root)
        }
        if shr(16, rest) {
            rest := shr(16, rest)
            root := shl(8, root)
        }
        if shr(8, rest) {
            rest := shr(8, rest)
            root := shl(4, root)
        }
        if shr(4, rest) {
            rest := shr(4, rest)
            root := shl(2, root)
        }
        if shr(2, rest) { root := shl(1, root) }
        root := shl(1, root)
        // Newton from above: the error is at most the root, then a quarter, 2^-5, 2^-11, 2^-23, 2^-47, 2^-95 of it.
        root := shr(1, add(root, div(value, root)))
        root := shr(1, add(root, div(value, root)))
        root := shr(1, add(root, div(value, root)))
        root := shr(1, add(root, div(value, root)))
        root := shr(1, add(root, div(value, root)))
        root := shr(1, add(root, div(value, root)))
        root := sub(root, gt(mul(root, root), value))
    }
}

/// `min(1, most / size)` in parts of one, rounded down.
function factor(uint256 size, uint256 most) pure returns (uint256) {
    unchecked {
        return size <= most ? ONE : (most << 16) / size;
    }
}

/// Replaces `count` masses by `total` in proportion to them: each its part rounded down, and what is left one each to the
/// first that are not 0. All 0 if all are.
function share(uint256 total, uint256 masses, uint256 count) pure {
    assembly ("memory-safe") {
        let end := add(masses, shl(5, count))
        let sum := 0
        for { let at := masses } lt(at, end) { at := add(at, 0x20) } { sum := add(sum, mload(at)) }
        if sum {
            let left := total
            for { let at := masses } lt(at, end) { at := add(at, 0x20) } {
                let part := div(mul(total, mload(at)), sum)
                left := sub(left, part)
                // What was not 0 stays so until the rest is dealt out: the sign bit keeps it.
                mstore(at, or(part, shl(255, gt(mload(at), 0))))
            }
            for { let at := masses } lt(at, end) { at := add(at, 0x20) } {
                let part := mload(at)
                if shr(255, part) {
                    part := shr(1, shl(1, part))
                    if left {
                        part := add(part, 1)
                        left := sub(left, 1)
                    }
                    mstore(at, part)
                }
            }
        }
    }
}

/// Writes the `most` largest of `count` different words to `to`, the least first; `most` is below `count`.
function largest(uint256 words, uint256 count, uint256 most, uint256 to) pure {
    assembly ("memory-safe") {
        let last := add(to, shl(5, most))
        for { let at := to } lt(at, last) { at := add(at, 0x20) } { mstore(at, 0) }
        last := sub(last, 0x20)
        if most {
            let least := 0
            for { let end := add(words, shl(5, count)) } lt(words, end) { words := add(words, 0x20) } {
                let key := mload(words)
                if gt(key, least) {
                    let at := to
                    for {} lt(at, last) {} {
                        let next := mload(add(at, 0x20))
                        if gt(next, key) { break }
                        mstore(at, next)
                        at := add(at, 0x20)
                    }
                    mstore(at, key)
                    least := mload(to)
                }
            }
        }
    }
}

/// The lower median of `count` values below 2^248: of an even number the lower middle one. Changes the values.
function lowerMedian(uint256 values, uint256 count) pure returns (uint256) {
    unchecked {
        // Made different, then those from the median up.
        for (uint256 i = 0; i < count; ++i) {
            setWord(values, i, (word(values, i) << 8) | i);
        }
        uint256 upper = count - (count - 1) / 2;
        if (upper == count) {
            uint256 least = type(uint256).max;
            for (uint256 i = 0; i < count; ++i) {
                uint256 value = word(values, i);
                if (value < least) least = value;
            }
            return least >> 8;
        }
        uint256 room = allocate(upper);
        largest(values, count, upper, room);
        return word(room, 0) >> 8;
    }
}
