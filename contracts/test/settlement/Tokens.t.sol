// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {InexactTransfer} from "../../src/settlement/ExactTransfers.sol";
import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {Coin, UnrulyCoin} from "../mocks/Settlement.sol";
import {vm} from "../Vm.sol";
import {RouterFixture} from "./RouterFixture.sol";

/// @dev Tokens that do not do what they say.
contract TokensTest is RouterFixture {
    UnrulyCoin private unruly;
    uint16[] private place = [uint16(0)];

    function setUp() public override {
        unruly = new UnrulyCoin();
        coin = Coin(address(unruly));
        super.setUp();
        coin.mint(stranger, MONEY);
        vm.prank(stranger);
        coin.approve(address(router), MONEY);
        vm.prank(stranger);
        coin.approve(address(staking), MONEY);
    }

    function test_a_token_that_keeps_a_fee_is_refused() public {
        unruly.behave(UnrulyCoin.Conduct.Fee, address(0), "");
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(InexactTransfer.selector, 100, 99));
        router.deposit(100);
        vm.expectRevert(abi.encodeWithSelector(InexactTransfer.selector, SEAT_BOND, SEAT_BOND - 1));
        staking.join(vm.addr(1), 0, place);
        vm.stopPrank();
    }

    function test_a_token_that_returns_false_is_refused() public {
        unruly.behave(UnrulyCoin.Conduct.Lie, address(0), "");
        bytes memory refused = abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(coin));
        vm.prank(stranger);
        vm.expectRevert(refused);
        router.deposit(100);
        vm.prank(answerer);
        vm.expectRevert(refused);
        router.withdraw(answerer, 100);
    }

    function test_a_token_that_says_yes_and_moves_nothing_is_refused() public {
        unruly.behave(UnrulyCoin.Conduct.Nothing, address(0), "");
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(InexactTransfer.selector, 100, 0));
        router.deposit(100);
        vm.prank(answerer);
        vm.expectRevert(abi.encodeWithSelector(InexactTransfer.selector, 100, 0));
        router.withdraw(answerer, 100);
    }

    /// Coming in again while tokens are on their way takes out nothing that was not put in.
    function test_a_token_that_comes_in_again_takes_nothing() public {
        bytes[2] memory again =
            [abi.encodeCall(router.withdraw, (address(coin), 100)), abi.encodeCall(router.deposit, (1))];
        coin.mint(address(coin), MONEY);
        vm.startPrank(address(coin));
        coin.approve(address(router), MONEY);
        router.deposit(1_000);
        for (uint256 i = 0; i < 2; ++i) {
            uint256 held = coin.balanceOf(address(router));
            unruly.behave(UnrulyCoin.Conduct.Reenter, address(router), again[i]);
            vm.expectPartialRevert(InexactTransfer.selector);
            router.deposit(100);
            vm.expectPartialRevert(InexactTransfer.selector);
            router.withdraw(address(coin), 100);
            vm.assertEq(coin.balanceOf(address(router)), held, "nothing moved");
            vm.assertEq(router.balanceOf(address(coin)), 1_000, "nothing moved");
        }
        vm.stopPrank();
    }

    function test_nobody_withdraws_more_than_they_have() public {
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.Insufficient.selector, answerer, MONEY, MONEY + 1));
        vm.prank(answerer);
        router.withdraw(answerer, MONEY + 1);
    }

    function test_ether_is_never_held() public {
        (bool taken,) = address(router).call{value: 1}("");
        vm.assertFalse(taken, "router");
        (taken,) = address(staking).call{value: 1}("");
        vm.assertFalse(taken, "staking");
    }
}
