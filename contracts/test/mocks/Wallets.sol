// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {VersionId} from "../../src/types/Ids.sol";

/// @dev A contract wallet with one key behind it.
contract Wallet {
    address private immutable _key;

    constructor(address key) {
        _key = key;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        return ECDSA.recover(digest, signature) == _key ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @dev A wallet that tries to move its registry on while it is asked about a signature.
contract ReentrantWallet {
    IModelRegistry private immutable _registry;
    bytes private _call;
    bool private _believe;

    constructor(IModelRegistry registry) {
        _registry = registry;
    }

    function arm(bytes calldata call, bool believe) external {
        _call = call;
        _believe = believe;
    }

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        (bool success,) = address(_registry).call(_call);
        return success || _believe ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @dev Wallets that answer wrongly: nothing, too little, another word, all the gas.
contract SilentWallet {
    function isValidSignature(bytes32, bytes calldata) external pure {}
}

/// @dev Believes everything.
contract CredulousWallet {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return this.isValidSignature.selector;
    }
}

contract ShortWallet {
    fallback() external {
        assembly ("memory-safe") {
            mstore(0, shl(224, 0x1626ba7e))
            return(0, 4)
        }
    }
}

contract WrongWallet {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return 0x1626ba7f;
    }
}

contract LoopingWallet {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        while (true) {}
        return 0x1626ba7e;
    }
}
