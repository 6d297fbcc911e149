// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {IOracleStaking} from "./interfaces/IOracleStaking.sol";
import {IRandomness} from "./interfaces/IRandomness.sol";
import {IUptimeFeed} from "./interfaces/IUptimeFeed.sol";
import {IWeightsCertificates} from "./interfaces/IWeightsCertificates.sol";
import {RouterOffers} from "./RouterOffers.sol";
import {Balances} from "./settlement/Balances.sol";
import {Clock} from "./settlement/Clock.sol";
import {Multicalls} from "./settlement/Multicalls.sol";
import {Offers} from "./settlement/Offers.sol";
import {Parted} from "./settlement/Parted.sol";
import {Proofs} from "./settlement/Proofs.sol";
import {Requests} from "./settlement/Requests.sol";

/// @title Requests, answers and finality, behind an ERC-1967 proxy; see `IInferenceRouter`.
/// @dev By subject, each on top of the one before: RouterStorage, Balances, Offers, Requests (with Pauses and Clock beside
/// them), Finality, Drawings, Answers, Proofs.
contract InferenceRouter is Proofs, Multicalls, UUPSUpgradeable {
    /// Nobody can initialise the implementation itself, so it never has an authority that could upgrade it. What is fixed at
    /// deployment is in the code: an upgrade that changed it would be seen in it.
    /// @param staking_ The proxy of operators' stake, created before, for this router's proxy.
    /// @param randomness_ What draws committees; see `IRandomness` for what has to be assumed of it.
    /// @param uptime_ Whether the chain's sequencer works; zero where there is none.
    /// @param grace_ Seconds for which no window ends once the sequencer works again.
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(
        IModelRegistry registry_,
        IERC20 token_,
        IOracleStaking staking_,
        IRandomness randomness_,
        IUptimeFeed uptime_,
        uint32 grace_
    )
        Balances(token_)
        Parted(address(new RouterOffers(registry_)))
        Offers(registry_)
        Clock(uptime_, grace_)
        Requests(staking_, randomness_)
    {
        _disableInitializers();
    }

    /// @param authority The AccessManager.
    /// @param certificates With their verifier, what offers may name from the start; zero for none.
    function initialize(address authority, IWeightsCertificates certificates) external initializer {
        if (authority.code.length == 0) revert AccessManagedInvalidAuthority(authority);
        __AccessManaged_init(authority);
        if (address(certificates) != address(0)) _setVerifier(certificates.verifier(), certificates);
    }

    function _authorizeUpgrade(address newImplementation) internal override restricted {}
}
