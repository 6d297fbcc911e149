// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ONE, allocate, factor, lowerMedian, select, setWord, share, squareRootNear, word} from "./Arithmetic.sol";
import {numberedDistances, square, squares} from "./Matrices.sol";

// What is done to rows before a rule sees them, and undone to its weights ([F2.6]).

/// What every row is multiplied by so that no update is longer than `norm` (or the median, if that is 0), in parts of one; and that length.
/// References stay.
function clipping(uint256 matrix, uint256 rows, uint256 updates, uint256 norm)
    pure
    returns (uint256 factors, uint256 most)
{
    unchecked {
        factors = allocate(rows);
        most = norm;
        uint256 lengths = norm == 0 ? allocate(updates) : 0;
        uint256 length = 0;
        for (uint256 i = 0; i < updates; ++i) {
            length = squareRootNear(square(matrix, rows, i), length);
            setWord(factors, i, length);
            if (norm == 0) setWord(lengths, i, length);
        }
        if (norm == 0) most = lowerMedian(lengths, updates);
        for (uint256 i = 0; i < updates; ++i) {
            setWord(factors, i, factor(word(factors, i), most));
        }
        for (uint256 i = updates; i < rows; ++i) {
            setWord(factors, i, ONE);
        }
    }
}

/// Multiplies the rows of a matrix by their factors. Entries are rounded toward 0.
function clip(uint256 matrix, uint256 rows, uint256 factors) pure {
    assembly ("memory-safe") {
        let line := shl(5, rows)
        for { let end := add(factors, line) } lt(factors, end) { factors := add(factors, 0x20) } {
            let own := mload(factors)
            let right := matrix
            let down := matrix
            for { let other := factors } lt(other, end) { other := add(other, 0x20) } {
                let value := sdiv(mul(mload(right), mul(own, mload(other))), shl(32, 1))
                mstore(right, value)
                mstore(down, value)
                right := add(right, 0x20)
                down := add(down, line)
            }
            matrix := add(matrix, add(line, 0x20))
        }
    }
}

/// For every update the `faults` that are the farthest from it: so many words each, the number of an update in the last 8
/// bits.
function farthest(uint256 matrix, uint256 rows, uint256 updates, uint256 faults) pure returns (uint256 far) {
    unchecked {
        far = allocate(updates * faults);
        if (faults == 0) return far;
        uint256 norms = allocate(updates);
        squares(matrix, rows, updates, norms);
        uint256 row = allocate(updates);
        for (uint256 i = 0; i < updates; ++i) {
            numberedDistances(matrix + 32 * rows * i, norms, updates, i, row);
            select(row, updates, faults);
            assembly ("memory-safe") {
                mcopy(add(far, mul(shl(5, faults), i)), add(row, shl(5, sub(updates, faults))), shl(5, faults))
            }
        }
    }
}

/// Replaces the updates of a matrix by the means over their neighbours, which are all but the farthest; references stay.
/// Entries are rounded toward 0.
function mix(uint256 matrix, uint256 rows, uint256 updates, uint256 faults, uint256 far) pure {
    unchecked {
        // Sums over neighbours are sums over all less those over the farthest. First over rows, so that row i, column j is
        // the inner product of row j and all neighbours of i; then over columns.
        uint256 half = allocate(updates * rows);
        uint256 sums = allocate(rows);
        sumOfRows(matrix, rows, updates, sums);
        for (uint256 i = 0; i < updates; ++i) {
            without(matrix, rows, sums, far + 32 * faults * i, faults, half + 32 * rows * i);
        }
        uint256 near = updates - faults;
        for (uint256 i = 0; i < updates; ++i) {
            mixColumns(matrix, rows, updates, faults, far, half, i, near);
        }
    }
}

