// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IProofVerifier, Statement} from "./IProofVerifier.sol";

/// How a certificate's descriptor is not one for a decision's. Named as in Rust's `Disagreement`.
enum Difference {
    Kinds,
    ChunkBits,
    Blocks,
    Width,
    Functions
}

/// @title Which registered weights and function tables keep to the ranges that a plan declares, and have zeros for
/// padding (docs/protocol.md, 8).
/// @notice Without owner. Anybody may have anything certified, once for each descriptor, weights and tables; what is
/// certified stays so.
interface IWeightsCertificates {
    event WeightsCertified(
        bytes32 indexed decision, bytes32 indexed weights, bytes32 indexed certificate, bytes32 tables
    );

    /// @dev There is no contract to verify proofs.
    error NoVerifier(address verifier);
    /// @dev The certificate is about other cells or ranges than the decision's descriptor declares.
    error OtherPlan(Difference difference);
    /// @dev The proof does not prove the certificate for these points.
    error NotProved();

    /// @notice What verifies proofs, and knows descriptors.
    function verifier() external view returns (IProofVerifier);

    /// @notice Remembers that `points`, commitments to weights and tables in this order, 64 bytes each, keep to what the
    /// descriptor `decision` declares: `proof` proves the descriptor `certificate` for them, and both declare the same.
    /// Both are registered with the verifier; the weights are those that the statement names.
    /// @dev Reverts, with the verifier's errors too, if it cannot be sure.
    function certify(
        bytes32 decision,
        bytes32 certificate,
        Statement calldata statement,
        bytes calldata points,
        bytes calldata proof
    ) external;

    /// @notice Whether this was remembered.
    /// @param certificate Which certificate: that it has all padding that the plan has, its digest says, which everybody
    /// computes from the plan.
    /// @param weights The identity of the commitment to weights, as statements name it.
    /// @param tables keccak256 of the tables' points.
    function isCertified(bytes32 decision, bytes32 certificate, bytes32 weights, bytes32 tables)
        external
        view
        returns (bool);
}
