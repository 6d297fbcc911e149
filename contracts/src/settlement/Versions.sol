// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IInferenceRouter} from "../interfaces/IInferenceRouter.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {IWeightsCertificates} from "../interfaces/IWeightsCertificates.sol";
import {VersionId} from "../types/Ids.sol";
import {Stage} from "../types/Registry.sol";
import {Offer, OfferId, offerHashOf} from "../types/Settlement.sol";
import {RouterStorage} from "./RouterStorage.sol";

/// @dev What router and `RouterOffers` both know of versions and offers.
/// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable
abstract contract Versions is RouterStorage {
    IModelRegistry internal immutable models;

    constructor(IModelRegistry registry_) {
        if (address(registry_).code.length == 0) revert IInferenceRouter.ZeroAddress();
        models = registry_;
    }

    function _checkDeployed(VersionId version) internal view {
        Stage stage = models.stageOf(version);
        if (stage != Stage.Deployed) revert IInferenceRouter.NotDeployed(version, stage);
    }

    function _offerIdOf(Offer calldata offered) internal view returns (OfferId) {
        return offerHashOf(address(this), offered);
    }

    function _setVerifier(IProofVerifier verifier, IWeightsCertificates certificates) internal {
        _layout().certificates[verifier] = certificates;
        emit IInferenceRouter.VerifierSet(verifier, certificates);
    }
}
