//! Writes `vectors/proof`: proofs that the Rust verifier and the contract accept, and changes of them that both refuse.
//! `AVERMENT_WRITE_VECTORS=1` writes them anew (`all` those of networks too; `batches` those of 128 images alone,
//! a minute; `federated` those of tasks alone); they are read and judged by the verifier's own tests.

#[path = "vectors/bytes.rs"]
mod bytes;
#[path = "../../plan/tests/cases/mod.rs"]
mod cases;
#[path = "vectors/certificates.rs"]
mod certificates;
mod certified;
#[path = "vectors/chain.rs"]
mod chain;
#[path = "vectors/descriptors.rs"]
mod descriptors;
#[path = "vectors/false_proofs.rs"]
mod false_proofs;
#[path = "vectors/federated.rs"]
mod federated;
#[path = "vectors/left_out.rs"]
mod left_out;
mod lies;
#[path = "vectors/make.rs"]
mod make;
#[path = "vectors/networks.rs"]
mod networks;
#[path = "vectors/separate.rs"]
mod separate;
mod slotted;
#[path = "federated/task.rs"]
mod task;
#[path = "../../verifier/tests/vectors/mod.rs"]
mod vectors;
#[path = "vectors/words.rs"]
mod words;

use averment_verifier::{
    descriptor::{Commitments, Options},
    statement::Mode,
};
use serde_json::{Value, json};
use std::fs;
use vectors::*;

/// The order of the field that coordinates are of.
const COORDINATES: &str = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";

/// Every vector by name: what it is about and the call.
fn made() -> Vec<(String, &'static str, make::Made)> {
    let mut vectors = Vec::new();
    for (suffix, mode) in [("transparent", Mode::Transparent), ("zk", Mode::ZeroKnowledge)] {
        for (name, about, model) in make::models() {
            let items = if name == "argmax" { 3 } else { 1 };
            // The others have as many slots as suits them: one, where they are small.
            let slots = match name {
                "windows" => Some(4),
                "argmax" => Some(2),
                _ => None,
            };
            let options = Options { mode, slots, ..Options::default() };
            vectors.push((format!("{name}_{suffix}"), about, make::Made::laid_out(model, options, items)));
        }
        let about =
            "A dense layer and a second input, three items, each with an input commitment of its own.";
        vectors.push((format!("separate_{suffix}"), about, make::Made::separate(mode)));
    }
    vectors
}

/// Files of descriptors that break rules: whose, and how.
const BAD_DESCRIPTORS: &[(&str, &str, &[descriptors::Attack], descriptors::Bytes)] = &[
    ("bad_descriptors.json", "ok_windows_zk.json", descriptors::ATTACKS, bytes::attacks),
    ("bad_decision_descriptors.json", "ok_argmax_zk.json", descriptors::DECISIONS, |_| vec![]),
    ("bad_separate_descriptors.json", "ok_separate_zk.json", separate::DESCRIPTORS, bytes::attacks),
    ("bad_certificate_descriptors.json", "ok_certificate_wide_zk.json", certificates::ATTACKS, |_| vec![]),
    ("bad_update_descriptors.json", "ok_update_wide_zk.json", federated::UPDATES, |_| vec![]),
    ("bad_round_descriptors.json", "ok_round_two_halves_zk.json", federated::ROUNDS, |_| vec![]),
];

/// Whether the networks' are written too, which takes a while.
fn writes_all() -> bool {
    std::env::var_os("AVERMENT_WRITE_VECTORS").is_some_and(|how| how == "all")
}

#[test]
fn vectors_are_written() {
    if std::env::var_os("AVERMENT_WRITE_VECTORS").is_none() {
        return;
    }
    fs::create_dir_all(folder()).unwrap();
    if std::env::var_os("AVERMENT_WRITE_VECTORS").is_some_and(|how| how == "batches") {
        return write_batches();
    }
    if std::env::var_os("AVERMENT_WRITE_VECTORS").is_some_and(|how| how == "federated") {
        federated::write(&save);
        let own = |base: &str| base.starts_with("ok_update") || base.starts_with("ok_round");
        for (name, base, attacks, bytes) in BAD_DESCRIPTORS.iter().filter(|(_, base, ..)| own(base)) {
            save((*name).into(), descriptors::write(base, attacks, *bytes));
        }
        return;
    }
    if std::env::var_os("AVERMENT_WRITE_VECTORS").is_none_or(|how| how != "descriptors") {
        write_proofs(&save);
    }
    for (name, base, attacks, bytes) in BAD_DESCRIPTORS {
        save((*name).into(), descriptors::write(base, attacks, *bytes));
    }
}

/// What a batch costs on chain, by how its inputs are committed to.
fn write_batches() {
    for (suffix, commitments, about) in [
        ("joint", Commitments::Joint, "LeNet-5 on 128 images, one joint input commitment: decisions."),
        (
            "each",
            Commitments::Each,
            "LeNet-5 on 128 images, each with an input commitment of its own: decisions.",
        ),
    ] {
        let options = Options { commitments, ..Options::default() };
        let call = make::Made::laid_out(networks::lenet(), options, 128).call(|_| ());
        assert_eq!(verdict(&call), Ok(()), "{suffix}");
        save(format!("ok_lenet128_{suffix}_zk.json"), write(&call, about));
    }
}

fn save(name: String, value: Value) {
    fs::write(folder().join(name), serde_json::to_string_pretty(&value).unwrap() + "\n").unwrap();
}

fn write_proofs(save: &impl Fn(String, Value)) {
    certificates::write(save);
    federated::write(save);
    for (name, about, made) in made() {
        let call = made.call(|_| ());
        assert_eq!(verdict(&call), Ok(()), "{name}");
        save(format!("ok_{name}.json"), write(&call, about));
        let attacks = match name.split_once('_') {
            Some(("dense", _)) => make::attacks(&made, &call),
            Some(("argmax", _)) => make::false_decisions(&made, &call),
            Some(("separate", _)) => separate::attacks(&made, &call),
            _ => continue,
        };
        save(format!("bad_{name}.json"), bad_file(&name, &call, attacks));
        if name == "dense_zk" {
            save(format!("{BAD_TABLES}.json"), bad_file(&name, &call, make::bad_tables(&call)));
        }
    }
    for (suffix, mode) in [("transparent", Mode::Transparent), ("zk", Mode::ZeroKnowledge)] {
        for (name, model, slots, shows) in false_proofs::models() {
            let base = false_proofs::Base::new(model, Options { mode, slots, ..Options::default() });
            let name = format!("false_{name}_{suffix}");
            let call = base.call.clone();
            assert_eq!(verdict(&call), Ok(()), "{name}");
            save(format!("ok_{name}.json"), base.file());
            let cases = base.cases(shows);
            save(format!("bad_{name}.json"), bad_file(&name, &call, cases));
        }
    }
}

/// Patches of a good call, each with the error that the reference has for it.
fn bad_file(name: &str, call: &Call, cases: Vec<Value>) -> Value {
    let with_error = |mut case: Value| {
        let error = verdict(&patched(call, &case)).expect_err(&case["name"].to_string());
        case["error"] = error.into();
        case
    };
    let cases: Vec<Value> = cases.into_iter().map(with_error).collect();
    json!({
        "format": "averment-vectors-bad-proof/1",
        "about": "Changes of the other file: a part cut or grown to `length`, then `bytes` written at `at`. `error` is the Rust \
                  verifier's; the contract answers false.",
        "of": format!("ok_{name}.json"),
        "count": cases.len(),
        "cases": cases,
    })
}
