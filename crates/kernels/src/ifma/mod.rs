//! Eight lanes with AVX-512 IFMA.

/// Whether this machine has what the lanes need.
pub fn is_available() -> bool {
    false
}
