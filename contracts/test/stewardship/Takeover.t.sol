// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Anchors} from "../../src/Anchors.sol";
import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {Stewardship} from "../../src/Stewardship.sol";
import {Claim, ClaimStage} from "../../src/types/Claims.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {Committee} from "../../src/types/Oracles.sol";
import {Stage} from "../../src/types/Registry.sol";
import {Answer, Mode, Offer, OfferId, Phase, Request, RequestId} from "../../src/types/Settlement.sol";
import {PoolFixture} from "../claims/PoolFixture.sol";
import {CommitteeFixture} from "../settlement/CommitteeFixture.sol";
import {vm} from "../Vm.sol";

/// @dev A retrained version takes over with requests and claims in flight: what is open on the old one ends as it would have, what
/// comes afterwards goes to the new one.
contract TakeoverTest is PoolFixture, CommitteeFixture {
    Stewardship private steward;
    VersionId private retrained;
    Offer private anew;
    uint64 private hour;

    function setUp() public override(PoolFixture, CommitteeFixture) {
        super.setUp();
        steward = new Stewardship(registry, new Anchors());
        vm.prank(owner);
        registry.setSteward(modelId, address(steward));
        retrained = deployedWith(2);
        anew = offerOf(retrained);
        vm.startPrank(owner);
        router.offer(anew);
        hour = uint64(block.timestamp) + 2 days;
        steward.announce(version, retrained, hour, "ward");
        vm.stopPrank();
    }

    function test_requests_in_every_mode_and_phase_end_on_the_version_they_were_made_for() public {
        vm.warp(hour - 10 minutes);
        // Open, answered, challenged, waiting for its draw, with a committee.
        Request[] memory asked = new Request[](5);
        for (uint256 i = 0; i < 5; ++i) {
            asked[i] = requestFor(i == 0 ? Mode.Proof : i < 3 ? Mode.Optimistic : Mode.Quorum);
            ask(asked[i]);
        }
        Answer memory given = give(asked[1], 7);
        Answer memory disputed = accuse(asked[2], give(asked[2], 8));
        Committee memory committee = drawFor(asked[4]);
        Request memory another = requestFor(Mode.Optimistic);
        ask(another);
        vm.warp(hour);
        steward.succeed(version);
        assertStage(version, Stage.Retired);

        proveBy(prover, asked[0], none(), 7);
        agree(asked[4], committee);
        agree(asked[3], drawFor(asked[3]));
        proveBy(answerer, asked[2], disputed, 8);
        // One that nobody had answered is answered still.
        Answer memory late = give(another, 9);
        vm.warp(hour + WINDOW + 1);
        finalise(asked[1], given);
        finalise(another, late);
        for (uint256 i = 0; i < 5; ++i) {
            assertPhase(router.requestIdOf(address(consumer), asked[i]), Phase.Final);
        }
        assertPhase(router.requestIdOf(address(consumer), another), Phase.Final);
    }

    function test_new_requests_go_to_the_new_version() public {
        vm.warp(hour);
        // Who follows the line asks the new one from its hour on, whether or not somebody retired the old one.
        vm.assertEq(VersionId.unwrap(steward.currentOf(version)), VersionId.unwrap(retrained));
        askOf(steward.currentOf(version), anew);
        steward.succeed(version);
        Request memory old = requestFor(Mode.Proof);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.NotDeployed.selector, version, Stage.Retired));
        ask(old);
        askOf(steward.currentOf(version), anew);
    }

    /// Claims that were asked about are decided by the version that was asked; those that wait, by the one that the insurer authorised
    /// meanwhile; and if nobody is authorised that runs, by the reviewer.
    function test_claims_before_and_after_are_decided_or_reviewed() public {
        vm.warp(hour - 6 hours);
        nextPeriod();
        Claim[] memory before = filed(products[Mode.Optimistic], 2);
        (Request memory asked,) = ask(Mode.Optimistic, before);
        Claim[] memory waiting = filed(products[Mode.Proof], 2);
        Claim[] memory left = filed(products[Mode.Quorum], 1);
        vm.assertTrue(block.timestamp > hour, "its hour has come");
        steward.succeed(version);

        int64[] memory outputs = outputsOf(9, 4, 0, 0);
        answer(asked, outputs);
        pool.decide(asked, evidenceOf(before), outputs);
        assertStage(before[0], ClaimStage.Accepted);
        assertStage(before[1], ClaimStage.Rejected);

        uint16 routine = routines[Mode.Proof];
        bytes32[] memory evidence = evidenceOf(waiting);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.NotDeployed.selector, version, Stage.Retired));
        pool.ask(routine, evidence);
        OfferId offer = router.offerIdOf(anew);
        vm.prank(insurer);
        pool.authorise(routine, retrained, offer);
        (version, offered) = (retrained, anew);
        (asked,) = ask(Mode.Proof, waiting);
        outputs = outputsOf(5, 5, 5, 5);
        prove(asked, outputs);
        pool.decide(asked, evidence, outputs);
        assertStage(waiting[0], ClaimStage.Accepted);
        assertStage(waiting[1], ClaimStage.Accepted);

        vm.warp(block.timestamp + PATIENCE + 1);
        pool.unasked(evidenceOf(left));
        assertStage(left[0], ClaimStage.InReview);
        assertSolvent();
    }

    function askOf(VersionId current, Offer memory terms) private {
        Request memory asked = requestFor(Mode.Proof);
        (asked.version, asked.offer) = (current, router.offerIdOf(terms));
        assertPhase(ask(asked), Phase.Open);
    }

    function agree(Request memory asked, Committee memory committee) private {
        RequestId id = router.requestIdOf(address(consumer), asked);
        committees.agree(address(consumer), asked, committee, agreementOf(id, committee, one(7), 3));
    }
}
