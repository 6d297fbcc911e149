// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {hashOfTwo} from "../federated/Hashes.sol";
import {Kind} from "../interfaces/IRobustWeights.sol";
import {VersionId} from "./Ids.sol";

/// Where a task stands. A round runs from `Select` to `Settle`; between rounds it is `Idle`.
enum TaskPhase {
    None,
    /// Anybody opens the next round.
    Idle,
    /// The seed that draws participants is not known yet.
    Select,
    Commit,
    Reveal,
    /// Proofs and updates can be challenged.
    Check,
    /// Challenges can only be answered now.
    Answer,
    /// The named aggregator's time.
    Aggregate,
    /// Any member's.
    Takeover,
    /// Validators commit to scores.
    Score,
    /// Validators reveal them.
    Disclose,
    /// The model can be challenged, and nothing is left but to pay.
    Settle,
    Ended
}

/// What a task is. It is in the task's code and never changes.
struct Terms {
    /// The registered version that the task starts from, and the digest of its plan.
    VersionId version;
    bytes32 plan;
    /// Descriptors' digests of updates' and rounds' proofs (docs/federated.md [F3.1], [F3.2]). That they are those of this plan,
    /// everybody computes who joins.
    bytes32 updateKind;
    bytes32 roundKind;
    /// B: the most that an update's norm may be, in units of the finest block; with it `(rounds * B)^2 < 2^62`.
    uint32 bound;
    // The rule, as `IRobustWeights` takes it.
    Kind kind;
    uint8 faults;
    bool clip;
    bool mix;
    uint64 norm;
    uint64 radius;
    /// Whether participants' cumulative updates are compared, so that clones count as one.
    bool history;
    /// How many revealed updates a round needs, and how many members to open one.
    uint16 minimum;
    /// The most members.
    uint16 maximum;
    /// The most participants of a round.
    uint16 perRound;
    /// How many rounds are opened at most, void ones too.
    uint16 rounds;
    /// How many in a row may be void before the task ends.
    uint8 maximumVoid;
    /// As many strikes as put a member out.
    uint8 strikes;
    // Seconds of each phase.
    uint32 idleSeconds;
    uint32 selectSeconds;
    uint32 commitSeconds;
    uint32 revealSeconds;
    uint32 checkSeconds;
    uint32 answerSeconds;
    uint32 aggregateSeconds;
    uint32 takeoverSeconds;
    uint32 scoreSeconds;
    uint32 discloseSeconds;
    uint32 settleSeconds;
    /// Of a member; of a challenge.
    uint128 stake;
    uint128 bond;
    /// What a round pays: its participants together, its aggregator, each of its validators. The pool is all rounds'.
    uint128 reward;
    uint128 fee;
    uint128 validatorFee;
    uint128 validatorStake;
    /// The most validators; zero if nobody scores.
    uint8 validators;
    /// Who aggregates first; zero if any member does from the start.
    address aggregator;
    /// Who gives FLTrust its root update; zero otherwise.
    address root;
    /// Who says which accounts are whose (`IIdentityGate`); zero if anybody joins.
    address gate;
    /// 0: updates are known to the aggregator. Others there are not yet.
    uint8 privacy;
}

/// A commit that somebody else carries: what was signed is EIP-712 type `Commit(uint256 round,bytes32 digest)`.
struct SignedCommit {
    address account;
    bytes32 digest;
    bytes signature;
}

/// What was committed to, in clear.
struct Reveal {
    address account;
    bytes32 salt;
    /// keccak256 of the update's proof, and of the package (docs/formats.md).
    bytes32 proofHash;
    bytes32 contentHash;
    /// The update's, 64 bytes a chunk.
    bytes points;
    /// Of the last reveal `recordOf` it, and the cumulative points; empty for the first one, or if the task has no cumulatives.
    bytes32 last;
    bytes cumulative;
}

/// A revealed update, as its word binds it.
struct Revealed {
    bytes points;
    /// keccak256 of the cumulative points; zero in a task without.
    bytes32 cumulative;
    bytes32 proofHash;
    bytes32 contentHash;
}

/// Everything that makes a new model.
struct Aggregation {
    /// Whose updates stand, ascending: all of them.
    address[] accounts;
    /// For each, and then for the root update if the rule has one, `evidenceOf(proofHash, contentHash)`.
    bytes32[] evidence;
    /// The points of the new model, of the remainder, of the updates, of the rule's reference, and of the cumulatives if the task
    /// has them: as the verifier takes them.
    bytes points;
    /// The points of the present model.
    bytes model;
    /// The root update's cumulative points, if it has any.
    bytes rootCumulative;
    /// The upper triangle of each half, row by row, 8 bytes an entry, two's complement, big-endian.
    bytes matrix;
    /// Identities that the statement names: of the new model's and the remainder's points, of the list of rows.
    bytes32 weights;
    bytes32 inputs;
    bytes proof;
    /// keccak256 of the new model's package.
    bytes32 contentHash;
}

/// What an aggregation came to; the contract keeps its hash until the round is final.
struct Outcome {
    /// keccak256 of the points of the new model, and of what it adds to the one before.
    bytes32 model;
    bytes32 difference;
    /// keccak256 of the matrix: what qualities follow from.
    bytes32 matrix;
    address[] accounts;
}

/// A validator's scores of an outcome's accounts, 0 to 2^16.
struct Scores {
    address validator;
    uint32[] scores;
}

/// What a challenge is about. A cumulative is the sum of all that an account revealed, this round's update with it.
enum Contested {
    Proof,
    Update,
    Model,
    Cumulative
}

/// What an answer says before its first piece: everything but the cells. The point at which they are evaluated follows from it.
struct Posting {
    /// keccak256 of each piece: chunk by chunk, from each one's first cell on.
    bytes32[] pieces;
    /// How many pieces a chunk has, cells a piece, bytes a cell (two's complement, big-endian).
    uint32 perChunk;
    uint32 cells;
    uint8 width;
    /// Of each chunk.
    uint256[] blinds;
}

/// What an update's proof is held against on the chain.
struct Evidence {
    address account;
    Revealed revealed;
    /// The commitment's bytes before its points (docs/formats.md, Commitments).
    bytes prefix;
    bytes proof;
}

/// `keccak256(abi.encode(proofHash, contentHash))`.
function evidenceOf(bytes32 proofHash, bytes32 contentHash) pure returns (bytes32) {
    return hashOfTwo(proofHash, contentHash);
}

/// `keccak256(abi.encode(keccak256(points), evidence))`: with the cumulative's hash and the round, what a word binds.
function recordOf(bytes32 points, bytes32 evidence) pure returns (bytes32) {
    return hashOfTwo(points, evidence);
}
