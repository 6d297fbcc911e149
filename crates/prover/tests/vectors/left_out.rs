//! For `cargo xtask checks`: judges the vectors by contracts of which each check holds in the block with its number.

use super::{
    BAD_TABLES, Call, Case, Certified,
    chain::{CONTRACTS, Chain},
    vectors,
};
use ark_ec::AffineRepr;
use averment_verifier::point::{self, G1Affine};
use serde_json::{Value, json};
use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
};

/// What must not be accepted: a proof, a certificate, or a descriptor with its tables' points.
enum Bad {
    Proof(Box<Call>),
    Certificate(Box<Certified>),
    Registration(Box<Call>),
}

impl Bad {
    fn is_accepted(&self, chain: &mut Chain) -> bool {
        match self {
            Self::Proof(call) => chain.says(call) == Some(true),
            Self::Certificate(own) => chain.certifies(own),
            Self::Registration(call) => chain.registers(call),
        }
    }
}

/// Whether what should be accepted is.
fn is_good(case: &Case, chain: &mut Chain) -> bool {
    match case {
        Case::Proof(_, call) => chain.says(call) == Some(true),
        Case::Certificate(_, own) => chain.certifies(own),
        Case::Descriptor(..) => true,
    }
}

/// A contract as forge compiled it, in an artifact's form.
fn compiled(folder: &Path, name: &str) -> Value {
    let path = folder.join(format!("{name}.sol/{name}.json"));
    let output: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    json!({ "abi": output["abi"], "bytecode": output["bytecode"]["object"] })
}

/// A descriptor with as many points as it says that its tables have.
fn registration(base: &Call, descriptor: Vec<u8>) -> Call {
    let chunks = descriptor.get(70..72).map_or(0, |count| u16::from_be_bytes([count[0], count[1]]));
    let mut call = base.clone();
    call.parts[4] = point::to_bytes(&vec![G1Affine::generator(); usize::from(chunks.min(64))]);
    call.parts[0] = descriptor;
    call
}

/// Each of the numbers in `AVERMENT_LEFT_OUT` gives a line of the file `AVERMENT_ACCEPTED`: the name of something bad that
/// is accepted with this check left out, `-` if nothing is, or `!` and the name of something good that is refused.
#[test]
fn each_check_is_left_out() {
    let Ok(numbers) = env::var("AVERMENT_LEFT_OUT") else { return };
    let folder = PathBuf::from(env::var("AVERMENT_CONTRACTS").unwrap());
    let mut accepted = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(env::var("AVERMENT_ACCEPTED").unwrap())
        .unwrap();
    let good = vectors::good();
    let base = good.iter().find_map(|case| match case {
        Case::Proof(_, call) => Some(call),
        _ => None,
    });
    let base = base.unwrap();
    let mut chain = Chain::of(base, CONTRACTS.map(|name| compiled(&folder, name)), 1 << 20);
    for case in &good {
        let registered = match case {
            Case::Proof(_, call) => chain.register(call),
            Case::Certificate(_, own) => chain.register(&own.call) && chain.register(&own.decided()),
            Case::Descriptor(..) => true,
        };
        assert!(registered && is_good(case, &mut chain), "{}", case.name());
    }
    let mut bad = Vec::new();
    for (case, _) in vectors::bad() {
        bad.push(match case {
            Case::Descriptor(name, bytes) => (name, Bad::Registration(Box::new(registration(base, bytes)))),
            Case::Proof(name, call) if name.starts_with(BAD_TABLES) || !chain.register(&call) => {
                (name, Bad::Registration(call))
            }
            Case::Proof(name, call) => (name, Bad::Proof(call)),
            Case::Certificate(name, own) => {
                assert!(chain.register(&own.call) && chain.register(&own.decided()), "{name}");
                (name, Bad::Certificate(own))
            }
        });
    }
    for (name, case) in &bad {
        assert!(!case.is_accepted(&mut chain), "{name}");
    }
    for number in numbers.split(',').map(|number| number.parse().unwrap()) {
        chain.leave_out(number);
        let verdict = if let Some(place) = bad.iter().position(|(_, case)| case.is_accepted(&mut chain)) {
            // What shows one check often shows the next.
            bad[..=place].rotate_right(1);
            bad[0].0.clone()
        } else if let Some(case) = good.iter().find(|case| !is_good(case, &mut chain)) {
            format!("!{}", case.name())
        } else {
            "-".to_owned()
        };
        writeln!(accepted, "{number} {verdict}").unwrap();
    }
}
