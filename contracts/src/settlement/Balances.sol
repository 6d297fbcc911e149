// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IInferenceRouter} from "../interfaces/IInferenceRouter.sol";
import {RouterStorage} from "./RouterStorage.sol";
import {ExactTransfers} from "./ExactTransfers.sol";
import {Pauses} from "./Pauses.sol";

/// @dev What accounts have here. Money comes and goes only here; everything else moves it between balances.
/// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable
abstract contract Balances is RouterStorage, Pauses, IInferenceRouter {
    using ExactTransfers for IERC20;

    IERC20 public immutable token;

    constructor(IERC20 token_) {
        if (address(token_).code.length == 0) revert ZeroAddress();
        token = token_;
    }

    function deposit(uint256 amount) external whenNotPaused {
        _credit(msg.sender, amount);
        emit Deposited(msg.sender, amount);
        token.takeExactly(msg.sender, amount);
    }

    function withdraw(address to, uint256 amount) external {
        _debit(msg.sender, amount);
        emit Withdrawn(msg.sender, to, amount);
        token.sendExactly(to, amount);
    }

    function balanceOf(address account) external view returns (uint256) {
        return _layout().balances[account];
    }

    function burned() external view returns (uint256) {
        return _layout().burned;
    }

    function _credit(address account, uint256 amount) internal {
        _layout().balances[account] += amount;
    }

    function _debit(address account, uint256 amount) internal {
        Layout storage $ = _layout();
        uint256 balance = $.balances[account];
        if (balance < amount) revert Insufficient(account, balance, amount);
        $.balances[account] = balance - amount;
    }
}
