// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

import {EIP712Upgradeable} from "@openzeppelin/contracts-upgradeable/utils/cryptography/EIP712Upgradeable.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {ICommittees} from "../interfaces/ICommittees.sol";
import {IInferenceRouter} from "../interfaces/IInferenceRouter.sol";
import {Clock} from "../settlement/Clock.sol";
import {
    Agreement,
    Commitment,
    Committee,
    Member,
    Outcome,
    Reveal,
    Voice,
    committeeDigestOf
} from "../types/Oracles.sol";
import {Quorum, Request, RequestId, hashOf} from "../types/Settlement.sol";
import {Operators} from "./Operators.sol";

/// @dev Committees at work. Which committee a request has, the router keeps: whatever is said here about another one fails
/// there, or is asked there first.
abstract contract Committees is Operators, Clock, EIP712Upgradeable, ICommittees {
    bytes32 private constant COMMIT = keccak256("Commit(bytes32 request,bytes32 digest)");
    bytes32 private constant AGREEMENT = keccak256("Agreement(bytes32 request,bytes32 outputs,bytes32 commits)");
    /// What silence costs, of a bond in 1/10,000.
    uint256 private constant SILENCE = 2_500;
    /// keccak256(abi.encode(new int64[](0))): a member that cannot answer.
    bytes32 private constant NOTHING = 0x569e75fc77c1a856f6daaf9e69d8a9566ca34aa47f9133711ce065a571af0cfd;

    function draw(RequestId id, bytes32 seed, uint40 before, Quorum calldata quorum)
        external
        onlyRouter
        returns (bytes26)
    {
        Member[] memory members = _drawSeats(seed, before, quorum.members);
        if (members.length == 0) return 0;
        uint40 commitUntil = _in(quorum.commitSeconds);
        Committee memory committee = Committee({
            threshold: quorum.threshold,
            commitUntil: commitUntil,
            revealUntil: commitUntil + quorum.revealSeconds,
            tolerance: quorum.tolerance,
            members: members
        });
        emit Drawn(id, seed, committee);
        return bytes26(keccak256(abi.encode(committee)));
    }

    function agree(
        address requester,
        Request calldata asked,
        Committee calldata committee,
        Agreement calldata agreement
    ) external {
        RequestId id = hashOf(router, requester, asked);
        if (_hasPassed(committee.revealUntil)) revert RevealsTooLate(id, committee.revealUntil);
        // Of a feed everybody's voice is needed, so that nobody chooses whose the median is of.
        bool isFeed = committee.tolerance != 0 && agreement.outputs.length != 0;
        uint256 needed = isFeed ? committee.members.length : committee.threshold;
        uint256 count = agreement.voices.length;
        if (count < needed) revert TooFewVoices(needed, count);
        uint32[] memory agreeing = _hear(id, committee, agreement, isFeed);
        int64[] memory outputs = agreement.outputs;
        if (isFeed) (outputs, agreeing) = _near(committee, agreement.outputs, agreeing);
        _releaseAll(committee.members);
        Outcome outcome = Outcome.Agreed;
        if (outputs.length == 0) {
            (outcome, agreeing) = (Outcome.Unavailable, new uint32[](0));
        } else {
            _pay(agreeing, asked.fee);
        }
        emit Ended(id, outcome, agreeing);
        _router().conclude(requester, asked, digestOf(committee), outcome, outputs);
    }

    function commit(RequestId id, Committee calldata committee, Commitment[] calldata commitments) external {
        _checkCommittee(id, committee);
        if (_hasPassed(committee.commitUntil)) revert CommitsTooLate(id, committee.commitUntil);
        for (uint256 i = 0; i < commitments.length; ++i) {
            Commitment calldata one = commitments[i];
            Member member = _member(id, committee, one.seat);
            // Zero for a bad one, whatever is wrong with it: that is no member.
            // slither-disable-next-line unused-return
            (address signer,,) = ECDSA.tryRecover(commitDigest(id, one.digest), one.r, one.vs);
            if (signer != member.signerOf()) revert BadSignature(id, one.seat);
            Said storage said = _layout().said[id][member.operatorOf()];
            if (said.speech != Speech.None) revert AlreadyCommitted(id, one.seat);
            (said.digest, said.speech) = (bytes31(one.digest), Speech.Committed);
            emit Committed(id, member.operatorOf(), one.digest);
        }
    }

    function reveal(RequestId id, Committee calldata committee, Reveal[] calldata reveals) external {
        _checkCommittee(id, committee);
        if (!_hasPassed(committee.commitUntil)) revert RevealsTooEarly(id, committee.commitUntil);
        if (_hasPassed(committee.revealUntil)) revert RevealsTooLate(id, committee.revealUntil);
        for (uint256 i = 0; i < reveals.length; ++i) {
            Reveal calldata one = reveals[i];
            Member member = _member(id, committee, one.seat);
            Said storage said = _layout().said[id][member.operatorOf()];
            if (said.speech != Speech.Committed) revert NotCommitted(id, one.seat);
            bytes32 digest = commitmentOf(id, member, one.outputs, one.salt);
            // As it was put there.
            // forge-lint: disable-next-line(unsafe-typecast)
            if (said.digest != bytes31(digest)) revert OtherCommitment(id, one.seat);
            (said.digest, said.speech) = (bytes31(hashOf(one.outputs)), Speech.Revealed);
            emit Revealed(id, member.operatorOf(), one.outputs);
        }
    }

    function close(address requester, Request calldata asked, Committee calldata committee, int64[][] calldata heard)
        external
    {
        RequestId id = hashOf(router, requester, asked);
        _checkCommittee(id, committee);
        if (_router().isRevoked(asked.version)) {
            _releaseAll(committee.members);
            emit Ended(id, Outcome.Unavailable, new uint32[](0));
            _router().conclude(requester, asked, digestOf(committee), Outcome.Unavailable, new int64[](0));
            return;
        }
        bool[] memory spoke = _revealed(id, committee, heard);
        if (!_hasPassed(committee.revealUntil)) {
            for (uint256 i = 0; i < spoke.length; ++i) {
                if (!spoke[i]) revert ClosedTooEarly(id, committee.revealUntil);
            }
        }
        (Outcome outcome, int64[] memory outputs, uint32[] memory agreeing) = _count(committee, heard, spoke);
        for (uint256 i = 0; i < spoke.length; ++i) {
            Member member = committee.members[i];
            if (spoke[i]) {
                _release(member);
            } else {
                _slash(id, member.operatorOf(), member.placeOf(), SILENCE, msg.sender);
            }
        }
        if (outcome == Outcome.Agreed) _pay(agreeing, asked.fee);
        emit Ended(id, outcome, agreeing);
        _router().conclude(requester, asked, digestOf(committee), outcome, outputs);
    }

    function overrule(
        RequestId id,
        Committee calldata committee,
        int64[][] calldata heard,
        int64[] calldata proved,
        address accuser
    ) external onlyRouter {
        bool[] memory spoke = _revealed(id, committee, heard);
        for (uint256 i = 0; i < spoke.length; ++i) {
            Member member = committee.members[i];
            bool wrong = spoke[i] && _contradicts(heard[i], proved, committee.tolerance);
            // Who signed two answers owes the bond already.
            if (wrong && !_layout().punished[id][member.operatorOf()]) {
                _punish(id, member.operatorOf());
                _slash(id, member.operatorOf(), member.placeOf(), WHOLE, accuser);
            } else {
                _release(member);
            }
        }
    }

    function digestOf(Committee calldata committee) public pure returns (bytes26) {
        return committeeDigestOf(committee);
    }

    function commitmentOf(RequestId id, Member member, int64[] calldata outputs, bytes32 salt)
        public
        pure
        returns (bytes32)
    {
        return _commitmentOf(id, member, hashOf(outputs), salt);
    }

    function commitDigest(RequestId id, bytes32 digest) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(COMMIT, id, digest)));
    }

    function agreementDigest(RequestId id, int64[] calldata outputs, bytes32 commits) external view returns (bytes32) {
        return _agreementDigest(id, hashOf(outputs), commits);
    }

    function _agreementDigest(RequestId id, bytes32 outputs, bytes32 commits) internal view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(AGREEMENT, id, outputs, commits)));
    }

    function _router() internal view returns (IInferenceRouter) {
        return IInferenceRouter(router);
    }

    /// Whether somebody said something that is proved to be wrong. Who said that it could not answer did not.
    function _contradicts(int64[] calldata said, int64[] calldata proved, uint64 tolerance)
        internal
        pure
        returns (bool)
    {
        if (said.length == 0) return false;
        if (tolerance == 0 || said.length != 1 || proved.length != 1) return hashOf(said) != hashOf(proved);
        return _distance(said[0], proved[0]) > tolerance;
    }

    /// Checks the voices of an agreement; gives whose they are. All say the same, or, in a feed, each its own output.
    function _hear(RequestId id, Committee calldata committee, Agreement calldata agreement, bool isFeed)
        private
        view
        returns (uint32[] memory speaking)
    {
        Voice[] calldata voices = agreement.voices;
        Member[] calldata members = committee.members;
        int64[] calldata outputs = agreement.outputs;
        uint256 count = voices.length;
        bytes32[] memory commits = agreement.commits;
        if (commits.length != members.length) revert LengthMismatch(members.length, commits.length);
        if (isFeed && outputs.length != count) revert LengthMismatch(count, outputs.length);
        speaking = new uint32[](count);
        bytes32 digest = hashOf(outputs);
        uint256 least = 0;
        for (uint256 i = 0; i < count; ++i) {
            Voice calldata voice = voices[i];
            uint256 seat = voice.seat;
            // Ascending, so nobody twice.
            if (seat < least || seat >= members.length) revert BadSeat(id, voice.seat);
            least = seat + 1;
            if (isFeed) digest = _hashOfOne(outputs[i]);
            Member member = members[seat];
            commits[seat] = _commitmentOf(id, member, digest, voice.salt);
            speaking[i] = member.operatorOf();
        }
        bytes32 all = _hashOfAll(commits);
        bytes32 typed = _agreementDigest(id, digest, all);
        for (uint256 i = 0; i < count; ++i) {
            Voice calldata voice = voices[i];
            if (isFeed) typed = _agreementDigest(id, _hashOfOne(outputs[i]), all);
            // Zero for a bad one, whatever is wrong with it: that is no member.
            // slither-disable-next-line unused-return
            (address signer,,) = ECDSA.tryRecover(typed, voice.r, voice.vs);
            if (signer != members[voice.seat].signerOf()) revert BadSignature(id, voice.seat);
        }
    }

    /// Of what everybody in a feed's committee says: the median, and whoever is within the tolerance of it.
    function _near(Committee calldata committee, int64[] calldata said, uint32[] memory speaking)
        private
        pure
        returns (int64[] memory outputs, uint32[] memory agreeing)
    {
        uint256 count = said.length;
        int64 median = _medianOf(said, count);
        agreeing = new uint32[](count);
        uint256 found = 0;
        for (uint256 i = 0; i < count; ++i) {
            if (_distance(said[i], median) <= committee.tolerance) agreeing[found++] = speaking[i];
        }
        if (found < committee.threshold) revert TooFewVoices(committee.threshold, found);
        // Not longer than before.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            mstore(agreeing, found)
        }
        outputs = _single(median);
    }

    function _hashOfOne(int64 value) private pure returns (bytes32) {
        // ABI-encoded, a list of one.
        return keccak256(abi.encode(uint256(0x20), uint256(1), value));
    }

    /// One after the other.
    function _hashOfAll(bytes32[] memory words) private pure returns (bytes32 hash) {
        // `abi.encodePacked` would copy them first.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            hash := keccak256(add(words, 0x20), shl(5, mload(words)))
        }
    }

    /// Who revealed, and that it was this.
    function _revealed(RequestId id, Committee calldata committee, int64[][] calldata heard)
        private
        view
        returns (bool[] memory spoke)
    {
        uint256 count = committee.members.length;
        if (heard.length != count) revert LengthMismatch(count, heard.length);
        spoke = new bool[](count);
        for (uint256 i = 0; i < count; ++i) {
            Said memory said = _layout().said[id][committee.members[i].operatorOf()];
            if (said.speech != Speech.Revealed) continue;
            // There are at most 16 members.
            // forge-lint: disable-next-line(unsafe-typecast)
            if (said.digest != bytes31(hashOf(heard[i]))) revert OtherReveal(id, uint8(i));
            spoke[i] = true;
        }
    }

    /// What enough of those who spoke say, and who they are.
    function _count(Committee calldata committee, int64[][] calldata heard, bool[] memory spoke)
        private
        pure
        returns (Outcome, int64[] memory outputs, uint32[] memory agreeing)
    {
        uint256 count = spoke.length;
        bytes32[] memory digests = new bytes32[](count);
        int64[] memory values = new int64[](count);
        uint256 given = 0;
        for (uint256 i = 0; i < count; ++i) {
            if (!spoke[i]) continue;
            digests[i] = hashOf(heard[i]);
            if (heard[i].length == 1) values[given++] = heard[i][0];
        }
        // Who cannot answer agrees by saying the same, whatever the tolerance.
        if (committee.tolerance != 0 && _countOf(digests, NOTHING) < committee.threshold) {
            if (given == 0) return (Outcome.Divided, outputs, agreeing);
            int64 median = _medianOf(values, given);
            bytes32 near = _hashOfOne(median);
            for (uint256 i = 0; i < count; ++i) {
                bool single = spoke[i] && heard[i].length == 1;
                if (single && _distance(heard[i][0], median) <= committee.tolerance) digests[i] = near;
            }
            outputs = _single(median);
            if (_countOf(digests, near) < committee.threshold) return (Outcome.Divided, new int64[](0), agreeing);
            return (Outcome.Agreed, outputs, _operatorsOf(committee, digests, near));
        }
        for (uint256 i = 0; i < count; ++i) {
            if (!spoke[i] || _countOf(digests, digests[i]) < committee.threshold) continue;
            if (digests[i] == NOTHING) return (Outcome.Unavailable, outputs, agreeing);
            return (Outcome.Agreed, heard[i], _operatorsOf(committee, digests, digests[i]));
        }
        return (Outcome.Divided, outputs, agreeing);
    }

    function _countOf(bytes32[] memory digests, bytes32 digest) private pure returns (uint256 count) {
        for (uint256 i = 0; i < digests.length; ++i) {
            if (digests[i] == digest) ++count;
        }
    }

    function _operatorsOf(Committee calldata committee, bytes32[] memory digests, bytes32 digest)
        private
        pure
        returns (uint32[] memory operators)
    {
        operators = new uint32[](_countOf(digests, digest));
        uint256 found = 0;
        for (uint256 i = 0; i < digests.length; ++i) {
            if (digests[i] == digest) operators[found++] = committee.members[i].operatorOf();
        }
    }

    /// The fee in equal parts; what does not divide goes to the first.
    function _pay(uint32[] memory agreeing, uint128 fee) private {
        Layout storage $ = _layout();
        // As many as a committee has members.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint128 count = uint128(agreeing.length);
        // What the division leaves is what the first gets.
        // slither-disable-next-line divide-before-multiply
        uint128 share = fee / count;
        $.operators[agreeing[0]].earned += fee - share * (count - 1);
        for (uint256 i = 1; i < count; ++i) {
            $.operators[agreeing[i]].earned += share;
        }
    }

    function _checkCommittee(RequestId id, Committee calldata committee) private view {
        if (_router().committeeOf(id) != digestOf(committee)) revert OtherCommittee(id);
    }

    function _member(RequestId id, Committee calldata committee, uint8 seat) private pure returns (Member) {
        if (seat >= committee.members.length) revert BadSeat(id, seat);
        return committee.members[seat];
    }

    function _commitmentOf(RequestId id, Member member, bytes32 outputs, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(id, member.signerOf(), outputs, salt));
    }

    /// The median of the first `count` values; of an even number the lower one in the middle. Sorts them.
    function _medianOf(int64[] memory values, uint256 count) private pure returns (int64) {
        for (uint256 i = 1; i < count; ++i) {
            int64 value = values[i];
            uint256 j = i;
            for (; j > 0 && values[j - 1] > value; --j) {
                values[j] = values[j - 1];
            }
            values[j] = value;
        }
        return values[(count - 1) / 2];
    }

    function _distance(int64 one, int64 other) private pure returns (uint256) {
        int256 difference = int256(one) - other;
        // Not negative.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint256(difference < 0 ? -difference : difference);
    }

    function _single(int64 value) private pure returns (int64[] memory values) {
        values = new int64[](1);
        values[0] = value;
    }

    // As in the registry, the domain is the code's. OpenZeppelin's name for it.
    // slither-disable-next-line naming-convention
    function _EIP712Name() internal pure override returns (string memory) {
        return "Averment OracleStaking";
    }

    // slither-disable-next-line naming-convention
    function _EIP712Version() internal pure override returns (string memory) {
        return "1";
    }
}
