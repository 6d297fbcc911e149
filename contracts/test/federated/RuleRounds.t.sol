// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../../src/interfaces/IFederatedTask.sol";
import {IFederatedTasks} from "../../src/interfaces/IFederatedTasks.sol";
import {Kind} from "../../src/interfaces/IRobustWeights.sol";
import {Aggregation, Contested, Outcome, TaskPhase} from "../../src/types/Federated.sol";
import {vm} from "../Vm.sol";
import {TaskFixture} from "./TaskFixture.sol";

/// @dev Whole rounds by every rule: rows' inner products are those of small vectors that a seed determines, so weights differ, and
/// with them the sum that the contract holds the model to.
contract RuleRoundsTest is TaskFixture {
    uint256 private constant CELLS = 6;
    bytes32 private seed;
    /// Whose vector is this many times as long; nobody's if zero.
    uint256 private longest;

    /// Of vectors around a common one. Those of half B are sums of as many as there were rounds, of which the last one's is left out:
    /// the contract does not compare the halves.
    function entryOf(bool cumulative, uint256 n, uint256 i, uint256 j) internal view override returns (int64 sum) {
        // What the first round adds to is nothing.
        if (round() <= 1 && !cumulative && (i == n || j == n)) return 0;
        for (uint256 k = 0; k < CELLS; ++k) {
            sum += cell(cumulative, i, k) * cell(cumulative, j, k);
        }
    }

    function cell(bool cumulative, uint256 row, uint256 k) private view returns (int64 value) {
        // Small numbers.
        // forge-lint: disable-next-line(unsafe-typecast)
        value = int64(int256(uint256(keccak256(abi.encode(seed, cumulative, row, k))) % 101)) - 50;
        // forge-lint: disable-next-line(unsafe-typecast)
        value += int64(int256(k * 10));
        // Small numbers.
        // forge-lint: disable-next-line(unsafe-typecast)
        if (row == 0 && longest != 0) value *= int64(int256(longest));
    }

    /// Two rounds, in the second of which what the first one added is a row.
    function rounds(Kind kind, uint8 faults, bool clip, bool mix, bool history) private {
        (terms.kind, terms.faults, terms.clip, terms.mix, terms.history) = (kind, faults, clip, mix, history);
        (terms.minimum, terms.perRound) = (5, 7);
        terms.root = kind == Kind.FLTrust ? root : address(0);
        task = created();
        for (uint256 r = 0; r < 2; ++r) {
            if (r == 0) joins(6);
            trains(6);
            refusesOthers();
            settles(aggregates(6));
        }
        (bytes32 model,) = task.model();
        vm.assertEq(model, keccak256(pointsOf(weights)), "what the rule says");
    }

    /// One more of one row, or of the reference, and one less of another one: the sums of points are not equal.
    function refusesOthers() private {
        address[] memory all = ascending(6);
        Aggregation memory made = aggregationOf(all);
        uint256[] memory first = updateOf(all[0]);
        uint256[] memory second = updateOf(all[1]);
        (uint256[] memory next, uint256[] memory rest) = summed(all);
        uint256 total = (next[0] << 16) + rest[0] + first[0] - second[0];
        bytes memory head = bytes.concat(point(total >> 16), point(next[1]), point(total & 0xffff), point(rest[1]));
        for (uint256 i = 0; i < head.length; ++i) {
            made.points[i] = head[i];
        }
        made = provenBy(aggregator, made);
        vm.prank(aggregator);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.EquationFails.selector, 0));
        task.aggregate(made);
    }

    /// forge-config: default.fuzz.runs = 48
    function test_EveryRuleIsHeldToItsSum(bytes32 seed_, uint8 kind, uint8 options) public {
        seed = seed_;
        if (options & 8 != 0) longest = 9;
        rounds(Kind(kind % 6), options & 16 == 0 ? 1 : 2, options & 1 != 0, options & 2 != 0, options & 4 != 0);
    }

    /// A long update draws the centre as far as the others do, and no further: what is missing is the centre's.
    function test_CenteredClippingWeighsWhatTheLastRoundAdded() public {
        longest = 20;
        rounds(Kind.CenteredClipping, 0, false, false, true);
        uint256[] memory given = weightsFor(6);
        vm.assertTrue(given[6] > 0 && given[0] < given[1] / 4, "the centre's and the long one's");
        uint256 sum = 0;
        for (uint256 i = 0; i < given.length; ++i) {
            sum += given[i];
        }
        vm.assertEq(sum, 65_536, "all together");
    }

    function test_FLTrustFollowsTheRoot() public {
        rounds(Kind.FLTrust, 0, false, false, true);
        uint256[] memory given = weightsFor(6);
        vm.assertTrue(given.length == 8 && given[6] == 0 && given[7] == 0, "references weigh nothing");
    }

    /// Nobody's stake waits for the root: without its update a round is void.
    function test_FLTrustWithoutItsRoot() public {
        (terms.kind, terms.root) = (Kind.FLTrust, root);
        task = created();
        fund(root);
        vm.prank(root);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTask.NotAdmitted.selector, root));
        task.join("");
        joins(4);
        task.open();
        for (uint256 i = 0; i < 4; ++i) {
            commits(member(i));
        }
        commits(root);
        pass();
        for (uint256 i = 0; i < 4; ++i) {
            reveals(member(i));
        }
        pass();
        task.advance();
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Idle), "void");
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(member(i));
            task.quit();
            vm.assertEq(balance(member(i)), STAKE);
        }
    }

    /// A root that keeps its update back makes a round void, and is nobody who could be struck or slashed.
    function test_FLTrustWithARootThatIsKeptBack() public {
        (terms.kind, terms.root) = (Kind.FLTrust, root);
        task = created();
        joins(4);
        task.open();
        for (uint256 i = 0; i < 4; ++i) {
            commits(member(i));
        }
        commits(root);
        pass();
        for (uint256 i = 0; i < 4; ++i) {
            reveals(member(i));
        }
        reveals(root);
        pass();
        task.advance();
        fund(stranger);
        vm.prank(stranger);
        task.challenge(root, Contested.Update);
        pass();
        task.advance();
        (, uint40 until,) = task.challengeOf(1, root, Contested.Update);
        vm.warp(until + 1);
        task.lapse(1, root, Contested.Update);
        task.advance();
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Idle), "void");
        vm.assertEq(balance(stranger), BOND, "the bond comes back");
        // Its cumulative update begins anew.
        delete sums[root];
        trains(4);
        settles(aggregates(4));
    }

    /// Only FLTrust has a root, and it needs one.
    function test_RootsOfOtherRules() public {
        terms.root = root;
        bytes memory points = pointsOf(weights);
        vm.prank(sponsor);
        vm.expectRevert(abi.encodeWithSelector(IFederatedTasks.RootNeeded.selector, false));
        factory.create(terms, 0, prefix, points);
    }

    /// A rule of which all weights are zero leaves the model as it is: no update goes where the root does.
    function test_FLTrustOfNobodyWhoAgrees() public {
        (terms.kind, terms.root, terms.history) = (Kind.FLTrust, root, false);
        task = created();
        joins(4);
        against = true;
        trains(4);
        (bytes32 before,) = task.model();
        Outcome memory outcome = aggregates(4);
        vm.assertEq(outcome.model, before, "as it was");
        settles(outcome);
        (bytes32 model, bytes32 difference) = task.model();
        vm.assertEq(model, before, "as it was");
        vm.assertEq(difference, keccak256(new bytes(128)), "nothing was added");
    }

    bool private against;

    function triangleOf(bool cumulative, uint256 n, uint256 rows) internal view override returns (bytes memory made) {
        made = super.triangleOf(cumulative, n, rows);
        if (!against || cumulative) return made;
        // The root's column but its own norm: minus one.
        uint256 place = 0;
        for (uint256 i = 0; i < n; ++i) {
            for (uint256 j = i; j < rows; ++j) {
                if (j == rows - 1) {
                    for (uint256 k = 0; k < 8; ++k) {
                        made[place + k] = 0xff;
                    }
                }
                place += 8;
            }
        }
    }
}
