// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {eqPointsBelow, eqTable, eqZero} from "./Eq.sol";
import "./Memory.sol";

// Windows ([4.1]): `Σ_{a<n, b<m} eq(r, a) eq(rho, b) eq(u, s a + d b - p)` over the places that exist.

// Tables of as many bits or more are not kept: memory's price grows with its square. A power of two.
uint256 constant KEPT = 8;

/// A window over the axis that begins at coordinate `offset` of u; `axis` is the first word of its bytes.
function window(uint256 axis, uint256 offset) pure returns (uint256 value) {
    uint256 factor;
    (axis, offset, factor) = halve(axis, offset);
    (bool found, uint256 point, uint256 bits, uint256 count) = single(axis);
    if (found) {
        value = together(point, bits, offset, (axis >> 240) & 0xff, count);
    } else {
        uint256 free;
        assembly {
            free := mload(TABLES)
        }
        bool keep = isSmall(axis);
        uint256 fold = foldable(axis);
        value = fold == 0 ? summed(axis, offset, keep) : folded(axis, offset, fold, keep);
        assembly {
            if iszero(keep) { mstore(TABLES, free) }
        }
    }
    assembly {
        value := mulmod(value, factor, P)
    }
}

/// Whether a window has one tap or one place, which weighs 1, and its cells lie next to each other from the first on:
/// then the coordinates of the others, and how many are read.
function single(uint256 axis) pure returns (bool found, uint256 point, uint256 bits, uint256 count) {
    assembly {
        let sums := byte(5, axis)
        let weighed := xor(byte(4, axis), 255)
        if iszero(weighed) { sums := 0 }
        count := and(shr(176, axis), 0xffffffff)
        let taps := and(shr(144, axis), 0xffffffff)
        if and(and(eq(taps, 1), iszero(sums)), eq(and(shr(112, axis), 0xffffffff), 1)) {
            point := add(R, shl(5, byte(2, axis)))
            bits := byte(3, axis)
            found := 1
        }
        if iszero(found) {
            if and(and(eq(count, 1), iszero(byte(3, axis))), eq(and(shr(80, axis), 0xffffffff), 1)) {
                point := add(RHO, shl(5, byte(4, axis)))
                bits := sums
                count := taps
                found := gt(weighed, 0)
            }
        }
        found := and(found, iszero(and(shr(48, axis), 0xffffffff)))
        let length := and(shr(16, axis), 0xffffffff)
        if gt(count, length) { count := length }
    }
}

/// `Σ_{i<count} eq(point, i) eq(u[offset..], i)`, where the points have as many coordinates as `bits` and `own`.
function together(uint256 point, uint256 bits, uint256 offset, uint256 own, uint256 count)
    pure
    returns (uint256 value)
{
    unchecked {
        uint256 cells = U + 32 * offset;
        uint256 both = bits < own ? bits : own;
        uint256 above = eqZero(point + 32 * both, bits - both);
        uint256 over = eqZero(cells + 32 * both, own - both);
        value = eqPointsBelow(point, cells, both, count);
        assembly {
            value := mulmod(value, mulmod(above, over, P), P)
        }
    }
}

/// Whether none of a window's tables is too large to be kept.
function isSmall(uint256 axis) pure returns (bool small) {
    assembly {
        small := or(byte(1, axis), byte(3, axis))
        if xor(byte(4, axis), 255) { small := or(small, byte(5, axis)) }
        small := lt(small, KEPT)
    }
}

/// The sum, from tables of all places, taps and cells.
function summed(uint256 axis, uint256 offset, bool keep) pure returns (uint256 value) {
    uint256 places = tableOf(R, R_TABLES, (axis >> 232) & 0xff, (axis >> 224) & 0xff, keep);
    uint256 taps = tapsOf(axis, keep);
    uint256 cells = tableOf(U, U_TABLES, offset, (axis >> 240) & 0xff, keep);
    value = slide(axis, places, taps, cells);
}

/// The table of the taps' weights; 0 if they are all 1.
function tapsOf(uint256 axis, bool keep) pure returns (uint256 taps) {
    taps = (axis >> 216) & 0xff;
    taps = taps == 255 ? 0 : tableOf(RHO, RHO_TABLES, taps, (axis >> 208) & 0xff, keep);
}

/// By how many low bits places and cells can be taken apart (`folded`); 0 if not, or if it would not pay.
function foldable(uint256 axis) pure returns (uint256 bits) {
    assembly {
        let count := and(shr(176, axis), 0xffffffff)
        let length := and(shr(16, axis), 0xffffffff)
        if and(and(gt(count, 11), gt(length, 0)), eq(and(shr(112, axis), 0xffffffff), 1)) {
            // Both numbers in whole groups, which are at most about as large as there are many.
            for { let both := or(count, length) } and(lt(shl(shl(1, bits), 1), count), iszero(and(both, 1))) {} {
                bits := add(bits, 1)
                both := shr(1, both)
            }
        }
    }
}

