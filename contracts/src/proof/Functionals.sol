// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import "./Memory.sol";

// The functionals of all claims at the point u where the batch evaluation ends ([4.1], [6.1]).

/// Fills in `R_PREFIX`, `RHO_PREFIX` and `CHUNKS`.
function prepare() pure {
    assembly {
        function prefixes(points, to, count) {
            let product := 1
            mstore(to, product)
            for { let c := U } count { count := sub(count, 1) } {
                let a := mload(points)
                let b := mload(c)
                product := mulmod(product, add(shl(1, mulmod(a, b, P)), sub(TWICE_P_AND_1, add(a, b))), P)
                to := add(to, 0x20)
                mstore(to, product)
                points := add(points, 0x20)
                c := add(c, 0x20)
            }
        }
        prefixes(R, R_PREFIX, mload(POINT_LENGTH))
        prefixes(RHO, RHO_PREFIX, mload(VARIABLES))

        mstore(CHUNKS, 1)
        let size := 0x20
        let from := add(U, shl(5, mload(CHUNK_BITS)))
        for { let end := add(from, shl(5, mload(COUNT_BITS))) } lt(from, end) { from := add(from, 0x20) } {
            let x := mload(from)
            for { let entry := CHUNKS } lt(entry, add(CHUNKS, size)) { entry := add(entry, 0x20) } {
                let low := mload(entry)
                let high := mulmod(low, x, P)
                mstore(add(entry, size), high)
                mstore(entry, addmod(low, sub(P, high), P))
            }
            size := shl(1, size)
        }
    }
}

