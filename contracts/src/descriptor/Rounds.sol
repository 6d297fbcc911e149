// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import "./Bytes.sol";
import {Rule} from "../interfaces/IDescriptors.sol";
import {Updates} from "./Updates.sol";

/// @title A round's relations, docs/protocol.md [10.6]: inner products of each half's rows, and then what a certificate has.
abstract contract Rounds is Updates {
    function checkRound(Plan memory plan) internal pure {
        uint256 halves;
        uint256 head = plan.heads;
        for (; head < plan.sums && byte_(plan, head + 5) == GRAM; head += RELATION_BYTES) {
            ++halves;
        }
        uint256 blocks = plan.inputSizes.length;
        bool right = (halves == 1 || halves == 2) && blocks != 0 && plan.products == halves;
        if (!right) revert InvalidDescriptor(Rule.Gram, 0);
        uint256 cursor = plan.operands;
        for (; plan.place < halves; ++plan.place) {
            cursor = checkGram(plan, halves, cursor);
        }
        checkCovering(plan, coveredBlocks(plan), head, plan.terms);
    }

    /// The inner products of one half's rows. Returns what follows the product's terms.
    function checkGram(Plan memory plan, uint256 halves, uint256 cursor) internal pure returns (uint256) {
        uint256 half = plan.place;
        uint256 head = plan.heads + RELATION_BYTES * half;
        uint256 bits = plan.itemBits < halves ? 0 : plan.itemBits + 1 - halves;
        // Coordinates, one product, no terms; the kind, which half, of how many, the bits of a row's number.
        bool right = bits != 0
            && number(plan, head, 15)
                == ((2 * bits + 1) << 112 | 1 << 96 | GRAM << 72 | half << 40 | halves << 8 | bits);
        uint256 product = plan.sums + PRODUCT_BYTES * half;
        uint256 terms = number(plan, product + 3, 2);
        // All variables of a row's cells, not grouped, as many terms on both sides.
        right = right && terms != 0 && terms <= COUNT
            && number(plan, product, 7) == (log2Up(rowCells(plan)) << 48 | terms << 16 | terms);
        if (!right) revert InvalidDescriptor(Rule.Gram, half);
        uint256 next = checkSide(plan, cursor, bits, terms);
        // The other side is the same.
        for (uint256 length = next - cursor; length > 0; --length) {
            if (byte_(plan, next++) != byte_(plan, cursor++)) revert InvalidDescriptor(Rule.Gram, half);
        }
        return next;
    }

    /// One side of such a product: spans of the rows' cells, one after the other up to the last. Returns what follows its terms.
    function checkSide(Plan memory plan, uint256 cursor, uint256 bits, uint256 terms) internal pure returns (uint256) {
        Sum memory sum = Sum(0, 0);
        // The statement's values.
        add(sum, 63);
        uint256 size = log2Up(rowCells(plan));
        uint256 width = rowWidth(plan) - 1;
        uint256 place;
        for (; terms > 0; --terms) {
            add(sum, 2 * (width + byte_(plan, cursor + 8)) + size);
            (cursor, place) = checkRows(plan, cursor, bits, place);
        }
        if (place != rowCells(plan)) revert InvalidDescriptor(Rule.Gram, plan.place);
        checkSum(plan, sum);
        return cursor;
    }

    /// How many cells of a row, from its first on, its blocks take.
    function rowCells(Plan memory plan) internal pure returns (uint256 cells) {
        for (uint256 i = 0; i < plan.inputSizes.length; ++i) {
            cells = larger(cells, plan.inputBases[i] - plan.firstItem + 2 ** plan.inputSizes[i]);
        }
    }

    /// A half's rows, a span of their cells from `first` on. Returns what follows the term, and where the span ends.
    function checkRows(Plan memory plan, uint256 cursor, uint256 bits, uint256 first)
        internal
        pure
        returns (uint256 next, uint256 past)
    {
        uint256 size = log2Up(rowCells(plan));
        uint256 gap = plan.strideBits - size;
        uint256 base = plan.firstItem + (plan.place << (bits + plan.strideBits));
        uint256 shift = byte_(plan, cursor + 8);
        if (byte_(plan, cursor + 14) != 5) revert InvalidDescriptor(Rule.Gram, plan.place);
        past = number(plan, cursor + 20, 4);
        // 1, shifted; the first row; axes: the span, the lowest place of all that a row has room for, the rows.
        uint256 axes = gap == 0 ? 2 : 3;
        bool right = number(plan, cursor, 14) == (1 << 48 | shift << 40 | base << 8 | axes)
            && number(plan, cursor + 14, 6) == (5 << 40 | size << 32 | first) && past > first;
        next = cursor + 24;
        if (gap != 0) {
            right = right && number(plan, next, 6) == (2 << 40 | gap << 32);
            next += 6;
        }
        right = right && number(plan, next, 2) == (6 << 8 | bits);
        if (!right) revert InvalidDescriptor(Rule.Gram, plan.place);
        next += 2;
    }

    /// How wide the widest cells of rows are.
    function rowWidth(Plan memory plan) internal pure returns (uint256 width) {
        uint256 count = plan.inputSizes.length;
        for (uint256 i = 0; i < count; ++i) {
            width = larger(width, byte_(plan, plan.widths + count + i));
        }
    }
}
