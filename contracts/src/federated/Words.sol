// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../interfaces/IFederatedTask.sol";
import {Statement} from "../interfaces/IProofVerifier.sol";
import {Contested, Outcome, Terms, recordOf} from "../types/Federated.sol";
import {VersionId} from "../types/Ids.sol";
import {hashOfThree} from "./Hashes.sol";
import {Members} from "./Members.sol";

/// @dev What is kept of what was said, and what proofs have to state.
abstract contract Words is Members {
    /// What a revealed word keeps. `cumulative` is the hash of the cumulative points, zero in a task without.
    function _wordOf(uint16 round, bytes32 record, bytes32 cumulative) internal pure returns (bytes26) {
        return bytes26(hashOfThree(bytes32(uint256(round)), record, cumulative));
    }

    /// Whether this is what the account revealed in the round, be it excluded since; `points` is the points' hash.
    function _checkWord(Standing memory s, address account, bytes32 points, bytes32 evidence, bytes32 cumulative)
        internal
        view
        returns (bool stands)
    {
        Word memory word = _layout().revealed[account];
        if (word.round != s.round) revert IFederatedTask.NothingRevealed(account);
        if (_wordOf(word.round, recordOf(points, evidence), cumulative) != word.digest) {
            revert IFederatedTask.OtherReveal(account);
        }
        return !word.excluded;
    }

    /// Of an outcome, what is kept: `keccak256(abi.encode(model, difference, keccak256(abi.encode(matrix, accounts))))`.
    function _digestOf(Outcome memory outcome) internal pure returns (bytes32) {
        bytes32 rest = keccak256(abi.encode(outcome.matrix, outcome.accounts));
        return keccak256(abi.encode(outcome.model, outcome.difference, rest));
    }

    /// What statements of a task have in common.
    function _statementOf(Standing memory s, Terms memory t, address beneficiary)
        internal
        view
        returns (Statement memory statement)
    {
        statement.consumer = address(this);
        statement.request = bytes32(uint256(s.round));
        statement.beneficiary = beneficiary;
        statement.version = VersionId.unwrap(t.version);
        statement.plan = t.plan;
        statement.zeroKnowledge = true;
        statement.terms = keccak256(abi.encode(t));
    }

    function _challengeOf(uint16 round, address account, Contested contested) internal pure returns (bytes32) {
        return keccak256(abi.encode(round, contested == Contested.Model ? address(0) : account, contested));
    }

    function _scoresDigest(uint16 round, address validator, uint32[] calldata scores, bytes32 salt)
        internal
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, address(this), round, validator, _hashOf(scores), salt));
    }

    function _hashOf(uint32[] calldata scores) internal pure returns (bytes32) {
        return keccak256(abi.encode(scores));
    }
}
