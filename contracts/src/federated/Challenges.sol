// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IFederatedTask} from "../interfaces/IFederatedTask.sol";
import {ExactTransfers} from "../settlement/ExactTransfers.sol";
import {Contested, Evidence, Posting, TaskPhase, Terms} from "../types/Federated.sol";
import {ORDER, evaluated, isOpened, power} from "./Openings.sol";
import {Slashing} from "./Slashing.sol";

/// @dev Who was given nothing, or something else than what was committed to, asks for it here, with a bond; whoever has it
/// answers and takes the bond. What nobody answers does not stand.
abstract contract Challenges is Slashing {
    using ExactTransfers for IERC20;

    uint256 private constant MAX_PIECES = 255;
    uint256 private constant MAX_WIDTH = 4;

    function challenge(address account, Contested contested) external {
        (Layout storage $, Terms memory t) = (_layout(), _terms());
        Standing memory s;
        if (contested == Contested.Model) {
            s = $.standing;
            _turn(s);
            if (s.phase < TaskPhase.Score || s.phase > TaskPhase.Settle) {
                revert IFederatedTask.WrongPhase(TaskPhase.Settle, s.phase);
            }
            if (_hasPassed(s.until)) revert IFederatedTask.TooLate(s.until);
        } else {
            s = _enter(TaskPhase.Check);
            Word memory word = $.revealed[account];
            bool none = contested == Contested.Cumulative && _term(HISTORY_AT) == 0;
            if (word.round != s.round || word.excluded || none) revert IFederatedTask.NothingRevealed(account);
        }
        Challenge storage open = $.challenges[_challengeOf(s.round, account, contested)];
        if (open.challenger != address(0)) revert IFederatedTask.AlreadyChallenged(account, contested);
        (open.challenger, open.until) = (msg.sender, _in(t.answerSeconds));
        s.challenges += 1;
        $.standing = s;
        emit IFederatedTask.Challenged(s.round, account, contested, msg.sender);
        asset.takeExactly(msg.sender, t.bond);
    }

    /// Answers whose proof fails slash, too; the bond then goes back.
    function answerProof(Evidence calldata evidence) external {
        (Standing memory s, Challenge storage open) = _open(evidence.account, Contested.Proof);
        if (_holds(s, _terms(), evidence)) {
            _close(s, open, evidence.account, Contested.Proof, msg.sender);
        } else {
            _close(s, open, evidence.account, Contested.Proof, open.challenger);
            _fail(s, evidence.account);
        }
    }

    function beginAnswer(address account, Contested contested, Posting calldata posting) external {
        (Standing memory s,) = _open(account, contested);
        if (contested == Contested.Proof) revert IFederatedTask.NotChallenged(account, contested);
        // One bit, moved.
        // forge-lint: disable-next-line(incorrect-shift)
        (uint256 chunks_, uint256 cells) = (_origin().chunks, 1 << _origin().chunkBits);
        if (posting.blinds.length != chunks_) revert IFederatedTask.OtherLength(chunks_, posting.blinds.length);
        uint256 pieces = chunks_ * posting.perChunk;
        if (posting.pieces.length != pieces) revert IFederatedTask.OtherLength(pieces, posting.pieces.length);
        if (pieces > MAX_PIECES) revert IFederatedTask.TooLong(MAX_PIECES, pieces);
        uint256 posted = uint256(posting.perChunk) * posting.cells;
        if (posted > cells) revert IFederatedTask.TooLong(cells, posted);
        if (posting.width == 0 || posting.width > MAX_WIDTH) revert IFederatedTask.TooLong(MAX_WIDTH, posting.width);
        Answer storage answer = _answerOf(s, account, contested);
        if (answer.digest != 0) revert IFederatedTask.AlreadyCommitted(msg.sender, s.round);
        answer.digest = keccak256(abi.encode(posting));
        emit IFederatedTask.AnswerBegun(s.round, account, contested, msg.sender, posting);
    }

    function postPiece(
        address account,
        Contested contested,
        Posting calldata posting,
        uint256 index,
        bytes calldata cells
    ) external {
        (Standing memory s,) = _open(account, contested);
        Answer storage answer = _answerOf(s, account, contested);
        uint256 z = _pointOf(answer, posting);
        uint256 length = uint256(posting.cells) * posting.width;
        if (cells.length != length) revert IFederatedTask.OtherLength(length, cells.length);
        bytes32 hash = keccak256(cells);
        if (index >= posting.pieces.length) revert IFederatedTask.TooLong(posting.pieces.length, index);
        if (hash != posting.pieces[index]) revert IFederatedTask.OtherBytes(posting.pieces[index], hash);
        if (answer.posted >> index & 1 != 0) revert IFederatedTask.AlreadyRevealed(msg.sender, s.round);
        // One bit, moved.
        // forge-lint: disable-next-line(incorrect-shift)
        answer.posted |= 1 << index;
        emit IFederatedTask.PiecePosted(s.round, account, contested, msg.sender, index, cells);
        uint256 before = power(z, index % posting.perChunk * posting.cells);
        uint256 value = mulmod(before, evaluated(cells, posting.width, z), ORDER);
        uint256 chunk = index / posting.perChunk;
        answer.values[chunk] = addmod(answer.values[chunk], value, ORDER);
    }

    function endAnswer(
        address account,
        Contested contested,
        Posting calldata posting,
        bytes calldata points,
        bytes32[2] calldata rest,
        bytes calldata quotients
    ) external {
        (Standing memory s, Challenge storage open) = _open(account, contested);
        Answer storage answer = _answerOf(s, account, contested);
        uint256 z = _pointOf(answer, posting);
        // One bit, moved.
        // forge-lint: disable-next-line(incorrect-shift)
        if (answer.posted != (1 << posting.pieces.length) - 1) revert IFederatedTask.NotOpened(0);
        _checkSubject(s, account, contested, points, rest);
        if (quotients.length != points.length) revert IFederatedTask.OtherLength(points.length, quotients.length);
        uint256[] memory values = new uint256[](posting.blinds.length);
        // One bit, moved.
        // forge-lint: disable-next-line(incorrect-shift)
        uint256 last = power(z, 1 << _origin().chunkBits);
        for (uint256 c = 0; c < values.length; ++c) {
            values[c] = addmod(answer.values[c], mulmod(posting.blinds[c], last, ORDER), ORDER);
        }
        if (!isOpened(proofs.tau(), points, values, quotients, z)) revert IFederatedTask.NotOpened(0);
        _close(s, open, account, contested, msg.sender);
    }

    /// Of a round that is over a challenge has no effect any more, and the bond goes back.
    function lapse(uint16 round, address account, Contested contested) external {
        Layout storage $ = _layout();
        Standing memory s = $.standing;
        Challenge storage open = $.challenges[_challengeOf(round, account, contested)];
        if (open.challenger == address(0) || open.closed) revert IFederatedTask.NotChallenged(account, contested);
        open.closed = true;
        Terms memory t = _terms();
        $.members[open.challenger].balance += t.bond;
        emit IFederatedTask.Lapsed(round, account, contested);
        if (round != s.round || !_isRunning(s)) return;
        if (!_hasPassed(open.until)) revert IFederatedTask.TooEarly(open.until);
        s.challenges -= 1;
        $.standing = s;
        if (contested == Contested.Model) {
            address aggregator = $.aggregator;
            // No more of them than matter, so that they cannot run over.
            if (aggregator == t.aggregator && s.strikes < t.strikes) s.strikes += 1;
            _strike(s, t, aggregator);
            _void(s);
        } else {
            _exclude(s, account);
            _strike(s, t, account);
        }
    }

    /// A challenge of the present round that can be answered still.
    function _open(address account, Contested contested)
        private
        view
        returns (Standing memory s, Challenge storage open)
    {
        s = _layout().standing;
        open = _layout().challenges[_challengeOf(s.round, account, contested)];
        if (open.challenger == address(0) || open.closed || !_isRunning(s)) {
            revert IFederatedTask.NotChallenged(account, contested);
        }
        if (_hasPassed(open.until)) revert IFederatedTask.TooLate(open.until);
    }

    function _close(Standing memory s, Challenge storage open, address account, Contested contested, address to)
        private
    {
        open.closed = true;
        s.challenges -= 1;
        _layout().standing = s;
        _layout().members[to].balance += _terms().bond;
        emit IFederatedTask.Answered(s.round, account, contested);
    }

    /// Whether these are the points that are contested: with what else their word, or the outcome, binds.
    function _checkSubject(
        Standing memory s,
        address account,
        Contested contested,
        bytes calldata points,
        bytes32[2] calldata rest
    ) private view {
        if (contested == Contested.Model) {
            bytes32 digest = keccak256(abi.encode(keccak256(points), rest[0], rest[1]));
            if (digest != _layout().outcome) revert IFederatedTask.NotTheOutcome();
        } else if (contested == Contested.Cumulative) {
            _checkWord(s, account, rest[0], rest[1], keccak256(points));
        } else {
            _checkWord(s, account, keccak256(points), rest[0], rest[1]);
        }
    }

    /// Where posted cells are evaluated: it follows from all of them.
    function _pointOf(Answer storage answer, Posting calldata posting) private view returns (uint256) {
        bytes32 digest = keccak256(abi.encode(posting));
        if (digest != answer.digest) revert IFederatedTask.OtherBytes(answer.digest, digest);
        return uint256(keccak256(abi.encode(digest))) % ORDER;
    }

    function _answerOf(Standing memory s, address account, Contested contested) private view returns (Answer storage) {
        return _layout().answers[keccak256(abi.encode(_challengeOf(s.round, account, contested), msg.sender))];
    }
}
