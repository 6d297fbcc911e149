// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Pauses} from "../src/settlement/Pauses.sol";

/// @dev Never deployed; see `ModelRegistryLayout`. The namespace of pauses in every contract that has them.
contract PausesLayout is Pauses layout at 0xe8a222a0d2706b64702d82ba61106c893ebcd3328e353386ee8f42d2c4b55d00 {
    Pause internal last;
}
