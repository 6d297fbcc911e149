// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IAnchors} from "../interfaces/IAnchors.sol";
import {LogId, ModelId} from "../types/Ids.sol";
import {Limit} from "../types/Stewardship.sol";
import {Stewards} from "./Stewards.sol";

/// @dev What owners say about how their models are watched.
/// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable
abstract contract Limits is Stewards {
    uint8 private constant MAX_RUN = 16;
    uint64 private constant MAX_FRESH = 365 days;
    uint256 private constant MAX_METRIC = 32;

    IAnchors public immutable anchors;

    mapping(ModelId modelId => LogId) public logOf;
    mapping(ModelId modelId => mapping(address account => bool)) public isMonitor;
    mapping(ModelId modelId => mapping(bytes32 metricHash => Limit)) private _limits;

    constructor(IAnchors anchors_) {
        if (address(anchors_).code.length == 0) revert NotAContract(address(anchors_));
        anchors = anchors_;
    }

    function setLog(ModelId modelId, LogId log) external {
        _checkOwner(modelId);
        // slither-disable-next-line unused-return
        (address poster,,,,) = anchors.log(log);
        if (poster == address(0)) revert UnknownLog(log);
        logOf[modelId] = log;
        emit LogSet(modelId, log);
    }

    function setMonitor(ModelId modelId, address monitor, bool allowed) external {
        _checkOwner(modelId);
        if (monitor == address(0)) revert ZeroAddress();
        isMonitor[modelId][monitor] = allowed;
        emit MonitorSet(modelId, monitor, allowed);
    }

    function setLimit(ModelId modelId, string calldata metric, Limit calldata limit) external {
        _checkOwner(modelId);
        _checkName(metric);
        Limit memory set = limit;
        if (set.run > MAX_RUN || (set.run != 0 && (set.fresh == 0 || set.fresh > MAX_FRESH))) revert BadLimit();
        set.since = uint64(block.timestamp);
        _limits[modelId][keccak256(bytes(metric))] = set;
        emit LimitSet(modelId, keccak256(bytes(metric)), metric, set);
    }

    function limitOf(ModelId modelId, string calldata metric) external view returns (Limit memory) {
        return _limits[modelId][keccak256(bytes(metric))];
    }

    /// The limit of a metric that has one, so that its name is known to be a name.
    function _limitOf(ModelId modelId, string calldata metric) internal view returns (Limit memory limit) {
        limit = _limits[modelId][keccak256(bytes(metric))];
        if (limit.run == 0) revert NoLimit(modelId, metric);
    }

    /// Names that need no escape in a record.
    function _checkName(string calldata metric) private pure {
        bytes calldata name = bytes(metric);
        if (name.length == 0 || name.length > MAX_METRIC) revert BadMetricName();
        for (uint256 i = 0; i < name.length; ++i) {
            bytes1 letter = name[i];
            bool good = (letter >= "a" && letter <= "z") || (letter >= "0" && letter <= "9") || letter == "-"
                || letter == "." || letter == "_";
            if (!good) revert BadMetricName();
        }
    }
}
