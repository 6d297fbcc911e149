// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ONE, allocate, largest, lowerMedian, setWord, squareRoot, word} from "./Arithmetic.sol";
import {square} from "./Matrices.sol";

// What each update of a round is worth ([F4.3]), and how much it counts in a rule. Fractions are in parts of 2^16.

// Where a likeness of updates, of cumulative updates begins to count; a quarter later it counts in full.
uint256 constant SAME_UPDATE = 5 << 12;
uint256 constant SAME_HISTORY = 10 << 12;

/// How alike each two of `updates` rows are, 2^16 for a row and itself: nothing is known yet.
function noLikeness(uint256 updates) pure returns (uint256 like) {
    like = allocate(updates * updates);
    assembly ("memory-safe") {
        // What is behind the calldata is 0.
        calldatacopy(like, calldatasize(), shl(5, mul(updates, updates)))
        let step := add(shl(5, updates), 0x20)
        for { let end := add(like, mul(updates, step)) } lt(like, end) { like := add(like, step) } {
            mstore(like, 65536)
        }
        like := sub(like, mul(updates, step))
    }
}

/// Raises likenesses to those of the first `updates` rows' deviations from their mean, by their cosine from `low` on.
function raiseLikeness(uint256 matrix, uint256 rows, uint256 updates, uint256 low, uint256 like) pure {
    unchecked {
        uint256 sums = allocate(updates);
        uint256 lengths = allocate(updates);
        int256 all = centre(matrix, rows, updates, sums, lengths);
        assembly ("memory-safe") {
            let width := shl(5, rows)
            let line := shl(5, updates)
            for { let i := 0 } lt(i, updates) { i := add(i, 1) } {
                let offset := shl(5, i)
                let length := mload(add(lengths, offset))
                // n times the deviation's product, less what is the row's alone.
                let own := sub(all, mul(updates, mload(add(sums, offset))))
                let right := add(like, add(mul(i, line), offset))
                let down := right
                let at := add(matrix, add(mul(i, width), offset))
                for { offset := add(offset, 0x20) } lt(offset, line) { offset := add(offset, 0x20) } {
                    at := add(at, 0x20)
                    right := add(right, 0x20)
                    down := add(down, line)
                    let value := add(own, mul(updates, sub(mul(updates, mload(at)), mload(add(sums, offset)))))
                    let above := sub(sdiv(shl(16, value), mul(length, mload(add(lengths, offset)))), low)
                    if sgt(above, 0) {
                        above := shl(2, above)
                        if gt(above, 65536) { above := 65536 }
                        if gt(above, mload(right)) {
                            mstore(right, above)
                            mstore(down, above)
                        }
                    }
                }
            }
        }
    }
}

/// The rows' sums, the lengths of their deviations from the mean times how many rows there are, and the sum of all.
function centre(uint256 matrix, uint256 rows, uint256 updates, uint256 sums, uint256 lengths)
    pure
    returns (int256 all)
{
    unchecked {
        assembly ("memory-safe") {
            let line := shl(5, updates)
            let row := matrix
            for { let offset := 0 } lt(offset, line) { offset := add(offset, 0x20) } {
                let sum := 0
                for { let at := row } lt(at, add(row, line)) { at := add(at, 0x20) } { sum := add(sum, mload(at)) }
                mstore(add(sums, offset), sum)
                all := add(all, sum)
                row := add(row, shl(5, rows))
            }
        }
        for (uint256 i = 0; i < updates; ++i) {
            uint256 length;
            assembly ("memory-safe") {
                let value := mload(add(matrix, shl(5, mul(i, add(rows, 1)))))
                value := sub(mul(updates, value), shl(1, mload(add(sums, shl(5, i)))))
                length := add(mul(updates, value), all)
                length := mul(length, sgt(length, 0))
            }
            setWord(lengths, i, squareRoot(length));
        }
    }
}

