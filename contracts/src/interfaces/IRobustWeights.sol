// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

/// @notice What gives rows their weights ([F2.6] of `docs/federated.md`).
enum Kind {
    Average,
    CenteredClipping,
    Krum,
    MultiKrum,
    GeometricMedian,
    FLTrust
}

/// @notice A rule with its parameters, and what is done before it.
struct Rule {
    /// What gives rows their weights.
    Kind kind;
    /// How many updates may be wrong. Krum, Multi-Krum and mixing need at least twice as many and one.
    uint8 faults;
    /// Norm clipping before.
    bool clip;
    /// Nearest-neighbour mixing before.
    bool mix;
    /// Norm that is clipped to; 0 for the median of the updates' norms.
    uint64 norm;
    /// Radius of centered clipping; 0 for the median of the distances.
    uint64 radius;
}

/// @notice Which rows a matrix has. Half A: updates, then the previous aggregate, then the root update. Half B: as many
/// cumulative updates as there are updates, of the same participants in the same order.
struct Rows {
    /// Revealed updates that stand: 1 to 128.
    uint16 updates;
    /// Whether the previous aggregate is a row.
    bool previous;
    /// Whether a root update is a row.
    bool root;
    /// Whether there is a half B.
    bool history;
    /// Largest squared norm of an update that was proved, at most 2^62.
    uint64 square;
    /// Largest squared norm of a cumulative update, at most 2^62.
    uint64 historySquare;
}

/// @title Weights of robust rules from a Gram matrix
interface IRobustWeights {
    /// The rule has fewer updates than it needs.
    error TooFewUpdates(uint256 least, uint256 updates);
    /// Not 1 to 128 updates.
    error WrongUpdates(uint256 updates);
    /// A limit of squared norms above 2^62.
    error WrongLimit(uint256 limit);
    /// Another length than that of the triangles.
    error WrongLength(uint256 expected, uint256 length);
    /// A squared norm (i is j) outside of its limits, or an inner product larger than its rows' lengths allow.
    error WrongEntry(bool history, uint256 i, uint256 j);
    /// Centered clipping needs the previous aggregate as a row.
    error NoPrevious();
    /// FLTrust needs a root update as a row.
    error NoRoot();

    /// @notice How much every row of half A weighs, in parts of 2^16.
    /// @param matrix The upper triangles of the Gram matrix row by row, half A's first, 8 bytes an entry, two's complement.
    /// @return weights Each at most 2^20, all together at most 2^22.
    function weigh(Rule calldata rule, Rows calldata rows, bytes calldata matrix)
        external
        pure
        returns (uint256[] memory weights);

    /// @notice What each update is worth, in parts of 2^16: at most that all together ([F4.3]). Needs the previous aggregate as a row to
    /// tell replays of it.
    function judge(Rows calldata rows, bytes calldata matrix) external pure returns (uint256[] memory qualities);

    /// @notice Updates that a rule needs at least.
    function leastUpdates(Rule calldata rule) external pure returns (uint256);
}
