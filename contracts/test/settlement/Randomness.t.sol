// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {BlockRandomness} from "../../src/BlockRandomness.sol";
import {vm} from "../Vm.sol";

/// @dev Rounds are blocks that are still to come, and their values those of their own headers.
contract RandomnessTest {
    /// The header of block 1,000 with the value `0x77…`, as RLP: parent, ommers, coinbase, three roots, bloom, difficulty,
    /// number, limit, used, time, extra, value, nonce.
    bytes32 private constant VALUE = 0x7777777777777777777777777777777777777777777777777777777777777777;

    BlockRandomness private randomness = new BlockRandomness(8, 4, 12);

    function test_a_round_is_not_known_when_it_is_asked_for() public {
        for (uint256 number = 1; number < 100; ++number) {
            vm.roll(number);
            (uint64 round,) = randomness.next();
            // The block after this one has a value that this one's proposer knows.
            vm.assertTrue(round > number + 1 + 4, "after the delay");
            vm.assertTrue(round <= number + 1 + 4 + 8, "and not much later");
            vm.assertEq(uint256(round) % 8, 0, "shared");
        }
    }

    function test_a_round_is_known_in_the_block_after_its_own_at_the_earliest() public {
        vm.warp(1_700_000_000);
        vm.roll(10);
        (uint64 round, uint40 from) = randomness.next();
        vm.assertEq(uint256(round), 16);
        // Block 17, seven blocks on.
        vm.assertEq(uint256(from), 1_700_000_000 + 7 * 12);
    }

    function test_a_header_gives_its_own_round_its_value() public {
        bytes memory header = headerOf(1000);
        vm.roll(1001);
        vm.setBlockhash(1000, keccak256(header));
        randomness.record(header);
        vm.assertEq(randomness.valueOf(1000), VALUE);
        vm.assertFalse(randomness.isLost(1000), "known");
        // Again changes nothing.
        randomness.record(header);
        vm.assertEq(randomness.valueOf(1000), VALUE);
    }

    function test_other_headers_are_refused() public {
        bytes memory header = headerOf(1000);
        vm.roll(1001);
        vm.setBlockhash(1000, keccak256("another"));
        vm.expectRevert(BlockRandomness.NotAHeader.selector);
        randomness.record(header);
        // Of a block that is still to come, or this one.
        vm.roll(1000);
        vm.expectRevert(BlockRandomness.NotAHeader.selector);
        randomness.record(header);
    }

    function test_a_round_that_nobody_recorded_in_time_is_lost() public {
        vm.roll(1000 + 8191);
        vm.assertFalse(randomness.isLost(1000), "still to be had");
        vm.roll(1000 + 8192);
        vm.assertTrue(randomness.isLost(1000), "not any more");
    }

    function test_rounds_have_a_stride() public {
        vm.expectRevert(BlockRandomness.ZeroStride.selector);
        new BlockRandomness(0, 1, 12);
    }

    function headerOf(uint16 number) private pure returns (bytes memory) {
        bytes memory word = abi.encodePacked(hex"a0", keccak256("root"));
        bytes memory body = abi.encodePacked(
            word,
            word,
            hex"94",
            address(0xC0),
            word,
            word,
            word,
            hex"b90100",
            new bytes(256),
            hex"8082",
            number,
            hex"8401c9c38080846553f10080"
        );
        body = abi.encodePacked(body, hex"a0", VALUE, hex"880000000000000000");
        return abi.encodePacked(hex"f9", uint16(body.length), body);
    }
}
