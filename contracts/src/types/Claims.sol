// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {VersionId} from "./Ids.sol";
import {Mode, OfferId} from "./Settlement.sol";

/// A policy: hash of chain, pool, product, holder and a salt.
type PolicyId is bytes32;

/// What a pool sells. Terms never change: other terms are another product.
struct Product {
    uint128 premium;
    /// What a claim pays; reserved from the sale on.
    uint128 payout;
    /// Seconds for which a policy holds, from its sale on.
    uint32 term;
    /// Seconds after the term in which what happened within it may still be filed.
    uint32 filing;
    /// How its claims are decided.
    uint16 routine;
}

/// How claims are decided. But for the version that is authorised it never changes, so that whoever bought a policy keeps what
/// it takes to be paid.
struct Routine {
    /// The version that is authorised, and the offer by which it answers; zero if none is.
    VersionId version;
    OfferId offer;
    /// A claim is accepted if its output is from `least` to `most`.
    int64 least;
    int64 most;
    /// Of each claim's outputs the one that counts, and how many there are, padding included.
    uint16 output;
    uint16 outputs;
    /// How many claims the offer's proofs take, a power of two up to 128: their answers have as many.
    uint16 batch;
    Mode mode;
    /// Whether evidence is about persons.
    bool personal;
    /// Above this value at risk, which is what a batch's claims would be paid, the answer is proved.
    uint128 proofAbove;
    /// For each claim, to whoever answers.
    uint128 fee;
    /// Seconds in which a request has to be answered, and in which an optimistic answer may be challenged.
    uint32 answerSeconds;
    uint32 window;
}

/// A claim: one policy's, about evidence that is committed to. A pool takes evidence once.
struct Claim {
    PolicyId policy;
    /// The identity of the commitment to the evidence (docs/formats.md, Commitments), made with a fresh salt.
    bytes32 evidence;
}

/// What an accredited intake signs (EIP-712) when it has seen evidence and what its commitment commits to.
struct Intake {
    PolicyId policy;
    bytes32 evidence;
    /// When the damage happened, in seconds since 1970.
    uint40 happenedAt;
    /// Last second at which a claim with it may be filed.
    uint40 expiry;
}

/// A claim as it is filed.
struct Filing {
    Intake intake;
    /// The intake: an account, or a contract that knows its signatures (ERC-1271).
    address signer;
    bytes signature;
}

/// Where a policy stands.
enum PolicyState {
    None,
    /// In force, or over and not lapsed yet; without an open claim.
    Clear,
    /// Has a claim that is open or waits to be paid.
    Claimed,
    /// Paid or lapsed.
    Over
}

/// Where a claim stands.
enum ClaimStage {
    None,
    Filed,
    /// Part of a request to the router.
    Asked,
    /// Its payout waits to be withdrawn.
    Accepted,
    Paid,
    /// By the model's answer; may be appealed.
    Rejected,
    /// Before a reviewer: appealed, or not answered in time.
    InReview,
    /// Rejected and not appealed in time, or by a reviewer.
    Denied
}

/// A claim in one word: stage u8, until u40, product u16, from the low end, then the first 24 bytes of the policy's id, of
/// which a second one takes 2^192 hashes. `until` is the last second at which a filed claim may be asked about, a rejected one
/// appealed, one in review decided; zero in other stages.
type Progress is uint256;

using {stageOf, untilOf, productOf, isOf, movedTo} for Progress global;

function filedFor(PolicyId policy, uint16 product, uint40 until) pure returns (Progress) {
    uint256 short = uint256(PolicyId.unwrap(policy)) >> 64 << 64;
    return Progress.wrap(short | uint256(product) << 48 | uint256(until) << 8 | uint8(ClaimStage.Filed));
}

function stageOf(Progress claim) pure returns (ClaimStage) {
    // The low bits.
    // forge-lint: disable-next-line(unsafe-typecast)
    return ClaimStage(uint8(Progress.unwrap(claim)));
}

function untilOf(Progress claim) pure returns (uint40) {
    // Bits 8 to 47.
    // forge-lint: disable-next-line(unsafe-typecast)
    return uint40(Progress.unwrap(claim) >> 8);
}

function productOf(Progress claim) pure returns (uint16) {
    // Bits 48 to 63.
    // forge-lint: disable-next-line(unsafe-typecast)
    return uint16(Progress.unwrap(claim) >> 48);
}

/// Whether it is a policy's.
function isOf(Progress claim, PolicyId policy) pure returns (bool) {
    return Progress.unwrap(claim) >> 64 == uint256(PolicyId.unwrap(policy)) >> 64;
}

/// The same claim in another stage.
function movedTo(Progress claim, ClaimStage stage, uint40 until) pure returns (Progress) {
    return Progress.wrap(Progress.unwrap(claim) >> 48 << 48 | uint256(until) << 8 | uint8(stage));
}

/// Seconds that a pool gives everybody; the code has them.
struct Times {
    /// Of a period. What is filed in one is asked about in a later one, as one batch.
    uint32 cadence;
    /// At the beginning of a period, in which claims are filed.
    uint32 filing;
    /// In which a filed claim has to become part of a request.
    uint32 patience;
    /// In which a rejected claim may be appealed.
    uint32 appeal;
    /// In which a reviewer has to decide.
    uint32 review;
}
