//! Bindings from the committed artifacts, creation code included: running needs no Node and no source tree.
#![allow(missing_docs, clippy::all, reason = "generated; documented in the Solidity interfaces")]

alloy::sol! {
    #[sol(rpc, all_derives)]
    ModelRegistry,
    "../../contracts/artifacts/ModelRegistry.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    Anchors,
    "../../contracts/artifacts/Anchors.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    Stewardship,
    "../../contracts/artifacts/Stewardship.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    ProofVerifier,
    "../../contracts/artifacts/ProofVerifier.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    Descriptors,
    "../../contracts/artifacts/Descriptors.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    WeightsCertificates,
    "../../contracts/artifacts/WeightsCertificates.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    InferenceRouter,
    "../../contracts/artifacts/InferenceRouter.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    OracleStaking,
    "../../contracts/artifacts/OracleStaking.json"
}

alloy::sol! {
    #[sol(all_derives)]
    RouterOffers,
    "../../contracts/artifacts/RouterOffers.json"
}

alloy::sol! {
    #[sol(all_derives)]
    OracleOperators,
    "../../contracts/artifacts/OracleOperators.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    BlockRandomness,
    "../../contracts/artifacts/BlockRandomness.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    DrandRandomness,
    "../../contracts/artifacts/DrandRandomness.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    DevelopmentToken,
    "../../contracts/artifacts/DevelopmentToken.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    ClaimsPool,
    "../../contracts/artifacts/ClaimsPool.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    AccessManager,
    "../../contracts/artifacts/AccessManager.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    ERC1967Proxy,
    "../../contracts/artifacts/ERC1967Proxy.json"
}

