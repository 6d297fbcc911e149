use super::{Gram, GramError, Half, Limits, MAX_SQUARE, Shape};
use proptest::prelude::*;

const LIMITS: Limits = Limits { update: 100, history: 400 };
const PAIR: Shape = Shape { updates: 2, previous: false, root: false, history: true };

#[test]
fn a_triangle_is_of_the_rows_it_says() {
    let gram = Gram::new(PAIR, LIMITS, &[100, -60, 36, 400, 0, 1]).expect("a matrix");
    assert_eq!((gram.at(1, 0), gram.at(0, 1), gram.at(1, 1)), (-60, -60, 36));
    assert_eq!((gram.history_at(0, 0), gram.history_at(1, 1)), (400, 1));
    let got = Gram::new(PAIR, LIMITS, &[100, -60, 36]);
    assert_eq!(got, Err(GramError::Length { expected: 6, got: 3 }));
}

#[test]
fn no_row_is_longer_than_it_may_be_and_no_product_than_its_rows() {
    let square = |row, got, limit, half| Err(GramError::Square { half, row, got, limit });
    assert_eq!(Gram::new(PAIR, LIMITS, &[101, 0, 1, 1, 0, 1]), square(0, 101, 100, Half::Round));
    assert_eq!(Gram::new(PAIR, LIMITS, &[1, 0, -1, 1, 0, 1]), square(1, -1, 100, Half::Round));
    assert_eq!(Gram::new(PAIR, LIMITS, &[1, 0, 1, 401, 0, 1]), square(0, 401, 400, Half::History));
    let got = Gram::new(PAIR, LIMITS, &[4, -7, 9, 1, 0, 1]);
    assert_eq!(got, Err(GramError::Product { half: Half::Round, i: 0, j: 1, got: -7 }));
    assert!(Gram::new(PAIR, LIMITS, &[4, -6, 9, 1, 0, 1]).is_ok());
}

proptest! {
    #[test]
    fn bytes_are_read_as_they_are_written(rows in prop::collection::vec(any::<[i16; 4]>(), 1..6), cut in 1usize..8) {
        let product = |a: &[i16; 4], b: &[i16; 4]| a.iter().zip(b).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum::<i64>();
        let entries: Vec<i64> =
            rows.iter().enumerate().flat_map(|(i, a)| rows[i..].iter().map(move |b| product(a, b))).collect();
        let shape = Shape { updates: rows.len(), previous: false, root: false, history: false };
        let limits = Limits { update: MAX_SQUARE, history: 0 };
        let gram = Gram::new(shape, limits, &entries).expect("products of rows");
        let bytes = gram.encode();
        prop_assert_eq!(gram.entries(), entries);
        prop_assert_eq!(Gram::decode(shape, limits, &bytes).expect("its own bytes"), gram);
        prop_assert!(Gram::decode(shape, limits, &bytes[..bytes.len() - cut]).is_err());
    }
}
