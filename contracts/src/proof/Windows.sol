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

/// The sum, distance by distance: what all taps weigh that read as many cells behind their place, times the sum over all
/// places, from tables of `eq` of places and cells.
function sliding(uint256 axis, uint256 offset) pure returns (uint256 value) {
    uint256 weights = tapWeights(axis);
    uint256 left = (axis >> 144) & 0xffffffff;
    uint256 start;
    assembly {
        // Where the first place reads with the first tap.
        start := sub(0, signextend(3, shr(48, axis)))
    }
    (axis, offset, left, start) = fold(axis, offset, weights, left, start);
    uint256 places;
    uint256 cells;
    unchecked {
        places = weights + 32 * left;
        cells = eqTable(R + 32 * ((axis >> 232) & 0xff), (axis >> 224) & 0xff, places, 1);
        eqTable(U + 32 * offset, (axis >> 240) & 0xff, cells, 1);
    }
    while (left != 0) {
        uint256 own = strip(axis, start, places, cells);
        assembly {
            value := addmod(value, mulmod(own, mload(weights), P), P)
            weights := add(weights, 0x20)
            start := add(start, and(shr(80, axis), 0xffffffff))
            left := sub(left, 1)
        }
    }
}

/// Writes what each tap weighs to where `TABLES` says, behind a zero; returns where.
function tapWeights(uint256 axis) pure returns (uint256 weights) {
    uint256 sum;
    assembly {
        weights := mload(TABLES)
        mstore(weights, 0)
        weights := add(weights, 0x20)
        sum := byte(4, axis)
        if eq(sum, 255) {
            let end := add(weights, shl(5, and(shr(144, axis), 0xffffffff)))
            for { let tap := weights } lt(tap, end) { tap := add(tap, 0x20) } { mstore(tap, 1) }
        }
    }
    unchecked {
        if (sum != 255) eqTable(RHO + 32 * sum, (axis >> 208) & 0xff, weights, 1);
    }
}

/// Where places and taps follow each other, and places and cells come in pairs, the window is one of pairs: the lowest bits
/// of a place and of its cell go into the weights. Of what is 2h cells behind its place, pairs are h apart; of 2h + 1, h for
/// a pair's first place and h + 1 for its second. Again while there are pairs. `count` weights, of distances from `start`
/// on, become, in their place, those of pairs' distances.
function fold(uint256 axis, uint256 offset, uint256 weights, uint256 count, uint256 start)
    pure
    returns (uint256, uint256, uint256, uint256)
{
    assembly {
        // The dilation of one tap is 0 (`halve`).
        let adjacent := eq(and(shr(80, axis), 0xffffffff), gt(count, 1))
        adjacent := and(adjacent, eq(and(shr(112, axis), 0xffffffff), 1))
        adjacent := and(adjacent, gt(and(shr(16, axis), 0xffffffff), 0))
        for {} gt(adjacent, and(or(shr(176, axis), shr(16, axis)), 1)) {} {
            let x := mload(add(R, shl(5, byte(2, axis))))
            let y := mload(add(U, shl(5, offset)))
            let both := mulmod(x, y, P)
            // An even distance's factor, 1 - x - y + 2xy below 5P; an odd one's for first and second places, below 2P.
            let even := add(sub(TWICE_P_AND_1, add(x, y)), shl(1, both))
            let first := add(y, sub(P, both))
            let second := add(x, sub(P, both))
            // Before the weights is a zero, and behind them are two.
            let from := add(weights, shl(5, count))
            mstore(from, 0)
            mstore(add(from, 0x20), 0)
            from := sub(weights, shl(5, and(start, 1)))
            count := sar(1, add(start, count))
            start := sar(1, start)
            count := add(sub(count, start), 1)
            let before := 0
            for {
                let to := weights
                let end := add(weights, shl(5, count))
            } lt(to, end) { to := add(to, 0x20) } {
                let sum := add(mulmod(before, second, P), mulmod(mload(from), even, P))
                before := mload(add(from, 0x20))
                mstore(to, addmod(sum, mulmod(before, first, P), P))
                from := add(from, 0x40)
            }
            // Half as many places and cells; a bit less of both, from the next coordinate on; distances, all of them.
            axis := sub(axis, and(shr(1, axis), or(shl(176, 0x7fffffff), shl(16, 0x7fffffff))))
            axis := or(sub(axis, sub(add(shl(240, 1), shl(224, 1)), shl(232, 1))), shl(80, 1))
            offset := add(offset, 1)
        }
    }
    return (axis, offset, count, start);
}

/// The sum over all places, the first of which reads the cell `start`, if that exists; tables are at `places` and `cells`.
function strip(uint256 axis, uint256 start, uint256 places, uint256 cells) pure returns (uint256 sum) {
    assembly {
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
