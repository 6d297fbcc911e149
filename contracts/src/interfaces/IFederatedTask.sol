// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {
    Aggregation,
    Contested,
    Evidence,
    Outcome,
    Posting,
    Reveal,
    Revealed,
    Scores,
    SignedCommit,
    TaskPhase,
    Terms
} from "../types/Federated.sol";
import {VersionId} from "../types/Ids.sol";
import {IModelRegistry} from "./IModelRegistry.sol";
import {IProofVerifier} from "./IProofVerifier.sol";
import {IRandomness} from "./IRandomness.sol";
import {IRobustWeights} from "./IRobustWeights.sol";

/// @title One model trained by participants who do not trust each other (docs/federated.md, [F1] to [F4]).
/// @notice Phases follow each other in time: whoever acts first in a new one begins it, or anybody by `advance`, and its seconds
/// count from then, so that none is over before it began. What is earned and what comes back is taken by `withdraw`. There is no
/// owner, no upgrade and no pause but for joining.
///
/// A member's stake is bound from its commit to the end of that round, and never longer: who is silent cannot keep anybody's.
/// It is lost, all of it, only on proof: half is burned, a quarter goes to who showed it, the rest to the pool.
interface IFederatedTask {
    /// @param index Where the member is in the list that seeds draw from, from 1 on.
    event Joined(address indexed account, bytes32 indexed identity, uint16 index);
    event Left(address indexed account);
    event ValidatorJoined(address indexed account, bytes32 indexed identity);
    /// @param key With which packages are sealed for the account; @param endpoint where it takes them.
    event Announced(address indexed account, bytes32 key, string endpoint);
    /// @param members How many there are to draw from. @param randomness Whose value draws; zero if all take part.
    event Opened(uint16 indexed round, uint16 members, uint64 randomness);
    event Drawn(uint16 indexed round, bytes32 seed);
    event PhaseBegun(uint16 indexed round, TaskPhase indexed phase, uint40 until);
    event Committed(uint16 indexed round, address indexed account, bytes32 digest);
    /// @param cumulative keccak256 of the cumulative points with these.
    event UpdateRevealed(
        uint16 indexed round,
        address indexed account,
        bytes32 proofHash,
        bytes32 contentHash,
        bytes points,
        bytes32 cumulative
    );
    event Challenged(uint16 indexed round, address indexed account, Contested indexed contested, address challenger);
    event Answered(uint16 indexed round, address indexed account, Contested indexed contested);
    /// @notice What answers with integers say and post, for who lacks them: those of one answerer, all of one posting, are what was
    /// challenged once it is answered.
    event AnswerBegun(
        uint16 indexed round, address indexed account, Contested indexed contested, address answerer, Posting posting
    );
    event PiecePosted(
        uint16 indexed round,
        address indexed account,
        Contested indexed contested,
        address answerer,
        uint256 index,
        bytes cells
    );
    /// @dev A challenge that nobody answered.
    event Lapsed(uint16 indexed round, address indexed account, Contested indexed contested);
    /// @dev The account's update does not stand any more, or its aggregation.
    event Excluded(uint16 indexed round, address indexed account);
    event Aggregated(
        uint16 indexed round,
        address indexed aggregator,
        bytes32 contentHash,
        bytes points,
        address[] accounts,
        uint256[] weights,
        bytes matrix
    );
    /// @param qualities Of the aggregated accounts, in parts of 2^16 of the round's reward.
    event Rated(uint16 indexed round, uint256[] qualities);
    event ScoresCommitted(uint16 indexed round, address indexed validator, bytes32 digest);
    event ScoresRevealed(uint16 indexed round, address indexed validator, uint32[] scores);
    /// @param payments Of the aggregated accounts, in their order.
    event Settled(uint16 indexed round, bytes32 indexed model, uint256[] payments);
    event Voided(uint16 indexed round);
    event Struck(uint16 indexed round, address indexed account, uint8 strikes);
    event Slashed(uint16 indexed round, address indexed account, address indexed accuser, uint256 burned);
    /// @param rest What the sponsor gets back.
    event TaskEnded(uint256 rest);
    event Finished(VersionId indexed version);
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    error ZeroAddress();
    /// @dev A part works with other contracts than the rest.
    error OtherSurroundings();
    /// @dev Not a task, or by somebody else than what created it.
    error NotATask();
    error WrongPhase(TaskPhase expected, TaskPhase got);
    error TooLate(uint40 until);
    error TooEarly(uint40 until);
    error WrongRound(uint16 expected, uint16 got);
    error NotAMember(address account);
    error AlreadyMember(address account);
    /// @dev It was slashed, or has too many strikes.
    error PutOut(address account);
    /// @dev The gate does not know it.
    error NotAdmitted(address account);
    error IdentityTaken(bytes32 identity, address account);
    error Full(uint16 maximum);
    error JoiningPaused(uint64 until);
    /// @dev Its commit or its answer binds it until the round is over.
    error Bound(address account, uint16 round);
    error TooFew(uint16 minimum, uint16 got);
    error NoRandomness(uint64 round);
    error NotSelected(address account, uint16 round);
    error AlreadyCommitted(address account, uint16 round);
    error NotCommitted(address account, uint16 round);
    error AlreadyRevealed(address account, uint16 round);
    error OtherCommitment(address account, bytes32 expected, bytes32 got);
    error InvalidSignature(address account);
    error SignatureTooLong(uint256 max, uint256 got);
    /// @dev Points, or other bytes, of another length.
    error OtherLength(uint256 expected, uint256 got);
    /// @dev Not a canonical point of the curve.
    error BadPoint(uint256 chunk);
    /// @dev Not what the account revealed in this round, or last before it.
    error OtherReveal(address account);
    /// @dev It revealed nothing that stands.
    error NothingRevealed(address account);
    error NotAscending(address account);
    error NotTheAggregator(address expected, address got);
    /// @dev There are challenges that were neither answered nor lapsed.
    error ChallengesOpen(uint16 open);
    /// @dev Not the points of the present model, or not what the last round added.
    error OtherModel();
    /// @dev The sums of points are not equal in this chunk.
    error EquationFails(uint256 chunk);
    /// @dev The proof does not prove the round.
    error NotProved();
    /// @dev The proof proves what it is said not to.
    error ProofHolds();
    /// @dev Bytes whose hash is another one.
    error OtherBytes(bytes32 expected, bytes32 got);
    error NotTheOutcome();
    /// @dev Not the qualities of this round's outcome, which is to be rated first.
    error NotRated();
    error AlreadyChallenged(address account, Contested contested);
    error NotChallenged(address account, Contested contested);
    /// @dev The opening does not open the commitment to what was posted.
    error NotOpened(uint256 chunk);
    error NoEquivocation();
    /// @dev The account took part as it should, or got its strike.
    error NothingToStrike(address account);
    error RoundStands();
    error NotTheSponsor(address expected, address got);
    /// @dev The version is not one of the task's model and its initial version's descendant.
    error OtherVersion(VersionId version);
    error AlreadyFinished(VersionId version);
    error TooLong(uint256 max, uint256 got);
    error Insufficient(uint256 balance, uint256 amount);
    /// @dev A precompile could not be given the gas it may need; send the transaction with more.
    error NotEnoughGas();

