// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {EIP712Upgradeable} from "@openzeppelin/contracts-upgradeable/utils/cryptography/EIP712Upgradeable.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {LogId, ModelId, VersionId} from "../types/Ids.sol";
import {AnchoredRoot, Limit, Measurement, Recorded} from "../types/Stewardship.sol";
import {Limits} from "./Limits.sol";
import {LogProofs} from "./LogProofs.sol";

/// @dev Retirement for what monitors measured. The contract writes each record's text itself, from the measurement and its signature,
/// and hashes it up to the anchored root: so what the chain acts on and what the log holds are the same, to the byte.
abstract contract Measurements is Limits, EIP712Upgradeable {
    bytes32 private constant MEASUREMENT = keccak256(
        "Measurement(bytes32 version,string metric,uint64 number,int64 value,uint64 samples,uint64 from,uint64 until)"
    );
    /// Whole numbers below this are what JSON readers agree upon.
    int64 private constant SAFE = 2 ** 53;
    /// Room for hash-based signatures, as the registry has; twice this in hexadecimal would be no record any more.
    uint256 private constant MAX_SIGNATURE = 30_000;

    function retire(address monitor, AnchoredRoot calldata anchor, Recorded[] calldata records) external {
        if (records.length == 0) revert WrongCount(1, 0);
        Measurement calldata first = records[0].measurement;
        ModelId modelId = _modelOf(first.version);
        Limit memory limit = _limitOf(modelId, first.metric);
        if (records.length != limit.run) revert WrongCount(limit.run, records.length);
        if (!isMonitor[modelId][monitor]) revert NotAMonitor(modelId, monitor);
        _checkAnchor(modelId, anchor);
        bytes32 leaf = 0;
        for (uint256 i = 0; i < records.length; ++i) {
            Measurement calldata measurement = records[i].measurement;
            if (i != 0) _checkNext(records[i - 1].measurement, measurement);
            _checkBeyond(limit, measurement);
            leaf = _checkRecord(monitor, anchor, records[i]);
        }
        _end(monitor, anchor, limit, records[records.length - 1].measurement, leaf);
    }

    function measurementDigest(Measurement calldata measurement) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    MEASUREMENT,
                    measurement.version,
                    keccak256(bytes(measurement.metric)),
                    measurement.number,
                    measurement.value,
                    measurement.samples,
                    measurement.from,
                    measurement.until
                )
            )
        );
    }

    function recordOf(address monitor, Measurement calldata measurement, bytes calldata signature)
        public
        view
        returns (string memory)
    {
        string memory until = Strings.toString(measurement.until);
        string memory said = string.concat(
            "{\"chain\":",
            Strings.toString(block.chainid),
            ",\"from\":",
            Strings.toString(measurement.from),
            ",\"metric\":\"",
            measurement.metric,
            "\",\"monitor\":\"",
            Strings.toHexString(monitor),
            "\",\"number\":",
            Strings.toString(measurement.number)
        );
        said = string.concat(
            said,
            ",\"samples\":",
            Strings.toString(measurement.samples),
            ",\"signature\":\"",
            Strings.toHexString(signature),
            "\",\"steward\":\"",
            Strings.toHexString(address(this)),
            "\",\"until\":",
            until,
            ",\"value\":",
            Strings.toStringSigned(measurement.value)
        );
        return string.concat(
            "{\"at\":",
            until,
            ",\"format\":\"averment-record/1\",\"kind\":\"event\",\"measurement\":",
            said,
            "},\"version\":\"",
            Strings.toHexString(uint256(VersionId.unwrap(measurement.version)), 32),
            "\"}"
        );
    }

    /// The domain is the code's, not the storage's, as the registry's.
    // OpenZeppelin's name for it.
    // slither-disable-next-line naming-convention
    function _EIP712Name() internal pure override returns (string memory) {
        return "Averment Stewardship";
    }

    // slither-disable-next-line naming-convention
    function _EIP712Version() internal pure override returns (string memory) {
        return "1";
    }

    function _end(
        address monitor,
        AnchoredRoot calldata anchor,
        Limit memory limit,
        Measurement calldata last,
        bytes32 leaf
    ) private {
        emit RetiredByPolicy(last.version, monitor, last.metric, anchor.log, anchor.epoch, leaf);
        string memory why = string.concat(
            "by policy: ",
            last.metric,
            " ",
            Strings.toStringSigned(last.value),
            limit.least ? ", at least " : ", at most ",
            Strings.toStringSigned(limit.bound)
        );
        string memory where = string.concat(
            "; log ",
            Strings.toHexString(uint256(LogId.unwrap(anchor.log)), 32),
            ", epoch ",
            Strings.toString(anchor.epoch),
            ", record ",
            Strings.toHexString(uint256(leaf), 32)
        );
        registry.retire(last.version, string.concat(why, where));
    }

    function _checkAnchor(ModelId modelId, AnchoredRoot calldata anchor) private view {
        if (logOf[modelId] != anchor.log) revert OtherLog(logOf[modelId], anchor.log);
        bytes32 expected = keccak256(abi.encode(anchor.root, anchor.registryHead));
        if (anchors.anchored(anchor.log, anchor.epoch) != expected) revert NotAnchored(anchor.log, anchor.epoch);
    }

    /// Of the same monitor, which signed both.
    function _checkNext(Measurement calldata before, Measurement calldata next) private pure {
        bytes32 version = VersionId.unwrap(before.version);
        if (VersionId.unwrap(next.version) != version) revert OtherVersion(before.version, next.version);
        if (!Strings.equal(next.metric, before.metric)) revert OtherMetric(before.metric, next.metric);
        // Both are below 2^53, or the record is refused.
        if (next.number != uint256(before.number) + 1) revert NotTheNext(before.number + 1, next.number);
        if (next.from < before.until) revert BadWindow(next.from, next.until);
    }

    // The seconds that a block's proposer can shift do not matter to hours and days.
    // slither-disable-next-line timestamp
    function _checkBeyond(Limit memory limit, Measurement calldata measurement) private view {
        (uint64 from, uint64 until) = (measurement.from, measurement.until);
        bool safe = measurement.value > -SAFE && measurement.value < SAFE;
        if (!safe || (until | measurement.samples | measurement.number) >> 53 != 0) revert NumberTooLarge();
        if (from >= until || until > block.timestamp) revert BadWindow(from, until);
        if (from < limit.since) revert TooOld(limit.since, from);
        if (until + limit.fresh < block.timestamp) revert TooOld(uint64(block.timestamp) - limit.fresh, until);
        if (measurement.samples < limit.samples) revert TooFewSamples(limit.samples, measurement.samples);
        bool beyond = limit.least ? measurement.value < limit.bound : measurement.value > limit.bound;
        if (!beyond) revert WithinLimit(limit.bound, measurement.value);
    }

    // A run is short.
    // slither-disable-next-line calls-loop
    function _checkRecord(address monitor, AnchoredRoot calldata anchor, Recorded calldata recorded)
        private
        view
        returns (bytes32 leaf)
    {
        bytes calldata signature = recorded.signature;
        if (signature.length > MAX_SIGNATURE) revert SignatureTooLong(MAX_SIGNATURE, signature.length);
        bytes32 digest = measurementDigest(recorded.measurement);
        if (!SignatureChecker.isValidSignatureNowCalldata(monitor, digest, signature)) {
            revert NotSignedBy(monitor);
        }
        leaf = LogProofs.leafOf(recorded.salt, bytes(recordOf(monitor, recorded.measurement, signature)));
        if (!LogProofs.isIn(leaf, recorded.index, anchor.size, recorded.path, anchor.root)) revert NotInLog(leaf);
    }
}
