// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Outcome} from "../types/Oracles.sol";
import {Mode, Phase, Quorum, Request, RequestId} from "../types/Settlement.sol";
import {Finality} from "./Finality.sol";

/// @dev Requests that a committee answers: when one may be drawn, whose it is, and what follows from how it ends. How it
/// comes to an answer is `ICommittees`' matter.
abstract contract Drawings is Finality {
    modifier onlyStaking() {
        if (msg.sender != address(staking)) revert NotStaking(msg.sender);
        _;
    }

    // Staking is ours and calls nobody when it draws.
    // slither-disable-next-line reentrancy-no-eth,reentrancy-events
    function draw(address requester, Request calldata asked) external {
        (RequestId id, Standing memory standing) = _inPhase(requester, asked, Phase.Open);
        if (_modeOf(asked) != Mode.Quorum) revert WrongMode(Mode.Quorum, _modeOf(asked));
        if (standing.digest == 0) revert AlreadyDrawn(id);
        _checkInTime(id, standing.until);
        (uint40 since, uint64 round) = _drawOf(standing.digest);
        bytes32 value = randomness.valueOf(round);
        if (value == 0) revert NoRandomness(round);
        bytes26 committee = staking.draw(id, keccak256(abi.encode(value, id)), since, _quorumOf(asked));
        if (committee == 0) {
            _refund(id, requester, asked, 0);
        } else {
            _stand(id, Phase.Drawn, standing.until, committee);
        }
    }

    // The seconds that a block's proposer can shift do not matter to days.
    // slither-disable-next-line timestamp
    function conclude(
        address requester,
        Request calldata asked,
        bytes26 committee,
        Outcome outcome,
        int64[] calldata outputs
    ) external onlyStaking {
        (RequestId id, Standing memory standing) = _inPhase(requester, asked, Phase.Drawn);
        if (standing.digest != committee) revert OtherAnswer(id);
        bool revoked = isRevoked(asked.version);
        if (outcome == Outcome.Agreed) {
            if (revoked) revert VersionRevoked(asked.version);
            // The fee of all of them; staking knows whose it is.
            _finalise(id, requester, asked, address(staking), 0, address(0), outputs);
        } else if (outcome == Outcome.Divided && !revoked && !_hasPassed(asked.deadline)) {
            // Only a proof can answer now: there is no second draw.
            _stand(id, Phase.Open, asked.deadline, 0);
            emit Reopened(id);
        } else {
            _refund(id, requester, asked, 0);
        }
    }

    function committeeOf(RequestId id) external view returns (bytes26) {
        Standing memory standing = _layout().requests[id];
        return standing.phase == Phase.Drawn ? standing.digest : bytes26(0);
    }

    function drawOf(RequestId id) external view returns (uint40 since, uint64 round) {
        Standing memory standing = _layout().requests[id];
        if (standing.phase == Phase.Open) (since, round) = _drawOf(standing.digest);
    }

    function _quorumOf(Request calldata asked) private view returns (Quorum memory) {
        Terms memory terms = _layout().offers[asked.version][asked.offer];
        return Quorum({
            members: terms.members,
            threshold: terms.threshold,
            commitSeconds: terms.commitSeconds,
            revealSeconds: terms.revealSeconds,
            tolerance: terms.tolerance
        });
    }
}
