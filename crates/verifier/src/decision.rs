//! What a relation about a decision adds to its terms ([4.6]): the chosen score, and one where a tie must not be won.
//!
//! For scores z of n classes and the stated class c of each item, the relation says of every class j < n
//! `z_c - z_j - margin_j - [j < c] = 0`, and of padding `margin = 0`. Margins are looked up in a range from 0 on, so c is
//! the first of the largest scores; nothing else of the scores is said.

use crate::{
    field::{self, Fr},
    functional::{self, BoundAxis, BoundTerm},
};
use ark_ff::AdditiveGroup;

/// Scores of a batch, classes lowest, at the relations' point.
#[derive(Debug)]
pub struct Decision {
    /// eq of each class.
    classes: Vec<Fr>,
    /// eq of each item.
    items: Vec<Fr>,
    /// The class of each item; of an item without one (which no verifier accepts) none.
    chosen: Vec<Option<usize>>,
    /// How many classes are real.
    count: usize,
}

impl Decision {
    /// Of `2^point_bits` scores, whose lowest `class_bits` are `count` classes, and the stated decisions.
    pub fn new(r: &[Fr], point_bits: u8, class_bits: u8, count: u32, stated: &[i64]) -> Self {
        let item_bits = point_bits.saturating_sub(class_bits);
        let classes = field::eq_table(&functional::coordinates(r, 0, class_bits));
        let items = field::eq_table(&functional::coordinates(r, class_bits, item_bits));
        let chosen = stated.iter().map(|class| usize::try_from(*class).ok()).collect();
        Self { classes, items, chosen, count: usize::try_from(count).unwrap_or(usize::MAX) }
    }

    /// `-Σ_i eq(r, i) Σ_{j < c_i} eq(r, j)`.
    pub fn constant(&self) -> Fr {
        let below = |class: &Option<usize>| class.map_or(Fr::ZERO, |class| self.below(class));
        -self.items.iter().zip(&self.chosen).map(|(weight, class)| *weight * below(class)).sum::<Fr>()
    }

    /// The chosen scores of a block, over all real classes: `f(j, i) = [j = c_i] · eq(r, i) · Σ_{j < n} eq(r, j)`.
    pub fn scores(&self, coefficient: Fr, base: u64) -> BoundTerm {
        let all = self.below(self.count);
        let mut values = vec![Fr::ZERO; self.classes.len().saturating_mul(self.items.len())];
        let rows = values.chunks_exact_mut(self.classes.len().max(1));
        for ((row, weight), class) in rows.zip(&self.items).zip(&self.chosen) {
            if let Some(cell) = class.and_then(|class| row.get_mut(class)) {
                *cell = *weight * all;
            }
        }
        BoundTerm { coefficient, base, axes: vec![BoundAxis::Values(values)] }
    }

    fn below(&self, class: usize) -> Fr {
        self.classes.iter().take(class).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::Field;

    /// At every corner of the cube, term by term.
    #[test]
    fn a_corner_is_a_class_of_an_item() {
        let stated = [2, 0, 1, 2];
        let scores: Vec<i64> = (0..16).map(|cell| cell * cell % 11 - 4).collect();
        for corner in 0..16 {
            let r: Vec<Fr> = (0..4).map(|bit| Fr::from((corner >> bit & 1) as u64)).collect();
            let decision = Decision::new(&r, 4, 2, 3, &stated);
            let (class, item) = (corner % 4, corner / 4);
            let one = |is: bool| if is { Fr::ONE } else { Fr::ZERO };
            assert_eq!(decision.constant(), -one((class as i64) < stated[item]));
            let term = decision.scores(Fr::ONE, 0);
            let weights = term.axes[0].values();
            let chosen: Fr = weights.iter().zip(&scores).map(|(w, score)| *w * Fr::from(*score)).sum();
            let expected = Fr::from(scores[item * 4 + stated[item] as usize]);
            assert_eq!(chosen, expected * one(class < 3), "class {class} of item {item}");
        }
    }

    #[test]
    fn what_is_no_class_is_never_chosen() {
        let r = [Fr::from(5_u64), Fr::from(7_u64)];
        let decision = Decision::new(&r, 2, 2, 3, &[-1]);
        assert!(decision.scores(Fr::ONE, 0).axes[0].values().iter().all(|weight| *weight == Fr::ZERO));
        let far = Decision::new(&r, 2, 2, 3, &[4]);
        assert!(far.scores(Fr::ONE, 0).axes[0].values().iter().all(|weight| *weight == Fr::ZERO));
        assert_ne!(Decision::new(&r, 2, 2, 3, &[1]).constant(), Fr::ZERO);
        assert_eq!(Decision::new(&r, 2, 2, 3, &[0]).constant(), Fr::ZERO);
    }
}
