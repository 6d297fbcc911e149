// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IConsumer} from "../interfaces/IConsumer.sol";
import {Answer, Offer, Phase, Request, RequestId, hashOf} from "../types/Settlement.sol";
import {Requests} from "./Requests.sol";

/// @dev The end of requests: an answer becomes final and is delivered, or everybody gets back what they put in.
abstract contract Finality is Requests {
    /// For the call itself and what runs between the check of gas and the call.
    uint256 private constant CALL_GAS = 5_000;
    /// Of the fee, what a request costs that could have been drawn and was not.
    uint128 private constant LAPSE = 4;

    // The seconds that a block's proposer can shift do not matter to minutes and days.
    // slither-disable-next-line timestamp
    function refund(address requester, Request calldata asked, Offer calldata offered, Answer calldata given) external {
        RequestId id = requestIdOf(requester, asked);
        Standing memory standing = _layout().requests[id];
        Phase phase = standing.phase;
        if (phase != Phase.Open && phase != Phase.Answered && phase != Phase.Challenged) revert WrongPhase(id, phase);
        uint128 lapsed = 0;
        if (!isRevoked(asked.version)) {
            (uint40 since, uint64 round) = phase == Phase.Open ? _drawOf(standing.digest) : (0, 0);
            bool late = phase == Phase.Open && _hasPassed(standing.until);
            if (!late && (since == 0 || !randomness.isLost(round))) revert NothingToRefund(id);
            // Whoever dislikes who would be drawn must not have another draw for nothing by letting this one pass.
            if (since != 0) lapsed = asked.fee / LAPSE;
        }
        _checkContested(id, standing, given);
        if (given.answerer != address(0)) _credit(given.answerer, asked.bond);
        if (given.challenger != address(0)) {
            _checkOffer(asked.offer, offered);
            _credit(given.challenger, offered.challengeBond);
        }
        _refund(id, requester, asked, lapsed);
    }

    function redeliver(address requester, Request calldata asked, int64[] calldata outputs) external {
        (RequestId id, Standing memory standing) = _inPhase(requester, asked, Phase.Undelivered);
        if (bytes26(hashOf(outputs)) != standing.digest) revert OtherAnswer(id);
        _deliver(id, requester, asked.callbackGas, standing.until, outputs);
    }

    function isFinal(RequestId id, int64[] calldata outputs) external view returns (bool) {
        Standing memory standing = _layout().requests[id];
        bool ended = standing.phase == Phase.Final || standing.phase == Phase.Undelivered;
        return ended && bytes26(hashOf(outputs)) == standing.digest;
    }

    /// The fee goes to who answered, with a bond that comes back; everything else was paid before. Last in its transaction:
    /// it calls the requester.
    function _finalise(
        RequestId id,
        address requester,
        Request calldata asked,
        address paid,
        uint128 bond,
        address proved,
        int64[] calldata outputs
    ) internal {
        _credit(paid, uint256(asked.fee) + bond);
        uint40 since = _in(0);
        _stand(id, Phase.Final, since, bytes26(hashOf(outputs)));
        emit Finalised(id, paid, proved, outputs);
        if (asked.callbackGas != 0) _deliver(id, requester, asked.callbackGas, since, outputs);
    }

    function _refund(RequestId id, address requester, Request calldata asked, uint128 lapsed) internal {
        _credit(requester, asked.fee - lapsed);
        if (lapsed != 0) _layout().burned += lapsed;
        _stand(id, Phase.Refunded, _in(0), 0);
        emit Refunded(id, lapsed);
    }

    /// Calls back with exactly the gas that was promised, copies nothing that is returned, and goes on if it fails. While it
    /// runs the request is final and delivered: nothing is left to do for whoever comes in again.
    function _deliver(RequestId id, address requester, uint256 callbackGas, uint40 since, int64[] calldata outputs)
        private
    {
        bytes26 digest = bytes26(hashOf(outputs));
        _stand(id, Phase.Final, since, digest);
        bytes memory data = abi.encodeCall(IConsumer.onAnswer, (id, outputs));
        // A call is given at most 63/64 of what is left.
        uint256 needed = callbackGas * 64 / 63 + CALL_GAS;
        if (gasleft() < needed) revert NotEnoughGas(needed, gasleft());
        bool taken;
        // A high-level call would copy what is returned.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            taken := call(callbackGas, requester, 0, add(data, 0x20), mload(data), 0, 0)
        }
        if (!taken) _stand(id, Phase.Undelivered, since, digest);
        emit Delivered(id, taken);
    }
}
