//! One inversion: Bernstein and Yang's division steps (eprint 2019/266), 62 at a time, in variable time.
//!
//! Everything batched ends in one of these, so several times ark's speed shows. Variable time is no leak here: what a prover
//! inverts are products blinded by challenges and differences of public points, and ark's own inversion is no different.
//!
//! State: integers f (odd), g with gcd(f, g) = 1, and d, e with `d·x = f`, `e·x = g` mod p, so that at g = 0 we have f = ±1 and
//! d = ±1/x. A batch of 62 division steps depends on the low words of f and g only and is one matrix with entries below
//! 2^62; f, g are divided by 2^62 exactly, d, e modulo p.

use ark_ff::{AdditiveGroup, BigInt, Fp, MontBackend, MontConfig, PrimeField};

type Element<M> = Fp<MontBackend<M, 4>, 4>;

/// Five signed limbs of 62 bits; the top one carries the sign.
type Signed = [i64; 5];
const LOW: i64 = i64::MAX >> 1;

/// `1/x`, or none for zero.
pub fn inverse<M: MontConfig<4>>(x: &Element<M>) -> Option<Element<M>> {
    let modulus = to_signed(M::MODULUS.0);
    // -1/p mod 2^64 is at hand.
    let modulus_inverse = M::INV.wrapping_neg() as i64 & LOW;
    let (mut d, mut e) = ([0; 5], [1, 0, 0, 0, 0]);
    let (mut f, mut g) = (modulus, to_signed(x.0.0));
    if g == [0; 5] {
        return None;
    }
    let mut eta = -1;
    while g != [0; 5] {
        let matrix;
        (eta, matrix) = division_steps(eta, f[0], g[0]);
        (d, e) = apply_modulo(&matrix, &d, &e, &modulus, modulus_inverse);
        (f, g) = apply(&matrix, &f, &g);
    }
    // |d| < 2p; its sign is f's.
    let words = to_words(between(d, f[4] < 0, &modulus));
    // The representative of x is xR, so d = 1/(xR); R/x is d·R². Ark's product divides by R.
    let square = Element::<M>::new_unchecked(Element::<M>::R2);
    Some(Element::<M>::new_unchecked(BigInt(words)) * (square * square))
}

/// [`inverse`], and zero for zero.
pub fn inverse_or_zero<M: MontConfig<4>>(x: &Element<M>) -> Element<M>
where
    Element<M>: PrimeField,
{
    inverse(x).unwrap_or(Element::<M>::ZERO)
}

/// `(u v; q r)`: 62 division steps multiply (f, g) by it, and by 2^-62.
struct Matrix {
    u: i64,
    v: i64,
    q: i64,
    r: i64,
}

/// 62 division steps on the low words; `eta` is minus the paper's delta.
fn division_steps(mut eta: i64, f: i64, g: i64) -> (i64, Matrix) {
    let (mut u, mut v, mut q, mut r) = (1u64, 0u64, 0u64, 1u64);
    let (mut f, mut g) = (f as u64, g as u64);
    let mut left = 62u32;
    loop {
        // Halve g while it is even; at most `left` times.
        let zeros = (g | u64::MAX << left).trailing_zeros();
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        eta -= i64::from(zeros);
        left -= zeros;
        if left == 0 {
            break;
        }
        if eta < 0 {
            eta = -eta;
            (f, g) = (g, f.wrapping_neg());
            (u, q) = (q, u.wrapping_neg());
            (v, r) = (r, v.wrapping_neg());
        }
        // Add the multiple of f that clears as many low bits of g as eta and the batch allow, at most six:
        // f·(f² - 2) is -1/f modulo 2^6.
        let limit = (eta + 1).min(i64::from(left)).min(6) as u32;
        let w = f.wrapping_mul(g).wrapping_mul(f.wrapping_mul(f).wrapping_sub(2)) & ((1 << limit) - 1);
        g = g.wrapping_add(f.wrapping_mul(w));
        q = q.wrapping_add(u.wrapping_mul(w));
        r = r.wrapping_add(v.wrapping_mul(w));
    }
    (eta, Matrix { u: u as i64, v: v as i64, q: q as i64, r: r as i64 })
}

