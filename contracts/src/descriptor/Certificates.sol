// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import "./Bytes.sol";
import {Rule} from "../interfaces/IDescriptors.sol";
import {Terms} from "./Terms.sol";

/// @title A certificate's relations, and that they cover everything.
abstract contract Certificates is Terms {
    /// What a certificate has to cover: a weight block or a function table, and how wide its values are.
    struct Block {
        uint256 base;
        uint256 bits;
        uint256 width;
        /// Whether a relation ties it to limbs.
        bool ranged;
        /// The least value in range: `-2^(width-1)`, of a remainder 0.
        int256 first;
    }

    /// Bits of a remainder.
    uint256 internal constant REMAINDER_BITS = 16;

    /// A certificate's relations, and that with the lookups they cover everything.
    function checkCertificate(Plan memory plan) internal pure {
        checkCovering(plan, coveredBlocks(plan), plan.heads, plan.terms);
    }

    /// The relations from a head on, whose terms begin at `term`: they are about what is covered, and that is everything.
    function checkCovering(Plan memory plan, Block[] memory covered, uint256 head, uint256 term) internal pure {
        for (; head < plan.sums; head += RELATION_BYTES) {
            plan.pointBits = byte_(plan, head);
            if (byte_(plan, head + 5) != 0) revert InvalidDescriptor(Rule.Public, plan.place);
            // A remainder's offset is 0 too.
            bool zero = signed(plan, head + 6) == 0 && (plan.kind != ROUND || number(plan, head + 3, 2) < 2);
            term = zero ? checkPadding(plan, head, term, covered) : checkRanged(plan, head, term, covered);
            ++plan.place;
        }
        checkDetermined(plan);
        checkCovered(plan, covered);
    }

    /// The weight blocks, of a round its model's and its remainder's, then the function tables.
    function coveredBlocks(Plan memory plan) internal pure returns (Block[] memory covered) {
        uint256 count = plan.weightBases.length;
        for (uint256 i = 0; i < plan.tables.length; ++i) {
            if (plan.tables[i].isFunction) ++count;
        }
        covered = new Block[](count);
        count = 0;
        for (uint256 i = 0; i < plan.weightSizes.length; ++i) {
            uint256 width = byte_(plan, plan.widths + i);
            covered[count++] = Block(plan.weightBases[i], plan.weightSizes[i], width, false, least(width));
        }
        for (; count < plan.weightBases.length; ++count) {
            uint256 size = plan.weightSizes[count - plan.weightSizes.length];
            covered[count] = Block(plan.weightBases[count], size, REMAINDER_BITS, false, 0);
        }
        uint256 functions = number(plan, AT_FUNCTIONS, 4);
        for (uint256 i = 0; i < plan.tables.length; ++i) {
            Table memory own = plan.tables[i];
            if (!own.isFunction) continue;
            covered[count++] = Block(functions + own.row, own.bits, own.outBits, false, least(own.outBits));
        }
    }

    /// The least signed integer of so many bits.
    function least(uint256 width) internal pure returns (int256) {
        return -int256(2 ** (width - 1));
    }

    /// A whole block that starts at this cell and has these bits.
    function coveredBlock(Block[] memory covered, uint256 base, uint256 bits) internal pure returns (uint256) {
        for (uint256 i = 0; i < covered.length; ++i) {
            if (covered[i].base == base && covered[i].bits == bits) return i;
        }
        return NOWHERE;
    }

    /// A block that is not looked up as it stands: plus `2^(width-1)` it is the sum of limbs. Returns what follows.
    function checkRanged(Plan memory plan, uint256 head, uint256 cursor, Block[] memory covered)
        internal
        pure
        returns (uint256)
    {
        uint256 left = number(plan, head + 3, 2);
        uint256 place = left == 0 ? NOWHERE : coveredBlock(covered, number(plan, cursor + 9, 4), plan.pointBits);
        if (place == NOWHERE) revert InvalidDescriptor(Rule.Ranged, plan.place);
        Block memory own = covered[place];
        bool right = !own.ranged && plain(plan, cursor) && signed(plan, cursor) == 1 && byte_(plan, cursor + 8) == 0;
        if (!right) revert InvalidDescriptor(Rule.Ranged, plan.place);
        own.ranged = true;
        cursor += 17;
        uint256 filled;
        (cursor, filled) = checkLimbs(plan, cursor, left - 1, -1, Rule.Ranged, Sum(0, 0));
        (int256 offset, uint256 shift) = own.first == 0 ? (int256(0), 0) : (int256(1), own.width - 1);
        right = filled == own.width && signed(plan, head + 6) == offset && byte_(plan, head + 14) == shift;
        if (!right) revert InvalidDescriptor(Rule.Ranged, plan.place);
        return cursor;
    }

    /// A part of a block is zero: one term, along coordinates one after the other, and at fixed places. Returns what
    /// follows it.
    function checkPadding(Plan memory plan, uint256 head, uint256 cursor, Block[] memory covered)
        internal
        pure
        returns (uint256 next)
    {
        bool right = number(plan, head + 3, 2) == 1 && byte_(plan, head + 14) == 0;
        if (!right) revert InvalidDescriptor(Rule.Padding, plan.place);
        uint256 point;
        uint256 size;
        next = cursor + 14;
        for (uint256 left = byte_(plan, cursor + 13); left > 0; --left) {
            uint256 kind = byte_(plan, next);
            uint256 bits = byte_(plan, next + (kind == 0 ? 2 : 1));
            if (kind == 0) {
                right = right && byte_(plan, next + 1) == point;
                point += bits;
            } else {
                right = right && kind == 2 && bits < 64 && number(plan, next + 2, 4) < 2 ** bits;
            }
            size += bits;
            next = skipAxis(plan, next);
        }
        right = right && point == plan.pointBits && signed(plan, cursor) == 1 && byte_(plan, cursor + 8) == 0
            && coveredBlock(covered, number(plan, cursor + 9, 4), size) != NOWHERE;
        if (!right) revert InvalidDescriptor(Rule.Padding, plan.place);
    }

    /// Every block has limbs, or its parts are looked up at its width, one after the other; and nothing else is.
    function checkCovered(Plan memory plan, Block[] memory covered) internal pure {
        uint256 part;
        while (part < plan.lookups.length && plan.lookups[part].input == NOWHERE) ++part;
        for (uint256 i = 0; i < covered.length; ++i) {
            Block memory own = covered[i];
            if (own.ranged) continue;
            uint256 last = own.base + (2 ** own.bits);
            for (uint256 next = own.base; next < last; ++part) {
                if (part == plan.lookups.length) revert InvalidDescriptor(Rule.Covered, i);
                Lookup memory lookup = plan.lookups[part];
                Table memory table = plan.tables[lookup.table];
                bool right = lookup.input == next && next & ((2 ** lookup.bits) - 1) == 0
                    && next + (2 ** lookup.bits) <= last && table.bits == own.width && table.first == own.first;
                if (!right) revert InvalidDescriptor(Rule.Covered, i);
                next += 2 ** lookup.bits;
            }
        }
        if (part != plan.lookups.length) revert InvalidDescriptor(Rule.Covered, covered.length);
    }
}
