//! The simulator of [12.1]: proofs without a witness, for a verifier whose oracle is programmed.
//!
//! It draws the challenges first, then everything that a proof sends, uniformly; what the verifier's equations determine
//! it computes. It is given what everybody has: the descriptor, the registered points, the statement, the setup. That it
//! is accepted for statements that are false shows that no witness is in it. That real proofs are distributed like its
//! own is what the rank tests show (`rank.rs`, and the opening's in `reference/opening.rs`): what a simulator draws
//! uniformly is, in a real proof, an independent linear form of uniform masks.

#[path = "../../plan/tests/cases/mod.rs"]
mod cases;
mod lies;

use alloy_primitives::B256;
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::{AdditiveGroup, Field};
use averment_prover::Setup;
use averment_verifier::{
    VerifyError, batch_mask_weights,
    claims::{self, Challenges, Operands},
    coordinates,
    descriptor::Descriptor,
    field::{self, Fr},
    opening::{Opening, eq_polynomial, horner, split},
    point::{G1Affine, G1Projective},
    proof::{Blind, MaskMessage, Proof},
    statement::{Mode, Statement},
    sumcheck,
    transcript::Oracle,
    verify_with,
};
use lies::bench::{Bench, Claimed};
use std::collections::VecDeque;

/// An oracle that answers what it was told to, whatever it hears.
struct Programmed(VecDeque<Fr>);

impl Oracle for Programmed {
    fn word(&mut self, _: &B256) {}

    fn draw(&mut self) -> Fr {
        self.0.pop_front().expect("as many challenges as the protocol draws")
    }
}

/// Uniform numbers, kept in the order drawn so that challenges can be programmed.
struct Random(u64);

impl Random {
    fn one(&mut self) -> Fr {
        self.0 += 1;
        field::reduced(&alloy_primitives::keccak256(self.0.to_be_bytes()))
    }

    fn many(&mut self, count: usize) -> Vec<Fr> {
        (0..count).map(|_| self.one()).collect()
    }

    fn point(&mut self) -> G1Affine {
        (G1Projective::generator() * self.one()).into_affine()
    }

    fn points(&mut self, count: usize) -> Vec<G1Affine> {
        (0..count).map(|_| self.point()).collect()
    }
}

/// Challenges, as the oracle will give them.
struct Told {
    challenges: Challenges,
    kappa: Fr,
    main: Vec<Fr>,
    kappa2: Fr,
    theta: Fr,
    batch: Vec<Fr>,
    eta: Fr,
    /// α, ω, ζ, ξ, z, δ.
    opening: [Fr; 6],
}

impl Told {
    fn draw(descriptor: &Descriptor, random: &mut Random) -> Self {
        Self {
            challenges: Challenges {
                beta: random.one(),
                gamma: random.one(),
                r: random.many(descriptor.point_length()),
                lambda: random.one(),
                lambda_a: random.one(),
                lambda_b: random.one(),
                lambda_c: random.one(),
            },
            kappa: random.one(),
            main: random.many(descriptor.degrees(true).len()),
            kappa2: random.one(),
            theta: random.one(),
            batch: random.many(descriptor.layout.address_bits()),
            eta: random.one(),
            opening: std::array::from_fn(|_| random.one()),
        }
    }

    /// In the order of [9.2].
    fn oracle(&self) -> Programmed {
        let Challenges { beta, gamma, r, lambda, lambda_a, lambda_b, lambda_c } = &self.challenges;
        let mut order = vec![*beta, *gamma];
        order.extend(r);
        order.extend([lambda, lambda_a, lambda_b, lambda_c, &self.kappa]);
        order.extend(&self.main);
        order.extend([self.kappa2, self.theta]);
        order.extend(&self.batch);
        order.push(self.eta);
        order.extend(self.opening);
        Programmed(order.into())
    }
}

