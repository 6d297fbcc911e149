// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {LogId, VersionId} from "./Ids.sol";

/// That a version takes over from another.
struct Succession {
    VersionId successor;
    /// The second from which it does.
    uint64 hour;
    /// Where both run.
    string environment;
}

/// What a metric may be before a version is retired for it. Values of metrics are millionths.
struct Limit {
    int64 bound;
    /// Whether the bound is the least that is good, as of an accuracy; else it is the most, as of a drift.
    bool least;
    /// How many measurements in a row have to be beyond the bound, 1 to 16; zero if there is no limit.
    uint8 run;
    /// Of how many samples a measurement has to be, at least.
    uint64 samples;
    /// Seconds after its window for which a measurement counts, at most a year.
    uint64 fresh;
    /// Measurements of windows that began earlier do not count: when the limit was set, which `setLimit` fills in.
    uint64 since;
}

/// What a monitor signs (EIP-712): how a version did in a window of time.
struct Measurement {
    VersionId version;
    /// A name of 1 to 32 bytes a-z, 0-9, `-`, `.` and `_`.
    string metric;
    /// Its number among this monitor's measurements of this metric of this version. One that is left out is missed.
    uint64 number;
    /// In millionths.
    int64 value;
    uint64 samples;
    /// The window: from this second of Unix time until just before that one.
    uint64 from;
    uint64 until;
}

/// A measurement, and that it is in a log.
struct Recorded {
    Measurement measurement;
    bytes signature;
    /// The salt of the record's leaf; bringing the record makes it public.
    bytes32 salt;
    /// The leaf's place in the log, and the hashes up to the root (RFC 6962).
    uint64 index;
    bytes32[] path;
}

/// A root that a log anchored.
struct AnchoredRoot {
    LogId log;
    uint64 epoch;
    bytes32 root;
    /// The registry's head that was recorded with it.
    bytes32 registryHead;
    /// How many leaves the tree has.
    uint64 size;
}
