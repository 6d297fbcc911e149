// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IInferenceRouter} from "../interfaces/IInferenceRouter.sol";
import {ExactTransfers} from "../settlement/ExactTransfers.sol";
import {Pauses} from "../settlement/Pauses.sol";
import {RequestId} from "../types/Settlement.sol";
import {Seats} from "./Seats.sol";

/// @dev Who has seats: joining, leaving, what is earned and what is lost.
/// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable
abstract contract Operators is Seats, Pauses {
    using ExactTransfers for IERC20;

    uint32 private constant MAX_UNBONDING = 90 days;
    /// Of a seat's bond, in 1/10,000.
    uint256 internal constant WHOLE = 10_000;

    IERC20 public immutable token;
    address public immutable router;
    uint128 public immutable seatBond;
    uint32 public immutable unbondingTime;

    constructor(IERC20 token_, address router_, uint128 seatBond_, uint32 unbondingTime_) {
        if (address(token_).code.length == 0 || router_ == address(0)) revert ZeroAddress();
        if (unbondingTime_ == 0 || unbondingTime_ > MAX_UNBONDING) {
            revert UnbondingOutOfRange(1, MAX_UNBONDING, unbondingTime_);
        }
        (token, router, seatBond, unbondingTime) = (token_, router_, seatBond_, unbondingTime_);
    }

    modifier onlyRouter() {
        if (msg.sender != router) revert NotRouter(msg.sender);
        _;
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
        emit Joined(operator, msg.sender, signer, encryptionKey);
        _takeSeats(operator, places);
    }

    function setKeys(uint32 operator, address signer, bytes32 encryptionKey) external {
        _owned(operator);
        _setKeys(operator, signer, encryptionKey);
        emit KeysSet(operator, signer, encryptionKey);
    }

    function addSeats(uint32 operator, uint16[] calldata places) external whenNotPaused {
        _owned(operator);
        _takeSeats(operator, places);
    }

    function giveUp(uint32 operator, uint16[] calldata places) external {
        Operator storage own = _owned(operator);
        uint256 count = places.length;
        if (count == 0 || count > own.seats) revert SeatsOutOfRange(1, own.seats, count);
        for (uint256 i = 0; i < count; ++i) {
            _vacateFree(operator, places[i]);
        }
        // At most 64 bonds.
        // forge-lint: disable-next-line(unsafe-typecast)
        _unbond(own, uint128(count * seatBond));
        emit SeatsLeft(operator, places, own.withdrawableFrom);
    }

    function withdrawBonds(uint32 operator, address to) external {
        Operator storage own = _owned(operator);
        uint256 amount = own.unbonding;
        if (amount == 0) revert NothingToWithdraw(msg.sender);
        // The seconds that a block's proposer can shift do not matter to days.
        // slither-disable-next-line timestamp
        if (block.timestamp < own.withdrawableFrom) revert Unbonding(operator, own.withdrawableFrom);
        uint256 debts = _layout().debts[operator].length;
        if (debts != 0) revert InDebt(operator, debts);
        own.unbonding = 0;
        emit Withdrawn(msg.sender, to, amount);
        token.sendExactly(to, amount);
    }

    function withdrawEarnings(uint32 operator, address to) external {
        Operator storage own = _owned(operator);
        uint256 amount = own.earned;
        if (amount == 0) revert NothingToWithdraw(msg.sender);
        own.earned = 0;
        emit Withdrawn(msg.sender, to, amount);
        // Fees are where requests are.
        IInferenceRouter(router).withdraw(to, amount);
    }

    function withdrawRewards(address to) external {
        Layout storage $ = _layout();
        uint256 amount = $.rewards[msg.sender];
        if (amount == 0) revert NothingToWithdraw(msg.sender);
        $.rewards[msg.sender] = 0;
        emit Withdrawn(msg.sender, to, amount);
        token.sendExactly(to, amount);
    }

    function collectDebt(uint32 operator, uint16 place) external {
        Layout storage $ = _layout();
        address[] storage debts = $.debts[operator];
        if (debts.length == 0) revert NoDebt(operator);
        address accuser = debts[debts.length - 1];
        debts.pop();
        Operator storage one = $.operators[operator];
        uint128 amount = seatBond;
        if (one.unbonding >= amount) {
            one.unbonding -= amount;
        } else if (one.seats != 0) {
            _vacateFree(operator, place);
        } else {
            amount = one.unbonding;
            one.unbonding = 0;
        }
        (uint256 half, uint256 rest) = _divide(amount, accuser);
        emit DebtCollected(operator, accuser, half, rest);
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

    /// Takes a share of the bond of a seat that is in a committee, and the seat; what is left waits for withdrawal.
    function _slash(RequestId id, uint32 operator, uint16 place, uint256 share, address accuser) internal {
        _vacate(operator, place);
        uint256 amount = seatBond * share / WHOLE;
        (uint256 half, uint256 rest) = _divide(amount, accuser);
        // Less than a bond.
        // forge-lint: disable-next-line(unsafe-typecast)
        if (amount != seatBond) _unbond(_layout().operators[operator], uint128(seatBond - amount));
        emit Slashed(operator, id, accuser, half, rest);
    }

    /// Notes that an operator owes a bond for what it did about a request. Once for each request.
    function _owe(RequestId id, uint32 operator, address accuser) internal {
        _punish(id, operator);
        _layout().debts[operator].push(accuser);
        emit Indebted(operator, id, accuser);
    }

    function _punish(RequestId id, uint32 operator) internal {
        Layout storage $ = _layout();
        if ($.punished[id][operator]) revert AlreadyPunished(id, operator);
        $.punished[id][operator] = true;
    }

    /// Half for who showed it, the rest for nobody.
    function _divide(uint256 amount, address accuser) private returns (uint256 half, uint256 rest) {
        Layout storage $ = _layout();
        half = amount / 2;
        rest = amount - half;
        $.rewards[accuser] += half;
        $.burned += rest;
    }

    /// What is given up waits, and all that waited before with it.
    function _unbond(Operator storage own, uint128 amount) private {
        // Seconds since 1970 fit for 34,000 years.
        // forge-lint: disable-next-line(unsafe-typecast)
        own.withdrawableFrom = uint40(block.timestamp) + unbondingTime;
        own.unbonding += amount;
    }

    function _takeSeats(uint32 operator, uint16[] calldata places) private {
        _occupy(operator, places);
        token.takeExactly(msg.sender, places.length * seatBond);
    }

    function _setKeys(uint32 operator, address signer, bytes32 encryptionKey) private {
        Layout storage $ = _layout();
        if (signer == address(0)) revert ZeroAddress();
        Operator storage one = $.operators[operator];
        if (signer == one.owner) revert SignerIsOwner(signer);
        if (signer != one.signer) {
            if ($.bySigner[signer] != 0) revert SignerTaken(signer);
            $.bySigner[signer] = operator;
            one.signer = signer;
        }
        one.encryptionKey = encryptionKey;
    }

    function _owned(uint32 operator) private view returns (Operator storage own) {
        own = _layout().operators[operator];
        if (own.owner == address(0)) revert UnknownOperator(operator);
        if (own.owner != msg.sender) revert NotOwner(operator, own.owner, msg.sender);
    }
}
