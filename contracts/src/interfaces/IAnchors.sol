// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {LogId} from "../types/Ids.sol";

/// @title Roots of append-only logs, one an epoch, for ever.
/// @notice Immutable and without owner. A log is anchored exactly once an epoch, also when nothing happened,
/// by calldata of one length and the same gas, so that an outsider learns nothing from when or how it is anchored.
/// Each anchor also records the registry's head as the registry itself reports it: an upgrade of the registry
/// that rewrote history would contradict it.
interface IAnchors {
    /// @dev `id = keccak256(abi.encode(keccak256("averment.log/1"), block.chainid, address(this), poster, registry,
    /// cadence, salt))`.
    event LogOpened(LogId indexed logId, address indexed poster, address registry, uint64 cadence, uint64 openedAt);

    /// @dev What is stored for the epoch: `keccak256(abi.encode(root, registryHead))`.
    event Anchored(LogId indexed logId, uint64 indexed epoch, bytes32 root, bytes32 registryHead);

    /// @notice Opens a log that the caller anchors every `cadence` seconds (60 to 31,536,000).
    /// @param registry A contract with `registryHead()`, or zero for none.
    function open(address registry, uint64 cadence, bytes32 salt) external returns (LogId);

    /// @notice Anchors `root` for the present epoch, `(block.timestamp - openedAt) / cadence`; once an epoch.
    function anchor(LogId logId, bytes32 root) external;

    function log(LogId logId)
        external
        view
        returns (address poster, address registry, uint64 cadence, uint64 openedAt, uint64 count);

    /// @notice What was stored for `epoch`; zero if the poster missed it.
    function anchored(LogId logId, uint64 epoch) external view returns (bytes32);
}
