// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IOracleStaking} from "../interfaces/IOracleStaking.sol";
import {RequestId} from "../types/Settlement.sol";
import {Seats} from "./Seats.sol";

/// @dev What is lost of bonds, and what waits: what staking and `OracleOperators` both do with them.
/// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable
abstract contract Bonds is Seats {
    /// Of a seat's bond, in 1/10,000.
    uint256 internal constant WHOLE = 10_000;

    /// Of one seat.
    uint128 internal immutable bond;
    /// Seconds.
    uint32 internal immutable unbondingSeconds;

    constructor(uint128 bond_, uint32 unbondingSeconds_) {
        (bond, unbondingSeconds) = (bond_, unbondingSeconds_);
    }

    /// Takes a share of the bond of a seat that is in a committee, and the seat; what is left waits for withdrawal.
    function _slash(RequestId id, uint32 operator, uint16 place, uint256 share, address accuser) internal {
        _vacate(operator, place);
        uint256 amount = bond * share / WHOLE;
        (uint256 half, uint256 rest) = _divide(amount, accuser);
        // Less than a bond.
        // forge-lint: disable-next-line(unsafe-typecast)
        if (amount != bond) _unbond(_layout().operators[operator], uint128(bond - amount));
        emit IOracleStaking.Slashed(operator, id, accuser, half, rest);
    }

    /// Notes that an operator owes a bond for what it did about a request. Once for each request.
    function _owe(RequestId id, uint32 operator, address accuser) internal {
        _punish(id, operator);
        _layout().debts[operator].push(accuser);
        emit IOracleStaking.Indebted(operator, id, accuser);
    }

    function _punish(RequestId id, uint32 operator) internal {
        Layout storage $ = _layout();
        if ($.punished[id][operator]) revert IOracleStaking.AlreadyPunished(id, operator);
        $.punished[id][operator] = true;
    }

    /// Half for who showed it, the rest for nobody.
    function _divide(uint256 amount, address accuser) internal returns (uint256 half, uint256 rest) {
        Layout storage $ = _layout();
        half = amount / 2;
        rest = amount - half;
        $.rewards[accuser] += half;
        $.burned += rest;
    }

    /// What is given up waits, and all that waited before with it.
    function _unbond(Operator storage own, uint128 amount) internal {
        // Seconds since 1970 fit for 34,000 years.
        // forge-lint: disable-next-line(unsafe-typecast)
        own.withdrawableFrom = uint40(block.timestamp) + unbondingSeconds;
        own.unbonding += amount;
    }
}
