use crate::values::Random;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use averment_kernels::{Backend, FieldVec, Lookup, Product, bracket};

/// All round polynomials, the operands, and eq at the end.
type Run = (Vec<Vec<Fr>>, Vec<Fr>, Fr);

fn evaluate(polynomial: &[Fr], x: Fr) -> Fr {
    polynomial.iter().rev().fold(Fr::ZERO, |sum, c| sum * x + c)
}

fn product(backend: Backend, a: &[Fr], b: &[Fr], point: &[Fr], challenges: &[Fr]) -> Run {
    let mut member = Product::new(FieldVec::new(backend, a), FieldVec::new(backend, b), point);
    let mut rounds = vec![];
    for challenge in challenges {
        let degree = member.degree();
        let polynomial = member.round();
        assert_eq!(polynomial.len(), degree + 1);
        rounds.push(polynomial);
        member.bind(*challenge);
    }
    (rounds, member.operands().to_vec(), member.eq_value())
}

fn lookup(backend: Backend, h: &[Fr], d: &[Vec<Fr>], point: &[Fr], challenges: &[Fr]) -> Run {
    let columns = d.iter().map(|d| FieldVec::new(backend, d)).collect();
    let mut member = Lookup::new(FieldVec::new(backend, h), columns, point);
    let mut rounds = vec![];
    for challenge in challenges {
        let polynomial = member.round();
        assert_eq!((polynomial.len(), member.degree()), (d.len() + 3, d.len() + 2));
        rounds.push(polynomial);
        member.bind(*challenge);
    }
    let (helper, sides) = member.operands();
    (rounds, [vec![helper], sides].concat(), member.eq_value())
}

/// The chain of claims holds from the sum to the operands.
fn assert_chain((rounds, operands, eq): &Run, mut claim: Fr, challenges: &[Fr], f: impl Fn(&[Fr]) -> Fr) {
    for (polynomial, challenge) in rounds.iter().zip(challenges) {
        assert_eq!(polynomial[0] + polynomial.iter().sum::<Fr>(), claim);
        claim = evaluate(polynomial, *challenge);
    }
    assert_eq!(*eq * f(operands), claim);
}

#[test]
fn products_agree() {
    let mut random = Random(1);
    for variables in 0..9 {
        for coordinates in 0..=variables {
            let (a, b) = (random.awkwards(1 << variables), random.awkwards(1 << variables));
            // Coordinates 0 and 1 are among them: there a claim does not determine q(1).
            let point = random.awkwards(coordinates);
            let challenges = random.awkwards(variables);
            let expected = product(Backend::Reference, &a, &b, &point, &challenges);
            let eq = FieldVec::eq_table(Backend::Reference, &point).to_vec();
            let claim = (0..a.len()).map(|i| eq[i % eq.len()] * a[i] * b[i]).sum();
            assert_chain(&expected, claim, &challenges, |v| v[0] * v[1]);
            for backend in Backend::available() {
                let run = product(backend, &a, &b, &point, &challenges);
                assert_eq!(run, expected, "{backend:?}, {coordinates} of {variables}");
            }
        }
    }
}

#[test]
fn products_of_integers_agree() {
    let mut random = Random(4);
    for variables in 0..12 {
        let (a, b) = (random.i32s(1 << variables, 32), random.awkwards(1 << variables));
        let challenges = random.awkwards(variables);
        let mut a_field: Vec<Fr> = a.iter().map(|x| Fr::from(*x)).collect();
        // Field elements among them, in one half, in both, over the middle.
        let size = 1 << variables;
        let places = [(0, size / 4), (size / 2, size / 2), (size / 4, size / 8), (size / 4, size / 2)];
        let blocks: Vec<(usize, Vec<Fr>)> =
            places[..variables.min(4)].iter().map(|(at, len)| (*at, random.awkwards(*len))).collect();
        for (at, block) in &blocks {
            a_field[*at..].iter_mut().zip(block).for_each(|(cell, own)| *cell += own);
        }
        let expected = product(Backend::Reference, &a_field, &b, &[], &challenges);
        for backend in Backend::available() {
            let blocks = blocks.iter().map(|(at, block)| (*at, FieldVec::new(backend, block))).collect();
            let mut member = Product::with_integers(a.clone(), blocks, FieldVec::new(backend, &b));
            let mut rounds = vec![];
            for challenge in &challenges {
                rounds.push(member.round());
                member.bind(*challenge);
            }
            assert_eq!((rounds, member.operands().to_vec(), member.eq_value()), expected, "{backend:?}");
        }
    }
    // Accumulators at their fullest.
    let b = vec![-Fr::ONE; 1 << 14];
    for (low, high) in [(i32::MIN, i32::MAX), (i32::MAX, i32::MIN), (i32::MIN, i32::MIN)] {
        let a: Vec<i32> = (0..1 << 14).map(|i| if i < 1 << 13 { low } else { high }).collect();
        let run = |backend| Product::with_integers(a.clone(), Vec::new(), FieldVec::new(backend, &b)).round();
        let expected = run(Backend::Reference);
        assert!(Backend::available().all(|backend| run(backend) == expected));
    }
}

#[test]
fn lookups_agree_true_or_not() {
    let mut random = Random(2);
    for variables in 0..9 {
        for (sides, honest) in (1..=4).flat_map(|sides| [(sides, false), (sides, true)]) {
            let len = 1 << variables;
            let mut column = || if honest { random.frs(len) } else { random.awkwards(len) };
            let d: Vec<Vec<Fr>> = (0..sides).map(|_| column()).collect();
            let h = if honest {
                (0..len).map(|i| d.iter().map(|d| d[i].inverse().unwrap()).sum()).collect()
            } else {
                random.awkwards(len)
            };
            let (point, challenges) = (random.awkwards(variables), random.awkwards(variables));
            let expected = lookup(Backend::Reference, &h, &d, &point, &challenges);
            let eq = FieldVec::eq_table(Backend::Reference, &point).to_vec();
            let row = |i: usize| d.iter().map(|d| d[i]).collect::<Vec<Fr>>();
            let claim = (0..len).map(|i| eq[i] * bracket(h[i], &row(i))).sum::<Fr>();
            assert!(!honest || claim == Fr::ZERO);
            assert_chain(&expected, claim, &challenges, |v| bracket(v[0], &v[1..]));
            for backend in Backend::available() {
                let run = lookup(backend, &h, &d, &point, &challenges);
                assert_eq!(run, expected, "{backend:?}, {sides} columns, {variables} variables");
            }
        }
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs --release")]
fn large_ones_agree() {
    let mut random = Random(3);
    let variables = 14;
    let columns = [(); 5].map(|()| random.awkwards(1 << variables));
    let [h, d @ ..] = &columns;
    let (point, challenges) = (random.frs(variables), random.frs(variables));
    let backends: Vec<Backend> = Backend::available().collect();
    let lookups = backends.iter().map(|backend| lookup(*backend, h, d, &point, &challenges));
    assert!(lookups.collect::<Vec<_>>().windows(2).all(|pair| pair[0] == pair[1]));
    for coordinates in [0, 5, variables] {
        let products =
            backends.iter().map(|backend| product(*backend, h, &d[0], &point[..coordinates], &challenges));
        assert!(products.collect::<Vec<_>>().windows(2).all(|pair| pair[0] == pair[1]));
    }
}

#[test]
#[should_panic(expected = "waits for its challenge")]
fn a_round_is_not_taken_twice() {
    let v = FieldVec::from_i32(Backend::best(), &[1, 2]);
    let mut member = Product::new(v.clone(), v, &[]);
    member.round();
    member.round();
}
