// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Answer, Mode, Offer, Phase, Request, RequestId, hashOf} from "../types/Settlement.sol";
import {Drawings} from "./Drawings.sol";

/// @dev Optimistic answers: bonded, final unless challenged; a challenged one is proved (`Proofs`) or forfeited.
abstract contract Answers is Drawings {
    function answer(address requester, Request calldata asked, int64[] calldata outputs) external {
        (RequestId id, Standing memory standing) = _inPhase(requester, asked, Phase.Open);
        Mode mode = _modeOf(asked);
        if (mode != Mode.Optimistic) revert WrongMode(Mode.Optimistic, mode);
        if (outputs.length > MAX_VALUES) revert TooManyValues(MAX_VALUES, outputs.length);
        _checkInTime(id, standing.until);
        _debit(msg.sender, asked.bond);
        uint40 until = _in(asked.window);
        _stand(id, Phase.Answered, until, bytes26(hashOf(msg.sender, address(0), outputs)));
        emit Answered(id, msg.sender, until, outputs);
    }

    function challenge(address requester, Request calldata asked, Offer calldata offered, Answer calldata given)
        external
    {
        (RequestId id, Standing memory standing) = _inPhase(requester, asked, Phase.Answered);
        _checkInTime(id, standing.until);
        _checkOffer(asked.offer, offered);
        _checkAnswer(id, standing, given);
        _debit(msg.sender, offered.challengeBond);
        uint40 until = _in(offered.proofSeconds);
        _stand(id, Phase.Challenged, until, bytes26(hashOf(given.answerer, msg.sender, given.outputs)));
        emit Challenged(id, msg.sender, until);
    }

    function finalise(address requester, Request calldata asked, Answer calldata given) external {
        (RequestId id, Standing memory standing) = _inPhase(requester, asked, Phase.Answered);
        _checkPassed(id, standing.until);
        _checkAnswer(id, standing, given);
        if (isRevoked(asked.version)) revert VersionRevoked(asked.version);
        _finalise(id, requester, asked, given.answerer, asked.bond, address(0), given.outputs);
    }

    function forfeit(address requester, Request calldata asked, Offer calldata offered, Answer calldata given)
        external
    {
        (RequestId id, Standing memory standing) = _inPhase(requester, asked, Phase.Challenged);
        _checkPassed(id, standing.until);
        _checkOffer(asked.offer, offered);
        _checkAnswer(id, standing, given);
        if (isRevoked(asked.version)) revert VersionRevoked(asked.version);
        _slash(id, asked, offered, given, address(0));
        if (_hasPassed(asked.deadline)) {
            _refund(id, requester, asked, 0);
        } else {
            _stand(id, Phase.Open, asked.deadline, 0);
            emit Reopened(id);
        }
    }

    /// The bond of an answer that is not proved or contradicted: half of it is nobody's, so that who answers and who
    /// accuses cannot be the same for nothing. The rest goes to the challenger with what it staked, or, shared with it, to
    /// who proved another answer.
    function _slash(RequestId id, Request calldata asked, Offer calldata offered, Answer calldata given, address prover)
        internal
    {
        uint128 burned_ = asked.bond - asked.bond / 2;
        uint128 rest = asked.bond - burned_;
        if (given.challenger == address(0)) {
            _credit(prover, rest);
        } else {
            uint128 share = prover == address(0) ? 0 : rest / 2;
            if (share != 0) _credit(prover, share);
            _credit(given.challenger, uint256(offered.challengeBond) + rest - share);
        }
        _layout().burned += burned_;
        emit Slashed(id, given.answerer, given.challenger, burned_);
    }
}
