// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IDescriptors} from "./IDescriptors.sol";

/// Everything that a proof is bound to beside the verifier's setup and the chain, which the verifier adds itself
/// (docs/protocol.md, [9.1]).
struct Statement {
    /// The contract that the proof is for; zero if none.
    address consumer;
    /// The request that it answers; zero if none.
    bytes32 request;
    /// Who may use it.
    address beneficiary;
    /// The registered version; zero if none.
    bytes32 version;
    /// The registered weights: identity of the commitment to them, which covers setup, K, layout and points.
    bytes32 weights;
    /// The plan.
    bytes32 plan;
    /// The input's schema.
    bytes32 schema;
    /// The inputs: identity of the commitment to them, or of the list of theirs where each item has one of its own.
    bytes32 inputs;
    /// How many items the inputs are, 1 to 65,536. A batch is filled up to a power of two: with items of zeros, or with the
    /// last one again where each has a commitment of its own.
    uint32 items;
    /// Public inputs and outputs, in the order of the plan.
    int64[] publicValues;
    /// Randomness of the computation; zero if it uses none.
    bytes32 seed;
    /// Whether the proof hides weights, inputs and activations.
    bool zeroKnowledge;
    /// The version's terms; zero if none.
    bytes32 terms;
}

/// @title Verifies proofs of any plan, `averment-proof/1`.
/// @notice Immutable and without owner. A plan's descriptor is validated once, when it is registered with `IDescriptors`,
/// and stored as code with the points of its function tables; whoever calls `verify` compares the statement with what it
/// asked for and what was registered for the version, and the descriptor's digest with the one of the plan, which binds
/// those points. The points of weights and inputs are those that the statement names.
interface IProofVerifier {
    /// @dev There is no contract that registers descriptors.
    error NoDescriptors(address descriptors);
    /// @dev Nothing is registered by this digest.
    error UnknownDescriptor(bytes32 descriptor);
    /// @dev The setup's second point is no generator of G2, or the identity.
    error BadSetup();
    /// @dev A precompile could not be given the gas it may need; send the transaction with more. Running out of gas
    /// is never a verdict on the proof.
    error NotEnoughGas();

    /// @notice Where descriptors are registered.
    function descriptors() external view returns (IDescriptors);

    /// @notice The setup that proofs are made with.
    function setup() external view returns (bytes32);

    /// @notice [tau]G2, as the pairing takes it: x and y, each with its imaginary part first.
    function tau() external view returns (uint256[4] memory);

    /// @notice Whether `proof` proves `statement` for a plan whose descriptor is registered.
    /// @param descriptor The digest that it is registered by, which covers the points of its function tables.
    /// @param points The commitments to weights and inputs, in this order, 64 bytes each; not those that fill up a batch.
    /// @dev False for any bad points and proof, whatever their bytes; reverts only for a descriptor that is not
    /// registered, for arguments that are not ABI-encoded, and without gas.
    function verify(bytes32 descriptor, Statement calldata statement, bytes calldata points, bytes calldata proof)
        external
        view
        returns (bool);
}
