// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {BlockHeader} from "@openzeppelin/contracts/utils/BlockHeader.sol";

import {IRandomness} from "./interfaces/IRandomness.sol";

/// @title Randomness of the beacon chain (RANDAO), as block headers have it.
/// @notice A round is a block: its value is the `prevRandao` of that block's own header, whoever brings the header and when.
/// So nobody picks a block. Headers are checked against the last 8,191 block hashes (EIP-2935). No owner, no upgrade.
///
/// What is assumed, by chain:
/// - Ethereum: a header's value is fixed by the proposer of the block before. It can give up that block, with its reward, for
///   another draw of the value: one bit of influence, one for each block given up in a row. `delay` puts the round beyond
///   those whose proposers are likely to be one's own.
/// - OP stack: a header has the value of the layer 1 block that it builds upon, which is public on layer 1 before.
///   `delay` must be longer, in seconds, than the sequencer ever is behind layer 1; then the requester cannot know it. A
///   sequencer that stays further behind on purpose can.
/// - Arbitrum: headers have no randomness, and `block.number` is layer 1's. Use another source there.
contract BlockRandomness is IRandomness {
    event Recorded(uint64 indexed round, bytes32 value);

    /// @dev Not the header of one of the last 8,191 blocks of this chain.
    error NotAHeader();
    error ZeroStride();

    uint64 private constant HISTORY = 8191;

    /// @notice Rounds are multiples of this many blocks, so that requests share them.
    uint64 public immutable stride;
    /// @notice Blocks between a request and its round, at least.
    uint64 public immutable delay;
    /// @notice Seconds from a block to the next, at least.
    uint32 public immutable blockSeconds;

    mapping(uint64 round => bytes32) public valueOf;

    constructor(uint64 stride_, uint64 delay_, uint32 blockSeconds_) {
        if (stride_ == 0) revert ZeroStride();
        (stride, delay, blockSeconds) = (stride_, delay_, blockSeconds_);
    }

    /// @notice Brings a round's header, RLP-encoded. By anybody.
    function record(bytes calldata header) external {
        if (!BlockHeader.verifyBlockHeader(header)) revert NotAHeader();
        // What this chain hashed has a number of this chain.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint64 round = uint64(BlockHeader.getNumber(header));
        bytes32 value = BlockHeader.getPrevRandao(header);
        valueOf[round] = value;
        emit Recorded(round, value);
    }

    function next() external view returns (uint64 round, uint40 from) {
        // The value of the block after this one is known already: it is fixed by this one.
        // forge-lint: disable-next-line(unsafe-typecast)
        round = ((uint64(block.number) + 1 + delay) / stride + 1) * stride;
        // Its header can be brought in the block after it.
        uint256 blocks = round + 1 - block.number;
        // Seconds since 1970 fit for 34,000 years.
        // forge-lint: disable-next-line(unsafe-typecast)
        from = uint40(block.timestamp + blocks * blockSeconds);
    }

    function isLost(uint64 round) external view returns (bool) {
        return valueOf[round] == 0 && block.number > uint256(round) + HISTORY;
    }
}