/// A proof without a witness, and the oracle that it is accepted under.
fn simulate(
    descriptor: &Descriptor,
    setup: &Setup,
    registered: &[G1Affine],
    table_outs: &[i64],
    statement: &Statement,
    random: &mut Random,
) -> (Proof, Programmed) {
    let layout = &descriptor.layout;
    let told = Told::draw(descriptor, random);

    // What a real proof's masks make uniform.
    let (witness1, witness2) = (random.points(layout.witness1.len()), random.points(layout.witness2.len()));
    let (main_sum, batch_sum, total) = (random.one(), random.one(), random.one());
    let main: Vec<Vec<Fr>> = descriptor.degrees(true).iter().map(|degree| random.many(*degree)).collect();
    let batch: Vec<Vec<Fr>> = told.batch.iter().map(|_| random.many(2)).collect();
    let (value, blind) = (random.one(), Blind { commitment: random.point(), value: random.one() });
    let mut operands =
        Operands::from_slice(descriptor.layout.slots.len(), &random.many(descriptor.operands())).unwrap();

    // The main sumcheck's end. The tables are public.
    let rho = coordinates(told.main.clone(), descriptor.variables());
    let mut functionals = claims::operands(descriptor, &told.challenges, &rho);
    let outs: Vec<Fr> = table_outs.iter().map(|out| Fr::from(*out)).collect();
    operands.table = functionals[descriptor.layout.slots.len() + 2]
        .0
        .iter()
        .map(|term| {
            let weights = &term.axes[0].values();
            term.coefficient * weights.iter().zip(&outs).map(|(weight, out)| *weight * out).sum::<Fr>()
        })
        .sum();
    let end = |claim: Fr, rounds: &[Vec<Fr>], drawn: &[Fr]| {
        rounds.iter().zip(drawn).fold(claim, |claim, (round, x)| sumcheck::evaluate(claim, round, *x))
    };
    let rest = end(total + told.kappa * main_sum, &main, &told.main)
        - claims::end(descriptor, &told.challenges, &rho, &operands);

    // The batch evaluation's: what is left over is the mask's.
    let (first, constant) = claims::total(descriptor, &told.challenges, &statement.public, statement.mode);
    functionals.insert(0, first);
    functionals.push(claims::rest(descriptor, told.kappa, &rho).unwrap());
    let mut values = vec![total + constant];
    values.extend(operands.to_vec());
    values.push(rest);
    let weighed =
        |values: &[Fr]| -> Fr { values.iter().zip(field::powers(told.theta)).map(|(v, w)| *v * w).sum() };
    let u = coordinates(told.batch.clone(), layout.address_bits());
    let at: Vec<Fr> = functionals.iter().map(|functional| functional.at(&u)).collect();
    let mask_value =
        end(weighed(&values) + told.kappa2 * batch_sum, &batch, &told.batch) - value * weighed(&at);

    // The opening: polynomials of the least degree that leaves what is sent of them uniform.
    let [alpha, omega, zeta, xi, z, _] = told.opening;
    let inverse = zeta.inverse().unwrap();
    let (low, high) = u.split_at(layout.chunk_bits.into());
    let (column, row) = split(low);
    let width = 1_u64 << column.len();
    let (d, s, m) = (random.many(3), random.many(3), random.many(3));
    let both = |polynomial: &[Fr]| (horner(polynomial, zeta), horner(polynomial, inverse));
    let line = random.many(2);
    let g = (zeta.pow([width - 1]) * both(&d).1, inverse.pow([width - 1]) * both(&d).0);
    let weights = batch_mask_weights(told.kappa2, &u);
    let cross = |(a, b): (Fr, Fr), at: &dyn Fn(Fr) -> Fr| a * at(inverse) + b * at(zeta);
    let twice = cross(g, &|x| eq_polynomial(column, x))
        + omega * cross(both(&line), &|x| eq_polynomial(row, x))
        + omega * omega * cross(both(&m), &|x| horner(&weights, x))
        - (zeta * both(&s).0 + inverse * both(&s).1);
    let opened = value + told.eta * blind.value;
    let h_alpha = twice * field::half_to(1) - omega * opened - omega * omega * mask_value;
    // h is the line at ζ and 1/ζ, h(α) at α, and uniform elsewhere: line + (a + bX)(X - ζ)(X - 1/ζ).
    let slope = random.one();
    let apart = (alpha - zeta) * (alpha - inverse);
    let offset = (h_alpha - horner(&line, alpha)) * apart.inverse().unwrap() - slope * alpha;
    let h = times(&[offset, slope], &times(&[-zeta, Fr::ONE], &[-inverse, Fr::ONE]));
    let h: Vec<Fr> = h
        .iter()
        .enumerate()
        .map(|(place, own)| *own + line.get(place).copied().unwrap_or_default())
        .collect();
    assert_eq!(horner(&h, alpha), h_alpha);

    let openings: [(&[Fr], Fr); 9] = [
        (&d, zeta),
        (&d, inverse),
        (&h, zeta),
        (&h, inverse),
        (&h, alpha),
        (&s, zeta),
        (&s, inverse),
        (&m, zeta),
        (&m, inverse),
    ];
    let (mut w, mut last) = (Vec::new(), Vec::new());
    for ((polynomial, x), power) in openings.into_iter().zip(field::powers(xi)) {
        let mut own = polynomial.to_vec();
        own[0] -= horner(polynomial, x);
        add(&mut w, power, &divide(&own, x));
        add(&mut last, power * (z - x).inverse().unwrap(), &own);
    }
    add(&mut last, -Fr::ONE, &w);
    let w2 = divide(&last, z);

    // [T] is uniform and [q] what it makes of C: both are forms of what nobody knows.
    let points = registered.iter().chain(&witness1).chain(&witness2);
    let chunks = layout.chunks().zip(points);
    let mut commitment: G1Projective =
        chunks.map(|(chunk, point)| *point * field::eq_index(high, chunk.into())).sum();
    commitment += blind.commitment * told.eta;
    let t = random.one();
    let [one, tau] = [setup.powers()[0], setup.powers()[1]];
    let quotient = commitment + one * (t * zeta - g.0) - tau * t;
    let q = quotient * (zeta.pow([width]) - alpha).inverse().unwrap();

    let opening = Opening {
        h: setup.polynomial(&h),
        q: q.into_affine(),
        d: setup.polynomial(&d),
        s: setup.polynomial(&s),
        values: [both(&d), both(&h), both(&s)],
        mask: Some(both(&m)),
        t: (one * t).into_affine(),
        w: setup.polynomial(&w),
        w2: setup.polynomial(&w2),
    };
    let masks = Some(MaskMessage { commitment: setup.polynomial(&m), main_sum, batch_sum });
    let proof =
        Proof { witness1, masks, witness2, total, main, operands, batch, value, blind: Some(blind), opening };
    (proof, told.oracle())
}

