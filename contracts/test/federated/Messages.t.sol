// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../../src/interfaces/IFederatedTask.sol";
import {IRobustWeights} from "../../src/interfaces/IRobustWeights.sol";
import {Aggregation, Outcome, Reveal, Scores, SignedCommit, TaskPhase} from "../../src/types/Federated.sol";
import {Wallet} from "../mocks/Wallets.sol";
import {vm} from "../Vm.sol";
import {TaskFixture} from "./TaskFixture.sol";

/// @dev Messages of a round that are early, late, twice, somebody else's, of another round, too long or of no points.
contract MessagesTest is TaskFixture {
    function wrong(TaskPhase expected, TaskPhase got) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederatedTask.WrongPhase.selector, expected, got);
    }

    function one(Reveal memory said) private pure returns (Reveal[] memory all) {
        all = new Reveal[](1);
        all[0] = said;
    }

    function late() private view returns (bytes memory) {
        (,, uint40 until,,,) = task.standing();
        return abi.encodeWithSelector(IFederatedTask.TooLate.selector, until);
    }

    function test_Commits() public {
        joins(5);
        vm.prank(member(0));
        vm.expectRevert(wrong(TaskPhase.Commit, TaskPhase.Idle));
        task.commit("early");
        task.open();
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotSelected.selector, stranger, 1));
        vm.prank(stranger);
        task.commit("outsider");
        commits(member(0));
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.AlreadyCommitted.selector, member(0), 1));
        vm.prank(member(0));
        task.commit("twice");
        // Who joins now takes part in the next round.
        fund(member(7));
        vm.prank(member(7));
        task.join("");
        vm.assertFalse(task.isSelected(member(7)), "joined too late");
        vm.prank(member(7));
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotSelected.selector, member(7), 1));
        task.commit("too late");
        vm.expectRevert(wrong(TaskPhase.Idle, TaskPhase.Commit));
        task.open();
        Reveal[] memory early = one(revealOf(member(0)));
        vm.expectRevert(wrong(TaskPhase.Reveal, TaskPhase.Commit));
        task.reveal(early);
        pass();
        bytes memory refused = late();
        vm.prank(member(1));
        vm.expectRevert(refused);
        task.commit("late");
    }

    function test_SignedCommits() public {
        joins(4);
        Wallet wallet = new Wallet(member(4));
        fund(address(wallet));
        vm.prank(address(wallet));
        task.join("");
        task.open();
        SignedCommit[] memory all = new SignedCommit[](3);
        all[0] = signedCommit(keyOf(0), keccak256("0"));
        all[1] = signedCommit(keyOf(1), keccak256("1"));
        all[2] = SignedCommit({
            account: address(wallet),
            digest: keccak256("wallet"),
            signature: signed(keyOf(4), task.commitDigest(1, keccak256("wallet")))
        });
        bytes memory good = all[1].signature;
        all[1].signature = signed(keyOf(2), task.commitDigest(1, all[1].digest));
        bytes memory refused = abi.encodeWithSelector(IFederatedTask.InvalidSignature.selector, member(1));
        vm.expectRevert(refused);
        task.commitSigned(all);
        all[1].signature = signed(keyOf(1), task.commitDigest(2, all[1].digest));
        vm.expectRevert(refused);
        task.commitSigned(all);
        all[1].signature = new bytes(32_769);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.SignatureTooLong.selector, 32_768, 32_769));
        task.commitSigned(all);
        all[1].signature = good;
        // One who sends its own first, or leaves, spoils nobody's.
        vm.prank(member(0));
        task.commit(keccak256("own"));
        vm.prank(member(1));
        task.quit();
        vm.prank(stranger);
        task.commitSigned(all);
        (uint16 in0, bytes26 word0,,) = task.wordsOf(member(0));
        (uint16 in1,,,) = task.wordsOf(member(1));
        (uint16 in2,,,) = task.wordsOf(address(wallet));
        vm.assertTrue(in0 == 1 && word0 == bytes26(keccak256("own")), "its own");
        vm.assertTrue(in1 == 0 && in2 == 1, "left; a wallet's");
    }

    function test_Reveals() public {
        joins(5);
        task.open();
        for (uint256 i = 0; i < 4; ++i) {
            commits(member(i));
        }
        pass();
        Reveal memory said = revealOf(member(4));
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotCommitted.selector, member(4), 1));
        task.reveal(one(said));
        said = revealOf(member(0));
        said.salt = 0;
        vm.expectPartialRevert(IFederatedTask.OtherCommitment.selector);
        task.reveal(one(said));
        said = revealOf(member(0));
        said.account = member(1);
        vm.expectPartialRevert(IFederatedTask.OtherCommitment.selector);
        task.reveal(one(said));
        said = revealOf(member(0));
        said.points = bytes.concat(said.points, point(1));
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.OtherLength.selector, 128, 192));
        task.reveal(one(said));
        said = revealOf(member(0));
        said.cumulative = said.points;
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.OtherLength.selector, 0, 128));
        task.reveal(one(said));
        // By anybody; a second time nothing happens.
        said = revealOf(member(0));
        vm.prank(stranger);
        task.reveal(one(said));
        task.reveal(one(said));
        (,,, uint16 count,,) = task.standing();
        vm.assertEq(count, 1);
        pass();
        Reveal[] memory said1 = one(revealOf(member(1)));
        bytes memory refused = late();
        vm.expectRevert(refused);
        task.reveal(said1);
    }

    /// Off the curve, or beyond the field.
    function test_PointsThatAreNone(uint8 kind) public {
        joins(5);
        task.open();
        Reveal memory said = revealOf(member(0));
        uint256 field = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;
        bytes memory bad;
        if (kind % 3 == 0) bad = abi.encode(uint256(1), uint256(3));
        else if (kind % 3 == 1) bad = abi.encode(field + 1, uint256(2));
        else bad = abi.encode(uint256(1), field + 2);
        said.points = bytes.concat(point(5), bad);
        bytes32 digest = digestOf(said);
        vm.prank(member(0));
        task.commit(digest);
        pass();
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.BadPoint.selector, 1));
        task.reveal(one(said));
    }

    /// What was revealed before is what the next one is added to, and nothing else.
    function test_CumulativesAreTheSums() public {
        joins(5);
        trains(5);
        settles(aggregates(5));
        task.open();
        for (uint256 i = 0; i < 5; ++i) {
            commits(member(i));
        }
        pass();
        Reveal memory said = revealOf(member(0));
        said.cumulative = "";
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.OtherLength.selector, 128, 0));
        task.reveal(one(said));
        said = revealOf(member(0));
        said.cumulative = pointsOf(sums[member(1)]);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.OtherReveal.selector, member(0)));
        task.reveal(one(said));
        said = revealOf(member(0));
        said.last = records[member(1)];
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.OtherReveal.selector, member(0)));
        task.reveal(one(said));
        for (uint256 i = 0; i < 5; ++i) {
            reveals(member(i));
        }
        pass();
        task.advance();
        pass();
        settles(aggregates(5));
    }

    /// One that dropped out of a round comes back with what it has.
    function test_ReturningAfterDroppingOut() public {
        joins(5);
        trains(5);
        settles(aggregates(5));
        trains(4);
        settles(aggregates(4));
        trains(5);
        settles(aggregates(5));
        vm.assertEq(round(), 3);
    }

    function test_Aggregations() public {
        joins(5);
        trains(4);
        refuse(
            provenBy(aggregator, aggregationOf(ascending(5))),
            abi.encodeWithSelector(IFederatedTask.OtherLength.selector, 4, 5)
        );
        Aggregation memory made = aggregationOf(ascending(4));
        made.accounts[1] = made.accounts[0];
        refuse(made, abi.encodeWithSelector(IFederatedTask.NotAscending.selector, made.accounts[0]));
        made = aggregationOf(ascending(4));
        made.accounts[3] = stranger;
        refuseAny(made);
        made = aggregationOf(ascending(4));
        made.evidence[2] = 0;
        refuse(made, abi.encodeWithSelector(IFederatedTask.OtherReveal.selector, made.accounts[2]));
        made = aggregationOf(ascending(4));
        made.model = pointsOf(updateOf(member(0)));
        refuse(made, abi.encodeWithSelector(IFederatedTask.OtherModel.selector));
        made = aggregationOf(ascending(4));
        made.matrix = bytes.concat(made.matrix, bytes8(0));
        refuse(made, abi.encodeWithSelector(IRobustWeights.WrongLength.selector, 200, 208));
        made = aggregationOf(ascending(4));
        // A norm that is negative.
        made.matrix[0] = 0xff;
        refuse(made, abi.encodeWithSelector(IRobustWeights.WrongEntry.selector, false, 0, 0));
        made = aggregationOf(ascending(4));
        refuse(made, abi.encodeWithSelector(IFederatedTask.NotProved.selector));
        made = provenBy(aggregator, made);
        made.inputs = 0;
        refuse(made, abi.encodeWithSelector(IFederatedTask.NotProved.selector));
        made = provenBy(member(0), aggregationOf(ascending(4)));
        refuse(made, abi.encodeWithSelector(IFederatedTask.NotProved.selector));
        pass();
        vm.warp(block.timestamp + 1);
        made = provenBy(aggregator, aggregationOf(ascending(4)));
        refuse(made, abi.encodeWithSelector(IFederatedTask.NotAMember.selector, aggregator));
    }

    /// Whatever is off by one somewhere: the sums of points are not equal.
    function test_EquationHoldsOnlyForTheSum(uint8 place, uint16 off) public {
        joins(3);
        trains(3);
        Aggregation memory made = aggregationOf(ascending(3));
        (uint256[] memory next, uint256[] memory rest) = summed(made.accounts);
        uint256 c = place % chunks;
        uint256 by = uint256(off) + 1;
        if (place / chunks % 2 == 0) next[c] += by;
        else rest[c] += by;
        bytes memory head = bytes.concat(pointsOf(next), pointsOf(rest));
        for (uint256 i = 0; i < head.length; ++i) {
            made.points[i] = head[i];
        }
        refuse(provenBy(aggregator, made), abi.encodeWithSelector(IFederatedTask.EquationFails.selector, c));
    }

    function refuse(Aggregation memory made, bytes memory reason) private {
        vm.prank(aggregator);
        vm.expectRevert(reason);
        task.aggregate(made);
    }

    /// Somebody who revealed nothing, before or behind the others.
    function refuseAny(Aggregation memory made) private {
        vm.prank(aggregator);
        vm.expectRevert();
        task.aggregate(made);
    }

    function test_Settlements() public {
        joins(3);
        trains(3);
        Outcome memory outcome = aggregates(3);
        bytes memory matrix = matrixFor(3);
        uint256[] memory qualities = new uint256[](3);
        Scores[] memory none = new Scores[](0);
        vm.expectPartialRevert(IFederatedTask.TooEarly.selector);
        task.settle(outcome, qualities, none);
        pass();
        vm.expectRevert(IFederatedTask.NotRated.selector);
        task.settle(outcome, qualities, none);
        matrix[7] ^= 0x01;
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.OtherBytes.selector, outcome.matrix, keccak256(matrix)));
        task.rate(outcome, matrix);
        outcome.matrix = keccak256(matrix);
        vm.expectRevert(IFederatedTask.NotTheOutcome.selector);
        task.rate(outcome, matrix);
        outcome.matrix = keccak256(matrixFor(3));
        qualities = rates(outcome);
        outcome.model = 0;
        vm.expectRevert(IFederatedTask.NotTheOutcome.selector);
        task.settle(outcome, qualities, none);
        outcome = outcomeOf(aggregationOf(ascending(3)));
        qualities[0] += 1;
        vm.expectRevert(IFederatedTask.NotRated.selector);
        task.settle(outcome, qualities, none);
        qualities[0] -= 1;
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.OtherLength.selector, 0, 1));
        task.settle(outcome, qualities, new Scores[](1));
        task.settle(outcome, qualities, none);
        vm.expectRevert(wrong(TaskPhase.Settle, TaskPhase.Idle));
        task.settle(outcome, qualities, none);
    }
}
