// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {ModelId, VersionId} from "../types/Ids.sol";
import {HistoryKind} from "../types/Registry.sol";
import {RegistryStorage} from "./RegistryStorage.sol";

/// @dev The hash-chained history: the one place that appends to it.
abstract contract History is RegistryStorage, IModelRegistry {
    function historyHead(ModelId modelId) external view returns (bytes32 head, uint64 length) {
        Model storage model = _layout().models[modelId];
        return (model.historyHead, model.historyLength);
    }

    function registryHead() external view returns (bytes32) {
        return _layout().registryHead;
    }

    /// Records an entry about the model itself.
    function _record(ModelId modelId, HistoryKind kind, bytes memory payload) internal returns (uint64 sequence) {
        return _record(modelId, VersionId.wrap(0), kind, payload);
    }

    /// Appends an entry, moves both heads and emits it; gives its number.
    function _record(ModelId modelId, VersionId versionId, HistoryKind kind, bytes memory payload)
        internal
        returns (uint64 sequence)
    {
        Layout storage $ = _layout();
        Model storage model = $.models[modelId];
        sequence = ++model.historyLength;
        bytes32 previous = sequence == 1
            ? keccak256(abi.encode(keccak256("averment.history/1"), block.chainid, address(this), modelId))
            : model.historyHead;
        uint64 timestamp = uint64(block.timestamp);
        bytes32 head =
            keccak256(abi.encode(previous, sequence, kind, versionId, msg.sender, timestamp, keccak256(payload)));
        model.historyHead = head;
        $.registryHead = keccak256(abi.encode($.registryHead, modelId, head));
        emit Recorded(modelId, versionId, kind, sequence, msg.sender, timestamp, payload, head);
    }

    /// Refuses a text that is empty or has more than `max` bytes.
    function _checkText(string calldata text, uint256 max) internal pure {
        uint256 got = bytes(text).length;
        if (got == 0 || got > max) revert TextLength(1, max, got);
    }
}
