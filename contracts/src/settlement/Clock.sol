// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IUptimeFeed} from "../interfaces/IUptimeFeed.sol";

/// @dev When a window has ended. Where a sequencer may stop, nothing ends while it does and for `grace` seconds after it is
/// back: whoever has to act within a window has that long at least. The same rule for both sides: what may still be done
/// and what may be done only afterwards.
/// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable
abstract contract Clock {
    /// Zero on chains without a sequencer.
    IUptimeFeed public immutable uptime;
    /// Seconds.
    uint32 public immutable grace;

    constructor(IUptimeFeed uptime_, uint32 grace_) {
        (uptime, grace) = (uptime_, grace_);
    }

    /// Whether the last second `until` of a window has passed.
    function _hasPassed(uint40 until) internal view returns (bool) {
        // The seconds that a block's proposer can shift do not matter to minutes and days.
        // slither-disable-next-line timestamp
        if (block.timestamp <= until) return false;
        if (address(uptime) == address(0)) return true;
        // Of the feed nothing else is needed; who lists many claims or policies asks it for each.
        // slither-disable-next-line unused-return,calls-loop
        (, int256 down, uint256 since,,) = uptime.latestRoundData();
        // As above.
        // slither-disable-next-line timestamp
        return down == 0 && block.timestamp > since + grace;
    }

    /// This second, `seconds_` later.
    function _in(uint32 seconds_) internal view returns (uint40) {
        // Seconds since 1970 fit for 34,000 years.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint40(block.timestamp) + seconds_;
    }
}
