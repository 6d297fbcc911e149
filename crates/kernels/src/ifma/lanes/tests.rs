//! The bounds are proved in comments; here the extremes are tried.

use super::*;
use ark_bn254::{Fq, Fr};
use ark_ff::{BigInt, Field, PrimeField};

fn edges<M: Modulus>() -> [Element<M>; 8] {
    let mut top = M::MODULUS;
    top.0[0] -= 1;
    let mut random = Element::<M>::from(0x1234_5678_9abc_def1u64);
    for _ in 0..20 {
        random = random.square() + Element::<M>::ONE;
    }
    [
        Element::<M>::ZERO,
        Element::<M>::ONE,
        -Element::<M>::ONE,
        Element::new_unchecked(BigInt([1, 0, 0, 0])),
        Element::new_unchecked(top),
        Element::new_unchecked(BigInt([u64::MAX, u64::MAX, u64::MAX, 0x3064_4e72_e131_a028])),
        random,
        random.inverse().unwrap(),
    ]
}

fn elements<M: Modulus>(lanes: Lanes<M>) -> [Element<M>; 8] {
    let mut out = [Element::<M>::ZERO; 8];
    lanes.to_elements(&mut out);
    out
}

/// `x + kp` in every lane.
fn raised<M: Modulus>(token: Token, x: Lanes<M>, k: usize) -> Lanes<M> {
    x.canonical().add(Lanes::constant(token, M::MULTIPLES[k]))
}

fn arithmetic<M: Modulus>() {
    let Some(token) = Token::detect() else { return };
    let a = edges::<M>();
    for turn in 0..8 {
        let mut b = a;
        b.rotate_left(turn);
        let (x, y) = (Lanes::from_elements(token, &a), Lanes::from_elements(token, &b));
        let each = |f: fn(Element<M>, Element<M>) -> Element<M>| std::array::from_fn(|i| f(a[i], b[i]));
        assert_eq!(elements(x), a);
        for (i, j) in [(0, 0), (0, 1), (1, 1), (5, 5), (8, 8), (15, 4)] {
            let (x, y) = (raised(token, x, i), raised(token, y, j));
            assert_eq!(elements(x.mul(y)), each(|a, b| a * b), "{i} {j}");
            assert_eq!(elements(x.add(y)), each(|a, b| a + b));
            assert_eq!(elements(x.add_reduced(y).canonical()), each(|a, b| a + b));
            assert_eq!(elements(x.sub::<9>(y)), each(|a, b| a - b));
            assert_eq!(elements(x.sub_reduced::<10>(y).canonical()), each(|a, b| a - b));
            let two = x.sub_two_reduced::<15>(y, raised(token, y, j.min(3)).loose());
            assert_eq!(elements(two.canonical()), each(|a, b| a - b - b));
        }
        let folded = Lanes::fold(raised(token, x, 1), raised(token, y, 1), Lanes::splat(token, &a[7]));
        let expected: [_; 8] = std::array::from_fn(|i| a[i] + a[7] * (b[i] - a[i]));
        assert_eq!(elements(folded.canonical()), expected);
        let mask = 0b1010_0101;
        let minus: [_; 8] = std::array::from_fn(|i| if mask >> i & 1 == 1 { -a[i] } else { a[i] });
        let minus_x = raised(token, x, 1).negate_where::<2>(mask);
        let difference: [_; 8] = std::array::from_fn(|i| b[i] - minus[i]);
        assert_eq!(elements(raised(token, y, 1).sub_loose_reduced::<3>(minus_x).canonical()), difference);
        assert_eq!(elements(raised(token, y, 1).loose().sub::<2>(minus_x)), difference);
        let doubled = raised(token, y, 3).sub_two_reduced::<9>(raised(token, y, 3), x.doubled());
        assert_eq!(elements(doubled.canonical()), a.map(|a| -a - a));
        assert_eq!(elements(x.blend(0b1111_0000, y))[3..5], [a[3], b[4]]);
        assert_eq!(x.sum(), a.iter().sum());
    }
}

