// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {Saying, Signed} from "../types/Oracles.sol";
import {Offer, Proof, Request, RequestId, hashOf} from "../types/Settlement.sol";
import {Committees} from "./Committees.sol";

/// @dev What operators answer for after their seats are free again: signatures that contradict each other, and answers that
/// a proof contradicts. Keys stay their operators' for ever, so changing them does not help.
abstract contract Evidence is Committees {
    function equivocated(RequestId id, Signed calldata one, Signed calldata other) external {
        if (hashOf(one.outputs) == hashOf(other.outputs)) revert NoEquivocation(id);
        (address signer, uint32 operator) = _signerOf(id, one);
        (address second,) = _signerOf(id, other);
        if (signer != second) revert NoEquivocation(id);
        _owe(id, operator, msg.sender);
    }

    function contradict(
        address requester,
        Request calldata asked,
        Offer calldata offered,
        int64[] calldata outputs,
        Proof calldata proof,
        Saying[] calldata sayings
    ) external {
        RequestId id = _router().checkProof(requester, asked, offered, outputs, proof, msg.sender);
        for (uint256 i = 0; i < sayings.length; ++i) {
            Signed calldata signed = sayings[i].signed;
            uint32 operator = sayings[i].operator;
            if (signed.r == 0) {
                Said memory said = _layout().said[id][operator];
                if (said.speech != Speech.Revealed || said.digest != bytes31(hashOf(signed.outputs))) {
                    revert NotContradicted(id, operator);
                }
            } else {
                (, operator) = _signerOf(id, signed);
            }
            if (!_contradicts(signed.outputs, outputs, offered.quorum.tolerance)) revert NotContradicted(id, operator);
            _owe(id, operator, msg.sender);
        }
    }

    function _signerOf(RequestId id, Signed calldata signed) private view returns (address signer, uint32 operator) {
        bytes32 digest = _agreementDigest(id, hashOf(signed.outputs), signed.commits);
        // Zero for a bad one, whatever is wrong with it: that is no operator.
        // slither-disable-next-line unused-return
        (signer,,) = ECDSA.tryRecover(digest, signed.r, signed.vs);
        operator = _layout().bySigner[signer];
        if (operator == 0) revert UnknownSigner(signer);
    }
}
