// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {allocate, positive, setWord, word} from "./Arithmetic.sol";

// Gram matrices in memory: signed words, row after row.

/// Reads the upper triangle of a matrix of `rows` rows, 8 bytes an entry, from `data` in calldata on. `good` if it can be one
/// of rows within limits, `limit` for the first `own` rows' squared norms and 2^62 for the others' ([F2.5]).
function readTriangle(uint256 data, uint256 rows, uint256 own, uint256 limit) pure returns (uint256 matrix, bool good) {
    matrix = allocate(rows * rows);
    (uint256 norms, bool short) = readDiagonal(data, rows, own, limit);
    assembly ("memory-safe") {
        let width := shl(5, rows)
        let step := add(width, 0x20)
        let bad := iszero(short)
        let diagonal := matrix
        let end := add(norms, width)
        for {} lt(norms, end) { norms := add(norms, 0x20) } {
            let own2 := mload(norms)
            mstore(diagonal, own2)
            data := add(data, 8)
            let right := add(diagonal, 0x20)
            let down := add(diagonal, width)
            let other := add(norms, 0x20)
            // Four entries are a word of calldata.
            for { let last := sub(end, 0x60) } lt(other, last) { other := add(other, 0x80) } {
                let four := calldataload(data)
                let value := sar(192, four)
                mstore(right, value)
                mstore(down, value)
                bad := or(bad, gt(mul(value, value), mul(own2, mload(other))))
                down := add(down, width)
                value := sar(192, shl(64, four))
                mstore(add(right, 0x20), value)
                mstore(down, value)
                bad := or(bad, gt(mul(value, value), mul(own2, mload(add(other, 0x20)))))
                down := add(down, width)
                value := sar(192, shl(128, four))
                mstore(add(right, 0x40), value)
                mstore(down, value)
                bad := or(bad, gt(mul(value, value), mul(own2, mload(add(other, 0x40)))))
                down := add(down, width)
                value := sar(192, shl(192, four))
                mstore(add(right, 0x60), value)
                mstore(down, value)
                bad := or(bad, gt(mul(value, value), mul(own2, mload(add(other, 0x60)))))
                down := add(down, width)
                right := add(right, 0x80)
                data := add(data, 0x20)
            }
            for {} lt(other, end) { other := add(other, 0x20) } {
                let value := sar(192, calldataload(data))
                mstore(right, value)
                mstore(down, value)
                bad := or(bad, gt(mul(value, value), mul(own2, mload(other))))
                data := add(data, 8)
                right := add(right, 0x20)
                down := add(down, width)
            }
            diagonal := add(diagonal, step)
        }
        good := iszero(bad)
    }
}

/// As `readTriangle`, of which only the squared norms are kept.
function readSquares(uint256 data, uint256 rows, uint256 own, uint256 limit)
    pure
    returns (uint256 squares_, bool good)
{
    bool short;
    (squares_, short) = readDiagonal(data, rows, own, limit);
    assembly ("memory-safe") {
        let bad := iszero(short)
        let norms := squares_
        for { let end := add(norms, shl(5, rows)) } lt(norms, end) { norms := add(norms, 0x20) } {
            let own2 := mload(norms)
            data := add(data, 8)
            let other := add(norms, 0x20)
            for { let last := sub(end, 0x60) } lt(other, last) { other := add(other, 0x80) } {
                let four := calldataload(data)
                let value := sar(192, four)
                bad := or(bad, gt(mul(value, value), mul(own2, mload(other))))
                value := sar(192, shl(64, four))
                bad := or(bad, gt(mul(value, value), mul(own2, mload(add(other, 0x20)))))
                value := sar(192, shl(128, four))
                bad := or(bad, gt(mul(value, value), mul(own2, mload(add(other, 0x40)))))
                value := sar(192, shl(192, four))
                bad := or(bad, gt(mul(value, value), mul(own2, mload(add(other, 0x60)))))
                data := add(data, 0x20)
            }
            for {} lt(other, end) { other := add(other, 0x20) } {
                let value := sar(192, calldataload(data))
                bad := or(bad, gt(mul(value, value), mul(own2, mload(other))))
                data := add(data, 8)
            }
        }
        good := iszero(bad)
    }
}

