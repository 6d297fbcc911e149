//! Checks of the contracts that no vector can show to be needed.

use super::Reason;

/// All of them.
pub const REASONS: &[Reason] = &[
    Reason("Descriptors.sol", "checkTables(plan)", "reads what everything after it needs"),
    Reason("Descriptors.sol", "checkLookups(plan)", "reads what everything after it needs"),
    Reason("ProofVerifier.sol", "!isGenerator(tau_)", "of the constructor; `test_setup_bad`"),
    Reason(
        "ProofVerifier.sol",
        "address(descriptors_).code.length == 0",
        "of the constructor; `test_setup_bad`",
    ),
    Reason("ProofVerifier.sol", "staticcall(PAIRING_GAS", "of the constructor; `test_setup_bad`"),
    Reason("ProofVerifier.sol", "mload(0)", "of the constructor; `test_setup_bad`"),
    Reason("ProofVerifier.sol", "(point[0] | point[1]", "of the constructor; `test_setup_bad`"),
    Reason(
        "ProofVerifier.sol",
        "free == 0",
        "vectors are judged under registered descriptors; `test_descriptors_unknown`",
    ),
    Reason(
        "ProofVerifier.sol",
        "!ok",
        "a verdict that was false stays false until the next of them is asked",
    ),
    Reason(
        "descriptor/Certificates.sol",
        "place == NOWHERE",
        "there is no block of that number: reading it reverts",
    ),
    Reason("descriptor/Certificates.sol", "!right", "a verdict that was false is a part of the next one"),
    Reason(
        "descriptor/Certificates.sol",
        "bits < 64",
        "a block that is covered has fewer bits, and the sizes have to agree",
    ),
    Reason(
        "descriptor/Certificates.sol",
        "part == plan.lookups.length",
        "there is no lookup of that number: reading it reverts",
    ),
    Reason(
        "descriptor/Layouts.sol",
        "plan.terms + tail > data.length",
        "terms that begin behind the sizes do not end where these begin, which is checked",
    ),
    Reason(
        "descriptor/Layouts.sol",
        "checkLayout(plan)",
        "places the blocks, which everything after it reads",
    ),
    Reason(
        "descriptor/Layouts.sol",
        "k < 4",
        "64 chunks of 2^3 cells, the most that there are, hold no plan of the vectors; Rust's layouts have a test",
    ),
    Reason(
        "descriptor/Layouts.sol",
        "same(plan, 116, bases[count++])",
        "it counts, too: without it the next place is compared with this one's",
    ),
    Reason(
        "descriptor/Layouts.sol",
        "largest > ADDRESS_BITS",
        "cells that are more than addresses are refused where they are counted; this keeps their number small",
    ),
    Reason(
        "descriptor/Layouts.sol",
        "plan.inputSizes[i] > ADDRESS_BITS",
        "cells that are more than addresses are refused where they are counted; this keeps their number small",
    ),
    Reason(
        "descriptor/Layouts.sol",
        "cell <= 2 ** ADDRESS_BITS",
        "with more cells the bits of a chunk's number and K add up to more than 32, which is checked",
    ),
    Reason(
        "descriptor/Layouts.sol",
        "plan.slotBits",
        "the slots' bits are at most the sumcheck's variables, which have the same bounds",
    ),
    Reason(
        "descriptor/Layouts.sol",
        "within(1, VARIABLES, plan.tableBits)",
        "the tables' bits are at most the sumcheck's variables, which have the same bounds",
    ),
    Reason(
        "descriptor/Layouts.sol",
        "within(1, COORDINATES",
        "a relation has as many coordinates as the block that it makes has bits",
    ),
    Reason(
        "descriptor/Layouts.sol",
        "plan.inputSizes.length",
        "each input is a lookup block, of which there are as few",
    ),
    Reason(
        "descriptor/Layouts.sol",
        "within(1, COUNT, number(plan, 54, 2))",
        "each block takes bytes for its relation's terms; 257 with their relations are more than a descriptor may have",
    ),
    Reason(
        "descriptor/Lookups.sol",
        "area == 0",
        "a block in a slot without cells has no address that a relation could make it at",
    ),
    Reason(
        "descriptor/Lookups.sol",
        "own.row < free",
        "two blocks in one place have one address, which only one relation may make",
    ),
    Reason(
        "descriptor/Plans.sol",
        "from + length > data.length",
        "lists that go on behind the end do not end where the sizes begin, which is checked; nothing else is read there",
    ),
    Reason(
        "descriptor/Relations.sol",
        "left == 0",
        "there is no limb less than none: the subtraction reverts",
    ),
    Reason(
        "descriptor/Relations.sol",
        "terms == 0",
        "there is no limb less than none: the subtraction reverts",
    ),
    Reason(
        "descriptor/Relations.sol",
        "bits > plan.pointBits",
        "no items have fewer bits than none: the subtraction reverts",
    ),
    Reason(
        "descriptor/Relations.sol",
        "checkNew(plan, cursor, Rule.High, sum).isFunction",
        "only functions' blocks have an out; a range as hi would leave its relation's result unread",
    ),
    Reason(
        "descriptor/Relations.sol",
        "byte_(plan, cursor + 14) == 4",
        "the window's bytes, which are compared, are no axis of another kind",
    ),
    Reason(
        "descriptor/Terms.sol",
        "bits < 64",
        "a block that is read has fewer bits, and the sizes have to agree",
    ),
    Reason(
        "descriptor/Terms.sol",
        "byte_(plan, axis + 1) <= WINDOW_BITS",
        "blocks of 2^13 cells along one axis would be needed; places times taps are bounded beside it",
    ),
    Reason(
        "descriptor/Terms.sol",
        "pointBits <= WINDOW_BITS",
        "blocks of 2^13 cells along one axis would be needed; places times taps are bounded beside it",
    ),
    Reason(
        "descriptor/Terms.sol",
        "table.isFunction",
        "a function's table begins below 0 in every plan of the suite, and lo must begin at 0",
    ),
    Reason(
        "descriptor/Terms.sol",
        "place == NOWHERE",
        "there is no lookup of that number: reading it reverts",
    ),
    Reason(
        "proof/Decisions.sol",
        "lt(class, all)",
        "behind the sums of classes below lie no sums: no margins are right for what is there at a point drawn after them",
    ),
    Reason("proof/Opening.sol", "staticcall(gas(), 5", "fails without gas only; `testFuzz_gas_isNoVerdict`"),
    Reason(
        "proof/Opening.sol",
        "iszero(t)",
        "z is drawn: it is none of three numbers but by a chance of 2^-252",
    ),
    Reason(
        "proof/Opening.sol",
        "gt(gas(), div(given, 63))",
        "says that gas was missing; `testFuzz_gas_isNoVerdict`",
    ),
    Reason(
        "proof/Opening.sol",
        "staticcall(MUL_GAS",
        "a point that cannot be multiplied stays where it is, and cannot be added either",
    ),
    Reason(
        "proof/Opening.sol",
        "staticcall(ADD_GAS, 6, 0x00",
        "what cannot be added could not be multiplied before, which is checked",
    ),
    Reason(
        "proof/Opening.sol",
        "staticcall(ADD_GAS, 6, 0x40",
        "instead of a sum, what lay there before is taken for a point, and is none",
    ),
    Reason(
        "proof/Opening.sol",
        "staticcall(PAIRING_GAS",
        "its operands are what other precompiles gave: fails without gas only",
    ),
    Reason(
        "proof/Sumcheck.sol",
        "lt(constant, P)",
        "where a number is subtracted from the field's order it is not taken for its residue but for another number, \
         for which no prover here has a proof",
    ),
];
