// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {ModelId, VersionId} from "../types/Ids.sol";
import {Stage} from "../types/Registry.sol";
import {Succession} from "../types/Stewardship.sol";
import {Stewards} from "./Stewards.sol";

/// @dev Versions that take over from others at a stated time. Lines of successors have an end: a version that is named as a
/// successor has none yet, and one that has one is deployed, which a version that is retired never is again.
abstract contract Successions is Stewards {
    uint256 private constant MIN_NOTICE = 1 days;
    uint256 private constant MAX_NOTICE = 365 days;

    mapping(VersionId version => Succession) private _successions;

    // The seconds that a block's proposer can shift do not matter to hours and days; here and below.
    // slither-disable-next-line timestamp
    function announce(VersionId version, VersionId successor, uint64 hour, string calldata environment) external {
        ModelId modelId = _modelOf(version);
        _checkOwner(modelId);
        address steward = registry.stewardOf(modelId);
        if (steward != address(this)) revert NotSteward(modelId, steward);
        ModelId other = _modelOf(successor);
        if (other != modelId) revert OtherModel(modelId, other);
        if (hour < block.timestamp + MIN_NOTICE || hour > block.timestamp + MAX_NOTICE) {
            revert NoticeOutOfRange(block.timestamp + MIN_NOTICE, block.timestamp + MAX_NOTICE, hour);
        }
        VersionId announced = _successions[version].successor;
        if (_isSome(announced)) revert SuccessionExists(version, announced);
        announced = _successions[successor].successor;
        // Itself, too, is refused: it has one now.
        if (_isSome(announced)) revert SuccessionExists(successor, announced);
        if (VersionId.unwrap(successor) == VersionId.unwrap(version)) revert SuccessionExists(version, successor);
        if (!_runs(version, environment)) revert NotDeployed(version, environment);
        Stage stage = registry.stageOf(successor);
        if ((stage != Stage.Approved && stage != Stage.Deployed) || !registry.isApproved(successor)) {
            revert NotApproved(successor);
        }
        _successions[version] = Succession({successor: successor, hour: hour, environment: environment});
        emit SuccessionAnnounced(modelId, version, successor, hour, environment);
    }

    // As above.
    // slither-disable-next-line timestamp
    function cancel(VersionId version) external {
        _checkOwner(_modelOf(version));
        Succession storage announced = _announced(version);
        VersionId successor = announced.successor;
        uint64 hour = announced.hour;
        if (block.timestamp >= hour && _isSome(_heirOf(version))) revert HourHasCome(version, hour);
        delete _successions[version];
        emit SuccessionCancelled(version, successor);
    }

    // As above.
    // slither-disable-next-line timestamp
    function succeed(VersionId version) external {
        Succession storage announced = _announced(version);
        if (block.timestamp < announced.hour) revert TooEarly(version, announced.hour);
        VersionId heir = _heirOf(version);
        if (!_isSome(heir)) revert NotDeployed(announced.successor, announced.environment);
        emit Succeeded(version, heir);
        string memory name = Strings.toHexString(uint256(VersionId.unwrap(heir)), 32);
        registry.retire(version, string.concat("succeeded by ", name));
    }

    function successionOf(VersionId version) external view returns (Succession memory) {
        return _successions[version];
    }

    function currentOf(VersionId version) external view returns (VersionId) {
        VersionId heir = _heirOf(version);
        return _isSome(heir) ? heir : version;
    }

    /// The last of a version's line whose hour has come that can be asked where the version runs; zero if none can.
    // As above. A line is as long as its owner made it, and calls the registry alone.
    // slither-disable-next-line timestamp,calls-loop
    function _heirOf(VersionId version) private view returns (VersionId heir) {
        string memory environment = _successions[version].environment;
        Succession storage next = _successions[version];
        while (_isSome(next.successor) && block.timestamp >= next.hour) {
            VersionId successor = next.successor;
            if (_runs(successor, environment) && registry.isApproved(successor)) heir = successor;
            next = _successions[successor];
        }
    }

    /// As above.
    // slither-disable-next-line timestamp,calls-loop
    function _runs(VersionId version, string memory environment) private view returns (bool) {
        return registry.stageOf(version) == Stage.Deployed && registry.deployedSince(version, environment) != 0;
    }

    function _announced(VersionId version) private view returns (Succession storage announced) {
        announced = _successions[version];
        if (!_isSome(announced.successor)) revert NoSuccession(version);
    }

    function _isSome(VersionId version) private pure returns (bool) {
        return VersionId.unwrap(version) != 0;
    }
}
