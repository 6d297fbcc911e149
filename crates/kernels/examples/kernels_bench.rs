//! What each kernel costs: nanoseconds an element, CPU time, best of five, for every backend this machine can run.
//!
//! `kernels_bench [LOG_SIZE] [FILTER]` prints a table in Markdown. Not a test: times are reported, never asserted. The
//! reference is left out unless FILTER is `reference`: it is there to be right.
#![allow(clippy::print_stdout, reason = "it is there to print")]

use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::{AdditiveGroup, PrimeField};
use averment_kernels::{Backend, Bases, FieldVec, Lookup, Product};
use std::{hint::black_box, time::Duration};

const RUNS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let log_size: usize = arguments.first().map_or(16, |size| size.parse().expect("LOG_SIZE is a number"));
    let filter = arguments.get(1).map_or("", String::as_str);
    let backends: Vec<Backend> = Backend::available()
        .filter(|backend| *backend != Backend::Reference || filter == "reference")
        .collect();
    print!("| kernel, ns an element at 2^{log_size} |");
    backends.iter().for_each(|backend| print!(" {backend:?} |"));
    println!("\n|---|{}", "---:|".repeat(backends.len()));

    let len = 1 << log_size;
    let input = Input::new(log_size);
    let row = |name: &str, elements: usize, kernel: &dyn Fn(Backend) -> Duration| {
        if filter != "reference" && !name.contains(filter) {
            return;
        }
        print!("| {name} |");
        for backend in &backends {
            let best = (0..RUNS).map(|_| kernel(*backend)).min().unwrap_or_default();
            print!(" {:.1} |", best.as_nanos() as f64 / elements as f64);
        }
        println!();
    };

    for bits in [8, 12, 16, 17, 40] {
        let small: Vec<i64> = input.words.iter().map(|word| *word as i64 >> (64 - bits)).collect();
        let ints: Vec<i32> = small.iter().map(|x| *x as i32).collect();
        row(&format!("msm, {bits} bits"), len, &|backend| {
            let bases = Bases::new(backend, &input.points);
            timed(|| if bits < 32 { bases.msm_i32(&ints) } else { bases.msm_i64(&small) })
        });
    }
    row("msm, full width", len, &|backend| {
        let bases = Bases::new(backend, &input.points);
        timed(|| bases.msm(&input.a))
    });
    row("preparing bases", len, &|backend| timed(|| Bases::new(backend, &input.points)));
    row("to lanes and back", len, &|backend| timed(|| FieldVec::new(backend, &input.a).to_vec()));
    row("from two columns of integers", len, &|backend| {
        let terms: [(Fr, &[i32]); 2] = [(Fr::from(1), &input.ints), (input.a[0], &input.ints)];
        timed(|| FieldVec::affine(backend, len, input.a[1], &terms))
    });
    row("eq table", len, &|backend| timed(|| FieldVec::eq_table(backend, &input.point)));
    let vector = |kernel: fn(&mut FieldVec, &FieldVec, &Input)| {
        let input = &input;
        move |backend| {
            let (mut v, w) = (FieldVec::new(backend, &input.a), FieldVec::new(backend, &input.b));
            timed(|| kernel(&mut v, &w, input))
        }
    };
    row("fold", len, &vector(|v, _, input| v.fold(input.a[0])));
    row("dot", len, &vector(|v, w, _| _ = black_box(v.dot(w))));
    row("dot with integers", len, &vector(|v, _, input| _ = black_box(v.dot_i32(&input.ints))));
    row("multiply", len, &vector(|v, w, _| v.multiply(w)));
    row("add scaled", len, &vector(|v, w, input| v.add_scaled(input.a[0], w)));
    row("invert", len, &vector(|v, _, _| v.invert()));
    row("evaluate", len, &vector(|v, _, input| _ = black_box(v.evaluate(input.a[0]))));
    row("divide by X - a", len, &vector(|v, _, input| _ = black_box(v.divide_by_linear(input.a[0]))));
    row(
        "divide by X^256 - a",
        len,
        &vector(|v, _, input| _ = black_box(v.divide_by_binomial(256, input.a[0]))),
    );
    row("row dots of 256", len, &|backend| {
        let v = FieldVec::new(backend, &input.a);
        let weights = FieldVec::new(backend, &input.b[..256.min(len)]);
        timed(|| v.row_dots(&weights))
    });
    row("matrix of integers, 256 columns, bound over rows", len, &|backend| {
        let weights = FieldVec::new(backend, &input.b[..len / 256.min(len)]);
        timed(|| FieldVec::combine_rows(&weights, &input.ints, 256.min(len)))
    });
    row("matrix of integers, 256 columns, bound over columns", len, &|backend| {
        let weights = FieldVec::new(backend, &input.b[..256.min(len)]);
        timed(|| FieldVec::combine_columns(&weights, &input.ints))
    });
    row("sum of four inverses", len, &|backend| {
        let d = input.columns(backend);
        timed(|| FieldVec::sum_of_inverses(&d))
    });
    for (name, coordinates) in [("product", 0), ("table", log_size)] {
        row(&format!("sumcheck, {name}, all rounds"), len, &|backend| {
            let [a, b, ..] = input.columns(backend);
            let mut member = Product::new(a, b, &input.point[..coordinates]);
            timed(|| {
                for challenge in &input.point {
                    black_box(member.round());
                    member.bind(*challenge);
                }
            })
        });
    }
    row("sumcheck, product with integers, all rounds", len, &|backend| {
        let mut member =
            Product::with_integers(input.ints.clone(), Vec::new(), FieldVec::new(backend, &input.b));
        timed(|| {
            for challenge in &input.point {
                black_box(member.round());
                member.bind(*challenge);
            }
        })
    });
    row("sumcheck, lookups of four, all rounds, a row", len, &|backend| {
        let mut member =
            Lookup::new(FieldVec::new(backend, &input.a), input.columns(backend).into(), &input.point);
        timed(|| {
            for challenge in &input.point {
                black_box(member.round());
                member.bind(*challenge);
            }
        })
    });
    let transform = len.min(1 << 12);
    row("fft of at most 2^12", transform, &|backend| {
        let mut v = FieldVec::new(backend, &input.a[..transform]);
        timed(|| v.fft())
    });
}