/// How many updates are each one: `Σ_j like_ij`, to `counts`.
function sumLikeness(uint256 like, uint256 updates, uint256 counts) pure {
    assembly ("memory-safe") {
        let line := shl(5, updates)
        for { let end := add(counts, line) } lt(counts, end) { counts := add(counts, 0x20) } {
            let sum := 0
            for { let last := add(like, line) } lt(like, last) { like := add(like, 0x20) } {
                sum := add(sum, mload(like))
            }
            mstore(counts, sum)
        }
    }
}

/// How much each update counts if those that are one count as one: `2^32 / Σ_j like_ij`, to `shares`.
function shareOfOne(uint256 like, uint256 updates, uint256 shares) pure {
    unchecked {
        sumLikeness(like, updates, shares);
        for (uint256 i = 0; i < updates; ++i) {
            setWord(shares, i, (1 << 32) / word(shares, i));
        }
    }
}

/// The matrix of the updates without their part along the row `previous`, of the squared norm `norm`.
function without(uint256 matrix, uint256 rows, uint256 updates, uint256 previous, uint256 norm)
    pure
    returns (uint256 rest)
{
    rest = allocate(updates * updates);
    assembly ("memory-safe") {
        let width := shl(5, rows)
        let line := shl(5, updates)
        let parts := add(matrix, mul(width, previous))
        let last := add(parts, line)
        let diagonal := rest
        for { let other := parts } lt(other, last) {} {
            let part := mload(other)
            let from := add(matrix, mul(shr(5, sub(other, parts)), add(width, 0x20)))
            let right := diagonal
            let down := diagonal
            for { let by := other } lt(by, last) { by := add(by, 0x20) } {
                let value := sub(mload(from), sdiv(mul(part, mload(by)), norm))
                mstore(right, value)
                mstore(down, value)
                from := add(from, 0x20)
                right := add(right, 0x20)
                down := add(down, line)
            }
            other := add(other, 0x20)
            diagonal := add(diagonal, add(line, 0x20))
        }
    }
}

/// The sum of every update's agreements with the quarter of the others that it agrees with most, to `values`.
function agreements(uint256 rest, uint256 rows, uint256 updates, uint256 like, uint256 values) pure {
    unchecked {
        uint256 lengths = allocate(updates);
        for (uint256 i = 0; i < updates; ++i) {
            setWord(lengths, i, squareRoot(square(rest, rows, i)));
        }
        uint256 table = allocate(updates * updates);
        assembly ("memory-safe") {
            let line := shl(5, updates)
            let lengthsEnd := add(lengths, line)
            let diagonal := table
            for { let i := 0 } lt(i, updates) { i := add(i, 1) } {
                mstore(diagonal, 0)
                let right := diagonal
                let down := diagonal
                // Likenesses lie as agreements do.
                let same := add(like, sub(diagonal, table))
                let from := add(rest, shl(5, mul(i, add(rows, 1))))
                let other := add(lengths, shl(5, i))
                let length := mload(other)
                for { other := add(other, 0x20) } lt(other, lengthsEnd) { other := add(other, 0x20) } {
                    from := add(from, 0x20)
                    same := add(same, 0x20)
                    right := add(right, 0x20)
                    down := add(down, line)
                    let value := mload(from)
                    value := div(shl(16, mul(value, sgt(value, 0))), mul(length, mload(other)))
                    value := shr(16, mul(value, sub(65536, mload(same))))
                    mstore(right, value)
                    mstore(down, value)
                }
                diagonal := add(diagonal, add(line, 0x20))
            }
        }
        uint256 quarter = (updates + 3) / 4;
        uint256 best = allocate(quarter);
        for (uint256 i = 0; i < updates; ++i) {
            largest(table + 32 * updates * i, updates, quarter, best);
            uint256 sum = 0;
            for (uint256 k = 0; k < quarter; ++k) {
                sum += word(best, k);
            }
            setWord(values, i, sum);
        }
    }
}

