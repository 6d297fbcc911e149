// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {DECISION, decisions} from "./Decisions.sol";
import {eqIndex, eqPoints, eqPrefixes, eqTable, eqTrees} from "./Eq.sol";
import "./Memory.sol";
import {chunksOf} from "./Reading.sol";
import {blockAt, termsAt} from "./Terms.sol";

// The functionals of all claims at the point u where the batch evaluation ends ([6.1]), in the order of the claims.
// Each adds what it is at u, times theta's power, to the sums `OPEN`, `HIDDEN` and `HIDING`.

/// Fills in `R_PREFIX`, `RHO_PREFIX`, and what `CHUNKS` and `U_TREES` say where it is.
function prepare() pure {
    uint256 points;
    uint256 variables;
    uint256 chunk;
    uint256 count;
    uint256 table;
    assembly {
        points := mload(POINT_LENGTH)
        variables := mload(VARIABLES)
        chunk := mload(CHUNK_BITS)
        count := mload(COUNT_BITS)
        table := mload(TABLES)
        mstore(U_TREES, table)
    }
    eqPrefixes(R, U, points, R_PREFIX);
    eqPrefixes(RHO, U, variables, RHO_PREFIX);
    unchecked {
        table = eqTrees(U, chunk + count, table);
        chunk = U + 32 * chunk;
    }
    assembly {
        mstore(U_TREES_END, table)
        mstore(CHUNKS, table)
    }
    table = eqTable(chunk, count, table, 1);
    assembly {
        mstore(TABLES, table)
    }
}

/// `W(u)`: the functionals at u, weighed with theta's powers.
function weigh() pure returns (uint256 weight) {
    uint256 next = total();
    lookups();
    tableOuts();
    products(next);
    bool masked;
    assembly {
        masked := mload(MASKED)
        weight := addmod(mload(OPEN), mload(HIDDEN), P)
    }
    if (!masked) return weight;
    uint256 left = rest();
    assembly {
        let n := shl(5, mload(VARIABLES))
        weight := addmod(mload(OPEN), mulmod(mload(add(NOT_RHO, n)), mload(HIDDEN), P), P)
        weight := addmod(weight, mulmod(mload(add(RHO, n)), mload(HIDING), P), P)
        weight := addmod(weight, mulmod(mload(POWER), left, P), P)
    }
}

/// A block's first cell, from its place in the descriptor.
function base(uint256 place) pure returns (uint256 cell) {
    assembly {
        cell := shr(224, mload(add(DESCRIPTOR, place)))
    }
}

/// The claim s ([5.1]), which is the first, and room for the others: relations, multiplicities, the sums of both sides
/// and mu. Returns where the products' terms are.
function total() pure returns (uint256 next) {
    uint256 sum;
    (sum, next) = relations();
    uint256 tables;
    uint256 slots;
    bool masked;
    assembly {
        tables := mload(TABLE_BITS)
        slots := mload(SLOT_BITS)
        masked := mload(MASKED)
    }
    uint256 own = blockAt(tables, base(116));
    assembly {
        own := mulmod(own, mload(add(R_PREFIX, shl(5, tables))), P)
        sum := addmod(sum, mulmod(mload(LAMBDA_B), own, P), P)
    }
    uint256 helper = blockAt(slots, base(124));
    uint256 fractions = blockAt(tables, base(128));
    assembly {
        sum := addmod(sum, mulmod(mload(LAMBDA_C), add(fractions, sub(P, helper)), P), P)
        // For their own claims.
        mstore(HELPER, mulmod(helper, mload(add(RHO_PREFIX, shl(5, slots))), P))
        mstore(FRACTIONS, mulmod(fractions, mload(add(RHO_PREFIX, shl(5, tables))), P))
        mstore(POWER, mload(THETA))
    }
    if (masked) own = maskCells();
    assembly {
        if masked { sum := addmod(sum, own, P) }
        mstore(OPEN, sum)
    }
}

/// `eq` of u with every mask cell; returns it for mu's, the first. Behind it are the spare one and the operands'.
function maskCells() pure returns (uint256 mu) {
    uint256 bits;
    uint256 cells;
    assembly {
        bits := byte(9, mload(add(DESCRIPTOR, 32)))
        cells := mload(TABLES)
        mstore(MASK_CELL, add(cells, 0x40))
    }
    uint256 end = eqTable(U, bits, cells, blockAt(bits, base(120)));
    assembly {
        mstore(TABLES, end)
        mu := mload(cells)
    }
}

