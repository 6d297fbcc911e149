// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IDescriptorValidator, Rule} from "./interfaces/IDescriptorValidator.sol";

/// @title The rules of docs/protocol.md [10.2] and [10.4]; see `IDescriptorValidator`. The same checks in the same order
/// as `crates/verifier/src/descriptor/validate.rs` and what is below it; plain Solidity, since it runs once a plan.
contract DescriptorValidator is IDescriptorValidator {
    bytes32 private constant DECISION = "averment-descriptor/1";
    bytes32 private constant CERTIFICATE = "averment-certificate/1";
    uint256 private constant VARIABLES = 28;
    uint256 private constant COORDINATES = 32;
    uint256 private constant COUNT_BITS = 6;
    uint256 private constant MASK_BITS = 10;
    uint256 private constant COUNT = 256;
    uint256 private constant WINDOW_BITS = 12;
    uint256 private constant WINDOW_WORK = 1 << 14;
    uint256 private constant INTEGER_BITS = 250;
    uint256 private constant CELL_BITS = 62;
    uint256 private constant ADDRESS_BITS = 32;
    /// No such thing, where a byte says how large something is; no such block.
    uint256 private constant NONE = 255;
    uint256 private constant NOWHERE = type(uint32).max;
    /// Instead of a sum's variables: not in a product.
    uint256 private constant NO_SUM = 256;
    uint256 private constant TABLES = 136;
    uint256 private constant FUNCTIONS = 2;
    /// Public values of a relation, in bits.
    uint256 private constant PUBLIC_BITS = 12;
    /// Kinds of relations, by what they add.
    uint256 private constant PUBLIC = 1;
    uint256 private constant DECIDED = 2;

    struct Table {
        uint256 tag;
        uint256 row;
        uint256 bits;
        int256 first;
        bool isFunction;
        uint256 outBits;
    }

    /// What a certificate has to cover: a weight block or a function table, and how wide its values are.
    struct Block {
        uint256 base;
        uint256 bits;
        uint256 width;
        /// Whether a relation ties it to limbs.
        bool ranged;
    }

    struct Lookup {
        uint256 slot;
        uint256 row;
        uint256 bits;
        uint256 input;
        /// Its table's place.
        uint256 table;
        /// Whether a relation has determined it.
        bool determined;
    }

    /// A descriptor, taken apart.
    struct Plan {
        bytes data;
        bool isCertificate;
        uint256 chunkBits;
        uint256 slotBits;
        uint256 tableBits;
        uint256 functionBits;
        uint256 maskBits;
        uint256 products;
        /// Where lists begin.
        uint256 heads;
        uint256 sums;
        uint256 degrees;
        uint256 terms;
        uint256 operands;
        uint256 widths;
        uint256[] weightSizes;
        uint256[] inputSizes;
        uint256[] weightBases;
        uint256[] inputBases;
        /// First cells of the slots' areas.
        uint256[4] ins;
        uint256[4] outs;
        uint256[] inputBits;
        Table[] tables;
        Lookup[] lookups;
        /// The next public value.
        uint256 nextPublic;
        /// The relation being checked.
        uint256 place;
        uint256 pointBits;
    }

    /// A sum's items, for a bound on it.
    struct Sum {
        uint256 items;
        uint256 largest;
    }

    function validate(bytes calldata descriptor) external pure {
        Plan memory plan;
        plan.data = descriptor;
        open(plan);
        checkSizes(plan);
        checkTables(plan);
        checkLookups(plan);
        if (plan.isCertificate) checkCertificate(plan);
        else checkRelations(plan);
    }

    /// Finds the lists, and checks that the layout is that of the sizes.
    function open(Plan memory plan) private pure {
        bytes memory data = plan.data;
        bytes32 name = data.length < TABLES ? bytes32(0) : bytes32(number(plan, 0, 32));
        if (name != DECISION && name != CERTIFICATE) revert InvalidDescriptor(Rule.Bytes, 0);
        plan.isCertificate = name == CERTIFICATE;
        if (number(plan, 32, 4) != data.length) revert InvalidDescriptor(Rule.Bytes, 32);
        (plan.chunkBits, plan.slotBits, plan.tableBits) = (byte_(plan, 36), byte_(plan, 38), byte_(plan, 39));
        (plan.functionBits, plan.maskBits) = (byte_(plan, 40), byte_(plan, 41));
        uint256 weights = number(plan, 48, 2);
        uint256 inputs = number(plan, 50, 2);
        plan.products = number(plan, 58, 2);
        plan.heads = TABLES + 19 * number(plan, 52, 2) + 14 * number(plan, 54, 2);
        plan.sums = plan.heads + 15 * number(plan, 56, 2);
        plan.degrees = plan.sums + 7 * plan.products;
        plan.terms = plan.degrees + byte_(plan, 42);
        uint256 tail = 2 * weights + inputs;
        if (plan.terms + tail > data.length) revert InvalidDescriptor(Rule.Bytes, plan.terms);
        tail = data.length - tail;
        plan.widths = data.length - weights;
        plan.weightSizes = sizes(plan, tail, weights);
        plan.inputSizes = sizes(plan, tail + weights, inputs);
        checkLayout(plan);

        // The products' terms follow those of all relations.
        uint256 cursor = plan.terms;
        for (uint256 head = plan.heads; head < plan.sums; head += 15) {
            for (uint256 left = number(plan, head + 3, 2); left > 0; --left) {
                cursor = skip(plan, cursor);
            }
        }
        plan.operands = cursor;
        for (uint256 product = plan.sums; product < plan.degrees; product += 7) {
            for (uint256 left = number(plan, product + 3, 2) + number(plan, product + 5, 2); left > 0; --left) {
                cursor = skip(plan, cursor);
            }
        }
        if (cursor != tail) revert InvalidDescriptor(Rule.Bytes, cursor);
    }

    /// Lays everything out anew and compares.
    function checkLayout(Plan memory plan) private pure {
        uint256 k = plan.chunkBits;
        if (k < 4 || k > 28) revert InvalidDescriptor(Rule.Layout, 36);
        uint256 next;
        (next, plan.weightBases) = role(plan, 0, 0, plan.weightSizes);
        uint256[] memory list = new uint256[](plan.functionBits == NONE ? 0 : 1);
        if (list.length == 1) list[0] = plan.functionBits;
        uint256[] memory bases;
        (next, bases) = role(plan, 1, next, list);
        same(plan, 132, list.length == 1 ? bases[0] : NOWHERE);
        (next, plan.inputBases) = role(plan, 2, next, plan.inputSizes);

        list = new uint256[](10);
        uint256 count;
        uint256[4] memory areas = [byte_(plan, 44), byte_(plan, 45), byte_(plan, 46), byte_(plan, 47)];
        for (uint256 slot = 0; slot < 4; ++slot) {
            if (areas[slot] > FUNCTIONS) revert InvalidDescriptor(Rule.Bytes, 44 + slot);
            if (areas[slot] != 0) list[count++] = plan.slotBits;
        }
        for (uint256 slot = 0; slot < 4; ++slot) {
            if (areas[slot] == FUNCTIONS) list[count++] = plan.slotBits;
        }
        list[count++] = plan.tableBits;
        if (plan.maskBits != NONE) list[count++] = plan.maskBits;
        (next, bases) = role(plan, 3, next, cut(list, count));
        count = 0;
        for (uint256 slot = 0; slot < 4; ++slot) {
            plan.ins[slot] = areas[slot] != 0 ? bases[count++] : NOWHERE;
            same(plan, 84 + 4 * slot, plan.ins[slot]);
        }
        for (uint256 slot = 0; slot < 4; ++slot) {
            plan.outs[slot] = areas[slot] == FUNCTIONS ? bases[count++] : NOWHERE;
            same(plan, 100 + 4 * slot, plan.outs[slot]);
        }
        same(plan, 116, bases[count++]);
        same(plan, 120, plan.maskBits != NONE ? bases[count] : NOWHERE);

        list = new uint256[](2);
        (list[0], list[1]) = (plan.slotBits, plan.tableBits);
        (next, bases) = role(plan, 4, next, list);
        same(plan, 124, bases[0]);
        same(plan, 128, bases[1]);
        uint256 countBits = log2Up(next);
        if (byte_(plan, 37) != countBits || k + countBits > ADDRESS_BITS) {
            revert InvalidDescriptor(Rule.Layout, 37);
        }
    }

    /// Places a role's blocks in descending order of size, and checks its chunks.
    function role(Plan memory plan, uint256 index, uint256 next, uint256[] memory blocks)
        private
        pure
        returns (uint256 end, uint256[] memory bases)
    {
        uint256 k = plan.chunkBits;
        uint256 largest;
        for (uint256 i = 0; i < blocks.length; ++i) {
            if (blocks[i] > largest) largest = blocks[i];
        }
        if (largest > ADDRESS_BITS) revert InvalidDescriptor(Rule.Layout, 64 + 4 * index);
        uint256 first = roundUp(next, 2 ** (largest > k ? largest - k : 0));
        uint256 cell = first << k;
        bases = new uint256[](blocks.length);
        uint256 placed;
        for (uint256 size = largest; placed < blocks.length; --size) {
            for (uint256 i = 0; i < blocks.length; ++i) {
                if (blocks[i] != size) continue;
                bases[i] = cell;
                cell += 2 ** size;
                ++placed;
            }
            if (size == 0) break;
        }
        end = roundUp(cell, 2 ** k) >> k;
        bool right = cell <= 2 ** ADDRESS_BITS && number(plan, 64 + 4 * index, 2) == first
            && number(plan, 66 + 4 * index, 2) == end - first;
        if (!right) revert InvalidDescriptor(Rule.Layout, 64 + 4 * index);
    }

    /// Counts, bits and what follows from them.
    function checkSizes(Plan memory plan) private pure {
        within(0, COUNT_BITS, byte_(plan, 37));
        within(1, VARIABLES, plan.slotBits);
        within(1, VARIABLES, plan.tableBits);
        within(1, VARIABLES, byte_(plan, 42));
        within(1, COORDINATES, byte_(plan, 43));
        within(0, plan.tableBits, plan.functionBits == NONE ? 0 : plan.functionBits);
        within(0, COUNT, plan.weightSizes.length);
        // A certificate has neither inputs nor products, and may do without relations.
        (uint256 least, uint256 most) = plan.isCertificate ? (0, 0) : (1, COUNT);
        within(0, most, plan.inputSizes.length);
        within(1, COUNT, number(plan, 52, 2));
        within(1, COUNT, number(plan, 54, 2));
        within(least, COUNT, number(plan, 56, 2));
        within(0, most, plan.products);
        for (uint256 i = 0; i < plan.weightSizes.length; ++i) {
            within(1, CELL_BITS, byte_(plan, plan.widths + i));
        }

        uint256 variables = larger(plan.slotBits, plan.tableBits);
        uint256 coordinates = variables;
        uint256 products;
        uint256 publicEnd;
        for (uint256 head = plan.heads; head < plan.sums; head += 15) {
            coordinates = larger(coordinates, byte_(plan, head));
            products += number(plan, head + 1, 2);
            uint256 kind = byte_(plan, head + 5);
            if (kind > DECIDED || (kind == PUBLIC && byte_(plan, head + 14) != 0)) {
                revert InvalidDescriptor(Rule.Bytes, head + 5);
            }
            if (kind != 0) publicEnd = larger(publicEnd, number(plan, head + 6, 4) + publicCount(plan, head));
        }
        for (uint256 product = plan.sums; product < plan.degrees; product += 7) {
            variables = larger(variables, byte_(plan, product));
        }
        bool right = byte_(plan, 42) == variables && byte_(plan, 43) == coordinates && plan.products == products
            && number(plan, 60, 4) == publicEnd;
        if (!right) revert InvalidDescriptor(Rule.Layout, 42);

        // The masks' round has degree 6; mu and the spare cell, the operands but the table's, and the constant.
        uint256 cells = 2 + 7 + 2 * products + 6;
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
    function degreeOf(Plan memory plan, uint256 variable) private pure returns (uint256 degree) {
        if (plan.slotBits > variable) return 6;
        if (plan.tableBits > variable) degree = 3;
        for (uint256 product = plan.sums; product < plan.degrees; product += 7) {
            if (byte_(plan, product) > variable) {
                degree = larger(degree, byte_(plan, product + 1) > variable ? 3 : 2);
            }
        }
    }

    function checkTables(Plan memory plan) private pure {
        uint256 count = number(plan, 52, 2);
        plan.tables = new Table[](count);
        uint256 tag;
        uint256 free;
        for (uint256 i = 0; i < count; ++i) {
            uint256 record = TABLES + 19 * i;
            Table memory own = plan.tables[i];
            own.tag = number(plan, record, 4);
            own.bits = byte_(plan, record + 8);
            own.first = signed(plan, record + 9);
            if (byte_(plan, record + 17) > 1) revert InvalidDescriptor(Rule.Bytes, record + 17);
            own.isFunction = byte_(plan, record + 17) == 1;
            own.outBits = byte_(plan, record + 18);
            if (own.tag <= tag) revert InvalidDescriptor(Rule.TableTag, i);
            tag = own.tag;
            // Function tables lie where their `out` is committed.
            uint256 room = own.isFunction ? (plan.functionBits == NONE ? 0 : plan.functionBits) : plan.tableBits;
            own.row = number(plan, record + 4, 4);
            if (!aligned(own.row, own.bits, room) || own.row < free) revert InvalidDescriptor(Rule.TablePlace, i);
            free = own.row + (2 ** own.bits);
            bool right = own.isFunction
                ? own.outBits >= 1 && own.outBits <= CELL_BITS && plan.functionBits != NONE
                : own.outBits == 0;
            if (!right || valueBits(own.first) > CELL_BITS) revert InvalidDescriptor(Rule.TableValues, i);
        }
    }

    function checkLookups(Plan memory plan) private pure {
        uint256 count = number(plan, 54, 2);
        plan.lookups = new Lookup[](count);
        plan.inputBits = new uint256[](plan.inputSizes.length);
        uint256[4] memory free;
        uint256 inputs;
        for (uint256 i = 0; i < count; ++i) {
            uint256 record = plan.heads - 14 * (count - i);
            Lookup memory own = plan.lookups[i];
            (own.slot, own.row, own.bits) = (byte_(plan, record), number(plan, record + 1, 4), byte_(plan, record + 5));
            own.input = number(plan, record + 10, 4);
            if (own.slot > 3 || !aligned(own.row, own.bits, plan.slotBits)) {
                revert InvalidDescriptor(Rule.LookupPlace, i);
            }
            uint256 area = byte_(plan, 44 + own.slot);
            if (own.input == NOWHERE) {
                if (area == 0 || inputs > 0) revert InvalidDescriptor(Rule.LookupInput, i);
                if (own.row < free[own.slot]) revert InvalidDescriptor(Rule.LookupPlace, i);
                free[own.slot] = own.row + (2 ** own.bits);
            } else {
                // Which parts of which blocks a certificate's are, is checked with all that they cover.
                bool right = plan.isCertificate
                    || (inputs < plan.inputSizes.length
                        && plan.inputBases[inputs] == own.input
                        && plan.inputSizes[inputs] == own.bits);
                right = right && area == 0;
                if (!right) revert InvalidDescriptor(Rule.LookupInput, i);
                for (uint256 j = 0; j < i; ++j) {
                    Lookup memory other = plan.lookups[j];
                    bool apart = other.slot != own.slot || own.row >= other.row + (2 ** other.bits)
                        || other.row >= own.row + (2 ** own.bits);
                    if (!apart) revert InvalidDescriptor(Rule.LookupPlace, i);
                }
            }
            own.table = tableOf(plan, number(plan, record + 6, 4), area == FUNCTIONS, i);
            if (own.input == NOWHERE) continue;
            if (!plan.isCertificate) plan.inputBits[inputs] = rangeBits(plan.tables[own.table]);
            ++inputs;
        }
        if (!plan.isCertificate && inputs != plan.inputSizes.length) revert InvalidDescriptor(Rule.LookupInput, count);
    }

    function tableOf(Plan memory plan, uint256 tag, bool isFunction, uint256 lookup) private pure returns (uint256) {
        for (uint256 i = 0; i < plan.tables.length; ++i) {
            if (plan.tables[i].tag == tag && plan.tables[i].isFunction == isFunction) return i;
        }
        revert InvalidDescriptor(Rule.LookupTable, lookup);
    }

    function checkRelations(Plan memory plan) private pure {
        uint256 term = plan.terms;
        uint256 operand = plan.operands;
        uint256 product = plan.sums;
        for (uint256 head = plan.heads; head < plan.sums; head += 15) {
            plan.pointBits = byte_(plan, head);
            uint256 products = number(plan, head + 1, 2);
            uint256 kind = byte_(plan, head + 5);
            if (kind == PUBLIC) {
                if (products != 0) revert InvalidDescriptor(Rule.Public, plan.place);
                term = checkPublic(plan, head, term);
            } else if (kind == DECIDED) {
                if (products != 0) revert InvalidDescriptor(Rule.Decision, plan.place);
                term = checkDecision(plan, head, term);
            } else {
                Sum memory sum = Sum(0, 0);
                for (; products > 0; --products) {
                    operand = checkProduct(plan, product, operand, sum);
                    product += 7;
                }
                term = checkRescale(plan, head, term, sum);
                checkSum(plan, sum);
            }
            ++plan.place;
        }
        checkDetermined(plan);
    }

    function checkDetermined(Plan memory plan) private pure {
        for (uint256 i = 0; i < plan.lookups.length; ++i) {
            if (plan.lookups[i].input == NOWHERE && !plan.lookups[i].determined) {
                revert InvalidDescriptor(Rule.Free, i);
            }
        }
    }

    /// A certificate's relations, and that with the lookups they cover everything.
    function checkCertificate(Plan memory plan) private pure {
        Block[] memory covered = coveredBlocks(plan);
        uint256 term = plan.terms;
        for (uint256 head = plan.heads; head < plan.sums; head += 15) {
            plan.pointBits = byte_(plan, head);
            if (byte_(plan, head + 5) != 0) revert InvalidDescriptor(Rule.Public, plan.place);
            term = signed(plan, head + 6) == 0
                ? checkPadding(plan, head, term, covered)
                : checkRanged(plan, head, term, covered);
            ++plan.place;
        }
        checkDetermined(plan);
        checkCovered(plan, covered);
    }

    /// The weight blocks, then the function tables.
    function coveredBlocks(Plan memory plan) private pure returns (Block[] memory covered) {
        uint256 count = plan.weightSizes.length;
        for (uint256 i = 0; i < plan.tables.length; ++i) {
            if (plan.tables[i].isFunction) ++count;
        }
        covered = new Block[](count);
        count = 0;
        for (uint256 i = 0; i < plan.weightSizes.length; ++i) {
            covered[count++] = Block(plan.weightBases[i], plan.weightSizes[i], byte_(plan, plan.widths + i), false);
        }
        uint256 functions = number(plan, 132, 4);
        for (uint256 i = 0; i < plan.tables.length; ++i) {
            Table memory own = plan.tables[i];
            if (own.isFunction) covered[count++] = Block(functions + own.row, own.bits, own.outBits, false);
        }
    }

    /// A whole block that starts at this cell and has these bits.
    function coveredBlock(Block[] memory covered, uint256 base, uint256 bits) private pure returns (uint256) {
        for (uint256 i = 0; i < covered.length; ++i) {
            if (covered[i].base == base && covered[i].bits == bits) return i;
        }
        return NOWHERE;
    }

    /// A block that is not looked up as it stands: plus `2^(width-1)` it is the sum of limbs. Returns what follows.
    function checkRanged(Plan memory plan, uint256 head, uint256 cursor, Block[] memory covered)
        private
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
        (cursor, filled) = checkLimbs(plan, cursor, left - 1, Rule.Ranged, Sum(0, 0));
        right = filled == own.width && signed(plan, head + 6) == 1 && byte_(plan, head + 14) == own.width - 1;
        if (!right) revert InvalidDescriptor(Rule.Ranged, plan.place);
        return cursor;
    }

    /// A part of a block is zero: one term, along coordinates one after the other, and at fixed places. Returns what
    /// follows it.
    function checkPadding(Plan memory plan, uint256 head, uint256 cursor, Block[] memory covered)
        private
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
    function checkCovered(Plan memory plan, Block[] memory covered) private pure {
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
                    && next + (2 ** lookup.bits) <= last && table.bits == own.width
                    && table.first == -int256(2 ** (own.width - 1));
                if (!right) revert InvalidDescriptor(Rule.Covered, i);
                next += 2 ** lookup.bits;
            }
        }
        if (part != plan.lookups.length) revert InvalidDescriptor(Rule.Covered, covered.length);
    }

    /// A product's group and operands. Returns what follows its terms.
    function checkProduct(Plan memory plan, uint256 product, uint256 cursor, Sum memory sum)
        private
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
        private
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
        if (!checkNew(plan, cursor, Rule.High, sum).isFunction) revert InvalidDescriptor(Rule.High, plan.place);
        uint256 filled;
        (cursor, filled) = checkLimbs(plan, cursor + 17, left - 1, Rule.Limbs, sum);
        if (filled != shift) revert InvalidDescriptor(Rule.Limbs, plan.place);
        uint256 half = shift == 0 ? 0 : shift - 1;
        if (signed(plan, head + 6) != (shift == 0 ? int256(0) : int256(1)) || byte_(plan, head + 14) != half) {
            revert InvalidDescriptor(Rule.Half, plan.place);
        }
        add(sum, half);
        return cursor;
    }

    /// Limbs in ranges from 0 on, one above the other. Returns what follows them, and how wide they are together.
    function checkLimbs(Plan memory plan, uint256 cursor, uint256 left, Rule rule, Sum memory sum)
        private
        pure
        returns (uint256 next, uint256 filled)
    {
        for (; left > 0; --left) {
            bool above = byte_(plan, cursor + 8) == filled;
            Table memory table = checkNew(plan, cursor, rule, sum);
            if (table.isFunction || table.first != 0 || !above) revert InvalidDescriptor(rule, plan.place);
            filled += table.bits;
            cursor += 17;
        }
        next = cursor;
    }

    /// A new block: minus `2^shift` times a block of its own, over all output cells. Returns its table.
    function checkNew(Plan memory plan, uint256 cursor, Rule rule, Sum memory sum)
        private
        pure
        returns (Table memory table)
    {
        uint256 place = inBlock(plan, number(plan, cursor + 9, 4));
        if (place == NOWHERE) revert InvalidDescriptor(rule, plan.place);
        Lookup memory own = plan.lookups[place];
        table = plan.tables[own.table];
        bool right = !own.determined && own.bits == plan.pointBits && signed(plan, cursor) == -1 && plain(plan, cursor);
        if (!right) revert InvalidDescriptor(rule, plan.place);
        own.determined = true;
        add(sum, rangeBits(table) + byte_(plan, cursor + 8));
    }

    /// The next decisions: minus the scores of all real classes, then limbs of the margin. Returns what follows the terms.
    function checkDecision(Plan memory plan, uint256 head, uint256 cursor) private pure returns (uint256 next) {
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
        (next,) = checkLimbs(plan, next, terms - 1, Rule.Limbs, sum);
        plan.nextPublic += publicCount(plan, head);
        checkSum(plan, sum);
    }

    /// How many public values a relation speaks of.
    function publicCount(Plan memory plan, uint256 head) private pure returns (uint256) {
        if (byte_(plan, head + 5) == PUBLIC) return number(plan, head + 10, 4);
        uint256 bits = byte_(plan, head);
        uint256 classes = byte_(plan, head + 14);
        return 2 ** (bits > classes ? bits - classes : 0);
    }

    function checkSum(Plan memory plan, Sum memory sum) private pure {
        if (sum.largest + log2Up(sum.items) > INTEGER_BITS) revert InvalidDescriptor(Rule.Wraps, plan.place);
    }

    /// The next public values of one block. Returns what follows the term.
    function checkPublic(Plan memory plan, uint256 head, uint256 cursor) private pure returns (uint256 next) {
        uint256 count = number(plan, head + 10, 4);
        bool right = number(plan, head + 3, 2) == 1 && plain(plan, cursor) && signed(plan, cursor) == 1
            && byte_(plan, cursor + 8) == 0 && number(plan, head + 6, 4) == plan.nextPublic && count >= 1
            && count <= 2 ** (plan.pointBits < PUBLIC_BITS ? plan.pointBits : PUBLIC_BITS);
        if (!right) revert InvalidDescriptor(Rule.Public, plan.place);
        next = checkTerm(plan, cursor, NO_SUM, Sum(0, 0));
        plan.nextPublic += count;
    }

    /// Whether a term's one axis is all of the relation's coordinates.
    function plain(Plan memory plan, uint256 cursor) private pure returns (bool) {
        return byte_(plan, cursor + 13) == 1 && number(plan, cursor + 14, 3) == plan.pointBits;
    }

    /// The lookup block whose `in` begins at this cell, in an area of its own.
    function inBlock(Plan memory plan, uint256 base) private pure returns (uint256) {
        for (uint256 i = 0; i < plan.lookups.length; ++i) {
            Lookup memory own = plan.lookups[i];
            if (own.input == NOWHERE && plan.ins[own.slot] + own.row == base) return i;
        }
        return NOWHERE;
    }

    /// A term that reads; `vars` are the sum's variables in a product. Returns what follows it.
    function checkTerm(Plan memory plan, uint256 cursor, uint256 vars, Sum memory sum)
        private
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
        bits += source(plan, number(plan, cursor + 9, 4), size);
        add(sum, bits + byte_(plan, cursor + 8) + valueBits(signed(plan, cursor)));
    }

    /// An axis's bits, and how many cells it adds up at a point of the cube, in bits.
    function checkAxis(Plan memory plan, uint256 axis, uint256 vars)
        private
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
            } else {
                (right, added) = checkWindow(plan, axis, vars);
            }
        }
        if (!right) revert InvalidDescriptor(Rule.Axis, plan.place);
    }

    function checkWindow(Plan memory plan, uint256 axis, uint256 vars)
        private
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
    function source(Plan memory plan, uint256 base, uint256 size) private pure returns (uint256) {
        for (uint256 i = 0; i < plan.weightBases.length; ++i) {
            if (plan.weightBases[i] == base && plan.weightSizes[i] == size) return byte_(plan, plan.widths + i) - 1;
        }
        for (uint256 i = 0; i < plan.inputBases.length; ++i) {
            if (plan.inputBases[i] == base && plan.inputSizes[i] == size) return plan.inputBits[i];
        }
        for (uint256 i = 0; i < plan.lookups.length; ++i) {
            Lookup memory own = plan.lookups[i];
            if (
                own.determined && plan.outs[own.slot] != NOWHERE && plan.outs[own.slot] + own.row == base
                    && own.bits == size
            ) {
                return plan.tables[own.table].outBits - 1;
            }
        }
        revert InvalidDescriptor(Rule.Source, plan.place);
    }

    function skip(Plan memory plan, uint256 cursor) private pure returns (uint256 next) {
        next = cursor + 14;
        for (uint256 left = byte_(plan, cursor + 13); left > 0; --left) {
            next = skipAxis(plan, next);
        }
    }

    function skipAxis(Plan memory plan, uint256 axis) private pure returns (uint256) {
        uint256 kind = byte_(plan, axis);
        if (kind < 2) return axis + 3;
        if (kind == 2) return axis + 6;
        if (kind == 3) return axis + 2;
        if (kind == 4) return axis + 30;
        revert InvalidDescriptor(Rule.Bytes, axis);
    }

    function sizes(Plan memory plan, uint256 from, uint256 count) private pure returns (uint256[] memory list) {
        list = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = byte_(plan, from + i);
        }
    }

    function cut(uint256[] memory list, uint256 count) private pure returns (uint256[] memory shorter) {
        shorter = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            shorter[i] = list[i];
        }
    }

    function same(Plan memory plan, uint256 from, uint256 expected) private pure {
        if (number(plan, from, 4) != expected) revert InvalidDescriptor(Rule.Layout, from);
    }

    function within(uint256 least, uint256 most, uint256 got) private pure {
        if (got < least || got > most) revert InvalidDescriptor(Rule.Size, got);
    }

    function add(Sum memory sum, uint256 bits) private pure {
        ++sum.items;
        sum.largest = larger(sum.largest, bits);
    }

    /// Whether `2^bits` rows from `row` on are an aligned block of `2^room`.
    function aligned(uint256 row, uint256 bits, uint256 room) private pure returns (bool) {
        return bits <= room && row & ((2 ** bits) - 1) == 0 && row + (2 ** bits) <= 2 ** room;
    }

    /// The least n that bounds all of a table's `in`.
    function rangeBits(Table memory table) private pure returns (uint256) {
        return larger(valueBits(table.first), valueBits(table.first + int256(2 ** table.bits)));
    }

    /// The least n with `|value| <= 2^n`.
    function valueBits(int256 value) private pure returns (uint256) {
        // Not negative either way.
        // forge-lint: disable-next-line(unsafe-typecast)
        return log2Up(value < 0 ? uint256(-value) : uint256(value));
    }

    /// The least n with `value <= 2^n`; values are below 2^65.
    function log2Up(uint256 value) private pure returns (uint256 n) {
        while (2 ** n < value) ++n;
    }

    function roundUp(uint256 value, uint256 multiple) private pure returns (uint256) {
        return (value + multiple - 1) / multiple * multiple;
    }

    function larger(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a : b;
    }

    function byte_(Plan memory plan, uint256 from) private pure returns (uint256) {
        return number(plan, from, 1);
    }

    /// Eight bytes, with their sign.
    function signed(Plan memory plan, uint256 from) private pure returns (int256) {
        // What is read has just these 64 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        return int256(int64(uint64(number(plan, from, 8))));
    }

    /// `length` bytes, big-endian.
    function number(Plan memory plan, uint256 from, uint256 length) private pure returns (uint256 value) {
        bytes memory data = plan.data;
        if (from + length > data.length) revert InvalidDescriptor(Rule.Bytes, from);
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, length)), mload(add(add(data, 0x20), from)))
        }
    }
}
