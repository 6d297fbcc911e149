//! Judges every vector with each check left out; put beside the verifier's tests in a copy by `cargo xtask checks`.

mod vectors;

use std::{env, fs};

#[test]
fn each_check_is_left_out() {
    let numbers = env::var("AVERMENT_LEFT_OUT").unwrap();
    let (good, bad) = (vectors::good(), vectors::bad());
    let mut report = String::new();
    for number in numbers.split(',').filter_map(|number| number.parse().ok()) {
        averment_verifier::leave_out(number);
        if let Some(case) = good.iter().find(|case| case.verdict().is_err()) {
            report += &format!("{number} !{}\n", case.name());
            continue;
        }
        let mut verdicts = bad.iter().map(|(case, error)| (case, error, case.verdict()));
        // Of those that are still refused: which for another reason now?
        let mut others = Vec::new();
        let accepted = verdicts.find_map(|(case, error, verdict)| match verdict {
            Ok(()) => Some(case.name().to_owned()),
            Err(other) => {
                others.extend((other != *error).then(|| format!(" ({}: {error}, then {other})", case.name())));
                None
            }
        });
        let otherwise = || format!("-{}", others.iter().take(4).cloned().collect::<String>());
        report += &format!("{number} {}\n", accepted.unwrap_or_else(otherwise));
    }
    fs::write(env::var("AVERMENT_ACCEPTED").unwrap(), report).unwrap();
}
