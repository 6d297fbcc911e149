// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../interfaces/IFederatedTask.sol";
import {Phases} from "./Phases.sol";

/// @dev As `settlement/Parted.sol`, with two parts. Creating both would take more code than one transaction may bring, so they are
/// there before, in the same surroundings.
abstract contract Parts is Phases {
    address public immutable roundsPart;
    address public immutable faultsPart;

    constructor(Phases rounds, Phases faults) {
        bytes32 own = keccak256(abi.encode(asset, models, proofs, beacon, weigher, uptime, grace));
        if (rounds.surroundings() != own || faults.surroundings() != own) revert IFederatedTask.OtherSurroundings();
        (roundsPart, faultsPart) = (address(rounds), address(faults));
    }

    /// Ends the call with what a part makes of it, on this task's storage.
    function _to(address part) internal {
        // All calldata as they are, and all that is returned.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            let from := mload(0x40)
            calldatacopy(from, 0, calldatasize())
            let done := delegatecall(gas(), part, from, calldatasize(), 0, 0)
            returndatacopy(from, 0, returndatasize())
            if done { return(from, returndatasize()) }
            revert(from, returndatasize())
        }
    }
}
