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

    error CadenceOutOfRange(uint64 min, uint64 max, uint64 got);
    error NotAContract(address registry);
    error LogExists(LogId logId);
    error UnknownLog(LogId logId);
    error NotPoster(LogId logId, address expected, address got);
    error EmptyRoot();
    error AlreadyAnchored(LogId logId, uint64 epoch);
    /// @dev The registry could not be given the gas that is set aside for it; send the transaction with more.
    error NotEnoughGas(uint256 expected, uint256 got);

    /// @notice Opens a log that the caller anchors every `cadence` seconds (60 to 31,536,000).
    /// @param registry A contract with `registryHead()`, or zero for none.
    function open(address registry, uint64 cadence, bytes32 salt) external returns (LogId);

    /// @notice Anchors `root` (not zero) for the present epoch, `(block.timestamp - openedAt) / cadence`; once
    /// an epoch, by the poster. A registry that fails or answers nonsense is recorded as head zero.
    function anchor(LogId logId, bytes32 root) external;

    /// @return poster The only account that may anchor; zero if there is no such log.
    /// @return registry The contract whose head is recorded, or zero.
    /// @return cadence Seconds an epoch.
    /// @return openedAt When epoch 0 began.
    /// @return count Epochs anchored.
    function log(LogId logId)
        external
        view
        returns (address poster, address registry, uint64 cadence, uint64 openedAt, uint64 count);

    /// @notice What was stored for `epoch`; zero if the poster missed it.
    function anchored(LogId logId, uint64 epoch) external view returns (bytes32);
}
