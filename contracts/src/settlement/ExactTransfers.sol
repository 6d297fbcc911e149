// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @dev A token moved another amount than it was told.
error InexactTransfer(uint256 expected, uint256 got);

/// @dev Moves exactly as many tokens as it is told.
library ExactTransfers {
    using SafeERC20 for IERC20;

    /// Takes exactly `amount`: with a token that keeps a fee, or says that it moved what it did not, others would have to pay.
    function takeExactly(IERC20 token, address from, uint256 amount) internal {
        uint256 before = token.balanceOf(address(this));
        // From who called: every caller of this says so.
        // slither-disable-next-line arbitrary-send-erc20
        token.safeTransferFrom(from, address(this), amount);
        uint256 got = token.balanceOf(address(this)) - before;
        if (got != amount) revert InexactTransfer(amount, got);
    }

    /// Sends exactly `amount`.
    function sendExactly(IERC20 token, address to, uint256 amount) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransfer(to, amount);
        uint256 sent = before - token.balanceOf(address(this));
        if (sent != amount) revert InexactTransfer(amount, sent);
    }
}
