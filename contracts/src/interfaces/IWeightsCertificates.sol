// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IProofVerifier, Statement} from "./IProofVerifier.sol";

/// How a certificate's descriptor is not one for a decision's. Named as in Rust's `Disagreement`.
enum Difference {
    Kinds,
    ChunkBits,
    Blocks,
    Width,
    Functions,
    TablePoints
}

/// @title Which registered weights and function tables keep to the ranges that a plan declares, and have zeros for
/// padding (docs/protocol.md, 8).
/// @notice Without owner. Anybody may have anything certified, once for each descriptor, weights and tables; what is
/// certified stays so.
interface IWeightsCertificates {
    event WeightsCertified(bytes32 indexed decision, bytes32 indexed weights, bytes32 indexed certificate);

    /// @dev There is no contract to verify proofs.
    error NoVerifier(address verifier);
    /// @dev The certificate is about other cells, ranges or tables than the decision's descriptor.
    error OtherPlan(Difference difference);
    /// @dev The proof does not prove the certificate for these points.
    error NotProved();

    /// @notice What verifies proofs.
    function verifier() external view returns (IProofVerifier);

    /// @notice Remembers that the weights that the statement names, of which `points` are the commitments, 64 bytes each,
    /// and the tables of the descriptor `decision` keep to what it declares: `proof` proves the descriptor `certificate`
    /// for these weights, both declare the same, and both are registered with the same points of tables.
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
    function isCertified(bytes32 decision, bytes32 certificate, bytes32 weights) external view returns (bool);
}
