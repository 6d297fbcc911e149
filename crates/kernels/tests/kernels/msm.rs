use crate::values::{Random, doublings, edges, powers_of_tau};
use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, Field};
use averment_kernels::{Backend, Bases};

const SIZES: &[usize] = &[0, 1, 2, 3, 7, 8, 9, 31, 64, 100, 257];

/// Every backend's Bases of `points`, the reference's first.
fn all(points: &[G1Affine]) -> Vec<(Backend, Bases)> {
    Backend::available().map(|backend| (backend, Bases::new(backend, points))).collect()
}

fn check(points: &[G1Affine], scalars: &[Fr]) {
    let mut all = all(points).into_iter();
    let expected = all.next().unwrap().1.msm(scalars);
    for (backend, bases) in all {
        assert_eq!(bases.msm(scalars), expected, "{backend:?}, {} scalars", scalars.len());
    }
}

fn check_integers(points: &[G1Affine], scalars: &[i32]) {
    let long: Vec<i64> = scalars.iter().map(|x| (*x).into()).collect();
    let mut all = all(points).into_iter();
    let expected = all.next().unwrap().1.msm_i32(scalars);
    for (backend, bases) in all {
        assert_eq!(bases.msm_i32(scalars), expected, "{backend:?}, {} scalars", scalars.len());
        assert_eq!(bases.msm_i64(&long), expected, "{backend:?}, {} long scalars", scalars.len());
    }
}

#[test]
fn full_width_agrees() {
    let mut random = Random(1);
    let points = powers_of_tau(Fr::from(0x1234_5678u64), 257);
    for &len in SIZES {
        check(&points, &random.frs(len));
        check(&points, &random.awkwards(len));
    }
    for edge in edges() {
        check(&points, &[edge; 40]);
    }
}

#[test]
fn integers_agree() {
    let mut random = Random(2);
    let points = doublings(257);
    for &len in SIZES {
        for bits in [2, 8, 12, 16, 17, 18, 32] {
            check_integers(&points, &random.i32s(len, bits));
        }
    }
    for edge in [0, 1, -1, i32::MIN, i32::MAX, -32768, 32767, 1 << 17, -(1 << 17)] {
        check_integers(&points, &[edge; 40]);
    }
}

#[test]
fn long_integers_agree() {
    let mut random = Random(3);
    let points = doublings(100);
    let scalars: Vec<i64> = (0..100)
        .map(|i| match i % 4 {
            0 => random.word() as i64 >> 23,
            1 => [i64::MIN, i64::MAX, 1 << 40, -(1 << 40)][i / 4 % 4],
            _ => random.word() as i64,
        })
        .collect();
    let mut all = all(&points).into_iter();
    let expected = all.next().unwrap().1.msm_i64(&scalars);
    all.for_each(|(backend, bases)| assert_eq!(bases.msm_i64(&scalars), expected, "{backend:?}"));
}

/// Zero differences in a batch of affine additions: equal points, opposite points, the identity, and sums that meet.
#[test]
fn coinciding_points_agree() {
    let mut random = Random(4);
    let g = G1Affine::generator();
    let two: G1Affine = (g + g).into_affine();
    let patterns: [Vec<G1Affine>; 7] = [
        vec![g],
        vec![g, -g],
        vec![g, two],
        vec![g, g, two, -two],
        vec![G1Affine::identity()],
        vec![g, G1Affine::identity(), -g],
        // τ = -1 and τ = 1: powers of a tau that a setup must not have.
        powers_of_tau(-Fr::ONE, 2),
    ];
    for pattern in patterns {
        for len in [1, 2, 3, 8, 16, 17, 96, 257] {
            let points: Vec<G1Affine> = pattern.iter().copied().cycle().take(len).collect();
            check(&points, &random.awkwards(len));
            check(&points, &vec![Fr::ONE; len]);
            check_integers(&points, &vec![1; len]);
            check_integers(&points, &vec![-3; len]);
            let alternating: Vec<i32> = (0..len as i32).map(|i| [5, -5, 7, 5][i as usize % 4]).collect();
            check_integers(&points, &alternating);
            check_integers(&points, &random.i32s(len, 9));
        }
    }
}

