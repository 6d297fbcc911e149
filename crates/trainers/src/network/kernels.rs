//! The loops that take the time. Sums are in a fixed order, in eight lanes where that is faster, so results never depend on
//! anything but the operands.

const LANES: usize = 8;

/// `sums += factor * terms`
pub fn add_scaled(sums: &mut [f32], factor: f32, terms: &[f32]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum += factor * term;
    }
}

/// `Σ a_i b_i`
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// Mean cross entropy of softmaxed scores; its gradient goes to `gradient`.
pub fn cross_entropy(scores: &[f32], labels: &[u32], classes: usize, gradient: &mut [f32]) -> f64 {
    let share = 1.0 / labels.len().max(1) as f32;
    let mut loss = 0.0;
    let rows = scores.chunks_exact(classes).zip(gradient.chunks_exact_mut(classes));
    for ((scores, gradient), &label) in rows.zip(labels) {
        let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for (place, score) in gradient.iter_mut().zip(scores) {
            *place = (score - largest).exp();
            sum += *place;
        }
        for place in gradient.iter_mut() {
            *place *= share / sum;
        }
        if let (Some(place), Some(score)) = (gradient.get_mut(label as usize), scores.get(label as usize)) {
            *place -= share;
            loss += f64::from(sum.ln() - (score - largest));
        }
    }
    loss * f64::from(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_in_lanes_have_every_term() {
        for length in 0..40 {
            let a: Vec<f32> = (0..length).map(|at| at as f32).collect();
            let b: Vec<f32> = (0..length).map(|at| (at % 5) as f32 - 2.0).collect();
            let expected: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            assert_eq!(dot(&a, &b), expected, "small integers are exact in any order");
        }
    }

    #[test]
    fn equal_scores_cost_the_logarithm_of_the_classes() {
        let mut gradient = [0.0; 8];
        let loss = cross_entropy(&[3.0; 8], &[1, 3], 4, &mut gradient);
        assert!((loss - 4f64.ln()).abs() < 1e-6, "{loss}");
        assert_eq!(gradient, [0.125, -0.375, 0.125, 0.125, 0.125, 0.125, 0.125, -0.375]);
    }
}
