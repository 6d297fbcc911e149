// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

import {Capital} from "./claims/Capital.sol";
import {Intakes} from "./claims/Intakes.sol";
import {Payouts} from "./claims/Payouts.sol";
import {IInferenceRouter} from "./interfaces/IInferenceRouter.sol";
import {IUptimeFeed} from "./interfaces/IUptimeFeed.sol";
import {Clock} from "./settlement/Clock.sol";
import {Times} from "./types/Claims.sol";

/// @title Insurance whose claims are paid by themselves, behind an ERC-1967 proxy; see `IClaimsPool`.
/// @dev By subject, each on top of the one before: PoolStorage, Capital, Products, Covers, Intakes, Batches,
/// Appeals, Payouts.
contract ClaimsPool is Payouts, UUPSUpgradeable {
    /// Nobody can initialise the implementation itself, so it never has an authority that could upgrade it. Router and times
    /// are in the code: an upgrade that changed them would be seen in it.
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IInferenceRouter router_, Times memory times_, IUptimeFeed uptime_, uint32 grace_)
        Capital(router_)
        Clock(uptime_, grace_)
        Intakes(times_)
    {
        _disableInitializers();
    }

    /// As the registry's, the EIP-712 domain needs no initialising.
    /// @param authority The AccessManager.
    /// @custom:oz-upgrades-unsafe-allow missing-initializer-call incorrect-initializer-order
    function initialize(address authority) external initializer {
        if (authority.code.length == 0) revert AccessManagedInvalidAuthority(authority);
        __AccessManaged_init(authority);
    }

    function _authorizeUpgrade(address newImplementation) internal override restricted {}
}
