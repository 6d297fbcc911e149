// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {StakingStorage} from "../src/oracles/StakingStorage.sol";

/// @dev Never deployed; see `ModelRegistryLayout`. Pauses lie in a namespace of their own (`Pauses`).
contract OracleStakingLayout is StakingStorage layout at 0x14c286299d579ebba3ce5c180964ab8d5732c5faa3250516a454b6188f572300 {
    Layout internal staking;
}
