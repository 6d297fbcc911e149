// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Rule} from "../interfaces/IDescriptors.sol";
import {Plans} from "./Plans.sol";

/// @title A relation's terms: what they read and make, and bounds on their sums.
abstract contract Terms is Plans {
    uint256 internal constant WINDOW_BITS = 12;
    uint256 internal constant WINDOW_WORK = 1 << 14;
    uint256 internal constant INTEGER_BITS = 250;
    /// Instead of a sum's variables: not in a product.
    uint256 internal constant NO_SUM = 256;

    /// A sum's items, for a bound on it.
    struct Sum {
        uint256 items;
        uint256 largest;
    }

    /// A term that reads; `vars` are the sum's variables in a product. Returns what follows it.
    function checkTerm(Plan memory plan, uint256 cursor, uint256 vars, Sum memory sum)
        internal
        pure
        returns (uint256 next)
    {
        uint256 size;
        uint256 bits;
        next = cursor + 14;
        for (uint256 left = byte_(plan, cursor + 13); left > 0; --left) {
            (uint256 own, uint256 added) = checkAxis(plan, next, vars);
            size += own;
            bits += added;
            next = skipAxis(plan, next);
        }
        bits += source(plan, cursor, size);
        add(sum, bits + byte_(plan, cursor + 8) + valueBits(signed(plan, cursor)));
    }

    /// An axis's bits, and how many cells it adds up at a point of the cube, in bits.
    function checkAxis(Plan memory plan, uint256 axis, uint256 vars)
        internal
        pure
        returns (uint256 bits, uint256 added)
    {
        uint256 kind = byte_(plan, axis);
        bool right;
        if (kind < 2) {
            bits = byte_(plan, axis + 2);
            uint256 end = byte_(plan, axis + 1) + bits;
            right = kind == 0 ? end <= plan.pointBits : vars != NO_SUM && end <= vars;
        } else {
            bits = byte_(plan, axis + 1);
            if (kind == 2) {
                right = bits < 64 && number(plan, axis + 2, 4) < 2 ** bits;
            } else if (kind == 3) {
                (right, added) = (vars == NO_SUM, bits);
            } else if (kind == 4) {
                (right, added) = checkWindow(plan, axis, vars);
            }
        }
        if (!right) revert InvalidDescriptor(Rule.Axis, plan.place);
    }

    function checkWindow(Plan memory plan, uint256 axis, uint256 vars)
        internal
        pure
        returns (bool right, uint256 added)
    {
        uint256 pointBits = byte_(plan, axis + 3);
        uint256 sumBits = byte_(plan, axis + 5);
        bool weighed = byte_(plan, axis + 4) != NONE || sumBits != NONE;
        uint256 taps = number(plan, axis + 10, 4);
        uint256 count = number(plan, axis + 6, 4);
        right = byte_(plan, axis + 2) + pointBits <= plan.pointBits && byte_(plan, axis + 1) <= WINDOW_BITS
            && pointBits <= WINDOW_BITS && count >= 1 && count <= 2 ** pointBits && taps >= 1
            && count * taps <= WINDOW_WORK && number(plan, axis + 26, 4) <= 2 ** byte_(plan, axis + 1);
        if (weighed) {
            right = right && vars != NO_SUM && byte_(plan, axis + 4) + sumBits <= vars && sumBits <= WINDOW_BITS
                && taps <= 2 ** sumBits;
        } else {
            added = log2Up(taps);
        }
    }

    /// The bits of the values in a block that is a whole weight, input, or output of an earlier relation.
    function source(Plan memory plan, uint256 cursor, uint256 size) internal pure returns (uint256) {
        uint256 base = number(plan, cursor + 9, 4);
        for (uint256 i = 0; i < plan.weightBases.length; ++i) {
            if (plan.weightBases[i] == base && plan.weightSizes[i] == size) return byte_(plan, plan.widths + i) - 1;
        }
        for (uint256 i = 0; i < plan.inputBases.length; ++i) {
            if (isInput(plan, cursor, size, i)) return plan.inputBits[i];
        }
        for (uint256 i = 0; i < plan.lookups.length; ++i) {
            Lookup memory own = plan.lookups[i];
            if (
                own.determined && plan.tables[own.table].isFunction && plan.outs[own.slot] + own.row == base
                    && own.bits == size
            ) {
                return plan.tables[own.table].outBits - 1;
            }
        }
        revert InvalidDescriptor(Rule.Source, plan.place);
    }

    /// Whether a term of `2^size` cells reads a whole input block: its cells one after the other, or in each item's chunks those
    /// at its place.
    function isInput(Plan memory plan, uint256 cursor, uint256 size, uint256 input) internal pure returns (bool) {
        uint256 base = number(plan, cursor + 9, 4);
        uint256 own = plan.inputSizes[input];
        if (plan.itemBits == 0 || plan.strideBits == own) {
            return base == plan.inputBases[input] && size == own + plan.itemBits;
        }
        if (base != plan.firstItem || size != plan.strideBits + plan.itemBits) return false;
        uint256 below;
        uint256 axis = cursor + 14;
        for (uint256 left = byte_(plan, cursor + 13); left > 0; --left) {
            uint256 bits = axisBits(plan, axis);
            if (below == own && bits > 0) {
                return byte_(plan, axis) == 2 && bits == plan.strideBits - own
                    && number(plan, axis + 2, 4) == (plan.inputBases[input] - plan.firstItem) >> own;
            }
            below += bits;
            axis = skipAxis(plan, axis);
        }
        return false;
    }

    /// Limbs in ranges from 0 on, one above the other. Returns what follows them, and how wide they are together.
    function checkLimbs(Plan memory plan, uint256 cursor, uint256 left, int256 sign, Rule rule, Sum memory sum)
        internal
        pure
        returns (uint256 next, uint256 filled)
    {
        for (; left > 0; --left) {
            bool above = byte_(plan, cursor + 8) == filled;
            Table memory table = checkNew(plan, cursor, sign, rule, sum);
            if (table.isFunction || table.first != 0 || !above) revert InvalidDescriptor(rule, plan.place);
            filled += table.bits;
            cursor += 17;
        }
        next = cursor;
    }

    /// A new block: `2^shift`, with this sign, times a block of its own, over all output cells. Returns its table.
    function checkNew(Plan memory plan, uint256 cursor, int256 sign, Rule rule, Sum memory sum)
        internal
        pure
        returns (Table memory table)
    {
        uint256 place = inBlock(plan, number(plan, cursor + 9, 4));
        if (place == NOWHERE) revert InvalidDescriptor(rule, plan.place);
        Lookup memory own = plan.lookups[place];
        table = plan.tables[own.table];
        bool right =
            !own.determined && own.bits == plan.pointBits && signed(plan, cursor) == sign && plain(plan, cursor);
        if (!right) revert InvalidDescriptor(rule, plan.place);
        own.determined = true;
        add(sum, rangeBits(table) + byte_(plan, cursor + 8));
    }

    /// The lookup block whose `in` begins at this cell, in an area of its own.
    function inBlock(Plan memory plan, uint256 base) internal pure returns (uint256) {
        for (uint256 i = 0; i < plan.lookups.length; ++i) {
            Lookup memory own = plan.lookups[i];
            if (own.input == NOWHERE && plan.ins[own.slot] + own.row == base) return i;
        }
        return NOWHERE;
    }

    /// Whether a term's one axis is all of the relation's coordinates.
    function plain(Plan memory plan, uint256 cursor) internal pure returns (bool) {
        return byte_(plan, cursor + 13) == 1 && number(plan, cursor + 14, 3) == plan.pointBits;
    }

    function checkDetermined(Plan memory plan) internal pure {
        for (uint256 i = 0; i < plan.lookups.length; ++i) {
            if (plan.lookups[i].input == NOWHERE && !plan.lookups[i].determined) {
                revert InvalidDescriptor(Rule.Free, i);
            }
        }
    }

    function checkSum(Plan memory plan, Sum memory sum) internal pure {
        if (sum.largest + log2Up(sum.items) > INTEGER_BITS) revert InvalidDescriptor(Rule.Wraps, plan.place);
    }

    function add(Sum memory sum, uint256 bits) internal pure {
        ++sum.items;
        sum.largest = larger(sum.largest, bits);
    }
}
