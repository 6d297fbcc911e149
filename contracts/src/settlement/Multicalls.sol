// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

/// @dev Several calls in one transaction, each as if its sender had made it. OpenZeppelin's `Multicall` goes by way of the proxy
/// again for every call and copies more; this one goes to the code that runs already.
/// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable delegatecall
abstract contract Multicalls {
    address private immutable self;

    constructor() {
        self = address(this);
    }

    /// @notice Does all of `data`, in order, or none: reverts with what the first one reverts with.
    /// @return results What each returns.
    function multicall(bytes[] calldata data) external returns (bytes[] memory results) {
        results = new bytes[](data.length);
        for (uint256 i = 0; i < data.length; ++i) {
            // Nothing is payable here, so no call finds another one's ether; all are done or none.
            // slither-disable-next-line delegatecall-loop,calls-loop,low-level-calls
            (bool done, bytes memory result) = self.delegatecall(data[i]);
            if (!done) {
                // As it is.
                // slither-disable-next-line assembly
                assembly ("memory-safe") {
                    revert(add(result, 0x20), mload(result))
                }
            }
            results[i] = result;
        }
    }
}
