// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../interfaces/IFederatedTask.sol";
import {Outcome, Scores, TaskPhase, Terms} from "../types/Federated.sol";
import {Aggregations} from "./Aggregations.sol";

/// @dev How outcomes are scored and rounds paid.
abstract contract Settlements is Aggregations {
    /// Scores and qualities are parts of this.
    uint256 private constant WHOLE = 65_536;

    function commitScores(bytes32 digest) external {
        Standing memory s = _enter(TaskPhase.Score);
        _checkValidator(s, msg.sender);
        Word storage word = _layout().committed[msg.sender];
        if (word.round == s.round) revert IFederatedTask.AlreadyCommitted(msg.sender, s.round);
        // As much of it as is kept.
        // forge-lint: disable-next-line(unsafe-typecast)
        (word.digest, word.round) = (bytes26(digest), s.round);
        emit IFederatedTask.ScoresCommitted(s.round, msg.sender, digest);
    }

    function discloseScores(Outcome calldata outcome, uint32[] calldata scores, bytes32 salt) external {
        Layout storage $ = _layout();
        Standing memory s = _enter(TaskPhase.Disclose);
        // A participant's commit is a hash too, and may be one of scores.
        _checkValidator(s, msg.sender);
        if (_digestOf(outcome) != $.outcome) revert IFederatedTask.NotTheOutcome();
        uint256 n = outcome.accounts.length;
        if (scores.length != n) revert IFederatedTask.OtherLength(n, scores.length);
        for (uint256 i = 0; i < n; ++i) {
            if (scores[i] > WHOLE) revert IFederatedTask.TooLong(WHOLE, scores[i]);
        }
        Word memory committed = $.committed[msg.sender];
        if (committed.round != s.round) revert IFederatedTask.NotCommitted(msg.sender, s.round);
        bytes32 digest = _scoresDigest(s.round, msg.sender, scores, salt);
        // As much of it as is kept.
        // forge-lint: disable-next-line(unsafe-typecast)
        if (bytes26(digest) != committed.digest) {
            revert IFederatedTask.OtherCommitment(msg.sender, committed.digest, digest);
        }
        if ($.revealed[msg.sender].round == s.round) revert IFederatedTask.AlreadyRevealed(msg.sender, s.round);
        $.revealed[msg.sender] = Word({digest: bytes26(_hashOf(scores)), round: s.round, excluded: false});
        s.disclosed += 1;
        $.standing = s;
        emit IFederatedTask.ScoresRevealed(s.round, msg.sender, scores);
    }

    function settle(Outcome calldata outcome, uint256[] calldata qualities, Scores[] calldata scored) external {
        Layout storage $ = _layout();
        Standing memory s = $.standing;
        _turn(s);
        if (s.phase != TaskPhase.Settle) revert IFederatedTask.WrongPhase(TaskPhase.Settle, s.phase);
        if (s.challenges != 0) revert IFederatedTask.ChallengesOpen(s.challenges);
        if (!_hasPassed(s.until)) revert IFederatedTask.TooEarly(s.until);
        bytes32 digest = _digestOf(outcome);
        if (digest != $.outcome) revert IFederatedTask.NotTheOutcome();
        if (keccak256(abi.encode(s.round, qualities)) != $.qualities) revert IFederatedTask.NotRated();
        Terms memory t = _terms();
        uint128 paid = _payAll(s, t, outcome, qualities, scored);
        $.members[$.aggregator].balance += t.fee;
        $.pool -= paid + t.fee;
        ($.model, $.difference) = (outcome.model, outcome.difference);
        $.history = keccak256(abi.encode($.history, s.round, digest));
        s.finals += 1;
        s.voids = 0;
        _rest(s);
    }

    /// Pays validators for what they revealed, and participants by their quality times the median of their scores.
    function _payAll(
        Standing memory s,
        Terms memory t,
        Outcome calldata outcome,
        uint256[] calldata qualities,
        Scores[] calldata scored
    ) private returns (uint128 paid) {
        Layout storage $ = _layout();
        if (scored.length != s.disclosed) revert IFederatedTask.OtherLength(s.disclosed, scored.length);
        address before = address(0);
        for (uint256 i = 0; i < scored.length; ++i) {
            address validator = scored[i].validator;
            if (validator <= before) revert IFederatedTask.NotAscending(validator);
            before = validator;
            Word memory word = $.revealed[validator];
            if (word.round != s.round) revert IFederatedTask.NothingRevealed(validator);
            if (bytes26(_hashOf(scored[i].scores)) != word.digest) revert IFederatedTask.OtherReveal(validator);
            $.members[validator].balance += t.validatorFee;
            paid += t.validatorFee;
        }
        uint256 n = outcome.accounts.length;
        uint256[] memory payments = new uint256[](n);
        for (uint256 i = 0; i < n; ++i) {
            Member storage member = $.members[outcome.accounts[i]];
            // Who was slashed meanwhile gets nothing.
            if (member.seat != Seat.Participant) continue;
            uint256 score = _median(scored, i);
            uint256 payment = uint256(t.reward) * qualities[i] * score / (WHOLE * WHOLE);
            // At most the reward, as qualities are one together.
            // forge-lint: disable-next-line(unsafe-typecast)
            (member.balance, paid) = (member.balance + uint128(payment), paid + uint128(payment));
            payments[i] = payment;
            if (score == 0) _strike(s, t, outcome.accounts[i]);
        }
        emit IFederatedTask.Settled(s.round, outcome.model, payments);
    }

    /// The lower median of what validators gave the outcome's account `i`; everything if nobody scored.
    function _median(Scores[] calldata scored, uint256 i) private pure returns (uint256) {
        uint256 n = scored.length;
        if (n == 0) return WHOLE;
        uint256[] memory sorted = new uint256[](n);
        for (uint256 j = 0; j < n; ++j) {
            uint256 score = scored[j].scores[i];
            uint256 k = j;
            for (; k > 0 && sorted[k - 1] > score; --k) {
                sorted[k] = sorted[k - 1];
            }
            sorted[k] = score;
        }
        return sorted[(n - 1) / 2];
    }

    function _checkValidator(Standing memory s, address account) private view {
        Member memory member = _layout().members[account];
        if (member.seat != Seat.Validator || member.since > s.round) revert IFederatedTask.NotAMember(account);
    }
}
