// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {IWeightsCertificates} from "../interfaces/IWeightsCertificates.sol";
import {VersionId} from "../types/Ids.sol";
import {Stage} from "../types/Registry.sol";
import {Offer, OfferId} from "../types/Settlement.sol";
import {Balances} from "./Balances.sol";
import {Parted} from "./Parted.sol";
import {Versions} from "./Versions.sol";

/// @dev What models' owners offer: taken by `RouterOffers`, and what the later steps ask about it.
/// @custom:oz-upgrades-unsafe-allow constructor
abstract contract Offers is Versions, Balances, Parted {
    constructor(IModelRegistry registry_) Versions(registry_) {}

    function setVerifier(IProofVerifier, IWeightsCertificates) external {
        _toPart();
    }

    function offer(Offer calldata) external returns (OfferId) {
        _toPart();
    }

    function withdrawOffer(Offer calldata) external {
        _toPart();
    }

    function registry() external view returns (IModelRegistry) {
        return models;
    }

    function offerIdOf(Offer calldata offered) external view returns (OfferId) {
        return _offerIdOf(offered);
    }

    function isRevoked(VersionId version) public view returns (bool) {
        return models.stageOf(version) == Stage.Revoked;
    }

    /// Refuses an offer that is not the one that was asked for.
    function _checkOffer(OfferId expected, Offer calldata offered) internal view {
        OfferId got = _offerIdOf(offered);
        if (OfferId.unwrap(got) != OfferId.unwrap(expected)) revert OtherOffer(expected, got);
    }
}
