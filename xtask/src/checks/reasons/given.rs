//! Checks of what is given beside a proof: commitments, setup, and that a proof has the descriptor's shape.

use super::Reason;

/// All of them.
pub const REASONS: &[Reason] = &[
    Reason {
        why: "a limit; tested by the type's own tests",
        checks: &[("commitment/inputs.rs", "got <= ITEMS")],
    },
    Reason {
        why: "vectors' commitments take items, schema and setup from what is at hand; \
              `crates/prover/tests/dense.rs` and the type's own tests have others",
        checks: &[
            ("commitment/inputs.rs", "own.items() != 1"),
            ("commitment/inputs.rs", "own.schema() != schema"),
            ("registered.rs", "input.items() != 1"),
            ("registered.rs", "chunked.setup() != setup"),
            ("verify.rs", "got != key.setup"),
        ],
    },
    Reason {
        why: "a rule of files, which vectors are not; the decoder's tests reach it",
        checks: &[
            ("commitment/inputs.rs", "(2..=ITEMS).contains(&count)"),
            ("commitment.rs", "count > BLOCKS"),
            ("commitment.rs", "role != WEIGHTS_ROLE"),
        ],
    },
    Reason {
        why: "vectors' points are cut by the descriptor; `crates/prover/tests/dense.rs` has more and fewer",
        checks: &[("registered.rs", "(least..=most).contains(&got)"), ("registered.rs", "expected != got")],
    },
    Reason {
        why: "the vectors' calls have as many points as chunks, or too few bytes to be points; \
              the type's own tests have others",
        checks: &[("commitment.rs", "u32::try_from(got) != Ok(expected)")],
    },
    Reason {
        why: "every plan has an input; tested by the type's own tests",
        checks: &[("commitment.rs", "chunked.blocks.sizes().is_empty()")],
    },
    Reason {
        why: "vectors' commitments take their blocks from the descriptor; `crates/prover/tests/commitments.rs` has others",
        checks: &[("registered.rs", "check(")],
    },
    Reason {
        why: "the proof's decoder goes by descriptor and mode; `verify` takes proofs that were not decoded, too",
        checks: &[
            ("verify.rs", "expected != got"),
            ("verify.rs", "proof.masks.is_some() == masked"),
            ("verify.rs", "proof.blind.is_some() == masked"),
            ("verify.rs", "proof.main.iter()"),
            ("verify.rs", "proof.batch.iter()"),
            ("verify.rs", "proof.operands.products.len()"),
        ],
    },
    Reason {
        why: "vectors' commitments are held against the descriptor at hand; `crates/prover/tests/dense.rs` has another",
        checks: &[("verify.rs", "differs(descriptor.digest(")],
    },
];
