// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../../src/interfaces/IFederatedTask.sol";
import {Outcome, TaskPhase} from "../../src/types/Federated.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {vm} from "../Vm.sol";
import {TaskFixture} from "./TaskFixture.sol";

/// @dev A task from its creation to its registered version.
contract RoundTest is TaskFixture {
    function test_RoundsToTheEnd() public {
        joins(5);
        vm.assertEq(coin.balanceOf(address(task)), 4 * (REWARD + FEE) + 5 * STAKE, "pool and stakes");
        for (uint16 r = 1; r <= 4; ++r) {
            trains(5);
            vm.assertEq(uint256(phase()), uint256(TaskPhase.Aggregate), "to aggregate");
            Outcome memory outcome = aggregates(5);
            settles(outcome);
            (bytes32 model,) = task.model();
            vm.assertEq(model, keccak256(pointsOf(weights)), "the sum of what they trained");
            vm.assertEq(round(), r);
        }
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Ended), "after the last round");
        uint256 out = 0;
        for (uint256 i = 0; i < 5; ++i) {
            vm.startPrank(member(i));
            task.quit();
            uint256 mine = balance(member(i));
            task.withdraw(member(i), mine);
            vm.stopPrank();
            vm.assertTrue(mine > STAKE && mine <= STAKE + 4 * REWARD / 5, "paid");
            out += mine;
        }
        vm.assertEq(balance(aggregator), 4 * FEE, "the aggregator's");
        vm.assertEq(
            coin.balanceOf(address(task)),
            balance(aggregator) + balance(sponsor),
            "nothing is left but what is somebody's"
        );
        VersionId[] memory parents = new VersionId[](1);
        parents[0] = initial;
        VersionId made = registered(weights, parents);
        bytes memory points = pointsOf(weights);
        vm.prank(sponsor);
        task.finish(made, prefix, points);
        vm.assertEq(factory.provenanceOf(made), address(task));
        vm.assertEq(VersionId.unwrap(task.finishedAs()), VersionId.unwrap(made));
        (bytes32 head, uint16 finals) = task.history();
        vm.assertTrue(head != 0 && finals == 4, "its rounds");
    }
}
