// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ONE, allocate, factor, lowerMedian, setWord, squareRoot, squareRootNear, word} from "./Arithmetic.sol";

// How many each update is, by how alike participants' cumulative updates are ([F4.3]). Three entries of a row lie in one word, as
// the sum of each times 2^0, 2^85, 2^170: for up to 128 rows whose squared norms are 2^62 at most, nothing that is added up or
// compared here has more than 84 bits with its sign. Words begin behind the diagonal, so that of a word at column j are j, j + 1 and
// j + 2; columns that there are not are 0.

// Where a likeness of cumulative updates begins to count; a quarter later it counts in full.
uint256 constant SAME_HISTORY = 10 << 12;
// A one in each lane, and each lane's highest bit.
uint256 constant LANES = 0x4000000000000000000002000000000000000000001;
uint256 constant TOPS = 0x4000000000000000000002000000000000000000001000000000000000000000;

/// `Σ_j b_ij` of each update, 2^16 for one and itself, from the triangle of `updates` rows from `data` in calldata on. `good` if this can be
/// a matrix of rows whose squared norms are within `limit` ([F2.5]). If there is such a matrix, `like` gets what is not 0 off the
/// diagonal.
function countHistories(uint256 data, uint256 updates, uint256 limit, uint256 like)
    pure
    returns (uint256 counts, bool good)
{
    unchecked {
        // Of columns, with room for those that there are not: the squared norms; what rows are shortened by; packed sums.
        uint256 line = 32 * (updates + 2);
        uint256 norms = allocate(3 * (updates + 2));
        good = readNorms(data, updates, limit, norms, norms + line);
        uint256 triangle = allocate((updates * (updates + 3)) / 6 + 1);
        uint256 sums = allocate(updates);
        good = shortenHistories(data, updates, norms, triangle, sums) && good;
        uint256 lengths = allocate(updates);
        int256 all = centreHistories(updates, norms, norms + 2 * line, sums, lengths);
        counts = allocate(updates);
        for (uint256 i = 0; i < updates; ++i) {
            setWord(counts, i, ONE);
        }
        if (!good) return (counts, false);
        packColumns(updates, sums, lengths, norms);
        // The list grows behind all that is allocated.
        uint256 end = findAlike(updates, triangle, sums, norms, all);
        uint256 hits = allocate((end - _free()) / 32);
        for (; hits < end; hits += 32) {
            uint256 hit = word(hits, 0);
            addAlike(hit, updates, all, sums, lengths, counts, like);
        }
    }
}

/// Where memory begins that is not allocated.
function _free() pure returns (uint256 place) {
    assembly ("memory-safe") { place := mload(0x40) }
}

/// The squared norms, and what each row is to be multiplied by so that none is longer than the median, or 2^16 if that is 0. Behind both come
/// zeros.
function readNorms(uint256 data, uint256 updates, uint256 limit, uint256 norms, uint256 factors)
    pure
    returns (bool good)
{
    unchecked {
        uint256 sorted = allocate(updates);
        assembly ("memory-safe") {
            let bad := 0
            let to := norms
            for { let left := shl(3, updates) } left { left := sub(left, 8) } {
                // What is below 0 is above every limit as an unsigned word.
                let value := sar(192, calldataload(data))
                bad := or(bad, gt(value, limit))
                mstore(to, value)
                data := add(data, left)
                to := add(to, 0x20)
            }
            mstore(to, 0)
            mstore(add(to, 0x20), 0)
            good := iszero(bad)
        }
        if (!good) return false;
        uint256 length = squareRoot(word(norms, 0));
        for (uint256 i = 0; i < updates; ++i) {
            length = squareRootNear(word(norms, i), length);
            setWord(factors, i, length);
            setWord(sorted, i, length);
        }
        uint256 most = lowerMedian(sorted, updates);
        for (uint256 i = 0; i < updates; ++i) {
            setWord(factors, i, most == 0 ? ONE : factor(word(factors, i), most));
        }
        setWord(factors, updates, 0);
        setWord(factors, updates + 1, 0);
    }
}

