// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {
    ONE,
    allocate,
    factor,
    largest,
    lowerMedian,
    positive,
    setWord,
    share,
    signedWord,
    squareRoot,
    word
} from "./Arithmetic.sol";
import {distance, entry, square} from "./Matrices.sol";

// The rules themselves ([F2.6]): from a matrix and how much each update counts, in parts of one, to weights. `weights` holds the
// counts before.

/// What is missing to one is the centre's.
function centeredClipping(
    uint256 matrix,
    uint256 rows,
    uint256 updates,
    uint256 centre,
    uint256 radius,
    uint256 weights
) pure {
    unchecked {
        uint256 lengths = allocate(updates);
        uint256 most = radius;
        for (uint256 i = 0; i < updates; ++i) {
            setWord(lengths, i, squareRoot(distance(matrix, rows, i, centre)));
        }
        if (radius == 0) {
            uint256 sorted = allocate(updates);
            for (uint256 i = 0; i < updates; ++i) {
                setWord(sorted, i, word(lengths, i));
            }
            most = lowerMedian(sorted, updates);
        }
        share(ONE, weights, updates);
        for (uint256 i = 0; i < updates; ++i) {
            setWord(weights, i, (word(weights, i) * factor(word(lengths, i), most)) >> 16);
        }
    }
}

/// The `n - f` updates with the least sum of squared distances to their `n - f - 1` nearest others, or `only` the first.
function krum(uint256 matrix, uint256 rows, uint256 updates, uint256 faults, bool only, uint256 weights) pure {
    unchecked {
        uint256 scores = allocate(updates);
        uint256 far = allocate(faults);
        krumScores(matrix, rows, updates, faults, far, scores);
        if (only) {
            uint256 least = type(uint256).max;
            for (uint256 i = 0; i < updates; ++i) {
                if (word(scores, i) < least) least = word(scores, i);
            }
            for (uint256 i = 0; i < updates; ++i) {
                if (i != least & 0xff) setWord(weights, i, 0);
            }
        } else {
            largest(scores, updates, faults, far);
            for (uint256 k = 0; k < faults; ++k) {
                setWord(weights, word(far, k) & 0xff, 0);
            }
        }
        share(ONE, weights, updates);
    }
}

/// Of each update the sum of squared distances to all others less the `faults` largest, with its number in the last 8 bits. `far`
/// is room for the largest.
function krumScores(uint256 matrix, uint256 rows, uint256 updates, uint256 faults, uint256 far, uint256 scores) pure {
    uint256 norms = allocate(updates);
    assembly ("memory-safe") {
        let line := shl(5, updates)
        let end := add(norms, line)
        {
            let diagonal := matrix
            for { let to := norms } lt(to, end) { to := add(to, 0x20) } {
                mstore(to, mload(diagonal))
                diagonal := add(diagonal, shl(5, add(rows, 1)))
            }
        }
        let last := add(far, shl(5, sub(faults, 1)))
        for { let i := 0 } lt(i, updates) { i := add(i, 1) } {
            for { let to := far } iszero(gt(to, last)) { to := add(to, 0x20) } { mstore(to, 0) }
            let own := mload(add(norms, shl(5, i)))
            let from := add(matrix, mul(shl(5, rows), i))
            let sum := 0
            // Without faults nothing is larger.
            let least := sub(iszero(iszero(faults)), 1)
            for { let other := norms } lt(other, end) { other := add(other, 0x20) } {
                let value := sub(add(own, mload(other)), shl(1, mload(from)))
                value := mul(value, sgt(value, 0))
                sum := add(sum, value)
                from := add(from, 0x20)
                if gt(value, least) {
                    // The least one makes room; those up to the value move down.
                    let to := far
                    for {} lt(to, last) {} {
                        let next := mload(add(to, 0x20))
                        if gt(next, value) { break }
                        mstore(to, next)
                        to := add(to, 0x20)
                    }
                    mstore(to, value)
                    least := mload(far)
                }
            }
            for { let to := far } iszero(gt(to, last)) { to := add(to, 0x20) } { sum := sub(sum, mload(to)) }
            mstore(add(scores, shl(5, i)), or(shl(8, sum), i))
        }
    }
}

/// Eight rounds of Weiszfeld from the average. A distance counts as one unit at least.
function geometricMedian(uint256 matrix, uint256 rows, uint256 updates, uint256 weights) pure {
    unchecked {
        uint256 counts = allocate(updates);
        for (uint256 i = 0; i < updates; ++i) {
            setWord(counts, i, word(weights, i));
        }
        uint256 products = allocate(updates);
        for (uint256 round = 0; round < 8; ++round) {
            share(1 << 24, weights, updates);
            int256 norm = quadratic(matrix, rows, updates, weights, products);
            for (uint256 i = 0; i < updates; ++i) {
                int256 value = (entry(matrix, rows, i, i) << 48) - (signedWord(products, i) << 25) + norm;
                uint256 length = squareRoot(positive(value));
                if (length < 1 << 24) length = 1 << 24;
                setWord(weights, i, (word(counts, i) << 80) / length);
            }
        }
        share(ONE, weights, updates);
    }
}

/// `Σ_ij w_i w_j <row_i, row_j>`; the sums over j go to `products`.
function quadratic(uint256 matrix, uint256 rows, uint256 updates, uint256 weights, uint256 products)
    pure
    returns (int256 norm)
{
    assembly ("memory-safe") {
        let width := shl(5, rows)
        let end := add(weights, shl(5, updates))
        // Four columns at once, then the rest.
        let fours := add(weights, shl(7, shr(2, updates)))
        for { let own := weights } lt(own, end) { own := add(own, 0x20) } {
            let sum := 0
            let at := matrix
            let other := weights
            for {} lt(other, fours) { other := add(other, 0x80) } {
                sum := add(sum, mul(mload(at), mload(other)))
                sum := add(sum, mul(mload(add(at, 0x20)), mload(add(other, 0x20))))
                sum := add(sum, mul(mload(add(at, 0x40)), mload(add(other, 0x40))))
                sum := add(sum, mul(mload(add(at, 0x60)), mload(add(other, 0x60))))
                at := add(at, 0x80)
            }
            for {} lt(other, end) { other := add(other, 0x20) } {
                sum := add(sum, mul(mload(at), mload(other)))
                at := add(at, 0x20)
            }
            mstore(products, sum)
            products := add(products, 0x20)
            norm := add(norm, mul(sum, mload(own)))
            matrix := add(matrix, width)
        }
    }
}

/// The positive part of the cosine with the root over the sum of these, stretched (to 16 times at most) or shrunk to the
/// root's length.
function flTrust(uint256 matrix, uint256 rows, uint256 updates, uint256 root, uint256 weights) pure {
    unchecked {
        uint256 rootLength = squareRoot(square(matrix, rows, root));
        uint256 lengths = allocate(updates);
        for (uint256 i = 0; i < updates; ++i) {
            uint256 length = squareRoot(square(matrix, rows, i));
            setWord(lengths, i, length);
            uint256 product = positive(entry(matrix, rows, i, root));
            uint256 by = length * rootLength;
            setWord(weights, i, by == 0 ? 0 : ((word(weights, i) * product) << 16) / by);
        }
        share(ONE, weights, updates);
        for (uint256 i = 0; i < updates; ++i) {
            uint256 length = word(lengths, i);
            uint256 stretch = length == 0 ? 0 : (rootLength << 16) / length;
            if (stretch > 16 * ONE) stretch = 16 * ONE;
            setWord(weights, i, (word(weights, i) * stretch) >> 16);
        }
    }
}
