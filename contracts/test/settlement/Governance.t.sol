// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {IPauses} from "../../src/interfaces/IPauses.sol";
import {IProofVerifier} from "../../src/interfaces/IProofVerifier.sol";
import {IWeightsCertificates} from "../../src/interfaces/IWeightsCertificates.sol";
import {Committee} from "../../src/types/Oracles.sol";
import {Answer, Mode, Offer, OfferId, Phase, Proof, Request, RequestId} from "../../src/types/Settlement.sol";
import {StatedCertificates, StatedVerifier} from "../mocks/Settlement.sol";
import {vm} from "../Vm.sol";
import {CommitteeFixture} from "./CommitteeFixture.sol";

interface IVersioned {
    function migrate() external;
    function migrated() external view returns (uint256);
}

/// @dev Pauses, upgrades with money and work in flight, verifiers and versions that replace each other.
contract GovernanceTest is CommitteeFixture {
    function test_a_pause_stops_what_enters_and_nothing_else() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        Request memory another = requestFor(Mode.Quorum);
        (RequestId second, Committee memory committee) = drawn(another);
        vm.startPrank(admin);
        IPauses(address(router)).pause(1 days);
        IPauses(address(staking)).pause(1 days);
        vm.stopPrank();
        bytes memory paused = abi.encodeWithSelector(IPauses.EntryPaused.selector, block.timestamp + 1 days);
        Request memory late = requestFor(Mode.Proof);
        vm.expectRevert(paused);
        ask(late);
        vm.expectRevert(paused);
        router.deposit(1);
        vm.expectRevert(paused);
        staking.join(stranger, 0, placesFrom(60, 1));
        vm.expectRevert(paused);
        vm.prank(ownerAt(0));
        staking.addSeats(1, placesFrom(60, 1));

        // Answers, challenges, proofs, committees, withdrawals go on.
        Answer memory given = accuse(asked, give(asked, 7));
        proveBy(answerer, asked, given, 7);
        assertPhase(id, Phase.Final);
        committees.agree(address(consumer), another, committee, agreementOf(second, committee, one(7), 3));
        assertPhase(second, Phase.Final);
        vm.prank(answerer);
        router.withdraw(answerer, 1);
        leaveOneSeat(0);
        // It ends by itself, and there is none for as long again.
        vm.warp(block.timestamp + 1 days);
        ask(late);
        vm.expectRevert(abi.encodeWithSelector(IPauses.PauseTooSoon.selector, block.timestamp + 1 days));
        vm.prank(admin);
        IPauses(address(router)).pause(1);
    }

    function test_pauses_are_short_and_for_whom_they_are() public {
        IPauses pauses = IPauses(address(router));
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IPauses.PauseDuration.selector, 1, 7 days, 7 days + 1));
        pauses.pause(7 days + 1);
        vm.expectRevert(IPauses.NotPaused.selector);
        pauses.unpause();
        pauses.pause(7 days);
        pauses.unpause();
        vm.stopPrank();
        vm.assertEq(uint256(pauses.pausedUntil()), block.timestamp, "over");
        ask(requestFor(Mode.Proof));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        pauses.pause(1);
    }

    /// Both contracts move on with requests in every phase, stake, earnings and debts, and all of it ends as it would have.
    function test_upgrades_keep_what_is_in_flight() public {
        // Open, answered, challenged, waiting for its draw, with a committee.
        Request[] memory asked = new Request[](5);
        for (uint256 i = 0; i < 5; ++i) {
            asked[i] = requestFor(i == 0 ? Mode.Proof : i < 3 ? Mode.Optimistic : Mode.Quorum);
            ask(asked[i]);
        }
        Answer memory given = give(asked[1], 7);
        Answer memory disputed = accuse(asked[2], give(asked[2], 8));
        Committee memory committee = drawFor(asked[4]);
        leaveOneSeat(9);
        uint256 money = coin.balanceOf(address(router)) + coin.balanceOf(address(staking));

        upgrade(address(router), "InferenceRouterV2.sol:InferenceRouterV2", routerArguments());
        upgrade(address(staking), "OracleStakingV2.sol:OracleStakingV2", stakingArguments(address(router)));

        vm.assertEq(money, coin.balanceOf(address(router)) + coin.balanceOf(address(staking)), "money");
        proveBy(prover, asked[0], none(), 7);
        agreeOn(asked[4], committee);
        agreeOn(asked[3], drawFor(asked[3]));
        vm.warp(block.timestamp + WINDOW + 1);
        finalise(asked[1], given);
        vm.warp(block.timestamp + PROOF_SECONDS);
        router.forfeit(address(consumer), asked[2], offered, disputed);
        vm.warp(block.timestamp + UNBONDING);
        vm.prank(ownerAt(9));
        staking.withdrawBonds(10, stranger);
        vm.assertEq(coin.balanceOf(stranger), SEAT_BOND, "left with its bond");
        uint32 operator = committee.members[0].operatorOf();
        vm.prank(ownerAt(operator - 1));
        staking.withdrawEarnings(operator, stranger);
        assertGains(-50, 10 - 1001, int256(uint256(BOND / 2)), 10);
    }

    function leaveOneSeat(uint256 i) private {
        uint32 operator = operatorAt(i);
        uint16[] memory place = placesFrom(freeSeatOf(operator), 1);
        vm.prank(ownerAt(i));
        staking.giveUp(operator, place);
    }

    function agreeOn(Request memory asked, Committee memory committee) private {
        RequestId id = router.requestIdOf(address(consumer), asked);
        committees.agree(address(consumer), asked, committee, agreementOf(id, committee, one(7), 3));
    }

    function test_nobody_else_upgrades_and_nothing_is_initialised_twice() public {
        address next =
            created(abi.encodePacked(vm.getCode("InferenceRouterV2.sol:InferenceRouterV2"), routerArguments()));
        address[2] memory proxies = [address(router), address(staking)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
            vm.prank(stranger);
            UUPSUpgradeable(proxies[i]).upgradeToAndCall(next, "");
        }
        bytes[3] memory calls = [
            abi.encodeWithSignature("initialize(address,address)", manager, certificates),
            abi.encodeWithSignature("initialize(address,address)", manager, certificates),
            abi.encodeWithSignature("initialize(address)", manager)
        ];
        address[3] memory targets = [address(router), next, address(staking)];
        for (uint256 i = 0; i < 3; ++i) {
            (bool done, bytes memory reason) = targets[i].call(calls[i]);
            vm.assertFalse(done, "initialised again");
            vm.assertEq(reason, abi.encodeWithSelector(Initializable.InvalidInitialization.selector));
        }
    }

    /// A new verifier beside the old one: what was asked before is proved with the one it was asked for.
    function test_requests_keep_the_verifier_that_they_were_made_for() public {
        Request memory asked = requestFor(Mode.Proof);
        ask(asked);
        Offer memory old = offered;
        IProofVerifier next = IProofVerifier(address(new StatedVerifier()));
        IWeightsCertificates others = IWeightsCertificates(address(new StatedCertificates(next)));
        vm.startPrank(admin);
        router.setVerifier(next, others);
        router.setVerifier(verifier, IWeightsCertificates(address(0)));
        vm.stopPrank();
        // Nobody offers with the old one any more, and anybody may end what was offered.
        offered.schema = keccak256("another");
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.UnknownVerifier.selector, verifier));
        vm.prank(owner);
        router.offer(offered);
        offered = old;
        vm.prank(stranger);
        router.withdrawOffer(offered);
        proveBy(prover, asked, none(), 7);
        vm.assertEq(gainOf(prover), 10, "by the old one");
        offered.verifier = next;
        vm.prank(owner);
        router.offer(offered);
        asked = requestFor(Mode.Proof);
        ask(asked);
        proveBy(prover, asked, none(), 7);
        vm.assertEq(gainOf(prover), 20, "by the new one");
    }

    function test_verifiers_come_with_their_own_certificates_by_whom_may() public {
        IProofVerifier next = IProofVerifier(address(new StatedVerifier()));
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.OtherVerifier.selector, next, verifier));
        vm.prank(admin);
        router.setVerifier(next, certificates);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        router.setVerifier(verifier, certificates);
    }

    /// A retrained version takes over while requests of the old one are open: they end, and no more are made.
    function test_a_retrained_version_takes_over() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        (OfferId oldOffer, Offer memory old) = (asked.offer, offered);
        version = deployedWith(2);
        Offer memory next = offerOf(version);
        vm.startPrank(owner);
        router.offer(next);
        registry.retire(old.version, "superseded");
        vm.stopPrank();
        offered = next;
        ask(requestFor(Mode.Optimistic));
        Request memory late = requestFor(Mode.Optimistic);
        (late.version, late.offer) = (old.version, oldOffer);
        vm.expectPartialRevert(IInferenceRouter.NotDeployed.selector);
        ask(late);
        offered = old;
        Answer memory given = give(asked, 7);
        vm.warp(block.timestamp + WINDOW + 1);
        finalise(asked, given);
        assertPhase(id, Phase.Final);
    }

    function upgrade(address proxy, string memory artifact, bytes memory arguments) private {
        address next = created(abi.encodePacked(vm.getCode(artifact), arguments));
        vm.prank(admin);
        UUPSUpgradeable(proxy).upgradeToAndCall(next, abi.encodeCall(IVersioned.migrate, ()));
        vm.assertEq(IVersioned(proxy).migrated(), 2);
    }
}
