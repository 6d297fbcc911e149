// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {IWeightsCertificates} from "../interfaces/IWeightsCertificates.sol";
import {ModelId, VersionId} from "../types/Ids.sol";
import {Stage, VersionContent} from "../types/Registry.sol";
import {Mode, Offer, OfferId, Quorum} from "../types/Settlement.sol";
import {Balances} from "./Balances.sol";

/// @dev What models' owners offer. An offer is checked against the registry, the descriptors and the certificates once,
/// here; none of what was checked can change afterwards but the version's stage, which requests and finality ask for again.
/// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable
abstract contract Offers is Balances {
    uint32 private constant MIN_PROOF_SECONDS = 10 minutes;
    uint32 private constant MAX_PROOF_SECONDS = 30 days;
    uint32 private constant MIN_COMMITTEE_SECONDS = 1 minutes;
    uint32 private constant MAX_COMMITTEE_SECONDS = 1 days;
    uint8 private constant MAX_MEMBERS = 16;

    IModelRegistry public immutable registry;

    constructor(IModelRegistry registry_) {
        if (address(registry_).code.length == 0) revert ZeroAddress();
        registry = registry_;
    }

    function setVerifier(IProofVerifier verifier, IWeightsCertificates certificates) external restricted {
        if (address(certificates) != address(0) && address(certificates.verifier()) != address(verifier)) {
            revert OtherVerifier(verifier, certificates.verifier());
        }
        _setVerifier(verifier, certificates);
    }

    function offer(Offer calldata offered) external returns (OfferId id) {
        _checkModelOwner(offered.version);
        _checkDeployed(offered.version);
        VersionContent memory content = registry.content(offered.version);
        if (content.weightsCommitment != offered.weights || content.planDigest != offered.plan) {
            revert OtherContent(offered.version);
        }
        _checkProvable(offered);
        if (offered.modes == 0) revert NoMode();
        if (((offered.modes | offered.modesForPersons) >> uint8(Mode.Quorum)) & 1 != 0) _checkQuorum(offered.quorum);
        if (offered.proofSeconds < MIN_PROOF_SECONDS || offered.proofSeconds > MAX_PROOF_SECONDS) {
            revert SecondsOutOfRange(MIN_PROOF_SECONDS, MAX_PROOF_SECONDS, offered.proofSeconds);
        }
        id = offerIdOf(offered);
        Terms storage terms = _layout().offers[offered.version][id];
        if (terms.open) revert OfferExists(id);
        (terms.open, terms.modes, terms.modesForPersons) = (true, offered.modes, offered.modesForPersons);
        Quorum calldata quorum = offered.quorum;
        (terms.members, terms.threshold, terms.tolerance) = (quorum.members, quorum.threshold, quorum.tolerance);
        (terms.commitSeconds, terms.revealSeconds) = (quorum.commitSeconds, quorum.revealSeconds);
        emit Offered(id, offered.version, offered);
    }

    function withdrawOffer(Offer calldata offered) external {
        // An offer whose verifier is not believed any more anybody may end.
        if (address(_layout().certificates[offered.verifier]) != address(0)) _checkModelOwner(offered.version);
        OfferId id = offerIdOf(offered);
        Terms storage terms = _layout().offers[offered.version][id];
        if (!terms.open) revert OfferNotOpen(id);
        terms.open = false;
        emit OfferWithdrawn(id, offered.version);
    }

    function offerIdOf(Offer calldata offered) public view returns (OfferId) {
        return OfferId.wrap(keccak256(abi.encode(keccak256("averment.offer/1"), block.chainid, address(this), offered)));
    }

    function isRevoked(VersionId version) public view returns (bool) {
        return registry.stageOf(version) == Stage.Revoked;
    }

    function _checkDeployed(VersionId version) internal view {
        Stage stage = registry.stageOf(version);
        if (stage != Stage.Deployed) revert NotDeployed(version, stage);
    }

    /// Refuses an offer that is not the one that was asked for.
    function _checkOffer(OfferId expected, Offer calldata offered) internal view {
        OfferId got = offerIdOf(offered);
        if (OfferId.unwrap(got) != OfferId.unwrap(expected)) revert OtherOffer(expected, got);
    }

    function _checkModelOwner(VersionId version) private view {
        // Of a version nothing else is needed here.
        // slither-disable-next-line unused-return
        (ModelId modelId,,,,) = registry.version(version);
        address owner = registry.ownerOf(modelId);
        if (owner != msg.sender || owner == address(0)) revert NotModelOwner(version, owner, msg.sender);
    }

    function _setVerifier(IProofVerifier verifier, IWeightsCertificates certificates) internal {
        _layout().certificates[verifier] = certificates;
        emit VerifierSet(verifier, certificates);
    }

    /// More than half have to say the same: so no two answers can have enough, and a median is an honest member's or between
    /// two of them.
    function _checkQuorum(Quorum calldata quorum) private pure {
        bool sound = quorum.threshold > quorum.members / 2 && quorum.threshold <= quorum.members;
        if (!sound || quorum.members > MAX_MEMBERS) revert BadQuorum(MAX_MEMBERS, quorum.members, quorum.threshold);
        uint32[2] memory times = [quorum.commitSeconds, quorum.revealSeconds];
        for (uint256 i = 0; i < times.length; ++i) {
            if (times[i] < MIN_COMMITTEE_SECONDS || times[i] > MAX_COMMITTEE_SECONDS) {
                revert SecondsOutOfRange(MIN_COMMITTEE_SECONDS, MAX_COMMITTEE_SECONDS, times[i]);
            }
        }
    }

    /// Whether answers can be proved at all, and proofs mean what they say.
    function _checkProvable(Offer calldata offered) private view {
        IWeightsCertificates certificates = _layout().certificates[offered.verifier];
        if (address(certificates) == address(0)) revert UnknownVerifier(offered.verifier);
        if (!certificates.isCertified(offered.descriptor, offered.certificate, offered.weights)) {
            revert NotCertified(offered.descriptor, offered.certificate, offered.weights);
        }
    }
}
