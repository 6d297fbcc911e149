// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {RegistryStorage} from "../src/registry/RegistryStorage.sol";

/// @dev Never deployed: the compiler states layouts of state variables only, so here the registry's namespace is
/// one, at its place. `cargo xtask contracts write` writes `ModelRegistry.txt` beside this from it.
contract ModelRegistryLayout is RegistryStorage layout at 0x1ccc0c991723ca59b40d0b077c85441db2111095cfac3dba61672f88f1eeae00 {
    Layout internal registry;
}
