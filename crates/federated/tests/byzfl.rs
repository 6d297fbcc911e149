//! The rules over reals against what ByzFL makes of the same rows: `byzfl.json`, written by `xtask/interop/byzfl_cases.py`, or the
//! file that `AVERMENT_BYZFL` names (`cargo xtask interop byzfl` has it make other rows).

use averment_federated::comparison::*;
use serde_json::Value;

const CASES: &str = include_str!("byzfl.json");
const OTHERS: &str = "AVERMENT_BYZFL";

fn vector(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|cell| cell.as_f64().unwrap()).collect()
}

fn matrix(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(vector).collect()
}

fn close(made: &[f64], expected: &[f64], name: &str) {
    assert_eq!(made.len(), expected.len(), "{name}");
    for (a, b) in made.iter().zip(expected) {
        assert!((a - b).abs() < 1e-6, "{name}: {a} here, {b} there");
    }
}

#[test]
fn byzfl_makes_the_same_of_the_same_rows() {
    let others = std::env::var_os(OTHERS).map(|path| std::fs::read_to_string(path).unwrap());
    let cases: Value = serde_json::from_str(others.as_deref().unwrap_or(CASES)).unwrap();
    let cases = cases["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let owned = matrix(&case["rows"]);
        let rows: Vec<&[f64]> = owned.iter().map(Vec::as_slice).collect();
        let (n, f) = (rows.len(), case["faults"].as_u64().unwrap() as usize);
        let order: Vec<usize> = vector(&case["order"]).into_iter().map(|place| place as usize).collect();
        let start = vec![0.0; rows[0].len()];
        let made = [
            ("average", average(&rows)),
            ("krum", krum(&rows, n - f - 1, 1)),
            ("multi-krum", krum(&rows, n - f - 1, n - f)),
            ("geometric median", geometric_median(&rows, start, 0.1, 8)),
            ("centered clipping", centered_clipping(&rows, vector(&case["centre"]), 2.5, 3)),
            ("minimum diameter", minimum_diameter(&rows, f)),
            ("trimmed mean", trimmed_mean(&rows, f)),
            ("coordinate median", coordinate_median(&rows)),
        ];
        assert_eq!(case["rules"].as_object().unwrap().len(), made.len());
        for (name, made) in made {
            close(&made, &vector(&case["rules"][name]), name);
        }
        let steps = [
            ("mixed", mixed(&rows, f)),
            ("clipped", clipped(&rows, 4.0)),
            ("bucketed", bucketed(&rows, &order, 2)),
        ];
        assert_eq!(case["steps"].as_object().unwrap().len(), steps.len());
        for (name, made) in steps {
            let expected = matrix(&case["steps"][name]);
            assert_eq!(made.len(), expected.len(), "{name}");
            for (made, expected) in made.iter().zip(expected) {
                close(made, &expected, name);
            }
        }
    }
}
