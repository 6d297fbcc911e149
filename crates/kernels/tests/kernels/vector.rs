use crate::values::Random;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use averment_kernels::{Backend, FieldVec};

const SIZES: &[usize] = &[0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 33, 64, 100, 128, 130];

/// Runs `kernel` with every backend and compares with the definition's.
fn agree<T: PartialEq + std::fmt::Debug>(what: &str, kernel: impl Fn(Backend) -> T) {
    let mut backends = Backend::available();
    let expected = kernel(backends.next().unwrap());
    for backend in backends {
        assert_eq!(kernel(backend), expected, "{what}, {backend:?}");
    }
}

#[test]
fn values_come_back() {
    let mut random = Random(1);
    for &len in SIZES {
        let values = random.awkwards(len);
        for backend in Backend::available() {
            let vector = FieldVec::new(backend, &values);
            assert_eq!((vector.len(), vector.is_empty(), vector.backend()), (len, len == 0, backend));
            assert_eq!(vector.to_vec(), values);
            assert!((0..len).all(|i| vector.get(i) == values[i]));
            assert_eq!(FieldVec::zeros(backend, len).to_vec(), vec![Fr::ZERO; len]);
        }
    }
}

#[test]
fn integers_become_field_elements() {
    let mut random = Random(2);
    for &len in SIZES {
        let (x, y) = (random.i32s(len, 32), random.i32s(len, 16));
        let [a, b, c] = [random.awkward(), random.awkward(), random.awkward()];
        agree("from_i32", |backend| FieldVec::from_i32(backend, &x).to_vec());
        agree("affine, no term", |backend| FieldVec::affine(backend, len, c, &[]).to_vec());
        agree("affine", |backend| FieldVec::affine(backend, len, c, &[(a, &x), (b, &y)]).to_vec());
        agree("affine, three", |backend| {
            FieldVec::affine(backend, len, c, &[(a, &x), (b, &y), (c, &x)]).to_vec()
        });
    }
}

#[test]
fn sums_agree() {
    let mut random = Random(3);
    for &len in SIZES {
        let (v, w, x) = (random.awkwards(len), random.awkwards(len), random.i32s(len, 32));
        let a = random.awkward();
        agree("dot", |backend| FieldVec::new(backend, &v).dot(&FieldVec::new(backend, &w)));
        agree("dot_i32", |backend| FieldVec::new(backend, &v).dot_i32(&x));
        agree("evaluate", |backend| FieldVec::new(backend, &v).evaluate(a));
    }
    // Accumulators at their fullest.
    let top = vec![-Fr::ONE; 5000];
    agree("dot of the largest", |backend| FieldVec::new(backend, &top).dot(&FieldVec::new(backend, &top)));
    for extreme in [i32::MIN, i32::MAX] {
        agree("dot_i32 of the largest", |backend| FieldVec::new(backend, &top).dot_i32(&vec![extreme; 5000]));
    }
}

#[test]
fn elementwise_kernels_agree() {
    let mut random = Random(4);
    for &len in SIZES {
        let (v, w) = (random.awkwards(len), random.awkwards(len));
        let a = random.awkward();
        let with = |kernel: fn(&mut FieldVec, &FieldVec, Fr)| {
            let (v, w) = (&v, &w);
            move |backend| {
                let mut vector = FieldVec::new(backend, v);
                kernel(&mut vector, &FieldVec::new(backend, w), a);
                // Whatever stands behind the last element must not show in sums.
                let ones = FieldVec::affine(backend, vector.len(), Fr::ONE, &[]);
                (vector.to_vec(), vector.dot(&ones))
            }
        };
        agree("add_constant", with(|v, _, a| v.add_constant(a)));
        agree("scale", with(|v, _, a| v.scale(a)));
        agree("multiply", with(|v, w, _| v.multiply(w)));
        agree("add_scaled", with(|v, w, a| v.add_scaled(a, w)));
        agree("invert", with(|v, _, _| v.invert()));
        agree(
            "all in a row",
            with(|v, w, a| {
                for _ in 0..20 {
                    v.add_scaled(a, w);
                    v.multiply(w);
                    v.add_constant(a);
                    v.scale(-a);
                    v.invert();
                }
            }),
        );
    }
}

