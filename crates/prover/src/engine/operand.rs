//! A product's operand over the sum's variables, from integer cells.
//!
//! Axes that are summed are contracted from both ends of the block: the highest together, as rows of a matrix of
//! integers; then the lowest, one by one.

use super::space::Space;
use crate::axes::{Reduced, cut, reduce};
use ark_ff::{AdditiveGroup, Field};
use averment_kernels::{Backend, FieldVec};
use averment_verifier::{
    descriptor::{Axis, Term},
    field::Fr,
    functional,
};

/// The operand as a vector of `2^vars` values.
pub fn vector(backend: Backend, terms: &[Term], space: &Space, vars: u8, r: &[Fr]) -> FieldVec {
    let mut sum = FieldVec::zeros(backend, 1 << vars);
    for term in terms {
        let own = space.of_rows(term, vars, r);
        let own = own.unwrap_or_else(|| of_term(backend, space.read(term), vars, r));
        sum.add_scaled(functional::value(term.coefficient), &own);
    }
    sum
}

fn of_term(backend: Backend, (cells, all): (&[i32], Vec<Axis>), vars: u8, r: &[Fr]) -> FieldVec {
    let partial = all.iter().any(|axis| matches!(axis, Axis::Span { .. }));
    // Axes of one cell drop out, but for windows: what they weigh it with is not 1.
    let axes = all.iter().filter(|axis| !axis.is_one());
    let mut axes: Vec<Reduced> = axes.map(|axis| reduce(axis, r)).collect();
    let mut high = FieldVec::new(backend, &[Fr::ONE]);
    while let Some(Reduced::Summed(_)) = axes.last() {
        if let Some(Reduced::Summed(weights)) = axes.pop() {
            // What is popped later lies below.
            high = FieldVec::kron(&FieldVec::new(backend, &weights), &high);
        }
    }
    let columns = cells.len() / high.len();
    let tensor = FieldVec::combine_rows(&high, cells, columns);
    if let [Reduced::Kept { at: 0, bits }] = axes[..]
        && bits == vars
        && !partial
    {
        return tensor;
    }
    let mut out = vec![Fr::ZERO; 1 << vars];
    let mut covered = 0;
    place(&tensor, &axes, 0, &mut covered, &mut out);
    broadcast(&mut out, covered, vars);
    cut(&all, &mut out);
    FieldVec::new(backend, &out)
}

/// Writes what is left of a tensor, whose lowest axis is the first, to where the sum's variables say; `at` collects
/// those that are settled.
fn place(tensor: &FieldVec, axes: &[Reduced], at: usize, covered: &mut usize, out: &mut [Fr]) {
    let Some((axis, rest)) = axes.split_first() else {
        out[at] = tensor.get(0);
        return;
    };
    let backend = tensor.backend();
    match axis {
        Reduced::Summed(weights) => {
            place(&tensor.row_dots(&FieldVec::new(backend, weights)), rest, at, covered, out);
        }
        Reduced::Taps { at: own, bits, rows } => {
            *covered |= ((1 << bits) - 1) << own;
            for (tap, row) in rows.iter().enumerate().filter(|(_, row)| row.iter().any(|w| *w != Fr::ZERO)) {
                let left = tensor.row_dots(&FieldVec::new(backend, row));
                place(&left, rest, at | tap << own, covered, out);
            }
        }
        Reduced::Kept { .. } if rest.iter().all(|axis| matches!(axis, Reduced::Kept { .. })) => {
            let values = tensor.to_vec();
            for (index, value) in values.into_iter().enumerate() {
                let (mut target, mut shift) = (at, 0);
                for axis in axes {
                    if let Reduced::Kept { at, bits } = axis {
                        *covered |= ((1 << bits) - 1) << at;
                        target |= (index >> shift & ((1 << bits) - 1)) << at;
                        shift += bits;
                    }
                }
                out[target] = value;
            }
        }
        // An axis that stays, with others above it that do not: plane by plane.
        Reduced::Kept { at: own, bits } => {
            *covered |= ((1 << bits) - 1) << own;
            let values = tensor.to_vec();
            for index in 0..1_usize << bits {
                let plane: Vec<Fr> = values.iter().skip(index).step_by(1 << bits).copied().collect();
                place(&FieldVec::new(backend, &plane), rest, at | index << own, covered, out);
            }
        }
    }
}

/// Repeats the vector along the variables that it does not depend on.
fn broadcast(out: &mut [Fr], covered: usize, vars: u8) {
    for place in 0..1_usize << vars {
        out[place] = out[place & covered];
    }
}
