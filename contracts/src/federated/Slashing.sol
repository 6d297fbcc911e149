// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../interfaces/IFederatedTask.sol";
import {Statement} from "../interfaces/IProofVerifier.sol";
import {Evidence, SignedCommit, TaskPhase, Terms, evidenceOf} from "../types/Federated.sol";
import {proves} from "./Proving.sol";
import {Signatures} from "./Signatures.sol";
import {Words} from "./Words.sol";

/// @dev What a stake is lost for, and only on proof; and strikes, which are not.
abstract contract Slashing is Words, Signatures {
    /// A failing proof is a failing proof whenever it is shown: before the aggregation the update falls, after it the round.
    function accuse(Evidence calldata evidence) external {
        Standing memory s = _layout().standing;
        if (s.phase < TaskPhase.Reveal || s.phase > TaskPhase.Settle) {
            revert IFederatedTask.WrongPhase(TaskPhase.Check, s.phase);
        }
        if (_holds(s, _terms(), evidence)) revert IFederatedTask.ProofHolds();
        _fail(s, evidence.account);
    }

    function equivocated(SignedCommit calldata one, SignedCommit calldata other) external {
        Standing memory s = _layout().standing;
        if (!_isRunning(s)) revert IFederatedTask.WrongPhase(TaskPhase.Commit, s.phase);
        if (one.account != other.account || one.digest == other.digest) revert IFederatedTask.NoEquivocation();
        _checkSignature(one.account, _commitDigest(s.round, one.digest), one.signature);
        _checkSignature(one.account, _commitDigest(s.round, other.digest), other.signature);
        Word storage word = _layout().committed[one.account];
        // What it committed to cannot be revealed any more; what it revealed falls, unless it is in an aggregation, which it does
        // not make wrong.
        if (word.round == s.round) word.excluded = true;
        if (s.phase <= TaskPhase.Takeover) _exclude(s, one.account);
        _slash(s, _terms(), one.account);
    }

    function strike(address[] calldata accounts) external {
        (Layout storage $, Standing memory s, Terms memory t) = (_layout(), _layout().standing, _terms());
        _turn(s);
        if (s.phase == TaskPhase.Select || s.phase == TaskPhase.Commit || s.round == 0) {
            revert IFederatedTask.WrongPhase(TaskPhase.Reveal, s.phase);
        }
        for (uint256 i = 0; i < accounts.length; ++i) {
            address account = accounts[i];
            Member memory member = $.members[account];
            bool silent = $.committed[account].round != s.round;
            if (member.seat == Seat.Validator) {
                // There are few seats: who has one says what it thinks of every outcome, and reveals what it committed to.
                bool late = s.phase == TaskPhase.Settle && member.since <= s.round;
                silent = late && $.revealed[account].round != s.round;
            } else {
                bool late = s.phase > TaskPhase.Reveal || s.phase == TaskPhase.Idle;
                if (!silent) silent = late && $.revealed[account].round != s.round;
                silent = silent && _isSelected(s, account);
            }
            if (!silent || member.struck == s.round) revert IFederatedTask.NothingToStrike(account);
            _strike(s, t, account);
        }
    }

    /// Whether an update's proof, whose hash was revealed with it, proves what it has to.
    function _holds(Standing memory s, Terms memory t, Evidence calldata shown) internal view returns (bool) {
        bytes32 hash = keccak256(shown.proof);
        if (hash != shown.revealed.proofHash) revert IFederatedTask.OtherBytes(shown.revealed.proofHash, hash);
        hash = keccak256(shown.prefix);
        bytes32 prefix = _origin().prefixHash;
        if (hash != prefix) revert IFederatedTask.OtherBytes(prefix, hash);
        bytes32 evidence = evidenceOf(shown.revealed.proofHash, shown.revealed.contentHash);
        _checkWord(s, shown.account, keccak256(shown.revealed.points), evidence, shown.revealed.cumulative);

        Statement memory statement = _statementOf(s, t, shown.account);
        // Of an update the blocks are the model's, so its commitment's identity begins with the same bytes.
        statement.weights = keccak256(bytes.concat(shown.prefix, shown.revealed.points));
        uint256[] memory values = new uint256[](1);
        values[0] = uint256(t.bound) * t.bound;
        return proves(proofs, t.updateKind, statement, values, shown.proof[:0], shown.revealed.points, shown.proof);
    }

    /// What follows from a proof that fails. Of what had fallen before the aggregation, the model has nothing.
    function _fail(Standing memory s, address account) internal {
        Terms memory t = _terms();
        if (s.phase <= TaskPhase.Takeover) {
            _exclude(s, account);
            _slash(s, t, account);
        } else {
            _slash(s, t, account);
            if (!_layout().revealed[account].excluded) _void(s);
        }
    }

    /// Takes a revealed update out of the round; nothing is added to its cumulative one any more.
    function _exclude(Standing memory s, address account) internal {
        Word storage word = _layout().revealed[account];
        if (word.round != s.round || word.excluded) return;
        word.excluded = true;
        if (account == _terms().root) s.rootRevealed = false;
        else s.revealed -= 1;
        _layout().standing = s;
        emit IFederatedTask.Excluded(s.round, account);
    }

    /// Half is nobody's, so that accusing oneself costs; a quarter goes to who showed it, the rest to the pool.
    function _slash(Standing memory s, Terms memory t, address account) internal {
        Layout storage $ = _layout();
        Member memory member = $.members[account];
        if (member.seat == Seat.Participant) {
            member.out = true;
            _remove(s, account, member);
        } else if (_isHeld(s, member)) {
            // Put out meanwhile.
            (member.balance, member.held) = (member.balance - t.stake, 0);
            $.members[account] = member;
        } else {
            // The root's updates fall, but it has no stake.
            if (account == t.root) return;
            revert IFederatedTask.NotAMember(account);
        }
        uint128 burned = t.stake / 2;
        uint128 share = t.stake / 4;
        $.burned += burned;
        $.members[msg.sender].balance += share;
        $.pool += t.stake - burned - share;
        emit IFederatedTask.Slashed(s.round, account, msg.sender, burned);
    }
}
