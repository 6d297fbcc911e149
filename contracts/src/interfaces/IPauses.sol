// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

/// @title A pause of entry that ends by itself.
/// @notice For whom the AccessManager allows. It stops what brings new money and new work in, never answers, challenges,
/// proofs or withdrawals; it lasts at most seven days, and there is none for as long again after it.
interface IPauses {
    event Paused(address indexed by, uint64 until);
    event Unpaused(address indexed by);

    error EntryPaused(uint64 until);
    error NotPaused();
    error PauseDuration(uint64 min, uint64 max, uint64 got);
    /// @dev The last pause, then as much time again.
    error PauseTooSoon(uint64 availableFrom);

    /// @notice Pauses entry for `duration` seconds, at most seven days.
    function pause(uint64 duration) external;
    function unpause() external;
    /// @notice When the pause ends, or ended.
    function pausedUntil() external view returns (uint64);
}
