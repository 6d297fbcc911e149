// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Kind} from "../../src/interfaces/IRobustWeights.sol";
import {Aggregation, Outcome, Scores} from "../../src/types/Federated.sol";
import {vm} from "../Vm.sol";
import {TaskFixture} from "./TaskFixture.sol";

/// @dev What a round of 100 participants costs, each step a transaction of its own, of one chunk a vector. The proof is stated, not
/// verified: its cost comes on top of the aggregation. A transaction may take 2^24 gas.
/// forge-config: default.isolate = true
contract HundredTest is TaskFixture {
    uint256 private constant COUNT = 100;
    uint256 private constant MOST = 1 << 24;

    function setUp() public override {
        chunks = 1;
        super.setUp();
    }

    /// Inner products as vectors of about this length have them: no two entries are alike.
    function entryOf(bool cumulative, uint256 n, uint256 i, uint256 j) internal pure override returns (int64) {
        if (j == n || i == n) return 0;
        int64 entry = i == j ? int64(10_000_000_000) : int64(6_000_000_000);
        // Below 2^30.
        // forge-lint: disable-next-line(unsafe-typecast)
        return entry + int64(uint64(uint256(keccak256(abi.encode(cumulative, i, j)))) % (1 << 30));
    }

    function test_gas_hundred_average() public {
        hundred("average", Kind.Average, 0, false);
    }

    function test_gas_hundred_multiKrum() public {
        hundred("Multi-Krum", Kind.MultiKrum, 20, false);
    }

    function test_gas_hundred_with_histories() public {
        hundred("Multi-Krum with histories", Kind.MultiKrum, 20, true);
    }

    function hundred(string memory rule, Kind kind, uint8 faults, bool history) private {
        (terms.kind, terms.faults, terms.history) = (kind, faults, history);
        (terms.perRound, terms.maximum, terms.minimum) = (100, 200, 50);
        task = created();
        joins(COUNT);
        trains(COUNT);
        Aggregation memory made = provenBy(aggregator, aggregationOf(ascending(COUNT)));
        vm.prank(aggregator);
        task.aggregate(made);
        vm.assertLt(cost(string.concat("aggregate 100 by ", rule, ", without the proof")), MOST, rule);
        Outcome memory outcome = outcomeOf(made);
        vm.recordLogs();
        task.rate(outcome, made.matrix);
        if (kind == Kind.MultiKrum) {
            vm.assertLt(cost(string.concat("rate 100", history ? " with histories" : "")), MOST, "rate");
        }
        uint256[] memory qualities = abi.decode(vm.getRecordedLogs()[0].data, (uint256[]));
        pass();
        task.settle(outcome, qualities, new Scores[](0));
        vm.assertLt(cost("settle 100"), MOST, "settle");
    }

    function cost(string memory name) private returns (uint256) {
        return vm.snapshotGasLastCall("federated", name);
    }
}