fn times(a: &[Fr], b: &[Fr]) -> Vec<Fr> {
    let mut product = vec![Fr::ZERO; a.len() + b.len() - 1];
    for (i, x) in a.iter().enumerate() {
        b.iter().enumerate().for_each(|(j, y)| product[i + j] += *x * y);
    }
    product
}

fn add(sum: &mut Vec<Fr>, factor: Fr, polynomial: &[Fr]) {
    sum.resize(sum.len().max(polynomial.len()), Fr::ZERO);
    sum.iter_mut().zip(polynomial).for_each(|(sum, own)| *sum += factor * own);
}

/// The quotient by `X - x` of a polynomial that is zero there.
fn divide(polynomial: &[Fr], x: Fr) -> Vec<Fr> {
    let mut carry = Fr::ZERO;
    let mut quotient: Vec<Fr> = polynomial[1..]
        .iter()
        .rev()
        .map(|coefficient| {
            carry = carry * x + coefficient;
            carry
        })
        .collect();
    quotient.reverse();
    quotient
}

fn benches() -> Vec<Bench> {
    let (draft, weights) = cases::above();
    let models = [cases::dense_model(), cases::windows(), cases::tied(), cases::model(draft, weights)];
    let joint = models.into_iter().map(|model| Bench::new(model, Mode::ZeroKnowledge));
    joint.chain([Bench::separate(cases::two_inputs(), Mode::ZeroKnowledge)]).collect()
}

#[test]
fn proofs_are_made_without_a_witness_where_the_oracle_is_programmed() {
    let random = &mut Random(1);
    for bench in benches() {
        // The statement is false: the first output is another; a decision, another class.
        let mut statement = bench.statement.clone();
        bench.spoil(&mut statement.public[0]);
        let (proof, oracle) = simulate(
            bench.descriptor(),
            &bench.setup,
            &bench.points(),
            &bench.derived.table_outs,
            &statement,
            random,
        );
        // It has a proof's bytes.
        let bytes = proof.encode();
        assert_eq!(Proof::decode(&bytes, bench.descriptor(), Mode::ZeroKnowledge).as_ref(), Ok(&proof));
        let check = |mut oracle: Programmed| {
            let verdict = verify_with(
                &mut oracle,
                bench.descriptor(),
                &bench.key(),
                &bench.registered,
                &statement,
                &proof,
            );
            (verdict, oracle.0.len())
        };
        let answers = oracle.0.clone();
        assert_eq!(check(oracle), (Ok(()), 0), "every challenge was drawn");
        // Each challenge but δ matters, so each must be programmed. Like a real proof's, both equations of the opening
        // hold by themselves, whatever δ makes of them.
        for place in 0..answers.len() {
            let mut other = answers.clone();
            other[place] += Fr::ONE;
            let last = place == answers.len() - 1;
            let expected = if last { Ok(()) } else { Err(VerifyError::Opening) };
            assert_eq!(check(Programmed(other)), (expected, 0), "challenge {place}");
        }
        // Under the real transcript it is nothing.
        let claimed = Claimed { registered: bench.registered.clone(), statement, proof };
        assert_eq!(bench.verify(&claimed), Err(VerifyError::Opening));
    }
}
