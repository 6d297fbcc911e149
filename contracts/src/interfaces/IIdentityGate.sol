// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

/// @title Says whose an account is, so that nobody takes part in a task twice.
interface IIdentityGate {
    /// @notice The identity behind an account: the same for all accounts of one person or institution, and nothing that names
    /// it. Zero if it may not take part.
    /// @param task The task that asks.
    /// @param evidence What the account shows; what that is, the gate says.
    function identityOf(address task, address account, bytes calldata evidence) external view returns (bytes32);
}
