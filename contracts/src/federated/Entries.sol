// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IFederatedTask} from "../interfaces/IFederatedTask.sol";
import {IIdentityGate} from "../interfaces/IIdentityGate.sol";
import {IPauses} from "../interfaces/IPauses.sol";
import {ExactTransfers} from "../settlement/ExactTransfers.sol";
import {TaskPhase, Terms} from "../types/Federated.sol";
import {Commits} from "./Commits.sol";

/// @dev How participants and validators come and go.
abstract contract Entries is Commits {
    using ExactTransfers for IERC20;

    uint256 private constant MAX_ENDPOINT = 256;

    // The gate only reads; the token is called last.
    function join(bytes calldata evidence) external {
        (Standing memory s, Terms memory t) = (_layout().standing, _terms());
        if (s.members >= t.maximum) revert IFederatedTask.Full(t.maximum);
        bytes32 identity = _admit(s, t, evidence);
        s.members += 1;
        _layout().list[s.members] = msg.sender;
        _seat(s, Seat.Participant, s.members);
        emit IFederatedTask.Joined(msg.sender, identity, s.members);
        asset.takeExactly(msg.sender, t.stake);
    }

    function joinAsValidator(bytes calldata evidence) external {
        (Standing memory s, Terms memory t) = (_layout().standing, _terms());
        if (s.validators >= t.validators) revert IFederatedTask.Full(t.validators);
        bytes32 identity = _admit(s, t, evidence);
        s.validators += 1;
        _seat(s, Seat.Validator, 0);
        emit IFederatedTask.ValidatorJoined(msg.sender, identity);
        asset.takeExactly(msg.sender, t.validatorStake);
    }

    /// Of either kind.
    function quit() external {
        (Standing memory s, Member memory member) = (_layout().standing, _layout().members[msg.sender]);
        if (member.seat == Seat.None) revert IFederatedTask.NotAMember(msg.sender);
        if (_isBound(s, msg.sender)) revert IFederatedTask.Bound(msg.sender, s.round);
        member.balance += _stakeOf(_terms(), member.seat);
        _remove(s, msg.sender, member);
        emit IFederatedTask.Left(msg.sender);
    }

    function withdraw(address to, uint256 amount) external {
        (Standing memory s, Member memory member) = (_layout().standing, _layout().members[msg.sender]);
        uint256 free = _isHeld(s, member) ? member.balance - _terms().stake : member.balance;
        if (free < amount) revert IFederatedTask.Insufficient(free, amount);
        // At most the balance.
        // forge-lint: disable-next-line(unsafe-typecast)
        _layout().members[msg.sender].balance = member.balance - uint128(amount);
        emit IFederatedTask.Withdrawn(msg.sender, to, amount);
        asset.sendExactly(to, amount);
    }

    function announce(bytes32 key, string calldata endpoint) external {
        uint256 length = bytes(endpoint).length;
        if (length > MAX_ENDPOINT) revert IFederatedTask.TooLong(MAX_ENDPOINT, length);
        emit IFederatedTask.Announced(msg.sender, key, endpoint);
    }

    /// Who may come: known to the gate, with an account that it has not been here with another one of.
    function _admit(Standing memory s, Terms memory t, bytes calldata evidence) private returns (bytes32 identity) {
        if (s.phase == TaskPhase.None || s.phase == TaskPhase.Ended) {
            revert IFederatedTask.WrongPhase(TaskPhase.Idle, s.phase);
        }
        uint64 until = IPauses(_origin().factory).pausedUntil();
        // The seconds that a block's proposer can shift do not matter to pauses of hours and days.
        // slither-disable-next-line timestamp
        if (block.timestamp < until) revert IFederatedTask.JoiningPaused(until);
        Member storage member = _layout().members[msg.sender];
        if (member.out) revert IFederatedTask.PutOut(msg.sender);
        if (member.seat != Seat.None) revert IFederatedTask.AlreadyMember(msg.sender);
        identity = bytes32(uint256(uint160(msg.sender)));
        if (t.gate != address(0)) identity = IIdentityGate(t.gate).identityOf(address(this), msg.sender, evidence);
        // Who gives the reference that others are held against takes no part beside it.
        if (identity == 0 || msg.sender == t.root) revert IFederatedTask.NotAdmitted(msg.sender);
        mapping(bytes32 => address) storage identities = _layout().identities;
        address known = identities[identity];
        if (known == address(0)) identities[identity] = msg.sender;
        else if (known != msg.sender) revert IFederatedTask.IdentityTaken(identity, known);
    }

    function _seat(Standing memory s, Seat seat, uint16 index) private {
        Member storage member = _layout().members[msg.sender];
        // The rounds to come: one that runs has drawn already.
        (member.seat, member.index, member.since) = (seat, index, s.round + 1);
        _layout().standing = s;
    }
}
