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
    squareRoot,
    squareRootNear,
    word
} from "./Arithmetic.sol";
import {entry, square} from "./Matrices.sol";

// So many of the largest are sorted in one by one; so many have a word together if they are narrow.
uint256 constant FEW = 8;
uint256 constant LANES = 4;

// The rules themselves ([F2.6]): from a matrix and how much each update counts, in parts of one, to weights. `weights` holds the
// counts before.

/// What is missing to one is the centre's, of which `lengths` has the squared distances; it gets the distances.
function centeredClipping(uint256 lengths, uint256 updates, uint256 radius, uint256 weights) pure {
    unchecked {
        uint256 most = radius;
        uint256 near = 0;
        for (uint256 i = 0; i < updates; ++i) {
            near = squareRootNear(word(lengths, i), near);
            setWord(lengths, i, near);
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
/// matrix, which has squared distances, below 2^63 if they are `narrow`.
function krum(uint256 matrix, uint256 rows, uint256 updates, uint256 faults, bool only, bool narrow, uint256 weights)
    pure {
    unchecked {
        uint256 scores = allocate(updates);
        uint256 room = allocate(faults);
        for (uint256 i = 0; i < updates; ++i) {
            // The nearest is the update itself, at distance 0.
            uint256 row = matrix + 32 * rows * i;
            uint256 sum =
                narrow && faults <= LANES ? sumLeastNarrow(row, updates, faults) : sumLeast(row, updates, faults, room);
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

/// As `sumLeast`, of words below 2^63; `most` is at most 4.
function sumLeastNarrow(uint256 words, uint256 count, uint256 most) pure returns (uint256 sum) {
    assembly ("memory-safe") {
        // Ascending lanes of 64 bits have the largest so far, or what is larger than all. Those that a value is not below are the first ones:
        // they move down by one, and the last of them takes it.
        function into(list, value) -> lanes {
            let tops := 0x8000000000000000800000000000000080000000000000008000000000000000
            let ones := shr(63, tops)
            let first := and(ones, shr(63, sub(or(tops, mul(ones, value)), list)))
            let mask := mul(first, 0xffffffffffffffff)
            lanes := and(list, not(mask))
            lanes := add(lanes, shr(64, and(list, mask)))
            lanes := add(lanes, mul(value, sub(first, shr(64, first))))
        }
        let list := and(0x7fffffffffffffff7fffffffffffffff7fffffffffffffff7fffffffffffffff, shl(shl(6, most), not(0)))
        let least := and(list, 0xffffffffffffffff)
        let end := add(words, and(shl(5, count), not(0x7f)))
        for {} lt(words, end) { words := add(words, 0x80) } {
            let value := mload(words)
            sum := add(sum, value)
            if gt(value, least) {
                list := into(list, value)
                least := and(list, 0xffffffffffffffff)
            }
            value := mload(add(words, 0x20))
            sum := add(sum, value)
            if gt(value, least) {
                list := into(list, value)
                least := and(list, 0xffffffffffffffff)
            }
            value := mload(add(words, 0x40))
            sum := add(sum, value)
            if gt(value, least) {
                list := into(list, value)
                least := and(list, 0xffffffffffffffff)
            }
            value := mload(add(words, 0x60))
            sum := add(sum, value)
            if gt(value, least) {
                list := into(list, value)
                least := and(list, 0xffffffffffffffff)
            }
        }
        for { end := add(words, shl(5, and(count, 3))) } lt(words, end) { words := add(words, 0x20) } {
            let value := mload(words)
            sum := add(sum, value)
            if gt(value, least) {
                list := into(list, value)
                least := and(list, 0xffffffffffffffff)
            }
        }
        for {} most { most := sub(most, 1) } {
            sum := sub(sum, and(list, 0xffffffffffffffff))
            list := shr(64, list)
        }
    }
}

// What Weiszfeld consists of returns early where there is nothing to do: that keeps the compiler from making one function of all, whose
// variables it would then have to keep in memory.

/// Eight rounds of Weiszfeld from the average. A distance counts as one unit at least.
function geometricMedian(uint256 matrix, uint256 rows, uint256 updates, uint256 weights) pure {
    unchecked {
        uint256 columns = (updates + 3) & ~uint256(3);
        uint256 masses = allocate(columns);
        uint256 points = allocate(4 * columns);
        (uint256 sum, uint256 bits) = begin(matrix, rows, updates, weights, masses, points);
        uint256 packed = packRows(matrix, rows, updates, bits);
        uint256 groups = (updates + 256 / bits - 1) / (256 / bits);
        uint256 sums = allocate(groups);
        for (uint256 round = 0; round < 8; ++round) {
            shareAll(sum, masses, columns);
            weighRows(packed, columns, masses, sums, groups);
            sum = massesAt(points, updates, spread(sums, bits, masses, points, updates), masses);
        }
        for (uint256 i = 0; i < updates; ++i) {
            setWord(weights, i, word(masses, i));
        }
        share(ONE, weights, updates);
    }
}

/// What Weiszfeld goes on from. Of each update four words, to `points`: room for its product with the point, its squared norm times 2^48,
/// its count times 2^80, and about how far it is. Counts are the first masses, behind which come zeros, and `sum` is what they come to.
/// A sum of entries whose weights add up to 2^24 has `bits` with its sign, 64, 80 or 128: no entry is larger than the largest squared norm,
/// which is 2^62 at most.
function begin(uint256 matrix, uint256 rows, uint256 updates, uint256 weights, uint256 masses, uint256 points)
    pure
    returns (uint256 sum, uint256 bits)
{
    uint256 all = 0;
    assembly ("memory-safe") {
        let step := shl(5, add(rows, 1))
        let at := masses
        for { let end := add(weights, shl(5, updates)) } lt(weights, end) { weights := add(weights, 0x20) } {
            let norm := mload(matrix)
            let count := mload(weights)
            mstore(at, count)
            mstore(add(points, 0x20), shl(48, norm))
            mstore(add(points, 0x40), shl(80, count))
            all := or(all, norm)
            sum := add(sum, count)
            matrix := add(matrix, step)
            points := add(points, 0x80)
            at := add(at, 0x20)
        }
        calldatacopy(at, calldatasize(), shl(5, and(sub(0, updates), 3)))
    }
    bits = all >> 39 == 0 ? 64 : all >> 55 == 0 ? 80 : 128;
    all = squareRoot(all) << 24;
    assembly ("memory-safe") {
        all := or(all, 1)
        for { let at := sub(points, shl(7, updates)) } lt(at, points) {} {
            mstore(add(at, 0x60), all)
            at := add(at, 0x80)
        }
    }
}

/// The rows of the updates' part of a symmetric matrix, as many at once as words have lanes of `bits` bits: a list after the other, each of
/// a multiple of four columns. What is in lanes and columns that are no update's is not said.
function packRows(uint256 matrix, uint256 rows, uint256 updates, uint256 bits) pure returns (uint256 packed) {
    if (updates == 0) return 0;
    unchecked {
        uint256 lanes = 256 / bits;
        packed = allocate(((updates + 3) & ~uint256(3)) * ((updates + lanes - 1) / lanes));
        assembly ("memory-safe") {
            let width := shl(5, rows)
            let line := shl(5, updates)
            let to := packed
            for { let last := add(matrix, mul(width, updates)) } lt(matrix, last) {} {
                let at := matrix
                let from := to
                for { let end := add(at, line) } lt(at, end) { at := add(at, 0x20) } {
                    // What lanes have no room for goes to bits that no lane has, or none.
                    let row := add(at, width)
                    let sums := add(mload(at), shl(bits, mload(row)))
                    row := add(row, width)
                    sums := add(sums, shl(shl(1, bits), mload(row)))
                    mstore(to, add(sums, shl(mul(3, bits), mload(add(row, width)))))
                    to := add(to, 0x20)
                }
                to := add(from, and(add(line, 0x60), not(0x7f)))
                matrix := add(matrix, mul(lanes, width))
            }
        }
    }
}

/// As `share` of 2^24 among a multiple of four masses, none of which is 0 but those behind all others; `sum` is what they come to.
function shareAll(uint256 sum, uint256 masses, uint256 count) pure {
    if (count == 0) return;
    assembly ("memory-safe") {
        let left := shl(24, 1)
        let at := masses
        for { let end := add(masses, shl(5, count)) } lt(at, end) { at := add(at, 0x80) } {
            let part := div(shl(24, mload(at)), sum)
            mstore(at, part)
            left := sub(left, part)
            part := div(shl(24, mload(add(at, 0x20))), sum)
            mstore(add(at, 0x20), part)
            left := sub(left, part)
            part := div(shl(24, mload(add(at, 0x40))), sum)
            mstore(add(at, 0x40), part)
            left := sub(left, part)
            part := div(shl(24, mload(add(at, 0x60))), sum)
            mstore(add(at, 0x60), part)
            left := sub(left, part)
        }
        // Less than there are masses.
        for { let end := add(masses, shl(5, left)) } lt(masses, end) { masses := add(masses, 0x20) } {
            mstore(masses, add(mload(masses), 1))
        }
    }
}

/// The sums of so many lists of `columns` words, a multiple of four, each word with its weight.
function weighRows(uint256 words, uint256 columns, uint256 weights, uint256 sums, uint256 lists) pure {
    if (lists == 0) return;
    assembly ("memory-safe") {
        let last := add(weights, shl(5, columns))
        for { let end := add(sums, shl(5, lists)) } lt(sums, end) { sums := add(sums, 0x20) } {
            let sum := 0
            for { let at := weights } lt(at, last) { at := add(at, 0x80) } {
                sum := add(sum, mul(mload(words), mload(at)))
                sum := add(sum, mul(mload(add(words, 0x20)), mload(add(at, 0x20))))
                sum := add(sum, mul(mload(add(words, 0x40)), mload(add(at, 0x40))))
                sum := add(sum, mul(mload(add(words, 0x60)), mload(add(at, 0x60))))
                words := add(words, 0x80)
            }
            mstore(sums, sum)
        }
    }
}

/// Takes sums out of their lanes, to the first words of `points`. Returns what they come to, each with its weight.
function spread(uint256 sums, uint256 bits, uint256 weights, uint256 points, uint256 updates)
    pure
    returns (uint256 norm)
{
    if (updates == 0) return 0;
    assembly ("memory-safe") {
        let rest := sub(256, bits)
        let stride := shl(7, div(256, bits))
        for { let end := add(points, shl(7, updates)) } lt(points, end) {} {
            let lanes := mload(sums)
            sums := add(sums, 0x20)
            let last := add(points, stride)
            if gt(last, end) { last := end }
            for {} lt(points, last) { points := add(points, 0x80) } {
                let sum := sar(rest, shl(rest, lanes))
                lanes := sar(bits, sub(lanes, sum))
                mstore(points, sum)
                norm := add(norm, mul(sum, mload(weights)))
                weights := add(weights, 0x20)
            }
        }
    }
}

/// What the updates weigh by their distances from a point whose squared norm, times 2^48, is `norm`: each its count over its distance. Returns
/// what these come to. Newton begins at the distance that was there, and comes to the root from above.
function massesAt(uint256 points, uint256 updates, uint256 norm, uint256 masses) pure returns (uint256 sum) {
    if (updates == 0) return 0;
    assembly ("memory-safe") {
        for { let end := add(points, shl(7, updates)) } lt(points, end) { points := add(points, 0x80) } {
            let value := add(sub(mload(add(points, 0x20)), shl(25, mload(points))), norm)
            let length := shl(24, 1)
            // From one unit on.
            if sgt(value, sub(shl(48, 1), 1)) {
                length := mload(add(points, 0x60))
                length := shr(1, add(length, div(value, length)))
                length := shr(1, add(length, div(value, length)))
                for {} 1 {} {
                    length := shr(1, add(length, div(value, length)))
                    if iszero(lt(div(value, length), length)) { break }
                }
                mstore(add(points, 0x60), length)
            }
            value := div(mload(add(points, 0x40)), length)
            mstore(masses, value)
            masses := add(masses, 0x20)
            sum := add(sum, value)
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
