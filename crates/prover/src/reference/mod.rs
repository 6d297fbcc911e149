//! The prover as [9.2] of the protocol has it, step by step, on single field elements: the definition that
//! [`crate::Engine`] is held to, byte for byte.

mod conduct;
mod opening;
mod operand;
mod rounds;
mod space;

use crate::{
    Assignment, Commitment, ProveError, Random, Setup,
    assignment::{check_mode, slot_rows},
    lookups::{self, Row},
    masks::{BATCH_SPARE, Mask, blind_length},
};
use ark_ff::{AdditiveGroup, Field};
use averment_verifier::{
    Registered, absorb, batch_mask_weights,
    claims::{self, Challenges, Operands},
    coordinates,
    descriptor::{Descriptor, ValidDescriptor},
    field::{self, Fr},
    point::G1Affine,
    proof::{Blind, MaskMessage, Proof},
    statement::Statement,
    sumcheck,
    transcript::Oracle,
};
use opening::Opened;
use rounds::Member;
use space::Space;

pub use conduct::{Conduct, Honest};

/// Proves `statement`. The relations are not checked: of a witness that breaks one comes a proof that does not
/// verify.
pub fn prove(
    descriptor: &ValidDescriptor,
    setup: &Setup,
    registered: &Registered,
    statement: &Statement,
    assignment: &Assignment<'_>,
    random: Random<'_>,
) -> Result<Proof, ProveError> {
    prove_as(&mut Honest, descriptor, setup, registered, statement, assignment, random)
}

