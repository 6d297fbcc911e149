// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {InexactTransfer} from "../../src/settlement/ExactTransfers.sol";
import {Claim, ClaimStage, Filing, PolicyId, Product, Routine} from "../../src/types/Claims.sol";
import {Mode} from "../../src/types/Settlement.sol";
import {Coin} from "../mocks/Settlement.sol";
import {ReentrantWallet} from "../mocks/Wallets.sol";
import {vm} from "../Vm.sol";
import {PoolFixture} from "./PoolFixture.sol";

/// @dev Money that does what it is told to when the pool's money moves.
contract UnrulyCoin is Coin {
    enum Conduct {
        Move,
        KeepAFee,
        SayNo,
        SayYes,
        Reenter
    }

    Conduct private conduct;
    address private target;
    bytes private call;
    bool public entered;

    function behave(Conduct conduct_, address target_, bytes calldata call_) external {
        (conduct, target, call) = (conduct_, target_, call_);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return move(from, to, amount);
    }

    function move(address from, address to, uint256 amount) private returns (bool) {
        if (conduct == Conduct.SayNo) return false;
        if (conduct == Conduct.SayYes) return true;
        _transfer(from, to, amount);
        if (conduct == Conduct.KeepAFee) _burn(to, 1);
        if (conduct == Conduct.Reenter) {
            conduct = Conduct.Move;
            (entered,) = target.call(call);
        }
        return true;
    }
}

/// @dev Attacks on the pool's money, by tokens, wallets and whoever may upgrade.
contract ClaimsAttacks is PoolFixture {
    UnrulyCoin private unruly;

    function setUp() public override {
        unruly = new UnrulyCoin();
        coin = unruly;
        super.setUp();
    }

    function test_a_token_that_does_not_move_what_it_is_told_is_refused() public {
        Claim memory claim = decided(9);
        uint16 product = products[Mode.Proof];
        UnrulyCoin.Conduct[3] memory conducts =
            [UnrulyCoin.Conduct.KeepAFee, UnrulyCoin.Conduct.SayNo, UnrulyCoin.Conduct.SayYes];
        for (uint256 i = 0; i < conducts.length; ++i) {
            unruly.behave(conducts[i], address(0), "");
            vm.expectRevert();
            vm.prank(insurer);
            pool.addCapital(10);
            vm.expectRevert();
            vm.prank(broker);
            pool.buy(product, newcomer, 0);
            assertStage(claim, ClaimStage.Accepted);
        }
        // One that says that it sent keeps the claim as it is.
        vm.expectRevert(abi.encodeWithSelector(InexactTransfer.selector, PAYOUT, 0));
        pool.pay(just(claim));
        vm.expectRevert(abi.encodeWithSelector(InexactTransfer.selector, 1, 0));
        vm.prank(insurer);
        pool.takeCapital(insurer, 1);
        unruly.behave(UnrulyCoin.Conduct.Move, address(0), "");
        pool.pay(just(claim));
        assertSolvent();
    }

    function test_a_token_that_comes_in_again_gets_nothing_twice() public {
        Claim memory claim = decided(9);
        unruly.behave(UnrulyCoin.Conduct.Reenter, address(pool), abi.encodeCall(pool.pay, (just(claim))));
        pool.pay(just(claim));
        vm.assertFalse(unruly.entered(), "paid twice");
        vm.assertEq(coin.balanceOf(holderOf(1)), PAYOUT, "once");
        assertSolvent();
    }

    /// Another claim that is paid meanwhile is not taken for this one's payment.
    function test_two_payments_are_not_taken_for_one() public {
        Claim memory one = decided(9);
        Claim memory other = decided(9);
        unruly.behave(UnrulyCoin.Conduct.Reenter, address(pool), abi.encodeCall(pool.pay, (just(other))));
        vm.expectRevert(abi.encodeWithSelector(InexactTransfer.selector, PAYOUT, 2 * PAYOUT));
        pool.pay(just(one));
        assertSolvent();
    }

    /// An intake that is a contract is asked about its signature, and may do then what anybody may: a claim is not filed twice.
    function test_an_intake_that_comes_in_again_files_once() public {
        uint16 product = products[Mode.Proof];
        Filing memory filing = filingFor(policyFor(product));
        Filing[] memory filings = new Filing[](1);
        filings[0] = filing;
        ReentrantWallet wallet = new ReentrantWallet(IModelRegistry(address(pool)));
        vm.prank(insurer);
        pool.setIntake(address(wallet), true);
        wallet.arm(abi.encodeCall(pool.file, (filings)), true);
        filings[0].signer = address(wallet);
        pool.file(filings);
        (, uint32 waiting) = pool.queueOf(routines[Mode.Proof]);
        vm.assertEq(waiting, 1, "once");
    }

    /// Tokens that are sent without the pool's knowledge change nothing it promises.
    function test_forced_money_is_nobodys() public {
        (uint256 free, uint256 reserved) = (pool.freeCapital(), pool.reserved());
        coin.mint(address(pool), 12_345);
        vm.assertEq(pool.freeCapital(), free, "free");
        vm.assertEq(pool.reserved(), reserved, "reserved");
        decided(9);
    }

    /// Sums of what is insured and what fees are cannot wrap.
    function test_amounts_that_do_not_fit_are_refused() public {
        Routine memory terms = routineFor(Mode.Proof);
        terms.fee = type(uint128).max;
        vm.startPrank(insurer);
        uint16 routine = pool.addRoutine(terms);
        uint16 product = pool.addProduct(Product(PREMIUM, PAYOUT, TERM, GRACE_TO_FILE, routine));
        uint16 dear = pool.addProduct(Product(type(uint128).max, type(uint128).max, TERM, GRACE_TO_FILE, routine));
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        vm.prank(broker);
        pool.buy(dear, newcomer, 0);
        bytes32[] memory evidence = evidenceOf(filed(product, 2));
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        pool.ask(routine, evidence);
    }

    function policyFor(uint16 product) private returns (PolicyId id) {
        (id,) = buy(product);
    }
}
