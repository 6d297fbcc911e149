//! `vectors/proof`: what the contract is called with, the reference's verdict on it, and the files.
//!
//! `ok_*.json` holds everything in the bytes that the contract is called with; `bad_*.json` lists patches of it, each with
//! the error that it must get here (the contract answers false); those of certificates have the decision's descriptor too;
//! `bad_descriptors.json` lists descriptors.

#![allow(dead_code, reason = "each test file uses some of these")]

use alloy_primitives::{Address, B256, U256, hex, keccak256};
use averment_verifier::{
    Key, Registered,
    certificate::{self, CertificateError},
    commitment::{Chunked, InputCommitment, Inputs, WeightsCommitment},
    descriptor::{Blocks, Descriptor, Kind, ValidDescriptor},
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
    /// Five byte strings, by name: descriptor, statement, points, proof, tables.
    pub parts: [Vec<u8>; 5],
}

/// The file of points that cannot be registered.
pub const BAD_TABLES: &str = "bad_table_points";

/// Names of the parts. The points are those of weights and inputs; the tables' are registered with the descriptor.
pub const PARTS: [&str; 5] = ["descriptor", "statement", "points", "proof", "tables"];

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
    let [descriptor, words, points, proof, tables] = &call.parts;
    let descriptor = Descriptor::decode(descriptor).map_err(name)?.validate().map_err(name)?;
    let statement = statement(words, call.setup);
    let layout = &descriptor.layout;
    let tables = points_of(tables)?;
    let mut weights = points_of(points)?;
    if descriptor.kind == Kind::Round {
        let registered = round_of(&descriptor, call.setup, &statement, weights)?;
        let key = Key { setup: call.setup, tau: tau(&call.tau) };
        let proof = Proof::decode(proof, &descriptor, statement.mode).map_err(name)?;
        return judge(&descriptor, &key, &registered, &statement, &proof);
    }
    let inputs = weights.split_off(layout.weights.len().min(weights.len()));
    // What the contract hashes: setup, K and blocks as it knows them, schema and items as the statement has them.
    let chunked = |sizes: &[u8], points| {
        let blocks = Blocks::new(layout.chunk_bits, sizes.to_vec()).map_err(name)?;
        Chunked::new(call.setup, blocks, points).map_err(name)
    };
    let weights = WeightsCommitment::new(chunked(&layout.sizes.weights, weights)?);
    let commitment = |items: u32, points: &[G1Affine]| {
        let chunked = chunked(&layout.sizes.inputs, points.to_vec())?;
        InputCommitment::new(statement.schema, items, chunked).map_err(name)
    };
    let inputs = if layout.sizes.item_bits > 0 {
        let own = layout.inputs.len() >> layout.sizes.item_bits;
        let items = inputs.chunks(own).map(|points| commitment(1, points)).collect::<Result<Vec<_>, _>>()?;
        (!items.is_empty()).then(|| Inputs::new(items)).transpose().map_err(name)?
    } else if layout.sizes.inputs.is_empty() {
        None
    } else {
        Some(Inputs::joint(commitment(statement.items, &inputs)?))
    };
    let registered = Registered::new(&descriptor, &weights, &tables, inputs.as_ref()).map_err(name)?;
    assert_eq!(registered.descriptor(), call.digest());
    let key = Key { setup: call.setup, tau: tau(&call.tau) };
    let proof = Proof::decode(proof, &descriptor, statement.mode).map_err(name)?;
    judge(&descriptor, &key, &registered, &statement, &proof)
}