/// The sum where places follow each other and they and the cells come in groups of `2^fold`: a place's and a cell's low
/// bits meet in a few ways, and so do groups. With an offset of `q 2^fold + s` between place and cell, groups are q
/// apart for the places of a group that are below `2^fold - s`, and q + 1 for the others.
function folded(uint256 axis, uint256 offset, uint256 fold, bool keep) pure returns (uint256 value) {
    uint256 groups;
    uint256 left;
    uint256 apart;
    unchecked {
        uint256 first = (axis >> 232) & 0xff;
        uint256 bits = (axis >> 224) & 0xff;
        // In scratch memory: the four tables.
        uint256 table = tableOf(R, R_TABLES, first, fold, keep);
        assembly {
            mstore(0x00, table)
        }
        table = tableOf(R, R_TABLES, first + fold, bits - fold, keep);
        assembly {
            mstore(0x20, table)
        }
        table = tableOf(U, U_TABLES, offset, fold, keep);
        assembly {
            mstore(0x40, table)
        }
        table = tableOf(U, U_TABLES, offset + fold, ((axis >> 240) & 0xff) - fold, keep);
        assembly {
            mstore(0x60, table)
        }
    }
    uint256 taps = tapsOf(axis, keep);
    uint256 last = 1 << 255;
    uint256 here;
    uint256 above;
    assembly {
        left := and(shr(144, axis), 0xffffffff)
        apart := sub(0, signextend(3, shr(48, axis)))
    }
    while (left != 0) {
        assembly {
            groups := sar(fold, apart)
            left := sub(left, 1)
        }
        unchecked {
            if (groups != last) {
                here = groups == last + 1 ? above : grouped(axis, fold, groups);
                above = grouped(axis, fold, groups + 1);
                last = groups;
            }
        }
        uint256 own = within(fold, apart, here, above);
        assembly {
            if taps {
                own := mulmod(own, mload(taps), P)
                taps := add(taps, 0x20)
            }
            value := addmod(value, own, P)
            apart := add(apart, and(shr(80, axis), 0xffffffff))
        }
    }
}

/// The sum over groups of places that are `apart` from a group of cells; the upper tables are in scratch memory.
function grouped(uint256 axis, uint256 fold, uint256 apart) pure returns (uint256 value) {
    assembly {
        let from := 0
        if slt(apart, 0) { from := sub(0, apart) }
        let to := shr(fold, and(shr(176, axis), 0xffffffff))
        let end := sub(shr(fold, and(shr(16, axis), 0xffffffff)), apart)
        if slt(end, to) { to := end }
        let places := add(mload(0x20), shl(5, from))
        let cells := add(mload(0x60), shl(5, add(from, apart)))
        for { end := add(mload(0x20), shl(5, to)) } slt(places, end) { places := add(places, 0x20) } {
            value := addmod(value, mulmod(mload(places), mload(cells), P), P)
            cells := add(cells, 0x20)
        }
    }
}

/// The sum within groups, given the sums over groups for both ways; the lower tables are in scratch memory.
function within(uint256 fold, uint256 apart, uint256 here, uint256 above) pure returns (uint256 value) {
    assembly {
        let size := shl(add(5, fold), 1)
        let places := mload(0x00)
        let cells := mload(0x40)
        let shift := and(shl(5, apart), sub(size, 1))
        let own := 0
        for { let c := add(cells, shift) } lt(c, add(cells, size)) { c := add(c, 0x20) } {
            own := addmod(own, mulmod(mload(places), mload(c), P), P)
            places := add(places, 0x20)
        }
        value := mulmod(own, here, P)
        own := 0
        for { let end := add(cells, shift) } lt(cells, end) { cells := add(cells, 0x20) } {
            own := addmod(own, mulmod(mload(places), mload(cells), P), P)
            places := add(places, 0x20)
        }
        value := addmod(value, mulmod(own, above, P), P)
    }
}

/// `eq` of `bits` coordinates of a point from number `first` on, with every index: what `memo` remembers of the last
/// table that began there, or a new one.
function tableOf(uint256 point, uint256 memo, uint256 first, uint256 bits, bool keep) pure returns (uint256 table) {
    uint256 end;
    assembly {
        // The table's place, then its bits plus 1.
        memo := add(memo, shl(5, first))
        let known := mload(memo)
        if eq(and(known, 0xff), add(bits, 1)) { table := shr(8, known) }
    }
    if (table != 0) return table;
    assembly {
        table := mload(TABLES)
        point := add(point, shl(5, first))
        if keep { mstore(memo, or(shl(8, table), add(bits, 1))) }
    }
    end = eqTable(point, bits, table, 1);
    assembly {
        mstore(TABLES, end)
    }
}

