// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {DECISION, decisions} from "./Decisions.sol";
import {eqBelow, eqIndex, eqPoints, eqTable} from "./Eq.sol";
import {GRAM, gram} from "./Gram.sol";
import "./Memory.sol";

// What the main sumcheck's summands are at its end ([5.4]).

/// The lookups' part, without the factor `2^-n`: `OPERANDS` are in calldata.
function lookupsAtEnd() pure returns (uint256 sum) {
    uint256 bits;
    uint256 end;
    assembly {
        bits := mload(SLOT_BITS)
        end := shl(5, mload(SLOTS))
        // The denominators, in scratch memory.
        for { let slot := 0 } lt(slot, end) { slot := add(slot, 0x20) } {
            mstore(slot, addmod(mload(GAMMA), calldataload(add(mload(OPERANDS), slot)), P))
        }
    }
    addTags(bits);
    sum = eqPoints(R, RHO, bits);
    assembly {
        // Their product, and the sum of the products of all but one.
        let all := mload(0)
        let others := 1
        for { let slot := 0x20 } lt(slot, end) { slot := add(slot, 0x20) } {
            let own := mload(slot)
            others := addmod(mulmod(others, own, P), all, P)
            all := mulmod(all, own, P)
        }
        let defect := mulmod(calldataload(add(mload(OPERANDS), end)), all, P)
        defect := addmod(defect, sub(P, others), P)
        sum := mulmod(mulmod(mload(LAMBDA_A), shl(bits, 1), P), mulmod(defect, sum, P), P)
    }
}

/// Adds the lookups' tags at rho to the denominators. Blocks that follow each other in a slot with the same tag are taken
/// together, as the rows below the last one's end without those below the first one's row; of one that stands alone `eq` of the
/// coordinates above its own is less work.
function addTags(uint256 bits) pure {
    uint256 lookup;
    uint256 end;
    // Where the run before ended, and what the rows below come to.
    uint256 row;
    uint256 below;
    assembly {
        lookup := mload(LOOKUPS)
        end := mload(HEADS)
    }
    while (lookup < end) {
        uint256 word;
        uint256 first;
        uint256 size;
        bool alone;
        bool known;
        assembly {
            word := mload(lookup)
            first := and(shr(216, word), 0xffffffff)
            size := byte(5, word)
            alone := lookup
            let past := add(first, shl(byte(5, word), 1))
            // The slot and the tag.
            let like := and(word, or(shl(248, 0xff), shl(176, 0xffffffff)))
            for { lookup := add(lookup, 14) } lt(lookup, end) { lookup := add(lookup, 14) } {
                let other := mload(lookup)
                if xor(like, and(other, or(shl(248, 0xff), shl(176, 0xffffffff)))) { break }
                if xor(past, and(shr(216, other), 0xffffffff)) { break }
                past := add(past, shl(byte(5, other), 1))
            }
            // Below where the run before ended is what was below its last row and in it; nothing is below row 0, so that what a
            // block there is, is what is below its end.
            known := and(eq(first, row), gt(first, 0))
            alone := and(eq(sub(lookup, alone), 14), iszero(known))
            row := past
            if alone { row := or(past, sub(0, gt(first, 0))) }
            if iszero(known) { below := 0 }
        }
        if (alone) {
            unchecked {
                below = eqIndex(RHO + 32 * size, bits - size, first >> size);
            }
            first = 0;
        } else {
            if (!known && first != 0) below = eqBelow(RHO, bits, first);
            first = below;
            below = eqBelow(RHO, bits, row);
        }
        assembly {
            let own := addmod(below, sub(P, first), P)
            let weight := mulmod(mload(BETA), mload(BETA), P)
            let slot := shl(5, byte(0, word))
            own := mulmod(own, mulmod(weight, and(shr(176, word), 0xffffffff), P), P)
            mstore(slot, addmod(mload(slot), own, P))
        }
    }
}