/// A round's points as the statement's numbers of rows cut them: the model's, the remainder's, each row's.
fn round_of(
    descriptor: &ValidDescriptor,
    setup: B256,
    statement: &Statement,
    points: Vec<G1Affine>,
) -> Result<Registered, String> {
    let sizes = &descriptor.layout.sizes;
    let vector = |points: &[G1Affine]| {
        let blocks = Blocks::new(sizes.chunk_bits, sizes.weights.clone()).map_err(name)?;
        Chunked::new(setup, blocks, points.to_vec()).map(WeightsCommitment::new).map_err(name)
    };
    let each = descriptor.layout.vector_chunks().unwrap() as usize;
    let vectors = points.chunks(each).map(vector).collect::<Result<Vec<_>, _>>()?;
    let [model, remainder, rows @ ..] = vectors.as_slice() else { return Err("Rows".into()) };
    let mut left: Vec<&WeightsCommitment> = rows.iter().collect();
    let mut halves = Vec::new();
    for rows in statement.public.iter().take(descriptor.public_count()) {
        let rows = usize::try_from(*rows).unwrap_or(0).min(left.len());
        halves.push(left.drain(..rows).collect());
    }
    if !left.is_empty() {
        return Err("Rows".into());
    }
    Registered::round(descriptor, model, remainder, &halves).map_err(name)
}

/// Points, one after the other; what is missing of the last is zero.
fn points_of(bytes: &[u8]) -> Result<Vec<G1Affine>, String> {
    let point = |bytes: &[u8]| {
        let word = |place: usize| {
            B256::right_padding_from(bytes.get(place * 32..).unwrap_or(&[]).get(..32).unwrap_or(&[]))
        };
        point::from_words(&[word(0), word(1)]).ok_or_else(|| "Point".to_owned())
    };
    bytes.chunks(point::BYTES).map(point).collect()
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
        "digest": call.digest(),
    });
    for (part, bytes) in PARTS.iter().zip(&call.parts) {
        file[*part] = hex::encode_prefixed(bytes).into();
    }
    file
}

pub fn read(file: &Value) -> Call {
    let word = |value: &Value| value.as_str().unwrap().parse::<B256>().unwrap();
    let tau: Vec<B256> = file["tau"].as_array().unwrap().iter().map(word).collect();
    let call = Call {
        tau: tau.try_into().unwrap(),
        setup: word(&file["setup"]),
        parts: PARTS.map(|part| hex::decode(file[part].as_str().unwrap()).unwrap()),
    };
    assert_eq!(call.digest(), word(&file["digest"]));
    call
}

