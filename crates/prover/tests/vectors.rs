//! `vectors/proof`: proofs that the Rust verifier and the contract accept, and changes of them that both refuse.
//!
//! `AVERMENT_WRITE_VECTORS=1` writes them anew. `ok_*.json` holds everything in the bytes that the contract is called
//! with; `bad_*.json` lists patches of it, each with the error that it must get here (the contract answers false).

#[path = "../../plan/tests/cases/mod.rs"]
mod cases;
#[path = "vectors/certificates.rs"]
mod certificates;
mod certified;
#[path = "vectors/chain.rs"]
mod chain;
#[path = "vectors/descriptors.rs"]
mod descriptors;
#[path = "vectors/make.rs"]
mod make;
#[path = "vectors/networks.rs"]
mod networks;

use alloy_primitives::{Address, B256, U256, hex};
use averment_verifier::{
    Key, Registered, VerifyError,
    commitment::{Chunked, InputCommitment, WeightsCommitment},
    descriptor::{Blocks, Descriptor, ValidDescriptor},
    point::{self, G1Affine, G2Affine},
    proof::{Proof, ProofError},
    statement::{Mode, Statement},
    verify,
};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/proof")
}

/// What the contract is called with.
#[derive(Debug, Clone)]
pub struct Call {
    /// \[τ\]G2 as the pairing takes it.
    pub tau: [B256; 4],
    /// The setup's digest.
    pub setup: B256,
    /// Four byte strings, by name: descriptor, statement, points, proof.
    pub parts: [Vec<u8>; 4],
}

const PARTS: [&str; 4] = ["descriptor", "statement", "points", "proof"];

/// Words of an ABI-encoded statement: its offset, thirteen members of which one is the list's offset, then the list.
const CONSUMER: usize = 1;
const REQUEST: usize = 2;
const BENEFICIARY: usize = 3;
const VERSION: usize = 4;
const WEIGHTS: usize = 5;
const PLAN: usize = 6;
const SCHEMA: usize = 7;
const INPUTS: usize = 8;
const ITEMS: usize = 9;
const PUBLIC: usize = 10;
const SEED: usize = 11;
const MODE: usize = 12;
const TERMS: usize = 13;
const COUNT: usize = 14;
const CHAIN: u64 = 31_337;

fn number(number: usize) -> B256 {
    B256::from(U256::from(number))
}

fn abi(statement: &Statement) -> Vec<u8> {
    let mut words = vec![B256::ZERO; COUNT + 1];
    words[0] = number(32);
    words[CONSUMER] = statement.contract.into_word();
    words[REQUEST] = statement.request;
    words[BENEFICIARY] = statement.beneficiary.into_word();
    words[VERSION] = statement.version;
    words[WEIGHTS] = statement.weights;
    words[PLAN] = statement.plan;
    words[SCHEMA] = statement.schema;
    words[INPUTS] = statement.inputs;
    words[ITEMS] = number(statement.items as usize);
    words[PUBLIC] = number(13 * 32);
    words[SEED] = statement.seed;
    words[MODE] = number(usize::from(statement.mode.masked()));
    words[TERMS] = statement.terms;
    words[COUNT] = number(statement.public.len());
    words.extend(statement.public.iter().map(|value| {
        let fill = if *value < 0 { 0xff } else { 0 };
        let mut word = [fill; 32];
        word[24..].copy_from_slice(&value.to_be_bytes());
        B256::from(word)
    }));
    words.concat()
}

/// The statement of ABI-encoded words; the tests change words, not the encoding's structure.
fn statement(bytes: &[u8], setup: B256) -> Statement {
    let word = |place: usize| B256::from_slice(&bytes[place * 32..][..32]);
    let value = |place: usize| i64::from_be_bytes(word(COUNT + 1 + place)[24..].try_into().unwrap());
    let count = U256::from_be_bytes(word(COUNT).0).to::<usize>();
    Statement {
        setup,
        chain_id: CHAIN,
        contract: Address::from_word(word(CONSUMER)),
        request: word(REQUEST),
        beneficiary: Address::from_word(word(BENEFICIARY)),
        version: word(VERSION),
        weights: word(WEIGHTS),
        plan: word(PLAN),
        schema: word(SCHEMA),
        inputs: word(INPUTS),
        items: U256::from_be_bytes(word(ITEMS).0).saturating_to(),
        public: (0..count).map(value).collect(),
        seed: word(SEED),
        mode: if word(MODE).is_zero() { Mode::Transparent } else { Mode::ZeroKnowledge },
        terms: word(TERMS),
    }
}

