// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Terms} from "../types/Federated.sol";
import {VersionId} from "../types/Ids.sol";
import {Stage} from "../types/Registry.sol";
import {IModelRegistry} from "./IModelRegistry.sol";
import {IProofVerifier} from "./IProofVerifier.sol";

/// @title Creates tasks of federated learning (`IFederatedTask`).
/// @notice A task is a small contract of its own that runs the implementation which this factory has when the task is created,
/// and never another. An upgrade of the factory brings other code to tasks to come. Pausing stops only that tasks are created and
/// joined.
interface IFederatedTasks {
    /// @param prefix The bytes of the commitment to the initial version's weights before its points.
    event TaskCreated(
        address indexed task,
        address indexed sponsor,
        VersionId indexed version,
        Terms terms,
        bytes prefix,
        bytes points
    );
    event TaskFinished(address indexed task, VersionId indexed version);

    error ZeroAddress();
    /// @dev The version is not registered, or retired, or revoked.
    error NotUsable(VersionId version, Stage stage);
    /// @dev The plan is another one than the registry's.
    error OtherPlan(bytes32 expected, bytes32 got);
    /// @dev Prefix and points are not the weights that are registered for the version.
    error OtherWeights(bytes32 expected, bytes32 got);
    /// @dev The prefix is none of weights, or of another setup.
    error BadPrefix();
    /// @dev A descriptor is not registered.
    error UnknownKind(bytes32 descriptor);
    /// @dev A descriptor is not of this task's updates or rounds: in what, by its name. `expected` rows are the least.
    error OtherKind(bytes32 descriptor, string what, uint256 expected, uint256 got);
    /// @dev A member of the terms, by its name, is out of its range.
    error OutOfRange(string what, uint256 min, uint256 max, uint256 got);
    /// @dev The rule needs a root update and nobody gives one, or the other way round.
    error RootNeeded(bool needed);
    /// @dev The privacy mode is not there.
    error UnknownPrivacy(uint8 mode);
    /// @dev Only tasks of this factory.
    error NotATask(address account);
    error AlreadyProvenance(VersionId version, address task);

    /// @notice Creates a task, and takes its pool from the caller, who is its sponsor: `poolOf(terms)` tokens.
    /// @param salt What tells the sponsor's tasks apart.
    /// @param prefix The bytes of the commitment to the version's weights before its points (docs/formats.md, Commitments).
    /// @param points Its points.
    function create(Terms calldata terms, bytes32 salt, bytes calldata prefix, bytes calldata points)
        external
        returns (address task);

    /// @notice A task says which version it made. By the task.
    function finished(VersionId version) external;

    /// @notice What all rounds pay.
    function poolOf(Terms calldata terms) external pure returns (uint256);
    /// @notice Whether this factory created it.
    function isTask(address account) external view returns (bool);
    /// @notice The task whose final model a version is; zero if none.
    function provenanceOf(VersionId version) external view returns (address task);
    /// @notice What tasks that are created now run.
    function implementation() external view returns (address);
    function token() external view returns (IERC20);
    function registry() external view returns (IModelRegistry);
    function verifier() external view returns (IProofVerifier);
}
