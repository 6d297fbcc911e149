// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ClaimStage, Product, Progress, Routine} from "../types/Claims.sol";
import {VersionId} from "../types/Ids.sol";
import {Phase, Request, RequestId} from "../types/Settlement.sol";
import {Intakes} from "./Intakes.sol";

/// @dev Claims on their way through the router. A claim is part of at most one request, which only this contract makes; so that
/// its answer is about the claim needs no storage: the request's inputs are the hash of its claims' evidence, in order.
abstract contract Batches is Intakes {
    /// What names the inputs of a batch, docs/formats.md.
    string private constant BATCH = "averment-input-batch/1\n";
    /// After a request's deadline: longer than windows, proofs and committees can take one after the other.
    uint40 private constant STUCK = 120 days;

    function ask(uint16 routine, bytes32[] calldata evidence) external whenNotPaused returns (RequestId id) {
        Routine memory terms = _routine(routine);
        if (VersionId.unwrap(terms.version) == 0) revert NoVersion(routine);
        _takeFromQueue(routine, terms.batch, evidence.length);
        uint128 worth = _askAbout(routine, evidence);
        Request memory asked = _requestFor(terms, inputsOf(routine, evidence), uint32(evidence.length), worth);
        id = router.request(asked);
        // The router is in the code, and calls nobody here.
        // slither-disable-next-line reentrancy-events
        emit Asked(id, routine, evidence);
    }

    function decide(Request memory asked, bytes32[] calldata evidence, int64[] calldata outputs) external {
        (RequestId id, Routine memory terms) = _askedFor(asked, evidence);
        if (!router.isFinal(id, outputs)) revert NotFinal(id);
        bool answers = outputs.length == uint256(terms.batch) * terms.outputs;
        uint40 until = _in(appealTime);
        for (uint256 i = 0; i < evidence.length; ++i) {
            if (!answers) {
                // slither-disable-next-line unused-return
                _toReview(evidence[i], ClaimStage.Asked);
                continue;
            }
            int64 output = outputs[i * terms.outputs + terms.output];
            bool accepted = output >= terms.least && output <= terms.most;
            ClaimStage stage = accepted ? ClaimStage.Accepted : ClaimStage.Rejected;
            // slither-disable-next-line unused-return
            _move(evidence[i], ClaimStage.Asked, stage, accepted ? 0 : until);
            emit Decided(evidence[i], stage, output);
        }
    }

    function unanswered(Request memory asked, bytes32[] calldata evidence) external {
        // slither-disable-next-line unused-return
        (RequestId id,) = _askedFor(asked, evidence);
        // slither-disable-next-line unused-return
        (Phase phase,) = router.standingOf(id);
        // As in `Clock`.
        // slither-disable-next-line timestamp
        bool stuck = phase != Phase.None && phase != Phase.Final && phase != Phase.Undelivered
            && _hasPassed(asked.deadline + STUCK);
        // As above.
        // slither-disable-next-line timestamp
        if (phase != Phase.Refunded && !stuck) revert NotUnanswered(id);
        for (uint256 i = 0; i < evidence.length; ++i) {
            // slither-disable-next-line unused-return
            _toReview(evidence[i], ClaimStage.Asked);
        }
    }

    function unasked(bytes32[] calldata evidence) external {
        for (uint256 i = 0; i < evidence.length; ++i) {
            Progress was = _toReview(evidence[i], ClaimStage.Filed);
            _checkPassed(evidence[i], was.untilOf());
            _count(_layout().sales[was.productOf()].terms.routine, 0, 1);
        }
    }

    function inputsOf(uint16 routine, bytes32[] calldata evidence) public view returns (bytes32) {
        if (_routine(routine).batch == 1 && evidence.length == 1) return evidence[0];
        return keccak256(abi.encodePacked(BATCH, uint32(evidence.length), evidence));
    }

    /// Moves a claim from one stage to another; returns what it was.
    function _move(bytes32 evidence, ClaimStage from, ClaimStage to, uint40 until) internal returns (Progress was) {
        mapping(bytes32 => Progress) storage claims = _layout().claims;
        was = claims[evidence];
        if (was.stageOf() != from) revert WrongStage(evidence, from, was.stageOf());
        claims[evidence] = was.movedTo(to, until);
    }

    function _checkPassed(bytes32 evidence, uint40 until) internal view {
        if (!_hasPassed(until)) revert TooEarly(evidence, until);
    }

    function _toReview(bytes32 evidence, ClaimStage from) private returns (Progress was) {
        was = _move(evidence, from, ClaimStage.InReview, _in(reviewTime));
        emit Unanswered(evidence);
    }

    /// Takes a batch out of the queue: all that wait, or as many as it takes. So nobody can ask about few at a time, whose
    /// fees would not be worth a proof.
    function _takeFromQueue(uint16 routine, uint32 batch, uint256 count) private {
        uint32 expected = _turned(routine).before;
        if (expected > batch) expected = batch;
        if (count != expected || expected == 0) revert BatchSize(expected, count);
        _count(routine, 0, expected);
    }

    /// Returns what the claims are worth together.
    function _askAbout(uint16 routine, bytes32[] calldata evidence) private returns (uint128 worth) {
        Layout storage $ = _layout();
        uint40 period = _period(block.timestamp);
        for (uint256 i = 0; i < evidence.length; ++i) {
            Progress claim = _move(evidence[i], ClaimStage.Filed, ClaimStage.Asked, 0);
            Product storage terms = $.sales[claim.productOf()].terms;
            if (terms.routine != routine) revert OtherRoutine(evidence[i], routine, terms.routine);
            // Periods are hours or days.
            // slither-disable-next-line timestamp
            if (_period(claim.untilOf() - patience) >= period) revert FiledJustNow(evidence[i]);
            worth += terms.payout;
        }
    }

    function _requestFor(Routine memory terms, bytes32 inputs, uint32 count, uint128 worth)
        private
        view
        returns (Request memory)
    {
        return Request({
            version: terms.version,
            offer: terms.offer,
            inputs: inputs,
            items: count,
            seed: 0,
            // A claim is asked about once, so no two requests are the same.
            salt: 0,
            mode: terms.mode,
            personal: terms.personal,
            proofAbove: terms.proofAbove,
            valueAtRisk: worth,
            fee: terms.fee * count,
            bond: worth,
            deadline: _in(terms.answerSeconds),
            window: terms.window,
            callbackGas: 0,
            publicInputs: new int64[](0)
        });
    }

    /// The request that this contract made for these claims, in this order, if it made one.
    function _askedFor(Request memory asked, bytes32[] calldata evidence)
        private
        view
        returns (RequestId id, Routine memory terms)
    {
        if (evidence.length == 0) revert BatchSize(asked.items, 0);
        uint16 routine = _layout().sales[_layout().claims[evidence[0]].productOf()].terms.routine;
        terms = _routine(routine);
        bytes32 inputs = inputsOf(routine, evidence);
        if (inputs != asked.inputs) revert OtherClaims(asked.inputs, inputs);
        id = router.requestIdOf(address(this), asked);
    }
}
