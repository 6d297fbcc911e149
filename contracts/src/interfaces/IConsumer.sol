// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {RequestId} from "../types/Settlement.sol";

/// @title What a requester that wants to be called implements.
interface IConsumer {
    /// @notice The request's final outputs.
    /// @dev Check that the caller is the router. Called once without failing, or again by anybody after it failed.
    function onAnswer(RequestId id, int64[] calldata outputs) external;
}
