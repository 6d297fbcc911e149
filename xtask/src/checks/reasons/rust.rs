//! Checks of the Rust verifier that no vector can show to be needed.

use super::Reason;

/// All of them.
pub const REASONS: &[Reason] = &[
    Reason("commitment/inputs.rs", "got <= ITEMS", "a limit; tested by the type's own tests"),
    Reason(
        "commitment/inputs.rs",
        "own.items() != 1",
        "vectors' commitments take their items from the descriptor; tested by the type's own tests",
    ),
    Reason(
        "commitment/inputs.rs",
        "own.schema() != schema",
        "vectors' commitments take the schema from the statement; tested by the type's own tests",
    ),
    Reason(
        "commitment/inputs.rs",
        "(2..=ITEMS).contains(&count)",
        "a rule of files, which vectors are not; the decoder's tests reach it",
    ),
    Reason(
        "validate/certificate.rs",
        "!relation.products.is_empty()",
        "a certificate's products are counted before",
    ),
    Reason(
        "registered.rs",
        "(least..=most).contains(&got)",
        "vectors' points are cut by the descriptor; `crates/prover/tests/dense.rs` has more and fewer",
    ),
    Reason(
        "registered.rs",
        "input.items() != 1",
        "vectors' commitments take their items from the descriptor",
    ),
    Reason(
        "commitment.rs",
        "u32::try_from(got) != Ok(expected)",
        "the vectors' calls have as many points as chunks, or too few bytes to be points; the type's own tests have others",
    ),
    Reason(
        "commitment.rs",
        "count > BLOCKS",
        "a limit on files, which vectors are not; the decoder's tests reach it",
    ),
    Reason(
        "commitment.rs",
        "role != WEIGHTS_ROLE",
        "a rule of files, which vectors are not; the decoder's tests reach it",
    ),
    Reason(
        "commitment.rs",
        "chunked.blocks.sizes().is_empty()",
        "every plan has an input; tested by the type's own tests",
    ),
    Reason("descriptor/codec.rs", "got <= LIMIT", "a limit on what is written; what is read has its own"),
    Reason("descriptor/codec.rs", "base == u64::from(NOWHERE)", "about writing, not reading"),
    Reason(
        "descriptor/validate.rs",
        "Layout::new(sizes).as_ref() != Ok(layout)",
        "bytes hold sizes only, and the decoder computes the layout from them",
    ),
    Reason(
        "descriptor/validate.rs",
        "self.weight_bits.len() != sizes.weights.len()",
        "bytes hold one width a block",
    ),
    Reason(
        "descriptor/validate.rs",
        "within(\"slot bits\"",
        "the slots' bits are at most the sumcheck's variables, which have the same bounds",
    ),
    Reason(
        "descriptor/validate.rs",
        "within(\"table bits\"",
        "the tables' bits are at most the sumcheck's variables, which have the same bounds",
    ),
    Reason(
        "descriptor/validate.rs",
        "within(\"coordinates\"",
        "a relation has as many coordinates as the block that it makes has bits",
    ),
    Reason(
        "descriptor/validate.rs",
        "within(\"input blocks\"",
        "each input is a lookup block, of which there are as few",
    ),
    Reason(
        "descriptor/validate.rs",
        "within(\"lookup blocks\"",
        "each block takes bytes for its relation's terms; 257 with their relations are more than a descriptor may have",
    ),
    Reason(
        "descriptor/validate.rs",
        "within(\"products\"",
        "257 products are more bytes than a descriptor may have",
    ),
    Reason(
        "descriptor/validate.rs",
        "usize::from(own.bits) <= CELL_BITS",
        "a table's rows lie within the tables' bits, which are fewer",
    ),
    Reason(
        "descriptor/validate.rs",
        "*area == Area::Inputs",
        "a block in a slot without cells has no address that a relation could make it at",
    ),
    Reason(
        "descriptor/validate.rs",
        "own.row < *free",
        "two blocks in one place have one address, which only one relation may make",
    ),
    Reason(
        "descriptor/validate.rs",
        "*end <= 1_u64.checked_shl(self.layout.slot_bits",
        "a block beyond its slot has another block's address, or none",
    ),
    Reason(
        "descriptor/validate.rs",
        "table.function",
        "a function's table begins below 0 in every plan of the suite, and lo must begin at 0",
    ),
    Reason("descriptor/validate.rs", "term.axes.len() > COUNT", "the number of axes is a byte"),
    Reason(
        "descriptor/validate.rs",
        "narrow",
        "blocks of 2^13 cells along one axis would be needed; places times taps are bounded beside it",
    ),
    Reason(
        "point.rs",
        "point.is_on_curve()",
        "points off the curve add up to nothing that a pairing takes; one of small order beside weight zero would be needed",
    ),
    Reason(
        "point.rs",
        "!point.is_zero()",
        "the curve does not contain (0, 0), and the type's flag for infinity is not set here",
    ),
    Reason(
        "registered.rs",
        "chunked.setup() != setup",
        "vectors state one setup for everything; `crates/prover/tests/dense.rs` has two",
    ),
    Reason(
        "registered.rs",
        "check(",
        "vectors' commitments take their blocks from the descriptor; `crates/prover/tests/commitments.rs` has others",
    ),
    Reason(
        "registered.rs",
        "expected != got",
        "vectors' points are cut by the descriptor; `crates/prover/tests/dense.rs` has more and fewer",
    ),
    Reason(
        "verify.rs",
        "expected != got",
        "the proof's decoder reads as many points as the plan has; `verify` takes proofs that were not decoded, too",
    ),
    Reason(
        "verify.rs",
        "proof.masks.is_some() == masked",
        "the proof's decoder goes by the mode; `verify` takes proofs that were not decoded, too",
    ),
    Reason("verify.rs", "proof.blind.is_some() == masked", "the proof's decoder goes by the mode"),
    Reason("verify.rs", "proof.main.iter()", "the proof's decoder goes by the descriptor"),
    Reason("verify.rs", "proof.batch.iter()", "the proof's decoder goes by the descriptor"),
    Reason("verify.rs", "proof.operands.products.len()", "the proof's decoder goes by the descriptor"),
    Reason(
        "verify.rs",
        "got != key.setup",
        "vectors state one setup for everything; `crates/prover/tests/dense.rs` has two",
    ),
    Reason(
        "verify.rs",
        "differs(descriptor.digest(",
        "vectors' commitments are held against the descriptor at hand; `crates/prover/tests/dense.rs` has another",
    ),
    Reason(
        "verify.rs",
        "differs(registered.schema()",
        "vectors' commitments take the schema from the statement",
    ),
    Reason(
        "verify.rs",
        "expected == got",
        "vectors' commitments take the number of items from the statement",
    ),
];
