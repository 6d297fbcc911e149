// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {EIP712Upgradeable} from "@openzeppelin/contracts-upgradeable/utils/cryptography/EIP712Upgradeable.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {Claim, ClaimStage, Filing, Intake, PolicyState, Product, Progress, Times, filedFor} from "../types/Claims.sol";
import {Covers} from "./Covers.sol";

/// @dev How claims come in, and the times that everybody has then.
/// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable
abstract contract Intakes is Covers, EIP712Upgradeable {
    bytes32 private constant INTAKE =
        keccak256("Intake(bytes32 policy,bytes32 evidence,uint40 happenedAt,uint40 expiry)");
    bytes32 private constant APPEAL = keccak256("Appeal(bytes32 policy,bytes32 evidence)");
    /// Room for hash-based signatures, which are the longest there are.
    uint256 private constant MAX_SIGNATURE = 32_768;

    uint32 internal immutable cadence;
    uint32 internal immutable filingTime;
    uint32 internal immutable patience;
    uint32 internal immutable appealTime;
    uint32 internal immutable reviewTime;

    constructor(Times memory times_) {
        // A claim that is filed in time can be asked about in at least one whole period.
        bool fit = times_.filing != 0 && times_.filing <= times_.cadence && times_.appeal != 0 && times_.review != 0
            && times_.patience >= 2 * uint256(times_.cadence);
        if (!fit) revert BadTimes();
        (cadence, filingTime, patience) = (times_.cadence, times_.filing, times_.patience);
        (appealTime, reviewTime) = (times_.appeal, times_.review);
    }

    function times() external view returns (Times memory) {
        return Times({cadence: cadence, filing: filingTime, patience: patience, appeal: appealTime, review: reviewTime});
    }

    function file(Filing[] calldata filings) external {
        // The seconds that a block's proposer can shift do not matter to hours and days.
        // slither-disable-next-line timestamp,weak-prng
        uint256 passed = block.timestamp % cadence;
        // As above.
        // slither-disable-next-line timestamp
        if (passed >= filingTime) revert FilingClosed(block.timestamp - passed + cadence);
        for (uint256 i = 0; i < filings.length; ++i) {
            _file(filings[i]);
        }
    }

    function claimOf(bytes32 evidence) external view returns (ClaimStage stage, uint40 until, uint16 product) {
        Progress claim = _layout().claims[evidence];
        return (claim.stageOf(), claim.untilOf(), claim.productOf());
    }

    function queueOf(uint16 routine) external view returns (uint32 ready, uint32 waiting) {
        Queue memory queue = _turned(routine);
        return (queue.before, queue.last);
    }

    function intakeDigest(Intake calldata intake) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(abi.encode(INTAKE, intake.policy, intake.evidence, intake.happenedAt, intake.expiry))
        );
    }

    function appealDigest(Claim calldata claim) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(APPEAL, claim.policy, claim.evidence)));
    }

    function _file(Filing calldata filing) private {
        Layout storage $ = _layout();
        Intake calldata intake = filing.intake;
        if ($.claims[intake.evidence].stageOf() != ClaimStage.None) revert EvidenceUsed(intake.evidence);
        Policy memory policy = $.policies[intake.policy];
        _checkState(intake.policy, PolicyState.Clear, policy.state);
        Product storage terms = $.sales[policy.product].terms;
        _checkTimes(intake, policy.from, terms);
        if (!$.accredited[filing.signer]) revert NotAccredited(filing.signer);
        _checkSignature(filing.signer, intakeDigest(intake), filing.signature);

        $.policies[intake.policy].state = PolicyState.Claimed;
        $.claims[intake.evidence] = filedFor(intake.policy, policy.product, _in(patience));
        _count(terms.routine, 1, 0);
        emit Filed(intake.policy, intake.evidence, filing.signer);
    }

    function _checkTimes(Intake calldata intake, uint40 from, Product storage terms) private view {
        uint40 until = from + terms.term;
        // As above.
        // slither-disable-next-line timestamp
        if (intake.happenedAt < from || intake.happenedAt > until || intake.happenedAt > block.timestamp) {
            revert NotInForce(intake.policy, from, until, intake.happenedAt);
        }
        until = _lastFiling(from, terms);
        if (intake.expiry < until) until = intake.expiry;
        if (_hasPassed(until)) revert Stale(intake.policy, until);
    }

    function _checkSignature(address signer, bytes32 digest, bytes calldata signature) internal view {
        if (signature.length > MAX_SIGNATURE) revert SignatureTooLong(MAX_SIGNATURE, signature.length);
        if (!SignatureChecker.isValidSignatureNowCalldata(signer, digest, signature)) revert InvalidSignature(signer);
    }

    /// Claims that come in, and claims of earlier periods that wait no more.
    function _count(uint16 routine, uint32 added, uint32 taken) internal {
        Queue memory queue = _turned(routine);
        queue.last += added;
        queue.before -= taken;
        _layout().queues[routine] = queue;
    }

    /// A queue in the present period.
    function _turned(uint16 routine) internal view returns (Queue memory queue) {
        queue = _layout().queues[routine];
        uint40 period = _period(block.timestamp);
        // As above.
        // slither-disable-next-line timestamp
        if (queue.period != period) {
            (queue.period, queue.before, queue.last) = (period, queue.before + queue.last, 0);
        }
    }

    function _period(uint256 timestamp) internal view returns (uint40) {
        // Seconds since 1970 fit for 34,000 years.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint40(timestamp / cadence);
    }

    /// The domain is the code's, not the storage's, as the registry's.
    // OpenZeppelin's name for it.
    // slither-disable-next-line naming-convention
    function _EIP712Name() internal pure override returns (string memory) {
        return "Averment ClaimsPool";
    }

    // slither-disable-next-line naming-convention
    function _EIP712Version() internal pure override returns (string memory) {
        return "1";
    }
}
