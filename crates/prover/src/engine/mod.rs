//! The prover on kernels: the same proofs as [`crate::reference::prove`], byte for byte, from the same randomness.

mod opening;
mod operand;
mod space;

use crate::{
    Assignment, ProveError, Random, Setup, SlotCells, assignment,
    lookups::{self, Row},
    masks::{BATCH_SPARE, Mask},
    rounds,
};
use ark_bn254::G1Affine;
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field};
use averment_kernels::{Backend, Bases, FieldVec, Lookup, Product};
use averment_verifier::{
    Registered, batch_mask_weights, begin,
    claims::{self, Challenges, Operands},
    coordinates,
    descriptor::{Descriptor, Layout, SLOTS, ValidDescriptor},
    field::{self, Fr},
    functional::Functional,
    proof::{Blind, MaskMessage, Proof},
    statement::Statement,
    transcript::{Oracle, Transcript},
};
use space::Space;

/// A setup prepared for proving.
#[derive(Debug, Clone)]
pub struct Engine {
    backend: Backend,
    bases: Bases,
}

impl Engine {
    /// For chunks of `2^bits` cells, on the fastest kernels of this machine.
    pub fn new(setup: &Setup, bits: u8) -> Result<Self, ProveError> {
        Self::on(Backend::best(), setup, bits)
    }

    /// The same on other kernels.
    pub fn on(backend: Backend, setup: &Setup, bits: u8) -> Result<Self, ProveError> {
        setup.serves(bits)?;
        Ok(Self { backend, bases: Bases::new(backend, &setup.powers()[..=1 << bits]) })
    }

    /// Proves `statement`; see [`crate::reference::prove`].
    pub fn prove(
        &self,
        descriptor: &ValidDescriptor,
        registered: &Registered,
        statement: &Statement,
        assignment: &Assignment<'_>,
        random: Random<'_>,
    ) -> Result<Proof, ProveError> {
        let masked = statement.mode.masked();
        assignment::check_mode(&descriptor.layout, masked)?;
        let mut run = Run::new(self, descriptor, assignment)?;
        let mut transcript = begin(descriptor, registered, statement);

        let mask = run.masks(random);
        let witness1 = run.commit(descriptor.layout.witness1.clone(), masked, random);
        transcript.points(witness1.iter().map(|(point, _)| point));
        let batch_mask = mask.as_ref().map(|_| self.batch_mask(&descriptor.layout, random));
        let masks = mask.as_ref().zip(batch_mask.as_ref()).map(|(mask, (commitment, _, batch))| {
            MaskMessage { commitment: *commitment, main_sum: mask.sum(), batch_sum: batch.sum() }
        });
        if let Some(masks) = &masks {
            transcript.points([&masks.commitment]);
            transcript.scalars([&masks.main_sum, &masks.batch_sum]);
        }
        let (beta, gamma) = (transcript.draw(), transcript.draw());

        let columns = run.fractions(beta, gamma);
        let witness2 = run.commit(descriptor.layout.witness2.clone(), masked, random);
        transcript.points(witness2.iter().map(|(point, _)| point));
        let challenges = Challenges::draw(descriptor, beta, gamma, &mut transcript);

        let (total_functional, constant) = claims::total(descriptor, &challenges, &statement.public_values());
        let total = run.space.apply(&total_functional) - constant;
        transcript.scalar(&total);
        let kappa = mask.as_ref().map(|_| transcript.draw());
        let main = run.main(&challenges, columns, mask, kappa, &mut transcript)?;

        let mut functionals = claims::operands(descriptor, &challenges, &main.rho);
        transcript.scalars(&main.operands.to_vec());
        let kappa2 = batch_mask.as_ref().map(|_| transcript.draw());
        let theta = transcript.draw();
        functionals.insert(0, total_functional);
        if let Some(kappa) = kappa {
            functionals.extend(claims::rest(descriptor, kappa, &main.rho));
        }
        let (coefficients, polynomial) = batch_mask.map_or((None, None), |(_, c, p)| (Some(c), Some(p)));
        let Batch { rounds: batch, u, value } =
            run.batch(&functionals, theta, polynomial, kappa2, &mut transcript);

        let (low, high) = u.split_at(descriptor.layout.chunk_bits.into());
        let mut cells = run.space.combine(high, descriptor.layout.chunk_bits).to_vec();
        cells.push(run.combine_blinds(high, &witness1, &witness2));
        transcript.scalar(&value);
        let mut blind = None;
        if masked {
            let vector: Vec<Fr> = (0..cells.len()).map(|_| random()).collect();
            let eq = FieldVec::eq_table(self.backend, low);
            let opened = eq.dot(&FieldVec::new(self.backend, &vector[..cells.len() - 1]));
            let message = Blind { commitment: self.bases.msm(&vector).into_affine(), value: opened };
            transcript.scalar(&message.value);
            transcript.points([&message.commitment]);
            let eta = transcript.draw();
            cells.iter_mut().zip(&vector).for_each(|(cell, random)| *cell += eta * random);
            blind = Some(message);
        }
        let weights = kappa2.map(|kappa| batch_mask_weights(kappa, &u));
        let mask = coefficients.as_ref().zip(weights.as_ref()).map(|(m, w)| (m.as_slice(), w.as_slice()));
        let polynomial = FieldVec::new(self.backend, &cells);
        let opening = opening::open(&self.bases, &polynomial, low, mask, &mut transcript);
        let points = |own: Vec<(G1Affine, Fr)>| own.into_iter().map(|(point, _)| point).collect();
        Ok(Proof {
            witness1: points(witness1),
            masks,
            witness2: points(witness2),
            total,
            main: main.rounds,
            operands: main.operands,
            batch,
            value,
            blind,
            opening,
        })
    }

