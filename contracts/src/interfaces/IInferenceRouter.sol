// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {VersionId} from "../types/Ids.sol";
import {Committee, Outcome} from "../types/Oracles.sol";
import {Stage} from "../types/Registry.sol";
import {Answer, Mode, Offer, OfferId, Phase, Proof, Request, RequestId} from "../types/Settlement.sol";
import {IModelRegistry} from "./IModelRegistry.sol";
import {IOracleStaking} from "./IOracleStaking.sol";
import {IProofVerifier} from "./IProofVerifier.sol";
import {IRandomness} from "./IRandomness.sol";
import {IWeightsCertificates} from "./IWeightsCertificates.sol";

/// @title Requests to registered models, answers, and when an answer is final.
/// @notice A request's terms are in its id, so the contract stores one word for each: where it stands, until when, and a
/// digest of its answer. Whoever moves it on passes request and answer again; they are in the events.
///
/// Money: fees and bonds are balances of one ERC-20, deposited before and withdrawn after. Nobody is paid for work that
/// is not settled: a fee goes to who answered when the answer is final, and back to the requester if none is in time.
///
/// Trust: none in a proof but the curve's and the setup's; an optimistic answer, in one honest watcher who can send a
/// transaction within the window; a committee's, in that fewer of its members are bribed than have to say the same, each of
/// whom would lose its bond to anybody with a proof.
interface IInferenceRouter {
    event Deposited(address indexed account, uint256 amount);
    event Withdrawn(address indexed account, address indexed to, uint256 amount);
    event VerifierSet(IProofVerifier indexed verifier, IWeightsCertificates certificates);
    event Offered(OfferId indexed id, VersionId indexed version, Offer offer);
    event OfferWithdrawn(OfferId indexed id, VersionId indexed version);
    event Requested(RequestId indexed id, address indexed requester, Request request);
    event Answered(RequestId indexed id, address indexed answerer, uint40 until, int64[] outputs);
    event Challenged(RequestId indexed id, address indexed challenger, uint40 until);
    /// @param proved By whom, if it was proved; otherwise zero.
    event Finalised(RequestId indexed id, address indexed paid, address proved, int64[] outputs);
    event Delivered(RequestId indexed id, bool taken);
    /// @dev An answer that was not proved in time, or that a proof contradicted.
    event Slashed(RequestId indexed id, address indexed answerer, address indexed challenger, uint128 burned);
    event Reopened(RequestId indexed id);
    /// @param lapsed Of the fee, what is burned because the request could have been drawn and was not.
    event Refunded(RequestId indexed id, uint128 lapsed);

    /// @dev The balance is less than what is needed.
    error Insufficient(address account, uint256 balance, uint256 needed);
    error ZeroAddress();
    error UnknownVerifier(IProofVerifier verifier);
    /// @dev These certificates are another verifier's.
    error OtherVerifier(IProofVerifier expected, IProofVerifier got);
    error NotModelOwner(VersionId version, address expected, address got);
    error NotDeployed(VersionId version, Stage got);
    /// @dev The offer's weights or plan are not the version's.
    error OtherContent(VersionId version);
    error NotCertified(bytes32 descriptor, bytes32 certificate, bytes32 weights);
    error NoMode();
    error ItemsOutOfRange(uint32 min, uint32 max, uint32 got);
    error SecondsOutOfRange(uint32 min, uint32 max, uint32 got);
    error OfferNotOpen(OfferId id);
    error OfferExists(OfferId id);
    error RequestExists(RequestId id);
    /// @dev The offer's terms do not allow this mode for such inputs.
    error ModeNotAllowed(Mode mode, bool personal);
    /// @dev Past, too far, or before a committee can be drawn.
    error DeadlineOutOfRange(uint256 min, uint256 max, uint40 got);
    error WindowOutOfRange(uint32 min, uint32 max, uint32 got);
    error BondBelowValueAtRisk(uint128 valueAtRisk, uint128 bond);
    /// @dev More is at risk than half of what `threshold` members of the committee would lose.
    error TooMuchAtRisk(uint256 max, uint128 got);
    /// @dev More than half of at most `max` members have to say the same.
    error BadQuorum(uint8 max, uint8 members, uint8 threshold);
    error UnbondingTooShort(uint32 min, uint32 got);
    error OtherToken(IERC20 expected, IERC20 got);
    /// @dev Only operators' stake may.
    error NotStaking(address got);
    /// @dev The round that draws is not known here yet; somebody has to record it.
    error NoRandomness(uint64 round);
    /// @dev There was a committee, and it did not agree: now only a proof answers.
    error AlreadyDrawn(RequestId id);
    error TooMuchCallbackGas(uint32 max, uint32 got);
    error TooManyValues(uint256 max, uint256 got);
    error WrongPhase(RequestId id, Phase got);
    error WrongMode(Mode expected, Mode got);
    error TooLate(RequestId id, uint40 until);
    error TooEarly(RequestId id, uint40 until);
    /// @dev Not the answer that was given, not who challenged it, or not the committee.
    error OtherAnswer(RequestId id);
    error OtherOffer(OfferId expected, OfferId got);
    error NotProved(RequestId id);
    error VersionRevoked(VersionId version);
    error NothingToRefund(RequestId id);
    /// @dev The callback cannot be given the gas that was promised; send the transaction with more.
    error NotEnoughGas(uint256 needed, uint256 left);

