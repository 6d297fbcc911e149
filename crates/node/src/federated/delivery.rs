//! An update on its way to who aggregates: `averment-delivery/1`.
//!
//! ```text
//! delivery = "averment-delivery/1\n" | length of the package u32le | package | proof
//! ```
//!
//! The package is an `averment-vector/1`, the proof what the chain knows by its hash. A delivery travels sealed, as what the package's
//! hash names, so that nobody takes one for another's.

use thiserror::Error;

const NAME: &[u8] = b"averment-delivery/1\n";

/// Not a delivery.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error("expected bytes that begin with averment-delivery/1, with a package and a proof; got {got}")]
pub struct DeliveryError {
    /// How many bytes there are.
    pub got: usize,
}

/// Puts package and proof together; none if the package has 2^32 bytes or more.
pub fn encode(package: &[u8], proof: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(package.len()).ok()?;
    Some([NAME, &length.to_le_bytes(), package, proof].concat())
}

/// Package and proof.
pub fn decode(bytes: &[u8]) -> Result<(&[u8], &[u8]), DeliveryError> {
    let wrong = || DeliveryError { got: bytes.len() };
    let rest = bytes.strip_prefix(NAME).ok_or_else(wrong)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(wrong)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| wrong())?;
    rest.split_at_checked(length).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_what_was_put_in_and_nothing_that_is_cut() {
        let bytes = encode(b"package", b"proof").unwrap();
        assert_eq!(decode(&bytes), Ok((&b"package"[..], &b"proof"[..])));
        let head = bytes.len() - b"proof".len();
        for cut in 0..head {
            assert_eq!(decode(&bytes[..cut]), Err(DeliveryError { got: cut }));
        }
        assert_eq!(decode(&bytes[..head]), Ok((&b"package"[..], &b""[..])));
        assert_eq!(decode(&encode(b"", b"").unwrap()), Ok((&b""[..], &b""[..])));
    }
}