    /// M', its coefficients, and the mask that they are.
    fn batch_mask(&self, layout: &Layout, random: Random<'_>) -> (G1Affine, Vec<Fr>, Mask) {
        let degrees = vec![2; layout.address_bits()];
        let count = 1 + 2 * degrees.len() + BATCH_SPARE;
        let coefficients: Vec<Fr> = (0..count).map(|_| random()).collect();
        let commitment = self.bases.msm(&coefficients).into_affine();
        let mask = Mask::new(&coefficients, &degrees);
        (commitment, coefficients, mask)
    }
}

/// A proof in the making.
struct Run<'a> {
    engine: &'a Engine,
    descriptor: &'a Descriptor,
    assignment: &'a Assignment<'a>,
    space: Space,
    /// `in`, `out` and tag of each slot, and of the tables.
    slots: [Columns; SLOTS],
    table: Columns,
    counts: Vec<i32>,
}

/// Integer columns of lookups.
#[derive(Debug, Default)]
struct Columns {
    ins: Vec<i32>,
    outs: Vec<i32>,
    tags: Vec<i32>,
}

/// What the main sumcheck works on.
struct Sides {
    slots: [FieldVec; SLOTS],
    helper: FieldVec,
    table: FieldVec,
    fractions: FieldVec,
}

/// The batch evaluation, done.
struct Batch {
    rounds: Vec<Vec<Fr>>,
    /// The point.
    u: Vec<Fr>,
    /// The address space there.
    value: Fr,
}

/// The main sumcheck, done.
struct Main {
    rounds: Vec<Vec<Fr>>,
    rho: Vec<Fr>,
    operands: Operands,
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
                    let [h, d0, d1, d2, d3] = lookup.operands();
                    lookup.eq_value() * claims::lookup_defect(h, &[d0, d1, d2, d3])
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

impl<'a> Run<'a> {
    fn new(
        engine: &'a Engine,
        descriptor: &'a Descriptor,
        assignment: &'a Assignment<'a>,
    ) -> Result<Self, ProveError> {
        let layout = &descriptor.layout;
        let mut space = Space::new(engine.backend, layout.address_bits());
        let registered = assignment.weights.iter().chain(assignment.tables).chain(assignment.inputs);
        for (chunk, commitment) in layout.chunks().zip(registered) {
            let cells = commitment.cells.iter().map(|cell| space::small(cell).unwrap_or(0));
            space.write(u64::from(chunk) << layout.chunk_bits, cells);
        }
        let rows = lookups::table_rows(&descriptor.tables, layout.table_bits, assignment.table_outs);
        let slot_rows = assignment::slot_rows(descriptor, assignment);
        let counts = lookups::multiplicities(descriptor, &rows, &slot_rows)?;
        let counts: Vec<i32> =
            counts.into_iter().map(|count| i32::try_from(count).unwrap_or(i32::MAX)).collect();
        space.write(layout.multiplicities, counts.iter().copied());
        for ((input, output), SlotCells { ins, outs }) in layout.slots.iter().zip(assignment.slots) {
            for (base, cells) in [(input, ins), (output, outs)] {
                if let (Some(base), Some(cells)) = (base, cells) {
                    space.write(*base, cells.iter().map(|cell| narrow(*cell)));
                }
            }
        }
        let columns = |rows: &[Row]| Columns {
            ins: rows.iter().map(|row| narrow(row.input)).collect(),
            outs: rows.iter().map(|row| narrow(row.output)).collect(),
            tags: rows.iter().map(|row| narrow(row.tag.into())).collect(),
        };
        let (slots, table) = (slot_rows.each_ref().map(|rows| columns(rows)), columns(&rows));
        Ok(Self { engine, descriptor, assignment, space, slots, table, counts })
    }

