// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import "./Memory.sol";

// eq, the multilinear indicator ([1.1]), in the forms that verifying needs. Points are arrays of coordinates in
// memory; a coordinate's complement lies 0x400 behind it where a function says that it reads it. Values are canonical.

/// The product of `eq(a_i, b_i)` over `count` coordinates from places `a` and `b` on.
function eqPoints(uint256 a, uint256 b, uint256 count) pure returns (uint256 product) {
    assembly {
        // 1 - x - y + 2xy, below 4P
        function eq1(x, y) -> factor { factor := add(shl(1, mulmod(x, y, P)), sub(TWICE_P_AND_1, add(x, y))) }
        product := 1
        if and(count, 1) {
            product := mulmod(product, eq1(mload(a), mload(b)), P)
            a := add(a, 0x20)
            b := add(b, 0x20)
        }
        // Two by two: what a loop costs is as much as a coordinate.
        for { let end := add(a, shl(6, shr(1, count))) } lt(a, end) {
            a := add(a, 0x40)
            b := add(b, 0x40)
        } {
            product := mulmod(product, eq1(mload(a), mload(b)), P)
            product := mulmod(product, eq1(mload(add(a, 0x20)), mload(add(b, 0x20))), P)
        }
    }
}

/// `eq` of the first i coordinates of two points for every i up to `count`, to `to`.
function eqPrefixes(uint256 a, uint256 b, uint256 count, uint256 to) pure {
    assembly {
        let p := mload(ORDER)
        let product := 1
        mstore(to, product)
        for { let end := add(to, shl(5, count)) } lt(to, end) {} {
            let x := mload(a)
            let y := mload(b)
            product := mulmod(product, add(shl(1, mulmod(x, y, p)), sub(TWICE_P_AND_1, add(x, y))), p)
            to := add(to, 0x20)
            mstore(to, product)
            a := add(a, 0x20)
            b := add(b, 0x20)
        }
    }
}

/// `eq` of `count` coordinates from `point` on with the bits of `index`. Reads complements.
function eqIndex(uint256 point, uint256 count, uint256 index) pure returns (uint256 product) {
    assembly {
        product := 1
        // 0x400 for a bit that is 0
        let others := shl(10, not(index))
        for { let end := add(point, shl(5, count)) } lt(point, end) { point := add(point, 0x20) } {
            product := mulmod(product, mload(add(point, and(others, 0x400))), P)
            others := shr(1, others)
        }
    }
}

/// `start` times `eq` of `bits` coordinates from `point` on with every index, to `table`; where that ends.
function eqTable(uint256 point, uint256 bits, uint256 table, uint256 start) pure returns (uint256 end) {
    assembly {
        let p := mload(ORDER)
        mstore(table, start)
        end := add(table, 0x20)
        if and(bits, 1) {
            let high := mulmod(start, mload(point), p)
            mstore(table, addmod(start, sub(p, high), p))
            mstore(end, high)
            end := add(end, 0x20)
            point := add(point, 0x20)
        }
        // Two coordinates make four entries of each.
        for { let last := add(point, shl(6, shr(1, bits))) } lt(point, last) { point := add(point, 0x40) } {
            let three := mload(point)
            let one := mload(add(point, 0x20))
            let none := sub(add(p, 1), three)
            let two := mulmod(none, one, p)
            none := mulmod(none, sub(add(p, 1), one), p)
            one := mulmod(three, sub(add(p, 1), one), p)
            three := addmod(three, sub(p, one), p)
            let size := sub(end, table)
            for { let entry := table } lt(entry, end) { entry := add(entry, 0x20) } {
                let own := mload(entry)
                let to := add(entry, size)
                mstore(entry, mulmod(own, none, p))
                mstore(to, mulmod(own, one, p))
                to := add(to, size)
                mstore(to, mulmod(own, two, p))
                mstore(add(to, size), mulmod(own, three, p))
            }
            end := add(end, mul(size, 3))
        }
    }
}

