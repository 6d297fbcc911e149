// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IOracleStaking} from "../interfaces/IOracleStaking.sol";
import {Parted} from "../settlement/Parted.sol";
import {Pauses} from "../settlement/Pauses.sol";
import {Bonds} from "./Bonds.sol";

/// @dev Who has seats: what `OracleOperators` does about it, and what everybody sees.
/// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable
abstract contract Operators is Bonds, Pauses, Parted, IOracleStaking {
    uint32 private constant MAX_UNBONDING = 90 days;

    IERC20 public immutable token;
    address public immutable router;

    constructor(IERC20 token_, address router_, uint128 seatBond_, uint32 unbondingTime_)
        Bonds(seatBond_, unbondingTime_)
    {
        if (address(token_).code.length == 0 || router_ == address(0)) revert ZeroAddress();
        if (unbondingTime_ == 0 || unbondingTime_ > MAX_UNBONDING) {
            revert UnbondingOutOfRange(1, MAX_UNBONDING, unbondingTime_);
        }
        (token, router) = (token_, router_);
    }

    modifier onlyRouter() {
        if (msg.sender != router) revert NotRouter(msg.sender);
        _;
    }

    function join(address, bytes32, uint16[] calldata) external returns (uint32) {
        _toPart();
    }

    function setKeys(uint32, address, bytes32) external {
        _toPart();
    }

    function addSeats(uint32, uint16[] calldata) external {
        _toPart();
    }

    function giveUp(uint32, uint16[] calldata) external {
        _toPart();
    }

    function withdrawBonds(uint32, address) external {
        _toPart();
    }

    function withdrawEarnings(uint32, address) external {
        _toPart();
    }

    function withdrawRewards(address) external {
        _toPart();
    }

    function collectDebt(uint32, uint16) external {
        _toPart();
    }

    function seatBond() external view returns (uint128) {
        return bond;
    }

    function unbondingTime() external view returns (uint32) {
        return unbondingSeconds;
    }

    function seatAt(uint16 place) external view returns (uint32 operator, bool isFree) {
        return (_operatorAt(place), _isFree(place));
    }

    function placesIn(uint256 word) external view returns (uint256) {
        return _layout().places[word];
    }

    function freeIn(uint256 word) external view returns (uint256) {
        return _layout().free[word];
    }

    function operatorOf(uint32 operator)
        external
        view
        returns (
            address owner,
            address signer,
            bytes32 encryptionKey,
            uint16 seats,
            uint40 since,
            uint128 unbonding,
            uint40 withdrawableFrom,
            uint128 earned
        )
    {
        Operator storage one = _layout().operators[operator];
        (owner, signer, encryptionKey, seats) = (one.owner, one.signer, one.encryptionKey, one.seats);
        (since, unbonding, withdrawableFrom, earned) = (one.since, one.unbonding, one.withdrawableFrom, one.earned);
    }

    function operatorBySigner(address signer) external view returns (uint32) {
        return _layout().bySigner[signer];
    }

    function rewardsOf(address account) external view returns (uint256) {
        return _layout().rewards[account];
    }

    function debtsOf(uint32 operator) external view returns (uint256) {
        return _layout().debts[operator].length;
    }

    function burned() external view returns (uint256) {
        return _layout().burned;
    }
}
