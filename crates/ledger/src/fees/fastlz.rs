//! The length of data compressed by FastLZ level 1, as the OP Stack prices transactions since Fjord.
//!
//! The specification defines the fee by the output length of one particular encoder (Solady's
//! `LibZip.flzCompress`), so every choice of that encoder matters: its hash, its table of 8,192 places, its
//! window, where it stops looking. Only lengths are computed here.

/// Entries of the table of last places, by hash of three bytes.
const PLACES: usize = 1 << 13;
/// A match may begin at most this far back.
const WINDOW: usize = PLACES - 1;
/// No match begins in the last bytes.
const TAIL: usize = 13;
/// A match may run up to here before the end.
const MATCH_TAIL: usize = 4;
/// Longest run of bytes copied as they are, behind one length byte.
const LITERAL_RUN: usize = 32;
/// Longest match one instruction can say, less one.
const MATCH_RUN: usize = 262;

/// Length of `data` in FastLZ form, in bytes.
pub fn fastlz_length(data: &[u8]) -> u64 {
    let limit = data.len().saturating_sub(TAIL);
    let mut places = vec![0usize; PLACES];
    let mut length = 0;
    let mut literals_from = 0;
    let mut at = 2;
    while let Some((earlier, found)) = next_match(data, at, limit, &mut places) {
        length += literals(found - literals_from);
        let equal = common(data, earlier + 3, found + 3, data.len() - MATCH_TAIL);
        length += copy(equal);
        at = found + equal;
        for _ in 0..2 {
            if let Some(place) = places.get_mut(hash(triple(data, at))) {
                *place = at;
            }
            at += 1;
        }
        literals_from = at;
    }
    (length + literals(data.len() - literals_from)) as u64
}

/// The first place from `at` on whose three bytes occurred within the window, with that earlier place.
fn next_match(data: &[u8], at: usize, limit: usize, places: &mut [usize]) -> Option<(usize, usize)> {
    // The encoder looks no match up at the last place before the limit, but does enter it in the table.
    for place in at..limit {
        let bytes = triple(data, place);
        let earlier = std::mem::replace(places.get_mut(hash(bytes))?, place);
        if place - earlier <= WINDOW && bytes == triple(data, earlier) {
            // A match found at the very last place is dropped.
            return (place + 1 < limit).then_some((earlier, place));
        }
    }
    None
}

/// How many bytes from `a` and `b` on are equal, the first different one counted too; `b` stops at `end`.
fn common(data: &[u8], a: usize, b: usize, end: usize) -> usize {
    let (left, right) = (data.get(a..).unwrap_or_default(), data.get(b..end).unwrap_or_default());
    match left.iter().zip(right).position(|(x, y)| x != y) {
        Some(different) => different + 1,
        None => right.len(),
    }
}

/// Bytes that say `count` literals.
fn literals(count: usize) -> usize {
    let rest = count % LITERAL_RUN;
    (LITERAL_RUN + 1) * (count / LITERAL_RUN) + if rest == 0 { 0 } else { rest + 1 }
}

/// Bytes that say a match of which `equal` (as [`common`] counts) bytes follow its first three.
fn copy(equal: usize) -> usize {
    // At least 1: a match is found long before the end.
    let equal = equal.saturating_sub(1);
    3 * (equal / MATCH_RUN) + if equal % MATCH_RUN >= 6 { 3 } else { 2 }
}

fn triple(data: &[u8], at: usize) -> u32 {
    match data.get(at..at + 3) {
        Some(&[a, b, c]) => u32::from_le_bytes([a, b, c, 0]),
        _ => 0,
    }
}

fn hash(bytes: u32) -> usize {
    // Multiplicative hashing by 2^32 divided by the golden ratio; the top 13 bits.
    (bytes.wrapping_mul(2_654_435_769) >> 19) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fees::test_data;
    use alloy::primitives::hex;

    /// From the OP Stack's own tests, the last one a real transaction on OP Mainnet.
    #[test]
    fn agrees_with_the_op_stack() {
        assert_eq!(fastlz_length(&[]), 0);
        assert_eq!(fastlz_length(&[1; 1000]), 21);
        assert_eq!(fastlz_length(&[0; 1000]), 21);
        let empty_transaction = hex!("dd80808094095e7baea6a6c7c4c2dfeb977efac326af552d878080808080");
        assert_eq!(fastlz_length(&empty_transaction), 31);
        let contract_call = hex!(
            "02f901550a758302df1483be21b88304743f94f80e51afb613d764fa61751affd3313c190a86bb870151bd62fd12adb8"
            "e41ef24f3f000000000000000000000000000000000000000000000000000000000000006e0000000000000000000000"
            "00af88d065e77c8cc2239327c5edb3a432268e5831000000000000000000000000000000000000000000000000000000"
            "000003c1e500000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
            "0000000000000000000000000000000000000000a0000000000000000000000000000000000000000000000000000000"
            "00000000148c89ed219d02f1a5be012c689b4f5b731827bebe000000000000000000000000c001a033fd89cb37c31b2c"
            "ba46b6466e040c61fc9b2a3675a7f5f493ebd5ad77c497f8a07cdf65680e238392693019b4092f610222e71b7cec0644"
            "9cb922b93b6a12744e"
        );
        assert_eq!(fastlz_length(&contract_call), 202);
    }

    /// Lengths from the encoder that the specification names, over inputs of many lengths and densities.
    #[test]
    fn agrees_with_the_encoder_of_the_specification() {
        let rows = include_str!("../../tests/fees/fastlz.txt");
        let mut checked = 0;
        for (data, expected, row) in test_data(rows) {
            assert_eq!(fastlz_length(&data), expected, "{row}");
            checked += 1;
        }
        assert_eq!(checked, 192);
    }
}
