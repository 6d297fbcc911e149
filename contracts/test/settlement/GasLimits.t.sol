// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Committee, Saying} from "../../src/types/Oracles.sol";
import {Mode, Phase, Proof, Request, RequestId} from "../../src/types/Settlement.sol";
import {vm} from "../Vm.sol";
import {CommitteeFixture} from "./CommitteeFixture.sol";

/// @dev With every gas limit in steps, what ends a committee's work is done whole, or nothing is: gas that runs out is no failed
/// proof, no bad signature and no callback that its consumer refused. `Proofs.t.sol` and `Delivery.t.sol` do the same to proofs
/// and to answers that nobody challenged.
contract GasLimitsTest is CommitteeFixture {
    uint256 private constant STEP = 1500;

    function test_no_gas_limit_overrules_a_committee_by_half() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        (int64[][] memory said, bool[] memory speaks) = fives([int64(7), 8, 8, 8, -1]);
        sayOnChain(id, committee, said, speaks);
        Proof memory proof = proofOf(asked, 7, prover);
        bytes memory call =
            abi.encodeCall(router.overrule, (address(consumer), asked, offered, committee, said, one(7), proof));
        uint256 failures = 0;
        while (!with(address(router), call, failures)) {
            ++failures;
            assertPhase(id, Phase.Drawn);
            vm.assertEq(staking.rewardsOf(prover), 0, "nobody is slashed");
            vm.assertEq(freeSeats(), OPERATORS * SEATS - 5, "nobody is free");
        }
        vm.assertTrue(failures > 50, "limits that are too low");
        assertPhase(id, Phase.Final);
        vm.assertEq(consumer.last(), 7, "called back");
        vm.assertEq(staking.rewardsOf(prover), 3 * (SEAT_BOND / 2), "all who were wrong");
        vm.assertEq(freeSeats(), OPERATORS * SEATS - 3, "all others are free");
    }

    function test_no_gas_limit_takes_evidence_by_half() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        committees.agree(address(consumer), asked, committee, agreementOf(id, committee, one(8), 3));
        Saying[] memory sayings = new Saying[](3);
        for (uint256 i = 0; i < 3; ++i) {
            sayings[i] = Saying(0, saying(id, committee.members[i], one(8), keccak256("any list")));
        }
        Proof memory proof = proofOf(asked, 7, prover);
        bytes memory call =
            abi.encodeCall(committees.contradict, (address(consumer), asked, offered, one(7), proof, sayings));
        uint256 failures = 0;
        while (!with(address(committees), call, failures)) {
            ++failures;
            vm.assertEq(debts(committee), 0, "nobody owes");
        }
        vm.assertTrue(failures > 50, "limits that are too low");
        vm.assertEq(debts(committee), 3, "all owe");
    }

    function test_no_gas_limit_agrees_without_the_callback() public {
        Request memory asked = requestFor(Mode.Quorum);
        (RequestId id, Committee memory committee) = drawn(asked);
        bytes memory call = abi.encodeCall(
            committees.agree, (address(consumer), asked, committee, agreementOf(id, committee, one(7), 3))
        );
        uint256 failures = 0;
        while (!with(address(committees), call, failures)) {
            ++failures;
            assertPhase(id, Phase.Drawn);
        }
        vm.assertTrue(failures > 50, "limits that are too low");
        assertPhase(id, Phase.Final);
        vm.assertEq(consumer.last(), 7, "called back");
    }

    /// The call, from the prover, with the gas limit of this try.
    function with(address target, bytes memory call, uint256 tries) private returns (bool done) {
        uint256 limit = 20_000 + STEP * tries;
        vm.assertTrue(limit < 2_000_000, "enough at last");
        vm.prank(prover);
        (done,) = target.call{gas: limit}(call);
    }

    function debts(Committee memory committee) private view returns (uint256 sum) {
        for (uint256 i = 0; i < committee.members.length; ++i) {
            sum += staking.debtsOf(committee.members[i].operatorOf());
        }
    }
}
