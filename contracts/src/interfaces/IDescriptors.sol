// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

/// What a descriptor breaks: not its format, or a rule of docs/protocol.md [10.2], of a certificate [10.4], of a task's [10.5]. Named as in
/// Rust's `InvalidDescriptor`.
enum Rule {
    Bytes,
    Layout,
    Size,
    TableTag,
    TablePlace,
    TableValues,
    LookupPlace,
    LookupTable,
    LookupInput,
    Axis,
    Source,
    Product,
    High,
    Limbs,
    Half,
    Public,
    Decision,
    Free,
    Wraps,
    Ranged,
    Padding,
    Covered,
    Norm,
    Gram
}

/// @title The registered descriptors: each is a function, whatever it says, and a certificate's covers all that it must.
/// @notice Without owner, storage or upgrade. A descriptor is validated once and stored as code, behind a byte that stops
/// whoever calls it, with the points of its function tables behind it. The digest that names it, D, is keccak256 of the
/// creation code, `600b5981380380925939f300 | descriptor | points`, which the contract gives to CREATE2 with salt 0: so D
/// determines the code's address, and is known before the code is there. That D is the one of a plan, everybody computes
/// from the plan and the setup (docs/protocol.md, [10.3]).
interface IDescriptors {
    event DescriptorRegistered(bytes32 indexed descriptor, address code);

    /// @param place The table, lookup block, relation or covered block; of `Bytes` and `Layout` the byte, of `Size` what
    /// there is.
    error InvalidDescriptor(Rule rule, uint256 place);
    /// @dev Not one point, of 64 bytes, for each chunk of function tables.
    error TablePoints(uint256 expectedBytes, uint256 gotBytes);
    /// @dev The point of this chunk is not on the curve, or not canonical.
    error BadTablePoint(uint256 chunk);

    /// @notice Validates a descriptor and stores it with the points of its function tables.
    /// @dev Anybody may; that something is registered says only that it keeps the rules. What is registered stays, and
    /// registering it again changes nothing. Reverts unless the descriptor is canonical `averment-descriptor/1`,
    /// `averment-certificate/1`, `averment-update/1` or `averment-round/1` and keeps every rule, and the points are points; and with `FailedDeployment` if both
    /// together are more than code may be, or the gas does not suffice.
    /// @param points One point for each chunk of function tables, x then y, 64 bytes; of a chunk that holds nothing but
    /// zeros the identity, which is 64 zero bytes.
    /// @return digest The digest D.
    function register(bytes calldata descriptor, bytes calldata points) external returns (bytes32 digest);

    /// @notice Where a registered descriptor is stored, behind one zero byte; zero if it is not registered.
    function codeOf(bytes32 digest) external view returns (address);
}
