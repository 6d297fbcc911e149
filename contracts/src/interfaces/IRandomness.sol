// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

/// @title Randomness that is not known when it is asked for, and that nobody chooses.
/// @notice Rounds are numbered; a request is made for a round that is still to come, and drawn with its value, whoever draws
/// and whenever. What each chain gives, and what has to be assumed of it, is said at its implementation and in
/// docs/settlement.md.
interface IRandomness {
    /// @notice The next round of which nobody can know the value yet.
    /// @return round Its number.
    /// @return from The second before which its value cannot be known here, however fast the chain is.
    function next() external view returns (uint64 round, uint40 from);
    /// @notice A round's value; zero if it is not known here yet.
    function valueOf(uint64 round) external view returns (bytes32);
    /// @notice Whether a round's value can never be known here any more.
    function isLost(uint64 round) external view returns (bool);
}
