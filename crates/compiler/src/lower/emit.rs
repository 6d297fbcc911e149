//! Steps: scales, shifts, weights and tables such that every input in range has an answer.

use super::{Form, LowerError, Lowering, Weighing, Written, shape};
use crate::{network::ValueId, ops::Function as Activation};
use averment_plan::{
    Bias, Function, Linear, Operator, Product, Range, Rescale, Step, Table, TableId, TensorId, Term, View,
    WeightId, WeightSpec, limits,
};

/// What a step is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub name: &'a str,
    /// The network's value before the function; none for a step that the network does not have.
    pub pre: Option<ValueId>,
    /// The network's value after it.
    pub post: Option<ValueId>,
    /// What the table applies.
    pub function: Option<Activation>,
}

/// An accumulator over reals.
#[derive(Debug, Clone, Default)]
pub(super) struct Affine {
    pub products: Vec<RealProduct>,
    pub linear: Vec<RealLinear>,
    /// Axes of the result, and the cells.
    pub bias: Option<(Vec<u8>, Vec<f64>)>,
    /// Whether weights and bias are a layer's, which a task trains.
    pub trained: bool,
}

#[derive(Debug, Clone)]
pub(super) struct RealProduct {
    pub sums: Vec<u32>,
    pub terms: Vec<Term>,
    /// Exponent of the terms.
    pub exponent: i32,
    /// The weight's axes of the result.
    pub weight_axes: Vec<u8>,
    /// Cells, row-major over the weight's axes and then the sums.
    pub weights: Vec<f64>,
}

#[derive(Debug, Clone)]
pub(super) struct RealLinear {
    pub sums: Vec<u32>,
    pub terms: Vec<Term>,
    /// Exponent of the terms.
    pub exponent: i32,
    pub factor: f64,
}

/// A step in integers, not yet part of the plan.
struct Candidate {
    step: Step,
    specs: Vec<WeightSpec>,
    weights: Vec<Vec<i32>>,
    written: Vec<Written>,
}

/// Cells of a weight tensor.
enum Cells {
    /// At a scale that the compiler chose.
    Chosen(Vec<i32>),
    /// At a stated one, not yet rounded.
    Stated(Written),
}

/// Why a scale does not do.
enum Misfit {
    /// Weights need more bits than they may have, or coefficients.
    TooFine,
    /// A coefficient or every weight vanishes.
    TooCoarse,
}

/// Exponents that are tried lie within plus and minus this.
const EXPONENT: i32 = limits::SCALE as i32;

