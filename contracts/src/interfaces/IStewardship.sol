// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {LogId, ModelId, VersionId} from "../types/Ids.sol";
import {AnchoredRoot, Limit, Measurement, Recorded, Succession} from "../types/Stewardship.sol";

/// @title When versions are retired by rule: a successor's hour has come, or a limit that the owner set is broken.
/// @notice A model's owner appoints this contract as its steward (`IModelRegistry.setSteward`), and says here what the rules
/// are. It can retire versions and do nothing else; what it does is an entry of the model's history with the reason. No owner,
/// no upgrade: a model's owner who wants other rules appoints another steward.
///
/// Successions: announced at least a day before, so that consumers see them. The successor is deployed by the owner, under the
/// registry's own rules, before its hour; from then on `currentOf` gives it to who asks for the old version, and anybody
/// may retire that. Requests that are open on it still end: the router lets those of a retired version do so.
///
/// Limits: monitors measure a deployed version, sign what they find, and record it in a log that is anchored. Anybody may bring
/// as many measurements in a row as a limit says, each beyond it, with the proofs that an anchored root holds their
/// records: the version is retired. Believed are the monitors, about what they measured and that they number it without gaps;
/// nobody is believed about which measurements there are. A monitor alone can have a version retired, and can do no more.
interface IStewardship {
    event SuccessionAnnounced(
        ModelId indexed modelId, VersionId indexed version, VersionId indexed successor, uint64 hour, string environment
    );
    event SuccessionCancelled(VersionId indexed version, VersionId indexed successor);
    event Succeeded(VersionId indexed version, VersionId indexed successor);
    event LogSet(ModelId indexed modelId, LogId indexed log);
    event MonitorSet(ModelId indexed modelId, address indexed monitor, bool allowed);
    event LimitSet(ModelId indexed modelId, bytes32 indexed metricHash, string metric, Limit limit);
    /// @dev `leaf` is the last record's, in the log whose root was anchored in `epoch`.
    event RetiredByPolicy(
        VersionId indexed version, address indexed monitor, string metric, LogId log, uint64 epoch, bytes32 leaf
    );

    error NotAContract(address account);
    error NotOwner(ModelId modelId, address expected, address got);
    /// @dev The model's owner has to appoint this contract in the registry first.
    error NotSteward(ModelId modelId, address steward);
    error OtherModel(ModelId expected, ModelId got);
    error NotDeployed(VersionId version, string environment);
    /// @dev A successor that is not approved, or no longer, or whose life has ended.
    error NotApproved(VersionId version);
    error NoticeOutOfRange(uint256 min, uint256 max, uint64 got);
    error SuccessionExists(VersionId version, VersionId successor);
    error NoSuccession(VersionId version);
    error TooEarly(VersionId version, uint64 hour);
    /// @dev It can be carried out: only announced changes that cannot are cancelled after their hour.
    error HourHasCome(VersionId version, uint64 hour);
    error UnknownLog(LogId log);
    error ZeroAddress();
    error BadMetricName();
    error BadLimit();
    error NoLimit(ModelId modelId, string metric);
    error NotAMonitor(ModelId modelId, address got);
    error OtherLog(LogId expected, LogId got);
    error NotAnchored(LogId log, uint64 epoch);
    error WrongCount(uint256 expected, uint256 got);
    error OtherVersion(VersionId expected, VersionId got);
    error OtherMetric(string expected, string got);
    error NotTheNext(uint64 expected, uint64 got);
    /// @dev Windows are not empty, do not overlap, and end in the past.
    error BadWindow(uint64 from, uint64 until);
    error TooOld(uint64 earliest, uint64 got);
    error TooFewSamples(uint64 expected, uint64 got);
    /// @dev A number that its record could not hold exactly, 2^53 or more.
    error NumberTooLarge();
    error WithinLimit(int64 bound, int64 got);
    error NotSignedBy(address monitor);
    error SignatureTooLong(uint256 max, uint256 got);
    /// @dev The record's leaf is not at this place of a tree with the anchored root.
    error NotInLog(bytes32 leaf);

    /// @notice Announces that `successor` takes over from `version` in `environment` at second `hour`, a day to a year from now.
    /// By the model's owner. `version` is deployed there; `successor` is approved, and no succession of it is announced.
    /// It has to be deployed there, too, when its hour comes: until then nothing changes.
    function announce(VersionId version, VersionId successor, uint64 hour, string calldata environment) external;

    /// @notice Takes an announcement back. By the model's owner, before its hour, or as long as the successor is not there.
    function cancel(VersionId version) external;

    /// @notice Retires a version whose successor's hour has come and that is deployed, or whose successor's own is. By anybody.
    function succeed(VersionId version) external;

    /// @notice What was announced about a version; all zero if nothing was.
    function successionOf(VersionId version) external view returns (Succession memory);

    /// @notice Which version to ask now by who knew `version`: the last one in its line of successors whose hour has come that
    /// is deployed where it is and approved; itself if none is.
    function currentOf(VersionId version) external view returns (VersionId);

    /// @notice Names the log of `Anchors` in which measurements of a model are recorded. By its owner.
    function setLog(ModelId modelId, LogId log) external;

    /// @notice Allows or forbids an account to measure a model. By its owner.
    function setMonitor(ModelId modelId, address monitor, bool allowed) external;

    /// @notice Sets the limit of a metric for all versions of a model, or takes it away (`run` zero). By its owner.
    function setLimit(ModelId modelId, string calldata metric, Limit calldata limit) external;

    /// @notice Retires a version that broke a limit: `run` measurements by `monitor`, in order and without a gap, each beyond
    /// the bound, all recorded in the log by the time of `anchor`. By anybody.
    function retire(address monitor, AnchoredRoot calldata anchor, Recorded[] calldata records) external;

    function logOf(ModelId modelId) external view returns (LogId);
    function isMonitor(ModelId modelId, address account) external view returns (bool);
    function limitOf(ModelId modelId, string calldata metric) external view returns (Limit memory);

    /// @notice The EIP-712 digest a monitor signs. Domain: name "Averment Stewardship", version "1". The version is typed
    /// `bytes32`.
    function measurementDigest(Measurement calldata measurement) external view returns (bytes32);

    /// @notice The record of a measurement, `averment-record/1`: what its leaf commits to (docs/formats.md, "Measurements").
    function recordOf(address monitor, Measurement calldata measurement, bytes calldata signature)
        external
        view
        returns (string memory);
}
