// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

import {IClaimsPool} from "../../src/interfaces/IClaimsPool.sol";
import {IPauses} from "../../src/interfaces/IPauses.sol";
import {Statement} from "../../src/interfaces/IProofVerifier.sol";
import {
    Claim,
    ClaimStage,
    Filing,
    Intake,
    PolicyId,
    PolicyState,
    Product,
    Routine,
    Times
} from "../../src/types/Claims.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {Answer, Mode, Proof, Request, RequestId} from "../../src/types/Settlement.sol";
import {RouterFixture} from "../settlement/RouterFixture.sol";
import {vm} from "../Vm.sol";

/// @dev A pool with capital, a product and a routine for each mode, an intake, and people with their roles. Claims are settled
/// through the router; what a proof is, `StatedVerifier` says.
abstract contract PoolFixture is RouterFixture {
    uint256 internal constant INTAKE_KEY = 0xF001;
    uint64 internal constant INSURER = 11;
    uint64 internal constant REVIEWER = 12;
    uint64 internal constant GUARDIAN = 13;
    uint128 internal constant PREMIUM = 100;
    uint128 internal constant PAYOUT = 1000;
    uint128 internal constant CLAIM_FEE = 3;
    uint16 internal constant BATCH = 4;
    uint32 internal constant TERM = 365 days;
    uint32 internal constant GRACE_TO_FILE = 30 days;
    uint32 internal constant CADENCE = 1 days;
    uint32 internal constant FILING = 6 hours;
    uint32 internal constant PATIENCE = 3 days;
    uint32 internal constant APPEAL = 14 days;
    uint32 internal constant REVIEW = 21 days;
    uint32 internal constant ANSWER_SECONDS = 2 days;

    address internal insurer = vm.addr(0xF002);
    address internal reviewer = vm.addr(0xF003);
    address internal guardian = vm.addr(0xF004);
    address internal broker = vm.addr(0xF005);
    address internal intake = vm.addr(INTAKE_KEY);

    IClaimsPool internal pool;
    /// The product, and the routine, whose claims are settled in a mode.
    mapping(Mode => uint16) internal products;
    mapping(Mode => uint16) internal routines;
    uint256 private policies;
    uint256 private photos;

    function setUp() public virtual override {
        super.setUp();
        pool = deployPool();
        govern();
        coin.mint(insurer, MONEY);
        coin.mint(broker, MONEY);
        vm.prank(broker);
        coin.approve(address(pool), MONEY);
        vm.startPrank(insurer);
        coin.approve(address(pool), MONEY);
        pool.addCapital(100_000);
        pool.fundRouter(10_000);
        pool.setIntake(intake, true);
        for (uint8 mode = 0; mode <= uint8(type(Mode).max); ++mode) {
            routines[Mode(mode)] = pool.addRoutine(routineFor(Mode(mode)));
            products[Mode(mode)] = pool.addProduct(
                Product({
                    premium: PREMIUM, payout: PAYOUT, term: TERM, filing: GRACE_TO_FILE, routine: routines[Mode(mode)]
                })
            );
        }
        vm.stopPrank();
        nextPeriod();
    }

    function deployPool() internal virtual returns (IClaimsPool) {
        address implementation = created(poolCode(poolTimes()));
        bytes memory call = abi.encodeWithSignature("initialize(address)", manager);
        return IClaimsPool(address(new ERC1967Proxy(implementation, call)));
    }

    function poolTimes() internal pure returns (Times memory) {
        return Times({cadence: CADENCE, filing: FILING, patience: PATIENCE, appeal: APPEAL, review: REVIEW});
    }

    /// What creates a pool: it is compiled for itself, so tests deploy it from its artifact.
    function poolCode(Times memory times) internal view returns (bytes memory) {
        return abi.encodePacked(vm.getCode("ClaimsPool.sol:ClaimsPool"), abi.encode(router, times, feed(), GRACE));
    }

    function govern() private {
        bytes4[] memory own = new bytes4[](8);
        (own[0], own[1]) = (IClaimsPool.takeCapital.selector, IClaimsPool.fundRouter.selector);
        (own[2], own[3]) = (IClaimsPool.drainRouter.selector, IClaimsPool.addRoutine.selector);
        (own[4], own[5]) = (IClaimsPool.authorise.selector, IClaimsPool.addProduct.selector);
        (own[6], own[7]) = (IClaimsPool.setSale.selector, IClaimsPool.setIntake.selector);
        bytes4[] memory judging = new bytes4[](1);
        judging[0] = IClaimsPool.review.selector;
        bytes4[] memory pausing = new bytes4[](2);
        (pausing[0], pausing[1]) = (IPauses.pause.selector, IPauses.unpause.selector);
        vm.startPrank(admin);
        manager.setTargetFunctionRole(address(pool), own, INSURER);
        manager.setTargetFunctionRole(address(pool), judging, REVIEWER);
        manager.setTargetFunctionRole(address(pool), pausing, GUARDIAN);
        manager.grantRole(INSURER, insurer, 0);
        manager.grantRole(REVIEWER, reviewer, 0);
        manager.grantRole(GUARDIAN, guardian, 0);
        vm.stopPrank();
    }

    /// Accepts from 5 to 9.
    function routineFor(Mode mode) internal view returns (Routine memory) {
        return Routine({
            version: version,
            offer: router.offerIdOf(offered),
            least: 5,
            most: 9,
            output: 0,
            outputs: 1,
            batch: BATCH,
            mode: mode,
            personal: mode == Mode.Proof,
            proofAbove: type(uint128).max,
            fee: CLAIM_FEE,
            answerSeconds: ANSWER_SECONDS,
            window: WINDOW
        });
    }

    function nextPeriod() internal {
        vm.warp(block.timestamp - block.timestamp % CADENCE + CADENCE);
    }

    function holderOf(uint256 number) internal pure returns (address) {
        return vm.addr(0x10000 + number);
    }

    /// Buys the next policy; each has a holder of its own, who has the number's key.
    function buy(uint16 product) internal returns (PolicyId id, uint256 number) {
        number = ++policies;
        vm.prank(broker);
        id = pool.buy(product, holderOf(number), 0);
    }

    /// What the intake says of the next photo, signed.
    function filingFor(PolicyId id) internal returns (Filing memory) {
        return signedBy(
            INTAKE_KEY,
            Intake({
                policy: id,
                evidence: keccak256(abi.encode("photo", ++photos)),
                happenedAt: uint40(block.timestamp),
                expiry: uint40(block.timestamp + 7 days)
            })
        );
    }

    function signedBy(uint256 key, Intake memory said) internal view returns (Filing memory) {
        return Filing({intake: said, signer: vm.addr(key), signature: signed(key, pool.intakeDigest(said))});
    }

    function file(Filing memory filing) internal {
        Filing[] memory filings = new Filing[](1);
        filings[0] = filing;
        pool.file(filings);
    }

    /// Buys policies and files a claim for each; then it is the next period.
    function filed(uint16 product, uint256 count) internal returns (Claim[] memory claims) {
        claims = new Claim[](count);
        Filing[] memory filings = new Filing[](count);
        for (uint256 i = 0; i < count; ++i) {
            (PolicyId id,) = buy(product);
            filings[i] = filingFor(id);
            claims[i] = Claim({policy: id, evidence: filings[i].intake.evidence});
        }
        pool.file(filings);
        nextPeriod();
    }

    function evidenceOf(Claim[] memory claims) internal pure returns (bytes32[] memory evidence) {
        evidence = new bytes32[](claims.length);
        for (uint256 i = 0; i < claims.length; ++i) {
            evidence[i] = claims[i].evidence;
        }
    }

    function just(Claim memory claim) internal pure returns (Claim[] memory claims) {
        claims = new Claim[](1);
        claims[0] = claim;
    }

    function just(bytes32 evidence) internal pure returns (bytes32[] memory list) {
        list = new bytes32[](1);
        list[0] = evidence;
    }

    function ask(Mode mode, Claim[] memory claims) internal returns (Request memory asked, RequestId id) {
        asked = requestAbout(mode, claims);
        id = pool.ask(routines[mode], evidenceOf(claims));
        vm.assertEq(RequestId.unwrap(id), RequestId.unwrap(router.requestIdOf(address(pool), asked)), "as expected");
    }

    /// The request that the pool makes now.
    function requestAbout(Mode mode, Claim[] memory claims) internal view returns (Request memory) {
        uint128 count = uint128(claims.length);
        return Request({
            version: version,
            offer: router.offerIdOf(offered),
            inputs: pool.inputsOf(routines[mode], evidenceOf(claims)),
            items: uint32(claims.length),
            seed: 0,
            salt: 0,
            mode: mode,
            personal: mode == Mode.Proof,
            proofAbove: type(uint128).max,
            valueAtRisk: PAYOUT * count,
            fee: CLAIM_FEE * count,
            bond: PAYOUT * count,
            deadline: uint40(block.timestamp + ANSWER_SECONDS),
            window: WINDOW,
            callbackGas: 0,
            publicInputs: new int64[](0)
        });
    }

    /// An answer's outputs; a proof has as many as a batch, so the last fills up.
    function outputsOf(int64 a, int64 b, int64 c, int64 d) internal pure returns (int64[] memory outputs) {
        outputs = new int64[](BATCH);
        (outputs[0], outputs[1], outputs[2], outputs[3]) = (a, b, c, d);
    }

    function prove(Request memory asked, int64[] memory outputs) internal {
        Proof memory proof;
        proof.points = "points";
        Statement memory statement = Statement({
            consumer: address(router),
            request: RequestId.unwrap(router.requestIdOf(address(pool), asked)),
            beneficiary: prover,
            version: VersionId.unwrap(asked.version),
            weights: offered.weights,
            plan: offered.plan,
            schema: offered.schema,
            inputs: asked.inputs,
            items: asked.items,
            publicValues: outputs,
            seed: asked.seed,
            zeroKnowledge: true,
            terms: offered.terms
        });
        proof.proof = abi.encodePacked(keccak256(abi.encode(offered.descriptor, statement, proof.points)));
        vm.prank(prover);
        router.prove(address(pool), asked, offered, none(), outputs, proof);
    }

    /// An optimistic answer that nobody challenges.
    function answer(Request memory asked, int64[] memory outputs) internal {
        vm.prank(answerer);
        router.answer(address(pool), asked, outputs);
        vm.warp(block.timestamp + WINDOW + 1);
        router.finalise(address(pool), asked, Answer({answerer: answerer, challenger: address(0), outputs: outputs}));
    }

    /// A claim that is decided as the output says.
    function decided(int64 output) internal returns (Claim memory) {
        Claim[] memory claims = filed(products[Mode.Proof], 1);
        (Request memory asked,) = ask(Mode.Proof, claims);
        int64[] memory outputs = outputsOf(output, output, output, output);
        prove(asked, outputs);
        pool.decide(asked, evidenceOf(claims), outputs);
        return claims[0];
    }

    /// A claim that nobody asked about, before the reviewer.
    function inReview() internal returns (Claim memory claim) {
        claim = filed(products[Mode.Proof], 1)[0];
        vm.warp(block.timestamp + PATIENCE + 1);
        pool.unasked(just(claim.evidence));
    }

    function assertStage(Claim memory claim, ClaimStage expected) internal view {
        (ClaimStage stage,,) = pool.claimOf(claim.evidence);
        vm.assertEq(uint256(stage), uint256(expected), "stage");
    }

    function assertState(PolicyId id, PolicyState expected) internal view {
        (PolicyState state,,,) = pool.policyOf(id);
        vm.assertEq(uint256(state), uint256(expected), "state");
    }

    /// What the pool holds is what is free and what is reserved.
    function assertSolvent() internal view {
        vm.assertEq(coin.balanceOf(address(pool)), pool.freeCapital() + pool.reserved(), "solvent");
    }

    function wrongStage(Claim memory claim, ClaimStage expected, ClaimStage got) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IClaimsPool.WrongStage.selector, claim.evidence, expected, got);
    }

    function unauthorised(address caller) internal pure returns (bytes memory) {
        return abi.encodeWithSignature("AccessManagedUnauthorized(address)", caller);
    }
}
