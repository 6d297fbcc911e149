// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import "../../src/proof/Eq.sol";
import "../../src/proof/Memory.sol";
import {reduceMain} from "../../src/proof/Sumcheck.sol";
import {blockAt} from "../../src/proof/Terms.sol";
import {window} from "../../src/proof/Windows.sol";

/// @dev The verifier's pieces, one by one. Each call writes what the piece reads to where `Memory.sol` says, and ends by
/// returning from assembly: memory is the piece's own, as it is in `verify`.
contract Pieces {
    /// Where pieces may write, behind everything that has a place.
    uint256 private constant FREE = 0x6000;

    function points(uint256[] calldata a, uint256[] calldata b) external pure {
        place(R, a);
        place(U, b);
        done(eqPoints(R, U, a.length));
    }

    function prefixes(uint256[] calldata a, uint256[] calldata b) external pure {
        place(R, a);
        place(U, b);
        eqPrefixes(R, U, a.length, FREE);
        all(FREE, a.length + 1);
    }

    function pointsBelow(uint256[] calldata a, uint256[] calldata b, uint256 number) external pure {
        place(R, a);
        place(U, b);
        done(eqPointsBelow(R, U, a.length, number));
    }

    function bits(uint256[] calldata u, uint256 number) external pure {
        place(U, u);
        complement(U, u);
        done(eqIndex(U, u.length, number));
    }

    function below(uint256[] calldata u, uint256 number) external pure {
        place(U, u);
        complement(U, u);
        done(eqBelow(U, u.length, number));
    }

    function entries(uint256[] calldata u, uint256 start) external pure {
        place(U, u);
        eqTable(U, u.length, FREE, start);
        all(FREE, 2 ** u.length);
    }

    function blockOf(uint256[] calldata u, uint256 size, uint256 cell) external pure {
        place(U, u);
        uint256 end = eqTrees(U, u.length, FREE);
        assembly {
            mstore(U_TREES, FREE)
            mstore(U_TREES_END, end)
        }
        done(blockAt(size, cell));
    }

    /// `times` the same window: what is remembered must not change it.
    function windowOf(
        bytes32 axis,
        uint256 offset,
        uint256 times,
        uint256[] calldata r,
        uint256[] calldata rho,
        uint256[] calldata u
    ) external pure {
        place(R, r);
        place(RHO, rho);
        place(U, u);
        complement(U, u);
        assembly {
            mstore(TABLES, FREE)
        }
        uint256 value;
        for (uint256 i = 0; i < times; ++i) {
            value = window(uint256(axis), offset);
        }
        done(value);
    }

    /// One round, without masks: the coefficients are the proof.
    function round(uint256 state, uint256[] calldata sent, uint256 claim) external pure {
        assembly {
            mstore(TRANSCRIPT, FREE)
            mstore(FREE, state)
            mstore(VARIABLES, 1)
            mstore(DEGREES, DESCRIPTOR)
            mstore8(DESCRIPTOR, sent.length)
        }
        uint256 source;
        assembly {
            source := sent.offset
        }
        (, uint256 left) = reduceMain(source, 0, claim);
        done(left);
    }

    function place(uint256 to, uint256[] calldata values) private pure {
        assembly {
            mstore(ORDER, P)
            calldatacopy(to, values.offset, shl(5, values.length))
        }
    }

    function complement(uint256 to, uint256[] calldata values) private pure {
        for (uint256 i = 0; i < values.length; ++i) {
            uint256 value = P + 1 - values[i];
            assembly {
                mstore(add(add(to, 0x400), shl(5, i)), value)
            }
        }
    }

    function done(uint256 value) private pure {
        assembly {
            mstore(0, value)
            return(0, 0x20)
        }
    }

    function all(uint256 from, uint256 count) private pure {
        assembly {
            mstore(sub(from, 0x40), 0x20)
            mstore(sub(from, 0x20), count)
            return(sub(from, 0x40), add(0x40, shl(5, count)))
        }
    }
}