/// The sum of the first `updates` rows, to `sums`.
function sumOfRows(uint256 matrix, uint256 rows, uint256 updates, uint256 sums) pure {
    assembly ("memory-safe") {
        let width := shl(5, rows)
        let end := add(matrix, mul(width, updates))
        for { let last := add(sums, width) } lt(sums, last) { sums := add(sums, 0x20) } {
            let sum := 0
            for { let at := matrix } lt(at, end) { at := add(at, width) } { sum := add(sum, mload(at)) }
            mstore(sums, sum)
            matrix := add(matrix, 0x20)
            end := add(end, 0x20)
        }
    }
}

/// `sums` less the rows of which `faults` words from `far` on say the numbers, to `to`.
function without(uint256 matrix, uint256 rows, uint256 sums, uint256 far, uint256 faults, uint256 to) pure {
    assembly ("memory-safe") {
        let width := shl(5, rows)
        let end := add(sums, width)
        let at := to
        for {} lt(sums, end) { sums := add(sums, 0x20) } {
            mstore(at, mload(sums))
            at := add(at, 0x20)
        }
        end := add(to, width)
        for { let last := add(far, shl(5, faults)) } lt(far, last) { far := add(far, 0x20) } {
            let row := add(matrix, mul(width, and(mload(far), 0xff)))
            for { at := to } lt(at, end) { at := add(at, 0x20) } {
                mstore(at, sub(mload(at), mload(row)))
                row := add(row, 0x20)
            }
        }
    }
}

/// Writes row i of the mixed matrix, and the references' columns of it, from sums over the neighbours of i.
function mixColumns(
    uint256 matrix,
    uint256 rows,
    uint256 updates,
    uint256 faults,
    uint256 far,
    uint256 half,
    uint256 i,
    uint256 near
) pure {
    // As with Weiszfeld: what may return early is not made one function with all around it.
    if (updates == 0) return;
    assembly ("memory-safe") {
        let width := shl(5, rows)
        let sums := add(half, mul(width, i))
        let at := add(matrix, mul(width, i))
        let all := 0
        for { let j := 0 } lt(j, updates) { j := add(j, 1) } { all := add(all, mload(add(sums, shl(5, j)))) }
        let squared := mul(near, near)
        // Below the diagonal it was written as the column of an earlier row.
        let right := add(at, shl(5, i))
        let down := right
        far := add(far, shl(5, mul(faults, i)))
        for { let end := add(at, shl(5, updates)) } lt(right, end) { right := add(right, 0x20) } {
            let sum := all
            for { let last := add(far, shl(5, faults)) } lt(far, last) { far := add(far, 0x20) } {
                sum := sub(sum, mload(add(sums, shl(5, and(mload(far), 0xff)))))
            }
            sum := sdiv(sum, squared)
            mstore(right, sum)
            mstore(down, sum)
            down := add(down, width)
        }
        // `down` is now in the references' rows.
        for { let end := add(at, width) } lt(right, end) { right := add(right, 0x20) } {
            let value := sdiv(mload(add(sums, sub(right, at))), near)
            mstore(right, value)
            mstore(down, value)
            down := add(down, width)
        }
    }
}

/// Replaces weights of the means over neighbours by weights of the updates themselves: the same in all.
function unmix(uint256 weights, uint256 updates, uint256 faults, uint256 far) pure {
    unchecked {
        uint256 total = 0;
        for (uint256 i = 0; i < updates; ++i) {
            total += word(weights, i);
        }
        uint256 masses = allocate(updates);
        for (uint256 i = 0; i < updates; ++i) {
            setWord(masses, i, total);
        }
        for (uint256 i = 0; i < updates; ++i) {
            uint256 weight = word(weights, i);
            for (uint256 k = 0; k < faults; ++k) {
                uint256 j = word(far, i * faults + k) & 0xff;
                setWord(masses, j, word(masses, j) - weight);
            }
        }
        share(total, masses, updates);
        for (uint256 i = 0; i < updates; ++i) {
            setWord(weights, i, word(masses, i));
        }
    }
}
