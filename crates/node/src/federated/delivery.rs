//! An update on its way to who aggregates: `averment-delivery/1`, and `averment-delivery/2` with what opens the sum of those before.
//!
//! ```text
//! delivery = "averment-delivery/1\n" | length of the package u32le | package | proof
//!          | "averment-delivery/2\n" | length of the package u32le | package | length of the proof u32le | proof | opening
//! ```
//!
//! The package is an `averment-vector/1`, the proof what the chain knows by its hash, the opening, which is not empty, an
//! `averment-vector-opening/1`. A delivery travels sealed, as what the package's hash names, so that nobody takes one for another's.

use thiserror::Error;

const ALONE: &[u8] = b"averment-delivery/1\n";
const WITH_SUM: &[u8] = b"averment-delivery/2\n";

/// Not a delivery.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error(
    "expected bytes that begin with averment-delivery/1 or averment-delivery/2, with a package and a proof; got {got}"
)]
pub struct DeliveryError {
    /// How many bytes there are.
    pub got: usize,
}

/// What is in a delivery.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    /// The update's package.
    pub package: &'a [u8],
    /// Its proof.
    pub proof: &'a [u8],
    /// What opens the sum of its sender's updates before, as far as they count; empty if that is not brought.
    pub before: &'a [u8],
}

/// Integers are private.
impl std::fmt::Debug for Parts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("package", &self.package.len()).finish_non_exhaustive()
    }
}

impl<'a> Parts<'a> {
    /// The file; none if package or proof have 2^32 bytes or more.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let length = |part: &[u8]| u32::try_from(part.len()).ok().map(u32::to_le_bytes);
        let (package, proof) = (length(self.package)?, length(self.proof)?);
        Some(match self.before {
            [] => [ALONE, &package, self.package, self.proof].concat(),
            before => [WITH_SUM, &package, self.package, &proof, self.proof, before].concat(),
        })
    }

    /// Of a file.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DeliveryError> {
        let wrong = || DeliveryError { got: bytes.len() };
        let part = |rest: &'a [u8]| -> Result<(&'a [u8], &'a [u8]), DeliveryError> {
            let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(wrong)?;
            let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| wrong())?;
            rest.split_at_checked(length).ok_or_else(wrong)
        };
        if let Some(rest) = bytes.strip_prefix(ALONE) {
            let (package, proof) = part(rest)?;
            return Ok(Self { package, proof, before: &[] });
        }
        let (package, rest) = part(bytes.strip_prefix(WITH_SUM).ok_or_else(wrong)?)?;
        let (proof, before) = part(rest)?;
        match before {
            [] => Err(wrong()),
            before => Ok(Self { package, proof, before }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_what_was_put_in_and_nothing_that_is_cut() {
        for before in [&b""[..], b"before"] {
            let parts = Parts { package: b"package", proof: b"proof", before };
            let bytes = parts.encode().unwrap();
            assert_eq!(Parts::decode(&bytes), Ok(parts));
            // Of what is at the end the bytes do not say how long it is.
            let last = if before.is_empty() { parts.proof } else { before };
            let head = bytes.len() - last.len() + usize::from(!before.is_empty());
            for cut in 0..head {
                assert_eq!(Parts::decode(&bytes[..cut]), Err(DeliveryError { got: cut }));
            }
            assert!(Parts::decode(&bytes[..head]).is_ok());
        }
        let nothing = Parts { package: b"", proof: b"", before: b"" };
        assert_eq!(Parts::decode(&nothing.encode().unwrap()), Ok(nothing));
    }
}
