// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {MulticallUpgradeable} from "@openzeppelin/contracts-upgradeable/utils/MulticallUpgradeable.sol";

import {Statement} from "../../src/interfaces/IProofVerifier.sol";
import {Agreement, Commitment, Committee, Reveal} from "../../src/types/Oracles.sol";
import {Answer, Mode, Proof, Request, RequestId} from "../../src/types/Settlement.sol";
import {vm} from "../Vm.sol";
import {CommitteeFixture} from "./CommitteeFixture.sol";

/// forge-config: default.isolate = true
contract SettlementGas is CommitteeFixture {
    /// Of staking's storage, whose first member are the operators; the third word of each has what it earned.
    bytes32 private constant STAKING_NAMESPACE = 0x14c286299d579ebba3ce5c180964ab8d5732c5faa3250516a454b6188f572300;

    Request private last;

    function batch() private view returns (MulticallUpgradeable) {
        return MulticallUpgradeable(address(router));
    }

    function cost(string memory action) private {
        vm.snapshotGasLastCall("settlement", action);
    }

    function test_gas_optimistic() public {
        Request memory asked = requestFor(Mode.Optimistic);
        asked.callbackGas = 0;
        ask(asked);
        cost("optimistic: request");
        Answer memory given = give(asked, 7);
        cost("optimistic: answer");
        vm.warp(block.timestamp + WINDOW + 1);
        finalise(asked, given);
        cost("optimistic: finalise");
    }

    /// As both work who have done so before, in turn: the requester ends its last request and asks the next in one
    /// transaction, the answerer answers.
    function test_gas_optimistic_ended_by_the_requester() public {
        (Request memory asked, Answer memory given, Request memory next) = inTurn();
        bytes[] memory steps = new bytes[](2);
        steps[0] = abi.encodeCall(router.finalise, (address(consumer), asked, given));
        steps[1] = abi.encodeCall(router.request, (next));
        vm.prank(address(consumer));
        batch().multicall(steps);
        cost("optimistic: the last finalised, the next requested");
    }

    /// The same, if the answerer ends the last request and answers the next one.
    function test_gas_optimistic_ended_by_the_answerer() public {
        (Request memory asked, Answer memory given, Request memory next) = inTurn();
        ask(next);
        bytes[] memory steps = new bytes[](2);
        steps[0] = abi.encodeCall(router.finalise, (address(consumer), asked, given));
        steps[1] = abi.encodeCall(router.answer, (address(consumer), next, one(8)));
        vm.prank(answerer);
        batch().multicall(steps);
        cost("optimistic: the last finalised, the next answered");
    }

    /// A request whose answer can be finalised, and one that is still to be made.
    function inTurn() private returns (Request memory asked, Answer memory given, Request memory next) {
        asked = requestFor(Mode.Optimistic);
        asked.callbackGas = 0;
        ask(asked);
        given = give(asked, 7);
        vm.warp(block.timestamp + WINDOW + 1);
        next = requestFor(Mode.Optimistic);
        next.callbackGas = 0;
    }

    /// What a proof costs more by way of the router than a transaction that only verifies it.
    function test_gas_proof() public {
        Request memory asked = requestFor(Mode.Proof);
        asked.callbackGas = 0;
        RequestId id = ask(asked);
        cost("proof: request");
        Proof memory proof = proofOf(asked, 7, prover);
        vm.prank(prover);
        router.prove(address(consumer), asked, offered, none(), one(7), proof);
        uint256 whole = vm.lastCallGas().gasTotalUsed;
        Statement memory statement = statementOf(id, asked, one(7), prover);
        // As a transaction of its own, which a static call would not be.
        (bool verified,) = address(verifier)
            .call(abi.encodeCall(verifier.verify, (offered.descriptor, statement, proof.points, proof.proof)));
        vm.assertTrue(verified, "verified");
        vm.snapshotValue("settlement", "proof: prove, the router's part", whole - vm.lastCallGas().gasTotalUsed);
    }

    function test_gas_optimistic_batch() public {
        uint256 n = 8;
        Request[] memory asked = new Request[](n);
        bytes[] memory answers = new bytes[](n);
        bytes[] memory ends = new bytes[](n);
        bytes[] memory requests = new bytes[](n);
        for (uint256 i = 0; i < n; ++i) {
            asked[i] = requestFor(Mode.Optimistic);
            asked[i].callbackGas = 0;
            requests[i] = abi.encodeCall(router.request, (asked[i]));
            answers[i] = abi.encodeCall(router.answer, (address(consumer), asked[i], one(7)));
            ends[i] =
                abi.encodeCall(router.finalise, (address(consumer), asked[i], Answer(answerer, address(0), one(7))));
        }
        vm.prank(address(consumer));
        batch().multicall(requests);
        cost("8 requests");
        vm.prank(answerer);
        batch().multicall(answers);
        cost("optimistic: 8 answers");
        vm.warp(block.timestamp + WINDOW + 1);
        vm.prank(answerer);
        batch().multicall(ends);
        cost("optimistic: 8 ends");
    }

    /// Five of five members answer, who have earned before; the seats of others are free.
    function test_gas_quorum() public {
        earnBefore();
        (RequestId id, Committee memory committee) = askedAndDrawn();
        Agreement memory agreement = agreementOf(id, committee, one(7), 5);
        committees.agree(address(consumer), last, committee, agreement);
        cost("quorum: agree, five voices");
    }

    function test_gas_quorum_three_voices() public {
        earnBefore();
        (RequestId id, Committee memory committee) = askedAndDrawn();
        Agreement memory agreement = agreementOf(id, committee, one(7), 3);
        committees.agree(address(consumer), last, committee, agreement);
        cost("quorum: agree, three voices");
    }

    function test_gas_quorum_on_chain() public {
        (RequestId id, Committee memory committee) = askedAndDrawn();
        (int64[][] memory said,) = fives([int64(7), 7, 7, 7, 7]);
        Commitment[] memory commitments = new Commitment[](5);
        Reveal[] memory reveals = new Reveal[](5);
        for (uint8 i = 0; i < 5; ++i) {
            commitments[i] = commitmentBy(id, committee, i, said[i]);
            reveals[i] = Reveal(i, saltOf(i), said[i]);
        }
        committees.commit(id, committee, commitments);
        cost("quorum: five commitments");
        vm.warp(committee.commitUntil + 1);
        committees.reveal(id, committee, reveals);
        cost("quorum: five reveals");
        committees.close(address(consumer), last, committee, said);
        cost("quorum: close");
    }

    function askedAndDrawn() private returns (RequestId id, Committee memory committee) {
        last = requestFor(Mode.Quorum);
        last.callbackGas = 0;
        id = ask(last);
        cost("quorum: request");
        committee = drawFor(last);
        cost("quorum: draw");
    }

    /// Lets the accounts of earnings have something in them.
    function earnBefore() private {
        for (uint256 operator = 1; operator <= OPERATORS; ++operator) {
            bytes32 slot = keccak256(abi.encode(operator, STAKING_NAMESPACE));
            vm.store(address(staking), bytes32(uint256(slot) + 2), bytes32(uint256(1) << 128));
        }
        bytes32 balance = keccak256(abi.encode(address(staking), uint256(ROUTER_NAMESPACE) + 2));
        vm.store(address(router), balance, bytes32(OPERATORS));
    }
}
