// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {
    AT_CHUNK_BITS,
    AT_INPUT_CHUNKS,
    AT_MASK_BITS,
    AT_PUBLIC_COUNT,
    AT_ROLES,
    ROUND,
    UPDATE
} from "../descriptor/Bytes.sol";
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
    /// Of a descriptor.
    struct Head {
        bytes32 name;
        uint256 chunkBits;
        uint256 maskBits;
        uint256 publicCount;
        uint256 weightChunks;
        uint256 inputChunks;
    }

    uint256 private constant HEAD_BYTES = 96;
    uint256 private constant NO_MASKS = 255;
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
        _checkKinds(task, t, chunks, chunkBits);
    }

    /// Whether the descriptors are of updates and of rounds of such vectors, hide what they prove, and have room for the task's rows. That
    /// their blocks, widths and exponents are the plan's, whoever joins computes.
    function _checkKinds(IFederatedTask task, Terms calldata t, uint256 chunks, uint256 chunkBits) private view {
        IDescriptors descriptors = task.verifier().descriptors();
        Head memory head = _headOf(descriptors, t.updateKind);
        _checkHead(t.updateKind, head, UPDATE, chunkBits);
        _checkKind(t.updateKind, "chunks", chunks, head.weightChunks);
        _checkKind(t.updateKind, "public values", 1, head.publicCount);

        head = _headOf(descriptors, t.roundKind);
        _checkHead(t.roundKind, head, ROUND, chunkBits);
        // A vector begins at a multiple of the least power of two that holds it.
        uint256 stride = 1;
        while (stride < chunks) stride *= 2;
        _checkKind(t.roundKind, "chunks", stride + chunks, head.weightChunks);
        uint256 halves = t.history ? 2 : 1;
        _checkKind(t.roundKind, "halves", halves, head.publicCount);
        uint256 rows = t.perRound + (t.root == address(0) ? 1 : 2);
        uint256 room = head.inputChunks / stride / halves;
        if (room < rows) revert OtherKind(t.roundKind, "rows", rows, room);
    }

    function _checkHead(bytes32 kind, Head memory head, bytes32 name, uint256 chunkBits) private pure {
        _checkKind(kind, "name", uint256(name), uint256(head.name));
        _checkKind(kind, "chunkBits", chunkBits, head.chunkBits);
        // Without masks a proof would tell what it proves.
        if (head.maskBits == NO_MASKS) revert OtherKind(kind, "masks", 0, NO_MASKS);
    }

    function _checkKind(bytes32 kind, string memory what, uint256 expected, uint256 got) private pure {
        if (got != expected) revert OtherKind(kind, what, expected, got);
    }

    /// What a registered descriptor says of itself (docs/protocol.md [10.3]).
    function _headOf(IDescriptors descriptors, bytes32 kind) private view returns (Head memory head) {
        address code = descriptors.codeOf(kind);
        if (code == address(0)) revert UnknownKind(kind);
        bytes memory data = new bytes(HEAD_BYTES);
        // Behind the byte that stops whoever calls it.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            extcodecopy(code, add(data, 0x20), 1, HEAD_BYTES)
        }
        // Its first word.
        // forge-lint: disable-next-line(unsafe-typecast)
        head.name = bytes32(data);
        (head.chunkBits, head.maskBits) = (uint8(data[AT_CHUNK_BITS]), uint8(data[AT_MASK_BITS]));
        head.publicCount = _number(data, AT_PUBLIC_COUNT, 4);
        head.weightChunks = _number(data, AT_ROLES + 2, 2);
        head.inputChunks = _number(data, AT_INPUT_CHUNKS, 2);
    }

    function _number(bytes memory data, uint256 place, uint256 bytes_) private pure returns (uint256 number) {
        for (uint256 i = 0; i < bytes_; ++i) {
            number = number << 8 | uint8(data[place + i]);
        }
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
