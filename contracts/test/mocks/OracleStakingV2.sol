// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {OracleStaking} from "../../src/OracleStaking.sol";
import {IUptimeFeed} from "../../src/interfaces/IUptimeFeed.sol";

/// @dev The next version of operators' stake: the same storage, one function and one namespace more.
/// @custom:oz-upgrades-from OracleStaking
/// @custom:oz-upgrades-unsafe-allow missing-initializer
contract OracleStakingV2 is OracleStaking {
    /// @custom:storage-location erc7201:averment.storage.OracleStakingV2
    struct LayoutV2 {
        uint256 migrated;
    }

    bytes32 private constant NAMESPACE_V2 = 0xed376b516bb2a9d12f8f2dc62509aa8050d2cc9b40972c1fa42721b053db3100;

    /// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable
    constructor(
        IERC20 token_,
        address router_,
        uint128 seatBond_,
        uint32 unbondingTime_,
        IUptimeFeed uptime_,
        uint32 grace_
    ) OracleStaking(token_, router_, seatBond_, unbondingTime_, uptime_, grace_) {}

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
