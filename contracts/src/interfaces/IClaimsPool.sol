// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Claim, ClaimStage, Filing, Intake, PolicyId, PolicyState, Product, Routine, Times} from "../types/Claims.sol";
import {VersionId} from "../types/Ids.sol";
import {OfferId, Request, RequestId} from "../types/Settlement.sol";
import {IInferenceRouter} from "./IInferenceRouter.sol";

/// @title A pool that insures and pays by itself: what a registered model's verified answer accepts is paid.
/// @notice Evidence never touches the chain, only commitments to it, which an accredited intake has signed. What a policy
/// pays is reserved when it is sold, so the pool can always pay. A claim that the answer does not accept is rejected, with a
/// right of appeal to a reviewer; one that is not asked about or not answered in time goes to the reviewer too, and one on
/// which the reviewer is silent is accepted: silence never denies.
///
/// Claims are filed at the beginning of a period and asked about, in the order that whoever asks gives, in a later one, as many
/// together as there are: neither who files nor who asks can have a claim stand alone, and when something happened does
/// not show in when it is filed.
///
/// Trust: the intake, that evidence is what it says; the model's version, whose answer the router settles in one of its
/// modes; the insurer, who authorises versions, to whom free capital belongs, but nothing that is reserved; the reviewer. None of
/// them can keep a claim from ending. Whoever may upgrade the code can do anything after the AccessManager's delay: what is
/// accepted can be withdrawn before.
interface IClaimsPool {
    event CapitalAdded(address indexed from, uint256 amount);
    event CapitalTaken(address indexed to, uint256 amount);
    event RouterFunded(uint256 amount);
    event RouterDrained(uint256 amount);
    event ProductAdded(uint16 indexed product, Product terms);
    event SaleSet(uint16 indexed product, bool open);
    event RoutineAdded(uint16 indexed routine, Routine terms);
    event Authorised(uint16 indexed routine, VersionId indexed version, OfferId offer);
    event IntakeSet(address indexed intake, bool accredited);
    event PolicySold(PolicyId indexed policy, address indexed holder, uint16 indexed product);
    event PolicyLapsed(PolicyId indexed policy);
    event Filed(PolicyId indexed policy, bytes32 indexed evidence, address indexed intake);
    /// @param evidence Of the claims, in the order of the request's inputs; the request is in the router's `Requested`.
    event Asked(RequestId indexed request, uint16 indexed routine, bytes32[] evidence);
    /// @param output What counted; the whole answer is in the router's `Finalised`.
    event Decided(bytes32 indexed evidence, ClaimStage stage, int64 output);
    event Appealed(bytes32 indexed evidence);
    /// @dev Not asked about or not answered in time: before the reviewer.
    event Unanswered(bytes32 indexed evidence);
    event Reviewed(bytes32 indexed evidence, address indexed reviewer, ClaimStage stage, bytes32 reason);
    /// @dev Accepted because no reviewer decided in time.
    event Unreviewed(bytes32 indexed evidence);
    /// @dev Rejected, and not appealed in time.
    event Unappealed(bytes32 indexed evidence);
    event Paid(PolicyId indexed policy, bytes32 indexed evidence, address indexed to, uint128 amount);

    error ZeroAddress();
    /// @dev None may be zero, filing takes at most a period, patience at least two.
    error BadTimes();
    error UnknownProduct(uint16 product);
    error NotSold(uint16 product);
    /// @dev A product needs a term and pays something.
    error BadProduct();
    error UnknownRoutine(uint16 routine);
    /// @dev A routine asks about 1, 2, 4, .. 128 claims, with at most 4,096 outputs together, one of which counts.
    error BadRoutine();
    error NoVersion(uint16 routine);
    error PolicyExists(PolicyId policy);
    error WrongState(PolicyId policy, PolicyState expected, PolicyState got);
    /// @dev What is free does not cover this.
    error NotCovered(uint256 free, uint256 needed);
    error NotOver(PolicyId policy, uint40 until);
    /// @dev The policy did not hold when it happened, or that has not happened yet.
    error NotInForce(PolicyId policy, uint40 from, uint40 until, uint40 happenedAt);
    error Stale(PolicyId policy, uint40 until);
    /// @dev Claims can be filed from this second on.
    error FilingClosed(uint256 until);
    error EvidenceUsed(bytes32 evidence);
    error NotAccredited(address intake);
    error InvalidSignature(address signer);
    error SignatureTooLong(uint256 max, uint256 got);
    error WrongStage(bytes32 evidence, ClaimStage expected, ClaimStage got);
    /// @dev This claim is another policy's.
    error OtherPolicy(bytes32 evidence, PolicyId got);
    error NotHolder(PolicyId policy, address expected, address got);
    /// @dev A batch takes all that wait, up to what the routine's proofs take.
    error BatchSize(uint256 expected, uint256 got);
    /// @dev Filed in this period, to be asked about in a later one.
    error FiledJustNow(bytes32 evidence);
    error OtherRoutine(bytes32 evidence, uint16 expected, uint16 got);
    /// @dev These are not the claims that were asked about, in this order.
    error OtherClaims(bytes32 expected, bytes32 got);
    error NotFinal(RequestId request);
    error NotUnanswered(RequestId request);
    error TooEarly(bytes32 evidence, uint40 until);
    error TooLate(bytes32 evidence, uint40 until);

    function token() external view returns (IERC20);
    function router() external view returns (IInferenceRouter);
    function times() external view returns (Times memory);

