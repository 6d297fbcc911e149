// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../interfaces/IFederatedTask.sol";
import {IFederatedTasks} from "../interfaces/IFederatedTasks.sol";
import {TaskPhase} from "../types/Federated.sol";
import {VersionId} from "../types/Ids.sol";
import {VersionContent} from "../types/Registry.sol";
import {Entries} from "./Entries.sol";
import {Origin} from "./TaskStorage.sol";

/// @dev What becomes of a task's model: a version whose weights are committed to by the task's own points.
abstract contract Finishing is Entries {
    function finish(VersionId version, bytes calldata prefix, bytes calldata points) external {
        Layout storage $ = _layout();
        Origin memory origin = _origin();
        if (msg.sender != origin.sponsor) revert IFederatedTask.NotTheSponsor(origin.sponsor, msg.sender);
        Standing memory s = $.standing;
        if (s.phase != TaskPhase.Ended) revert IFederatedTask.WrongPhase(TaskPhase.Ended, s.phase);
        if (VersionId.unwrap($.finishedAs) != 0) revert IFederatedTask.AlreadyFinished($.finishedAs);
        if (keccak256(prefix) != origin.prefixHash || keccak256(points) != $.model) revert IFederatedTask.OtherModel();
        VersionContent memory content = models.content(version);
        bool right = s.finals != 0 && content.weightsCommitment == keccak256(bytes.concat(prefix, points));
        VersionId initial = _terms().version;
        bool descends = false;
        for (uint256 i = 0; i < content.parents.length; ++i) {
            if (VersionId.unwrap(content.parents[i]) == VersionId.unwrap(initial)) descends = true;
        }
        if (!right || !descends) revert IFederatedTask.OtherVersion(version);
        $.finishedAs = version;
        emit IFederatedTask.Finished(version);
        IFederatedTasks(origin.factory).finished(version);
    }
}
