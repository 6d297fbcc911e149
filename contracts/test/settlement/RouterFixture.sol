// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

import {ICommittees} from "../../src/interfaces/ICommittees.sol";
import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {IOracleStaking} from "../../src/interfaces/IOracleStaking.sol";
import {IProofVerifier, Statement} from "../../src/interfaces/IProofVerifier.sol";
import {IWeightsCertificates} from "../../src/interfaces/IWeightsCertificates.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {VersionContent} from "../../src/types/Registry.sol";
import {Answer, Mode, Offer, Phase, Proof, Quorum, Request, RequestId} from "../../src/types/Settlement.sol";
import {Fixture} from "../Fixture.sol";
import {
    Coin,
    Consumer,
    StatedCertificates,
    StatedRandomness,
    StatedUptime,
    StatedVerifier
} from "../mocks/Settlement.sol";
import {vm} from "../Vm.sol";

/// @dev A router with one offer of one deployed version, a consumer, and accounts with money.
abstract contract RouterFixture is Fixture {
    uint256 internal constant MONEY = 1_000_000;
    /// Of the router's storage, whose first member are requests, the third balances.
    bytes32 internal constant ROUTER_NAMESPACE = 0xb4278eb3ac7c25d0933706b644c471991bec1e1142d1faed98491fcb19669200;
    uint128 internal constant SEAT_BOND = 5000;
    uint128 internal constant FEE = 10;
    uint128 internal constant BOND = 1001;
    uint128 internal constant CHALLENGE_BOND = 50;
    uint32 internal constant WINDOW = 1 hours;
    uint32 internal constant PROOF_SECONDS = 2 hours;
    uint32 internal constant CALLBACK_GAS = 60_000;
    uint32 internal constant UNBONDING = 14 days;
    uint32 internal constant GRACE = 1 hours;

    address internal answerer = vm.addr(0xC001);
    address internal challenger = vm.addr(0xC002);
    address internal prover = vm.addr(0xC003);

    Coin internal coin;
    IOracleStaking internal staking;
    ICommittees internal committees;
    StatedRandomness internal randomness;
    StatedUptime internal uptime;
    IInferenceRouter internal router;
    Consumer internal consumer;
    IProofVerifier internal verifier;
    IWeightsCertificates internal certificates;
    VersionId internal version;
    Offer internal offered;
    uint256 private salts;

    function setUp() public virtual override {
        super.setUp();
        if (address(coin) == address(0)) coin = new Coin();
        randomness = new StatedRandomness();
        uptime = new StatedUptime();
        verifier = IProofVerifier(address(new StatedVerifier()));
        certificates = IWeightsCertificates(address(new StatedCertificates(verifier)));
        // Each knows the other: the router's proxy comes second, its implementation between them.
        address routerAt = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 3);
        staking =
            IOracleStaking(behindProxy(stakingCode(routerAt), abi.encodeWithSignature("initialize(address)", manager)));
        committees = ICommittees(address(staking));
        router = IInferenceRouter(
            behindProxy(routerCode(), abi.encodeWithSignature("initialize(address,address)", manager, certificates))
        );
        consumer = new Consumer(router);
        version = deployedWith(1);
        offered = offerOf(version);
        vm.prank(owner);
        router.offer(offered);
        address[4] memory rich = [address(consumer), answerer, challenger, prover];
        for (uint256 i = 0; i < rich.length; ++i) {
            fund(rich[i]);
        }
    }

    /// Deploys a proxy of what `code` creates, governed by the manager.
    function behindProxy(bytes memory code, bytes memory initialize) private returns (address) {
        return address(new ERC1967Proxy(created(code), initialize));
    }

    function stakingCode(address routerAt) internal view returns (bytes memory) {
        return abi.encodePacked(vm.getCode("OracleStaking.sol:OracleStaking"), stakingArguments(routerAt));
    }

    function stakingArguments(address routerAt) internal view returns (bytes memory) {
        return abi.encode(coin, routerAt, SEAT_BOND, UNBONDING, feed(), GRACE);
    }

    function routerCode() internal view returns (bytes memory) {
        return abi.encodePacked(vm.getCode("InferenceRouter.sol:InferenceRouter"), routerArguments());
    }

    function routerArguments() internal view returns (bytes memory) {
        return abi.encode(registry, coin, staking, randomness, feed(), GRACE);
    }

    /// What says whether the sequencer works: nothing, as on Ethereum.
    function feed() internal view virtual returns (address) {
        return address(0);
    }

    function created(bytes memory code) internal returns (address where) {
        assembly ("memory-safe") {
            where := create(0, add(code, 0x20), mload(code))
        }
        require(where != address(0), "not created");
    }

    function fund(address account) internal {
        coin.mint(account, MONEY);
        vm.startPrank(account);
        coin.approve(address(router), MONEY);
        router.deposit(MONEY);
        vm.stopPrank();
    }

    function provable(uint256 seed) internal pure returns (VersionContent memory content) {
        content = versionContent(seed);
        content.weightsCommitment = keccak256(abi.encode("weights", seed));
        content.planDigest = keccak256(abi.encode("plan", seed));
    }

    /// A deployed version that has weights and a plan.
    function deployedWith(uint256 seed) internal returns (VersionId versionId) {
        vm.prank(registrar);
        versionId = registry.registerVersion(modelId, provable(seed));
        submit(approvalOf(versionId, RISK), RISK_KEY);
        submit(approvalOf(versionId, LEGAL), LEGAL_KEY);
        vm.prank(owner);
        registry.deploy(versionId, "ward");
    }

    function offerOf(VersionId versionId) internal view returns (Offer memory) {
        VersionContent memory content = registry.content(versionId);
        return Offer({
            version: versionId,
            weights: content.weightsCommitment,
            plan: content.planDigest,
            schema: keccak256("schema"),
            terms: keccak256("terms"),
            verifier: verifier,
            descriptor: keccak256("descriptor"),
            certificate: keccak256("certificate"),
            zeroKnowledge: true,
            modes: 7,
            modesForPersons: 1,
            proofSeconds: PROOF_SECONDS,
            challengeBond: CHALLENGE_BOND,
            quorum: Quorum({members: 5, threshold: 3, commitSeconds: 600, revealSeconds: 600, tolerance: 0})
        });
    }

    /// A request that differs from every other one.
    function requestFor(Mode mode) internal returns (Request memory) {
        return Request({
            version: version,
            offer: router.offerIdOf(offered),
            inputs: keccak256("inputs"),
            items: 1,
            seed: 0,
            salt: bytes32(++salts),
            mode: mode,
            personal: false,
            proofAbove: type(uint128).max,
            valueAtRisk: BOND,
            fee: FEE,
            bond: BOND,
            deadline: uint40(block.timestamp + 1 days),
            window: WINDOW,
            callbackGas: CALLBACK_GAS,
            publicInputs: new int64[](0)
        });
    }

    function ask(Request memory asked) internal returns (RequestId) {
        vm.prank(address(consumer));
        return router.request(asked);
    }

    function give(Request memory asked, int64 output) internal returns (Answer memory) {
        vm.prank(answerer);
        router.answer(address(consumer), asked, one(output));
        return Answer({answerer: answerer, challenger: address(0), outputs: one(output)});
    }

    function accuse(Request memory asked, Answer memory given) internal returns (Answer memory) {
        vm.prank(challenger);
        router.challenge(address(consumer), asked, offered, given);
        return Answer({answerer: given.answerer, challenger: challenger, outputs: given.outputs});
    }

    function finalise(Request memory asked, Answer memory given) internal {
        router.finalise(address(consumer), asked, given);
    }

    /// What proves, to the verifier of these tests, that `output` answers the request, for whoever `sender` is.
    function proofOf(Request memory asked, int64 output, address sender) internal view returns (Proof memory) {
        return proofOf(asked, one(output), sender);
    }

    function proofOf(Request memory asked, int64[] memory outputs, address sender)
        internal
        view
        returns (Proof memory proof)
    {
        proof.points = "points";
        RequestId id = router.requestIdOf(address(consumer), asked);
        Statement memory statement = statementOf(id, asked, outputs, sender);
        proof.proof = abi.encodePacked(keccak256(abi.encode(offered.descriptor, statement, proof.points)));
    }

    function statementOf(RequestId id, Request memory asked, int64[] memory outputs, address sender)
        internal
        view
        returns (Statement memory)
    {
        uint256 inputs = asked.publicInputs.length;
        int64[] memory values = new int64[](inputs + outputs.length);
        for (uint256 i = 0; i < inputs; ++i) {
            values[i] = asked.publicInputs[i];
        }
        for (uint256 i = 0; i < outputs.length; ++i) {
            values[inputs + i] = outputs[i];
        }
        return Statement({
            consumer: address(router),
            request: RequestId.unwrap(id),
            beneficiary: sender,
            version: VersionId.unwrap(asked.version),
            weights: offered.weights,
            plan: offered.plan,
            schema: offered.schema,
            inputs: asked.inputs,
            items: asked.items,
            publicValues: values,
            seed: asked.seed,
            zeroKnowledge: true,
            terms: offered.terms
        });
    }

    function proveBy(address sender, Request memory asked, Answer memory contested, int64 output) internal {
        Proof memory proof = proofOf(asked, output, sender);
        vm.prank(sender);
        router.prove(address(consumer), asked, offered, contested, one(output), proof);
    }

    function none() internal pure returns (Answer memory) {
        return Answer({answerer: address(0), challenger: address(0), outputs: new int64[](0)});
    }

    function one(int64 value) internal pure returns (int64[] memory values) {
        values = new int64[](1);
        values[0] = value;
    }

    function assertPhase(RequestId id, Phase expected) internal view {
        (Phase phase,) = router.standingOf(id);
        vm.assertEq(uint256(phase), uint256(expected), "phase");
    }

    /// Balances that differ from what everybody had at first.
    function assertGains(int256 ofConsumer, int256 ofAnswerer, int256 ofChallenger, int256 ofProver) internal view {
        vm.assertEq(gainOf(address(consumer)), ofConsumer, "consumer");
        vm.assertEq(gainOf(answerer), ofAnswerer, "answerer");
        vm.assertEq(gainOf(challenger), ofChallenger, "challenger");
        vm.assertEq(gainOf(prover), ofProver, "prover");
    }

    function gainOf(address account) internal view returns (int256) {
        // Test money is far below the limit.
        // forge-lint: disable-next-line(unsafe-typecast)
        return int256(router.balanceOf(account)) - int256(MONEY);
    }
}
