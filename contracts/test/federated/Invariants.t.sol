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
import {vm} from "../Vm.sol";
import {TaskFixture} from "./TaskFixture.sol";

/// @dev What holds whatever anybody does, in whatever order. The contract that is tested calls itself: its actions are public, and
/// forge calls nothing else (`targetSelectors`). Where an action is not possible the task refuses it, and nothing happens.
contract FederatedInvariants is TaskFixture {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    uint256 private constant PEOPLE = 7;
    uint256 private constant VALIDATORS = 2;
    uint128 private constant VALIDATOR_STAKE = 60;
    /// One whose proofs never hold.
    address private cheat = member(5);
    Outcome private last;
    uint256[] private rated;
    uint256 private bonds;

    function setUp() public override {
        super.setUp();
        (terms.rounds, terms.perRound, terms.maximumVoid) = (200, 20, 100);
        (terms.validators, terms.validatorStake, terms.validatorFee, terms.strikes) = (2, VALIDATOR_STAKE, 11, 9);
        task = created();
        joins(PEOPLE);
        for (uint256 v = 0; v < VALIDATORS; ++v) {
            fund(validator(v));
        }
    }

    function validator(uint256 v) private pure returns (address) {
        return member(20 + v);
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(this);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory selectors) {
        selectors = new FuzzSelector[](1);
        selectors[0].addr = address(this);
        bytes4[] memory own = new bytes4[](16);
        (own[0], own[1], own[2], own[3]) = (this.go.selector, this.go.selector, this.say.selector, this.say.selector);
        (own[4], own[5], own[6]) = (this.sum.selector, this.pay.selector, this.enter.selector);
        (own[7], own[8], own[9]) = (this.exit.selector, this.show.selector, this.twoTongues.selector);
        (own[10], own[11], own[12]) = (this.contest.selector, this.answer.selector, this.lapse.selector);
        (own[13], own[14], own[15]) = (this.score.selector, this.punish.selector, this.watch.selector);
        selectors[0].selectors = own;
    }

    function proofOf(address account) internal view override returns (bytes memory) {
        return account == cheat ? bytes("nothing") : super.proofOf(account);
    }

    function tries(address who, bytes memory call) private returns (bool done) {
        vm.prank(who);
        (done,) = address(task).call(call);
    }

    // Actions.

    function go(bool on) public {
        if (phase() == TaskPhase.Ended) return;
        if (phase() == TaskPhase.Idle && on) {
            tries(stranger, abi.encodeCall(task.open, ()));
        } else if (phase() != TaskPhase.Idle) {
            pass();
            tries(stranger, abi.encodeCall(task.advance, ()));
        }
    }

    /// Everybody but one commits, or reveals.
    function say(uint256 but) public {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            address account = member(i);
            if (i == but % (3 * PEOPLE)) continue;
            Reveal[] memory said = new Reveal[](1);
            said[0] = revealOf(account);
            if (phase() == TaskPhase.Commit) {
                tries(account, abi.encodeCall(task.commit, (digestOf(said[0]))));
            } else if (phase() == TaskPhase.Reveal) {
                (,, uint16 before,) = task.wordsOf(account);
                bool first = before != round();
                bool done = tries(stranger, abi.encodeCall(task.reveal, (said)));
                if (done && first) remember(said[0]);
            }
        }
    }

    function sum(uint256 by) public {
        if (phase() != TaskPhase.Aggregate && phase() != TaskPhase.Takeover) return;
        address who = phase() == TaskPhase.Aggregate ? aggregator : member(by % PEOPLE);
        address[] memory all = ascending(PEOPLE);
        uint256 n = 0;
        for (uint256 i = 0; i < PEOPLE; ++i) {
            (,, uint16 revealedIn,) = task.wordsOf(all[i]);
            if (revealedIn == round() && !fallen[round()][all[i]]) all[n++] = all[i];
        }
        assembly ("memory-safe") {
            mstore(all, n)
        }
        if (n == 0) return;
        Aggregation memory made = provenBy(who, aggregationOf(all));
        if (tries(who, abi.encodeCall(task.aggregate, (made)))) last = outcomeOf(made);
    }

    mapping(uint16 round => mapping(address account => bool)) private fallen;

    function pay() public {
        if (phase() != TaskPhase.Settle) return;
        Outcome memory outcome = last;
        uint256[] memory qualities = rates(outcome);
        pass();
        uint16 number = round();
        Scores[] memory given = disclosed();
        bytes memory call = abi.encodeCall(task.settle, (outcome, qualities, given));
        uint256[] memory before = new uint256[](PEOPLE);
        for (uint256 i = 0; i < PEOPLE; ++i) {
            before[i] = balance(member(i));
        }
        if (!tries(stranger, call)) return;
        vm.assertEq(number, round());
        adopt(outcome);
        // Only whose update stood to the end is paid for it, and only what it is worth: whoever aggregated has the fee, too, and
        // whoever got its last strike its stake.
        (address by,) = task.aggregated();
        for (uint256 i = 0; i < PEOPLE; ++i) {
            uint256 most = member(i) == by ? FEE : 0;
            for (uint256 k = 0; k < outcome.accounts.length; ++k) {
                if (outcome.accounts[k] == member(i)) most += uint256(REWARD) * qualities[k] >> 16;
            }
            (,,, bool out,) = task.memberOf(member(i));
            if (out) most += STAKE;
            vm.assertTrue(balance(member(i)) <= before[i] + most, "paid without an update");
        }
    }

    // What validators said in the present round.
    mapping(uint16 round => mapping(address validator => uint32)) private scores;

    /// A validator that committed says it, or commits.
    function score(uint256 v, uint32 value) public {
        address account = validator(v % VALIDATORS);
        uint256 n = last.accounts.length;
        if (phase() == TaskPhase.Score) {
            // Up to all of it.
            scores[round()][account] = value % 65_537;
            bytes32 digest = task.scoresDigest(round(), account, alike(n, scores[round()][account]), "salt");
            tries(account, abi.encodeCall(task.commitScores, (digest)));
        } else if (phase() == TaskPhase.Disclose) {
            uint32[] memory own = alike(n, scores[round()][account]);
            tries(account, abi.encodeCall(task.discloseScores, (last, own, "salt")));
        }
    }

    function alike(uint256 n, uint32 value) private pure returns (uint32[] memory values) {
        values = new uint32[](n);
        for (uint256 i = 0; i < n; ++i) {
            values[i] = value;
        }
    }

    function disclosed() private view returns (Scores[] memory given) {
        given = new Scores[](VALIDATORS);
        uint256 count = 0;
        bool swapped = validator(0) > validator(1);
        for (uint256 v = 0; v < VALIDATORS; ++v) {
            address account = validator(swapped ? 1 - v : v);
            (,, uint16 revealedIn,) = task.wordsOf(account);
            if (revealedIn != round()) continue;
            given[count].validator = account;
            given[count++].scores = alike(last.accounts.length, scores[round()][account]);
        }
        assembly ("memory-safe") {
            mstore(given, count)
        }
    }

    /// A strike is for silence.
    function punish(uint256 who) public {
        address account = who % 3 == 0 ? validator(who / 3 % VALIDATORS) : member(who / 3 % PEOPLE);
        address[] memory one = new address[](1);
        one[0] = account;
        (,, uint16 revealedIn,) = task.wordsOf(account);
        bool spoke = revealedIn == round();
        vm.assertFalse(tries(stranger, abi.encodeCall(task.strike, (one))) && spoke, "struck for what it said");
    }

    /// A validator comes or goes.
    function watch(uint256 v, bool comes) public {
        address account = validator(v % VALIDATORS);
        if (comes) tries(account, abi.encodeCall(task.joinAsValidator, ("")));
        else if (v % 5 == 0) tries(account, abi.encodeCall(task.quit, ()));
    }

    function enter(uint256 who) public {
        tries(member(who % PEOPLE), abi.encodeCall(task.join, ("")));
    }

    function exit(uint256 who, uint256 amount) public {
        address account = member(who % PEOPLE);
        if (who % 5 == 0) tries(account, abi.encodeCall(task.quit, ()));
        tries(account, abi.encodeCall(task.withdraw, (account, amount % (balance(account) + 2))));
    }

    /// Accuses somebody. Only the cheat can be slashed.
    function show(uint256 who, uint256 by) public {
        address account = member(who % PEOPLE);
        bool done = tries(member(by % PEOPLE), abi.encodeCall(task.accuse, (shown(account))));
        vm.assertTrue(!done || account == cheat, "slashed without a fault");
        if (done) fall(account);
    }

    function fall(address account) private {
        fallen[round()][account] = true;
        delete sums[account];
    }

    function twoTongues(uint256 who, bool same) public {
        if (who % 4 != 0) return;
        uint256 i = (who / 4) % PEOPLE;
        SignedCommit memory one = signedCommit(keyOf(i), "one");
        // Short words.
        // forge-lint: disable-next-line(unsafe-typecast)
        SignedCommit memory other = signedCommit(keyOf(i), same ? bytes32("one") : bytes32("other"));
        bool done = tries(stranger, abi.encodeCall(task.equivocated, (one, other)));
        vm.assertTrue(!done || !same, "slashed without a fault");
        (,, uint16 revealedIn,) = task.wordsOf(member(i));
        if (done && phase() <= TaskPhase.Takeover && revealedIn == round()) fall(member(i));
    }

    function contest(uint256 who, uint8 what, uint256 by) public {
        address account = member(who % PEOPLE);
        bytes memory call = abi.encodeCall(task.challenge, (account, Contested(what % 4)));
        if (tries(member(by % PEOPLE), call)) ++bonds;
    }

    function answer(uint256 who, uint256 by) public {
        address account = member(who % PEOPLE);
        if (tries(member(by % PEOPLE), abi.encodeCall(task.answerProof, (shown(account))))) {
            --bonds;
            if (account == cheat) fall(account);
        }
    }

    function lapse(uint256 who, uint8 what, uint16 when) public {
        Contested contested = Contested(what % 4);
        address account = contested == Contested.Model ? address(0) : member(who % PEOPLE);
        uint16 number = when % 3 == 0 && round() > 0 ? round() - 1 : round();
        (, uint40 until, bool closed) = task.challengeOf(number, account, contested);
        if (until == 0 || closed) return;
        if (when % 2 == 0 && block.timestamp <= until) vm.warp(until + 1);
        bool running = phase() > TaskPhase.Select && phase() < TaskPhase.Ended && number == round();
        if (tries(stranger, abi.encodeCall(task.lapse, (number, account, contested)))) {
            --bonds;
            if (running && contested != Contested.Model) fall(account);
        }
    }

    // What holds.

    function invariant_money_in_is_money_out_and_held() public view {
        (uint256 pool, uint256 burned) = task.money();
        uint256 owed = pool + burned + uint256(task.memberCount()) * STAKE + bonds * BOND;
        for (uint256 i = 0; i < PEOPLE; ++i) {
            owed += balance(member(i));
        }
        for (uint256 v = 0; v < VALIDATORS; ++v) {
            owed += balance(validator(v)) + (task.isValidator(validator(v)) ? VALIDATOR_STAKE : 0);
        }
        owed += balance(aggregator) + balance(sponsor) + balance(stranger);
        vm.assertEq(coin.balanceOf(address(task)), owed, "in = out + held");
    }

    /// The list has no holes and knows every member's place.
    function invariant_everybody_is_where_the_list_says() public view {
        uint16 count = task.memberCount();
        for (uint16 i = 1; i <= count; ++i) {
            (uint16 index,,, bool out,) = task.memberOf(task.memberAt(i));
            vm.assertTrue(index == i && !out, "a place");
        }
        vm.assertEq(task.memberAt(count + 1), address(0));
    }

    /// From wherever it is, every round comes to its end without its members, and every stake comes out.
    function invariant_no_stake_is_stuck() public {
        uint256 here = vm.snapshotState();
        for (uint256 k = 0; k < 12 && phase() != TaskPhase.Idle && phase() != TaskPhase.Ended; ++k) {
            for (uint8 what = 0; what < 4; ++what) {
                for (uint256 i = 0; i < PEOPLE; ++i) {
                    lapse(i, what, 2);
                }
            }
            pass();
            if (phase() == TaskPhase.Settle) pay();
            else tries(stranger, abi.encodeCall(task.advance, ()));
        }
        vm.assertTrue(phase() == TaskPhase.Idle || phase() == TaskPhase.Ended, "the round ends");
        while (task.memberCount() != 0) {
            address account = task.memberAt(1);
            vm.assertTrue(tries(account, abi.encodeCall(task.quit, ())), "leaves");
            uint256 all = balance(account);
            vm.assertTrue(all >= STAKE, "with its stake");
            vm.assertTrue(tries(account, abi.encodeCall(task.withdraw, (account, all))), "and takes it");
        }
        for (uint256 v = 0; v < VALIDATORS; ++v) {
            address account = validator(v);
            if (task.isValidator(account)) vm.assertTrue(tries(account, abi.encodeCall(task.quit, ())), "leaves");
            vm.assertTrue(tries(account, abi.encodeCall(task.withdraw, (account, balance(account)))), "and takes it");
        }
        vm.revertToState(here);
    }
}