/// As `readTriangle`, but squared distances of rows, not inner products.
function readDistances(uint256 data, uint256 rows, uint256 own, uint256 limit)
    pure
    returns (uint256 matrix, bool good)
{
    matrix = allocate(rows * rows);
    (uint256 norms, bool short) = readDiagonal(data, rows, own, limit);
    assembly ("memory-safe") {
        let width := shl(5, rows)
        let bad := iszero(short)
        let diagonal := matrix
        for { let end := add(norms, width) } lt(norms, end) { norms := add(norms, 0x20) } {
            let own2 := mload(norms)
            mstore(diagonal, 0)
            data := add(data, 8)
            let right := add(diagonal, 0x20)
            let down := add(diagonal, width)
            let other := add(norms, 0x20)
            // No distance is below 0 where products are as small as they have to be.
            for { let last := sub(end, 0x60) } lt(other, last) { other := add(other, 0x80) } {
                let four := calldataload(data)
                let norm
                let value := sar(192, four)
                norm := mload(other)
                bad := or(bad, gt(mul(value, value), mul(own2, norm)))
                value := sub(add(own2, norm), shl(1, value))
                mstore(right, value)
                mstore(down, value)
                down := add(down, width)
                value := sar(192, shl(64, four))
                norm := mload(add(other, 0x20))
                bad := or(bad, gt(mul(value, value), mul(own2, norm)))
                value := sub(add(own2, norm), shl(1, value))
                mstore(add(right, 0x20), value)
                mstore(down, value)
                down := add(down, width)
                value := sar(192, shl(128, four))
                norm := mload(add(other, 0x40))
                bad := or(bad, gt(mul(value, value), mul(own2, norm)))
                value := sub(add(own2, norm), shl(1, value))
                mstore(add(right, 0x40), value)
                mstore(down, value)
                down := add(down, width)
                value := sar(192, shl(192, four))
                norm := mload(add(other, 0x60))
                bad := or(bad, gt(mul(value, value), mul(own2, norm)))
                value := sub(add(own2, norm), shl(1, value))
                mstore(add(right, 0x60), value)
                mstore(down, value)
                down := add(down, width)
                right := add(right, 0x80)
                data := add(data, 0x20)
            }
            for {} lt(other, end) { other := add(other, 0x20) } {
                let value := sar(192, calldataload(data))
                bad := or(bad, gt(mul(value, value), mul(own2, mload(other))))
                value := sub(add(own2, mload(other)), shl(1, value))
                mstore(right, value)
                mstore(down, value)
                data := add(data, 8)
                right := add(right, 0x20)
                down := add(down, width)
            }
            diagonal := add(diagonal, add(width, 0x20))
        }
        good := iszero(bad)
    }
}

/// The squared norms of a triangle's rows, and whether these are within limits.
function readDiagonal(uint256 data, uint256 rows, uint256 own, uint256 limit) pure returns (uint256 norms, bool good) {
    norms = allocate(rows);
    assembly ("memory-safe") {
        let bad := 0
        let end := add(norms, shl(5, own))
        let to := norms
        // What is below 0 is above every limit as an unsigned word.
        for { let left := shl(3, rows) } left { left := sub(left, 8) } {
            if eq(to, end) { limit := shl(62, 1) }
            let value := sar(192, calldataload(data))
            bad := or(bad, gt(value, limit))
            mstore(to, value)
            to := add(to, 0x20)
            data := add(data, left)
        }
        good := iszero(bad)
    }
}

/// Where a matrix that is not good is not: the first such (i, j), squared norms before products.
function faultOf(uint256 matrix, uint256 rows, uint256 own, uint256 limit) pure returns (uint256, uint256) {
    unchecked {
        for (uint256 i = 0; i < rows; ++i) {
            if (square(matrix, rows, i) > (i < own ? limit : 1 << 62)) return (i, i);
        }
        for (uint256 i = 0; i < rows; ++i) {
            for (uint256 j = i + 1; j < rows; ++j) {
                int256 product = entry(matrix, rows, i, j);
                if (positive(product * product) > square(matrix, rows, i) * square(matrix, rows, j)) return (i, j);
            }
        }
        return (rows, rows);
    }
}