    /// Draws mask cells; the main sumcheck's mask is among them.
    fn masks(&mut self, random: Random<'_>) -> Option<Mask> {
        let (base, bits) = self.descriptor.layout.masks?;
        let cells: Vec<Fr> = (0..1_u64 << bits).map(|_| random()).collect();
        let polynomial =
            claims::mask_weights(self.descriptor, &vec![Fr::ZERO; self.descriptor.variables() + 1]);
        let coefficients: Vec<Fr> =
            polynomial.iter().map(|(_, cell)| cells[(cell - base) as usize]).collect();
        self.space.block(base, FieldVec::new(self.engine.backend, &cells));
        Some(Mask::new(&coefficients, &self.descriptor.degrees(true)))
    }

    /// Commits to chunks; each point with its blind.
    fn commit(&self, chunks: std::ops::Range<u32>, masked: bool, random: Random<'_>) -> Vec<(G1Affine, Fr)> {
        let size = 1 << self.descriptor.layout.chunk_bits;
        chunks
            .map(|chunk| {
                let blind = if masked { random() } else { Fr::ZERO };
                (self.space.commit(&self.engine.bases, chunk, size, blind).into_affine(), blind)
            })
            .collect()
    }

    /// The second message: h and g.
    fn fractions(&mut self, beta: Fr, gamma: Fr) -> Sides {
        let backend = self.engine.backend;
        let side = |columns: &Columns| {
            let terms = [
                (Fr::ONE, columns.ins.as_slice()),
                (beta, columns.outs.as_slice()),
                (beta * beta, columns.tags.as_slice()),
            ];
            FieldVec::affine(backend, columns.ins.len(), gamma, &terms)
        };
        let slots = self.slots.each_ref().map(side);
        let helper = FieldVec::sum_of_inverses(slots.each_ref());
        let table = side(&self.table);
        let mut fractions = table.clone();
        fractions.invert();
        fractions.multiply(&FieldVec::from_i32(backend, &self.counts));
        let layout = &self.descriptor.layout;
        self.space.block(layout.helper, helper.clone());
        self.space.block(layout.fractions, fractions.clone());
        Sides { slots, helper, table, fractions }
    }

    /// The main sumcheck.
    fn main(
        &self,
        challenges: &Challenges,
        sides: Sides,
        mut mask: Option<Mask>,
        kappa: Option<Fr>,
        transcript: &mut Transcript,
    ) -> Result<Main, ProveError> {
        let descriptor = self.descriptor;
        let variables = descriptor.variables();
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
        let mut values = Vec::with_capacity(7);
        for x in 0..=6_u64 {
            let x = Fr::from(x);
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
                let [a, b] = [&product.a, &product.b].map(|terms| {
                    operand::vector(backend, terms, &self.space.integers, product.vars, &challenges.r)
                });
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
        let [helper, sides @ ..] = lookup.operands();
        let mut slots = [Fr::ZERO; SLOTS];
        for (slot, (value, side)) in slots.iter_mut().zip(sides).enumerate() {
            let tag = claims::slot_tag(&self.descriptor.lookups, slot, &point[..layout.slot_bits.into()]);
            *value = side - gamma - *beta * beta * tag;
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

    /// The batch evaluation.
    fn batch(
        &self,
        functionals: &[Functional],
        theta: Fr,
        mut mask: Option<Mask>,
        kappa: Option<Fr>,
        transcript: &mut Transcript,
    ) -> Batch {
        let mut product = Product::new(self.space.vector(), self.space.spread(functionals, theta), &[]);
        let (mut rounds, mut drawn) = (Vec::new(), Vec::new());
        for round in 0..self.descriptor.layout.address_bits() {
            let x = send(product.round(), &mut mask, kappa, round, &mut rounds, transcript);
            product.bind(x);
            drawn.push(x);
        }
        let u = coordinates(drawn, self.descriptor.layout.address_bits());
        Batch { rounds, u, value: product.operands()[0] }
    }

    /// `Σ eq(high, chunk) · blind`.
    fn combine_blinds(&self, high: &[Fr], witness1: &[(G1Affine, Fr)], witness2: &[(G1Affine, Fr)]) -> Fr {
        let Assignment { weights, tables, inputs, .. } = self.assignment;
        let registered = weights.iter().chain(*tables).chain(*inputs).map(|own| own.blind);
        let blinds = registered.chain(witness1.iter().chain(witness2).map(|(_, blind)| *blind));
        let chunks = self.descriptor.layout.chunks();
        chunks.zip(blinds).map(|(chunk, blind)| field::eq_index(high, chunk.into()) * blind).sum()
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
        slots: plain.slots.map(&mut cover),
        helper: cover(plain.helper),
        fraction: cover(plain.fraction),
        table: plain.table,
        products: plain.products.iter().map(|(a, b)| (cover(*a), cover(*b))).collect(),
    }
}

/// Adds the mask to a round's coefficients, sends it, and draws its challenge.
fn send(
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

fn narrow(value: i64) -> i32 {
    // What a plan's cells are has 24 bits at most; anything else is not in any table, and was refused.
    i32::try_from(value).unwrap_or(i32::MAX)
}
