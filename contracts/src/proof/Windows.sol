// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {eqTable} from "./Eq.sol";
import "./Memory.sol";

// Windows ([4.1]): `Σ_{a<n, b<m} eq(r, a) eq(rho, b) eq(u, s a + d b - p)` over the places that exist.

// Tables of as many bits or more are not kept: memory's price grows with its square. A power of two.
uint256 constant KEPT = 8;

/// A window over the axis that begins at coordinate `offset` of u; `axis` is the first word of its bytes.
function window(uint256 axis, uint256 offset) pure returns (uint256 value) {
    uint256 parity;
    (axis, offset, parity) = halve(axis, offset);
    uint256 free;
    bool keep;
    assembly {
        free := mload(TABLES)
        keep := or(byte(1, axis), byte(3, axis))
        if xor(byte(4, axis), 255) { keep := or(keep, byte(5, axis)) }
        keep := lt(keep, KEPT)
    }
    uint256 places = tableOf(R, R_TABLES, (axis >> 232) & 0xff, (axis >> 224) & 0xff, keep);
    uint256 taps = (axis >> 216) & 0xff;
    taps = taps == 255 ? 0 : tableOf(RHO, RHO_TABLES, taps, (axis >> 208) & 0xff, keep);
    uint256 cells = tableOf(U, U_TABLES, offset, (axis >> 240) & 0xff, keep);
    value = slide(axis, places, taps, cells);
    assembly {
        value := mulmod(value, parity, P)
        if iszero(keep) { mstore(TABLES, free) }
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
