// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Creation} from "./federated/Creation.sol";
import {POINT} from "./federated/Curve.sol";
import {TasksStorage} from "./federated/TasksStorage.sol";
import {Origin} from "./federated/TaskStorage.sol";
import {IFederatedTask} from "./interfaces/IFederatedTask.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {IProofVerifier} from "./interfaces/IProofVerifier.sol";
import {ExactTransfers} from "./settlement/ExactTransfers.sol";
import {Pauses} from "./settlement/Pauses.sol";
import {Terms} from "./types/Federated.sol";
import {VersionId} from "./types/Ids.sol";

/// @title Creates tasks of federated learning, behind an ERC-1967 proxy; see `IFederatedTasks`.
contract FederatedTasks is Creation, TasksStorage, Pauses, UUPSUpgradeable {
    using ExactTransfers for IERC20;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IFederatedTask private immutable runs;

    /// Nobody can initialise the implementation itself, so it never has an authority that could upgrade it. What tasks run is in
    /// the code: an upgrade that changed it would be seen in it.
    /// @param runs_ What tasks run (`FederatedTask`), with all contracts that they work with.
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IFederatedTask runs_) {
        if (address(runs_).code.length == 0) revert ZeroAddress();
        runs = runs_;
        _disableInitializers();
    }

    /// @param authority The AccessManager.
    function initialize(address authority) external initializer {
        if (authority.code.length == 0) revert AccessManagedInvalidAuthority(authority);
        __AccessManaged_init(authority);
    }

    // The task is ours; token and registry are the implementation's.
    // slither-disable-next-line reentrancy-no-eth,reentrancy-benign,reentrancy-events
    function create(Terms calldata terms, bytes32 salt, bytes calldata prefix, bytes calldata points)
        external
        whenNotPaused
        returns (address task)
    {
        _checkTerms(runs, terms);
        Origin memory origin = _originOf(terms, prefix, points);
        task = Clones.cloneDeterministicWithImmutableArgs(
            address(runs), abi.encode(terms, origin), keccak256(abi.encode(msg.sender, salt))
        );
        _layout().isTask[task] = true;
        // Below 2^120, which was checked.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint128 pool = uint128(poolOf(terms));
        IFederatedTask(task).initialize(keccak256(points), keccak256(new bytes(origin.chunks * POINT)), pool);
        emit TaskCreated(task, msg.sender, terms.version, terms, prefix, points);
        token().takeExactly(msg.sender, pool);
        token().sendExactly(task, pool);
    }

    function finished(VersionId version) external {
        Layout storage $ = _layout();
        if (!$.isTask[msg.sender]) revert NotATask(msg.sender);
        if ($.provenance[version] != address(0)) revert AlreadyProvenance(version, $.provenance[version]);
        $.provenance[version] = msg.sender;
        emit TaskFinished(msg.sender, version);
    }

    function isTask(address account) external view returns (bool) {
        return _layout().isTask[account];
    }

    function provenanceOf(VersionId version) external view returns (address task) {
        return _layout().provenance[version];
    }

    function implementation() external view returns (address) {
        return address(runs);
    }

    function registry() external view returns (IModelRegistry) {
        return runs.registry();
    }

    function verifier() external view returns (IProofVerifier) {
        return runs.verifier();
    }

    function token() public view returns (IERC20) {
        return runs.token();
    }

    /// What a task's code holds behind its terms; refuses a model that is not the version's.
    function _originOf(Terms calldata terms, bytes calldata prefix, bytes calldata points)
        private
        view
        returns (Origin memory origin)
    {
        (origin.factory, origin.sponsor, origin.prefixHash) = (address(this), msg.sender, keccak256(prefix));
        (origin.chunks, origin.chunkBits) = _checkModel(runs, terms, prefix, points);
    }

    function _authorizeUpgrade(address newImplementation) internal override restricted {}
}
