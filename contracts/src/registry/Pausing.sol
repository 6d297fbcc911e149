// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {RegistryStorage} from "./RegistryStorage.sol";

/// @dev A pause of entry that ends by itself and cannot be drawn out by renewing it.
abstract contract Pausing is RegistryStorage, AccessManagedUpgradeable, IModelRegistry {
    uint64 private constant MAX_PAUSE = 7 days;

    modifier whenNotPaused() {
        _checkNotPaused();
        _;
    }

    function pause(uint64 duration) external restricted {
        if (duration == 0 || duration > MAX_PAUSE) revert PauseDuration(1, MAX_PAUSE, duration);
        Layout storage $ = _layout();
        uint64 timestamp = uint64(block.timestamp);
        // The last pause, then as much time again.
        uint64 availableFrom = $.pausedUntil + ($.pausedUntil - $.pausedFrom);
        // The seconds that a block's proposer can shift do not matter to pauses of hours and days.
        // slither-disable-next-line timestamp
        if (timestamp < availableFrom) revert PauseTooSoon(availableFrom);
        uint64 until = timestamp + duration;
        $.pausedFrom = timestamp;
        $.pausedUntil = until;
        emit Paused(msg.sender, until);
    }

    function unpause() external restricted {
        Layout storage $ = _layout();
        // As above.
        // slither-disable-next-line timestamp
        if (block.timestamp >= $.pausedUntil) revert NotPaused();
        $.pausedUntil = uint64(block.timestamp);
        emit Unpaused(msg.sender);
    }

    function pausedUntil() external view returns (uint64) {
        return _layout().pausedUntil;
    }

    function _checkNotPaused() private view {
        uint64 until = _layout().pausedUntil;
        // As above.
        // slither-disable-next-line timestamp
        if (block.timestamp < until) revert RegistryPaused(until);
    }
}
