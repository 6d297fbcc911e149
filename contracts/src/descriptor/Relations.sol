// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import "./Bytes.sol";
import {Rule} from "../interfaces/IDescriptors.sol";
import {Terms} from "./Terms.sol";

/// @title A decision's relations: rescaled tensors, public values and decisions.
abstract contract Relations is Terms {
    function checkRelations(Plan memory plan) internal pure {
        uint256 term = plan.terms;
        uint256 operand = plan.operands;
        uint256 product = plan.sums;
        for (uint256 head = plan.heads; head < plan.sums; head += RELATION_BYTES) {
            plan.pointBits = byte_(plan, head);
            uint256 products = number(plan, head + 1, 2);
            uint256 kind = byte_(plan, head + 5);
            if (kind == PUBLIC) {
                if (products != 0) revert InvalidDescriptor(Rule.Public, plan.place);
                term = checkPublic(plan, head, term);
            } else if (kind == GRAM) {
                revert InvalidDescriptor(Rule.Gram, plan.place);
            } else if (kind == DECIDED) {
                if (products != 0) revert InvalidDescriptor(Rule.Decision, plan.place);
                term = checkDecision(plan, head, term);
            } else {
                Sum memory sum = Sum(0, 0);
                for (; products > 0; --products) {
                    operand = checkProduct(plan, product, operand, sum);
                    product += PRODUCT_BYTES;
                }
                term = checkRescale(plan, head, term, sum);
                checkSum(plan, sum);
            }
            ++plan.place;
        }
        checkDetermined(plan);
    }

    /// A product's group and operands. Returns what follows its terms.
    function checkProduct(Plan memory plan, uint256 product, uint256 cursor, Sum memory sum)
        internal
        pure
        returns (uint256)
    {
        uint256 vars = byte_(plan, product);
        uint256 grouped = byte_(plan, product + 1);
        uint256 a = number(plan, product + 3, 2);
        uint256 b = number(plan, product + 5, 2);
        bool right = grouped <= vars && byte_(plan, product + 2) + grouped <= plan.pointBits && a >= 1 && a <= COUNT
            && b >= 1 && b <= COUNT;
        if (!right) revert InvalidDescriptor(Rule.Product, plan.place);
        uint256 bits = vars;
        for (uint256 side = 0; side < 2; ++side) {
            Sum memory own = Sum(0, 0);
            for (uint256 left = side == 0 ? a : b; left > 0; --left) {
                cursor = checkTerm(plan, cursor, vars, own);
            }
            bits += own.largest + log2Up(own.items);
        }
        add(sum, bits);
        return cursor;
    }

    /// The terms of a rescaled tensor: what it reads, then hi, then limbs of lo. Returns what follows them.
    function checkRescale(Plan memory plan, uint256 head, uint256 cursor, Sum memory sum)
        internal
        pure
        returns (uint256)
    {
        uint256 left = number(plan, head + 3, 2);
        for (; left > 0; --left) {
            if (inBlock(plan, number(plan, cursor + 9, 4)) != NOWHERE) break;
            cursor = checkTerm(plan, cursor, NO_SUM, sum);
        }
        if (left == 0) revert InvalidDescriptor(Rule.High, plan.place);
        uint256 shift = byte_(plan, cursor + 8);
        if (!checkNew(plan, cursor, -1, Rule.High, sum).isFunction) revert InvalidDescriptor(Rule.High, plan.place);
        uint256 filled;
        (cursor, filled) = checkLimbs(plan, cursor + 17, left - 1, -1, Rule.Limbs, sum);
        if (filled != shift) revert InvalidDescriptor(Rule.Limbs, plan.place);
        uint256 half = shift == 0 ? 0 : shift - 1;
        if (signed(plan, head + 6) != (shift == 0 ? int256(0) : int256(1)) || byte_(plan, head + 14) != half) {
            revert InvalidDescriptor(Rule.Half, plan.place);
        }
        add(sum, half);
        return cursor;
    }

    /// The next decisions: minus the scores of all real classes, then limbs of the margin. Returns what follows the terms.
    function checkDecision(Plan memory plan, uint256 head, uint256 cursor) internal pure returns (uint256 next) {
        uint256 terms = number(plan, head + 3, 2);
        uint256 classes = number(plan, head + 10, 4);
        uint256 bits = byte_(plan, head + 14);
        if (terms == 0 || bits > plan.pointBits) revert InvalidDescriptor(Rule.Decision, plan.place);
        // -1, not shifted; two axes: a window of one tap over the real classes, and all items.
        bool right = signed(plan, cursor) == -1 && byte_(plan, cursor + 8) == 0 && byte_(plan, cursor + 13) == 2
            && number(plan, head + 6, 4) == plan.nextPublic && plan.pointBits - bits <= PUBLIC_BITS;
        // Not read behind the descriptor's end: a window has 30 bytes, and what is one is there.
        right = right && byte_(plan, cursor + 14) == 4;
        if (!right) revert InvalidDescriptor(Rule.Decision, plan.place);
        uint256 axis = cursor + 15;
        right = number(plan, axis, 5) == (bits << 32 | bits << 16 | 0xffff) && number(plan, axis + 5, 4) == classes
            && number(plan, axis + 9, 12) == (1 << 64 | 1 << 32 | 1) && number(plan, axis + 21, 4) == 0
            && number(plan, axis + 25, 4) == classes
            && number(plan, axis + 29, 3) == (bits << 8 | (plan.pointBits - bits));
        if (!right) revert InvalidDescriptor(Rule.Decision, plan.place);
        Sum memory sum = Sum(0, 0);
        next = checkTerm(plan, cursor, NO_SUM, sum);
        // The chosen score, and what keeps a later one from winning a tie.
        sum.items += 2;
        (next,) = checkLimbs(plan, next, terms - 1, -1, Rule.Limbs, sum);
        plan.nextPublic += publicCount(plan, head);
        checkSum(plan, sum);
    }

    /// The next public values of one block. Returns what follows the term.
    function checkPublic(Plan memory plan, uint256 head, uint256 cursor) internal pure returns (uint256 next) {
        uint256 count = number(plan, head + 10, 4);
        bool right = number(plan, head + 3, 2) == 1 && plain(plan, cursor) && signed(plan, cursor) == 1
            && byte_(plan, cursor + 8) == 0 && number(plan, head + 6, 4) == plan.nextPublic && count >= 1
            && count <= 2 ** (plan.pointBits < PUBLIC_BITS ? plan.pointBits : PUBLIC_BITS);
        if (!right) revert InvalidDescriptor(Rule.Public, plan.place);
        next = checkTerm(plan, cursor, NO_SUM, Sum(0, 0));
        plan.nextPublic += count;
    }
}
