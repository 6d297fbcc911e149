// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {RouterStorage} from "../src/settlement/RouterStorage.sol";

/// @dev Never deployed; see `ModelRegistryLayout`. Pauses lie in a namespace of their own (`PausesLayout`).
contract InferenceRouterLayout is RouterStorage layout at 0xb4278eb3ac7c25d0933706b644c471991bec1e1142d1faed98491fcb19669200 {
    Layout internal router;
}
