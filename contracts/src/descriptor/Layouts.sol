// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import "./Bytes.sol";
import {Rule} from "../interfaces/IDescriptors.sol";
import {Plans} from "./Plans.sol";

/// @title Counts, sizes and the layout that follows from them.
abstract contract Layouts is Plans {
    uint256 internal constant VARIABLES = 28;
    uint256 internal constant COORDINATES = 32;
    uint256 internal constant COUNT_BITS = 8;
    /// Of a round, whose rows each have chunks, most of which may not be there.
    uint256 internal constant ROUND_COUNT_BITS = 10;
    uint256 internal constant MASK_BITS = 10;
    uint256 internal constant ADDRESS_BITS = 32;

    /// Finds the lists, and checks that the layout is that of the sizes.
    function open(Plan memory plan) internal pure {
        bytes memory data = plan.data;
        bytes32 name = data.length < AT_TABLES ? bytes32(0) : bytes32(number(plan, 0, 32));
        bool known = name == DECISION || name == CERTIFICATE || name == UPDATE || name == ROUND;
        if (!known) revert InvalidDescriptor(Rule.Bytes, 0);
        plan.kind = name;
        if (number(plan, AT_LENGTH, 4) != data.length) revert InvalidDescriptor(Rule.Bytes, AT_LENGTH);
        (plan.chunkBits, plan.slotBits, plan.tableBits) =
        (byte_(plan, AT_CHUNK_BITS), byte_(plan, AT_SLOT_BITS), byte_(plan, AT_TABLE_BITS));
        (plan.functionBits, plan.maskBits) = (byte_(plan, AT_FUNCTION_BITS), byte_(plan, AT_MASK_BITS));
        uint256 weights = number(plan, AT_WEIGHT_BLOCKS, 2);
        uint256 inputs = number(plan, AT_INPUT_BLOCKS, 2);
        plan.products = number(plan, AT_PRODUCT_COUNT, 2);
        plan.heads =
            AT_TABLES + TABLE_BYTES * number(plan, AT_TABLE_COUNT, 2) + LOOKUP_BYTES * number(plan, AT_LOOKUP_COUNT, 2);
        plan.sums = plan.heads + RELATION_BYTES * number(plan, AT_RELATION_COUNT, 2);
        plan.degrees = plan.sums + PRODUCT_BYTES * plan.products;
        plan.terms = plan.degrees + byte_(plan, AT_VARIABLES);
        // Behind the weights' widths are those of a round's rows.
        uint256 rows = name == ROUND ? inputs : 0;
        uint256 tail = 2 * weights + inputs + rows;
        if (plan.terms + tail > data.length) revert InvalidDescriptor(Rule.Bytes, plan.terms);
        tail = data.length - tail;
        plan.widths = data.length - weights - rows;
        plan.weightSizes = sizes(plan, tail, weights);
        plan.inputSizes = sizes(plan, tail + weights, inputs);
        checkLayout(plan);

        // The products' terms follow those of all relations.
        uint256 cursor = plan.terms;
        for (uint256 head = plan.heads; head < plan.sums; head += RELATION_BYTES) {
            for (uint256 left = number(plan, head + 3, 2); left > 0; --left) {
                cursor = skip(plan, cursor);
            }
        }
        plan.operands = cursor;
        for (uint256 product = plan.sums; product < plan.degrees; product += PRODUCT_BYTES) {
            for (uint256 left = number(plan, product + 3, 2) + number(plan, product + 5, 2); left > 0; --left) {
                cursor = skip(plan, cursor);
            }
        }
        if (cursor != tail) revert InvalidDescriptor(Rule.Bytes, cursor);
    }

    /// Lays everything out anew and compares.
    function checkLayout(Plan memory plan) internal pure {
        uint256 k = plan.chunkBits;
        if (k < 4 || k > 28) revert InvalidDescriptor(Rule.Layout, AT_CHUNK_BITS);
        uint256 next;
        if (plan.kind == ROUND) next = pair(plan);
        else (next, plan.weightBases) = role(plan, 0, 0, plan.weightSizes);
        uint256[] memory list = new uint256[](plan.functionBits == NONE ? 0 : 1);
        if (list.length == 1) list[0] = plan.functionBits;
        uint256[] memory bases;
        (next, bases) = role(plan, 1, next, list);
        same(plan, AT_FUNCTIONS, list.length == 1 ? bases[0] : NOWHERE);
        (plan.itemBits, plan.strideBits) = itemsOf(plan);
        bool joint = plan.itemBits == 0;
        if (joint) (next, plan.inputBases) = role(plan, 2, next, plan.inputSizes);

        list = new uint256[](10);
        uint256 count;
        uint256[4] memory areas = areasOf(plan);
        for (uint256 slot = 0; slot < SLOTS; ++slot) {
            if (areas[slot] != 0) list[count++] = plan.slotBits;
        }
        for (uint256 slot = 0; slot < SLOTS; ++slot) {
            if (areas[slot] == FUNCTIONS) list[count++] = plan.slotBits;
        }
        list[count++] = plan.tableBits;
        if (plan.maskBits != NONE) list[count++] = plan.maskBits;
        (next, bases) = role(plan, 3, next, cut(list, count));
        count = 0;
        for (uint256 slot = 0; slot < SLOTS; ++slot) {
            plan.ins[slot] = areas[slot] != 0 ? bases[count++] : NOWHERE;
            same(plan, AT_INS + 4 * slot, plan.ins[slot]);
        }
        for (uint256 slot = 0; slot < SLOTS; ++slot) {
            plan.outs[slot] = areas[slot] == FUNCTIONS ? bases[count++] : NOWHERE;
            same(plan, AT_OUTS + 4 * slot, plan.outs[slot]);
        }
        same(plan, AT_MULTIPLICITIES, bases[count++]);
        same(plan, AT_MASKS, plan.maskBits != NONE ? bases[count] : NOWHERE);

        list = new uint256[](2);
        (list[0], list[1]) = (plan.slotBits, plan.tableBits);
        (next, bases) = role(plan, 4, next, list);
        same(plan, AT_HELPER, bases[0]);
        same(plan, AT_FRACTIONS, bases[1]);
        if (!joint) (next, plan.inputBases) = items(plan, next);
        uint256 countBits = log2Up(next);
        if (byte_(plan, AT_COUNT_BITS) != countBits || k + countBits > ADDRESS_BITS) {
            revert InvalidDescriptor(Rule.Layout, AT_COUNT_BITS);
        }
    }

    /// What each slot has, and how many there are: those that are not have no areas, and come last.
    function areasOf(Plan memory plan) internal pure returns (uint256[4] memory areas) {
        for (uint256 slot = 0; slot < SLOTS; ++slot) {
            uint256 area = byte_(plan, AT_AREAS + slot);
            if (area == NONE) continue;
            if (area > FUNCTIONS || plan.slots != slot) revert InvalidDescriptor(Rule.Bytes, AT_AREAS + slot);
            areas[slot] = area;
            plan.slots = slot + 1;
        }
    }

    /// How many items have chunks of their own, and how many cells these are, as powers of two: the inputs have as many
    /// chunks as one item's blocks take, or a power of two times as many.
    function itemsOf(Plan memory plan) internal pure returns (uint256 itemBits, uint256 strideBits) {
        uint256 cells;
        for (uint256 i = 0; i < plan.inputSizes.length; ++i) {
            if (plan.inputSizes[i] > ADDRESS_BITS) revert InvalidDescriptor(Rule.Layout, AT_FIRST_INPUT_CHUNK);
            cells += 2 ** plan.inputSizes[i];
        }
        uint256 one = roundUp(cells, 2 ** plan.chunkBits) >> plan.chunkBits;
        uint256 chunks = number(plan, AT_INPUT_CHUNKS, 2);
        // Of a round there are at least two rows, each in a power of two of chunks.
        if (plan.kind == ROUND) {
            one = 2 ** log2Up(one);
            if (chunks <= one) revert InvalidDescriptor(Rule.Layout, AT_INPUT_CHUNKS);
        }
        if (one == 0 || chunks <= one) return (0, 0);
        itemBits = log2Up(chunks) - log2Up(one);
        if (one != 2 ** log2Up(one) || chunks != one << itemBits) {
            revert InvalidDescriptor(Rule.Layout, AT_INPUT_CHUNKS);
        }
        strideBits = plan.chunkBits + log2Up(one);
    }

    /// Places the inputs of items with chunks of their own, at a multiple of what they take together, and checks where that
    /// is.
    function items(Plan memory plan, uint256 next) internal pure returns (uint256 end, uint256[] memory bases) {
        uint256 chunks = number(plan, AT_INPUT_CHUNKS, 2);
        uint256 first = roundUp(next, chunks);
        if (number(plan, AT_FIRST_INPUT_CHUNK, 2) != first) {
            revert InvalidDescriptor(Rule.Layout, AT_FIRST_INPUT_CHUNK);
        }
        plan.firstItem = first << plan.chunkBits;
        (, bases) = place(plan.inputSizes, plan.firstItem);
        end = first + chunks;
    }

    /// Places the blocks of a round's two vectors, the second at a multiple of a power of two of chunks, as long as the first, and
    /// checks their chunks.
    function pair(Plan memory plan) internal pure returns (uint256 end) {
        uint256 k = plan.chunkBits;
        uint256 count = plan.weightSizes.length;
        if (largestOf(plan.weightSizes) > ADDRESS_BITS) revert InvalidDescriptor(Rule.Layout, AT_ROLES);
        (uint256 cell, uint256[] memory bases) = place(plan.weightSizes, 0);
        uint256 chunks = roundUp(cell, 2 ** k) >> k;
        uint256 stride = 2 ** log2Up(chunks);
        plan.weightBases = new uint256[](2 * count);
        for (uint256 i = 0; i < count; ++i) {
            (plan.weightBases[i], plan.weightBases[count + i]) = (bases[i], bases[i] + (stride << k));
            if (plan.inputSizes.length != count || plan.inputSizes[i] != plan.weightSizes[i]) {
                revert InvalidDescriptor(Rule.Layout, AT_INPUT_BLOCKS);
            }
        }
        end = stride + chunks;
        bool right =
            count == plan.inputSizes.length && number(plan, AT_ROLES, 2) == 0 && number(plan, AT_ROLES + 2, 2) == end;
        if (!right) revert InvalidDescriptor(Rule.Layout, AT_ROLES);
    }

    /// Places a role's blocks in descending order of size, and checks its chunks.
    function role(Plan memory plan, uint256 index, uint256 next, uint256[] memory blocks)
        internal
        pure
        returns (uint256 end, uint256[] memory bases)
    {
        uint256 k = plan.chunkBits;
        uint256 largest = largestOf(blocks);
        if (largest > ADDRESS_BITS) revert InvalidDescriptor(Rule.Layout, AT_ROLES + 4 * index);
        uint256 first = roundUp(next, 2 ** (largest > k ? largest - k : 0));
        uint256 cell;
        (cell, bases) = place(blocks, first << k);
        end = roundUp(cell, 2 ** k) >> k;
        bool right = cell <= 2 ** ADDRESS_BITS && number(plan, AT_ROLES + 4 * index, 2) == first
            && number(plan, AT_ROLES + 2 + 4 * index, 2) == end - first;
        if (!right) revert InvalidDescriptor(Rule.Layout, AT_ROLES + 4 * index);
    }

    function largestOf(uint256[] memory blocks) internal pure returns (uint256 largest) {
        for (uint256 i = 0; i < blocks.length; ++i) {
            largest = larger(largest, blocks[i]);
        }
    }

    /// Blocks one after the other, in descending order of size; none has more than `2^ADDRESS_BITS` cells.
    function place(uint256[] memory blocks, uint256 cell) internal pure returns (uint256 end, uint256[] memory bases) {
        bases = new uint256[](blocks.length);
        uint256 placed;
        for (uint256 size = largestOf(blocks); placed < blocks.length; --size) {
            for (uint256 i = 0; i < blocks.length; ++i) {
                if (blocks[i] != size) continue;
                bases[i] = cell;
                cell += 2 ** size;
                ++placed;
            }
            if (size == 0) break;
        }
        end = cell;
    }

    function cut(uint256[] memory list, uint256 count) internal pure returns (uint256[] memory shorter) {
        shorter = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            shorter[i] = list[i];
        }
    }

    function same(Plan memory plan, uint256 from, uint256 expected) internal pure {
        if (number(plan, from, 4) != expected) revert InvalidDescriptor(Rule.Layout, from);
    }

    /// Counts, bits and what follows from them.
    function checkSizes(Plan memory plan) internal pure {
        bool round = plan.kind == ROUND;
        within(0, round ? ROUND_COUNT_BITS : COUNT_BITS, byte_(plan, AT_COUNT_BITS));
        within(1, SLOTS, plan.slots);
        within(1, VARIABLES, plan.slotBits);
        within(1, VARIABLES, plan.tableBits);
        within(1, VARIABLES, byte_(plan, AT_VARIABLES));
        within(1, COORDINATES, byte_(plan, AT_COORDINATES));
        within(0, plan.tableBits, plan.functionBits == NONE ? 0 : plan.functionBits);
        within(0, COUNT, plan.weightSizes.length);
        // A certificate has neither inputs nor products, and may do without relations; an update has no inputs.
        if (round || plan.kind == UPDATE) within(0, 0, plan.functionBits == NONE ? 0 : 1);
        within(0, round || plan.kind == DECISION ? COUNT : 0, plan.inputSizes.length);
        within(1, COUNT, number(plan, AT_TABLE_COUNT, 2));
        within(1, COUNT, number(plan, AT_LOOKUP_COUNT, 2));
        within(plan.kind == CERTIFICATE ? 0 : 1, COUNT, number(plan, AT_RELATION_COUNT, 2));
        within(0, plan.kind == CERTIFICATE ? 0 : COUNT, plan.products);
        for (uint256 i = plan.widths; i < plan.data.length; ++i) {
            within(1, CELL_BITS, byte_(plan, i));
        }

        uint256 variables = larger(plan.slotBits, plan.tableBits);
        uint256 coordinates = variables;
        uint256 products;
        uint256 publicEnd;
        for (uint256 head = plan.heads; head < plan.sums; head += RELATION_BYTES) {
            coordinates = larger(coordinates, byte_(plan, head));
            products += number(plan, head + 1, 2);
            uint256 kind = byte_(plan, head + 5);
            if (kind > GRAM || (kind == PUBLIC && byte_(plan, head + 14) != 0)) {
                revert InvalidDescriptor(Rule.Bytes, head + 5);
            }
            uint256 first = kind == GRAM ? 0 : number(plan, head + 6, 4);
            if (kind != 0) publicEnd = larger(publicEnd, first + publicCount(plan, head));
        }
        for (uint256 product = plan.sums; product < plan.degrees; product += PRODUCT_BYTES) {
            variables = larger(variables, byte_(plan, product));
        }
        bool right = byte_(plan, AT_VARIABLES) == variables && byte_(plan, AT_COORDINATES) == coordinates
            && plan.products == products && number(plan, AT_PUBLIC_COUNT, 4) == publicEnd;
        if (!right) revert InvalidDescriptor(Rule.Layout, AT_VARIABLES);

        // Mu and the spare cell; the operands but the table's, and the constant; the masks' round, of the lookups' degree.
        uint256 cells = 2 + plan.slots + 3 + 2 * products + plan.slots + 2;
        for (uint256 i = 0; i < variables; ++i) {
            uint256 degree = degreeOf(plan, variables - 1 - i);
            if (byte_(plan, plan.degrees + i) != degree) revert InvalidDescriptor(Rule.Layout, plan.degrees + i);
            cells += degree;
        }
        if (plan.maskBits != NONE) {
            within(0, MASK_BITS, plan.maskBits);
            within(0, 2 ** plan.maskBits, cells);
        }
    }

    /// The degree of the round that binds a variable, [5.2].
    function degreeOf(Plan memory plan, uint256 variable) internal pure returns (uint256 degree) {
        // No other is higher.
        if (plan.slotBits > variable) return plan.slots + 2;
        if (plan.tableBits > variable) degree = 3;
        for (uint256 product = plan.sums; product < plan.degrees; product += PRODUCT_BYTES) {
            if (byte_(plan, product) > variable) {
                degree = larger(degree, byte_(plan, product + 1) > variable ? 3 : 2);
            }
        }
    }
}
