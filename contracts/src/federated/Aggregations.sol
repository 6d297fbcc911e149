// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../interfaces/IFederatedTask.sol";
import {Statement} from "../interfaces/IProofVerifier.sol";
import {Rows, Rule} from "../interfaces/IRobustWeights.sol";
import {Aggregation, Outcome, TaskPhase, Terms} from "../types/Federated.sol";
import {POINT, checkEquation, subtractAll} from "./Curve.sol";
import {hashOfPart} from "./Hashes.sol";
import {proves} from "./Proving.sol";
import {Rounds} from "./Rounds.sol";

/// @dev How a new model comes to be: its weights are computed here, the sum of commitments is formed here, and a proof says that
/// what is divided and rounded are small integers and that the matrix is the rows'.
abstract contract Aggregations is Rounds {
    function aggregate(Aggregation calldata made) external {
        Standing memory s = _aggregating();
        Terms memory t = _terms();
        if (_isTooSmall(s, t)) revert IFederatedTask.TooFew(t.minimum, s.revealed);
        uint256 each = _origin().chunks * POINT;
        uint256 rows = _checkRows(s, t, made, each);
        (Rule memory rule, Rows memory about) = _ruled(t, made.accounts.length);
        uint256[] memory weights = weigher.weigh(rule, about, made.matrix);
        bytes calldata points = made.points;
        if (keccak256(made.model) != _layout().model) revert IFederatedTask.OtherModel();
        bytes memory difference = subtractAll(points[:each], made.model);
        checkEquation(weights, points[2 * each:], difference, points[each:2 * each]);
        _checkProof(s, t, made, rows);

        Outcome memory outcome = Outcome({
            model: keccak256(points[:each]),
            difference: keccak256(difference),
            matrix: keccak256(made.matrix),
            accounts: made.accounts
        });
        (_layout().outcome, _layout().aggregator) = (_digestOf(outcome), msg.sender);
        emit IFederatedTask.Aggregated(
            s.round, msg.sender, made.contentHash, points[:each], outcome.accounts, weights, made.matrix
        );
        if (s.validators != 0) _begin(s, TaskPhase.Score, t.scoreSeconds);
        else _begin(s, TaskPhase.Settle, t.settleSeconds);
    }

    /// The named aggregator's time, or every member's.
    function _aggregating() private returns (Standing memory s) {
        s = _layout().standing;
        _turn(s);
        if (s.phase != TaskPhase.Aggregate && s.phase != TaskPhase.Takeover) {
            revert IFederatedTask.WrongPhase(TaskPhase.Aggregate, s.phase);
        }
        if (_hasPassed(s.until)) revert IFederatedTask.TooLate(s.until);
        if (s.phase == TaskPhase.Aggregate) {
            address named = _terms().aggregator;
            if (msg.sender != named) revert IFederatedTask.NotTheAggregator(named, msg.sender);
        } else {
            Member memory member = _layout().members[msg.sender];
            if (member.seat != Seat.Participant || member.since > s.round) {
                revert IFederatedTask.NotAMember(msg.sender);
            }
        }
    }

    /// Holds every row against what was revealed. Returns how many there are in half A.
    function _checkRows(Standing memory s, Terms memory t, Aggregation calldata made, uint256 each)
        private
        view
        returns (uint256 rows)
    {
        uint256 n = s.revealed;
        if (made.accounts.length != n) revert IFederatedTask.OtherLength(n, made.accounts.length);
        uint256 root = t.root == address(0) ? 0 : 1;
        if (made.evidence.length != n + root) revert IFederatedTask.OtherLength(n + root, made.evidence.length);
        bytes calldata points = made.points;
        rows = n + 1 + root;
        uint256 length = (2 + rows + (t.history ? n : 0)) * each;
        if (points.length != length) revert IFederatedTask.OtherLength(length, points.length);
        address before = address(0);
        for (uint256 i = 0; i < n; ++i) {
            address account = made.accounts[i];
            if (account <= before) revert IFederatedTask.NotAscending(account);
            before = account;
            bytes32 cumulative = t.history ? hashOfPart(points, (2 + rows + i) * each, each) : bytes32(0);
            _checkStanding(s, account, hashOfPart(points, (2 + i) * each, each), made.evidence[i], cumulative);
        }
        if (hashOfPart(points, (2 + n) * each, each) != _layout().difference) revert IFederatedTask.OtherModel();
        if (root != 0) {
            bytes32 cumulative = t.history ? keccak256(made.rootCumulative) : bytes32(0);
            _checkStanding(s, t.root, hashOfPart(points, (3 + n) * each, each), made.evidence[n], cumulative);
        }
    }

    /// Whether this is what the account revealed in the round, and stands.
    function _checkStanding(Standing memory s, address account, bytes32 points, bytes32 evidence, bytes32 cumulative)
        private
        view
    {
        if (!_checkWord(s, account, points, evidence, cumulative)) revert IFederatedTask.NothingRevealed(account);
    }

    /// What qualities follow from: the matrix is the outcome's, which a proof was for.
    function rate(Outcome calldata outcome, bytes calldata matrix) external {
        Layout storage $ = _layout();
        Standing memory s = $.standing;
        if (s.phase < TaskPhase.Score || s.phase > TaskPhase.Settle) {
            revert IFederatedTask.WrongPhase(TaskPhase.Score, s.phase);
        }
        if (_digestOf(outcome) != $.outcome) revert IFederatedTask.NotTheOutcome();
        if (keccak256(matrix) != outcome.matrix) revert IFederatedTask.OtherBytes(outcome.matrix, keccak256(matrix));
        // slither-disable-next-line unused-return
        (, Rows memory about) = _ruled(_terms(), outcome.accounts.length);
        uint256[] memory qualities = weigher.judge(about, matrix);
        $.qualities = keccak256(abi.encode(s.round, qualities));
        emit IFederatedTask.Rated(s.round, qualities);
    }

    /// The rule, and what it is told of its rows; it refuses a matrix that cannot be one of updates within their bound.
    function _ruled(Terms memory t, uint256 n) private pure returns (Rule memory rule, Rows memory about) {
        uint256 sum = uint256(t.bound) * t.rounds;
        rule = Rule({kind: t.kind, faults: t.faults, clip: t.clip, mix: t.mix, norm: t.norm, radius: t.radius});
        about = Rows({
            // As many as participants of a round.
            // forge-lint: disable-next-line(unsafe-typecast)
            updates: uint16(n),
            previous: true,
            root: t.root != address(0),
            history: t.history,
            // Both are below 2^62, which the factory checked.
            // forge-lint: disable-next-line(unsafe-typecast)
            square: uint64(uint256(t.bound) * t.bound),
            // forge-lint: disable-next-line(unsafe-typecast)
            historySquare: uint64(sum * sum)
        });
    }

    /// What is proved: docs/federated.md [F3.2].
    function _checkProof(Standing memory s, Terms memory t, Aggregation calldata made, uint256 rows) private view {
        uint256 n = made.accounts.length;
        uint256[] memory counts = new uint256[](t.history ? 2 : 1);
        counts[0] = rows;
        if (t.history) counts[1] = n;
        Statement memory statement = _statementOf(s, t, msg.sender);
        (statement.weights, statement.inputs) = (made.weights, made.inputs);
        // At most twice the participants of a round.
        // forge-lint: disable-next-line(unsafe-typecast)
        statement.items = uint32(rows + (t.history ? n : 0));
        if (!proves(proofs, t.roundKind, statement, counts, made.matrix, made.points, made.proof)) {
            revert IFederatedTask.NotProved();
        }
    }
}
