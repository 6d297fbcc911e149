// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../interfaces/IFederatedTask.sol";
import {TaskPhase, Terms} from "../types/Federated.sol";
import {Words} from "./Words.sol";

/// @dev How rounds begin, go on and end without anybody's help.
abstract contract Rounds is Words {
    /// How long anybody can settle a round, at least, before anybody can void it.
    uint40 private constant SETTLED_WITHIN = 7 days;

    // Randomness is ours and calls nobody.
    // slither-disable-next-line reentrancy-events,reentrancy-benign
    function open() external {
        Standing memory s = _layout().standing;
        if (s.phase != TaskPhase.Idle) revert IFederatedTask.WrongPhase(TaskPhase.Idle, s.phase);
        Terms memory t = _terms();
        if (s.members < t.minimum) revert IFederatedTask.TooFew(t.minimum, s.members);
        s.round += 1;
        (s.drawn, s.revealed, s.challenges) = (s.members, 0, 0);
        (s.disclosed, s.rootRevealed) = (0, false);
        if (s.members <= t.perRound) {
            _layout().seed = 0;
            emit IFederatedTask.Opened(s.round, s.drawn, 0);
            _begin(s, TaskPhase.Commit, t.commitSeconds);
        } else {
            uint64 round = _await(s, t);
            emit IFederatedTask.Opened(s.round, s.drawn, round);
        }
    }

    // As above.
    // slither-disable-next-line reentrancy-events,reentrancy-benign
    function draw() external {
        Layout storage $ = _layout();
        Standing memory s = $.standing;
        if (s.phase != TaskPhase.Select) revert IFederatedTask.WrongPhase(TaskPhase.Select, s.phase);
        Terms memory t = _terms();
        // As it was put there.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint64 round = uint64(uint256($.seed));
        bytes32 value = beacon.valueOf(round);
        if (value != 0) {
            bytes32 seed_ = keccak256(abi.encode(value, address(this), s.round));
            $.seed = seed_;
            emit IFederatedTask.Drawn(s.round, seed_);
            _begin(s, TaskPhase.Commit, t.commitSeconds);
        } else if (beacon.isLost(round)) {
            emit IFederatedTask.Opened(s.round, s.drawn, _await(s, t));
        } else {
            revert IFederatedTask.NoRandomness(round);
        }
    }

    function advance() external {
        Standing memory s = _layout().standing;
        TaskPhase phase = s.phase;
        if (phase == TaskPhase.None || phase == TaskPhase.Ended) {
            revert IFederatedTask.WrongPhase(TaskPhase.Idle, phase);
        }
        if (_turn(s)) return;
        bool over = _hasPassed(s.until);
        bool undecided = phase > TaskPhase.Commit && phase <= TaskPhase.Takeover;
        // The seconds that a block's proposer can shift do not matter to minutes and days.
        // slither-disable-next-line timestamp
        if (undecided && s.challenges == 0 && (over || phase > TaskPhase.Reveal) && _isTooSmall(s, _terms())) {
            _void(s);
        } else if (phase == TaskPhase.Settle) {
            // Paying takes what was aggregated, and may cost more than a block has: what nobody pays binds nobody for ever.
            if (s.challenges != 0) revert IFederatedTask.ChallengesOpen(s.challenges);
            uint40 last = s.until + SETTLED_WITHIN;
            if (!_hasPassed(last)) revert IFederatedTask.TooEarly(last);
            _void(s);
        } else if (phase == TaskPhase.Answer) {
            // Challenges lapse one by one.
            revert IFederatedTask.ChallengesOpen(s.challenges);
        } else if (!over) {
            revert IFederatedTask.TooEarly(s.until);
        } else if (phase == TaskPhase.Idle) {
            _end(s);
        } else {
            // Nobody was drawn, or nobody aggregated.
            if (phase == TaskPhase.Select) s.drawn = 0;
            _void(s);
        }
    }

    /// Waits for the next randomness that nobody knows yet.
    function _await(Standing memory s, Terms memory t) private returns (uint64 round) {
        uint40 from;
        (round, from) = beacon.next();
        _layout().seed = bytes32(uint256(round));
        uint40 now_ = _in(0);
        // What randomness says is seconds since 1970 too.
        // slither-disable-next-line timestamp
        uint40 wait = from > now_ ? from - now_ : 0;
        // Days at most.
        // forge-lint: disable-next-line(unsafe-typecast)
        _begin(s, TaskPhase.Select, t.selectSeconds + uint32(wait));
    }
}