/// Relations: minus the powers of lambda times their terms.
function relations() pure returns (uint256 sum, uint256 next) {
    uint256 power;
    uint256 head;
    uint256 end;
    assembly {
        power := sub(P, 1)
        next := mload(TERMS)
        head := mload(HEADS)
        end := mload(SUMS)
    }
    while (head < end) {
        uint256 word;
        uint256 own;
        assembly {
            word := mload(head)
            head := add(head, 15)
        }
        uint256 first = next;
        (own, next) = termsAt(next, (word >> 216) & 0xffff);
        if ((word >> 208) & 0xff == DECISION) {
            uint256 scores;
            assembly {
                scores := and(shr(152, mload(first)), 0xffffffff)
            }
            scores = blockAt(word >> 248, scores);
            uint256 chosen = decisions(word, true);
            assembly {
                // Below 2P.
                own := add(own, mulmod(chosen, scores, P))
            }
        }
        assembly {
            sum := addmod(sum, mulmod(power, own, P), P)
            power := mulmod(power, mload(LAMBDA), P)
        }
    }
}

/// An operand's claim: hidden, with a mask cell of its own if there are masks.
function claimHidden(uint256 own) pure {
    assembly {
        let power := mload(POWER)
        mstore(HIDDEN, addmod(mload(HIDDEN), mulmod(power, own, P), P))
        if mload(MASKED) {
            let cell := mload(MASK_CELL)
            mstore(HIDING, addmod(mload(HIDING), mulmod(power, mload(cell), P), P))
            mstore(MASK_CELL, add(cell, 0x20))
        }
        mstore(POWER, mulmod(power, mload(THETA), P))
    }
}

/// The slots, h and g.
function lookups() pure {
    uint256 bits;
    uint256 helper;
    uint256 fractions;
    uint256 count;
    assembly {
        bits := mload(SLOT_BITS)
        count := mload(SLOTS)
        helper := mload(HELPER)
        fractions := mload(FRACTIONS)
    }
    inputs();
    for (uint256 i = 0; i < count;) {
        claimHidden(slot(i, bits));
        unchecked {
            ++i;
        }
    }
    claimHidden(helper);
    claimHidden(fractions);
}

/// `in + beta out` of a slot's own areas.
function slot(uint256 index, uint256 bits) pure returns (uint256 value) {
    uint256 cell;
    unchecked {
        cell = base(84 + 4 * index);
        if (cell < 0xffffffff) value = blockAt(bits, cell);
        cell = base(100 + 4 * index);
    }
    if (cell < 0xffffffff) {
        cell = blockAt(bits, cell);
        assembly {
            value := addmod(value, mulmod(mload(BETA), cell, P), P)
        }
    }
    assembly {
        value := mulmod(value, mload(add(RHO_PREFIX, shl(5, bits))), P)
    }
}

/// Input blocks, each with its slot's power of theta. They take the place of what the slot's own areas have in their rows.
function inputs() pure {
    uint256 lookup;
    uint256 end;
    assembly {
        lookup := mload(LOOKUPS)
        end := mload(HEADS)
    }
    while (lookup < end) {
        uint256 word;
        uint256 cell;
        assembly {
            word := mload(lookup)
            cell := and(shr(144, word), 0xffffffff)
            lookup := add(lookup, 14)
        }
        if (cell != 0xffffffff) input(word, cell);
    }
}

/// One input block.
function input(uint256 word, uint256 cell) pure {
    uint256 own;
    uint256 row;
    uint256 above;
    assembly {
        own := byte(5, word)
        row := shr(own, and(shr(216, word), 0xffffffff))
        above := sub(mload(SLOT_BITS), own)
    }
    uint256 replaced = areasAt(word, own);
    unchecked {
        row = eqIndex(RHO + 32 * own, above, row);
    }
    assembly {
        above := mload(ITEM_BITS)
    }
    if (above == 0) {
        cell = blockAt(own, cell);
        assembly {
            cell := mulmod(mload(add(RHO_PREFIX, shl(5, own))), cell, P)
        }
    } else {
        unchecked {
            cell = stridedAt(own - above, above, cell);
        }
    }
    assembly {
        let here := mulmod(row, add(cell, sub(P, replaced)), P)
        let theta := mload(THETA)
        here := mulmod(here, theta, P)
        for { let i := byte(0, word) } i { i := sub(i, 1) } { here := mulmod(here, theta, P) }
        mstore(HIDDEN, addmod(mload(HIDDEN), here, P))
    }
}

/// What a slot's own areas have in the rows of a lookup block of `2^own` rows, given the latter's first word.
function areasAt(uint256 word, uint256 own) pure returns (uint256 value) {
    uint256 row;
    uint256 ins;
    uint256 outs;
    assembly {
        row := and(shr(216, word), 0xffffffff)
        // The slot's first cells.
        let areas := add(add(DESCRIPTOR, 84), shl(2, byte(0, word)))
        ins := shr(224, mload(areas))
        outs := shr(224, mload(add(areas, 16)))
    }
    if (ins == 0xffffffff) return 0;
    unchecked {
        value = blockAt(own, ins + row);
        if (outs != 0xffffffff) {
            outs = blockAt(own, outs + row);
            assembly {
                value := add(value, mulmod(mload(BETA), outs, P))
            }
        }
    }
    assembly {
        value := mulmod(value, mload(add(RHO_PREFIX, shl(5, own))), P)
    }
}

