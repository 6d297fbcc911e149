// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ICommittees} from "../../src/interfaces/ICommittees.sol";
import {IInferenceRouter} from "../../src/interfaces/IInferenceRouter.sol";
import {Claim, ClaimStage, Product} from "../../src/types/Claims.sol";
import {Committee} from "../../src/types/Oracles.sol";
import {Mode, Request, RequestId} from "../../src/types/Settlement.sol";
import {CommitteeFixture} from "../settlement/CommitteeFixture.sol";
import {vm, Vm} from "../Vm.sol";
import {PoolFixture} from "./PoolFixture.sol";

/// @dev Claims that a drawn committee decides.
contract ClaimsQuorumTest is PoolFixture, CommitteeFixture {
    function setUp() public override(PoolFixture, CommitteeFixture) {
        super.setUp();
    }

    function test_a_committee_decides() public {
        Claim[] memory claims = filed(products[Mode.Quorum], 4);
        (Request memory asked, RequestId id) = ask(Mode.Quorum, claims);
        int64[] memory outputs = outputsOf(9, 4, 5, 0);
        Committee memory committee = draw(asked);
        committees.agree(address(pool), asked, committee, agreementOf(id, committee, outputs, 3));
        pool.decide(asked, evidenceOf(claims), outputs);
        assertStage(claims[0], ClaimStage.Accepted);
        assertStage(claims[1], ClaimStage.Rejected);
        assertStage(claims[2], ClaimStage.Accepted);
        assertStage(claims[3], ClaimStage.Rejected);
    }

    /// What a batch would be paid is what its committee may lose: a dearer one is not asked about in this mode.
    function test_more_at_risk_than_its_bonds_cover_is_not_a_committees_affair() public {
        uint16 routine = routines[Mode.Quorum];
        vm.prank(insurer);
        uint16 dear = pool.addProduct(Product(PREMIUM, 7501, TERM, GRACE_TO_FILE, routine));
        bytes32[] memory evidence = evidenceOf(filed(dear, 1));
        vm.expectRevert(abi.encodeWithSelector(IInferenceRouter.TooMuchAtRisk.selector, 7500, 7501));
        pool.ask(routine, evidence);
    }

    function draw(Request memory asked) private returns (Committee memory committee) {
        (, uint64 round) = router.drawOf(router.requestIdOf(address(pool), asked));
        randomness.state(round, keccak256(abi.encode("random", round)));
        vm.recordLogs();
        router.draw(address(pool), asked);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs[0].topics[0], ICommittees.Drawn.selector);
        (, committee) = abi.decode(logs[0].data, (bytes32, Committee));
    }
}
