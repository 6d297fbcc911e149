// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IStewardship} from "../interfaces/IStewardship.sol";
import {ModelId, VersionId} from "../types/Ids.sol";

/// @dev The registry, and whose rules count: the model's owner's, who is asked for anew each time, so that they go with the model.
/// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable
abstract contract Stewards is IStewardship {
    IModelRegistry public immutable registry;

    constructor(IModelRegistry registry_) {
        if (address(registry_).code.length == 0) revert NotAContract(address(registry_));
        registry = registry_;
    }

    function _checkOwner(ModelId modelId) internal view {
        address owner = registry.ownerOf(modelId);
        if (msg.sender != owner) revert NotOwner(modelId, owner, msg.sender);
    }

    /// Of a version that is registered; zero of every other.
    function _modelOf(VersionId version) internal view returns (ModelId modelId) {
        // slither-disable-next-line unused-return
        (modelId,,,,) = registry.version(version);
    }
}