// Of federated tasks the interface is written out: the contracts' terms are one flat struct of more members than tuples have here, so
// they are nested here, which is encoded alike. Calls and events that name the terms have their selectors in `federated`; a
// test holds all of them against the artifacts.
alloy::sol! {
    #[sol(rpc, all_derives)]
    interface FederatedTask {
struct TaskRule { uint8 kind; uint8 faults; bool clip; bool mix; uint64 norm; uint64 radius; bool history; }
struct TaskSize { uint16 minimum; uint16 maximum; uint16 perRound; uint16 rounds; uint8 maximumVoid; uint8 strikes; }
struct TaskTimes { uint32 idle; uint32 select; uint32 commit; uint32 reveal; uint32 check; uint32 answer; uint32 aggregate; uint32 takeover; uint32 score; uint32 disclose; uint32 settle; }
struct TaskMoney { uint128 stake; uint128 bond; uint128 reward; uint128 fee; uint128 validatorFee; uint128 validatorStake; }
struct Terms { bytes32 version; bytes32 plan; bytes32 updateKind; bytes32 roundKind; uint32 bound; TaskRule rule; TaskSize size; TaskTimes times; TaskMoney money; uint8 validators; address aggregator; address root; address gate; uint8 privacy; }
struct SignedCommit {
    address account;
    bytes32 digest;
    bytes signature;
}
struct Reveal {
    address account;
    bytes32 salt;
    bytes32 proofHash;
    bytes32 contentHash;
    bytes points;
    bytes32 last;
    bytes cumulative;
}
struct Revealed {
    bytes points;
    bytes32 cumulative;
    bytes32 proofHash;
    bytes32 contentHash;
}
struct Aggregation {
    address[] accounts;
    bytes32[] evidence;
    bytes points;
    bytes model;
    bytes rootCumulative;
    bytes matrix;
    bytes32 weights;
    bytes32 inputs;
    bytes proof;
    bytes32 contentHash;
}
struct Outcome {
    bytes32 model;
    bytes32 difference;
    bytes32 matrix;
    address[] accounts;
}
struct Scores {
    address validator;
    uint32[] scores;
}
struct Posting {
    bytes32[] pieces;
    uint32 perChunk;
    uint32 cells;
    uint8 width;
    uint256[] blinds;
}
struct Evidence {
    address account;
    Revealed revealed;
    bytes prefix;
    bytes proof;
}
    event AnswerBegun(uint16 indexed round, address indexed account, uint8 indexed contested, address answerer, Posting posting);
    event PiecePosted(uint16 indexed round, address indexed account, uint8 indexed contested, address answerer, uint256 index, bytes cells);
    error ZeroAddress();
    error OtherSurroundings();
    error NotATask();
    error WrongPhase(uint8 expected, uint8 got);
    error TooLate(uint40 until);
    error TooEarly(uint40 until);
    error WrongRound(uint16 expected, uint16 got);
    error NotAMember(address account);
    error AlreadyMember(address account);
    error PutOut(address account);
    error NotAdmitted(address account);
    error IdentityTaken(bytes32 identity, address account);
    error Full(uint16 maximum);
    error JoiningPaused(uint64 until);
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
    error OtherLength(uint256 expected, uint256 got);
    error BadPoint(uint256 chunk);
    error OtherReveal(address account);
    error NothingRevealed(address account);
    error NotAscending(address account);
    error NotTheAggregator(address expected, address got);
    error ChallengesOpen(uint16 open);
    error OtherModel();
    error EquationFails(uint256 chunk);
    error NotProved();
    error ProofHolds();
    error OtherBytes(bytes32 expected, bytes32 got);
    error NotTheOutcome();
    error NotRated();
    error AlreadyChallenged(address account, uint8 contested);
    error NotChallenged(address account, uint8 contested);
    error NotOpened(uint256 chunk);
    error NoEquivocation();
    error NothingToStrike(address account);
    error RoundStands();
    error NotTheSponsor(address expected, address got);
    error OtherVersion(bytes32 version);
    error AlreadyFinished(bytes32 version);
    error TooLong(uint256 max, uint256 got);
    error Insufficient(uint256 balance, uint256 amount);
    error NotEnoughGas();
    function initialize(bytes32 model, bytes32 difference, uint128 pool) external;
    function join(bytes calldata evidence) external;
    function joinAsValidator(bytes calldata evidence) external;
    function quit() external;
    function announce(bytes32 key, string calldata endpoint) external;
    function withdraw(address to, uint256 amount) external;
    function open() external;
    function draw() external;
    function advance() external;
    function commit(bytes32 digest) external;
    function commitSigned(SignedCommit[] calldata commits) external;
    function reveal(Reveal[] calldata reveals) external;
    function aggregate(Aggregation calldata aggregation) external;
    function commitScores(bytes32 digest) external;
    function discloseScores(Outcome calldata outcome, uint32[] calldata scores, bytes32 salt) external;
    function rate(Outcome calldata outcome, bytes calldata matrix) external;
    function settle(Outcome calldata outcome, uint256[] calldata qualities, Scores[] calldata scored) external;
    function strike(address[] calldata accounts) external;
    function challenge(address account, uint8 contested) external;
    function answerProof(Evidence calldata evidence) external;
    function beginAnswer(address account, uint8 contested, Posting calldata posting) external;
    function postPiece(
        address account,
        uint8 contested,
        Posting calldata posting,
        uint256 index,
        bytes calldata cells
    ) external;
    function endAnswer(
        address account,
        uint8 contested,
        Posting calldata posting,
        bytes calldata points,
        bytes32[2] calldata rest,
        bytes calldata quotients
    ) external;
    function lapse(uint16 round, address account, uint8 contested) external;
    function accuse(Evidence calldata evidence) external;
    function equivocated(SignedCommit calldata one, SignedCommit calldata other) external;
    function finish(bytes32 version, bytes calldata prefix, bytes calldata points) external;
    function termsDigest() external view returns (bytes32);
    function sponsor() external view returns (address);
    function factory() external view returns (address);
    function chunks() external view returns (uint256);
    function prefixHash() external view returns (bytes32);
    function token() external view returns (address);
    function registry() external view returns (address);
    function verifier() external view returns (address);
    function randomness() external view returns (address);
    function rules() external view returns (address);
    function implementationVersion() external pure returns (uint256);
    function standing()
        external
        view
        returns (uint16 round, uint8 phase, uint40 until, uint16 revealed, uint16 challenges, uint8 voids);
    function model() external view returns (bytes32 points, bytes32 difference);
    function history() external view returns (bytes32 head, uint16 finals);
    function seed() external view returns (bytes32);
    function finishedAs() external view returns (bytes32);
    function money() external view returns (uint256 pool, uint256 burned);
    function memberCount() external view returns (uint16);
    function memberAt(uint16 index) external view returns (address);
    function memberOf(address account)
        external
        view
        returns (uint16 index, uint16 since, uint8 strikes, bool isOut, uint256 balance);
    function isSelected(address account) external view returns (bool);
    function wordsOf(address account)
        external
        view
        returns (uint16 committedIn, bytes26 committed, uint16 revealedIn, bytes26 revealed);
    function isValidator(address account) external view returns (bool);
    function aggregated() external view returns (address aggregator, bytes32 outcome);
    function challengeOf(uint16 round, address account, uint8 contested)
        external
        view
        returns (address challenger, uint40 until, bool closed);
    function answerOf(uint16 round, address account, uint8 contested, address answerer)
        external
        view
        returns (bytes32 digest, uint256 posted);
    function commitOf(
        uint16 round,
        address account,
        bytes32 points,
        bytes32 proofHash,
        bytes32 contentHash,
        bytes32 salt
    ) external view returns (bytes32);
    function commitDigest(uint16 round, bytes32 digest) external view returns (bytes32);
    function scoresDigest(uint16 round, address validator, uint32[] calldata scores, bytes32 salt)
        external
        view
        returns (bytes32);
 function multicall(bytes[] calldata data) external;
}
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    interface FederatedTasks {
    event TaskFinished(address indexed task, bytes32 indexed version);
    error ZeroAddress();
    error NotUsable(bytes32 version, uint8 stage);
    error OtherPlan(bytes32 expected, bytes32 got);
    error OtherWeights(bytes32 expected, bytes32 got);
    error BadPrefix();
    error UnknownKind(bytes32 descriptor);
    error OtherKind(bytes32 descriptor, string what, uint256 expected, uint256 got);
    error OutOfRange(string what, uint256 min, uint256 max, uint256 got);
    error RootNeeded(bool needed);
    error UnknownPrivacy(uint8 mode);
    error NotATask(address account);
    error AlreadyProvenance(bytes32 version, address task);
    function finished(bytes32 version) external;
    function isTask(address account) external view returns (bool);
    function provenanceOf(bytes32 version) external view returns (address task);
    function implementation() external view returns (address);
    function token() external view returns (address);
    function registry() external view returns (address);
    function verifier() external view returns (address);
}
}

/// The structs that several contracts take are one type each in Solidity, and one for each contract here.
macro_rules! same {
    ($name:ident: $from:ident => $($to:ident),*; $fields:tt) => {
        $(same!(@ $name $from $to $fields);)*
    };
    (@ $name:ident $from:ident $to:ident { $($field:ident),* }) => {
        impl From<$from::$name> for $to::$name {
            fn from(own: $from::$name) -> Self {
                let $from::$name { $($field),* } = own;
                Self { $($field),* }
            }
        }
    };
}

same!(Request: InferenceRouter => OracleStaking, ClaimsPool; {
    version, offer, inputs, items, seed, salt, mode, personal, proofAbove, valueAtRisk, fee, bond, deadline, window,
    callbackGas, publicInputs
});
same!(Committee: OracleStaking => InferenceRouter; { threshold, commitUntil, revealUntil, tolerance, members });
