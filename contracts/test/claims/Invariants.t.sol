// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Claim, ClaimStage, Filing, PolicyId, PolicyState} from "../../src/types/Claims.sol";
import {Mode, Request} from "../../src/types/Settlement.sol";
import {vm} from "../Vm.sol";
import {PoolFixture} from "./PoolFixture.sol";

/// @dev What holds whatever anybody does, in whatever order. The contract that is tested calls itself: its actions are public,
/// and forge calls nothing else (`targetSelectors`). An action does nothing where it is not possible, so none reverts.
contract ClaimsInvariants is PoolFixture {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// A request that the pool made, and what became of it.
    struct Made {
        Request asked;
        Claim[] claims;
        int64[] outputs;
        bool settled;
        bool applied;
    }

    Claim[] private claims;
    PolicyId[] private policies;
    mapping(PolicyId => uint256) private numbers;
    Made[] private made;
    uint256 private paidIn;
    uint256 private paidOut;
    uint256 private fees;

    function setUp() public override {
        super.setUp();
        paidIn = 100_000;
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(this);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory selectors) {
        bytes4[] memory actions = new bytes4[](13);
        (actions[0], actions[1], actions[2]) = (this.sell.selector, this.claim.selector, this.askAll.selector);
        (actions[3], actions[4], actions[5]) = (this.settle.selector, this.apply_.selector, this.abandon.selector);
        (actions[6], actions[7], actions[8]) = (this.appeal.selector, this.review.selector, this.pay.selector);
        (actions[9], actions[10]) = (this.wait.selector, this.expire.selector);
        (actions[11], actions[12]) = (this.lapse.selector, this.move.selector);
        selectors = new FuzzSelector[](1);
        selectors[0] = FuzzSelector(address(this), actions);
    }

    function sell(uint8 mode, uint8 count) public {
        for (uint256 i = 0; i <= count % 4; ++i) {
            if (pool.freeCapital() + PREMIUM < PAYOUT || coin.balanceOf(broker) < PREMIUM) return;
            (PolicyId id, uint256 number) = buy(products[Mode(mode % 2)]);
            numbers[id] = number;
            policies.push(id);
            paidIn += PREMIUM;
        }
    }

    function claim(uint256 from) public {
        if (policies.length == 0) return;
        for (uint256 i = 0; i < 3; ++i) {
            PolicyId id = policies[(from % policies.length + i) % policies.length];
            (PolicyState state,, uint40 since,) = pool.policyOf(id);
            if (state != PolicyState.Clear || block.timestamp % CADENCE >= FILING) continue;
            if (block.timestamp > since + TERM) continue;
            Filing memory filing = filingFor(id);
            file(filing);
            claims.push(Claim(id, filing.intake.evidence));
        }
    }

    /// Asks about everything that waits.
    function askAll(uint8 mode_) public {
        Mode mode = Mode(mode_ % 2);
        (uint32 ready,) = pool.queueOf(routines[mode]);
        while (ready != 0) {
            uint256 count = ready > BATCH ? BATCH : ready;
            if (router.balanceOf(address(pool)) < count * CLAIM_FEE) return;
            Claim[] memory batch = waiting(mode, count);
            (Request memory asked,) = ask(mode, batch);
            Made storage one = made.push();
            one.asked = asked;
            for (uint256 i = 0; i < count; ++i) {
                one.claims.push(batch[i]);
            }
            fees += asked.fee;
            (ready,) = pool.queueOf(routines[mode]);
        }
    }

    function settle(uint256 which, int64 a, int64 b, bool short) public {
        if (made.length == 0) return;
        Made storage one = made[which % made.length];
        if (one.settled || block.timestamp > one.asked.deadline) return;
        int64[] memory outputs = outputsOf(a % 10, b % 10, 5, 4);
        if (one.asked.mode == Mode.Proof) {
            prove(one.asked, outputs);
        } else {
            if (short) outputs = new int64[](1);
            answer(one.asked, outputs);
        }
        (one.outputs, one.settled) = (outputs, true);
    }

    function apply_(uint256 which) public {
        if (made.length == 0) return;
        Made storage one = made[which % made.length];
        if (!one.settled || one.applied) return;
        pool.decide(one.asked, evidenceOf(one.claims), one.outputs);
        one.applied = true;
    }

    /// Refunds requests that nobody answered.
    function abandon(uint256 which) public {
        if (made.length == 0) return;
        Made storage one = made[which % made.length];
        if (one.settled || one.applied || block.timestamp <= one.asked.deadline) return;
        router.refund(address(pool), one.asked, offered, none());
        fees -= one.asked.fee;
        pool.unanswered(one.asked, evidenceOf(one.claims));
        one.applied = true;
    }

    function appeal(uint256 which) public {
        Claim memory one = inStage(which, ClaimStage.Rejected, false);
        if (one.evidence == 0) return;
        vm.prank(holderOf(numbers[one.policy]));
        pool.appeal(one, "");
    }

    function review(uint256 which, bool accept) public {
        Claim memory one = inStage(which, ClaimStage.InReview, false);
        if (one.evidence == 0) return;
        vm.prank(reviewer);
        pool.review(one, accept, keccak256("reason"));
    }

    function pay(uint256 which, bool self) public {
        Claim memory one = inStage(which, ClaimStage.Accepted, false);
        if (one.evidence == 0) return;
        if (self) {
            vm.prank(holderOf(numbers[one.policy]));
            pool.withdraw(one, stranger);
        } else {
            pool.pay(just(one));
        }
        paidOut += PAYOUT;
    }

    function wait(uint8 periods) public {
        for (uint256 i = 0; i <= periods % 4; ++i) {
            nextPeriod();
        }
    }

    /// Whatever time has run out for.
    function expire(uint256 which) public {
        Claim memory one = inStage(which, ClaimStage.Filed, true);
        if (one.evidence != 0) pool.unasked(just(one.evidence));
        one = inStage(which, ClaimStage.Rejected, true);
        if (one.evidence != 0) pool.unappealed(just(one));
        one = inStage(which, ClaimStage.InReview, true);
        if (one.evidence != 0) pool.unreviewed(just(one.evidence));
    }

    function lapse(uint256 which) public {
        if (policies.length == 0) return;
        PolicyId id = policies[which % policies.length];
        (PolicyState state,, uint40 from,) = pool.policyOf(id);
        if (state != PolicyState.Clear || block.timestamp <= from + TERM + GRACE_TO_FILE) return;
        PolicyId[] memory ended = new PolicyId[](1);
        ended[0] = id;
        pool.lapse(ended);
    }

    /// Capital comes and goes, also to the router and back.
    function move(uint128 amount, uint8 way) public {
        vm.startPrank(insurer);
        uint256 most = pool.freeCapital();
        if (way % 4 == 0) {
            amount = bounded(amount, coin.balanceOf(insurer) < 5000 ? coin.balanceOf(insurer) : 5000);
            coin.approve(address(pool), amount);
            pool.addCapital(amount);
            paidIn += amount;
        } else if (way % 4 == 1) {
            amount = bounded(amount, most < 5000 ? most : 5000);
            pool.takeCapital(insurer, amount);
            paidOut += amount;
        } else if (way % 4 == 2) {
            pool.fundRouter(bounded(amount, most < 500 ? most : 500));
        } else {
            pool.drainRouter(bounded(amount, router.balanceOf(address(pool))));
        }
        vm.stopPrank();
    }

    function invariant_the_pool_holds_what_is_free_and_what_it_promised() public view {
        assertSolvent();
    }

    function invariant_every_policy_that_can_be_paid_is_reserved_for() public view {
        uint256 promised = 0;
        for (uint256 i = 0; i < policies.length; ++i) {
            (PolicyState state,,,) = pool.policyOf(policies[i]);
            if (state == PolicyState.Clear || state == PolicyState.Claimed) promised += PAYOUT;
        }
        vm.assertEq(pool.reserved(), promised, "reserved");
    }

    function invariant_money_in_is_money_out_and_money_held() public view {
        uint256 held = coin.balanceOf(address(pool)) + router.balanceOf(address(pool));
        vm.assertEq(paidIn, paidOut + fees + held, "money");
    }

    function invariant_a_policy_is_claimed_while_its_claim_is_open() public view {
        for (uint256 i = 0; i < policies.length; ++i) {
            uint256 open = 0;
            uint256 paid = 0;
            for (uint256 j = 0; j < claims.length; ++j) {
                if (PolicyId.unwrap(claims[j].policy) != PolicyId.unwrap(policies[i])) continue;
                (ClaimStage stage,,) = pool.claimOf(claims[j].evidence);
                if (stage == ClaimStage.Paid) ++paid;
                else if (stage != ClaimStage.Denied) ++open;
            }
            (PolicyState state,,,) = pool.policyOf(policies[i]);
            vm.assertEq(open, state == PolicyState.Claimed ? 1 : 0, "open claims");
            vm.assertTrue(paid == 0 || (paid == 1 && state == PolicyState.Over), "paid once");
        }
    }

    function invariant_the_queues_have_the_claims_that_wait() public view {
        uint256 queued = 0;
        for (uint8 mode = 0; mode < 2; ++mode) {
            (uint32 ready, uint32 later) = pool.queueOf(routines[Mode(mode)]);
            queued += ready + later;
        }
        uint256 count = 0;
        for (uint256 i = 0; i < claims.length; ++i) {
            (ClaimStage stage,,) = pool.claimOf(claims[i].evidence);
            if (stage == ClaimStage.Filed) ++count;
        }
        vm.assertEq(queued, count, "queued");
    }

    /// Once everybody but strangers has gone, strangers can bring every claim to its end, and all that was reserved out again.
    function afterInvariant() public {
        vm.warp(block.timestamp + PATIENCE + ANSWER_SECONDS + 1);
        for (uint256 i = 0; i < made.length; ++i) {
            apply_(i);
            abandon(i);
        }
        for (uint256 round = 0; round < 2; ++round) {
            for (uint256 i = 0; i < claims.length; ++i) {
                expire(i);
            }
            vm.warp(block.timestamp + APPEAL + REVIEW);
        }
        for (uint256 i = 0; i < claims.length; ++i) {
            pay(i, false);
        }
        for (uint256 i = 0; i < claims.length; ++i) {
            (ClaimStage stage,,) = pool.claimOf(claims[i].evidence);
            vm.assertTrue(stage == ClaimStage.Paid || stage == ClaimStage.Denied, "an end");
        }
        vm.warp(block.timestamp + TERM + GRACE_TO_FILE);
        for (uint256 i = 0; i < policies.length; ++i) {
            lapse(i);
        }
        vm.assertEq(pool.reserved(), 0, "nothing is left");
        assertSolvent();
    }

    /// The first of the claims from a place on that is in a stage, and has run out of time or not.
    function inStage(uint256 from, ClaimStage wanted, bool late) private view returns (Claim memory none_) {
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim memory one = claims[(from % claims.length + i) % claims.length];
            (ClaimStage stage, uint40 until,) = pool.claimOf(one.evidence);
            if (stage != wanted) continue;
            if (late ? block.timestamp > until : until == 0 || block.timestamp <= until) return one;
        }
        return none_;
    }

    /// Claims of a mode that were filed in an earlier period.
    function waiting(Mode mode, uint256 count) private view returns (Claim[] memory batch) {
        batch = new Claim[](count);
        uint256 found = 0;
        for (uint256 i = 0; found < count; ++i) {
            (ClaimStage stage, uint40 until, uint16 product) = pool.claimOf(claims[i].evidence);
            if (stage != ClaimStage.Filed || product != products[mode]) continue;
            if ((until - PATIENCE) / CADENCE < block.timestamp / CADENCE) batch[found++] = claims[i];
        }
    }

    function bounded(uint128 amount, uint256 most) private pure returns (uint128) {
        // It is at most what it was.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint128(amount % (most + 1));
    }
}
