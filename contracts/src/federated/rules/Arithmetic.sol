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

/// As `squareRoot`, cheaper where `near` is about what it gives.
function squareRootNear(uint256 value, uint256 near) pure returns (uint256 root) {
    assembly ("memory-safe") {
        // Newton comes from above, whatever it begins with; from 0 there is only 0.
        root := shr(1, add(near, div(value, near)))
        root := shr(1, add(root, div(value, root)))
        root := shr(1, add(root, div(value, root)))
        root := sub(root, gt(mul(root, root), value))
        // Below the next square; what is below this one is far above it as an unsigned word.
        near := lt(sub(value, mul(root, root)), add(shl(1, root), 1))
    }
    if (near == 0) return squareRoot(value);
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

/// Moves the `most` largest of `count` words behind the others; `most` is below `count`. In order are neither.
function select(uint256 words, uint256 count, uint256 most) pure {
    assembly ("memory-safe") {
        // Hoare's: what is left and right of where the least of the largest will be.
        let low := words
        let high := add(words, shl(5, sub(count, 1)))
        let place := sub(add(high, 0x20), shl(5, most))
        for {} lt(low, high) {} {
            let pivot := mload(add(low, shl(5, shr(6, sub(high, low)))))
            let left := low
            let right := high
            for {} 1 {} {
                let first := mload(left)
                for {} lt(first, pivot) {} {
                    left := add(left, 0x20)
                    first := mload(left)
                }
                let last := mload(right)
                for {} gt(last, pivot) {} {
                    right := sub(right, 0x20)
                    last := mload(right)
                }
                if iszero(gt(left, right)) {
                    mstore(left, last)
                    mstore(right, first)
                    left := add(left, 0x20)
                    right := sub(right, 0x20)
                }
                if gt(left, right) { break }
            }
            // Between the two lies at most one word, which is the pivot's equal.
            switch lt(right, place)
            case 0 { high := right }
            default {
                if gt(left, place) { break }
                low := left
            }
        }
    }
}

/// The lower median of `count` values: of an even number the lower middle one. Changes their order.
function lowerMedian(uint256 values, uint256 count) pure returns (uint256) {
    unchecked {
        uint256 middle = (count - 1) / 2;
        select(values, count, count - middle);
        return word(values, middle);
    }
}
