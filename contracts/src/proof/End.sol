// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import "./Memory.sol";

// What the main sumcheck's summands are at its end ([5.4]).

/// The lookups' and the tables' part, without the factor `2^-n`: `OPERANDS` are in calldata.
function lookupsAtEnd() pure returns (uint256 sum) {
    assembly {
        // eq of an index's bits with the coordinates of rho from..to.
        function eqIndex(from, to, index) -> product {
            product := 1
            let others := not(index)
            let end := add(RHO, shl(5, to))
            for { let c := add(RHO, shl(5, from)) } lt(c, end) { c := add(c, 0x20) } {
                product := mulmod(product, mload(add(c, shl(10, and(others, 1)))), P)
                others := shr(1, others)
            }
        }
        // eq(r[..bits], rho[..bits])
        function eqPoints(bits) -> product {
            product := 1
            let end := add(R, shl(5, bits))
            for { let c := R } lt(c, end) { c := add(c, 0x20) } {
                let a := mload(c)
                let b := mload(add(c, 0x400))
                product := mulmod(product, add(shl(1, mulmod(a, b, P)), sub(TWICE_P_AND_1, add(a, b))), P)
            }
        }
        // The value at rho of the extension of 0, 1, 2, ...
        function indexValue(bits) -> value {
            for {} bits {} {
                bits := sub(bits, 1)
                value := addmod(shl(1, value), mload(add(RHO, shl(5, bits))), P)
            }
        }

        let source := mload(OPERANDS)
        let beta := mload(BETA)
        let tagWeight := mulmod(beta, beta, P)

        // The four denominators, in scratch memory.
        for { let slot := 0 } lt(slot, 0x80) { slot := add(slot, 0x20) } {
            mstore(slot, addmod(mload(GAMMA), calldataload(add(source, slot)), P))
        }
        {
            let bits := mload(SLOT_BITS)
            let end := mload(HEADS)
            for { let lookup := mload(LOOKUPS) } lt(lookup, end) { lookup := add(lookup, 14) } {
                let word := mload(lookup)
                let own := byte(5, word)
                let here := eqIndex(own, bits, shr(own, and(shr(216, word), 0xffffffff)))
                here := mulmod(here, mulmod(tagWeight, and(shr(176, word), 0xffffffff), P), P)
                let slot := shl(5, byte(0, word))
                mstore(slot, addmod(mload(slot), here, P))
            }
            let ab := mulmod(mload(0x00), mload(0x20), P)
            let cd := mulmod(mload(0x40), mload(0x60), P)
            let defect := mulmod(calldataload(add(source, 0x80)), mulmod(ab, cd, P), P)
            let others := mulmod(addmod(mload(0x00), mload(0x20), P), cd, P)
            others := addmod(others, mulmod(addmod(mload(0x40), mload(0x60), P), ab, P), P)
            defect := addmod(defect, sub(P, others), P)
            sum := mulmod(mulmod(mload(LAMBDA_A), shl(bits, 1), P), mulmod(defect, eqPoints(bits), P), P)
        }

        let row := addmod(mload(GAMMA), mulmod(beta, calldataload(add(source, 0xc0)), P), P)
        let bits := mload(TABLE_BITS)
        let end := mload(LOOKUPS)
        for { let table := add(DESCRIPTOR, 136) } lt(table, end) { table := add(table, 19) } {
            let word := mload(table)
            let own := byte(8, word)
            let here := eqIndex(own, bits, shr(own, and(shr(192, word), 0xffffffff)))
            let value := signextend(7, shr(120, word))
            if slt(value, 0) { value := add(value, P) }
            value := addmod(value, add(indexValue(own), mulmod(tagWeight, shr(224, word), P)), P)
            row := addmod(row, mulmod(here, value, P), P)
        }
        row := mulmod(row, calldataload(add(source, 0xa0)), P)
        sum := addmod(sum, mulmod(mulmod(mload(LAMBDA_B), shl(bits, 1), P), mulmod(row, eqPoints(bits), P), P), P)
    }
}

/// The products' part, without the factor `2^-n`, and what the relations' constants come to, to `CONSTANTS`.
function relationsAtEnd() pure returns (uint256 sum) {
    assembly {
        // minus the sum of eq(r, i) times the public value of cell i
        function publicValues(bits, first, count) -> value {
            let table := mload(TABLES)
            mstore(table, 1)
            let size := 0x20
            for { let i := 0 } lt(i, bits) { i := add(i, 1) } {
                let x := mload(add(R, shl(5, i)))
                for { let entry := table } lt(entry, add(table, size)) { entry := add(entry, 0x20) } {
                    let low := mload(entry)
                    let high := mulmod(low, x, P)
                    mstore(add(entry, size), high)
                    mstore(entry, addmod(low, sub(P, high), P))
                }
                size := shl(1, size)
            }
            let source := add(mload(PUBLIC), shl(5, first))
            for { let end := add(table, shl(5, count)) } lt(table, end) { table := add(table, 0x20) } {
                let cell := calldataload(source)
                if slt(cell, 0) { cell := add(cell, P) }
                value := addmod(value, mulmod(cell, mload(table), P), P)
                source := add(source, 0x20)
            }
            value := sub(P, value)
        }

        let power := 1
        let constants := 0
        let operands := add(mload(OPERANDS), 0xe0)
        let product := mload(SUMS)
        for { let head := mload(HEADS) } lt(head, mload(SUMS)) { head := add(head, 15) } {
            let word := mload(head)
            {
                let value
                switch byte(5, word)
                case 0 {
                    value := signextend(7, shr(144, word))
                    if slt(value, 0) { value := add(value, P) }
                    value := mulmod(value, shl(byte(14, word), 1), P)
                }
                default {
                    value := publicValues(
                        byte(0, word),
                        and(shr(176, word), 0xffffffff),
                        and(shr(144, word), 0xffffffff)
                    )
                }
                constants := addmod(constants, mulmod(power, value, P), P)
            }
            let products := 0
            for { let left := and(shr(232, word), 0xffff) } left { left := sub(left, 1) } {
                let own := mload(product)
                product := add(product, 7)
                let value := mulmod(calldataload(operands), calldataload(add(operands, 0x20)), P)
                value := mulmod(value, shl(byte(0, own), 1), P)
                operands := add(operands, 0x40)
                // The group: eq(r[byte 2..], rho[..byte 1]).
                let source := add(R, shl(5, byte(2, own)))
                let end := add(RHO, shl(5, byte(1, own)))
                for { let c := RHO } lt(c, end) { c := add(c, 0x20) } {
                    let a := mload(source)
                    let b := mload(c)
                    source := add(source, 0x20)
                    value := mulmod(value, add(shl(1, mulmod(a, b, P)), sub(TWICE_P_AND_1, add(a, b))), P)
                }
                products := addmod(products, value, P)
            }
            sum := addmod(sum, mulmod(power, products, P), P)
            power := mulmod(power, mload(LAMBDA), P)
        }
        mstore(CONSTANTS, constants)
    }
}