impl Lowering<'_> {
    /// Adds a step for an accumulator; `base` are the result's base axes, `axes` those of the value.
    pub(super) fn emit(
        &mut self,
        target: &Target<'_>,
        base: Vec<u32>,
        axes: Vec<Vec<u8>>,
        affine: &Affine,
    ) -> Result<Form, LowerError> {
        let no_scale = || LowerError::NoScale { node: target.name.into() };
        let last = target.post == Some(self.network.output) || target.post == Some(self.last);
        let index = Range::signed(self.index_bits(last));
        let mut exponent = self.finest(target, last, affine);
        let mut extra = 0i32;
        let stated = self.stated(target, affine)?;
        if let Some(accumulator) = stated {
            // No finer than the accumulator, and no coarser than a shift reaches.
            exponent = exponent.clamp(accumulator - i32::from(limits::SHIFT), accumulator);
        }
        loop {
            if exponent < -EXPONENT {
                return Err(no_scale());
            }
            let wanted = match stated {
                Some(accumulator) => accumulator - exponent,
                None => i32::from(self.shift(affine, exponent)) + extra,
            };
            let Ok(shift) = u8::try_from(wanted) else {
                // Not even without a shift are the weights small enough.
                exponent -= 1;
                extra = 0;
                continue;
            };
            if shift > limits::SHIFT {
                return Err(no_scale());
            }
            let candidate = match self.candidate(target, &base, affine, exponent, shift)? {
                Ok(candidate) => candidate,
                Err(_) if stated.is_some() => return Err(no_scale()),
                Err(Misfit::TooFine) if extra <= 0 => {
                    extra -= 1;
                    continue;
                }
                Err(Misfit::TooCoarse) if extra >= 0 => {
                    extra += 1;
                    continue;
                }
                Err(_) => {
                    exponent -= 1;
                    extra = 0;
                    continue;
                }
            };
            let accumulator = self.bounds_of(&candidate);
            let reached = accumulator.rescaled(shift);
            if !index.contains(reached) {
                // Each bit that the exponent loses halves the index.
                let room = index.high.max(1);
                let excess = (reached.magnitude() / room).max(1);
                exponent -= i32::try_from(excess.ilog2().max(1)).unwrap_or(1);
                continue;
            }
            let (table, out_exponent) = self.table(target, exponent, last)?;
            return self.push(target, base, axes, candidate, table, out_exponent, accumulator);
        }
    }

    /// The form as a step of its own, with a function applied to it.
    pub(super) fn requantise(&mut self, target: &Target<'_>, form: &Form) -> Result<Form, LowerError> {
        let (base, axes, reads) = in_order(form);
        let (terms, exponent) = self.read_plain(target.name, form, &reads, &base)?;
        let mut affine = Affine::default();
        match &form.features {
            None => affine.linear.push(RealLinear { sums: Vec::new(), terms, exponent, factor: 1.0 }),
            // Each feature has its own scale: a weight of one cell for each brings them together.
            Some((exponents, offsets)) => {
                let unit = |exponent: &i8| (-f64::from(*exponent)).exp2();
                let offset =
                    exponents.iter().zip(offsets).map(|(exponent, &offset)| offset as f64 * unit(exponent));
                affine.bias = Some((vec![0], offset.collect()));
                let weights = exponents.iter().map(unit).collect();
                affine.products.push(RealProduct {
                    sums: Vec::new(),
                    terms,
                    exponent,
                    weight_axes: vec![0],
                    weights,
                });
            }
        }
        self.emit(target, base, axes, &affine)
    }

    fn read_plain(
        &mut self,
        name: &str,
        form: &Form,
        reads: &[averment_plan::Read],
        base: &[u32],
    ) -> Result<(Vec<Term>, i32), LowerError> {
        let shape = shape(name, base)?;
        let terms: Option<Vec<_>> = form.terms.iter().map(|term| term.through(reads, &shape, &[])).collect();
        let terms =
            terms.ok_or_else(|| super::unsupported(name, "it reads cells in a way that no step has"))?;
        Ok((terms.into_iter().flatten().collect(), form.exponent))
    }

    /// The finest exponent of the table's index that is of use: the observed values fill the activation's bits.
    fn finest(&self, target: &Target<'_>, last: bool, affine: &Affine) -> i32 {
        let precision = self.precision;
        let bits = match (target.function, last) {
            (None | Some(Activation::Relu | Activation::LeakyRelu(_) | Activation::Clip(..)), false) => {
                precision.activation_bits
            }
            _ => self.index_bits(last) - 1,
        };
        let value = match target.function {
            Some(Activation::Sigmoid | Activation::Tanh) => target.pre,
            _ => target.post.or(target.pre),
        };
        let largest = match value {
            Some(value) => self.observed.magnitude(value),
            // A step that the network does not have only copies: as fine as what it reads.
            None => {
                return affine.linear.iter().map(|linear| linear.exponent).max().unwrap_or(0).min(EXPONENT);
            }
        };
        if largest == 0.0 {
            return 0;
        }
        let room = 2f64.powi(bits.into()) - 1.0;
        ((room / largest).log2().floor() as i32).clamp(-EXPONENT, EXPONENT)
    }

    /// The exponent of the accumulator, if the scales of its weights are stated: then it follows from them.
    fn stated(&self, target: &Target<'_>, affine: &Affine) -> Result<Option<i32>, LowerError> {
        if self.weighing == Weighing::Chosen || (affine.products.is_empty() && affine.bias.is_none()) {
            return Ok(None);
        }
        match affine.products.as_slice() {
            [product] if affine.trained && !product.terms.is_empty() => {
                Ok(Some(self.scale_at(self.draft.weights.len())? + self.unit(product)))
            }
            _ => Err(LowerError::Constants { node: target.name.into() }),
        }
    }

    /// The stated scale of the weight tensor with this number.
    fn scale_at(&self, weight: usize) -> Result<i32, LowerError> {
        match self.weighing {
            Weighing::Chosen => Ok(0),
            Weighing::Stated { fraction, .. } => Ok(fraction.into()),
            Weighing::Like(like) => like.scales.get(weight).copied().map(i32::from).ok_or_else(|| {
                let what = format!("it has more than the plan's {} weight tensors", like.scales.len());
                LowerError::OtherNetwork { what }
            }),
        }
    }

    /// The power of two that a weight's scale counts what it is multiplied with by: the exponent of an activation. An input
    /// is counted in parts of its range, so that the same stated scale fits whatever units data have: an input with one
    /// scale as at most 1, features with scales of their own as at most 4.
    fn unit(&self, product: &RealProduct) -> i32 {
        let input = |term: &Term| self.draft.inputs.get(term.view.tensor.index());
        let units = product.terms.iter().map(|term| {
            input(term).map(|input| {
                let bits = i32::from(input.bits);
                match (input.first < 0, input.scales.offsets.iter().any(|&offset| offset != 0)) {
                    (_, true) => bits - 3,
                    (true, false) => bits - 1,
                    (false, false) => bits,
                }
            })
        });
        units
            .collect::<Option<Vec<_>>>()
            .and_then(|units| units.into_iter().max())
            .unwrap_or(product.exponent)
    }

    /// How many bits the rescale drops: the usual number, or fewer if nothing is lost.
    fn shift(&self, affine: &Affine, exponent: i32) -> u8 {
        let usual = self.precision.shift;
        if !affine.products.is_empty() || affine.bias.is_some() {
            return usual;
        }
        let exact = |shift: &u8| {
            affine.linear.iter().all(|linear| {
                let factor = linear.factor * f64::from(exponent + i32::from(*shift) - linear.exponent).exp2();
                factor.fract() == 0.0 && factor != 0.0
            })
        };
        (0..usual).find(exact).unwrap_or(usual)
    }

    fn candidate(
        &self,
        target: &Target<'_>,
        base: &[u32],
        affine: &Affine,
        exponent: i32,
        shift: u8,
    ) -> Result<Result<Candidate, Misfit>, LowerError> {
        let acc = exponent + i32::from(shift);
        let first = self.draft.weights.len();
        let (mut specs, mut weights, mut written) = (Vec::new(), Vec::new(), Vec::new());
        let result = shape(target.name, base)?;
        let mut add = |suffix: &str, dims: Vec<u32>, cells: Cells| -> Result<WeightId, LowerError> {
            let dims = if dims.is_empty() { vec![1] } else { dims };
            let name = name_of(&format!("{}.{suffix}", target.name));
            let shape = shape(target.name, &dims)?;
            let (cells, bits) = match cells {
                Cells::Chosen(cells) => {
                    let bits = width(&cells);
                    (cells, bits)
                }
                Cells::Stated(own) => {
                    let stated = self.cells_at(first + specs.len(), &name, &own)?;
                    written.push(own);
                    stated
                }
            };
            if cells.len() != shape.cells() {
                let what = format!("{name} has {} cells, the plan's has {}", shape.cells(), cells.len());
                return Err(LowerError::OtherNetwork { what });
            }
            specs.push(WeightSpec { name, shape, bits });
            weights.push(cells);
            Ok(WeightId(u32::try_from(first + specs.len() - 1).unwrap_or(u32::MAX)))
        };
        let dims_of =
            |axes: &[u8]| -> Vec<u32> { axes.iter().filter_map(|&axis| result.dim(axis.into())).collect() };
        let mut products = Vec::with_capacity(affine.products.len());
        for product in &affine.products {
            if product.terms.is_empty() {
                continue;
            }
            let unit = acc - product.exponent;
            let cells = if self.weighing == Weighing::Chosen {
                let Some(cells) = integers(&product.weights, f64::from(unit).exp2()) else {
                    return Ok(Err(Misfit::TooFine));
                };
                let vanish =
                    cells.iter().all(|&cell| cell == 0) && product.weights.iter().any(|&cell| cell != 0.0);
                if vanish && shift < limits::SHIFT {
                    return Ok(Err(Misfit::TooCoarse));
                }
                Cells::Chosen(cells)
            } else {
                let (scale, reals) = (acc - self.unit(product), product.weights.clone());
                Cells::Stated(Written { unit, scale, bias: false, reals })
            };
            let dims = [dims_of(&product.weight_axes), product.sums.clone()].concat();
            products.push(Product {
                sums: product.sums.clone(),
                form: product.terms.clone(),
                weight: add("weight", dims, cells)?,
                weight_axes: product.weight_axes.clone(),
            });
        }
        let mut linear = Vec::with_capacity(affine.linear.len());
        for term in &affine.linear {
            if term.terms.is_empty() {
                continue;
            }
            let factor = (term.factor * f64::from(acc - term.exponent).exp2()).round();
            if factor == 0.0 {
                return Ok(Err(Misfit::TooCoarse));
            }
            let mut form = term.terms.clone();
            for term in &mut form {
                let coefficient = i128::from(term.coefficient) * (factor.clamp(-1e30, 1e30) as i128);
                match i64::try_from(coefficient)
                    .ok()
                    .filter(|c| c.unsigned_abs() <= limits::COEFFICIENT.unsigned_abs())
                {
                    Some(coefficient) => term.coefficient = coefficient,
                    None => return Ok(Err(Misfit::TooFine)),
                }
            }
            linear.push(Linear { sums: term.sums.clone(), form });
        }
        let mut bias = None;
        if let (Some((axes, cells)), true) =
            (&affine.bias, affine.trained && self.weighing != Weighing::Chosen)
        {
            // There whatever it holds: training may move it.
            let scale = match self.weighing {
                Weighing::Stated { fraction, headroom, .. } => {
                    i32::from(fraction).min(acc - i32::from(headroom))
                }
                _ => self.scale_at(first + 1)?,
            };
            let Some(coarser) = u32::try_from(acc - scale).ok().filter(|&coarser| coarser < 40) else {
                return Err(LowerError::Outgrown { node: target.name.into(), accumulator: acc, bias: scale });
            };
            let own = Written { unit: scale, scale, bias: true, reals: cells.clone() };
            let weight = add("bias", dims_of(axes), Cells::Stated(own))?;
            bias = Some(Bias { weight, axes: axes.clone(), coefficient: 1 << coarser });
        } else if let Some((axes, cells)) = &affine.bias
            && cells.iter().any(|&cell| cell != 0.0)
        {
            let unit = f64::from(acc).exp2();
            let largest = cells.iter().fold(0f64, |largest, cell| largest.max((cell * unit).abs()));
            // A power of two outside keeps the cells within 16 bits.
            let step = (largest / 32767.0).log2().ceil().max(0.0);
            if step > 39.0 {
                return Ok(Err(Misfit::TooFine));
            }
            let Some(cells) = integers(cells, unit * (-step).exp2()) else { return Ok(Err(Misfit::TooFine)) };
            let weight = add("bias", dims_of(axes), Cells::Chosen(cells))?;
            bias = Some(Bias { weight, axes: axes.clone(), coefficient: 1 << step as u32 });
        }
        let step = Step {
            name: name_of(target.name),
            shape: result,
            operator: Operator::Affine { products, linear, bias },
            rescale: Rescale { shift, table: TableId(0) },
            exponent: 0,
        };
        Ok(Ok(Candidate { step, specs, weights, written }))
    }

    /// The integers of the weight tensor with this number, and their width, where these are stated.
    fn cells_at(&self, weight: usize, name: &str, own: &Written) -> Result<(Vec<i32>, u8), LowerError> {
        let bits = match self.weighing {
            Weighing::Like(like) => {
                let missing = || LowerError::OtherNetwork { what: format!("the plan does not have {name}") };
                let (cells, bits) = like.cells.get(weight).zip(like.bits.get(weight)).ok_or_else(missing)?;
                return Ok((cells.clone(), *bits));
            }
            Weighing::Stated { bits, .. } => bits,
            Weighing::Chosen => limits::WEIGHT_BITS,
        };
        let factor = f64::from(own.unit).exp2();
        let most = f64::from(1 << (bits - 1)) - 1.0;
        let cells = own.reals.iter().map(|&real| {
            let cell = (real * factor).round();
            let fits = cell.abs() <= most;
            let value = real * f64::from(own.unit - own.scale).exp2();
            fits.then_some(cell as i32).ok_or_else(|| LowerError::Width {
                name: name.into(),
                value,
                fraction: own.scale,
                bits,
            })
        });
        Ok((cells.collect::<Result<_, _>>()?, bits))
    }

    fn bounds_of(&mut self, candidate: &Candidate) -> Range {
        let specs = self.draft.weights.len();
        self.draft.weights.extend(candidate.specs.iter().cloned());
        self.weights.extend(candidate.weights.iter().cloned());
        let range = self.bounds.accumulator(&candidate.step, &self.draft.weights, Some(&self.weights)).range;
        self.draft.weights.truncate(specs);
        self.weights.truncate(specs);
        range
    }

    /// The table of a step whose index has this exponent, and the exponent of its outputs.
    fn table(
        &mut self,
        target: &Target<'_>,
        exponent: i32,
        last: bool,
    ) -> Result<(TableId, i32), LowerError> {
        let bits = self.index_bits(last);
        let index = Range::signed(bits);
        let (low, high) = (index.low as i32, index.high as i32);
        // A copy, like the output, is not clamped below what it can reach.
        let last = last || (target.pre.is_none() && target.post.is_none());
        let most = if last { high } else { (1 << self.precision.activation_bits) - 1 }.min(high);
        let least = if last { low } else { -most - 1 };
        let at =
            |real: f64| (real * f64::from(exponent).exp2()).round().clamp(least.into(), most.into()) as i32;
        // What is only compared may be as fine as tables are.
        let compared = self.only_compared(target);
        let finest = if compared { limits::TABLE_OUTPUT } else { most };
        let listed = |out: i32, function: Activation| {
            let unit = (-f64::from(exponent)).exp2();
            let output = |index: i32| {
                let real = function.at(f64::from(index) * unit) * f64::from(out).exp2();
                real.round().clamp((-finest - 1).max(-limits::TABLE_OUTPUT).into(), finest.into()) as i32
            };
            Function::Listed((low..=high).map(output).collect())
        };
        let (function, out) = match target.function {
            None => (Function::Clamp { low: least, high: most }, exponent),
            Some(Activation::Relu) => (Function::Clamp { low: 0, high: most }, exponent),
            Some(Activation::Clip(low, high)) => (Function::Clamp { low: at(low), high: at(high) }, exponent),
            Some(function @ Activation::LeakyRelu(_)) => {
                let finer = (finest / most.max(1)).max(1).ilog2();
                let out = (exponent + finer as i32).min(EXPONENT);
                (listed(out, function), out)
            }
            Some(function @ (Activation::Sigmoid | Activation::Tanh)) => {
                // Both stay within plus and minus 1.
                let out = f64::from(finest).log2().floor() as i32;
                (listed(out, function), out)
            }
        };
        Ok((self.table_of(Table::new(bits, function)?), out))
    }

    /// Bits of a table's index. The output has a table of its own, because nothing clamps it; with one bit less it leaves
    /// room for inputs and low bits beside it before all tables together double.
    fn index_bits(&self, last: bool) -> u8 {
        self.precision.index_bits - u8::from(last)
    }

    /// The number of a table; the same function is there once.
    pub(super) fn table_of(&mut self, table: Table) -> TableId {
        let position = self.draft.tables.iter().position(|other| *other == table).unwrap_or_else(|| {
            self.draft.tables.push(table);
            self.draft.tables.len() - 1
        });
        TableId(u32::try_from(position).unwrap_or(u32::MAX))
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one step, put together here only")]
    fn push(
        &mut self,
        target: &Target<'_>,
        base: Vec<u32>,
        axes: Vec<Vec<u8>>,
        candidate: Candidate,
        table: TableId,
        exponent: i32,
        accumulator: Range,
    ) -> Result<Form, LowerError> {
        let Candidate { mut step, specs, weights, written } = candidate;
        step.rescale.table = table;
        step.exponent =
            i8::try_from(exponent).map_err(|_| LowerError::NoScale { node: target.name.into() })?;
        self.draft.weights.extend(specs);
        self.weights.extend(weights);
        self.written.extend(written);
        let tensor = self.add(step, accumulator, target.post);
        let shape = shape(target.name, &base)?;
        let terms = vec![Term { coefficient: 1, view: View::whole(tensor, &shape) }];
        Ok(Form { axes, base, terms, exponent, features: None })
    }

    /// Adds a step whose accumulator's interval is known to fit its table.
    pub(super) fn add(&mut self, step: Step, accumulator: Range, value: Option<ValueId>) -> TensorId {
        if let Some(table) = self.draft.tables.get(step.rescale.table.index()) {
            self.bounds.push(&step, table, accumulator);
        }
        self.draft.steps.push(step);
        self.values.push(value);
        TensorId(u32::try_from(self.draft.inputs.len() + self.draft.steps.len() - 1).unwrap_or(u32::MAX))
    }
}