/// `(f, g)` times the matrix, divided by 2^62, which is exact.
fn apply(m: &Matrix, f: &Signed, g: &Signed) -> (Signed, Signed) {
    let row = |a: i64, b: i64| {
        let mut out = [0; 5];
        let mut carry = product(a, f[0]) + product(b, g[0]);
        carry >>= 62;
        for i in 1..5 {
            carry += product(a, f[i]) + product(b, g[i]);
            out[i - 1] = carry as i64 & LOW;
            carry >>= 62;
        }
        out[4] = carry as i64;
        out
    };
    (row(m.u, m.v), row(m.q, m.r))
}

/// `(d, e)` times the matrix, divided by 2^62 modulo p; values stay in (-2p, p).
fn apply_modulo(m: &Matrix, d: &Signed, e: &Signed, modulus: &Signed, inverse: i64) -> (Signed, Signed) {
    let row = |a: i64, b: i64| {
        // Negative operands are raised by p; then the multiple of p that clears the low 62 bits is added.
        let mut multiple = (a & (d[4] >> 63)).wrapping_add(b & (e[4] >> 63));
        let mut carry = product(a, d[0]) + product(b, e[0]);
        let clearing = inverse.wrapping_mul(carry as i64).wrapping_add(multiple) & LOW;
        multiple -= clearing;
        carry += product(modulus[0], multiple);
        carry >>= 62;
        let mut out = [0; 5];
        for i in 1..5 {
            carry += product(a, d[i]) + product(b, e[i]) + product(modulus[i], multiple);
            out[i - 1] = carry as i64 & LOW;
            carry >>= 62;
        }
        out[4] = carry as i64;
        out
    };
    (row(m.u, m.v), row(m.q, m.r))
}

fn product(a: i64, b: i64) -> i128 {
    i128::from(a) * i128::from(b)
}

/// `±d` modulo p, in `[0, p)`; d is in (-2p, p).
fn between(d: Signed, negative: bool, modulus: &Signed) -> Signed {
    let raised = |x: Signed| if x[4] < 0 { add(&x, modulus) } else { x };
    let d = raised(d);
    raised(raised(if negative { d.map(|limb| -limb) } else { d }.carried()))
}

trait Carried {
    fn carried(self) -> Self;
}

impl Carried for Signed {
    fn carried(mut self) -> Self {
        for i in 0..4 {
            self[i + 1] += self[i] >> 62;
            self[i] &= LOW;
        }
        self
    }
}

fn add(a: &Signed, b: &Signed) -> Signed {
    let mut sum = *a;
    sum.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    sum.carried()
}

fn to_signed(w: [u64; 4]) -> Signed {
    let low = LOW as u64;
    [
        w[0] & low,
        (w[0] >> 62 | w[1] << 2) & low,
        (w[1] >> 60 | w[2] << 4) & low,
        (w[2] >> 58 | w[3] << 6) & low,
        w[3] >> 56,
    ]
    .map(|limb| limb as i64)
}

fn to_words(s: Signed) -> [u64; 4] {
    let s = s.map(|limb| limb as u64);
    [s[0] | s[1] << 62, s[1] >> 2 | s[2] << 60, s[2] >> 4 | s[3] << 58, s[3] >> 6 | s[4] << 56]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{Fq, Fr};
    use ark_ff::Field;

    fn agrees<M: MontConfig<4>>(x: Element<M>) {
        assert_eq!(inverse(&x), x.inverse());
    }

    #[test]
    fn inverses_are_arks() {
        let (mut x, mut y) = (Fr::from(3u64), Fq::from(3u64));
        for i in 0..2000u64 {
            for (x, y) in [(x, y), (Fr::from(i), Fq::from(i)), (-Fr::from(i), -Fq::from(i))] {
                agrees(x);
                agrees(y);
            }
            // Representatives that are small, and powers of two.
            agrees(Fr::new_unchecked(BigInt([i, 0, 0, 0])));
            agrees(Fq::new_unchecked(BigInt([0, 0, 0, i])));
            agrees(Fq::from(2u64).pow([i]));
            x = x.square() + Fr::from(i);
            y = y.square() + Fq::from(i);
        }
        let mut below = Fr::MODULUS;
        below.0[0] -= 1;
        agrees(Fr::new_unchecked(below));
        assert_eq!(inverse_or_zero(&Fr::ZERO), Fr::ZERO);
    }
}
