// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {IOracleStaking} from "../../src/interfaces/IOracleStaking.sol";
import {Committee, Member} from "../../src/types/Oracles.sol";
import {Mode, Phase, Request, RequestId} from "../../src/types/Settlement.sol";
import {vm} from "../Vm.sol";
import {CommitteeFixture} from "./CommitteeFixture.sol";

/// @dev Who is drawn, when, and that nobody can choose it.
contract DrawsTest is CommitteeFixture {
    function test_not_before_the_randomness_is_known() public {
        Request memory asked = requestFor(Mode.Quorum);
        RequestId id = ask(asked);
        (uint40 since, uint64 round) = router.drawOf(id);
        vm.assertEq(since, block.timestamp, "when it was made");
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.NoRandomness.selector, round));
        router.draw(address(consumer), asked);
    }

    function test_only_a_quorum_request_is_drawn_and_once() public {
        Request memory asked = requestFor(Mode.Optimistic);
        ask(asked);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.WrongMode.selector, Mode.Quorum, Mode.Optimistic));
        router.draw(address(consumer), asked);
        asked = requestFor(Mode.Quorum);
        (RequestId id,) = drawn(asked);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.WrongPhase.selector, id, Phase.Drawn));
        router.draw(address(consumer), asked);
    }

    function test_not_after_the_deadline() public {
        Request memory asked = requestFor(Mode.Quorum);
        RequestId id = ask(asked);
        (, uint64 round) = router.drawOf(id);
        randomness.state(round, keccak256("random"));
        vm.warp(asked.deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.TooLate.selector, id, asked.deadline));
        router.draw(address(consumer), asked);
    }

    /// Whoever dislikes who would be drawn pays for waiting until nobody can be.
    function test_letting_a_draw_pass_is_not_free() public {
        Request memory asked = requestFor(Mode.Quorum);
        asked.fee = 100;
        RequestId id = ask(asked);
        vm.warp(asked.deadline + 1);
        router.refund(address(consumer), asked, offered, none());
        assertPhase(id, Phase.Refunded);
        assertGains(-25, 0, 0, 0);
        vm.assertEq(router.burned(), 25, "a quarter");
    }

    function test_nor_is_letting_the_randomness_be_lost() public {
        Request memory asked = requestFor(Mode.Quorum);
        asked.fee = 100;
        RequestId id = ask(asked);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.NothingToRefund.selector, id));
        router.refund(address(consumer), asked, offered, none());
        (, uint64 round) = router.drawOf(id);
        randomness.lose(round);
        router.refund(address(consumer), asked, offered, none());
        assertGains(-25, 0, 0, 0);
    }

    function test_but_of_a_revoked_version_all_comes_back() public {
        Request memory asked = requestFor(Mode.Quorum);
        asked.fee = 100;
        ask(asked);
        vm.prank(owner);
        registry.revoke(version, "biased");
        router.refund(address(consumer), asked, offered, none());
        assertGains(0, 0, 0, 0);
    }

    function test_too_little_free_stake_refunds_and_draws_nobody() public {
        // Five of ten operators leave: four committees of five leave too few others.
        for (uint256 i = 0; i < 6; ++i) {
            vm.startPrank(ownerAt(i));
            staking.giveUp(operatorAt(i), placesFrom(SEATS * i, SEATS));
            vm.stopPrank();
        }
        Request memory asked = requestFor(Mode.Quorum);
        RequestId id = ask(asked);
        (, uint64 round) = router.drawOf(id);
        randomness.state(round, keccak256("random"));
        router.draw(address(consumer), asked);
        assertPhase(id, Phase.Refunded);
        assertGains(0, 0, 0, 0);
        vm.assertEq(freeSeats(), 4 * SEATS, "all are free");
    }

    function test_no_stake_answers_for_two_requests() public {
        uint256[] memory taken = new uint256[](1024);
        for (uint256 i = 0; i < 9; ++i) {
            (, Committee memory committee) = drawn(requestFor(Mode.Quorum));
            for (uint256 j = 0; j < 5; ++j) {
                uint256 place = committee.members[j].placeOf();
                vm.assertEq(++taken[place], 1, "once");
            }
        }
        vm.assertEq(freeSeats(), OPERATORS * SEATS - 45, "the others");
    }

    function test_operators_are_drawn_as_often_as_they_have_seats() public {
        // One more with four times the seats of the others.
        enter(OPERATORS, 60, 4);
        addSeatsTo(OPERATORS, 64, 20);
        vm.warp(block.timestamp + 1);
        uint256 whale = 0;
        uint256 draws = 200;
        for (uint256 i = 0; i < draws; ++i) {
            Request memory asked = requestFor(Mode.Quorum);
            asked.callbackGas = 0;
            (RequestId id, Committee memory committee) = drawn(asked);
            for (uint256 j = 0; j < 5; ++j) {
                if (committee.members[j].operatorOf() == OPERATORS + 1) ++whale;
            }
            committees.agree(address(consumer), asked, committee, agreementOf(id, committee, one(7), 3));
        }
        // 24 of 84 seats: of five draws of different operators it is in one with probability 0.84.
        vm.assertTrue(whale > 150 && whale < 186, "in proportion");
    }

    /// Seats that are taken when the randomness may be known are not drawn with it.
    function test_seats_that_come_after_the_request_are_not_drawn() public {
        Request memory asked = requestFor(Mode.Quorum);
        ask(asked);
        // In the same second, and the first operator more of them: now none of its seats is.
        enter(OPERATORS, 60, 4);
        addSeatsTo(0, 64, 20);
        vm.warp(block.timestamp + 10);
        Committee memory committee = drawFor(asked);
        for (uint256 i = 0; i < 5; ++i) {
            uint32 operator = committee.members[i].operatorOf();
            vm.assertTrue(operator != OPERATORS + 1 && operator != 1, "too late");
        }
    }

    /// What is drawn does not depend on who joins or leaves in the meantime, but for those who were drawn and left.
    function testFuzz_nobody_is_drawn_by_what_others_do_meanwhile(uint256 salt, uint8 leaver, bool joins) public {
        Request memory asked = requestFor(Mode.Quorum);
        asked.salt = bytes32(salt);
        RequestId id = ask(asked);
        (, uint64 round) = router.drawOf(id);
        randomness.state(round, keccak256("random"));
        uint256 snapshot = vm.snapshotState();
        Member[] memory before = drawFor(asked).members;
        vm.revertToState(snapshot);

        vm.warp(block.timestamp + 1);
        uint256 gone = leaver % OPERATORS;
        vm.startPrank(ownerAt(gone));
        staking.giveUp(operatorAt(gone), placesFrom(SEATS * gone, SEATS));
        vm.stopPrank();
        if (joins) enter(OPERATORS, SEATS * gone, SEATS);
        Member[] memory afterwards = drawFor(asked).members;
        // Who was drawn before and is still there is drawn again.
        for (uint256 i = 0; i < before.length; ++i) {
            if (before[i].operatorOf() == gone + 1) continue;
            bool again = false;
            for (uint256 j = 0; j < afterwards.length; ++j) {
                if (Member.unwrap(afterwards[j]) == Member.unwrap(before[i])) again = true;
            }
            vm.assertTrue(again, "drawn again");
        }
    }

    function test_more_at_risk_than_the_committee_would_lose_is_refused() public {
        Request memory asked = requestFor(Mode.Quorum);
        // Three bonds, half of them.
        asked.valueAtRisk = 3 * SEAT_BOND / 2 + 1;
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceRouter.TooMuchAtRisk.selector, 3 * SEAT_BOND / 2, asked.valueAtRisk)
        );
        ask(asked);
        asked.valueAtRisk -= 1;
        ask(asked);
        // By a policy, more than that asks for a proof.
        asked = requestFor(Mode.Quorum);
        (asked.valueAtRisk, asked.proofAbove) = (3 * SEAT_BOND, 3 * SEAT_BOND / 2);
        RequestId id = ask(asked);
        (uint40 since,) = router.drawOf(id);
        vm.assertEq(since, 0, "not drawn");
    }

    function test_a_quorum_request_does_not_wait_longer_than_stake() public {
        Request memory asked = requestFor(Mode.Quorum);
        uint40 last = asked.deadline + 6 days;
        asked.deadline = last + 1;
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceRouter.DeadlineOutOfRange.selector, block.timestamp, last, asked.deadline)
        );
        ask(asked);
    }

    function test_a_quorum_is_of_more_than_half() public {
        uint8[2][4] memory bad = [[uint8(5), 2], [uint8(4), 2], [uint8(5), 6], [uint8(17), 17]];
        vm.startPrank(owner);
        for (uint256 i = 0; i < bad.length; ++i) {
            (offered.quorum.members, offered.quorum.threshold) = (bad[i][0], bad[i][1]);
            vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.BadQuorum.selector, 16, bad[i][0], bad[i][1]));
            router.offer(offered);
        }
        (offered.quorum.members, offered.quorum.threshold) = (0, 0);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.BadQuorum.selector, 16, 0, 0));
        router.offer(offered);
        (offered.quorum.members, offered.quorum.threshold, offered.quorum.commitSeconds) = (5, 3, 59);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.SecondsOutOfRange.selector, 60, 1 days, 59));
        router.offer(offered);
        // Of an offer without this mode it is not asked.
        (offered.modes, offered.quorum.members) = (3, 0);
        router.offer(offered);
        vm.stopPrank();
    }

    function addSeatsTo(uint256 i, uint256 first, uint256 count) private {
        vm.startPrank(ownerAt(i));
        coin.approve(address(staking), type(uint256).max);
        staking.addSeats(operatorAt(i), placesFrom(first, count));
        vm.stopPrank();
    }
}