/// `W(u)`: the functionals at u, weighed with theta's powers.
function weigh() pure returns (uint256 weight) {
    assembly {
        // eq of an index's bits with the coordinates from..to of rho or u.
        function eqIndex(points, from, to, index) -> product {
            product := 1
            let others := not(index)
            let end := add(points, shl(5, to))
            for { let c := add(points, shl(5, from)) } lt(c, end) { c := add(c, 0x20) } {
                product := mulmod(product, mload(add(c, shl(10, and(others, 1)))), P)
                others := shr(1, others)
            }
        }
        // eq of u's coordinates from `bits` on with a block's address.
        function place(bits, cell) -> product {
            let chunk := mload(CHUNK_BITS)
            switch gt(bits, chunk)
            case 0 {
                product := mulmod(
                    eqIndex(U, bits, chunk, shr(bits, cell)),
                    mload(add(CHUNKS, shl(5, shr(chunk, cell)))),
                    P
                )
            }
            default { product := eqIndex(U, bits, add(chunk, mload(COUNT_BITS)), shr(bits, cell)) }
        }
        function eqTable(points, bits, table, start) -> end {
            mstore(table, start)
            let size := 0x20
            for { let last := add(points, shl(5, bits)) } lt(points, last) { points := add(points, 0x20) } {
                let x := mload(points)
                for { let entry := table } lt(entry, add(table, size)) { entry := add(entry, 0x20) } {
                    let low := mload(entry)
                    let high := mulmod(low, x, P)
                    mstore(add(entry, size), high)
                    mstore(entry, addmod(low, sub(P, high), P))
                }
                size := shl(1, size)
            }
            end := add(table, size)
        }
        // The sum of taps of a window at one of its places: y is where the first tap reads.
        function tapped(axis, taps, cells, y) -> value {
            let step := and(shr(80, axis), 0xffffffff)
            let length := and(shr(16, axis), 0xffffffff)
            for { let count := and(shr(144, axis), 0xffffffff) } count { count := sub(count, 1) } {
                // Below the first cell is above the last one, as an unsigned number.
                if lt(y, length) {
                    let cell := mload(add(cells, shl(5, y)))
                    if taps { cell := mulmod(cell, mload(taps), P) }
                    value := addmod(value, cell, P)
                }
                if taps { taps := add(taps, 0x20) }
                y := add(y, step)
            }
        }
        // A window over the axis that begins at coordinate `offset` of u.
        function window(axis, offset) -> value {
            let places := mload(TABLES)
            let taps := eqTable(add(R, shl(5, byte(2, axis))), byte(3, axis), places, 1)
            let cells := taps
            switch byte(4, axis)
            case 255 { taps := 0 }
            default { cells := eqTable(add(RHO, shl(5, byte(4, axis))), byte(5, axis), taps, 1) }
            pop(eqTable(add(U, shl(5, offset)), byte(1, axis), cells, 1))
            let y := sub(0, signextend(3, shr(48, axis)))
            for { let count := and(shr(176, axis), 0xffffffff) } count { count := sub(count, 1) } {
                value := addmod(value, mulmod(mload(places), tapped(axis, taps, cells, y), P), P)
                places := add(places, 0x20)
                y := add(y, and(shr(112, axis), 0xffffffff))
            }
        }
        // A term at u, and the next one.
        function term(source) -> value, next {
            let word := mload(source)
            value := sar(192, word)
            if slt(value, 0) { value := add(value, P) }
            value := mulmod(value, shl(byte(8, word), 1), P)
            next := add(source, 14)
            let offset := 0
            for { let axes := byte(13, word) } axes { axes := sub(axes, 1) } {
                let axis := mload(next)
                let kind := byte(0, axis)
                if lt(kind, 2) {
                    next := add(next, 3)
                    let bits := byte(2, axis)
                    switch or(offset, byte(1, axis))
                    case 0 {
                        let prefix := add(R_PREFIX, mul(kind, 0x440))
                        value := mulmod(value, mload(add(prefix, shl(5, bits))), P)
                    }
                    default {
                        let points := add(add(R, shl(10, kind)), shl(5, byte(1, axis)))
                        let c := add(U, shl(5, offset))
                        for { let end := add(c, shl(5, bits)) } lt(c, end) { c := add(c, 0x20) } {
                            let a := mload(points)
                            let b := mload(c)
                            points := add(points, 0x20)
                            value := mulmod(value, add(shl(1, mulmod(a, b, P)), sub(TWICE_P_AND_1, add(a, b))), P)
                        }
                    }
                    offset := add(offset, bits)
                    continue
                }
                let bits := byte(1, axis)
                switch kind
                case 2 {
                    next := add(next, 6)
                    let index := and(shr(208, axis), 0xffffffff)
                    value := mulmod(value, eqIndex(U, offset, add(offset, bits), index), P)
                }
                case 3 { next := add(next, 2) }
                default {
                    next := add(next, 30)
                    value := mulmod(value, window(axis, offset), P)
                }
                offset := add(offset, bits)
            }
            value := mulmod(value, place(offset, and(shr(152, word), 0xffffffff)), P)
        }
        function terms(source, count) -> value, next {
            next := source
            for {} count { count := sub(count, 1) } {
                let one
                one, next := term(next)
                value := addmod(value, one, P)
            }
        }
        // A block's first cell from the descriptor's header.
        function base(source) -> cell { cell := shr(224, mload(add(DESCRIPTOR, source))) }
        // Relations: minus the powers of lambda times their terms.
        function relations() -> value, next {
            let power := sub(P, 1)
            next := mload(TERMS)
            for { let head := mload(HEADS) } lt(head, mload(SUMS)) { head := add(head, 15) } {
                let own
                own, next := terms(next, and(shr(216, mload(head)), 0xffff))
                value := addmod(value, mulmod(power, own, P), P)
                power := mulmod(power, mload(LAMBDA), P)
            }
        }
        // in + beta out of a slot's own areas.
        function slot(index, bits) -> value {
            let cell := base(add(84, shl(2, index)))
            if lt(cell, 0xffffffff) { value := place(bits, cell) }
            cell := base(add(100, shl(2, index)))
            if lt(cell, 0xffffffff) { value := addmod(value, mulmod(mload(BETA), place(bits, cell), P), P) }
            value := mulmod(value, mload(add(RHO_PREFIX, shl(5, bits))), P)
        }
        // Input blocks, each with its slot's power of theta.
        function inputs(bits, theta) -> value {
            let end := mload(HEADS)
            for { let lookup := mload(LOOKUPS) } lt(lookup, end) { lookup := add(lookup, 14) } {
                let word := mload(lookup)
                let cell := and(shr(144, word), 0xffffffff)
                if eq(cell, 0xffffffff) { continue }
                let own := byte(5, word)
                let here := eqIndex(RHO, own, bits, shr(own, and(shr(216, word), 0xffffffff)))
                here := mulmod(here, mulmod(mload(add(RHO_PREFIX, shl(5, own))), place(own, cell), P), P)
                for { let i := byte(0, word) } 1 { i := sub(i, 1) } {
                    here := mulmod(here, theta, P)
                    if iszero(i) { break }
                }
                value := addmod(value, here, P)
            }
        }
        // The main mask's monomials at rho, on its cells.
        function mask(cell) -> value {
            value := mload(cell)
            let n := mload(VARIABLES)
            let degrees := mload(DEGREES)
            for { let round := 0 } iszero(gt(round, n)) { round := add(round, 1) } {
                let degree := 6
                let x := mload(add(RHO, shl(5, n)))
                if lt(round, n) {
                    degree := byte(0, mload(add(degrees, round)))
                    x := mload(add(RHO, shl(5, sub(n, add(round, 1)))))
                }
                // Horner, from the highest cell of the round down.
                let own := 0
                let last := add(cell, shl(5, degree))
                for { let c := last } gt(c, cell) { c := sub(c, 0x20) } {
                    own := mulmod(addmod(own, mload(c), P), x, P)
                }
                value := addmod(value, own, P)
                cell := last
            }
        }

        let theta := mload(THETA)
        let masked := mload(MASKED)
        // What is public; what is hidden, to be multiplied by 1 - rho_n; mask cells, to be multiplied by rho_n.
        let open, next := relations()
        let hidden := 0
        let hiding := 0
        let cells := 0
        let power := theta
        {
            let bits := mload(TABLE_BITS)
            let helper := place(mload(SLOT_BITS), base(124))
            let fractions := place(bits, base(128))
            let own := mulmod(mload(LAMBDA_B), mulmod(mload(add(R_PREFIX, shl(5, bits))), place(bits, base(116)), P), P)
            open := addmod(open, own, P)
            own := mulmod(mload(LAMBDA_C), add(fractions, sub(P, helper)), P)
            open := addmod(open, own, P)
            // Kept in scratch memory for their own claims.
            mstore(0x00, mulmod(helper, mload(add(RHO_PREFIX, shl(5, mload(SLOT_BITS)))), P))
            mstore(0x20, mulmod(fractions, mload(add(RHO_PREFIX, shl(5, bits))), P))
        }
        if masked {
            let bits := byte(9, mload(add(DESCRIPTOR, 32)))
            cells := mload(TABLES)
            mstore(TABLES, eqTable(U, bits, cells, place(bits, base(120))))
            open := addmod(open, mload(cells), P)
            // Behind mu and the spare cell.
            cells := add(cells, 0x40)
        }
        {
            let bits := mload(SLOT_BITS)
            hidden := inputs(bits, theta)
            for { let i := 0 } lt(i, 6) { i := add(i, 1) } {
                let own
                switch lt(i, 4)
                case 1 { own := slot(i, bits) }
                default { own := mload(shl(5, sub(i, 4))) }
                hidden := addmod(hidden, mulmod(power, own, P), P)
                if masked {
                    hiding := addmod(hiding, mulmod(power, mload(cells), P), P)
                    cells := add(cells, 0x20)
                }
                power := mulmod(power, theta, P)
            }
        }
        {
            let bits := byte(8, mload(add(DESCRIPTOR, 32)))
            if lt(bits, 255) {
                let own := eqIndex(RHO, bits, mload(TABLE_BITS), 0)
                own := mulmod(own, mulmod(mload(add(RHO_PREFIX, shl(5, bits))), place(bits, base(132)), P), P)
                open := addmod(open, mulmod(power, own, P), P)
            }
            power := mulmod(power, theta, P)
        }
        for { let product := mload(SUMS) } lt(product, mload(DEGREES)) { product := add(product, 7) } {
            let counts := shr(200, mload(product))
            for { let side := 16 } 1 { side := 0 } {
                let own
                own, next := terms(next, and(shr(side, counts), 0xffff))
                hidden := addmod(hidden, mulmod(power, own, P), P)
                if masked {
                    hiding := addmod(hiding, mulmod(power, mload(cells), P), P)
                    cells := add(cells, 0x20)
                }
                power := mulmod(power, theta, P)
                if iszero(side) { break }
            }
        }
        weight := addmod(open, hidden, P)
        if masked {
            let n := mload(VARIABLES)
            let last := mload(add(RHO, shl(5, n)))
            let rest := mload(add(NOT_RHO, shl(5, n)))
            weight := addmod(open, addmod(mulmod(rest, hidden, P), mulmod(last, hiding, P), P), P)
            // What the main sumcheck left over: 2^-n is minus (P - 1) / 2^n.
            rest := mulmod(rest, sub(P, shr(n, sub(P, 1))), P)
            let mu := sub(cells, shl(5, add(shl(1, mload(PRODUCTS)), 8)))
            rest := mulmod(rest, mload(mu), P)
            rest := addmod(rest, mulmod(mload(KAPPA), mask(cells), P), P)
            weight := addmod(weight, mulmod(power, rest, P), P)
        }
    }
}
