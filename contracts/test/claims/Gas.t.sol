// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IProofVerifier, Statement} from "../../src/interfaces/IProofVerifier.sol";
import {IWeightsCertificates} from "../../src/interfaces/IWeightsCertificates.sol";
import {Claim, Filing, Intake, PolicyId, Product, Routine} from "../../src/types/Claims.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {VersionContent} from "../../src/types/Registry.sol";
import {Answer, Mode, Proof, Request} from "../../src/types/Settlement.sol";
import {StatedCertificates} from "../mocks/Settlement.sol";
import {Call, ProofVectors} from "../proof/Vectors.sol";
import {vm} from "../Vm.sol";
import {PoolFixture} from "./PoolFixture.sol";

/// @dev Has the real verifier verify a vector's proof. That is for another request, prover, version, seed and terms than these
/// tests have, so they are put back as the vector has them; inputs, weights, plan, schema and outputs are the router's.
contract VectorsVerifier {
    IProofVerifier private immutable real;
    Statement private its;

    constructor(IProofVerifier real_, Statement memory its_) {
        real = real_;
        its = its_;
    }

    function verify(bytes32 descriptor, Statement memory statement, bytes calldata points, bytes calldata proof)
        external
        view
        returns (bool)
    {
        (statement.consumer, statement.request) = (its.consumer, its.request);
        (statement.beneficiary, statement.version) = (its.beneficiary, its.version);
        (statement.seed, statement.terms) = (its.seed, its.terms);
        return real.verify(descriptor, statement, points, proof);
    }
}

/// @dev A vector, and a verifier that verifies it.
contract Source is ProofVectors {
    function vector(string memory name) external view returns (Call memory) {
        return read(name);
    }

    function verifierOf(Call memory call) external returns (IProofVerifier) {
        return deploy(call);
    }

    function descriptorOf(Call memory call) external pure returns (bytes32) {
        return digestOf(call);
    }
}

