// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

/// A seat of a committee: the operator's number, the place of its seat, and the key that it signs with, as it was when
/// it was drawn.
type Member is uint256;

using {operatorOf, placeOf, signerOf} for Member global;

function memberOf(uint32 operator, uint16 place, address signer) pure returns (Member) {
    return Member.wrap(uint256(operator) << 176 | uint256(place) << 160 | uint160(signer));
}

function operatorOf(Member member) pure returns (uint32) {
    // The bits that were put there.
    // forge-lint: disable-next-line(unsafe-typecast)
    return uint32(Member.unwrap(member) >> 176);
}

function placeOf(Member member) pure returns (uint16) {
    // As above.
    // forge-lint: disable-next-line(unsafe-typecast)
    return uint16(Member.unwrap(member) >> 160);
}

function signerOf(Member member) pure returns (address) {
    // As above.
    // forge-lint: disable-next-line(unsafe-typecast)
    return address(uint160(Member.unwrap(member)));
}

/// A drawn committee. Who calls for it passes it again: the contract keeps its hash.
struct Committee {
    /// How many of its members have to say the same.
    uint8 threshold;
    /// Last seconds at which members may commit, and reveal.
    uint40 commitUntil;
    uint40 revealUntil;
    /// How far an answer may be from the median to count as the same; zero for models that are exact.
    uint64 tolerance;
    Member[] members;
}

/// Of a committee, what the router keeps: 26 bytes of `keccak256(abi.encode(committee))`, made of the calldata as they lie
/// there.
function committeeDigestOf(Committee calldata committee) pure returns (bytes26) {
    Member[] calldata members = committee.members;
    bytes32 hash;
    // Copying member by member would cost four times as much.
    // slither-disable-next-line assembly
    assembly ("memory-safe") {
        let at := mload(0x40)
        mstore(at, 0x20)
        // Four words, where the members are after the fifth, and the members.
        calldatacopy(add(at, 0x20), committee, 0x80)
        mstore(add(at, 0xa0), 0xa0)
        mstore(add(at, 0xc0), members.length)
        calldatacopy(add(at, 0xe0), members.offset, shl(5, members.length))
        hash := keccak256(at, add(0xe0, shl(5, members.length)))
    }
    // As much of it as the router keeps.
    // forge-lint: disable-next-line(unsafe-typecast)
    return bytes26(hash);
}

/// How a committee's work ends.
enum Outcome {
    /// Enough of them say the same.
    Agreed,
    /// Enough of them say that they cannot answer: the inputs are not to be had, or not those that were committed to.
    Unavailable,
    /// Neither.
    Divided
}

/// A member's commitment, as it is posted: keccak256(abi.encode(request, signer, keccak256(abi.encode(outputs)), salt)),
/// with the member's signature of EIP-712 type `Commit(bytes32 request,bytes32 digest)`, in EIP-2098's short form.
struct Commitment {
    uint8 seat;
    bytes32 digest;
    bytes32 r;
    bytes32 vs;
}

/// What a member committed to. No outputs: it cannot answer.
struct Reveal {
    uint8 seat;
    bytes32 salt;
    int64[] outputs;
}

/// What members who say the same post together, without having said anything on the chain before.
struct Agreement {
    /// What all of them say; in a feed one output of each, in the order of `voices`.
    int64[] outputs;
    /// What each member committed to; zero of who has not committed. Of who agrees it follows from outputs and salt.
    bytes32[] commits;
    /// Of the members who agree, ascending by seat.
    Voice[] voices;
}

/// A member who agrees: what hid its commitment, and its signature of EIP-712 type `Agreement(bytes32 request,bytes32
/// outputs,bytes32 commits)` in EIP-2098's short form, where `outputs` is keccak256 of its ABI-encoded outputs and `commits`
/// keccak256 of all commitments one after the other.
struct Voice {
    uint8 seat;
    bytes32 salt;
    bytes32 r;
    bytes32 vs;
}

/// A signature of an `Agreement`.
struct Signed {
    int64[] outputs;
    bytes32 commits;
    bytes32 r;
    bytes32 vs;
}

/// What an operator said about a request: signed, or (without signature) revealed on the chain by this operator.
struct Saying {
    uint32 operator;
    Signed signed;
}
