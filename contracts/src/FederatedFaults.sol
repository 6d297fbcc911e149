// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Challenges} from "./federated/Challenges.sol";
import {Phases, Surroundings} from "./federated/Phases.sol";

/// @title The part of `FederatedTask` by which faults are shown, struck and challenged; see `IFederatedTask`.
/// @dev Runs on a task's storage and code: by subject, each on top of the one before: TaskStorage, Phases, Members, Words, Slashing
/// (with Signatures), Challenges.
contract FederatedFaults is Challenges {
    constructor(Surroundings memory around) Phases(around) {}
}
