// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {eqIndex, eqPoints, eqPointsBelow} from "./Eq.sol";
import "./Memory.sol";
import {window} from "./Windows.sol";

// The descriptor's terms at the point u where the batch evaluation ends ([4.1]).

/// `eq` of u's coordinates from `bits` on with the address of a block that begins at `cell`: a node of the tree that the
/// first of these coordinates is in, and a leaf of each tree above. A block is smaller than the address space.
function blockAt(uint256 bits, uint256 cell) pure returns (uint256 value) {
    assembly {
        let tree := and(bits, not(3))
        cell := shr(tree, cell)
        tree := add(mload(U_TREES), shl(8, tree))
        value := mload(add(tree, shl(5, shr(and(bits, 3), or(16, and(cell, 15))))))
        // A word's place, not its number.
        cell := shl(5, cell)
        let end := mload(U_TREES_END)
        for { tree := add(tree, 0x600) } lt(tree, end) { tree := add(tree, 0x400) } {
            cell := shr(4, cell)
            value := mulmod(value, mload(add(tree, and(cell, 0x1e0))), P)
        }
    }
}

/// The sum of `count` terms that are written from `source` on, and what follows them.
function termsAt(uint256 source, uint256 count) pure returns (uint256 sum, uint256 next) {
    next = source;
    while (count != 0) {
        uint256 one;
        (one, next) = termAt(next);
        assembly {
            sum := addmod(sum, one, P)
            count := sub(count, 1)
        }
    }
}

/// A term, and what follows it: its coefficient times its axes times its block's address.
function termAt(uint256 source) pure returns (uint256 value, uint256 next) {
    uint256 axes;
    uint256 cell;
    assembly {
        let word := mload(source)
        next := add(source, 14)
        axes := byte(13, word)
        cell := and(shr(152, word), 0xffffffff)
        value := sar(192, word)
        if slt(value, 0) { value := add(value, P) }
        value := mulmod(value, shl(byte(8, word), 1), P)
    }
    uint256 bits;
    uint256 own;
    while (axes != 0) {
        uint256 axis;
        uint256 size;
        assembly {
            axes := sub(axes, 1)
            axis := mload(next)
        }
        if (axis >> 249 == 0) {
            // Point and Sum, the most frequent by far.
            assembly {
                next := add(next, 3)
                axis := shr(232, axis)
                size := and(axis, 0xff)
            }
            if (size == 0) continue;
            own = pointAt(axis, bits);
        } else if (axis >> 240 == 0x0201) {
            // Fixed, one bit: u's coordinate or its complement.
            assembly {
                next := add(next, 6)
                size := 1
                own := mload(add(add(U, shl(5, bits)), and(0x400, shr(198, not(axis)))))
            }
        } else {
            (own, size, next) = otherAxisAt(axis, bits, next);
        }
        assembly {
            bits := add(bits, size)
            value := mulmod(value, own, P)
        }
    }
    own = blockAt(bits, cell);
    assembly {
        value := mulmod(value, own, P)
    }
}

/// `Point` and `Sum`: `eq` of u's coordinates from `offset` on with coordinates of r or rho, as the axis's three bytes say.
function pointAt(uint256 axis, uint256 offset) pure returns (uint256 value) {
    assembly {
        switch or(offset, and(axis, 0xff00))
        case 0 {
            // The first coordinates of both.
            value := mload(add(add(R_PREFIX, mul(shr(16, axis), 0x440)), shl(5, and(axis, 0xff))))
        }
        default {
            let memo := add(AXES, shl(6, add(offset, and(axis, 0xff))))
            if eq(mload(memo), axis) { value := mload(add(memo, 0x20)) }
        }
    }
    if (value != 0) return value;
    unchecked {
        value = eqPoints(R + 0x400 * (axis >> 16) + 32 * ((axis >> 8) & 0xff), U + 32 * offset, axis & 0xff);
        remember(axis, offset + (axis & 0xff), value);
    }
}

/// An axis of another kind from coordinate `offset` of u on, its bits, and what follows it, given its first word.
function otherAxisAt(uint256 axis, uint256 offset, uint256 source)
    pure
    returns (uint256 value, uint256 bits, uint256 next)
{
    uint256 kind = axis >> 248;
    bits = (axis >> 240) & 0xff;
    unchecked {
        if (kind == 4) {
            // The axis's 30 bytes.
            value = windowAt(axis & ~uint256(0xffff), offset);
            next = source + 30;
        } else if (kind == 2) {
            value = eqIndex(U + 32 * offset, bits, (axis >> 208) & 0xffffffff);
            next = source + 6;
        } else if (kind == 3) {
            value = 1;
            next = source + 2;
        } else {
            // A span's ten, or two of rows.
            uint256 size = kind == 5 ? 10 : 2;
            value = rowsAt(axis & ~(type(uint256).max >> (8 * size)), offset);
            next = source + size;
        }
    }
}

/// What is remembered of an axis from coordinate `offset` of u on, or 0, and where the axis ends.
function remembered(uint256 axis, uint256 offset) pure returns (uint256 value, uint256 end) {
    assembly {
        end := add(offset, byte(1, axis))
        let memo := add(AXES, shl(6, end))
        if eq(mload(memo), axis) { value := mload(add(memo, 0x20)) }
    }
}

/// A window from coordinate `offset` of u on.
function windowAt(uint256 axis, uint256 offset) pure returns (uint256 value) {
    uint256 end;
    (value, end) = remembered(axis, offset);
    if (value != 0) return value;
    value = window(axis, offset);
    remember(axis, end, value);
}

/// A round's span of cells or what its rows weigh ([10.6]), from coordinate `offset` of u on.
function rowsAt(uint256 axis, uint256 offset) pure returns (uint256 value) {
    uint256 end;
    (value, end) = remembered(axis, offset);
    if (value != 0) return value;
    uint256 bits;
    uint256 other;
    unchecked {
        bits = end - offset;
        uint256 u = U + 32 * offset;
        if (axis >> 248 == 5) {
            // Up to its end, without what is before its first place.
            value = eqPointsBelow(RHO, u, bits, (axis >> 176) & 0xffffffff);
            other = (axis >> 208) & 0xffffffff;
            if (other != 0) other = P - eqPointsBelow(RHO, u, bits, other);
        } else {
            value = eqPoints(R, u, bits);
            other = eqPoints(R + 32 * bits, u, bits);
            assembly {
                other := mulmod(other, mload(add(R, shl(6, bits))), P)
            }
        }
    }
    assembly {
        value := addmod(value, other, P)
    }
    remember(axis, end, value);
}

/// Terms that are neighbours often read along the same axes: the last value of those that end at each coordinate of u is
/// remembered, with the bytes of the axis that it is the value of.
function remember(uint256 axis, uint256 end, uint256 value) pure {
    assembly {
        let memo := add(AXES, shl(6, end))
        mstore(memo, axis)
        mstore(add(memo, 0x20), value)
    }
}
