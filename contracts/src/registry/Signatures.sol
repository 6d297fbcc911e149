// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {EIP712Upgradeable} from "@openzeppelin/contracts-upgradeable/utils/cryptography/EIP712Upgradeable.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {Approval, KeyRotation} from "../types/Registry.sol";

/// @dev What keys sign. Chain and registry are in the EIP-712 domain, so a signature counts nowhere else.
abstract contract Signatures is EIP712Upgradeable, IModelRegistry {
    bytes32 private constant APPROVAL = keccak256(
        "Approval(bytes32 modelId,bytes32 versionId,bytes32 role,uint8 decision,uint64 policyRevision,uint64 expiry,uint256 nonce)"
    );
    bytes32 private constant KEY_ROTATION =
        keccak256("KeyRotation(bytes32 modelId,bytes32 role,address newSigner,uint64 expiry)");

    /// Signatures go into the history. A wallet that accepts any length must not be able to make one that readers
    /// with bounded memory refuse. Room for hash-based signatures, which are the longest there are.
    uint256 private constant MAX_SIGNATURE = 32_768;

    function approvalDigest(Approval calldata approval) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    APPROVAL,
                    approval.modelId,
                    approval.versionId,
                    approval.role,
                    approval.decision,
                    approval.policyRevision,
                    approval.expiry,
                    approval.nonce
                )
            )
        );
    }

    function rotationDigest(KeyRotation calldata rotation) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(abi.encode(KEY_ROTATION, rotation.modelId, rotation.role, rotation.newSigner, rotation.expiry))
        );
    }

    /// Refuses a signature that `signer` did not make: an account by its key, a contract wallet by ERC-1271.
    function _checkSignature(address signer, bytes32 digest, bytes calldata signature) internal view {
        if (signature.length > MAX_SIGNATURE) revert SignatureTooLong(MAX_SIGNATURE, signature.length);
        if (!SignatureChecker.isValidSignatureNowCalldata(signer, digest, signature)) revert InvalidSignature(signer);
    }

    function _checkExpiry(uint64 expiry) internal view {
        // The seconds that a block's proposer can shift do not matter to expiries of hours and days.
        // slither-disable-next-line timestamp
        if (block.timestamp > expiry) revert Expired(expiry, block.timestamp);
    }

    /// The domain is the code's, not the storage's: an upgrade cannot be given another by accident, and it
    /// costs no storage reads.
    // OpenZeppelin's name for it.
    // slither-disable-next-line naming-convention
    function _EIP712Name() internal pure override returns (string memory) {
        return "Averment ModelRegistry";
    }

    // slither-disable-next-line naming-convention
    function _EIP712Version() internal pure override returns (string memory) {
        return "1";
    }
}
