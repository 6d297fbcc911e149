// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IIdentityGate} from "./interfaces/IIdentityGate.sol";

/// @title A gate that lets in whom an attester knows.
/// @notice Somebody whom a task's members trust to know institutions signs, for each, which account is its in which task, under an
/// identity that is the same for all of its accounts and names nobody: a keyed hash, say. No owner, no storage, no upgrade.
contract AttestedIdentities is IIdentityGate, EIP712 {
    bytes32 private constant ATTESTATION =
        keccak256("Attestation(address task,address account,bytes32 identity,uint40 expiry)");

    error NoAttester();

    address public immutable attester;

    constructor(address attester_) EIP712("Averment AttestedIdentities", "1") {
        if (attester_ == address(0)) revert NoAttester();
        attester = attester_;
    }

    /// @param evidence `abi.encode(bytes32 identity, uint40 expiry, bytes signature)`; until the last second `expiry`.
    function identityOf(address task, address account, bytes calldata evidence) external view returns (bytes32) {
        (bytes32 identity, uint40 expiry, bytes memory signature) = abi.decode(evidence, (bytes32, uint40, bytes));
        // The seconds that a block's proposer can shift do not matter to days.
        // slither-disable-next-line timestamp
        if (block.timestamp > expiry) return 0;
        bytes32 digest = attestationDigest(task, account, identity, expiry);
        return SignatureChecker.isValidSignatureNow(attester, digest, signature) ? identity : bytes32(0);
    }

    /// @notice What the attester signs.
    function attestationDigest(address task, address account, bytes32 identity, uint40 expiry)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(keccak256(abi.encode(ATTESTATION, task, account, identity, expiry)));
    }
}
