//! Which functionals have which values (sections 5 and 6.1 of the protocol): emitted once, for the prover and for the verifier.

use crate::{
    decision::Decision,
    descriptor::{Constant, Descriptor, LookupBlock, Product, Relation, Table, triangle},
    field::{self, Fr},
    functional::{self, Functional, Points},
    statement::Mode,
};
use ark_ff::{AdditiveGroup, Field};

/// Challenges that are drawn before the main sumcheck.
#[derive(Debug, Clone)]
pub struct Challenges {
    /// For the lookups' columns.
    pub beta: Fr,
    /// For the lookups' denominators.
    pub gamma: Fr,
    /// The point of all relations.
    pub r: Vec<Fr>,
    /// For the relations, by powers.
    pub lambda: Fr,
    /// For the lookups' side.
    pub lambda_a: Fr,
    /// For the tables' side.
    pub lambda_b: Fr,
    /// For the sums of both sides.
    pub lambda_c: Fr,
}

/// The values that the main sumcheck ends with, as they are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operands {
    /// `in + β·out` of each slot.
    pub slots: Vec<Fr>,
    /// h.
    pub helper: Fr,
    /// g.
    pub fraction: Fr,
    /// `out` of the tables.
    pub table: Fr,
    /// Both operands of each product.
    pub products: Vec<(Fr, Fr)>,
}

impl Operands {
    /// From the order they are sent in, with so many slots; none if the number is wrong.
    pub fn from_slice(slots: usize, values: &[Fr]) -> Option<Self> {
        let (slots, rest) = values.split_at_checked(slots)?;
        let ([helper, fraction, table], rest) = rest.split_first_chunk()?;
        let (pairs, odd) = rest.as_chunks::<2>();
        odd.is_empty().then(|| Self {
            slots: slots.to_vec(),
            helper: *helper,
            fraction: *fraction,
            table: *table,
            products: pairs.iter().map(|[a, b]| (*a, *b)).collect(),
        })
    }

    /// In the order they are sent.
    pub fn to_vec(&self) -> Vec<Fr> {
        let pairs = self.products.iter().flat_map(|(a, b)| [*a, *b]);
        self.slots.iter().copied().chain([self.helper, self.fraction, self.table]).chain(pairs).collect()
    }
}

/// The functional whose value is s without its constants, and those constants: `φ(P) = s + constant` ([5.1]). The mode, not
/// the layout, says whether μ is a part: every other claim goes by whether there are masks, too.
pub fn total(
    descriptor: &Descriptor,
    challenges: &Challenges,
    public: &[i64],
    mode: Mode,
) -> (Functional, Fr) {
    let Challenges { r, lambda, lambda_b, lambda_c, .. } = challenges;
    let layout = &descriptor.layout;
    let points = Points { r, rho: &[] };
    let (mut functional, mut constant) = (Functional::default(), Fr::ZERO);
    for (relation, weight) in descriptor.relations.iter().zip(field::powers(*lambda)) {
        for term in &relation.terms {
            functional.term(-weight, term, points);
        }
        let (value, chosen) = constant_value(relation, r, public);
        constant += weight * value;
        if let (Some(decision), Some(score)) = (chosen, relation.terms.first()) {
            functional.0.push(decision.scores(-weight, score.base));
        }
    }
    let rows = functional::coordinates(r, 0, layout.table_bits);
    functional.block(*lambda_b, layout.multiplicities, &rows);
    functional.sum(-*lambda_c, layout.helper, layout.slot_bits);
    functional.sum(*lambda_c, layout.fractions, layout.table_bits);
    if let Some((mu, _)) = layout.masks.filter(|_| mode.masked()) {
        functional.cell(Fr::ONE, mu);
    }
    (functional, constant)
}

