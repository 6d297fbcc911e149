// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../interfaces/IFederatedTask.sol";
import {TaskPhase, Terms} from "../types/Federated.sol";
import {Phases} from "./Phases.sol";
import {shuffled} from "./Selection.sol";

/// @dev Who takes part. The list of participants has no holes: who goes, leaves its place to the last
/// one, and both remember where they were when the present round drew.
abstract contract Members is Phases {
    /// Whether the present round's seed drew the account; also of one that went since.
    function _isSelected(Standing memory s, address account) internal view returns (bool) {
        Member storage member = _layout().members[account];
        if (member.seat != Seat.Participant || member.since > s.round) return false;
        uint256 perRound = _term(PER_ROUND_AT);
        if (s.drawn <= perRound) return s.drawn != 0;
        if (s.phase == TaskPhase.Select) return false;
        uint256 place = member.moved == s.round ? member.before : member.index;
        return shuffled(_layout().seed, place - 1, s.drawn) < perRound;
    }

    /// Whether the account committed in the round that runs.
    function _isBound(Standing memory s, address account) internal view returns (bool) {
        return _isRunning(s) && _layout().committed[account].round == s.round;
    }

    /// Takes the account out of the list. It keeps what it has here.
    function _remove(Standing memory s, address account, Member memory member) internal {
        Layout storage $ = _layout();
        if (member.seat == Seat.Participant) {
            uint16 last = s.members;
            if (member.index != last) {
                address moving = $.list[last];
                Member storage moved = $.members[moving];
                // Where it was when the round drew, even if it moves twice.
                if (moved.moved != s.round) (moved.moved, moved.before) = (s.round, last);
                moved.index = member.index;
                $.list[member.index] = moving;
            }
            delete $.list[last];
            s.members = last - 1;
        } else {
            s.validators -= 1;
        }
        (member.seat, member.index) = (Seat.None, 0);
        $.members[account] = member;
        $.standing = s;
    }

    /// Whether the account was put out in the round that runs, and its stake is bound by what it committed to.
    function _isHeld(Standing memory s, Member memory member) internal pure returns (bool) {
        return member.held == s.round && member.held != 0 && _isRunning(s);
    }

    /// Adds a strike, the round's only one; too many put the account out, with its stake, which waits for the end of a round that the
    /// account committed in.
    function _strike(Standing memory s, Terms memory t, address account) internal {
        Member memory member = _layout().members[account];
        if (member.seat == Seat.None || member.struck == s.round) return;
        member.struck = s.round;
        member.strikes += 1;
        emit IFederatedTask.Struck(s.round, account, member.strikes);
        if (member.strikes >= t.strikes) {
            member.out = true;
            member.balance += _stakeOf(t, member.seat);
            if (member.seat == Seat.Participant && _isBound(s, account)) member.held = s.round;
            _remove(s, account, member);
        } else {
            _layout().members[account] = member;
        }
    }

    function _stakeOf(Terms memory t, Seat seat) internal pure returns (uint128) {
        return seat == Seat.Participant ? t.stake : t.validatorStake;
    }
}
