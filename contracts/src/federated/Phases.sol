// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IFederatedTask} from "../interfaces/IFederatedTask.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {IRandomness} from "../interfaces/IRandomness.sol";
import {IRobustWeights} from "../interfaces/IRobustWeights.sol";
import {IUptimeFeed} from "../interfaces/IUptimeFeed.sol";
import {Clock} from "../settlement/Clock.sol";
import {TaskPhase, Terms} from "../types/Federated.sol";
import {TaskStorage} from "./TaskStorage.sol";

/// What every task of an implementation has in common.
struct Surroundings {
    IERC20 token;
    IModelRegistry registry;
    IProofVerifier verifier;
    IRandomness randomness;
    IRobustWeights rules;
    IUptimeFeed uptime;
    uint32 grace;
}

/// @dev How phases follow each other. A phase's seconds begin when somebody acts in it or calls `advance`, so none is over before
/// it began, whatever stood still meanwhile.
abstract contract Phases is TaskStorage, Clock {
    IERC20 internal immutable asset;
    IModelRegistry internal immutable models;
    IProofVerifier internal immutable proofs;
    IRandomness internal immutable beacon;
    IRobustWeights internal immutable weigher;

    constructor(Surroundings memory around) Clock(around.uptime, around.grace) {
        bool there = address(around.token).code.length != 0 && address(around.registry).code.length != 0
            && address(around.verifier).code.length != 0 && address(around.randomness).code.length != 0
            && address(around.rules).code.length != 0;
        if (!there) revert IFederatedTask.ZeroAddress();
        (asset, models, proofs) = (around.token, around.registry, around.verifier);
        (beacon, weigher) = (around.randomness, around.rules);
    }

    /// What tells the surroundings of two parts apart.
    function surroundings() external view returns (bytes32) {
        return keccak256(abi.encode(asset, models, proofs, beacon, weigher, uptime, grace));
    }

    /// The standing in this phase, in time, which begins if the one before is over.
    function _enter(TaskPhase phase) internal returns (Standing memory s) {
        s = _layout().standing;
        if (s.phase != phase) _turn(s);
        if (s.phase != phase) revert IFederatedTask.WrongPhase(phase, s.phase);
        if (_hasPassed(s.until)) revert IFederatedTask.TooLate(s.until);
    }

    /// Goes on to the next phase if the present one is over and another one follows by itself; writes it.
    function _turn(Standing memory s) internal returns (bool turned) {
        TaskPhase phase = s.phase;
        if (phase < TaskPhase.Commit || phase > TaskPhase.Disclose || phase == TaskPhase.Takeover) return false;
        // Challenges end one by one, not with the phase; no update comes any more to make a round of too few.
        if (phase == TaskPhase.Answer ? s.challenges != 0 : !_hasPassed(s.until)) return false;
        Terms memory t = _terms();
        if (phase > TaskPhase.Commit && phase < TaskPhase.Takeover && _isTooSmall(s, t)) return false;
        if (phase == TaskPhase.Commit) {
            _begin(s, TaskPhase.Reveal, t.revealSeconds);
        } else if (phase == TaskPhase.Reveal) {
            _begin(s, TaskPhase.Check, t.checkSeconds);
        } else if (phase == TaskPhase.Check && s.challenges != 0) {
            _begin(s, TaskPhase.Answer, t.answerSeconds);
        } else if (phase <= TaskPhase.Answer) {
            bool named = t.aggregator != address(0) && s.strikes < t.strikes;
            if (named) _begin(s, TaskPhase.Aggregate, t.aggregateSeconds);
            else _begin(s, TaskPhase.Takeover, t.takeoverSeconds);
        } else if (phase == TaskPhase.Aggregate) {
            s.strikes += 1;
            emit IFederatedTask.Struck(s.round, t.aggregator, s.strikes);
            _begin(s, TaskPhase.Takeover, t.takeoverSeconds);
        } else if (phase == TaskPhase.Score) {
            _begin(s, TaskPhase.Disclose, t.discloseSeconds);
        } else {
            _begin(s, TaskPhase.Settle, t.settleSeconds);
        }
        return true;
    }

    function _begin(Standing memory s, TaskPhase phase, uint32 seconds_) internal {
        (s.phase, s.until) = (phase, _in(seconds_));
        _layout().standing = s;
        emit IFederatedTask.PhaseBegun(s.round, phase, s.until);
    }

    /// Whether the round can come to nothing: too few updates stand, or the rule's root update does not.
    function _isTooSmall(Standing memory s, Terms memory t) internal pure returns (bool) {
        return s.revealed < t.minimum || (t.root != address(0) && !s.rootRevealed);
    }

    /// Ends the round without a new model. What it would have paid stays in the pool.
    function _void(Standing memory s) internal {
        emit IFederatedTask.Voided(s.round);
        s.voids += 1;
        _layout().outcome = 0;
        _rest(s);
    }

    /// Between rounds, or at the end.
    function _rest(Standing memory s) internal {
        Terms memory t = _terms();
        if (s.round == t.rounds || s.voids == t.maximumVoid) {
            _end(s);
        } else {
            _begin(s, TaskPhase.Idle, t.idleSeconds);
        }
    }

    /// Gives the sponsor what the pool still has.
    function _end(Standing memory s) internal {
        Layout storage $ = _layout();
        uint128 rest = $.pool;
        $.pool = 0;
        $.members[_origin().sponsor].balance += rest;
        emit IFederatedTask.TaskEnded(rest);
        _begin(s, TaskPhase.Ended, 0);
    }

    /// Whether a round runs that binds who committed in it.
    function _isRunning(Standing memory s) internal pure returns (bool) {
        return s.phase > TaskPhase.Select && s.phase < TaskPhase.Ended;
    }
}
