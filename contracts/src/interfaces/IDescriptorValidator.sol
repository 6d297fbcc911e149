// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

/// What a descriptor breaks: not its format, or a rule of docs/protocol.md [10.2], of a certificate [10.4]. Named as in
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
    Covered
}

/// @title Whether a plan's descriptor is a function, whatever it says; whether a certificate's covers all that it must.
interface IDescriptorValidator {
    /// @param place The table, lookup block, relation or covered block; of `Bytes` and `Layout` the byte, of `Size` what
    /// there is.
    error InvalidDescriptor(Rule rule, uint256 place);

    /// @notice Reverts unless `descriptor` is canonical `averment-descriptor/1` or `averment-certificate/1` and
    /// keeps every rule.
    function validate(bytes calldata descriptor) external pure;
}