/// The sum of `eq` of `count` coordinates from `point` on with every index below `index`, which is at most `2^count`.
/// Reads complements.
function eqBelow(uint256 point, uint256 count, uint256 index) pure returns (uint256 sum) {
    assembly {
        for { let end := add(point, shl(5, count)) } lt(point, end) { point := add(point, 0x20) } {
            // Of the upper bits, this one decides first.
            switch and(index, 1)
            case 0 { sum := mulmod(sum, mload(add(point, 0x400)), P) }
            default { sum := addmod(mulmod(sum, mload(point), P), mload(add(point, 0x400)), P) }
            index := shr(1, index)
        }
        sum := add(sum, index)
    }
}

/// The sum over indices i below `index`, which is at most `2^count`, of `eq(a, i) eq(b, i)` over `count` coordinates.
function eqPointsBelow(uint256 a, uint256 b, uint256 count, uint256 index) pure returns (uint256 sum) {
    if (index >> count != 0) return eqPoints(a, b, count);
    assembly {
        // Over all indices of the lower bits.
        let all := 1
        for { let end := add(a, shl(5, count)) } lt(a, end) { a := add(a, 0x20) } {
            let x := mload(a)
            let y := mload(b)
            let both := mulmod(x, y, P)
            // Of both bits 0: 1 - x - y + xy, below 4P.
            let none := add(sub(TWICE_P_AND_1, add(x, y)), both)
            switch and(index, 1)
            case 0 { sum := mulmod(none, sum, P) }
            default { sum := addmod(mulmod(none, all, P), mulmod(both, sum, P), P) }
            all := mulmod(all, add(none, both), P)
            index := shr(1, index)
            b := add(b, 0x20)
        }
    }
}

/// `eq` of `count` coordinates from `point` on with 0.
function eqZero(uint256 point, uint256 count) pure returns (uint256 product) {
    assembly {
        product := 1
        for { let end := add(point, shl(5, count)) } lt(point, end) { point := add(point, 0x20) } {
            product := mulmod(product, sub(add(P, 1), mload(point)), P)
        }
    }
}

/// What `blockAt` reads: for each four coordinates of a point a binary tree in the order of a heap, 32 words. The node
/// with the number `2^j + the upper j bits of a four-bit index` holds `eq` of the upper j of the four coordinates with
/// these bits; numbers 0 and 1 are not used. Behind the point's `count` coordinates zeros lie in memory. Returns where
/// the trees end.
function eqTrees(uint256 point, uint256 count, uint256 trees) pure returns (uint256 end) {
    assembly {
        let p := mload(ORDER)
        end := trees
        for { let last := add(point, shl(5, count)) } lt(point, last) { point := add(point, 0x80) } {
            // The upper two coordinates.
            let a := mload(add(point, 0x60))
            let b := mload(add(point, 0x40))
            let other := sub(add(p, 1), b)
            mstore(add(end, 0x60), a)
            mstore(add(end, 0xc0), mulmod(a, other, p))
            mstore(add(end, 0xe0), mulmod(a, b, p))
            a := addmod(1, sub(p, a), p)
            mstore(add(end, 0x40), a)
            mstore(add(end, 0x80), mulmod(a, other, p))
            mstore(add(end, 0xa0), mulmod(a, b, p))
            // The third, and both lower ones together.
            b := mload(add(point, 0x20))
            other := sub(add(p, 1), b)
            a := mload(point)
            let one := mulmod(a, other, p)
            let three := mulmod(a, b, p)
            a := sub(add(p, 1), a)
            let none := mulmod(a, other, p)
            let two := mulmod(a, b, p)
            let nodes := add(end, 0x100)
            let leaves := add(end, 0x200)
            end := add(end, 0x80)
            for { let past := nodes } lt(end, past) {} {
                let node := mload(end)
                end := add(end, 0x20)
                mstore(nodes, mulmod(node, other, p))
                mstore(add(nodes, 0x20), mulmod(node, b, p))
                nodes := add(nodes, 0x40)
                mstore(leaves, mulmod(node, none, p))
                mstore(add(leaves, 0x20), mulmod(node, one, p))
                mstore(add(leaves, 0x40), mulmod(node, two, p))
                mstore(add(leaves, 0x60), mulmod(node, three, p))
                leaves := add(leaves, 0x80)
            }
            end := leaves
        }
    }
}
