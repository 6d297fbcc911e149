// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.37;

// Where everything lies while a proof is verified. `verify` is one external call that ends by returning from
// assembly, so memory is its own from the first byte: nothing is allocated, and Solidity's free memory pointer is not
// used once the descriptor is loaded. All arrays have room for 32 words; the validator keeps variables to 28 and
// addresses and coordinates to 32 bits.

// The order of BN254's scalar field.
uint256 constant P = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;
// The order of BN254's base field.
uint256 constant Q = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;
// Twice P, plus 1: `1 - a - b` is `2P + 1 - (a + b)`, without going below 0.
uint256 constant TWICE_P_AND_1 = 0x60c89ce5c263405370a08b6d0302b0ba5067d090f372e12287c3eb27e0000003;

// Below 0x180: operands and results of precompiles.

// The descriptor's digest and the setup's, and how many bytes the points of weights and inputs have.
uint256 constant DIGEST = 0x1a0;
uint256 constant SETUP = 0x1c0;
uint256 constant POINTS_LENGTH = 0x1e0;

uint256 constant BETA = 0x200;
uint256 constant GAMMA = 0x220;
uint256 constant LAMBDA = 0x240;
uint256 constant LAMBDA_A = 0x260;
uint256 constant LAMBDA_B = 0x280;
uint256 constant LAMBDA_C = 0x2a0;
// Of the main sumcheck's mask, and of the batch evaluation's.
uint256 constant KAPPA = 0x2c0;
uint256 constant KAPPA_2 = 0x2e0;
uint256 constant THETA = 0x300;
// 1 if there are masks.
uint256 constant MASKED = 0x320;
// The transcript's state; what is absorbed is written behind it.
uint256 constant TRANSCRIPT = 0x340;
// Room for tables, behind everything else.
uint256 constant TABLES = 0x360;
// What the relations' constants come to.
uint256 constant CONSTANTS = 0x380;
// The proof's first byte and the one behind its last, in calldata.
uint256 constant PROOF = 0x3a0;
uint256 constant PROOF_END = 0x3c0;
// The statement's public values in calldata.
uint256 constant PUBLIC = 0x3e0;

// Bits and counts, from the descriptor.
uint256 constant CHUNK_BITS = 0x400;
uint256 constant COUNT_BITS = 0x420;
uint256 constant SLOT_BITS = 0x440;
uint256 constant TABLE_BITS = 0x460;
uint256 constant VARIABLES = 0x480;
uint256 constant POINT_LENGTH = 0x4a0;
uint256 constant PRODUCTS = 0x4c0;
// Where the descriptor's lists begin, in memory.
uint256 constant LOOKUPS = 0x4e0;
uint256 constant HEADS = 0x500;
uint256 constant SUMS = 0x520;
uint256 constant DEGREES = 0x540;
uint256 constant TERMS = 0x560;
// [tau]G2 as the pairing takes it.
uint256 constant TAU = 0x580;
// What is left of the main sumcheck, and the operands' place in calldata.
uint256 constant REST = 0x600;
uint256 constant OPERANDS = 0x620;

// Challenges of the opening.
uint256 constant ALPHA = 0x640;
uint256 constant OMEGA = 0x660;
uint256 constant ZETA = 0x680;
uint256 constant XI = 0x6a0;
uint256 constant Z = 0x6c0;
uint256 constant DELTA = 0x6e0;
// Of the blind R.
uint256 constant ETA = 0x700;
// What is opened: v, with eta v_R; what the batch evaluation's mask must come to.
uint256 constant VALUE = 0x720;
uint256 constant MASK_VALUE = 0x740;
// Places in calldata: the points of weights and inputs, M', the second message, R, the opening.
uint256 constant POINTS = 0x760;
uint256 constant MASK_POINT = 0x780;
uint256 constant SECOND = 0x7a0;
uint256 constant BLIND = 0x7c0;
uint256 constant OPENING = 0x7e0;

// Trees of u's coordinates (`eqTrees`): where they begin and end.
uint256 constant U_TREES = 0x800;
uint256 constant U_TREES_END = 0x820;
// Where `eq` of u's upper coordinates begins for every chunk number, at most 1024.
uint256 constant CHUNKS = 0x840;
// Items with input commitments of their own, as a power of two; 0 if one commitment is to all of them.
uint256 constant ITEM_BITS = 0x860;
// How many lookup slots there are.
uint256 constant SLOTS = 0x960;
// Of a round ([10.6]): in how many halves its rows are, 0 if it is none; how many chunks a vector has, and how many there are from
// one to the next.
uint256 constant HALVES = 0x980;
uint256 constant EACH = 0x9a0;
uint256 constant STRIDE = 0x9c0;
// P: what is long and runs once reads it from here, for in place it is 33 bytes of code.
uint256 constant ORDER = 0x9e0;
// While the functionals' claims are weighed ([6.1]): theta's power of the next one; what is public; what is hidden, to
// be multiplied by 1 - rho_n; mask cells, to be multiplied by rho_n; and where the next one's mask cell is.
uint256 constant POWER = 0x880;
uint256 constant OPEN = 0x8a0;
uint256 constant HIDDEN = 0x8c0;
uint256 constant HIDING = 0x8e0;
uint256 constant MASK_CELL = 0x900;
// h and g at u.
uint256 constant HELPER = 0x920;
uint256 constant FRACTIONS = 0x940;

// Coordinates, each array 0x400 long; `1 - x` lies 0x400 behind x where it is needed.
uint256 constant R = 0xa00;
uint256 constant RHO = 0xe00;
uint256 constant NOT_RHO = 0x1200;
uint256 constant U = 0x1600;
uint256 constant NOT_U = 0x1a00;
// `eq(r[..i], u[..i])` and `eq(rho[..i], u[..i])` for every i, 33 words each.
uint256 constant R_PREFIX = 0x1e00;
uint256 constant RHO_PREFIX = 0x2240;
// The last axis that ended at each coordinate of u, and its value (`remember`): 33 pairs, zero in the beginning.
uint256 constant AXES = 0x2680;
// The descriptor's bytes; behind them the points of its function tables.
uint256 constant DESCRIPTOR = 0x2ec0;
