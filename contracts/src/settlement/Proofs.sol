// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Statement} from "../interfaces/IProofVerifier.sol";
import {Committee, committeeDigestOf} from "../types/Oracles.sol";
import {VersionId} from "../types/Ids.sol";
import {Answer, Offer, Phase, Proof, Request, RequestId, hashOf} from "../types/Settlement.sol";
import {Answers} from "./Answers.sol";

/// @dev Proved answers. A proof settles any request that is not final: an open one, and one whose answer or committee it
/// confirms or contradicts.
abstract contract Proofs is Answers {
    function prove(
        address requester,
        Request calldata asked,
        Offer calldata offered,
        Answer calldata contested,
        int64[] calldata outputs,
        Proof calldata proof
    ) external {
        RequestId id = requestIdOf(requester, asked);
        Standing memory standing = _layout().requests[id];
        Phase phase = standing.phase;
        if (phase != Phase.Open && phase != Phase.Answered && phase != Phase.Challenged) revert WrongPhase(id, phase);
        if (phase != Phase.Answered) _checkInTime(id, standing.until);
        _checkContested(id, standing, contested);
        if (isRevoked(asked.version)) revert VersionRevoked(asked.version);
        _checkProof(id, asked, offered, outputs, proof, msg.sender);

        (address paid, uint128 bond) = (msg.sender, 0);
        if (phase != Phase.Open) {
            if (hashOf(contested.outputs) == hashOf(outputs)) {
                // The answer was right: its answerer is paid, and who took the trouble to prove it has the challenger's stake.
                (paid, bond) = (contested.answerer, asked.bond);
                if (contested.challenger != address(0)) _credit(msg.sender, offered.challengeBond);
            } else {
                _slash(id, asked, offered, contested, msg.sender);
            }
        }
        _finalise(id, requester, asked, paid, bond, msg.sender, outputs);
    }

    // Staking is ours and calls nobody when it is overruled.
    // slither-disable-next-line reentrancy-no-eth,reentrancy-events
    function overrule(
        address requester,
        Request calldata asked,
        Offer calldata offered,
        Committee calldata committee,
        int64[][] calldata heard,
        int64[] calldata outputs,
        Proof calldata proof
    ) external {
        (RequestId id, Standing memory standing) = _inPhase(requester, asked, Phase.Drawn);
        if (standing.digest != committeeDigestOf(committee)) revert OtherAnswer(id);
        if (isRevoked(asked.version)) revert VersionRevoked(asked.version);
        _checkProof(id, asked, offered, outputs, proof, msg.sender);
        staking.overrule(id, committee, heard, outputs, msg.sender);
        _finalise(id, requester, asked, msg.sender, 0, msg.sender, outputs);
    }

    /// The beneficiary is who sends the proof, so nobody can take it from the waiting transactions and be paid for it.
    function checkProof(
        address requester,
        Request calldata asked,
        Offer calldata offered,
        int64[] calldata outputs,
        Proof calldata proof,
        address beneficiary
    ) external view returns (RequestId id) {
        id = requestIdOf(requester, asked);
        _checkProof(id, asked, offered, outputs, proof, beneficiary);
    }

    function _checkProof(
        RequestId id,
        Request calldata asked,
        Offer calldata offered,
        int64[] calldata outputs,
        Proof calldata proof,
        address beneficiary
    ) private view {
        _checkOffer(asked.offer, offered);
        Statement memory statement = _statementOf(id, asked, offered, outputs, beneficiary);
        if (!offered.verifier.verify(offered.descriptor, statement, proof.points, proof.proof)) revert NotProved(id);
    }

    /// What is proved: docs/protocol.md [9.1].
    function _statementOf(
        RequestId id,
        Request calldata asked,
        Offer calldata offered,
        int64[] calldata outputs,
        address beneficiary
    ) private view returns (Statement memory) {
        uint256 inputs = asked.publicInputs.length;
        int64[] memory values = new int64[](inputs + outputs.length);
        for (uint256 i = 0; i < inputs; ++i) {
            values[i] = asked.publicInputs[i];
        }
        for (uint256 i = 0; i < outputs.length; ++i) {
            values[inputs + i] = outputs[i];
        }
        return Statement({
            consumer: address(this),
            request: RequestId.unwrap(id),
            beneficiary: beneficiary,
            version: VersionId.unwrap(asked.version),
            weights: offered.weights,
            plan: offered.plan,
            schema: offered.schema,
            inputs: asked.inputs,
            items: asked.items,
            publicValues: values,
            seed: asked.seed,
            zeroKnowledge: offered.zeroKnowledge,
            terms: offered.terms
        });
    }
}
