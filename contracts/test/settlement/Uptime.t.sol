// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {ICommittees} from "../../src/interfaces/ICommittees.sol";
import {Committee} from "../../src/types/Oracles.sol";
import {Answer, Mode, Phase, Request, RequestId} from "../../src/types/Settlement.sol";
import {vm} from "../Vm.sol";
import {CommitteeFixture} from "./CommitteeFixture.sol";

/// @dev No window ends while a sequencer stands still, and for some time after.
contract UptimeTest is CommitteeFixture {
    function setUp() public override {
        super.setUp();
        uptime.state(true);
        vm.warp(block.timestamp + GRACE + 1);
    }

    function feed() internal view override returns (address) {
        return address(uptime);
    }

    function test_windows_end_while_the_sequencer_works() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        Answer memory given = give(asked, 7);
        vm.warp(block.timestamp + WINDOW + 1);
        finalise(asked, given);
        assertPhase(id, Phase.Final);
    }

    function test_an_answer_is_challenged_after_the_sequencer_is_back() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        Answer memory given = give(asked, 7);
        uint40 until = uint40(block.timestamp) + WINDOW;
        vm.warp(until - 10);
        uptime.state(false);
        vm.warp(until + 1 days);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.TooEarly.selector, id, until));
        finalise(asked, given);
        uptime.state(true);
        vm.warp(block.timestamp + GRACE);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.TooEarly.selector, id, until));
        finalise(asked, given);
        accuse(asked, given);
        assertPhase(id, Phase.Challenged);
    }

    function test_but_not_for_ever() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        Answer memory given = give(asked, 7);
        uint40 until = uint40(block.timestamp) + WINDOW;
        uptime.state(false);
        vm.warp(until + 1 days);
        uptime.state(true);
        vm.warp(block.timestamp + GRACE + 1);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.TooLate.selector, id, until));
        vm.prank(challenger);
        router.challenge(address(consumer), asked, offered, given);
        finalise(asked, given);
    }

    function test_nobody_is_silent_while_it_stands_still() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        uptime.state(false);
        vm.warp(committee.revealUntil + 1 days);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.ClosedTooEarly.selector, id, committee.revealUntil));
        committees.close(address(consumer), asked, committee, new int64[][](5));
        uptime.state(true);
        committees.agree(address(consumer), asked, committee, agreementOf(id, committee, one(7), 3));
        assertPhase(id, Phase.Final);
    }
}
