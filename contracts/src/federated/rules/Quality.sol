// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ONE, allocate, lowerMedian, setWord, squareRoot, word} from "./Arithmetic.sol";
import {square} from "./Matrices.sol";
import {clip, clipping} from "./Steps.sol";

// What each update of a round is worth ([F4.3]), and how much it counts in a rule. Fractions are in parts of 2^16.

// Where a likeness of updates begins to count; a quarter later it counts in full.
uint256 constant SAME_UPDATE = 5 << 12;

/// Shortens the first `updates` rows to the median of their lengths, if that is not 0.
function shorten(uint256 matrix, uint256 rows, uint256 updates) pure {
    (uint256 factors, uint256 most) = clipping(matrix, rows, updates, 0);
    if (most != 0) clip(matrix, rows, factors);
}

/// No two are alike that are not one: 2^16 on the diagonal.
function noneAlike(uint256 like, uint256 updates) pure {
    assembly ("memory-safe") {
        // What is behind the calldata is 0.
        calldatacopy(like, calldatasize(), shl(5, mul(updates, updates)))
        let step := add(shl(5, updates), 0x20)
        let at := like
        for { let end := add(like, mul(updates, step)) } lt(at, end) { at := add(at, step) } { mstore(at, 65536) }
    }
}

/// The lengths of the rows' deviations from the mean of `count` of them, times how many these are, to `lengths`. The inner products lie
/// from bit 32 on; `sums` has each row's with those of which it is the mean, `all` theirs among each other.
function centre(uint256 matrix, uint256 updates, uint256 count, uint256 sums, int256 all, uint256 lengths) pure {
    unchecked {
        for (uint256 i = 0; i < updates; ++i) {
            uint256 length;
            assembly ("memory-safe") {
                let value := sar(32, mload(add(matrix, shl(5, mul(i, add(updates, 1))))))
                value := sub(mul(count, value), shl(1, mload(add(sums, shl(5, i)))))
                length := add(mul(count, value), all)
                length := mul(length, sgt(length, 0))
            }
            setWord(lengths, i, squareRoot(length));
        }
    }
}

/// How much each update counts if those that are one count as one: `2^32` over how many it is, in its place.
function shareOfOne(uint256 counts, uint256 updates) pure {
    unchecked {
        for (uint256 i = 0; i < updates; ++i) {
            setWord(counts, i, (1 << 32) / word(counts, i));
        }
    }
}

/// Writes what is left of the updates without their part along the previous aggregate, of the squared norm `norm` (0 takes nothing
/// off), above the 32 bits of each likeness; and its rows' sums, to `sums`, with how many updates point away from each above 128 bits.
function putRest(uint256 matrix, uint256 rows, uint256 updates, uint256 norm, uint256 like, uint256 sums) pure {
    assembly ("memory-safe") {
        let line := shl(5, updates)
        calldatacopy(sums, calldatasize(), line)
        let parts := add(matrix, mul(shl(5, rows), updates))
        for { let i := 0 } lt(i, line) { i := add(i, 0x20) } {
            let part := mul(mload(add(parts, i)), iszero(iszero(norm)))
            let value := sub(mload(matrix), sdiv(mul(part, part), norm))
            mstore(like, or(shl(32, value), 65536))
            let sum := add(mload(add(sums, i)), value)
            let from := matrix
            let right := like
            let down := like
            for { let j := add(i, 0x20) } lt(j, line) { j := add(j, 0x20) } {
                from := add(from, 0x20)
                right := add(right, 0x20)
                down := add(down, line)
                let product := mload(from)
                value := sub(product, sdiv(mul(part, mload(add(parts, j))), norm))
                // With one above 128 bits if the two point away from each other.
                product := add(value, and(shr(127, product), 0x100000000000000000000000000000000))
                sum := add(sum, product)
                mstore(add(sums, j), add(mload(add(sums, j)), product))
                value := or(shl(32, value), mload(right))
                mstore(right, value)
                mstore(down, value)
            }
            mstore(add(sums, i), sum)
            matrix := add(matrix, shl(5, add(rows, 1)))
            like := add(like, add(line, 0x20))
        }
    }
}

