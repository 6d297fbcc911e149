// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Mode, Proof, Request, RequestId} from "../../src/types/Settlement.sol";
import {Agreement, Commitment, Committee, Member, Outcome, Reveal, Signed, Voice} from "../../src/types/Oracles.sol";
import {ICommittees} from "../../src/interfaces/ICommittees.sol";
import {IOracleStaking} from "../../src/interfaces/IOracleStaking.sol";
import {vm, Vm} from "../Vm.sol";
import {RouterFixture} from "./RouterFixture.sol";

/// @dev Ten operators with six seats each, and what their nodes do.
abstract contract CommitteeFixture is RouterFixture {
    uint256 internal constant OPERATORS = 10;
    uint256 internal constant SEATS = 6;

    address internal accuser = vm.addr(0xC009);
    Request internal lastAsked;

    function setUp() public virtual override {
        super.setUp();
        for (uint256 i = 0; i < OPERATORS; ++i) {
            enter(i, SEATS * i, SEATS);
        }
        vm.warp(block.timestamp + 1);
    }

    function ownerAt(uint256 i) internal pure returns (address) {
        return vm.addr(0xD000 + i);
    }

    /// The number of the operator that entered as the `i`th.
    function operatorAt(uint256 i) internal pure returns (uint32) {
        // There are few.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(i + 1);
    }

    function keyAt(uint256 i) internal pure returns (uint256) {
        return 0xE000 + i;
    }

    /// The key of a member, whose operator entered as the `operator - 1`st.
    function keyOf(Member member) internal pure returns (uint256) {
        return keyAt(member.operatorOf() - 1);
    }

    function enter(uint256 i, uint256 first, uint256 count) internal returns (uint32 operator) {
        address account = ownerAt(i);
        coin.mint(account, MONEY);
        vm.startPrank(account);
        coin.approve(address(staking), MONEY);
        operator = staking.join(vm.addr(keyAt(i)), bytes32(i + 1), placesFrom(first, count));
        vm.stopPrank();
    }

    function placesFrom(uint256 first, uint256 count) internal pure returns (uint16[] memory places) {
        places = new uint16[](count);
        for (uint256 i = 0; i < count; ++i) {
            // A place is less than 1,024.
            // forge-lint: disable-next-line(unsafe-typecast)
            places[i] = uint16(first + i);
        }
    }

    /// A quorum request whose committee is drawn.
    function drawn(Request memory asked) internal returns (RequestId id, Committee memory committee) {
        id = ask(asked);
        lastAsked = asked;
        return (id, drawFor(asked));
    }

    function drawFor(Request memory asked) internal returns (Committee memory committee) {
        (, uint64 round) = router.drawOf(router.requestIdOf(address(consumer), asked));
        randomness.state(round, keccak256(abi.encode("random", round)));
        vm.recordLogs();
        router.draw(address(consumer), asked);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs[0].topics[0], ICommittees.Drawn.selector);
        (, committee) = abi.decode(logs[0].data, (bytes32, Committee));
    }

    function saltOf(uint256 seat) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt", seat));
    }

    /// What the first `count` members post together who all say `outputs`.
    function agreementOf(RequestId id, Committee memory committee, int64[] memory outputs, uint256 count)
        internal
        view
        returns (Agreement memory agreement)
    {
        agreement.outputs = outputs;
        agreement.commits = new bytes32[](committee.members.length);
        agreement.voices = new Voice[](count);
        bytes32[] memory commits = new bytes32[](committee.members.length);
        for (uint256 i = 0; i < count; ++i) {
            commits[i] = committees.commitmentOf(id, committee.members[i], outputs, saltOf(i));
        }
        bytes32 all = keccak256(abi.encodePacked(commits));
        for (uint256 i = 0; i < count; ++i) {
            Signed memory signed = saying(id, committee.members[i], outputs, all);
            // A committee is small.
            // forge-lint: disable-next-line(unsafe-typecast)
            agreement.voices[i] = Voice(uint8(i), saltOf(i), signed.r, signed.vs);
        }
    }

    /// What all five members of a feed post together, each with its own output.
    function feedOf(RequestId id, Committee memory committee, int64[5] memory values)
        internal
        view
        returns (Agreement memory agreement)
    {
        agreement.outputs = new int64[](5);
        agreement.commits = new bytes32[](5);
        agreement.voices = new Voice[](5);
        bytes32[] memory commits = new bytes32[](5);
        for (uint256 i = 0; i < 5; ++i) {
            agreement.outputs[i] = values[i];
            commits[i] = committees.commitmentOf(id, committee.members[i], one(values[i]), saltOf(i));
        }
        bytes32 all = keccak256(abi.encodePacked(commits));
        for (uint256 i = 0; i < 5; ++i) {
            Signed memory signed = saying(id, committee.members[i], one(values[i]), all);
            // A committee is small.
            // forge-lint: disable-next-line(unsafe-typecast)
            agreement.voices[i] = Voice(uint8(i), saltOf(i), signed.r, signed.vs);
        }
    }

    function saying(RequestId id, Member member, int64[] memory outputs, bytes32 commits)
        internal
        view
        returns (Signed memory)
    {
        (bytes32 r, bytes32 vs) = compact(keyOf(member), committees.agreementDigest(id, outputs, commits));
        return Signed(outputs, commits, r, vs);
    }

    function compact(uint256 key, bytes32 digest) internal pure returns (bytes32 r, bytes32 vs) {
        uint8 v;
        (v, r, vs) = vm.sign(key, digest);
        if (v == 28) vs |= bytes32(uint256(1) << 255);
    }

    function commitmentBy(RequestId id, Committee memory committee, uint8 seat, int64[] memory outputs)
        internal
        view
        returns (Commitment memory)
    {
        Member member = committee.members[seat];
        bytes32 digest = committees.commitmentOf(id, member, outputs, saltOf(seat));
        (bytes32 r, bytes32 vs) = compact(keyOf(member), committees.commitDigest(id, digest));
        return Commitment(seat, digest, r, vs);
    }

    /// Members say their outputs on the chain; who has none is silent.
    function sayOnChain(RequestId id, Committee memory committee, int64[][] memory outputs, bool[] memory speaks)
        internal
    {
        Commitment[] memory commitments = new Commitment[](1);
        for (uint8 i = 0; i < outputs.length; ++i) {
            if (!speaks[i]) continue;
            commitments[0] = commitmentBy(id, committee, i, outputs[i]);
            committees.commit(id, committee, commitments);
        }
        vm.warp(committee.commitUntil + 1);
        Reveal[] memory reveals = new Reveal[](1);
        for (uint8 i = 0; i < outputs.length; ++i) {
            if (!speaks[i]) continue;
            reveals[0] = Reveal(i, saltOf(i), outputs[i]);
            committees.reveal(id, committee, reveals);
        }
    }

    /// One output for each of five members; below zero for one who is silent.
    function fives(int64[5] memory values) internal pure returns (int64[][] memory outputs, bool[] memory speaks) {
        outputs = new int64[][](5);
        speaks = new bool[](5);
        for (uint256 i = 0; i < 5; ++i) {
            speaks[i] = values[i] >= 0;
            if (speaks[i]) outputs[i] = one(values[i]);
        }
    }

    function overruleBy(
        address sender,
        Request memory asked,
        Committee memory committee,
        int64[][] memory heard,
        int64 output
    ) internal {
        Proof memory proof = proofOf(asked, output, sender);
        vm.prank(sender);
        router.overrule(address(consumer), asked, offered, committee, heard, one(output), proof);
    }

    function seatsOf(uint32 operator) internal view returns (uint16 seats) {
        (,,, seats,,,,) = staking.operatorOf(operator);
    }

    function unbondingOf(uint32 operator) internal view returns (uint128 unbonding) {
        (,,,,, unbonding,,) = staking.operatorOf(operator);
    }

    function earnedBy(uint32 operator) internal view returns (uint128 earned) {
        (,,,,,,, earned) = staking.operatorOf(operator);
    }

    function freeSeats() internal view returns (uint256 count) {
        for (uint256 word = 0; word < 4; ++word) {
            for (uint256 bits = staking.freeIn(word); bits != 0; bits &= bits - 1) {
                ++count;
            }
        }
    }

    /// A place of one of an operator's seats that can be drawn.
    function freeSeatOf(uint32 operator) internal view returns (uint16) {
        for (uint16 place = 0; place < 1024; ++place) {
            (uint32 there, bool isFree) = staking.seatAt(place);
            if (there == operator && isFree) return place;
        }
        revert("none is free");
    }
}