/// The same by a prover of other conduct: the steps of the protocol, but where it lies. For tests that attack the
/// verifier.
pub fn prove_as(
    conduct: &mut impl Conduct,
    descriptor: &ValidDescriptor,
    setup: &Setup,
    registered: &Registered,
    statement: &Statement,
    assignment: &Assignment<'_>,
    random: Random<'_>,
) -> Result<Proof, ProveError> {
    let layout = &descriptor.layout;
    setup.serves(layout.chunk_bits)?;
    let masked = statement.mode.masked();
    if !conduct.any_mode() {
        check_mode(layout, masked)?;
    }
    let mut space = Space::new(descriptor, assignment);
    let mut transcript = conduct.oracle();
    absorb(&mut transcript, descriptor, registered, statement);

    // The first message: lookups, multiplicities, masks.
    let rows = lookups::table_rows(&descriptor.tables, layout.table_bits, assignment.table_outs);
    let slots = slot_rows(descriptor, assignment);
    for ((input, output), own) in layout.slots.iter().zip(assignment.slots) {
        for (base, cells) in [(input, &own.ins), (output, &own.outs)] {
            if let (Some(base), Some(cells)) = (base, cells) {
                space.integers(*base, cells);
            }
        }
    }
    let counts = lookups::multiplicities_but(descriptor, &rows, &slots, |miss| conduct.miss(miss))?;
    let mut counts: Vec<Fr> = counts.into_iter().map(Fr::from).collect();
    conduct.multiplicities(&mut counts);
    space.cells(layout.multiplicities, counts);
    let degrees = descriptor.degrees(masked);
    let mut mask = None;
    if let Some((base, bits)) = layout.masks.filter(|_| masked) {
        space.cells(base, (0..1_u64 << bits).map(|_| random()));
        let polynomial = claims::mask_weights(descriptor, &vec![Fr::ZERO; descriptor.variables() + 1]);
        let coefficients: Vec<Fr> = polynomial.iter().map(|(_, cell)| space.cell(*cell)).collect();
        mask = Some(Mask::new(&coefficients, &degrees));
    }
    let witness1 = space.commit(setup, layout.witness1.clone(), masked, random);
    transcript.points(points(&witness1));
    let mut batch_mask = None;
    let mut masks = None;
    if let Some(mask) = &mask {
        let degrees = vec![2; layout.address_bits()];
        let coefficients: Vec<Fr> = (0..1 + 2 * degrees.len() + BATCH_SPARE).map(|_| random()).collect();
        let polynomial = Mask::new(&coefficients, &degrees);
        let message = MaskMessage {
            commitment: setup.polynomial(&coefficients),
            main_sum: mask.sum(),
            batch_sum: polynomial.sum(),
        };
        transcript.points([&message.commitment]);
        transcript.scalars([&message.main_sum, &message.batch_sum]);
        batch_mask = Some((coefficients, polynomial));
        masks = Some(message);
    }
    let (beta, gamma) = (transcript.draw(), transcript.draw());

    // The second message: the lookups' fractions.
    let denominator = |row: &Row| {
        gamma + Fr::from(row.input) + beta * Fr::from(row.output) + beta * beta * Fr::from(row.tag)
    };
    let sides: Vec<Vec<Fr>> = slots.iter().map(|rows| rows.iter().map(denominator).collect()).collect();
    let table: Vec<Fr> = rows.iter().map(denominator).collect();
    let mut helper = (0..1_usize << layout.slot_bits)
        .map(|row| sides.iter().map(|side| side[row].inverse()).sum::<Option<Fr>>())
        .collect::<Option<Vec<Fr>>>()
        .ok_or(ProveError::Unlucky)?;
    let mut fractions = table
        .iter()
        .enumerate()
        .map(|(row, value)| Some(space.cell(layout.multiplicities + row as u64) * value.inverse()?))
        .collect::<Option<Vec<Fr>>>()
        .ok_or(ProveError::Unlucky)?;
    conduct.fractions(&mut helper, &mut fractions);
    space.cells(layout.helper, helper.iter().copied());
    space.cells(layout.fractions, fractions.iter().copied());
    let witness2 = space.commit(setup, layout.witness2.clone(), masked, random);
    transcript.points(points(&witness2));
    let challenges = Challenges::draw(descriptor, beta, gamma, &mut transcript);

    // The main sumcheck.
    let (total_functional, constant) =
        claims::total(descriptor, &challenges, &statement.public, statement.mode);
    let mut total = space.apply(&total_functional) - constant;
    let mut members = members(descriptor, &challenges, &space, sides, helper, table, fractions);
    let mu = layout.masks.map_or(Fr::ZERO, |(base, _)| space.cell(base));
    let variables = descriptor.variables();
    conduct.total(&mut total, &|| {
        let copies = |member: &Member| Fr::from(2_u64).pow([(variables - member.vars()) as u64]);
        members.iter().map(|member| member.sum() * copies(member)).sum::<Fr>() + mu
    });
    transcript.scalar(&total);
    let kappa = mask.as_ref().map(|_| transcript.draw());
    let (mut main, mut drawn) = (Vec::new(), Vec::new());
    for (round, index) in (0..variables).rev().enumerate() {
        let mut values = rounds::values(&members, index, degrees[round]);
        let share = mu * field::half_to((variables - index) as u32);
        values.iter_mut().for_each(|value| *value += share);
        add_mask(&mut values, mask.as_ref(), kappa, round);
        finish_round(&values, &mut main, &mut drawn, &mut transcript, mask.as_mut(), round);
        rounds::bind(&mut members, index, *drawn.last().ok_or(ProveError::Unlucky)?);
    }
    let point = coordinates(drawn.clone(), variables);
    if masked {
        let operands = |x: Fr| {
            let rho: Vec<Fr> = point.iter().copied().chain([x]).collect();
            let values: Vec<Fr> =
                claims::operands(descriptor, &challenges, &rho).iter().map(|f| space.apply(f)).collect();
            Operands::from_slice(layout.slots.len(), &values).map(|operands| (rho, operands))
        };
        let mut values = Vec::new();
        for x in 0..=descriptor.lookup_degree() {
            let x = Fr::from(x as u64);
            let (rho, operands) = operands(x).ok_or(ProveError::Unlucky)?;
            let share = (Fr::ONE - x) * field::half_to(variables as u32) * mu;
            values.push(claims::end(descriptor, &challenges, &rho, &operands) + share);
        }
        add_mask(&mut values, mask.as_ref(), kappa, variables);
        finish_round(&values, &mut main, &mut drawn, &mut transcript, mask.as_mut(), variables);
    }
    let (rho, main_drawn) = (coordinates(drawn.clone(), variables), drawn);

    // The batch evaluation.
    let mut functionals = claims::operands(descriptor, &challenges, &rho);
    let values: Vec<Fr> = functionals.iter().map(|functional| space.apply(functional)).collect();
    let mut operands = Operands::from_slice(layout.slots.len(), &values).ok_or(ProveError::Unlucky)?;
    let rest = |operands: &Operands| {
        let claim = total + kappa.zip(masks).map_or(Fr::ZERO, |(kappa, masks)| kappa * masks.main_sum);
        left(claim, &main, &main_drawn) - claims::end(descriptor, &challenges, &rho, operands)
    };
    conduct.operands(&mut operands, &rest);
    let values = operands.to_vec();
    transcript.scalars(&values);
    let kappa2 = mask.as_ref().map(|_| transcript.draw());
    let theta = transcript.draw();
    functionals.insert(0, total_functional);
    if let Some(kappa) = kappa {
        functionals.extend(claims::rest(descriptor, kappa, &rho));
    }
    let weights = space.spread(&functionals, theta);
    let mut product = [Member {
        weight: Fr::ONE,
        factors: vec![space.values.clone(), weights],
        combine: |values| values.iter().product(),
    }];
    let (mut batch, mut drawn) = (Vec::new(), Vec::new());
    for (round, index) in (0..layout.address_bits()).rev().enumerate() {
        let mut values = rounds::values(&product, index, 2);
        let polynomial = batch_mask.as_mut().map(|(_, polynomial)| polynomial);
        add_mask(&mut values, polynomial.as_deref(), kappa2, round);
        finish_round(&values, &mut batch, &mut drawn, &mut transcript, polynomial, round);
        rounds::bind(&mut product, index, *drawn.last().ok_or(ProveError::Unlucky)?);
    }
    let u = coordinates(drawn.clone(), layout.address_bits());
    let mut value = product[0].factors[0][0];
    conduct.value(&mut value, &|| {
        let stated = [total + constant].into_iter().chain(values.iter().copied());
        let stated = stated.chain(kappa.map(|_| rest(&operands)));
        let mut claim: Fr = stated.zip(field::powers(theta)).map(|(value, weight)| value * weight).sum();
        claim += kappa2.zip(masks).map_or(Fr::ZERO, |(kappa, masks)| kappa * masks.batch_sum);
        (left(claim, &batch, &drawn), product[0].factors[1][0])
    });

    // The opening.
    let (low, high) = u.split_at(layout.chunk_bits.into());
    let chunks = assignment.weights.iter().chain(assignment.tables).chain(assignment.inputs);
    let chunks = chunks.chain(&witness1).chain(&witness2);
    let mut cells = vec![Fr::ZERO; (1 << layout.chunk_bits) + 1];
    for (chunk, commitment) in layout.chunks().zip(chunks) {
        let weight = field::eq_index(high, chunk.into());
        cells.iter_mut().zip(&commitment.cells).for_each(|(cell, own)| *cell += weight * own);
        cells[1 << layout.chunk_bits] += weight * commitment.blind;
    }
    transcript.scalar(&value);
    let mut blind = None;
    if masked {
        let mut vector: Vec<Fr> = (0..blind_length(layout.chunk_bits)).map(|_| random()).collect();
        vector.resize(1 << layout.chunk_bits, Fr::ZERO);
        vector.push(random());
        let eq = field::eq_table(low);
        let opened: Fr = vector.iter().zip(&eq).map(|(cell, weight)| *cell * weight).sum();
        let message = Blind { commitment: setup.polynomial(&vector), value: opened };
        transcript.scalar(&message.value);
        transcript.points([&message.commitment]);
        let eta = transcript.draw();
        cells.iter_mut().zip(&vector).for_each(|(cell, random)| *cell += eta * random);
        blind = Some(message);
    }
    let weights = kappa2.map(|kappa| batch_mask_weights(kappa, &u));
    let mask = batch_mask.as_ref().zip(weights.as_ref()).map(|((m, _), w)| (m.as_slice(), w.as_slice()));
    let opening = opening::open(setup, &Opened { cells, point: low, mask }, &mut transcript);
    let witness1 = points(&witness1).copied().collect();
    let witness2 = points(&witness2).copied().collect();
    Ok(Proof { witness1, masks, witness2, total, main, operands, batch, value, blind, opening })
}

