// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Committee, Outcome} from "../types/Oracles.sol";
import {Quorum, RequestId} from "../types/Settlement.sol";

/// @title The stake of oracle operators, in seats.
/// @notice Stake comes in seats of one bond each. A seat has a place; a draw picks places at random, so operators are drawn
/// in proportion to their stake, every member of a committee answers with the same bond, and no stake answers for two
/// requests at a time. An operator has at most 64 seats, and at most one in a committee.
///
/// Seats are taken before the request is made that they are drawn for, and keep their places: once a request's randomness
/// is known, nobody can move a seat to where it would be drawn.
///
/// What is slashed: a seat's whole bond for two signed answers to one request and for an answer that a proof
/// contradicts, a quarter of it for silence on the chain. Half of it is burned, half goes to who showed it.
interface IOracleStaking {
    event Joined(uint32 indexed operator, address indexed owner, address indexed signer, bytes32 encryptionKey);
    event KeysSet(uint32 indexed operator, address indexed signer, bytes32 encryptionKey);
    event SeatsTaken(uint32 indexed operator, uint16[] places);
    event SeatsLeft(uint32 indexed operator, uint16[] places, uint40 withdrawableFrom);
    event Withdrawn(address indexed account, address indexed to, uint256 amount);
    event Slashed(
        uint32 indexed operator, RequestId indexed id, address indexed accuser, uint256 toAccuser, uint256 burned
    );
    /// @dev For what it did about a request an operator owes the bond of a seat that is free since.
    event Indebted(uint32 indexed operator, RequestId indexed id, address indexed accuser);
    event DebtCollected(uint32 indexed operator, address indexed accuser, uint256 toAccuser, uint256 burned);

    error ZeroAddress();
    /// @dev Only the router may.
    error NotRouter(address got);
    error UnbondingOutOfRange(uint32 min, uint32 max, uint32 got);
    error UnknownOperator(uint32 operator);
    error NotOwner(uint32 operator, address expected, address got);
    error SeatsOutOfRange(uint256 min, uint256 max, uint256 got);
    /// @dev Another seat is at this place already.
    error PlaceTaken(uint16 place);
    /// @dev Places from `places` on there are only when all before are taken.
    error NoSuchPlace(uint256 places, uint16 got);
    /// @dev The seat at this place is another operator's, or there is none, or it is in a committee.
    error NotFree(uint16 place, uint32 expected, uint32 got);
    /// @dev A key that an operator has, or had.
    error SignerTaken(address signer);
    /// @dev The key that signs must not be the one that is paid.
    error SignerIsOwner(address signer);
    error NoDebt(uint32 operator);
    /// @dev Debts are collected before anything is withdrawn.
    error InDebt(uint32 operator, uint256 debts);
    error NothingToWithdraw(address account);
    error Unbonding(uint32 operator, uint40 until);
    /// @dev The operator paid for what it did about this request.
    error AlreadyPunished(RequestId id, uint32 operator);

    function token() external view returns (IERC20);
    function router() external view returns (address);
    /// @notice What a seat is worth.
    function seatBond() external view returns (uint128);
    /// @notice Seconds between giving up a seat and withdrawing its bond; longer than any request can be open for a
    /// committee.
    function unbondingTime() external view returns (uint32);

    /// @notice Joins, and takes seats, whose bonds are taken from the caller, who becomes the owner. Not while paused.
    /// @param signer The key that will sign; no operator's before, and not the owner. An account without code.
    /// @param encryptionKey An X25519 public key, to which inputs and weights are encrypted.
    /// @param places Empty places; see `placesIn`.
    function join(address signer, bytes32 encryptionKey, uint16[] calldata places) external returns (uint32 operator);
    /// @notice Sets other keys, for committees that are drawn from now on.
    function setKeys(uint32 operator, address signer, bytes32 encryptionKey) external;
    /// @notice Takes more seats. No seat of this operator is drawn for a request that is there already. Not while paused.
    function addSeats(uint32 operator, uint16[] calldata places) external;
    /// @notice Gives up seats that are not in a committee; their bonds can be withdrawn after the time of unbonding, counted
    /// anew from now for all that are waiting.
    function giveUp(uint32 operator, uint16[] calldata places) external;
    /// @notice Sends the bonds of seats whose time of unbonding has passed. Never paused.
    function withdrawBonds(uint32 operator, address to) external;
    /// @notice Sends what the operator has earned by answers.
    function withdrawEarnings(uint32 operator, address to) external;
    /// @notice Sends what the caller has got for showing what operators did.
    function withdrawRewards(address to) external;

    /// @notice Collects a bond that an operator owes, by anybody: from what waits for withdrawal, or else the free seat at
    /// `place`, which has to be the operator's; whatever is left, if it has no more seats.
    function collectDebt(uint32 operator, uint16 place) external;

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
        );
    /// @notice The operator that has or had this key; zero if none.
    function operatorBySigner(address signer) external view returns (uint32 operator);
    /// @notice Whose seat is at a place, and whether it can be drawn.
    function seatAt(uint16 place) external view returns (uint32 operator, bool isFree);
    /// @notice The operators of places 8 `word` to 8 `word` + 7, 32 bits each, the lowest first; zero of an empty place. There
    /// are 64 places at first and 1,024 at most; they double when all are taken.
    function placesIn(uint256 word) external view returns (uint256);
    /// @notice Which of places 256 `word` to 256 `word` + 255 can be drawn: taken, and not in a committee.
    function freeIn(uint256 word) external view returns (uint256);
    function rewardsOf(address account) external view returns (uint256);
    function debtsOf(uint32 operator) external view returns (uint256);
    /// @notice What was slashed and nobody gets.
    function burned() external view returns (uint256);

    /// @notice Draws a committee, of seats that were taken before `before`. Only for the router.
    /// @return digest Of the committee; zero if there is not enough stake to draw, and nothing was done.
    function draw(RequestId id, bytes32 seed, uint40 before, Quorum calldata quorum) external returns (bytes26 digest);
    /// @notice Ends a committee whose request was proved: slashes whoever revealed something else on the chain, for
    /// `accuser`, and frees the others. Only for the router, which knows that the committee is the request's.
    /// @param heard What each member revealed; empty of who has not.
    function overrule(
        RequestId id,
        Committee calldata committee,
        int64[][] calldata heard,
        int64[] calldata proved,
        address accuser
    ) external;
}
