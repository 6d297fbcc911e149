// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IAnchors} from "./interfaces/IAnchors.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {Limits} from "./stewardship/Limits.sol";
import {Measurements} from "./stewardship/Measurements.sol";
import {Stewards} from "./stewardship/Stewards.sol";
import {Successions} from "./stewardship/Successions.sol";

/// @title When versions are retired by rule; see `IStewardship`.
/// @dev By subject: Stewards (the registry, and whose rules count), Successions, Limits, Measurements. Never behind a proxy: of
/// `EIP712Upgradeable` it has the domain alone, which makes the check of upgrades take it for upgradeable.
/// @custom:oz-upgrades-unsafe-allow constructor missing-initializer
contract Stewardship is Successions, Measurements {
    constructor(IModelRegistry registry_, IAnchors anchors_) Stewards(registry_) Limits(anchors_) {}
}
