// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IOracleStaking} from "../interfaces/IOracleStaking.sol";
import {IRandomness} from "../interfaces/IRandomness.sol";
import {Answer, Mode, Phase, Request, RequestId, hashOf} from "../types/Settlement.sol";
import {Clock} from "./Clock.sol";
import {Offers} from "./Offers.sol";

/// @dev Requests, and what the later steps know them by.
/// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable
abstract contract Requests is Offers, Clock {
    uint256 private constant MAX_DEADLINE = 90 days;
    /// Of requests that a committee answers: its operators' stake waits longer.
    uint256 private constant MAX_QUORUM_DEADLINE = 7 days;
    uint32 private constant MIN_UNBONDING = 10 days;
    uint32 private constant MIN_WINDOW = 10 minutes;
    uint32 private constant MAX_WINDOW = 30 days;
    uint32 private constant MAX_ITEMS = 65_536;
    uint32 private constant MAX_CALLBACK_GAS = 5_000_000;
    /// How many times the bonds that a wrong answer of a committee costs have to cover what is at risk.
    uint256 private constant SAFETY = 2;
    /// As many as a proof can have, docs/protocol.md [9.2].
    uint256 internal constant MAX_VALUES = 4096;

    IOracleStaking public immutable staking;
    IRandomness public immutable randomness;
    uint128 private immutable seatBond;

    constructor(IOracleStaking staking_, IRandomness randomness_) {
        if (address(randomness_).code.length == 0) revert ZeroAddress();
        if (staking_.unbondingTime() < MIN_UNBONDING) {
            revert UnbondingTooShort(MIN_UNBONDING, staking_.unbondingTime());
        }
        if (address(staking_.token()) != address(token)) revert OtherToken(token, staking_.token());
        (staking, randomness, seatBond) = (staking_, randomness_, staking_.seatBond());
    }

    function request(Request calldata asked) external whenNotPaused returns (RequestId id) {
        Terms storage terms = _layout().offers[asked.version][asked.offer];
        if (!terms.open) revert OfferNotOpen(asked.offer);
        Mode mode = _modeOf(asked);
        uint8 allowed = asked.personal ? terms.modesForPersons : terms.modes;
        if ((allowed >> uint8(mode)) & 1 == 0) revert ModeNotAllowed(mode, asked.personal);
        if (asked.items == 0 || asked.items > MAX_ITEMS) revert ItemsOutOfRange(1, MAX_ITEMS, asked.items);
        uint40 first = uint40(block.timestamp);
        bytes26 digest = 0;
        if (mode == Mode.Quorum) {
            uint64 round;
            (round, first) = randomness.next();
            digest = bytes26(uint208(_in(0)) << 64 | round);
        }
        _checkTimes(asked, mode, first);
        if (asked.callbackGas > MAX_CALLBACK_GAS) revert TooMuchCallbackGas(MAX_CALLBACK_GAS, asked.callbackGas);
        if (asked.publicInputs.length > MAX_VALUES) revert TooManyValues(MAX_VALUES, asked.publicInputs.length);
        _checkDeployed(asked.version);

        id = requestIdOf(msg.sender, asked);
        if (_layout().requests[id].phase != Phase.None) revert RequestExists(id);
        if (mode == Mode.Optimistic && asked.bond < asked.valueAtRisk) {
            revert BondBelowValueAtRisk(asked.valueAtRisk, asked.bond);
        } else if (mode == Mode.Quorum) {
            uint256 most = terms.threshold * uint256(seatBond) / SAFETY;
            if (asked.valueAtRisk > most) revert TooMuchAtRisk(most, asked.valueAtRisk);
        }
        _stand(id, Phase.Open, asked.deadline, digest);
        _debit(msg.sender, asked.fee);
        emit Requested(id, msg.sender, asked);
    }

    function requestIdOf(address requester, Request calldata asked) public view returns (RequestId) {
        return hashOf(address(this), requester, asked);
    }

    function standingOf(RequestId id) external view returns (Phase phase, uint40 until) {
        Standing storage standing = _layout().requests[id];
        return (standing.phase, standing.until);
    }

    /// What the request asks for: a proof if more is at risk than its policy allows without one.
    function _modeOf(Request calldata asked) internal pure returns (Mode) {
        return asked.valueAtRisk > asked.proofAbove ? Mode.Proof : asked.mode;
    }

    /// A request in a phase.
    function _inPhase(address requester, Request calldata asked, Phase phase)
        internal
        view
        returns (RequestId id, Standing memory standing)
    {
        id = requestIdOf(requester, asked);
        standing = _layout().requests[id];
        if (standing.phase != phase) revert WrongPhase(id, standing.phase);
    }

    function _stand(RequestId id, Phase phase, uint40 until, bytes26 digest) internal {
        Standing storage standing = _layout().requests[id];
        // The members of its one word, written at once: the compiler would build them in memory first.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            let low := or(and(phase, 0xff), shl(8, and(until, 0xffffffffff)))
            sstore(standing.slot, or(and(digest, not(0xffffffffffff)), low))
        }
    }

    /// Of an answer; zero of none.
    function _digestOf(Answer calldata answer_) internal pure returns (bytes26) {
        if (answer_.answerer == address(0)) return 0;
        return bytes26(hashOf(answer_.answerer, answer_.challenger, answer_.outputs));
    }

    function _checkAnswer(RequestId id, Standing memory standing, Answer calldata answer_) internal pure {
        if (_digestOf(answer_) != standing.digest) revert OtherAnswer(id);
    }

    /// The answer that is there, none of an open request.
    function _checkContested(RequestId id, Standing memory standing, Answer calldata answer_) internal pure {
        bytes26 expected = standing.phase == Phase.Open ? bytes26(0) : standing.digest;
        if (_digestOf(answer_) != expected) revert OtherAnswer(id);
    }

    /// When a request was made that waits for its draw, and the round that draws; zero of every other.
    function _drawOf(bytes26 digest) internal pure returns (uint40 since, uint64 round) {
        // As they were put there.
        // forge-lint: disable-next-line(unsafe-typecast)
        return (uint40(uint208(digest) >> 64), uint64(uint208(digest)));
    }

    function _checkInTime(RequestId id, uint40 until) internal view {
        if (_hasPassed(until)) revert TooLate(id, until);
    }

    function _checkPassed(RequestId id, uint40 until) internal view {
        if (!_hasPassed(until)) revert TooEarly(id, until);
    }

    /// `first` is the second before which the request cannot be answered, or drawn.
    function _checkTimes(Request calldata asked, Mode mode, uint40 first) private view {
        uint256 last = block.timestamp + (mode == Mode.Quorum ? MAX_QUORUM_DEADLINE : MAX_DEADLINE);
        // The seconds that a block's proposer can shift do not matter to minutes and days.
        // slither-disable-next-line timestamp
        if (asked.deadline < first || asked.deadline > last) revert DeadlineOutOfRange(first, last, asked.deadline);
        if (mode == Mode.Optimistic && (asked.window < MIN_WINDOW || asked.window > MAX_WINDOW)) {
            revert WindowOutOfRange(MIN_WINDOW, MAX_WINDOW, asked.window);
        }
    }
}
