// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ICommittees} from "../../src/interfaces/ICommittees.sol";
import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {IOracleStaking} from "../../src/interfaces/IOracleStaking.sol";
import {Committee, Member, Signed} from "../../src/types/Oracles.sol";
import {Answer, Mode, Phase, Request, RequestId} from "../../src/types/Settlement.sol";
import {vm, Vm} from "../Vm.sol";
import {CommitteeFixture} from "../settlement/CommitteeFixture.sol";

/// @dev Does with requests, answers, committees and stake whatever may be done, in any order, as an honest prover, liars,
/// challengers and silent members would; and remembers what it knows that the contracts do not say.
contract SettlementHandler is CommitteeFixture {
    struct Known {
        Request asked;
        RequestId id;
        Answer given;
        Committee committee;
        int64[][] heard;
        bool committed;
    }

    Known[] private known;
    /// What there is a reason for: bonds of answers that were not proved or contradicted, members that were silent, lies and
    /// pairs of signatures that were shown, and what lapsed of fees.
    uint256 public forfeited;
    uint256 public silent;
    uint256 public shown;
    uint256 public lapsed;
    /// The right answer.
    int64 private constant TRUTH = 7;

    function count() external view returns (uint256) {
        return known.length;
    }

    function idAt(uint256 i) external view returns (RequestId) {
        return known[i].id;
    }

    function phaseAt(uint256 i) public view returns (Phase phase) {
        (phase,) = router.standingOf(known[i].id);
    }

    function askSome(uint8 mode, uint128 fee, bool calls) external {
        if (known.length >= 24) return;
        Request memory asked = requestFor(Mode(mode % 3));
        (asked.fee, asked.callbackGas) = (fee % 1000, calls ? CALLBACK_GAS : 0);
        RequestId id = ask(asked);
        Known storage one_ = known.push();
        (one_.asked, one_.id) = (asked, id);
    }

    function answerOne(uint256 i, bool right) external {
        (Known storage one_, bool there) = pick(i, Phase.Open);
        if (!there || one_.asked.mode != Mode.Optimistic || late(one_)) return;
        one_.given = give(one_.asked, right ? TRUTH : int64(8));
    }

    function challengeOne(uint256 i) external {
        (Known storage one_, bool there) = pick(i, Phase.Answered);
        if (!there || late(one_)) return;
        one_.given = accuse(one_.asked, one_.given);
    }

    function proveOne(uint256 i) external {
        if (known.length == 0) return;
        Known storage one_ = known[within(i)];
        Phase phase = phaseAt(within(i));
        if (over(phase)) return;
        if (phase == Phase.Drawn) {
            if (one_.heard.length == 0) one_.heard = new int64[][](5);
            for (uint256 j = 0; j < 5; ++j) {
                if (one_.heard[j].length == 1 && one_.heard[j][0] != TRUTH) ++shown;
            }
            overruleBy(prover, one_.asked, one_.committee, one_.heard, TRUTH);
            return;
        }
        if (phase != Phase.Answered && late(one_)) return;
        if (phase != Phase.Open && one_.given.outputs[0] != TRUTH) ++forfeited;
        proveBy(prover, one_.asked, phase == Phase.Open ? none() : one_.given, TRUTH);
    }

    function endOne(uint256 i) external {
        if (known.length == 0) return;
        Known storage one_ = known[within(i)];
        Phase phase = phaseAt(within(i));
        if (over(phase)) return;
        if (phase == Phase.Drawn) {
            closeOne(one_);
            return;
        }
        (, uint40 until) = router.standingOf(one_.id);
        if (block.timestamp <= until) return;
        if (phase == Phase.Answered) {
            finalise(one_.asked, one_.given);
        } else if (phase == Phase.Challenged) {
            ++forfeited;
            router.forfeit(address(consumer), one_.asked, offered, one_.given);
            delete one_.given;
        } else {
            (uint40 since,) = router.drawOf(one_.id);
            if (since != 0) lapsed += one_.asked.fee / 4;
            router.refund(address(consumer), one_.asked, offered, none());
        }
    }

    function drawOne(uint256 i) external {
        (Known storage one_, bool there) = pick(i, Phase.Open);
        if (!there || one_.asked.mode != Mode.Quorum || late(one_)) return;
        (uint40 since, uint64 round) = router.drawOf(one_.id);
        if (since == 0) return;
        randomness.state(round, keccak256(abi.encode(round)));
        vm.recordLogs();
        router.draw(address(consumer), one_.asked);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (logs[0].topics[0] != ICommittees.Drawn.selector) return;
        (, Committee memory committee) = abi.decode(logs[0].data, (bytes32, Committee));
        one_.committee = committee;
    }

    /// Each member commits and reveals the truth, a lie, or nothing.
    function sayOne(uint256 i, uint8[5] calldata what) external {
        (Known storage one_, bool there) = pick(i, Phase.Drawn);
        if (!there || one_.committed || block.timestamp > one_.committee.commitUntil) return;
        int64[5] memory values;
        for (uint256 j = 0; j < 5; ++j) {
            values[j] = what[j] % 4 == 0 ? int64(-1) : what[j] % 4 == 1 ? int64(8) : TRUTH;
        }
        (int64[][] memory said, bool[] memory speaks) = fives(values);
        one_.committed = true;
        sayOnChain(one_.id, one_.committee, said, speaks);
        one_.heard = said;
    }

    function agreeOne(uint256 i, uint8 voices, bool right) external {
        (Known storage one_, bool there) = pick(i, Phase.Drawn);
        if (!there || block.timestamp > one_.committee.revealUntil) return;
        committees.agree(
            address(consumer),
            one_.asked,
            one_.committee,
            agreementOf(one_.id, one_.committee, one(right ? TRUTH : int64(8)), 3 + voices % 3)
        );
    }

    /// An operator signs two answers to a request, whether it is drawn for it or not, and is found out.
    function equivocateOne(uint256 i, uint8 who) external {
        if (known.length == 0) return;
        RequestId id = known[within(i)].id;
        uint32 operator = operatorAt(who % OPERATORS);
        Member member = Member.wrap(uint256(operator) << 176);
        Signed memory one_ = saying(id, member, one(7), 0);
        Signed memory other = saying(id, member, one(8), 0);
        uint256 debts = staking.debtsOf(operator);
        vm.prank(accuser);
        try committees.equivocated(id, one_, other) {
            ++shown;
        } catch {}
        vm.assertTrue(staking.debtsOf(operator) <= debts + 1, "one debt");
    }

    function collect(uint8 who) external {
        uint32 operator = operatorAt(who % OPERATORS);
        if (staking.debtsOf(operator) == 0) return;
        uint16 place = 0;
        for (uint16 p = 0; p < 64; ++p) {
            (uint32 there, bool isFree) = staking.seatAt(p);
            if (there == operator && isFree) place = p;
        }
        // All its seats may be in committees just now.
        try staking.collectDebt(operator, place) {} catch {}
    }

    function giveOneUp(uint8 who) external {
        uint256 i = who % OPERATORS;
        for (uint16 p = 0; p < 64; ++p) {
            (uint32 there, bool isFree) = staking.seatAt(p);
            if (there != i + 1 || !isFree) continue;
            vm.prank(ownerAt(i));
            staking.giveUp(operatorAt(i), placesFrom(p, 1));
            return;
        }
    }

    function takeOut(uint8 who) external {
        uint256 i = who % OPERATORS;
        vm.startPrank(ownerAt(i));
        try staking.withdrawBonds(operatorAt(i), stranger) {} catch {}
        try staking.withdrawEarnings(operatorAt(i), stranger) {} catch {}
        vm.stopPrank();
        address[3] memory accusers = [accuser, prover, address(this)];
        for (uint256 j = 0; j < 3; ++j) {
            vm.prank(accusers[j]);
            try staking.withdrawRewards(stranger) {} catch {}
        }
    }

    function wait(uint32 seconds_) external {
        vm.warp(block.timestamp + seconds_ % 3 hours);
    }

    /// Takes every request to its end, by nothing but steps that anybody may take.
    function endAll() external {
        for (uint256 round = 0; round < 4; ++round) {
            vm.warp(block.timestamp + 2 days);
            for (uint256 i = 0; i < known.length; ++i) {
                this.endOne(i);
            }
        }
    }

    function closeOne(Known storage one_) private {
        if (block.timestamp <= one_.committee.revealUntil) return;
        if (one_.heard.length == 0) one_.heard = new int64[][](5);
        for (uint256 j = 0; j < 5; ++j) {
            if (one_.heard[j].length == 0) ++silent;
        }
        committees.close(address(consumer), one_.asked, one_.committee, one_.heard);
    }

    /// What operators have, and what is owed to whom, in staking.
    function stakes() external view returns (uint256 bonds, uint256 earned, uint256 seats) {
        for (uint32 operator = 1; operator <= OPERATORS; ++operator) {
            bonds += uint256(seatsOf(operator)) * SEAT_BOND + unbondingOf(operator);
            seats += seatsOf(operator);
            earned += earnedBy(operator);
        }
    }

    /// What lies in the router for requests that are not over.
    function inFlight() external view returns (uint256 money, uint256 committees_) {
        for (uint256 i = 0; i < known.length; ++i) {
            Phase phase = phaseAt(i);
            if (over(phase)) continue;
            money += known[i].asked.fee;
            if (phase == Phase.Answered || phase == Phase.Challenged) money += BOND;
            if (phase == Phase.Challenged) money += CHALLENGE_BOND;
            if (phase == Phase.Drawn) ++committees_;
        }
    }

    function balances() external view returns (uint256 money) {
        address[5] memory accounts = [address(consumer), answerer, challenger, prover, address(staking)];
        for (uint256 i = 0; i < accounts.length; ++i) {
            money += router.balanceOf(accounts[i]);
        }
    }

    function rewards() external view returns (uint256) {
        return staking.rewardsOf(accuser) + staking.rewardsOf(prover) + staking.rewardsOf(address(this));
    }

    function free() external view returns (uint256) {
        return freeSeats();
    }

    function contracts() external view returns (IInferenceRouter, IOracleStaking, address) {
        return (router, staking, address(coin));
    }

    /// The request that is meant, if it is in this phase.
    function pick(uint256 i, Phase phase) private view returns (Known storage one_, bool there) {
        there = known.length != 0 && phaseAt(within(i)) == phase;
        if (there) return (known[within(i)], true);
        // Nobody looks at it.
        assembly ("memory-safe") {
            one_.slot := 0
        }
    }

    function within(uint256 i) private view returns (uint256) {
        return i % known.length;
    }

    function over(Phase phase) private pure returns (bool) {
        return phase >= Phase.Final;
    }

    function late(Known storage one_) private view returns (bool) {
        (, uint40 until) = router.standingOf(one_.id);
        return block.timestamp > until;
    }
}