/// The reference's verdict on a call, by its error's name.
fn verdict(call: &Call) -> Result<(), String> {
    judged(call, |descriptor, key, registered, statement, proof| {
        verify(descriptor, key, registered, statement, proof).map_err(name)
    })
}

/// What a judge says to a call that is well formed.
fn judged(
    call: &Call,
    judge: impl Fn(&ValidDescriptor, &Key, &Registered, &Statement, &Proof) -> Result<(), String>,
) -> Result<(), String> {
    let [descriptor, words, points, proof] = &call.parts;
    let descriptor = Descriptor::decode(descriptor).map_err(name)?.validate().map_err(name)?;
    let statement = statement(words, call.setup);
    let layout = &descriptor.layout;
    let points: Vec<G1Affine> = points
        .chunks(64)
        .map(|bytes| {
            let word = |place: usize| {
                B256::right_padding_from(bytes.get(place * 32..).unwrap_or(&[]).get(..32).unwrap_or(&[]))
            };
            point::from_words(&[word(0), word(1)]).ok_or_else(|| "Point".to_owned())
        })
        .collect::<Result<_, _>>()?;
    let mut points = points.into_iter();
    let mut take = |count: usize| points.by_ref().take(count).collect::<Vec<_>>();
    let (weights, tables) = (take(layout.weights.len()), take(layout.tables.len()));
    let inputs = points.collect();
    // What the contract hashes: setup, K and blocks as it knows them, schema and items as the statement has them.
    let chunked = |sizes: &[u8], points| {
        let blocks = Blocks::new(layout.chunk_bits, sizes.to_vec()).map_err(name)?;
        Chunked::new(call.setup, blocks, points).map_err(name)
    };
    let weights = WeightsCommitment::new(chunked(&layout.sizes.weights, weights)?);
    let mut committed = Vec::new();
    if !layout.sizes.inputs.is_empty() {
        let inputs = chunked(&layout.sizes.inputs, inputs)?;
        committed.push(InputCommitment::new(statement.schema, statement.items, inputs).map_err(name)?);
    }
    let registered = Registered::new(&descriptor, &weights, &tables, &committed).map_err(name)?;
    let key = Key { setup: call.setup, tau: tau(&call.tau) };
    let proof = Proof::decode(proof, &descriptor, statement.mode).map_err(name)?;
    judge(&descriptor, &key, &registered, &statement, &proof)
}

fn tau(words: &[B256; 4]) -> G2Affine {
    use ark_ff::PrimeField;
    let [x1, x0, y1, y0] = words.map(|word| ark_bn254::Fq::from_be_bytes_mod_order(word.as_slice()));
    G2Affine::new(ark_bn254::Fq2::new(x0, x1), ark_bn254::Fq2::new(y0, y1))
}

/// The outermost variant's name.
fn name(error: impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    text.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}

fn patched(call: &Call, case: &Value) -> Call {
    let mut call = call.clone();
    for patch in case["patches"].as_array().unwrap() {
        let part = PARTS.iter().position(|part| patch["part"] == **part).unwrap();
        let bytes = &mut call.parts[part];
        if let Some(length) = patch["length"].as_u64() {
            bytes.resize(length as usize, 0);
        }
        if let Some(at) = patch["at"].as_u64() {
            let new = hex::decode(patch["bytes"].as_str().unwrap()).unwrap();
            bytes[at as usize..][..new.len()].copy_from_slice(&new);
        }
    }
    call
}

