// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Claim, ClaimStage, PolicyState} from "../types/Claims.sol";
import {ExactTransfers} from "../settlement/ExactTransfers.sol";
import {Appeals} from "./Appeals.sol";

/// @dev Accepted claims are paid, each with its policy's end.
abstract contract Payouts is Appeals {
    using ExactTransfers for IERC20;

    function pay(Claim[] calldata claims) external {
        for (uint256 i = 0; i < claims.length; ++i) {
            _pay(claims[i], _layout().policies[claims[i].policy].holder);
        }
    }

    function withdraw(Claim calldata claim, address to) external {
        address holder = _layout().policies[claim.policy].holder;
        if (msg.sender != holder) revert NotHolder(claim.policy, holder, msg.sender);
        if (to == address(0)) revert ZeroAddress();
        _pay(claim, to);
    }

    function _pay(Claim calldata claim, address to) private {
        Layout storage $ = _layout();
        uint16 product = _moveOf(claim, ClaimStage.Accepted, ClaimStage.Paid, 0).productOf();
        uint128 payout = $.sales[product].terms.payout;
        $.policies[claim.policy].state = PolicyState.Over;
        $.reserved -= payout;
        emit Paid(claim.policy, claim.evidence, to, payout);
        token.sendExactly(to, payout);
    }
}