    /// @notice Adds to what is free. By anybody; it is the insurer's then. Not while paused.
    function addCapital(uint128 amount) external;
    /// @notice Takes of what is free. By the insurer.
    function takeCapital(address to, uint128 amount) external;
    /// @notice Puts what is free into the router, where requests take their fees and refunds go. By the insurer.
    function fundRouter(uint128 amount) external;
    /// @notice Takes it back. By the insurer.
    function drainRouter(uint128 amount) external;
    /// @notice What backs no policy.
    function freeCapital() external view returns (uint256);
    /// @notice What the policies pay that are neither paid nor lapsed. The pool holds at least both.
    function reserved() external view returns (uint256);

    /// @notice Adds a way to decide claims. By the insurer.
    /// @return number Counted from 1.
    function addRoutine(Routine calldata terms) external returns (uint16 number);
    /// @notice Authorises another version, or none (zero), for claims that are asked about from now on. By the insurer; give it
    /// a delay, so that policy holders see it coming.
    function authorise(uint16 routine, VersionId version, OfferId offer) external;
    /// @notice Adds a product, which is sold from now on. By the insurer.
    /// @return number Counted from 1.
    function addProduct(Product calldata terms) external returns (uint16 number);
    /// @notice Ends a product's sale, or takes it up again. By the insurer.
    function setSale(uint16 product, bool open) external;
    /// @notice Accredits an intake for claims that are filed from now on, or no longer. By the insurer.
    function setIntake(address intake, bool accredited) external;

    /// @notice Buys a policy for `holder`, paid by the caller. It holds from now on. Not while paused.
    /// @param holder Who is paid; use an address for each policy. Pays nothing itself, and needs no ether to be paid (`pay`).
    /// @param salt Makes policies of one holder differ.
    function buy(uint16 product, address holder, bytes32 salt) external returns (PolicyId);
    /// @notice Ends policies that have no open claim and can have none any more, and frees what was reserved for them. By
    /// anybody.
    function lapse(PolicyId[] calldata policies) external;

    /// @notice Files claims, at the beginning of a period. By anybody: what counts are the signatures.
    function file(Filing[] calldata filings) external;

    /// @notice Asks the router about filed claims, as one batch with a commitment for each, for what they are worth together.
    /// By anybody. Not while paused.
    /// @param evidence All that were filed in earlier periods and wait, or as many of them as a batch takes.
    function ask(uint16 routine, bytes32[] calldata evidence) external returns (RequestId);
    /// @notice Decides claims by the final answer about them. By anybody. An answer of another length than the routine's is
    /// none: its claims go to the reviewer.
    /// @param asked As in the router's `Requested`.
    /// @param evidence As in `Asked`.
    /// @param outputs As in the router's `Finalised`.
    function decide(Request calldata asked, bytes32[] calldata evidence, int64[] calldata outputs) external;
    /// @notice Gives claims to the reviewer whose request was refunded, or is neither final nor refunded 120 days after its
    /// deadline. The fee has come back then. By anybody.
    function unanswered(Request calldata asked, bytes32[] calldata evidence) external;
    /// @notice Gives claims to the reviewer that nobody asked about in time. By anybody.
    function unasked(bytes32[] calldata evidence) external;

    /// @notice Brings a rejected claim before the reviewer. By the holder, or by anybody with its signature (EIP-712
    /// `Appeal(bytes32 policy,bytes32 evidence)`).
    /// @param signature Empty if the caller is the holder.
    function appeal(Claim calldata claim, bytes calldata signature) external;
    /// @notice Accepts or denies a claim that is in review. By a reviewer.
    /// @param reason A salted commitment to the reasons, which are about a person.
    function review(Claim calldata claim, bool accept, bytes32 reason) external;
    /// @notice Accepts claims on which no reviewer decided in time. By anybody.
    function unreviewed(bytes32[] calldata evidence) external;
    /// @notice Closes rejected claims that were not appealed in time: their policies may have other ones. By anybody.
    function unappealed(Claim[] calldata claims) external;

    /// @notice Pays accepted claims to their holders. By anybody.
    function pay(Claim[] calldata claims) external;
    /// @notice Pays an accepted claim to `to`. By its holder.
    function withdraw(Claim calldata claim, address to) external;

    /// @notice `keccak256(abi.encode(keccak256("averment.policy/1"), block.chainid, address(this), product, holder, salt))`
    function policyIdOf(uint16 product, address holder, bytes32 salt) external view returns (PolicyId);
    function policyOf(PolicyId policy)
        external
        view
        returns (PolicyState state, address holder, uint40 from, uint16 product);
    /// @notice Where a claim stands, and until when it does unless somebody acts; zero if for good.
    function claimOf(bytes32 evidence) external view returns (ClaimStage stage, uint40 until, uint16 product);
    function productOf(uint16 product) external view returns (Product memory terms, bool open);
    function routineOf(uint16 routine) external view returns (Routine memory);
    function isAccredited(address intake) external view returns (bool);
    /// @notice How many claims a routine can be asked about now, and how many have to wait for the next period.
    function queueOf(uint16 routine) external view returns (uint32 ready, uint32 waiting);
    /// @notice What an intake signs.
    function intakeDigest(Intake calldata intake) external view returns (bytes32);
    /// @notice What a holder signs to have somebody else appeal.
    function appealDigest(Claim calldata claim) external view returns (bytes32);
    /// @notice What names a batch's evidence in a request: of a routine whose batches are of one, the evidence's own identity.
    function inputsOf(uint16 routine, bytes32[] calldata evidence) external view returns (bytes32);
}
