// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ModelId} from "../types/Ids.sol";
import {HistoryKind} from "../types/Registry.sol";
import {History} from "./History.sol";

/// @dev Who owns a model, and who may register versions of it.
abstract contract Owners is History {
    function transferOwnership(ModelId modelId, address newOwner) external {
        Model storage model = _owned(modelId);
        model.pendingOwner = newOwner;
        emit OwnershipOffered(modelId, msg.sender, newOwner);
    }

    function acceptOwnership(ModelId modelId) external {
        Model storage model = _model(modelId);
        if (model.pendingOwner != msg.sender) revert NotPendingOwner(modelId, model.pendingOwner, msg.sender);
        address previous = model.owner;
        model.owner = msg.sender;
        delete model.pendingOwner;
        _record(modelId, HistoryKind.OwnershipTransferred, abi.encode(previous, msg.sender));
    }

    function setRegistrar(ModelId modelId, address registrar, bool allowed) external {
        Model storage model = _owned(modelId);
        if (registrar == address(0)) revert ZeroAddress();
        if (model.registrars[registrar] == allowed) revert RegistrarUnchanged(registrar, allowed);
        model.registrars[registrar] = allowed;
        _record(modelId, HistoryKind.RegistrarSet, abi.encode(registrar, allowed));
    }

    function setSteward(ModelId modelId, address steward) external {
        Model storage model = _owned(modelId);
        if (model.steward == steward) revert StewardUnchanged(steward);
        model.steward = steward;
        _record(modelId, HistoryKind.StewardSet, abi.encode(steward));
    }

    function modelExists(ModelId modelId) external view returns (bool) {
        return _layout().models[modelId].historyLength != 0;
    }

    function ownerOf(ModelId modelId) external view returns (address) {
        return _layout().models[modelId].owner;
    }

    function pendingOwnerOf(ModelId modelId) external view returns (address) {
        return _layout().models[modelId].pendingOwner;
    }

    function isRegistrar(ModelId modelId, address account) external view returns (bool) {
        return _layout().models[modelId].registrars[account];
    }

    function stewardOf(ModelId modelId) external view returns (address) {
        return _layout().models[modelId].steward;
    }

    /// A model that exists.
    function _model(ModelId modelId) internal view returns (Model storage model) {
        model = _layout().models[modelId];
        if (model.historyLength == 0) revert UnknownModel(modelId);
    }

    /// A model that the caller owns.
    function _owned(ModelId modelId) internal view returns (Model storage model) {
        model = _model(modelId);
        if (model.owner != msg.sender) revert NotOwner(modelId, model.owner, msg.sender);
    }
}