/// A window without what does not matter or can be said more simply, the coordinate that it begins at, and a factor. A
/// stride of one place does not matter, nor does the dilation of one tap. If both are even, the lowest bit of every cell
/// that is read is the same: the window is `eq` of u's lowest coordinate with that bit, times a window of half of all.
function halve(uint256 axis, uint256 offset) pure returns (uint256 half, uint256 upper, uint256 factor) {
    assembly {
        let stride := and(shr(112, axis), 0xffffffff)
        let dilation := and(shr(80, axis), 0xffffffff)
        let pad := signextend(3, shr(48, axis))
        let length := and(shr(16, axis), 0xffffffff)
        if eq(and(shr(176, axis), 0xffffffff), 1) { stride := 0 }
        if eq(and(shr(144, axis), 0xffffffff), 1) { dilation := 0 }
        factor := 1
        upper := offset
        for { let bits := byte(1, axis) } and(gt(bits, 0), iszero(and(or(stride, dilation), 1))) {} {
            let bit := and(pad, 1)
            let c := add(U, shl(5, upper))
            if iszero(bit) { c := add(c, 0x400) }
            factor := mulmod(factor, mload(c), P)
            stride := shr(1, stride)
            dilation := shr(1, dilation)
            pad := sar(1, add(pad, bit))
            length := shr(1, sub(add(length, 1), bit))
            bits := sub(bits, 1)
            axis := sub(axis, shl(240, 1))
            upper := add(upper, 1)
        }
        half := or(shl(144, shr(144, axis)), or(shl(112, stride), shl(80, dilation)))
        half := or(half, or(shl(48, and(pad, 0xffffffff)), shl(16, length)))
    }
}

/// The window's sum, given the three tables; without `taps` each tap weighs 1.
function slide(uint256 axis, uint256 places, uint256 taps, uint256 cells) pure returns (uint256 value) {
    uint256 left;
    uint256 start;
    bool inside;
    assembly {
        // The longer of the two inside: places and taps mean the same.
        let swap := xor(shr(176, axis), shr(144, axis))
        if and(gt(taps, 0), lt(and(shr(176, axis), 0xffffffff), and(shr(144, axis), 0xffffffff))) {
            swap := and(swap, 0xffffffff)
            axis := xor(axis, or(shl(176, swap), shl(144, swap)))
            swap := and(xor(shr(112, axis), shr(80, axis)), 0xffffffff)
            axis := xor(axis, or(shl(112, swap), shl(80, swap)))
            swap := places
            places := taps
            taps := swap
        }
        left := and(shr(144, axis), 0xffffffff)
        // Where the first place reads with this tap; whether every place reads a cell with every tap.
        start := sub(0, signextend(3, shr(48, axis)))
        let last := mul(sub(and(shr(176, axis), 0xffffffff), 1), and(shr(112, axis), 0xffffffff))
        last := add(add(start, last), mul(sub(left, 1), and(shr(80, axis), 0xffffffff)))
        inside := iszero(or(slt(start, 0), iszero(slt(last, and(shr(16, axis), 0xffffffff)))))
    }
    uint256 from;
    uint256 to = (axis >> 176) & 0xffffffff;
    while (left != 0) {
        if (!inside) (from, to) = range(axis, start);
        uint256 own = inner(axis, places, cells, start, from, to);
        assembly {
            if taps {
                own := mulmod(own, mload(taps), P)
                taps := add(taps, 0x20)
            }
            value := addmod(value, own, P)
            start := add(start, and(shr(80, axis), 0xffffffff))
            left := sub(left, 1)
        }
    }
}

/// The places whose cell with this tap exists: from which one on, up to which one. The first place reads at `start`,
/// which may be negative.
function range(uint256 axis, uint256 start) pure returns (uint256 from, uint256 to) {
    assembly {
        // How many steps it takes to go `distance` or further; endlessly many if one does not move.
        function steps(distance, stride) -> count {
            count := div(sub(add(distance, stride), 1), stride)
            if iszero(stride) { count := not(0) }
        }
        let stride := and(shr(112, axis), 0xffffffff)
        let length := and(shr(16, axis), 0xffffffff)
        let count := and(shr(176, axis), 0xffffffff)
        if slt(start, 0) { from := steps(sub(0, start), stride) }
        if slt(start, length) { to := steps(sub(length, start), stride) }
        if gt(to, count) { to := count }
        if gt(from, to) { from := to }
    }
}

/// The sum over places from `from` up to `to` with one tap.
function inner(uint256 axis, uint256 places, uint256 cells, uint256 start, uint256 from, uint256 to)
    pure
    returns (uint256 sum)
{
    assembly {
        let stride := and(shr(112, axis), 0xffffffff)
        cells := add(cells, shl(5, add(start, mul(from, stride))))
        let end := add(places, shl(5, to))
        places := add(places, shl(5, from))
        if eq(stride, 1) {
            // Four at a time.
            for {} iszero(gt(add(places, 0x80), end)) {
                places := add(places, 0x80)
                cells := add(cells, 0x80)
            } {
                sum := addmod(
                    add(
                        add(sum, mulmod(mload(places), mload(cells), P)),
                        mulmod(mload(add(places, 0x20)), mload(add(cells, 0x20)), P)
                    ),
                    add(
                        mulmod(mload(add(places, 0x40)), mload(add(cells, 0x40)), P),
                        mulmod(mload(add(places, 0x60)), mload(add(cells, 0x60)), P)
                    ),
                    P
                )
            }
        }
        stride := shl(5, stride)
        for {} lt(places, end) { places := add(places, 0x20) } {
            sum := addmod(sum, mulmod(mload(places), mload(cells), P), P)
            cells := add(cells, stride)
        }
    }
}
