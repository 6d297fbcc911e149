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
/// @notice Without owner. Anybody may have anything certified: weights once for a certificate, which takes a proof, and a
/// certificate once for each descriptor of decisions that it covers, which takes none: other batch sizes, modes or public
/// values of the same weights and tables. What is certified stays so.
interface IWeightsCertificates {
    event WeightsCertified(bytes32 indexed certificate, bytes32 indexed weights);
    event DecisionCovered(bytes32 indexed decision, bytes32 indexed certificate);

    /// @dev There is no contract to verify proofs.
    error NoVerifier(address verifier);
    /// @dev The certificate is about other cells, ranges or tables than the decision's descriptor.
    error OtherPlan(Difference difference);
    /// @dev The proof does not prove the certificate for these points.
    error NotProved();

    /// @notice What verifies proofs.
    function verifier() external view returns (IProofVerifier);

    /// @notice Remembers that the weights that the statement names, of which `points` are the commitments, 64 bytes each,
    /// keep to what the descriptor `certificate` declares, as `proof` proves; and that it covers the descriptor `decision`.
    /// @dev Reverts, with the verifier's errors too, if it cannot be sure of both.
    function certify(
        bytes32 decision,
        bytes32 certificate,
        Statement calldata statement,
        bytes calldata points,
        bytes calldata proof
    ) external;

    /// @notice Remembers that the descriptor `certificate` covers the descriptor `decision`: both are registered, with the
    /// same points of tables, and declare the same of the same weights and tables.
    /// @dev Reverts if they do not. Nothing is proved by that: it only lets what is proved be said of this decision too.
    function cover(bytes32 decision, bytes32 certificate) external;

    /// @notice Whether weights keep to what a certificate declares, and the certificate covers the descriptor `decision`.
    /// @param certificate Which certificate: that it has all padding that the plan has, its digest says, which everybody
    /// computes from the plan.
    /// @param weights The identity of the commitment to weights, as statements name it.
    function isCertified(bytes32 decision, bytes32 certificate, bytes32 weights) external view returns (bool);

    /// @notice Whether weights were proved to keep to what a certificate declares.
    function isProved(bytes32 certificate, bytes32 weights) external view returns (bool);

    /// @notice Whether a certificate covers a decision's descriptor.
    function isCovered(bytes32 decision, bytes32 certificate) external view returns (bool);
}
