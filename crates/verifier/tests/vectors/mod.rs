//! `vectors/proof`: what the contract is called with, the reference's verdict on it, and the files.
//!
//! `ok_*.json` holds everything in the bytes that the contract is called with; `bad_*.json` lists patches of it, each with
//! the error that it must get here (the contract answers false); `bad_descriptors.json` lists descriptors.

#![allow(dead_code, reason = "each test file uses some of these")]

use alloy_primitives::{Address, B256, U256, hex};
use averment_verifier::{
    Key, Registered,
    commitment::{Chunked, InputCommitment, WeightsCommitment},
    descriptor::{Blocks, Descriptor, ValidDescriptor},
    point::{self, G1Affine, G2Affine},
    proof::Proof,
    statement::{Mode, Statement},
    verify,
};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

/// Where vectors lie.
pub fn folder() -> PathBuf {
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

/// Names of the parts.
pub const PARTS: [&str; 4] = ["descriptor", "statement", "points", "proof"];

/// Words of an ABI-encoded statement: its offset, thirteen members of which one is the list's offset, then the list.
pub const CONSUMER: usize = 1;
pub const REQUEST: usize = 2;
pub const BENEFICIARY: usize = 3;
pub const VERSION: usize = 4;
pub const WEIGHTS: usize = 5;
pub const PLAN: usize = 6;
pub const SCHEMA: usize = 7;
pub const INPUTS: usize = 8;
pub const ITEMS: usize = 9;
pub const PUBLIC: usize = 10;
pub const SEED: usize = 11;
pub const MODE: usize = 12;
pub const TERMS: usize = 13;
pub const COUNT: usize = 14;
pub const CHAIN: u64 = 31_337;

pub fn number(number: usize) -> B256 {
    B256::from(U256::from(number))
}

pub fn abi(statement: &Statement) -> Vec<u8> {
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
pub fn statement(bytes: &[u8], setup: B256) -> Statement {
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
pub fn verdict(call: &Call) -> Result<(), String> {
    judged(call, |descriptor, key, registered, statement, proof| {
        verify(descriptor, key, registered, statement, proof).map_err(name)
    })
}

/// What a judge says to a call that is well formed.
pub fn judged(
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

pub fn tau(words: &[B256; 4]) -> G2Affine {
    use ark_ff::PrimeField;
    let [x1, x0, y1, y0] = words.map(|word| ark_bn254::Fq::from_be_bytes_mod_order(word.as_slice()));
    G2Affine::new(ark_bn254::Fq2::new(x0, x1), ark_bn254::Fq2::new(y0, y1))
}

/// The outermost variant's name.
pub fn name(error: impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    text.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}

pub fn patched(call: &Call, case: &Value) -> Call {
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

pub fn write(call: &Call, about: &str) -> Value {
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

pub fn read(file: &Value) -> Call {
    let word = |value: &Value| value.as_str().unwrap().parse::<B256>().unwrap();
    let tau: Vec<B256> = file["tau"].as_array().unwrap().iter().map(word).collect();
    Call {
        tau: tau.try_into().unwrap(),
        setup: word(&file["setup"]),
        parts: PARTS.map(|part| hex::decode(file[part].as_str().unwrap()).unwrap()),
    }
}

pub fn file(name: &str) -> Value {
    let path = folder().join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// A vector that must be refused, or a good one.
pub enum Case {
    /// A call.
    Proof(String, Box<Call>),
    /// A descriptor.
    Descriptor(String, Vec<u8>),
}

impl Case {
    /// What it is about.
    pub fn name(&self) -> &str {
        match self {
            Self::Proof(name, _) | Self::Descriptor(name, _) => name,
        }
    }

    /// The reference's verdict.
    pub fn verdict(&self) -> Result<(), String> {
        match self {
            Self::Proof(_, call) => verdict(call),
            Self::Descriptor(_, bytes) => match Descriptor::decode(bytes) {
                Err(_) => Err("Bytes".to_owned()),
                Ok(descriptor) => descriptor.validate().map(drop).map_err(name),
            },
        }
    }
}

/// The files whose names begin so, in order.
pub fn files(prefix: &str) -> Vec<String> {
    let entries = fs::read_dir(folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(prefix)).collect();
    names.sort();
    names
}

/// Whether a file is about certificates, which the prover's tests judge; their descriptors are judged here.
pub fn is_certificate(name: &str) -> bool {
    name.contains("certificate") && !name.contains("descriptors")
}

/// Every good vector.
pub fn good() -> Vec<Case> {
    let names = files("ok_").into_iter().filter(|name| !is_certificate(name));
    names.map(|name| Case::Proof(name.clone(), Box::new(read(&file(&name))))).collect()
}

/// The proofs of releases: `frozen/SUITE/RELEASE/*.json`.
pub fn frozen() -> Vec<Case> {
    let below = |path: PathBuf| -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    let folders = |paths: Vec<PathBuf>| paths.into_iter().filter(|path| path.is_dir());
    let releases = folders(below(folder().join("frozen"))).flat_map(|suite| folders(below(suite)));
    let proofs = releases.flat_map(below).map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        Case::Proof(path.display().to_string(), Box::new(read(&serde_json::from_str(&text).unwrap())))
    });
    proofs.collect()
}

/// Every bad vector, with the error that it must get.
pub fn bad() -> Vec<(Case, String)> {
    let mut cases = Vec::new();
    for name in files("bad_").into_iter().filter(|name| !is_certificate(name)) {
        let found = file(&name);
        let base = found["of"].as_str().map(|of| read(&file(of)));
        for case in found["cases"].as_array().unwrap() {
            let text = format!("{name}: {}", case["name"].as_str().unwrap());
            let one = match &base {
                Some(call) => Case::Proof(text, Box::new(patched(call, case))),
                None => Case::Descriptor(text, hex::decode(case["descriptor"].as_str().unwrap()).unwrap()),
            };
            cases.push((one, case["error"].as_str().unwrap().to_owned()));
        }
    }
    cases
}

/// The vectors as a contract is called with them: what comes behind `verify`'s selector, and descriptors.
pub fn calls() -> Value {
    let (mut descriptors, mut good_calls, mut bad_calls, mut bad_descriptors) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let base = read(&file(&files("ok_")[0]));
    let call = |name: &str, call: &Call| json!({ "name": name, "call": hex::encode_prefixed(encoded(call)) });
    for case in good() {
        if let Case::Proof(name, own) = case {
            assert_eq!((own.tau, own.setup), (base.tau, base.setup), "one setup for all vectors");
            descriptors.push(hex::encode_prefixed(&own.parts[0]));
            good_calls.push(call(&name, &own));
        }
    }
    for (case, _) in bad() {
        match case {
            Case::Proof(name, own) => bad_calls.push(call(&name, &own)),
            Case::Descriptor(name, bytes) => {
                bad_descriptors.push(json!({ "name": name, "call": hex::encode_prefixed(bytes) }));
            }
        }
    }
    let constructor: Vec<u8> = base.tau.iter().chain([&base.setup]).flat_map(|word| word.0).collect();
    json!({
        "constructor": hex::encode_prefixed(constructor),
        "descriptors": descriptors,
        "good": good_calls,
        "bad": bad_calls,
        "badDescriptors": bad_descriptors,
    })
}

/// `verify`'s arguments, ABI-encoded; the statement's words as they are, whatever they say.
fn encoded(call: &Call) -> Vec<u8> {
    let [descriptor, statement, points, proof] = &call.parts;
    // Behind the word that says where it begins.
    let mut tails = vec![statement.get(32..).unwrap_or_default().to_vec()];
    for bytes in [points, proof] {
        let mut tail = number(bytes.len()).to_vec();
        tail.extend(bytes);
        tail.resize(tail.len().next_multiple_of(32), 0);
        tails.push(tail);
    }
    let mut encoded = alloy_primitives::keccak256(descriptor).to_vec();
    let mut at = 4 * 32;
    for tail in &tails {
        encoded.extend(number(at));
        at += tail.len();
    }
    encoded.extend(tails.concat());
    encoded
}
