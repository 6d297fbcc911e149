// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {TasksStorage} from "../src/federated/TasksStorage.sol";

/// @dev Never deployed, as `ModelRegistryLayout`: the factory's namespace at its place, so that the compiler states its layout.
contract FederatedTasksLayout layout at 0xe998feda7244665fa285fa92ac558670e34838779314021f4b1b87da2f05a800 is TasksStorage {
    Layout internal tasks;
}
