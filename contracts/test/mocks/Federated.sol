// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IIdentityGate} from "../../src/interfaces/IIdentityGate.sol";
import {Statement} from "../../src/interfaces/IProofVerifier.sol";

/// @dev Believes a proof that consists of the statement's hash: what a task verifies shows in what it must be given. Its setup's
/// tau is 7; it knows the descriptors that it is told.
contract StatedProofs {
    bytes32 public constant setup = keccak256("setup");
    /// Where a descriptor is.
    mapping(bytes32 descriptor => address) public codeOf;

    function state(bytes32 descriptor, address code) external {
        codeOf[descriptor] = code;
    }

    function descriptors() external view returns (address) {
        return address(this);
    }

    /// [7]G2, the imaginary parts first.
    function tau() external pure returns (uint256[4] memory) {
        return [
            uint256(0x2903ba015a9abde26a5d081e84551e63be0fd4516e46ee6d593edeba46362455),
            0x224bdc5d4327fcf8ed702e01de1c2f1657a253ba75e32a89c390142aaa28b308,
            0x03c8b7cda6b2dedb7aeeaf5fda464ad17036bea1c4e6f7adbaed1ebe0335e0d8,
            0x1d92fff52a265017eeccb372e37d7a7bd431800eca28dfd82e21e8054114233f
        ];
    }

    function verify(bytes32 descriptor, Statement calldata statement, bytes calldata points, bytes calldata proof)
        external
        pure
        returns (bool)
    {
        return proof.length == 32
            && keccak256(proof) == keccak256(abi.encode(keccak256(abi.encode(descriptor, statement, points))));
    }
}

/// @dev Knows whom it is told, under the identity that it is told.
contract StatedGate is IIdentityGate {
    mapping(address account => bytes32) private identities;

    function state(address account, bytes32 identity) external {
        identities[account] = identity;
    }

    function identityOf(address, address account, bytes calldata) external view returns (bytes32) {
        return identities[account];
    }
}

/// @dev Asks a real verifier about one call that it knows, whatever it is asked: what verifying costs is in what it costs. Knows
/// nothing else any more: what it says of itself was asked before it came to where `StatedProofs` was.
contract ForwardedProofs {
    address private immutable real;
    /// Whose code is the call's data, behind a zero.
    address private immutable data;

    constructor(address real_, address data_) {
        (real, data) = (real_, data_);
    }

    function verify(bytes32, Statement calldata, bytes calldata, bytes calldata) external view returns (bool) {
        (address to, address from) = (real, data);
        assembly ("memory-safe") {
            let at := mload(0x40)
            let length := sub(extcodesize(from), 1)
            extcodecopy(from, at, 1, length)
            if iszero(staticcall(gas(), to, at, length, 0x00, 0x20)) { revert(0x00, 0x00) }
            return(0x00, 0x20)
        }
    }
}
