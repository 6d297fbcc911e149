// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {PolicyId, PolicyState, Product} from "../types/Claims.sol";
import {Clock} from "../settlement/Clock.sol";
import {ExactTransfers} from "../settlement/ExactTransfers.sol";
import {Products} from "./Products.sol";

/// @dev Policies: each pays once, and what it pays is reserved from its sale until it is paid or lapsed.
abstract contract Covers is Products, Clock {
    using ExactTransfers for IERC20;

    function buy(uint16 product, address holder, bytes32 salt) external whenNotPaused returns (PolicyId id) {
        Layout storage $ = _layout();
        if (holder == address(0)) revert ZeroAddress();
        Sale storage sale = $.sales[product];
        if (!sale.open) revert NotSold(product);
        (uint128 premium, uint128 payout) = (sale.terms.premium, sale.terms.payout);
        id = policyIdOf(product, holder, salt);
        if ($.policies[id].state != PolicyState.None) revert PolicyExists(id);
        $.policies[id] =
            Policy({state: PolicyState.Clear, holder: holder, from: uint40(block.timestamp), product: product});
        // The premium may cover a part of the payout itself.
        $.free += premium;
        _spend(payout);
        $.reserved += payout;
        emit PolicySold(id, holder, product);
        token.takeExactly(msg.sender, premium);
    }

    function lapse(PolicyId[] calldata ended) external {
        Layout storage $ = _layout();
        for (uint256 i = 0; i < ended.length; ++i) {
            PolicyId id = ended[i];
            Policy storage policy = $.policies[id];
            _checkState(id, PolicyState.Clear, policy.state);
            Product storage terms = $.sales[policy.product].terms;
            uint40 until = _lastFiling(policy.from, terms);
            if (!_hasPassed(until)) revert NotOver(id, until);
            policy.state = PolicyState.Over;
            uint128 payout = terms.payout;
            $.reserved -= payout;
            $.free += payout;
            emit PolicyLapsed(id);
        }
    }

    function policyIdOf(uint16 product, address holder, bytes32 salt) public view returns (PolicyId) {
        return PolicyId.wrap(
            keccak256(abi.encode(keccak256("averment.policy/1"), block.chainid, address(this), product, holder, salt))
        );
    }

    function policyOf(PolicyId id)
        external
        view
        returns (PolicyState state, address holder, uint40 from, uint16 product)
    {
        Policy storage policy = _layout().policies[id];
        return (policy.state, policy.holder, policy.from, policy.product);
    }

    /// The last second at which a claim of a policy may be filed.
    function _lastFiling(uint40 from, Product storage terms) internal view returns (uint40) {
        return from + terms.term + terms.filing;
    }

    function _checkState(PolicyId id, PolicyState expected, PolicyState got) internal pure {
        if (got != expected) revert WrongState(id, expected, got);
    }
}
