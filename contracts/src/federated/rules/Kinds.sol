// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {
    ONE,
    allocate,
    factor,
    lowerMedian,
    positive,
    select,
    setWord,
    share,
    signedWord,
    squareRoot,
    word
} from "./Arithmetic.sol";
import {distance, entry, square, toDistances} from "./Matrices.sol";

// So many of the largest are sorted in one by one.
uint256 constant FEW = 8;

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

/// The `n - f` updates with the least sum of squared distances to their `n - f - 1` nearest others, or `only` the first. Changes the
/// matrix.
function krum(uint256 matrix, uint256 rows, uint256 updates, uint256 faults, bool only, uint256 weights) pure {
    unchecked {
        uint256 scores = allocate(updates);
        uint256 room = allocate(faults);
        toDistances(matrix, rows, updates);
        for (uint256 i = 0; i < updates; ++i) {
            // The nearest is the update itself, at distance 0.
            uint256 sum = sumLeast(matrix + 32 * rows * i, updates, faults, room);
            setWord(scores, i, (sum << 8) | i);
        }
        if (only) {
            uint256 least = type(uint256).max;
            for (uint256 i = 0; i < updates; ++i) {
                if (word(scores, i) < least) least = word(scores, i);
            }
            for (uint256 i = 0; i < updates; ++i) {
                if (i != least & 0xff) setWord(weights, i, 0);
            }
        } else if (faults != 0) {
            select(scores, updates, faults);
            for (uint256 i = updates - faults; i < updates; ++i) {
                setWord(weights, word(scores, i) & 0xff, 0);
            }
        }
        share(ONE, weights, updates);
    }
}

/// The sum of `count` words less the `most` largest. May change their order.
function sumLeast(uint256 words, uint256 count, uint256 most, uint256 room) pure returns (uint256 sum) {
    // To sort them in one by one is cheaper where they are few.
    if (most > FEW) {
        select(words, count, most);
        assembly ("memory-safe") {
            for { let end := add(words, shl(5, sub(count, most))) } lt(words, end) { words := add(words, 0x20) } {
                sum := add(sum, mload(words))
            }
        }
        return sum;
    }
    assembly ("memory-safe") {
        let end := add(room, shl(5, most))
        calldatacopy(room, calldatasize(), shl(5, most))
        let last := sub(end, 0x20)
        // The least of the largest so far; without any nothing is larger.
        let least := sub(iszero(iszero(most)), 1)
        for { let behind := add(words, shl(5, count)) } lt(words, behind) { words := add(words, 0x20) } {
            let value := mload(words)
            sum := add(sum, value)
            if gt(value, least) {
                // The least makes room; those up to the value move down.
                let to := room
                for {} lt(to, last) {} {
                    let next := mload(add(to, 0x20))
                    if gt(next, value) { break }
                    mstore(to, next)
                    to := add(to, 0x20)
                }
                mstore(to, value)
                least := mload(room)
            }
        }
        for {} lt(room, end) { room := add(room, 0x20) } { sum := sub(sum, mload(room)) }
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