/// What a relation adds to its terms: a number, and with a decision the chosen scores.
fn constant_value(relation: &Relation, r: &[Fr], public: &[i64]) -> (Fr, Option<Decision>) {
    let bits = relation.point_bits;
    let stated = |first: u32, count: u64| {
        let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let values = public.get(place(first.into())..).unwrap_or_default();
        values.get(..place(count)).unwrap_or(values)
    };
    match relation.constant {
        Constant::Number(number) => (functional::value(number), None),
        Constant::Public { first, count } => {
            let cells = field::eq_table(&functional::coordinates(r, 0, bits));
            let values = stated(first, count.into());
            let sum = cells.iter().zip(values).map(|(weight, value)| *weight * Fr::from(*value)).sum::<Fr>();
            (-sum, None)
        }
        Constant::Gram { half, halves, row_bits } => (-gram_value(r, public, half, halves, row_bits), None),
        Constant::Decision { first, classes, class_bits } => {
            let stated = stated(first, relation.public_count());
            let decision = Decision::new(r, bits, class_bits, classes, stated);
            (decision.constant(), Some(decision))
        }
    }
}

/// What the stated inner products of a half's rows are with the rows' weights at r ([10.6]): the sum over all pairs, both ways round,
/// of which the upper triangle is stated.
fn gram_value(r: &[Fr], public: &[i64], half: u32, halves: u32, row_bits: u8) -> Fr {
    let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let count = |half: usize| {
        let rows = public.get(half).copied().and_then(|rows| u64::try_from(rows).ok()).unwrap_or_default();
        rows.min(1_u64.checked_shl(row_bits.into()).unwrap_or(0))
    };
    let (half, halves) = (place(half.into()), place(halves.into()));
    let before = (0..half).fold(halves, |sum, half| sum.saturating_add(place(triangle(count(half)))));
    let mut values = public.get(before..).unwrap_or_default().iter();
    let weights = functional::mixed(r, row_bits);
    let rows = place(count(half));
    let mut sum = Fr::ZERO;
    for (i, weight) in weights.iter().enumerate().take(rows) {
        let mut own = Fr::ZERO;
        for (j, other) in weights.iter().enumerate().take(rows).skip(i) {
            let value = *other * Fr::from(values.next().copied().unwrap_or_default());
            own += if j > i { value.double() } else { value };
        }
        sum += *weight * own;
    }
    sum
}

/// The functionals of the operands in the order they are sent ([5.3], [5.4]); `rho` with the masks' coordinate at its
/// end if there are masks.
pub fn operands(descriptor: &Descriptor, challenges: &Challenges, rho: &[Fr]) -> Vec<Functional> {
    let layout = &descriptor.layout;
    let mut masks = layout.masks.map(|(base, _)| Masks::new(base, descriptor, rho));
    let low = |bits: u8| functional::coordinates(rho, 0, bits);
    let mut emitted = Vec::with_capacity(descriptor.operands());
    for slot in 0..layout.slots.len() {
        emitted.push(Masks::apply(
            &mut masks,
            lookup_side(descriptor, challenges, slot, &low(layout.slot_bits)),
        ));
    }
    for (base, bits) in [(layout.helper, layout.slot_bits), (layout.fractions, layout.table_bits)] {
        let mut functional = Functional::default();
        functional.block(Fr::ONE, base, &low(bits));
        emitted.push(Masks::apply(&mut masks, functional));
    }
    emitted.push(table_out(descriptor, &low(layout.table_bits)));
    let points = Points { r: &challenges.r, rho };
    for product in descriptor.products() {
        for operand in [&product.a, &product.b] {
            let mut functional = Functional::default();
            operand.iter().for_each(|term| functional.term(Fr::ONE, term, points));
            emitted.push(Masks::apply(&mut masks, functional));
        }
    }
    emitted
}

/// `in + β·out` of a slot at `point`.
fn lookup_side(descriptor: &Descriptor, challenges: &Challenges, slot: usize, point: &[Fr]) -> Functional {
    let mut functional = Functional::default();
    let (input, output) = descriptor.layout.slots.get(slot).copied().unwrap_or_default();
    if let Some(base) = input {
        functional.block(Fr::ONE, base, point);
    }
    if let Some(base) = output {
        functional.block(challenges.beta, base, point);
    }
    for block in descriptor.lookups.iter().filter(|block| usize::from(block.slot) == slot) {
        if let Some(base) = block.input {
            let (low, high) = split(point, block.bits);
            let here = field::eq_index(high, rows_above(block.row, block.bits));
            functional.input(here, &descriptor.layout, base, low);
            // It takes the place of the slot's own cells.
            for (weight, area) in [(Fr::ONE, input), (challenges.beta, output)] {
                if let Some(area) = area {
                    functional.block(-here * weight, area.saturating_add(block.row), low);
                }
            }
        }
    }
    functional
}

