//! The main sumcheck ([5]): its members on kernels, its rounds, its masks.

use super::{
    Phase, operand,
    progress::Report,
    witness::{Run, Sides},
};
use crate::{ProveError, masks::Mask, rounds};
use ark_ff::{AdditiveGroup, Field};
use averment_kernels::{Lookup, Product};
use averment_verifier::{
    claims::{self, Challenges, Operands},
    coordinates,
    field::{self, Fr},
    transcript::{Oracle, Transcript},
};

/// The main sumcheck, done.
pub(super) struct Main {
    pub rounds: Vec<Vec<Fr>>,
    pub rho: Vec<Fr>,
    pub operands: Operands,
}

/// A member of the main sumcheck and what it is multiplied by.
enum Member {
    Lookup(Lookup),
    Product(Product),
}

struct Weighted {
    member: Member,
    weight: Fr,
    /// The polynomial of the round that is not bound yet.
    waiting: Option<Vec<Fr>>,
    /// The sum over what is not bound yet, without the weight.
    sum: Fr,
}

impl Weighted {
    fn new(member: Member, weight: Fr) -> Self {
        let mut own = Self { member, weight, waiting: None, sum: Fr::ZERO };
        own.advance();
        own
    }

    fn variables(&self) -> usize {
        match &self.member {
            Member::Lookup(lookup) => lookup.variables(),
            Member::Product(product) => product.variables(),
        }
    }

    /// Computes the next round's polynomial and with it the sum; at the end, the value.
    fn advance(&mut self) {
        if self.variables() == 0 {
            self.sum = match &self.member {
                Member::Lookup(lookup) => {
                    let (helper, sides) = lookup.operands();
                    lookup.eq_value() * claims::lookup_defect(helper, &sides)
                }
                Member::Product(product) => {
                    let [a, b] = product.operands();
                    product.eq_value() * a * b
                }
            };
            return;
        }
        let polynomial = match &mut self.member {
            Member::Lookup(lookup) => lookup.round(),
            Member::Product(product) => product.round(),
        };
        self.sum = polynomial[0] + polynomial.iter().sum::<Fr>();
        self.waiting = Some(polynomial);
    }

    fn bind(&mut self, x: Fr) {
        self.waiting = None;
        match &mut self.member {
            Member::Lookup(lookup) => lookup.bind(x),
            Member::Product(product) => product.bind(x),
        }
        self.advance();
    }
}

