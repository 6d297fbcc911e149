// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Phases, Surroundings} from "./federated/Phases.sol";
import {Settlements} from "./federated/Settlements.sol";

/// @title The part of `FederatedTask` by which rounds go on, from the draw to the pay; see `IFederatedTask`.
/// @dev Runs on a task's storage and code: by subject, each on top of the one before: TaskStorage, Phases, Members, Words, Rounds,
/// Aggregations, Settlements.
contract FederatedRounds is Settlements {
    constructor(Surroundings memory around) Phases(around) {}
}
