// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IOracleStaking} from "../../src/interfaces/IOracleStaking.sol";
import {Committee, Member, Signed, memberOf} from "../../src/types/Oracles.sol";
import {Mode, RequestId} from "../../src/types/Settlement.sol";
import {vm} from "../Vm.sol";
import {CommitteeFixture} from "./CommitteeFixture.sol";

/// @dev Joining, keys, and leaving with one's stake.
contract OperatorsTest is CommitteeFixture {
    address private first = vm.addr(0xD000);

    function test_who_joins_pays_a_bond_for_each_seat() public view {
        vm.assertEq(coin.balanceOf(address(staking)), OPERATORS * SEATS * SEAT_BOND, "all of them");
        vm.assertEq(coin.balanceOf(first), MONEY - SEATS * SEAT_BOND, "one of them");
        (address owner_, address signer, bytes32 key, uint16 seats,, uint128 unbonding,, uint128 earned) =
            staking.operatorOf(1);
        vm.assertEq(owner_, first);
        vm.assertEq(signer, vm.addr(keyAt(0)));
        vm.assertEq(key, bytes32(uint256(1)));
        vm.assertEq(uint256(seats), SEATS);
        vm.assertEq(uint256(unbonding) + earned, 0);
        vm.assertEq(uint256(staking.operatorBySigner(signer)), 1);
    }

    function test_an_operator_has_one_to_64_seats() public {
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.SeatsOutOfRange.selector, 1, 64, 0));
        staking.join(vm.addr(0xF0), 0, new uint16[](0));
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.SeatsOutOfRange.selector, 1, 64, 65));
        staking.join(vm.addr(0xF0), 0, placesFrom(60, 65));
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.SeatsOutOfRange.selector, 1, 64, 66));
        vm.prank(first);
        staking.addSeats(1, placesFrom(60, 60));
    }

    function test_places_are_taken_once_and_double_when_all_are() public {
        coin.mint(first, MONEY);
        vm.startPrank(first);
        coin.approve(address(staking), MONEY);
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.PlaceTaken.selector, 59));
        staking.addSeats(1, placesFrom(59, 1));
        // 60 of 64 are taken: there are no more yet.
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.NoSuchPlace.selector, 64, 64));
        staking.addSeats(1, placesFrom(64, 1));
        staking.addSeats(1, placesFrom(60, 4));
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.NoSuchPlace.selector, 64, 128));
        staking.addSeats(1, placesFrom(128, 1));
        staking.addSeats(1, placesFrom(127, 1));
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.NoSuchPlace.selector, 128, 128));
        staking.addSeats(1, placesFrom(128, 1));
        vm.stopPrank();
        (uint32 operator, bool isFree) = staking.seatAt(127);
        vm.assertTrue(operator == 1 && isFree, "there");
        vm.assertEq(staking.placesIn(15) >> 224, 1, "there too");
    }

    function test_keys_are_ones_own_and_never_the_owners() public {
        address taken = vm.addr(keyAt(1));
        vm.startPrank(first);
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.SignerTaken.selector, taken));
        staking.setKeys(1, taken, 0);
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.SignerIsOwner.selector, first));
        staking.setKeys(1, first, 0);
        vm.expectRevert(IOracleStaking.ZeroAddress.selector);
        staking.setKeys(1, address(0), 0);
        // Another encryption key alone.
        staking.setKeys(1, vm.addr(keyAt(0)), bytes32(uint256(9)));
        staking.setKeys(1, vm.addr(0xF0), bytes32(uint256(9)));
        vm.assertEq(uint256(staking.operatorBySigner(vm.addr(keyAt(0)))), 1, "the old one stays its own");
        // Nor can it be taken back.
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.SignerTaken.selector, vm.addr(keyAt(0))));
        staking.setKeys(1, vm.addr(keyAt(0)), 0);
        vm.stopPrank();
    }

    function test_only_the_owner_changes_anything() public {
        bytes memory notOwner = abi.encodeWithSelector(IOracleStaking.NotOwner.selector, 1, first, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(notOwner);
        staking.setKeys(1, stranger, 0);
        vm.expectRevert(notOwner);
        staking.addSeats(1, placesFrom(60, 1));
        vm.expectRevert(notOwner);
        staking.giveUp(1, placesFrom(0, 1));
        vm.expectRevert(notOwner);
        staking.withdrawBonds(1, stranger);
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.UnknownOperator.selector, 99));
        staking.withdrawBonds(99, stranger);
        vm.stopPrank();
    }

    function test_who_leaves_waits_and_then_has_all_of_it() public {
        vm.startPrank(first);
        staking.giveUp(1, placesFrom(0, 2));
        uint256 from = block.timestamp + UNBONDING;
        vm.warp(block.timestamp + 1 days);
        // What waits already waits anew with what is given up now.
        staking.giveUp(1, placesFrom(2, 1));
        from += 1 days;
        vm.warp(from - 1);
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.Unbonding.selector, 1, from));
        staking.withdrawBonds(1, stranger);
        vm.warp(from);
        staking.withdrawBonds(1, stranger);
        vm.assertEq(coin.balanceOf(stranger), 3 * SEAT_BOND, "three bonds");
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.NothingToWithdraw.selector, first));
        staking.withdrawBonds(1, stranger);
        vm.stopPrank();
        vm.assertEq(uint256(seatsOf(1)), SEATS - 3, "the others");
    }

    function test_only_ones_own_free_seats_are_given_up() public {
        (, Committee memory committee) = drawn(requestFor(Mode.Quorum));
        uint32 operator = committee.members[0].operatorOf();
        uint16[] memory place = new uint16[](1);
        place[0] = committee.members[0].placeOf();
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.NotFree.selector, place[0], operator, operator));
        vm.prank(ownerAt(operator - 1));
        staking.giveUp(operator, place);
        vm.startPrank(first);
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.NotFree.selector, 6, 1, 2));
        staking.giveUp(1, placesFrom(6, 1));
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.NotFree.selector, 1000, 1, 0));
        staking.giveUp(1, placesFrom(1000, 1));
        vm.expectRevert(abi.encodeWithSelector(IOracleStaking.SeatsOutOfRange.selector, 1, 6, 7));
        staking.giveUp(1, placesFrom(0, 7));
        vm.stopPrank();
    }

    /// The time of unbonding is longer than any request can be open for a committee.
    function test_stake_stays_longer_than_what_it_answers_for() public view {
        vm.assertTrue(staking.unbondingTime() > 7 days + 2 * 1 days, "deadline, commitments, reveals");
    }

    /// Whoever has no more seats pays what waits, if that is less than a bond, and what it did is settled.
    function test_a_debtor_without_seats_pays_what_is_left() public {
        for (uint256 i = 0; i < 6; ++i) {
            vm.prank(ownerAt(i));
            staking.giveUp(operatorAt(i), placesFrom(SEATS * i, SEATS));
        }
        uint32 operator = enter(OPERATORS, 60, 1);
        vm.warp(block.timestamp + 1);
        // Of five that are left all are drawn.
        (RequestId id, Committee memory committee) = drawn(requestFor(Mode.Quorum));
        vm.warp(committee.revealUntil + 1);
        committees.close(address(consumer), lastAsked, committee, new int64[][](5));
        uint256 left = SEAT_BOND - SEAT_BOND / 4;
        vm.assertEq(uint256(seatsOf(operator)), 0, "gone");
        vm.assertEq(uint256(unbondingOf(operator)), left, "waits");
        Member signer = memberOf(operator, 0, vm.addr(keyAt(OPERATORS)));
        Signed memory one_ = saying(id, signer, one(7), 0);
        Signed memory other = saying(id, signer, one(8), 0);
        vm.prank(accuser);
        committees.equivocated(id, one_, other);
        staking.collectDebt(operator, 0);
        vm.assertEq(staking.rewardsOf(accuser), left / 2, "half of what is left");
        vm.assertEq(uint256(unbondingOf(operator)), 0, "all of it");
    }
}
