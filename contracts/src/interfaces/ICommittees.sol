// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {Agreement, Commitment, Committee, Member, Outcome, Reveal, Saying, Signed} from "../types/Oracles.sol";
import {Offer, Proof, Request, RequestId} from "../types/Settlement.sol";

/// @title How a drawn committee answers.
/// @notice Members commit, then reveal. They do so among themselves: each sends the others its commitment, and once it
/// has those of all who are there, it signs its outputs together with the list of commitments; anybody posts `threshold`
/// such signatures in one transaction (`agree`). So nobody can have copied: who signs has seen nothing but commitments, and
/// its own commitment, which is in everybody's list, opens to what it signs.
/// (In a feed, with a tolerance, each signs its own output, and all of them are posted: the median is of everybody's.)
///
/// Where members do not hear from each other, each commits on the chain until `commitUntil`, reveals there until
/// `revealUntil`, and anybody closes. Who was silent then loses a part of its bond. Nobody is slashed for being outvoted:
/// only a proof shows who was wrong.
interface ICommittees {
    event Drawn(RequestId indexed id, bytes32 seed, Committee committee);
    event Committed(RequestId indexed id, uint32 indexed operator, bytes32 digest);
    event Revealed(RequestId indexed id, uint32 indexed operator, int64[] outputs);
    /// @param agreeing The operators that are paid.
    event Ended(RequestId indexed id, Outcome outcome, uint32[] agreeing);

    /// @dev Not the committee that was drawn, or the request has none.
    error OtherCommittee(RequestId id);
    error CommitsTooLate(RequestId id, uint40 until);
    error RevealsTooEarly(RequestId id, uint40 until);
    error RevealsTooLate(RequestId id, uint40 until);
    error ClosedTooEarly(RequestId id, uint40 until);
    /// @dev There is no such seat, or it is not after the one before.
    error BadSeat(RequestId id, uint8 seat);
    /// @dev Not this member's signature of this.
    error BadSignature(RequestId id, uint8 seat);
    error AlreadyCommitted(RequestId id, uint8 seat);
    error NotCommitted(RequestId id, uint8 seat);
    /// @dev Not what the member committed to.
    error OtherCommitment(RequestId id, uint8 seat);
    /// @dev Not what the member revealed.
    error OtherReveal(RequestId id, uint8 seat);
    error LengthMismatch(uint256 expected, uint256 got);
    error TooFewVoices(uint256 expected, uint256 got);
    /// @dev These are no operator's.
    error UnknownSigner(address signer);
    /// @dev The two say the same.
    error NoEquivocation(RequestId id);
    /// @dev It did not say this, or it is not contradicted.
    error NotContradicted(RequestId id, uint32 operator);

    /// @notice Posts what enough members say, and pays them: the same, or, in a feed, all members' own outputs, of which
    /// enough are within the tolerance of the median. Ends in a callback to the requester.
    function agree(
        address requester,
        Request calldata asked,
        Committee calldata committee,
        Agreement calldata agreement
    ) external;

    /// @notice Commits on the chain, for any number of members.
    function commit(RequestId id, Committee calldata committee, Commitment[] calldata commitments) external;
    /// @notice Reveals on the chain, once commitments are over.
    function reveal(RequestId id, Committee calldata committee, Reveal[] calldata reveals) external;
    /// @notice Ends a committee whose time is over, or all of whose members have revealed: pays who agree, if they are
    /// enough, slashes who was silent, half of it for the caller. Without an answer the request is open for a proof
    /// until its deadline. Of a revoked version: frees all and refunds, at any time.
    /// @param heard What each member revealed; empty of who has not.
    function close(address requester, Request calldata asked, Committee calldata committee, int64[][] calldata heard)
        external;

    /// @notice Shows that an operator signed two answers to one request.
    function equivocated(RequestId id, Signed calldata one, Signed calldata other) external;
    /// @notice Shows that operators said something else than what is proved, whatever became of the request. The
    /// statement's beneficiary is the caller.
    function contradict(
        address requester,
        Request calldata asked,
        Offer calldata offered,
        int64[] calldata outputs,
        Proof calldata proof,
        Saying[] calldata sayings
    ) external;

    function digestOf(Committee calldata committee) external pure returns (bytes26);
    /// @notice What a member commits to.
    function commitmentOf(RequestId id, Member member, int64[] calldata outputs, bytes32 salt)
        external
        pure
        returns (bytes32);
    /// @notice The EIP-712 digests that members sign.
    function commitDigest(RequestId id, bytes32 digest) external view returns (bytes32);
    function agreementDigest(RequestId id, int64[] calldata outputs, bytes32 commits) external view returns (bytes32);
}
