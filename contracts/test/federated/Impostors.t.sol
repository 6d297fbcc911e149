// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../../src/interfaces/IFederatedTask.sol";
import {Aggregation, Contested, Evidence, Outcome, Scores, TaskPhase} from "../../src/types/Federated.sol";
import {vm} from "../Vm.sol";
import {TaskFixture} from "./TaskFixture.sol";

/// @dev Who does in one part what another part is for: a participant who scores, a cheat that is out of the round and wants to take
/// it along, an aggregator whose points are none.
contract ImpostorsTest is TaskFixture {
    uint256 private constant FIELD = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;
    bytes32 private constant NAMESPACE = 0x3ece02069eb97b040f4927868d6f91109628f79e1f6d2139bfbe09845ac12600;
    /// In the first word, in bits, where the aggregator's strikes lie.
    uint256 private constant STRIKES_AT = 120;
    /// Whose revealed proof does not prove anything.
    address private cheat;

    function proofOf(address account) internal view override returns (bytes memory) {
        return account == cheat ? bytes("nothing") : super.proofOf(account);
    }

    /// What a participant commits to may be the hash of scores: that makes it no validator, whose fee and voice it would have.
    function test_ParticipantsDoNotScore() public {
        (terms.validators, terms.validatorStake, terms.validatorFee) = (1, 50, 10);
        task = created();
        joins(4);
        fund(member(10));
        vm.prank(member(10));
        task.joinAsValidator("");
        task.open();
        uint32[] memory scores = new uint32[](3);
        scores[0] = 65_536;
        bytes32 digest = task.scoresDigest(1, member(3), scores, "salt");
        for (uint256 i = 0; i < 3; ++i) {
            commits(member(i));
        }
        vm.prank(member(3));
        task.commit(digest);
        pass();
        for (uint256 i = 0; i < 3; ++i) {
            reveals(member(i));
        }
        pass();
        task.advance();
        pass();
        task.advance();
        Outcome memory outcome = aggregates(3);
        pass();
        vm.prank(member(3));
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotAMember.selector, member(3)));
        task.discloseScores(outcome, scores, "salt");
        // It did not reveal, and pays for that.
        address[] memory silent = new address[](1);
        silent[0] = member(3);
        task.strike(silent);
    }

    /// An update that fell before the aggregation is in no model: that its proof fails costs its sender, not the round.
    function test_ProofsOfExcludedUpdatesVoidNothing() public {
        cheat = member(1);
        reachesChecks(5);
        fund(stranger);
        vm.prank(stranger);
        task.challenge(cheat, Contested.Update);
        vm.warp(block.timestamp + terms.answerSeconds + 1);
        task.lapse(1, cheat, Contested.Update);
        task.advance();
        Outcome memory outcome = aggregatesWithout(cheat);
        Evidence memory made = shown(cheat);
        vm.prank(stranger);
        task.accuse(made);
        (,,, bool out,) = task.memberOf(cheat);
        vm.assertTrue(out, "slashed");
        vm.assertEq(balance(stranger), BOND + STAKE / 4, "the bond and a quarter");
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Settle), "the round stands");
        uint256[] memory qualities = rates(outcome);
        pass();
        task.settle(outcome, qualities, new Scores[](0));
        (bytes32 model,) = task.model();
        vm.assertEq(model, outcome.model, "the new model");
    }

    /// The named aggregator may be a member too, and keep models back after as many strikes as are counted: its challenges still end.
    function test_StrikesOfTheAggregatorDoNotRunOver() public {
        terms.strikes = type(uint8).max;
        task = created();
        joins(3);
        fund(aggregator);
        vm.prank(aggregator);
        task.join("");
        trains(3);
        pass();
        task.advance();
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Takeover), "the named one's time is over");
        bytes32 standing = vm.load(address(task), NAMESPACE);
        vm.store(address(task), NAMESPACE, standing | bytes32(uint256(type(uint8).max) << STRIKES_AT));
        Aggregation memory made = provenBy(aggregator, aggregationOf(ascending(3)));
        vm.prank(aggregator);
        task.aggregate(made);
        fund(stranger);
        vm.prank(stranger);
        task.challenge(address(0), Contested.Model);
        vm.warp(block.timestamp + terms.answerSeconds + 1);
        task.lapse(1, address(0), Contested.Model);
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Idle), "void");
    }

    /// Off the curve or beyond the field, as the new model's or as the remainder's.
    function test_AggregatesThatAreNoPoints(uint8 kind) public {
        joins(3);
        trains(3);
        Aggregation memory made = aggregationOf(ascending(3));
        bytes memory bad = abi.encode(uint256(1), uint256(3));
        if (kind % 3 == 1) bad = abi.encode(FIELD + 1, uint256(2));
        if (kind % 3 == 2) bad = abi.encode(uint256(1), FIELD + 2);
        // The second of the model's two points, or of the remainder's.
        uint256 offset = kind / 3 % 2 == 0 ? 64 : 192;
        for (uint256 i = 0; i < 64; ++i) {
            made.points[offset + i] = bad[i];
        }
        made = provenBy(aggregator, made);
        vm.prank(aggregator);
        if (offset == 64) vm.expectRevert(abi.encodeWithSelector(IFederatedTask.BadPoint.selector, 1));
        else vm.expectRevert(abi.encodeWithSelector(IFederatedTask.EquationFails.selector, 1));
        task.aggregate(made);
    }

    function aggregatesWithout(address one) private returns (Outcome memory) {
        address[] memory all = ascending(5);
        address[] memory others = new address[](4);
        uint256 n = 0;
        for (uint256 i = 0; i < 5; ++i) {
            if (all[i] != one) others[n++] = all[i];
        }
        Aggregation memory made = provenBy(aggregator, aggregationOf(others));
        vm.prank(aggregator);
        task.aggregate(made);
        return outcomeOf(made);
    }
}
