// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IProofVerifier, Statement} from "../../src/interfaces/IProofVerifier.sol";
import {Kind} from "../../src/interfaces/IRobustWeights.sol";
import {Aggregation, TaskPhase} from "../../src/types/Federated.sol";
import {ForwardedProofs} from "../mocks/Federated.sol";
import {Call, ProofVectors} from "../proof/Vectors.sol";
import {vm} from "../Vm.sol";
import {TaskFixture} from "./TaskFixture.sol";

/// @dev What it takes to make a model of 20 updates, 20 cumulative ones and what the round before added: one transaction with its
/// calldata, the weights, the sum and the proof. The matrix and the proof are a real round's (`vectors/proof`), and the
/// verifier is what is deployed; the points are the test's. Of what is pinned about 10,000 are the test's own: the proof's
/// statement is its vector's, so the call comes from another contract's code. Who derives from this says that its calls are
/// transactions: forge takes that from the contract that it runs alone.
abstract contract RoundGas is TaskFixture, ProofVectors {
    uint256 private constant COUNT = 20;
    /// Of the vector, once it is there.
    bytes private told;

    function vector() internal pure virtual returns (string memory name, string memory file);

    function matrixFor(uint256 n) internal view override returns (bytes memory) {
        return told.length == 0 ? super.matrixFor(n) : told;
    }

    function test_gas_average() public {
        everything("average", Kind.Average, 0, false);
    }

    function test_gas_multiKrum() public {
        everything("Multi-Krum", Kind.MultiKrum, 4, false);
    }

    function test_gas_centeredClipping() public {
        everything("centered clipping", Kind.CenteredClipping, 0, false);
    }

    function test_gas_geometricMedian() public {
        everything("geometric median of clipped", Kind.GeometricMedian, 0, true);
    }

    function everything(string memory rule, Kind kind, uint8 faults, bool clip) private {
        (string memory name, string memory file) = vector();
        Call memory call = read(file);
        (terms.kind, terms.faults, terms.clip) = (kind, faults, clip);
        (terms.perRound, terms.maximum, terms.minimum) = (20, 200, 9);
        task = created();
        joins(COUNT);
        trains(COUNT);
        settles(aggregates(COUNT));
        trains(COUNT);
        told = matrixIn(abi.decode(call.statement, (Statement)));
        Aggregation memory made = aggregationOf(ascending(COUNT));
        made.proof = call.proof;
        IProofVerifier real = deploy(call);
        Statement memory statement = abi.decode(call.statement, (Statement));
        bytes memory data = abi.encodeCall(IProofVerifier.verify, (digestOf(call), statement, call.points, call.proof));
        // Creation code that returns what comes behind it.
        address held = put(bytes.concat(hex"600b5981380380925939f3", hex"00", data));
        vm.etch(address(verifier), address(new ForwardedProofs(address(real), held)).code);
        vm.prank(aggregator);
        task.aggregate(made);
        vm.snapshotGasLastCall("federated", string.concat("aggregate 20 by ", rule, ", proof and all, ", name));
        vm.assertEq(uint256(phase()), uint256(TaskPhase.Settle), "made");
    }

    /// What follows the two numbers of rows, as the aggregator sends it.
    function matrixIn(Statement memory statement) private pure returns (bytes memory matrix) {
        uint256 count = statement.publicValues.length - 2;
        matrix = new bytes(8 * count);
        for (uint256 i = 0; i < count; ++i) {
            int64 entry = statement.publicValues[2 + i];
            assembly ("memory-safe") {
                let at := add(add(matrix, 0x20), shl(3, i))
                mstore(at, or(shl(192, entry), shr(64, shl(64, mload(at)))))
            }
        }
    }
}

/// forge-config: default.isolate = true
contract RoundGasOneChunkTest is RoundGas {
    function setUp() public override {
        chunks = 1;
        super.setUp();
    }

    function vector() internal pure override returns (string memory, string memory) {
        return ("one chunk", "gas_round_20_one_chunk_zk.json");
    }
}

/// forge-config: default.isolate = true
contract RoundGasTwoChunksTest is RoundGas {
    function vector() internal pure override returns (string memory, string memory) {
        return ("two chunks", "gas_round_20_two_chunks_zk.json");
    }
}