#[test]
fn lanes_compute_in_both_fields() {
    arithmetic::<FrConfig>();
    arithmetic::<FqConfig>();
}

/// Quotients are estimated: around every multiple of p they must be neither too large nor off by more than allowed.
#[test]
fn reduction_is_right_around_multiples_of_the_modulus() {
    let Some(token) = Token::detect() else { return };
    let one = Lanes::<FrConfig>::constant(token, [1, 0, 0, 0, 0]);
    let two_p = Lanes::<FrConfig>::constant(token, FrConfig::MULTIPLES[2]);
    for k in 0..16 {
        let multiple = Lanes::<FrConfig>::constant(token, FrConfig::MULTIPLES[k]);
        let expected = Fr::new_unchecked(BigInt([1, 0, 0, 0])) / Fr::from(16u64);
        assert_eq!(elements(multiple.add_reduced(one).canonical()), [expected; 8], "{k}p + 1");
        assert_eq!(elements(multiple.add_reduced(Lanes::zero(token)).canonical()), [Fr::ZERO; 8], "{k}p");
        if k > 0 {
            // kp - 1, and kp - 1 + p through negative limbs.
            let below = multiple.sub::<1>(one).sub_reduced::<1>(Lanes::zero(token));
            assert_eq!(elements(below.canonical()), [-expected; 8], "{k}p - 1");
            assert_eq!(elements(multiple.sub_reduced::<3>(two_p).canonical()), [Fr::ZERO; 8], "{k}p - 2p");
            let below = multiple.sub_reduced::<2>(one).canonical();
            assert_eq!(elements(below), [-expected; 8]);
        }
    }
}

#[test]
fn canonical_zero_is_found() {
    let Some(token) = Token::detect() else { return };
    let mut x = edges::<FqConfig>();
    x[4] = Fq::ZERO;
    let lanes = Lanes::from_elements(token, &x);
    assert_eq!(lanes.canonical().zero_mask(), 0b1_0001);
    assert_eq!(raised(token, lanes, 1).canonical().zero_mask(), 0b1_0001);
}

#[test]
fn wide_sums_hold_their_capacity() {
    let Some(token) = Token::detect() else { return };
    // Just below 4p and 8p: the product of the bounds is the largest allowed.
    let minus_one = Lanes::<FrConfig>::splat(token, &-Fr::ONE);
    let (a, b) = (raised(token, minus_one, 3), raised(token, minus_one, 7));
    let mut wide = Wide::zero(token);
    (0..Wide::<FrConfig>::CAPACITY).for_each(|_| wide.add(a, b));
    let count = Fr::from(Wide::<FrConfig>::CAPACITY as u64);
    assert_eq!(elements(wide.reduce().canonical()), [count; 8]);

    // (p - 1 + p) · (2^32 - 1), 1024 times.
    let mut wide = WideSmall::zero(token);
    let x = offset_integers(token, &[i32::MAX; 8]);
    let a = raised(token, minus_one, 1);
    (0..WideSmall::<FrConfig>::CAPACITY).for_each(|_| wide.add(a, x));
    let expected = -Fr::from(1024u64 * u64::from(u32::MAX)) / Fr::from(1u64 << 52);
    assert_eq!(elements(wide.reduce()), [expected; 8]);
}

#[test]
fn blocks_and_broadcasts_keep_lanes() {
    let Some(token) = Token::detect() else { return };
    let a = edges::<FrConfig>();
    let mut block = Block::ZERO;
    Lanes::from_elements(token, &a).store(&mut block);
    assert_eq!(elements(Lanes::<FrConfig>::load(token, &block)), a);
    for (i, x) in a.iter().enumerate() {
        assert_eq!(elements(Lanes::<FrConfig>::broadcast(token, &block, i)), [*x; 8]);
        assert_eq!(elements(Lanes::splat(token, x)), [*x; 8]);
    }
    let words: Fr = Fr::new_unchecked(BigInt(Fr::MODULUS.0));
    assert_eq!(words, Fr::new_unchecked(Fr::MODULUS));
}