    /// @notice Begins the task. By the factory, when it creates it.
    function initialize(bytes32 model_, bytes32 difference, uint128 pool) external;

    // Members.

    /// @notice Joins with the stake; takes part from the next round on.
    /// @param evidence For the gate.
    function join(bytes calldata evidence) external;
    function joinAsValidator(bytes calldata evidence) external;
    /// @notice Leaves, and gets the stake back, unless the present round binds it.
    function quit() external;
    /// @notice Says with which key packages are sealed for the sender, and where it takes them. At most 256 bytes.
    function announce(bytes32 key, string calldata endpoint) external;
    /// @notice Takes what the sender has here; but for the stake of who was put out in a round that it committed in, which waits for
    /// that round's end.
    function withdraw(address to, uint256 amount) external;

    // A round.

    /// @notice Opens the next round.
    function open() external;
    /// @notice Draws participants once the seed is known. A seed that is lost is replaced by another.
    function draw() external;
    /// @notice Begins the next phase once the present one is over, or ends the round that nobody goes on with.
    function advance() external;
    function commit(bytes32 digest) external;
    function commitSigned(SignedCommit[] calldata commits) external;
    /// @notice Reveals what was committed to. By anybody: the hash binds it.
    function reveal(Reveal[] calldata reveals) external;
    /// @notice Makes the new model: docs/federated.md [F2].
    function aggregate(Aggregation calldata aggregation) external;
    /// @notice Commits to scores of the outcome's accounts: `scoresDigest`.
    function commitScores(bytes32 digest) external;
    function discloseScores(Outcome calldata outcome, uint32[] calldata scores, bytes32 salt) external;
    /// @notice Computes what updates are worth, from the matrix that was proved. By anybody, once there is an outcome.
    function rate(Outcome calldata outcome, bytes calldata matrix) external;
    /// @notice Ends the round and pays.
    /// @param qualities As rated.
    /// @param scored What validators revealed, ascending: all of it.
    function settle(Outcome calldata outcome, uint256[] calldata qualities, Scores[] calldata scored) external;

    // Faults.

