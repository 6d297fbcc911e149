// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {IOracleStaking} from "../../src/interfaces/IOracleStaking.sol";
import {Phase} from "../../src/types/Settlement.sol";
import {vm} from "../Vm.sol";
import {SettlementHandler} from "./SettlementHandler.sol";

/// @dev What holds of router and staking together, whatever anybody does.
contract SettlementInvariants {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    uint256 private constant SEAT_BOND = 5000;
    uint256 private constant BOND = 1001;

    SettlementHandler private handler;
    IInferenceRouter private router;
    IOracleStaking private staking;
    IERC20 private token;

    function setUp() public {
        handler = new SettlementHandler();
        handler.setUp();
        address coin;
        (router, staking, coin) = handler.contracts();
        token = IERC20(coin);
    }

    /// Forge calls this contract only,
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// and what acts in it.
    function targetSelectors() public view returns (FuzzSelector[] memory selectors) {
        bytes4[13] memory acts = [
            handler.askSome.selector,
            handler.askSome.selector,
            handler.answerOne.selector,
            handler.challengeOne.selector,
            handler.proveOne.selector,
            handler.endOne.selector,
            handler.drawOne.selector,
            handler.sayOne.selector,
            handler.agreeOne.selector,
            handler.equivocateOne.selector,
            handler.giveOneUp.selector,
            handler.takeOut.selector,
            handler.wait.selector
        ];
        selectors = new FuzzSelector[](1);
        selectors[0].addr = address(handler);
        selectors[0].selectors = new bytes4[](acts.length + 1);
        for (uint256 i = 0; i < acts.length; ++i) {
            selectors[0].selectors[i] = acts[i];
        }
        selectors[0].selectors[acts.length] = handler.collect.selector;
    }

    /// All money that came in is somebody's, or was burned.
    function invariant_money_in_is_money_out_and_held() public view {
        (uint256 inFlight,) = handler.inFlight();
        vm.assertEq(token.balanceOf(address(router)), handler.balances() + inFlight + router.burned(), "in the router");
        (uint256 bonds, uint256 earned,) = handler.stakes();
        vm.assertEq(token.balanceOf(address(staking)), bonds + handler.rewards() + staking.burned(), "in staking");
        vm.assertEq(router.balanceOf(address(staking)), earned, "of operators, in the router");
    }

    /// What is burned has its reason: an answer that was not proved or contradicted, a draw that was let pass, silence, lies
    /// and pairs of signatures that were shown.
    function invariant_nothing_is_slashed_without_a_reason() public view {
        vm.assertEq(
            router.burned(), handler.forfeited() * (BOND - BOND / 2) + handler.lapsed(), "bonds and lapsed fees"
        );
        uint256 quarter = SEAT_BOND / 4;
        uint256 most = handler.silent() * (quarter - quarter / 2) + handler.shown() * (SEAT_BOND / 2);
        vm.assertTrue(staking.burned() <= most, "seats");
    }

    /// A seat is free or in one committee.
    function invariant_no_stake_answers_for_two_requests() public view {
        (, uint256 committees) = handler.inFlight();
        (,, uint256 seats) = handler.stakes();
        vm.assertEq(handler.free() + 5 * committees, seats, "free or in a committee");
    }

    /// However things stand, steps that anybody may take end every request.
    function afterInvariant() public {
        handler.endAll();
        for (uint256 i = 0; i < handler.count(); ++i) {
            vm.assertTrue(handler.phaseAt(i) >= Phase.Final, "stuck");
        }
        invariant_money_in_is_money_out_and_held();
        invariant_no_stake_answers_for_two_requests();
    }
}