/// What is left of a claim after rounds.
fn left(claim: Fr, rounds: &[sumcheck::Round], drawn: &[Fr]) -> Fr {
    rounds.iter().zip(drawn).fold(claim, |claim, (round, x)| sumcheck::evaluate(claim, round, *x))
}

fn points(commitments: &[Commitment]) -> impl Iterator<Item = &G1Affine> {
    commitments.iter().map(|commitment| &commitment.point)
}

fn add_mask(values: &mut [Fr], mask: Option<&Mask>, kappa: Option<Fr>, round: usize) {
    if let (Some(mask), Some(kappa)) = (mask, kappa) {
        let degree = values.len() - 1;
        values.iter_mut().zip(mask.values(round, degree)).for_each(|(value, own)| *value += kappa * own);
    }
}

/// Sends a round, draws its challenge, and binds the mask.
fn finish_round(
    values: &[Fr],
    sent: &mut Vec<Vec<Fr>>,
    drawn: &mut Vec<Fr>,
    transcript: &mut impl Oracle,
    mask: Option<&mut Mask>,
    round: usize,
) {
    let message = crate::rounds::sent(values);
    transcript.scalars(&message);
    let x = transcript.draw();
    if let Some(mask) = mask {
        mask.bind(round, x);
    }
    sent.push(message);
    drawn.push(x);
}

