// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IClaimsPool} from "../../src/interfaces/IClaimsPool.sol";
import {Claim, ClaimStage, Filing, Intake, PolicyId, PolicyState} from "../../src/types/Claims.sol";
import {Mode} from "../../src/types/Settlement.sol";
import {Wallet} from "../mocks/Wallets.sol";
import {vm} from "../Vm.sol";
import {PoolFixture} from "./PoolFixture.sol";

/// @dev How claims come in: only with evidence that an accredited intake signed for the policy, once, in time.
contract FilingTest is PoolFixture {
    function test_a_signed_claim_is_filed_by_anybody() public {
        (PolicyId id,) = buy(products[Mode.Proof]);
        Filing memory filing = filingFor(id);
        vm.prank(stranger);
        file(filing);
        (ClaimStage stage, uint40 until, uint16 product) = pool.claimOf(filing.intake.evidence);
        vm.assertEq(uint256(stage), uint256(ClaimStage.Filed), "stage");
        vm.assertEq(until, block.timestamp + PATIENCE, "until");
        vm.assertEq(product, products[Mode.Proof], "product");
        assertState(id, PolicyState.Claimed);
        (uint32 ready, uint32 waiting) = pool.queueOf(routines[Mode.Proof]);
        vm.assertEq(ready, 0, "not in this period");
        vm.assertEq(waiting, 1, "in the next");
    }

    function test_what_an_intake_signs() public view {
        Intake memory said = Intake(PolicyId.wrap(keccak256("policy")), keccak256("evidence"), 1, 2);
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Averment ClaimsPool"),
                keccak256("1"),
                block.chainid,
                address(pool)
            )
        );
        bytes32 intakeType = keccak256("Intake(bytes32 policy,bytes32 evidence,uint40 happenedAt,uint40 expiry)");
        bytes32 content = keccak256(abi.encode(intakeType, said.policy, said.evidence, said.happenedAt, said.expiry));
        vm.assertEq(pool.intakeDigest(said), keccak256(abi.encodePacked("\x19\x01", domain, content)));
        Claim memory claim = Claim(said.policy, said.evidence);
        content =
            keccak256(abi.encode(keccak256("Appeal(bytes32 policy,bytes32 evidence)"), claim.policy, claim.evidence));
        vm.assertEq(pool.appealDigest(claim), keccak256(abi.encodePacked("\x19\x01", domain, content)));
    }

    function test_evidence_counts_once_for_whatever_policy() public {
        (PolicyId one,) = buy(products[Mode.Proof]);
        (PolicyId other,) = buy(products[Mode.Optimistic]);
        Filing memory filing = filingFor(one);
        file(filing);
        bytes memory reason = abi.encodeWithSelector(IClaimsPool.EvidenceUsed.selector, filing.intake.evidence);
        vm.expectRevert(reason);
        file(filing);
        // The intake itself signs it for another policy.
        filing.intake.policy = other;
        filing = signedBy(INTAKE_KEY, filing.intake);
        vm.expectRevert(reason);
        file(filing);
    }

    function test_evidence_is_used_also_when_its_claim_is_over() public {
        Claim memory claim = decided(0);
        (PolicyId other,) = buy(products[Mode.Proof]);
        Filing memory filing = filingFor(other);
        filing.intake.evidence = claim.evidence;
        filing = signedBy(INTAKE_KEY, filing.intake);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.EvidenceUsed.selector, claim.evidence));
        file(filing);
    }

    function test_a_policy_has_one_open_claim() public {
        (PolicyId id,) = buy(products[Mode.Proof]);
        file(filingFor(id));
        Filing memory second = filingFor(id);
        vm.expectRevert(
            abi.encodeWithSelector(IClaimsPool.WrongState.selector, id, PolicyState.Clear, PolicyState.Claimed)
        );
        file(second);
    }

    function test_a_policy_that_was_paid_has_no_other_claim() public {
        Claim memory claim = decided(9);
        pool.pay(just(claim));
        Filing memory second = filingFor(claim.policy);
        vm.expectRevert(
            abi.encodeWithSelector(IClaimsPool.WrongState.selector, claim.policy, PolicyState.Clear, PolicyState.Over)
        );
        file(second);
    }

    function test_only_accredited_intakes_count() public {
        (PolicyId id,) = buy(products[Mode.Proof]);
        Filing memory filing = filingFor(id);
        Filing memory forged = signedBy(0xBAD, filing.intake);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.NotAccredited.selector, forged.signer));
        file(forged);
        // By another key in the intake's name.
        forged.signer = intake;
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.InvalidSignature.selector, intake));
        file(forged);
        vm.prank(insurer);
        pool.setIntake(intake, false);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.NotAccredited.selector, intake));
        file(filing);
        vm.prank(insurer);
        pool.setIntake(intake, true);
        file(filing);
    }

    function test_a_contract_may_be_an_intake() public {
        (PolicyId id,) = buy(products[Mode.Proof]);
        Filing memory filing = filingFor(id);
        filing.signer = address(new Wallet(intake));
        vm.prank(insurer);
        pool.setIntake(filing.signer, true);
        file(filing);
    }

    function testFuzz_every_word_is_signed(uint8 word, uint40 change) public {
        (PolicyId id,) = buy(products[Mode.Proof]);
        (PolicyId other,) = buy(products[Mode.Proof]);
        vm.warp(block.timestamp + 10);
        Filing memory filing = filingFor(id);
        word %= 4;
        if (word == 0) filing.intake.policy = other;
        else if (word == 1) filing.intake.evidence = keccak256(abi.encode(filing.intake.evidence, change));
        else if (word == 2) filing.intake.happenedAt -= 1 + change % 9;
        else filing.intake.expiry += 1 + change % 1000;
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.InvalidSignature.selector, intake));
        file(filing);
    }

    function test_a_signature_is_of_one_chain_and_one_pool() public {
        (PolicyId id,) = buy(products[Mode.Proof]);
        Filing memory filing = filingFor(id);
        vm.chainId(block.chainid + 1);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.InvalidSignature.selector, intake));
        file(filing);
        vm.chainId(block.chainid - 1);
        IClaimsPool here = pool;
        pool = deployPool();
        filing.signature = signed(INTAKE_KEY, pool.intakeDigest(filing.intake));
        pool = here;
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.InvalidSignature.selector, intake));
        file(filing);
    }

    function test_a_signature_is_no_longer_than_any_is() public {
        (PolicyId id,) = buy(products[Mode.Proof]);
        Filing memory filing = filingFor(id);
        filing.signature = new bytes(32_769);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.SignatureTooLong.selector, 32_768, 32_769));
        file(filing);
    }

    function test_stale_claims_are_refused() public {
        (PolicyId id,) = buy(products[Mode.Proof]);
        Filing memory filing = filingFor(id);
        filing.intake.expiry = uint40(block.timestamp + 1 hours);
        filing = signedBy(INTAKE_KEY, filing.intake);
        vm.warp(block.timestamp + 1 hours + 1);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.Stale.selector, id, filing.intake.expiry));
        file(filing);
    }

    function test_filed_while_the_policy_can_be_claimed_and_not_later() public {
        (PolicyId id,) = buy(products[Mode.Proof]);
        uint40 from = uint40(block.timestamp);
        Filing memory filing = filingFor(id);
        (filing.intake.happenedAt, filing.intake.expiry) = (from + TERM, type(uint40).max);
        filing = signedBy(INTAKE_KEY, filing.intake);
        vm.warp(from + TERM + GRACE_TO_FILE + 1);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.Stale.selector, id, from + TERM + GRACE_TO_FILE));
        file(filing);
        vm.warp(from + TERM + GRACE_TO_FILE);
        file(filing);
    }

    function test_what_happened_before_after_or_not_yet_is_not_covered() public {
        (PolicyId id,) = buy(products[Mode.Proof]);
        uint40 from = uint40(block.timestamp);
        refuseAt(id, from, from - 1);
        refuseAt(id, from, from + 1);
        vm.warp(from + TERM);
        nextPeriod();
        refuseAt(id, from, from + TERM + 1);
    }

    function test_filed_only_at_the_beginning_of_a_period() public {
        (PolicyId id,) = buy(products[Mode.Proof]);
        Filing memory filing = filingFor(id);
        uint256 start = block.timestamp;
        vm.warp(start + FILING);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.FilingClosed.selector, start + CADENCE));
        file(filing);
        vm.warp(start + CADENCE - 1);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.FilingClosed.selector, start + CADENCE));
        file(filing);
        vm.warp(start + FILING - 1);
        file(filing);
    }

    /// One bad claim among others and none of them is filed.
    function test_all_or_nothing() public {
        Filing[] memory filings = new Filing[](3);
        for (uint256 i = 0; i < 3; ++i) {
            (PolicyId id,) = buy(products[Mode.Proof]);
            filings[i] = filingFor(id);
        }
        filings[2] = filings[0];
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.EvidenceUsed.selector, filings[0].intake.evidence));
        pool.file(filings);
        assertStage(Claim(filings[1].intake.policy, filings[1].intake.evidence), ClaimStage.None);
    }

    function refuseAt(PolicyId id, uint40 from, uint40 happenedAt) private {
        Filing memory filing = filingFor(id);
        filing.intake.happenedAt = happenedAt;
        filing = signedBy(INTAKE_KEY, filing.intake);
        vm.expectRevert(abi.encodeWithSelector(IClaimsPool.NotInForce.selector, id, from, from + TERM, happenedAt));
        file(filing);
    }
}
