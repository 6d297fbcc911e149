// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import "./descriptor/Bytes.sol";
import {IDescriptors} from "./interfaces/IDescriptors.sol";
import {IProofVerifier, Statement} from "./interfaces/IProofVerifier.sol";
import {Difference, IWeightsCertificates} from "./interfaces/IWeightsCertificates.sol";

/// @title See `IWeightsCertificates`. Descriptors are read as docs/protocol.md [10.3] lays them out; they were
/// validated when they were registered.
contract WeightsCertificates is IWeightsCertificates {
    IProofVerifier public immutable verifier;
    IDescriptors private immutable descriptors;

    mapping(bytes32 certificate => mapping(bytes32 weights => bool)) public isProved;
    mapping(bytes32 decision => mapping(bytes32 certificate => bool)) public isCovered;

    constructor(IProofVerifier verifier_) {
        if (address(verifier_).code.length == 0) revert NoVerifier(address(verifier_));
        verifier = verifier_;
        descriptors = verifier_.descriptors();
    }

    function certify(
        bytes32 decision,
        bytes32 certificate,
        Statement calldata statement,
        bytes calldata points,
        bytes calldata proof
    ) external {
        // Also that it is a certificate.
        cover(decision, certificate);
        if (!verifier.verify(certificate, statement, points, proof)) revert NotProved();
        isProved[certificate][statement.weights] = true;
        emit WeightsCertified(certificate, statement.weights);
    }

    function cover(bytes32 decision, bytes32 certificate) public {
        if (isCovered[decision][certificate]) return;
        compare(stored(decision), stored(certificate));
        isCovered[decision][certificate] = true;
        emit DecisionCovered(decision, certificate);
    }

    function isCertified(bytes32 decision, bytes32 certificate, bytes32 weights) external view returns (bool) {
        return isCovered[decision][certificate] && isProved[certificate][weights];
    }

    /// Whether both are about the same cells with the same ranges: chunks, weight blocks, widths, function tables and the
    /// points of these, which follow the descriptors.
    function compare(bytes memory decision, bytes memory certificate) private pure {
        if (bytes32(number(decision, 0, 32)) != DECISION || bytes32(number(certificate, 0, 32)) != CERTIFICATE) {
            revert OtherPlan(Difference.Kinds);
        }
        if (decision[AT_CHUNK_BITS] != certificate[AT_CHUNK_BITS]) revert OtherPlan(Difference.ChunkBits);
        if (sizes(decision) != sizes(certificate)) revert OtherPlan(Difference.Blocks);
        if (widths(decision) != widths(certificate)) revert OtherPlan(Difference.Width);
        bool right = decision[AT_FUNCTION_BITS] == certificate[AT_FUNCTION_BITS]
            && keccak256(functions(decision)) == keccak256(functions(certificate));
        if (!right) revert OtherPlan(Difference.Functions);
        if (tablePoints(decision) != tablePoints(certificate)) revert OtherPlan(Difference.TablePoints);
    }

    // A descriptor ends with the sizes of weight blocks, the sizes of inputs, and a width for each weight block. The tables'
    // points follow it.

    function sizes(bytes memory descriptor) private pure returns (bytes32) {
        uint256 weights = number(descriptor, AT_WEIGHT_BLOCKS, 2);
        uint256 inputs = number(descriptor, AT_INPUT_BLOCKS, 2);
        return hash(descriptor, number(descriptor, AT_LENGTH, 4) - 2 * weights - inputs, weights);
    }

    function widths(bytes memory descriptor) private pure returns (bytes32) {
        uint256 weights = number(descriptor, AT_WEIGHT_BLOCKS, 2);
        return hash(descriptor, number(descriptor, AT_LENGTH, 4) - weights, weights);
    }

    function tablePoints(bytes memory descriptor) private pure returns (bytes32) {
        uint256 end = number(descriptor, AT_LENGTH, 4);
        return hash(descriptor, end, descriptor.length - end);
    }

    /// The records of the function tables, in order.
    function functions(bytes memory descriptor) private pure returns (bytes memory records) {
        uint256 end = AT_TABLES + TABLE_BYTES * number(descriptor, AT_TABLE_COUNT, 2);
        for (uint256 record = AT_TABLES; record < end; record += TABLE_BYTES) {
            if (descriptor[record + IS_FUNCTION] == 0) continue;
            records = bytes.concat(records, bytes19(uint152(number(descriptor, record, TABLE_BYTES))));
        }
    }

    /// A registered descriptor's bytes and its tables' points.
    function stored(bytes32 digest) private view returns (bytes memory bytes_) {
        address code = descriptors.codeOf(digest);
        if (code == address(0)) revert IProofVerifier.UnknownDescriptor(digest);
        uint256 length = code.code.length - 1;
        bytes_ = new bytes(length);
        assembly ("memory-safe") {
            extcodecopy(code, add(bytes_, 0x20), 1, length)
        }
    }

    function hash(bytes memory data, uint256 from, uint256 length) private pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            digest := keccak256(add(add(data, 0x20), from), length)
        }
    }

    /// `length` bytes, big-endian.
    function number(bytes memory data, uint256 from, uint256 length) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, length)), mload(add(add(data, 0x20), from)))
        }
    }
}
