//! Judges every vector with each check left out; put beside the verifier's tests in a copy by `cargo xtask checks`.

mod vectors;

use std::{env, fs, io::Write as _};

/// A verdict; with a check left out a panic refuses, too.
fn verdict(case: &vectors::Case) -> Result<(), String> {
    std::panic::catch_unwind(|| case.verdict()).unwrap_or_else(|_| Err("a panic".to_owned()))
}

#[test]
fn each_check_is_left_out() {
    std::panic::set_hook(Box::new(|_| ()));
    let numbers = env::var("AVERMENT_LEFT_OUT").unwrap();
    let (good, mut bad) = (vectors::good(), vectors::bad());
    let path = env::var("AVERMENT_ACCEPTED").unwrap();
    let mut report = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
    for number in numbers.split(',').map(|number| number.parse().unwrap()) {
        averment_verifier::leave_out(number);
        // Of those that are still refused: which for another reason now?
        let mut others = Vec::new();
        let accepted = bad.iter().position(|(case, error)| match verdict(case) {
            Ok(()) => true,
            Err(other) => {
                others.extend((other != *error).then(|| format!(" ({}: {error}, then {other})", case.name())));
                false
            }
        });
        match accepted {
            Some(place) => {
                // What shows one check often shows the next.
                bad[..=place].rotate_right(1);
                writeln!(report, "{number} {}", bad[0].0.name()).unwrap();
            }
            None if good.iter().any(|case| verdict(case).is_err()) => {
                writeln!(report, "{number} !").unwrap();
            }
            None => {
                others.truncate(4);
                writeln!(report, "{number} -{}", others.concat()).unwrap();
            }
        }
    }
}
