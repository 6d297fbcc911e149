// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {Stage} from "../../src/types/Registry.sol";
import {Answer, Mode, Offer, OfferId, Phase, Request, RequestId} from "../../src/types/Settlement.sol";
import {vm} from "../Vm.sol";
import {RouterFixture} from "./RouterFixture.sol";

/// @dev What may be asked, and what comes back of what is not answered.
contract RequestsTest is RouterFixture {
    function test_an_id_is_a_hash_of_everything_that_is_asked_and_of_who_asks() public {
        Request memory asked = requestFor(Mode.Proof);
        RequestId id = ask(asked);
        vm.assertEq(
            RequestId.unwrap(id),
            keccak256(
                abi.encode(keccak256("averment.request/1"), block.chainid, address(router), address(consumer), asked)
            )
        );
        vm.assertTrue(
            RequestId.unwrap(router.requestIdOf(stranger, asked)) != RequestId.unwrap(id), "another requester's"
        );
    }

    /// Ids are made of the calldata as they lie there.
    function testFuzz_ids_are_hashes_of_the_abi_encoding(
        address requester,
        uint8 mode,
        bytes32 seed,
        uint128[3] memory amounts,
        uint32[3] memory numbers,
        int64[] memory inputs
    ) public {
        Request memory asked = requestFor(Mode(mode % 3));
        (asked.seed, asked.publicInputs, asked.personal) = (seed, inputs, seed < bytes32(uint256(1) << 255));
        (asked.valueAtRisk, asked.fee, asked.bond) = (amounts[0], amounts[1], amounts[2]);
        (asked.items, asked.window, asked.callbackGas) = (numbers[0], numbers[1], numbers[2]);
        vm.assertEq(
            RequestId.unwrap(router.requestIdOf(requester, asked)),
            keccak256(abi.encode(keccak256("averment.request/1"), block.chainid, address(router), requester, asked))
        );
    }

    function testFuzz_an_offers_id_is_the_hash_of_its_abi_encoding(Offer memory any) public view {
        vm.assertEq(
            OfferId.unwrap(router.offerIdOf(any)),
            keccak256(abi.encode(keccak256("averment.offer/1"), block.chainid, address(router), any))
        );
    }

    /// Bits above a member's own would make a request that nobody can name.
    function test_what_is_not_clean_is_refused() public {
        Request memory asked = requestFor(Mode.Proof);
        asked.publicInputs = one(-5);
        // After the selector and where the request is: its words, of which these are narrower; and the input.
        uint8[11] memory narrow = [3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 17];
        for (uint256 i = 0; i < narrow.length; ++i) {
            bytes memory data = abi.encodeCall(router.request, (asked));
            data[4 + 32 + 32 * uint256(narrow[i])] ^= 0x40;
            vm.prank(address(consumer));
            (bool done,) = address(router).call(data);
            vm.assertFalse(done, "not clean");
        }
        ask(asked);
    }

    /// The same for an offer, whose words are all in place.
    function test_an_offer_that_is_not_clean_is_refused() public {
        Offer memory other = offered;
        other.terms = keccak256("other terms");
        uint8[11] memory narrow = [5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
        for (uint256 i = 0; i < narrow.length; ++i) {
            bytes memory data = abi.encodeCall(router.offer, (other));
            data[4 + 32 * uint256(narrow[i])] ^= 0x40;
            vm.prank(owner);
            (bool done,) = address(router).call(data);
            vm.assertFalse(done, "not clean");
        }
        vm.prank(owner);
        router.offer(other);
    }

    function test_a_deadline_before_a_committee_can_be_drawn_is_refused() public {
        randomness.setDelay(600);
        Request memory asked = requestFor(Mode.Quorum);
        uint40 first = uint40(block.timestamp) + 600;
        asked.deadline = first - 1;
        refused(
            asked,
            abi.encodeWithSelector(
                IInferenceRouter.DeadlineOutOfRange.selector, first, block.timestamp + 7 days, asked.deadline
            )
        );
        asked.deadline = first;
        ask(asked);
        // Nobody draws the others.
        asked = requestFor(Mode.Proof);
        asked.deadline = uint40(block.timestamp);
        ask(asked);
    }

    function test_the_same_request_is_refused_also_when_it_is_over() public {
        Request memory asked = requestFor(Mode.Proof);
        RequestId id = ask(asked);
        refused(asked, abi.encodeWithSelector(IInferenceRouter.RequestExists.selector, id));
        proveBy(prover, asked, none(), 7);
        refused(asked, abi.encodeWithSelector(IInferenceRouter.RequestExists.selector, id));
    }

    function test_an_offer_that_is_not_there_or_was_withdrawn_is_refused() public {
        Request memory asked = requestFor(Mode.Proof);
        OfferId id = asked.offer;
        asked.offer = OfferId.wrap(keccak256("none"));
        refused(asked, abi.encodeWithSelector(IInferenceRouter.OfferNotOpen.selector, asked.offer));
        asked.offer = id;
        asked.version = VersionId.wrap(keccak256("another"));
        refused(asked, abi.encodeWithSelector(IInferenceRouter.OfferNotOpen.selector, id));
        vm.prank(owner);
        router.withdrawOffer(offered);
        refused(requestFor(Mode.Proof), abi.encodeWithSelector(IInferenceRouter.OfferNotOpen.selector, id));
    }

    function test_a_version_that_is_retired_or_revoked_is_refused() public {
        vm.prank(owner);
        registry.retire(version, "superseded");
        Request memory asked = requestFor(Mode.Proof);
        refused(asked, abi.encodeWithSelector(IInferenceRouter.NotDeployed.selector, version, Stage.Retired));
        vm.prank(owner);
        registry.revoke(version, "biased");
        refused(asked, abi.encodeWithSelector(IInferenceRouter.NotDeployed.selector, version, Stage.Revoked));
    }

    function test_a_mode_that_would_show_a_persons_data_is_refused() public {
        Request memory asked = requestFor(Mode.Optimistic);
        asked.personal = true;
        refused(asked, abi.encodeWithSelector(IInferenceRouter.ModeNotAllowed.selector, Mode.Optimistic, true));
        asked.mode = Mode.Proof;
        ask(asked);
    }

    function test_more_at_risk_than_the_policy_allows_asks_for_a_proof() public {
        Request memory asked = requestFor(Mode.Optimistic);
        asked.personal = true;
        asked.proofAbove = asked.valueAtRisk - 1;
        ask(asked);
    }

    function test_a_bond_below_the_value_at_risk_is_refused() public {
        Request memory asked = requestFor(Mode.Optimistic);
        asked.bond = asked.valueAtRisk - 1;
        refused(
            asked, abi.encodeWithSelector(IInferenceRouter.BondBelowValueAtRisk.selector, asked.valueAtRisk, asked.bond)
        );
    }

    function test_deadlines_and_windows_have_limits() public {
        uint40 time = 1_800_000_000;
        Request memory asked = requestFor(Mode.Optimistic);
        uint40[2] memory deadlines = [time - 1, time + 90 days + 1];
        for (uint256 i = 0; i < 2; ++i) {
            asked.deadline = deadlines[i];
            refused(
                asked,
                abi.encodeWithSelector(IInferenceRouter.DeadlineOutOfRange.selector, time, time + 90 days, deadlines[i])
            );
        }
        asked.deadline = time;
        uint32[2] memory windows = [uint32(10 minutes - 1), uint32(30 days + 1)];
        for (uint256 i = 0; i < 2; ++i) {
            asked.window = windows[i];
            refused(
                asked,
                abi.encodeWithSelector(
                    IInferenceRouter.WindowOutOfRange.selector, uint32(10 minutes), uint32(30 days), windows[i]
                )
            );
        }
        asked.window = 10 minutes;
        ask(asked);
    }

    function test_callback_gas_and_public_inputs_have_limits() public {
        Request memory asked = requestFor(Mode.Proof);
        asked.callbackGas = 5_000_001;
        refused(
            asked, abi.encodeWithSelector(IInferenceRouter.TooMuchCallbackGas.selector, 5_000_000, asked.callbackGas)
        );
        asked.callbackGas = 0;
        asked.publicInputs = new int64[](4097);
        refused(asked, abi.encodeWithSelector(IInferenceRouter.TooManyValues.selector, 4096, 4097));
    }

    function test_a_fee_that_is_not_there_is_refused() public {
        vm.prank(address(consumer));
        router.withdraw(stranger, MONEY - FEE + 1);
        refused(
            requestFor(Mode.Proof),
            abi.encodeWithSelector(IInferenceRouter.Insufficient.selector, address(consumer), FEE - 1, FEE)
        );
    }

    function test_what_nobody_answered_is_refunded_after_the_deadline() public {
        Request memory asked = requestFor(Mode.Proof);
        RequestId id = ask(asked);
        vm.warp(asked.deadline);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.NothingToRefund.selector, id));
        router.refund(address(consumer), asked, offered, none());
        vm.warp(asked.deadline + 1);
        router.refund(address(consumer), asked, offered, none());
        assertPhase(id, Phase.Refunded);
        assertGains(0, 0, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.WrongPhase.selector, id, Phase.Refunded));
        router.refund(address(consumer), asked, offered, none());
    }

    function test_what_is_answered_is_not_refunded() public {
        Request memory asked = requestFor(Mode.Optimistic);
        RequestId id = ask(asked);
        Answer memory given = give(asked, 7);
        vm.warp(asked.deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.NothingToRefund.selector, id));
        router.refund(address(consumer), asked, offered, given);
    }

    function test_of_a_revoked_version_everybody_gets_back_what_they_put_in() public {
        Request memory open = requestFor(Mode.Optimistic);
        ask(open);
        Request memory answered = requestFor(Mode.Optimistic);
        RequestId id = ask(answered);
        Answer memory given = give(answered, 7);
        Request memory challenged = requestFor(Mode.Optimistic);
        ask(challenged);
        Answer memory disputed = accuse(challenged, give(challenged, 7));
        vm.prank(owner);
        registry.revoke(version, "biased");

        vm.warp(block.timestamp + WINDOW + 1);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.VersionRevoked.selector, version));
        finalise(answered, given);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.OtherAnswer.selector, id));
        router.refund(address(consumer), answered, offered, none());
        router.refund(address(consumer), open, offered, none());
        router.refund(address(consumer), answered, offered, given);
        router.refund(address(consumer), challenged, offered, disputed);
        assertGains(0, 0, 0, 0);
    }

    function refused(Request memory asked, bytes memory reason) private {
        vm.expectRevert(reason);
        ask(asked);
    }
}