    /// @notice Strikes who did not commit, or not reveal.
    function strike(address[] calldata accounts) external;
    /// @notice Challenges a proof, an update, a cumulative or the model, with a bond.
    /// @param account Whose; of the model it does not matter.
    function challenge(address account, Contested contested) external;
    /// @notice Answers a challenge of a proof with its bytes: slashes if it fails, or else takes the bond.
    function answerProof(Evidence calldata evidence) external;
    /// @notice Says in which pieces cells will be posted, and with which blinds. Each answerer posts its own.
    function beginAnswer(address account, Contested contested, Posting calldata posting) external;
    /// @notice Posts a piece.
    function postPiece(
        address account,
        Contested contested,
        Posting calldata posting,
        uint256 index,
        bytes calldata cells
    ) external;
    /// @notice Opens every chunk at the point of evaluation, once all pieces are there; takes the bond.
    /// @param rest With the points, what the word binds: `evidenceOf(proofHash, contentHash)` and the cumulative points' hash (zero
    /// without); of a cumulative the update's points' hash, and the same evidence; of the model what else the outcome binds: its
    /// difference, and `keccak256(abi.encode(matrix, accounts))`.
    /// @param quotients A point of each chunk: the quotient of its polynomial, less its value, by X - z, where z is
    /// `keccak256(abi.encode(keccak256(abi.encode(posting))))` in the field.
    function endAnswer(
        address account,
        Contested contested,
        Posting calldata posting,
        bytes calldata points,
        bytes32[2] calldata rest,
        bytes calldata quotients
    ) external;
    /// @notice Ends a challenge that was not answered in time: its subject does not stand.
    function lapse(uint16 round, address account, Contested contested) external;
    /// @notice Slashes for a revealed proof that fails, until the round is final.
    function accuse(Evidence calldata evidence) external;
    /// @notice Slashes for two signed commits of the present round.
    function equivocated(SignedCommit calldata one, SignedCommit calldata other) external;

    // The end.

    /// @notice Says which registered version the final model is. By the sponsor.
    function finish(VersionId version, bytes calldata prefix, bytes calldata points) external;

    // Views.

    function terms() external view returns (Terms memory);
    /// @notice `keccak256(abi.encode(terms))`: what statements name as terms.
    function termsDigest() external view returns (bytes32);
    function sponsor() external view returns (address);
    function factory() external view returns (address);
    function chunks() external view returns (uint256);
    /// @notice keccak256 of the commitment's bytes before its points.
    function prefixHash() external view returns (bytes32);
    function token() external view returns (IERC20);
    function registry() external view returns (IModelRegistry);
    function verifier() external view returns (IProofVerifier);
    function randomness() external view returns (IRandomness);
    function rules() external view returns (IRobustWeights);
    /// @notice What distinguishes this code from that of other tasks.
    function implementationVersion() external pure returns (uint256);

    /// @notice The phase as it is stored: it is over once `until` has passed, and goes on with whoever acts next.
    function standing()
        external
        view
        returns (uint16 round, TaskPhase phase, uint40 until, uint16 revealed, uint16 challenges, uint8 voids);
    /// @notice keccak256 of the points of the last final model, and of what it added to the one before.
    function model() external view returns (bytes32 points, bytes32 difference);
    /// @notice A hash chain over all final rounds: `keccak256(abi.encode(before, round, keccak256(abi.encode(outcome))))`.
    function history() external view returns (bytes32 head, uint16 finals);
    function seed() external view returns (bytes32);
    function finishedAs() external view returns (VersionId);
    function money() external view returns (uint256 pool, uint256 burned);
    function memberCount() external view returns (uint16);
    function memberAt(uint16 index) external view returns (address);
    /// @param isOut Whether it was slashed or struck out.
    function memberOf(address account)
        external
        view
        returns (uint16 index, uint16 since, uint8 strikes, bool isOut, uint256 balance);
    /// @notice Whether it may commit in the present round.
    function isSelected(address account) external view returns (bool);
    /// @notice What it committed to and revealed last: 26 bytes of each hash, and the rounds.
    function wordsOf(address account)
        external
        view
        returns (uint16 committedIn, bytes26 committed, uint16 revealedIn, bytes26 revealed);
    function isValidator(address account) external view returns (bool);
    /// @notice Who aggregated last, and the hash of what it came to; zero if that is final or void.
    function aggregated() external view returns (address aggregator, bytes32 outcome);
    /// @notice Who challenged, until when it can be answered, and whether it was, or lapsed.
    function challengeOf(uint16 round, address account, Contested contested)
        external
        view
        returns (address challenger, uint40 until, bool closed);
    /// @notice What an answerer said before its first piece, and a bit for each piece that it posted.
    function answerOf(uint16 round, address account, Contested contested, address answerer)
        external
        view
        returns (bytes32 digest, uint256 posted);

    /// @notice What is committed to.
    function commitOf(
        uint16 round,
        address account,
        bytes32 points,
        bytes32 proofHash,
        bytes32 contentHash,
        bytes32 salt
    ) external view returns (bytes32);
    /// @notice The EIP-712 digest that a signed commit signs.
    function commitDigest(uint16 round, bytes32 digest) external view returns (bytes32);
    function scoresDigest(uint16 round, address validator, uint32[] calldata scores, bytes32 salt)
        external
        view
        returns (bytes32);
}
