// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {P} from "../../src/proof/Memory.sol";
import {vm} from "../Vm.sol";
import {Pieces} from "./Pieces.sol";

/// @dev What the pieces return; they end in assembly, which Solidity does not see.
interface IPieces {
    function points(uint256[] calldata a, uint256[] calldata b) external pure returns (uint256);
    function prefixes(uint256[] calldata a, uint256[] calldata b) external pure returns (uint256[] memory);
    function pointsBelow(uint256[] calldata a, uint256[] calldata b, uint256 number) external pure returns (uint256);
    function bits(uint256[] calldata u, uint256 number) external pure returns (uint256);
    function below(uint256[] calldata u, uint256 number) external pure returns (uint256);
    function entries(uint256[] calldata u, uint256 start) external pure returns (uint256[] memory);
    function blockOf(uint256[] calldata u, uint256 size, uint256 cell) external pure returns (uint256);
    function windowOf(
        bytes32 axis,
        uint256 offset,
        uint256 times,
        uint256[] calldata r,
        uint256[] calldata rho,
        uint256[] calldata u
    ) external pure returns (uint256);
    function round(uint256 state, uint256[] calldata sent, uint256 claim) external pure returns (uint256);
}

/// @dev Every piece of the verifier that is written for speed, against its definition in plain Solidity.
contract PiecesTest {
    IPieces private immutable PIECES = IPieces(address(new Pieces()));

    /// Coordinates: any field elements, now and then 0 and 1.
    function coordinates(uint256 seed, uint256 count) private pure returns (uint256[] memory values) {
        values = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 value = uint256(keccak256(abi.encode(seed, i)));
            values[i] = value % 7 == 0 ? value % 2 : value % P;
        }
    }

    function part(uint256[] memory values, uint256 from, uint256 count) private pure returns (uint256[] memory some) {
        some = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            some[i] = values[from + i];
        }
    }

    /// `eq` of a point with an index's bits, [1.1].
    function eqBits(uint256[] memory u, uint256 number) private pure returns (uint256 product) {
        product = 1;
        for (uint256 i = 0; i < u.length; ++i) {
            product = mulmod(product, (number >> i) & 1 == 1 ? u[i] : P + 1 - u[i], P);
        }
    }

    function eqBoth(uint256[] memory a, uint256[] memory b) private pure returns (uint256 product) {
        product = 1;
        for (uint256 i = 0; i < a.length; ++i) {
            uint256 neither = mulmod(P + 1 - a[i], P + 1 - b[i], P);
            product = mulmod(product, addmod(mulmod(a[i], b[i], P), neither, P), P);
        }
    }

    function testFuzz_points(uint256 seed, uint256 count) public view {
        count %= 33;
        (uint256[] memory a, uint256[] memory b) = (coordinates(seed, count), coordinates(~seed, count));
        vm.assertEq(PIECES.points(a, b), eqBoth(a, b));
        uint256[] memory prefixes = PIECES.prefixes(a, b);
        for (uint256 i = 0; i <= count; ++i) {
            vm.assertEq(prefixes[i], eqBoth(part(a, 0, i), part(b, 0, i)));
        }
    }

    function testFuzz_index(uint256 seed, uint256 count, uint256 number) public view {
        count %= 33;
        uint256[] memory u = coordinates(seed, count);
        vm.assertEq(PIECES.bits(u, number), eqBits(u, number));
    }

    function testFuzz_below(uint256 seed, uint256 count, uint256 number) public view {
        count %= 8;
        number %= 2 ** count + 1;
        (uint256[] memory u, uint256[] memory v) = (coordinates(seed, count), coordinates(~seed, count));
        uint256 sum;
        uint256 both;
        for (uint256 i = 0; i < number; ++i) {
            sum = addmod(sum, eqBits(u, i), P);
            both = addmod(both, mulmod(eqBits(u, i), eqBits(v, i), P), P);
        }
        vm.assertEq(PIECES.below(u, number), sum);
        vm.assertEq(PIECES.pointsBelow(u, v, number), both);
    }

    function testFuzz_table(uint256 seed, uint256 count, uint256 start) public view {
        count %= 9;
        start %= P;
        uint256[] memory u = coordinates(seed, count);
        uint256[] memory table = PIECES.entries(u, start);
        for (uint256 i = 0; i < table.length; ++i) {
            vm.assertEq(table[i], mulmod(start, eqBits(u, i), P));
        }
    }

    function testFuzz_block(uint256 seed, uint256 count, uint256 bits, uint256 cell) public view {
        count = 1 + count % 32;
        bits %= count;
        cell = (cell % 2 ** (count - bits)) << bits;
        uint256[] memory u = coordinates(seed, count);
        uint256[] memory above = part(u, bits, count - bits);
        vm.assertEq(PIECES.blockOf(u, bits, cell), eqBits(above, cell >> bits));
    }

    struct Window {
        uint256 bits;
        uint256 point;
        uint256 pointBits;
        uint256 sum;
        uint256 sumBits;
        uint256 count;
        uint256 taps;
        uint256 stride;
        uint256 dilation;
        int256 pad;
        uint256 length;
    }

    function axis(Window memory w) private pure returns (bytes32) {
        bytes memory head = abi.encodePacked(
            uint8(4), uint8(w.bits), uint8(w.point), uint8(w.pointBits), uint8(w.sum), uint8(w.sumBits), uint32(w.count)
        );
        bytes memory rest = abi.encodePacked(
            uint32(w.taps), uint32(w.stride), uint32(w.dilation), int32(w.pad), uint32(w.length), hex"a5a5"
        );
        return bytes32(bytes.concat(head, rest));
    }

    /// [4.1], over every place and tap; all numbers are small.
    function defined(Window memory w, uint256[] memory r, uint256[] memory rho, uint256[] memory u)
        private
        pure
        returns (uint256 value)
    {
        for (uint256 a = 0; a < w.count; ++a) {
            for (uint256 b = 0; b < w.taps; ++b) {
                // forge-lint: disable-next-line(unsafe-typecast)
                int256 y = int256(w.stride * a + w.dilation * b) - w.pad;
                if (y < 0 || y >= int256(w.length)) continue;
                uint256 weight = w.sum == 255 ? 1 : eqBits(rho, b);
                weight = mulmod(weight, eqBits(r, a), P);
                // forge-lint: disable-next-line(unsafe-typecast)
                value = addmod(value, mulmod(weight, eqBits(u, uint256(y)), P), P);
            }
        }
    }

    function check(Window memory w, uint256 seed) private view {
        (uint256[] memory r, uint256[] memory rho) = (coordinates(seed, 20), coordinates(seed ^ 1, 20));
        uint256[] memory u = coordinates(seed ^ 2, 20);
        uint256 offset = seed % 8;
        uint256 expected = defined(
            w,
            part(r, w.point, w.pointBits),
            w.sum == 255 ? new uint256[](0) : part(rho, w.sum, w.sumBits),
            part(u, offset, w.bits)
        );
        vm.assertEq(PIECES.windowOf(axis(w), offset, 1, r, rho, u), expected);
        vm.assertEq(PIECES.windowOf(axis(w), offset, 2, r, rho, u), expected);
    }

    function testFuzz_window(uint256 seed, uint32 shape, uint32 steps, int8 pad, bool weighed) public view {
        Window memory w;
        (w.bits, w.pointBits, w.sumBits) = (shape % 7, (shape >> 4) % 6, (shape >> 8) % 4);
        (w.point, w.sum) = ((shape >> 12) % 8, (shape >> 16) % 8);
        w.count = 1 + (steps % 2 ** w.pointBits);
        w.taps = 1 + ((steps >> 8) % 2 ** w.sumBits);
        (w.stride, w.dilation) = ((steps >> 16) % 5, (steps >> 20) % 5);
        w.length = (steps >> 24) % (2 ** w.bits + 1);
        w.pad = pad % 7;
        if (!weighed) (w.sum, w.sumBits) = (255, 255);
        check(w, seed);
    }

    /// Many places next to each other, as convolutions have them; with places and cells in pairs, pairs of pairs and so on.
    function testFuzz_window_convolution(uint256 seed, uint8 count, uint8 length, uint8 taps, int8 pad, uint8 pairs)
        public
        view
    {
        pairs %= 7;
        uint256 most = 2 ** (6 - pairs);
        Window memory w = Window(6, 3, 6, 2, 3, 1 + count % most, 1 + taps % 8, 1, 1, pad % 9, length % (most + 1));
        (w.count, w.length) = (w.count << pairs, w.length << pairs);
        if (taps & 64 != 0) (w.sum, w.sumBits) = (255, 255);
        if (taps & 128 != 0) w.dilation = 2;
        check(w, seed);
    }

    /// Windows of networks: convolutions with and without padding, dilated; poolings; larger than what is kept.
    function test_window_networks() public view {
        check(Window(5, 0, 5, 0, 3, 28, 5, 1, 1, 2, 28), 1);
        check(Window(5, 0, 5, 0, 2, 32, 3, 1, 1, 1, 32), 2);
        check(Window(5, 4, 4, 3, 3, 10, 5, 2, 2, 0, 27), 3);
        check(Window(5, 5, 4, 255, 255, 14, 1, 2, 1, -1, 28), 4);
        check(Window(4, 0, 0, 0, 3, 1, 8, 1, 2, 0, 15), 5);
        check(Window(9, 0, 8, 0, 1, 250, 2, 2, 1, 1, 500), 6);
    }

    function testFuzz_round(uint256 seed, uint256 count) public view {
        count = 1 + count % 6;
        uint256[] memory sent = coordinates(seed, count);
        uint256 claim = coordinates(~seed, 1)[0];
        uint256 x = uint256(keccak256(abi.encodePacked(seed, sent))) % P;
        // c_0, c_2, ...: c_1 is what makes the values at 0 and 1 add up to the claim.
        uint256 linear = addmod(claim, P - addmod(sent[0], sent[0], P), P);
        uint256 value = sent[0];
        uint256 power = x;
        for (uint256 i = 1; i < count; ++i) {
            power = mulmod(power, x, P);
            value = addmod(value, mulmod(sent[i], power, P), P);
            linear = addmod(linear, P - sent[i], P);
        }
        vm.assertEq(PIECES.round(seed, sent, claim), addmod(value, mulmod(linear, x, P), P));
        uint256 place = seed % count;
        sent[place] += P;
        vm.assertEq(PIECES.round(seed, sent, claim), 0, "not canonical");
    }
}
