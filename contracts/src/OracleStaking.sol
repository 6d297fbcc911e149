// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IUptimeFeed} from "./interfaces/IUptimeFeed.sol";
import {OracleOperators} from "./OracleOperators.sol";
import {Evidence} from "./oracles/Evidence.sol";
import {Operators} from "./oracles/Operators.sol";
import {Clock} from "./settlement/Clock.sol";
import {Parted} from "./settlement/Parted.sol";

/// @title Stake and work of oracle operators, behind an ERC-1967 proxy; see `IOracleStaking` and `ICommittees`.
/// @dev By subject, each on top of the one before: StakingStorage, Seats, Operators (with Pauses and Clock beside them),
/// Committees, Evidence.
contract OracleStaking is Evidence, UUPSUpgradeable {
    /// Nobody can initialise the implementation itself, so it never has an authority that could upgrade it. What is fixed at
    /// deployment is in the code: an upgrade that changed it would be seen in it.
    /// @param router_ The router's proxy, which is created after this one.
    /// @param seatBond_ Of one seat, in the token's smallest units.
    /// @param unbondingTime_ Seconds.
    /// @param uptime_ Whether the chain's sequencer works; zero where there is none.
    /// @param grace_ Seconds for which no window ends once the sequencer works again.
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(
        IERC20 token_,
        address router_,
        uint128 seatBond_,
        uint32 unbondingTime_,
        IUptimeFeed uptime_,
        uint32 grace_
    )
        Parted(address(new OracleOperators(token_, router_, seatBond_, unbondingTime_)))
        Operators(token_, router_, seatBond_, unbondingTime_)
        Clock(uptime_, grace_)
    {
        _disableInitializers();
    }

    /// The EIP-712 domain needs no initialising: it is in the code (`Committees`), not in storage.
    /// @param authority The AccessManager.
    /// @custom:oz-upgrades-unsafe-allow missing-initializer-call incorrect-initializer-order
    function initialize(address authority) external initializer {
        if (authority.code.length == 0) revert AccessManagedInvalidAuthority(authority);
        __AccessManaged_init(authority);
    }

    function _authorizeUpgrade(address newImplementation) internal override restricted {}
}