/// Every update's agreement with the others, each of them once: their shares' sum along it, to `values`.
function alignments(uint256 matrix, uint256 rows, uint256 updates, uint256 like, uint256 shares, uint256 values) pure {
    unchecked {
        for (uint256 i = 0; i < updates; ++i) {
            uint256 length = squareRoot(square(matrix, rows, i));
            assembly ("memory-safe") {
                let sum := 0
                let at := add(matrix, mul(shl(5, rows), i))
                let same := add(like, mul(shl(5, updates), i))
                let other := shares
                for { let end := add(shares, shl(5, updates)) } lt(other, end) { other := add(other, 0x20) } {
                    sum := add(sum, mul(shr(16, mul(mload(other), sub(65536, mload(same)))), mload(at)))
                    at := add(at, 0x20)
                    same := add(same, 0x20)
                }
                mstore(add(values, shl(5, i)), div(mul(sum, sgt(sum, 0)), length))
            }
        }
    }
}

/// How little every update is the previous aggregate: one less the square of their cosine, if that is positive, to `values`.
function freshness(uint256 matrix, uint256 rows, uint256 updates, uint256 previous, uint256 values) pure {
    unchecked {
        uint256 own = squareRoot(square(matrix, rows, previous));
        for (uint256 i = 0; i < updates; ++i) {
            uint256 length = squareRoot(square(matrix, rows, i));
            assembly ("memory-safe") {
                let cosine := mload(add(matrix, shl(5, add(mul(i, rows), previous))))
                cosine := div(shl(16, mul(cosine, sgt(cosine, 0))), mul(length, own))
                if gt(cosine, 65536) { cosine := 65536 }
                mstore(add(values, shl(5, i)), sub(65536, shr(16, mul(cosine, cosine))))
            }
        }
    }
}

/// Multiplies qualities by how much of the median each value is: nothing up to `low`, in full from `1 / 2^stretch` above. A
/// value of 0 is nothing, and any other in full if the median is 0.
function grade(uint256 qualities, uint256 values, uint256 updates, uint256 low, uint256 stretch) pure {
    unchecked {
        uint256 sorted = allocate(updates);
        for (uint256 i = 0; i < updates; ++i) {
            setWord(sorted, i, word(values, i));
        }
        uint256 median = lowerMedian(sorted, updates);
        for (uint256 i = 0; i < updates; ++i) {
            uint256 part = word(values, i);
            if (part != 0) {
                if (median == 0) continue;
                part = (part << 16) / median;
                part = part > low ? (part - low) << stretch : 0;
                if (part >= ONE) continue;
            }
            setWord(qualities, i, (word(qualities, i) * part) >> 16);
        }
    }
}

/// The qualities of a round's updates, to `qualities`: each `2^16 / n` at most. `like` has the likeness of their cumulatives.
function assess(uint256 matrix, uint256 rows, uint256 updates, bool hasPrevious, uint256 like, uint256 qualities) pure {
    unchecked {
        uint256 norm = hasPrevious ? square(matrix, rows, updates) : 0;
        (uint256 rest, uint256 stride) =
            norm == 0 ? (matrix, rows) : (without(matrix, rows, updates, updates, norm), updates);
        raiseLikeness(rest, stride, updates, SAME_UPDATE, like);
        for (uint256 i = 0; i < updates; ++i) {
            setWord(qualities, i, ONE);
        }
        uint256 values = allocate(updates);
        if (updates >= 4) {
            agreements(rest, stride, updates, like, values);
            grade(qualities, values, updates, 6 << 12, 1);
        }
        if (norm != 0) {
            freshness(matrix, rows, updates, updates, values);
            grade(qualities, values, updates, 6 << 12, 2);
        }
        uint256 counts = allocate(updates);
        sumLikeness(like, updates, counts);
        uint256 shares = allocate(updates);
        for (uint256 i = 0; i < updates; ++i) {
            setWord(shares, i, (1 << 32) / word(counts, i));
        }
        if (updates > 1) {
            alignments(matrix, rows, updates, like, shares, values);
            grade(qualities, values, updates, 4 << 12, 2);
        }
        for (uint256 i = 0; i < updates; ++i) {
            setWord(qualities, i, ((word(qualities, i) << 16) / word(counts, i)) / updates);
        }
    }
}
