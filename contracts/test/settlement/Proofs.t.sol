// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {Answer, Mode, Offer, Phase, Proof, Request, RequestId} from "../../src/types/Settlement.sol";
import {vm} from "../Vm.sol";
import {RouterFixture} from "./RouterFixture.sol";

/// @dev Proved answers: of open requests, and of ones whose answer a proof confirms or contradicts.
contract ProofsTest is RouterFixture {
    function test_a_proof_answers_at_once() public {
        Request memory asked = requestFor(Mode.Proof);
        RequestId id = ask(asked);
        proveBy(prover, asked, none(), 7);
        assertPhase(id, Phase.Final);
        assertGains(-10, 0, 0, 10);
        vm.assertEq(consumer.last(), 7, "called back");
    }

    function test_public_inputs_come_before_the_outputs() public {
        Request memory asked = requestFor(Mode.Proof);
        asked.publicInputs = new int64[](2);
        (asked.publicInputs[0], asked.publicInputs[1]) = (-3, type(int64).min);
        ask(asked);
        proveBy(prover, asked, none(), 7);
        assertGains(-10, 0, 0, 10);
    }

    function test_a_proof_answers_a_request_of_every_mode() public {
        for (uint8 mode = 0; mode <= uint8(type(Mode).max); ++mode) {
            Request memory asked = requestFor(Mode(mode));
            RequestId id = ask(asked);
            proveBy(prover, asked, none(), 7);
            assertPhase(id, Phase.Final);
        }
    }

    function test_a_proof_confirms_an_answer_before_its_window_ends() public {
        Request memory asked = requestFor(Mode.Optimistic);
        ask(asked);
        Answer memory given = give(asked, 7);
        proveBy(prover, asked, given, 7);
        assertGains(-10, 10, 0, 0);
    }

    function test_a_proof_of_another_answer_takes_the_bond() public {
        Request memory asked = requestFor(Mode.Optimistic);
        ask(asked);
        proveBy(prover, asked, give(asked, 7), 8);
        assertGains(-10, -1001, 0, 10 + 500);
        vm.assertEq(router.burned(), 501, "burned");
        vm.assertEq(consumer.last(), 8, "the proved one");
    }

    function test_of_a_challenged_one_it_is_shared_with_the_challenger() public {
        Request memory asked = requestFor(Mode.Optimistic);
        ask(asked);
        proveBy(prover, asked, accuse(asked, give(asked, 7)), 8);
        assertGains(-10, -1001, 250, 10 + 250);
        vm.assertEq(router.burned(), 501, "burned");
    }

    function test_an_answerer_may_prove_itself_wrong_but_loses() public {
        Request memory asked = requestFor(Mode.Optimistic);
        ask(asked);
        proveBy(answerer, asked, give(asked, 7), 8);
        assertGains(-10, 10 - 501, 0, 0);
    }

    /// The proof is another sender's: taken from the transactions that wait, it is worth nothing.
    function test_a_proof_is_its_senders() public {
        Request memory asked = requestFor(Mode.Proof);
        RequestId id = ask(asked);
        Proof memory proof = proofOf(asked, 7, prover);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.NotProved.selector, id));
        vm.prank(stranger);
        router.prove(address(consumer), asked, offered, none(), one(7), proof);
    }

    function test_a_proof_is_of_one_request_and_its_outputs() public {
        Request memory asked = requestFor(Mode.Proof);
        ask(asked);
        Request memory other = requestFor(Mode.Proof);
        RequestId id = ask(other);
        Proof memory proof = proofOf(asked, 7, prover);
        vm.startPrank(prover);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.NotProved.selector, id));
        router.prove(address(consumer), other, offered, none(), one(7), proof);
        id = router.requestIdOf(address(consumer), asked);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.NotProved.selector, id));
        router.prove(address(consumer), asked, offered, none(), one(8), proof);
        router.prove(address(consumer), asked, offered, none(), one(7), proof);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.WrongPhase.selector, id, Phase.Final));
        router.prove(address(consumer), asked, offered, none(), one(7), proof);
        vm.stopPrank();
    }

    function test_an_offer_other_than_the_requests_is_refused() public {
        Request memory asked = requestFor(Mode.Proof);
        ask(asked);
        Offer memory other = offered;
        other.plan = keccak256("another plan");
        Proof memory proof = proofOf(asked, 7, prover);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceRouter.OtherOffer.selector, asked.offer, router.offerIdOf(other))
        );
        vm.prank(prover);
        router.prove(address(consumer), asked, other, none(), one(7), proof);
    }

    /// Leaving out the answer that is there would keep its bond from being paid back or slashed.
    function test_the_contested_answer_cannot_be_left_out_or_exchanged() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        give(asked, 7);
        Proof memory proof = proofOf(asked, 8, prover);
        vm.startPrank(prover);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.OtherAnswer.selector, id));
        router.prove(address(consumer), asked, offered, none(), one(8), proof);
        Answer memory forged = Answer({answerer: prover, challenger: address(0), outputs: one(8)});
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.OtherAnswer.selector, id));
        router.prove(address(consumer), asked, offered, forged, one(8), proof);
        vm.stopPrank();
    }

    function test_not_after_the_deadline_nor_after_the_time_to_prove() public {
        Request memory asked = requestFor(Mode.Proof);
        RequestId id = ask(asked);
        vm.warp(asked.deadline + 1);
        Proof memory proof = proofOf(asked, 7, prover);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.TooLate.selector, id, asked.deadline));
        vm.prank(prover);
        router.prove(address(consumer), asked, offered, none(), one(7), proof);

        asked = requestFor(Mode.Optimistic);
        id = ask(asked);
        Answer memory given = accuse(asked, give(asked, 7));
        uint40 until = uint40(block.timestamp + PROOF_SECONDS);
        vm.warp(until + 1);
        proof = proofOf(asked, 7, answerer);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.TooLate.selector, id, until));
        vm.prank(answerer);
        router.prove(address(consumer), asked, offered, given, one(7), proof);
    }

    function test_a_revoked_version_proves_nothing_any_more() public {
        Request memory asked = requestFor(Mode.Proof);
        ask(asked);
        vm.prank(owner);
        registry.revoke(version, "biased");
        Proof memory proof = proofOf(asked, 7, prover);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.VersionRevoked.selector, version));
        vm.prank(prover);
        router.prove(address(consumer), asked, offered, none(), one(7), proof);
    }

    function test_a_request_made_while_deployed_may_end_after_retirement() public {
        Request memory asked = requestFor(Mode.Proof);
        ask(asked);
        vm.prank(owner);
        registry.retire(version, "superseded");
        proveBy(prover, asked, none(), 7);
        assertGains(-10, 0, 0, 10);
    }

    /// Whatever gas a transaction is given, a good proof settles its request or nothing happens at all: running out of gas is
    /// never a verdict.
    function test_no_gas_limit_makes_a_proof_fail() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        Answer memory given = accuse(asked, give(asked, 7));
        Proof memory proof = proofOf(asked, 7, answerer);
        bytes memory call = abi.encodeCall(router.prove, (address(consumer), asked, offered, given, one(7), proof));
        bool ended = false;
        for (uint256 gas_ = 20_000; gas_ < 400_000; gas_ += 250) {
            vm.prank(answerer);
            (bool succeeded,) = address(router).call{gas: gas_}(call);
            (Phase phase,) = router.standingOf(id);
            vm.assertEq(uint256(phase), uint256(succeeded ? Phase.Final : Phase.Challenged), "as before, or final");
            if (succeeded) {
                ended = true;
                break;
            }
            assertGains(-10, -1001, -50, 0);
        }
        vm.assertTrue(ended, "enough at last");
        assertGains(-10, 60, -50, 0);
    }

    /// A verifier that is asked about a bad proof says no, and nobody loses anything by it.
    function test_a_bad_proof_costs_nobody_anything() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        Answer memory given = accuse(asked, give(asked, 7));
        Proof memory proof = proofOf(asked, 8, answerer);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.NotProved.selector, id));
        vm.prank(answerer);
        router.prove(address(consumer), asked, offered, given, one(7), proof);
        assertPhase(id, Phase.Challenged);
        proveBy(answerer, asked, given, 7);
        assertGains(-10, 60, -50, 0);
    }
}