/// Multiplies rows by their factors, entries rounded toward 0: squared norms in their place, what is above the diagonal to `triangle`. The sum
/// of each row's own words goes to `sums`, that of each column's behind the factors. False if an inner product is larger than
/// its rows' lengths allow.
function shortenHistories(uint256 data, uint256 updates, uint256 norms, uint256 triangle, uint256 sums)
    pure
    returns (bool good)
{
    if (updates == 0) return true;
    assembly ("memory-safe") {
        let line := shl(5, add(updates, 2))
        calldatacopy(add(norms, shl(1, line)), calldatasize(), line)
        // Behind all that is allocated: a row's entries, and zeros.
        let row := mload(0x40)
        let bad := 0
        for { let left := shl(3, sub(updates, 1)) } 1 { left := sub(left, 8) } {
            let norm := mload(norms)
            let own := mload(add(norms, line))
            data := add(data, 8)
            calldatacopy(row, data, left)
            data := add(data, left)
            let end := add(row, left)
            mstore(end, 0)
            let other := add(norms, 0x20)
            let sum := 0
            for { let at := row } lt(at, end) { at := add(at, 24) } {
                let by := add(other, line)
                let value := sar(192, mload(at))
                bad := or(bad, gt(mul(value, value), mul(norm, mload(other))))
                let three := sdiv(mul(value, mul(own, mload(by))), 4294967296)
                value := sar(192, mload(add(at, 8)))
                bad := or(bad, gt(mul(value, value), mul(norm, mload(add(other, 0x20)))))
                three := add(three, shl(85, sdiv(mul(value, mul(own, mload(add(by, 0x20)))), 4294967296)))
                value := sar(192, mload(add(at, 16)))
                bad := or(bad, gt(mul(value, value), mul(norm, mload(add(other, 0x40)))))
                three := add(three, shl(170, sdiv(mul(value, mul(own, mload(add(by, 0x40)))), 4294967296)))
                mstore(triangle, three)
                triangle := add(triangle, 0x20)
                sum := add(sum, three)
                by := add(by, line)
                mstore(by, add(mload(by), three))
                other := add(other, 0x60)
            }
            // The diagonal, and the row's sum with it.
            norm := div(mul(norm, mul(own, own)), 4294967296)
            mstore(norms, norm)
            norms := add(norms, 0x20)
            let lane := sar(171, shl(171, sum))
            sum := sar(85, sub(sum, lane))
            norm := add(norm, lane)
            lane := sar(171, shl(171, sum))
            mstore(sums, add(norm, add(lane, sar(85, sub(sum, lane)))))
            sums := add(sums, 0x20)
            if iszero(left) { break }
        }
        good := iszero(bad)
    }
}

/// Makes sums of rows whole by those of columns; gives the sum of all. The lengths of rows' deviations from their mean, times how many rows
/// there are, go to `lengths`.
function centreHistories(uint256 updates, uint256 norms, uint256 columns, uint256 sums, uint256 lengths)
    pure
    returns (int256 all)
{
    unchecked {
        assembly ("memory-safe") {
            // What words of columns before have of the next, and of the one after it.
            let first := 0
            let second := 0
            for { let i := 0 } lt(i, shl(5, updates)) { i := add(i, 0x20) } {
                let three := mload(add(columns, i))
                let lane := sar(171, shl(171, three))
                let sum := add(add(mload(add(sums, i)), lane), first)
                mstore(add(sums, i), sum)
                all := add(all, sum)
                three := sar(85, sub(three, lane))
                lane := sar(171, shl(171, three))
                first := add(second, lane)
                second := sar(85, sub(three, lane))
            }
        }
        uint256 near = 0;
        for (uint256 i = 0; i < updates; ++i) {
            uint256 length;
            assembly ("memory-safe") {
                let value := sub(mul(updates, mload(add(norms, shl(5, i)))), shl(1, mload(add(sums, shl(5, i)))))
                length := add(mul(updates, value), all)
                length := mul(length, sgt(length, 0))
            }
            near = squareRootNear(length, near);
            setWord(lengths, i, near);
        }
    }
}

