// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IAnchors} from "./interfaces/IAnchors.sol";
import {LogId} from "./types/Ids.sol";

/// @title Anchored roots; see `IAnchors`.
contract Anchors is IAnchors {
    struct Log {
        address poster;
        uint64 count;
        uint32 cadence;
        address registry;
        uint64 openedAt;
    }

    uint64 private constant MIN_CADENCE = 60;
    uint64 private constant MAX_CADENCE = 31_536_000;
    /// What a registry may spend on saying its head; ours behind its proxy needs a fifth.
    uint256 private constant HEAD_GAS = 50_000;
    /// For the call itself (cold account) and what runs between the check and the call.
    uint256 private constant CALL_GAS = 5_000;

    mapping(LogId => Log) private _logs;
    mapping(LogId => mapping(uint64 epoch => bytes32 digest)) private _anchors;

    function open(address registry, uint64 cadence, bytes32 salt) external returns (LogId logId) {
        if (cadence < MIN_CADENCE || cadence > MAX_CADENCE) {
            revert CadenceOutOfRange(MIN_CADENCE, MAX_CADENCE, cadence);
        }
        if (registry != address(0) && registry.code.length == 0) revert NotAContract(registry);
        logId = LogId.wrap(
            keccak256(
                abi.encode(
                    keccak256("averment.log/1"), block.chainid, address(this), msg.sender, registry, cadence, salt
                )
            )
        );
        // Not a comparison of times: the record merely holds one beside the poster.
        // slither-disable-next-line timestamp
        if (_logs[logId].poster != address(0)) revert LogExists(logId);
        uint64 openedAt = uint64(block.timestamp);
        _logs[logId] = Log({
            poster: msg.sender,
            count: 0,
            // At most a year of seconds, checked above.
            // forge-lint: disable-next-line(unsafe-typecast)
            cadence: uint32(cadence),
            registry: registry,
            openedAt: openedAt
        });
        emit LogOpened(logId, msg.sender, registry, cadence, openedAt);
    }

    function anchor(LogId logId, bytes32 root) external {
        Log storage anchoredLog = _logs[logId];
        address poster = anchoredLog.poster;
        if (poster == address(0)) revert UnknownLog(logId);
        if (poster != msg.sender) revert NotPoster(logId, poster, msg.sender);
        if (root == 0) revert EmptyRoot();
        uint64 epoch = (uint64(block.timestamp) - anchoredLog.openedAt) / anchoredLog.cadence;
        if (_anchors[logId][epoch] != 0) revert AlreadyAnchored(logId, epoch);

        bytes32 head = _registryHead(anchoredLog.registry);
        anchoredLog.count += 1;
        _anchors[logId][epoch] = keccak256(abi.encode(root, head));
        emit Anchored(logId, epoch, root, head);
    }

    function log(LogId logId)
        external
        view
        returns (address poster, address registry, uint64 cadence, uint64 openedAt, uint64 count)
    {
        Log storage found = _logs[logId];
        return (found.poster, found.registry, found.cadence, found.openedAt, found.count);
    }

    function anchored(LogId logId, uint64 epoch) external view returns (bytes32) {
        return _anchors[logId][epoch];
    }

    /// The registry's head as it reports it; zero if it fails. A static call, so the registry can change
    /// nothing; bounded gas, so it cannot block; one word of its answer, so it cannot flood memory.
    function _registryHead(address registry) private view returns (bytes32 head) {
        if (registry == address(0)) return 0;
        // A call gets at most 63/64 of what is left (EIP-150), silently: without this check the poster could
        // choose a gas limit at which the registry fails and the rest does not.
        uint256 needed = HEAD_GAS + HEAD_GAS / 63 + CALL_GAS;
        if (gasleft() < needed) revert NotEnoughGas(needed, gasleft());
        bytes4 selector = bytes4(keccak256("registryHead()"));
        bool success;
        // Solidity's own call would copy an answer of any length.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            mstore(0, selector)
            success := staticcall(HEAD_GAS, registry, 0, 4, 0, 32)
            if and(success, gt(returndatasize(), 31)) { head := mload(0) }
        }
    }
}
