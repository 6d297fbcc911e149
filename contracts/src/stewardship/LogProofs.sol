// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

/// @dev The log's tree: salted leaves, hashed as RFC 6962 says, their proofs checked as in RFC 9162, section 2.1.3.2. Twin of the
/// Rust crate `registry`, module `log`.
library LogProofs {
    /// What the log publishes of a record.
    function leafOf(bytes32 salt, bytes memory text) internal pure returns (bytes32) {
        return sha256(abi.encodePacked("averment-salted-leaf/1", bytes1(0), salt, text));
    }

    /// Whether a tree of `size` leaves with `root` has `leaf` at `index`. A root says nothing about how large its tree is, so this
    /// shows that the leaf is in it and not where.
    function isIn(bytes32 leaf, uint64 index, uint64 size, bytes32[] calldata path, bytes32 root)
        internal
        pure
        returns (bool)
    {
        if (index >= size) return false;
        bytes32 node = sha256(abi.encodePacked(bytes1(0), leaf));
        (uint64 place, uint64 last) = (index, size - 1);
        for (uint256 i = 0; i < path.length; ++i) {
            if (last == 0) return false;
            if (place & 1 == 1 || place == last) {
                node = sha256(abi.encodePacked(bytes1(0x01), path[i], node));
                // The right border of the tree has no sibling on these levels.
                while (place & 1 == 0) {
                    (place, last) = (place >> 1, last >> 1);
                }
            } else {
                node = sha256(abi.encodePacked(bytes1(0x01), node, path[i]));
            }
            (place, last) = (place >> 1, last >> 1);
        }
        return last == 0 && node == root;
    }
}