/// `out` of the tables at `point`.
fn table_out(descriptor: &Descriptor, point: &[Fr]) -> Functional {
    let mut functional = Functional::default();
    if let Some((bits, base)) = descriptor.layout.functions {
        let (low, high) = split(point, bits);
        functional.block(field::eq_index(high, 0), base, low);
    }
    functional
}

/// Coordinates below and above `bits`.
fn split(point: &[Fr], bits: u8) -> (&[Fr], &[Fr]) {
    point.split_at_checked(bits.into()).unwrap_or((point, &[]))
}

fn rows_above(row: u64, bits: u8) -> u64 {
    row.checked_shr(bits.into()).unwrap_or(0)
}

/// `tag` of a slot at `point`.
pub fn slot_tag<'a>(blocks: impl IntoIterator<Item = &'a LookupBlock>, slot: usize, point: &[Fr]) -> Fr {
    let blocks = blocks.into_iter().filter(|block| usize::from(block.slot) == slot);
    blocks
        .map(|block| {
            let (_, high) = split(point, block.bits);
            field::eq_index(high, rows_above(block.row, block.bits)) * Fr::from(block.tag)
        })
        .sum()
}

/// `in` and `tag` of the tables at `point`.
pub fn table_row<'a>(tables: impl IntoIterator<Item = &'a Table>, point: &[Fr]) -> (Fr, Fr) {
    let (mut input, mut tag) = (Fr::ZERO, Fr::ZERO);
    for table in tables {
        let (low, high) = split(point, table.bits);
        let here = field::eq_index(high, rows_above(table.row, table.bits));
        input += here * (Fr::from(table.first) + field::index_value(low));
        tag += here * Fr::from(table.tag);
    }
    (input, tag)
}

/// What the main sumcheck's summands are at its end, given the operands ([5.4]).
pub fn end(descriptor: &Descriptor, challenges: &Challenges, rho: &[Fr], operands: &Operands) -> Fr {
    let Challenges { beta, gamma, r, lambda, lambda_a, lambda_b, .. } = challenges;
    let layout = &descriptor.layout;
    let variables = descriptor.variables();
    let scale = |bits: u8| {
        let missing = variables.saturating_sub(bits.into());
        field::half_to(u32::try_from(missing).unwrap_or(u32::MAX))
    };
    let at = |point: &[Fr], bits: u8| functional::coordinates(point, 0, bits);
    let tag_weight = *beta * beta;

    let point = at(rho, layout.slot_bits);
    let tag = |slot| tag_weight * slot_tag(&descriptor.lookups, slot, &point);
    let denominators = operands.slots.iter().enumerate().map(|(slot, value)| *gamma + value + tag(slot));
    let denominators: Vec<Fr> = denominators.collect();
    let lookups = field::eq(&at(r, layout.slot_bits), &point) * lookup_defect(operands.helper, &denominators);

    let row = at(rho, layout.table_bits);
    let (input, tag) = table_row(&descriptor.tables, &row);
    let table = *gamma + input + *beta * operands.table + tag_weight * tag;
    let tables = field::eq(&at(r, layout.table_bits), &row) * operands.fraction * table;

    let mut sum =
        *lambda_a * scale(layout.slot_bits) * lookups + *lambda_b * scale(layout.table_bits) * tables;
    let mut values = operands.products.iter();
    for (relation, weight) in descriptor.relations.iter().zip(field::powers(*lambda)) {
        for (product, (a, b)) in relation.products.iter().zip(values.by_ref()) {
            sum += weight * scale(product.vars) * group(product, r, rho) * a * b;
        }
    }
    match rho.get(variables) {
        Some(mask) => sum * (Fr::ONE - mask),
        None => sum,
    }
}

