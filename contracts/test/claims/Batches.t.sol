// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IClaimsPool} from "../../src/interfaces/IClaimsPool.sol";
import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {Claim, ClaimStage, Intake, Product, Routine} from "../../src/types/Claims.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {Stage} from "../../src/types/Registry.sol";
import {Answer, Mode, OfferId, Request, RequestId} from "../../src/types/Settlement.sol";
import {vm} from "../Vm.sol";
import {PoolFixture} from "./PoolFixture.sol";

/// @dev Claims on their way through the router: who asks about which, what is asked, and what an answer does.
contract BatchesTest is PoolFixture {
    function test_a_proof_decides_a_batch() public {
        Claim[] memory claims = filed(products[Mode.Proof], 4);
        (Request memory asked,) = ask(Mode.Proof, claims);
        for (uint256 i = 0; i < 4; ++i) {
            assertStage(claims[i], ClaimStage.Asked);
        }
        vm.assertEq(router.balanceOf(address(pool)), 10_000 - 4 * CLAIM_FEE, "the fee");
        int64[] memory outputs = outputsOf(4, 5, 9, 10);
        prove(asked, outputs);
        pool.decide(asked, evidenceOf(claims), outputs);
        assertStage(claims[0], ClaimStage.Rejected);
        assertStage(claims[1], ClaimStage.Accepted);
        assertStage(claims[2], ClaimStage.Accepted);
        assertStage(claims[3], ClaimStage.Rejected);
        (, uint40 until,) = pool.claimOf(claims[0].evidence);
        vm.assertEq(until, block.timestamp + APPEAL, "may be appealed");
        assertSolvent();
    }

    function test_an_optimistic_answer_decides_too() public {
        Claim[] memory claims = filed(products[Mode.Optimistic], 3);
        (Request memory asked,) = ask(Mode.Optimistic, claims);
        int64[] memory outputs = outputsOf(9, 0, 5, 5);
        answer(asked, outputs);
        pool.decide(asked, evidenceOf(claims), outputs);
        assertStage(claims[0], ClaimStage.Accepted);
        assertStage(claims[1], ClaimStage.Rejected);
        assertStage(claims[2], ClaimStage.Accepted);
    }

    /// A proof answers a committee's request as well; how committees do is the router's affair, the pool never asks.
    function test_the_pool_does_not_ask_how_an_answer_became_final() public {
        Claim[] memory claims = filed(products[Mode.Quorum], 1);
        (Request memory asked,) = ask(Mode.Quorum, claims);
        int64[] memory outputs = outputsOf(9, 9, 9, 9);
        prove(asked, outputs);
        pool.decide(asked, evidenceOf(claims), outputs);
        assertStage(claims[0], ClaimStage.Accepted);
    }

    function testFuzz_what_counts_is_the_routines_output(int64 least, int64 most, uint16 place, int64 output) public {
        if (least > most) (least, most) = (most, least);
        Routine memory terms = routineFor(Mode.Proof);
        (terms.least, terms.most, terms.outputs, terms.output) = (least, most, 16, place % 16);
        vm.startPrank(insurer);
        routines[Mode.Proof] = pool.addRoutine(terms);
        products[Mode.Proof] = pool.addProduct(Product(PREMIUM, PAYOUT, TERM, GRACE_TO_FILE, routines[Mode.Proof]));
        vm.stopPrank();
        Claim[] memory claims = filed(products[Mode.Proof], 2);
        (Request memory asked,) = ask(Mode.Proof, claims);
        int64[] memory outputs = new int64[](64);
        for (uint256 i = 0; i < 64; ++i) {
            outputs[i] = least == type(int64).min ? type(int64).max : type(int64).min;
        }
        (outputs[terms.output], outputs[16 + terms.output]) = (output, least);
        prove(asked, outputs);
        pool.decide(asked, evidenceOf(claims), outputs);
        bool accepted = output >= least && output <= most;
        assertStage(claims[0], accepted ? ClaimStage.Accepted : ClaimStage.Rejected);
        assertStage(claims[1], ClaimStage.Accepted);
    }

    function test_a_batch_of_one_is_named_by_its_evidence() public {
        Routine memory terms = routineFor(Mode.Proof);
        terms.batch = 1;
        vm.prank(insurer);
        uint16 routine = pool.addRoutine(terms);
        bytes32 evidence = keccak256("evidence");
        vm.assertEq(pool.inputsOf(routine, just(evidence)), evidence);
        vm.assertEq(
            pool.inputsOf(routines[Mode.Proof], just(evidence)),
            keccak256(bytes.concat("averment-input-batch/1\n", bytes4(uint32(1)), evidence))
        );
    }

    function test_value_at_risk_is_what_the_claims_pay() public {
        vm.prank(insurer);
        uint16 dear = pool.addProduct(Product(1, 7 * PAYOUT, TERM, GRACE_TO_FILE, routines[Mode.Optimistic]));
        Claim[] memory claims = new Claim[](2);
        claims[0] = filed(products[Mode.Optimistic], 1)[0];
        claims[1] = filed(dear, 1)[0];
        Request memory asked = requestAbout(Mode.Optimistic, claims);
        (asked.valueAtRisk, asked.bond) = (8 * PAYOUT, 8 * PAYOUT);
        RequestId id = pool.ask(routines[Mode.Optimistic], evidenceOf(claims));
        vm.assertEq(RequestId.unwrap(id), RequestId.unwrap(router.requestIdOf(address(pool), asked)), "all of it");
    }

    function test_asked_about_in_a_later_period_all_together() public {
        uint16 routine = routines[Mode.Proof];
        Claim[] memory claims = filed(products[Mode.Proof], 3);
        // One that was filed in this period has to wait.
        Claim memory late = Claim({policy: claims[0].policy, evidence: 0});
        (late.policy,) = buy(products[Mode.Proof]);
        late.evidence = fileFor(late);
        Claim[] memory some = new Claim[](2);
        (some[0], some[1]) = (claims[0], claims[1]);
        bytes32[] memory evidence = evidenceOf(some);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.BatchSize.selector, 3, 2));
        pool.ask(routine, evidence);
        some = new Claim[](3);
        (some[0], some[1], some[2]) = (claims[0], claims[1], late);
        evidence = evidenceOf(some);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.FiledJustNow.selector, late.evidence));
        pool.ask(routine, evidence);
        ask(Mode.Proof, claims);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.BatchSize.selector, 0, 0));
        pool.ask(routine, new bytes32[](0));
        evidence = just(late.evidence);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.BatchSize.selector, 0, 1));
        pool.ask(routine, evidence);
        nextPeriod();
        pool.ask(routine, evidence);
    }

    function test_more_than_a_batch_takes_are_asked_about_in_several() public {
        uint16 routine = routines[Mode.Proof];
        Claim[] memory claims = filed(products[Mode.Proof], 6);
        bytes32[] memory evidence = evidenceOf(claims);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.BatchSize.selector, 4, 6));
        pool.ask(routine, evidence);
        pool.ask(routine, part(evidence, 0, 4));
        pool.ask(routine, part(evidence, 4, 2));
        (uint32 ready, uint32 waiting) = pool.queueOf(routine);
        vm.assertEq(ready + waiting, 0, "none");
    }

    function test_a_claim_is_asked_about_once_by_its_own_routine() public {
        uint16 routine = routines[Mode.Proof];
        Claim[] memory claims = filed(products[Mode.Proof], 2);
        Claim[] memory others = filed(products[Mode.Optimistic], 2);
        bytes32[] memory evidence = evidenceOf(claims);
        evidence[1] = evidence[0];
        vm.expectRevert(wrongStage(claims[0], ClaimStage.Filed, ClaimStage.Asked));
        pool.ask(routine, evidence);
        evidence[1] = others[0].evidence;
        vm.expectRevert(
            abi.encodeWithSelector(
                IClaimsPool.OtherRoutine.selector, others[0].evidence, routine, routines[Mode.Optimistic]
            )
        );
        pool.ask(routine, evidence);
        evidence[1] = keccak256("never filed");
        vm.expectRevert(
            abi.encodeWithSelector(IClaimsPool.WrongStage.selector, evidence[1], ClaimStage.Filed, ClaimStage.None)
        );
        pool.ask(routine, evidence);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.UnknownRoutine.selector, 99));
        pool.ask(99, evidence);
        ask(Mode.Proof, claims);
    }

    function test_a_version_that_is_not_authorised_retired_or_revoked_is_not_asked() public {
        uint16 routine = routines[Mode.Proof];
        bytes32[] memory evidence = evidenceOf(filed(products[Mode.Proof], 1));
        OfferId offer = router.offerIdOf(offered);
        vm.prank(insurer);
        pool.authorise(routine, VersionId.wrap(0), OfferId.wrap(0));
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.NoVersion.selector, routine));
        pool.ask(routine, evidence);
        VersionId unknown = VersionId.wrap(keccak256("another's"));
        vm.prank(insurer);
        pool.authorise(routine, unknown, offer);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.OfferNotOpen.selector, offer));
        pool.ask(routine, evidence);
        vm.prank(insurer);
        pool.authorise(routine, version, offer);
        vm.prank(owner);
        registry.retire(version, "superseded");
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.NotDeployed.selector, version, Stage.Retired));
        pool.ask(routine, evidence);
        vm.prank(owner);
        registry.revoke(version, "biased");
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.NotDeployed.selector, version, Stage.Revoked));
        pool.ask(routine, evidence);
        // Another one is authorised, and the same claims go on.
        version = deployedWith(2);
        offered = offerOf(version);
        vm.prank(owner);
        offer = router.offer(offered);
        vm.prank(insurer);
        pool.authorise(routine, version, offer);
        pool.ask(routine, evidence);
    }

    function test_a_version_that_is_retired_or_unauthorised_while_it_is_asked_answers() public {
        Claim[] memory claims = filed(products[Mode.Proof], 1);
        (Request memory asked,) = ask(Mode.Proof, claims);
        uint16 routine = routines[Mode.Proof];
        vm.prank(insurer);
        pool.authorise(routine, VersionId.wrap(0), OfferId.wrap(0));
        vm.prank(owner);
        registry.retire(version, "superseded");
        int64[] memory outputs = outputsOf(9, 9, 9, 9);
        prove(asked, outputs);
        pool.decide(asked, evidenceOf(claims), outputs);
        assertStage(claims[0], ClaimStage.Accepted);
    }

    function test_a_version_that_is_revoked_while_it_is_asked_decides_nothing() public {
        Claim[] memory claims = filed(products[Mode.Optimistic], 2);
        (Request memory asked,) = ask(Mode.Optimistic, claims);
        vm.prank(answerer);
        router.answer(address(pool), asked, outputsOf(0, 0, 0, 0));
        vm.prank(owner);
        registry.revoke(version, "biased");
        Answer memory given = Answer(answerer, address(0), outputsOf(0, 0, 0, 0));
        router.refund(address(pool), asked, offered, given);
        vm.assertEq(router.balanceOf(address(pool)), 10_000, "the fee is back");
        pool.unanswered(asked, evidenceOf(claims));
        assertStage(claims[0], ClaimStage.InReview);
        assertStage(claims[1], ClaimStage.InReview);
    }

    function test_nothing_but_the_final_answer_decides_and_only_once() public {
        Claim[] memory claims = filed(products[Mode.Proof], 2);
        bytes32[] memory evidence = evidenceOf(claims);
        (Request memory asked, RequestId id) = ask(Mode.Proof, claims);
        int64[] memory outputs = outputsOf(0, 0, 0, 0);
        bytes memory reason = abi.encodeWithSelector(IClaimsPool.NotFinal.selector, id);
        vm.expectRevert(reason);
        pool.decide(asked, evidence, outputs);
        prove(asked, outputs);
        int64[] memory forged = outputsOf(9, 0, 0, 0);
        vm.expectRevert(reason);
        pool.decide(asked, evidence, forged);
        forged = new int64[](2);
        vm.expectRevert(reason);
        pool.decide(asked, evidence, forged);
        pool.decide(asked, evidence, outputs);
        vm.expectRevert(wrongStage(claims[0], ClaimStage.Asked, ClaimStage.Rejected));
        pool.decide(asked, evidence, outputs);
    }

    function test_the_claims_of_an_answer_cannot_be_exchanged_left_out_or_turned_round() public {
        Claim[] memory claims = filed(products[Mode.Proof], 2);
        bytes32[] memory evidence = evidenceOf(claims);
        (Request memory asked,) = ask(Mode.Proof, claims);
        int64[] memory outputs = outputsOf(0, 9, 9, 9);
        prove(asked, outputs);
        (evidence[0], evidence[1]) = (evidence[1], evidence[0]);
        refuseOthers(asked, evidence, outputs);
        refuseOthers(asked, part(evidence, 0, 1), outputs);
        evidence[1] = keccak256("another");
        refuseOthers(asked, evidence, outputs);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.BatchSize.selector, 2, 0));
        pool.decide(asked, new bytes32[](0), outputs);
    }

    /// A request that somebody else makes about the same evidence, or a changed one, is none of the pool's.
    function test_requests_of_others_decide_nothing() public {
        Claim[] memory claims = filed(products[Mode.Proof], 1);
        bytes32[] memory evidence = evidenceOf(claims);
        (Request memory asked,) = ask(Mode.Proof, claims);
        vm.startPrank(prover);
        Request memory own = asked;
        own.salt = keccak256("own");
        router.request(own);
        vm.stopPrank();
        RequestId id = router.requestIdOf(address(pool), own);
        int64[] memory outputs = outputsOf(9, 9, 9, 9);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.NotFinal.selector, id));
        pool.decide(own, evidence, outputs);
        // Nor does one that was never made, with a deadline that is long over, bring them before the reviewer.
        own.deadline = 1;
        id = router.requestIdOf(address(pool), own);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.NotUnanswered.selector, id));
        pool.unanswered(own, evidence);
    }

    function test_an_answer_of_another_length_is_none() public {
        Claim[] memory claims = filed(products[Mode.Optimistic], 2);
        (Request memory asked,) = ask(Mode.Optimistic, claims);
        int64[] memory outputs = new int64[](2);
        (outputs[0], outputs[1]) = (9, 9);
        answer(asked, outputs);
        pool.decide(asked, evidenceOf(claims), outputs);
        assertStage(claims[0], ClaimStage.InReview);
        assertStage(claims[1], ClaimStage.InReview);
    }

    function test_silence_brings_claims_before_the_reviewer_and_the_fee_back() public {
        Claim[] memory claims = filed(products[Mode.Proof], 2);
        bytes32[] memory evidence = evidenceOf(claims);
        (Request memory asked, RequestId id) = ask(Mode.Proof, claims);
        vm.warp(asked.deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.NotUnanswered.selector, id));
        pool.unanswered(asked, evidence);
        router.refund(address(pool), asked, offered, none());
        vm.assertEq(router.balanceOf(address(pool)), 10_000, "the fee is back");
        pool.unanswered(asked, evidence);
        (ClaimStage stage, uint40 until,) = pool.claimOf(evidence[1]);
        vm.assertEq(uint256(stage), uint256(ClaimStage.InReview), "stage");
        vm.assertEq(until, block.timestamp + REVIEW, "until");
        vm.expectRevert(wrongStage(claims[0], ClaimStage.Asked, ClaimStage.InReview));
        pool.unanswered(asked, evidence);
    }

    function test_an_answered_request_is_not_unanswered() public {
        Claim[] memory claims = filed(products[Mode.Proof], 1);
        bytes32[] memory evidence = evidenceOf(claims);
        (Request memory asked, RequestId id) = ask(Mode.Proof, claims);
        prove(asked, outputsOf(9, 9, 9, 9));
        vm.warp(block.timestamp + 1000 days);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.NotUnanswered.selector, id));
        pool.unanswered(asked, evidence);
    }

    /// However the router is stuck, its claims are not.
    function test_a_request_that_does_not_end_keeps_no_claim() public {
        Claim[] memory claims = filed(products[Mode.Optimistic], 1);
        bytes32[] memory evidence = evidenceOf(claims);
        (Request memory asked, RequestId id) = ask(Mode.Optimistic, claims);
        int64[] memory outputs = outputsOf(9, 9, 9, 9);
        vm.prank(answerer);
        router.answer(address(pool), asked, outputs);
        vm.warp(asked.deadline + 120 days);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.NotUnanswered.selector, id));
        pool.unanswered(asked, evidence);
        vm.warp(asked.deadline + 120 days + 1);
        pool.unanswered(asked, evidence);
        // What comes after that decides nothing any more.
        router.finalise(address(pool), asked, Answer(answerer, address(0), outputs));
        vm.expectRevert(wrongStage(claims[0], ClaimStage.Asked, ClaimStage.InReview));
        pool.decide(asked, evidence, outputs);
    }

    function test_what_nobody_asks_about_goes_to_the_reviewer() public {
        Claim[] memory claims = filed(products[Mode.Proof], 3);
        bytes32[] memory evidence = evidenceOf(claims);
        (, uint40 until,) = pool.claimOf(evidence[0]);
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.TooEarly.selector, evidence[0], until));
        pool.unasked(evidence);
        vm.warp(until + 1);
        pool.unasked(part(evidence, 0, 2));
        (uint32 ready,) = pool.queueOf(routines[Mode.Proof]);
        vm.assertEq(ready, 1, "the others wait no more");
        vm.expectRevert(wrongStage(claims[1], ClaimStage.Filed, ClaimStage.InReview));
        pool.unasked(part(evidence, 1, 2));
        // Late is better than never.
        pool.ask(routines[Mode.Proof], part(evidence, 2, 1));
    }

    function test_without_money_for_the_fee_nothing_is_asked_and_nothing_lost() public {
        uint16 routine = routines[Mode.Proof];
        bytes32[] memory evidence = evidenceOf(filed(products[Mode.Proof], 1));
        vm.prank(insurer);
        pool.drainRouter(10_000);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.Insufficient.selector, address(pool), 0, CLAIM_FEE));
        pool.ask(routine, evidence);
        vm.prank(insurer);
        pool.fundRouter(CLAIM_FEE);
        pool.ask(routine, evidence);
    }

    /// Nobody but those who may answer see evidence about a person, whatever the routine's mode is.
    function test_evidence_about_persons_is_asked_in_the_modes_that_the_terms_allow() public {
        Routine memory terms = routineFor(Mode.Optimistic);
        terms.personal = true;
        vm.startPrank(insurer);
        uint16 routine = pool.addRoutine(terms);
        uint16 product = pool.addProduct(Product(PREMIUM, PAYOUT, TERM, GRACE_TO_FILE, routine));
        vm.stopPrank();
        bytes32[] memory evidence = evidenceOf(filed(product, 1));
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.ModeNotAllowed.selector, Mode.Optimistic, true));
        pool.ask(routine, evidence);
    }

    function refuseOthers(Request memory asked, bytes32[] memory evidence, int64[] memory outputs) private {
        bytes32 got = pool.inputsOf(routines[Mode.Proof], evidence);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.OtherClaims.selector, asked.inputs, got));
        pool.decide(asked, evidence, outputs);
    }

    function fileFor(Claim memory claim) private returns (bytes32) {
        bytes32 evidence = keccak256(abi.encode("late", claim.policy));
        file(signedBy(INTAKE_KEY, Intake(claim.policy, evidence, uint40(block.timestamp), uint40(block.timestamp))));
        return evidence;
    }

    function part(bytes32[] memory list, uint256 from, uint256 count) private pure returns (bytes32[] memory some) {
        some = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            some[i] = list[from + i];
        }
    }
}
