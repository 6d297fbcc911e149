// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Claim, ClaimStage, PolicyState, Progress} from "../types/Claims.sol";
import {Batches} from "./Batches.sol";

/// @dev What comes after a rejection, or instead of an answer.
abstract contract Appeals is Batches {
    function appeal(Claim calldata claim, bytes calldata signature) external {
        address holder = _layout().policies[claim.policy].holder;
        uint40 until = _layout().claims[claim.evidence].untilOf();
        _moveOf(claim, ClaimStage.Rejected, ClaimStage.InReview, _in(reviewTime));
        if (_hasPassed(until)) revert TooLate(claim.evidence, until);
        if (msg.sender != holder) _checkSignature(holder, appealDigest(claim), signature);
        emit Appealed(claim.evidence);
    }

    function review(Claim calldata claim, bool accept, bytes32 reason) external restricted {
        ClaimStage stage = accept ? ClaimStage.Accepted : ClaimStage.Denied;
        _moveOf(claim, ClaimStage.InReview, stage, 0);
        if (!accept) _layout().policies[claim.policy].state = PolicyState.Clear;
        emit Reviewed(claim.evidence, msg.sender, stage, reason);
    }

    function unreviewed(bytes32[] calldata evidence) external {
        for (uint256 i = 0; i < evidence.length; ++i) {
            Progress was = _move(evidence[i], ClaimStage.InReview, ClaimStage.Accepted, 0);
            _checkPassed(evidence[i], was.untilOf());
            emit Unreviewed(evidence[i]);
        }
    }

    function unappealed(Claim[] calldata claims) external {
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata claim = claims[i];
            Progress was = _moveOf(claim, ClaimStage.Rejected, ClaimStage.Denied, 0);
            _checkPassed(claim.evidence, was.untilOf());
            _layout().policies[claim.policy].state = PolicyState.Clear;
            emit Unappealed(claim.evidence);
        }
    }

    /// As `_move`, of a claim that is the policy's.
    function _moveOf(Claim calldata claim, ClaimStage from, ClaimStage to, uint40 until)
        internal
        returns (Progress was)
    {
        was = _move(claim.evidence, from, to, until);
        if (!was.isOf(claim.policy)) revert OtherPolicy(claim.evidence, claim.policy);
    }
}
