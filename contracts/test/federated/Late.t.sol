// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../../src/interfaces/IFederatedTask.sol";
import {Contested, Evidence, Posting, TaskPhase} from "../../src/types/Federated.sol";
import {vm} from "../Vm.sol";
import {TaskFixture} from "./TaskFixture.sol";

/// @dev What is no message of a phase and still has its time: answers, and coming.
contract LateTest is TaskFixture {
    address private accuser = vm.addr(0xD009);
    Posting private posting;
    bytes32[2] private rest;

    function setUp() public override {
        super.setUp();
        reachesChecks(5);
        fund(accuser);
        vm.startPrank(accuser);
        task.challenge(member(0), Contested.Proof);
        task.challenge(member(0), Contested.Update);
        vm.stopPrank();
    }

    function answersAreRefused(bytes memory ofProof, bytes memory ofUpdate) private {
        Evidence memory made = shown(member(0));
        vm.expectRevert(ofProof);
        task.answerProof(made);
        vm.expectRevert(ofUpdate);
        task.beginAnswer(member(0), Contested.Update, posting);
        vm.expectRevert(ofUpdate);
        task.postPiece(member(0), Contested.Update, posting, 0, "");
        vm.expectRevert(ofUpdate);
        task.endAnswer(member(0), Contested.Update, posting, "", rest, "");
    }

    function test_AnswersAfterTheirTime() public {
        (, uint40 until,) = task.challengeOf(1, member(0), Contested.Proof);
        vm.warp(until);
        uint256 here = vm.snapshotState();
        Evidence memory made = shown(member(0));
        task.answerProof(made);
        vm.revertToState(here);
        vm.warp(until + 1);
        bytes memory late = abi.encodeWithSelector(IFederatedTask.TooLate.selector, until);
        answersAreRefused(late, late);
    }

    /// Of a round that is over nothing is answered; the bonds go back.
    function test_AnswersOfRoundsThatAreOver() public {
        vm.startPrank(accuser);
        task.challenge(member(1), Contested.Update);
        task.challenge(member(2), Contested.Update);
        vm.stopPrank();
        (, uint40 until,) = task.challengeOf(1, member(2), Contested.Update);
        vm.warp(until + 1);
        for (uint256 i = 0; i < 3; ++i) {
            task.lapse(1, member(i), Contested.Update);
        }
        task.lapse(1, member(0), Contested.Proof);
        task.advance();
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Idle), "void");
        bytes4 none = IFederatedTask.NotChallenged.selector;
        answersAreRefused(
            abi.encodeWithSelector(none, member(0), Contested.Proof),
            abi.encodeWithSelector(none, member(0), Contested.Update)
        );
        vm.assertEq(balance(accuser), 4 * BOND, "all bonds");
    }

    function test_NobodyComesToATaskThatIsOver() public {
        for (uint256 k = 0; k < 20 && phase() != TaskPhase.Ended; ++k) {
            pass();
            if (phase() == TaskPhase.Answer) {
                (, uint40 until,) = task.challengeOf(1, member(0), Contested.Proof);
                vm.warp(until + 1);
                task.lapse(1, member(0), Contested.Proof);
                task.lapse(1, member(0), Contested.Update);
            }
            task.advance();
        }
        bytes memory over = abi.encodeWithSelector(IFederatedTask.WrongPhase.selector, TaskPhase.Idle, TaskPhase.Ended);
        fund(member(7));
        vm.startPrank(member(7));
        vm.expectRevert(over);
        task.join("");
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.Full.selector, 0));
        task.joinAsValidator("");
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.TooLong.selector, 256, 257));
        task.announce(0, string(new bytes(257)));
        vm.stopPrank();
        // Who is there goes, with everything.
        for (uint256 i = 0; i < 5; ++i) {
            vm.startPrank(member(i));
            task.quit();
            task.withdraw(member(i), STAKE);
            vm.stopPrank();
            vm.assertEq(coin.balanceOf(member(i)), MONEY, "all of it");
        }
    }
}
