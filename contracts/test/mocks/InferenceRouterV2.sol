// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {InferenceRouter} from "../../src/InferenceRouter.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IOracleStaking} from "../../src/interfaces/IOracleStaking.sol";
import {IRandomness} from "../../src/interfaces/IRandomness.sol";
import {IUptimeFeed} from "../../src/interfaces/IUptimeFeed.sol";

/// @dev The next version of the router: the same storage, one function and one namespace more.
/// @custom:oz-upgrades-from InferenceRouter
/// @custom:oz-upgrades-unsafe-allow missing-initializer
contract InferenceRouterV2 is InferenceRouter {
    /// @custom:storage-location erc7201:averment.storage.InferenceRouterV2
    struct LayoutV2 {
        uint256 migrated;
    }

    bytes32 private constant NAMESPACE_V2 = 0x877bbd95e099a940529ab3b9c084306a297234cd4ca0e002ecd8bdd16ec76100;

    /// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable
    constructor(
        IModelRegistry registry_,
        IERC20 token_,
        IOracleStaking staking_,
        IRandomness randomness_,
        IUptimeFeed uptime_,
        uint32 grace_
    ) InferenceRouter(registry_, token_, staking_, randomness_, uptime_, grace_) {}

    function migrate() external reinitializer(2) {
        _layoutV2().migrated = 2;
    }

    function migrated() external view returns (uint256) {
        return _layoutV2().migrated;
    }

    function _layoutV2() private pure returns (LayoutV2 storage $) {
        assembly ("memory-safe") {
            $.slot := NAMESPACE_V2
        }
    }
}
