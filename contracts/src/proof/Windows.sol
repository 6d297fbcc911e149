// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {eqPointsBelow, eqTable, eqZero} from "./Eq.sol";
import "./Memory.sol";

// Windows ([4.1]): `Σ_{a<n, b<m} eq(r, a) eq(rho, b) eq(u, s a + d b - p)` over the places that exist.

/// A window over the axis that begins at coordinate `offset` of u; `axis` is the first word of its bytes.
function window(uint256 axis, uint256 offset) pure returns (uint256 value) {
    uint256 factor;
    (axis, offset, factor) = halve(axis, offset);
    (bool found, uint256 point, uint256 bits, uint256 count) = single(axis);
    value = found ? together(point, bits, offset, (axis >> 240) & 0xff, count) : sliding(axis, offset);
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

/// The sum, from tables of `eq` of places, taps and cells.
///
/// Where places follow each other and they and the cells come in pairs, tables are of pairs: the lowest bits of a place
/// and its cell meet in four ways. With 2h between the two, pairs are h apart; with 2h + 1, h for a pair's first place
/// and h + 1 for its second.
function sliding(uint256 axis, uint256 offset) pure returns (uint256 value) {
    uint256 fold = paired(axis);
    uint256 weights = tables(axis, offset, fold);
    uint256 start;
    uint256 left;
    assembly {
        if fold { axis := sub(axis, and(shr(1, axis), or(shl(176, 0x7fffffff), shl(16, 0x7fffffff)))) }
        // Where the first place reads with this tap.
        start := sub(0, signextend(3, shr(48, axis)))
        left := and(shr(144, axis), 0xffffffff)
    }
    // The sums for this distance and for one more; the latter is 0 if it is not known.
    uint256 last = 1 << 255;
    uint256 here;
    uint256 above;
    while (left != 0) {
        uint256 own;
        assembly {
            own := sar(fold, start)
        }
        if (own != last) {
            unchecked {
                here = own == last + 1 && above != 0 ? above : strip(axis, own);
            }
            (last, above) = (own, 0);
        }
        if (start & fold != 0) {
            unchecked {
                if (above == 0) above = strip(axis, last + 1);
            }
            assembly {
                own := addmod(mulmod(here, mload(0x20), P), mulmod(above, mload(0x40), P), P)
            }
        } else {
            assembly {
                own := mulmod(here, mload(0x00), P)
            }
        }
        assembly {
            if weights {
                own := mulmod(own, mload(weights), P)
                weights := add(weights, 0x20)
            }
            value := addmod(value, own, P)
            start := add(start, and(shr(80, axis), 0xffffffff))
            left := sub(left, 1)
        }
    }
}

/// Makes the tables. To scratch memory: what the lowest bits come to with an even distance, with an odd one for a pair's
/// first place and its second; where the tables of places and cells are. Returns where that of taps is; 0 if they weigh 1.
function tables(uint256 axis, uint256 offset, uint256 fold) pure returns (uint256 weights) {
    uint256 place;
    uint256 cell;
    uint256 free;
    assembly {
        place := add(R, shl(5, byte(2, axis)))
        cell := add(U, shl(5, offset))
        free := mload(TABLES)
        mstore(0x60, free)
        let none := 1
        if fold {
            let x := mload(place)
            let y := mload(cell)
            let both := mulmod(x, y, P)
            mstore(0x20, add(y, sub(P, both)))
            mstore(0x40, add(x, sub(P, both)))
            // 1 - x - y + 2xy, below 5P.
            none := add(sub(TWICE_P_AND_1, add(x, y)), shl(1, both))
            place := add(place, 0x20)
            cell := add(cell, 0x20)
        }
        mstore(0x00, none)
    }
    unchecked {
        free = eqTable(place, ((axis >> 224) & 0xff) - fold, free, 1);
        assembly {
            mstore(0x80, free)
        }
        free = eqTable(cell, ((axis >> 240) & 0xff) - fold, free, 1);
        place = (axis >> 216) & 0xff;
        if (place == 255) return 0;
        eqTable(RHO + 32 * place, (axis >> 208) & 0xff, free, 1);
        return free;
    }
}

/// Whether places and cells are looked at in pairs.
function paired(uint256 axis) pure returns (uint256 fold) {
    assembly {
        let length := and(shr(16, axis), 0xffffffff)
        let odd := and(or(shr(176, axis), length), 1)
        fold := and(and(eq(and(shr(112, axis), 0xffffffff), 1), gt(length, 0)), iszero(odd))
    }
}

/// The sum over all places, the first of which reads the cell `start`, if that exists. Tables are where `tables` says.
function strip(uint256 axis, uint256 start) pure returns (uint256 sum) {
    assembly {
        let places := mload(0x60)
        let cells := mload(0x80)
        // The first place that reads a cell, and the first behind those that do.
        let stride := and(shr(112, axis), 0xffffffff)
        let from := sub(0, start)
        let to := add(and(shr(16, axis), 0xffffffff), from)
        if xor(stride, 1) {
            // All or none if they do not move.
            let up := sub(stride, 1)
            from := add(sdiv(add(from, up), stride), shl(64, and(iszero(stride), sgt(from, 0))))
            to := add(sdiv(add(to, up), stride), shl(64, and(iszero(stride), sgt(to, 0))))
        }
        let end := and(shr(176, axis), 0xffffffff)
        if slt(to, end) { end := to }
        if slt(from, 0) { from := 0 }
        if slt(from, end) {
            cells := add(cells, shl(5, add(start, mul(from, stride))))
            end := add(places, shl(5, end))
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
