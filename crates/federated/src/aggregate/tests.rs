use super::{AggregateError, aggregate};
use crate::{
    gram::{Gram, Limits, Shape},
    rules::{Kind, Rule, Weights},
};
use averment_kernels::{Backend, weighted_sum};
use proptest::prelude::*;

/// A third of D each, and one left over to the first.
fn thirds() -> Weights {
    let shape = Shape { updates: 3, previous: false, root: false, history: false };
    let gram = Gram::new(shape, Limits { update: 9, history: 0 }, &[1, 0, 0, 1, 0, 1]).expect("a matrix");
    Rule::of(Kind::Average).weights(&gram).expect("weights")
}

#[test]
fn rounds_down_and_keeps_what_is_left() {
    let rows: [&[i32]; 3] = [&[3, -1, 0], &[3, 0, 0], &[3, 0, -1]];
    // 21,846 for the first row, 21,845 for the others.
    let expected = (
        vec![3, -1, -1],
        vec![0, 65_536 - 21_846, 65_536 - 21_845].into_iter().map(|r: u32| r as u16).collect(),
    );
    assert_eq!(aggregate(&thirds(), &rows), Ok(expected));
}

#[test]
fn rows_and_weights_have_to_fit() {
    let row: &[i32] = &[1, 2];
    assert_eq!(aggregate(&thirds(), &[row; 2]), Err(AggregateError::Rows { expected: 3, got: 2 }));
    let expected = AggregateError::Cells { row: 2, expected: 2, got: 1 };
    assert_eq!(aggregate(&thirds(), &[row, row, &[1]]), Err(expected));
}

proptest! {
    #[test]
    fn the_kernel_is_the_same(cells in prop::collection::vec(any::<[i32; 3]>(), 1..70)) {
        let row = |i: usize| cells.iter().map(|cell| cell[i] >> 12).collect::<Vec<i32>>();
        let rows = [row(0), row(1), row(2)];
        let rows = [&rows[0][..], &rows[1][..], &rows[2][..]];
        let fast = weighted_sum(Backend::best(), &rows, thirds().all(), 16);
        prop_assert_eq!(aggregate(&thirds(), &rows), Ok(fast));
    }
}
