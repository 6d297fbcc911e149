// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {TaskStorage} from "../src/federated/TaskStorage.sol";

/// @dev Never deployed, as `ModelRegistryLayout`: a task's namespace at its place, so that the compiler states its layout.
contract FederatedTaskLayout layout at 0x3ece02069eb97b040f4927868d6f91109628f79e1f6d2139bfbe09845ac12600 is TaskStorage {
    Layout internal task;
}
