// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IProofVerifier, Statement} from "../interfaces/IProofVerifier.sol";

/// Whether a proof proves the statement, whose public values are `head` and what follows in `packed`, 8 bytes each.
/// @dev As `verifier.verify` with these values in the statement, whose own are empty; but they go from calldata to calldata once,
/// not by way of two arrays in memory.
function proves(
    IProofVerifier verifier,
    bytes32 descriptor,
    Statement memory statement,
    uint256[] memory head,
    bytes calldata packed,
    bytes calldata points,
    bytes calldata proof
) view returns (bool proved) {
    uint256 count = head.length + packed.length / 8;
    bytes4 selector = IProofVerifier.verify.selector;
    bool done;
    // ABI encoding, word by word. The statement has 13 words, of which the tenth says where its values are.
    // slither-disable-next-line assembly
    assembly ("memory-safe") {
        let data := mload(0x40)
        mstore(data, selector)
        let args := add(data, 4)
        mstore(args, descriptor)
        mstore(add(args, 0x20), 0x80)
        let at := add(args, 0x80)
        mcopy(at, statement, 0x1a0)
        mstore(add(at, 0x120), 0x1a0)
        at := add(at, 0x1a0)
        mstore(at, count)
        at := add(at, 0x20)
        mcopy(at, add(head, 0x20), shl(5, mload(head)))
        at := add(at, shl(5, mload(head)))
        // Four at once; behind the last come up to three that are not there, and what follows is written over them.
        let last := add(at, shl(5, shr(3, packed.length)))
        for { let from := packed.offset } lt(at, last) { from := add(from, 0x20) } {
            let four := calldataload(from)
            mstore(at, sar(192, four))
            mstore(add(at, 0x20), sar(192, shl(64, four)))
            mstore(add(at, 0x40), sar(192, shl(128, four)))
            mstore(add(at, 0x60), signextend(7, four))
            at := add(at, 0x80)
        }
        at := last
        function put(to, offset, length) -> end {
            mstore(to, length)
            to := add(to, 0x20)
            // What pads the last word is zero.
            let padded := and(add(length, 31), not(31))
            mstore(add(to, and(length, not(31))), 0)
            calldatacopy(to, offset, length)
            end := add(to, padded)
        }
        mstore(add(args, 0x40), sub(at, args))
        at := put(at, points.offset, points.length)
        mstore(add(args, 0x60), sub(at, args))
        at := put(at, proof.offset, proof.length)
        done := staticcall(gas(), verifier, data, sub(at, data), 0x00, 0x20)
        if iszero(done) {
            returndatacopy(data, 0, returndatasize())
            revert(data, returndatasize())
        }
        // One word, as the verifier returns it, which is code that a task's implementation names.
        proved := and(eq(mload(0x00), 1), gt(returndatasize(), 0x1f))
    }
}