/// The main sumcheck's members ([5.1]).
fn members(
    descriptor: &Descriptor,
    challenges: &Challenges,
    space: &Space<'_>,
    sides: Vec<Vec<Fr>>,
    helper: Vec<Fr>,
    table: Vec<Fr>,
    fractions: Vec<Fr>,
) -> Vec<Member> {
    let layout = &descriptor.layout;
    let variables = descriptor.variables();
    let scale = |bits: u8| field::half_to((variables - usize::from(bits)) as u32);
    let eq =
        |at: u8, bits: u8| field::eq_table(&challenges.r[at.into()..usize::from(at) + usize::from(bits)]);
    let mut lookup_factors = vec![eq(0, layout.slot_bits), helper];
    lookup_factors.extend(sides);
    let mut members = vec![
        Member {
            weight: challenges.lambda_a * scale(layout.slot_bits),
            factors: lookup_factors,
            combine: |values| values[0] * claims::lookup_defect(values[1], &values[2..]),
        },
        Member {
            weight: challenges.lambda_b * scale(layout.table_bits),
            factors: vec![eq(0, layout.table_bits), fractions, table],
            combine: |values| values.iter().product(),
        },
    ];
    for (relation, weight) in descriptor.relations.iter().zip(field::powers(challenges.lambda)) {
        for product in &relation.products {
            let mut factors: Vec<Vec<Fr>> = [&product.a, &product.b]
                .map(|operand| space.operand(operand, product.vars, &challenges.r))
                .into();
            if product.grouped > 0 {
                let own = eq(product.group_point, product.grouped);
                factors.push(own.iter().copied().cycle().take(1 << product.vars).collect());
            }
            let combine = |values: &[Fr]| values.iter().product();
            members.push(Member { weight: weight * scale(product.vars), factors, combine });
        }
    }
    members
}
