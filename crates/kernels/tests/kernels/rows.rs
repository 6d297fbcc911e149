//! Inner products and weighted sums of rows.

use averment_kernels::{Backend, Lanes, gram, weighted_sum};

/// A stream of words by a linear congruence.
struct Words(u64);

impl Words {
    fn next(&mut self) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 as i64) >> 32
    }
}

fn same<C: Lanes + std::fmt::Debug>(rows: &[Vec<C>], weights: &[u32]) {
    let rows: Vec<&[C]> = rows.iter().map(Vec::as_slice).collect();
    let (matrix, sum) =
        (gram(Backend::Reference, &rows), weighted_sum(Backend::Reference, &rows, weights, 16));
    for backend in Backend::available() {
        let name = format!("{backend:?}, {} rows of {}", rows.len(), rows.first().map_or(0, |row| row.len()));
        assert!(gram(backend, &rows) == matrix, "{name}");
        assert!(weighted_sum(backend, &rows, weights, 16) == sum, "{name}");
    }
}

#[test]
fn awkward_sizes_and_widths_agree() {
    let mut words = Words(7);
    for count in [0, 1, 2, 3, 4, 5, 9] {
        for cells in [0, 1, 7, 8, 31, 32, 33, 511, 513, 2049, 2100] {
            let weights: Vec<u32> = (0..count).map(|_| (words.next() & 0xf_ffff) as u32).collect();
            for bits in [3, 12, 16] {
                let cell = |words: &mut Words| (words.next() >> (32 - bits)) as i16;
                let rows: Vec<Vec<i16>> =
                    (0..count).map(|_| (0..cells).map(|_| cell(&mut words)).collect()).collect();
                same(&rows, &weights);
            }
            for bits in [3, 20, 26, 32] {
                let cell = |words: &mut Words| (words.next() >> (32 - bits)) as i32;
                let rows: Vec<Vec<i32>> =
                    (0..count).map(|_| (0..cells).map(|_| cell(&mut words)).collect()).collect();
                same(&rows, &weights);
            }
        }
    }
}

#[test]
fn the_largest_cells_are_exact() {
    for cells in [16, 32, 64, 2048, 5000] {
        let rows = [vec![i16::MIN; cells], vec![i16::MAX; cells], vec![i16::MIN; cells]];
        same(&rows, &[1 << 20, 0, 1 << 20]);
        let sums = gram(Backend::best(), &[&rows[0], &rows[1]]).unwrap();
        assert_eq!(sums[0], cells as i64 * (1 << 30));
        assert_eq!(sums[1], cells as i64 * -32_768 * 32_767);
    }
}

/// Where one way of multiplying takes over from another.
#[test]
fn cells_that_are_halved_and_just_wider_ones_are_exact() {
    for edge in [1, 2, (1 << 17) - 1, (1 << 22) - 1, 1 << 22, 1 - (1 << 22), -(1 << 22)] {
        for cells in [8, 2047, 2048, 5000] {
            let mut rows = vec![vec![edge; cells], vec![-edge; cells], vec![3; cells]];
            rows[2][cells - 1] = edge;
            same(&rows, &[1, 2, 3]);
        }
    }
}

#[test]
fn sums_that_leave_64_bits_are_said() {
    let (one, two, less) = ([i32::MIN], [i32::MIN; 2], [i32::MIN, i32::MAX]);
    for backend in Backend::available() {
        assert_eq!(gram(backend, &[&one]), Some(vec![1 << 62]));
        assert_eq!(gram(backend, &[&two]), None);
        assert!(gram(backend, &[&less]).is_some());
    }
}

#[test]
fn remainders_are_of_rounding_down() {
    for backend in Backend::available() {
        let (quotients, remainders) = weighted_sum(backend, &[&[-1i32, 1, -3][..]], &[1], 1);
        assert_eq!((quotients, remainders), (vec![-1, 0, -2], vec![1, 1, 1]));
    }
}
