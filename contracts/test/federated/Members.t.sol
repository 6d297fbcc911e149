// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {AttestedIdentities} from "../../src/AttestedIdentities.sol";
import {IFederatedTask} from "../../src/interfaces/IFederatedTask.sol";
import {IFederatedTasks} from "../../src/interfaces/IFederatedTasks.sol";
import {IPauses} from "../../src/interfaces/IPauses.sol";
import {Kind} from "../../src/interfaces/IRobustWeights.sol";
import {Aggregation, Outcome, Scores, TaskPhase, Terms} from "../../src/types/Federated.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {Stage} from "../../src/types/Registry.sol";
import {StatedGate} from "../mocks/Federated.sol";
import {vm} from "../Vm.sol";
import {TaskFixture} from "./TaskFixture.sol";

/// @dev Who may create, join, be drawn, score and leave; that no stake waits for anybody.
contract MembersTest is TaskFixture {
    uint64 private constant UPGRADER = 14;

    function test_JoiningAndLeaving() public {
        joins(3);
        vm.startPrank(member(0));
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.AlreadyMember.selector, member(0)));
        task.join("");
        task.quit();
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotAMember.selector, member(0)));
        task.quit();
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.Insufficient.selector, STAKE, STAKE + 1));
        task.withdraw(member(0), STAKE + 1);
        task.withdraw(member(0), STAKE);
        vm.assertEq(coin.balanceOf(member(0)), MONEY, "all of it");
        task.join("");
        vm.stopPrank();
        vm.assertEq(task.memberAt(3), member(0));
        vm.assertEq(task.memberAt(1), member(2));
    }

    /// Bound from the commit to the round's end; free before and after, whatever others do.
    function test_StakesAreBoundByARoundOnly() public {
        joins(5);
        task.open();
        vm.prank(member(4));
        task.quit();
        commits(member(0));
        bytes memory bound = abi.encodeWithSelector(IFederatedTask.Bound.selector, member(0), 1);
        vm.prank(member(0));
        vm.expectRevert(bound);
        task.quit();
        pass();
        // Nobody reveals: the round is void when the time has passed.
        Aggregation memory made = aggregationOf(ascending(1));
        vm.expectPartialRevert(IFederatedTask.WrongPhase.selector);
        vm.prank(aggregator);
        task.aggregate(made);
        task.advance();
        pass();
        vm.prank(member(0));
        vm.expectRevert(bound);
        task.quit();
        task.advance();
        vm.prank(member(0));
        task.quit();
        vm.assertEq(balance(member(0)), STAKE);
    }

    function test_PauseStopsCreationAndJoiningOnly() public {
        joins(4);
        bytes4[] memory pausing = new bytes4[](2);
        (pausing[0], pausing[1]) = (IPauses.pause.selector, IPauses.unpause.selector);
        vm.startPrank(admin);
        manager.setTargetFunctionRole(address(factory), pausing, GUARDIAN);
        manager.grantRole(GUARDIAN, guardian, 0);
        vm.stopPrank();
        vm.prank(guardian);
        IPauses(address(factory)).pause(7 days);
        uint64 until = uint64(block.timestamp + 7 days);
        fund(member(4));
        vm.prank(member(4));
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.JoiningPaused.selector, until));
        task.join("");
        bytes memory points = pointsOf(weights);
        vm.expectRevert(abi.encodeWithSelector(IPauses.EntryPaused.selector, until));
        factory.create(terms, 0, prefix, points);
        trains(4);
        settles(aggregates(4));
        for (uint256 i = 0; i < 4; ++i) {
            vm.startPrank(member(i));
            task.quit();
            task.withdraw(member(i), balance(member(i)));
            vm.stopPrank();
        }
    }

    function test_GateKnowsWhoseAccountsAre() public {
        StatedGate gate = new StatedGate();
        terms.gate = address(gate);
        task = created();
        fund(member(0));
        fund(member(1));
        vm.prank(member(0));
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotAdmitted.selector, member(0)));
        task.join("");
        gate.state(member(0), "ward");
        gate.state(member(1), "ward");
        vm.prank(member(0));
        task.join("");
        // Short words.
        // forge-lint: disable-next-line(unsafe-typecast)
        bytes memory taken = abi.encodeWithSelector(IFederatedTask.IdentityTaken.selector, bytes32("ward"), member(0));
        vm.prank(member(1));
        vm.expectRevert(taken);
        task.join("");
        // Not after the other left, either: strikes and what it revealed stay with the one account.
        vm.prank(member(0));
        task.quit();
        vm.prank(member(1));
        vm.expectRevert(taken);
        task.join("");
        vm.prank(member(0));
        task.join("");
    }

    function test_AttestedIdentities() public {
        AttestedIdentities gate = new AttestedIdentities(vm.addr(0xA77E57));
        vm.expectRevert(AttestedIdentities.NoAttester.selector);
        new AttestedIdentities(address(0));
        terms.gate = address(gate);
        task = created();
        fund(member(0));
        uint40 expiry = uint40(block.timestamp + 1 days);
        bytes32 digest = gate.attestationDigest(address(task), member(0), "ward", expiry);
        // Short words.
        // forge-lint: disable-next-line(unsafe-typecast)
        bytes memory attestation = abi.encode(bytes32("ward"), expiry, signed(0xA77E57, digest));
        // Short words.
        // forge-lint: disable-next-line(unsafe-typecast)
        bytes memory forged = abi.encode(bytes32("ward"), expiry, signed(0xA77E58, digest));
        bytes memory refused = abi.encodeWithSelector(IFederatedTask.NotAdmitted.selector, member(0));
        vm.prank(member(0));
        vm.expectRevert(refused);
        task.join(forged);
        vm.warp(expiry + 1);
        vm.prank(member(0));
        vm.expectRevert(refused);
        task.join(attestation);
        vm.warp(expiry);
        vm.prank(member(1));
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotAdmitted.selector, member(1)));
        task.join(attestation);
        vm.prank(member(0));
        task.join(attestation);
        vm.assertEq(task.memberCount(), 1);
    }

    // The draw.

    /// Exactly so many are drawn, every seed others; coming and going does not change who was.
    function test_Draws(uint256 value, uint8 leaver) public {
        (terms.perRound, terms.maximum) = (5, 20);
        task = created();
        joins(13);
        task.open();
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Select), "waits for the seed");
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NoRandomness.selector, 1));
        task.draw();
        randomness.state(1, keccak256(abi.encode(value)));
        task.draw();
        bool[13] memory drawn;
        uint256 count = 0;
        for (uint256 i = 0; i < 13; ++i) {
            drawn[i] = task.isSelected(member(i));
            if (drawn[i]) ++count;
        }
        vm.assertEq(count, 5, "as many as a round has");
        uint256 gone = leaver % 13;
        vm.prank(member(gone));
        task.quit();
        vm.prank(member((gone + 4) % 13));
        task.quit();
        fund(member(14));
        vm.prank(member(14));
        task.join("");
        for (uint256 i = 0; i < 13; ++i) {
            bool left = i == gone || i == (gone + 4) % 13;
            vm.assertEq(task.isSelected(member(i)), drawn[i] && !left);
        }
        vm.assertFalse(task.isSelected(member(14)), "came too late");
    }

    /// Every place is drawn as often as every other one, within what chance explains.
    function test_DrawsAreFair() public {
        (terms.perRound, terms.maximum) = (4, 20);
        task = created();
        joins(11);
        task.open();
        uint256[11] memory times;
        bytes32 slot = bytes32(uint256(0x3ece02069eb97b040f4927868d6f91109628f79e1f6d2139bfbe09845ac12600) + 7);
        randomness.state(1, "first");
        task.draw();
        vm.assertEq(vm.load(address(task), slot), task.seed(), "where the seed lies");
        for (uint256 k = 0; k < 600; ++k) {
            vm.store(address(task), slot, keccak256(abi.encode(k)));
            for (uint256 i = 0; i < 11; ++i) {
                if (task.isSelected(member(i))) times[i] += 1;
            }
        }
        // 218 on average; five times the deviation of chance is 59.
        for (uint256 i = 0; i < 11; ++i) {
            vm.assertTrue(times[i] > 159 && times[i] < 277, "a place that is drawn too often or too seldom");
        }
    }

    function test_SeedsThatAreLostAndNeverCome() public {
        (terms.perRound, terms.maximum) = (4, 20);
        task = created();
        joins(6);
        task.open();
        randomness.lose(1);
        task.draw();
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Select), "another one");
        pass();
        task.advance();
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Idle), "void");
        address[] memory nobody = new address[](1);
        nobody[0] = member(0);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NothingToStrike.selector, member(0)));
        task.strike(nobody);
    }

    // Validators.

    function test_ScoresByCommitAndRevealAndTheirMedian() public {
        (terms.validators, terms.validatorStake, terms.validatorFee) = (3, 50, 10);
        task = created();
        joins(3);
        for (uint256 v = 10; v < 13; ++v) {
            fund(member(v));
            vm.prank(member(v));
            task.joinAsValidator("");
        }
        trains(3);
        Outcome memory outcome = aggregates(3);
        uint256[] memory qualities = rates(outcome);
        uint32[] memory scores = new uint32[](3);
        (scores[0], scores[1], scores[2]) = (65_536, 32_768, 0);
        bytes32 digest = task.scoresDigest(1, member(10), scores, "salt");
        vm.prank(member(0));
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotAMember.selector, member(0)));
        task.commitScores(digest);
        vm.prank(member(10));
        task.commitScores(digest);
        // The same hash is nobody else's.
        vm.prank(member(11));
        task.commitScores(digest);
        bytes32 own = task.scoresDigest(1, member(12), scores, "own");
        vm.prank(member(12));
        task.commitScores(own);
        pass();
        vm.prank(member(10));
        task.discloseScores(outcome, scores, "salt");
        vm.prank(member(10));
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.AlreadyRevealed.selector, member(10), 1));
        task.discloseScores(outcome, scores, "salt");
        vm.prank(member(11));
        vm.expectPartialRevert(IFederatedTask.OtherCommitment.selector);
        task.discloseScores(outcome, scores, "salt");
        vm.prank(member(12));
        task.discloseScores(outcome, scores, "own");
        pass();
        task.advance();
        pass();
        Scores[] memory scored = new Scores[](2);
        (address low, address high) = member(10) < member(12) ? (member(10), member(12)) : (member(12), member(10));
        (scored[0].validator, scored[0].scores) = (low, scores);
        (scored[1].validator, scored[1].scores) = (high, scores);
        task.settle(outcome, qualities, scored);
        for (uint256 i = 0; i < 3; ++i) {
            uint256 pay = uint256(REWARD) * qualities[i] * scores[i] >> 32;
            vm.assertEq(balance(outcome.accounts[i]), pay, "quality times score");
        }
        vm.assertEq(balance(low) + balance(high), 20, "two validators' fees");
        (,, uint8 strikes,,) = task.memberOf(outcome.accounts[2]);
        vm.assertEq(strikes, 1, "of no use to anybody");
        vm.prank(member(11));
        task.quit();
        vm.assertEq(balance(member(11)), 50, "a validator's stake");
    }

    /// Who committed and does not reveal, and who says nothing at all, get a strike a round, and in the end lose their seats.
    function test_ValidatorsWhoAreSilent() public {
        (terms.validators, terms.validatorStake, terms.validatorFee) = (3, 50, 10);
        (terms.strikes, terms.validators) = (2, 2);
        task = created();
        joins(3);
        for (uint256 v = 10; v < 12; ++v) {
            fund(member(v));
            vm.prank(member(v));
            task.joinAsValidator("");
        }
        fund(member(12));
        vm.prank(member(12));
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.Full.selector, 2));
        task.joinAsValidator("");
        address[] memory both = new address[](2);
        (both[0], both[1]) = (member(10), member(11));
        for (uint16 r = 1; r <= 2; ++r) {
            trains(3);
            Outcome memory outcome = aggregates(3);
            uint256[] memory qualities = rates(outcome);
            bytes32 digest = task.scoresDigest(r, member(10), new uint32[](3), "salt");
            vm.prank(member(10));
            task.commitScores(digest);
            vm.prank(member(10));
            vm.expectRevert(abi.encodeWithSelector(IFederatedTask.Bound.selector, member(10), r));
            task.quit();
            vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NothingToStrike.selector, member(10)));
            task.strike(both);
            pass();
            task.advance();
            vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NothingToStrike.selector, member(10)));
            task.strike(both);
            pass();
            task.advance();
            task.strike(both);
            vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NothingToStrike.selector, member(10)));
            task.strike(both);
            pass();
            task.settle(outcome, qualities, new Scores[](0));
            adopt(outcome);
        }
        for (uint256 v = 10; v < 12; ++v) {
            (,, uint8 strikes, bool out, uint256 mine) = task.memberOf(member(v));
            vm.assertTrue(strikes == 2 && out && mine == 50, "out, with its stake");
            vm.prank(member(v));
            vm.expectRevert(abi.encodeWithSelector(IFederatedTask.PutOut.selector, member(v)));
            task.joinAsValidator("");
        }
        vm.prank(member(12));
        task.joinAsValidator("");
    }

    // Creation.

    function test_TermsOutOfRange() public {
        Terms memory t = terms;
        t.privacy = 1;
        refuse(t, abi.encodeWithSelector(IFederatedTasks.UnknownPrivacy.selector, 1));
        t = defaults();
        t.bound = uint32(1 << 29);
        refuse(t, range("bound", 1, uint256(0x7fffffff) / 4, 1 << 29));
        t = defaults();
        (t.kind, t.faults) = (Kind.Krum, 2);
        refuse(t, range("minimum", 5, 126, 3));
        t = defaults();
        t.perRound = 127;
        refuse(t, range("perRound", 3, 126, 127));
        t = defaults();
        t.kind = Kind.FLTrust;
        refuse(t, abi.encodeWithSelector(IFederatedTasks.RootNeeded.selector, true));
        t = defaults();
        t.settleSeconds = 59;
        refuse(t, range("settleSeconds", 60, 30 days, 59));
        t = defaults();
        t.stake = 3;
        refuse(t, range("stake", 4, 1 << 120, 3));
        t = defaults();
        t.reward = type(uint128).max;
        refuse(t, range("pool", 0, 1 << 120, 4 * (uint256(type(uint128).max) + FEE)));
        t = defaults();
        t.plan = "other";
        // Short words.
        // forge-lint: disable-next-line(unsafe-typecast)
        refuse(t, abi.encodeWithSelector(IFederatedTasks.OtherPlan.selector, keccak256("plan"), bytes32("other")));
        t = defaults();
        t.updateKind = keccak256("unknown");
        refuse(t, abi.encodeWithSelector(IFederatedTasks.UnknownKind.selector, keccak256("unknown")));
        kinds();
        t = defaults();
        t.version = VersionId.wrap("none");
        refuse(t, abi.encodeWithSelector(IFederatedTasks.NotUsable.selector, t.version, Stage.None));
        t = defaults();
        weights[0] += 1;
        bytes memory points = pointsOf(weights);
        vm.prank(sponsor);
        vm.expectPartialRevert(IFederatedTasks.OtherWeights.selector);
        factory.create(t, 0, prefix, points);
    }

    /// Descriptors of something else, of other vectors, that hide nothing or have too little room.
    function kinds() private {
        bytes32 update = "averment-update/1";
        bytes32 rounds = "averment-round/1";
        unlike(false, "name", uint256(update), uint256(rounds), kind(rounds, CHUNK_BITS, 6, 1, 2, 0));
        unlike(false, "chunkBits", CHUNK_BITS, 5, kind(update, 5, 6, 1, 2, 0));
        unlike(false, "masks", 0, 255, kind(update, CHUNK_BITS, 255, 1, 2, 0));
        unlike(false, "chunks", 2, 1, kind(update, CHUNK_BITS, 6, 1, 1, 0));
        unlike(false, "public values", 1, 2, kind(update, CHUNK_BITS, 6, 2, 2, 0));
        unlike(true, "name", uint256(rounds), uint256(update), kind(update, CHUNK_BITS, 6, 2, 4, 512));
        unlike(true, "chunkBits", CHUNK_BITS, 3, kind(rounds, 3, 6, 2, 4, 512));
        unlike(true, "masks", 0, 255, kind(rounds, CHUNK_BITS, 255, 2, 4, 512));
        unlike(true, "chunks", 4, 3, kind(rounds, CHUNK_BITS, 6, 2, 3, 512));
        unlike(true, "halves", 2, 1, kind(rounds, CHUNK_BITS, 6, 1, 4, 512));
        // Five updates and what the last round added.
        unlike(true, "rows", 6, 4, kind(rounds, CHUNK_BITS, 6, 2, 4, 16));
    }

    function unlike(bool ofRounds, string memory what, uint256 expected, uint256 got, address code) private {
        bytes32 digest = keccak256(abi.encode(code));
        verifier.state(digest, code);
        Terms memory t = defaults();
        if (ofRounds) t.roundKind = digest;
        else t.updateKind = digest;
        refuse(t, abi.encodeWithSelector(IFederatedTasks.OtherKind.selector, digest, what, expected, got));
    }

    function range(string memory what, uint256 min, uint256 max, uint256 got) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederatedTasks.OutOfRange.selector, what, min, max, got);
    }

    function refuse(Terms memory t, bytes memory reason) private {
        bytes memory points = pointsOf(weights);
        vm.prank(sponsor);
        vm.expectRevert(reason);
        factory.create(t, 0, prefix, points);
    }

    function test_NobodyBeginsATaskOrFinishesAVersion() public {
        vm.expectRevert(IFederatedTask.NotATask.selector);
        task.initialize(0, 0, 0);
        IFederatedTask bare = IFederatedTask(factory.implementation());
        vm.expectRevert(IFederatedTask.NotATask.selector);
        bare.initialize(0, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTasks.NotATask.selector, address(this)));
        factory.finished(initial);
    }

    /// Another implementation is for tasks to come: this one goes on as it is.
    function test_NewImplementationsAreForTasksToCome() public {
        joins(4);
        trains(4);
        Outcome memory outcome = aggregates(4);
        address before = factory.implementation();
        bytes memory code = address(task).code;
        address later = implementation();
        address next = put(abi.encodePacked(vm.getCode("FederatedTasks.sol:FederatedTasks"), abi.encode(later)));
        bytes memory upgrade = abi.encodeWithSignature("upgradeToAndCall(address,bytes)", next, "");
        (bool done,) = address(factory).call(upgrade);
        vm.assertFalse(done, "by nobody but who may");
        bytes4[] memory upgrading = new bytes4[](1);
        // Short words.
        // forge-lint: disable-next-line(unsafe-typecast)
        upgrading[0] = bytes4(upgrade);
        vm.startPrank(admin);
        manager.setTargetFunctionRole(address(factory), upgrading, UPGRADER);
        manager.grantRole(UPGRADER, guardian, 0);
        vm.stopPrank();
        vm.prank(guardian);
        (done,) = address(factory).call(upgrade);
        vm.assertTrue(done, "upgraded");
        vm.assertTrue(factory.implementation() == later && later != before, "for later ones");
        vm.assertEq(keccak256(address(task).code), keccak256(code), "this one's code is the same");
        vm.assertTrue(factory.isTask(address(task)), "and still known");
        settles(outcome);
        terms.version = registered(weights, new VersionId[](0));
        IFederatedTask other = created();
        vm.assertTrue(keccak256(address(other).code) != keccak256(code), "a task of the new one");
    }
}
