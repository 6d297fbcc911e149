//! Windows over reals: what a float run of convolutions spends its time on. It is here for the lanes.
//!
//! Every sum takes its products in the order of the offsets, and every product and sum is rounded as IEEE 754 says; nothing
//! is fused. So lanes change no bit, and a network has the same float run on every machine.

/// Where products with factors are summed up: row by row of outputs, each with the cells at some offsets from its own.
#[derive(Debug, Clone, Copy)]
pub struct Windows<'a> {
    /// What is read.
    pub cells: &'a [f64],
    /// How far each summand's cell lies from an output's first.
    pub offsets: &'a [usize],
    /// The first cell of the first output of each row.
    pub rows: &'a [usize],
    /// Outputs of a row.
    pub length: usize,
    /// From one output's first cell to the next one's.
    pub step: usize,
}

impl Windows<'_> {
    /// `sums[f][row][i] += Σ_k factors[f][k] · cells[rows[row] + step · i + offsets[k]]`.
    ///
    /// # Panics
    /// If a cell is not there, or if `factors` and `sums` are not as many for each of the same number of features.
    pub fn add_products(&self, factors: &[f64], sums: &mut [f64]) {
        let features = sums.len().checked_div(self.rows.len() * self.length).unwrap_or(0);
        assert_eq!(sums.len(), features * self.rows.len() * self.length, "sums");
        if features == 0 {
            return;
        }
        assert_eq!(factors.len(), features * self.offsets.len(), "factors");
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                // SAFETY: the machine has the feature.
                return unsafe { lanes::all_512(self, factors, sums) };
            }
            if is_x86_feature_detected!("avx2") {
                // SAFETY: the machine has the feature.
                return unsafe { lanes::all_256(self, factors, sums) };
            }
        }
        self.all(factors, sums);
    }

    /// There is at least one feature.
    #[inline(always)]
    fn all(&self, factors: &[f64], sums: &mut [f64]) {
        // Cells are read once for four features.
        let (own_factors, own_sums) = (self.offsets.len(), self.rows.len() * self.length);
        let fours = sums.len() / (4 * own_sums);
        let (mut factors, mut sums) = (factors, sums);
        for _ in 0..fours {
            self.features::<4>(factors, sums);
            (factors, sums) = (&factors[4 * own_factors..], &mut sums[4 * own_sums..]);
        }
        while !sums.is_empty() {
            self.features::<1>(factors, sums);
            (factors, sums) = (&factors[own_factors..], &mut sums[own_sums..]);
        }
    }

    /// The first F features.
    #[inline(always)]
    fn features<const F: usize>(&self, factors: &[f64], sums: &mut [f64]) {
        let (own_factors, own_sums) = (self.offsets.len(), self.rows.len() * self.length);
        let factors = std::array::from_fn::<_, F, _>(|f| &factors[f * own_factors..][..own_factors]);
        for (row, first) in self.rows.iter().enumerate() {
            let mut at = 0;
            while at + 8 <= self.length && self.step == 1 {
                self.block::<F, 8>(first + at, factors, &mut sums[row * self.length + at..], own_sums);
                at += 8;
            }
            while at + 4 <= self.length && self.step == 1 {
                self.block::<F, 4>(first + at, factors, &mut sums[row * self.length + at..], own_sums);
                at += 4;
            }
            while at < self.length {
                let first = first + at * self.step;
                self.block::<F, 1>(first, factors, &mut sums[row * self.length + at..], own_sums);
                at += 1;
            }
        }
    }

    /// N neighbouring outputs of F features, whose sums lie `apart`.
    #[inline(always)]
    fn block<const F: usize, const N: usize>(
        &self,
        first: usize,
        factors: [&[f64]; F],
        sums: &mut [f64],
        apart: usize,
    ) {
        let mut own = [[0.0; N]; F];
        for f in 0..F {
            own[f].copy_from_slice(&sums[f * apart..][..N]);
        }
        for (k, offset) in self.offsets.iter().enumerate() {
            let cells = &self.cells[first + offset..][..N];
            for f in 0..F {
                let factor = factors[f][k];
                for i in 0..N {
                    own[f][i] += factor * cells[i];
                }
            }
        }
        for f in 0..F {
            sums[f * apart..][..N].copy_from_slice(&own[f]);
        }
    }
}

