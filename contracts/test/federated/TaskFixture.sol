// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

import {IFederatedTask} from "../../src/interfaces/IFederatedTask.sol";
import {IFederatedTasks} from "../../src/interfaces/IFederatedTasks.sol";
import {Statement} from "../../src/interfaces/IProofVerifier.sol";
import {Kind, Rows, Rule} from "../../src/interfaces/IRobustWeights.sol";
import {
    Aggregation,
    Evidence,
    Outcome,
    Reveal,
    Revealed,
    Scores,
    SignedCommit,
    TaskPhase,
    Terms,
    evidenceOf,
    recordOf
} from "../../src/types/Federated.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {VersionContent} from "../../src/types/Registry.sol";
import {Fixture} from "../Fixture.sol";
import {StatedProofs} from "../mocks/Federated.sol";
import {Coin, StatedRandomness, StatedUptime} from "../mocks/Settlement.sol";
import {vm} from "../Vm.sol";

/// @dev A factory and a task with five participants, whose updates are multiples of the generator that the test knows: sums of
/// points are sums of numbers. Everything but the proof verifier is what is deployed.
abstract contract TaskFixture is Fixture {
    uint256 internal constant ORDER = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;
    uint8 internal constant CHUNK_BITS = 4;
    uint256 internal constant MONEY = 1_000_000;
    uint128 internal constant STAKE = 1000;
    uint128 internal constant BOND = 70;
    uint128 internal constant REWARD = 5000;
    uint128 internal constant FEE = 300;
    uint64 internal constant GUARDIAN = 13;

    address internal sponsor = vm.addr(0xD001);
    address internal aggregator = vm.addr(0xD002);
    address internal guardian = vm.addr(0xD003);
    /// Who gives root updates in tasks that have them.
    address internal root = vm.addr(0xD004);

    /// Of a vector: two, unless a test says something else before it is set up.
    uint256 internal chunks = 2;
    Coin internal coin;
    StatedRandomness internal randomness;
    StatedProofs internal verifier;
    IFederatedTasks internal factory;
    IFederatedTask internal task;
    Terms internal terms;
    bytes internal prefix;
    VersionId internal initial;
    /// The model's scalars, a chunk each, and what the last round added to them.
    uint256[] internal weights;
    uint256[] internal added;
    mapping(address account => uint256[]) internal sums;
    mapping(address account => bytes32) internal records;
    uint256 private salts;

    function setUp() public virtual override {
        super.setUp();
        coin = new Coin();
        randomness = new StatedRandomness();
        verifier = new StatedProofs();
        factory = deployFactory(implementation());
        prefix = abi.encodePacked(
            "averment-commitment/1\n", uint8(1), verifier.setup(), CHUNK_BITS, uint32(3), uint8(4), uint8(3), uint8(1)
        );
        for (uint256 c = 0; c < chunks; ++c) {
            weights.push(1_000_003 + 17 * c);
            added.push(0);
        }
        initial = registered(weights, new VersionId[](0));
        verifier.state(keccak256("updates"), kind("averment-update/1", CHUNK_BITS, 6, 1, chunks, 0));
        for (uint256 halves = 1; halves <= 2; ++halves) {
            uint256 rows = 128 * chunks * halves;
            verifier.state(roundKindOf(halves == 2), kind("averment-round/1", CHUNK_BITS, 6, halves, 2 * chunks, rows));
        }
        terms = defaults();
        task = created();
    }

    function defaults() internal view returns (Terms memory t) {
        (t.version, t.plan) = (initial, keccak256("plan"));
        (t.updateKind, t.roundKind) = (keccak256("updates"), roundKindOf(true));
        (t.bound, t.kind, t.history) = (1 << 20, Kind.Average, true);
        (t.minimum, t.maximum, t.perRound, t.rounds) = (3, 20, 5, 4);
        (t.maximumVoid, t.strikes) = (2, 3);
        (t.idleSeconds, t.selectSeconds, t.commitSeconds, t.revealSeconds) = (1 days, 2 hours, 1 hours, 1 hours);
        (t.checkSeconds, t.answerSeconds, t.aggregateSeconds) = (30 minutes, 2 hours, 1 hours);
        (t.takeoverSeconds, t.scoreSeconds, t.discloseSeconds, t.settleSeconds) =
        (2 hours, 1 hours, 1 hours, 30 minutes);
        (t.stake, t.bond, t.reward, t.fee) = (STAKE, BOND, REWARD, FEE);
        t.aggregator = aggregator;
    }

    function roundKindOf(bool history) internal pure returns (bytes32) {
        return keccak256(abi.encode("rounds", history));
    }

    /// Code of a descriptor, of which there is as much as a factory reads (docs/protocol.md [10.3]).
    function kind(
        bytes32 name,
        uint8 chunkBits,
        uint8 maskBits,
        uint256 publicCount,
        uint256 weightChunks,
        uint256 inputChunks
    ) internal returns (address) {
        bytes memory sizes = abi.encodePacked(uint32(96), chunkBits, uint32(0), maskBits);
        // Small numbers.
        // forge-lint: disable-next-line(unsafe-typecast)
        bytes memory counts = abi.encodePacked(new bytes(18), uint32(publicCount));
        // Small numbers.
        // forge-lint: disable-next-line(unsafe-typecast)
        bytes memory roles = abi.encodePacked(uint16(0), uint16(weightChunks), uint48(0), uint16(inputChunks));
        bytes memory head = bytes.concat(name, sizes, counts, roles, new bytes(20));
        require(head.length == 96, "a head");
        return put(bytes.concat(hex"600b5981380380925939f300", head));
    }

    function implementation() internal returns (address) {
        bytes memory around = abi.encode(coin, registry, verifier, randomness, ruler(), feed(), uint32(1 hours));
        address rounds = put(abi.encodePacked(vm.getCode("FederatedRounds.sol:FederatedRounds"), around));
        address faults = put(abi.encodePacked(vm.getCode("FederatedFaults.sol:FederatedFaults"), around));
        return put(abi.encodePacked(vm.getCode("FederatedTask.sol:FederatedTask"), around, abi.encode(rounds, faults)));
    }

    function deployFactory(address runs) internal returns (IFederatedTasks) {
        address code = put(abi.encodePacked(vm.getCode("FederatedTasks.sol:FederatedTasks"), abi.encode(runs)));
        bytes memory call = abi.encodeWithSignature("initialize(address)", manager);
        return IFederatedTasks(address(new ERC1967Proxy(code, call)));
    }

    function ruler() internal returns (address) {
        return put(vm.getCode("RobustWeights.sol:RobustWeights"));
    }

    /// What says whether the sequencer works: nothing, as on Ethereum.
    function feed() internal view virtual returns (address) {
        return address(0);
    }

    function put(bytes memory code) internal returns (address where) {
        assembly ("memory-safe") {
            where := create(0, add(code, 0x20), mload(code))
        }
        require(where != address(0), "not created");
    }

    /// A registered version of these scalars.
    function registered(uint256[] memory scalars, VersionId[] memory parents) internal returns (VersionId) {
        VersionContent memory content = versionContent(++salts);
        content.weightsCommitment = keccak256(abi.encodePacked(prefix, pointsOf(scalars)));
        (content.planDigest, content.parents) = (keccak256("plan"), parents);
        vm.prank(registrar);
        return registry.registerVersion(modelId, content);
    }

    /// A task of the present terms and model.
    function created() internal returns (IFederatedTask) {
        terms.roundKind = roundKindOf(terms.history);
        coin.mint(sponsor, factory.poolOf(terms));
        vm.startPrank(sponsor);
        coin.approve(address(factory), type(uint256).max);
        address made = factory.create(terms, bytes32(++salts), prefix, pointsOf(weights));
        vm.stopPrank();
        return IFederatedTask(made);
    }

    // People.

    function keyOf(uint256 i) internal pure returns (uint256) {
        return 0x50000 + i;
    }

    /// The i-th participant.
    function member(uint256 i) internal pure returns (address) {
        return vm.addr(keyOf(i));
    }

    function fund(address account) internal {
        coin.mint(account, MONEY);
        vm.prank(account);
        coin.approve(address(task), type(uint256).max);
    }

    function joins(uint256 count) internal {
        for (uint256 i = 0; i < count; ++i) {
            fund(member(i));
            vm.prank(member(i));
            task.join("");
        }
    }

    // Points.

    function point(uint256 scalar) internal view returns (bytes memory result) {
        bytes memory input = abi.encode(uint256(1), uint256(2), scalar % ORDER);
        result = new bytes(64);
        bool done;
        assembly ("memory-safe") {
            done := staticcall(gas(), 7, add(input, 0x20), 0x60, add(result, 0x20), 0x40)
        }
        require(done, "no point");
    }

    function pointsOf(uint256[] memory scalars) internal view returns (bytes memory result) {
        for (uint256 c = 0; c < scalars.length; ++c) {
            result = bytes.concat(result, point(scalars[c]));
        }
    }

    // A round.

    function round() internal view returns (uint16 number) {
        (number,,,,,) = task.standing();
    }

    function phase() internal view returns (TaskPhase now_) {
        (, now_,,,,) = task.standing();
    }

    /// To the second after the present phase.
    function pass() internal {
        (,, uint40 until,,,) = task.standing();
        vm.warp(until + 1);
    }

    /// What a participant trained: a scalar for each chunk.
    function updateOf(address account) internal view virtual returns (uint256[] memory scalars) {
        scalars = new uint256[](chunks);
        for (uint256 c = 0; c < chunks; ++c) {
            scalars[c] = uint256(keccak256(abi.encode(task, round(), account, c))) % 1_000_000;
        }
    }

    function proofOf(address account) internal view virtual returns (bytes memory) {
        Statement memory statement = stated(account);
        bytes memory points = pointsOf(updateOf(account));
        statement.weights = keccak256(abi.encodePacked(prefix, points));
        statement.publicValues = new int64[](1);
        statement.publicValues[0] = int64(int256(uint256(terms.bound) * terms.bound));
        return abi.encode(keccak256(abi.encode(terms.updateKind, statement, points)));
    }

    function stated(address beneficiary) internal view returns (Statement memory statement) {
        (statement.consumer, statement.request) = (address(task), bytes32(uint256(round())));
        (statement.beneficiary, statement.version) = (beneficiary, VersionId.unwrap(terms.version));
        (statement.plan, statement.zeroKnowledge) = (terms.plan, true);
        statement.terms = keccak256(abi.encode(terms));
    }

    function contentOf(address account) internal view returns (bytes32) {
        return keccak256(abi.encode("package", round(), account));
    }

    function revealOf(address account) internal view returns (Reveal memory said) {
        (said.account, said.salt) = (account, keccak256("salt"));
        (said.proofHash, said.contentHash) = (keccak256(proofOf(account)), contentOf(account));
        said.points = pointsOf(updateOf(account));
        if (terms.history && sums[account].length != 0) {
            (said.last, said.cumulative) = (records[account], pointsOf(sums[account]));
        }
    }

    /// What shows an account's proof of this round.
    function shown(address account) internal view returns (Evidence memory made) {
        Reveal memory said = revealOf(account);
        made.account = account;
        (made.revealed.points, made.revealed.proofHash) = (said.points, said.proofHash);
        (made.revealed.contentHash, made.prefix) = (said.contentHash, prefix);
        if (sums[account].length != 0) made.revealed.cumulative = keccak256(pointsOf(sums[account]));
        made.proof = proofOf(account);
    }

    function digestOf(Reveal memory said) internal view returns (bytes32) {
        bytes32 points = keccak256(said.points);
        return task.commitOf(round(), said.account, points, said.proofHash, said.contentHash, said.salt);
    }

    function commits(address account) internal {
        bytes32 digest = digestOf(revealOf(account));
        vm.prank(account);
        task.commit(digest);
    }

    function signedCommit(uint256 key, bytes32 digest) internal view returns (SignedCommit memory) {
        bytes memory signature = signed(key, task.commitDigest(round(), digest));
        return SignedCommit({account: vm.addr(key), digest: digest, signature: signature});
    }

    /// The first `count` join, take part and reveal; challenges are possible.
    function reachesChecks(uint256 count) internal {
        joins(count);
        reveals(count);
    }

    /// Opens a round in which all of these reveal; challenges are possible.
    function reveals(uint256 count) internal {
        task.open();
        for (uint256 i = 0; i < count; ++i) {
            commits(member(i));
        }
        if (terms.root != address(0)) commits(root);
        pass();
        for (uint256 i = 0; i < count; ++i) {
            reveals(member(i));
        }
        if (terms.root != address(0)) reveals(root);
        pass();
        task.advance();
    }

    /// Reveals, and remembers what the next reveal has to show.
    function reveals(address account) internal {
        Reveal[] memory said = new Reveal[](1);
        said[0] = revealOf(account);
        vm.prank(account);
        task.reveal(said);
        remember(said[0]);
    }

    function remember(Reveal memory said) internal {
        uint256[] memory update = updateOf(said.account);
        uint256[] storage sum = sums[said.account];
        for (uint256 c = 0; c < chunks; ++c) {
            if (sum.length == c) sum.push(update[c]);
            else sum[c] += update[c];
        }
        records[said.account] = recordOf(keccak256(said.points), evidenceOf(said.proofHash, said.contentHash));
    }

    function evidence(address account) internal view returns (bytes32) {
        return evidenceOf(keccak256(proofOf(account)), contentOf(account));
    }

    /// Opens a round in which all of these reveal, up to when it is aggregated.
    function trains(uint256 count) internal {
        reveals(count);
        pass();
        task.advance();
    }

    /// These, ascending.
    function ascending(uint256 count) internal pure returns (address[] memory accounts) {
        accounts = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            address account = member(i);
            uint256 k = i;
            for (; k > 0 && accounts[k - 1] > account; --k) {
                accounts[k] = accounts[k - 1];
            }
            accounts[k] = account;
        }
    }

    /// How many references half A has behind its updates.
    function references() internal view returns (uint256) {
        return terms.root == address(0) ? 1 : 2;
    }

    function aboutOf(uint256 n) internal view returns (Rows memory rows) {
        // Small numbers.
        // forge-lint: disable-next-line(unsafe-typecast)
        (rows.updates, rows.previous, rows.root) = (uint16(n), true, terms.root != address(0));
        uint256 square = uint256(terms.bound) * terms.bound;
        // Small numbers.
        // forge-lint: disable-next-line(unsafe-typecast)
        (rows.history, rows.square) = (terms.history, uint64(square));
        // Small numbers.
        // forge-lint: disable-next-line(unsafe-typecast)
        rows.historySquare = uint64(square * terms.rounds * terms.rounds);
    }

    function ruleOf() internal view returns (Rule memory rule) {
        (rule.kind, rule.faults, rule.clip, rule.mix) = (terms.kind, terms.faults, terms.clip, terms.mix);
        (rule.norm, rule.radius) = (terms.norm, terms.radius);
    }

    /// What each row of half A weighs.
    function weightsFor(uint256 n) internal view returns (uint256[] memory) {
        return task.rules().weigh(ruleOf(), aboutOf(n), matrixFor(n));
    }

    /// The scalars of the weighted sum of these updates, and of what the rule draws to, rounded down, and what is left.
    function summed(address[] memory accounts) internal view returns (uint256[] memory next, uint256[] memory rest) {
        (next, rest) = (new uint256[](chunks), new uint256[](chunks));
        uint256 n = accounts.length;
        uint256[] memory rowWeights = weightsFor(n);
        for (uint256 i = 0; i < rowWeights.length; ++i) {
            if (rowWeights[i] == 0) continue;
            uint256[] memory row = i == n ? added : updateOf(i < n ? accounts[i] : terms.root);
            for (uint256 c = 0; c < chunks; ++c) {
                next[c] += rowWeights[i] * row[c];
            }
        }
        for (uint256 c = 0; c < chunks; ++c) {
            (next[c], rest[c]) = (weights[c] + (next[c] >> 16), next[c] & 0xffff);
        }
    }

    function aggregationOf(address[] memory accounts) internal view returns (Aggregation memory made) {
        (uint256[] memory next, uint256[] memory rest) = summed(accounts);
        uint256 n = accounts.length;
        (made.accounts, made.model) = (accounts, pointsOf(weights));
        made.evidence = new bytes32[](n + references() - 1);
        made.points = bytes.concat(pointsOf(next), pointsOf(rest));
        for (uint256 i = 0; i < n; ++i) {
            made.evidence[i] = evidence(accounts[i]);
            made.points = bytes.concat(made.points, pointsOf(updateOf(accounts[i])));
        }
        made.points = bytes.concat(made.points, pointsOf(added));
        if (terms.root != address(0)) {
            made.evidence[n] = evidence(terms.root);
            made.points = bytes.concat(made.points, pointsOf(updateOf(terms.root)));
            if (terms.history) made.rootCumulative = pointsOf(sums[terms.root]);
        }
        if (terms.history) {
            for (uint256 i = 0; i < n; ++i) {
                made.points = bytes.concat(made.points, pointsOf(sums[accounts[i]]));
            }
        }
        made.matrix = matrixFor(n);
        (made.weights, made.inputs) = (keccak256("weights"), keccak256("rows"));
        made.contentHash = keccak256("model");
    }

    /// An inner product of half A, of n updates, of what the last round added, and of the root; or of half B.
    /// Updates go much the same way, each with a part of its own; what the last round added is at right angles to all, or nothing.
    function entryOf(bool, uint256 n, uint256 i, uint256 j) internal view virtual returns (int64) {
        if (j == n || i == n) return 0;
        return i == j ? int64(10_000) : int64(6_000);
    }

    function matrixFor(uint256 n) internal view virtual returns (bytes memory matrix) {
        matrix = triangleOf(false, n, n + references());
        if (terms.history) matrix = bytes.concat(matrix, triangleOf(true, n, n));
    }

    function triangleOf(bool cumulative, uint256 n, uint256 rows)
        internal
        view
        virtual
        returns (bytes memory triangle)
    {
        triangle = new bytes(4 * rows * (rows + 1));
        uint256 place = 0;
        for (uint256 i = 0; i < rows; ++i) {
            for (uint256 j = i; j < rows; ++j) {
                int64 entry = entryOf(cumulative, n, i, j);
                // As it is written; what it overwrites behind itself comes after it.
                assembly ("memory-safe") {
                    let at := add(add(triangle, 0x20), place)
                    mstore(at, or(shl(192, entry), shr(64, shl(64, mload(at)))))
                }
                place += 8;
            }
        }
    }

    /// With the proof of what it says, by this aggregator.
    function provenBy(address by, Aggregation memory made) internal view returns (Aggregation memory) {
        uint256 n = made.accounts.length;
        Statement memory statement = stated(by);
        (statement.weights, statement.inputs) = (made.weights, made.inputs);
        uint256 rows = n + references();
        statement.items = uint32(terms.history ? rows + n : rows);
        uint256 head = terms.history ? 2 : 1;
        statement.publicValues = new int64[](head + made.matrix.length / 8);
        for (uint256 i = 0; i < head; ++i) {
            statement.publicValues[i] = int64(int256(i == 0 ? rows : n));
        }
        for (uint256 i = 0; i < made.matrix.length / 8; ++i) {
            uint64 entry = 0;
            for (uint256 k = 0; k < 8; ++k) {
                entry = entry << 8 | uint8(made.matrix[8 * i + k]);
            }
            // As it is written.
            // forge-lint: disable-next-line(unsafe-typecast)
            statement.publicValues[head + i] = int64(entry);
        }
        made.proof = abi.encode(keccak256(abi.encode(terms.roundKind, statement, made.points)));
        return made;
    }

    function outcomeOf(Aggregation memory made) internal view returns (Outcome memory outcome) {
        (uint256[] memory next,) = summed(made.accounts);
        uint256[] memory step = new uint256[](chunks);
        for (uint256 c = 0; c < chunks; ++c) {
            step[c] = next[c] - weights[c];
        }
        (outcome.model, outcome.difference) = (keccak256(pointsOf(next)), keccak256(pointsOf(step)));
        (outcome.accounts, outcome.matrix) = (made.accounts, keccak256(made.matrix));
    }

    /// Aggregates what the first `count` revealed.
    function aggregates(uint256 count) internal returns (Outcome memory outcome) {
        Aggregation memory made = provenBy(aggregator, aggregationOf(ascending(count)));
        vm.prank(aggregator);
        task.aggregate(made);
        return outcomeOf(made);
    }

    /// Rates an outcome; gives the qualities that the event says.
    function rates(Outcome memory outcome) internal returns (uint256[] memory) {
        bytes memory matrix = matrixFor(outcome.accounts.length);
        vm.recordLogs();
        task.rate(outcome, matrix);
        return abi.decode(vm.getRecordedLogs()[0].data, (uint256[]));
    }

    /// Ends the round of an outcome that nobody scored.
    function settles(Outcome memory outcome) internal {
        uint256[] memory qualities = rates(outcome);
        pass();
        task.settle(outcome, qualities, new Scores[](0));
        adopt(outcome);
    }

    /// What the outcome made is the model now.
    function adopt(Outcome memory outcome) internal {
        (uint256[] memory next,) = summed(outcome.accounts);
        delete added;
        for (uint256 c = 0; c < chunks; ++c) {
            added.push(next[c] - weights[c]);
            weights[c] = next[c];
        }
    }

    function balance(address account) internal view returns (uint256 amount) {
        (,,,, amount) = task.memberOf(account);
    }
}