fn write(call: &Call, about: &str) -> Value {
    let mut file = json!({
        "format": "averment-vectors-proof/1",
        "about": about,
        "chainId": CHAIN,
        "tau": call.tau,
        "setup": call.setup,
    });
    for (part, bytes) in PARTS.iter().zip(&call.parts) {
        file[*part] = hex::encode_prefixed(bytes).into();
    }
    file
}

fn read(file: &Value) -> Call {
    let word = |value: &Value| value.as_str().unwrap().parse::<B256>().unwrap();
    let tau: Vec<B256> = file["tau"].as_array().unwrap().iter().map(word).collect();
    Call {
        tau: tau.try_into().unwrap(),
        setup: word(&file["setup"]),
        parts: PARTS.map(|part| hex::decode(file[part].as_str().unwrap()).unwrap()),
    }
}

fn file(name: &str) -> Value {
    let path = folder().join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// Every vector by name: what it is about and the call.
fn made() -> Vec<(String, &'static str, make::Made)> {
    let mut vectors = Vec::new();
    for (suffix, mode) in [("transparent", Mode::Transparent), ("zk", Mode::ZeroKnowledge)] {
        for (name, about, model) in make::models() {
            vectors.push((format!("{name}_{suffix}"), about, make::Made::new(model, mode)));
        }
    }
    vectors
}

/// Files of descriptors that break rules: whose, and how.
const BAD_DESCRIPTORS: &[(&str, &str, &[descriptors::Attack])] = &[
    ("bad_descriptors.json", "ok_windows_zk.json", descriptors::ATTACKS),
    ("bad_certificate_descriptors.json", "ok_certificate_wide_zk.json", certificates::ATTACKS),
];

#[test]
fn vectors_are_written() {
    if std::env::var_os("AVERMENT_WRITE_VECTORS").is_none() {
        return;
    }
    fs::create_dir_all(folder()).unwrap();
    let save = |name: String, value: Value| {
        fs::write(folder().join(name), serde_json::to_string_pretty(&value).unwrap() + "\n").unwrap();
    };
    certificates::write(&save);
    for (name, base, attacks) in BAD_DESCRIPTORS {
        save((*name).into(), descriptors::write(base, attacks));
    }
    for (name, about, made) in made() {
        let call = made.call(|_| ());
        assert_eq!(verdict(&call), Ok(()), "{name}");
        save(format!("ok_{name}.json"), write(&call, about));
        if name.starts_with("dense") {
            let cases: Vec<Value> = make::attacks(&made, &call)
                .into_iter()
                .map(|mut case| {
                    let error = verdict(&patched(&call, &case)).expect_err(&case.to_string());
                    case["error"] = error.into();
                    case
                })
                .collect();
            let bad = json!({
                "format": "averment-vectors-bad-proof/1",
                "about": "Changes of the other file: a part cut or grown to `length`, then `bytes` written at `at`. `error` is the Rust verifier's; the contract answers false.",
                "of": format!("ok_{name}.json"),
                "count": cases.len(),
                "cases": cases,
            });
            save(format!("bad_{name}.json"), bad);
        }
    }
}

#[test]
fn good_proofs_are_accepted_and_changed_ones_refused() {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 6, "{names:?}");
    for name in names {
        let found = file(&name);
        if let Some((_, _, attacks)) = BAD_DESCRIPTORS.iter().find(|(own, ..)| *own == name) {
            descriptors::check(&found, attacks);
            continue;
        }
        if name.contains("certificate") {
            certificates::check(&found, &name);
            continue;
        }
        if name.starts_with("ok_") {
            let descriptor = Descriptor::decode(&read(&found).parts[0]).unwrap();
            descriptor.validate().unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(verdict(&read(&found)), Ok(()), "{name}");
            continue;
        }
        let call = read(&file(found["of"].as_str().unwrap()));
        for case in found["cases"].as_array().unwrap() {
            let error = case["error"].as_str().unwrap();
            assert_eq!(verdict(&patched(&call, case)), Err(error.to_owned()), "{name}: {}", case["name"]);
        }
    }
}

#[test]
fn errors_are_named_by_their_variants() {
    assert_eq!(name(ProofError::Scalar { word: 1 }), "Scalar");
    assert_eq!(name(VerifyError::Opening), "Opening");
}
