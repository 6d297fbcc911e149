// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

// Who is drawn: a permutation of the places that a seed determines, of which each member computes its own place alone.

// Half rounds of the network; each changes one half by a hash of the other.
uint256 constant HALF_ROUNDS = 8;

/// Where `place` of `count` places comes to by the seed's permutation: a Feistel network over the least power of two that holds
/// them all, walked on until it is among them, which takes two steps on average at most.
function shuffled(bytes32 seed, uint256 place, uint256 count) pure returns (uint256) {
    uint256 bits = 0;
    while (count - 1 >> bits != 0) ++bits;
    uint256 low = (bits + 1) / 2;
    uint256 high = bits - low;
    do {
        uint256 left = place >> low;
        // One bit, moved.
        // forge-lint: disable-next-line(incorrect-shift)
        uint256 right = place & ((1 << low) - 1);
        for (uint256 i = 0; i < HALF_ROUNDS; i += 2) {
            // One bit, moved.
            // forge-lint: disable-next-line(incorrect-shift)
            left ^= _mixed(seed, i, right) & ((1 << high) - 1);
            // One bit, moved.
            // forge-lint: disable-next-line(incorrect-shift)
            right ^= _mixed(seed, i + 1, left) & ((1 << low) - 1);
        }
        place = left << low | right;
    } while (place >= count);
    return place;
}

/// `keccak256(abi.encode(seed, i << 128 | half))`.
function _mixed(bytes32 seed, uint256 i, uint256 half) pure returns (uint256 hash) {
    // Of two words in scratch memory; abi.encode would allocate.
    // slither-disable-next-line assembly
    assembly ("memory-safe") {
        mstore(0x00, seed)
        mstore(0x20, or(shl(128, i), half))
        hash := keccak256(0x00, 0x40)
    }
}
