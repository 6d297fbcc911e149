//! Scales of the inputs, from what the samples show.

use super::{Form, LowerError, Lowering, Weighing, base_of, emit::name_of, shape};
use crate::{
    calibrate::Extent,
    network::{Op, ValueId},
};
use averment_plan::{Bounds, Input, Scales, TensorId, Term, View};

/// How far beyond the samples an input may lie, as a part of their extent, before it is clamped.
const MARGIN: f64 = 0.25;
/// Reals that are multiples of a power of two no finer than this are kept exactly.
const EXACT: i32 = 8;

impl Lowering<'_> {
    pub(super) fn inputs(&mut self) -> Result<(), LowerError> {
        for (position, input) in self.network.inputs.iter().enumerate() {
            let dims = &self.network.dims[input.value.0];
            let (base, axes) = base_of(dims);
            let shape = shape(&input.name, &base)?;
            let extents = self.observed.input(position);
            let by_feature = shape.rank() == 1 && self.feeds_matrices(input.value);
            let bits = self.precision.input_bits;
            let (first, bits, scales) = if let Weighing::Like(like) = self.weighing {
                let given = like.inputs.get(position).filter(|given| {
                    given.shape == shape && (!by_feature || given.scales.exponents.len() == extents.len())
                });
                let what =
                    || format!("the plan has no input like {:?} of shape {:?}", input.name, shape.dims());
                let given = given.ok_or_else(|| LowerError::OtherNetwork { what: what() })?;
                (given.first, given.bits, given.scales.clone())
            } else if by_feature {
                let (first, bits, scales) = features(extents, bits);
                if self.weighing == Weighing::Chosen {
                    (first, bits, scales)
                } else {
                    centred(first, bits, scales)
                }
            } else {
                let all = extents.iter().fold(Extent::default(), |all, extent| all.with(extent));
                uniform(&all, bits)
            };
            let tensor = TensorId(u32::try_from(position).unwrap_or(u32::MAX));
            let terms = vec![Term { coefficient: 1, view: View::whole(tensor, &shape) }];
            let exponent = scales.exponents.first().copied().unwrap_or(0);
            let features = by_feature.then(|| (scales.exponents.clone(), scales.offsets.clone()));
            let exponent = if by_feature { 0 } else { exponent.into() };
            self.forms.insert(input.value, Form { axes, base, terms, exponent, features });
            self.draft.inputs.push(Input { name: name_of(&input.name), shape, first, bits, scales });
        }
        self.bounds = Bounds::new(self.draft.inputs.iter().map(Input::range));
        Ok(())
    }

    /// Whether only matrix products read a value.
    fn feeds_matrices(&self, value: ValueId) -> bool {
        self.network
            .nodes
            .iter()
            .filter(|node| node.inputs.contains(&value))
            .all(|node| matches!(node.op, Op::Dense(_)))
    }
}

/// One scale for all cells.
fn uniform(extent: &Extent, bits: u8) -> (i32, u8, Scales) {
    let most = 2f64.powi(bits.into()) - 1.0;
    // Whole numbers, or multiples of a small fraction, are kept as they are, in as few bits as hold them.
    let largest = extent.low.abs().max(extent.high.abs());
    if let Some(exponent) = extent.fraction.filter(|&exponent| exponent <= EXACT) {
        let unit = 2f64.powi(exponent);
        let needed = if extent.low < 0.0 { 2.0 * largest * unit + 1.0 } else { largest * unit };
        if needed <= most {
            let bits = (needed + 1.0).log2().ceil().max(1.0) as u8;
            let first = if extent.low < 0.0 { -(1 << (bits - 1)) } else { 0 };
            return (first, bits, Scales::uniform(exponent as i8));
        }
    }
    let reach = largest + MARGIN * (extent.high - extent.low);
    let (first, room) = if extent.low < 0.0 { (-(1 << (bits - 1)), (most - 1.0) / 2.0) } else { (0, most) };
    (first, bits, Scales::uniform(exponent(room, reach)))
}

/// A scale and an offset for each cell.
fn features(extents: &[Extent], bits: u8) -> (i32, u8, Scales) {
    let most = 2f64.powi(bits.into()) - 1.0;
    let mut scales = Scales { exponents: Vec::new(), offsets: Vec::new() };
    let all = extents.iter().fold(Extent::default(), |all, extent| all.with(extent));
    if all.fraction.is_some_and(|exponent| exponent <= EXACT)
        && let (first, narrow, scale) = uniform(&all, bits)
        && narrow <= bits
    {
        // Small whole numbers throughout.
        scales.exponents = vec![scale.exponents[0]; extents.len()];
        scales.offsets = vec![0; extents.len()];
        return (first, narrow, scales);
    }
    for extent in extents {
        let span = extent.high - extent.low;
        let mut low = extent.low - MARGIN * span;
        if extent.low >= 0.0 {
            low = low.max(0.0);
        }
        let high = extent.high + MARGIN * span;
        let span = if high > low { high - low } else { high.abs().max(1.0) };
        let exponent = exponent(most, span);
        // Counted from 0 on: then low bits of accumulators, which are too, can be looked up in the same table.
        let unused = most - span * f64::from(exponent).exp2();
        let least = (low * f64::from(exponent).exp2() - unused / 2.0).round();
        scales.exponents.push(exponent);
        scales.offsets.push(least.clamp(-1e12, 1e12) as i64);
    }
    (0, bits, scales)
}

/// The same scales with 0 in the middle of the range, where features have offsets. A task trains weights and biases: counted from
/// one end on, every change of a weight would be one of the bias, too.
fn centred(first: i32, bits: u8, mut scales: Scales) -> (i32, u8, Scales) {
    if first != 0 || scales.offsets.iter().all(|&offset| offset == 0) {
        return (first, bits, scales);
    }
    let half = 1 << (bits - 1);
    scales.offsets.iter_mut().for_each(|offset| *offset += i64::from(half));
    (-half, bits, scales)
}

/// The finest exponent with which `reach` stays within `room`.
fn exponent(room: f64, reach: f64) -> i8 {
    if reach <= 0.0 { 0 } else { (room / reach).log2().floor().clamp(-40.0, 40.0) as i8 }
}
