// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IRandomness} from "./interfaces/IRandomness.sol";
import {Bls12381} from "./randomness/Bls12381.sol";

/// @title Randomness of drand, for chains whose blocks have none, such as Arbitrum's.
/// @notice drand is a league of organisations that sign the number of each round together, at a stated second. What they sign is
/// determined by their key and that number, so nobody chooses it; without most of them nobody knows it before. A round's value is a
/// hash of its signature, which anybody brings and the contract verifies (scheme `bls-unchained-g1-rfc9380`, drand's network
/// "quicknet"; precompiles of EIP-2537). No owner, no upgrade.
///
/// What is assumed:
/// - Fewer than drand's threshold of organisations collude: that many know all rounds to come.
/// - The chain's time is less than `delay` seconds behind the world's: otherwise the round of a request is public before it.
///   Arbitrum's sequencer may date a block back up to a day, and requests that are forced in while it stands still are dated back.
///   Then who made the request, or orders it, may know who will be drawn; it does not choose who.
/// - drand goes on. A round that is not signed is not drawn: its requests lapse at their deadline. Signatures can be brought
///   for ever, so no round is lost.
contract DrandRandomness is IRandomness {
    event Recorded(uint64 indexed round, bytes32 value);

    /// @dev Not the signature of this round: another round's or key's, or no point at all.
    error BadSignature(uint64 round);
    /// @dev A key that is no point of its group, or the precompiles of EIP-2537 are not on this chain.
    error BadKey();
    error BadTimes();

    /// @notice drand's public key, a point of G2 as EIP-2537 encodes it: x (c0, c1), y (c0, c1), 64 bytes each.
    bytes public publicKey;
    /// @notice The second of Unix time of round 1.
    uint64 public immutable genesis;
    /// @notice Seconds from one round to the next.
    uint64 public immutable period;
    /// @notice Seconds between a request and its round, at least.
    uint64 public immutable delay;
    /// @notice Rounds that draw are multiples of this many, so that requests share them.
    uint64 public immutable stride;

    mapping(uint64 round => bytes32) public valueOf;

    /// @param round Some round that was signed, and `signature` its signature: that it is shows that key and precompiles are right.
    constructor(
        bytes memory publicKey_,
        uint64 genesis_,
        uint64 period_,
        uint64 delay_,
        uint64 stride_,
        uint64 round,
        bytes memory signature
    ) {
        if (genesis_ == 0 || period_ == 0 || delay_ == 0 || stride_ == 0) revert BadTimes();
        if (!Bls12381.isPublicKey(publicKey_)) revert BadKey();
        publicKey = publicKey_;
        (genesis, period, delay, stride) = (genesis_, period_, delay_, stride_);
        _record(publicKey_, round, signature);
    }

    /// @notice Brings a round's signature: a point of G1 as EIP-2537 encodes it, x and y, 64 bytes each. By anybody.
    function record(uint64 round, bytes calldata signature) external {
        _record(publicKey, round, signature);
    }

    function next() external view returns (uint64 round, uint40 from) {
        // The seconds that a sequencer can shift are what `delay` is for.
        // slither-disable-next-line timestamp
        uint256 passed = block.timestamp < genesis ? delay : block.timestamp - genesis + delay;
        // The first round after the delay is number passed / period + 2 (number 1 is at second 0), and then the next that is shared.
        // forge-lint: disable-next-line(unsafe-typecast)
        round = uint64(((passed / period + 1) / stride + 1) * stride);
        // Seconds since 1970 fit for 34,000 years.
        // forge-lint: disable-next-line(unsafe-typecast)
        from = uint40(timeOf(round));
    }

    /// @notice The second of Unix time at which drand signs a round.
    function timeOf(uint64 round) public view returns (uint64) {
        return genesis + (round - 1) * period;
    }

    function isLost(uint64) external pure returns (bool) {
        return false;
    }

    function _record(bytes memory key, uint64 round, bytes memory signature) private {
        // quicknet signs the hash of a round's number.
        bytes32 message = sha256(abi.encodePacked(round));
        if (!Bls12381.isSigned(key, message, signature)) revert BadSignature(round);
        bytes32 value = keccak256(abi.encodePacked("averment.randomness.drand/1", round, signature));
        valueOf[round] = value;
        emit Recorded(round, value);
    }
}
