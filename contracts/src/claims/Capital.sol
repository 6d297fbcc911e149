// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IClaimsPool} from "../interfaces/IClaimsPool.sol";
import {IInferenceRouter} from "../interfaces/IInferenceRouter.sol";
import {ExactTransfers} from "../settlement/ExactTransfers.sol";
import {Pauses} from "../settlement/Pauses.sol";
import {PoolStorage} from "./PoolStorage.sol";

/// @dev The pool's money. Of what it holds a part is free and a part reserved; what is in the router is neither. Money comes
/// and goes only here and at sales and payouts, each of which moves one of the two by the same amount.
/// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable
abstract contract Capital is PoolStorage, Pauses, IClaimsPool {
    using ExactTransfers for IERC20;
    using SafeERC20 for IERC20;

    IInferenceRouter public immutable router;
    IERC20 public immutable token;

    constructor(IInferenceRouter router_) {
        if (address(router_).code.length == 0) revert ZeroAddress();
        (router, token) = (router_, router_.token());
    }

    function addCapital(uint128 amount) external whenNotPaused {
        _layout().free += amount;
        emit CapitalAdded(msg.sender, amount);
        token.takeExactly(msg.sender, amount);
    }

    function takeCapital(address to, uint128 amount) external restricted {
        _spend(amount);
        emit CapitalTaken(to, amount);
        token.sendExactly(to, amount);
    }

    function fundRouter(uint128 amount) external restricted {
        _spend(amount);
        emit RouterFunded(amount);
        token.forceApprove(address(router), amount);
        router.deposit(amount);
    }

    function drainRouter(uint128 amount) external restricted {
        _layout().free += amount;
        emit RouterDrained(amount);
        router.withdraw(address(this), amount);
    }

    function freeCapital() external view returns (uint256) {
        return _layout().free;
    }

    function reserved() external view returns (uint256) {
        return _layout().reserved;
    }

    /// Takes of what is free.
    function _spend(uint128 amount) internal {
        Layout storage $ = _layout();
        uint128 free = $.free;
        if (free < amount) revert NotCovered(free, amount);
        $.free = free - amount;
    }
}
