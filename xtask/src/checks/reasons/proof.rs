//! Checks of proofs, of certificates and of the contracts that take them.

use super::Reason;

/// All of them.
pub const REASONS: &[Reason] = &[
    Reason {
        why: "points off the curve add up to nothing that a pairing takes; one of small order beside weight zero would be needed",
        checks: &[("point.rs", "point.is_on_curve()")],
    },
    Reason {
        why: "the curve does not contain (0, 0), and the type's flag for infinity is not set here",
        checks: &[("point.rs", "!point.is_zero()")],
    },
    Reason {
        why: "of the constructor; `test_setup_bad`",
        checks: &[
            ("ProofVerifier.sol", "!isGenerator(tau_)"),
            ("ProofVerifier.sol", "address(descriptors_).code.length == 0"),
            ("ProofVerifier.sol", "staticcall(PAIRING_GAS"),
            ("ProofVerifier.sol", "mload(0)"),
            ("ProofVerifier.sol", "(point[0] | point[1]"),
        ],
    },
    Reason {
        why: "vectors are judged under registered descriptors; `test_descriptors_unknown`",
        checks: &[("ProofVerifier.sol", "free == 0")],
    },
    Reason {
        why: "a verdict that was false stays false until the next of them is asked",
        checks: &[("ProofVerifier.sol", "!ok")],
    },
    Reason {
        why: "behind the sums of classes below lie no sums: no margins are right for what is there at a point drawn after them",
        checks: &[("proof/Decisions.sol", "lt(class, all)")],
    },
    Reason {
        why: "fails without gas only; `testFuzz_gas_isNoVerdict`",
        checks: &[("proof/Opening.sol", "staticcall(gas(), 5")],
    },
    Reason {
        why: "z is drawn: it is none of three numbers but by a chance of 2^-252",
        checks: &[("proof/Opening.sol", "iszero(t)")],
    },
    Reason {
        why: "says that gas was missing; `testFuzz_gas_isNoVerdict`",
        checks: &[("proof/Opening.sol", "gt(gas(), div(given, 63))")],
    },
    Reason {
        why: "a point that cannot be multiplied stays where it is, and cannot be added either",
        checks: &[("proof/Opening.sol", "staticcall(MUL_GAS")],
    },
    Reason {
        why: "what cannot be added could not be multiplied before, which is checked",
        checks: &[("proof/Opening.sol", "staticcall(ADD_GAS, 6, 0x00")],
    },
    Reason {
        why: "instead of a sum, what lay there before is taken for a point, and is none",
        checks: &[("proof/Opening.sol", "staticcall(ADD_GAS, 6, 0x40")],
    },
    Reason {
        why: "its operands are what other precompiles gave: fails without gas only",
        checks: &[("proof/Opening.sol", "staticcall(PAIRING_GAS")],
    },
    Reason {
        why: "where a number is subtracted from the field's order it is not taken for its residue but for another \
              number, for which no prover here has a proof",
        checks: &[("proof/Sumcheck.sol", "lt(constant, P)")],
    },
    Reason {
        why: "of the constructor; `test_certificates_verifierMissing`",
        checks: &[("WeightsCertificates.sol", "address(verifier_).code.length == 0")],
    },
    Reason {
        why: "vectors are judged under registered descriptors; `test_certificates_unregistered`",
        checks: &[("WeightsCertificates.sol", "code == address(0)")],
    },
];