/// Of each column and the two behind it the lengths, to `columns`, and behind room for two more `8 n` times the sums. No column that there is not
/// is alike.
function packColumns(uint256 updates, uint256 sums, uint256 lengths, uint256 columns) pure {
    if (updates == 0) return;
    assembly ("memory-safe") {
        let line := shl(5, add(updates, 2))
        let size := 0
        let sum := shl(83, add(1, shl(85, 1)))
        for { let i := shl(5, updates) } i {} {
            i := sub(i, 0x20)
            // What leaves the third lane is above all lanes.
            size := add(mload(add(lengths, i)), shl(85, size))
            mstore(add(columns, i), size)
            sum := add(shl(3, mul(updates, mload(add(sums, i)))), shl(85, sum))
            mstore(add(add(columns, line), i), sum)
        }
    }
}

/// Lists, behind all that is allocated, the words in which two may be alike: where `8 x > 5 a b` for a product x of deviations and
/// their lengths a and b, which is what 10/16 of a cosine are. Each with its place, its row from bit 64 on and its column from bit 128 on; gives
/// the list's end.
function findAlike(uint256 updates, uint256 triangle, uint256 sums, uint256 columns, int256 all)
    pure
    returns (uint256 to)
{
    if (updates == 0) return 0;
    assembly ("memory-safe") {
        to := mload(0x40)
        let line := shl(5, add(updates, 2))
        let by := shl(3, mul(updates, updates))
        for { let i := 1 } lt(i, updates) { i := add(i, 1) } {
            // A lane's highest bit stays where it is if what is added is not below 0.
            let own := add(shl(3, sub(all, mul(updates, mload(sums)))), sub(shl(84, 1), 1))
            own := mul(own, LANES)
            let length := mul(5, and(mload(columns), sub(shl(85, 1), 1)))
            columns := add(columns, 0x20)
            sums := add(sums, 0x20)
            let end := add(columns, shl(5, sub(updates, i)))
            for { let at := columns } lt(at, end) { at := add(at, 0x60) } {
                let three := sub(mul(by, mload(triangle)), add(mul(length, mload(at)), mload(add(at, line))))
                if and(add(own, three), TOPS) {
                    let j := add(i, shr(5, sub(at, columns)))
                    mstore(to, or(or(triangle, shl(64, sub(i, 1))), shl(128, j)))
                    to := add(to, 0x20)
                }
                triangle := add(triangle, 0x20)
            }
        }
    }
}

/// Adds how alike a row and three columns are to the counts of both, and, if there is such a matrix, puts it there.
function addAlike(uint256 hit, uint256 updates, int256 all, uint256 sums, uint256 lengths, uint256 counts, uint256 like)
    pure {
    unchecked {
        // Three numbers below 2^64.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint256 i = uint64(hit >> 64);
        uint256 j = hit >> 128;
        // forge-lint: disable-next-line(unsafe-typecast)
        uint256 three = word(uint64(hit), 0);
        for (uint256 end = j + 3 < updates ? j + 3 : updates; j < end; ++j) {
            uint256 value;
            assembly ("memory-safe") {
                let lane := sar(171, shl(171, three))
                three := sar(85, sub(three, lane))
                value := sub(mul(updates, lane), add(mload(add(sums, shl(5, i))), mload(add(sums, shl(5, j)))))
                value := add(all, mul(updates, value))
                value := sdiv(shl(16, value), mul(mload(add(lengths, shl(5, i))), mload(add(lengths, shl(5, j)))))
                value := sub(value, SAME_HISTORY)
                value := shl(2, mul(value, sgt(value, 0)))
            }
            if (value == 0) continue;
            if (value > ONE) value = ONE;
            setWord(counts, i, word(counts, i) + value);
            setWord(counts, j, word(counts, j) + value);
            if (like != 0) {
                setWord(like, updates * i + j, value);
                setWord(like, updates * j + i, value);
            }
        }
    }
}