/// The same code for wider registers.
#[cfg(target_arch = "x86_64")]
mod lanes {
    use super::Windows;

    #[target_feature(enable = "avx512f")]
    pub fn all_512(windows: &Windows<'_>, factors: &[f64], sums: &mut [f64]) {
        windows.all(factors, sums);
    }

    #[target_feature(enable = "avx2")]
    pub fn all_256(windows: &Windows<'_>, factors: &[f64], sums: &mut [f64]) {
        windows.all(factors, sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of all sizes, the same every time.
    fn numbers(count: usize, mut state: u64) -> Vec<f64> {
        let mut next = || {
            state = state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(0x2545_f491_4f6c_dd1d);
            let size = (state >> 59) as i32 - 16;
            ((state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0) * 2f64.powi(size)
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn lanes_change_no_bit() {
        let (cells, offsets) = (numbers(400, 1), [0, 1, 2, 40, 41, 42, 7, 7, 100]);
        let rows = [0, 3, 50, 17, 99];
        let bits = |sums: &[f64]| sums.iter().map(|sum| sum.to_bits()).collect::<Vec<_>>();
        for length in 0..40 {
            let (features, step) = ([0, 1, 3, 4, 5, 9][length % 6], if length % 5 == 4 { 3 } else { 1 });
            let windows = Windows { cells: &cells, offsets: &offsets, rows: &rows, length, step };
            let factors = numbers(features * offsets.len(), 2);
            let start = numbers(features * rows.len() * length, 3);
            let mut expected = start.clone();
            for (at, sum) in expected.iter_mut().enumerate() {
                let (f, row, i) = (at / length / rows.len(), at / length % rows.len(), at % length);
                for (k, offset) in offsets.iter().enumerate() {
                    *sum += factors[f * offsets.len() + k] * cells[rows[row] + step * i + offset];
                }
            }
            let mut found = start.clone();
            windows.add_products(&factors, &mut found);
            assert_eq!(bits(&found), bits(&expected), "{length} {features}");
            found.clone_from(&start);
            if !found.is_empty() {
                windows.all(&factors, &mut found);
            }
            assert_eq!(bits(&found), bits(&expected));
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") && !found.is_empty() {
                found.clone_from(&start);
                // SAFETY: as asked.
                unsafe { lanes::all_256(&windows, &factors, &mut found) };
                assert_eq!(bits(&found), bits(&expected));
            }
        }
    }

    #[test]
    fn what_is_not_there_is_refused() {
        let good = Windows { cells: &[1.0; 12], offsets: &[0, 2], rows: &[0, 1], length: 9, step: 1 };
        let mut sums = [0.0; 18];
        good.add_products(&[1.0; 2], &mut sums);
        assert_eq!(sums, [2.0; 18]);
        let refused = |windows: Windows<'_>, factors: usize, sums: usize| {
            let run = || windows.add_products(&vec![1.0; factors], &mut vec![0.0; sums]);
            std::panic::catch_unwind(run).is_err()
        };
        assert!(refused(Windows { cells: &[1.0; 11], ..good }, 2, 18));
        assert!(refused(Windows { offsets: &[0, 3], ..good }, 2, 18));
        assert!(refused(Windows { rows: &[0, 2], ..good }, 2, 18));
        assert!(refused(Windows { step: 2, ..good }, 2, 18));
        for (factors, sums) in [(3, 18), (4, 18), (2, 17), (2, 36), (0, 18)] {
            assert!(refused(good, factors, sums), "{factors} {sums}");
        }
    }
}