impl Run<'_> {
    /// The main sumcheck.
    pub fn main(
        &self,
        challenges: &Challenges,
        sides: Sides,
        mut mask: Option<Mask>,
        kappa: Option<Fr>,
        transcript: &mut Transcript,
        report: &Report<'_>,
    ) -> Result<Main, ProveError> {
        let descriptor = self.descriptor;
        let variables = descriptor.variables();
        report.at(Phase::Relations, 0.0);
        let mut members = self.members(challenges, sides);
        let mu = descriptor.layout.masks.map_or(Fr::ZERO, |(base, _)| self.space.cell(base));
        let (mut rounds, mut drawn) = (Vec::new(), Vec::new());
        for (round, index) in (0..variables).rev().enumerate() {
            let mut polynomial = vec![Fr::ZERO; descriptor.degree(index) + 1];
            polynomial[0] += mu * field::half_to((variables - index) as u32);
            for own in &members {
                match &own.waiting {
                    Some(coefficients) if own.variables() > index => {
                        polynomial.iter_mut().zip(coefficients).for_each(|(sum, c)| *sum += own.weight * c);
                    }
                    _ => {
                        let copies = Fr::from(2_u64).pow([(index - own.variables()) as u64]);
                        polynomial[0] += own.weight * own.sum * copies;
                    }
                }
            }
            let x = send(polynomial, &mut mask, kappa, round, &mut rounds, transcript);
            drawn.push(x);
            members.iter_mut().filter(|own| own.variables() > index).for_each(|own| own.bind(x));
            // Each round is half of what is left.
            report.at(Phase::Relations, 1.0 - (-(round as f64) - 1.0).exp2());
        }
        let point = coordinates(drawn.clone(), variables);
        let plain = self.plain_operands(challenges, &members, &point)?;
        let Some((base, _)) = descriptor.layout.masks else {
            return Ok(Main { rounds, rho: point, operands: plain });
        };
        // The masks' own round.
        let covers: Vec<Fr> =
            (0..).map(|cell| self.space.cell(base + 2 + cell)).take(descriptor.operands() - 1).collect();
        let at = |x: Fr| cover(&plain, &covers, x);
        let mut values = Vec::new();
        for x in 0..=descriptor.lookup_degree() {
            let x = Fr::from(x as u64);
            let rho: Vec<Fr> = point.iter().copied().chain([x]).collect();
            let share = (Fr::ONE - x) * field::half_to(variables as u32) * mu;
            values.push(claims::end(descriptor, challenges, &rho, &at(x)) + share);
        }
        let polynomial = rounds::interpolate(&values);
        let x = send(polynomial, &mut mask, kappa, variables, &mut rounds, transcript);
        drawn.push(x);
        Ok(Main { rounds, rho: coordinates(drawn, variables), operands: at(x) })
    }

    fn members(&self, challenges: &Challenges, sides: Sides) -> Vec<Weighted> {
        let (descriptor, backend) = (self.descriptor, self.engine.backend);
        let layout = &descriptor.layout;
        let variables = descriptor.variables();
        let scale = |bits: u8| field::half_to((variables - usize::from(bits)) as u32);
        let low = |bits: u8| &challenges.r[..bits.into()];
        let lookup = Lookup::new(sides.helper, sides.slots, low(layout.slot_bits));
        let table = Product::new(sides.fractions, sides.table, low(layout.table_bits));
        let mut members = vec![
            Weighted::new(Member::Lookup(lookup), challenges.lambda_a * scale(layout.slot_bits)),
            Weighted::new(Member::Product(table), challenges.lambda_b * scale(layout.table_bits)),
        ];
        for (relation, weight) in descriptor.relations.iter().zip(field::powers(challenges.lambda)) {
            for product in &relation.products {
                let vector =
                    |terms| operand::vector(backend, terms, &self.space, product.vars, &challenges.r);
                let a = vector(&product.a);
                // Of norms and inner products both sides are the same.
                let b = if product.b == product.a { a.clone() } else { vector(&product.b) };
                let group = &challenges.r[product.group_point.into()..][..product.grouped.into()];
                let member = Member::Product(Product::new(a, b, group));
                members.push(Weighted::new(member, weight * scale(product.vars)));
            }
        }
        members
    }

    /// The operands without masks.
    fn plain_operands(
        &self,
        challenges: &Challenges,
        members: &[Weighted],
        point: &[Fr],
    ) -> Result<Operands, ProveError> {
        let Challenges { beta, gamma, .. } = challenges;
        let layout = &self.descriptor.layout;
        let [
            Weighted { member: Member::Lookup(lookup), .. },
            Weighted { member: Member::Product(table), .. },
            products @ ..,
        ] = members
        else {
            return Err(ProveError::Unlucky);
        };
        let (helper, mut slots) = lookup.operands();
        for (slot, value) in slots.iter_mut().enumerate() {
            let tag = claims::slot_tag(&self.descriptor.lookups, slot, &point[..layout.slot_bits.into()]);
            *value -= *gamma + *beta * beta * tag;
        }
        let [fraction, side] = table.operands();
        let (input, tag) = claims::table_row(&self.descriptor.tables, &point[..layout.table_bits.into()]);
        let scaled = side - gamma - input - *beta * beta * tag;
        let table = scaled * beta.inverse().ok_or(ProveError::Unlucky)?;
        let products = products
            .iter()
            .filter_map(|own| match &own.member {
                Member::Product(product) => Some(product.operands().into()),
                Member::Lookup(_) => None,
            })
            .collect();
        Ok(Operands { slots, helper, fraction, table, products })
    }
}

/// The operands under their masks: `(1-x) Y + x c`; the tables' out has none.
fn cover(plain: &Operands, covers: &[Fr], x: Fr) -> Operands {
    let mut covers = covers.iter();
    let mut cover = |value: Fr| {
        let mask = covers.next().copied().unwrap_or(Fr::ZERO);
        (Fr::ONE - x) * value + x * mask
    };
    Operands {
        slots: plain.slots.iter().copied().map(&mut cover).collect(),
        helper: cover(plain.helper),
        fraction: cover(plain.fraction),
        table: plain.table,
        products: plain.products.iter().map(|(a, b)| (cover(*a), cover(*b))).collect(),
    }
}

/// Adds the mask to a round's coefficients, sends it, and draws its challenge.
pub(super) fn send(
    mut polynomial: Vec<Fr>,
    mask: &mut Option<Mask>,
    kappa: Option<Fr>,
    round: usize,
    rounds: &mut Vec<Vec<Fr>>,
    transcript: &mut Transcript,
) -> Fr {
    if let (Some(mask), Some(kappa)) = (mask.as_ref(), kappa) {
        let own = rounds::interpolate(&mask.values(round, polynomial.len() - 1));
        polynomial.iter_mut().zip(own).for_each(|(sum, own)| *sum += kappa * own);
    }
    polynomial.remove(1);
    transcript.scalars(&polynomial);
    let x = transcript.draw();
    if let Some(mask) = mask {
        mask.bind(round, x);
    }
    rounds.push(polynomial);
    x
}
