// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {RequestId} from "../types/Settlement.sol";

/// @dev Everything that staking stores, in one ERC-7201 namespace. An upgrade may add members at the ends of these structs
/// and change nothing else.
abstract contract StakingStorage {
    struct Operator {
        /// The key that signs.
        address signer;
        /// Seats that are free or drawn.
        uint16 seats;
        /// When it last took seats: it is not drawn for requests that were there then.
        uint40 since;
        address owner;
        uint40 withdrawableFrom;
        /// Bonds that were given up, and what slashing left.
        uint128 unbonding;
        /// What the owner has earned by answers.
        uint128 earned;
        bytes32 encryptionKey;
    }

    /// How many places there are, and since when: 64 at first. In one word.
    struct Extent {
        /// Places that are taken.
        uint16 occupied;
        /// When there came to be 128, 256, 512 and 1,024; zero if there are fewer.
        uint40 at128;
        uint40 at256;
        uint40 at512;
        uint40 at1024;
    }

    /// What an operator said about a request on the chain.
    struct Said {
        /// Of the commitment, or of what was revealed: keccak256 of the outputs, ABI-encoded. The last byte is left out.
        bytes31 digest;
        Speech speech;
    }

    enum Speech {
        None,
        Committed,
        Revealed
    }

    /// @custom:storage-location erc7201:averment.storage.OracleStaking
    struct Layout {
        mapping(uint32 operator => Operator) operators;
        /// The operator of a key, for ever: what was signed with it is held against it.
        mapping(address signer => uint32 operator) bySigner;
        /// What accounts have got for showing what operators did.
        mapping(address account => uint256) rewards;
        /// Who showed what an operator did on seats that are free since, and is still to be paid for it.
        mapping(uint32 operator => address[] accusers) debts;
        /// The operators of places, eight in a word; zero of an empty one.
        mapping(uint256 word => uint256) places;
        /// The places that can be drawn, one bit each: taken, and not in a committee.
        mapping(uint256 word => uint256) free;
        Extent extent;
        mapping(RequestId => mapping(uint32 operator => Said)) said;
        /// Who paid already for what it did about a request.
        mapping(RequestId => mapping(uint32 operator => bool)) punished;
        uint256 burned;
        uint32 count;
    }

    /// `keccak256(abi.encode(uint256(keccak256("averment.storage.OracleStaking")) - 1)) & ~bytes32(uint256(0xff))`
    bytes32 internal constant NAMESPACE = 0x14c286299d579ebba3ce5c180964ab8d5732c5faa3250516a454b6188f572300;

    function _layout() internal pure returns (Layout storage $) {
        // The only way to a namespace.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            $.slot := NAMESPACE
        }
    }
}
