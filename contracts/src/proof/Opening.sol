// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import "./Memory.sol";

// The opening ([7]).

// What precompiles are given, several times what they cost today, so that another price does not turn good proofs
// into bad ones. If less is there when one fails, the call reverts: running out of gas is no verdict.
uint256 constant ADD_GAS = 2000;
uint256 constant MUL_GAS = 40000;
uint256 constant PAIRING_GAS = 600000;

// `NotEnoughGas()`.
uint256 constant NOT_ENOUGH_GAS = 0xdd629f86;

/// `h(alpha)`, `g(zeta)` and 1/zeta; the inverses of z - zeta, z - 1/zeta and z - alpha to scratch memory 0x00, 0x20
/// and 0x40, `zeta^b` to 0x60.
function derive() view returns (uint256 hAlpha, uint256 g) {
    assembly {
        function fail() {
            mstore(0, 0)
            return(0, 0x20)
        }
        function inverse(x) -> y {
            mstore(0x00, 0x20)
            mstore(0x20, 0x20)
            mstore(0x40, 0x20)
            mstore(0x60, x)
            mstore(0x80, sub(mload(ORDER), 2))
            mstore(0xa0, mload(ORDER))
            // With these operands nothing but too little gas can go wrong.
            if iszero(staticcall(gas(), 5, 0x00, 0xc0, 0x00, 0x20)) {
                mstore(0, shl(224, NOT_ENOUGH_GAS))
                revert(0, 4)
            }
            y := mload(0x00)
        }
        // The product of 1 - u_t + u_t x^(2^t) over coordinates `from` up to `end`, and x^(2^count).
        function eqPolynomial(from, end, x) -> product, power {
            product := 1
            power := x
            let p := mload(ORDER)
            for {} lt(from, end) { from := add(from, 0x20) } {
                product := mulmod(product, add(mload(add(from, 0x400)), mulmod(mload(from), power, p)), p)
                power := mulmod(power, power, p)
            }
        }
        // The batch evaluation's mask at x and y: kappa' times the monomials of its coefficients, as a polynomial.
        function monomials(x, y) -> a, b {
            let p := mload(ORDER)
            let end := add(U, shl(5, add(mload(CHUNK_BITS), mload(COUNT_BITS))))
            for { let c := U } lt(c, end) { c := add(c, 0x20) } {
                let own := mload(c)
                let square := mulmod(own, own, p)
                a := add(mulmod(add(mulmod(a, x, p), square), x, p), own)
                b := add(mulmod(add(mulmod(b, y, p), square), y, p), own)
            }
            a := mulmod(mload(KAPPA_2), add(mulmod(a, x, p), 1), p)
            b := mulmod(mload(KAPPA_2), add(mulmod(b, y, p), 1), p)
        }
        function scalar(place) -> value {
            value := calldataload(add(mload(OPENING), shl(5, place)))
            if iszero(lt(value, mload(ORDER))) { fail() }
        }

        let zeta := mload(ZETA)
        let back
        {
            let z := mload(Z)
            let a := addmod(z, sub(P, zeta), P)
            let b := addmod(mulmod(z, zeta, P), sub(P, 1), P)
            let c := addmod(z, sub(P, mload(ALPHA)), P)
            let ab := mulmod(a, b, P)
            let cd := mulmod(c, zeta, P)
            let t := inverse(mulmod(ab, cd, P))
            if iszero(t) { fail() }
            back := mulmod(t, mulmod(ab, c, P), P)
            cd := mulmod(t, cd, P)
            mstore(0x00, mulmod(cd, b, P))
            mstore(0x20, mulmod(mulmod(cd, a, P), zeta, P))
            mstore(0x40, mulmod(mulmod(t, ab, P), zeta, P))
        }
        let column := add(U, shl(5, shr(1, add(mload(CHUNK_BITS), 1))))
        let row := add(U, shl(5, mload(CHUNK_BITS)))
        {
            let product, power := eqPolynomial(U, column, back)
            // power = zeta^-b: g(1/zeta) = zeta^-(b-1) D(zeta)
            let gBack := mulmod(mulmod(power, zeta, P), scalar(8), P)
            let other
            other, power := eqPolynomial(U, column, zeta)
            mstore(0x60, power)
            g := mulmod(mulmod(power, back, P), scalar(9), P)
            hAlpha := addmod(mulmod(g, product, P), mulmod(gBack, other, P), P)
        }
        {
            let a, b := eqPolynomial(column, row, back)
            a := mulmod(a, scalar(10), P)
            let c, d := eqPolynomial(column, row, zeta)
            a := addmod(a, mulmod(c, scalar(11), P), P)
            hAlpha := addmod(hAlpha, mulmod(mload(OMEGA), a, P), P)
            a := addmod(mulmod(zeta, scalar(12), P), mulmod(back, scalar(13), P), P)
            hAlpha := addmod(hAlpha, sub(P, a), P)
        }
        let inner := mulmod(mload(OMEGA), mload(VALUE), P)
        if mload(MASKED) {
            let square := mulmod(mload(OMEGA), mload(OMEGA), P)
            let both, other := monomials(back, zeta)
            both := addmod(mulmod(scalar(14), both, P), mulmod(scalar(15), other, P), P)
            hAlpha := addmod(hAlpha, mulmod(square, both, P), P)
            inner := addmod(inner, mulmod(square, mload(MASK_VALUE), P), P)
        }
        // (P + 1) / 2 is one half.
        hAlpha := addmod(mulmod(hAlpha, shr(1, add(P, 1)), P), sub(P, inner), P)
    }
}

