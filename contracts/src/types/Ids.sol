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

using {otherModel as !=} for ModelId global;
using {otherLog as !=} for LogId global;
using {sameRole as ==} for RoleId global;
using {notBelow as >=} for VersionId global;

function otherModel(ModelId a, ModelId b) pure returns (bool) {
    return ModelId.unwrap(a) != ModelId.unwrap(b);
}

function otherLog(LogId a, LogId b) pure returns (bool) {
    return LogId.unwrap(a) != LogId.unwrap(b);
}

function sameRole(RoleId a, RoleId b) pure returns (bool) {
    return RoleId.unwrap(a) == RoleId.unwrap(b);
}

function notBelow(VersionId a, VersionId b) pure returns (bool) {
    return VersionId.unwrap(a) >= VersionId.unwrap(b);
}
