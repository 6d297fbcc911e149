// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IClaimsPool} from "../../src/interfaces/IClaimsPool.sol";
import {Claim, ClaimStage, PolicyId, PolicyState} from "../../src/types/Claims.sol";
import {Mode, Request} from "../../src/types/Settlement.sol";
import {vm} from "../Vm.sol";
import {PoolFixture} from "./PoolFixture.sol";

/// @dev What comes after a decision: appeals, reviews, what silence does, and payouts.
contract AppealsTest is PoolFixture {
    bytes32 private constant REASON = keccak256("a salted commitment to reasons");

    function test_a_rejected_claim_is_appealed_and_accepted() public {
        Claim memory claim = decided(4);
        address holder = holderOf(1);
        vm.prank(holder);
        pool.appeal(claim, "");
        assertStage(claim, ClaimStage.InReview);
        vm.expectEmit(address(pool));
        emit IClaimsPool.Reviewed(claim.evidence, reviewer, ClaimStage.Accepted, REASON);
        vm.prank(reviewer);
        pool.review(claim, true, REASON);
        assertStage(claim, ClaimStage.Accepted);
        pool.pay(just(claim));
        vm.assertEq(coin.balanceOf(holder), PAYOUT, "paid");
    }

    function test_a_denied_claim_leaves_the_policy_for_another_one() public {
        Claim memory claim = decided(4);
        vm.prank(holderOf(1));
        pool.appeal(claim, "");
        vm.prank(reviewer);
        pool.review(claim, false, REASON);
        assertStage(claim, ClaimStage.Denied);
        assertState(claim.policy, PolicyState.Clear);
        vm.expectRevert(wrongStage(claim, ClaimStage.Rejected, ClaimStage.Denied));
        vm.prank(holderOf(1));
        pool.appeal(claim, "");
        vm.expectRevert(wrongStage(claim, ClaimStage.InReview, ClaimStage.Denied));
        vm.prank(reviewer);
        pool.review(claim, true, REASON);
        file(filingFor(claim.policy));
        assertSolvent();
    }

    function test_an_appeal_is_the_holders_or_signed_by_it() public {
        Claim memory claim = decided(4);
        bytes memory reason = abi.encodeWithSelector(IClaimsPool.InvalidSignature.selector, holderOf(1));
        vm.expectRevert(reason);
        vm.prank(stranger);
        pool.appeal(claim, "");
        bytes memory signature = signed(0x10000 + 2, pool.appealDigest(claim));
        vm.expectRevert(reason);
        pool.appeal(claim, signature);
        signature = signed(0x10000 + 1, pool.appealDigest(Claim(claim.policy, keccak256("another"))));
        vm.expectRevert(reason);
        pool.appeal(claim, signature);
        signature = signed(0x10000 + 1, pool.appealDigest(claim));
        vm.prank(stranger);
        pool.appeal(claim, signature);
        assertStage(claim, ClaimStage.InReview);
    }

    function test_an_appeal_has_its_time_and_then_the_claim_is_over() public {
        Claim memory claim = decided(4);
        (, uint40 until,) = pool.claimOf(claim.evidence);
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.TooEarly.selector, claim.evidence, until));
        pool.unappealed(just(claim));
        vm.warp(until + 1);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.TooLate.selector, claim.evidence, until));
        vm.prank(holderOf(1));
        pool.appeal(claim, "");
        pool.unappealed(just(claim));
        assertStage(claim, ClaimStage.Denied);
        assertState(claim.policy, PolicyState.Clear);
        vm.expectRevert(wrongStage(claim, ClaimStage.Rejected, ClaimStage.Denied));
        pool.unappealed(just(claim));
    }

    function test_an_accepted_claim_is_not_appealed_nor_reviewed() public {
        Claim memory claim = decided(9);
        vm.expectRevert(wrongStage(claim, ClaimStage.Rejected, ClaimStage.Accepted));
        vm.prank(holderOf(1));
        pool.appeal(claim, "");
        vm.expectRevert(wrongStage(claim, ClaimStage.InReview, ClaimStage.Accepted));
        vm.prank(reviewer);
        pool.review(claim, false, REASON);
    }

    function test_only_a_reviewer_reviews() public {
        Claim memory claim = inReview();
        address[4] memory others = [insurer, guardian, intake, stranger];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(unauthorised(others[i]));
            vm.prank(others[i]);
            pool.review(claim, true, REASON);
        }
    }

    function test_a_reviewers_silence_accepts() public {
        Claim memory claim = inReview();
        (, uint40 until,) = pool.claimOf(claim.evidence);
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.TooEarly.selector, claim.evidence, until));
        pool.unreviewed(just(claim.evidence));
        vm.warp(until + 1);
        pool.unreviewed(just(claim.evidence));
        pool.pay(just(claim));
        vm.assertEq(coin.balanceOf(holderOf(1)), PAYOUT, "paid");
        vm.expectRevert(wrongStage(claim, ClaimStage.InReview, ClaimStage.Paid));
        pool.unreviewed(just(claim.evidence));
    }

    function test_anybody_pays_the_holder_once() public {
        Claim memory claim = decided(9);
        uint256 reserved = pool.reserved();
        vm.expectEmit(address(pool));
        emit IClaimsPool.Paid(claim.policy, claim.evidence, holderOf(1), PAYOUT);
        vm.prank(stranger);
        pool.pay(just(claim));
        vm.assertEq(coin.balanceOf(holderOf(1)), PAYOUT, "paid");
        vm.assertEq(pool.reserved(), reserved - PAYOUT, "reserved no more");
        assertState(claim.policy, PolicyState.Over);
        assertSolvent();
        vm.expectRevert(wrongStage(claim, ClaimStage.Accepted, ClaimStage.Paid));
        pool.pay(just(claim));
        vm.expectRevert(wrongStage(claim, ClaimStage.Accepted, ClaimStage.Paid));
        vm.prank(holderOf(1));
        pool.withdraw(claim, stranger);
    }

    function test_the_holder_withdraws_to_wherever_it_likes() public {
        Claim memory claim = decided(9);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.NotHolder.selector, claim.policy, holderOf(1), stranger));
        vm.prank(stranger);
        pool.withdraw(claim, stranger);
        vm.startPrank(holderOf(1));
        vm.expectRevert(IClaimsPool.ZeroAddress.selector);
        pool.withdraw(claim, address(0));
        pool.withdraw(claim, newcomer);
        vm.stopPrank();
        vm.assertEq(coin.balanceOf(newcomer), PAYOUT, "paid");
    }

    function test_a_claim_is_its_policys() public {
        Claim memory rejected = decided(4);
        Claim memory accepted = decided(9);
        Claim memory review = inReview();
        (PolicyId own, uint256 number) = buy(products[Mode.Proof]);
        bytes32[3] memory evidence = [rejected.evidence, accepted.evidence, review.evidence];
        for (uint256 i = 0; i < 3; ++i) {
            Claim memory forged = Claim(own, evidence[i]);
            bytes memory reason = abi.encodeWithSelector(IClaimsPool.OtherPolicy.selector, evidence[i], own);
            if (i == 0) {
                vm.expectRevert(reason);
                vm.prank(holderOf(number));
                pool.appeal(forged, "");
                vm.warp(block.timestamp + APPEAL + 1);
                vm.expectRevert(reason);
                pool.unappealed(just(forged));
            } else if (i == 1) {
                vm.expectRevert(reason);
                pool.pay(just(forged));
                vm.expectRevert(reason);
                vm.prank(holderOf(number));
                pool.withdraw(forged, stranger);
            } else {
                vm.expectRevert(reason);
                vm.prank(reviewer);
                pool.review(forged, false, REASON);
            }
        }
    }

    function test_nothing_is_paid_before_it_is_accepted() public {
        Claim memory claim = filed(products[Mode.Proof], 1)[0];
        vm.expectRevert(wrongStage(claim, ClaimStage.Accepted, ClaimStage.Filed));
        pool.pay(just(claim));
        claim = decided2(claim);
        vm.expectRevert(wrongStage(claim, ClaimStage.Accepted, ClaimStage.Rejected));
        pool.pay(just(claim));
    }

    function decided2(Claim memory claim) private returns (Claim memory) {
        Claim[] memory claims = just(claim);
        (Request memory asked,) = ask(Mode.Proof, claims);
        vm.expectRevert(wrongStage(claim, ClaimStage.Accepted, ClaimStage.Asked));
        pool.pay(claims);
        int64[] memory outputs = outputsOf(0, 0, 0, 0);
        prove(asked, outputs);
        pool.decide(asked, evidenceOf(claims), outputs);
        return claim;
    }
}

/// @dev On a rollup whose sequencer may stop.
contract ClaimsUptimeTest is PoolFixture {
    function feed() internal view override returns (address) {
        return address(uptime);
    }

    function test_no_time_ends_while_the_sequencer_is_down_nor_shortly_after() public {
        Claim memory claim = decided(4);
        (, uint40 until,) = pool.claimOf(claim.evidence);
        uptime.state(false);
        vm.warp(until + 1);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.TooEarly.selector, claim.evidence, until));
        pool.unappealed(just(claim));
        uptime.state(true);
        vm.warp(block.timestamp + GRACE);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.TooEarly.selector, claim.evidence, until));
        pool.unappealed(just(claim));
        vm.prank(holderOf(1));
        pool.appeal(claim, "");
        assertStage(claim, ClaimStage.InReview);
    }
}