/// Which updates do not stand, a bit each: those from which two thirds of the others or more point away; none if all do. Leaves the
/// sums of what the others are with those that stand.
function leaveOut(uint256 like, uint256 updates, uint256 sums)
    pure
    returns (uint256 out, uint256 standing, int256 all)
{
    unchecked {
        standing = updates;
        for (uint256 i = 0; i < updates; ++i) {
            uint256 against;
            assembly ("memory-safe") {
                let place := add(sums, shl(5, i))
                let sum := mload(place)
                let value := signextend(15, sum)
                mstore(place, value)
                against := shr(128, sub(sum, value))
            }
            if (3 * against >= 2 * (updates - 1)) {
                // A bit, not a number of bits.
                // forge-lint: disable-next-line(incorrect-shift)
                out |= 1 << i;
                --standing;
            }
        }
        if (standing == 0) (out, standing) = (0, updates);
        for (uint256 i = 0; i < updates && out != 0; ++i) {
            if ((out >> i) & 1 == 0) continue;
            assembly ("memory-safe") {
                let line := shl(5, updates)
                let row := add(like, mul(line, i))
                for { let j := 0 } lt(j, line) { j := add(j, 0x20) } {
                    let to := add(sums, j)
                    mstore(to, sub(mload(to), sar(32, mload(add(row, j)))))
                }
            }
        }
        for (uint256 i = 0; i < updates; ++i) {
            // Signed, as it lies there.
            // forge-lint: disable-next-line(unsafe-typecast)
            if ((out >> i) & 1 == 0) all += int256(word(sums, i));
        }
    }
}

/// Raises likenesses to those of the rests' deviations from the mean of those that stand, and writes how far each two agree where the
/// rests were: what points apart, and one itself, in nothing. Says who does not stand, a bit each.
function putAgreements(uint256 like, uint256 updates, uint256 sums) pure returns (uint256 out) {
    unchecked {
        uint256 lengths = allocate(2 * updates);
        uint256 standing;
        int256 all;
        (out, standing, all) = leaveOut(like, updates, sums);
        centre(like, updates, standing, sums, all, lengths);
        for (uint256 i = 0; i < updates; ++i) {
            setWord(lengths, updates + i, squareRoot(word(like, i * (updates + 1)) >> 32));
        }
        assembly ("memory-safe") {
            let line := shl(5, updates)
            for { let i := 0 } lt(i, line) { i := add(i, 0x20) } {
                mstore(like, 65536)
                let own := sub(all, mul(standing, mload(add(sums, i))))
                let other := add(lengths, i)
                let length := mload(other)
                let size := mload(add(other, line))
                let right := like
                let down := like
                for { let j := add(i, 0x20) } lt(j, line) { j := add(j, 0x20) } {
                    right := add(right, 0x20)
                    down := add(down, line)
                    other := add(other, 0x20)
                    let value := mload(right)
                    let same := and(value, 0xffffffff)
                    value := sar(32, value)
                    let above := add(own, mul(standing, sub(mul(standing, value), mload(add(sums, j)))))
                    above := sub(sdiv(shl(16, above), mul(length, mload(other))), SAME_UPDATE)
                    if sgt(above, 0) {
                        above := shl(2, above)
                        if gt(above, 65536) { above := 65536 }
                        if gt(above, same) { same := above }
                    }
                    if sgt(value, 0) {
                        value := div(shl(16, value), mul(size, mload(add(other, line))))
                        same := or(same, shl(32, shr(16, mul(value, sub(65536, same)))))
                    }
                    mstore(right, same)
                    mstore(down, same)
                }
                like := add(like, add(line, 0x20))
            }
        }
    }
}

