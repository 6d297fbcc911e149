// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title Money for chains without value: anybody makes as much as they like.
/// @notice What stakes, fees and bonds are paid in on development chains. Never to be used on a chain of value.
contract DevelopmentToken is ERC20("Averment development token", "AVD") {
    /// @notice Gives `to` new tokens.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
