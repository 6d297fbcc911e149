// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {DrandRandomness} from "../../src/DrandRandomness.sol";
import {Bls12381} from "../../src/randomness/Bls12381.sol";
import {vm} from "../Vm.sol";

/// @dev Rounds of drand's network "quicknet", as published: 1000, 1001 and 5928395; and what is none.
contract DrandTest {
    bytes private constant KEY = hex"000000000000000000000000000000000d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
        hex"0000000000000000000000000000000003cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
        hex"000000000000000000000000000000000e5db2b6bfbb01c867749cadffca88b36c24f3012ba09fc4d3022c5c37dce0f977d3adb5d183c7477c442b1f04515273"
        hex"0000000000000000000000000000000001a714f2edb74119a2f2b0d5a7c75ba902d163700a61bc224ededd8e63aef7be1aaf8e93d7a9718b047ccddb3eb5d68b";
    bytes private constant X_1000 =
        hex"00000000000000000000000000000000144679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";
    bytes private constant Y_1000 =
        hex"0000000000000000000000000000000011f92e4521ef54f047b64b85fa98db2d46f0f44add1f60b93f8a0dbddd63b34f238657c2d93aed18b90bddd60a01b6d2";
    bytes private constant SIGNED_1001 = hex"00000000000000000000000000000000133bf3667cbd5a82de3a24b4e0e9fe5513cc1a0e840368c6e31f5fcfa79bea03f73896b25883abf2853d10337fb8fa41"
        hex"0000000000000000000000000000000015725954c8f0c9afc82902f9f39d202a4fbe48d7cd5ed3ab26c458f6773b385639e980a4fe3073672572fa77fbdbded0";
    bytes private constant SIGNED_5928395 = hex"0000000000000000000000000000000005d07c0071b4e386b3ae09206522253c68fefe8490ad59ecc44a7dd0d0745be91da5779e2247a82403fbc0cb9a34cb61"
        hex"000000000000000000000000000000001917267395d86bb54b875c431ed88cb5fe9a9b91fb4a7da1780ed494815c864f0bf40b5e1cfcb0e2d2456338d24f2096";
    uint64 private constant GENESIS = 1_692_803_367;
    uint64 private constant PERIOD = 3;
    uint64 private constant DELAY = 600;
    uint64 private constant STRIDE = 20;

    DrandRandomness private randomness;

    function setUp() public {
        vm.warp(GENESIS + 100_000_000);
        randomness = deploy(KEY, 1000, signed1000());
    }

    function test_published_rounds_are_taken() public {
        vm.assertEq(randomness.valueOf(1000), valueFor(1000, signed1000()), "at construction");
        vm.assertEq(randomness.valueOf(1001), bytes32(0), "not yet");
        vm.expectEmit(address(randomness));
        emit DrandRandomness.Recorded(1001, valueFor(1001, SIGNED_1001));
        randomness.record(1001, SIGNED_1001);
        vm.snapshotGasLastCall("randomness", "record a round of drand");
        randomness.record(5928395, SIGNED_5928395);
        vm.assertEq(randomness.valueOf(1001), valueFor(1001, SIGNED_1001));
        vm.assertEq(randomness.valueOf(5928395), valueFor(5928395, SIGNED_5928395));
        // Again changes nothing.
        randomness.record(1001, SIGNED_1001);
        vm.assertEq(randomness.valueOf(1001), valueFor(1001, SIGNED_1001));
        vm.assertFalse(randomness.isLost(1002), "whoever brings it, and whenever");
    }

    function test_what_is_not_a_rounds_signature_is_refused() public {
        refuse(1000, SIGNED_1001);
        refuse(1001, signed1000());
        refuse(0, SIGNED_1001);
        // Its negative, which is on the curve and in the group.
        refuse(
            1000,
            bytes.concat(
                X_1000,
                hex"000000000000000000000000000000000807e3a5179091aa03655c3048b2d1aa1d86573a1665b20627a6c4e3194d42d4fb25a83bd81912e700f32229f5fdf3d9"
            )
        );
        // The same point with x plus the field's order.
        refuse(
            1000,
            bytes.concat(
                hex"000000000000000000000000000000002e478ba3df1ad986d286c2215e20db8115d8ab488bb02c16ca81cbd53e7c074a01eeb7393f26bacb9e7d4b6b63ed08e4",
                Y_1000
            )
        );
        // Infinity.
        refuse(1000, new bytes(128));
        // (0, 2), on the curve, of order three: not in the group.
        bytes memory small = new bytes(128);
        small[127] = 0x02;
        refuse(1000, small);
        // Not on the curve.
        refuse(1000, bytes.concat(Y_1000, X_1000));
        // Of another length.
        refuse(1000, "");
        refuse(1000, X_1000);
        refuse(1000, bytes.concat(X_1000, Y_1000, bytes1(0)));
    }

    function testFuzz_no_bit_of_a_signature_can_be_changed(uint16 place) public {
        bytes memory changed = signed1000();
        changed[place % 128] ^= bytes1(uint8(2 ** ((place >> 8) % 8)));
        refuse(1000, changed);
    }

    /// A round is at least `delay` seconds away, shared, and not much later.
    function testFuzz_a_round_is_not_known_when_it_is_asked_for(uint32 later) public {
        vm.warp(GENESIS + later);
        (uint64 round, uint40 time) = randomness.next();
        vm.assertEq(uint256(time), uint256(randomness.timeOf(round)), "its own time");
        vm.assertTrue(time > block.timestamp + DELAY, "after the delay");
        vm.assertTrue(time <= block.timestamp + DELAY + (STRIDE + 1) * PERIOD, "and not much later");
        vm.assertEq(uint256(round) % STRIDE, 0, "shared");
    }

    function test_rounds_have_drands_times() public {
        vm.assertEq(uint256(randomness.timeOf(1)), GENESIS);
        // Published with the round.
        vm.assertEq(uint256(randomness.timeOf(1000)), 1_692_806_364);
        // Before there was a round there is a next one, too.
        vm.warp(1);
        (, uint40 time) = randomness.next();
        vm.assertTrue(time > GENESIS + DELAY, "after the delay");
    }

    function test_a_key_that_is_none_is_refused() public {
        bytes memory key = KEY;
        vm.expectRevert(DrandRandomness.BadKey.selector);
        deploy(new bytes(256), 1000, new bytes(128));
        vm.expectRevert(DrandRandomness.BadKey.selector);
        deploy("", 1000, signed1000());
        key[255] ^= 0x01;
        vm.expectRevert(DrandRandomness.BadKey.selector);
        deploy(key, 1000, signed1000());
        // Minus the generator is a key, but not the one that signed.
        vm.expectRevert(abi.encodeWithSelector(DrandRandomness.BadSignature.selector, 1001));
        deploy(KEY, 1001, signed1000());
    }

    function test_times_that_are_none_are_refused() public {
        uint64[4] memory times = [GENESIS, PERIOD, DELAY, STRIDE];
        for (uint256 i = 0; i < 4; ++i) {
            uint64[4] memory bad = times;
            bad[i] = 0;
            vm.expectRevert(DrandRandomness.BadTimes.selector);
            new DrandRandomness(KEY, bad[0], bad[1], bad[2], bad[3], 1000, signed1000());
            bad[i] = times[i];
        }
    }

    function deploy(bytes memory key, uint64 round, bytes memory signature) private returns (DrandRandomness) {
        return new DrandRandomness(key, GENESIS, PERIOD, DELAY, STRIDE, round, signature);
    }

    function refuse(uint64 round, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(DrandRandomness.BadSignature.selector, round));
        randomness.record(round, signature);
    }

    function signed1000() private pure returns (bytes memory) {
        return bytes.concat(X_1000, Y_1000);
    }

    function valueFor(uint64 round, bytes memory signature) private pure returns (bytes32) {
        return keccak256(abi.encodePacked("averment.randomness.drand/1", round, signature));
    }
}
