// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";

import {IPauses} from "../interfaces/IPauses.sol";

/// @dev See `IPauses`. Its storage is a namespace of its own, in every contract that pauses.
abstract contract Pauses is IPauses, AccessManagedUpgradeable {
    /// @custom:storage-location erc7201:averment.storage.Pauses
    struct Pause {
        uint64 from;
        uint64 until;
    }

    /// `keccak256(abi.encode(uint256(keccak256("averment.storage.Pauses")) - 1)) & ~bytes32(uint256(0xff))`
    bytes32 private constant NAMESPACE = 0xe8a222a0d2706b64702d82ba61106c893ebcd3328e353386ee8f42d2c4b55d00;
    uint64 private constant MAX_PAUSE = 7 days;

    modifier whenNotPaused() {
        _checkNotPaused();
        _;
    }

    function pause(uint64 duration) external restricted {
        if (duration == 0 || duration > MAX_PAUSE) revert PauseDuration(1, MAX_PAUSE, duration);
        Pause storage last = _pause();
        uint64 timestamp = uint64(block.timestamp);
        uint64 availableFrom = last.until + (last.until - last.from);
        // The seconds that a block's proposer can shift do not matter to pauses of hours and days.
        // slither-disable-next-line timestamp
        if (timestamp < availableFrom) revert PauseTooSoon(availableFrom);
        uint64 until = timestamp + duration;
        (last.from, last.until) = (timestamp, until);
        emit Paused(msg.sender, until);
    }

    function unpause() external restricted {
        Pause storage last = _pause();
        // As above.
        // slither-disable-next-line timestamp
        if (block.timestamp >= last.until) revert NotPaused();
        last.until = uint64(block.timestamp);
        emit Unpaused(msg.sender);
    }

    function pausedUntil() external view returns (uint64) {
        return _pause().until;
    }

    function _checkNotPaused() private view {
        uint64 until = _pause().until;
        // As above.
        // slither-disable-next-line timestamp
        if (block.timestamp < until) revert EntryPaused(until);
    }

    function _pause() private pure returns (Pause storage $) {
        // The only way to a namespace.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            $.slot := NAMESPACE
        }
    }
}
