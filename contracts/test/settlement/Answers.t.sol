// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {Answer, Mode, Phase, Proof, Request, RequestId} from "../../src/types/Settlement.sol";
import {vm} from "../Vm.sol";
import {RouterFixture} from "./RouterFixture.sol";

/// @dev Optimistic answers, from request to every end that they can have, and who has what then.
contract AnswersTest is RouterFixture {
    int256 private constant HALF = int256(uint256(BOND / 2));

    function test_an_unchallenged_answer_is_final_and_paid() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        assertPhase(id, Phase.Open);
        assertGains(-10, 0, 0, 0);
        Answer memory given = give(asked, 7);
        assertPhase(id, Phase.Answered);
        assertGains(-10, -1001, 0, 0);
        vm.assertFalse(router.isFinal(id, one(7)), "not yet");
        vm.warp(block.timestamp + WINDOW + 1);
        finalise(asked, given);
        assertPhase(id, Phase.Final);
        assertGains(-10, 10, 0, 0);
        vm.assertTrue(router.isFinal(id, one(7)), "these");
        vm.assertFalse(router.isFinal(id, one(8)), "others");
        vm.assertEq(consumer.last(), 7, "called back");
    }

    function test_not_before_the_window_has_passed() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        Answer memory given = give(asked, 7);
        uint40 until = uint40(block.timestamp + WINDOW);
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.TooEarly.selector, id, until));
        finalise(asked, given);
    }

    function test_not_challenged_after_its_window() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        Answer memory given = give(asked, 7);
        uint40 until = uint40(block.timestamp + WINDOW);
        vm.warp(until + 1);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.TooLate.selector, id, until));
        vm.prank(challenger);
        router.challenge(address(consumer), asked, offered, given);
    }

    /// What stands of an answer and of final outputs is made of the calldata as they lie there.
    function testFuzz_an_answers_digest_is_of_its_abi_encoding(int64[] memory outputs) public {
        Request memory asked = requestFor(Mode.Optimistic);
        asked.callbackGas = 0;
        RequestId id = ask(asked);
        bytes32 slot = keccak256(abi.encode(id, ROUTER_NAMESPACE));
        vm.prank(answerer);
        router.answer(address(consumer), asked, outputs);
        Answer memory given = Answer({answerer: answerer, challenger: address(0), outputs: outputs});
        vm.assertEq(bytes26(vm.load(address(router), slot)), bytes26(keccak256(abi.encode(given))), "answered");
        given = accuse(asked, given);
        vm.assertEq(bytes26(vm.load(address(router), slot)), bytes26(keccak256(abi.encode(given))), "challenged");
        Proof memory proof = proofOf(asked, outputs, prover);
        vm.prank(prover);
        router.prove(address(consumer), asked, offered, given, outputs, proof);
        vm.assertEq(bytes26(vm.load(address(router), slot)), bytes26(keccak256(abi.encode(outputs))), "final");
        vm.assertTrue(router.isFinal(id, outputs), "final");
    }

    function test_outputs_that_are_not_clean_are_refused() public {
        Request memory asked = requestFor(Mode.Optimistic);
        ask(asked);
        bytes memory data = abi.encodeCall(router.answer, (address(consumer), asked, one(-7)));
        // The last word, without a part of its sign.
        data[data.length - 32] = 0;
        vm.prank(answerer);
        (bool done,) = address(router).call(data);
        vm.assertFalse(done, "not clean");
        give(asked, -7);
    }

    function test_a_challenged_answer_that_is_proved_earns_the_challengers_stake() public {
        Request memory asked = requestFor(Mode.Optimistic);
        ask(asked);
        Answer memory given = accuse(asked, give(asked, 7));
        assertGains(-10, -1001, -50, 0);
        proveBy(answerer, asked, given, 7);
        assertGains(-10, 60, -50, 0);
        vm.assertEq(consumer.last(), 7, "called back");
    }

    function test_somebody_else_may_prove_it_for_the_challengers_stake() public {
        Request memory asked = requestFor(Mode.Optimistic);
        ask(asked);
        Answer memory given = accuse(asked, give(asked, 7));
        proveBy(prover, asked, given, 7);
        assertGains(-10, 10, -50, 50);
    }

    function test_a_challenged_answer_that_is_not_proved_is_slashed_and_the_request_open_again() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        Answer memory given = accuse(asked, give(asked, 7));
        vm.warp(block.timestamp + PROOF_SECONDS + 1);
        router.forfeit(address(consumer), asked, offered, given);
        assertPhase(id, Phase.Open);
        assertGains(-10, -1001, HALF, 0);
        vm.assertEq(router.burned(), BOND - BOND / 2, "burned");
        // Somebody answers again, and that is that.
        Answer memory again = give(asked, 8);
        vm.warp(block.timestamp + WINDOW + 1);
        finalise(asked, again);
        assertGains(-10, 10 - 1001, HALF, 0);
        vm.assertEq(consumer.last(), 8, "called back");
    }

    function test_after_the_deadline_it_is_refunded_instead() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        vm.warp(asked.deadline);
        Answer memory given = accuse(asked, give(asked, 7));
        vm.warp(block.timestamp + PROOF_SECONDS + 1);
        router.forfeit(address(consumer), asked, offered, given);
        assertPhase(id, Phase.Refunded);
        assertGains(0, -1001, HALF, 0);
    }

    function test_not_forfeited_while_it_may_be_proved() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        Answer memory given = accuse(asked, give(asked, 7));
        uint40 until = uint40(block.timestamp + PROOF_SECONDS);
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.TooEarly.selector, id, until));
        router.forfeit(address(consumer), asked, offered, given);
    }

    function test_not_answered_after_the_deadline() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        vm.warp(asked.deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.TooLate.selector, id, asked.deadline));
        give(asked, 7);
    }

    function test_not_answered_twice() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        give(asked, 7);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.WrongPhase.selector, id, Phase.Answered));
        give(asked, 8);
    }

    function test_not_answered_without_a_bond() public {
        Request memory asked = requestFor(Mode.Optimistic);
        ask(asked);
        vm.prank(answerer);
        router.withdraw(answerer, MONEY - BOND + 1);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.Insufficient.selector, answerer, BOND - 1, BOND));
        give(asked, 7);
    }

    function test_only_an_optimistic_request_is_answered_with_a_bond() public {
        Request memory asked = requestFor(Mode.Proof);
        ask(asked);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.WrongMode.selector, Mode.Optimistic, Mode.Proof));
        give(asked, 7);
        asked = requestFor(Mode.Optimistic);
        asked.proofAbove = asked.valueAtRisk - 1;
        ask(asked);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.WrongMode.selector, Mode.Optimistic, Mode.Proof));
        give(asked, 7);
    }

    function test_nothing_but_the_answer_that_was_given_is_finalised_challenged_or_forfeited() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        Answer memory given = give(asked, 7);
        Answer[3] memory others = [
            Answer({answerer: answerer, challenger: address(0), outputs: one(8)}),
            Answer({answerer: stranger, challenger: address(0), outputs: one(7)}),
            Answer({answerer: answerer, challenger: challenger, outputs: one(7)})
        ];
        bytes memory reason = abi.encodeWithSelector(IInferenceRouter.OtherAnswer.selector, id);
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(reason);
            vm.prank(challenger);
            router.challenge(address(consumer), asked, offered, others[i]);
        }
        vm.warp(block.timestamp + WINDOW + 1);
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(reason);
            finalise(asked, others[i]);
        }
        vm.warp(block.timestamp - WINDOW - 1);
        accuse(asked, given);
        vm.warp(block.timestamp + PROOF_SECONDS + 1);
        others[2].challenger = stranger;
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(reason);
            router.forfeit(address(consumer), asked, offered, others[i]);
        }
    }
}
