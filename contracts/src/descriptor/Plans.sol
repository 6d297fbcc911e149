// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IDescriptors, Rule} from "../interfaces/IDescriptors.sol";

/// @title A descriptor taken apart: its bytes, the lists in them, and the arithmetic of sizes.
abstract contract Plans is IDescriptors {
    uint256 internal constant COUNT = 256;
    /// Public values of a relation, in bits.
    uint256 internal constant PUBLIC_BITS = 12;
    uint256 internal constant CELL_BITS = 62;
    /// No such thing, where a byte says how large something is, or what a slot has; no such block.
    uint256 internal constant NONE = 255;
    uint256 internal constant NOWHERE = type(uint32).max;
    uint256 internal constant SLOTS = 4;
    uint256 internal constant FUNCTIONS = 2;
    /// Kinds of relations, by what they add.
    uint256 internal constant PUBLIC = 1;
    uint256 internal constant DECIDED = 2;
    uint256 internal constant GRAM = 3;

    struct Table {
        uint256 tag;
        uint256 row;
        uint256 bits;
        int256 first;
        bool isFunction;
        uint256 outBits;
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
        /// Its name.
        bytes32 kind;
        uint256 chunkBits;
        uint256 slots;
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
        /// Items with an input commitment of their own, and the cells from one to the next, as powers of two; the first is 0
        /// if one commitment is to all.
        uint256 itemBits;
        uint256 strideBits;
        /// Then, where the first item's chunks begin.
        uint256 firstItem;
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

    /// How many public values a relation speaks of.
    function publicCount(Plan memory plan, uint256 head) internal pure returns (uint256) {
        // Of inner products how many halves there are, which begin at place 0.
        if (byte_(plan, head + 5) != DECIDED) return number(plan, head + 10, 4);
        uint256 bits = byte_(plan, head);
        uint256 classes = byte_(plan, head + 14);
        return 2 ** (bits > classes ? bits - classes : 0);
    }

    function skip(Plan memory plan, uint256 cursor) internal pure returns (uint256 next) {
        next = cursor + 14;
        for (uint256 left = byte_(plan, cursor + 13); left > 0; --left) {
            next = skipAxis(plan, next);
        }
    }

    function skipAxis(Plan memory plan, uint256 axis) internal pure returns (uint256) {
        uint256 kind = byte_(plan, axis);
        if (kind < 2) return axis + 3;
        if (kind == 2) return axis + 6;
        if (kind == 3) return axis + 2;
        if (kind == 4) return axis + 30;
        if (kind == 5) return axis + 10;
        if (kind == 6) return axis + 2;
        revert InvalidDescriptor(Rule.Bytes, axis);
    }

    /// An axis's bits.
    function axisBits(Plan memory plan, uint256 axis) internal pure returns (uint256) {
        return byte_(plan, axis + (byte_(plan, axis) < 2 ? 2 : 1));
    }

    function sizes(Plan memory plan, uint256 from, uint256 count) internal pure returns (uint256[] memory list) {
        list = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = byte_(plan, from + i);
        }
    }

    function within(uint256 least, uint256 most, uint256 got) internal pure {
        if (got < least || got > most) revert InvalidDescriptor(Rule.Size, got);
    }

    /// Whether `2^bits` rows from `row` on are an aligned block of `2^room`.
    function aligned(uint256 row, uint256 bits, uint256 room) internal pure returns (bool) {
        return bits <= room && row & ((2 ** bits) - 1) == 0 && row + (2 ** bits) <= 2 ** room;
    }

    /// The least n that bounds all of a table's `in`.
    function rangeBits(Table memory table) internal pure returns (uint256) {
        return larger(valueBits(table.first), valueBits(table.first + int256(2 ** table.bits)));
    }

    /// The least n with `|value| <= 2^n`.
    function valueBits(int256 value) internal pure returns (uint256) {
        // Not negative either way.
        // forge-lint: disable-next-line(unsafe-typecast)
        return log2Up(value < 0 ? uint256(-value) : uint256(value));
    }

    /// The least n with `value <= 2^n`; values are below 2^65.
    function log2Up(uint256 value) internal pure returns (uint256 n) {
        while (2 ** n < value) ++n;
    }

    function roundUp(uint256 value, uint256 multiple) internal pure returns (uint256) {
        return (value + multiple - 1) / multiple * multiple;
    }

    function larger(uint256 a, uint256 b) internal pure returns (uint256) {
        return a > b ? a : b;
    }

    function byte_(Plan memory plan, uint256 from) internal pure returns (uint256) {
        return number(plan, from, 1);
    }

    /// Eight bytes, with their sign.
    function signed(Plan memory plan, uint256 from) internal pure returns (int256) {
        // What is read has just these 64 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        return int256(int64(uint64(number(plan, from, 8))));
    }

    /// `length` bytes, big-endian.
    function number(Plan memory plan, uint256 from, uint256 length) internal pure returns (uint256 value) {
        bytes memory data = plan.data;
        if (from + length > data.length) revert InvalidDescriptor(Rule.Bytes, from);
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, length)), mload(add(add(data, 0x20), from)))
        }
    }
}
