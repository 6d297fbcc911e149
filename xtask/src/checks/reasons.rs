//! Checks that no vector can show to be needed, and why.

use super::find::Check;

/// Why a check is there though no vector needs it.
#[derive(Debug)]
pub struct Reason {
    /// The end of its file's name.
    pub file: &'static str,
    /// A part of what it says.
    pub text: &'static str,
    /// Why no vector shows it.
    pub why: &'static str,
}

impl Reason {
    /// Whether it is about `check`.
    pub fn holds(&self, check: &Check) -> bool {
        check.file.ends_with(self.file) && check.text.contains(self.text)
    }
}

/// All of them.
pub const REASONS: &[Reason] = &[
    Reason {
        file: "commitment.rs",
        text: "u32::try_from(got) != Ok(expected)",
        why: "the vectors' calls have as many points as chunks, or too few bytes to be points; the type's own tests have others",
    },
    Reason {
        file: "commitment.rs",
        text: "count > BLOCKS",
        why: "a limit on files, which vectors are not; the decoder's tests reach it",
    },
    Reason {
        file: "commitment.rs",
        text: "role != WEIGHTS_ROLE",
        why: "a rule of files, which vectors are not; the decoder's tests reach it",
    },
    Reason {
        file: "commitment.rs",
        text: "items == 0",
        why: "a commitment to no items has another identity, which the statement's name does not fit; tested by the type's own tests",
    },
    Reason { file: "commitment.rs", text: "items > ITEMS", why: "a limit; tested by the type's own tests" },
    Reason {
        file: "commitment.rs",
        text: "chunked.blocks.sizes().is_empty()",
        why: "every plan has an input; tested by the type's own tests",
    },
    Reason {
        file: "descriptor/codec.rs",
        text: "got <= LIMIT",
        why: "a limit on what is written; what is read has its own",
    },
    Reason {
        file: "descriptor/codec.rs",
        text: "base == u64::from(NOWHERE)",
        why: "about writing, not reading",
    },
    Reason {
        file: "descriptor/validate.rs",
        text: "Layout::new(sizes).as_ref() != Ok(layout)",
        why: "bytes hold sizes only, and the decoder computes the layout from them",
    },
    Reason {
        file: "descriptor/validate.rs",
        text: "self.weight_bits.len() != sizes.weights.len()",
        why: "bytes hold one width a block",
    },
    Reason {
        file: "descriptor/validate.rs",
        text: "within(\"slot bits\"",
        why: "the slots' bits are at most the sumcheck's variables, which have the same bounds",
    },
    Reason {
        file: "descriptor/validate.rs",
        text: "within(\"table bits\"",
        why: "the tables' bits are at most the sumcheck's variables, which have the same bounds",
    },
    Reason {
        file: "descriptor/validate.rs",
        text: "within(\"coordinates\"",
        why: "a relation has as many coordinates as the block that it makes has bits",
    },
    Reason {
        file: "descriptor/validate.rs",
        text: "within(\"input blocks\"",
        why: "each input is a lookup block, of which there are as few",
    },
    Reason {
        file: "descriptor/validate.rs",
        text: "within(\"lookup blocks\"",
        why: "each block takes bytes for its relation's terms; 257 with their relations are more than a descriptor may have",
    },
    Reason {
        file: "descriptor/validate.rs",
        text: "within(\"products\"",
        why: "257 products are more bytes than a descriptor may have",
    },
    Reason {
        file: "descriptor/validate.rs",
        text: "usize::from(own.bits) <= CELL_BITS",
        why: "a table's rows lie within the tables' bits, which are fewer",
    },
    Reason {
        file: "descriptor/validate.rs",
        text: "*area == Area::Inputs",
        why: "a block in a slot without cells has no address that a relation could make it at",
    },
    Reason {
        file: "descriptor/validate.rs",
        text: "own.row < *free",
        why: "two blocks in one place have one address, which only one relation may make",
    },
    Reason {
        file: "descriptor/validate.rs",
        text: "*end <= 1_u64.checked_shl(self.layout.slot_bits",
        why: "a block beyond its slot has another block's address, or none",
    },
    Reason {
        file: "descriptor/validate.rs",
        text: "!table.function",
        why: "only functions' blocks have an out; a range as hi would leave its relation's result unread",
    },
    Reason {
        file: "descriptor/validate.rs",
        text: "table.function",
        why: "a function's table begins below 0 in every plan of the suite, and lo must begin at 0",
    },
    Reason {
        file: "descriptor/validate.rs",
        text: "term.axes.len() > COUNT",
        why: "the number of axes is a byte",
    },
    Reason {
        file: "descriptor/validate.rs",
        text: "narrow",
        why: "blocks of 2^13 cells along one axis would be needed; places times taps are bounded beside it",
    },
    Reason {
        file: "point.rs",
        text: "point.is_on_curve()",
        why: "points off the curve add up to nothing that a pairing takes; one of small order beside weight zero would be needed",
    },
    Reason {
        file: "point.rs",
        text: "!point.is_zero()",
        why: "the curve does not contain (0, 0), and the type's flag for infinity is not set here",
    },
    Reason {
        file: "registered.rs",
        text: "chunked.setup() != setup",
        why: "vectors state one setup for everything; `crates/prover/tests/dense.rs` has two",
    },
    Reason {
        file: "registered.rs",
        text: "check(",
        why: "vectors' commitments take their blocks from the descriptor; `crates/prover/tests/commitments.rs` has others",
    },
    Reason {
        file: "registered.rs",
        text: "expected != got",
        why: "vectors' points are cut by the descriptor; `crates/prover/tests/dense.rs` has more and fewer",
    },
    Reason {
        file: "verify.rs",
        text: "expected != got",
        why: "the proof's decoder reads as many points as the plan has; `verify` takes proofs that were not decoded, too",
    },
    Reason {
        file: "verify.rs",
        text: "proof.masks.is_some() == masked",
        why: "the proof's decoder goes by the mode; `verify` takes proofs that were not decoded, too",
    },
    Reason {
        file: "verify.rs",
        text: "proof.blind.is_some() == masked",
        why: "the proof's decoder goes by the mode",
    },
    Reason {
        file: "verify.rs",
        text: "proof.main.iter()",
        why: "the proof's decoder goes by the descriptor",
    },
    Reason {
        file: "verify.rs",
        text: "proof.batch.iter()",
        why: "the proof's decoder goes by the descriptor",
    },
    Reason {
        file: "verify.rs",
        text: "proof.operands.products.len()",
        why: "the proof's decoder goes by the descriptor",
    },
    Reason {
        file: "verify.rs",
        text: "got != key.setup",
        why: "vectors state one setup for everything; `crates/prover/tests/dense.rs` has two",
    },
    Reason {
        file: "verify.rs",
        text: "differs(descriptor.digest()",
        why: "vectors' commitments are held against the descriptor at hand; `crates/prover/tests/dense.rs` has another",
    },
    Reason {
        file: "verify.rs",
        text: "differs(registered.schema()",
        why: "vectors' commitments take the schema from the statement",
    },
    Reason {
        file: "verify.rs",
        text: "expected == got",
        why: "vectors' commitments take the number of items from the statement",
    },
];
