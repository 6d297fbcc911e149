// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

/// @title What says whether a rollup's sequencer works, as Chainlink's L2 sequencer uptime feeds do.
interface IUptimeFeed {
    /// @return roundId Not used.
    /// @return answer 0 if the sequencer works, 1 if it does not.
    /// @return startedAt Since when.
    /// @return updatedAt Not used.
    /// @return answeredInRound Not used.
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
