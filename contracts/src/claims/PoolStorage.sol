// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {PolicyId, PolicyState, Product, Progress, Routine} from "../types/Claims.sol";

/// @dev Everything the pool stores, in one ERC-7201 namespace. An upgrade may add members at the ends of these structs and
/// change nothing else; `layouts/ClaimsPool.txt` pins every slot.
abstract contract PoolStorage {
    /// @custom:storage-location erc7201:averment.storage.ClaimsPool
    struct Layout {
        mapping(bytes32 evidence => Progress) claims;
        mapping(PolicyId => Policy) policies;
        /// What backs no policy, and what backs one.
        uint128 free;
        uint128 reserved;
        mapping(uint16 product => Sale) sales;
        mapping(uint16 routine => Routine) routines;
        mapping(uint16 routine => Queue) queues;
        mapping(address intake => bool) accredited;
        uint16 productCount;
        uint16 routineCount;
    }

    /// One word a policy.
    struct Policy {
        PolicyState state;
        address holder;
        uint40 from;
        uint16 product;
    }

    struct Sale {
        Product terms;
        bool open;
    }

    /// Claims that were filed and not asked about.
    struct Queue {
        /// The last period in which one was filed.
        uint40 period;
        /// In that period, and before it.
        uint32 last;
        uint32 before;
    }

    /// `keccak256(abi.encode(uint256(keccak256("averment.storage.ClaimsPool")) - 1)) & ~bytes32(uint256(0xff))`
    bytes32 internal constant NAMESPACE = 0x426295b246df30eb5065113861f26f780a21bde8d1a364357d1a8ace0c383f00;

    function _layout() internal pure returns (Layout storage $) {
        // The only way to a namespace.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            $.slot := NAMESPACE
        }
    }
}
