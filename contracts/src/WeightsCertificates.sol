// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IDescriptors} from "./interfaces/IDescriptors.sol";
import {IProofVerifier, Statement} from "./interfaces/IProofVerifier.sol";
import {Difference, IWeightsCertificates} from "./interfaces/IWeightsCertificates.sol";

/// @title See `IWeightsCertificates`. Descriptors are read as docs/protocol.md [10.3] lays them out; they were
/// validated when they were registered.
contract WeightsCertificates is IWeightsCertificates {
    bytes32 private constant DECISION = "averment-descriptor/1";
    bytes32 private constant CERTIFICATE = "averment-certificate/1";
    /// Where things are in a descriptor, and a table's record.
    uint256 private constant LENGTH = 32;
    uint256 private constant CHUNK_BITS = 36;
    uint256 private constant FUNCTION_BITS = 40;
    uint256 private constant WEIGHT_BLOCKS = 48;
    uint256 private constant INPUT_BLOCKS = 50;
    uint256 private constant TABLE_COUNT = 52;
    uint256 private constant TABLES = 136;
    uint256 private constant TABLE_LENGTH = 19;
    uint256 private constant IS_FUNCTION = 17;

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
        if (decision[CHUNK_BITS] != certificate[CHUNK_BITS]) revert OtherPlan(Difference.ChunkBits);
        // A descriptor ends with the sizes of weight blocks and of inputs, and a width for each weight block.
        uint256 weights = number(certificate, WEIGHT_BLOCKS, 2);
        uint256 end = number(decision, LENGTH, 4);
        uint256 certificateEnd = number(certificate, LENGTH, 4);
        bool right = number(decision, WEIGHT_BLOCKS, 2) == weights
            && hash(decision, end - 2 * weights - number(decision, INPUT_BLOCKS, 2), weights)
                == hash(certificate, certificateEnd - 2 * weights, weights);
        if (!right) revert OtherPlan(Difference.Blocks);
        right = hash(decision, end - weights, weights) == hash(certificate, certificateEnd - weights, weights);
        if (!right) revert OtherPlan(Difference.Width);
        right = decision[FUNCTION_BITS] == certificate[FUNCTION_BITS]
            && keccak256(functions(decision)) == keccak256(functions(certificate));
        if (!right) revert OtherPlan(Difference.Functions);
        right = hash(decision, end, decision.length - end)
            == hash(certificate, certificateEnd, certificate.length - certificateEnd);
        if (!right) revert OtherPlan(Difference.TablePoints);
    }

    /// The records of the function tables, in order.
    function functions(bytes memory descriptor) private pure returns (bytes memory records) {
        uint256 end = TABLES + TABLE_LENGTH * number(descriptor, TABLE_COUNT, 2);
        for (uint256 record = TABLES; record < end; record += TABLE_LENGTH) {
            if (descriptor[record + IS_FUNCTION] == 0) continue;
            records = bytes.concat(records, bytes19(uint152(number(descriptor, record, TABLE_LENGTH))));
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
