// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {IOracleStaking} from "../interfaces/IOracleStaking.sol";
import {Member, memberOf} from "../types/Oracles.sol";
import {StakingStorage} from "./StakingStorage.sol";

/// @dev Places of seats, and draws. A seat keeps its place until it is given up, and how many places there were when a
/// request was made is remembered: so a draw depends, but for which seats are in other committees or were given up, on
/// nothing that happens after its randomness is known.
abstract contract Seats is StakingStorage {
    uint256 internal constant MAX_SEATS = 64;
    /// Places double when all are taken, from 64 to these.
    uint256 private constant MOST_PLACES = 1024;
    /// Of a draw. With every second place empty five of sixty seats are found by eleven tries.
    uint256 private constant MAX_TRIES = 512;

    /// Takes empty places for an operator's seats. Places that are not there yet come when all before are taken.
    function _occupy(uint32 operator, uint16[] calldata taken) internal {
        Layout storage $ = _layout();
        Operator storage one = $.operators[operator];
        uint256 total = one.seats + taken.length;
        if (taken.length == 0 || total > MAX_SEATS) revert IOracleStaking.SeatsOutOfRange(1, MAX_SEATS, total);
        for (uint256 i = 0; i < taken.length; ++i) {
            uint16 place = taken[i];
            uint256 count = _places();
            if (place >= count) {
                _grow(count, place);
            }
            if (_operatorAt(place) != 0) revert IOracleStaking.PlaceTaken(place);
            _setOperator(place, operator);
            _setFree(place, true);
            ++$.extent.occupied;
        }
        // At most MAX_SEATS.
        // forge-lint: disable-next-line(unsafe-typecast)
        (one.seats, one.since) = (uint16(total), uint40(block.timestamp));
        emit IOracleStaking.SeatsTaken(operator, taken);
    }

    /// Empties the place of a seat that is not in a committee.
    function _vacateFree(uint32 operator, uint16 place) internal {
        uint32 there = place < _places() ? _operatorAt(place) : 0;
        if (there != operator || !_isFree(place)) revert IOracleStaking.NotFree(place, operator, there);
        _setFree(place, false);
        _vacate(operator, place);
    }

    /// Empties the place of a seat that is in a committee.
    function _vacate(uint32 operator, uint16 place) internal {
        Layout storage $ = _layout();
        _setOperator(place, 0);
        --$.extent.occupied;
        --$.operators[operator].seats;
    }

    /// Seats of different operators at places that the seed says; none if there are not enough.
    function _drawSeats(bytes32 seed, uint40 before, uint256 count) internal returns (Member[] memory members) {
        Layout storage $ = _layout();
        members = new Member[](count);
        uint256 mask = _placesBefore(before) - 1;
        uint256 drawn = 0;
        uint256 random = uint256(seed);
        // The word of free places that was looked at last: mostly there is one.
        uint256 word = 0;
        uint256 bits = $.free[0];
        for (uint256 i = 0; i < MAX_TRIES; ++i) {
            // Sixteen places of one hash.
            if (i & 15 == 0) random = uint256(keccak256(abi.encode(seed, i)));
            uint256 place = random & mask;
            random >>= 16;
            if (place >> 8 != word) {
                word = place >> 8;
                bits = $.free[word];
            }
            if (bits & _bit(place) == 0) continue;
            uint32 operator = _operatorAt(place);
            Operator storage one = $.operators[operator];
            // Whoever took a seat when the request was there waits for the next.
            // slither-disable-next-line timestamp
            if (one.since >= before || _isMember(members, drawn, operator)) continue;
            bits &= ~_bit(place);
            $.free[word] = bits;
            // A place is less than 1,024.
            // forge-lint: disable-next-line(unsafe-typecast)
            members[drawn] = memberOf(operator, uint16(place), one.signer);
            if (++drawn == count) return members;
        }
        for (uint256 i = 0; i < drawn; ++i) {
            _setFree(members[i].placeOf(), true);
        }
        return new Member[](0);
    }

    function _release(Member member) internal {
        _setFree(member.placeOf(), true);
    }

    function _releaseAll(Member[] calldata members) internal {
        Layout storage $ = _layout();
        // Places are mostly in one word: write it once.
        uint256 word = type(uint256).max;
        uint256 bits = 0;
        for (uint256 i = 0; i < members.length; ++i) {
            uint256 place = members[i].placeOf();
            if (place >> 8 != word) {
                if (bits != 0) $.free[word] |= bits;
                (word, bits) = (place >> 8, 0);
            }
            bits |= _bit(place);
        }
        if (bits != 0) $.free[word] |= bits;
    }

    /// Doubles the places, if all are taken and the named one comes then.
    function _grow(uint256 count, uint16 place) private {
        Extent storage extent = _layout().extent;
        if (extent.occupied != count || place >= 2 * count || count == MOST_PLACES) {
            revert IOracleStaking.NoSuchPlace(count, place);
        }
        uint40 timestamp = uint40(block.timestamp);
        if (count == 64) extent.at128 = timestamp;
        else if (count == 128) extent.at256 = timestamp;
        else if (count == 256) extent.at512 = timestamp;
        else extent.at1024 = timestamp;
    }

    /// How many places there are.
    function _places() private view returns (uint256) {
        return _placesBefore(type(uint40).max);
    }

    /// How many there were before this second.
    // Of times only the order matters.
    // slither-disable-next-line timestamp
    function _placesBefore(uint40 before) private view returns (uint256) {
        Extent memory extent = _layout().extent;
        if (extent.at128 == 0 || extent.at128 >= before) return 64;
        if (extent.at256 == 0 || extent.at256 >= before) return 128;
        if (extent.at512 == 0 || extent.at512 >= before) return 256;
        if (extent.at1024 == 0 || extent.at1024 >= before) return 512;
        return MOST_PLACES;
    }

    function _isMember(Member[] memory members, uint256 count, uint32 operator) private pure returns (bool) {
        for (uint256 i = 0; i < count; ++i) {
            if (members[i].operatorOf() == operator) return true;
        }
        return false;
    }

    function _operatorAt(uint256 place) internal view returns (uint32) {
        // The bits of one place.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(_layout().places[place >> 3] >> ((place & 7) << 5));
    }

    function _setOperator(uint256 place, uint32 operator) private {
        Layout storage $ = _layout();
        uint256 shift = (place & 7) << 5;
        uint256 word = $.places[place >> 3];
        $.places[place >> 3] = (word & ~(uint256(type(uint32).max) << shift)) | (uint256(operator) << shift);
    }

    /// Of a place, in its word.
    function _bit(uint256 place) private pure returns (uint256) {
        return uint256(1) << (place & 255);
    }

    function _isFree(uint256 place) internal view returns (bool) {
        return _layout().free[place >> 8] & _bit(place) != 0;
    }

    function _setFree(uint256 place, bool isFree) private {
        Layout storage $ = _layout();
        uint256 bit = _bit(place);
        uint256 word = $.free[place >> 8];
        $.free[place >> 8] = isFree ? word | bit : word & ~bit;
    }
}
