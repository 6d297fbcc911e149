// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {VersionId} from "./Ids.sol";

/// An offer: hash of chain, router and everything that is offered.
type OfferId is bytes32;
/// A request: hash of chain, router, requester and everything that is asked for.
type RequestId is bytes32;

/// How an answer becomes final.
enum Mode {
    /// By a proof.
    Proof,
    /// By a bond, and a window in which nobody challenges.
    Optimistic,
    /// By members of a drawn committee who say the same.
    Quorum
}

/// Where a request stands.
enum Phase {
    None,
    /// Waits for an answer until its deadline.
    Open,
    /// Has a bonded answer that may be challenged until the window ends.
    Answered,
    /// The answer has to be proved by then.
    Challenged,
    /// Has a committee, see `ICommittees`.
    Drawn,
    Final,
    /// Final, but the requester did not take the callback.
    Undelivered,
    Refunded
}

/// What a model's owner offers to have computed by a version: the part of statements that does not change with the
/// request, and how answers may be settled.
struct Offer {
    VersionId version;
    /// The version's weights and plan, as they are registered.
    bytes32 weights;
    bytes32 plan;
    /// The input's schema.
    bytes32 schema;
    /// The terms of use; zero if none.
    bytes32 terms;
    IProofVerifier verifier;
    /// What proofs are verified with: a descriptor of the plan, for one mode of hiding and size of batch. That it is the
    /// plan's, everybody computes from the plan (docs/protocol.md, [10.3]); nobody should use an offer without.
    bytes32 descriptor;
    /// The certificate of the version's weights.
    bytes32 certificate;
    /// Whether proofs hide weights, inputs and activations.
    bool zeroKnowledge;
    /// The modes that the terms allow, bit 1 << Mode, for inputs about nobody and for inputs about persons.
    uint8 modes;
    uint8 modesForPersons;
    /// Seconds in which a challenged answer has to be proved.
    uint32 proofSeconds;
    /// What a challenger stakes: the cost of that proof.
    uint128 challengeBond;
    Quorum quorum;
}

/// How a committee answers; all zero if none may.
struct Quorum {
    /// How many are drawn, and how many of them have to say the same.
    uint8 members;
    uint8 threshold;
    uint32 commitSeconds;
    uint32 revealSeconds;
    /// How far an answer may be from the median to count as the same; zero for models that are exact. Only of one output.
    uint64 tolerance;
}

/// What is asked for.
struct Request {
    VersionId version;
    OfferId offer;
    /// The identity of the commitment to the inputs.
    bytes32 inputs;
    /// How many inputs these are, 1 to 65,536.
    uint32 items;
    /// Randomness of the computation; zero if it uses none.
    bytes32 seed;
    /// Makes the id unique.
    bytes32 salt;
    Mode mode;
    /// Whether an input is about a person.
    bool personal;
    /// Above this value at risk the answer is proved, whatever the mode.
    uint128 proofAbove;
    /// What is lost if the answer is wrong; the requester knows.
    uint128 valueAtRisk;
    /// What the answer is worth to the requester.
    uint128 fee;
    /// What an optimistic answerer stakes, at least the value at risk.
    uint128 bond;
    /// Last second at which it may be answered; a committee that was drawn until then may end its work.
    uint40 deadline;
    /// Seconds in which an optimistic answer may be challenged.
    uint32 window;
    /// Gas that the requester's callback gets; zero for no callback.
    uint32 callbackGas;
    /// Inputs that are public, in the order of the plan.
    int64[] publicInputs;
}

/// The id of a request that `requester` makes of `router`: `keccak256(abi.encode(keccak256("averment.request/1"),
/// block.chainid, router, requester, request))`, made of the calldata as they lie there. What is not clean there gives
/// another id; `request`, which emits all of it, refuses it.
function hashOf(address router, address requester, Request calldata request) view returns (RequestId id) {
    bytes32 tag = keccak256("averment.request/1");
    int64[] calldata inputs = request.publicInputs;
    // Copying member by member would cost four times as much.
    // slither-disable-next-line assembly
    assembly ("memory-safe") {
        let at := mload(0x40)
        mstore(at, tag)
        mstore(add(at, 0x20), chainid())
        mstore(add(at, 0x40), router)
        mstore(add(at, 0x60), requester)
        mstore(add(at, 0x80), 0xa0)
        // Fifteen words, where the inputs are after the sixteenth, and the inputs.
        calldatacopy(add(at, 0xa0), request, 0x1e0)
        mstore(add(at, 0x280), 0x200)
        mstore(add(at, 0x2a0), inputs.length)
        calldatacopy(add(at, 0x2c0), inputs.offset, shl(5, inputs.length))
        id := keccak256(at, add(0x2c0, shl(5, inputs.length)))
    }
}

/// The id of an offer that was made to `router`: `keccak256(abi.encode(keccak256("averment.offer/1"), block.chainid,
/// router, offered))`, like a request's.
function offerHashOf(address router, Offer calldata offered) view returns (OfferId id) {
    bytes32 tag = keccak256("averment.offer/1");
    // As above.
    // slither-disable-next-line assembly
    assembly ("memory-safe") {
        let at := mload(0x40)
        mstore(at, tag)
        mstore(add(at, 0x20), chainid())
        mstore(add(at, 0x40), router)
        // Eighteen words.
        calldatacopy(add(at, 0x60), offered, 0x240)
        id := keccak256(at, 0x2a0)
    }
}

/// `keccak256(abi.encode(values))`, made of the calldata as they lie there. Who takes values in emits or copies them
/// and so refuses those that are not clean.
function hashOf(int64[] calldata values) pure returns (bytes32 hash) {
    // As above.
    // slither-disable-next-line assembly
    assembly ("memory-safe") {
        let at := mload(0x40)
        mstore(at, 0x20)
        mstore(add(at, 0x20), values.length)
        calldatacopy(add(at, 0x40), values.offset, shl(5, values.length))
        hash := keccak256(at, add(0x40, shl(5, values.length)))
    }
}

/// `keccak256(abi.encode(Answer(answerer, challenger, outputs)))`, likewise.
function hashOf(address answerer, address challenger, int64[] calldata outputs) pure returns (bytes32 hash) {
    // As above.
    // slither-disable-next-line assembly
    assembly ("memory-safe") {
        let at := mload(0x40)
        mstore(at, 0x20)
        mstore(add(at, 0x20), answerer)
        mstore(add(at, 0x40), challenger)
        mstore(add(at, 0x60), 0x60)
        mstore(add(at, 0x80), outputs.length)
        calldatacopy(add(at, 0xa0), outputs.offset, shl(5, outputs.length))
        hash := keccak256(at, add(0xa0, shl(5, outputs.length)))
    }
}

/// An answer that is not final yet.
struct Answer {
    address answerer;
    /// Who challenged it; zero if nobody did.
    address challenger;
    /// In the order of the plan.
    int64[] outputs;
}

/// Points and proof, as `IProofVerifier` takes them.
struct Proof {
    bytes points;
    bytes proof;
}