/// `h·Π d - Σ Π_{others} d`: zero if h is the sum of the denominators' inverses.
pub fn lookup_defect(helper: Fr, denominators: &[Fr]) -> Fr {
    let (sum, all) = denominators.iter().fold((Fr::ZERO, Fr::ONE), |(sum, all), d| (sum * d + all, all * d));
    helper * all - sum
}

fn group(product: &Product, r: &[Fr], rho: &[Fr]) -> Fr {
    let own = functional::coordinates(r, product.group_point, product.grouped);
    field::eq(&own, &functional::coordinates(rho, 0, product.grouped))
}

/// The functional on mask cells whose value is what the main sumcheck's end leaves over ([5.4]); none without masks.
pub fn rest(descriptor: &Descriptor, kappa: Fr, rho: &[Fr]) -> Option<Functional> {
    let (mu, _) = descriptor.layout.masks?;
    let variables = descriptor.variables();
    let mask = rho.get(variables).copied()?;
    let mut functional = Functional::default();
    let spread = field::half_to(u32::try_from(variables).ok()?);
    functional.cell((Fr::ONE - mask) * spread, mu);
    for (weight, address) in mask_weights(descriptor, rho) {
        functional.cell(kappa * weight, address);
    }
    Some(functional)
}

/// The cells of the main sumcheck's mask, each with its monomial at `rho`; the constant first, then round by round.
pub fn mask_weights(descriptor: &Descriptor, rho: &[Fr]) -> Vec<(Fr, u64)> {
    let first = Masks::polynomial(descriptor);
    let mut weights = vec![Fr::ONE];
    for (round, degree) in descriptor.degrees(true).into_iter().enumerate() {
        // Rounds go down from the highest variable; the masks' own is last.
        let variables = descriptor.variables();
        let variable = variables.checked_sub(round.saturating_add(1)).unwrap_or(variables);
        let x = rho.get(variable).copied().unwrap_or(Fr::ZERO);
        weights.extend(field::powers(x).skip(1).take(degree));
    }
    weights.into_iter().zip(first..).collect()
}

/// The cells of masks ([5.3], [6.1]): μ, the spare one, one for each private operand, the mask polynomial.
struct Masks {
    next: u64,
    /// `1 - ρ_n` and `ρ_n`.
    factors: (Fr, Fr),
}

impl Masks {
    /// Where operands' masks begin: behind μ and the spare cell.
    const OPERANDS: u64 = 2;

    fn new(base: u64, descriptor: &Descriptor, rho: &[Fr]) -> Self {
        let mask = rho.get(descriptor.variables()).copied().unwrap_or(Fr::ZERO);
        Self { next: base.saturating_add(Self::OPERANDS), factors: (Fr::ONE - mask, mask) }
    }

    /// The masked functional.
    fn apply(masks: &mut Option<Self>, mut functional: Functional) -> Functional {
        if let Some(Self { next, factors }) = masks {
            for term in &mut functional.0 {
                term.coefficient *= factors.0;
            }
            functional.cell(factors.1, *next);
            *next = next.saturating_add(1);
        }
        functional
    }

    /// The first cell of the mask polynomial: behind the operands' masks. The tables' out is public and has none.
    fn polynomial(descriptor: &Descriptor) -> u64 {
        let base = descriptor.layout.masks.map_or(0, |(base, _)| base);
        let operands = u64::try_from(descriptor.operands().saturating_sub(1)).unwrap_or(u64::MAX);
        base.saturating_add(Self::OPERANDS).saturating_add(operands)
    }
}

/// How many mask cells a descriptor of these operands and degrees needs.
pub fn mask_cells(operands: usize, degrees: &[usize]) -> usize {
    // μ, spare, operands but the table's, the constant, the coefficients.
    degrees.iter().fold(operands.saturating_add(2), |sum, degree| sum.saturating_add(*degree))
}