/// The sum of every update's agreements with the quarter of the others that it agrees with most, to `values`, and how many updates it
/// is, `Σ_j like_ij`, to `counts`.
function sumAgreements(uint256 like, uint256 updates, uint256 values, uint256 counts) pure {
    unchecked {
        // Eleven agreements a word, 23 bits each, in an even number of words.
        uint256 words = 2 * ((updates + 21) / 22);
        uint256 packed = allocate(words);
        for (uint256 i = 0; i < updates; ++i) {
            uint256 count;
            assembly ("memory-safe") {
                let end := add(like, shl(5, updates))
                let to := packed
                for {} lt(like, end) { to := add(to, 0x20) } {
                    let lanes := 0
                    let last := add(like, 352)
                    if gt(last, end) { last := end }
                    for {} lt(like, last) { like := add(like, 0x20) } {
                        let value := mload(like)
                        count := add(count, value)
                        lanes := or(shl(23, lanes), shr(32, value))
                    }
                    mstore(to, lanes)
                }
                // There may be one word more.
                if lt(to, add(packed, shl(5, words))) { mstore(to, 0) }
                // Above are the agreements.
                count := and(count, 0xffffffff)
            }
            setWord(counts, i, count);
            setWord(values, i, sumLargest(packed, words, (updates + 3) / 4));
        }
    }
}

/// The sum of the `most` largest of the numbers of at most 17 bits in so many words, eleven a word, 23 bits each.
function sumLargest(uint256 packed, uint256 words, uint256 most) pure returns (uint256 sum) {
    assembly ("memory-safe") {
        // A one in each lane.
        let ones := 0x4000008000010000020000040000080000100000200000400000800001
        let end := add(packed, shl(5, words))
        // The largest number that so many are at least as large as, from its first bit on.
        let least := 0
        for { let bit := 65536 } bit { bit := shr(1, bit) } {
            // Bit 22 of a lane is set where the number is as large.
            let by := mul(ones, sub(4194304, or(least, bit)))
            let count := 0
            for { let at := packed } lt(at, end) { at := add(at, 0x40) } {
                count := add(
                    count,
                    add(and(shr(22, add(mload(at), by)), ones), and(shr(22, add(mload(add(at, 0x20)), by)), ones))
                )
            }
            // Modulo 2^23 - 1 a word is the sum of its lanes.
            if iszero(lt(mod(count, 8388607), most)) { least := or(least, bit) }
        }
        // What they have above it, and it as often as there are so many.
        let by := mul(ones, sub(4194304, least))
        for { let at := packed } lt(at, end) { at := add(at, 0x20) } {
            let above := add(mload(at), by)
            above := and(above, mul(and(shr(22, above), ones), 4194303))
            sum := add(sum, mod(above, 8388607))
        }
        sum := add(sum, mul(most, least))
    }
}

/// Every update's agreement with the others that stand, each of them once: their shares' sum along it, to `values`.
function alignments(
    uint256 matrix,
    uint256 rows,
    uint256 updates,
    uint256 like,
    uint256 shares,
    uint256 lengths,
    uint256 values
) pure {
    assembly ("memory-safe") {
        let line := shl(5, updates)
        let fours := add(shares, and(line, not(0x7f)))
        for { let i := 0 } lt(i, line) { i := add(i, 0x20) } {
            let sum := 0
            let at := matrix
            let other := shares
            // As if none were like another, which likeness then takes off.
            for {} lt(other, fours) { other := add(other, 0x80) } {
                sum := add(sum, mul(mload(other), mload(at)))
                sum := add(sum, mul(mload(add(other, 0x20)), mload(add(at, 0x20))))
                sum := add(sum, mul(mload(add(other, 0x40)), mload(add(at, 0x40))))
                sum := add(sum, mul(mload(add(other, 0x60)), mload(add(at, 0x60))))
                at := add(at, 0x80)
            }
            for { let end := add(shares, line) } lt(other, end) { other := add(other, 0x20) } {
                sum := add(sum, mul(mload(other), mload(at)))
                at := add(at, 0x20)
            }
            // Whose share is all of it is like no other.
            switch mload(add(shares, i))
            case 65536 { sum := sub(sum, shl(16, mload(add(matrix, i)))) }
            default {
                for { let j := 0 } lt(j, line) { j := add(j, 0x20) } {
                    let same := and(mload(add(like, j)), 0xffffffff)
                    if same {
                        let share := mload(add(shares, j))
                        sum := sub(sum, mul(sub(share, shr(16, mul(share, sub(65536, same)))), mload(add(matrix, j))))
                    }
                }
            }
            like := add(like, line)
            mstore(add(values, i), div(mul(sum, sgt(sum, 0)), mload(add(lengths, i))))
            matrix := add(matrix, shl(5, rows))
        }
    }
}

