// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../interfaces/IFederatedTask.sol";
import {Reveal, SignedCommit, TaskPhase, evidenceOf, recordOf} from "../types/Federated.sol";
import {POINT, addAll} from "./Curve.sol";
import {Signatures} from "./Signatures.sol";
import {Words} from "./Words.sol";

/// @dev What participants say in a round: first a hash, then what it is of.
abstract contract Commits is Words, Signatures, IFederatedTask {
    function commit(bytes32 digest) external {
        Standing memory s = _enter(TaskPhase.Commit);
        if (!_mayCommit(s, msg.sender)) revert IFederatedTask.NotSelected(msg.sender, s.round);
        if (!_commit(s, msg.sender, digest)) revert IFederatedTask.AlreadyCommitted(msg.sender, s.round);
    }

    /// One that committed already, or left meanwhile, is skipped, so that nobody can spoil a batch by sending a part of it first, or by
    /// signing and leaving.
    function commitSigned(SignedCommit[] calldata commits) external {
        Standing memory s = _enter(TaskPhase.Commit);
        for (uint256 i = 0; i < commits.length; ++i) {
            SignedCommit calldata signed = commits[i];
            if (!_mayCommit(s, signed.account)) continue;
            _checkSignature(signed.account, _commitDigest(s.round, signed.digest), signed.signature);
            _commit(s, signed.account, signed.digest);
        }
    }

    /// As above, of one that revealed already.
    function reveal(Reveal[] calldata reveals) external {
        Standing memory s = _enter(TaskPhase.Reveal);
        uint256 length = _term(CHUNKS_AT) * POINT;
        bool adds = _term(HISTORY_AT) != 0;
        for (uint256 i = 0; i < reveals.length; ++i) {
            if (_layout().revealed[reveals[i].account].round == s.round) continue;
            _reveal(s, adds, length, reveals[i]);
        }
        _layout().standing = s;
    }

    function commitOf(
        uint16 round,
        address account,
        bytes32 points,
        bytes32 proofHash,
        bytes32 contentHash,
        bytes32 salt
    ) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), round, account, points, proofHash, contentHash, salt));
    }

    function _mayCommit(Standing memory s, address account) private view returns (bool) {
        return _isSelected(s, account) || (uint160(account) == _term(ROOT_AT) && account != address(0));
    }

    function _commit(Standing memory s, address account, bytes32 digest) private returns (bool) {
        Word storage word = _layout().committed[account];
        if (word.round == s.round) return false;
        // As much of it as is kept.
        // forge-lint: disable-next-line(unsafe-typecast)
        (word.digest, word.round, word.excluded) = (bytes26(digest), s.round, false);
        emit IFederatedTask.Committed(s.round, account, digest);
        return true;
    }

    function _reveal(Standing memory s, bool adds, uint256 length, Reveal calldata said) private {
        (Layout storage $, address account) = (_layout(), said.account);
        Word memory committed = $.committed[account];
        if (committed.round != s.round || committed.excluded) revert IFederatedTask.NotCommitted(account, s.round);
        if (said.points.length != length) revert IFederatedTask.OtherLength(length, said.points.length);
        bytes32 points = keccak256(said.points);
        bytes32 digest = commitOf(s.round, account, points, said.proofHash, said.contentHash, said.salt);
        // As much of it as is kept.
        // forge-lint: disable-next-line(unsafe-typecast)
        if (bytes26(digest) != committed.digest) {
            revert IFederatedTask.OtherCommitment(account, committed.digest, digest);
        }
        Word memory word = $.revealed[account];
        bool first = !adds || word.round == 0 || word.excluded;
        if (first) {
            if (said.cumulative.length != 0) revert IFederatedTask.OtherLength(0, said.cumulative.length);
        } else {
            if (said.cumulative.length != length) revert IFederatedTask.OtherLength(length, said.cumulative.length);
            if (_wordOf(word.round, said.last, keccak256(said.cumulative)) != word.digest) {
                revert IFederatedTask.OtherReveal(account);
            }
        }
        // Also where there is nothing to add to: it says whether they are points.
        bytes memory sums = addAll(said.points, said.cumulative);
        bytes32 cumulative = adds ? keccak256(sums) : bytes32(0);
        bytes32 record = recordOf(points, evidenceOf(said.proofHash, said.contentHash));
        $.revealed[account] = Word({digest: _wordOf(s.round, record, cumulative), round: s.round, excluded: false});
        if (uint160(account) == _term(ROOT_AT)) s.rootRevealed = true;
        else s.revealed += 1;
        emit IFederatedTask.UpdateRevealed(s.round, account, said.proofHash, said.contentHash, said.points, cumulative);
    }
}
