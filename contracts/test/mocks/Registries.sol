// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {ModelRegistry} from "../../src/ModelRegistry.sol";

/// @dev The next version of the registry: the same storage, one function and one namespace more.
/// @custom:oz-upgrades-from ModelRegistry
/// @custom:oz-upgrades-unsafe-allow missing-initializer
contract ModelRegistryV2 is ModelRegistry {
    /// @custom:storage-location erc7201:averment.storage.ModelRegistryV2
    struct LayoutV2 {
        uint256 migrated;
    }

    /// `keccak256(abi.encode(uint256(keccak256("averment.storage.ModelRegistryV2")) - 1)) & ~bytes32(uint256(0xff))`
    bytes32 private constant NAMESPACE_V2 = 0xe7bb28612b4c73aa55d59be51c5d66dfb1958b26249a08ec0373cb691fbec200;

    function migrate() external reinitializer(2) {
        _layoutV2().migrated = 2;
    }

    function migrated() external view returns (uint256) {
        return _layoutV2().migrated;
    }

    function _layoutV2() private pure returns (LayoutV2 storage $) {
        assembly ("memory-safe") {
            $.slot := NAMESPACE_V2
        }
    }
}

/// @dev Not upgradeable: an upgrade to it must be refused.
contract NoRegistry {
    function registryHead() external pure returns (bytes32) {
        return bytes32(uint256(1));
    }
}

/// @dev Registries as an anchor may meet them.
contract FailingRegistry {
    function registryHead() external pure returns (bytes32) {
        revert("no");
    }
}

contract ShortRegistry {
    fallback() external {
        assembly ("memory-safe") {
            mstore(0, not(0))
            return(0, 31)
        }
    }
}

contract FloodingRegistry {
    fallback() external {
        assembly ("memory-safe") {
            return(0, 40000)
        }
    }
}

contract LoopingRegistry {
    function registryHead() external pure returns (bytes32) {
        while (true) {}
        return 0;
    }
}

contract WritingRegistry {
    uint256 public calls;

    function registryHead() external returns (bytes32) {
        return bytes32(++calls);
    }
}

/// @dev Says its head if it gets at least the gas it was built with.
contract HungryRegistry {
    uint256 private immutable _least;

    constructor(uint256 least) {
        _least = least;
    }

    function registryHead() external view returns (bytes32) {
        require(gasleft() >= _least, "hungry");
        return bytes32(uint256(0xfeed));
    }
}
