// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IRobustWeights, Kind, Rows, Rule} from "../interfaces/IRobustWeights.sol";
import {ONE, allocate, setWord, share, word} from "./rules/Arithmetic.sol";
import {centeredClipping, flTrust, geometricMedian, krum} from "./rules/Kinds.sol";
import {countHistories} from "./rules/Histories.sol";
import {
    distances,
    faultOf,
    readDistances,
    readSquares,
    readTriangle,
    toCentre,
    toDistances
} from "./rules/Matrices.sol";
import {assess, noneAlike, shareOfOne} from "./rules/Quality.sol";
import {clip, clipping, farthest, mix, unmix} from "./rules/Steps.sol";

/// What is kept of half A: its products, all squared distances, those from the previous aggregate, or nothing.
enum Form {
    Products,
    Distances,
    Centre,
    Nothing
}

/// @title Weights of robust rules from a Gram matrix
/// @notice Has no state: one serves a chain. `federated::rules` of the Rust workspace is the twin, bit for bit.
contract RobustWeights is IRobustWeights {
    /// @inheritdoc IRobustWeights
    function weigh(Rule calldata rule, Rows calldata rows, bytes calldata matrix)
        external
        pure
        returns (uint256[] memory weights)
    {
        (uint256 data, uint256 count) = begin(rows, matrix);
        Form form = formOf(rule);
        uint256 place = form == Form.Products ? read(data, count, rows) : readAs(form, data, count, rows);
        uint256 counts = 0;
        if (rows.history) {
            counts = readHistories(rows, matrix, 0);
            shareOfOne(counts, rows.updates);
        }
        return weightsOf(rule, rows, form, place, count, counts);
    }

    /// @inheritdoc IRobustWeights
    function judge(Rows calldata rows, bytes calldata matrix) external pure returns (uint256[] memory qualities) {
        (uint256 data, uint256 count) = begin(rows, matrix);
        uint256 place = read(data, count, rows);
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

    function weightsOf(Rule calldata rule, Rows calldata rows, Form form, uint256 matrix, uint256 count, uint256 counts)
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
            uint256 centre = ruled(rule, rows, form, matrix, count, place);
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
    function ruled(Rule calldata rule, Rows calldata rows, Form form, uint256 matrix, uint256 count, uint256 place)
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
                if (form == Form.Products) matrix = distances(matrix, count, updates, updates);
                centeredClipping(matrix, updates, rule.radius, place);
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
                if (form == Form.Products) toDistances(matrix, count, updates);
                // Distances are at most four times that.
                krum(matrix, count, updates, rule.faults, kind == Kind.Krum, rows.square <= 1 << 60, place);
            }
        }
    }

    /// @dev What is needed of half A: where nothing is done to rows before the rule, that is less than their products.
    function formOf(Rule calldata rule) private pure returns (Form) {
        if (rule.clip || rule.mix) return Form.Products;
        if (rule.kind == Kind.Average) return Form.Nothing;
        if (rule.kind == Kind.CenteredClipping) return Form.Centre;
        return rule.kind == Kind.Krum || rule.kind == Kind.MultiKrum ? Form.Distances : Form.Products;
    }

    /// @dev Where a matrix is that has the right length, and the rows of half A.
    function begin(Rows calldata rows, bytes calldata matrix) private pure returns (uint256 data, uint256 count) {
        unchecked {
            uint256 updates = rows.updates;
            if (updates == 0 || updates > 128) revert WrongUpdates(updates);
            if (rows.square > 1 << 62) revert WrongLimit(rows.square);
            if (rows.historySquare > 1 << 62) revert WrongLimit(rows.historySquare);
            count = updates + (rows.previous ? 1 : 0) + (rows.root ? 1 : 0);
            uint256 length = 4 * count * (count + 1);
            if (rows.history) length += 4 * updates * (updates + 1);
            if (matrix.length != length) revert WrongLength(length, matrix.length);
            assembly ("memory-safe") { data := matrix.offset }
        }
    }

    /// @dev The matrix of half A.
    function read(uint256 data, uint256 count, Rows calldata rows) private pure returns (uint256 place) {
        bool good;
        (place, good) = readTriangle(data, count, rows.updates, rows.square);
        if (!good) {
            (uint256 i, uint256 j) = faultOf(place, count, rows.updates, rows.square);
            revert WrongEntry(false, i, j);
        }
    }

    /// @dev What takes the place of the matrix of half A.
    function readAs(Form form, uint256 data, uint256 count, Rows calldata rows) private pure returns (uint256 place) {
        bool good;
        (uint256 updates, uint256 limit) = (rows.updates, rows.square);
        if (form == Form.Distances) {
            (place, good) = readDistances(data, count, updates, limit);
        } else {
            (place, good) = readSquares(data, count, updates, limit);
            // To the row behind the updates, which are all that there are if it is not there.
            if (form == Form.Centre && updates < count) toCentre(data, count, updates, place);
        }
        // Which entry it is, the matrix says.
        if (!good) read(data, count, rows);
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
