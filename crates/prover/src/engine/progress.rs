//! How far a proof is, and how long it takes.

use super::{Engine, items::Items, rows::Rows, space::Space};
use averment_verifier::descriptor::{Descriptor, Layout};
use std::{sync::Arc, time::Duration};

/// What a prover is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Rows of lookups and how often each table row is hit.
    Witness,
    /// Commitments to them.
    Commitments,
    /// The lookups' fractions, and commitments to these.
    Fractions,
    /// The main sumcheck.
    Relations,
    /// The batch evaluation.
    Evaluation,
    /// The opening.
    Opening,
}

impl Phase {
    /// In the order they come in.
    pub const ALL: [Self; 6] =
        [Self::Witness, Self::Commitments, Self::Fractions, Self::Relations, Self::Evaluation, Self::Opening];
}

/// How far a proof is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// How much of the proof's whole work is done, from 0 to 1: an estimate that never falls.
    pub fraction: f64,
}

/// Who is told of progress, on the thread that proves.
pub type Observer = Arc<dyn Fn(Progress) + Send + Sync>;

impl Engine {
    /// About how much processor time a proof for `descriptor` takes, all threads together, with AVX-512 IFMA; a few times
    /// as much without.
    pub fn time(descriptor: &Descriptor) -> Duration {
        let microseconds: f64 = costs(&descriptor.layout, product_cells(descriptor)).iter().sum();
        Duration::from_secs_f64(microseconds / 1e6)
    }
}

/// How many cells products sum over in all.
pub(super) fn product_cells(descriptor: &Descriptor) -> f64 {
    descriptor.products().map(|product| f64::from(product.vars).exp2()).sum()
}

/// What each phase costs, in microseconds of one processor, as they were measured.
fn costs(layout: &Layout, cells: f64) -> [f64; Phase::ALL.len()] {
    let size = |bits: u8| f64::from(bits).exp2();
    let (slots, tables) = (size(layout.slot_bits), size(layout.table_bits));
    let sides = layout.slots.len() as f64;
    let committed = layout.witness1.len() as f64 * size(layout.chunk_bits);
    let apart = Items::of(layout).is_some() || Rows::of(layout).is_some();
    let space = f64::from(Space::bits(layout, apart)).exp2();
    [
        0.025 * sides * slots,
        0.07 * committed,
        (1.2 + 0.05 * sides) * slots + 1.3 * tables,
        (0.1 + 0.1 * sides) * slots + 0.06 * tables + 0.05 * cells,
        0.04 * space,
        3.3 * size(layout.chunk_bits),
    ]
}

/// Tells an observer, if there is one.
pub(super) struct Report<'a> {
    observer: Option<&'a Observer>,
    /// What each phase is about to cost, as a part of all.
    parts: [f64; Phase::ALL.len()],
}

impl<'a> Report<'a> {
    /// For a proof of this layout, whose products sum over `cells` cells in all.
    pub fn new(observer: Option<&'a Observer>, layout: &Layout, cells: f64) -> Self {
        let costs = costs(layout, cells);
        let all: f64 = costs.iter().sum();
        Self { observer, parts: costs.map(|cost| cost / all) }
    }

    /// `part` of a phase is done.
    pub fn at(&self, phase: Phase, part: f64) {
        if let Some(observer) = self.observer {
            let place = phase as usize;
            let before: f64 = self.parts[..place].iter().sum();
            // Sums of parts of a whole come out a little beside it.
            let done = phase == Phase::Opening && part >= 1.0;
            let fraction = if done { 1.0 } else { (before + part * self.parts[place]).min(1.0) };
            observer(Progress { phase, fraction });
        }
    }
}