/// The tables' part, without the factor `2^-n`.
function tablesAtEnd() pure returns (uint256 sum) {
    uint256 bits;
    uint256 table;
    uint256 end;
    uint256 row;
    assembly {
        bits := mload(TABLE_BITS)
        table := add(DESCRIPTOR, 136)
        end := mload(LOOKUPS)
        let out := calldataload(add(mload(OPERANDS), shl(5, add(mload(SLOTS), 2))))
        row := addmod(mload(GAMMA), mulmod(mload(BETA), out, P), P)
        // The values at rho of the extensions of 0, 1, 2, ... over 0, 1, 2, ... bits.
        let value := 0
        let to := mload(TABLES)
        mstore(to, value)
        for { let bit := 0 } lt(bit, bits) { bit := add(bit, 1) } {
            to := add(to, 0x20)
            value := addmod(value, mulmod(shl(bit, 1), mload(add(RHO, shl(5, bit))), P), P)
            mstore(to, value)
        }
    }
    while (table < end) {
        uint256 word;
        uint256 own;
        uint256 here;
        assembly {
            word := mload(table)
            table := add(table, 19)
            own := byte(8, word)
            here := shr(own, and(shr(192, word), 0xffffffff))
        }
        unchecked {
            here = eqIndex(RHO + 32 * own, bits - own, here);
        }
        assembly {
            let value := signextend(7, shr(120, word))
            if slt(value, 0) { value := add(value, P) }
            let tag := mulmod(mulmod(mload(BETA), mload(BETA), P), shr(224, word), P)
            value := addmod(value, add(mload(add(mload(TABLES), shl(5, own))), tag), P)
            row := addmod(row, mulmod(here, value, P), P)
        }
    }
    sum = eqPoints(R, RHO, bits);
    assembly {
        row := mulmod(row, calldataload(add(mload(OPERANDS), shl(5, add(mload(SLOTS), 1)))), P)
        sum := mulmod(mulmod(mload(LAMBDA_B), shl(bits, 1), P), mulmod(row, sum, P), P)
    }
}

/// The products' part, without the factor `2^-n`, and what the relations' constants come to, to `CONSTANTS`.
function relationsAtEnd() pure returns (uint256 sum) {
    uint256 head;
    uint256 end;
    uint256 power = 1;
    uint256 product;
    uint256 operands;
    assembly {
        head := mload(HEADS)
        end := mload(SUMS)
        product := mload(SUMS)
        operands := add(mload(OPERANDS), shl(5, add(mload(SLOTS), 3)))
        mstore(CONSTANTS, 0)
    }
    while (head < end) {
        uint256 word;
        uint256 value;
        uint256 left;
        assembly {
            word := mload(head)
            head := add(head, 15)
            left := and(shr(232, word), 0xffff)
        }
        value = constantAtEnd(word);
        assembly {
            mstore(CONSTANTS, addmod(mload(CONSTANTS), mulmod(power, value, P), P))
            value := 0
        }
        while (left != 0) {
            uint256 own;
            assembly {
                own := mload(product)
                product := add(product, 7)
                left := sub(left, 1)
            }
            own = productAtEnd(own, operands);
            assembly {
                operands := add(operands, 0x40)
                value := addmod(value, own, P)
            }
        }
        assembly {
            sum := addmod(sum, mulmod(power, value, P), P)
            power := mulmod(power, mload(LAMBDA), P)
        }
    }
}

/// A product's summand, given its first word and where its two operands are in calldata.
function productAtEnd(uint256 word, uint256 operands) pure returns (uint256 value) {
    uint256 grouped;
    uint256 point;
    assembly {
        value := mulmod(calldataload(operands), calldataload(add(operands, 0x20)), P)
        value := mulmod(value, shl(byte(0, word), 1), P)
        grouped := byte(1, word)
        point := add(R, shl(5, byte(2, word)))
    }
    if (grouped == 0) return value;
    uint256 group = eqPoints(point, RHO, grouped);
    assembly {
        value := mulmod(value, group, P)
    }
}

/// A relation's constant, given its head's first word.
function constantAtEnd(uint256 word) pure returns (uint256 value) {
    uint256 bits;
    uint256 kind;
    assembly {
        kind := byte(5, word)
        bits := byte(0, word)
        value := signextend(7, shr(144, word))
        if slt(value, 0) { value := add(value, P) }
        if value { value := mulmod(value, shl(byte(14, word), 1), P) }
    }
    if (kind == 1) return publicValues(bits, (word >> 176) & 0xffffffff, (word >> 144) & 0xffffffff);
    if (kind == GRAM) return gram(word);
    if (kind == DECISION) {
        value = decisions(word, false);
        assembly {
            value := sub(P, value)
        }
    }
}

/// Minus the sum of `eq(r, i)` times the public value of cell i.
function publicValues(uint256 bits, uint256 first, uint256 count) pure returns (uint256 value) {
    uint256 table;
    assembly {
        table := mload(TABLES)
    }
    eqTable(R, bits, table, 1);
    assembly {
        let source := add(mload(PUBLIC), shl(5, first))
        for { let end := add(table, shl(5, count)) } lt(table, end) { table := add(table, 0x20) } {
            let cell := calldataload(source)
            if slt(cell, 0) { cell := add(cell, P) }
            value := addmod(value, mulmod(cell, mload(table), P), P)
            source := add(source, 0x20)
        }
        value := sub(P, value)
    }
}
