// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import "./descriptor/Bytes.sol";
import {Layouts} from "./descriptor/Layouts.sol";
import {Lookups} from "./descriptor/Lookups.sol";
import {Relations} from "./descriptor/Relations.sol";
import {Rounds} from "./descriptor/Rounds.sol";
import {Q} from "./proof/Memory.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";

/// @title See `IDescriptors`. The rules of docs/protocol.md [10.2] and [10.4] to [10.6]: the same checks in the same order as
/// `crates/verifier/src/descriptor/validate.rs` and what is below it; plain Solidity, since it runs once a plan.
contract Descriptors is Layouts, Lookups, Relations, Rounds {
    function register(bytes calldata descriptor, bytes calldata points) external returns (bytes32 digest) {
        // Copies what follows the first 11 bytes and returns it; what is stored begins with the twelfth, which stops.
        bytes memory creation = bytes.concat(hex"600b5981380380925939f300", descriptor, points);
        digest = keccak256(creation);
        if (codeOf(digest) != address(0)) return digest;
        validate(descriptor);
        checkPoints(uint16(bytes2(descriptor[AT_TABLE_CHUNKS:])), points);
        emit DescriptorRegistered(digest, Create2.deploy(0, 0, creation));
    }

    function codeOf(bytes32 digest) public view returns (address code) {
        code = Create2.computeAddress(0, digest);
        if (code.code.length == 0) code = address(0);
    }

    function validate(bytes calldata descriptor) private pure {
        // Filled in by what follows.
        // slither-disable-next-line uninitialized-local
        Plan memory plan;
        plan.data = descriptor;
        open(plan);
        checkSizes(plan);
        checkTables(plan);
        checkLookups(plan);
        if (plan.kind == DECISION) checkRelations(plan);
        else if (plan.kind == CERTIFICATE) checkCertificate(plan);
        else if (plan.kind == UPDATE) checkUpdate(plan);
        else checkRound(plan);
    }

    /// One point a chunk, each canonical and on the curve, which has no other subgroup; or the identity, of a chunk that
    /// holds nothing but zeros.
    function checkPoints(uint256 chunks, bytes calldata points) private pure {
        if (points.length != 64 * chunks) revert TablePoints(64 * chunks, points.length);
        for (uint256 i = 0; i < chunks; ++i) {
            (uint256 x, uint256 y) = abi.decode(points[64 * i:], (uint256, uint256));
            bool right = x < Q && y < Q && mulmod(y, y, Q) == addmod(mulmod(mulmod(x, x, Q), x, Q), 3, Q);
            if (!right && x | y != 0) revert BadTablePoint(i);
        }
    }
}
