//! What an axis of a product's operand becomes at the relation point ([4.1]).

use ark_ff::AdditiveGroup;
use averment_verifier::{
    descriptor::{Axis, Window},
    field::{self, Fr},
    functional,
};

/// What an axis becomes.
pub enum Reduced {
    /// It is summed with these weights.
    Summed(Vec<Fr>),
    /// It stays: the sum's coordinates from `at` on.
    Kept { at: u8, bits: u8 },
    /// It becomes an axis of taps: row `tap` has its weights.
    Taps { at: u8, bits: u8, rows: Vec<Vec<Fr>> },
}

/// What `axis` becomes at r.
pub fn reduce(axis: &Axis, r: &[Fr]) -> Reduced {
    let size = 1_usize << axis.bits();
    match *axis {
        Axis::Point { at, bits } => Reduced::Summed(field::eq_table(&r[at.into()..usize::from(at + bits)])),
        Axis::Sum { at, bits } => Reduced::Kept { at, bits },
        // What is not read, `cut` takes away.
        Axis::Span { bits, .. } => Reduced::Kept { at: 0, bits },
        Axis::Mixed { bits } => Reduced::Summed(functional::mixed(r, bits)),
        Axis::Fixed { value, .. } => {
            let mut weights = vec![Fr::ZERO; size];
            weights[value as usize] = Fr::from(1_u64);
            Reduced::Summed(weights)
        }
        Axis::Ones { .. } => Reduced::Summed(vec![Fr::from(1_u64); size]),
        Axis::Window { window, .. } => window_rows(&window, size, r),
    }
}

/// Takes away what the axes' spans do not read of an operand over the sum's variables.
pub fn cut(axes: &[Axis], values: &mut [Fr]) {
    for axis in axes {
        if let Axis::Span { bits, first, past } = *axis {
            let read = first as usize..past as usize;
            let unread = |(place, _): &(usize, &mut Fr)| !read.contains(&(place & ((1 << bits) - 1)));
            values.iter_mut().enumerate().filter(unread).for_each(|(_, value)| *value = Fr::ZERO);
        }
    }
}

fn window_rows(window: &Window, size: usize, r: &[Fr]) -> Reduced {
    let places = field::eq_table(&r[window.point.into()..usize::from(window.point + window.point_bits)]);
    let row = |tap: u32| {
        let mut weights = vec![Fr::ZERO; size];
        for (a, place) in (0..window.count).zip(&places) {
            if let Some(y) = window.reads(a, tap).filter(|y| *y < size) {
                weights[y] += place;
            }
        }
        weights
    };
    match window.sum {
        Some((at, bits)) => {
            let rows =
                (0..1_u32 << bits).map(|b| if b < window.taps { row(b) } else { vec![Fr::ZERO; size] });
            Reduced::Taps { at, bits, rows: rows.collect() }
        }
        None => {
            let mut weights = vec![Fr::ZERO; size];
            for b in 0..window.taps {
                weights.iter_mut().zip(row(b)).for_each(|(sum, weight)| *sum += weight);
            }
            Reduced::Summed(weights)
        }
    }
}
