// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import "./Bytes.sol";
import {Rule} from "../interfaces/IDescriptors.sol";
import {Certificates} from "./Certificates.sol";

/// @title An update's relations, docs/protocol.md [10.5]: its norm, and then what a certificate has.
abstract contract Updates is Certificates {
    function checkUpdate(Plan memory plan) internal pure {
        Block[] memory covered = coveredBlocks(plan);
        uint256 term = checkNorm(plan, covered);
        plan.place = 1;
        checkCovering(plan, covered, plan.heads + RELATION_BYTES, term);
    }

    /// The squares of all blocks, and limbs of the slack, are together the one public value. Returns what follows the terms.
    function checkNorm(Plan memory plan, Block[] memory covered) internal pure returns (uint256 next) {
        uint256 head = plan.heads;
        bool right = byte_(plan, head) == 0 && number(plan, head + 1, 2) == covered.length
            && byte_(plan, head + 5) == PUBLIC && number(plan, head + 6, 8) == 1;
        if (!right) revert InvalidDescriptor(Rule.Norm, 0);
        Sum memory sum = Sum(0, 0);
        // The statement's value.
        add(sum, 63);
        uint256 cursor = plan.operands;
        for (uint256 i = 0; i < covered.length; ++i) {
            cursor = checkSquare(plan, plan.sums + PRODUCT_BYTES * i, cursor, covered[i], sum);
        }
        plan.pointBits = 0;
        (next,) = checkLimbs(plan, plan.terms, number(plan, head + 3, 2), 1, Rule.Norm, sum);
        checkSum(plan, sum);
    }

    /// A product of `2^e` times a block with itself. Returns what follows its terms.
    function checkSquare(Plan memory plan, uint256 product, uint256 cursor, Block memory own, Sum memory sum)
        internal
        pure
        returns (uint256)
    {
        // All its variables, not grouped, one term and one.
        bool right = number(plan, product, 7) == (own.bits << 48 | 1 << 16 | 1);
        // 17 bytes: 1, shifted; the block; one axis, a sum's from 0 on.
        uint256 shift = byte_(plan, cursor + 8);
        uint256 expected = 1 << 72 | shift << 64 | own.base << 32 | 1 << 24 | 1 << 16 | own.bits;
        right = right && number(plan, cursor, 17) == expected && number(plan, cursor + 17, 17) == expected;
        if (!right) revert InvalidDescriptor(Rule.Norm, 0);
        add(sum, 2 * (own.width - 1 + shift) + own.bits);
        return cursor + 34;
    }
}
