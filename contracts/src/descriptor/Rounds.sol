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
        bool right = (halves == 1 || halves == 2) && blocks != 0 && plan.products == halves * blocks;
        if (!right) revert InvalidDescriptor(Rule.Gram, 0);
        uint256 cursor = plan.operands;
        for (; plan.place < halves; ++plan.place) {
            cursor = checkGram(plan, halves, cursor);
        }
        checkCovering(plan, coveredBlocks(plan), head, plan.terms);
    }

    /// The inner products of one half's rows. Returns what follows the products' terms.
    function checkGram(Plan memory plan, uint256 halves, uint256 cursor) internal pure returns (uint256) {
        uint256 half = plan.place;
        uint256 head = plan.heads + RELATION_BYTES * half;
        uint256 bits = plan.itemBits < halves ? 0 : plan.itemBits + 1 - halves;
        uint256 blocks = plan.inputSizes.length;
        // Coordinates, products, no terms; the kind, which half, of how many, the bits of a row's number.
        bool right = bits != 0
            && number(plan, head, 15) == (bits << 113 | blocks << 96 | GRAM << 72 | half << 40 | halves << 8 | bits);
        if (!right) revert InvalidDescriptor(Rule.Gram, half);
        Sum memory sum = Sum(0, 0);
        // The statement's values.
        add(sum, 63);
        for (uint256 i = 0; i < blocks; ++i) {
            cursor = checkPair(plan, plan.sums + PRODUCT_BYTES * (half * blocks + i), cursor, i, bits, sum);
        }
        checkSum(plan, sum);
        return cursor;
    }

    /// A product of two rows' blocks. Returns what follows its terms.
    function checkPair(Plan memory plan, uint256 product, uint256 cursor, uint256 block_, uint256 bits, Sum memory sum)
        internal
        pure
        returns (uint256)
    {
        uint256 size = plan.inputSizes[block_];
        // All of the block's variables, not grouped, one term and one.
        if (number(plan, product, 7) != (size << 48 | 1 << 16 | 1)) revert InvalidDescriptor(Rule.Gram, plan.place);
        uint256 shift = byte_(plan, cursor + 8);
        cursor = checkRows(plan, cursor, block_, bits, 0, shift);
        cursor = checkRows(plan, cursor, block_, bits, bits, shift);
        uint256 width = byte_(plan, plan.widths + plan.inputSizes.length + block_);
        add(sum, 2 * (width - 1 + shift) + size);
        return cursor;
    }

    /// A half's rows, a block of theirs: at the sum's variables, one place in each row, and coordinates of rows from `first` on. Returns
    /// what follows the term.
    function checkRows(Plan memory plan, uint256 cursor, uint256 block_, uint256 bits, uint256 first, uint256 shift)
        internal
        pure
        returns (uint256)
    {
        uint256 size = plan.inputSizes[block_];
        uint256 gap = plan.strideBits - size;
        uint256 base = plan.firstItem + (plan.place << (bits + plan.strideBits));
        // 1, shifted; the first row; axes.
        uint256 axes = gap == 0 ? 2 : 3;
        bool right = number(plan, cursor, 14) == (1 << 48 | shift << 40 | base << 8 | axes)
            && number(plan, cursor + 14, 3) == (1 << 16 | size);
        cursor += 17;
        if (gap != 0) {
            uint256 value = (plan.inputBases[block_] - plan.firstItem) >> size;
            right = right && number(plan, cursor, 6) == (2 << 40 | gap << 32 | value);
            cursor += 6;
        }
        right = right && number(plan, cursor, 3) == (first << 8 | bits);
        if (!right) revert InvalidDescriptor(Rule.Gram, plan.place);
        return cursor + 3;
    }
}