/// Whether the pairing holds; all points go through a precompile, so one that is not canonical or not on the curve
/// gives false.
function opens(uint256 hAlpha, uint256 g) view returns (bool ok) {
    assembly {
        // A precompile failed: its operands are bad, unless it lacked gas. It gets at most 63/64 of what there is.
        function failed(given) {
            if iszero(gt(gas(), div(given, 63))) {
                mstore(0, shl(224, NOT_ENOUGH_GAS))
                revert(0, 4)
            }
            mstore(0, 0)
            return(0, 0x20)
        }
        // The sum, in scratch memory at 0x00, plus `factor` times the point at 0x40.
        function addMultiple(factor) {
            mstore(0x80, factor)
            if iszero(staticcall(MUL_GAS, 7, 0x40, 0x60, 0x40, 0x40)) { failed(MUL_GAS) }
            if iszero(staticcall(ADD_GAS, 6, 0x00, 0x80, 0x00, 0x40)) { failed(ADD_GAS) }
        }
        function addPoint(source, factor) {
            calldatacopy(0x40, source, 0x40)
            addMultiple(factor)
        }
        // Where the weights of a role's chunks begin and end.
        function chunks(role) -> begin, end {
            let word := mload(add(add(DESCRIPTOR, 64), shl(2, role)))
            begin := add(mload(CHUNKS), shl(5, shr(240, word)))
            end := add(begin, shl(5, and(shr(224, word), 0xffff)))
        }
        // Points from `source` on, each with a weight from `c` on.
        function addWeighted(source, c, end) -> next {
            next := source
            for {} lt(c, end) { c := add(c, 0x20) } {
                addPoint(next, mulmod(mload(DELTA), mload(c), P))
                next := add(next, 0x40)
            }
        }
        // A role's points from `source` on, each with its chunk's weight.
        function addChunks(role, source) -> next {
            let c, end := chunks(role)
            next := addWeighted(source, c, end)
        }
        // The inputs' points. Those of items that are missing, each with chunks of its own, are the last one's again.
        function addInputs(source) {
            let c, end := chunks(2)
            let real := add(c, shr(1, sub(add(mload(POINTS), mload(POINTS_LENGTH)), source)))
            let each := shr(mload(ITEM_BITS), sub(end, c))
            for { let missing := real } lt(missing, end) { missing := add(missing, 0x20) } {
                let last := add(sub(real, each), mod(sub(missing, real), each))
                mstore(last, addmod(mload(last), mload(missing), P))
            }
            pop(addWeighted(source, c, real))
        }
        // A round's vectors, each at a multiple of a power of two of chunks, and those of its rows that there are.
        function addVectors(source) {
            let own := shl(5, mload(EACH))
            let stride := shl(5, mload(STRIDE))
            let c := mload(CHUNKS)
            source := addWeighted(source, c, add(c, own))
            source := addWeighted(source, add(c, stride), add(add(c, stride), own))
            let word := mload(add(DESCRIPTOR, 72))
            c := add(c, shl(5, shr(240, word)))
            let half := div(shl(5, and(shr(224, word), 0xffff)), mload(HALVES))
            let rows := mload(PUBLIC)
            for { let end := add(rows, shl(5, mload(HALVES))) } lt(rows, end) { rows := add(rows, 0x20) } {
                let last := add(c, mul(stride, calldataload(rows)))
                for { let row := c } lt(row, last) { row := add(row, stride) } {
                    source := addWeighted(source, row, add(row, own))
                }
                c := add(c, half)
            }
        }
        let source := mload(OPENING)
        let xi := mload(XI)
        let total
        let forward := mload(0x00)
        let back := mulmod(mload(0x20), xi, P)
        let alpha := mload(0x40)
        let width := mload(0x60)
        // The sum begins with minus [W].
        {
            let w := add(source, add(0x200, shl(6, mload(MASKED))))
            let y := calldataload(add(w, 0x20))
            if iszero(lt(y, Q)) { failed(0) }
            mstore(0x00, calldataload(w))
            mstore(0x20, mod(sub(Q, y), Q))
            addPoint(add(w, 0x40), mload(Z))
        }
        {
            let square := mulmod(xi, xi, P)
            total := addmod(
                mulmod(forward, calldataload(add(source, 0x100)), P),
                mulmod(back, calldataload(add(source, 0x120)), P),
                P
            )
            addPoint(add(source, 0x80), addmod(forward, back, P))
            forward := mulmod(forward, square, P)
            back := mulmod(back, square, P)
            alpha := mulmod(alpha, mulmod(square, square, P), P)
            total := addmod(total, mulmod(forward, calldataload(add(source, 0x140)), P), P)
            total := addmod(total, mulmod(back, calldataload(add(source, 0x160)), P), P)
            total := addmod(total, mulmod(alpha, hAlpha, P), P)
            addPoint(source, addmod(addmod(forward, back, P), alpha, P))
            alpha := mulmod(square, xi, P)
            forward := mulmod(forward, alpha, P)
            back := mulmod(back, alpha, P)
            total := addmod(total, mulmod(forward, calldataload(add(source, 0x180)), P), P)
            total := addmod(total, mulmod(back, calldataload(add(source, 0x1a0)), P), P)
            addPoint(add(source, 0xc0), addmod(forward, back, P))
            if mload(MASKED) {
                forward := mulmod(forward, square, P)
                back := mulmod(back, square, P)
                total := addmod(total, mulmod(forward, calldataload(add(source, 0x1c0)), P), P)
                total := addmod(total, mulmod(back, calldataload(add(source, 0x1e0)), P), P)
                addPoint(mload(MASK_POINT), addmod(forward, back, P))
                // Behind the mask's two values.
                addPoint(mload(BLIND), mulmod(mload(DELTA), mload(ETA), P))
            }
        }
        {
            let delta := mload(DELTA)
            addPoint(add(source, 0x40), mulmod(delta, addmod(mload(ALPHA), sub(P, width), P), P))
            let next := mload(POINTS)
            switch mload(HALVES)
            case 0 { addInputs(addChunks(0, next)) }
            default { addVectors(next) }
            // The points of function tables are in memory, behind the descriptor.
            next := add(DESCRIPTOR, shr(224, mload(add(DESCRIPTOR, 32))))
            let c, end := chunks(1)
            for {} lt(c, end) { c := add(c, 0x20) } {
                mcopy(0x40, next, 0x40)
                addMultiple(mulmod(mload(DELTA), mload(c), P))
                next := add(next, 0x40)
            }
            pop(addChunks(3, mload(PROOF)))
            pop(addChunks(4, mload(SECOND)))
            mstore(0x40, 1)
            mstore(0x60, 2)
            addMultiple(sub(P, addmod(total, mulmod(delta, g, P), P)))
            source := add(source, add(0x1c0, shl(6, mload(MASKED))))
            addPoint(source, mulmod(delta, mload(ZETA), P))
            // minus [W'] + delta [T]
            calldatacopy(0x40, source, 0x40)
            mstore(0x80, delta)
            if iszero(staticcall(MUL_GAS, 7, 0x40, 0x60, 0x40, 0x40)) { failed(MUL_GAS) }
            calldatacopy(0x80, add(source, 0x80), 0x40)
            if iszero(staticcall(ADD_GAS, 6, 0x40, 0x80, 0xc0, 0x40)) { failed(ADD_GAS) }
            mstore(0xe0, mod(sub(Q, mload(0xe0)), Q))
        }
        mstore(0x40, 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2)
        mstore(0x60, 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed)
        mstore(0x80, 0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b)
        mstore(0xa0, 0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa)
        mcopy(0x100, TAU, 0x80)
        if iszero(staticcall(PAIRING_GAS, 8, 0x00, 0x180, 0x00, 0x20)) { failed(PAIRING_GAS) }
        ok := mload(0x00)
    }
}