#[test]
fn parts_are_added_where_they_belong() {
    let mut random = Random(5);
    let (v, a) = (random.awkwards(100), random.fr());
    for (offset, len) in [(0, 100), (0, 3), (1, 16), (7, 20), (8, 16), (16, 64), (40, 60), (99, 1), (100, 0)]
    {
        let x = random.awkwards(len);
        agree("add_scaled_at", |backend| {
            let mut vector = FieldVec::new(backend, &v);
            vector.add_scaled_at(offset, a, &FieldVec::new(backend, &x));
            vector.to_vec()
        });
    }
}

#[test]
fn parts_are_copied_where_they_belong() {
    let mut random = Random(13);
    for len in [1, 17, 100, 128] {
        let v = random.awkwards(len);
        for from in [0, 1, 8, 16, 40, 99] {
            for part in [0, 1, 3, 16, 17, 24, 60] {
                if from + part > len {
                    continue;
                }
                let x = random.awkwards(part);
                let mut expected = v.clone();
                expected[from..from + part].copy_from_slice(&x);
                for backend in Backend::available() {
                    let mut vector = FieldVec::new(backend, &v);
                    let copy = vector.part(from, part);
                    assert_eq!(copy.to_vec(), v[from..from + part], "{backend:?}, {part} at {from}");
                    // Nothing stands behind the part's last element.
                    assert_eq!(
                        copy.dot(&FieldVec::affine(backend, part, Fr::ONE, &[])),
                        copy.to_vec().iter().sum()
                    );
                    vector.copy_at(from, &FieldVec::new(backend, &x));
                    assert_eq!(vector.to_vec(), expected, "{backend:?}, {part} at {from}");
                }
            }
        }
    }
}

#[test]
fn tables_agree() {
    let mut random = Random(6);
    for variables in 0..10 {
        let point = random.awkwards(variables);
        agree("eq_table", |backend| FieldVec::eq_table(backend, &point).to_vec());
        agree("eq_table without its top", |backend| {
            let mut table = FieldVec::eq_table(backend, &point);
            if variables > 0 {
                table.add_halves();
            }
            table.to_vec()
        });
    }
    for low in [0, 1, 2, 4, 5, 8, 16, 20, 32] {
        for high in [0, 1, 2, 3, 8, 16, 17, 19, 32] {
            let (low, high) = (random.awkwards(low), random.awkwards(high));
            agree("kron", |backend| {
                let product = FieldVec::kron(&FieldVec::new(backend, &low), &FieldVec::new(backend, &high));
                let ones = FieldVec::affine(backend, product.len(), Fr::ONE, &[]);
                (product.to_vec(), product.dot(&ones))
            });
        }
    }
}

#[test]
fn folds_agree() {
    let mut random = Random(7);
    for variables in 1..9 {
        let v = random.awkwards(1 << variables);
        let challenges = random.awkwards(variables);
        agree("fold", |backend| {
            let mut vector = FieldVec::new(backend, &v);
            let steps: Vec<Vec<Fr>> = challenges
                .iter()
                .map(|c| {
                    vector.fold(*c);
                    vector.to_vec()
                })
                .collect();
            steps
        });
        // What is left is the evaluation at the point.
        let point: Vec<Fr> = challenges.iter().rev().copied().collect();
        for backend in Backend::available() {
            let mut vector = FieldVec::new(backend, &v);
            let expected = vector.dot(&FieldVec::eq_table(backend, &point));
            challenges.iter().for_each(|c| vector.fold(*c));
            assert_eq!(vector.get(0), expected);
        }
    }
}

#[test]
fn sums_of_inverses_agree() {
    let mut random = Random(8);
    for &len in SIZES {
        for (columns, with_zeros) in (1..=4).flat_map(|columns| [(columns, false), (columns, true)]) {
            let mut column = || if with_zeros { random.awkwards(len) } else { random.frs(len) };
            let d: Vec<Vec<Fr>> = (0..columns).map(|_| column()).collect();
            agree("sum_of_inverses", |backend| {
                let columns: Vec<FieldVec> = d.iter().map(|d| FieldVec::new(backend, d)).collect();
                FieldVec::sum_of_inverses(&columns).to_vec()
            });
        }
    }
}