    function registry() external view returns (IModelRegistry);
    function token() external view returns (IERC20);
    function staking() external view returns (IOracleStaking);
    function randomness() external view returns (IRandomness);

    /// @notice Adds to the caller's balance. The token must move exactly `amount`. Not while paused.
    function deposit(uint256 amount) external;
    /// @notice Sends of the caller's balance to `to`. Never paused.
    function withdraw(address to, uint256 amount) external;
    function balanceOf(address account) external view returns (uint256);
    /// @notice What was slashed and nobody gets.
    function burned() external view returns (uint256);

    /// @notice Which verifiers offers may name, each with the certificates of weights that it verifies; no certificates
    /// to allow it no longer. Requests that are open keep theirs.
    function setVerifier(IProofVerifier verifier, IWeightsCertificates certificates) external;

    /// @notice Offers to have a deployed version's answers settled. By the model's owner.
    /// @return id `keccak256(abi.encode(keccak256("averment.offer/1"), block.chainid, address(this), offered))`.
    function offer(Offer calldata offered) external returns (OfferId id);
    /// @notice Takes no more requests for an offer. By the model's owner, or by anybody once offers may no longer name its
    /// verifier. Requests that are open go on.
    function withdrawOffer(Offer calldata offered) external;

    /// @notice Asks, and puts the fee aside. Whoever calls is the requester: it gets the callback and the refund. Not while
    /// paused.
    /// @return id `keccak256(abi.encode(keccak256("averment.request/1"), block.chainid, address(this), msg.sender,
    /// asked))`.
    function request(Request calldata asked) external returns (RequestId id);

    /// @notice Answers an optimistic request with a bond.
    function answer(address requester, Request calldata asked, int64[] calldata outputs) external;

    /// @notice Challenges an answer within its window with the offer's challenge bond. The answerer has to prove it or
    /// loses its bond: the challenger needs neither input nor weights.
    function challenge(address requester, Request calldata asked, Offer calldata offered, Answer calldata given)
        external;

    /// @notice Answers any request that is not final and has no committee, with a proof for the caller: the statement's
    /// consumer is this contract, its request the request's id, its beneficiary the caller.
    /// @param contested The answer that is there already; all zero if none is.
    /// @dev Reverts if the proof is not one: a failed proof costs nobody anything. Without gas the verifier reverts too.
    function prove(
        address requester,
        Request calldata asked,
        Offer calldata offered,
        Answer calldata contested,
        int64[] calldata outputs,
        Proof calldata proof
    ) external;

    /// @notice The same for a request that has a committee: its members are paid nothing, and whoever revealed another answer
    /// on the chain loses its bond, half of it to the caller.
    /// @param heard What each member revealed on the chain; empty of who has not.
    function overrule(
        address requester,
        Request calldata asked,
        Offer calldata offered,
        Committee calldata committee,
        int64[][] calldata heard,
        int64[] calldata outputs,
        Proof calldata proof
    ) external;

    /// @notice Reverts unless the proof answers this request, whatever became of it, for `beneficiary`.
    function checkProof(
        address requester,
        Request calldata asked,
        Offer calldata offered,
        int64[] calldata outputs,
        Proof calldata proof,
        address beneficiary
    ) external view returns (RequestId id);

    /// @notice Draws the committee of a quorum request, once its round of randomness is known. By anybody. Refunds if too
    /// little stake is free.
    function draw(address requester, Request calldata asked) external;

    /// @notice Ends a committee's work: see `ICommittees`. Only for operators' stake, which gets the fee for them.
    function conclude(
        address requester,
        Request calldata asked,
        bytes26 committee,
        Outcome outcome,
        int64[] calldata outputs
    ) external;

    /// @notice Makes an answer final whose window has passed without a challenge, pays and calls back.
    function finalise(address requester, Request calldata asked, Answer calldata given) external;

    /// @notice Slashes an answer that was challenged and not proved in time: half of its bond goes to the challenger, the
    /// rest to nobody. The request is open again if its deadline has not passed, else refunded.
    function forfeit(address requester, Request calldata asked, Offer calldata offered, Answer calldata given) external;

    /// @notice Gives everybody back what they put in: a request that nobody answered in time, or that is not final and
    /// whose version was revoked (one that has a committee is closed instead). A quarter of the fee is burned of a request
    /// that waited for its draw until its deadline, or whose randomness is lost: letting a draw pass is not free.
    /// @param given The answer that is there; all zero if none is.
    function refund(address requester, Request calldata asked, Offer calldata offered, Answer calldata given) external;

    /// @notice Calls back again after the callback failed. By anybody.
    function redeliver(address requester, Request calldata asked, int64[] calldata outputs) external;

    function offerIdOf(Offer calldata offered) external view returns (OfferId);
    function requestIdOf(address requester, Request calldata asked) external view returns (RequestId);
    function isRevoked(VersionId version) external view returns (bool);
    /// @notice The committee that a request has; zero if none. See `ICommittees.digestOf`.
    function committeeOf(RequestId id) external view returns (bytes26);
    /// @notice When a request was made that waits for its draw, and the round of randomness that draws; zero of others.
    function drawOf(RequestId id) external view returns (uint40 since, uint64 round);
    /// @notice Where a request stands, and until when.
    function standingOf(RequestId id) external view returns (Phase phase, uint40 until);
    /// @notice Whether these are the final outputs of a request.
    function isFinal(RequestId id, int64[] calldata outputs) external view returns (bool);
}
