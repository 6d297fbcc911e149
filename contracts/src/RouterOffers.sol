// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";

import {IInferenceRouter} from "./interfaces/IInferenceRouter.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {IProofVerifier} from "./interfaces/IProofVerifier.sol";
import {IWeightsCertificates} from "./interfaces/IWeightsCertificates.sol";
import {Versions} from "./settlement/Versions.sol";
import {ModelId, VersionId} from "./types/Ids.sol";
import {VersionContent} from "./types/Registry.sol";
import {Mode, Offer, OfferId, Quorum} from "./types/Settlement.sol";

/// @title The part of `InferenceRouter` that takes offers; see `IInferenceRouter`.
/// @notice An offer is checked against the registry, the descriptors and the certificates once, here; none of what was
/// checked can change afterwards but the version's stage, which requests and finality ask for again.
/// @dev Runs on the router's storage (`Parted`), which creates it and is initialised in its place.
/// @custom:oz-upgrades-unsafe-allow constructor missing-initializer
contract RouterOffers is Versions, AccessManagedUpgradeable {
    uint32 private constant MIN_PROOF_SECONDS = 10 minutes;
    uint32 private constant MAX_PROOF_SECONDS = 30 days;
    uint32 private constant MIN_COMMITTEE_SECONDS = 1 minutes;
    uint32 private constant MAX_COMMITTEE_SECONDS = 1 days;
    uint8 private constant MAX_MEMBERS = 16;

    constructor(IModelRegistry registry_) Versions(registry_) {}

    function setVerifier(IProofVerifier verifier, IWeightsCertificates certificates) external restricted {
        if (address(certificates) != address(0) && address(certificates.verifier()) != address(verifier)) {
            revert IInferenceRouter.OtherVerifier(verifier, certificates.verifier());
        }
        _setVerifier(verifier, certificates);
    }

    function offer(Offer calldata offered) external returns (OfferId id) {
        _checkModelOwner(offered.version);
        _checkDeployed(offered.version);
        VersionContent memory content = models.content(offered.version);
        if (content.weightsCommitment != offered.weights || content.planDigest != offered.plan) {
            revert IInferenceRouter.OtherContent(offered.version);
        }
        _checkProvable(offered);
        if (offered.modes == 0) revert IInferenceRouter.NoMode();
        if (((offered.modes | offered.modesForPersons) >> uint8(Mode.Quorum)) & 1 != 0) _checkQuorum(offered.quorum);
        if (offered.proofSeconds < MIN_PROOF_SECONDS || offered.proofSeconds > MAX_PROOF_SECONDS) {
            revert IInferenceRouter.SecondsOutOfRange(MIN_PROOF_SECONDS, MAX_PROOF_SECONDS, offered.proofSeconds);
        }
        id = _offerIdOf(offered);
        Terms storage terms = _layout().offers[offered.version][id];
        if (terms.open) revert IInferenceRouter.OfferExists(id);
        (terms.open, terms.modes, terms.modesForPersons) = (true, offered.modes, offered.modesForPersons);
        Quorum calldata quorum = offered.quorum;
        (terms.members, terms.threshold, terms.tolerance) = (quorum.members, quorum.threshold, quorum.tolerance);
        (terms.commitSeconds, terms.revealSeconds) = (quorum.commitSeconds, quorum.revealSeconds);
        emit IInferenceRouter.Offered(id, offered.version, offered);
    }

    function withdrawOffer(Offer calldata offered) external {
        // An offer whose verifier is not believed any more anybody may end.
        if (address(_layout().certificates[offered.verifier]) != address(0)) _checkModelOwner(offered.version);
        OfferId id = _offerIdOf(offered);
        Terms storage terms = _layout().offers[offered.version][id];
        if (!terms.open) revert IInferenceRouter.OfferNotOpen(id);
        terms.open = false;
        emit IInferenceRouter.OfferWithdrawn(id, offered.version);
    }

    function _checkModelOwner(VersionId version) private view {
        // Of a version nothing else is needed here.
        // slither-disable-next-line unused-return
        (ModelId modelId,,,,) = models.version(version);
        address owner = models.ownerOf(modelId);
        if (owner != msg.sender || owner == address(0)) {
            revert IInferenceRouter.NotModelOwner(version, owner, msg.sender);
        }
    }

    /// More than half have to say the same: so no two answers can have enough, and a median is an honest member's or between
    /// two of them.
    function _checkQuorum(Quorum calldata quorum) private pure {
        bool sound = quorum.threshold > quorum.members / 2 && quorum.threshold <= quorum.members;
        if (!sound || quorum.members > MAX_MEMBERS) {
            revert IInferenceRouter.BadQuorum(MAX_MEMBERS, quorum.members, quorum.threshold);
        }
        uint32[2] memory times = [quorum.commitSeconds, quorum.revealSeconds];
        for (uint256 i = 0; i < times.length; ++i) {
            if (times[i] < MIN_COMMITTEE_SECONDS || times[i] > MAX_COMMITTEE_SECONDS) {
                revert IInferenceRouter.SecondsOutOfRange(MIN_COMMITTEE_SECONDS, MAX_COMMITTEE_SECONDS, times[i]);
            }
        }
    }

    /// Whether answers can be proved at all, and proofs mean what they say.
    function _checkProvable(Offer calldata offered) private view {
        IWeightsCertificates certificates = _layout().certificates[offered.verifier];
        if (address(certificates) == address(0)) revert IInferenceRouter.UnknownVerifier(offered.verifier);
        if (!certificates.isCertified(offered.descriptor, offered.certificate, offered.weights)) {
            revert IInferenceRouter.NotCertified(offered.descriptor, offered.certificate, offered.weights);
        }
    }
}
