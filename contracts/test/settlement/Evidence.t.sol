// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ICommittees} from "../../src/interfaces/ICommittees.sol";
import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {IOracleStaking} from "../../src/interfaces/IOracleStaking.sol";
import {Committee, Member, Saying, Signed} from "../../src/types/Oracles.sol";
import {Mode, Proof, Request, RequestId} from "../../src/types/Settlement.sol";
import {vm} from "../Vm.sol";
import {CommitteeFixture} from "./CommitteeFixture.sol";

/// @dev What operators answer for after their seats are free: two answers to one request, and answers that a proof contradicts.
contract EvidenceTest is CommitteeFixture {
    bytes32 private constant COMMITS = keccak256("commits");
    uint256 private constant HALF = SEAT_BOND / 2;

    function test_two_signed_answers_cost_a_whole_bond() public {
        (RequestId id, Committee memory committee) = drawn(requestFor(Mode.Quorum));
        Member liar = committee.members[0];
        (Signed memory one_, Signed memory other) = both(id, liar);
        vm.prank(accuser);
        committees.equivocated(id, one_, other);
        uint32 operator = liar.operatorOf();
        vm.assertEq(staking.debtsOf(operator), 1, "owes");
        staking.collectDebt(operator, freeSeatOf(operator));
        vm.assertEq(staking.debtsOf(operator), 0, "paid");
        vm.assertEq(seatsOf(operator), SEATS - 1, "a seat");
        vm.assertEq(unbondingOf(operator), 0, "all of it");
        vm.assertEq(staking.rewardsOf(accuser), HALF, "half");
        vm.assertEq(staking.burned(), SEAT_BOND - HALF, "half");
        vm.prank(accuser);
        staking.withdrawRewards(stranger);
        vm.assertEq(coin.balanceOf(stranger), HALF, "to whom it says");
    }

    function test_only_once_for_a_request() public {
        (RequestId id, Committee memory committee) = drawn(requestFor(Mode.Quorum));
        Member liar = committee.members[0];
        (Signed memory one_, Signed memory other) = both(id, liar);
        committees.equivocated(id, one_, other);
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.AlreadyPunished.selector, id, liar.operatorOf()));
        committees.equivocated(id, other, one_);
    }

    /// The list of who committed may change from one try to the next; what a member says may not.
    function test_the_same_answer_under_two_lists_is_none() public {
        (RequestId id, Committee memory committee) = drawn(requestFor(Mode.Quorum));
        Signed memory one_ = saying(id, committee.members[0], one(7), COMMITS);
        Signed memory again = saying(id, committee.members[0], one(7), keccak256("others"));
        vm.expectRevert(abi.encodeWithSelector(ICommittees.NoEquivocation.selector, id));
        committees.equivocated(id, one_, again);
    }

    function test_two_members_words_are_none() public {
        (RequestId id, Committee memory committee) = drawn(requestFor(Mode.Quorum));
        Signed memory one_ = saying(id, committee.members[0], one(7), COMMITS);
        Signed memory other = saying(id, committee.members[1], one(8), COMMITS);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.NoEquivocation.selector, id));
        committees.equivocated(id, one_, other);
    }

    /// Nor are answers to two requests, which recover to somebody else.
    function test_two_requests_are_none() public {
        (RequestId id, Committee memory committee) = drawn(requestFor(Mode.Quorum));
        RequestId another = ask(requestFor(Mode.Quorum));
        Signed memory one_ = saying(id, committee.members[0], one(7), COMMITS);
        Signed memory other = saying(another, committee.members[0], one(8), COMMITS);
        vm.expectPartialRevert(ICommittees.UnknownSigner.selector);
        committees.equivocated(id, one_, other);
    }

    function test_a_stranger_cannot_be_accused() public {
        (RequestId id,) = drawn(requestFor(Mode.Quorum));
        (bytes32 r, bytes32 vs) = compact(0xBAD, committees.agreementDigest(id, one(7), COMMITS));
        Signed memory one_ = Signed(one(7), COMMITS, r, vs);
        (r, vs) = compact(0xBAD, committees.agreementDigest(id, one(8), COMMITS));
        vm.expectRevert(abi.encodeWithSelector(ICommittees.UnknownSigner.selector, vm.addr(0xBAD)));
        committees.equivocated(id, one_, Signed(one(8), COMMITS, r, vs));
    }

    function test_another_key_does_not_help() public {
        (RequestId id, Committee memory committee) = drawn(requestFor(Mode.Quorum));
        Member liar = committee.members[0];
        (Signed memory one_, Signed memory other) = both(id, liar);
        uint32 operator = liar.operatorOf();
        vm.prank(ownerAt(operator - 1));
        staking.setKeys(operator, vm.addr(0xF00), bytes32(uint256(1)));
        committees.equivocated(id, one_, other);
        vm.assertEq(staking.debtsOf(operator), 1, "owes");
    }

    function test_what_a_proof_contradicts_is_paid_for_after_it_was_final() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        bytes32[] memory commits = new bytes32[](5);
        for (uint256 i = 0; i < 3; ++i) {
            commits[i] = committees.commitmentOf(id, committee.members[i], one(8), saltOf(i));
        }
        committees.agree(address(consumer), asked, committee, agreementOf(id, committee, one(8), 3));
        vm.assertTrue(router.isFinal(id, one(8)), "a wrong answer");
        Saying[] memory sayings = new Saying[](3);
        for (uint256 i = 0; i < 3; ++i) {
            sayings[i] = Saying(0, saying(id, committee.members[i], one(8), keccak256(abi.encodePacked(commits))));
        }
        contradictBy(prover, asked, 7, sayings);
        for (uint256 i = 0; i < 3; ++i) {
            uint32 operator = committee.members[i].operatorOf();
            staking.collectDebt(operator, freeSeatOf(operator));
            vm.assertEq(seatsOf(operator), SEATS - 1, "a seat");
        }
        vm.assertEq(staking.rewardsOf(prover), 3 * HALF, "half of three");
    }

    function test_so_is_what_was_revealed_on_the_chain() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        (int64[][] memory said, bool[] memory speaks) = fives([int64(8), 8, 8, 7, -1]);
        sayOnChain(id, committee, said, speaks);
        vm.warp(committee.revealUntil + 1);
        committees.close(address(consumer), asked, committee, said);
        Saying[] memory sayings = new Saying[](1);
        sayings[0] = Saying(committee.members[1].operatorOf(), Signed(one(8), 0, 0, 0));
        contradictBy(prover, asked, 7, sayings);
        vm.assertEq(staking.debtsOf(committee.members[1].operatorOf()), 1, "owes");
        // Who was right, who was silent, and who said something else, are not.
        uint32[3] memory innocent =
            [committee.members[3].operatorOf(), committee.members[4].operatorOf(), committee.members[0].operatorOf()];
        for (uint256 i = 0; i < 3; ++i) {
            sayings[0] = Saying(innocent[i], Signed(one(i == 2 ? int64(9) : int64(7)), 0, 0, 0));
            vm.expectRevert(abi.encodeWithSelector(ICommittees.NotContradicted.selector, id, innocent[i]));
            this.contradictBy(prover, asked, 7, sayings);
        }
    }

    function test_nothing_without_a_proof_for_the_accuser() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        Saying[] memory sayings = new Saying[](1);
        sayings[0] = Saying(0, saying(id, committee.members[0], one(8), COMMITS));
        Proof memory proof = proofOf(asked, 7, prover);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.NotProved.selector, id));
        vm.prank(accuser);
        committees.contradict(address(consumer), asked, offered, one(7), proof, sayings);
    }

    /// Who says that it cannot answer says nothing that a proof contradicts; who says the same as the proof neither.
    function test_nobody_is_accused_of_silence_or_of_the_truth() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        uint32 operator = committee.members[0].operatorOf();
        Saying[] memory sayings = new Saying[](1);
        int64[][2] memory said = [new int64[](0), one(7)];
        for (uint256 i = 0; i < 2; ++i) {
            sayings[0] = Saying(0, saying(id, committee.members[0], said[i], COMMITS));
            vm.expectRevert(abi.encodeWithSelector(ICommittees.NotContradicted.selector, id, operator));
            this.contradictBy(prover, asked, 7, sayings);
        }
    }

    /// Two signed answers by a member, while its committee is at work, must not keep a proof from settling the request.
    function test_who_owes_already_does_not_keep_a_proof_out() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        (int64[][] memory said, bool[] memory speaks) = fives([int64(8), 7, 7, 7, 7]);
        sayOnChain(id, committee, said, speaks);
        (Signed memory one_, Signed memory other) = both(id, committee.members[0]);
        committees.equivocated(id, one_, other);
        overruleBy(prover, asked, committee, said, 7);
        uint32 operator = committee.members[0].operatorOf();
        vm.assertEq(seatsOf(operator), SEATS, "pays once");
        staking.collectDebt(operator, freeSeatOf(operator));
        vm.assertEq(seatsOf(operator), SEATS - 1, "pays once");
    }

    function test_debts_come_before_withdrawals() public {
        (RequestId id, Committee memory committee) = drawn(requestFor(Mode.Quorum));
        Member liar = committee.members[0];
        uint32 operator = liar.operatorOf();
        address owner_ = ownerAt(operator - 1);
        uint16[] memory place = new uint16[](1);
        place[0] = freeSeatOf(operator);
        vm.prank(owner_);
        staking.giveUp(operator, place);
        (Signed memory one_, Signed memory other) = both(id, liar);
        vm.prank(accuser);
        committees.equivocated(id, one_, other);
        vm.warp(block.timestamp + UNBONDING);
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.InDebt.selector, operator, 1));
        vm.prank(owner_);
        staking.withdrawBonds(operator, owner_);
        // From what waits, whatever place is named.
        staking.collectDebt(operator, 999);
        vm.assertEq(unbondingOf(operator), 0, "all of it");
        vm.assertEq(staking.rewardsOf(accuser), HALF, "half");
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.NoDebt.selector, operator));
        staking.collectDebt(operator, 999);
    }

    function test_a_debt_is_not_collected_from_somebody_else() public {
        (RequestId id, Committee memory committee) = drawn(requestFor(Mode.Quorum));
        (Signed memory one_, Signed memory other) = both(id, committee.members[0]);
        committees.equivocated(id, one_, other);
        uint32 operator = committee.members[0].operatorOf();
        uint32 innocent = operator == 1 ? 2 : operator - 1;
        uint16 place = freeSeatOf(innocent);
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.NotFree.selector, place, operator, innocent));
        staking.collectDebt(operator, place);
    }

    function contradictBy(address sender, Request memory asked, int64 output, Saying[] memory sayings) public {
        Proof memory proof = proofOf(asked, output, sender);
        vm.prank(sender);
        committees.contradict(address(consumer), asked, offered, one(output), proof, sayings);
    }

    function both(RequestId id, Member member) private view returns (Signed memory, Signed memory) {
        return (saying(id, member, one(7), COMMITS), saying(id, member, one(8), COMMITS));
    }
}
