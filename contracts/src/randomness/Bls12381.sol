// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

/// @dev BLS signatures over BLS12-381 with signatures in G1 and keys in G2 (draft-irtf-cfrg-bls-signature-05, the basic scheme's
/// verification), messages hashed by RFC 9380's suite BLS12381G1_XMD:SHA-256_SSWU_RO_; on the precompiles of EIP-2537, whose
/// encodings these are: 64 bytes a field element, big-endian, below the field's order. The precompiles refuse what is not on the
/// curve or not canonical, and the pairing what is not in the subgroup. Where they are not there, nothing is valid.
library Bls12381 {
    uint256 private constant G1_BYTES = 128;
    uint256 private constant G2_BYTES = 256;
    address private constant MODEXP = address(0x05);
    address private constant G1_ADD = address(0x0b);
    address private constant PAIRING = address(0x0f);
    address private constant MAP_TO_G1 = address(0x10);

    /// A precompile that refuses takes all the gas it is given. The dearest of them, two pairings, costs 102,900.
    uint256 private constant MOST_GAS = 300_000;

    bytes private constant DST = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
    bytes private constant FIELD =
        hex"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
    /// Minus the generator of G2.
    bytes private constant MINUS_G2 = hex"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
        hex"0000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
        hex"000000000000000000000000000000000d1b3cc2c7027888be51d9ef691d77bcb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa"
        hex"0000000000000000000000000000000013fa4d4a0ad8b1ce186ed5061789213d993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed";

    /// Whether these are a point of G2 other than infinity.
    function isPublicKey(bytes memory key) internal view returns (bool) {
        // Infinity is all zeros. Its pairing with any point is one, which shows that the other is in its group.
        if (key.length != G2_BYTES || keccak256(key) == keccak256(new bytes(G2_BYTES))) return false;
        return _pairsToOne(abi.encodePacked(new bytes(G1_BYTES), key));
    }

    /// Whether `signature` is that of `key`, which is one, over `message`.
    function isSigned(bytes memory key, bytes32 message, bytes memory signature) internal view returns (bool) {
        if (signature.length != G1_BYTES) return false;
        return _pairsToOne(abi.encodePacked(signature, MINUS_G2, hashToG1(message), key));
    }

    /// RFC 9380, hash_to_curve. Both maps clear the cofactor, so their sum does, too. Empty where there are no precompiles.
    function hashToG1(bytes32 message) internal view returns (bytes memory) {
        (bytes memory a, bytes memory b) = expand(message);
        bytes memory points = abi.encodePacked(_call(MAP_TO_G1, _reduced(a), 128), _call(MAP_TO_G1, _reduced(b), 128));
        return _call(G1_ADD, points, G1_BYTES);
    }

    /// RFC 9380, expand_message_xmd with SHA-256 to twice 64 bytes.
    function expand(bytes32 message) internal pure returns (bytes memory, bytes memory) {
        bytes memory suffix = abi.encodePacked(DST, uint8(DST.length));
        bytes32 b0 = sha256(abi.encodePacked(new bytes(64), message, uint16(128), uint8(0), suffix));
        bytes32 b1 = sha256(abi.encodePacked(b0, uint8(1), suffix));
        bytes32 b2 = sha256(abi.encodePacked(b0 ^ b1, uint8(2), suffix));
        bytes32 b3 = sha256(abi.encodePacked(b0 ^ b2, uint8(3), suffix));
        bytes32 b4 = sha256(abi.encodePacked(b0 ^ b3, uint8(4), suffix));
        return (bytes.concat(b1, b2), bytes.concat(b3, b4));
    }

    /// 64 bytes modulo the field's order, as a field element: the first power of them.
    function _reduced(bytes memory wide) private view returns (bytes memory) {
        bytes memory lengths = abi.encode(uint256(64), uint256(1), uint256(48));
        bytes memory low = _call(MODEXP, abi.encodePacked(lengths, wide, uint8(1), FIELD), 48);
        return abi.encodePacked(bytes16(0), low);
    }

    function _pairsToOne(bytes memory pairs) private view returns (bool) {
        bytes memory answer = _call(PAIRING, pairs, 32);
        return answer.length == 32 && abi.decode(answer, (uint256)) == 1;
    }

    /// What a precompile answers; empty if it refuses, or is not there.
    function _call(address precompile, bytes memory input, uint256 length) private view returns (bytes memory) {
        // Precompiles have no Solidity interface.
        // slither-disable-next-line low-level-calls
        (bool success, bytes memory answer) = precompile.staticcall{gas: MOST_GAS}(input);
        return success && answer.length == length ? answer : bytes("");
    }
}
