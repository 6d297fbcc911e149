// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IFederatedTask} from "../../src/interfaces/IFederatedTask.sol";
import {Contested, Evidence} from "../../src/types/Federated.sol";
import {vm} from "../Vm.sol";
import {TaskFixture} from "./TaskFixture.sol";

/// @dev Accepts everything, and takes so much gas for it that a sixty-fourth, which a caller keeps, is enough to slash with.
contract SlowProofs {
    uint256 private constant WORK = 12_000_000;

    fallback() external {
        uint256 last = gasleft() - WORK;
        while (gasleft() > last) {}
        assembly ("memory-safe") {
            mstore(0x00, 1)
            return(0x00, 0x20)
        }
    }
}

/// @dev Running out of gas is no failing proof, whoever shows it and whatever gas is given.
contract StarvedTest is TaskFixture {
    uint256 private constant MOST = 14_000_000;
    uint256 private constant STEP = 100_000;
    address private accuser = vm.addr(0xD009);
    Evidence private made;

    function setUp() public override {
        super.setUp();
        reachesChecks(5);
        fund(accuser);
        made = shown(member(0));
        vm.etch(address(verifier), type(SlowProofs).runtimeCode);
    }

    function isUnharmed() private view {
        (uint16 index,, uint8 strikes, bool out,) = task.memberOf(member(0));
        vm.assertTrue(index != 0 && strikes == 0 && !out, "a member as before");
        (, uint256 burned) = task.money();
        vm.assertEq(burned, 0, "nothing is burned");
        (,,, uint16 revealed,,) = task.standing();
        vm.assertEq(revealed, 5, "its update stands");
    }

    function test_NoGasLimitMakesAnAccusationTrue() public {
        bytes memory call = abi.encodeCall(task.accuse, (made));
        bytes4 last;
        for (uint256 limit = STEP; limit <= MOST; limit += STEP) {
            vm.prank(accuser);
            (bool done, bytes memory said) = address(task).call{gas: limit}(call);
            vm.assertFalse(done, "slashed");
            isUnharmed();
            // Four bytes of an error, or none where gas ran out.
            // forge-lint: disable-next-line(unsafe-typecast)
            last = bytes4(said);
        }
        vm.assertEq(bytes32(last), bytes32(IFederatedTask.ProofHolds.selector), "with enough of it");
    }

    function test_NoGasLimitMakesAnAnswerFail() public {
        vm.prank(accuser);
        task.challenge(member(0), Contested.Proof);
        bytes memory call = abi.encodeCall(task.answerProof, (made));
        bool done = false;
        for (uint256 limit = STEP; limit <= MOST && !done; limit += STEP) {
            vm.prank(member(0));
            (done,) = address(task).call{gas: limit}(call);
            isUnharmed();
        }
        vm.assertTrue(done, "answered");
        vm.assertEq(balance(member(0)), BOND, "and the bond is who answered's");
    }
}
