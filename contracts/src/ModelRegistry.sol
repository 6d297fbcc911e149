// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

import {Versions} from "./registry/Versions.sol";
import {ModelId} from "./types/Ids.sol";
import {HistoryKind, PolicyInput} from "./types/Registry.sol";

/// @title The registry, behind an ERC-1967 proxy; see `IModelRegistry`.
/// @dev By subject, each on top of the one before: RegistryStorage, History, Owners, Signatures, Policies
/// (with Pausing beside them), Versions. Upgrades and pauses are for whom the AccessManager allows, after its
/// delay; nobody else has any power over a model but its owner, registrars and keys.
contract ModelRegistry is Versions, UUPSUpgradeable {
    /// Nobody can initialise the implementation itself, so it never has an authority that could upgrade it.
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// The EIP-712 domain needs no initialising: it is in the code (`Signatures`), not in storage.
    /// @param authority The AccessManager.
    /// @custom:oz-upgrades-unsafe-allow missing-initializer-call incorrect-initializer-order
    function initialize(address authority) external initializer {
        if (authority.code.length == 0) revert AccessManagedInvalidAuthority(authority);
        __AccessManaged_init(authority);
    }

    function createModel(string calldata name, PolicyInput calldata policy)
        external
        whenNotPaused
        returns (ModelId modelId)
    {
        _checkText(name, MAX_NAME);
        modelId = ModelId.wrap(
            keccak256(
                abi.encode(
                    keccak256("averment.model/1"), block.chainid, address(this), msg.sender, keccak256(bytes(name))
                )
            )
        );
        Model storage model = _layout().models[modelId];
        if (model.historyLength != 0) revert ModelExists(modelId);
        model.owner = msg.sender;
        _record(modelId, HistoryKind.ModelCreated, abi.encode(name, msg.sender));
        _setPolicy(modelId, policy);
    }

    function _authorizeUpgrade(address newImplementation) internal override restricted {}
}
