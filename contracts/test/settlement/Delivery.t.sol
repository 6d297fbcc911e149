// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IConsumer} from "../../src/interfaces/IConsumer.sol";
import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {Answer, Mode, Phase, Proof, Request, RequestId} from "../../src/types/Settlement.sol";
import {vm} from "../Vm.sol";
import {RouterFixture} from "./RouterFixture.sol";

/// @dev Does with its callback what it is told to.
contract UnrulyConsumer is IConsumer {
    enum Conduct {
        Take,
        Refuse,
        Burn,
        Flood,
        Reenter
    }

    IInferenceRouter private immutable router;
    Conduct public conduct;
    uint256 public calls;
    bytes private again;

    constructor(IInferenceRouter router_) {
        router = router_;
    }

    function behave(Conduct conduct_, bytes calldata again_) external {
        (conduct, again) = (conduct_, again_);
    }

    function onAnswer(RequestId, int64[] calldata) external {
        if (conduct == Conduct.Refuse) revert("no");
        if (conduct == Conduct.Burn) {
            while (true) {}
        }
        if (conduct == Conduct.Flood) {
            assembly ("memory-safe") {
                revert(0, 1000000)
            }
        }
        if (conduct == Conduct.Reenter) {
            (bool entered,) = address(router).call(again);
            require(!entered, "entered again");
        }
        ++calls;
    }
}

/// @dev Callbacks harm nobody but their consumer, and nobody can keep one from a consumer.
contract DeliveryTest is RouterFixture {
    UnrulyConsumer private unruly;

    function setUp() public override {
        super.setUp();
        unruly = new UnrulyConsumer(router);
        fund(address(unruly));
    }

    function test_a_consumer_that_refuses_burns_or_floods_harms_nobody_and_is_called_again() public {
        UnrulyConsumer.Conduct[3] memory conducts =
            [UnrulyConsumer.Conduct.Refuse, UnrulyConsumer.Conduct.Burn, UnrulyConsumer.Conduct.Flood];
        for (uint256 i = 0; i < conducts.length; ++i) {
            unruly.behave(conducts[i], "");
            (Request memory asked, Answer memory given) = answered();
            RequestId id = router.requestIdOf(address(unruly), asked);
            uint256 before = gasleft();
            router.finalise(address(unruly), asked, given);
            vm.assertLt(before - gasleft(), 2 * CALLBACK_GAS + 40_000, "gas");
            assertPhase(id, Phase.Undelivered);
            vm.assertTrue(router.isFinal(id, given.outputs), "final all the same");
            vm.assertEq(gainOf(answerer), int256((i + 1) * uint256(FEE)), "paid all the same");

            router.redeliver(address(unruly), asked, given.outputs);
            assertPhase(id, Phase.Undelivered);
            unruly.behave(UnrulyConsumer.Conduct.Take, "");
            vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.OtherAnswer.selector, id));
            router.redeliver(address(unruly), asked, one(8));
            router.redeliver(address(unruly), asked, given.outputs);
            assertPhase(id, Phase.Final);
            vm.assertEq(unruly.calls(), i + 1, "taken");
            vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.WrongPhase.selector, id, Phase.Final));
            router.redeliver(address(unruly), asked, given.outputs);
        }
    }

    function test_a_consumer_cannot_come_in_again() public {
        (Request memory asked, Answer memory given) = answered();
        bytes[2] memory again = [
            abi.encodeCall(router.finalise, (address(unruly), asked, given)),
            abi.encodeCall(router.redeliver, (address(unruly), asked, given.outputs))
        ];
        for (uint256 i = 0; i < again.length; ++i) {
            unruly.behave(UnrulyConsumer.Conduct.Reenter, again[i]);
            router.finalise(address(unruly), asked, given);
            vm.assertEq(unruly.calls(), i + 1, "taken");
            (asked, given) = answered();
            again[0] = abi.encodeCall(router.finalise, (address(unruly), asked, given));
        }
    }

    /// Whatever gas a transaction is given, the callback gets what was promised, or nothing happens at all: nobody can
    /// make it fail by giving it too little.
    function test_no_gas_limit_starves_a_callback() public {
        (Request memory asked, Answer memory given) = answered();
        RequestId id = router.requestIdOf(address(unruly), asked);
        bytes memory call = abi.encodeCall(router.finalise, (address(unruly), asked, given));
        bool ended = false;
        for (uint256 gas_ = 20_000; gas_ < 200_000; gas_ += 500) {
            (bool succeeded,) = address(router).call{gas: gas_}(call);
            (Phase phase,) = router.standingOf(id);
            if (succeeded) {
                vm.assertEq(uint256(phase), uint256(Phase.Final), "delivered");
                vm.assertEq(unruly.calls(), 1, "called");
                ended = true;
                break;
            }
            vm.assertEq(uint256(phase), uint256(Phase.Answered), "as before");
            vm.assertEq(unruly.calls(), 0, "not called");
        }
        vm.assertTrue(ended, "enough at last");
    }

    function test_no_callback_is_made_if_none_was_asked_for() public {
        Request memory asked = requestFor(Mode.Optimistic);
        asked.callbackGas = 0;
        RequestId id = ask(asked);
        Answer memory given = give(asked, 7);
        vm.warp(block.timestamp + WINDOW + 1);
        finalise(asked, given);
        assertPhase(id, Phase.Final);
        vm.assertEq(consumer.last(), -1, "not called");
    }

    /// A request of the unruly consumer with an answer whose window has passed.
    function answered() private returns (Request memory asked, Answer memory given) {
        asked = requestFor(Mode.Optimistic);
        vm.prank(address(unruly));
        router.request(asked);
        vm.prank(answerer);
        router.answer(address(unruly), asked, one(7));
        given = Answer({answerer: answerer, challenger: address(0), outputs: one(7)});
        vm.warp(block.timestamp + WINDOW + 1);
    }
}
