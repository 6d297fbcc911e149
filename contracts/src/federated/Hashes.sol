// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

// Hashes of what every row of a round has, without the memory that abi.encode takes each time.

/// `keccak256(abi.encode(one, other))`.
function hashOfTwo(bytes32 one, bytes32 other) pure returns (bytes32 hash) {
    // slither-disable-next-line assembly
    assembly ("memory-safe") {
        mstore(0x00, one)
        mstore(0x20, other)
        hash := keccak256(0x00, 0x40)
    }
}

/// `keccak256(abi.encode(one, other, third))`.
function hashOfThree(bytes32 one, bytes32 other, bytes32 third) pure returns (bytes32 hash) {
    // slither-disable-next-line assembly
    assembly ("memory-safe") {
        // Behind all that is allocated.
        let free := mload(0x40)
        mstore(free, one)
        mstore(add(free, 0x20), other)
        mstore(add(free, 0x40), third)
        hash := keccak256(free, 0x60)
    }
}

/// `keccak256(all[from:from + length])`, which has to be within.
function hashOfPart(bytes calldata all, uint256 from, uint256 length) pure returns (bytes32 hash) {
    // slither-disable-next-line assembly
    assembly ("memory-safe") {
        // Behind all that is allocated.
        let free := mload(0x40)
        calldatacopy(free, add(all.offset, from), length)
        hash := keccak256(free, length)
    }
}
