// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import "./Memory.sol";

// Transcript ([1.4]) and the two sumchecks' rounds ([5.2], [6.1]).

/// Hashes the state with `words` words behind it; a challenge.
function draw(uint256 words) pure returns (uint256 challenge) {
    assembly {
        let state := mload(TRANSCRIPT)
        challenge := keccak256(state, shl(5, add(words, 1)))
        mstore(state, challenge)
        challenge := mod(challenge, P)
    }
}

/// Absorbs `words` words of calldata and draws.
function drawFrom(uint256 source, uint256 words) pure returns (uint256 challenge) {
    assembly {
        let state := mload(TRANSCRIPT)
        calldatacopy(add(state, 0x20), source, shl(5, words))
        challenge := keccak256(state, shl(5, add(words, 1)))
        mstore(state, challenge)
        challenge := mod(challenge, P)
    }
}

/// The main sumcheck's rounds, whose degrees the descriptor has; the masks' round, of the lookups' degree, last. `at` is where
/// the rounds begin, `lead` words before them are absorbed with the first. Leaves rho and 1 - rho in memory.
function reduceMain(uint256 source, uint256 lead, uint256 claim) pure returns (uint256 next, uint256 left) {
    assembly {
        left := claim
        next := source
        let ok := 1
        let state := mload(TRANSCRIPT)
        let degrees := mload(DEGREES)
        let n := mload(VARIABLES)
        lead := shl(5, lead)
        // The place of the coordinate, in words: n - 1 down to 0, then n for the masks.
        for { let place := sub(n, 1) } 1 {} {
            let size := shl(5, add(mload(SLOTS), 2))
            if lt(place, n) {
                size := shl(5, byte(0, mload(degrees)))
                degrees := add(degrees, 1)
            }
            calldatacopy(add(state, 0x20), sub(next, lead), add(size, lead))
            let first := add(add(state, 0x20), lead)
            let x := keccak256(state, add(add(size, lead), 0x20))
            lead := 0
            mstore(state, x)
            x := mod(x, P)
            mstore(add(RHO, shl(5, place)), x)
            mstore(add(NOT_RHO, shl(5, place)), sub(add(P, 1), x))

            // c_0, c_2, c_3, ... up to c_6; c_1 = claim - 2 c_0 - c_2 - c_3 - ... From the highest that there is: degrees above 4
            // are those of lookups in three and four slots. Five canonical numbers add up below 2^256.
            let constant := mload(first)
            let sum := 0
            let upper := 0
            let c := 0
            if gt(size, 0x80) {
                if gt(size, 0xa0) {
                    c := mload(add(first, 0xa0))
                    sum := c
                    ok := and(ok, lt(c, P))
                    upper := c
                }
                c := mload(add(first, 0x80))
                sum := add(sum, c)
                ok := and(ok, lt(c, P))
                upper := add(mulmod(upper, x, P), c)
            }
            if gt(size, 0x60) {
                c := mload(add(first, 0x60))
                sum := add(sum, c)
                ok := and(ok, lt(c, P))
                upper := add(mulmod(upper, x, P), c)
            }
            if gt(size, 0x40) {
                c := mload(add(first, 0x40))
                sum := add(sum, c)
                ok := and(ok, lt(c, P))
                upper := add(mulmod(upper, x, P), c)
            }
            c := mload(add(first, 0x20))
            sum := add(sum, c)
            ok := and(ok, lt(c, P))
            upper := add(mulmod(upper, x, P), c)
            ok := and(ok, lt(constant, P))
            // Numbers that are not canonical, of which `ok` knows, may wrap.
            sum := addmod(add(constant, constant), sum, P)
            upper := addmod(mulmod(upper, x, P), add(left, sub(P, sum)), P)
            left := addmod(mulmod(upper, x, P), constant, P)
            next := add(next, size)

            if iszero(lt(place, n)) { break }
            if iszero(place) {
                if iszero(mload(MASKED)) { break }
                place := n
                continue
            }
            place := sub(place, 1)
        }
        if iszero(ok) {
            mstore(0, 0)
            return(0, 0x20)
        }
    }
}

/// The batch evaluation's rounds, all of degree 2. Leaves u and 1 - u in memory.
function reduceBatch(uint256 source, uint256 claim) pure returns (uint256 next, uint256 left) {
    assembly {
        left := claim
        next := source
        let ok := 1
        let state := mload(TRANSCRIPT)
        let place := add(U, shl(5, add(mload(CHUNK_BITS), mload(COUNT_BITS))))
        for {} gt(place, U) {} {
            place := sub(place, 0x20)
            calldatacopy(add(state, 0x20), next, 0x40)
            let x := keccak256(state, 0x60)
            mstore(state, x)
            x := mod(x, P)
            mstore(place, x)
            mstore(add(place, 0x400), sub(add(P, 1), x))
            let constant := mload(add(state, 0x20))
            let square := mload(add(state, 0x40))
            ok := and(ok, and(lt(constant, P), lt(square, P)))
            // ((square x + claim - 2 constant - square) x + constant)
            let linear := addmod(add(left, sub(P, square)), shl(1, sub(P, constant)), P)
            left := addmod(mulmod(addmod(mulmod(square, x, P), linear, P), x, P), constant, P)
            next := add(next, 0x40)
        }
        if iszero(ok) {
            mstore(0, 0)
            return(0, 0x20)
        }
    }
}
