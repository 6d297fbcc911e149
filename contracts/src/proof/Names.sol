// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Statement} from "../interfaces/IProofVerifier.sol";
import "./Memory.sol";

// What commitments begin with (docs/formats.md, Commitments): 23 and 28 bytes.
bytes32 constant WEIGHTS_HEAD = "averment-commitment/1\n\x01";
bytes32 constant INPUTS_HEAD = "averment-input-commitment/1\n";
// 23 bytes.
bytes32 constant BATCH_HEAD = "averment-input-batch/1\n";
// Of a round, a word each.
bytes32 constant VECTORS_HEAD = "averment-round-vectors/1";
bytes32 constant ROWS_HEAD = "averment-round-rows/1";
// The most items of a commitment to inputs.
uint256 constant ITEMS = 1 << 16;

/// The same of a round ([10.6]): its two vectors, and its rows with how many each half has.
function isRoundNamed(uint256 free, Statement calldata statement) pure returns (bool named) {
    assembly {
        // What a commitment to such a vector says before its points.
        let head := mload(add(DESCRIPTOR, 32))
        let blocks := and(shr(112, head), 0xffff)
        mstore(free, WEIGHTS_HEAD)
        mstore(add(free, 23), mload(SETUP))
        mstore(add(free, 55), or(shl(248, mload(CHUNK_BITS)), shl(216, blocks)))
        // The descriptor ends with the sizes of blocks of vectors and of rows, and the widths of both.
        mcopy(add(free, 60), sub(add(DESCRIPTOR, shr(224, head)), shl(2, blocks)), blocks)
        mstore(add(free, 0x20), keccak256(free, add(blocks, 60)))
        let source := mload(POINTS)
        let length := shl(7, mload(EACH))
        mstore(free, VECTORS_HEAD)
        calldatacopy(add(free, 0x40), source, length)
        named := eq(keccak256(free, add(length, 0x40)), calldataload(add(statement, 0x80)))

        let halves := shl(5, mload(HALVES))
        mstore(free, ROWS_HEAD)
        calldatacopy(add(free, 0x40), mload(PUBLIC), halves)
        halves := add(halves, 0x40)
        source := add(source, length)
        length := sub(mload(POINTS_LENGTH), length)
        calldatacopy(add(free, halves), source, length)
        named := and(named, eq(keccak256(free, add(halves, length)), calldataload(add(statement, 0xe0))))
        // No schema.
        named := and(named, iszero(calldataload(add(statement, 0xc0))))
    }
}

/// Whether the statement names, by their identities, the commitments that the registered points are: hashes of their
/// canonical bytes, which are written to `free` memory.
function isNamed(uint256 free, Statement calldata statement) pure returns (bool named) {
    assembly {
        // Setup, K, blocks and points; returns where they end.
        function chunked(to, blocks, sizes, points, length) -> end {
            mstore(to, mload(SETUP))
            mstore(add(to, 0x20), or(shl(248, mload(CHUNK_BITS)), shl(216, blocks)))
            to := add(to, 0x25)
            mcopy(to, sizes, blocks)
            to := add(to, blocks)
            calldatacopy(to, points, length)
            end := add(to, length)
        }
        // Bytes of a role's points.
        function pointsOf(role) -> length {
            length := shl(6, and(shr(240, mload(add(add(DESCRIPTOR, 66), shl(2, role)))), 0xffff))
        }

        let head := mload(add(DESCRIPTOR, 32))
        let weights := and(shr(112, head), 0xffff)
        let inputs := and(shr(96, head), 0xffff)
        // The descriptor ends with the blocks' sizes, and a width for each weight block.
        let sizes := sub(add(DESCRIPTOR, shr(224, head)), add(shl(1, weights), inputs))
        let source := mload(POINTS)

        mstore(free, WEIGHTS_HEAD)
        let end := chunked(add(free, 23), weights, sizes, source, pointsOf(0))
        // weights is the statement's fifth word
        named := eq(keccak256(free, sub(end, free)), calldataload(add(statement, 0x80)))

        switch inputs
        // A certificate's statement has no schema, inputs or items.
        case 0 {
            let words := or(calldataload(add(statement, 0xc0)), calldataload(add(statement, 0xe0)))
            named := and(named, iszero(or(words, calldataload(add(statement, 0x100)))))
        }
        default {
            source := add(source, pointsOf(0))
            sizes := add(sizes, weights)
            let items := calldataload(add(statement, 0x100))
            let bits := mload(ITEM_BITS)
            let most := ITEMS
            let own := free
            let together := items
            if bits {
                // A commitment for each item behind the list of their identities; what they have in common is written once.
                most := shl(bits, 1)
                items := mul(items, iszero(gt(items, most)))
                mstore(free, BATCH_HEAD)
                mstore(add(free, 23), shl(224, items))
                end := add(free, 27)
                own := add(end, shl(5, items))
                together := 1
            }
            mstore(own, INPUTS_HEAD)
            mstore(add(own, 28), calldataload(add(statement, 0xc0)))
            mstore(add(own, 60), shl(224, together))
            let length := shr(bits, pointsOf(2))
            let points := sub(chunked(add(own, 64), inputs, sizes, source, length), length)
            let size := sub(add(points, length), own)
            if bits {
                for {} lt(end, own) { end := add(end, 0x20) } {
                    calldatacopy(points, source, length)
                    source := add(source, length)
                    mstore(end, keccak256(own, size))
                }
                size := sub(own, free)
            }
            named := and(named, eq(keccak256(free, size), calldataload(add(statement, 0xe0))))
            named := and(named, lt(sub(items, 1), most))
        }
    }
}
