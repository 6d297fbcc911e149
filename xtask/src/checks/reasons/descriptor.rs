//! Checks of descriptors and of their bytes.

use super::Reason;

/// All of them.
pub const REASONS: &[Reason] = &[
    Reason {
        why: "a certificate's products are counted before",
        checks: &[("validate/certificate.rs", "!relation.products.is_empty()")],
    },
    Reason {
        why: "a limit on what is written; what is read has its own",
        checks: &[("descriptor/codec.rs", "got <= LIMIT")],
    },
    Reason {
        why: "about writing, not reading",
        checks: &[
            ("descriptor/codec.rs", "base == u64::from(NOWHERE)"),
            ("descriptor/codec.rs", "areas.len() > SLOTS"),
        ],
    },
    Reason {
        why: "bytes hold sizes only, and the decoder computes the layout from them",
        checks: &[("descriptor/validate.rs", "Layout::new(sizes).as_ref() != Ok(layout)")],
    },
    Reason {
        why: "bytes hold one width a block",
        checks: &[("descriptor/validate.rs", "self.weight_bits.len() != sizes.weights.len()")],
    },
    Reason {
        why: "the bits of slots and tables are at most the sumcheck's variables, which have the same bounds",
        checks: &[
            ("descriptor/validate.rs", "within(\"slot bits\""),
            ("descriptor/validate.rs", "within(\"table bits\""),
            ("descriptor/Layouts.sol", "plan.slotBits"),
            ("descriptor/Layouts.sol", "within(1, VARIABLES, plan.tableBits)"),
        ],
    },
    Reason {
        why: "a relation has as many coordinates as the block that it makes has bits",
        checks: &[
            ("descriptor/validate.rs", "within(\"coordinates\""),
            ("descriptor/Layouts.sol", "within(1, COORDINATES"),
        ],
    },
    Reason {
        why: "each input is a lookup block, of which there are as few",
        checks: &[
            ("descriptor/validate.rs", "within(\"input blocks\""),
            ("descriptor/Layouts.sol", "plan.inputSizes.length"),
        ],
    },
    Reason {
        why: "each block takes bytes for its relation's terms; 257 with their relations are more than a descriptor may have",
        checks: &[
            ("descriptor/validate.rs", "within(\"lookup blocks\""),
            ("descriptor/Layouts.sol", "within(1, COUNT, number(plan, AT_LOOKUP_COUNT, 2))"),
        ],
    },
    Reason {
        why: "257 products are more bytes than a descriptor may have",
        checks: &[("descriptor/validate.rs", "within(\"products\"")],
    },
    Reason {
        why: "a table's rows lie within the tables' bits, which are fewer",
        checks: &[("descriptor/validate.rs", "usize::from(own.bits) <= CELL_BITS")],
    },
    Reason {
        why: "a block in a slot without cells has no address that a relation could make it at",
        checks: &[
            ("descriptor/validate.rs", "*area == Area::Inputs"),
            ("descriptor/Lookups.sol", "area == 0"),
        ],
    },
    Reason {
        why: "two blocks in one place have one address, which only one relation may make",
        checks: &[
            ("descriptor/validate.rs", "own.row < *free"),
            ("descriptor/Lookups.sol", "own.row < free"),
        ],
    },
    Reason {
        why: "a function's table begins below 0 in every plan of the suite, and lo must begin at 0",
        checks: &[("descriptor/validate.rs", "table.function"), ("descriptor/Terms.sol", "table.isFunction")],
    },
    Reason {
        why: "the number of axes is a byte",
        checks: &[("descriptor/validate.rs", "term.axes.len() > COUNT")],
    },
    Reason {
        why: "blocks of 2^13 cells along one axis would be needed; places times taps are bounded beside it",
        checks: &[
            ("descriptor/Terms.sol", "byte_(plan, axis + 1) <= WINDOW_BITS"),
            ("descriptor/Terms.sol", "pointBits <= WINDOW_BITS"),
        ],
    },
    Reason {
        why: "reads or places what everything after it needs",
        checks: &[
            ("Descriptors.sol", "checkTables(plan)"),
            ("Descriptors.sol", "checkLookups(plan)"),
            ("descriptor/Layouts.sol", "checkLayout(plan)"),
        ],
    },
    Reason {
        why: "there is none of that number: reading it reverts",
        checks: &[
            ("descriptor/Certificates.sol", "place == NOWHERE"),
            ("descriptor/Certificates.sol", "part == plan.lookups.length"),
            ("descriptor/Terms.sol", "place == NOWHERE"),
        ],
    },
    Reason {
        why: "a verdict that was false is a part of the next one",
        checks: &[("descriptor/Certificates.sol", "!right")],
    },
    Reason {
        why: "a block that is read or covered has fewer bits, and the sizes have to agree",
        checks: &[("descriptor/Certificates.sol", "bits < 64"), ("descriptor/Terms.sol", "bits < 64")],
    },
    Reason {
        why: "terms that begin behind the sizes do not end where these begin, which is checked",
        checks: &[("descriptor/Layouts.sol", "plan.terms + tail > data.length")],
    },
    Reason {
        why: "64 chunks of 2^3 cells, the most that there are, hold no plan of the vectors; Rust's layouts have a test",
        checks: &[("descriptor/Layouts.sol", "k < 4")],
    },
    Reason {
        why: "it counts, too: without it the next place is compared with this one's",
        checks: &[("descriptor/Layouts.sol", "same(plan, AT_MULTIPLICITIES, bases[count++])")],
    },
    Reason {
        why: "cells that are more than addresses are refused where they are counted; this keeps their number small",
        checks: &[
            ("descriptor/Layouts.sol", "largest > ADDRESS_BITS"),
            ("descriptor/Layouts.sol", "plan.inputSizes[i] > ADDRESS_BITS"),
        ],
    },
    Reason {
        why: "with more cells the bits of a chunk's number and K add up to more than 32, which is checked",
        checks: &[("descriptor/Layouts.sol", "cell <= 2 ** ADDRESS_BITS")],
    },
    Reason {
        why: "cells are counted role by role; where items have chunks of their own behind that, four bytes hold no address \
              there, and each input has to be looked up",
        checks: &[("descriptor/Layouts.sol", "k + countBits > ADDRESS_BITS")],
    },
    Reason {
        why: "lists that go on behind the end do not end where the sizes begin, which is checked; nothing else is read there",
        checks: &[("descriptor/Plans.sol", "from + length > data.length")],
    },
    Reason {
        why: "there is none less than none: the subtraction reverts",
        checks: &[
            ("descriptor/Relations.sol", "left == 0"),
            ("descriptor/Relations.sol", "terms == 0"),
            ("descriptor/Relations.sol", "bits > plan.pointBits"),
        ],
    },
    Reason {
        why: "only functions' blocks have an out; a range as hi would leave its relation's result unread",
        checks: &[("descriptor/Relations.sol", "checkNew(plan, cursor, Rule.High, sum).isFunction")],
    },
    Reason {
        why: "the window's bytes, which are compared, are no axis of another kind",
        checks: &[("descriptor/Relations.sol", "byte_(plan, cursor + 14) == 4")],
    },
    Reason {
        why: "every lookup block is in a slot that there is, and bytes have room for as many as there may be",
        checks: &[
            ("descriptor/validate.rs", "within(\"slots\""),
            ("descriptor/Layouts.sol", "within(1, SLOTS, plan.slots)"),
        ],
    },
    Reason {
        why: "a function in a slot without an out is no limb, and nothing can read what it gives",
        checks: &[("descriptor/validate.rs", "*area == Area::Functions")],
    },
];
