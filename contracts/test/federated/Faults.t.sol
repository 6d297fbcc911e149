// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../../src/interfaces/IFederatedTask.sol";
import {
    Aggregation,
    Contested,
    Evidence,
    Outcome,
    Posting,
    Reveal,
    Scores,
    SignedCommit,
    TaskPhase
} from "../../src/types/Federated.sol";
import {vm} from "../Vm.sol";
import {TaskFixture} from "./TaskFixture.sol";

/// @dev Proofs that fail, two tongues, silence, what is asked for and not given. One participant's update is a polynomial of small
/// integers and a blind at the setup's tau, which is 7.
contract FaultsTest is TaskFixture {
    uint256 private constant TAU = 7;
    uint256 private constant CELLS = 16;
    uint256 private constant BLIND = 0xB11DB11DB11DB11D;
    address private whole = member(2);
    /// Whose revealed proof does not prove anything.
    address private cheat;
    address private accuser = vm.addr(0xD009);

    function cellOf(uint256 c, uint256 i) private pure returns (int256) {
        // Small numbers.
        // forge-lint: disable-next-line(unsafe-typecast)
        return int256(i * 37 % 251) - 100 - int256(c);
    }

    function updateOf(address account) internal view override returns (uint256[] memory scalars) {
        if (account != whole) return super.updateOf(account);
        scalars = new uint256[](chunks);
        for (uint256 c = 0; c < chunks; ++c) {
            scalars[c] = valueAt(c, TAU);
        }
    }

    function valueAt(uint256 c, uint256 x) private pure returns (uint256 value) {
        value = BLIND + c;
        for (uint256 i = CELLS; i > 0; --i) {
            int256 cell = cellOf(c, i - 1);
            // Small numbers.
            // forge-lint: disable-next-line(unsafe-typecast)
            uint256 inField = cell < 0 ? ORDER - uint256(-cell) : uint256(cell);
            value = addmod(mulmod(value, x, ORDER), inField, ORDER);
        }
    }

    function proofOf(address account) internal view override returns (bytes memory) {
        return account == cheat ? bytes("nothing") : super.proofOf(account);
    }

    /// Five take part and reveal; challenges are possible.
    function checked() private {
        reachesChecks(5);
        fund(accuser);
    }

    function revealedCount() private view returns (uint16 count) {
        (,,, count,,) = task.standing();
    }

    /// All that is held is somebody's.
    function assertWhole(uint256 bonds) private view {
        (uint256 pool, uint256 burned) = task.money();
        uint256 owed = pool + burned + uint256(task.memberCount()) * STAKE + bonds * BOND;
        for (uint256 i = 0; i < 8; ++i) {
            owed += balance(member(i));
        }
        owed += balance(aggregator) + balance(sponsor) + balance(accuser);
        vm.assertEq(coin.balanceOf(address(task)), owed, "in = out + held");
    }

    function test_FailingProofCostsTheStakeAndFallsOut() public {
        cheat = member(1);
        checked();
        Evidence memory made = shown(cheat);
        vm.prank(accuser);
        task.accuse(made);
        vm.assertEq(revealedCount(), 4);
        vm.assertEq(balance(accuser), STAKE / 4, "a quarter");
        (uint256 pool, uint256 burned) = task.money();
        vm.assertEq(burned, STAKE / 2, "half is nobody's");
        vm.assertEq(pool, 4 * (REWARD + FEE) + STAKE / 4, "the rest is the pool's");
        (,,, bool out,) = task.memberOf(cheat);
        vm.assertTrue(out, "put out");
        assertWhole(0);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotAMember.selector, cheat));
        task.accuse(made);
        vm.prank(cheat);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.PutOut.selector, cheat));
        task.join("");
        // The round goes on without it.
        pass();
        task.advance();
        address[] memory others = new address[](4);
        uint256 n = 0;
        address[] memory all = ascending(5);
        for (uint256 i = 0; i < 5; ++i) {
            if (all[i] != cheat) others[n++] = all[i];
        }
        Aggregation memory with = provenBy(aggregator, aggregationOf(all));
        vm.prank(aggregator);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.OtherLength.selector, 4, 5));
        task.aggregate(with);
        Aggregation memory without = provenBy(aggregator, aggregationOf(others));
        vm.prank(aggregator);
        task.aggregate(without);
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Settle), "aggregated");
    }

    function test_FailingProofShownAfterTheAggregationVoidsTheRound() public {
        cheat = member(1);
        checked();
        pass();
        task.advance();
        Outcome memory outcome = aggregates(5);
        (bytes32 before,) = task.model();
        Evidence memory made = shown(cheat);
        vm.prank(accuser);
        task.accuse(made);
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Idle), "void");
        (bytes32 model,) = task.model();
        vm.assertEq(model, before, "the old model");
        (uint256 pool,) = task.money();
        vm.assertEq(pool, 4 * (REWARD + FEE) + STAKE / 4, "nobody was paid");
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.WrongPhase.selector, TaskPhase.Settle, TaskPhase.Idle));
        task.settle(outcome, new uint256[](0), new Scores[](0));
        assertWhole(0);
    }

    function test_HonestProofsCannotBeAccused() public {
        checked();
        Evidence memory made = shown(member(0));
        vm.expectRevert(IFederatedTask.ProofHolds.selector);
        task.accuse(made);
        // Other bytes, other points, another prefix, another one's, another round's: nothing that was not revealed counts.
        made.proof = "nothing";
        vm.expectRevert(
            abi.encodeWithSelector(IFederatedTask.OtherBytes.selector, made.revealed.proofHash, keccak256("nothing"))
        );
        task.accuse(made);
        made.revealed.proofHash = keccak256("nothing");
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.OtherReveal.selector, member(0)));
        task.accuse(made);
        made = shown(member(0));
        made.prefix = abi.encodePacked(prefix, uint8(0));
        vm.expectPartialRevert(IFederatedTask.OtherBytes.selector);
        task.accuse(made);
        made = shown(member(0));
        made.revealed.points = pointsOf(updateOf(member(1)));
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.OtherReveal.selector, member(0)));
        task.accuse(made);
        made = shown(member(0));
        made.account = member(1);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.OtherReveal.selector, member(1)));
        task.accuse(made);
        made.account = accuser;
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NothingRevealed.selector, accuser));
        task.accuse(made);
    }

    /// Whoever slashes itself by a friend loses three quarters.
    function test_NobodySlashesItselfAtAProfit(uint8 who) public {
        cheat = member(who % 5);
        checked();
        uint256 had = MONEY - STAKE;
        Evidence memory made = shown(cheat);
        vm.startPrank(cheat);
        task.accuse(made);
        task.withdraw(cheat, balance(cheat));
        vm.stopPrank();
        vm.assertEq(coin.balanceOf(cheat), had + STAKE / 4, "a quarter of what it had");
    }

    function test_TwoTongues() public {
        joins(5);
        fund(accuser);
        task.open();
        SignedCommit memory one = signedCommit(keyOf(1), keccak256("one"));
        SignedCommit memory other = signedCommit(keyOf(1), keccak256("other"));
        vm.expectRevert(IFederatedTask.NoEquivocation.selector);
        task.equivocated(one, one);
        SignedCommit memory forged = SignedCommit({account: member(1), digest: other.digest, signature: one.signature});
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.InvalidSignature.selector, member(1)));
        task.equivocated(one, forged);
        SignedCommit memory anothers = signedCommit(keyOf(2), keccak256("other"));
        vm.expectRevert(IFederatedTask.NoEquivocation.selector);
        task.equivocated(one, anothers);
        commits(member(1));
        vm.prank(accuser);
        task.equivocated(one, other);
        vm.assertEq(balance(accuser), STAKE / 4, "a quarter");
        vm.assertEq(task.memberCount(), 4);
        assertWhole(0);
        pass();
        Reveal[] memory said = new Reveal[](1);
        said[0] = revealOf(member(1));
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotCommitted.selector, member(1), 1));
        task.reveal(said);
    }

    /// A signature of another round, task or chain is none of this one.
    function test_TonguesOfOtherRoundsTasksAndChains() public {
        joins(5);
        task.open();
        SignedCommit memory one = signedCommit(keyOf(1), keccak256("one"));
        SignedCommit memory other = signedCommit(keyOf(1), keccak256("other"));
        other.signature = signed(keyOf(1), task.commitDigest(2, other.digest));
        bytes memory refused = abi.encodeWithSelector(IFederatedTask.InvalidSignature.selector, member(1));
        vm.expectRevert(refused);
        task.equivocated(one, other);
        other.signature = signed(keyOf(1), created().commitDigest(1, other.digest));
        vm.expectRevert(refused);
        task.equivocated(one, other);
        uint256 here = block.chainid;
        vm.chainId(77);
        other = signedCommit(keyOf(1), keccak256("other"));
        vm.chainId(here);
        vm.expectRevert(refused);
        task.equivocated(one, other);
    }

    function test_ProofChallengeThatIsAnswered() public {
        checked();
        vm.prank(accuser);
        task.challenge(member(0), Contested.Proof);
        vm.prank(accuser);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.AlreadyChallenged.selector, member(0), Contested.Proof));
        task.challenge(member(0), Contested.Proof);
        assertWhole(1);
        pass();
        task.advance();
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Answer), "challenges are open");
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.ChallengesOpen.selector, 1));
        task.advance();
        Evidence memory made = shown(member(0));
        vm.prank(member(0));
        task.answerProof(made);
        vm.assertEq(balance(member(0)), BOND, "who answers takes the bond");
        vm.assertEq(revealedCount(), 5);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotChallenged.selector, member(0), Contested.Proof));
        task.answerProof(made);
        task.advance();
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Aggregate), "on it goes");
        assertWhole(0);
    }

    function test_ProofChallengeAnsweredByAProofThatFails() public {
        cheat = member(3);
        checked();
        vm.prank(accuser);
        task.challenge(cheat, Contested.Proof);
        Evidence memory made = shown(cheat);
        vm.prank(member(0));
        task.answerProof(made);
        vm.assertEq(balance(accuser), BOND, "the challenger was right");
        vm.assertEq(balance(member(0)), STAKE / 4, "who showed it");
        vm.assertEq(revealedCount(), 4);
        assertWhole(0);
    }

    function test_ChallengesThatNobodyAnswers() public {
        checked();
        vm.startPrank(accuser);
        task.challenge(member(0), Contested.Update);
        task.challenge(member(1), Contested.Proof);
        vm.stopPrank();
        vm.expectPartialRevert(IFederatedTask.TooEarly.selector);
        task.lapse(1, member(0), Contested.Update);
        (, uint40 until,) = task.challengeOf(1, member(0), Contested.Update);
        vm.warp(until + 1);
        task.lapse(1, member(0), Contested.Update);
        task.lapse(1, member(1), Contested.Proof);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotChallenged.selector, member(0), Contested.Update));
        task.lapse(1, member(0), Contested.Update);
        vm.assertEq(balance(accuser), 2 * BOND, "the bonds come back");
        vm.assertEq(revealedCount(), 3);
        (,, uint8 strikes, bool out,) = task.memberOf(member(0));
        vm.assertTrue(strikes == 1 && !out, "a strike, no slash");
        assertWhole(0);
        Evidence memory made = shown(member(1));
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotChallenged.selector, member(1), Contested.Proof));
        task.answerProof(made);
    }

    /// With what falls, the round is too small, and ends at once.
    function test_RoundOfTooFewIsVoid() public {
        checked();
        vm.startPrank(accuser);
        for (uint256 i = 0; i < 3; ++i) {
            task.challenge(member(i), Contested.Update);
        }
        vm.stopPrank();
        vm.warp(block.timestamp + 3 hours);
        for (uint256 i = 0; i < 3; ++i) {
            task.lapse(1, member(i), Contested.Update);
        }
        task.advance();
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Idle), "void");
        (,,,,, uint8 voids) = task.standing();
        vm.assertEq(voids, 1);
        // Nobody is bound any more.
        for (uint256 i = 0; i < 5; ++i) {
            vm.prank(member(i));
            task.quit();
            vm.assertEq(balance(member(i)), STAKE);
        }
    }

    // Integers on the chain.

    function postingOf(uint256 perChunk) private view returns (Posting memory posting, bytes[] memory pieces) {
        return postingOf(perChunk, 1);
    }

    /// Of `times` the update.
    function postingOf(uint256 perChunk, uint256 times)
        private
        view
        returns (Posting memory posting, bytes[] memory pieces)
    {
        uint256 each = CELLS / perChunk;
        // Small numbers.
        // forge-lint: disable-next-line(unsafe-typecast)
        (posting.perChunk, posting.cells, posting.width) = (uint32(perChunk), uint32(each), 2);
        posting.blinds = new uint256[](chunks);
        posting.pieces = new bytes32[](chunks * perChunk);
        pieces = new bytes[](chunks * perChunk);
        for (uint256 c = 0; c < chunks; ++c) {
            posting.blinds[c] = times * (BLIND + c);
            for (uint256 i = 0; i < CELLS; ++i) {
                uint256 p = c * perChunk + i / each;
                // Small numbers.
                // forge-lint: disable-next-line(unsafe-typecast)
                pieces[p] = bytes.concat(pieces[p], bytes2(uint16(int16(int256(times) * cellOf(c, i)))));
            }
        }
        for (uint256 p = 0; p < pieces.length; ++p) {
            posting.pieces[p] = keccak256(pieces[p]);
        }
    }

    function quotientsOf(Posting memory posting) private view returns (bytes memory quotients) {
        return quotientsOf(posting, 1);
    }

    function quotientsOf(Posting memory posting, uint256 times) private view returns (bytes memory quotients) {
        uint256 z = uint256(keccak256(abi.encode(keccak256(abi.encode(posting))))) % ORDER;
        uint256[] memory scalars = new uint256[](chunks);
        for (uint256 c = 0; c < chunks; ++c) {
            uint256 less = addmod(valueAt(c, TAU), ORDER - valueAt(c, z), ORDER);
            less = mulmod(less, times, ORDER);
            scalars[c] = mulmod(less, inverse(addmod(TAU, ORDER - z, ORDER)), ORDER);
        }
        return pointsOf(scalars);
    }

    function inverse(uint256 x) private view returns (uint256 result) {
        bytes memory input = abi.encode(uint256(32), uint256(32), uint256(32), x, ORDER - 2, ORDER);
        assembly ("memory-safe") {
            pop(staticcall(gas(), 5, add(input, 0x20), 0xc0, 0x00, 0x20))
            result := mload(0x00)
        }
    }

    function restOf(address account) private view returns (bytes32[2] memory rest) {
        rest[0] = evidence(account);
        rest[1] = keccak256(pointsOf(sums[account]));
    }

    function test_UpdateChallengeAnsweredByItsIntegers() public {
        checked();
        vm.prank(accuser);
        task.challenge(whole, Contested.Update);
        (Posting memory posting, bytes[] memory pieces) = postingOf(2);
        vm.startPrank(whole);
        task.beginAnswer(whole, Contested.Update, posting);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.AlreadyCommitted.selector, whole, 1));
        task.beginAnswer(whole, Contested.Update, posting);
        bytes memory points = pointsOf(updateOf(whole));
        bytes memory quotients = quotientsOf(posting);
        bytes32[2] memory rest = restOf(whole);
        for (uint256 p = pieces.length; p > 0; --p) {
            vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotOpened.selector, 0));
            task.endAnswer(whole, Contested.Update, posting, points, rest, quotients);
            task.postPiece(whole, Contested.Update, posting, p - 1, pieces[p - 1]);
        }
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.AlreadyRevealed.selector, whole, 1));
        task.postPiece(whole, Contested.Update, posting, 0, pieces[0]);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotOpened.selector, 0));
        task.endAnswer(whole, Contested.Update, posting, points, rest, points);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.OtherReveal.selector, whole));
        task.endAnswer(whole, Contested.Update, posting, quotients, rest, quotients);
        task.endAnswer(whole, Contested.Update, posting, points, rest, quotients);
        vm.stopPrank();
        vm.assertEq(balance(whole), BOND, "the bond");
        assertWhole(0);
    }

    /// What one has revealed in two rounds, asked for by who does not have the first of them.
    function test_CumulativeChallengeAnsweredByItsIntegers() public {
        checked();
        pass();
        task.advance();
        settles(aggregates(5));
        reveals(5);
        vm.prank(accuser);
        task.challenge(whole, Contested.Cumulative);
        assertWhole(1);
        (Posting memory posting, bytes[] memory pieces) = postingOf(2, 2);
        uint256 before = balance(whole);
        vm.startPrank(whole);
        task.beginAnswer(whole, Contested.Cumulative, posting);
        for (uint256 p = 0; p < pieces.length; ++p) {
            task.postPiece(whole, Contested.Cumulative, posting, p, pieces[p]);
        }
        bytes memory update = pointsOf(updateOf(whole));
        bytes memory points = pointsOf(sums[whole]);
        bytes memory quotients = quotientsOf(posting, 2);
        bytes32[2] memory rest = [keccak256(update), evidence(whole)];
        (bytes32[2] memory other, bytes memory others) = (restOf(whole), quotientsOf(posting, 1));
        // The update is not the sum; nor is the sum without the update's word.
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.OtherReveal.selector, whole));
        task.endAnswer(whole, Contested.Cumulative, posting, update, other, quotients);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.OtherReveal.selector, whole));
        task.endAnswer(whole, Contested.Cumulative, posting, points, other, quotients);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotOpened.selector, 0));
        task.endAnswer(whole, Contested.Cumulative, posting, points, rest, others);
        task.endAnswer(whole, Contested.Cumulative, posting, points, rest, quotients);
        vm.stopPrank();
        vm.assertEq(balance(whole) - before, BOND, "the bond");
        vm.assertEq(revealedCount(), 5);
        assertWhole(0);
    }

    /// Who keeps the sum back falls out of the round, with a strike and its stake.
    function test_CumulativeThatNobodyOpens() public {
        checked();
        vm.prank(accuser);
        task.challenge(member(0), Contested.Cumulative);
        (, uint40 until,) = task.challengeOf(1, member(0), Contested.Cumulative);
        vm.warp(until + 1);
        task.lapse(1, member(0), Contested.Cumulative);
        (,, uint8 strikes, bool out,) = task.memberOf(member(0));
        vm.assertTrue(strikes == 1 && !out, "a strike, no slash");
        vm.assertEq(revealedCount(), 4);
        vm.assertEq(balance(accuser), BOND, "the bond comes back");
        assertWhole(0);
    }

    /// Where nothing is added up nobody can be asked for it.
    function test_NoCumulativeNoChallenge() public {
        terms.history = false;
        task = created();
        checked();
        vm.prank(accuser);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NothingRevealed.selector, whole));
        task.challenge(whole, Contested.Cumulative);
        vm.prank(accuser);
        task.challenge(whole, Contested.Update);
    }

    /// One cell, or the blind, is another: nothing opens it.
    function test_OtherIntegersOpenNothing(uint8 place, bool blind) public {
        checked();
        vm.prank(accuser);
        task.challenge(whole, Contested.Update);
        (Posting memory posting, bytes[] memory pieces) = postingOf(1);
        if (blind) {
            posting.blinds[place % chunks] += 1;
        } else {
            bytes memory piece = pieces[place % chunks];
            piece[place % piece.length] ^= 0x01;
            posting.pieces[place % chunks] = keccak256(piece);
        }
        task.beginAnswer(whole, Contested.Update, posting);
        for (uint256 p = 0; p < pieces.length; ++p) {
            task.postPiece(whole, Contested.Update, posting, p, pieces[p]);
        }
        bytes memory points = pointsOf(updateOf(whole));
        bytes memory quotients = quotientsOf(posting);
        bytes32[2] memory rest = restOf(whole);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotOpened.selector, 0));
        task.endAnswer(whole, Contested.Update, posting, points, rest, quotients);
    }

    function test_PiecesThatWereNotSaid() public {
        checked();
        vm.prank(accuser);
        task.challenge(whole, Contested.Update);
        (Posting memory posting, bytes[] memory pieces) = postingOf(2);
        vm.expectPartialRevert(IFederatedTask.OtherBytes.selector);
        task.postPiece(whole, Contested.Update, posting, 0, pieces[0]);
        task.beginAnswer(whole, Contested.Update, posting);
        vm.expectPartialRevert(IFederatedTask.OtherBytes.selector);
        task.postPiece(whole, Contested.Update, posting, 1, pieces[0]);
        vm.expectPartialRevert(IFederatedTask.TooLong.selector);
        task.postPiece(whole, Contested.Update, posting, 4, pieces[0]);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.OtherLength.selector, 16, 17));
        task.postPiece(whole, Contested.Update, posting, 0, bytes.concat(pieces[0], hex"00"));
        posting.width = 3;
        vm.expectPartialRevert(IFederatedTask.OtherBytes.selector);
        task.postPiece(whole, Contested.Update, posting, 0, pieces[0]);
        vm.startPrank(accuser);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.TooLong.selector, 4, 5));
        posting.width = 5;
        task.beginAnswer(whole, Contested.Update, posting);
        posting.width = 2;
        posting.cells = 9;
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.TooLong.selector, 16, 18));
        task.beginAnswer(whole, Contested.Update, posting);
        posting.cells = 8;
        posting.blinds = new uint256[](1);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.OtherLength.selector, 2, 1));
        task.beginAnswer(whole, Contested.Update, posting);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotChallenged.selector, member(0), Contested.Update));
        task.beginAnswer(member(0), Contested.Update, posting);
        vm.stopPrank();
    }

    /// The aggregator made a model and keeps it to itself.
    function test_ModelThatIsNotGivenOutIsVoid() public {
        checked();
        pass();
        task.advance();
        Outcome memory outcome = aggregates(5);
        vm.prank(accuser);
        task.challenge(address(0), Contested.Model);
        pass();
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.ChallengesOpen.selector, 1));
        task.settle(outcome, new uint256[](0), new Scores[](0));
        (, uint40 until,) = task.challengeOf(1, address(0), Contested.Model);
        vm.warp(until + 1);
        task.lapse(1, address(0), Contested.Model);
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Idle), "void");
        vm.assertEq(balance(aggregator), 0, "no fee");
        vm.assertEq(balance(accuser), BOND, "the bond");
        assertWhole(0);
    }

    /// A challenge of a round that ended otherwise gives its bond back.
    function test_BondsOfRoundsThatAreOver() public {
        cheat = member(1);
        checked();
        pass();
        task.advance();
        aggregates(5);
        vm.prank(accuser);
        task.challenge(address(0), Contested.Model);
        Evidence memory made = shown(cheat);
        vm.prank(accuser);
        task.accuse(made);
        assertWhole(1);
        task.lapse(1, address(0), Contested.Model);
        vm.assertEq(balance(accuser), STAKE / 4 + BOND, "back at once");
    }

    // Silence.

    function test_StrikesOfTheSilentPutThemOut() public {
        joins(5);
        for (uint16 r = 1; r <= 2; ++r) {
            task.open();
            for (uint256 i = 0; i < 4; ++i) {
                commits(member(i));
            }
            pass();
            for (uint256 i = 0; i < 3; ++i) {
                reveals(member(i));
            }
            address[] memory silent = new address[](1);
            silent[0] = member(4);
            task.strike(silent);
            vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NothingToStrike.selector, member(4)));
            task.strike(silent);
            silent[0] = member(3);
            vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NothingToStrike.selector, member(3)));
            task.strike(silent);
            pass();
            task.strike(silent);
            silent[0] = member(0);
            vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NothingToStrike.selector, member(0)));
            task.strike(silent);
            pass();
            task.advance();
            settles(aggregates(3));
        }
        task.open();
        for (uint256 i = 0; i < 3; ++i) {
            commits(member(i));
        }
        pass();
        address[] memory both = new address[](2);
        (both[0], both[1]) = (member(3), member(4));
        task.strike(both);
        vm.assertEq(task.memberCount(), 3);
        (uint16 index,, uint8 strikes, bool out, uint256 mine) = task.memberOf(member(4));
        vm.assertTrue(index == 0 && strikes == 3 && out, "three strikes");
        vm.assertEq(mine, STAKE, "with its stake");
    }

    function test_AggregatorWhoDisappearsIsReplaced() public {
        joins(5);
        trains(5);
        Aggregation memory made = provenBy(member(0), aggregationOf(ascending(5)));
        vm.prank(member(0));
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotTheAggregator.selector, aggregator, member(0)));
        task.aggregate(made);
        pass();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotAMember.selector, stranger));
        task.aggregate(made);
        // Taken from the waiting transactions it is nobody else's.
        vm.prank(member(1));
        vm.expectRevert(IFederatedTask.NotProved.selector);
        task.aggregate(made);
        vm.prank(member(0));
        task.aggregate(made);
        Outcome memory outcome = outcomeOf(made);
        uint256 before = balance(member(0));
        settles(outcome);
        vm.assertTrue(balance(member(0)) >= before + FEE, "the fee is the one's who did it");
        vm.assertEq(balance(aggregator), 0, "and not the named one's");
    }

    function test_RoundsThatNobodyAggregatesEndTheTask() public {
        joins(5);
        trains(5);
        pass();
        task.advance();
        pass();
        task.advance();
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Idle), "one void round");
        trains(5);
        pass();
        task.advance();
        pass();
        task.advance();
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Ended), "two are too many");
        vm.assertEq(balance(sponsor), 4 * (REWARD + FEE), "all of it");
        for (uint256 i = 0; i < 5; ++i) {
            vm.prank(member(i));
            task.quit();
        }
        assertWhole(0);
    }

    /// Anybody can pay for a week. After that nobody is bound by it any more.
    function test_RoundsThatNobodySettles() public {
        joins(5);
        trains(5);
        Outcome memory outcome = aggregates(5);
        pass();
        (,, uint40 until,,,) = task.standing();
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.TooEarly.selector, until + 7 days));
        task.advance();
        uint256[] memory qualities = rates(outcome);
        vm.warp(until + 7 days);
        uint256 here = vm.snapshotState();
        task.settle(outcome, qualities, new Scores[](0));
        vm.revertToState(here);
        vm.warp(until + 7 days + 1);
        task.advance();
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Idle), "void");
        vm.prank(member(0));
        task.quit();
        vm.assertEq(balance(member(0)), STAKE);
    }

    function test_NobodyComesAndTheSponsorGetsItBack() public {
        joins(2);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.TooFew.selector, 3, 2));
        task.open();
        vm.expectPartialRevert(IFederatedTask.TooEarly.selector);
        task.advance();
        pass();
        task.advance();
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Ended), "ended");
        vm.assertEq(balance(sponsor), 4 * (REWARD + FEE));
        vm.prank(member(0));
        task.quit();
        vm.assertEq(balance(member(0)), STAKE);
    }
}
