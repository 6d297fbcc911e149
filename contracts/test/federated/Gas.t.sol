// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Aggregation, Outcome, Reveal, Scores, SignedCommit} from "../../src/types/Federated.sol";
import {vm} from "../Vm.sol";
import {TaskFixture} from "./TaskFixture.sol";

/// @dev What a round costs, each step a transaction of its own, with 20 participants and 2 chunks: 131,072 parameters. The proof is
/// stated, not verified: its cost comes on top. Written to `snapshots/federated.json`.
/// forge-config: default.isolate = true
contract FederatedGasTest is TaskFixture {
    uint256 private constant COUNT = 20;

    function setUp() public override {
        super.setUp();
        (terms.perRound, terms.maximum) = (20, 200);
        task = created();
        joins(COUNT);
    }

    /// A second round, when what is written was written before.
    function test_gas_each_alone() public {
        first();
        task.open();
        commits(member(0));
        uint256 sum = cost("commit, alone");
        for (uint256 i = 1; i < COUNT; ++i) {
            commits(member(i));
        }
        pass();
        task.advance();
        Reveal[] memory said = new Reveal[](1);
        said[0] = revealOf(member(0));
        vm.prank(member(0));
        task.reveal(said);
        sum += cost("reveal, alone");
        remember(said[0]);
        for (uint256 i = 1; i < COUNT; ++i) {
            reveals(member(i));
        }
        sum += aggregated() / COUNT;
        vm.snapshotValue("federated", "a participant's round, each alone", sum);
        vm.assertLt(sum, 110_001, "each alone");
    }

    function test_gas_carried() public {
        first();
        task.open();
        SignedCommit[] memory signed_ = new SignedCommit[](COUNT);
        Reveal[] memory said = new Reveal[](COUNT);
        for (uint256 i = 0; i < COUNT; ++i) {
            said[i] = revealOf(member(i));
            signed_[i] = signedCommit(keyOf(i), digestOf(said[i]));
        }
        task.commitSigned(signed_);
        uint256 sum = cost("commit, 20 carried");
        pass();
        task.advance();
        task.reveal(said);
        sum += cost("reveal, 20 carried");
        for (uint256 i = 0; i < COUNT; ++i) {
            remember(said[i]);
        }
        sum += aggregated();
        vm.snapshotValue("federated", "a participant's round, carried", sum / COUNT);
        vm.assertLt(sum / COUNT, 60_001, "carried");
    }

    function first() private {
        trains(COUNT);
        settles(aggregates(COUNT));
    }

    function aggregated() private returns (uint256 paid) {
        pass();
        task.advance();
        pass();
        task.advance();
        Aggregation memory made = provenBy(aggregator, aggregationOf(ascending(COUNT)));
        vm.prank(aggregator);
        task.aggregate(made);
        cost("aggregate 20, without the proof");
        Outcome memory outcome = outcomeOf(made);
        bytes memory matrix = matrixFor(COUNT);
        vm.recordLogs();
        task.rate(outcome, matrix);
        cost("rate 20");
        uint256[] memory qualities = abi.decode(vm.getRecordedLogs()[0].data, (uint256[]));
        pass();
        task.settle(outcome, qualities, new Scores[](0));
        return cost("settle 20");
    }

    function cost(string memory name) private returns (uint256) {
        return vm.snapshotGasLastCall("federated", name);
    }
}
