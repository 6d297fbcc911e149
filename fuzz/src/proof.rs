//! Descriptors and proofs.

use crate::{plan, vectors};
use averment_primitives::B256;
use averment_verifier::{
    Key, Registered,
    certificate::CertificateFile,
    commitment::{Chunked, InputCommitment, Inputs, WeightsCommitment},
    descriptor::{Blocks, Descriptor, ValidDescriptor},
    file::ProofFile,
    point::{self, G2Affine},
    proof::Proof,
    statement::{Mode, Statement},
    verify,
};
use std::sync::LazyLock;

const TRANSPARENT: &str = include_str!("../../vectors/proof/ok_dense_transparent.json");
const ZERO_KNOWLEDGE: &str = include_str!("../../vectors/proof/ok_dense_zk.json");
const WINDOWS: &str = include_str!("../../vectors/proof/ok_windows_zk.json");
const CERTIFICATE: &str = include_str!("../../vectors/proof/ok_certificate_wide_zk.json");

/// A vector's plan in one mode.
struct Case {
    descriptor: ValidDescriptor,
    registered: Registered,
    mode: Mode,
}

static CASES: LazyLock<[Case; 2]> = LazyLock::new(|| {
    [Case::new(TRANSPARENT, Mode::Transparent), Case::new(ZERO_KNOWLEDGE, Mode::ZeroKnowledge)]
});

impl Case {
    fn new(text: &str, mode: Mode) -> Self {
        let vector = vectors::json(text);
        let descriptor = Descriptor::decode(&vectors::bytes(&vector["descriptor"])).expect("a descriptor");
        let descriptor = descriptor.validate().expect("a valid one");
        let point = |part: &str, place: usize| {
            let bytes = vectors::bytes(&vector[part]);
            let word = |at: usize| B256::from_slice(&bytes[at..][..32]);
            point::from_words(&[word(place * 64), word(place * 64 + 32)]).expect("a point")
        };
        let layout = &descriptor.layout;
        let chunked = |sizes: &[u8], place: usize| {
            let blocks = Blocks::new(layout.chunk_bits, sizes.to_vec()).expect("blocks");
            Chunked::new(B256::ZERO, blocks, vec![point("points", place)]).expect("a chunk")
        };
        let weights = WeightsCommitment::new(chunked(&layout.sizes.weights, 0));
        let inputs = InputCommitment::new(B256::ZERO, 1, chunked(&layout.sizes.inputs, 1)).expect("an item");
        let registered =
            Registered::new(&descriptor, &weights, &[point("tables", 0)], Some(&Inputs::joint(inputs)))
                .expect("the descriptor's");
        Self { descriptor, registered, mode }
    }
}

/// What is accepted has one encoding; judging it and counting a proof's bytes never panics.
pub(crate) fn descriptor(data: &[u8]) -> bool {
    let Ok(descriptor) = Descriptor::decode(data) else { return false };
    assert_eq!(descriptor.encode().as_deref(), Ok(data));
    for mode in [Mode::Transparent, Mode::ZeroKnowledge] {
        assert_eq!(Proof::length(&descriptor, mode) % 32, 0);
    }
    if let Ok(descriptor) = descriptor.validate() {
        // What is valid stays within what the contract has room for.
        assert!(descriptor.variables() <= 28 && descriptor.point_length() <= 32);
        assert!(descriptor.layout.address_bits() <= 32);
    }
    true
}

pub(crate) fn descriptor_seeds() -> Vec<Vec<u8>> {
    [TRANSPARENT, ZERO_KNOWLEDGE, WINDOWS, CERTIFICATE]
        .map(|text| vectors::bytes(&vectors::json(text)["descriptor"]))
        .into()
}

/// What is accepted as a proof has one encoding, and proves no statement that it was not made for.
pub(crate) fn proof(data: &[u8]) -> bool {
    let mut accepted = false;
    for case in &*CASES {
        let Ok(proof) = Proof::decode(data, &case.descriptor, case.mode) else { continue };
        assert_eq!(proof.encode(), data);
        let statement = Statement { mode: case.mode, public: vec![0; 2], ..case.registered.statement() };
        let key = Key { setup: B256::ZERO, tau: G2Affine::default() };
        assert!(verify(&case.descriptor, &key, &case.registered, &statement, &proof).is_err());
        accepted = true;
    }
    accepted
}

pub(crate) fn proof_seeds() -> Vec<Vec<u8>> {
    [TRANSPARENT, ZERO_KNOWLEDGE].map(|text| vectors::bytes(&vectors::json(text)["proof"])).into()
}

/// A file with a proof has one encoding, and proves nothing about a plan that it does not name.
pub(crate) fn statement_proof(data: &[u8]) -> bool {
    let Ok(file) = ProofFile::decode(data) else { return false };
    assert_eq!(file.encode(), data);
    let plan = plan::perceptron();
    let (inputs, outputs) = file.stated(&plan);
    assert_eq!([inputs, outputs].concat(), file.statement.public);
    assert!(file.options(&plan, 4).batch_bits <= 16);
    true
}

/// A certificate's file has one encoding.
pub(crate) fn certificate(data: &[u8]) -> bool {
    let Ok(file) = CertificateFile::decode(data) else { return false };
    assert_eq!(file.encode(), data);
    true
}

pub(crate) fn certificate_seeds() -> Vec<Vec<u8>> {
    let proof = vectors::bytes(&vectors::json(CERTIFICATE)["proof"]);
    [(Mode::Transparent, vec![]), (Mode::ZeroKnowledge, proof)]
        .map(|(mode, proof)| CertificateFile { chain_id: 31_337, mode, proof }.encode())
        .into()
}

pub(crate) fn statement_proof_seeds() -> Vec<Vec<u8>> {
    let inputs = crate::commitment::input_commitment_seeds();
    let inputs = inputs.iter().map(|bytes| Inputs::decode(bytes).expect("commitments"));
    [Mode::Transparent, Mode::ZeroKnowledge]
        .into_iter()
        .zip(inputs)
        .map(|(mode, input)| {
            let statement = Statement { mode, chain_id: 31_337, public: vec![-5, 5], ..Statement::default() };
            ProofFile { statement, input, proof: vec![7; 64] }.encode()
        })
        .collect()
}
