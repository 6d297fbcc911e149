// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../../src/interfaces/IFederatedTask.sol";
import {Contested, Evidence, SignedCommit, TaskPhase} from "../../src/types/Federated.sol";
import {vm} from "../Vm.sol";
import {TaskFixture} from "./TaskFixture.sol";

/// @dev Who cheated and wants out before it is shown: by leaving, or by the last strike, which puts out with the stake.
contract LeavingTest is TaskFixture {
    /// Whose revealed proof does not prove anything.
    address private cheat = member(1);
    address private accuser = vm.addr(0xD009);

    function proofOf(address account) internal view override returns (bytes memory) {
        return account == cheat ? bytes("nothing") : super.proofOf(account);
    }

    /// One strike puts out, as the last one of more does.
    function setUp() public override {
        super.setUp();
        terms.strikes = 1;
        task = created();
        fund(accuser);
    }

    function cannotLeave() private {
        vm.prank(cheat);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.Bound.selector, cheat, 1));
        task.quit();
    }

    /// What it has here is not its own before the round is over.
    function cannotTake() private {
        vm.prank(cheat);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.Insufficient.selector, 0, STAKE));
        task.withdraw(cheat, STAKE);
    }

    function isSlashed() private view {
        (,,, bool out, uint256 left) = task.memberOf(cheat);
        vm.assertTrue(out && left == 0, "nothing left to it");
        (, uint256 burned) = task.money();
        vm.assertEq(burned, STAKE / 2, "half is nobody's");
        vm.assertTrue(balance(accuser) >= STAKE / 4, "a quarter is who showed it");
    }

    /// In no phase, while it is challenged or not, does a proof that fails leave with the stake behind it.
    function test_ACheatIsBoundUntilItsRoundIsOver() public {
        joins(5);
        task.open();
        for (uint256 i = 0; i < 5; ++i) {
            commits(member(i));
        }
        cannotLeave();
        pass();
        for (uint256 i = 0; i < 5; ++i) {
            reveals(member(i));
        }
        cannotLeave();
        pass();
        task.advance();
        uint256 here = vm.snapshotState();
        for (uint256 last = uint256(TaskPhase.Check); last <= uint256(TaskPhase.Settle); ++last) {
            bool challenged = last == uint256(TaskPhase.Answer);
            vm.prank(accuser);
            if (challenged) task.challenge(cheat, Contested.Proof);
            while (uint256(phase()) < last) {
                cannotLeave();
                if (phase() == TaskPhase.Aggregate && last > uint256(TaskPhase.Takeover)) {
                    aggregates(5);
                } else {
                    pass();
                    task.advance();
                }
            }
            cannotLeave();
            Evidence memory made = shown(cheat);
            vm.prank(accuser);
            if (challenged) task.answerProof(made);
            else task.accuse(made);
            isSlashed();
            vm.revertToState(here);
        }
    }

    /// It signed twice and reveals nothing, and a friend has it struck out before the other commit is shown.
    function test_StrikesDoNotTakeTwoTonguesOut() public {
        joins(5);
        task.open();
        SignedCommit memory one = signedCommit(keyOf(1), keccak256("one"));
        SignedCommit memory other = signedCommit(keyOf(1), keccak256("other"));
        for (uint256 i = 0; i < 5; ++i) {
            commits(member(i));
        }
        pass();
        for (uint256 i = 0; i < 5; ++i) {
            if (member(i) != cheat) reveals(member(i));
        }
        pass();
        address[] memory silent = new address[](1);
        silent[0] = cheat;
        task.strike(silent);
        vm.assertEq(task.memberCount(), 4, "put out");
        cannotTake();
        vm.prank(accuser);
        task.equivocated(one, other);
        isSlashed();
        vm.prank(accuser);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotAMember.selector, cheat));
        task.equivocated(one, other);
    }

    /// Its proof fails. A friend challenges the update, which it does not give: that strike puts it out.
    function test_LostChallengesDoNotTakeFailingProofsOut() public {
        reachesChecks(5);
        vm.prank(accuser);
        task.challenge(cheat, Contested.Update);
        vm.warp(block.timestamp + terms.answerSeconds + 1);
        task.lapse(1, cheat, Contested.Update);
        (,,, bool out, uint256 left) = task.memberOf(cheat);
        vm.assertTrue(out && left == STAKE, "put out, with its stake");
        cannotTake();
        Evidence memory made = shown(cheat);
        vm.prank(accuser);
        task.accuse(made);
        isSlashed();
    }

    /// Who was put out and cheated nobody has its stake when the round is over.
    function test_WhoIsPutOutHasItsStakeAfterTheRound() public {
        cheat = address(0);
        address out = member(1);
        reachesChecks(5);
        vm.prank(accuser);
        task.challenge(out, Contested.Update);
        vm.warp(block.timestamp + terms.answerSeconds + 1);
        task.lapse(1, out, Contested.Update);
        // Nobody aggregates: void.
        for (uint256 k = 0; k < 3 && phase() != TaskPhase.Idle; ++k) {
            task.advance();
            if (phase() != TaskPhase.Idle) pass();
        }
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Idle), "over");
        vm.prank(out);
        task.withdraw(out, STAKE);
        vm.assertEq(coin.balanceOf(out), MONEY, "all of it");
    }
}
