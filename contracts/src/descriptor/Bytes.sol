// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

// Where things lie in a descriptor's bytes, as docs/protocol.md [10.3] lays them out. (`proof/Reading.sol`, where every unit of
// gas counts, reads the same places a word at a time.)

// The names that descriptors begin with: of decisions, of weights certificates, of a task's updates and rounds.
bytes32 constant DECISION = "averment-descriptor/1";
bytes32 constant CERTIFICATE = "averment-certificate/1";
bytes32 constant UPDATE = "averment-update/1";
bytes32 constant ROUND = "averment-round/1";

uint256 constant AT_LENGTH = 32;
uint256 constant AT_CHUNK_BITS = 36;
uint256 constant AT_COUNT_BITS = 37;
uint256 constant AT_SLOT_BITS = 38;
uint256 constant AT_TABLE_BITS = 39;
uint256 constant AT_FUNCTION_BITS = 40;
uint256 constant AT_MASK_BITS = 41;
uint256 constant AT_VARIABLES = 42;
uint256 constant AT_COORDINATES = 43;
// A byte a slot.
uint256 constant AT_AREAS = 44;
// Counts.
uint256 constant AT_WEIGHT_BLOCKS = 48;
uint256 constant AT_INPUT_BLOCKS = 50;
uint256 constant AT_TABLE_COUNT = 52;
uint256 constant AT_LOOKUP_COUNT = 54;
uint256 constant AT_RELATION_COUNT = 56;
uint256 constant AT_PRODUCT_COUNT = 58;
uint256 constant AT_PUBLIC_COUNT = 60;
// First chunk and number of chunks of each role.
uint256 constant AT_ROLES = 64;
uint256 constant AT_TABLE_CHUNKS = 70;
uint256 constant AT_FIRST_INPUT_CHUNK = 72;
uint256 constant AT_INPUT_CHUNKS = 74;
// First cells; of `in` and `out` a word a slot.
uint256 constant AT_INS = 84;
uint256 constant AT_OUTS = 100;
uint256 constant AT_MULTIPLICITIES = 116;
uint256 constant AT_MASKS = 120;
uint256 constant AT_HELPER = 124;
uint256 constant AT_FRACTIONS = 128;
uint256 constant AT_FUNCTIONS = 132;
// The head ends, and tables begin; then come lookups, relations and products.
uint256 constant AT_TABLES = 136;

// Lengths of records, and where a table's says whether it is a function's.
uint256 constant TABLE_BYTES = 19;
uint256 constant IS_FUNCTION = 17;
uint256 constant LOOKUP_BYTES = 14;
uint256 constant RELATION_BYTES = 15;
uint256 constant PRODUCT_BYTES = 7;
