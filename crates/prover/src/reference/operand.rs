//! A product's operand as a vector over the sum's variables: what its functional is at every corner of the cube.
//!
//! Axis by axis, the highest first, a block is multiplied by what the axis is read with; axes that move along the sum
//! stay as axes of the result.

use crate::axes::{Reduced, cut, reduce};
use ark_ff::AdditiveGroup;
use averment_verifier::{
    descriptor::{Axis, Term},
    field::Fr,
    functional,
};

/// The operand `term` of a block whose cells are the first of `cells`, over `vars` variables.
pub fn vector(term: &Term, cells: &[Fr], vars: u8, r: &[Fr]) -> Vec<Fr> {
    let size = 1_usize << term.axes.iter().map(Axis::bits).sum::<u8>();
    let mut tensor = cells[..size].to_vec();
    // The tensor is [low][axis][kept]: axes below the current one, it, and what was kept of those above.
    let mut kept: Vec<(u8, u8)> = Vec::new();
    let mut upper = 1;
    for axis in term.axes.iter().rev() {
        let length = 1_usize << axis.bits();
        let low = tensor.len() / (length * upper);
        match reduce(axis, r) {
            Reduced::Kept { at, bits } => {
                kept.push((at, bits));
                upper *= length;
            }
            Reduced::Summed(weights) => tensor = contract(&tensor, low, upper, &[weights]),
            Reduced::Taps { at, bits, rows } => {
                tensor = contract(&tensor, low, upper, &rows);
                kept.push((at, bits));
                upper *= rows.len();
            }
        }
    }
    // The axis that was kept last is the lowest.
    kept.reverse();
    let coefficient = functional::value(term.coefficient);
    let mut values: Vec<Fr> = (0..1_usize << vars)
        .map(|place| {
            let mut shift = 0;
            let index = kept.iter().fold(0, |index, (at, bits)| {
                let own = place >> at & ((1 << bits) - 1);
                let index = index | own << shift;
                shift += bits;
                index
            });
            coefficient * tensor[index]
        })
        .collect();
    cut(&term.axes, &mut values);
    values
}

/// Multiplies the middle axis of `[upper][axis][low]` (low fastest) by each row.
fn contract(tensor: &[Fr], low: usize, upper: usize, rows: &[Vec<Fr>]) -> Vec<Fr> {
    let length = tensor.len() / (low * upper);
    let mut result = vec![Fr::ZERO; low * rows.len() * upper];
    for above in 0..upper {
        for (place, row) in rows.iter().enumerate() {
            let target = &mut result[(above * rows.len() + place) * low..][..low];
            for (y, weight) in row.iter().enumerate().filter(|(_, weight)| **weight != Fr::ZERO) {
                let source = &tensor[(above * length + y) * low..][..low];
                target.iter_mut().zip(source).for_each(|(target, cell)| *target += *weight * cell);
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_verifier::{
        descriptor::{Coefficient, Window},
        functional::{Functional, Points},
    };

    #[test]
    fn each_corner_is_the_functional_there() {
        let r: Vec<Fr> = (2..9_u64).map(|i| Fr::from(i * i * 31)).collect();
        let window = Window {
            point: 2,
            point_bits: 2,
            count: 3,
            sum: Some((1, 2)),
            taps: 3,
            stride: 2,
            dilation: 1,
            pad: 1,
            length: 7,
        };
        let sliced = Window { sum: None, taps: 1, pad: -1, point: 0, ..window };
        let cases: Vec<Vec<Axis>> = vec![
            vec![Axis::Sum { at: 0, bits: 3 }, Axis::Point { at: 1, bits: 2 }],
            vec![Axis::Sum { at: 2, bits: 1 }, Axis::Ones { bits: 1 }, Axis::Sum { at: 0, bits: 2 }],
            vec![Axis::Window { bits: 3, window }, Axis::Sum { at: 0, bits: 1 }],
            vec![
                Axis::Sum { at: 0, bits: 1 },
                Axis::Window { bits: 3, window },
                Axis::Point { at: 4, bits: 1 },
            ],
            vec![Axis::Window { bits: 3, window: sliced }, Axis::Fixed { value: 2, bits: 2 }],
            vec![Axis::Span { bits: 3, first: 2, past: 7 }, Axis::Mixed { bits: 2 }],
        ];
        for axes in cases {
            let bits: u8 = axes.iter().map(Axis::bits).sum();
            let cells: Vec<Fr> = (0..1_u64 << bits).map(|cell| Fr::from(cell * 7919 + 3)).collect();
            let term = Term { coefficient: Coefficient { mantissa: -5, shift: 2 }, base: 0, axes };
            let got = vector(&term, &cells, 3, &r);
            for (corner, value) in got.iter().enumerate() {
                let rho: Vec<Fr> = (0..3).map(|bit| Fr::from((corner >> bit & 1) as u64)).collect();
                let mut functional = Functional::default();
                functional.term(Fr::from(1_u64), &term, Points { r: &r, rho: &rho });
                let bound = &functional.0[0];
                let mut weights = vec![bound.coefficient];
                for axis in &bound.axes {
                    let values = axis.values();
                    weights =
                        values.iter().flat_map(|value| weights.iter().map(move |w| *w * value)).collect();
                }
                let expected: Fr = weights.iter().zip(&cells).map(|(weight, cell)| *weight * cell).sum();
                assert_eq!(*value, expected, "{:?}, corner {corner}", term.axes);
            }
        }
    }
}
