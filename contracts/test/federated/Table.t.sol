// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../../src/interfaces/IFederatedTask.sol";
import {
    Aggregation,
    Contested,
    Evidence,
    Outcome,
    Reveal,
    Scores,
    SignedCommit,
    TaskPhase
} from "../../src/types/Federated.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {vm} from "../Vm.sol";
import {TaskFixture} from "./TaskFixture.sol";

/// @dev Every message in every phase, each from whom it should come from if it came in time: what the task says to it. And what was
/// signed, said or proved elsewhere: in another round, task or chain.
contract TableTest is TaskFixture {
    uint256 private constant MESSAGES = 18;
    address private validator = member(10);
    /// No error.
    bytes4 private constant OK = 0;

    function setUp() public override {
        super.setUp();
        (terms.validators, terms.validatorStake, terms.perRound, terms.maximumVoid) = (2, 50, 4, 1);
        task = created();
    }

    function messageOf(uint256 message) private view returns (address from, bytes memory call, string memory name) {
        Aggregation memory aggregation;
        aggregation.accounts = new address[](0);
        Outcome memory outcome;
        Evidence memory evidence;
        evidence.account = member(0);
        address[] memory accounts = new address[](1);
        accounts[0] = stranger;
        SignedCommit memory two = SignedCommit({account: member(0), digest: 0, signature: ""});
        if (message == 0) return (stranger, abi.encodeCall(task.open, ()), "open");
        if (message == 1) return (stranger, abi.encodeCall(task.draw, ()), "draw");
        if (message == 2) return (stranger, abi.encodeCall(task.advance, ()), "advance");
        if (message == 3) return (member(0), abi.encodeCall(task.commit, (bytes32(0))), "commit");
        if (message == 4) return (stranger, abi.encodeCall(task.commitSigned, (new SignedCommit[](0))), "commits");
        if (message == 5) return (stranger, abi.encodeCall(task.reveal, (new Reveal[](0))), "reveal");
        if (message == 6) return (aggregator, abi.encodeCall(task.aggregate, (aggregation)), "aggregate");
        if (message == 7) return (validator, abi.encodeCall(task.commitScores, (bytes32(0))), "commitScores");
        if (message == 8) {
            return (validator, abi.encodeCall(task.discloseScores, (outcome, new uint32[](0), 0)), "discloseScores");
        }
        if (message == 9) return (stranger, abi.encodeCall(task.rate, (outcome, "")), "rate");
        if (message == 10) {
            bytes memory data = abi.encodeCall(task.settle, (outcome, new uint256[](0), new Scores[](0)));
            return (stranger, data, "settle");
        }
        if (message == 11) return (stranger, abi.encodeCall(task.strike, (accounts)), "strike");
        if (message == 12) {
            return (stranger, abi.encodeCall(task.challenge, (member(0), Contested.Update)), "challenge an update");
        }
        if (message == 13) {
            return (stranger, abi.encodeCall(task.challenge, (address(0), Contested.Model)), "challenge the model");
        }
        if (message == 14) return (stranger, abi.encodeCall(task.accuse, (evidence)), "accuse");
        if (message == 15) return (stranger, abi.encodeCall(task.equivocated, (two, two)), "equivocated");
        if (message == 16) return (member(0), abi.encodeCall(task.quit, ()), "quit");
        return (sponsor, abi.encodeCall(task.finish, (VersionId.wrap(0), "", "")), "finish");
    }

    /// What a message that comes in a phase's time is told, and `OK` if it is taken. Most are not of the phase.
    function answerTo(uint256 message, TaskPhase now_) private pure returns (bytes4) {
        bytes4 phase_ = IFederatedTask.WrongPhase.selector;
        bool running = now_ > TaskPhase.Select && now_ < TaskPhase.Ended;
        bool outcome = now_ >= TaskPhase.Score && now_ <= TaskPhase.Settle;
        if (message == 0) return now_ == TaskPhase.Idle ? OK : phase_;
        if (message == 1) return now_ == TaskPhase.Select ? IFederatedTask.NoRandomness.selector : phase_;
        if (message == 2) {
            if (now_ == TaskPhase.Ended) return phase_;
            if (now_ == TaskPhase.Answer) return IFederatedTask.ChallengesOpen.selector;
            return IFederatedTask.TooEarly.selector;
        }
        // Member 0 committed already where that is possible.
        if (message == 3) return now_ == TaskPhase.Commit ? IFederatedTask.AlreadyCommitted.selector : phase_;
        if (message == 4) return now_ == TaskPhase.Commit ? OK : phase_;
        if (message == 5) return now_ == TaskPhase.Reveal ? OK : phase_;
        if (message == 6) {
            if (now_ == TaskPhase.Takeover) return IFederatedTask.NotAMember.selector;
            return now_ == TaskPhase.Aggregate ? IFederatedTask.OtherLength.selector : phase_;
        }
        if (message == 7) return now_ == TaskPhase.Score ? OK : phase_;
        if (message == 8) return now_ == TaskPhase.Disclose ? IFederatedTask.NotTheOutcome.selector : phase_;
        if (message == 9) return outcome ? IFederatedTask.NotTheOutcome.selector : phase_;
        if (message == 10) return now_ == TaskPhase.Settle ? IFederatedTask.TooEarly.selector : phase_;
        if (message == 11) {
            bool early = now_ == TaskPhase.Select || now_ == TaskPhase.Commit || now_ == TaskPhase.Idle;
            return early ? phase_ : IFederatedTask.NothingToStrike.selector;
        }
        if (message == 12) return now_ == TaskPhase.Check ? OK : phase_;
        if (message == 13) return outcome ? OK : phase_;
        if (message == 14) {
            bool possible = now_ >= TaskPhase.Reveal && now_ <= TaskPhase.Settle;
            return possible ? IFederatedTask.OtherBytes.selector : phase_;
        }
        if (message == 15) return running ? IFederatedTask.NoEquivocation.selector : phase_;
        if (message == 16) return running ? IFederatedTask.Bound.selector : OK;
        return now_ == TaskPhase.Ended ? IFederatedTask.OtherModel.selector : phase_;
    }

    /// Tries all of them, each from here.
    function tries(TaskPhase expected) private {
        vm.assertEq(uint256(phase()), uint256(expected), "where it stands");
        for (uint256 message = 0; message < MESSAGES; ++message) {
            (address from, bytes memory call, string memory name) = messageOf(message);
            uint256 here = vm.snapshotState();
            vm.prank(from);
            (bool done, bytes memory said) = address(task).call(call);
            vm.revertToState(here);
            // Four bytes of an error, or as much as is kept.
            // forge-lint: disable-next-line(unsafe-typecast)
            bytes4 answer = done ? OK : bytes4(said);
            string memory what = string.concat(name, " in phase ", vm.toString(uint256(expected)));
            vm.assertEq(bytes32(answer), bytes32(answerTo(message, expected)), what);
        }
    }

    function test_EveryMessageInEveryPhase() public {
        fund(stranger);
        joins(5);
        fund(validator);
        vm.prank(validator);
        task.joinAsValidator("");
        tries(TaskPhase.Idle);
        task.open();
        tries(TaskPhase.Select);
        randomness.state(1, keccak256("value"));
        task.draw();
        uint256 seated = 0;
        // So that member 0 is drawn.
        while (!task.isSelected(member(0))) {
            vm.store(address(task), bytes32(uint256(NAMESPACE) + 7), keccak256(abi.encode(++seated)));
        }
        for (uint256 i = 0; i < 5; ++i) {
            if (task.isSelected(member(i))) commits(member(i));
        }
        tries(TaskPhase.Commit);
        pass();
        task.advance();
        address[] memory drawn = new address[](4);
        uint256 n = 0;
        for (uint256 i = 0; i < 5; ++i) {
            address account = ascending(5)[i];
            if (!task.isSelected(account)) continue;
            if (n == 1) tries(TaskPhase.Reveal);
            reveals(account);
            drawn[n++] = account;
        }
        pass();
        task.advance();
        tries(TaskPhase.Check);
        uint256 unchallenged = vm.snapshotState();
        vm.prank(stranger);
        task.challenge(member(0), Contested.Update);
        pass();
        task.advance();
        tries(TaskPhase.Answer);
        vm.revertToState(unchallenged);
        pass();
        task.advance();
        tries(TaskPhase.Aggregate);
        uint256 unaggregated = vm.snapshotState();
        pass();
        task.advance();
        tries(TaskPhase.Takeover);
        vm.revertToState(unaggregated);
        Aggregation memory made = provenBy(aggregator, aggregationOf(drawn));
        vm.prank(aggregator);
        task.aggregate(made);
        tries(TaskPhase.Score);
        pass();
        task.advance();
        tries(TaskPhase.Disclose);
        pass();
        task.advance();
        tries(TaskPhase.Settle);
        // Nobody settles it: the one void round that ends it.
        (,, uint40 until,,,) = task.standing();
        vm.warp(until + 7 days + 1);
        task.advance();
        tries(TaskPhase.Ended);
    }

    bytes32 private constant NAMESPACE = 0x3ece02069eb97b040f4927868d6f91109628f79e1f6d2139bfbe09845ac12600;

    // What was signed, said or proved elsewhere.

    function refused(SignedCommit memory signed_, bytes memory why) private {
        SignedCommit[] memory all = new SignedCommit[](1);
        all[0] = signed_;
        vm.expectRevert(why);
        task.commitSigned(all);
    }

    function test_SignaturesOfOtherRoundsTasksAndChains() public {
        (terms.perRound, terms.validators, terms.validatorStake) = (5, 0, 0);
        task = created();
        joins(3);
        task.open();
        bytes32 digest = keccak256("said");
        bytes memory why = abi.encodeWithSelector(IFederatedTask.InvalidSignature.selector, member(0));
        IFederatedTask other = created();
        SignedCommit memory one = signedCommit(keyOf(0), digest);
        one.signature = signed(keyOf(0), other.commitDigest(1, digest));
        refused(one, why);
        one.signature = signed(keyOf(0), task.commitDigest(2, digest));
        refused(one, why);
        one.signature = signed(keyOf(0), task.commitDigest(1, keccak256("else")));
        refused(one, why);
        one.signature = signed(keyOf(1), task.commitDigest(1, digest));
        refused(one, why);
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        one = signedCommit(keyOf(0), digest);
        vm.chainId(here);
        refused(one, why);
        one.signature = "";
        refused(one, why);
        // The same signature the other way round: its s is the order's less s.
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf(0), task.commitDigest(1, digest));
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        one.signature = abi.encodePacked(r, order - uint256(s), v == 27 ? uint8(28) : uint8(27));
        refused(one, why);
        // Once is enough, however often it is sent; and of two that are signed the first one counts.
        SignedCommit[] memory all = new SignedCommit[](3);
        (all[0], all[1]) = (signedCommit(keyOf(0), digest), signedCommit(keyOf(0), digest));
        all[2] = signedCommit(keyOf(0), keccak256("second"));
        task.commitSigned(all);
        (uint16 in_, bytes26 word,,) = task.wordsOf(member(0));
        // Four bytes of an error, or as much as is kept.
        // forge-lint: disable-next-line(unsafe-typecast)
        vm.assertTrue(in_ == 1 && word == bytes26(digest), "the first");
        // In a later round it is nobody's word any more.
        pass();
        task.advance();
        pass();
        task.advance();
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Ended), "void, and over");
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.WrongPhase.selector, TaskPhase.Commit, TaskPhase.Ended));
        task.commitSigned(all);
    }

    /// The hash that was committed to is one task's, round's, chain's and participant's.
    function test_RevealsOfOtherRoundsTasksAndChains() public {
        (terms.perRound, terms.validators, terms.validatorStake) = (5, 0, 0);
        task = created();
        joins(4);
        task.open();
        Reveal[] memory said = new Reveal[](1);
        said[0] = revealOf(member(0));
        bytes32 points = keccak256(said[0].points);
        (bytes32 proof, bytes32 content, bytes32 salt) = (said[0].proofHash, said[0].contentHash, said[0].salt);
        bytes32[4] memory digests;
        digests[0] = task.commitOf(2, member(0), points, proof, content, salt);
        digests[1] = created().commitOf(1, member(1), points, proof, content, salt);
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        digests[2] = task.commitOf(1, member(2), points, proof, content, salt);
        vm.chainId(here);
        digests[3] = task.commitOf(1, member(0), points, proof, content, salt);
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(member(i));
            task.commit(digests[i]);
        }
        pass();
        for (uint256 i = 0; i < 4; ++i) {
            said[0].account = member(i);
            vm.expectPartialRevert(IFederatedTask.OtherCommitment.selector);
            task.reveal(said);
        }
    }

    /// A proof of the round before, of another task or by another aggregator proves nothing here.
    function test_ProofsOfOtherRoundsAndTasks() public {
        (terms.perRound, terms.validators, terms.validatorStake, terms.rounds) = (5, 0, 0, 4);
        task = created();
        joins(3);
        IFederatedTask first = task;
        trains(3);
        Aggregation memory made = aggregationOf(ascending(3));
        task = created();
        bytes memory elsewhere = provenBy(aggregator, made).proof;
        task = first;
        terms.stake += 1;
        bytes memory otherTerms = provenBy(aggregator, made).proof;
        terms.stake -= 1;
        bytes memory otherKind = proofOf(member(0));
        bytes[3] memory proofs = [elsewhere, otherTerms, otherKind];
        for (uint256 i = 0; i < 3; ++i) {
            made.proof = proofs[i];
            vm.prank(aggregator);
            vm.expectRevert(IFederatedTask.NotProved.selector);
            task.aggregate(made);
        }
        settles(aggregates(3));
        bytes memory before = provenBy(aggregator, made).proof;
        trains(3);
        made = aggregationOf(ascending(3));
        made.proof = before;
        vm.prank(aggregator);
        vm.expectRevert(IFederatedTask.NotProved.selector);
        task.aggregate(made);
    }

    // Few honest ones.

    function proofOf(address account) internal view override returns (bytes memory) {
        return account != honest && honest != address(0) ? bytes("nothing") : super.proofOf(account);
    }

    address private honest;

    /// All but one send proofs that fail. The one shows it, its update makes the model, it is paid, and its stake comes back.
    function test_AllButOneAreMalicious() public {
        (terms.minimum, terms.perRound, terms.validators, terms.validatorStake) = (1, 5, 0, 0);
        task = created();
        honest = member(3);
        joins(5);
        task.open();
        for (uint256 i = 0; i < 5; ++i) {
            commits(member(i));
        }
        pass();
        for (uint256 i = 0; i < 5; ++i) {
            reveals(member(i));
        }
        for (uint256 i = 0; i < 5; ++i) {
            if (member(i) == honest) continue;
            Evidence memory evidence = shown(member(i));
            vm.prank(honest);
            task.accuse(evidence);
        }
        pass();
        task.advance();
        pass();
        task.advance();
        address[] memory alone = new address[](1);
        alone[0] = honest;
        // The named aggregator is one of theirs and does nothing: who is left takes over.
        pass();
        task.advance();
        Aggregation memory made = provenBy(honest, aggregationOf(alone));
        vm.prank(honest);
        task.aggregate(made);
        Outcome memory outcome = outcomeOf(made);
        settles(outcome);
        (bytes32 model,) = task.model();
        vm.assertEq(model, keccak256(pointsOf(weights)), "its own update");
        vm.prank(honest);
        task.quit();
        uint256 mine = balance(honest);
        vm.assertTrue(mine >= STAKE + 4 * (STAKE / 4) + FEE && mine <= STAKE + 4 * (STAKE / 4) + FEE + REWARD, "paid");
        vm.assertEq(task.memberCount(), 0, "the others were put out");
        (uint256 pool, uint256 burned) = task.money();
        vm.assertEq(coin.balanceOf(address(task)), pool + burned + mine + balance(aggregator), "and nothing is stuck");
    }
}