/// A few coinciding points among many that are not: the batch around them must survive.
#[test]
fn one_coincidence_leaves_the_batch_whole() {
    let mut random = Random(5);
    let mut points = doublings(600);
    points[17] = points[16];
    points[301] = -points[300];
    points[400] = G1Affine::identity();
    for scalar in [1, -1, 2, 100] {
        check_integers(&points, &vec![scalar; 600]);
    }
    check_integers(&points, &random.i32s(600, 4));
    check(&points, &vec![-Fr::ONE; 600]);
    check(&points, &random.frs(600));
}

/// One bucket of many batches: coincidences in the first and in a later one, each repaired for itself.
#[test]
fn coincidences_in_some_batches_leave_the_others_whole() {
    let mut points = doublings(10_000);
    points[7] = points[6];
    points[5_001] = -points[5_000];
    points[9_998] = points[9_999];
    check_integers(&points, &vec![1; points.len()]);
}

#[test]
fn parts_add_up() {
    let mut random = Random(6);
    let points = doublings(100);
    let scalars = random.frs(100);
    let small = random.i32s(100, 12);
    for (backend, bases) in all(&points) {
        assert_eq!(bases.len(), 100);
        for cut in [0, 1, 8, 50, 99, 100] {
            let parts = bases.msm(&scalars[..cut]) + bases.msm_at(cut, &scalars[cut..]);
            assert_eq!(parts, bases.msm(&scalars), "{backend:?} cut at {cut}");
            let parts = bases.msm_i32(&small[..cut]) + bases.msm_i32_at(cut, &small[cut..]);
            assert_eq!(parts, bases.msm_i32(&small), "{backend:?} cut at {cut}");
        }
    }
}

/// Large enough that every window and batch is used; against ark's own algorithm.
#[test]
#[cfg_attr(debug_assertions, ignore = "needs --release")]
fn large_ones_agree_with_ark() {
    use ark_ec::VariableBaseMSM;
    let mut random = Random(7);
    for log_len in [10, 13, 16] {
        let len = (1 << log_len) - 5;
        let points = doublings(len);
        let scalars = random.frs(len);
        let expected = G1Projective::msm_unchecked(&points, &scalars);
        let small: Vec<i32> = random.i32s(len, 16);
        let small_fr: Vec<Fr> = small.iter().map(|x| Fr::from(*x)).collect();
        let expected_small = G1Projective::msm_unchecked(&points, &small_fr);
        for backend in Backend::available().filter(|backend| *backend != Backend::Reference) {
            let bases = Bases::new(backend, &points);
            assert_eq!(bases.msm(&scalars), expected, "{backend:?}");
            assert_eq!(bases.msm_i32(&small), expected_small, "{backend:?}");
        }
    }
    // The identity is what nothing adds up to.
    assert_eq!(Bases::new(Backend::best(), &doublings(5)).msm(&[Fr::ZERO; 5]), G1Projective::ZERO);
}

#[test]
fn threads_share_long_sums_and_change_nothing() {
    let mut random = Random(9);
    let len = 5000;
    let points = averment_kernels::multiples(Backend::best(), &G1Affine::generator(), &random.frs(len));
    let (scalars, integers) = (random.frs(len), random.i32s(len, 20));
    for backend in Backend::available().filter(|backend| *backend != Backend::Reference) {
        let bases = Bases::new(backend, &points);
        let expected = (bases.msm(&scalars), bases.msm_i32(&integers));
        for threads in [2, 3, 64] {
            let bases = bases.clone().with_threads(threads.try_into().unwrap());
            assert_eq!((bases.msm(&scalars), bases.msm_i32(&integers)), expected, "{threads} on {backend:?}");
        }
    }
}
