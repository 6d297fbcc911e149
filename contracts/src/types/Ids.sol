// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

/// A model: hash of chain, registry, creator and name.
type ModelId is bytes32;
/// A version: hash of chain, registry, model and everything the version consists of.
type VersionId is bytes32;
/// A role that may decide about versions: keccak256 of its name.
type RoleId is bytes32;
/// An anchored log: hash of chain, contract, poster and the log's parameters.
type LogId is bytes32;
