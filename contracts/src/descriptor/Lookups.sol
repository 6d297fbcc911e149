// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import "./Bytes.sol";
import {Rule} from "../interfaces/IDescriptors.sol";
import {Plans} from "./Plans.sol";

/// @title Tables, and the blocks that are looked up in them.
abstract contract Lookups is Plans {
    function checkTables(Plan memory plan) internal pure {
        uint256 count = number(plan, AT_TABLE_COUNT, 2);
        plan.tables = new Table[](count);
        uint256 tag;
        uint256 free;
        for (uint256 i = 0; i < count; ++i) {
            uint256 record = AT_TABLES + TABLE_BYTES * i;
            Table memory own = plan.tables[i];
            own.tag = number(plan, record, 4);
            own.bits = byte_(plan, record + 8);
            own.first = signed(plan, record + 9);
            if (byte_(plan, record + IS_FUNCTION) > 1) revert InvalidDescriptor(Rule.Bytes, record + IS_FUNCTION);
            own.isFunction = byte_(plan, record + IS_FUNCTION) == 1;
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

    function checkLookups(Plan memory plan) internal pure {
        uint256 count = number(plan, AT_LOOKUP_COUNT, 2);
        plan.lookups = new Lookup[](count);
        plan.inputBits = new uint256[](plan.inputSizes.length);
        uint256[4] memory free;
        uint256 inputs;
        for (uint256 i = 0; i < count; ++i) {
            uint256 record = plan.heads - LOOKUP_BYTES * (count - i);
            Lookup memory own = plan.lookups[i];
            (own.slot, own.row, own.bits) = (byte_(plan, record), number(plan, record + 1, 4), byte_(plan, record + 5));
            own.input = number(plan, record + 10, 4);
            if (own.slot >= plan.slots || !aligned(own.row, own.bits, plan.slotBits)) {
                revert InvalidDescriptor(Rule.LookupPlace, i);
            }
            uint256 area = byte_(plan, AT_AREAS + own.slot);
            if (own.input == NOWHERE) {
                if (area == 0 || inputs > 0) revert InvalidDescriptor(Rule.LookupInput, i);
                if (own.row < free[own.slot]) revert InvalidDescriptor(Rule.LookupPlace, i);
                free[own.slot] = own.row + (2 ** own.bits);
            } else {
                // Which parts of which blocks those of other kinds are, is checked with all that they cover.
                bool right = plan.kind != DECISION
                    || (inputs < plan.inputSizes.length
                        && plan.inputBases[inputs] == own.input
                        && plan.inputSizes[inputs] + plan.itemBits == own.bits);
                if (!right) revert InvalidDescriptor(Rule.LookupInput, i);
                for (uint256 j = 0; j < i; ++j) {
                    Lookup memory other = plan.lookups[j];
                    bool apart = other.slot != own.slot || own.row >= other.row + (2 ** other.bits)
                        || other.row >= own.row + (2 ** own.bits);
                    if (!apart) revert InvalidDescriptor(Rule.LookupPlace, i);
                }
            }
            // `out` of functions is committed; of ranges in the same slot it is looked up to be 0.
            bool committed = area == FUNCTIONS && own.input == NOWHERE;
            own.table = tableOf(plan, number(plan, record + 6, 4), committed, i);
            if (own.input == NOWHERE) continue;
            if (plan.kind == DECISION) plan.inputBits[inputs] = rangeBits(plan.tables[own.table]);
            ++inputs;
        }
        if (plan.kind == DECISION && inputs != plan.inputSizes.length) {
            revert InvalidDescriptor(Rule.LookupInput, count);
        }
    }

    /// The table of a lookup block, whether it is a range or, where `out` is committed, a function.
    function tableOf(Plan memory plan, uint256 tag, bool committed, uint256 lookup) internal pure returns (uint256) {
        for (uint256 i = 0; i < plan.tables.length; ++i) {
            if (plan.tables[i].tag == tag && (committed || !plan.tables[i].isFunction)) return i;
        }
        revert InvalidDescriptor(Rule.LookupTable, lookup);
    }
}
