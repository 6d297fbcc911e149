// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ClaimsPool} from "../../src/ClaimsPool.sol";
import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {IUptimeFeed} from "../../src/interfaces/IUptimeFeed.sol";
import {Times} from "../../src/types/Claims.sol";

/// @dev The next version of the pool: the same storage, one function more.
/// @custom:oz-upgrades-from ClaimsPool
/// @custom:oz-upgrades-unsafe-allow constructor missing-initializer
contract ClaimsPoolV2 is ClaimsPool {
    constructor(IInferenceRouter router_, Times memory times_, IUptimeFeed uptime_, uint32 grace_)
        ClaimsPool(router_, times_, uptime_, grace_)
    {}

    function release() external pure returns (uint256) {
        return 2;
    }
}