#[test]
fn divisions_agree_and_multiply_back() {
    let mut random = Random(9);
    for len in [0, 1, 2, 3, 8, 16, 17, 31, 64, 65, 129, 257] {
        let f = random.awkwards(len);
        let a = random.awkward();
        for b in [1, 2, 3, 8, 16, 32, 300] {
            agree("divide_by_binomial", |backend| {
                let (q, g) = FieldVec::new(backend, &f).divide_by_binomial(b, a);
                (q.to_vec(), g.to_vec())
            });
        }
        agree("divide_by_linear", |backend| {
            let (q, rest) = FieldVec::new(backend, &f).divide_by_linear(a);
            (q.to_vec(), rest)
        });
        let backend = Backend::best();
        let f = FieldVec::new(backend, &f);
        let (q, rest) = f.divide_by_linear(a);
        assert_eq!(rest, f.evaluate(a));
        let x = random.fr();
        assert_eq!(f.evaluate(x), (x - a) * q.evaluate(x) + rest);
        let (q, g) = f.divide_by_binomial(8, a);
        assert_eq!(f.evaluate(x), (x.pow([8]) - a) * q.evaluate(x) + g.evaluate(x));
    }
}

#[test]
fn matrices_agree() {
    let mut random = Random(10);
    for rows in [1, 2, 3, 8, 17, 64, 4200] {
        for columns in [1, 2, 5, 8, 16, 30, 33] {
            if rows * columns > 40_000 {
                continue;
            }
            let m = random.i32s(rows * columns, 32);
            let (over_rows, over_columns) = (random.awkwards(rows), random.awkwards(columns));
            agree("combine_rows", |backend| {
                FieldVec::combine_rows(&FieldVec::new(backend, &over_rows), &m, columns).to_vec()
            });
            agree("combine_columns", |backend| {
                FieldVec::combine_columns(&FieldVec::new(backend, &over_columns), &m).to_vec()
            });
            if rows < 100 {
                let f = random.awkwards(rows * columns + 1);
                agree("row_dots", |backend| {
                    FieldVec::new(backend, &f).row_dots(&FieldVec::new(backend, &over_columns)).to_vec()
                });
            }
        }
    }
    // Accumulators at their fullest.
    let weights = vec![-Fr::ONE; 9000];
    for extreme in [i32::MIN, i32::MAX] {
        let m = vec![extreme; 9000 * 2];
        agree("combine_rows of the largest", |backend| {
            FieldVec::combine_rows(&FieldVec::new(backend, &weights), &m, 2).to_vec()
        });
        agree("combine_columns of the largest", |backend| {
            FieldVec::combine_columns(&FieldVec::new(backend, &weights), &m).to_vec()
        });
    }
}

#[test]
fn transforms_agree_and_come_back() {
    let mut random = Random(11);
    for log_len in 0..9 {
        let v = random.awkwards(1 << log_len);
        agree("fft", |backend| {
            let mut vector = FieldVec::new(backend, &v);
            vector.fft();
            vector.to_vec()
        });
        agree("inverse_fft", |backend| {
            let mut vector = FieldVec::new(backend, &v);
            vector.inverse_fft();
            vector.to_vec()
        });
    }
    for log_len in 9..13 {
        let v = random.frs(1 << log_len);
        for backend in Backend::available().filter(|backend| *backend != Backend::Reference) {
            let mut vector = FieldVec::new(backend, &v);
            vector.fft();
            assert_eq!(vector.get(0), v.iter().sum());
            vector.inverse_fft();
            assert_eq!(vector.to_vec(), v, "{backend:?}");
        }
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs --release")]
fn large_ones_agree() {
    let mut random = Random(12);
    let (v, w) = (random.awkwards(1 << 16), random.awkwards(1 << 16));
    let a = random.fr();
    agree("large", |backend| {
        let (v, w) = (FieldVec::new(backend, &v), FieldVec::new(backend, &w));
        let mut inverse = v.clone();
        inverse.invert();
        let (q, g) = v.divide_by_binomial(256, a);
        let (t, rest) = v.divide_by_linear(a);
        (v.dot(&w), inverse.to_vec(), q.to_vec(), g.to_vec(), t.to_vec(), rest)
    });
}
