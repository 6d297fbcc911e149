// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {IProofVerifier, Statement} from "../../src/interfaces/IProofVerifier.sol";
import {IWeightsCertificates} from "../../src/interfaces/IWeightsCertificates.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {VersionContent} from "../../src/types/Registry.sol";
import {Answer, Mode, Offer, Phase, Proof, Request, RequestId} from "../../src/types/Settlement.sol";
import {Source, VectorsVerifier} from "../claims/Gas.t.sol";
import {StatedCertificates} from "../mocks/Settlement.sol";
import {Call} from "../proof/Vectors.sol";
import {vm} from "../Vm.sol";
import {RouterFixture} from "./RouterFixture.sol";

/// @dev Another `ProofVerifier` is put beside the first one while requests are open. Both are the real ones, each for a setup of
/// its own; the proof is a released one, of which all but consumer, request, beneficiary, version, seed and terms is what the
/// router states (`VectorsVerifier`).
contract VerifiersTest is RouterFixture {
    Call private call;
    Statement private its;
    IProofVerifier private second;
    IWeightsCertificates private seconds_;
    Proof private proof;

    function setUp() public override {
        super.setUp();
        Source source = new Source();
        call = source.vector("frozen/averment-proof-1/v0.1.0/ok_dense_zk.json");
        its = abi.decode(call.statement, (Statement));
        proof = Proof(call.points, call.proof);
        verifier = IProofVerifier(address(new VectorsVerifier(source.verifierOf(call), its)));
        certificates = IWeightsCertificates(address(new StatedCertificates(verifier)));
        Call memory other = call;
        other.setup = keccak256("another setup");
        second = IProofVerifier(address(new VectorsVerifier(source.verifierOf(other), its)));
        seconds_ = IWeightsCertificates(address(new StatedCertificates(second)));
        vm.prank(admin);
        router.setVerifier(verifier, certificates);
        version = registered();
        offered = offerOf(version);
        (offered.schema, offered.descriptor, offered.zeroKnowledge) =
        (its.schema, source.descriptorOf(call), its.zeroKnowledge);
        vm.startPrank(owner);
        registry.deploy(version, "ward");
        router.offer(offered);
        vm.stopPrank();
    }

    function test_open_requests_keep_their_verifier_and_new_offers_name_the_next_one() public {
        Request memory open = askedFor(Mode.Proof);
        Request memory contested = askedFor(Mode.Optimistic);
        vm.prank(answerer);
        router.answer(address(consumer), contested, its.publicValues);
        Answer memory given = accuse(contested, Answer(answerer, address(0), its.publicValues));
        Offer memory first = offered;
        replace();

        // New offers name the second, and no longer the first.
        Offer memory other = offered;
        other.terms = keccak256("other terms");
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.UnknownVerifier.selector, verifier));
        router.offer(other);
        offered.verifier = second;
        vm.prank(owner);
        router.offer(offered);
        Request memory next = askedFor(Mode.Proof);

        // What is open is proved with the verifier that it was asked for with.
        proveWith(first, open, none(), prover);
        proveWith(first, contested, given, answerer);
        // That proof is none for the second.
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceRouter.NotProved.selector, router.requestIdOf(address(consumer), next))
        );
        vm.prank(prover);
        router.prove(address(consumer), next, offered, none(), its.publicValues, proof);
        // Nor can a request for the second be proved by way of the first.
        vm.expectRevert(
            abi.encodeWithSelector(
                IInferenceRouter.OtherOffer.selector, router.offerIdOf(offered), router.offerIdOf(first)
            )
        );
        vm.prank(prover);
        router.prove(address(consumer), next, first, none(), its.publicValues, proof);
        assertPhase(router.requestIdOf(address(consumer), next), Phase.Open);
    }

    function test_anybody_ends_offers_of_a_verifier_that_is_not_believed_any_more() public {
        Request memory open = askedFor(Mode.Proof);
        replace();
        vm.prank(stranger);
        router.withdrawOffer(offered);
        Request memory late = requestFor(Mode.Proof);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.OfferNotOpen.selector, late.offer));
        ask(late);
        proveWith(offered, open, none(), prover);
    }

    function replace() private {
        vm.startPrank(admin);
        router.setVerifier(second, seconds_);
        router.setVerifier(verifier, IWeightsCertificates(address(0)));
        vm.stopPrank();
    }

    function askedFor(Mode mode) private returns (Request memory asked) {
        asked = requestFor(mode);
        (asked.inputs, asked.items, asked.callbackGas) = (its.inputs, its.items, 0);
        ask(asked);
    }

    function proveWith(Offer memory with, Request memory asked, Answer memory contested, address sender) private {
        vm.prank(sender);
        router.prove(address(consumer), asked, with, contested, its.publicValues, proof);
        vm.assertTrue(router.isFinal(router.requestIdOf(address(consumer), asked), its.publicValues), "proved");
    }

    function registered() private returns (VersionId id) {
        VersionContent memory content = versionContent(7);
        (content.weightsCommitment, content.planDigest) = (its.weights, its.plan);
        vm.prank(registrar);
        id = registry.registerVersion(modelId, content);
        submit(approvalOf(id, RISK), RISK_KEY);
        submit(approvalOf(id, LEGAL), LEGAL_KEY);
    }
}
