// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {IClaimsPool} from "../../src/interfaces/IClaimsPool.sol";
import {Claim, ClaimStage, PolicyId} from "../../src/types/Claims.sol";
import {Mode, Request} from "../../src/types/Settlement.sol";
import {vm} from "../Vm.sol";
import {PoolFixture} from "./PoolFixture.sol";

interface IClaimsPoolV2 {
    function initialize(address authority) external;
    function upgradeToAndCall(address implementation, bytes calldata call) external;
    function release() external view returns (uint256);
}

/// @dev The pool moves to a new version with claims in every stage; nothing is lost, and who has money there can leave before.
contract ClaimsUpgradeTest is PoolFixture {
    uint64 private constant UPGRADER = 1;
    uint32 private constant DELAY = 2 days;

    address private proposer = vm.addr(0xE001);
    address private next;

    function setUp() public override {
        super.setUp();
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = UUPSUpgradeable.upgradeToAndCall.selector;
        vm.startPrank(admin);
        manager.setTargetFunctionRole(address(pool), selectors, UPGRADER);
        manager.grantRole(UPGRADER, proposer, DELAY);
        vm.stopPrank();
        next = created(
            abi.encodePacked(vm.getCode("Pools.sol:ClaimsPoolV2"), abi.encode(router, poolTimes(), feed(), GRACE))
        );
    }

    function test_claims_in_every_stage_survive_and_holders_can_leave_before() public {
        Claim memory left = decided(9);
        Claim memory accepted = decided(9);
        Claim memory rejected = decided(0);
        Claim memory review = inReview();
        Claim[] memory asked = filed(products[Mode.Proof], 2);
        (Request memory request,) = ask(Mode.Proof, asked);
        (PolicyId sold,) = buy(products[Mode.Optimistic]);

        bytes memory call = abi.encodeCall(IClaimsPoolV2.upgradeToAndCall, (next, ""));
        vm.prank(proposer);
        manager.schedule(address(pool), call, 0);
        vm.expectPartialRevert(IAccessManager.AccessManagerNotReady.selector);
        vm.prank(proposer);
        manager.execute(address(pool), call);
        pool.pay(just(left));
        Claim memory waiting = filed(products[Mode.Proof], 1)[0];
        bytes32 before = seen(sold);
        vm.warp(block.timestamp + DELAY);
        vm.prank(proposer);
        manager.execute(address(pool), call);
        vm.assertEq(IClaimsPoolV2(address(pool)).release(), 2, "the new code");
        vm.assertEq(seen(sold), before, "nothing moved");

        // And life goes on from where it was.
        assertStage(left, ClaimStage.Paid);
        assertStage(waiting, ClaimStage.Filed);
        pool.pay(just(accepted));
        vm.prank(holderOf(3));
        pool.appeal(rejected, "");
        vm.prank(reviewer);
        pool.review(review, true, keccak256("reason"));
        vm.warp(request.deadline + 1);
        router.refund(address(pool), request, offered, none());
        pool.unanswered(request, evidenceOf(asked));
        vm.warp(block.timestamp + PATIENCE);
        pool.unasked(just(waiting.evidence));
        nextPeriod();
        file(filingFor(sold));
        assertSolvent();
    }

    function test_an_upgrade_is_its_proposers() public {
        address[4] memory others = [insurer, reviewer, guardian, stranger];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(unauthorised(others[i]));
            vm.prank(others[i]);
            IClaimsPoolV2(address(pool)).upgradeToAndCall(next, "");
        }
    }

    function test_initialised_once_and_never_on_the_implementation() public {
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        IClaimsPoolV2(address(pool)).initialize(address(manager));
        IClaimsPool implementation = IClaimsPool(created(poolCode(poolTimes())));
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        IClaimsPoolV2(address(implementation)).initialize(address(manager));
    }

    /// All that the pool says about money and a policy.
    function seen(PolicyId sold) private view returns (bytes32) {
        (uint256 free, uint256 reserved) = (pool.freeCapital(), pool.reserved());
        (, address holder, uint40 from, uint16 product) = pool.policyOf(sold);
        return
            keccak256(abi.encode(free, reserved, holder, from, product, pool.routineOf(1), pool.isAccredited(intake)));
    }
}