/// @dev What claims cost, each step a transaction of its own: LeNet-5 decides 128 photos, each with a commitment of its own, by one
/// proof that is verified in earnest. Written to `snapshots/claims.json`.
/// forge-config: default.isolate = true
contract ClaimsGasTest is PoolFixture {
    uint16 private constant COUNT = 128;

    Call private call;
    Statement private its;

    function setUp() public override {
        super.setUp();
        Source source = new Source();
        call = source.vector("ok_lenet128_each_zk.json");
        its = abi.decode(call.statement, (Statement));
        IProofVerifier real = source.verifierOf(call);
        verifier = IProofVerifier(address(new VectorsVerifier(real, its)));
        certificates = IWeightsCertificates(address(new StatedCertificates(verifier)));
        vm.prank(admin);
        router.setVerifier(verifier, certificates);
        version = registered();
        offered = offerOf(version);
        (offered.schema, offered.descriptor, offered.challengeBond) = (its.schema, source.descriptorOf(call), 0);
        vm.startPrank(owner);
        registry.deploy(version, "ward");
        router.offer(offered);
        vm.stopPrank();
        addProducts();
        vm.prank(insurer);
        pool.addCapital(200_000);
        for (uint256 i = 0; i < 3; ++i) {
            fund(answerer);
        }
    }

    function test_gas_of_claims_by_proof() public {
        Claim[] memory claims = bought(products[Mode.Proof]);
        Request memory asked = askedAbout(Mode.Proof, claims);
        vm.assertEq(asked.inputs, its.inputs, "what the vector's proof is about");
        Proof memory proof = Proof({points: call.points, proof: call.proof});
        vm.prank(prover);
        router.prove(address(pool), asked, offered, none(), its.publicValues, proof);
        cost("proof: prove");
        pool.decide(asked, evidenceOf(claims), its.publicValues);
        cost("proof: decide");
        for (uint256 i = 0; i < COUNT; ++i) {
            (, uint40 until,) = pool.claimOf(claims[i].evidence);
            vm.assertEq(until == 0, its.publicValues[i] >= 5);
        }
        pool.pay(acceptedOf(claims));
        cost("pay, those that are accepted");
        assertSolvent();
    }

    function test_gas_of_claims_without_proof() public {
        Claim[] memory claims = bought(products[Mode.Optimistic]);
        Request memory asked = askedAbout(Mode.Optimistic, claims);
        vm.prank(answerer);
        router.answer(address(pool), asked, its.publicValues);
        cost("optimistic: answer");
        vm.warp(block.timestamp + WINDOW + 1);
        router.finalise(address(pool), asked, Answer(answerer, address(0), its.publicValues));
        cost("optimistic: finalise");
        pool.decide(asked, evidenceOf(claims), its.publicValues);
        cost("optimistic: decide");
    }

    function test_gas_of_what_a_claim_may_meet() public {
        uint16 product = products[Mode.Proof];
        vm.prank(broker);
        pool.buy(product, stranger, 0);
        cost("buy");
        (PolicyId id,) = buy(product);
        Filing memory filing = filingFor(id);
        file(filing);
        cost("file, 1 claim");
        vm.warp(block.timestamp + PATIENCE + 1);
        pool.unasked(just(filing.intake.evidence));
        cost("unasked");
        Claim memory claim = Claim(id, filing.intake.evidence);
        vm.prank(reviewer);
        pool.review(claim, true, keccak256("reason"));
        cost("review");
        vm.prank(holderOf(1));
        pool.withdraw(claim, newcomer);
        cost("withdraw, to an account without tokens");
        nextPeriod();
        (id,) = buy(product);
        PolicyId[] memory ids = new PolicyId[](1);
        ids[0] = id;
        vm.warp(block.timestamp + TERM + GRACE_TO_FILE + 1);
        pool.lapse(ids);
        cost("lapse");
    }

    function cost(string memory action) private {
        vm.snapshotGasLastCall("claims", action);
    }

    /// A version with the vector's weights and plan.
    function registered() private returns (VersionId id) {
        VersionContent memory content = versionContent(7);
        (content.weightsCommitment, content.planDigest) = (its.weights, its.plan);
        vm.prank(registrar);
        id = registry.registerVersion(modelId, content);
        submit(approvalOf(id, RISK), RISK_KEY);
        submit(approvalOf(id, LEGAL), LEGAL_KEY);
    }

    function addProducts() private {
        for (uint8 mode = 0; mode <= uint8(Mode.Optimistic); ++mode) {
            Routine memory terms = routineFor(Mode(mode));
            terms.batch = COUNT;
            vm.startPrank(insurer);
            routines[Mode(mode)] = pool.addRoutine(terms);
            products[Mode(mode)] = pool.addProduct(Product(PREMIUM, PAYOUT, TERM, GRACE_TO_FILE, routines[Mode(mode)]));
            vm.stopPrank();
        }
    }

    /// A policy and a claim for each of the vector's inputs, filed together.
    function bought(uint16 product) private returns (Claim[] memory claims) {
        claims = new Claim[](COUNT);
        Filing[] memory filings = new Filing[](COUNT);
        for (uint256 i = 0; i < COUNT; ++i) {
            (PolicyId id,) = buy(product);
            claims[i] = Claim(id, identityOf(i));
            uint40 now_ = uint40(block.timestamp);
            filings[i] = signedBy(INTAKE_KEY, Intake(id, claims[i].evidence, now_, now_ + 1));
        }
        pool.file(filings);
        if (product == products[Mode.Proof]) cost("file, 128 claims");
        nextPeriod();
    }

    function askedAbout(Mode mode, Claim[] memory claims) private returns (Request memory asked) {
        asked = requestAbout(mode, claims);
        pool.ask(routines[mode], evidenceOf(claims));
        cost(mode == Mode.Proof ? "proof: ask" : "optimistic: ask");
    }

    function acceptedOf(Claim[] memory claims) private view returns (Claim[] memory accepted) {
        accepted = new Claim[](COUNT);
        uint256 count = 0;
        for (uint256 i = 0; i < COUNT; ++i) {
            if (its.publicValues[i] >= 5) accepted[count++] = claims[i];
        }
        assembly ("memory-safe") {
            mstore(accepted, count)
        }
    }

    /// The identity of an input's commitment: `averment-input-commitment/1`, docs/formats.md.
    function identityOf(uint256 item) private view returns (bytes32) {
        bytes memory descriptor = call.descriptor;
        uint256 weights = word16(descriptor, 48);
        uint256 inputs = word16(descriptor, 50);
        vm.assertEq(weights != 0 && inputs == 1, true);
        bytes memory point = new bytes(64);
        for (uint256 i = 0; i < 64; ++i) {
            // One chunk of weights comes first.
            point[i] = call.points[64 * (item + 1) + i];
        }
        return keccak256(
            abi.encodePacked(
                "averment-input-commitment/1\n",
                its.schema,
                uint32(1),
                call.setup,
                descriptor[36],
                uint32(1),
                descriptor[descriptor.length - weights - inputs],
                point
            )
        );
    }

    function word16(bytes memory source, uint256 place) private pure returns (uint256) {
        return uint256(uint8(source[place])) << 8 | uint8(source[place + 1]);
    }
}
