// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ICommittees} from "../../src/interfaces/ICommittees.sol";
import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {IOracleStaking} from "../../src/interfaces/IOracleStaking.sol";
import {Agreement, Commitment, Committee, Outcome, Reveal, Voice} from "../../src/types/Oracles.sol";
import {Mode, Phase, Proof, Request, RequestId} from "../../src/types/Settlement.sol";
import {vm, Vm} from "../Vm.sol";
import {CommitteeFixture} from "./CommitteeFixture.sol";

/// @dev Committees, from their draw to every end that they can have, and who has what then.
contract CommitteesTest is CommitteeFixture {
    uint128 private constant QUARTER = SEAT_BOND / 4;

    /// It is made of the calldata as they lie there.
    function testFuzz_a_committees_digest_is_of_its_abi_encoding(Committee memory any) public view {
        vm.assertEq(committees.digestOf(any), bytes26(keccak256(abi.encode(any))));
    }

    function test_members_are_different_operators_whose_seats_are_taken() public {
        (, Committee memory committee) = drawn(requestFor(Mode.Quorum));
        vm.assertEq(committee.members.length, 5, "members");
        for (uint256 i = 0; i < 5; ++i) {
            (uint32 operator, bool isFree) = staking.seatAt(committee.members[i].placeOf());
            vm.assertEq(uint256(operator), uint256(committee.members[i].operatorOf()), "whose");
            vm.assertFalse(isFree, "taken");
            for (uint256 j = 0; j < i; ++j) {
                vm.assertTrue(committee.members[j].operatorOf() != operator, "different");
            }
        }
        vm.assertEq(freeSeats(), OPERATORS * SEATS - 5, "free");
    }

    function test_what_enough_members_sign_together_is_final_and_paid() public {
        for (uint256 count = 3; count <= 5; ++count) {
            Request memory asked = requestFor(Mode.Quorum);
            asked.fee = 11;
            (RequestId id, Committee memory committee) = drawn(asked);
            uint128[] memory before = new uint128[](count);
            for (uint256 i = 0; i < count; ++i) {
                before[i] = earnedBy(committee.members[i].operatorOf());
            }
            committees.agree(address(consumer), asked, committee, agreementOf(id, committee, one(7), count));
            assertPhase(id, Phase.Final);
            vm.assertTrue(router.isFinal(id, one(7)), "final");
            vm.assertEq(consumer.last(), 7, "called back");
            vm.assertEq(freeSeats(), OPERATORS * SEATS, "all free again");
            for (uint256 i = 0; i < count; ++i) {
                uint256 share = 11 / count + (i == 0 ? 11 % count : 0);
                vm.assertEq(earnedBy(committee.members[i].operatorOf()) - before[i], share, "share");
            }
        }
        vm.assertEq(router.balanceOf(address(staking)), 33, "the fees");
    }

    function test_earnings_are_the_owners() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        committees.agree(address(consumer), asked, committee, agreementOf(id, committee, one(7), 5));
        uint32 operator = committee.members[2].operatorOf();
        address owner_ = ownerAt(operator - 1);
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.NotOwner.selector, operator, owner_, stranger));
        vm.prank(stranger);
        staking.withdrawEarnings(operator, stranger);
        vm.startPrank(owner_);
        staking.withdrawEarnings(operator, stranger);
        vm.assertEq(coin.balanceOf(stranger), 2, "a fifth of the fee");
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.NothingToWithdraw.selector, owner_));
        staking.withdrawEarnings(operator, stranger);
        vm.stopPrank();
    }

    function test_two_of_five_are_too_few() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        Agreement memory agreement = agreementOf(id, committee, one(7), 2);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.TooFewVoices.selector, 3, 2));
        committees.agree(address(consumer), asked, committee, agreement);
    }

    function test_no_member_speaks_twice_and_nobody_else_does() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        Agreement memory agreement = agreementOf(id, committee, one(7), 3);
        Voice memory second = agreement.voices[1];
        agreement.voices[2] = Voice(1, second.salt, second.r, second.vs);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.BadSeat.selector, id, uint8(1)));
        committees.agree(address(consumer), asked, committee, agreement);
        agreement.voices[2].seat = 5;
        vm.expectRevert(abi.encodeWithSelector(ICommittees.BadSeat.selector, id, uint8(5)));
        committees.agree(address(consumer), asked, committee, agreement);
        // Another member's words in one's own mouth.
        agreement.voices[2].seat = 2;
        vm.expectRevert(abi.encodeWithSelector(ICommittees.BadSignature.selector, id, uint8(0)));
        committees.agree(address(consumer), asked, committee, agreement);
    }

    /// Who had committed to something else and copies what others sign has no commitment that opens to it: nothing that it
    /// puts in the list is what the others signed.
    function test_a_copier_cannot_join_an_agreement() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        bytes32[] memory commits = new bytes32[](5);
        for (uint256 i = 0; i < 3; ++i) {
            commits[i] = committees.commitmentOf(id, committee.members[i], one(i == 2 ? int64(1) : int64(7)), saltOf(i));
        }
        bytes32 all = keccak256(abi.encodePacked(commits));
        Agreement memory agreement;
        (agreement.outputs, agreement.commits, agreement.voices) = (one(7), commits, new Voice[](3));
        for (uint8 i = 0; i < 3; ++i) {
            (bytes32 r, bytes32 vs) = compact(keyOf(committee.members[i]), committees.agreementDigest(id, one(7), all));
            agreement.voices[i] = Voice(i, saltOf(i), r, vs);
        }
        vm.expectRevert(abi.encodeWithSelector(ICommittees.BadSignature.selector, id, uint8(0)));
        committees.agree(address(consumer), asked, committee, agreement);
    }

    function test_an_agreement_is_of_one_request_and_its_outputs() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        Agreement memory agreement = agreementOf(id, committee, one(7), 3);
        agreement.outputs = one(8);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.BadSignature.selector, id, uint8(0)));
        committees.agree(address(consumer), asked, committee, agreement);

        Request memory other = requestFor(Mode.Quorum);
        RequestId otherId = ask(other);
        agreement.outputs = one(7);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.BadSignature.selector, otherId, uint8(0)));
        committees.agree(address(consumer), other, committee, agreement);
        // A committee that was not drawn.
        agreement = agreementOf(otherId, committee, one(7), 3);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.WrongPhase.selector, otherId, Phase.Open));
        committees.agree(address(consumer), other, committee, agreement);
        committee.threshold = 1;
        agreement = agreementOf(id, committee, one(7), 1);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.OtherAnswer.selector, id));
        committees.agree(address(consumer), asked, committee, agreement);
    }

    function test_not_after_the_time_to_reveal() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        Agreement memory agreement = agreementOf(id, committee, one(7), 3);
        vm.warp(committee.revealUntil + 1);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.RevealsTooLate.selector, id, committee.revealUntil));
        committees.agree(address(consumer), asked, committee, agreement);
    }

    function test_members_who_cannot_answer_give_the_fee_back() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        committees.agree(address(consumer), asked, committee, agreementOf(id, committee, new int64[](0), 3));
        assertPhase(id, Phase.Refunded);
        assertGains(0, 0, 0, 0);
        vm.assertEq(freeSeats(), OPERATORS * SEATS, "all free again");
    }

    function test_on_the_chain_who_agrees_is_paid_and_who_is_silent_is_slashed() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        (int64[][] memory said, bool[] memory speaks) = fives([int64(7), 7, 8, 7, -1]);
        sayOnChain(id, committee, said, speaks);
        vm.warp(committee.revealUntil + 1);
        vm.prank(accuser);
        committees.close(address(consumer), asked, committee, said);
        vm.assertTrue(router.isFinal(id, one(7)), "final");
        vm.assertEq(earnedBy(committee.members[0].operatorOf()), 4, "first, with the rest");
        vm.assertEq(earnedBy(committee.members[3].operatorOf()), 3, "another");
        vm.assertEq(earnedBy(committee.members[2].operatorOf()), 0, "outvoted, and no more");
        vm.assertEq(seatsOf(committee.members[2].operatorOf()), SEATS, "outvoted, and no more");
        uint32 silent = committee.members[4].operatorOf();
        vm.assertEq(seatsOf(silent), SEATS - 1, "lost its seat");
        vm.assertEq(unbondingOf(silent), SEAT_BOND - QUARTER, "but a quarter");
        vm.assertEq(staking.rewardsOf(accuser), QUARTER / 2, "half of it");
        vm.assertEq(staking.burned(), QUARTER - QUARTER / 2, "half of it");
        vm.assertEq(freeSeats(), OPERATORS * SEATS - 1, "the others are free");
    }

    function test_who_commits_and_does_not_reveal_is_silent() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        (int64[][] memory said, bool[] memory speaks) = fives([int64(7), 7, 7, 7, -1]);
        Commitment[] memory commitments = new Commitment[](1);
        commitments[0] = commitmentBy(id, committee, 4, one(7));
        committees.commit(id, committee, commitments);
        sayOnChain(id, committee, said, speaks);
        vm.warp(committee.revealUntil + 1);
        committees.close(address(consumer), asked, committee, said);
        vm.assertEq(seatsOf(committee.members[4].operatorOf()), SEATS - 1, "slashed");
    }

    function test_a_committee_of_which_all_have_revealed_is_closed_at_once() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        (int64[][] memory said, bool[] memory speaks) = fives([int64(7), 7, 7, 7, 7]);
        sayOnChain(id, committee, said, speaks);
        committees.close(address(consumer), asked, committee, said);
        assertPhase(id, Phase.Final);
    }

    function test_not_closed_while_somebody_may_still_reveal() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        (int64[][] memory said, bool[] memory speaks) = fives([int64(7), 7, 7, 7, -1]);
        sayOnChain(id, committee, said, speaks);
        vm.warp(committee.revealUntil);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.ClosedTooEarly.selector, id, committee.revealUntil));
        committees.close(address(consumer), asked, committee, said);
    }

    function test_a_divided_committee_leaves_the_request_to_a_proof() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        (int64[][] memory said, bool[] memory speaks) = fives([int64(7), 7, 8, 8, 9]);
        sayOnChain(id, committee, said, speaks);
        committees.close(address(consumer), asked, committee, said);
        assertPhase(id, Phase.Open);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.AlreadyDrawn.selector, id));
        router.draw(address(consumer), asked);
        proveBy(prover, asked, none(), 7);
        assertPhase(id, Phase.Final);
        vm.assertEq(gainOf(prover), 10, "paid");
    }

    function test_without_a_proof_it_is_refunded_whole_after_its_deadline() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        vm.warp(committee.revealUntil + 1);
        committees.close(address(consumer), asked, committee, new int64[][](5));
        assertPhase(id, Phase.Open);
        vm.warp(asked.deadline + 1);
        router.refund(address(consumer), asked, offered, none());
        assertGains(0, 0, 0, 0);
    }

    function test_a_committee_that_ends_after_the_deadline_refunds() public {
        Request memory asked = requestFor(Mode.Quorum);
        RequestId id = ask(asked);
        vm.warp(asked.deadline);
        Committee memory committee = drawFor(asked);
        vm.warp(committee.revealUntil + 1);
        committees.close(address(consumer), asked, committee, new int64[][](5));
        assertPhase(id, Phase.Refunded);
        assertGains(0, 0, 0, 0);
    }

    function test_nothing_is_revealed_that_was_not_committed_to() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        Commitment[] memory commitments = new Commitment[](1);
        commitments[0] = commitmentBy(id, committee, 0, one(7));
        committees.commit(id, committee, commitments);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.AlreadyCommitted.selector, id, uint8(0)));
        committees.commit(id, committee, commitments);
        Reveal[] memory reveals = new Reveal[](1);
        reveals[0] = Reveal(0, saltOf(0), one(7));
        vm.expectRevert(abi.encodeWithSelector(ICommittees.RevealsTooEarly.selector, id, committee.commitUntil));
        committees.reveal(id, committee, reveals);
        vm.warp(committee.commitUntil + 1);
        reveals[0].outputs = one(8);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.OtherCommitment.selector, id, uint8(0)));
        committees.reveal(id, committee, reveals);
        reveals[0] = Reveal(1, saltOf(1), one(7));
        vm.expectRevert(abi.encodeWithSelector(ICommittees.NotCommitted.selector, id, uint8(1)));
        committees.reveal(id, committee, reveals);
        commitments[0] = commitmentBy(id, committee, 1, one(7));
        vm.expectRevert(abi.encodeWithSelector(ICommittees.CommitsTooLate.selector, id, committee.commitUntil));
        committees.commit(id, committee, commitments);
        vm.warp(committee.revealUntil + 1);
        reveals[0] = Reveal(0, saltOf(0), one(7));
        vm.expectRevert(abi.encodeWithSelector(ICommittees.RevealsTooLate.selector, id, committee.revealUntil));
        committees.reveal(id, committee, reveals);
    }

    function test_a_commitment_is_the_members() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        Commitment[] memory commitments = new Commitment[](1);
        commitments[0] = commitmentBy(id, committee, 0, one(7));
        commitments[0].seat = 1;
        vm.expectRevert(abi.encodeWithSelector(ICommittees.BadSignature.selector, id, uint8(1)));
        committees.commit(id, committee, commitments);
        (commitments[0].r, commitments[0].vs) = (0, 0);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.BadSignature.selector, id, uint8(1)));
        committees.commit(id, committee, commitments);
    }

    function test_closed_only_with_what_was_revealed_and_by_the_committee_that_was_drawn() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        (int64[][] memory said, bool[] memory speaks) = fives([int64(7), 7, 7, 7, 7]);
        sayOnChain(id, committee, said, speaks);
        int64[][] memory others = said;
        others[1] = one(8);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.OtherReveal.selector, id, uint8(1)));
        committees.close(address(consumer), asked, committee, others);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.LengthMismatch.selector, 5, 4));
        committees.close(address(consumer), asked, committee, new int64[][](4));
        committee.threshold = 1;
        vm.expectRevert(abi.encodeWithSelector(ICommittees.OtherCommittee.selector, id));
        committees.close(address(consumer), asked, committee, said);
    }

    function test_members_of_a_feed_agree_together() public {
        tolerate(2);
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        committees.agree(address(consumer), asked, committee, feedOf(id, committee, [int64(102), 100, 1, 101, 999]));
        vm.assertTrue(router.isFinal(id, one(101)), "the median");
        uint128[5] memory expected = [uint128(4), 3, 0, 3, 0];
        for (uint256 i = 0; i < 5; ++i) {
            vm.assertEq(earnedBy(committee.members[i].operatorOf()), expected[i], "who was near");
        }
        vm.assertEq(freeSeats(), SEATS * OPERATORS, "all are free again");
    }

    /// Who posts could choose, by leaving voices out, whose values the median is of.
    function test_of_a_feed_no_voice_is_left_out() public {
        tolerate(2);
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        Agreement memory agreement = feedOf(id, committee, [int64(102), 100, 101, 101, 101]);
        Voice[] memory voices = agreement.voices;
        agreement.voices = new Voice[](4);
        for (uint256 i = 0; i < 4; ++i) {
            agreement.voices[i] = voices[i];
        }
        vm.expectRevert(abi.encodeWithSelector(ICommittees.TooFewVoices.selector, 5, 4));
        committees.agree(address(consumer), asked, committee, agreement);
        // Nor is one heard twice in its place.
        agreement.voices = voices;
        agreement.voices[4] = voices[3];
        vm.expectRevert(abi.encodeWithSelector(ICommittees.BadSeat.selector, id, uint8(3)));
        committees.agree(address(consumer), asked, committee, agreement);
    }

    function test_a_feeds_voices_say_each_their_own_output() public {
        tolerate(2);
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        Agreement memory agreement = feedOf(id, committee, [int64(102), 100, 101, 101, 101]);
        agreement.outputs[2] = 100;
        // The commitment that follows from it is in nobody's list.
        vm.expectRevert(abi.encodeWithSelector(ICommittees.BadSignature.selector, id, uint8(0)));
        committees.agree(address(consumer), asked, committee, agreement);
        int64[] memory four = new int64[](4);
        agreement.outputs = four;
        vm.expectRevert(abi.encodeWithSelector(ICommittees.LengthMismatch.selector, 5, 4));
        committees.agree(address(consumer), asked, committee, agreement);
    }

    function test_a_feed_that_is_divided_is_not_agreed_on() public {
        tolerate(2);
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        Agreement memory agreement = feedOf(id, committee, [int64(10), 20, 30, 31, 40]);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.TooFewVoices.selector, 3, 2));
        committees.agree(address(consumer), asked, committee, agreement);
    }

    function test_members_of_a_feed_who_cannot_answer_agree_as_others_do() public {
        tolerate(2);
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        committees.agree(address(consumer), asked, committee, agreementOf(id, committee, new int64[](0), 3));
        assertPhase(id, Phase.Refunded);
    }

    /// With less than half of them false, the median is an honest value or between two, whoever posts.
    function testFuzz_a_feeds_answer_is_between_honest_values(int32 low, uint8 spread, int64[2] memory lies) public {
        tolerate(1000);
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        int64[5] memory said = [lies[0], low, lies[1], low, low];
        said[3] += int64(uint64(spread));
        said[4] += int64(uint64(spread / 2));
        Agreement memory agreement = feedOf(id, committee, said);
        vm.recordLogs();
        committees.agree(address(consumer), asked, committee, agreement);
        // The router's: what is final.
        Vm.Log memory last = vm.getRecordedLogs()[1];
        vm.assertEq(last.topics[0], IInferenceRouter.Finalised.selector);
        (, int64[] memory outputs) = abi.decode(last.data, (address, int64[]));
        vm.assertTrue(outputs[0] >= said[1] && outputs[0] <= said[3], "between honest values");
    }

    function test_values_near_the_median_agree() public {
        tolerate(2);
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        (int64[][] memory said, bool[] memory speaks) = fives([int64(102), 100, 1, 101, 999]);
        sayOnChain(id, committee, said, speaks);
        committees.close(address(consumer), asked, committee, said);
        vm.assertTrue(router.isFinal(id, one(101)), "the median");
        uint128[5] memory expected = [uint128(4), 3, 0, 3, 0];
        for (uint256 i = 0; i < 5; ++i) {
            vm.assertEq(earnedBy(committee.members[i].operatorOf()), expected[i], "who was near");
        }
    }

    function test_values_too_far_apart_do_not() public {
        tolerate(2);
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        (int64[][] memory said, bool[] memory speaks) = fives([int64(10), 20, 30, 31, 90]);
        sayOnChain(id, committee, said, speaks);
        committees.close(address(consumer), asked, committee, said);
        assertPhase(id, Phase.Open);
    }

    /// Of what a committee says, whatever its values: an answer is within the range of what honest members say.
    function testFuzz_a_minority_cannot_move_the_median_out(int64[5] memory values, int64 lie, int64 other) public {
        tolerate(type(uint64).max);
        Request memory asked = requestFor(Mode.Quorum);
        asked.callbackGas = 0;
        (RequestId id, Committee memory committee) = drawn(asked);
        (int64[][] memory said, bool[] memory speaks) = (new int64[][](5), new bool[](5));
        (int64 least, int64 most) = (type(int64).max, type(int64).min);
        for (uint256 i = 0; i < 5; ++i) {
            (said[i], speaks[i]) = (one(i == 0 ? lie : i == 1 ? other : values[i]), true);
            if (i < 2) continue;
            if (values[i] < least) least = values[i];
            if (values[i] > most) most = values[i];
        }
        sayOnChain(id, committee, said, speaks);
        committees.close(address(consumer), asked, committee, said);
        bool found = false;
        for (uint256 i = 0; i < 5; ++i) {
            int64 value = said[i][0];
            if (router.isFinal(id, said[i])) found = value >= least && value <= most;
        }
        vm.assertTrue(found, "between honest ones");
    }

    function test_of_a_revoked_version_everybody_is_let_go() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        vm.prank(owner);
        registry.revoke(version, "biased");
        Agreement memory agreement = agreementOf(id, committee, one(7), 5);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.VersionRevoked.selector, version));
        committees.agree(address(consumer), asked, committee, agreement);
        committees.close(address(consumer), asked, committee, new int64[][](0));
        assertPhase(id, Phase.Refunded);
        assertGains(0, 0, 0, 0);
        vm.assertEq(freeSeats(), OPERATORS * SEATS, "nobody is slashed");
    }

    function test_a_proof_overrules_a_committee() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        (int64[][] memory said, bool[] memory speaks) = fives([int64(7), 8, 8, 8, -1]);
        sayOnChain(id, committee, said, speaks);
        overruleBy(prover, asked, committee, said, 7);
        assertPhase(id, Phase.Final);
        vm.assertEq(consumer.last(), 7, "the proved one");
        vm.assertEq(gainOf(prover), 10, "the fee");
        for (uint256 i = 1; i < 4; ++i) {
            uint32 operator = committee.members[i].operatorOf();
            vm.assertEq(seatsOf(operator), SEATS - 1, "lost its seat");
            vm.assertEq(unbondingOf(operator), 0, "and all of its bond");
        }
        vm.assertEq(staking.rewardsOf(prover), 3 * (SEAT_BOND / 2), "half of them");
        vm.assertEq(freeSeats(), OPERATORS * SEATS - 3, "who was right or silent is free");
    }

    function test_a_committee_that_is_overruled_has_to_be_the_requests() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        committee.members[0] = committee.members[1];
        Proof memory proof = proofOf(asked, 7, prover);
        vm.startPrank(prover);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.OtherAnswer.selector, id));
        router.overrule(address(consumer), asked, offered, committee, new int64[][](5), one(7), proof);
        // And a proof alone does not pass a committee by.
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.WrongPhase.selector, id, Phase.Drawn));
        router.prove(address(consumer), asked, offered, none(), one(7), proof);
        vm.stopPrank();
    }

    function test_only_the_router_draws_and_overrules_and_only_staking_concludes() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        bytes memory notRouter = abi.encodeWithSelector(IOracleStaking.NotRouter.selector, address(this));
        vm.expectRevert(notRouter);
        staking.draw(id, 0, 1, offered.quorum);
        vm.expectRevert(notRouter);
        staking.overrule(id, committee, new int64[][](5), one(7), address(this));
        bytes26 digest = committees.digestOf(committee);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.NotStaking.selector, address(this)));
        router.conclude(address(consumer), asked, digest, Outcome.Agreed, one(7));
    }

    /// Offers the same, of a model that is not exact.
    function tolerate(uint64 tolerance) private {
        offered.quorum.tolerance = tolerance;
        vm.prank(owner);
        router.offer(offered);
    }
}
