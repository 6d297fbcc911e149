// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IFederatedTask} from "../interfaces/IFederatedTask.sol";

/// @dev What is signed off the chain: EIP-712, domain name "Averment FederatedTask", version "1", the task's own.
abstract contract Signatures {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME = keccak256("Averment FederatedTask");
    bytes32 private constant VERSION = keccak256("1");
    bytes32 private constant COMMIT = keccak256("Commit(uint256 round,bytes32 digest)");
    /// Room for hash-based signatures, which are the longest there are.
    uint256 private constant MAX_SIGNATURE = 32_768;

    function _commitDigest(uint16 round, bytes32 digest) internal view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN, NAME, VERSION, block.chainid, address(this)));
        return MessageHashUtils.toTypedDataHash(domain, keccak256(abi.encode(COMMIT, uint256(round), digest)));
    }

    /// A key's own signature, or what a contract wallet takes for its.
    function _checkSignature(address account, bytes32 digest, bytes calldata signature) internal view {
        if (signature.length > MAX_SIGNATURE) {
            revert IFederatedTask.SignatureTooLong(MAX_SIGNATURE, signature.length);
        }
        // A key's is asked for first: whether the account has code need not be looked up then.
        // slither-disable-next-line unused-return
        (address signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (signer == account && signer != address(0)) return;
        if (!SignatureChecker.isValidERC1271SignatureNowCalldata(account, digest, signature)) {
            revert IFederatedTask.InvalidSignature(account);
        }
    }
}