/// Base axes in the order of the value's axes, and how the form is read then.
pub(super) fn in_order(form: &Form) -> (Vec<u32>, Vec<Vec<u8>>, Vec<averment_plan::Read>) {
    let mut base = Vec::new();
    let mut reads: Vec<averment_plan::Read> = form.base.iter().map(|&dim| super::fixed(0, dim)).collect();
    let axes = form
        .axes
        .iter()
        .map(|group| {
            group
                .iter()
                .map(|&axis| {
                    let dim = form.base[usize::from(axis)];
                    let to = super::new_axis(&mut base, dim as usize);
                    reads[usize::from(axis)] = averment_plan::Read::along(to, dim);
                    to
                })
                .collect()
        })
        .collect();
    (super::whole_base(base), axes, reads)
}

/// Reals as integers; none if one needs more bits than a weight has.
fn integers(reals: &[f64], unit: f64) -> Option<Vec<i32>> {
    let limit = f64::from(1 << (limits::WEIGHT_BITS - 1)) - 1.0;
    let largest = reals.iter().fold(0f64, |largest, real| largest.max(real.abs()));
    if largest * unit > limit || reals.iter().any(|real| real.is_nan()) {
        return None;
    }
    // To the nearest: the cast cuts off the fraction. (`f64::round` is a call on processors of long ago.)
    let nearest = |real: &f64| {
        let scaled = real * unit;
        (scaled + 0.5f64.copysign(scaled)) as i32
    };
    Some(reals.iter().map(nearest).collect())
}

/// The width of a weight's range: whole bytes, so that there are few different ones.
fn width(cells: &[i32]) -> u8 {
    let fits = |bits: &u8| {
        cells.iter().all(|&cell| Range::signed(*bits).contains(Range::between(cell.into(), cell.into())))
    };
    [8, 16, limits::WEIGHT_BITS].into_iter().find(fits).unwrap_or(limits::WEIGHT_BITS)
}

/// A name as a plan has it.
pub(super) fn name_of(name: &str) -> String {
    let clean: String = name.chars().map(|c| if c.is_control() { '_' } else { c }).collect();
    let mut end = clean.len().min(limits::NAME_BYTES as usize);
    while !clean.is_char_boundary(end) {
        end -= 1;
    }
    if end == 0 { "unnamed".into() } else { clean[..end].into() }
}