struct Input {
    words: Vec<u64>,
    ints: Vec<i32>,
    a: Vec<Fr>,
    b: Vec<Fr>,
    point: Vec<Fr>,
    points: Vec<G1Affine>,
}

impl Input {
    fn new(log_size: usize) -> Self {
        let len = 1 << log_size;
        let mut state = 1u64;
        let mut word = || {
            state = state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(0x2545_f491_4f6c_dd1d);
            (state ^ (state >> 32)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
        };
        let words: Vec<u64> = (0..len).map(|_| word()).collect();
        let mut fr = || Fr::from_le_bytes_mod_order(&[(); 5].map(|()| word().to_le_bytes()).concat());
        let mut frs = |len: usize| (0..len).map(|_| fr()).collect::<Vec<Fr>>();
        let mut point = G1Projective::generator();
        let points: Vec<G1Projective> = (0..len).map(|_| *point.double_in_place()).collect();
        Self {
            ints: words.iter().map(|word| (*word as i64 >> 48) as i32).collect(),
            words,
            a: frs(len),
            b: frs(len),
            point: frs(log_size),
            points: G1Projective::normalize_batch(&points),
        }
    }

    fn columns(&self, backend: Backend) -> [FieldVec; 4] {
        let shifted = |by: usize| {
            let mut column = self.b.clone();
            column.rotate_left(by % self.b.len());
            FieldVec::new(backend, &column)
        };
        [shifted(0), shifted(1), shifted(2), shifted(3)]
    }
}

/// CPU time of this thread; its result is dropped outside of the measurement.
fn timed<T>(kernel: impl FnOnce() -> T) -> Duration {
    let start = cpu();
    let result = black_box(kernel());
    let spent = cpu() - start;
    drop(result);
    spent
}

/// CPU time of this thread.
fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}
