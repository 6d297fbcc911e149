// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IClaimsPool} from "../../src/interfaces/IClaimsPool.sol";
import {IPauses} from "../../src/interfaces/IPauses.sol";
import {Claim, Filing, PolicyId, PolicyState, Product, Routine, Times} from "../../src/types/Claims.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {Mode, OfferId} from "../../src/types/Settlement.sol";
import {vm} from "../Vm.sol";
import {PoolFixture} from "./PoolFixture.sol";

/// @dev Capital, products, routines, and policies from sale to lapse: what is promised is always there.
contract PoliciesTest is PoolFixture {
    function test_a_sale_reserves_what_the_policy_pays() public {
        (uint256 free, uint256 reserved) = (pool.freeCapital(), pool.reserved());
        (PolicyId id, uint256 number) = buy(products[Mode.Proof]);
        vm.assertEq(pool.reserved(), reserved + PAYOUT, "reserved");
        vm.assertEq(pool.freeCapital(), free + PREMIUM - PAYOUT, "free");
        assertSolvent();
        (PolicyState state, address holder, uint40 from, uint16 product) = pool.policyOf(id);
        vm.assertEq(uint256(state), uint256(PolicyState.Clear), "state");
        vm.assertEq(holder, holderOf(number));
        vm.assertEq(from, block.timestamp, "from now on");
        vm.assertEq(product, products[Mode.Proof], "product");
    }

    function test_an_id_is_a_hash_of_everything() public view {
        bytes32 salt = keccak256("salt");
        vm.assertEq(
            PolicyId.unwrap(pool.policyIdOf(1, stranger, salt)),
            keccak256(
                abi.encode(keccak256("averment.policy/1"), block.chainid, address(pool), uint16(1), stranger, salt)
            )
        );
    }

    function test_no_more_is_promised_than_there_is() public {
        uint16 product = products[Mode.Proof];
        uint128 free = uint128(pool.freeCapital());
        vm.prank(insurer);
        pool.takeCapital(insurer, free - (PAYOUT - PREMIUM) + 1);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.NotCovered.selector, PAYOUT - 1, PAYOUT));
        buy(product);
        vm.startPrank(insurer);
        pool.addCapital(1);
        vm.stopPrank();
        buy(product);
        vm.assertEq(pool.freeCapital(), 0, "all of it");
        assertSolvent();
    }

    function test_what_is_reserved_is_not_the_insurers() public {
        buy(products[Mode.Proof]);
        uint128 free = uint128(pool.freeCapital());
        bytes memory reason = abi.encodeWithSelector(IClaimsPool.NotCovered.selector, free, free + 1);
        vm.startPrank(insurer);
        vm.expectRevert(reason);
        pool.takeCapital(insurer, free + 1);
        vm.expectRevert(reason);
        pool.fundRouter(free + 1);
        pool.takeCapital(insurer, free);
        vm.stopPrank();
        vm.assertEq(coin.balanceOf(address(pool)), PAYOUT, "what is reserved");
    }

    function test_money_goes_to_the_router_and_back() public {
        uint256 free = pool.freeCapital();
        vm.startPrank(insurer);
        pool.fundRouter(500);
        vm.assertEq(router.balanceOf(address(pool)), 10_500, "there");
        vm.assertEq(pool.freeCapital(), free - 500, "not here");
        assertSolvent();
        pool.drainRouter(10_500);
        vm.stopPrank();
        vm.assertEq(router.balanceOf(address(pool)), 0, "not there");
        vm.assertEq(pool.freeCapital(), free + 10_000, "here");
        assertSolvent();
    }

    function test_one_policy_is_sold_once_also_when_it_is_over() public {
        uint16 product = products[Mode.Proof];
        vm.startPrank(broker);
        PolicyId id = pool.buy(product, stranger, 0);
        bytes memory reason = abi.encodeWithSelector(IClaimsPool.PolicyExists.selector, id);
        vm.expectRevert(reason);
        pool.buy(product, stranger, 0);
        vm.warp(block.timestamp + TERM + GRACE_TO_FILE + 1);
        pool.lapse(list(id));
        vm.expectRevert(reason);
        pool.buy(product, stranger, 0);
        pool.buy(product, stranger, bytes32(uint256(1)));
        vm.stopPrank();
    }

    function test_nobody_is_no_holder() public {
        uint16 product = products[Mode.Proof];
        vm.expectRevert(IClaimsPool.ZeroAddress.selector);
        vm.prank(broker);
        pool.buy(product, address(0), 0);
    }

    function test_what_is_not_sold_is_refused() public {
        vm.startPrank(broker);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.NotSold.selector, 99));
        pool.buy(99, stranger, 0);
        vm.stopPrank();
        uint16 product = products[Mode.Proof];
        vm.prank(insurer);
        pool.setSale(product, false);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.NotSold.selector, product));
        buy(product);
        vm.prank(insurer);
        pool.setSale(product, true);
        buy(product);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.UnknownProduct.selector, 99));
        vm.prank(insurer);
        pool.setSale(99, true);
    }

    function test_a_policy_lapses_when_no_claim_can_come_any_more() public {
        (PolicyId id,) = buy(products[Mode.Proof]);
        uint40 until = uint40(block.timestamp) + TERM + GRACE_TO_FILE;
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.NotOver.selector, id, until));
        pool.lapse(list(id));
        vm.warp(until + 1);
        uint256 free = pool.freeCapital();
        pool.lapse(list(id));
        vm.assertEq(pool.freeCapital(), free + PAYOUT, "free");
        vm.assertEq(pool.reserved(), 0, "reserved");
        vm.expectRevert(
            abi.encodeWithSelector(IClaimsPool.WrongState.selector, id, PolicyState.Clear, PolicyState.Over)
        );
        pool.lapse(list(id));
        assertSolvent();
    }

    function test_a_policy_with_a_claim_does_not_lapse() public {
        Claim memory claim = filed(products[Mode.Proof], 1)[0];
        vm.warp(block.timestamp + TERM + GRACE_TO_FILE + 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IClaimsPool.WrongState.selector, claim.policy, PolicyState.Clear, PolicyState.Claimed
            )
        );
        pool.lapse(list(claim.policy));
        vm.expectRevert(
            abi.encodeWithSelector(
                IClaimsPool.WrongState.selector, PolicyId.wrap(0), PolicyState.Clear, PolicyState.None
            )
        );
        pool.lapse(list(PolicyId.wrap(0)));
    }

    function test_routines_and_products_that_are_none_are_refused() public {
        Routine memory good = routineFor(Mode.Proof);
        vm.startPrank(insurer);
        for (uint256 i = 0; i < 7; ++i) {
            Routine memory bad = routineFor(Mode.Proof);
            if (i == 0) bad.batch = 0;
            else if (i == 1) bad.batch = 3;
            else if (i == 2) bad.batch = 256;
            else if (i == 3) bad.output = bad.outputs;
            else if (i == 4) (bad.batch, bad.outputs) = (128, 33);
            else if (i == 5) bad.least = bad.most + 1;
            else bad.answerSeconds = 0;
            vm.expectRevert(IClaimsPool.BadRoutine.selector);
            pool.addRoutine(bad);
        }
        (good.batch, good.outputs) = (128, 32);
        uint16 routine = pool.addRoutine(good);
        vm.assertEq(keccak256(abi.encode(pool.routineOf(routine))), keccak256(abi.encode(good)), "as it was added");

        Product memory product = Product(PREMIUM, PAYOUT, TERM, GRACE_TO_FILE, routine);
        product.term = 0;
        vm.expectRevert(IClaimsPool.BadProduct.selector);
        pool.addProduct(product);
        (product.term, product.payout) = (1, 0);
        vm.expectRevert(IClaimsPool.BadProduct.selector);
        pool.addProduct(product);
        (product.payout, product.routine) = (1, routine + 1);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.UnknownRoutine.selector, routine + 1));
        pool.addProduct(product);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.UnknownRoutine.selector, 0));
        pool.authorise(0, version, OfferId.wrap(0));
        vm.expectRevert(IClaimsPool.ZeroAddress.selector);
        pool.setIntake(address(0), true);
        vm.stopPrank();
    }

    function testFuzz_terms_are_kept_as_they_are_added(Product memory product, uint16 routine) public {
        product.routine = routines[Mode(routine % 3)];
        if (product.payout == 0) ++product.payout;
        if (product.term == 0) ++product.term;
        vm.prank(insurer);
        uint16 number = pool.addProduct(product);
        (Product memory kept, bool open) = pool.productOf(number);
        vm.assertEq(keccak256(abi.encode(kept)), keccak256(abi.encode(product)), "kept");
        vm.assertTrue(open, "sold");
    }

    function test_the_insurer_decides_nobody_else() public {
        address[4] memory others = [stranger, reviewer, guardian, broker];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.startPrank(others[i]);
            bytes memory reason = unauthorised(others[i]);
            vm.expectRevert(reason);
            pool.takeCapital(others[i], 1);
            vm.expectRevert(reason);
            pool.fundRouter(1);
            vm.expectRevert(reason);
            pool.drainRouter(1);
            Routine memory routine = Routine({
                version: version,
                offer: OfferId.wrap(0),
                least: 0,
                most: 0,
                output: 0,
                outputs: 1,
                batch: 1,
                mode: Mode.Proof,
                personal: true,
                proofAbove: 0,
                fee: 0,
                answerSeconds: 1,
                window: 0
            });
            vm.expectRevert(reason);
            pool.addRoutine(routine);
            vm.expectRevert(reason);
            pool.authorise(1, VersionId.wrap(0), OfferId.wrap(0));
            vm.expectRevert(reason);
            pool.addProduct(Product(1, 1, 1, 1, 1));
            vm.expectRevert(reason);
            pool.setSale(1, false);
            vm.expectRevert(reason);
            pool.setIntake(others[i], true);
            vm.stopPrank();
        }
    }

    function test_a_pause_stops_what_comes_in_and_nothing_else() public {
        Claim memory accepted = decided(7);
        Claim[] memory waiting = filed(products[Mode.Proof], 1);
        (PolicyId id,) = buy(products[Mode.Proof]);
        vm.prank(guardian);
        IPauses(address(pool)).pause(1 days);
        bytes memory reason = abi.encodeWithSelector(IPauses.EntryPaused.selector, block.timestamp + 1 days);
        (uint16 product, uint16 routine) = (products[Mode.Proof], routines[Mode.Proof]);
        vm.expectRevert(reason);
        pool.addCapital(1);
        vm.expectRevert(reason);
        pool.buy(product, stranger, 0);
        bytes32[] memory evidence = evidenceOf(waiting);
        vm.expectRevert(reason);
        pool.ask(routine, evidence);

        Filing memory filing = filingFor(id);
        file(filing);
        pool.pay(just(accepted));
        vm.prank(insurer);
        pool.takeCapital(insurer, 1);
        vm.warp(block.timestamp + 1 days);
        evidence = new bytes32[](2);
        (evidence[0], evidence[1]) = (waiting[0].evidence, filing.intake.evidence);
        pool.ask(routine, evidence);
        vm.expectRevert(unauthorised(stranger));
        vm.prank(stranger);
        IPauses(address(pool)).pause(1);
    }

    function test_times_that_leave_no_time_are_refused() public {
        for (uint256 i = 0; i < 6; ++i) {
            Times memory times = poolTimes();
            if (i == 0) times.filing = 0;
            else if (i == 1) times.filing = CADENCE + 1;
            else if (i == 2) times.appeal = 0;
            else if (i == 3) times.review = 0;
            else if (i == 4) times.patience = 2 * CADENCE - 1;
            else times.cadence = 0;
            refuseToDeploy(times, IClaimsPool.BadTimes.selector);
        }
        vm.assertEq(keccak256(abi.encode(pool.times())), keccak256(abi.encode(poolTimes())), "as it was deployed");
    }

    function refuseToDeploy(Times memory times, bytes4 expected) private {
        bytes memory code = poolCode(times);
        bytes32 reason;
        address place;
        assembly ("memory-safe") {
            place := create(0, add(code, 0x20), mload(code))
            mstore(0, 0)
            returndatacopy(0, 0, 4)
            reason := mload(0)
        }
        vm.assertEq(place, address(0));
        vm.assertEq(reason, bytes32(expected), "why");
    }

    function list(PolicyId id) private pure returns (PolicyId[] memory ids) {
        ids = new PolicyId[](1);
        ids[0] = id;
    }
}