pub fn file(name: &str) -> Value {
    let path = folder().join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// A certificate's call, with the descriptor of the decision that it is for.
#[derive(Debug, Clone)]
pub struct Certified {
    pub decision: Vec<u8>,
    /// The points that the decision is registered with; the certificate's, if nothing else is said.
    pub decision_tables: Option<Vec<u8>>,
    pub call: Call,
}

impl Certified {
    pub fn read(file: &Value) -> Self {
        let decision = hex::decode(file["decision"].as_str().unwrap()).unwrap();
        Self { decision, decision_tables: None, call: read(file) }
    }

    /// A case of a file of changes.
    pub fn case(&self, case: &Value) -> Self {
        let bytes = |name: &str| case[name].as_str().map(|text| hex::decode(text).unwrap());
        Self {
            decision: bytes("decision").unwrap_or_else(|| self.decision.clone()),
            decision_tables: bytes("decisionTables"),
            call: patched(&self.call, case),
        }
    }

    /// The call with the decision's descriptor and points of tables, as it is registered.
    pub fn decided(&self) -> Call {
        let mut call = self.call.clone();
        call.parts[0].clone_from(&self.decision);
        if let Some(tables) = &self.decision_tables {
            call.parts[4].clone_from(tables);
        }
        call
    }

    /// The reference's verdict, by its error's name.
    pub fn verdict(&self) -> Result<(), String> {
        let decision = Descriptor::decode(&self.decision).map_err(name)?.validate().map_err(name)?;
        judged(&self.call, |certificate, key, registered, statement, proof| {
            // Here both have the points that are registered; the contract compares those of two digests.
            let tables = point::to_bytes(registered.tables());
            decision.certified_by(certificate).map_err(name)?;
            if self.decision_tables.as_ref().is_some_and(|own| *own != tables) {
                return Err("TablePoints".into());
            }
            certificate::verify(&decision, certificate, key, registered, statement, proof).map_err(|error| {
                match error {
                    CertificateError::Disagreement(error) => name(error),
                    CertificateError::Refused(error) => name(error),
                    other => name(other),
                }
            })
        })
    }
}

/// A vector that must be refused, or a good one.
pub enum Case {
    /// A call.
    Proof(String, Box<Call>),
    /// A certificate.
    Certificate(String, Box<Certified>),
    /// A descriptor.
    Descriptor(String, Vec<u8>),
}

impl Case {
    /// What it is about.
    pub fn name(&self) -> &str {
        match self {
            Self::Proof(name, _) | Self::Certificate(name, _) | Self::Descriptor(name, _) => name,
        }
    }

    /// The reference's verdict.
    pub fn verdict(&self) -> Result<(), String> {
        match self {
            Self::Proof(_, call) => verdict(call),
            Self::Certificate(_, own) => own.verdict(),
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

/// Whether a file is about certificates; those of their descriptors are as those of others.
pub fn is_certificate(name: &str) -> bool {
    name.contains("certificate") && !name.contains("descriptors")
}

/// Every good vector.
pub fn good() -> Vec<Case> {
    let case = |name: String| {
        let found = file(&name);
        match is_certificate(&name) {
            true => Case::Certificate(name, Box::new(Certified::read(&found))),
            false => Case::Proof(name, Box::new(read(&found))),
        }
    };
    files("ok_").into_iter().map(case).collect()
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
    for name in files("bad_") {
        let found = file(&name);
        let base = found["of"].as_str().map(file);
        for case in found["cases"].as_array().unwrap() {
            let text = format!("{name}: {}", case["name"].as_str().unwrap());
            let one = match &base {
                Some(base) if is_certificate(&name) => {
                    Case::Certificate(text, Box::new(Certified::read(base).case(case)))
                }
                Some(base) => Case::Proof(text, Box::new(patched(&read(base), case))),
                None => Case::Descriptor(text, hex::decode(case["descriptor"].as_str().unwrap()).unwrap()),
            };
            cases.push((one, case["error"].as_str().unwrap().to_owned()));
        }
    }
    cases
}

impl Call {
    /// D, by what [10.3] says that it is.
    pub fn digest(&self) -> B256 {
        keccak256([&hex!("600b5981380380925939f300")[..], &self.parts[0], &self.parts[4]].concat())
    }
}

/// `verify`'s arguments, ABI-encoded; the statement's words as they are, whatever they say.
pub fn encoded(call: &Call) -> Vec<u8> {
    let [_, statement, points, proof, _] = &call.parts;
    // Behind the word that says where it begins.
    let statement = statement.get(32..).unwrap_or_default().to_vec();
    arguments(&[call.digest()], &[statement, byte_string(points), byte_string(proof)])
}

/// `certify`'s arguments, ABI-encoded.
pub fn certifying(own: &Certified) -> Vec<u8> {
    let [_, statement, points, proof, _] = &own.call.parts;
    let statement = statement.get(32..).unwrap_or_default().to_vec();
    let words = [own.decided().digest(), own.call.digest()];
    arguments(&words, &[statement, byte_string(points), byte_string(proof)])
}

/// `register`'s arguments, ABI-encoded.
pub fn registration(descriptor: &[u8], tables: &[u8]) -> Vec<u8> {
    arguments(&[], &[byte_string(descriptor), byte_string(tables)])
}

/// Words, then where each of the others begins, then these.
fn arguments(words: &[B256], others: &[Vec<u8>]) -> Vec<u8> {
    let mut encoded = words.concat();
    let mut at = (words.len() + others.len()) * 32;
    for other in others {
        encoded.extend(number(at));
        at += other.len();
    }
    encoded.extend(others.concat());
    encoded
}

fn byte_string(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = [number(bytes.len()).as_slice(), bytes].concat();
    encoded.resize(encoded.len().next_multiple_of(32), 0);
    encoded
}
