// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

/// @dev A contract some of whose functions, the seldom used ones, are in a second one: EIP-170 allows no more code in one.
/// It creates this *part* itself and keeps where it is in its own code, so nobody chooses it, both are given the same
/// constants, and an upgrade replaces both. Which functions are there is said here one by one: there is no fallback.
/// The part has no state of its own; whoever calls it directly finds empty storage and nothing to gain.
/// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable delegatecall
abstract contract Parted {
    address public immutable part;

    constructor(address part_) {
        part = part_;
    }

    /// Ends the call with what the part makes of it, on this contract's storage.
    function _toPart() internal {
        address to = part;
        // All calldata as they are, and all that is returned.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            let at := mload(0x40)
            calldatacopy(at, 0, calldatasize())
            let done := delegatecall(gas(), to, at, calldatasize(), 0, 0)
            returndatacopy(at, 0, returndatasize())
            if done { return(at, returndatasize()) }
            revert(at, returndatasize())
        }
    }
}