/// The lengths of the first `count` rows, to `lengths`.
function lengthsOf(uint256 matrix, uint256 rows, uint256 count, uint256 lengths) pure {
    unchecked {
        for (uint256 i = 0; i < count; ++i) {
            setWord(lengths, i, squareRoot(square(matrix, rows, i)));
        }
    }
}

/// How little every update is the previous aggregate, which is the row behind them: one less the square of their cosine, if that is
/// positive, to `values`.
function freshness(uint256 matrix, uint256 rows, uint256 updates, uint256 lengths, uint256 values) pure {
    uint256 own = squareRoot(square(matrix, rows, updates));
    assembly ("memory-safe") {
        let line := shl(5, updates)
        matrix := add(matrix, mul(shl(5, rows), updates))
        for { let i := 0 } lt(i, line) { i := add(i, 0x20) } {
            let cosine := mload(add(matrix, i))
            cosine := div(shl(16, mul(cosine, sgt(cosine, 0))), mul(mload(add(lengths, i)), own))
            if gt(cosine, 65536) { cosine := 65536 }
            mstore(add(values, i), sub(65536, shr(16, mul(cosine, cosine))))
        }
    }
}

/// Multiplies qualities by how much of the median each value is: nothing up to `low`, in full from `1 / 2^stretch` above. A
/// value of 0 is nothing, and any other in full if the median is 0; where `most` have to have something, all are in full then.
function grade(uint256 qualities, uint256 values, uint256 updates, uint256 low, uint256 stretch, bool most) pure {
    unchecked {
        uint256 sorted = allocate(updates);
        for (uint256 i = 0; i < updates; ++i) {
            setWord(sorted, i, word(values, i));
        }
        uint256 median = lowerMedian(sorted, updates);
        if (most && median == 0) return;
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

/// The qualities of a round's updates, to `qualities`: each `2^16 / n` at most. `like` has the likeness of their cumulatives. Changes
/// both.
function assess(uint256 matrix, uint256 rows, uint256 updates, bool hasPrevious, uint256 like, uint256 qualities) pure {
    unchecked {
        shorten(matrix, rows, updates);
        uint256 norm = hasPrevious ? square(matrix, rows, updates) : 0;
        uint256 values = allocate(updates);
        uint256 counts = allocate(updates);
        uint256 lengths = allocate(updates);
        putRest(matrix, rows, updates, norm, like, values);
        uint256 out = putAgreements(like, updates, values);
        sumAgreements(like, updates, values, counts);
        for (uint256 i = 0; i < updates; ++i) {
            setWord(qualities, i, ONE);
        }
        if (updates >= 4) grade(qualities, values, updates, 6 << 12, 1, true);
        lengthsOf(matrix, rows, updates, lengths);
        if (norm != 0) {
            freshness(matrix, rows, updates, lengths, values);
            grade(qualities, values, updates, 6 << 12, 2, false);
        }
        uint256 shares = allocate(updates);
        for (uint256 i = 0; i < updates; ++i) {
            setWord(shares, i, (out >> i) & 1 == 0 ? (1 << 32) / word(counts, i) : 0);
        }
        if (updates > 1) {
            alignments(matrix, rows, updates, like, shares, lengths, values);
            grade(qualities, values, updates, 4 << 12, 2, false);
        }
        for (uint256 i = 0; i < updates; ++i) {
            setWord(qualities, i, ((word(qualities, i) << 16) / word(counts, i)) / updates);
        }
    }
}
