// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IDescriptors} from "./interfaces/IDescriptors.sol";
import {IProofVerifier, Statement} from "./interfaces/IProofVerifier.sol";
import {lookupsAtEnd, relationsAtEnd, tablesAtEnd} from "./proof/End.sol";
import {prepare, weigh} from "./proof/Functionals.sol";
import "./proof/Memory.sol";
import {isNamed, isRoundNamed} from "./proof/Names.sol";
import {PAIRING_GAS, derive, opens} from "./proof/Opening.sol";
import {chunksOf, hasMasks, load, pointCount, statedCount} from "./proof/Reading.sol";
import {draw, drawFrom, reduceBatch, reduceMain} from "./proof/Sumcheck.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";

/// @title One verifier for every plan; see `IProofVerifier`. `verify` is [9.2] of docs/protocol.md, step by step, in
/// memory laid out by `proof/Memory.sol`.
contract ProofVerifier is IProofVerifier {
    bytes32 private constant SUITE = keccak256("averment-proof/1");

    bytes32 public immutable setup;
    IDescriptors public immutable descriptors;
    uint256 private immutable TAU_0;
    uint256 private immutable TAU_1;
    uint256 private immutable TAU_2;
    uint256 private immutable TAU_3;

    constructor(uint256[4] memory tau_, bytes32 setup_, IDescriptors descriptors_) {
        if (!isGenerator(tau_)) revert BadSetup();
        (TAU_0, TAU_1, TAU_2, TAU_3) = (tau_[0], tau_[1], tau_[2], tau_[3]);
        setup = setup_;
        if (address(descriptors_).code.length == 0) revert NoDescriptors(address(descriptors_));
        descriptors = descriptors_;
    }

    function tau() external view returns (uint256[4] memory) {
        return [TAU_0, TAU_1, TAU_2, TAU_3];
    }

    function verify(bytes32 descriptor, Statement calldata statement, bytes calldata points, bytes calldata proof)
        external
        view
        returns (bool)
    {
        // What is stored there, the registry validated: only it can create the code that has this address.
        uint256 free = load(Create2.computeAddress(0, descriptor, address(descriptors)));
        if (free == 0) revert UnknownDescriptor(descriptor);
        setMemory(descriptor);
        assembly {
            mstore(POINTS, points.offset)
            mstore(POINTS_LENGTH, points.length)
            mstore(PROOF, proof.offset)
            mstore(PROOF_END, add(proof.offset, proof.length))
        }
        if (!begin(free, statement)) reject();
        uint256 source = messages();
        source = mainSumcheck(source);
        source = batchEvaluation(source);
        if (!openingFits(source)) reject();
        (uint256 hAlpha, uint256 g) = derive();
        bool ok = opens(hAlpha, g);
        assembly {
            mstore(0, ok)
            return(0, 0x20)
        }
    }

    /// What the contract knows itself.
    function setMemory(bytes32 descriptor) private view {
        (uint256 t0, uint256 t1, uint256 t2, uint256 t3) = (TAU_0, TAU_1, TAU_2, TAU_3);
        bytes32 own = setup;
        assembly {
            mstore(TAU, t0)
            mstore(add(TAU, 0x20), t1)
            mstore(add(TAU, 0x40), t2)
            mstore(add(TAU, 0x60), t3)
            mstore(DIGEST, descriptor)
            mstore(SETUP, own)
            mstore(ORDER, P)
        }
    }

    /// Absorbs what was there before the proof, [9.2] (1). False if the statement's public values are too many, too
    /// few or too wide, if points are missing or are not the commitments that it names, or if the descriptor is for the
    /// other mode.
    function begin(uint256 state, Statement calldata statement) private view returns (bool fits) {
        bool masked = statement.zeroKnowledge;
        int64[] calldata values = statement.publicValues;
        uint256 length;
        uint256 source;
        uint256 halves;
        assembly {
            length := mload(POINTS_LENGTH)
            source := values.offset
            mstore(PUBLIC, source)
            halves := mload(HALVES)
        }
        fits = masked == hasMasks() && values.length == statedCount(source, values.length, statement.items)
            && length == pointCount(statement.items) * 64;
        if (!fits) return false;
        if (!(halves == 0 ? isNamed(state, statement) : isRoundNamed(state, statement))) return false;
        bytes32 suite = SUITE;
        assembly {
            mstore(MASKED, masked)
            mstore(TRANSCRIPT, state)
            mstore(state, suite)
            mstore(add(state, 0x20), suite)
            mstore(add(state, 0x40), mload(SETUP))
            mstore(add(state, 0x60), chainid())
            // consumer, request, beneficiary, version, weights, plan, schema, inputs, items
            calldatacopy(add(state, 0x80), statement, 0x120)
            fits := iszero(shr(160, or(calldataload(statement), calldataload(add(statement, 0x40)))))
            let place := add(state, 0x1a0)
            mstore(place, values.length)
            place := add(place, 0x20)
            switch halves
            case 0 {
                let value := values.offset
                for { let end := add(value, shl(5, values.length)) } lt(value, end) { value := add(value, 0x20) } {
                    let cell := calldataload(value)
                    fits := and(fits, eq(cell, signextend(7, cell)))
                    if slt(cell, 0) { cell := add(cell, P) }
                    mstore(place, cell)
                    place := add(place, 0x20)
                }
            }
            // A round's as they are: there are hundreds. `gram` looks at each.
            default {
                calldatacopy(place, values.offset, shl(5, values.length))
                place := add(place, shl(5, values.length))
            }
            // seed, mode, terms
            calldatacopy(place, add(statement, 0x140), 0x60)
            mstore(add(place, 0x20), masked)
            mstore(add(place, 0x60), mload(DIGEST))
            mstore(add(place, 0x80), mload(CHUNK_BITS))
            place := add(place, 0xa0)
            calldatacopy(place, mload(POINTS), length)
            place := add(place, length)
            // The first message comes behind it.
            let first := shl(6, and(shr(240, mload(add(DESCRIPTOR, 78))), 0xffff))
            first := add(first, shl(7, masked))
            calldatacopy(place, mload(PROOF), first)
            mstore(TABLES, sub(add(place, first), state))
        }
    }

    /// The first two messages and the challenges before the main sumcheck, [9.2] (2) and (3).
    function messages() private pure returns (uint256 source) {
        uint256 absorbed;
        assembly {
            absorbed := sub(shr(5, mload(TABLES)), 1)
            source := mload(PROOF)
        }
        uint256 beta = draw(absorbed);
        uint256 gamma = draw(0);
        uint256 first = chunksOf(3);
        uint256 second = chunksOf(4);
        bool ok = true;
        assembly {
            mstore(BETA, beta)
            mstore(GAMMA, gamma)
            source := add(source, shl(6, first))
            if mload(MASKED) {
                mstore(MASK_POINT, source)
                // The sums of both masks.
                ok := and(lt(calldataload(add(source, 0x40)), P), lt(calldataload(add(source, 0x60)), P))
                source := add(source, 0x80)
            }
            mstore(SECOND, source)
        }
        if (!ok) reject();
        uint256 challenge = drawFrom(source, 2 * second);
        assembly {
            source := add(source, shl(6, second))
            let state := mload(TRANSCRIPT)
            mstore(R, challenge)
            let c := add(R, 0x20)
            for { let end := add(R, shl(5, mload(POINT_LENGTH))) } lt(c, end) { c := add(c, 0x20) } {
                challenge := keccak256(state, 0x20)
                mstore(state, challenge)
                mstore(c, mod(challenge, P))
            }
            for { c := LAMBDA } iszero(gt(c, LAMBDA_C)) { c := add(c, 0x20) } {
                challenge := keccak256(state, 0x20)
                mstore(state, challenge)
                mstore(c, mod(challenge, P))
            }
        }
    }

    /// The main sumcheck, [9.2] (4), (5) and the operands of (6).
    function mainSumcheck(uint256 source) private pure returns (uint256 next) {
        uint256 claim;
        bool masked;
        bool ok;
        assembly {
            claim := calldataload(source)
            ok := lt(claim, P)
            masked := mload(MASKED)
        }
        if (!ok) reject();
        if (masked) {
            uint256 kappa = drawFrom(source, 1);
            assembly {
                mstore(KAPPA, kappa)
                claim := addmod(claim, mulmod(kappa, calldataload(add(mload(MASK_POINT), 0x40)), P), P)
            }
        }
        uint256 left;
        (next, left) = reduceMain(source + 32, masked ? 0 : 1, claim);
        uint256 operands;
        assembly {
            mstore(OPERANDS, next)
            operands := add(add(mload(SLOTS), 3), shl(1, mload(PRODUCTS)))
            // Tables have room behind the longest thing that is absorbed.
            let longest := shl(5, add(operands, 1))
            if lt(longest, mload(TABLES)) { longest := mload(TABLES) }
            mstore(TABLES, add(mload(TRANSCRIPT), add(longest, 0x20)))
        }
        uint256 end = lookupsAtEnd();
        uint256 tables = tablesAtEnd();
        uint256 products = relationsAtEnd();
        assembly {
            let n := mload(VARIABLES)
            end := mulmod(addmod(addmod(end, tables, P), products, P), sub(P, shr(n, sub(P, 1))), P)
            if masked { end := mulmod(end, mload(add(NOT_RHO, shl(5, n))), P) }
            left := addmod(left, sub(P, end), P)
            mstore(REST, left)
            ok := or(masked, iszero(left))
        }
        if (!ok) reject();
        uint256 theta = drawFrom(next, operands);
        if (masked) {
            assembly {
                mstore(KAPPA_2, theta)
            }
            theta = draw(0);
        }
        // The batch evaluation's claim, [6.1].
        assembly {
            mstore(THETA, theta)
            let power := theta
            claim := addmod(calldataload(source), mload(CONSTANTS), P)
            for { let last := add(next, shl(5, operands)) } lt(next, last) { next := add(next, 0x20) } {
                let value := calldataload(next)
                ok := and(ok, lt(value, P))
                claim := addmod(claim, mulmod(power, value, P), P)
                power := mulmod(power, theta, P)
            }
            if masked {
                claim := addmod(claim, mulmod(power, left, P), P)
                claim := addmod(claim, mulmod(mload(KAPPA_2), calldataload(add(mload(MASK_POINT), 0x60)), P), P)
            }
            mstore(CONSTANTS, claim)
        }
        if (!ok) reject();
    }

    /// The batch evaluation and the challenges of the opening, [9.2] (7) to (9).
    function batchEvaluation(uint256 source) private pure returns (uint256 next) {
        uint256 left;
        assembly {
            left := mload(CONSTANTS)
        }
        (next, left) = reduceBatch(source, left);
        prepare();
        uint256 weight = weigh();
        bool masked;
        bool ok;
        assembly {
            masked := mload(MASKED)
            let value := calldataload(next)
            left := addmod(left, sub(P, mulmod(mod(value, P), weight, P)), P)
            ok := and(lt(value, P), or(masked, iszero(left)))
            mstore(MASK_VALUE, left)
            mstore(VALUE, value)
        }
        if (!ok) reject();
        uint256 lead = 1;
        if (masked) {
            assembly {
                // In the proof v, R, v_R; absorbed as v, v_R, R.
                let state := mload(TRANSCRIPT)
                let other := calldataload(add(next, 0x60))
                ok := lt(other, P)
                mstore(add(state, 0x20), calldataload(next))
                mstore(add(state, 0x40), other)
                calldatacopy(add(state, 0x60), add(next, 0x20), 0x40)
                mstore(BLIND, add(next, 0x20))
            }
            if (!ok) reject();
            uint256 eta = draw(4);
            assembly {
                mstore(ETA, eta)
                mstore(VALUE, addmod(mload(VALUE), mulmod(eta, calldataload(add(next, 0x60)), P), P))
            }
            lead = 0;
        }
        unchecked {
            // v, and with masks R and v_R, come before the opening; places in calldata are small numbers.
            next += masked ? 128 : 32;
            uint256 values = masked ? 8 : 6;
            uint256 place = next - 32 * lead;
            uint256 alpha = drawFrom(place, 2 + lead);
            uint256 omega = drawFrom(next + 64, 4);
            uint256 zeta = drawFrom(next + 192, 2);
            uint256 xi = drawFrom(next + 256, values + 2);
            place = next + 256 + 32 * (values + 2);
            uint256 z = drawFrom(place, 2);
            uint256 delta = drawFrom(place + 64, 2);
            assembly {
                mstore(OPENING, next)
                mstore(ALPHA, alpha)
                mstore(OMEGA, omega)
                mstore(ZETA, zeta)
                mstore(XI, xi)
                mstore(Z, z)
                mstore(DELTA, delta)
            }
            return place + 128;
        }
    }

    /// Whether the proof ends where the opening does.
    function openingFits(uint256 end) private pure returns (bool fits) {
        assembly {
            fits := eq(end, mload(PROOF_END))
        }
    }

    /// Ends the call: the proof is bad.
    function reject() private pure {
        assembly {
            mstore(0, 0)
            return(0, 0x20)
        }
    }

    /// Whether this is a point of G2 of order P, and not the identity.
    function isGenerator(uint256[4] memory point) private view returns (bool ok) {
        // The pairing checks its operands' curve and order; with the identity of G1 it holds for all of them.
        bytes memory input = abi.encode(uint256(0), uint256(0), point);
        assembly ("memory-safe") {
            ok := staticcall(PAIRING_GAS, 8, add(input, 0x20), 0xc0, 0, 0x20)
            ok := and(ok, mload(0))
        }
        return ok && (point[0] | point[1] | point[2] | point[3]) != 0;
    }
}
