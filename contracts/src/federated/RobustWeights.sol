// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IRobustWeights, Kind, Rows, Rule} from "../interfaces/IRobustWeights.sol";
import {ONE, allocate, setWord, share, word} from "./rules/Arithmetic.sol";
import {centeredClipping, flTrust, geometricMedian, krum} from "./rules/Kinds.sol";
import {countHistories} from "./rules/Histories.sol";
import {faultOf, readTriangle} from "./rules/Matrices.sol";
import {assess, noneAlike, shareOfOne} from "./rules/Quality.sol";
import {clip, clipping, farthest, mix, unmix} from "./rules/Steps.sol";

/// @title Weights of robust rules from a Gram matrix
/// @notice Has no state: one serves a chain. `federated::rules` of the Rust workspace is the twin, bit for bit.
contract RobustWeights is IRobustWeights {
    /// @inheritdoc IRobustWeights
    function weigh(Rule calldata rule, Rows calldata rows, bytes calldata matrix)
        external
        pure
        returns (uint256[] memory weights)
    {
        (uint256 place, uint256 count) = read(rows, matrix);
        uint256 counts = 0;
        if (rows.history) {
            counts = readHistories(rows, matrix, 0);
            shareOfOne(counts, rows.updates);
        }
        return weightsOf(rule, rows, place, count, counts);
    }

    /// @inheritdoc IRobustWeights
    function judge(Rows calldata rows, bytes calldata matrix) external pure returns (uint256[] memory qualities) {
        (uint256 place, uint256 count) = read(rows, matrix);
        uint256 updates = rows.updates;
        qualities = new uint256[](updates);
        uint256 to;
        assembly ("memory-safe") { to := add(qualities, 0x20) }
        uint256 like = allocate(updates * updates);
        noneAlike(like, updates);
        if (rows.history) readHistories(rows, matrix, like);
        assess(place, count, updates, rows.previous, like, to);
    }

    /// @inheritdoc IRobustWeights
    function leastUpdates(Rule calldata rule) public pure returns (uint256) {
        bool counts = rule.mix || rule.kind == Kind.Krum || rule.kind == Kind.MultiKrum;
        return counts ? 2 * uint256(rule.faults) + 1 : 1;
    }

    function weightsOf(Rule calldata rule, Rows calldata rows, uint256 matrix, uint256 count, uint256 counts)
        private
        pure
        returns (uint256[] memory weights)
    {
        unchecked {
            uint256 updates = rows.updates;
            uint256 least = leastUpdates(rule);
            if (updates < least) revert TooFewUpdates(least, updates);
            weights = new uint256[](count);
            uint256 place;
            assembly ("memory-safe") { place := add(weights, 0x20) }
            for (uint256 i = 0; i < updates; ++i) {
                setWord(place, i, counts == 0 ? ONE : word(counts, i));
            }
            uint256 factors;
            if (rule.clip) {
                (factors,) = clipping(matrix, count, updates, rule.norm);
                clip(matrix, count, factors);
            }
            uint256 far;
            if (rule.mix) {
                far = farthest(matrix, count, updates, rule.faults);
                mix(matrix, count, updates, rule.faults, far);
            }
            uint256 centre = ruled(rule, rows, matrix, count, place);
            if (rule.mix) unmix(place, updates, rule.faults, far);
            if (rule.clip) {
                for (uint256 i = 0; i < updates; ++i) {
                    setWord(place, i, (word(place, i) * word(factors, i)) >> 16);
                }
            }
            if (rows.previous) setWord(place, updates, centre);
        }
    }

    /// @dev Replaces counts by weights of the updates. Returns the centre's.
    function ruled(Rule calldata rule, Rows calldata rows, uint256 matrix, uint256 count, uint256 place)
        private
        pure
        returns (uint256 centre)
    {
        unchecked {
            Kind kind = rule.kind;
            uint256 updates = rows.updates;
            if (kind == Kind.Average) {
                share(ONE, place, updates);
            } else if (kind == Kind.CenteredClipping) {
                if (!rows.previous) revert NoPrevious();
                centeredClipping(matrix, count, updates, updates, rule.radius, place);
                centre = ONE;
                for (uint256 i = 0; i < updates; ++i) {
                    centre -= word(place, i);
                }
            } else if (kind == Kind.GeometricMedian) {
                geometricMedian(matrix, count, updates, place);
            } else if (kind == Kind.FLTrust) {
                if (!rows.root) revert NoRoot();
                flTrust(matrix, count, updates, count - 1, place);
            } else {
                krum(matrix, count, updates, rule.faults, kind == Kind.Krum, place);
            }
        }
    }

    /// @dev The matrix of half A, and its rows.
    function read(Rows calldata rows, bytes calldata matrix) private pure returns (uint256 place, uint256 count) {
        unchecked {
            uint256 updates = rows.updates;
            if (updates == 0 || updates > 128) revert WrongUpdates(updates);
            if (rows.square > 1 << 62) revert WrongLimit(rows.square);
            if (rows.historySquare > 1 << 62) revert WrongLimit(rows.historySquare);
            count = updates + (rows.previous ? 1 : 0) + (rows.root ? 1 : 0);
            uint256 length = 4 * count * (count + 1);
            if (rows.history) length += 4 * updates * (updates + 1);
            if (matrix.length != length) revert WrongLength(length, matrix.length);
            uint256 data;
            assembly ("memory-safe") { data := matrix.offset }
            bool good;
            (place, good) = readTriangle(data, count, updates, rows.square);
            if (!good) {
                (uint256 i, uint256 j) = faultOf(place, count, updates, rows.square);
                revert WrongEntry(false, i, j);
            }
        }
    }

    /// @dev How many each update is by half B, which is the end of a matrix of the right length; `like` as `countHistories` takes it.
    function readHistories(Rows calldata rows, bytes calldata matrix, uint256 like)
        private
        pure
        returns (uint256 counts)
    {
        unchecked {
            uint256 updates = rows.updates;
            uint256 limit = rows.historySquare;
            uint256 data;
            assembly ("memory-safe") { data := add(matrix.offset, matrix.length) }
            data -= 4 * updates * (updates + 1);
            bool good;
            (counts, good) = countHistories(data, updates, limit, like);
            if (!good) {
                (uint256 triangle,) = readTriangle(data, updates, updates, limit);
                (uint256 i, uint256 j) = faultOf(triangle, updates, updates, limit);
                revert WrongEntry(true, i, j);
            }
        }
    }
}