/// An input block whose `2^items` items have chunks of their own, the first one's at `cell`: its cells and the items at rho, one
/// place in the items' chunks.
function stridedAt(uint256 own, uint256 items, uint256 cell) pure returns (uint256 value) {
    uint256 stride = chunksOf(2) >> items;
    assembly {
        let chunks := stride
        // As a power of two, in cells.
        stride := mload(CHUNK_BITS)
        for {} gt(chunks, 1) { chunks := shr(1, chunks) } { stride := add(stride, 1) }
        value := mload(add(RHO_PREFIX, shl(5, own)))
    }
    uint256 above;
    unchecked {
        uint256 place = eqIndex(U + 32 * own, stride - own, cell >> own);
        above = mulmod(place, blockAt(stride + items, cell), P);
        place = eqPoints(RHO + 32 * own, U + 32 * stride, items);
        above = mulmod(place, above, P);
    }
    return mulmod(value, above, P);
}

/// `out` of the tables, which is public and committed.
function tableOuts() pure {
    uint256 bits;
    uint256 above;
    assembly {
        bits := byte(8, mload(add(DESCRIPTOR, 32)))
        above := sub(mload(TABLE_BITS), bits)
    }
    if (bits < 255) {
        uint256 cell = blockAt(bits, base(132));
        unchecked {
            above = eqIndex(RHO + 32 * bits, above, 0);
        }
        assembly {
            let own := mulmod(above, mulmod(mload(add(RHO_PREFIX, shl(5, bits))), cell, P), P)
            mstore(OPEN, addmod(mload(OPEN), mulmod(mload(POWER), own, P), P))
        }
    }
    assembly {
        mstore(POWER, mulmod(mload(POWER), mload(THETA), P))
    }
}

/// Both operands of each product, whose terms are written from `next` on.
function products(uint256 next) pure {
    uint256 product;
    uint256 end;
    bool same;
    assembly {
        product := mload(SUMS)
        end := mload(DEGREES)
        same := gt(mload(HALVES), 0)
    }
    while (product < end) {
        uint256 counts;
        uint256 own;
        assembly {
            counts := shr(200, mload(product))
            product := add(product, 7)
        }
        uint256 past;
        (own, past) = termsAt(next, (counts >> 16) & 0xffff);
        claimHidden(own);
        // Both sides of a round's are the same ([10.6]).
        if (same) {
            unchecked {
                next = 2 * past - next;
            }
        } else {
            (own, next) = termsAt(past, counts & 0xffff);
        }
        claimHidden(own);
    }
}

/// What the main sumcheck left over ([5.4]): mu with (1 - rho_n) 2^-n, and kappa times the mask's monomials at rho on its
/// cells, which are behind the operands'.
function rest() pure returns (uint256 value) {
    assembly {
        let n := mload(VARIABLES)
        let degrees := mload(DEGREES)
        let cell := mload(MASK_CELL)
        let mu := mload(sub(cell, shl(5, add(shl(1, mload(PRODUCTS)), add(mload(SLOTS), 4)))))
        // The constant, then the rounds' coefficients from the linear one on: the highest variable first, the masks' last.
        value := mload(cell)
        for { let round := 0 } iszero(gt(round, n)) { round := add(round, 1) } {
            let degree := add(mload(SLOTS), 2)
            let x := mload(add(RHO, shl(5, n)))
            if lt(round, n) {
                degree := byte(0, mload(add(degrees, round)))
                x := mload(add(RHO, shl(5, sub(n, add(round, 1)))))
            }
            // Horner, from the highest cell of the round that there is, as the rounds are reduced.
            let own := 0
            let last := add(cell, shl(5, degree))
            if gt(degree, 4) {
                if gt(degree, 5) { own := mulmod(mload(add(cell, 0xc0)), x, P) }
                own := mulmod(add(own, mload(add(cell, 0xa0))), x, P)
            }
            if gt(degree, 3) { own := mulmod(add(own, mload(add(cell, 0x80))), x, P) }
            if gt(degree, 2) { own := mulmod(add(own, mload(add(cell, 0x60))), x, P) }
            own := mulmod(add(own, mload(add(cell, 0x40))), x, P)
            own := mulmod(add(own, mload(add(cell, 0x20))), x, P)
            value := addmod(value, own, P)
            cell := last
        }
        value := mulmod(mload(KAPPA), value, P)
        // 2^-n is minus (P - 1) / 2^n.
        let spread := mulmod(mload(add(NOT_RHO, shl(5, n))), sub(P, shr(n, sub(P, 1))), P)
        value := addmod(value, mulmod(spread, mu, P), P)
    }
}
