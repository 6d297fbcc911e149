// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IInferenceRouter} from "./interfaces/IInferenceRouter.sol";
import {IOracleStaking} from "./interfaces/IOracleStaking.sol";
import {Bonds} from "./oracles/Bonds.sol";
import {ExactTransfers} from "./settlement/ExactTransfers.sol";
import {Pauses} from "./settlement/Pauses.sol";

/// @title The part of `OracleStaking` by which operators come, change their keys, leave and are paid; see
/// `IOracleStaking`.
/// @dev Runs on the storage of `OracleStaking` (`Parted`), which creates it and is initialised in its
/// place.
/// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable missing-initializer
contract OracleOperators is Bonds, Pauses {
    using ExactTransfers for IERC20;

    IERC20 private immutable token;
    address private immutable router;

    constructor(IERC20 token_, address router_, uint128 bond_, uint32 unbondingSeconds_)
        Bonds(bond_, unbondingSeconds_)
    {
        // `OracleStaking`, which creates this with what it was given, checks it.
        // slither-disable-next-line missing-zero-check
        (token, router) = (token_, router_);
    }

    function join(address signer, bytes32 encryptionKey, uint16[] calldata places)
        external
        whenNotPaused
        returns (uint32 operator)
    {
        Layout storage $ = _layout();
        operator = ++$.count;
        $.operators[operator].owner = msg.sender;
        _setKeys(operator, signer, encryptionKey);
        emit IOracleStaking.Joined(operator, msg.sender, signer, encryptionKey);
        _takeSeats(operator, places);
    }

    function setKeys(uint32 operator, address signer, bytes32 encryptionKey) external {
        _owned(operator);
        _setKeys(operator, signer, encryptionKey);
        emit IOracleStaking.KeysSet(operator, signer, encryptionKey);
    }

    function addSeats(uint32 operator, uint16[] calldata places) external whenNotPaused {
        _owned(operator);
        _takeSeats(operator, places);
    }

    function giveUp(uint32 operator, uint16[] calldata places) external {
        Operator storage own = _owned(operator);
        uint256 count = places.length;
        if (count == 0 || count > own.seats) revert IOracleStaking.SeatsOutOfRange(1, own.seats, count);
        for (uint256 i = 0; i < count; ++i) {
            _vacateFree(operator, places[i]);
        }
        // At most 64 bonds.
        // forge-lint: disable-next-line(unsafe-typecast)
        _unbond(own, uint128(count * bond));
        emit IOracleStaking.SeatsLeft(operator, places, own.withdrawableFrom);
    }

    function withdrawBonds(uint32 operator, address to) external {
        Operator storage own = _owned(operator);
        uint256 amount = own.unbonding;
        if (amount == 0) revert IOracleStaking.NothingToWithdraw(msg.sender);
        // The seconds that a block's proposer can shift do not matter to days.
        // slither-disable-next-line timestamp
        if (block.timestamp < own.withdrawableFrom) revert IOracleStaking.Unbonding(operator, own.withdrawableFrom);
        uint256 debts = _layout().debts[operator].length;
        if (debts != 0) revert IOracleStaking.InDebt(operator, debts);
        own.unbonding = 0;
        emit IOracleStaking.Withdrawn(msg.sender, to, amount);
        token.sendExactly(to, amount);
    }

    function withdrawEarnings(uint32 operator, address to) external {
        Operator storage own = _owned(operator);
        uint256 amount = own.earned;
        if (amount == 0) revert IOracleStaking.NothingToWithdraw(msg.sender);
        own.earned = 0;
        emit IOracleStaking.Withdrawn(msg.sender, to, amount);
        // Fees are where requests are.
        IInferenceRouter(router).withdraw(to, amount);
    }

    function withdrawRewards(address to) external {
        Layout storage $ = _layout();
        uint256 amount = $.rewards[msg.sender];
        if (amount == 0) revert IOracleStaking.NothingToWithdraw(msg.sender);
        $.rewards[msg.sender] = 0;
        emit IOracleStaking.Withdrawn(msg.sender, to, amount);
        token.sendExactly(to, amount);
    }

    function collectDebt(uint32 operator, uint16 place) external {
        Layout storage $ = _layout();
        address[] storage debts = $.debts[operator];
        if (debts.length == 0) revert IOracleStaking.NoDebt(operator);
        address accuser = debts[debts.length - 1];
        debts.pop();
        Operator storage one = $.operators[operator];
        uint128 amount = bond;
        if (one.unbonding >= amount) {
            one.unbonding -= amount;
        } else if (one.seats != 0) {
            _vacateFree(operator, place);
        } else {
            amount = one.unbonding;
            one.unbonding = 0;
        }
        (uint256 half, uint256 rest) = _divide(amount, accuser);
        emit IOracleStaking.DebtCollected(operator, accuser, half, rest);
    }

    function _takeSeats(uint32 operator, uint16[] calldata places) private {
        _occupy(operator, places);
        token.takeExactly(msg.sender, places.length * bond);
    }

    function _setKeys(uint32 operator, address signer, bytes32 encryptionKey) private {
        Layout storage $ = _layout();
        if (signer == address(0)) revert IOracleStaking.ZeroAddress();
        Operator storage one = $.operators[operator];
        if (signer == one.owner) revert IOracleStaking.SignerIsOwner(signer);
        if (signer != one.signer) {
            if ($.bySigner[signer] != 0) revert IOracleStaking.SignerTaken(signer);
            $.bySigner[signer] = operator;
            one.signer = signer;
        }
        one.encryptionKey = encryptionKey;
    }

    function _owned(uint32 operator) private view returns (Operator storage own) {
        own = _layout().operators[operator];
        if (own.owner == address(0)) revert IOracleStaking.UnknownOperator(operator);
        if (own.owner != msg.sender) revert IOracleStaking.NotOwner(operator, own.owner, msg.sender);
    }
}
