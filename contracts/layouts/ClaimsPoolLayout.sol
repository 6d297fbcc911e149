// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {PoolStorage} from "../src/claims/PoolStorage.sol";

/// @dev Never deployed, as `ModelRegistryLayout`: the pool's namespace at its place, so that the compiler states its layout.
contract ClaimsPoolLayout layout at 0x426295b246df30eb5065113861f26f780a21bde8d1a364357d1a8ace0c383f00 is PoolStorage {
    Layout internal pool;
}
