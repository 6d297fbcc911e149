// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

// OpenZeppelin's contracts that are deployed beside ours, compiled with our settings so that their artifacts can be
// committed too.
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
