//! A sumcheck's round, from values to what is sent.

use ark_ff::{AdditiveGroup, Field};
use averment_verifier::field::Fr;

/// The coefficients of the polynomial with these values at `0, 1, 2, …`, the constant first.
pub fn interpolate(values: &[Fr]) -> Vec<Fr> {
    let mut coefficients = vec![Fr::ZERO; values.len()];
    for (place, value) in values.iter().enumerate() {
        // The polynomial that is 1 here and 0 at the other places.
        let mut basis = vec![Fr::ONE];
        for other in (0..values.len()).filter(|other| *other != place) {
            let (here, there) = (Fr::from(place as u64), Fr::from(other as u64));
            let scale = (here - there).inverse().unwrap_or(Fr::ZERO);
            let mut next = vec![Fr::ZERO; basis.len() + 1];
            for (power, coefficient) in basis.iter().enumerate() {
                next[power + 1] += *coefficient * scale;
                next[power] -= *coefficient * scale * there;
            }
            basis = next;
        }
        coefficients.iter_mut().zip(basis).for_each(|(sum, part)| *sum += part * value);
    }
    coefficients
}

/// A round as it is sent: without the linear coefficient.
pub fn sent(values: &[Fr]) -> Vec<Fr> {
    let mut coefficients = interpolate(values);
    coefficients.remove(1);
    coefficients
}
