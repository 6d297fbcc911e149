// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Finishing} from "./federated/Finishing.sol";
import {Parts} from "./federated/Parts.sol";
import {Phases, Surroundings} from "./federated/Phases.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {IProofVerifier} from "./interfaces/IProofVerifier.sol";
import {IRandomness} from "./interfaces/IRandomness.sol";
import {IRobustWeights} from "./interfaces/IRobustWeights.sol";
import {Multicalls} from "./settlement/Multicalls.sol";
import {
    Aggregation,
    Contested,
    Evidence,
    Outcome,
    Posting,
    Scores,
    SignedCommit,
    TaskPhase,
    Terms
} from "./types/Federated.sol";
import {VersionId} from "./types/Ids.sol";

/// @title What tasks run, each a clone with its terms in its code; see `IFederatedTask`.
/// @dev By subject, each on top of the one before: TaskStorage, Phases, Members, Words, Commits (with Signatures), Entries,
/// Finishing. What rounds go on by is `FederatedRounds`', faults are `FederatedFaults`': both run on the task's storage.
contract FederatedTask is Finishing, Parts, Multicalls {
    address private immutable own;

    constructor(Surroundings memory around, Phases rounds, Phases faults) Phases(around) Parts(rounds, faults) {
        own = address(this);
    }

    /// @notice Begins the task. By the factory, once.
    function initialize(bytes32 model_, bytes32 difference_, uint128 pool) external {
        Layout storage $ = _layout();
        Standing memory s = $.standing;
        bool fresh = address(this) != own && msg.sender == _origin().factory && s.phase == TaskPhase.None;
        if (!fresh) revert NotATask();
        ($.model, $.difference, $.pool) = (model_, difference_, pool);
        _begin(s, TaskPhase.Idle, _terms().idleSeconds);
    }

    // What rounds go on by.

    function open() external {
        _to(roundsPart);
    }

    function draw() external {
        _to(roundsPart);
    }

    function advance() external {
        _to(roundsPart);
    }

    function aggregate(Aggregation calldata) external {
        _to(roundsPart);
    }

    function commitScores(bytes32) external {
        _to(roundsPart);
    }

    function discloseScores(Outcome calldata, uint32[] calldata, bytes32) external {
        _to(roundsPart);
    }

    function rate(Outcome calldata, bytes calldata) external {
        _to(roundsPart);
    }

    function settle(Outcome calldata, uint256[] calldata, Scores[] calldata) external {
        _to(roundsPart);
    }

    // Faults.

    function strike(address[] calldata) external {
        _to(faultsPart);
    }

    function challenge(address, Contested) external {
        _to(faultsPart);
    }

    function answerProof(Evidence calldata) external {
        _to(faultsPart);
    }

    function beginAnswer(address, Contested, Posting calldata) external {
        _to(faultsPart);
    }

    function postPiece(address, Contested, Posting calldata, uint256, bytes calldata) external {
        _to(faultsPart);
    }

    function endAnswer(address, Contested, Posting calldata, bytes calldata, bytes32[2] calldata, bytes calldata)
        external
    {
        _to(faultsPart);
    }

    function lapse(uint16, address, Contested) external {
        _to(faultsPart);
    }

    function accuse(Evidence calldata) external {
        _to(faultsPart);
    }

    function equivocated(SignedCommit calldata, SignedCommit calldata) external {
        _to(faultsPart);
    }

    // Views.

    function implementationVersion() external pure returns (uint256) {
        return 1;
    }

    function terms() external view returns (Terms memory) {
        return _terms();
    }

    function termsDigest() external view returns (bytes32) {
        return keccak256(abi.encode(_terms()));
    }

    function sponsor() external view returns (address) {
        return _origin().sponsor;
    }

    function factory() external view returns (address) {
        return _origin().factory;
    }

    function chunks() external view returns (uint256) {
        return _origin().chunks;
    }

    function prefixHash() external view returns (bytes32) {
        return _origin().prefixHash;
    }

    function token() external view returns (IERC20) {
        return asset;
    }

    function registry() external view returns (IModelRegistry) {
        return models;
    }

    function verifier() external view returns (IProofVerifier) {
        return proofs;
    }

    function randomness() external view returns (IRandomness) {
        return beacon;
    }

    function rules() external view returns (IRobustWeights) {
        return weigher;
    }

    function isSelected(address account) external view returns (bool) {
        return _isSelected(_layout().standing, account);
    }

    function scoresDigest(uint16 round, address validator, uint32[] calldata scores, bytes32 salt)
        external
        view
        returns (bytes32)
    {
        return _scoresDigest(round, validator, scores, salt);
    }

    function commitDigest(uint16 round, bytes32 digest) external view returns (bytes32) {
        return _commitDigest(round, digest);
    }

    function standing()
        external
        view
        returns (uint16 round, TaskPhase phase, uint40 until, uint16 revealed, uint16 challenges, uint8 voids)
    {
        Standing memory s = _layout().standing;
        return (s.round, s.phase, s.until, s.revealed, s.challenges, s.voids);
    }

    function model() external view returns (bytes32 points, bytes32 difference) {
        return (_layout().model, _layout().difference);
    }

    function aggregated() external view returns (address aggregator, bytes32 outcome) {
        return (_layout().aggregator, _layout().outcome);
    }

    function history() external view returns (bytes32 head, uint16 finals) {
        return (_layout().history, _layout().standing.finals);
    }

    function seed() external view returns (bytes32) {
        return _layout().seed;
    }

    function finishedAs() external view returns (VersionId) {
        return _layout().finishedAs;
    }

    function money() external view returns (uint256 pool, uint256 burned) {
        return (_layout().pool, _layout().burned);
    }

    function memberCount() external view returns (uint16) {
        return _layout().standing.members;
    }

    function memberAt(uint16 index) external view returns (address) {
        return _layout().list[index];
    }

    function memberOf(address account)
        external
        view
        returns (uint16 index, uint16 since, uint8 strikes, bool isOut, uint256 balance)
    {
        Member memory member = _layout().members[account];
        return (member.index, member.since, member.strikes, member.out, member.balance);
    }

    function isValidator(address account) external view returns (bool) {
        return _layout().members[account].seat == Seat.Validator;
    }

    function wordsOf(address account)
        external
        view
        returns (uint16 committedIn, bytes26 committed, uint16 revealedIn, bytes26 revealed)
    {
        (Word memory one, Word memory other) = (_layout().committed[account], _layout().revealed[account]);
        return (one.round, one.digest, other.round, other.digest);
    }

    function challengeOf(uint16 round, address account, Contested contested)
        external
        view
        returns (address challenger, uint40 until, bool closed)
    {
        Challenge memory made = _layout().challenges[_challengeOf(round, account, contested)];
        return (made.challenger, made.until, made.closed);
    }

    function answerOf(uint16 round, address account, Contested contested, address answerer)
        external
        view
        returns (bytes32 digest, uint256 posted)
    {
        bytes32 key = keccak256(abi.encode(_challengeOf(round, account, contested), answerer));
        return (_layout().answers[key].digest, _layout().answers[key].posted);
    }
}