/// `<row_i, row_j>`.
function entry(uint256 matrix, uint256 rows, uint256 i, uint256 j) pure returns (int256 value) {
    assembly ("memory-safe") { value := mload(add(matrix, shl(5, add(mul(i, rows), j)))) }
}

/// The squared norm of a row.
function square(uint256 matrix, uint256 rows, uint256 i) pure returns (uint256) {
    return word(matrix, i * rows + i);
}

/// The squared distance of two rows, not below 0.
function distance(uint256 matrix, uint256 rows, uint256 i, uint256 j) pure returns (uint256) {
    unchecked {
        int256 value = entry(matrix, rows, i, i) + entry(matrix, rows, j, j) - 2 * entry(matrix, rows, i, j);
        return positive(value);
    }
}

/// The squared distances of the first `count` rows from row `centre`.
function distances(uint256 matrix, uint256 rows, uint256 count, uint256 centre) pure returns (uint256 list) {
    unchecked {
        list = allocate(count);
        for (uint256 i = 0; i < count; ++i) {
            setWord(list, i, distance(matrix, rows, i, centre));
        }
    }
}

/// Replaces the squared norms of a triangle's rows by squared distances from row `centre`, of those before it. No product is larger than its
/// rows' lengths allow.
function toCentre(uint256 data, uint256 rows, uint256 centre, uint256 norms) pure {
    assembly ("memory-safe") {
        let last := add(norms, shl(5, centre))
        let own := mload(last)
        // In the first row; a row has one entry less than the one before, and begins one column later.
        data := add(data, shl(3, centre))
        for { let step := shl(3, sub(rows, 1)) } lt(norms, last) { step := sub(step, 8) } {
            mstore(norms, sub(add(mload(norms), own), shl(1, sar(192, calldataload(data)))))
            norms := add(norms, 0x20)
            data := add(data, step)
        }
    }
}

/// The squared norms of the first `count` rows, to `norms`.
function squares(uint256 matrix, uint256 rows, uint256 count, uint256 norms) pure {
    assembly ("memory-safe") {
        let step := shl(5, add(rows, 1))
        for { let end := add(norms, shl(5, count)) } lt(norms, end) { norms := add(norms, 0x20) } {
            mstore(norms, mload(matrix))
            matrix := add(matrix, step)
        }
    }
}

/// The squared distances of row i, which begins at `from`, and the `count` rows with these squared norms: to `to`, each with the number of
/// its row in the last 8 bits.
function numberedDistances(uint256 from, uint256 norms, uint256 count, uint256 i, uint256 to) pure {
    assembly ("memory-safe") {
        let own := mload(add(norms, shl(5, i)))
        for { let j := 0 } lt(j, count) { j := add(j, 1) } {
            let value := sub(add(own, mload(norms)), shl(1, mload(from)))
            mstore(to, or(shl(8, mul(value, sgt(value, 0))), j))
            norms := add(norms, 0x20)
            from := add(from, 0x20)
            to := add(to, 0x20)
        }
    }
}

/// Replaces inner products of the first `count` rows by squared distances, not below 0.
function toDistances(uint256 matrix, uint256 rows, uint256 count) pure {
    uint256 norms = allocate(count);
    squares(matrix, rows, count, norms);
    assembly ("memory-safe") {
        let line := shl(5, rows)
        for { let end := add(norms, shl(5, count)) } lt(norms, end) { norms := add(norms, 0x20) } {
            mstore(matrix, 0)
            let own := mload(norms)
            let right := matrix
            let down := matrix
            for { let other := add(norms, 0x20) } lt(other, end) { other := add(other, 0x20) } {
                right := add(right, 0x20)
                down := add(down, line)
                let value := sub(add(own, mload(other)), shl(1, mload(right)))
                value := mul(value, sgt(value, 0))
                mstore(right, value)
                mstore(down, value)
            }
            matrix := add(matrix, add(line, 0x20))
        }
    }
}
