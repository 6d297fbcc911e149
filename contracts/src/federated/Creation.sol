// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IDescriptors} from "../interfaces/IDescriptors.sol";
import {IFederatedTask} from "../interfaces/IFederatedTask.sol";
import {IFederatedTasks} from "../interfaces/IFederatedTasks.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {Kind, Rule} from "../interfaces/IRobustWeights.sol";
import {WEIGHTS_HEAD} from "../proof/Names.sol";
import {Terms} from "../types/Federated.sol";
import {VersionContent, Stage} from "../types/Registry.sol";
import {POINT, addAll} from "./Curve.sol";

/// @dev What terms and a model have to be for a task to be created.
abstract contract Creation is IFederatedTasks {
    uint256 private constant HEAD = 23;
    uint256 private constant MAX_CHUNKS = 256;
    uint256 private constant MAX_CHUNK_BITS = 24;
    /// `(rounds * B)^2 < 2^62`.
    uint256 private constant MAX_CUMULATIVE = 1 << 31;
    /// Half a matrix has two rows more, of references.
    uint256 private constant MAX_PER_ROUND = 126;
    uint256 private constant MAX_VALIDATORS = 16;
    uint256 private constant MIN_SECONDS = 1 minutes;
    uint256 private constant MAX_SECONDS = 30 days;
    /// What a task pays at most, so that no sum overflows.
    uint256 private constant MAX_POOL = 1 << 120;

    /// Returns how many chunks the model has, and the cells of each, 2^bits.
    function _checkModel(IFederatedTask task, Terms calldata t, bytes calldata prefix, bytes calldata points)
        internal
        view
        returns (uint256 chunks, uint256 chunkBits)
    {
        IModelRegistry models = task.registry();
        Stage stage = models.stageOf(t.version);
        if (stage == Stage.None || stage > Stage.Deployed) revert NotUsable(t.version, stage);
        VersionContent memory content = models.content(t.version);
        if (content.planDigest != t.plan || t.plan == 0) revert OtherPlan(content.planDigest, t.plan);
        bytes32 weights = keccak256(bytes.concat(prefix, points));
        if (content.weightsCommitment != weights) revert OtherWeights(content.weightsCommitment, weights);
        // Head, setup, chunk bits, number of blocks, and a byte of each block.
        // All that it has.
        // forge-lint: disable-next-line(unsafe-typecast)
        bool right = prefix.length >= HEAD + 37 && bytes23(prefix[:HEAD]) == bytes23(WEIGHTS_HEAD)
            && bytes32(prefix[HEAD:HEAD + 32]) == task.verifier().setup()
            && prefix.length == HEAD + 37 + uint32(bytes4(prefix[HEAD + 33:HEAD + 37]));
        if (!right) revert BadPrefix();
        chunkBits = uint8(prefix[HEAD + 32]);
        _check("chunkBits", 1, MAX_CHUNK_BITS, chunkBits);
        chunks = points.length / POINT;
        _check("chunks", 1, MAX_CHUNKS, chunks);
        if (points.length % POINT != 0) {
            revert IFederatedTask.OtherLength(points.length - points.length % POINT, points.length);
        }
        // Whether they are points.
        addAll(points, points[:0]);
        IDescriptors descriptors = task.verifier().descriptors();
        if (descriptors.codeOf(t.updateKind) == address(0)) revert UnknownKind(t.updateKind);
        if (descriptors.codeOf(t.roundKind) == address(0)) revert UnknownKind(t.roundKind);
    }

    function _checkTerms(IFederatedTask task, Terms calldata t) internal view {
        if (t.privacy != 0) revert UnknownPrivacy(t.privacy);
        if ((t.kind == Kind.FLTrust) != (t.root != address(0))) revert RootNeeded(t.kind == Kind.FLTrust);
        _check("rounds", 1, MAX_CUMULATIVE - 1, t.rounds);
        _check("bound", 1, (MAX_CUMULATIVE - 1) / t.rounds, t.bound);
        uint256 least = task.rules()
            .leastUpdates(
                Rule({kind: t.kind, faults: t.faults, clip: t.clip, mix: t.mix, norm: t.norm, radius: t.radius})
            );
        _check("minimum", least, MAX_PER_ROUND, t.minimum);
        _check("perRound", t.minimum, MAX_PER_ROUND, t.perRound);
        _check("maximum", t.perRound, type(uint16).max, t.maximum);
        _check("maximumVoid", 1, t.rounds, t.maximumVoid);
        _check("strikes", 1, type(uint8).max, t.strikes);
        _check("stake", 4, MAX_POOL, t.stake);
        _check("bond", 1, MAX_POOL, t.bond);
        _check("validators", 0, MAX_VALIDATORS, t.validators);
        _check("validatorStake", t.validators == 0 ? 0 : 1, MAX_POOL, t.validatorStake);
        _check("pool", 0, MAX_POOL, poolOf(t));
        _check("idleSeconds", MIN_SECONDS, MAX_SECONDS, t.idleSeconds);
        _check("selectSeconds", MIN_SECONDS, MAX_SECONDS, t.selectSeconds);
        _check("commitSeconds", MIN_SECONDS, MAX_SECONDS, t.commitSeconds);
        _check("revealSeconds", MIN_SECONDS, MAX_SECONDS, t.revealSeconds);
        _check("checkSeconds", MIN_SECONDS, MAX_SECONDS, t.checkSeconds);
        _check("answerSeconds", MIN_SECONDS, MAX_SECONDS, t.answerSeconds);
        _check("aggregateSeconds", MIN_SECONDS, MAX_SECONDS, t.aggregateSeconds);
        _check("takeoverSeconds", MIN_SECONDS, MAX_SECONDS, t.takeoverSeconds);
        _check("scoreSeconds", MIN_SECONDS, MAX_SECONDS, t.scoreSeconds);
        _check("discloseSeconds", MIN_SECONDS, MAX_SECONDS, t.discloseSeconds);
        _check("settleSeconds", MIN_SECONDS, MAX_SECONDS, t.settleSeconds);
        if (t.gate != address(0) && t.gate.code.length == 0) revert ZeroAddress();
    }

    function poolOf(Terms calldata t) public pure returns (uint256) {
        return t.rounds * (uint256(t.reward) + t.fee + uint256(t.validators) * t.validatorFee);
    }

    function _check(string memory what, uint256 min, uint256 max, uint256 got) private pure {
        if (got < min || got > max) revert OutOfRange(what, min, max, got);
    }
}
